"""The fuzzer: its programs are varied, its judge is not blind, and a fixed small run of it finds nothing."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fuzz.__main__ import Tally
from fuzz.judging import CRASH, REFUSED, RIGHT, UNJUDGED, WRONG, Verdict, judge, judge_at, judge_text
from fuzz.programs import ARGUMENT_KINDS, HEADER, LONGEST, Point, random_program
from fuzz.regressions import Regression, regression_text, regressions
from fuzz.shrinking import shrink
from fuzz.writer import CONSTRUCTS

from srcgrad import GradFunction
from srcgrad.backend.building import Builder
from srcgrad.rules.registry import PARTIALS

LANGUAGE = Path(__file__).parents[1] / "docs" / "language.md"
RUN = range(40)


@pytest.mark.parametrize("seed", RUN)
def test_random_program(seed: int) -> None:
    verdict = judge(random_program(seed))
    assert verdict.kind in (RIGHT, REFUSED, UNJUDGED), f"{verdict}\n{random_program(seed).text}"


@pytest.mark.parametrize("seed", RUN)
def test_code_for_any_kind_of_a_random_program(seed: int) -> None:
    verdict = judge(random_program(seed), code="any")
    assert verdict.kind in (RIGHT, REFUSED), f"{verdict}\n{random_program(seed).text}"


@pytest.mark.parametrize("regression", regressions(), ids=lambda regression: regression.name)
def test_what_failed_once_is_right(regression: Regression) -> None:
    verdict = regression.judge()
    assert verdict.kind in (RIGHT, REFUSED), verdict


def test_there_are_failures_that_were_found_once() -> None:
    assert regressions()


def test_constructs_are_as_the_language_page_says() -> None:
    section = LANGUAGE.read_text(encoding="utf-8").partition("## Random programs")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([\w-]+)`", section)) == set(CONSTRUCTS)
    assert len(CONSTRUCTS) > 100


def test_every_construct_is_frequent_enough() -> None:
    section = LANGUAGE.read_text(encoding="utf-8").partition("## Random programs")[2]
    stated = re.search(r"at least (\d+) of (\d+)", section)
    assert stated is not None
    least, many = map(int, stated.groups())
    used: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for seed in range(many):
        program = random_program(seed)
        lines = [line for line in program.text.removeprefix(HEADER).splitlines() if line.strip()]
        assert 8 <= len(lines) <= LONGEST
        used.update(program.tags.keys())
        kinds.update(point.kind for point in program.points)
    assert not {tag: used[tag] for tag in CONSTRUCTS if used[tag] < least}
    assert set(kinds) == set(ARGUMENT_KINDS)


@pytest.mark.parametrize("kind", ARGUMENT_KINDS)
def test_arguments_of_every_kind_are_made_afresh(kind: str) -> None:
    point = Point(5, 2, 3, 1, kind)
    first, second = point.args(), point.args()
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a, b)
        assert not (isinstance(a, np.ndarray) and np.shares_memory(a, b))
    assert [np.shape(a) for a in first] == [(5,), (5,), (), (2, 3), (5,), (5,)]


def test_a_seed_always_gives_the_same_program() -> None:
    random.seed(1)
    first = random_program(7)
    random.seed(2)
    assert random_program(7) == first
    assert random_program(8).text != first.text


def test_a_wrong_rule_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import numpy as np\n\ndef program(x, y, s, m, order, flags):\n    return np.sum(np.sinh(x)) * s\n"
    point = Point(3, 2, 2, 0)
    assert judge_at(text, point, "scalar").kind == RIGHT
    monkeypatch.setitem(PARTIALS, np.sinh, PARTIALS[np.cosh])
    assert judge_at(text + "\n", point, "scalar").kind == WRONG


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("s = s", RIGHT),
        ("s = s * 1e300", UNJUDGED),
        ("s = eval('s')", REFUSED),
        ("raise KeyError(s)", RIGHT),
    ],
)
def test_what_becomes_of_programs(change: str, kind: str) -> None:
    text = f"import numpy as np\n\ndef program(x, y, s, m, order, flags):\n    {change}\n    return np.sum(x) * s\n"
    assert judge_at(text, Point(3, 2, 2, 0), "scalar").kind == kind


def test_rounding_in_single_precision_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import numpy as np\n\ndef program(x, y, s, m, order, flags):\n"
    coarse = f"{text}    big = x * 2e5\n    return np.sum(np.sin((big + y) - big)) * s\n"
    point = Point(3, 2, 2, 0, "single")
    assert judge_at(coarse, point, "scalar").kind == judge_at(coarse, point, "scalar", order=2).kind == UNJUDGED
    assert judge_at(coarse, Point(3, 2, 2, 0), "scalar").kind == RIGHT
    fine = f"{text}    return np.sum(np.sinh(x)) * s\n"
    assert judge_at(fine, point, "scalar").kind == RIGHT
    monkeypatch.setitem(PARTIALS, np.sinh, PARTIALS[np.cosh])
    assert judge_at(f"{fine}\n", point, "scalar").kind == WRONG
    assert judge_at(coarse.replace("np.sin(", "np.sinh("), point, "scalar").kind == WRONG


@pytest.mark.parametrize(
    ("first", "result", "seed", "reason"),
    [
        ("", "np.sum(x) + (s * 12480.0) % 5.5", 40, "it jumps too often for differences"),
        ("", "(x[0] - x[0]) * 1e22 + x[0] * s", 1, "its cotangents are so large that rounding decides"),
        ("for _ in range(5): s = np.exp(s) * s", "1 / (1 + s) + x[0]", 1, "a value in it is too large for a float"),
    ],
)
def test_what_differences_or_rounding_spoil_is_no_error(
    monkeypatch: pytest.MonkeyPatch, first: str, result: str, seed: int, reason: str
) -> None:
    head = f"import numpy as np\n\ndef program(x, y, s, m, order, flags):\n    {first or 'pass'}\n"
    text = f"{head}    return {result} + np.sinh(y[0])"
    point = Point(3, 2, 2, seed)
    assert judge_at(text, point, "scalar") == Verdict(UNJUDGED, reason, f"unjudged: {reason}")
    monkeypatch.setitem(PARTIALS, np.sinh, PARTIALS[np.cosh])
    tame = text.replace("1e22", "1e12").replace("range(5)", "range(1)")
    assert judge_at(f"{tame}\n", point, "scalar").kind == WRONG


def test_code_for_one_point_is_used_at_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    build = Builder.build
    monkeypatch.setattr(Builder, "build", lambda self, *args: made.append(1) or build(self, *args))
    text = "def program(x, y, s, m, order, flags):\n    return x[0] * s\n"
    points = [Point(3, 2, 2, 0), Point(4, 2, 3, 1, "reversed")]
    assert judge_text(text, points[:1], "scalar", "once", 1, False).kind == RIGHT
    once = len(made)
    assert judge_text(text, points, "scalar", "twice", 1, False).kind == RIGHT
    assert len(made) == 2 * once


def test_an_exception_that_the_gradient_does_not_raise_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def program(x, y, s, m, order, flags):\n    return x[7] * s\n"
    assert judge_at(text, Point(3, 2, 2, 0), "scalar").kind == RIGHT
    monkeypatch.setattr("srcgrad.vjp", lambda fun, *args: (0.0, None))
    assert judge_at(text, Point(3, 2, 2, 0), "scalar").kind == WRONG


def test_saved_code_that_answers_otherwise_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def program(x, y, s, m, order, flags):\n    return x[0] * s\n"
    assert judge_at(text, Point(3, 2, 2, 0), "scalar", saved=True).kind == RIGHT
    save = GradFunction.save

    def save_something_else(gradient: GradFunction, path: Path) -> None:
        save(gradient, path)
        path.write_text(path.read_text(encoding="utf-8").replace("= s", "= 2 * s"), encoding="utf-8")

    monkeypatch.setattr(GradFunction, "save", save_something_else)
    assert judge_at(text, Point(3, 2, 2, 0), "scalar", saved=True).kind == WRONG


def test_the_second_order_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import numpy as np\n\ndef program(x, y, s, m, order, flags):\n    return np.sum(np.sinh(x)) * s\n"
    assert judge_at(text, Point(3, 2, 2, 0), "scalar", order=2).kind == RIGHT
    # The first derivative has no `sinh`; the second one has.
    monkeypatch.setitem(PARTIALS, np.cosh, PARTIALS[np.sinh])
    assert judge_at(text + "\n", Point(3, 2, 2, 0), "scalar").kind == RIGHT
    assert judge_at(text + "\n\n", Point(3, 2, 2, 0), "scalar", order=2).kind == WRONG


def test_a_run_fails_where_too_much_is_refused() -> None:
    tally, tags = Tally(), Counter(["with", "match"])
    for seed in range(60):
        tally.add(seed, Verdict(RIGHT), tags)
    assert not tally.above_the_limit()
    assert tally.differentiated == 1.0
    for seed in range(7):
        tally.add(seed, Verdict(REFUSED, "no", "no"), Counter(["with"]))
    assert tally.above_the_limit() == ["with"]
    assert tally.differentiated == 60 / 67
    tally.add(0, Verdict(CRASH, "x", "x"), tags)
    assert list(tally.failures) == ["x"]


def test_a_failure_is_saved_and_found_again(tmp_path: Path) -> None:
    text = "def program(x, y, s, m, order, flags):\n    return x[0] * s\n"
    point = Point(4, 2, 3, 5, "strided")
    (tmp_path / "one.py").write_text(regression_text(text, point, "scalar", 1, "was wrong"), encoding="utf-8")
    (found,) = regressions(tmp_path)
    assert (found.name, found.point, found.output, found.order) == ("one", point, "scalar", 1)
    assert found.judge().kind == RIGHT


def test_shrinking_keeps_what_fails() -> None:
    text = random_program(3).text.replace(
        "return result", "if n > 3:\n        result *= np.sinh(s + x[0])\n    return result"
    )
    small = shrink(text, lambda smaller: "np.sinh" in smaller, seconds=5)
    assert "np.sinh" in small
    assert len(small) < len(text) / 4
