"""Checkpointed functions and loops, cut out of a program: each becomes a closed function and a call of it.

Before -> after: `begin_checkpoint(); t = sin(x); y = t * x; end_checkpoint()` -> `y = f(x)`, where `f` is a `Closed`:
it copies what it writes, and returns what it wrote, which is written back. So the reverse sweep of the program sees a
call like any other, whose inputs it needs as they were: it keeps them, or copies them if they are written later.
"""

from __future__ import annotations

import operator
from collections.abc import Hashable, Iterable
from typing import Any

from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.memory import copies_perhaps, is_view, written
from srcgrad.analysis.origins import Origins
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.custom_calls import CustomCall
from srcgrad.frontend.lowering import Lowering
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import (
    Call,
    Closed,
    Commit,
    Const,
    Enter,
    For,
    Function,
    Leave,
    Loop,
    Op,
    Raise,
    Region,
    Value,
    in_loop,
    references,
    walk,
    within,
)
from srcgrad.ir.types import INT, Dict, List
from srcgrad.rules.intrinsics import begin_checkpoint, end_checkpoint
from srcgrad.transform.clone import clone_ops
from srcgrad.transform.closed import Cut, closed_function
from srcgrad.transform.cotangents import is_number
from srcgrad.transform.definedness import define_everywhere, filler, may_be_undefined
from srcgrad.transform.drawing import draw_from_copies
from srcgrad.transform.effects import drawing_calls, draws, refuse_effects, repeated_draws
from srcgrad.transform.function_names import name_apart
from srcgrad.transform.sameness import key_of
from srcgrad.transform.simplify import remove_dead_code
from srcgrad.transform.turns import close_loop

_MARKS = (begin_checkpoint, end_checkpoint)
EVERYTHING = slice(None, None, None)


def is_checkpointed(functions: list[Function]) -> bool:
    """Whether there is anything in some functions that is checkpointed."""
    return any(_is_mark(op) or _is_marked_loop(op) for function in functions for op in walk(function.body))


def dissolve_checkpoints(functions: list[Function]) -> None:
    """Removes the marks: what was checkpointed is code like any other."""
    for function in functions:
        for op in list(walk(function.body)):
            if _is_mark(op) and op.parent is not None:
                op.parent.ops.remove(op)
            elif isinstance(op, For):
                op.slots = None


def close_checkpoints(
    functions: list[Function], main: Function, customs: list[CustomCall], live: Iterable[Value] = ()
) -> None:
    """Puts what is checkpointed into functions of its own.

    Args:
        functions: the functions of a program.
        main: the one that it begins with.
        customs: their calls of functions with derivatives of their own.
        live: values that somebody else uses: the parts of arguments, which have derivatives where they are not used.
    """
    remove_dead_code(functions, live)
    aliases = Aliases(functions)
    known: dict[Hashable, Closed] = {}
    drawing = drawing_calls(customs)
    for function in functions:
        apart = [*function.params, *function.captured] if function is main else []
        _Closer(function, aliases, Origins(aliases, apart), known, drawing).close_region(function.body)
    # Their reverses are called after them.
    name_apart(list(_closed(functions)), set())


def _closed(functions: Iterable[Function]) -> dict[Function, None]:
    """The functions that have been made, in the order of their calls."""
    found: dict[Function, None] = {}
    for function in functions:
        for op in walk(function.body):
            if isinstance(op, Call) and isinstance(op.fn, Closed):
                found |= {op.fn.function: None, **_closed([op.fn.function])}
    return found


def _is_mark(op: Op) -> bool:
    return isinstance(op, Call) and any(op.fn is mark for mark in _MARKS)


def _is_marked_loop(op: Op) -> bool:
    return isinstance(op, For) and op.slots is not None


