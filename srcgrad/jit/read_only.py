"""Writes to arrays that are read-only: Numba has types of their own for these, and compiles no write to one.

So are diagonals, which NumPy shows as views that can't be written.

Before -> after, for a read-only `x`: `x = protected(x); x[0] = 1.0` -> `x = x.copy(); refuse_write(x)`.
"""

from __future__ import annotations

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.memory import READ_ONLY_VIEWS, among, is_view, written
from srcgrad.ir.nodes import Call, Function, Op, Value, walk
from srcgrad.ir.types import Array
from srcgrad.jit import helpers
from srcgrad.jit.kernel import not_jitable


def raise_at_writes(function: Function) -> None:
    """Has what writes to a read-only array raise when it is run, as NumPy does.

    Raises:
        NotJitableError: if it depends on the run which array is written.
    """
    copies = [op for op in walk(function.body) if isinstance(op, Call) and op.fn is runtime.protected]
    fixed = {op.outputs[0] for op in copies if isinstance(op.outputs[0].type, Array)}
    ops = list(walk(function.body))
    shown = {
        v for op in ops if isinstance(op, Call) and among(op.fn, READ_ONLY_VIEWS) for v in op.outputs if is_view(op)
    }
    if not fixed and not shown:
        return
    for op in ops:
        if isinstance(op, Call) and is_view(op):
            for known in (fixed, shown):
                known.update(op.outputs if op.args[0] in known else ())
    for op in ops:
        if isinstance(op, Call):
            target = written(op)
            if target is not None and target in fixed | shown:
                _refuse(op, target)
            continue
        regions = [v for region in op.regions for v in region.results]
        for value in (*op.inputs, *regions):
            if value in fixed:
                name = value.hint or "an array"
                raise not_jitable(op, f"{name}, which is read-only, or another array is perhaps written after this")
    for copy in copies:
        if copy.outputs[0] in fixed:
            copy.fn = np.ndarray.copy


def _refuse(op: Call, target: Value) -> None:
    assert op.parent is not None
    refusal: Op = Call(helpers.refuse_write, (target,), {}, [], op.span)
    refusal.parent, refusal.mirror = op.parent, op.mirror
    place = op.parent.ops.index(op)
    # What an update leaves behind is used by what is never reached.
    op.parent.ops[place : place + 1] = [refusal, *([op] if op.outputs else [])]
