"""What makes arrays needed that loops would not need.

Updates in place of arrays that nothing else refers to become new arrays: `t = x * y; t += z` -> `t_1 = x * y + z`. A
nest of loops does both for one element after the other, so that there is nothing to update. And the shape of what is
computed element by element is asked of an operand: `(x * y).size` -> `x.size`. Parts of arrays that are written get
names, where a loop needs to know how long they are.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator

import numpy as np

from srcgrad.analysis.memory import ITEM_UPDATES, is_basic_index, is_view, only_metadata
from srcgrad.ir.nodes import Call, Function, Op, Region, Value, map_tree, walk
from srcgrad.ir.types import Array, Dim, is_scalar
from srcgrad.jit.places import Place, part_of
from srcgrad.jit.pointwise import in_place_of, is_plain_array, pointwise, update_of
from srcgrad.rules.registry import IN_PLACE, hashable
from srcgrad.rules.result_types import result_type
from srcgrad.transform.cotangents import is_fresh


def settle_updates(function: Function) -> None:
    """Gives what an update leaves behind a value of its own where it can, and no value where it is the array itself."""
    for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
        for k, op in enumerate(region.ops):
            if isinstance(op, Call) and op.fn in IN_PLACE and isinstance(op.args[0].type, Array):
                _settle(region, k, op)
    results = iter(function.body.results)
    function.result = map_tree(lambda _: next(results), function.result)


def ask_operands(function: Function) -> None:
    """Has shapes, sizes and the like asked of arrays that are there for other reasons."""
    for op in walk(function.body):
        if isinstance(op, Call) and op.args and only_metadata(op) and isinstance(op.args[0], Value):
            # New arrays like another one are in its order, which matters from two axes on.
            rank = len(getattr(op.args[0].type, "shape", None) or ())
            if (rank == 1 or op.fn in _OF_SHAPE) and getattr(op.args[-1], "value", None) != "strides":
                op.args = (_same_outside(op.args[0]), *op.args[1:])


_OF_SHAPE = (len, getattr, np.shape, np.ndim, np.size)


def _same_outside(value: Value) -> Value:
    """An array of the same shape and dtype that was there before."""
    while isinstance(value.owner, Call):
        found = pointwise(value.owner)
        same = None if found is None else next((v for v in found.operands if v.type == value.type), None)
        if same is None:
            break
        value = same
    return value


def name_parts(function: Function) -> None:
    """Gives parts of arrays that are written names of their own, if they are no constant distance from the ends.

    `x[a:b] += y * z` -> `part = x[a:b]; part += y * z`.
    """
    for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
        made: list[Op] = []
        for op in region.ops:
            part = _part(op) if isinstance(op, Call) else None
            if part is not None:
                view = Call(operator.getitem, op.args[:2], {}, [part], op.span)  # type: ignore[attr-defined]
                view.mirror, view.parent = op.mirror, region
                made.append(view)
                is_update = op.fn is not operator.setitem  # type: ignore[attr-defined]
                op.fn = in_place_of(op.fn) if is_update else op.fn  # type: ignore[attr-defined]
                op.args = (part, *([] if is_update else [slice(None)]), op.args[2])  # type: ignore[attr-defined]
            made.append(op)
        region.ops = made


def _part(op: Call) -> Value | None:
    """The part of an array that an operation writes, as a view to be made."""
    updates = hashable(op.fn) and op.fn in ITEM_UPDATES and in_place_of(op.fn) is not None
    if op.outputs or not (updates or op.fn is operator.setitem) or len(op.args) != 3:
        return None
    x, index, value = op.args
    plain = isinstance(x, Value) and is_plain_array(x.type) and isinstance(value, Value) and is_plain_array(value.type)
    if not plain or not is_basic_index(index):
        return None
    t = result_type(operator.getitem, (x, index), {}, "part")
    place = part_of(x, index)
    if not isinstance(t, Array) or not t.shape or (place is not None and _is_measured(place, t)):
        return None
    return Value(t, None, op.span)


def _is_measured(place: Place, t: Array) -> bool:
    """Whether the lengths of a part are those of the array less constants."""
    base = place.base.type
    assert isinstance(base, Array) and base.shape is not None and t.shape is not None
    names = {axis.name for axis in base.shape if isinstance(axis, Dim)}
    return all(isinstance(axis, int) or axis.name in names for axis in t.shape)


def _settle(region: Region, k: int, op: Call) -> None:
    target = op.args[0]
    fn = update_of(op.fn)
    later = region.ops[k + 1 :]
    if fn is not None and _is_new(region, k, op) and _has_type_of(fn, op):
        # The same memory may go by both names from now on.
        output = op.outputs[0] if op.outputs else Value(target.type, target.hint, op.span)
        output.primal = output.primal or target.primal
        op.fn, op.outputs, output.owner = fn, [output], op
        _replace(region, later, target, output)
    elif op.outputs:
        output, op.outputs = op.outputs[0], []
        _replace(region, later, output, target)


def _is_new(region: Region, k: int, op: Call) -> bool:
    """Whether an array was made in the same region, and nobody has another name for its memory."""
    target = op.args[0]
    made = target.owner
    if not isinstance(made, Call) or made.parent is not region or pointwise(made) is None:
        return False
    if sum(v is target for v in op.inputs) > 1:
        return False
    start = region.ops.index(made)
    names = {target}
    for earlier in _inside(region.ops[start + 1 : k]):
        if names.isdisjoint([*earlier.inputs, *(v for r in earlier.regions for v in r.results)]):
            continue
        if not isinstance(earlier, Call):
            return False
        if is_view(earlier) and earlier.args[0] in names:
            names.update(earlier.outputs)
        elif not _only_reads(earlier):
            return False
    return not any(_uses(o, names - {target}) for o in _inside(region.ops[k:])) and names.isdisjoint(
        [v for v in region.results if v is not target]
    )


def _inside(ops: list[Op]) -> Iterator[Op]:
    for op in ops:
        yield op
        for region in op.regions:
            yield from walk(region)


def _uses(op: Op, names: set[Value]) -> bool:
    return not names.isdisjoint(op.inputs) or any(not names.isdisjoint(r.results) for r in op.regions)


def _only_reads(op: Call) -> bool:
    """Whether a call keeps no reference to what it is given."""
    if only_metadata(op) or (not op.outputs and op.args and isinstance(op.args[0].type, Array)):
        return True
    return bool(op.outputs) and all(is_scalar(o.type) or is_fresh(o) for o in op.outputs)


def _has_type_of(fn: object, op: Call) -> bool:
    t = result_type(fn, op.args, {}, "update")  # type: ignore[arg-type]
    own = op.args[0].type
    return is_plain_array(t) and isinstance(own, Array) and isinstance(t, Array) and t == own


def _replace(region: Region, later: list[Op], old: Value, new: Value) -> None:
    def swap(v: Value) -> Value:
        return new if v is old else v

    for op in _inside(later):
        op.replace_inputs(swap)
        for inner in op.regions:
            inner.results = [swap(v) for v in inner.results]
    region.results = [swap(v) for v in region.results]
