"""Dicts that get or lose keys while they are looped over."""

from __future__ import annotations

from collections import defaultdict

import pytest

import srcgrad


def table(x, n):
    made = {}
    for k in range(n):
        made[k % 3] = x * k
    return made


def added(x, n):
    d = table(x, n)
    total = 0.0
    for k in d:
        total += d[k]
        d[k + 10] = x
    return total


def added_in_the_last_turn(x, n):
    d = table(x, n)
    total = 0.0
    for k, v in enumerate(d.values()):
        total += v
        if k == 2:
            d[10] = x
    return total


def removed_by_a_helper(x, n):
    def forget(d, k):
        d.pop(k)

    d = table(x, n)
    total = 0.0
    for k, v in d.items():
        total += v
        forget(d, k)
    return total


def made_by_a_factory(x, n):
    d = defaultdict(float)
    for k in range(n):
        d[k % 3] += x * k
    return sum([d[k] * d[k + 1] for k in d])


def from_a_generator(x, n):
    d = table(x, n)

    def keys():
        yield from d

    total = 0.0
    for k in keys():
        total += d.setdefault(k + 1, x)
    return total


@pytest.mark.parametrize(
    "function", [added, added_in_the_last_turn, removed_by_a_helper, made_by_a_factory, from_a_generator]
)
def test_the_next_turn_raises(function) -> None:
    for call in (function, srcgrad.grad(function), srcgrad.grad(function, optimize=False)):
        with pytest.raises(RuntimeError, match="dictionary changed size during iteration"):
            call(1.5, 5)


def left_at_once(x, n):
    d = table(x, n)
    for k in d:
        total = d[k] * 2.0
        d[k + 10] = x
        if k == 0:
            break
    return total + d[10] * d[1]


def removed_from_another_one(x, n):
    d, e = table(x, n), table(x, n)
    total = 0.0
    for k in d:
        e.pop(k)
        e[k + 10] = x
        total += d[k] * e[k + 10]
        d[k] = total
    for k in list(d):
        total += d.pop(k)
    return total


@pytest.mark.parametrize("function", [left_at_once, removed_from_another_one])
def test_other_changes_are_fine(function) -> None:
    expected = (function(1.5 + 1e-6, 5) - function(1.5 - 1e-6, 5)) / 2e-6
    assert srcgrad.grad(function)(1.5, 5) == pytest.approx(expected)


def test_no_size_is_checked_without_need() -> None:
    def normalised(x, n):
        d, e = table(x, n), {}
        for k in d:
            e[k] = d[k] * x
            d[k] /= n
        return sum(d.values()) * sum(e.values())

    assert "RuntimeError" not in srcgrad.grad(normalised).source_for(1.5, 5)
