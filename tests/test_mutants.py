"""The mutation test itself: what it makes are programs, always the same ones, and its judge tells good from bad."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutants.cautious import CAUTIOUS, is_cautious
from mutants.codes import Code, codes_of
from mutants.enumeration import IMPROVING, all_mutants, in_rounds, is_decision
from mutants.equivalent import EQUIVALENT
from mutants.installing import remember_functions
from mutants.judging import Judge, Verdict
from mutants.mutation import Mutant, path_of
from mutants.noticed import Noticed
from mutants.operators import WHOLE, mutants_of, probes_of
from mutants.report import Report
from mutants.results import Results
from mutants.suite import forked
from mutants.tables import mutants_of_rules, mutants_of_tables
from oracle import judge
from programs import Program

import srcgrad
from srcgrad.rules.late import load_rules
from srcgrad.transform import gradient

MODULES = ("transform/undo", "analysis/memory", "frontend/matching", "rules/shape")


@dataclass
class Sample:
    """A test of the kind that mutants meet."""

    program: Program
    group: str = "programs"
    name: str = "sample"
    cost: float = 1.0

    def run(self) -> bool:
        try:
            judge(self.program)
        except Exception:
            return False
        return True


def sinh_of_a_sum(x: np.ndarray) -> float:
    y = x + x[::-1] * x
    y[0] = y[1] * x[0]
    y[1:] *= y[0]
    return np.sum(np.sinh(y))


PROGRAM = Program(sinh_of_a_sum, lambda: (np.array([0.3, 0.8, 0.5]),))


def squares_take_places(x: np.ndarray) -> float:
    y = x * 3.0
    v = x[:2] * x[:2]
    y[:2] = v
    return np.sum(np.sin(y)) + np.sum(v)


TAKING = Program(squares_take_places, lambda: (np.array([0.3, 0.8, 0.5]),))


def verdict(mutant: Mutant, program: Program = PROGRAM) -> Verdict:
    """What one program says of a mutant."""
    judged: Verdict = forked(lambda: Judge([Sample(program)], {}, 60.0).judge(mutant, [0]))()  # type: ignore[list-item]
    return judged


def test_a_round_takes_one_mutant_of_each_kind_from_each_function() -> None:
    found = [m for module in MODULES for m in mutants_of(module)]
    rounds = in_rounds(found)
    assert sorted(map(str, rounds)) == sorted(map(str, found)) and rounds == in_rounds(found)
    places = [(m.module, m.function, m.kind) for m in rounds]
    assert len(set(places[: len(set(places))])) == len(set(places)) < len(found)


@pytest.mark.parametrize("module", MODULES)
def test_mutants_are_programs_and_always_the_same(module: str) -> None:
    found = mutants_of(module)
    source = path_of(module).read_bytes()
    assert len(found) > 50
    assert found == mutants_of(module)
    for mutant in found[::5]:
        assert mutant.edit is not None
        text = mutant.edit.applied(source)
        ast.parse(text)
        assert text.count(b"\n") == source.count(b"\n"), f"the lines move: {mutant}"


def test_what_a_function_weighs_is_no_decision() -> None:
    found = {m.function for m in mutants_of("transform/plan") if m.decides}
    assert {"Plan._without_tapes", "Plan._home"} <= found
    assert "Plan._save_cost" not in found


def test_wrong_rules_are_noticed() -> None:
    wrong = [m for m in mutants_of_rules() if m.text == "partials of np.sinh"]
    assert [m.change for m in wrong] == ["derivative 0 doubled", "derivative 0 negated", "derivative 0 zero"]
    for mutant in wrong:
        before = {key: rule.body for key, rule in _partials().items()}
        assert forked(lambda m=mutant: _slope_after(m))() != np.cosh(0.5)
        assert {key: rule.body for key, rule in _partials().items()} == before, "the parent process is changed too"


def test_wrong_tangents_are_noticed() -> None:
    found = [m for m in mutants_of_rules() if m.text == "jvp of np.maximum"]
    assert [m.change for m in found] == [f"derivative {k} {c}" for k in (0, 1) for c in ("doubled", "negated", "zero")]
    assert forked(lambda: _tangent_after(found[0]))() == 2.0 * _tangent()
    assert forked(lambda: _tangent_after(found[3]))() == _tangent()
    (left_out,) = [m for m in mutants_of_rules() if m.text == "linear of np.matmul" and m.change == "without b"]
    assert forked(lambda: _linear_after(left_out))() == ("a",)


def _tangent() -> float:
    from srcgrad.rules.registry import JVP

    return float(JVP[np.maximum].body(0.3, 0.7, 2.0, 2.0, 1.0))


def _tangent_after(mutant: Mutant) -> float:
    assert mutant.install is not None
    mutant.install()
    return _tangent()


def _linear_after(mutant: Mutant) -> tuple[str, ...]:
    from srcgrad.rules.registry import LINEAR

    assert mutant.install is not None
    mutant.install()
    return LINEAR[np.matmul].arguments


def _partials() -> Any:
    from srcgrad.rules.registry import PARTIALS

    return PARTIALS


def _slope_after(mutant: Mutant) -> float:
    assert mutant.install is not None
    mutant.install()
    return float(_partials()[np.sinh].body(0.5, np.sinh(0.5)))


def test_mistakes_are_noticed_and_harmless_changes_are_not() -> None:
    remember_functions()
    assert Sample(PROGRAM).run()
    reverse = [m for m in mutants_of("transform/reverse") if m.kind == "dropped"]
    caught = [verdict(m) for m in reverse]
    assert any(v.caught == "programs" and v.by == "sample" for v in caught)
    (same,) = [m for m in mutants_of("analysis/alias") if m.change == "not on_containers(op) -> False"]
    assert same.key in EQUIVALENT
    assert verdict(same).caught == "survived"


def test_programs_run_if_their_code_changes() -> None:
    codes = codes_of([TAKING])
    assert [code.way for code in codes] == ["grad", "vjp", "jvp", "plain", "generic"]
    for code in codes:
        code.digest = code.current_digest()
    assert len({code.digest for code in codes}) == 5
    assert [code.current_digest() for code in codes] == [code.digest for code in codes]
    shared = [m for m in mutants_of("transform/writes") if m.kind == "copied"]
    reports = [_judged_by_codes(m, codes) for m in shared]
    assert "programs" in [v.caught for v in reports]
    (same,) = [m for m in mutants_of("analysis/alias") if m.change == "not on_containers(op) -> False"]
    assert _judged_by_codes(same, codes) == Verdict("survived", changed=[], ran=0)


def _judged_by_codes(mutant: Mutant, codes: list[Code]) -> Verdict:
    judge_of = Judge([Sample(TAKING)], {TAKING.name: [0]}, 60.0)  # type: ignore[list-item]
    judged: Verdict = forked(lambda: judge_of.judge(mutant, [*codes]))()
    return judged


def test_outcomes_of_conditions_are_told_apart() -> None:
    tree = ast.parse("def f(x) -> bool:\n    y = [1 if a else 2 for a in x if a > 1]\n    return len(y) > 1\n")
    found = probes_of("m", tree)
    function: Any = tree.body[0]
    assert found[id(function.body[1].value)].startswith("m:f?")
    assert sorted(found.values()) == ["m:f:1", "m:f?1", "m:f?2", "m:f?3"]
    for mutant in mutants_of("analysis/memory"):
        if mutant.kind == "returned" and mutant.decides:
            before = "False" if mutant.change.endswith("-> True") else "True"
            assert any(probe.endswith(f":{before}") for probe in mutant.reach)


def test_copies_that_generated_code_makes_are_mutants() -> None:
    shared = [m for m in mutants_of("transform/writes") if m.kind == "copied"]
    assert len(shared) > 3
    assert all(m.decides and m.change.endswith(("-> g", "-> shadow")) for m in shared)
    assert "programs" in [verdict(m, TAKING).caught for m in shared]


def test_a_run_asks_for_decisions() -> None:
    found = all_mutants(["transform/writes", "frontend/matching"])
    assert len({m.key for m in found}) == len(found)
    whole = [m for m in found if is_decision(m)]
    assert {m.kind for m in whole} == {"answered", "skipped"}
    decisions = [m for m in found if is_decision(m, statements=True)]
    assert set(whole) < set(decisions)
    assert {"never", "always", "dropped", "copied"} <= {m.kind for m in decisions}
    assert {m.module for m in decisions} == {"transform/writes"}
    assert not any(m.kind == "dropped" and ".hint =" in m.change for m in decisions)


def test_whole_functions_are_mutants() -> None:
    found = {(m.function, m.change): m for m in mutants_of("transform/writes") if m.kind in WHOLE}
    assert {("_is_first_use", "return True"), ("_is_first_use", "return False")} <= found.keys()
    assert verdict(found["_is_first_use", "return True"]).caught == "programs"
    assert ("has_mask", "return None") not in found
    steps = {m.function for m in mutants_of("transform/undo") if m.kind == "skipped"}
    assert steps and not any(name.endswith("__init__") for name in steps)


def test_verdicts_are_kept_until_the_function_changes(tmp_path: Path) -> None:
    first, second, *rest = mutants_of("transform/reverse")
    path = tmp_path / "verdicts.jsonl"
    noticed = Noticed(tmp_path / "noticed.txt")
    results = Results(path, noticed)
    results.keep(Verdict("programs", "sample", mutant=first))
    results.keep(Verdict("survived", changed=["a_program"], mutant=second))
    noticed.write()
    again = Results(path, Noticed(tmp_path / "other.txt"))
    assert [again.of(m) for m in (first, second)] == [
        Verdict("programs", "sample"),
        Verdict("survived", changed=["a_program"]),
    ]
    assert again.of(rest[0]) is None
    assert again.of(replace(first, digest="of another text")) is None
    report = Report(again)
    assert report.survivors([first, second]) == [second]

    without = Results(None, Noticed(noticed.path))
    assert [without.of(m) for m in (first, second)] == [Verdict("programs"), None]
    assert without.of(replace(first, digest="of another text")) is None
    without.noticed.forget_others([second])
    assert without.of(first) is None


def test_entries_of_tables_are_mutants() -> None:
    names = {m.text for m in mutants_of_tables()}
    assert {"VIEWS[np.reshape]", "NONDIFFERENTIABLE[np.floor]"} <= names


def test_what_is_listed_as_equivalent_exists() -> None:
    pytest.importorskip("scipy.special")
    load_rules()
    keys = {m.key for m in all_mutants(sorted({key[0] for key in EQUIVALENT}))}
    assert EQUIVALENT.keys() <= keys
    assert all(len(proof) > 20 for proof in EQUIVALENT.values())


def test_cautious_answers_are_about_mutants_that_are_there() -> None:
    found = all_mutants(sorted({module for module, _, _ in CAUTIOUS}))
    assert sum(map(is_cautious, found)) == len(CAUTIOUS)


def test_what_only_improves_code_runs_if_it_is_optimised() -> None:
    def sine_of_a_part(x: np.ndarray) -> float:
        y = x * x[::-1]
        y[0] = y[1] * x[0]
        return np.sum(np.sin(y[1:] * y[0]))

    improving = sorted(f"srcgrad.{name.replace('/', '.')}" for name in IMPROVING)
    with pytest.MonkeyPatch.context() as patch:
        ran: set[str] = set()
        for name, value in list(vars(gradient).items()):
            if callable(value) and getattr(value, "__module__", None) in improving:

                def noted(*args: Any, name: str = name, run: Any = value, **kwargs: Any) -> Any:
                    ran.add(name)
                    return run(*args, **kwargs)

                patch.setattr(gradient, name, noted)
        srcgrad.grad(sine_of_a_part, optimize=False)(np.ones(3))
        assert not ran
        srcgrad.grad(sine_of_a_part)(np.ones(3))
        assert {"simplify_algebra", "move_signs", "settle_shadows", "without_influence", "share_loads"} <= ran


def test_code_is_generated_in_every_way() -> None:
    codes = codes_of([PROGRAM])
    assert {code.way for code in codes} == {"grad", "vjp", "jvp", "plain", "generic"}
    assert all(code.run() for code in codes) and len({code.current_digest() for code in codes}) >= 4
