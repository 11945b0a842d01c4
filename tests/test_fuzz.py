"""The fuzzer: its programs are varied, its judge is not blind, and a fixed small run of it finds nothing."""

from __future__ import annotations

import ast
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fuzz.judging import REFUSED, RIGHT, UNJUDGED, WRONG, judge, judge_at
from fuzz.programs import Point, random_program
from fuzz.shrinking import shrink
from fuzz.writer import CONSTRUCTS

from srcgrad.rules.registry import PARTIALS

LANGUAGE = Path(__file__).parents[1] / "docs" / "language.md"
RUN = range(40)


@pytest.mark.parametrize("seed", RUN)
def test_random_program(seed: int) -> None:
    verdict = judge(random_program(seed))
    assert verdict.kind in (RIGHT, REFUSED, UNJUDGED), f"{verdict}\n{random_program(seed).text}"


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
    for seed in range(many):
        program = random_program(seed)
        ast.parse(program.text)
        used.update(program.tags.keys())
    assert not {tag: used[tag] for tag in CONSTRUCTS if used[tag] < least}


def test_a_seed_always_gives_the_same_program() -> None:
    random.seed(1)
    first = random_program(7)
    random.seed(2)
    assert random_program(7) == first
    assert random_program(8).text != first.text


def test_a_wrong_rule_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import numpy as np\n\ndef program(x, y, s, m):\n    return np.sum(np.sinh(x)) * s\n"
    point = Point(3, 2, 2, 0)
    assert judge_at(text, point, "scalar").kind == RIGHT
    monkeypatch.setitem(PARTIALS, np.sinh, PARTIALS[np.cosh])
    assert judge_at(text + "\n", point, "scalar").kind == WRONG


def test_shrinking_keeps_what_fails() -> None:
    text = random_program(3).text.replace(
        "return result", "if n > 3:\n        result *= np.sinh(s + x[0])\n    return result"
    )
    small = shrink(text, lambda smaller: "np.sinh" in smaller, seconds=5)
    assert "np.sinh" in small
    assert len(small) < len(text) / 4