class _Closer:
    """Closes what is checkpointed in one function.

    Attributes:
        aliases, origins: which values share memory, in the program as it was.
        known: the functions made so far, of which one may do for several calls.
        drawing: calls of functions with derivatives of their own that draw random numbers.
    """

    def __init__(
        self,
        function: Function,
        aliases: Aliases,
        origins: Origins,
        known: dict[Hashable, Closed],
        drawing: set[Call],
    ):
        self.function = function
        self.drawing = drawing
        self.aliases = aliases
        self.origins = origins
        self.known = known
        self.layout = any(isinstance(op, Call) and copies_perhaps(op) for op in walk(function.body))

    def close_region(self, region: Region, again: bool = False) -> None:
        """Closes what is checkpointed in a region.

        Args:
            region: the region.
            again: whether it is a part of what is run again.
        """
        nested = _inside_marks(region, again)
        for op in nested:
            for inner in op.regions:
                self.close_region(inner, nested[op] or _is_marked_loop(op))
        for op in nested:
            if _is_marked_loop(op):
                self._close(region, [op], self.function.name, nested[op])
        begun: list[Call] = []
        for op in list(region.ops):
            if not isinstance(op, Call) or not _is_mark(op):
                continue
            if op.fn is begin_checkpoint:
                begun.append(op)
                continue
            begin = begun.pop() if begun else _refuse_exit(op)
            ops = region.ops[region.ops.index(begin) + 1 : region.ops.index(op)]
            region.ops.remove(begin)
            region.ops.remove(op)
            self._close(region, ops, begin.args[0].value, again or bool(begun))
        if begun:
            _refuse_exit(begun[-1])

    def _close(self, region: Region, ops: list[Op], name: str, again: bool) -> None:
        """Replaces consecutive operations of a region, which may be run again, by the call of a closed function."""
        if not ops or isinstance(ops[-1], Raise):
            return
        ops = draw_from_copies(region, [*_taken_in(self.function.body, region, ops), *ops], again)
        loop = ops[0]
        if isinstance(loop, For) and _is_marked_loop(loop):
            self._draw_before(region, loop)
        anew = _draws_anew(ops)
        drawn = [v for op in anew for v in op.outputs]
        for value in drawn:
            self._check_draw(value)
        refuse_effects([op for op in ops if op not in anew], self.drawing)
        _refuse_crossing(ops)
        writes = self.origins.written_by(ops)
        self._refuse_held(ops)
        for value in inputs_of(ops):
            _define(value, not self.origins.of(value).isdisjoint(writes), ops[0])
        after, later = _after(ops[-1])
        place = region.ops.index(ops[0])
        views = self._views_of_written(ops, writes)
        whole = [*views, *ops]
        for op in whole:
            op.parent = region
        region.ops[place : place + len(ops)] = whole
        for value in [v for op in whole for v in op.outputs]:
            # A closed function has made it soon, and nobody will see any more what shares memory with what.
            self.origins.of(value)
        cut = Cut(name, self.origins, after, self.layout)
        if isinstance(loop, For) and _is_marked_loop(loop):
            call, changed = close_loop(cut, views, loop)
        else:
            outputs = [v for op in whole for v in op.outputs if v in after or v in drawn]
            call, changed = _close_function(cut, whole, outputs)
            call.fn.drawn = tuple(k for k, v in enumerate(outputs) if v in drawn)
            call.fn = self.known.setdefault(key_of(call.fn.function), call.fn)
        self._check_identity(call, ops[-1], changed, after, later)
        alone = [v for v in changed if self._is_private(v) and self._is_alone(v, region, ops[-1], after)]
        made = self._write_back(call, changed, after, alone)
        region.ops[place : place + len(whole)] = [call, *made]
        for op in region.ops:
            op.parent = region
        results = call.outputs[len(call.outputs) - len(changed) :]
        self._rename(region, call, {v: r for v, r in zip(changed, results, strict=True) if v in alone})

    def _check_draw(self, value: Value) -> None:
        if self.aliases.is_written(value):
            raise UnsupportedError(
                "random numbers are drawn in what is checkpointed, and written in place there",
                value.span,
                "write to a copy: .copy()",
            )

    def _draw_before(self, region: Region, loop: For) -> None:
        """Lets a loop find the random numbers that its turns draw in lists that are filled before it.

        Before -> after: `for k in range(n): x = x + normal()` ->
        `normals = []; for k in range(n): normals.append(normal()); for k in range(n): x = x + normals[k]`.
        """
        found = _draws_anew(loop.body.ops)
        outside = all(not is_inside(v.owner, loop.body) or isinstance(v, Const) for op in found for v in op.inputs)
        if not found or loop.exits or not outside or any(len(op.outputs) != 1 for op in found):
            return
        lo = Lowering()
        lo.fixed_span, lo.span = True, loop.span
        before, at = Region(), Region()
        with lo.into(at):
            turn = loop.index
            if not is_number(loop.start, 0):
                turn = lo.value(lo.emit(operator.sub, turn, loop.start))
            if not is_number(loop.step, 1):
                turn = lo.value(lo.emit(operator.floordiv, turn, loop.step))
        body = Region([Value(INT, None, loop.span)])
        for op in found:
            output = op.outputs[0]
            self._check_draw(output)
            items = Value(List(output.type), f"{output.hint or 'drawn'}_kept", op.span)
            drawn = Value(output.type, output.hint, op.span)
            before.append(Call(list, (), {}, [items], op.span))
            body.append(Call(op.fn, op.args, op.kwargs, [drawn], op.span))
            body.append(Call(list.append, (items, drawn), {}, [], op.span))
            op.fn, op.args, op.kwargs = operator.getitem, (items, turn), {}
        before.append(For(loop.start, loop.stop, loop.step, [], body, False, [], loop.span))
        loop.body.ops = [*at.ops, *loop.body.ops]
        place = region.ops.index(loop)
        region.ops[place:place] = before.ops
        for op in (*region.ops, *loop.body.ops):
            op.parent = region if op in region.ops else loop.body

    def _views_of_written(self, ops: list[Op], writes: set[Any]) -> list[Op]:
        """The operations that make views of what is written and goes by several names, to be made inside again."""
        made: list[Op] = []
        mapping: dict[Value, Value] = {}
        while True:
            given = [v for v in inputs_of([*made, *ops]) if is_pointer(v.type)]
            shared = [
                v
                for v in given
                if _is_plain_view(v)
                and not self.origins.of(v).isdisjoint(writes)
                and any(other is not v and self.origins.meet(v, other) for other in given)
            ]
            if not shared:
                return made
            view = max(shared, key=lambda v: v.uid)
            assert isinstance(view.owner, Op)
            copies = clone_ops([view.owner], {})
            mapping = {view: copies[0].outputs[0]}
            self.origins.adopt(copies[0].outputs[0], view)
            _replace(ops, mapping)
            _replace(made, mapping)
            made = [*copies, *made]

    def _refuse_held(self, ops: list[Op]) -> None:
        """Refuses to write arrays that are in containers which come from outside."""
        writers = {self.aliases.find(t): op for op in within(ops) if (t := written(op)) is not None}
        for value in inputs_of(ops):
            held = self.aliases.within(value) & writers.keys() if is_pointer(value.type) else set()
            if held:
                raise UnsupportedError(
                    "an array that belongs to an object in a list, or is in one, is written in place in what is "
                    "checkpointed, and the list may not be its own",
                    writers[held.pop()].span,
                    "put a new array in its place: o.u = o.u + x",
                )

    def _is_observed(self, value: Value, after: set[Value]) -> bool:
        """Whether somebody may look at the memory of a pointer later."""
        if not self._is_private(value):
            return True
        memory = self.aliases.find(value)
        return any(
            self.origins.meet(value, other) or memory in self.aliases.within(other)
            for other in after
            if is_pointer(other.type) and not isinstance(other, Const)
        )

    def _is_private(self, value: Value) -> bool:
        """Whether memory was made in this function, so that nobody else looks at it: none of its parameters is."""
        return all(isinstance(origin, Value) for origin in self.origins.of(value))

    def _check_identity(self, call: Call, last: Op, changed: list[Value], after: set[Value], later: list[Op]) -> None:
        """Refuses results that may be the very memory of something else, if one of the two is written later."""
        writes = self.origins.written_by(later)
        classes = {self.aliases.find(t) for op in within(later) if (t := written(op)) is not None}
        outputs = [v for v in call.outputs if is_pointer(v.type) and v in after]
        before = [v for v in after if is_pointer(v.type) and not isinstance(v, Const) and _exists_before(v, last)]
        for value in outputs:
            for other in (*before, *outputs):
                shared = self.origins.of(value) & self.origins.of(other) if other is not value else set()
                if not shared.isdisjoint(writes):
                    self._refuse_identity(value, call)
        for value in (*outputs, *changed):
            if not classes.isdisjoint(self.aliases.within(value)):
                self._refuse_identity(value, call)

    def _refuse_identity(self, value: Value, call: Call) -> None:
        raise UnsupportedError(
            f"{value.hint or 'what is checkpointed here'} may be an array that also goes by another name, and is "
            "written in place later",
            call.span,
            "make it a copy: .copy()",
        )

    def _is_alone(self, value: Value, region: Region, last: Op, after: set[Value]) -> bool:
        """Whether nobody but the rest of a region looks at memory later, and that by one name: a new one will do."""
        at_home = value.owner is region or (isinstance(value.owner, Op) and value.owner.parent is region)
        memory = self.aliases.find(value)
        return at_home and not any(
            self.origins.meet(value, other) or memory in self.aliases.within(other)
            for other in after
            if other is not value and is_pointer(other.type) and _exists_before(other, last)
        )

    def _write_back(self, call: Call, changed: list[Value], after: set[Value], alone: list[Value]) -> list[Op]:
        """Lets memory hold what a closed function made of its contents."""
        made: list[Op] = []
        for target in changed:
            result = Value(target.type, target.hint, call.span)
            result.owner = call
            call.outputs.append(result)
            if target in alone or not self._is_observed(target, after):
                continue
            if isinstance(target.type, Dict):
                made.append(Call(dict.clear, (target,), {}, [], call.span))
                made.append(Call(dict.update, (target, result), {}, [], call.span))
            else:
                index = EVERYTHING if isinstance(target.type, List) else Const(Ellipsis)
                made.append(Call(operator.setitem, (target, index, result), {}, [], call.span))
        call.unpacks = len(call.outputs) > 1
        return made

    def _rename(self, region: Region, call: Call, mapping: dict[Value, Value]) -> None:
        """Lets what follows use the new memory in place of the old."""
        for value, result in mapping.items():
            self.origins.adopt(result, value)
        _replace(region.ops[region.ops.index(call) + 1 :], mapping)
        region.results = [mapping.get(v, v) for v in region.results]


