"""Arrays in place of what some paths leave undefined: what they flow into may be empty, whatever its type says."""

from __future__ import annotations

import numpy as np
import pytest

import srcgrad
from srcgrad.backend import building
from srcgrad.ir.flow import sources
from srcgrad.ir.nodes import Call, Const, Function, If, Loop, Value, walk
from srcgrad.ir.types import Array
from srcgrad.transform.missing_kinds import keep_kinds


def sum_of_the_latest_rows(x: np.ndarray, n: int) -> float:
    total = 0.0
    for i in range(n):
        if x[i] > 0.25:
            row = np.zeros(7) + x[i]
        total += np.sum(np.sin(row) * row * x[i])
    return total


def is_empty(value: object) -> bool:
    """Whether a value is an array without items, made in place of what is not defined."""
    owner = value.owner if isinstance(value, Value) else None
    return (
        isinstance(owner, Call)
        and owner.fn is np.zeros
        and isinstance(owner.args[0], Const)
        and owner.args[0].value == 0
    )


def may_be_empty(function: Function) -> set[Value]:
    """What empty arrays flow into, and what is made as long as that."""
    found: set[Value] = set()
    while True:
        before = len(found)
        for op in walk(function.body):
            slots = [(output, output) for output in op.outputs] if isinstance(op, If) else []
            if isinstance(op, Loop):
                slots = list(zip(op.carried_outputs, op.carried, strict=True))
            for output, inside in slots:
                given = [values[k] for values, k in sources(output)]
                if any(is_empty(v) or v in found for v in given):
                    found |= {output, inside}
            if isinstance(op, Call) and op.fn is np.zeros_like and op.args[0] in found:
                found |= {*op.outputs}
        if len(found) == before:
            return found


def test_what_may_be_empty_has_no_length_of_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[Value]] = []

    def noted(function: Function) -> None:
        keep_kinds(function)
        seen.append(may_be_empty(function))

    monkeypatch.setattr(building, "keep_kinds", noted)
    x = np.array([0.5, 0.7, 0.3, 0.2])
    srcgrad.grad(sum_of_the_latest_rows).source_for(x, 4)
    values = set().union(*seen)
    assert len(values) > 4
    assert all(isinstance(v.type, Array) and v.type.shape is not None and v.type.shape[0] != 7 for v in values)
