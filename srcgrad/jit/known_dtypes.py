"""Checks of what compiled code knows without looking: an array has the dtype that it has been compiled for."""

from __future__ import annotations

from srcgrad.analysis.memory import among
from srcgrad.checks import check_floats, check_truncates
from srcgrad.ir.nodes import Call, Function, Op, walk

_CHECKS = frozenset([check_floats, check_truncates])


def drop_dtype_checks(function: Function) -> None:
    """Removes them.

    Before -> after, for an array `a` of integers: `check_truncates(a); a[0] = y` -> `a[0] = y`.
    """
    body = function.body
    if function.backward_from is not None:
        function.backward_from -= sum(map(_is_check, body.ops[: function.backward_from]))
    for region in [body, *[region for op in walk(body) for region in op.regions]]:
        region.ops = [op for op in region.ops if not _is_check(op)]


def _is_check(op: Op) -> bool:
    return isinstance(op, Call) and among(op.fn, _CHECKS)