def _inside_marks(region: Region, again: bool) -> dict[Op, bool]:
    """The operations of a region, and whether each stands in a function that is run again, or the region does."""
    depth, found = 0, {}
    for op in region.ops:
        depth += _is_mark(op) and op.fn is begin_checkpoint
        depth -= _is_mark(op) and op.fn is end_checkpoint
        found[op] = again or depth > 0
    return found


def _draws_anew(ops: list[Op]) -> list[Call]:
    """The calls among some operations that draw random numbers, others each time that they are run."""
    repeated = repeated_draws(ops)
    return [op for op in ops if isinstance(op, Call) and draws(op.fn) and op not in repeated]


def _close_function(cut: Cut, ops: list[Op], outputs: list[Value]) -> tuple[Call, list[Value]]:
    given = inputs_of(ops)
    closed, changed = closed_function(cut, cut.name, given, given, ops, outputs)
    return Call(closed, tuple(given), {}, outputs, ops[0].span), [given[k] for k in changed]


def _taken_in(body: Region, region: Region, ops: list[Op]) -> list[Op]:
    """Takes from before some operations, where these run once, what makes empty lists that they alone use.

    The attributes of objects in lists are kept in lists that are made where the function begins.
    """
    if in_loop(region):
        return []
    inside = set(within(ops))
    elsewhere = set(body.results)
    for op in walk(body):
        if op not in inside:
            elsewhere.update(op.inputs, *[inner.results for inner in op.regions])
    taken = []
    for value in inputs_of(ops):
        op = value.owner
        if isinstance(op, Call) and op.fn is list and not op.inputs and op.parent is not None:
            taken += [] if value in elsewhere else [op]
    for op in taken:
        assert op.parent is not None
        op.parent.ops.remove(op)
        region.ops.insert(region.ops.index(ops[0]), op)
        op.parent = region
    return taken


