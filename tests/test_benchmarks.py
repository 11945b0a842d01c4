"""The benchmarks: every baseline and every peer has the right gradient, and the command prints what it measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import one_in

from benchmarks import contestants, curves, machine, measure, memory, plot, report
from benchmarks.__main__ import arguments, chosen, main
from benchmarks.compiled import HAS_NUMBA, compiled, plain
from benchmarks.measure import Case, Row, WrongGradient, deviation, leaves
from benchmarks.problem import Problem, Size, Unfit
from benchmarks.problems import PROBLEMS
from benchmarks.programs import PROGRAMS
from srcgrad import grad
from srcgrad.testing import check_grads

ROOT = Path(__file__).parent.parent
EVERYTHING = (*PROBLEMS, *PROGRAMS)
PROBLEM_OF = {problem.name: problem for problem in EVERYTHING}

every = pytest.mark.parametrize("problem", EVERYTHING, ids=lambda problem: problem.name)


def by_hand(problem: Problem) -> dict[str, Any]:
    """All gradients by hand."""
    found = {
        "numpy": problem.numpy_adjoint,
        "python": problem.python_adjoint,
        "frozen": problem.frozen_adjoint,
        **problem.best,
    }
    return {name: fun for name, fun in found.items() if fun is not None}


HAND = [(problem.name, name) for problem in EVERYTHING for name in by_hand(problem)]
PEERS = [(problem.name, name) for problem in EVERYTHING for name in problem.peers]


@cache
def expected(name: str) -> Any:
    """srcgrad's gradient of the first form at the tiny size; a test below holds it against differences."""
    problem = PROBLEM_OF[name]
    return grad(next(iter(problem.forms.values())), argnums=problem.argnums)(*problem.tiny())


def other_numbers(problem: Problem) -> tuple[Any, ...]:
    """Arguments a little away, so that no gradient is right at one point by chance. What is passive stays (labels)."""
    rng = np.random.default_rng(1)
    numbers = (problem.argnums,) if isinstance(problem.argnums, int) else problem.argnums
    return tuple(
        a * (1.0 + 0.01 * rng.random(np.shape(a))) if k in numbers else a for k, a in enumerate(problem.tiny())
    )


# The programs and their gradients


def test_there_are_enough() -> None:
    assert {"scalar", "chain", "mlp", "gmm", "heat", "jacobi", "seidel", "lstm", "rosenbrock", "nbody"} == {
        problem.name for problem in PROBLEMS
    }
    assert len(PROGRAMS) >= 20
    assert len(PROBLEM_OF) == len(EVERYTHING), "names are unique"
    assert all("jax" in problem.peers for problem in PROGRAMS)


@every
def test_forms_are_the_same_function(problem: Problem) -> None:
    args = problem.tiny()
    values = [float(form(*args)) for form in problem.forms.values()]
    values.append(float(plain(contestants.yardstick(problem))(*args)))
    np.testing.assert_allclose(values, values[0], rtol=1e-12)


@every
def test_gradients_by_srcgrad(problem: Problem) -> None:
    for form in problem.forms.values():
        check_grads(form, problem.tiny(), modes=("rev",))
        got = grad(form, argnums=problem.argnums)(*problem.tiny())
        assert deviation(got, expected(problem.name)) < 1e-11


@pytest.mark.parametrize(("name", "way"), HAND)
def test_gradients_by_hand(name: str, way: str) -> None:
    problem = PROBLEM_OF[name]
    fun = by_hand(problem)[way]
    assert deviation(plain(fun)(*problem.tiny()), expected(name)) < 1e-11
    args = other_numbers(problem)
    before = [np.copy(leaf) for leaf in leaves(args)]
    first = next(iter(problem.forms.values()))
    assert deviation(plain(fun)(*args), grad(first, argnums=problem.argnums)(*args)) < 1e-11
    assert all(np.array_equal(a, b) for a, b in zip(before, leaves(args), strict=True))


