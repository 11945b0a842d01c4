"""Shapes that have to fit: dead elementwise operations whose operands might not broadcast.

An operation whose result nobody needs still raises where the shapes of its operands do not fit, and so must the
generated code. Mostly their dimensions say that they fit, or another operation checks the same; where neither does, the
check alone is kept.

Before -> after: `unused = x + y` -> `np.broadcast_shapes(x.shape, y.shape)`, and nothing beside a live `x * y`.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import ITEM_UPDATES
from srcgrad.frontend.raising import unproven_axes, unproven_pairs
from srcgrad.ir.nodes import Call, Const, Function, Op, Region, Value, walk
from srcgrad.ir.types import Array, Axis, Dim, Maybe, PyScalar, Tuple, is_scalar, may_be_one, same_length, shape_of
from srcgrad.rules.registry import IN_PLACE, hashable

Pair = tuple[Axis, Axis]


class _Facts:
    """The pairs of axes that operations check while they run."""

    def __init__(self, pairs: Iterator[Pair]):
        self._parent: dict[Axis, Axis] = {}
        self._fitting: set[frozenset[Axis]] = set()
        for a, b in pairs:
            p, q = _symbol(a), _symbol(b)
            self._fitting.add(frozenset((p, q)))
            if not may_be_one(a) and not may_be_one(b):
                self._parent[self._root(p)] = self._root(q)

    def _root(self, axis: Axis) -> Axis:
        while self._parent.get(axis, axis) != axis:
            axis = self._parent[axis]
        return axis

    def imply(self, pair: Pair) -> bool:
        """Whether a pair of axes broadcasts wherever these operations succeed."""
        a, b = map(_symbol, pair)
        if frozenset((a, b)) in self._fitting or self._root(a) == self._root(b):
            return True
        if isinstance(a, int) or isinstance(b, int) or a.offset != b.offset:
            return False
        return self._root(Dim(a.name)) == self._root(Dim(b.name))


def _symbol(axis: Axis) -> Axis:
    """The dimension without what is known of it."""
    return Dim(axis.name, axis.offset) if isinstance(axis, Dim) else axis


def settle_shapes(function: Function, live: set[Value]) -> bool:
    """Removes dead operations whose shapes others check, or leaves their checks alone; whether anything changed."""
    uses = Counter(v for op in walk(function.body) for v in (*op.inputs, *(r for g in op.regions for r in g.results)))
    used = {*uses, *function.body.results, *live}
    dead = [
        op
        for op in walk(function.body)
        if isinstance(op, Call) and op.mirror is None and not used.intersection(op.outputs) and unproven_axes(op)
    ]
    if not dead:
        return False
    checks = _checks_by_region(function)
    changed = False
    for op in dead:
        region = op.parent
        assert region is not None
        around = [*checks.get(region, ())] + [pair for outer in _enclosing(region) for pair in checks.get(outer, ())]
        others = _Facts(pair for source, pair in around if source is not op)
        if all(map(others.imply, unproven_axes(op))):
            made: list[Op] = []
        else:
            made = _check(function, op, {v for v in op.inputs if uses[v] > 1})
            if not made:
                continue
        for new in made:
            new.parent = region
        place = region.ops.index(op)
        region.ops[place : place + 1] = made
        checks[region] = [row for row in checks.get(region, ()) if row[0] is not op]
        if made:
            checks[region] += [(made[-1], pair) for pair in unproven_axes(op)]
        changed = True
    return changed


def _checks_by_region(function: Function) -> dict[Region, list[tuple[Op, Pair]]]:
    """What the operations of each region check; those of the reverse of a region count as its own: it runs as often."""
    aliases = Aliases([function])
    kept = {aliases.find(v) for v in function.body.results if isinstance(v.type, Array)}
    found: dict[Region, list[tuple[Op, Pair]]] = {}
    for op in walk(function.body):
        region = op.parent
        assert region is not None
        found.setdefault(region.mirror or region, []).extend((op, pair) for pair in _checked(op, aliases, kept))
    return found


def _checked(op: Op, aliases: Aliases, kept: set) -> list[Pair]:
    if not isinstance(op, Call) or not hashable(op.fn):
        return []
    if op.fn is np.broadcast_shapes:
        axes = [_axes(shape) for shape in op.args]
        return [
            (a, b)
            for s, t in itertools.combinations(axes, 2)
            for a, b in zip(reversed(s), reversed(t), strict=False)
            if a is not None and b is not None
        ]
    writes = op.fn in IN_PLACE or op.fn in ITEM_UPDATES
    if writes and isinstance(op.args[0], Value) and aliases.find(op.args[0]) in kept:
        return unproven_pairs(_written_operands(op))
    return unproven_axes(op)


def _axes(shape: Any) -> list[Axis | None]:
    """The dimensions in a shape tuple, None for those not known."""
    if isinstance(shape, Value):
        return [getattr(item, "dim", None) for item in shape.type.items] if isinstance(shape.type, Tuple) else []
    items = shape if isinstance(shape, tuple) else (shape,)
    return [item.value if isinstance(item, Const) else getattr(item.type, "dim", None) for item in items]


def _written_operands(op: Call) -> tuple:
    x = op.args[0]
    if op.fn in IN_PLACE:
        return op.args
    place = op.args[1].type if isinstance(op.args[1], Value) else None
    one = place is not None and is_scalar(place) and not isinstance(place, Maybe)
    if one and isinstance(x.type, Array) and x.type.shape:
        return (Value(Array(x.type.dtype, x.type.shape[1:])), op.args[2])
    return ()


def _enclosing(region: Region) -> Iterator[Region]:
    while region.parent is not None and region.parent.parent is not None:
        region = region.parent.parent
        yield region


def _check(function: Function, op: Call, shared: set[Value]) -> list[Op]:
    """Operations that only look whether the shapes fit, on other values of these shapes; none where there are none."""
    shapes: list[Any] = []
    made: list[Op] = []
    for operand in op.args:
        wanted = shape_of(operand.type) if isinstance(operand, Value) else None
        if not wanted:
            continue
        if all(isinstance(axis, int) for axis in wanted):
            shapes.append(tuple(map(Const, wanted)))
            continue
        candidates = [*([operand] if operand in shared else []), *function.params, *function.captured]
        witness = next((v for v in candidates if _is_of_shape(v, wanted)), None)
        if witness is None:
            return []
        shape = Value(Tuple(tuple(PyScalar("i", axis) for axis in wanted)))
        made.append(Call(getattr, (witness, Const("shape")), {}, [shape], op.span))
        shapes.append(shape)
    return [*made, Call(np.broadcast_shapes, tuple(shapes), {}, [], op.span)]


def _is_of_shape(value: Value, wanted: tuple[Axis, ...]) -> bool:
    shape = value.type.shape if isinstance(value.type, Array) else None
    return shape is not None and len(shape) == len(wanted) and all(map(same_length, shape, wanted))