def inputs_of(ops: list[Op]) -> list[Value]:
    """The values that operations use and that are defined before."""
    inside = {v for op in within(ops) for v in op.outputs}
    inside |= {v for op in within(ops) for region in op.regions for v in region.args}
    used = dict.fromkeys(v for op in ops for v in references(op))
    return [v for v in used if v not in inside and not isinstance(v, Const)]


def _define(value: Value, is_written: bool, op: Op) -> None:
    """Gives a value that some paths leave undefined a number there, which nobody looks at."""
    if not may_be_undefined(value):
        return
    if (value.type.differentiable and filler(value.type) is None) or is_written:
        raise UnsupportedError(
            f"{value.hint or 'something'} is handed to what is checkpointed, and has no value on some paths",
            op.span,
            "give it one on every path",
        )
    define_everywhere(value)


def _replace(ops: list[Op], mapping: dict[Value, Value]) -> None:
    for op in within(ops):
        op.replace_inputs(lambda v: mapping.get(v, v))
        for region in op.regions:
            region.results = [mapping.get(v, v) for v in region.results]


def _is_plain_view(value: Value) -> bool:
    op = value.owner
    return isinstance(op, Call) and is_view(op) and not copies_perhaps(op) and len(op.outputs) == 1 and not op.unpacks