@pytest.mark.skipif(not HAS_NUMBA, reason="needs Numba")
@pytest.mark.parametrize(("name", "way"), HAND)
def test_gradients_by_hand_compiled(name: str, way: str) -> None:
    problem = PROBLEM_OF[name]
    assert deviation(by_hand(problem)[way](*problem.tiny()), expected(name)) < 1e-11


@pytest.mark.skipif(not HAS_NUMBA, reason="needs Numba")
@pytest.mark.parametrize("problem", one_in(3, EVERYTHING), ids=lambda problem: problem.name)
def test_the_yardstick_compiles(problem: Problem) -> None:
    fun = contestants.yardstick(problem)
    args = problem.tiny()
    assert fun.py_func is not None
    np.testing.assert_allclose(fun(*args), plain(fun)(*args), rtol=1e-12)


@pytest.mark.parametrize(("name", "peer"), PEERS)
def test_gradients_by_peers(name: str, peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = PROBLEM_OF[name]
    if peer == "pytensor":
        pytensor = pytest.importorskip("pytensor")
        # Its default compiles for minutes.
        monkeypatch.setattr(pytensor.config, "mode", "FAST_COMPILE")
    try:
        run = problem.peers[peer](*problem.tiny())
    except ImportError as error:
        pytest.skip(f"{error.name} is not installed")
    assert deviation(run(), expected(name)) < 1e-11


@pytest.mark.parametrize("problem", [p for p in PROBLEMS if p.numpy_adjoint], ids=lambda problem: problem.name)
def test_adjoints_at_odd_sizes(problem: Problem) -> None:
    odd = {
        "chain": [(0,), (1,)],
        "mlp": [(1, 1, 1, 2)],
        "gmm": [(1, 1, 1), (2, 1, 65), (4, 3, 64)],
        "heat": [(3, 0), (3, 1), (4, 2)],
        "jacobi": [(3, 0), (3, 1), (4, 2)],
        "lstm": [(1, 2, 1), (3, 4, 2)],
        "rosenbrock": [(2,), (3,)],
        "nbody": [(1, 1), (2, 0), (3, 2)],
    }
    make = sys.modules[plain(problem.numpy_adjoint).__module__].arguments
    for sizes in odd[problem.name]:
        args = make(*sizes)
        want = grad(next(iter(problem.forms.values())), argnums=problem.argnums)(*args)
        for fun in by_hand(problem).values():
            for got, one in zip(leaves(plain(fun)(*args)), leaves(want), strict=True):
                np.testing.assert_allclose(got, one, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("sizes", [(3, 0), (3, 1), (4, 1), (5, 4)])
def test_seidel_at_odd_sizes(sizes: tuple[int, int]) -> None:
    from benchmarks.problems import seidel

    args = seidel.arguments(*sizes)
    want = grad(seidel.seidel)(*args)
    for fun in by_hand(seidel.PROBLEM).values():
        np.testing.assert_allclose(plain(fun)(*args), want, rtol=1e-10)


# The harness


def square(x):
    return x * x


def tiny_problem(**changes: Any) -> Problem:
    """A problem that takes no time."""
    given: dict[str, Any] = {
        "name": "square",
        "title": "square",
        "forms": {"loop": square},
        "sizes": (Size("one", lambda: (3.0,), plain=("loop",)),),
        "tiny": lambda: (3.0,),
        "frozen_adjoint": compiled(lambda x: 2.0 * x),
        "peers": {"math": lambda x: lambda: 2.0 * x},
    }
    return Problem(**{**given, **changes})


def run(problem: Problem, peers: bool = True, targets: tuple[str, ...] = ("numpy",)) -> Case:
    return measure.run_case(problem, problem.sizes[0], targets, peers, rounds=2)


def test_a_case_has_everyone() -> None:
    case = run(tiny_problem())
    assert [row.name for row in case.rows] == ["primal, loop", "srcgrad, loop", "hand, Python", "math"]
    assert all(len(row.seconds) == 2 and row.fastest <= row.median for row in case.rows)
    assert [row.deviation for row in case.rows] == [None, 0.0, 0.0, 0.0]
    assert not case.left_out


def test_some_peers() -> None:
    problem = tiny_problem(
        peers={"math": lambda x: lambda: 2.0 * x, "math, other": lambda x: lambda: 2.0 * x, "cmath": lambda x: None},
        no_peers={"fortran": "has none", "cobol": "why"},
    )
    case = measure.run_case(problem, problem.sizes[0], (), ("math", "cobol"), rounds=1)
    assert [row.name for row in case.rows] == ["math", "math, other"]
    assert case.left_out == {"cobol": "why"}
    assert arguments(["--peers"]).peers is True
    assert arguments([]).peers is False
    assert arguments(["--peers", "jax", "torch"]).peers == ["jax", "torch"]


def test_what_cannot_take_part_is_said() -> None:
    def long(x: float) -> Any:
        raise Unfit("takes minutes")

    def broken(x: float) -> Any:
        raise RuntimeError("no luck\nin detail")

    peers = {"nothing": long, "math, long": long, "math, broken": broken, "math, wrong": lambda x: lambda: 2.1 * x}
    case = run(tiny_problem(peers=peers, no_peers={"fortran": "has none"}))
    assert case.left_out == {
        "fortran": "has none",
        "nothing": "not installed (nothing)",
        "math, long": "takes minutes",
        "math, broken": "RuntimeError: no luck",
        "math, wrong": "wrong: deviates by 5.0e-02",
    }
    assert not any(row.role == "peer" for row in case.rows)
    assert "- math, long: takes minutes" in report.markdown([case], 2)


def test_a_wrong_gradient_by_hand_ends_it() -> None:
    with pytest.raises(WrongGradient, match="hand, Python is wrong: deviates by"):
        run(tiny_problem(frozen_adjoint=None, numpy_adjoint=lambda x: 2.0 * x, python_adjoint=lambda x: 2.1 * x))


def test_a_changed_argument_ends_it() -> None:
    def in_place(x: np.ndarray) -> Any:
        def gradient() -> np.ndarray:
            x[0] = 0.0
            return np.ones(2)

        return gradient

    sizes = (Size("two", lambda: (np.ones(2),), plain=("array",)),)
    with pytest.raises(WrongGradient, match="square: math, rude changed an argument"):
        run(tiny_problem(forms={"array": np.sum}, frozen_adjoint=None, sizes=sizes, peers={"math, rude": in_place}))


def test_deviation() -> None:
    assert deviation((1.0, np.array([2.0])), [1.0, np.array([4.0])]) == 0.5
    assert deviation({"b": 1.0, "a": 2.0}, {"a": 2.0, "b": 1.0}) == 0.0
    assert not deviation(np.nan, 1.0) <= 1.0
    with pytest.raises(WrongGradient, match="2 numbers instead of 1"):
        deviation((1.0, 2.0), 1.0)


def made_up() -> Case:
    """A case with known times."""
    case = Case("p", "P", "n = 1")
    for name, role, target, form, micro in (
        ("primal, Numba", "primal", "numba", "", 10.0),
        ("primal, loop", "primal", "numpy", "loop", 100.0),
        ("srcgrad, loop, jit", "srcgrad", "numba", "loop", 20.0),
        ("srcgrad, loop", "srcgrad", "numpy", "loop", 300.0),
        ("hand, Numba", "hand", "numba", "", 16.0),
        ("hand, Python", "hand", "numpy", "loop", 200.0),
        ("best, tricks", "best", "numba", "", 8.0),
        ("jax", "peer", "jax", "", 40.0),
        ("torch", "peer", "torch", "", 4000.0),
    ):
        seconds = [micro * 1e-6, 2.0 * micro * 1e-6]
        case.rows.append(Row(name, role, target, form, first=0.5, seconds=seconds))
    return case


def test_the_tables() -> None:
    text = report.markdown([made_up()], 2)
    assert "| P | n = 1 | loop | 10 | 16 | 8 | 40 jax | 20 | 2.00 | 1.25 | 2.50 | 0.50 |" in text
    assert "| P | n = 1 | loop | 100 | 200 | 300 | 3.00 | 1.50 | 2.00 |" in text
    assert "| P | n = 1 | 16 | 2.50 | 250 |" in text
    assert "geometric mean of 1 measurements: **2.00**" in text
    figures = report.as_json([made_up()], 2, {})
    row = figures["cases"][0]["rows"][2]
    assert row["ratios"] == pytest.approx({"primal": 2.0, "frozen": 1.25, "best": 2.5, "peer": 0.5})
    assert (row["fastest"], row["median"]) == pytest.approx((20e-6, 30e-6))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("use_one_core", "keep_heap"):
        # They would stay for the tests after this one.
        monkeypatch.setattr(f"benchmarks.machine.{name}", lambda: None)
    figures, page = tmp_path / "figures.json", tmp_path / "page.md"
    options = ["--only", "predators", "--targets", "numpy", "--rounds", "1", "--json", str(figures)]
    assert main([*options, "--markdown", str(page)]) == 0
    printed = capsys.readouterr().out
    assert printed == page.read_text(encoding="utf-8")
    assert "| Runge-Kutta | 200 steps | loop |" in printed
    (case,) = json.loads(figures.read_text(encoding="utf-8"))["cases"]
    assert [row["name"] for row in case["rows"]] == ["primal, loop", "srcgrad, loop"]


def test_the_cache_is_empty_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in ("somewhere", None):
        if before is None:
            monkeypatch.delenv("SRCGRAD_CACHE_DIR", raising=False)
        else:
            monkeypatch.setenv("SRCGRAD_CACHE_DIR", before)
        with machine.empty_cache():
            folder = Path(os.environ["SRCGRAD_CACHE_DIR"])
            assert list(folder.iterdir()) == []
        assert not folder.exists()
        assert os.environ.get("SRCGRAD_CACHE_DIR") == before


def test_choosing() -> None:
    assert chosen(None, None) == list(EVERYTHING)
    assert chosen(None, "problems") == list(PROBLEMS)
    assert [problem.name for problem in chosen(["lu", "gmm"], None)] == ["gmm", "lu"]
    assert chosen(["lu"], "problems") == []


def test_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "SIZES", (2, 4))
    assert sum(problem.scaled is not None for problem in PROBLEMS) == 3
    problem = tiny_problem(scaled=lambda n: (float(n),))
    found = curves.measured([problem, tiny_problem()], ("numpy",), rounds=3)
    assert [(curve.name, curve.base, curve.sizes) for curve in found] == [
        ("primal, loop", "primal, loop", [2, 4]),
        ("srcgrad, loop", "primal, loop", [2, 4]),
        ("hand, Python", "primal, loop", [2, 4]),
    ]
    found[0].seconds[:], found[1].seconds[:] = [1.0, 2.0], [3.0, 4.0]
    assert "| square | srcgrad, loop | 3.00 | 2.00 |" in list(curves.lines(found))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory() -> None:
    pytest.importorskip("numba")
    command = [sys.executable, "-m", "benchmarks.memory", "rosenbrock", "srcgrad, array, jit"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    # The gradient of 100,000 numbers, and nothing else.
    peak, held = json.loads(done.stdout)
    assert held == 8e5
    assert 5e5 < peak < 2e7
    figures = {"jax": 1_500_000, "srcgrad, array, jit": 900_000, "hand, Numba": 800_000, "best, gather": 700_000}
    peaks = [memory.Peak("P", "n = 1", name, size) for name, size in figures.items()]
    peaks[1].held = 800_000
    assert "| P | n = 1 |  |  |  | 0.9 (0.8) | 0.7 | 1.5 jax |" in "\n".join(memory.lines(peaks))


def test_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SystemExit, match="--plot needs matplotlib"):
        plot.pyplot_without_a_screen()
    monkeypatch.undo()
    pytest.importorskip("matplotlib")
    path = tmp_path / "picture.svg"
    curve = curves.Curve("P", "srcgrad, loop", "primal, loop", [1, 10], [1e-6, 1e-5])
    plot.draw([made_up()], [curve], path)
    assert "<svg" in path.read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match="nothing was measured"):
        plot.draw([], [], path)


# How they are written


def modules() -> Iterator[Path]:
    return (ROOT / "benchmarks").rglob("*.py")


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: path.stem)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500
