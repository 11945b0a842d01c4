"""Labels leave loops, blocks and inlined calls, up to what catches them.

The tests teach the compiler a statement that does nothing else: `with suppress(Leave): ...` around `raise Leave`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest

from srcgrad import grad, value_and_grad
from srcgrad.errors import UnsupportedError
from srcgrad.frontend import statements
from srcgrad.frontend.exits import caught, new_label
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome, leaves_with
from srcgrad.frontend.values import Frame


class Leave(Exception):
    pass


@pytest.fixture(autouse=True)
def leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    labels: list[int] = []

    def with_statement(lo: Lowering, node: ast.With, frame):
        with new_label(lo) as label:
            labels.append(label)
            try:
                outcome = statements.block(lo, node.body, frame)
            finally:
                labels.pop()
            return caught(lo, outcome, label, lambda: NEXT)

    monkeypatch.setitem(statements.HANDLERS, ast.With, with_statement)
    ordinary = statements.HANDLERS[ast.Raise]

    def leave(lo: Lowering, node: ast.Raise, frame: Frame) -> Outcome:
        # What the compiler writes itself is quiet, and raises as ever.
        return ordinary(lo, node, frame) if frame.quiet else leaves_with(labels[-1])

    monkeypatch.setitem(statements.HANDLERS, ast.Raise, leave)


def two_loops(x, limit):
    total = 0.0
    with suppress(Leave):
        for i in range(3):
            for j in range(3):
                if j > i:
                    break
                total += x[i] * x[j]
                if total > limit:
                    raise Leave
            else:
                total *= 1.5
            total = total * 1.1
    return total * x[0]


def plain_loops(x, limit):
    total = 0.0
    with suppress(Leave):
        for i in range(3):
            for j in range(3):
                total += x[i] * x[j]
                if total > limit:
                    raise Leave
            total = total * 1.1
    return total * x[0]


def with_a_return(x, limit):
    total = 1.0
    for k in range(2):
        with suppress(Leave):
            for i in range(3):
                if i == 1 and k == 0:
                    continue
                total *= x[i]
                if total > limit:
                    raise Leave
                if total < 0.2:
                    return total * x[1]
            total += x[0]
        total += np.sin(x[k])
    return total


def nested(x, limit):
    y = x[0]
    with suppress(Leave):
        for k in range(6):
            with suppress(Leave):
                for v in x:
                    y = y * v + 0.7
                    if y > limit:
                        raise Leave
                y = y + 1
                continue
            if y > 2 * limit:
                raise Leave
            y = y * (1.3 + 0.1 * k)
    return y


def unrolled(x, limit):
    a, b, c = x
    y = 1.0
    with suppress(Leave):
        for v in (a, b, c):
            if v < 0.3:
                continue
            y = y * v + 0.5
            if y > limit:
                raise Leave
            if y < 0.6:
                break
        y = y * a
    return y * b


def step(v, limit):
    for _ in range(3):
        v = v * 1.2
        if v > limit:
            raise Leave
        if v < 0.4:
            return v * v
    return np.sqrt(v)


def pair(v, limit):
    w = step(v, limit)
    return step(w, limit / 2)


def procedure(out, k, limit):
    out[k] = out[k] ** 2
    if out[k] > limit:
        raise Leave
    out[k] += 0.1


def leaves_calls(x, limit):
    y = 0.0
    out = x.copy()
    for i in range(3):
        with suppress(Leave):
            z = pair(x[i], limit)
            y += z * z
            procedure(out, i, limit)
            y += out[i]
        y = y * 1.1
    return y + np.sum(out)


def always(x, limit):
    y = x[0]
    with suppress(Leave):
        y = y * x[1]
        if limit > 1:
            y += x[2]
        raise Leave
    return y * x[1]


@pytest.mark.parametrize("limit", [0.05, 0.5, 1.0, 1.5, 40.0])
@pytest.mark.parametrize("fun", [two_loops, plain_loops, with_a_return, nested, unrolled, leaves_calls, always])
def test_labels_are_caught(fun: Callable, limit: float):
    for seed in range(3):
        x = np.random.default_rng(seed).uniform(0.2, 1.2, 3)
        slopes = [(fun(x + h, limit) - fun(x - h, limit)) / 2e-6 for h in 1e-6 * np.eye(3)]
        for optimize in (True, False):
            value, slope = value_and_grad(fun, optimize=optimize)(x, limit)
            assert value == pytest.approx(fun(x, limit))
            np.testing.assert_allclose(slope, slopes, rtol=1e-5, atol=1e-8)


def test_a_label_that_leaves_two_loops_needs_no_code():
    text = grad(plain_loops).source_for(np.ones(3), 1.0)
    assert not re.search(r"== \d|not in|= [45]\b", text), text


def inside_of_an_expression(x):
    with suppress(Leave):
        return 2.0 * step(x[0], 1.0)
    return x[1]


def test_a_label_leaves_no_call_inside_of_an_expression():
    with pytest.raises(UnsupportedError, match="control leaves this call") as info:
        grad(inside_of_an_expression)(np.ones(3))
    line = inside_of_an_expression.__code__.co_firstlineno + 2
    assert info.value.span is not None and info.value.span.line == line