def _after(last: Op) -> tuple[set[Value], list[Op]]:
    """What is used after an operation, in later turns of the loops around it too, and the operations that do."""
    used: set[Value] = set()
    later: list[Op] = []
    op: Op | None = last
    while op is not None and op.parent is not None:
        region = op.parent
        following = region.ops[region.ops.index(op) + 1 :]
        later += following
        used.update(v for other in following for v in references(other))
        used.update(region.results)
        op = region.parent
        if isinstance(op, Loop):
            later.append(op)
            again = {v for inner in op.regions for v in inner.results}
            again.update(v for inner in op.regions for i in walk(inner) for v in references(i))
            used.update(v for v in again if not is_inside(v.owner, op.body))
    return used, later


def _exists_before(value: Value, op: Op) -> bool:
    """Whether a value is defined by the time that an operation starts."""
    owner, current = value.owner, op
    while current.parent is not None:
        region = current.parent
        if owner is region:
            return True
        if isinstance(owner, Op) and owner.parent is region:
            return region.ops.index(owner) < region.ops.index(current)
        if region.parent is None:
            break
        current = region.parent
    return owner is None


def _refuse_crossing(ops: list[Op]) -> None:
    """Refuses what begins or ends a context, or the protected part of a `try`, that it does not hold altogether."""
    depth = 0
    for op in ops:
        depth += isinstance(op, Enter) - isinstance(op, Leave)
        if depth < 0 or isinstance(op, Commit):
            _refuse_exit(op)
    if depth:
        _refuse_exit(ops[-1])


def _refuse_exit(op: Op) -> Any:
    raise UnsupportedError(
        "what is checkpointed is left here by an exception, or by a statement around it",
        op.span,
        "put what follows it into a function of its own",
    )
