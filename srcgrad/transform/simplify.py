"""Simplification: dead code, common subexpressions, values that a loop carries for nothing."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases, is_pointer, on_containers
from srcgrad.analysis.memory import LOOKUPS, among, only_metadata, written
from srcgrad.analysis.ranges import is_in_axis, is_positive, range_of
from srcgrad.frontend.raising import Raising, lacks_loop, unproven_axes
from srcgrad.ir.nodes import (
    UNDEFINED,
    Call,
    Closed,
    Const,
    For,
    Function,
    If,
    Invoke,
    Loop,
    Op,
    Raise,
    Region,
    Try,
    Value,
    While,
    walk,
)
from srcgrad.ir.types import Array, Dict, List, Opaque, Pointer, PyScalar, Tuple, is_scalar
from srcgrad.rules.registry import has_rule, hashable
from srcgrad.schedule import copied_generator
from srcgrad.transform.shape_checks import settle_shapes


def replace_values(region: Region, mapping: dict[Value, Value]) -> None:
    """Replaces values everywhere in a region."""
    if not mapping:
        return

    def swap(v: Value) -> Value:
        while v in mapping:
            v = mapping[v]
        return v

    for op in walk(region):
        op.replace_inputs(swap)
        for inner in op.regions:
            inner.results = [swap(v) for v in inner.results]
    region.results = [swap(v) for v in region.results]


# Values that are carried for nothing


def prune_carried(function: Function) -> None:
    """Removes what a loop carries but never changes, and what an `if` yields the same on both sides."""
    changed = True
    while changed:
        mapping: dict[Value, Value] = {}
        for op in list(walk(function.body)):
            if isinstance(op, Loop):
                _prune_loop(op, mapping)
            elif isinstance(op, If):
                _prune_if(op, mapping)
        changed = bool(mapping)
        replace_values(function.body, mapping)


def _prune_loop(op: Loop, mapping: dict[Value, Value]) -> None:
    keep = []
    for k, (init, arg, result) in enumerate(zip(op.inits, op.carried, op.carried_results, strict=True)):
        if result is arg and (init.type == arg.type or _is_plain_number(init)):
            mapping[arg] = init
            mapping[op.carried_outputs[k]] = init
            if isinstance(op, While):
                mapping[op.test.args[k]] = init
        else:
            keep.append(k)
    _keep_slots(op, keep)


def _is_plain_number(value: Value) -> bool:
    """Whether a value is a constant that does not depend on what its type says."""
    return isinstance(value, Const) and type(value.value) in (int, float)


def _keep_slots(op: Loop, keep: list[int]) -> None:
    if len(keep) == len(op.inits):
        return
    first = len(op.body.args) - len(op.inits)
    offset = int(op.exits)
    op.body.args = op.body.args[:first] + [op.body.args[first + k] for k in keep]
    op.body.results = op.body.results[:offset] + [op.body.results[offset + k] for k in keep]
    op.outputs = op.outputs[:offset] + [op.outputs[offset + k] for k in keep]
    if isinstance(op, While):
        op.test.args = [op.test.args[k] for k in keep]
    op.inits = [op.inits[k] for k in keep]


def _prune_if(op: If, mapping: dict[Value, Value]) -> None:
    keep = []
    for k, (a, b) in enumerate(zip(op.then.results, op.orelse.results, strict=True)):
        same = a is b or (
            isinstance(a, Const) and isinstance(b, Const) and type(a.value) is type(b.value) and _equal(a, b)
        )
        if same and not (isinstance(a, Const) and a.value is UNDEFINED):
            mapping[op.outputs[k]] = a
        else:
            keep.append(k)
    _keep_outputs(op, keep)


def _equal(a: Const, b: Const) -> bool:
    return a.value is b.value or (isinstance(a.value, (int, float, str)) and repr(a.value) == repr(b.value))


def _keep_outputs(op: If, keep: list[int]) -> None:
    op.outputs = [op.outputs[k] for k in keep]
    op.then.results = [op.then.results[k] for k in keep]
    op.orelse.results = [op.orelse.results[k] for k in keep]


# Dead code


def is_removable(op: Op) -> bool:
    """Whether a call may go if its results are unused: it has no effect and cannot raise on the given kinds."""
    if not isinstance(op, Call) or not op.outputs or written(op) is not None:
        return False
    fn = op.fn
    if not hashable(fn):
        return False
    if isinstance(fn, Closed):
        return op.mirror is not None or fn.is_pure
    if only_metadata(op) or fn in (list, tuple, dict, slice, getattr):
        return True
    if fn is np.broadcast_shapes:
        return op.mirror is not None
    module = getattr(fn, "__module__", None) or ""
    if module in ("srcgrad.checks", "srcgrad.runtime", "srcgrad.transform.writes"):
        return True
    if op.mirror is None and (lacks_loop(op) or unproven_axes(op)):
        return False
    if (
        not has_rule(fn)
        and not isinstance(fn, np.ufunc)
        and module.split(".")[0] not in ("numpy", "_operator", "srcgrad")
    ):
        if fn in (min, max, list.index) and op.mirror is None and any(isinstance(v.type, List) for v in op.inputs):
            # The list may be empty, or hold nothing like it.
            return False
        return fn in PURE and not (fn in (int, float) and not all(is_scalar(v.type) for v in op.inputs))
    if op.mirror is not None and (has_rule(fn) or module == "math"):
        # Derivative code must not raise where the program did not.
        return True
    if isinstance(fn, np.ufunc) and fn is not np.power:
        # NumPy warns where Python raises.
        return True
    if getattr(fn, "__name__", "") in _RAISING and any(isinstance(v.type, PyScalar) for v in op.inputs):
        divisors = op.inputs[1:]
        known = all(_is_harmless(op, v) for v in divisors if isinstance(v.type, PyScalar))
        return bool(divisors) and (known or (fn in (operator.mod, operator.floordiv) and is_positive(*op.args[::-1])))
    if module.startswith("numpy.random"):
        return False
    return not _may_raise(op)


def _is_harmless(op: Call, by: Value) -> bool:
    """Whether nothing that an operation is given raises when it is divided by this number, or raised to it."""
    if not isinstance(by, Const):
        return False
    if getattr(op.fn, "__name__", "") == "pow":
        # Of a number of Python's no power below 0 may be taken if it is 0; NumPy's become infinite.
        above = isinstance(by.value, (int, float)) and by.value >= 0
        return above or (op.fn is operator.pow and not isinstance(op.inputs[0].type, PyScalar))
    return by.value not in (0, 0.0)


_OTHERS_EACH_TIME = LOOKUPS | {copied_generator}
PURE = frozenset(
    [len, abs, min, max, float, int, bool, round, isinstance, range, str.format, list.copy, list.index, sum]
)
_RAISING = frozenset(["truediv", "floordiv", "mod", "pow", "sqrt", "log", "acos", "asin", "atanh", "acosh", "lgamma"])


def _may_raise(op: Call) -> bool:
    fn = op.fn
    module = getattr(fn, "__module__", None) or ""
    if module == "math":
        return True
    if fn is operator.getitem:
        return op.mirror is None and not _in_range(op) and not _is_place(op.args[1])
    return module.startswith("numpy.linalg") and op.mirror is None


def _is_place(index: Any) -> bool:
    """Whether an index is the place of an object, which is there."""
    return isinstance(index, Value) and isinstance(index.type, Pointer) and not index.type.or_none


def _in_range(op: Call) -> bool:
    """Whether a subscript certainly finds what it looks for."""
    x, index = op.args
    if isinstance(x, Value) and isinstance(x.type, List):
        return _counts_items(index, x)
    if not isinstance(x, Value) or not isinstance(x.type, Array) or x.type.shape is None:
        return isinstance(x.type, (Opaque, Tuple)) if isinstance(x, Value) else False
    parts = index if isinstance(index, tuple) else (index,)
    if len(parts) > len(x.type.shape) or any(isinstance(p, Const) and not isinstance(p.value, int) for p in parts):
        return all(isinstance(p, (slice, Const)) for p in parts) and not any(
            isinstance(p, Const) and isinstance(p.value, int) and not isinstance(p.value, bool) for p in parts
        )
    return all(_part_in_range(part, axis) for part, axis in zip(parts, x.type.shape, strict=False))


def _counts_items(index: Any, items: Value) -> bool:
    """Whether an index runs over the places of a list that does not get shorter meanwhile."""
    owner = index.owner if isinstance(index, Value) else None
    loop = owner.parent if isinstance(owner, Region) else None
    if not isinstance(loop, For) or index is not loop.index or not isinstance(loop.step, Const):
        return False
    count, low = loop.stop.owner, range_of(index).low
    if not isinstance(count, Call) or count.fn is not len or count.args[0] is not items:
        return False
    if count.parent is None or count.parent is not loop.parent or low is None or low < 0:
        return False
    ops = count.parent.ops
    between = ops[ops.index(count) + 1 : ops.index(loop)]
    return not any(map(_may_shorten, [*between, *walk(loop.body)]))


def _may_shorten(op: Op) -> bool:
    """Whether an operation may take items out of a list."""
    if isinstance(op, Invoke):
        return True
    if not isinstance(op, Call) or isinstance(op.fn, Closed):
        return isinstance(op, Call)
    target = written(op)
    return target is not None and not isinstance(target.type, Array) and op.fn not in (list.append, list.insert)


def _part_in_range(part: Any, axis: Any) -> bool:
    if isinstance(part, slice):
        return True
    return isinstance(part, Value) and is_in_axis(part, axis)


def remove_dead_code(functions: list[Function], live: Iterable[Value] = (), settle: bool = True) -> None:
    """Removes operations without effect, and results of branches and loops, that nobody uses.

    Args:
        functions: what to go through.
        live: values that somebody else uses.
        settle: whether operations that are needed for their shape check only go too; not while a sweep is to follow
            that may be cut off from the one that checks the same.
    """
    live = set(live)
    for function in functions:
        # Who else sees memory matters for writes alone, and only for those that may go.
        writes = any(written(op) is not None and not _write_may_raise(op) for op in walk(function.body))
        aliases = Aliases([function]) if writes else None
        while _sweep(function, set(live), aliases) or (settle and settle_shapes(function, live)):
            pass


def _sweep(function: Function, used: set[Value], aliases: Aliases | None) -> bool:
    used.update(function.body.results)
    observed = set() if aliases is None else _observed(function, aliases)
    return _mark_region(function.body, used, aliases, observed)


def _observed(function: Function, aliases: Aliases) -> set[Any]:
    """The classes of memory whose contents somebody reads."""
    read: set[Value] = {*function.params, *function.captured, *function.body.results}
    whole = set(read)
    tables = [op.args[0] for op in walk(function.body) if isinstance(op, Call) and among(op.fn, LOOKUPS)]
    shared = {aliases.find(v) for v in tables if not isinstance(v.owner, Op)}
    shared |= {aliases.find(v) for op in walk(function.body) if isinstance(op, Invoke) for v in op.args}
    referenced = set(function.body.results).union(*[_used_by(op) for op in walk(function.body)])
    for op in walk(function.body):
        if isinstance(op, Call):
            if among(op.fn, LOOKUPS) and aliases.find(op.args[0]) in shared:
                # A caller or callee finds the same shadow in the table, with what it holds.
                read.update(op.outputs)
                whole.update(op.outputs)
            if not only_metadata(op):
                looked_at = _looked_at(op, aliases, referenced)
                read.update(looked_at)
                whole.update([] if on_containers(op) else looked_at)
        elif isinstance(op, If):
            read.update([*op.inputs, *op.then.results, *op.orelse.results])
        elif isinstance(op, Loop):
            for region in op.regions:
                read.update(region.results)
        else:
            read.update(op.inputs)
            whole.update(op.inputs)
    seen = {aliases.find(v) for v in read if is_pointer(v.type)}
    return seen.union(*[aliases.within(v) for v in whole if is_pointer(v.type)])


def _used_by(op: Op) -> list[Value]:
    return [*op.inputs, *[v for region in op.regions for v in region.results]]


def _looked_at(op: Call, aliases: Aliases, referenced: set[Value]) -> list[Value]:
    """The inputs whose contents a call reads: all but what it writes, or is a view of."""
    inputs = op.inputs
    if not op.outputs or (op.fn is list.pop and referenced.isdisjoint(op.outputs)):
        target = written(op)
        return inputs if target is None else [v for v in inputs if v is not target]
    if inputs and is_pointer(op.outputs[0].type):
        whole = aliases.find(inputs[0])
        if all(is_pointer(o.type) and aliases.find(o) is whole for o in op.outputs):
            return inputs[1:]
    return inputs


def _mark_region(region: Region, used: set[Value], aliases: Aliases | None, observed: set[Any]) -> bool:
    """Removes the dead operations of a region; whether there were any."""
    changed = False
    kept: list[Op] = []
    for op in reversed(region.ops):
        if _is_dead(op, used, aliases, observed):
            continue
        if isinstance(op, If):
            count = len(op.outputs)
            _keep_outputs(op, [k for k, o in enumerate(op.outputs) if o in used])
            changed |= len(op.outputs) != count
            for inner in op.regions:
                used.update(inner.results)
                changed |= _mark_region(inner, used, aliases, observed)
            if not op.outputs and not op.then.ops and not op.orelse.ops:
                continue
        elif isinstance(op, Loop):
            changed |= _mark_loop(op, used, aliases, observed)
            if not op.body.ops and not op.outputs and isinstance(op, For):
                continue
        used.update(op.inputs)
        kept.append(op)
    changed |= len(kept) != len(region.ops)
    region.ops = kept[::-1]
    return changed


def _is_dead(op: Op, used: set[Value], aliases: Aliases | None, observed: set[Any]) -> bool:
    if not used.isdisjoint(op.outputs):
        return False
    target = written(op)
    if target is not None:
        return aliases is not None and not _write_may_raise(op) and aliases.find(target) not in observed
    if isinstance(op, (If, Loop, Invoke, Raise)):
        return False
    return is_removable(op) and not (_is_protected(op) and _STRICT.may_raise(op))


_STRICT = Raising(strict=True)


def _is_protected(op: Op) -> bool:
    """Whether an operation of the program stands in a `try`, where it may lead to the handler."""
    region = op.parent if op.mirror is None else None
    while region is not None and region.parent is not None:
        if isinstance(region.parent, Try) and region is region.parent.then:
            return True
        region = region.parent.parent
    return False


def _write_may_raise(op: Op) -> bool:
    return op.mirror is None


def _mark_loop(op: Loop, used: set[Value], aliases: Aliases | None, observed: set[Any]) -> bool:
    """Keeps the carried values that are used after the loop or that what it keeps depends on; whether others went."""
    needed = set(used)
    for k, output in enumerate(op.carried_outputs):
        if output in used:
            needed.add(op.carried_results[k])
    if op.exits:
        needed.add(op.body.results[0])
    if isinstance(op, While):
        needed.update(op.test.results)
        _collect_uses(op.test, needed)
    while True:
        trial = set(needed)
        _trial_region(op.body, trial, aliases, observed)
        grown = False
        for k, arg in enumerate(op.carried):
            own = op.test.args[k] if isinstance(op, While) else arg
            if (arg in trial or own in trial) and op.carried_results[k] not in needed:
                needed.add(op.carried_results[k])
                grown = True
        if not grown:
            break
    keep = [
        k
        for k, arg in enumerate(op.carried)
        if op.carried_outputs[k] in used or arg in trial or (isinstance(op, While) and op.test.args[k] in trial)
    ]
    changed = len(keep) != len(op.inits)
    _keep_slots(op, keep)
    used.update(op.body.results)
    if isinstance(op, While):
        used.update(op.test.results)
        changed |= _mark_region(op.test, used, aliases, observed)
    return _mark_region(op.body, used, aliases, observed) or changed


def _collect_uses(region: Region, used: set[Value]) -> None:
    for op in walk(region):
        used.update(op.inputs)
        for inner in op.regions:
            used.update(inner.results)


def _trial_region(region: Region, used: set[Value], aliases: Aliases | None, observed: set[Any]) -> None:
    """Marks what a region uses, without changing it."""
    for op in reversed(region.ops):
        if not op.regions and _is_dead(op, used, aliases, observed):
            continue
        if isinstance(op, If):
            for k, output in enumerate(op.outputs):
                if output in used:
                    used.update((op.then.results[k], op.orelse.results[k]))
        elif isinstance(op, Loop):
            used.update(op.body.results)
            if isinstance(op, While):
                used.update(op.test.results)
        for inner in op.regions:
            _trial_region(inner, used, aliases, observed)
        used.update(op.inputs)


# Common subexpressions


def share_common(function: Function) -> None:
    """Computes once what is computed twice from the same values, the first time in the same or an enclosing region."""
    aliases = Aliases([function])
    unsafe = aliases.written | aliases.identified
    mapping: dict[Value, Value] = {}

    def swap(v: Value) -> Value:
        return mapping.get(v, v)

    def visit(region: Region, scopes: list[dict]) -> None:
        table: dict[Any, list[Value]] = {}
        scopes = [*scopes, table]
        kept = []
        for op in region.ops:
            if mapping:
                op.replace_inputs(swap)
            key = _key(op, aliases, unsafe)
            if key is not None:
                known = next((scope[key] for scope in reversed(scopes) if key in scope), None)
                if known is not None:
                    for output, same in zip(op.outputs, known, strict=True):
                        mapping[output] = same
                        if same.hint is None and isinstance(same.owner, Op):
                            same.hint = output.hint
                    continue
                table[key] = op.outputs
            for inner in op.regions:
                visit(inner, scopes)
                inner.results = [swap(v) for v in inner.results]
            kept.append(op)
        region.ops = kept

    visit(function.body, [])
    function.body.results = [swap(v) for v in function.body.results]


def _key(op: Op, aliases: Aliases, unsafe: set[Any]) -> Any:
    if not isinstance(op, Call) or not op.outputs or not is_removable_purely(op):
        return None
    for value in (*op.inputs, *op.outputs):
        written_to = is_pointer(value.type) and not isinstance(value, Const) and aliases.find(value) in unsafe
        if written_to and (not only_metadata(op) or value in op.outputs):
            return None
    return (op.fn, op.unpacks and len(op.outputs), tree_key(op.args), tree_key(op.kwargs))


def is_removable_purely(op: Call) -> bool:
    """Whether two equal calls give equal results, and no new object that anybody tells apart."""
    if not hashable(op.fn) or op.fn in (list, dict, set, list.copy) or written(op) is not None:
        return False
    if op.fn is runtime.zeros_like and any(isinstance(v.type, (List, Tuple, Dict)) for v in op.outputs):
        # Shadows of containers are written through what is read from them.
        return False
    if isinstance(op.fn, type) and hasattr(op.fn, "__enter__"):
        # A context may be entered once.
        return False
    if isinstance(op.fn, Closed):
        return op.fn.is_pure
    module = getattr(op.fn, "__module__", None) or ""
    if module == "srcgrad.transform.writes" or op.fn in _OTHERS_EACH_TIME:
        return False
    if module.startswith("numpy.random"):
        return False
    known = module.split(".")[0] in ("numpy", "_operator", "math", "srcgrad")
    return has_rule(op.fn) or isinstance(op.fn, np.ufunc) or op.fn in PURE or known or only_metadata(op)


def tree_key(tree: Any) -> Any:
    """A key that two argument trees share if they are the same."""
    if isinstance(tree, Const):
        value = tree.value
        return ("const", type(value), repr(value) if isinstance(value, (int, float, complex, str)) else id(value))
    if isinstance(tree, Value):
        return tree
    if isinstance(tree, (tuple, list)):
        return (type(tree), *[tree_key(item) for item in tree])
    if isinstance(tree, dict):
        return ("dict", *[(k, tree_key(item)) for k, item in tree.items()])
    if isinstance(tree, slice):
        return ("slice", tree_key(tree.start), tree_key(tree.stop), tree_key(tree.step))
    return tree
