"""Which operations reduce arrays along axes, and how one element after the other is taken in."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad.ir.nodes import Call, Const, Value, leaves
from srcgrad.ir.types import Array, NpScalar
from srcgrad.jit.pointwise import Writer, is_plain_array
from srcgrad.rules.array_types import axes_argument
from srcgrad.rules.operands import Unsure

_NAMES: dict[Callable, str] = {
    **{getattr(np, name): name for name in ("sum", "mean", "max", "min", "prod", "any", "all")},
    **{getattr(np.ndarray, name): name for name in ("sum", "mean", "max", "min", "prod", "any", "all")},
    **{np.amax: "max", np.amin: "min"},
}


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reduction.

    Attributes:
        name: `sum`, `mean`, `max`, `min`, `prod`, `any` or `all`.
        operand: what is reduced.
        axes: along these axes.
        keepdims: whether they stay, with length 1.
        dtype: of the result.
    """

    name: str
    operand: Value
    axes: frozenset[int]
    keepdims: bool
    dtype: np.dtype

    @property
    def adds(self) -> bool:
        """Whether rounding errors pile up."""
        return self.name in ("sum", "mean") and self.dtype.kind == "f"

    @property
    def wide(self) -> np.dtype:
        """The dtype in which parts of it are put together."""
        return np.dtype(float) if self.adds else self.dtype

    def start(self, wide: bool = False) -> Const:
        """What the reduction of nothing is; for `max` and `min`, which raise then, what nothing is larger or less."""
        if self.name in ("max", "min"):
            sign = -1 if self.name == "max" else 1
            if self.dtype.kind == "f":
                return Const(self.dtype.type(sign * math.inf))
            info = np.iinfo(self.dtype)
            return Const(self.dtype.type(info.min if sign < 0 else info.max))
        return Const((self.wide if wide else self.dtype).type(self.name in ("prod", "all")))

    def taken_in(self, writer: Writer, so_far: Value, number: Value, wide: bool = False) -> Value:
        """Writes what the reduction is after one more element, or one more part."""
        return writer.call(_STEPS[self.name], so_far, number, type=NpScalar(self.wide if wide else self.dtype))

    def element(self, writer: Writer, number: Value) -> Value:
        """Writes what is taken in for an element."""
        if self.name in ("any", "all") and number.type != NpScalar(np.dtype(bool)):
            return writer.call(operator.ne, number, Const(0))
        return number


_STEPS: dict[str, Callable] = {
    **{"sum": operator.add, "mean": operator.add, "prod": operator.mul},
    **{"max": np.maximum, "min": np.minimum, "any": operator.or_, "all": operator.and_},
}


def reduction(op: Call) -> Reduction | None:
    """The reduction that an operation is, None if it is none, or one that stays as it is."""
    try:
        name = _NAMES.get(op.fn)
    except TypeError:
        return None
    if name is None or len(op.outputs) != 1 or op.unpacks or not 1 <= len(op.args) <= 2:
        return None
    if op.kwargs.keys() - {"axis", "keepdims"} or ("axis" in op.kwargs and len(op.args) == 2):
        return None
    x, axis = op.args[0], op.args[1] if len(op.args) == 2 else op.kwargs.get("axis", Const(None))
    keepdims = op.kwargs.get("keepdims", Const(False))
    output = op.outputs[0].type
    if not isinstance(x, Value) or not is_plain_array(x.type) or not _is_constant(axis, keepdims):
        return None
    assert isinstance(x.type, Array) and x.type.shape is not None
    try:
        axes = frozenset(axes_argument(axis, len(x.type.shape)))
    except Unsure:
        return None
    dtype = output.dtype if axes and isinstance(output, (Array, NpScalar)) else None
    if dtype is None or not (isinstance(output, NpScalar) or is_plain_array(output)):
        return None
    if name in ("mean", "max", "min") and x.type.dtype.kind == "b":  # type: ignore[union-attr]
        return None
    return Reduction(name, x, axes, bool(keepdims.value), dtype)


def _is_constant(*trees: Any) -> bool:
    return all(isinstance(v, Const) for tree in trees for v in leaves(tree)) and all(
        isinstance(tree, (Const, tuple)) for tree in trees
    )
