"""Copies of functions of the graph."""

from __future__ import annotations

from collections.abc import Iterable

from srcgrad.ir.nodes import (
    Call,
    Commit,
    Const,
    Enter,
    For,
    Function,
    If,
    Invoke,
    Leave,
    Op,
    Raise,
    Region,
    Try,
    Value,
    While,
    map_tree,
    walk,
)


def clone_function(function: Function) -> Function:
    """A copy of a function that shares no value or operation with it; a call of itself calls the copy."""
    mapping: dict[Value, Value] = {}
    copy = Function(function.name, [], Region(), doc=function.doc)
    copy.body = _region(function.body, mapping, function, copy)
    copy.params = copy.body.args
    copy.captured = function.captured
    copy.result = map_tree(lambda v: mapping.get(v, v), function.result)
    return copy


def clone_ops(ops: Iterable[Op], mapping: dict[Value, Value]) -> list[Op]:
    """Copies of operations, on the values that the mapping gives for theirs; it learns what the copies define."""
    nobody = Function("", [], Region())
    return [_op(op, mapping, nobody, nobody) for op in ops]


def clone_callees(function: Function) -> list[Function]:
    """Lets a function call copies of the functions of the graph that it calls, and these each other; the copies."""
    copies: dict[Function, Function] = {}
    pending = [function]
    while pending:
        for op in walk(pending.pop().body):
            if isinstance(op, Invoke) and op.callee not in copies.values():
                if op.callee not in copies:
                    copies[op.callee] = clone_function(op.callee)
                    pending.append(copies[op.callee])
                op.callee = copies[op.callee]
    return list(copies.values())


def _value(value: Value) -> Value:
    return value if isinstance(value, Const) else Value(value.type, value.hint, value.span)


def _region(region: Region, mapping: dict[Value, Value], old: Function, new: Function) -> Region:
    args = [_value(a) for a in region.args]
    mapping.update(zip(region.args, args, strict=True))
    copy = Region(args)
    for op in region.ops:
        copy.append(_op(op, mapping, old, new))
    copy.results = [mapping.get(v, v) for v in region.results]
    return copy


def _op(op: Op, mapping: dict[Value, Value], old: Function, new: Function) -> Op:
    def use(v: Value) -> Value:
        return mapping.get(v, v)

    outputs = [_value(o) for o in op.outputs]
    made: Op
    if isinstance(op, Call):
        made = Call(op.fn, map_tree(use, op.args), map_tree(use, op.kwargs), outputs, op.span, op.unpacks)
    elif isinstance(op, Try):
        then, orelse = (_region(r, mapping, old, new) for r in op.regions)
        made = Try(use(op.catches), then, orelse, outputs, op.span)
    elif isinstance(op, If):
        then, orelse = (_region(r, mapping, old, new) for r in op.regions)
        made = If(use(op.condition), then, orelse, outputs, op.span)
    elif isinstance(op, For):
        inits = [use(v) for v in op.inits]
        body = _region(op.body, mapping, old, new)
        bounds = use(op.start), use(op.stop), use(op.step)
        slots = None if op.slots is None else use(op.slots)
        made = For(*bounds, inits, body, op.exits, outputs, op.span, op.backwards, slots)
    elif isinstance(op, While):
        inits = [use(v) for v in op.inits]
        test = _region(op.test, mapping, old, new)
        made = While(inits, test, _region(op.body, mapping, old, new), op.exits, outputs, op.span)
    elif isinstance(op, Invoke):
        callee = new if op.callee is old else op.callee
        made = Invoke(callee, [use(v) for v in op.args], outputs, op.span)
    elif isinstance(op, Enter):
        made = Enter(use(op.context), outputs, op.span)
    elif isinstance(op, (Commit, Leave)):
        made = type(op)(op.span)
    else:
        assert isinstance(op, Raise)
        exception = None if op.exception is None else use(op.exception)
        made = Raise(exception, None if op.cause is None else use(op.cause), op.span)
    mapping.update(zip(op.outputs, outputs, strict=True))
    return made
