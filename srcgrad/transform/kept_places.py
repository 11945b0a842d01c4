"""Views, and items of lists, stay where they are: arrays that say where, and are written later, are copied for them.

Before -> after, for an array `k` without axes: `v = y[k:]; k += 1` -> `k_then = k.copy(); v = y[k_then:]; k += 1`. The
reverse sweep makes views again, of memory and of its shadow, looks for items again, and has to find the same place.
"""

from __future__ import annotations

import operator

from srcgrad.analysis.alias import Aliases, is_pointer, may_be_basic
from srcgrad.analysis.memory import among, is_view, told_apart, written
from srcgrad.ir.nodes import Call, Const, Function, Op, Region, Value, leaves, walk
from srcgrad.ir.types import List
from srcgrad.rules.by_example import LISTING
from srcgrad.transform.cotangents import copier


def keep_places(functions: list[Function]) -> None:
    """Copies what views are made by, and items found by, where it is written."""
    calls = [op for f in functions for op in walk(f.body) if _places(op)]
    if not calls:
        return
    aliases = Aliases(functions)
    for op in calls:
        _keep(op, [v for v in _places(op) if aliases.is_written(v)])


_BY_PLACE = frozenset([operator.getitem, operator.setitem, operator.delitem, list.pop, list.insert])


def _places(op: Op) -> list[Value]:
    """What tells a call where in a list to look, or what of an array to show; no number, which is never written."""
    if not isinstance(op, Call) or not op.args or not isinstance(op.args[0], Value):
        return []
    if isinstance(op.args[0].type, List):
        given = list(leaves(op.args[1:2])) if among(op.fn, _BY_PLACE) else []
    else:
        # Of what is told apart it matters which object it is, and a copy is another.
        given = [v for v in op.inputs if v not in told_apart(op)] if written(op) is None and _may_be_view(op) else []
        given = [v for v in given if v is not op.args[0]]
    return [v for v in dict.fromkeys(given) if is_pointer(v.type) and not isinstance(v, Const)]


def _may_be_view(op: Call) -> bool:
    return is_view(op) or among(op.fn, LISTING) or (op.fn is operator.getitem and may_be_basic(op.args[1]))


def _keep(op: Call, places: list[Value]) -> None:
    region = op.parent
    assert isinstance(region, Region)
    for place in places:
        copy = Value(place.type, f"{place.hint}_then" if place.hint else None, op.span)
        made = Call(copier(place), (place,), {}, [copy], op.span)
        made.parent = region
        region.ops.insert(region.ops.index(op), made)
        op.replace_inputs(lambda v, place=place, copy=copy: copy if v is place else v)
