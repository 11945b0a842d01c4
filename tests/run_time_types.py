"""Compares what generated code computes with the types that the compiler gave to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from srcgrad.backend import building
from srcgrad.ir.nodes import Call, Const, Function, Invoke, Op, Region, walk
from srcgrad.ir.types import Array, Dim, Type, is_scalar


class Expected:
    """The type of a value, as a constant of the generated code.

    Attributes:
        type: the type.
        of: what made the value.
        found: where a contradiction is noted.
    """

    def __init__(self, type: Type, of: str, found: list[str]):
        self.type = type
        self.of = of
        self.found = found
        self.__name__ = "expected"


def note(value: Any, expected: Expected) -> None:
    """Notes if a value is not what its type says in a way that changes what can be done to it in place."""
    contradiction = _contradiction(value, expected.type)
    if contradiction is not None:
        expected.found.append(f"{expected.of}: {expected.type} is {contradiction}")


def _contradiction(value: Any, expected: Type) -> str | None:
    if is_scalar(expected):
        return "an array" if isinstance(value, np.ndarray) else None
    if not isinstance(expected, Array) or not isinstance(value, np.ndarray) or value.dtype == object:
        # A missing cotangent is None or 0.0, whatever its type.
        return None
    if expected.dtype is not None and value.dtype != expected.dtype:
        return f"of {value.dtype}"
    if expected.shape is None:
        return None
    if len(expected.shape) != value.ndim:
        return f"of shape {value.shape}"
    for axis, length in zip(expected.shape, value.shape, strict=True):
        if (isinstance(axis, int) and axis != length) or (isinstance(axis, Dim) and axis.not_one and length == 1):
            return f"of shape {value.shape}"
    return None


@contextmanager
def compared_types() -> Iterator[list[str]]:
    """Within it, code that is generated compares its values with their types; yields the contradictions."""
    found: list[str] = []
    emit = building.emit_module

    def emit_compared(functions: list[Function], **options: Any) -> Any:
        for function in functions:
            _add_notes(function, found)
        return emit(functions, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "emit_module", emit_compared)
        yield found


def _add_notes(function: Function, found: list[str]) -> None:
    body, start = function.body, function.backward_from
    first_of_reverse = body.ops[start] if start is not None and start < len(body.ops) else None
    for region in [body, *(inner for op in walk(body) for inner in op.regions)]:
        region.ops = [made for op in region.ops for made in (op, *_notes(op, region, found))]
    if start is not None:
        function.backward_from = len(body.ops) if first_of_reverse is None else body.ops.index(first_of_reverse)


def _notes(op: Op, region: Region, found: list[str]) -> list[Call]:
    if not isinstance(op, (Call, Invoke)):
        return []
    of = op.callee.name if isinstance(op, Invoke) else getattr(op.fn, "__name__", repr(op.fn))
    notes = [
        Call(note, (output, Const(Expected(output.type, of, found))), {}, [], op.span)
        for output in op.outputs
        if is_scalar(output.type) or isinstance(output.type, Array)
    ]
    for made in notes:
        made.mirror, made.parent = op.mirror, region
    return notes
