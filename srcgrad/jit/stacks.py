"""Tapes of recursive functions: stacks that all of their calls push to and pop from.

A tape holds the tapes of the calls that a call has made, as deep as the recursion goes: a type that has no end, which
Numba can't infer. The reverse sweep takes the calls in the opposite order, so that stacks do as well, one for each
kind of value:

    def power_fwd(x, n):                         def power_fwd(x, n, floats, integers):
        h, tape = power_fwd(x, n // 2)               h = power_fwd(x, n // 2, floats, integers)
        ...                                          ...
        tape = x, n, h, tape                         floats.append(x); integers.append(n); floats.append(h)
        return h * h, tape                           return h * h
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from srcgrad.ir.nodes import Call, Const, Function, If, Invoke, Op, Region, Value, walk
from srcgrad.ir.types import List
from srcgrad.jit import helpers
from srcgrad.jit.kernel import apart, not_jitable
from srcgrad.jit.recursive_tapes import Kind, RecursiveTapes, holds_tapes, is_of_list, kind_of_stack


def use_stacks(functions: list[Function], entries: list[Function]) -> tuple[set[Value], set[Function]]:
    """Puts stacks in place of the tapes of recursive functions, where the sweeps go in opposite orders.

    Args:
        functions: all of them; they are changed.
        entries: those among them that Python calls.

    Returns:
        The stacks that hold arrays, and the reverse functions.

    Raises:
        NotJitableError: if that can't be done.
    """
    tapes = RecursiveTapes(functions)
    call = tapes.recursive_call()
    if call is None:
        return set(), set()
    if len(entries) != 1:
        raise not_jitable(call, "pullbacks of recursive functions can't be compiled; use grad or value_and_grad")
    if not tapes.can_be_stacked():
        raise not_jitable(call, "what a recursive function keeps for the way back can't be compiled here")
    return _Stacks(tapes).rewrite(), set(tapes.unpacks)


def take_any_layout(functions: Iterable[Function], stacks: set[Value]) -> None:
    """Makes arrays that go to stacks views of one type, however they lie in memory."""
    for function in functions:
        for op in list(walk(function.body)):
            if isinstance(op, Call) and op.fn is list.append and op.args[0] in stacks:
                x = op.args[1]
                view = Value(x.type, None, op.span)
                _insert(op, Call(helpers.of_any_layout, (x,), {}, [view], op.span))
                op.args = (op.args[0], view)


class _Stacks:
    """Puts stacks in place of tapes."""

    def __init__(self, tapes: RecursiveTapes):
        self.tapes = tapes

    def rewrite(self) -> set[Value]:
        """Rewrites all functions; the stacks that hold arrays."""
        moves = dict.fromkeys(self.tapes.moves.values())
        kinds = dict.fromkeys(kind_of_stack(value) for move in moves for value, _ in move.pairs)
        found = set()
        for function in self.tapes.functions:
            is_half = function in self.tapes.packs or function in self.tapes.unpacks
            if not is_half and not any(map(self.tapes.is_call, walk(function.body))):
                continue
            stacks = self._parameters(function, list(kinds)) if is_half else self._made(function, list(kinds))
            found |= {stack for kind, stack in stacks.items() if kind.ndim is not None}
            self._rewrite(function.body, stacks)
            if function in self.tapes.packs:
                function.body.results = function.body.results[:-1]
                assert isinstance(function.result, tuple)
                results = function.result[:-1]
                function.result = results[0] if len(results) == 1 else results
            elif function in self.tapes.unpacks:
                function.params, function.body.args = function.params[1:], function.body.args[1:]
        return found

    def _named(self, function: Function, kinds: list[Kind]) -> dict[Kind, Value]:
        taken: set[str | None] = {p.hint for p in function.params} | {f.name for f in self.tapes.functions}
        stacks = {}
        for kind in kinds:
            stacks[kind] = Value(List(kind.type), apart(kind.name, taken))
            taken.add(stacks[kind].hint)
        return stacks

    def _made(self, function: Function, kinds: list[Kind]) -> dict[Kind, Value]:
        """The stacks, made where a function that Python calls begins."""
        stacks = self._named(function, kinds)
        made = [Call(helpers.no_items, _arguments(kind), {}, [stack]) for kind, stack in stacks.items()]
        for op in made:
            op.parent = function.body
        function.body.ops[:0] = made
        if function.backward_from is not None:
            function.backward_from += len(made)
        return stacks

    def _parameters(self, function: Function, kinds: list[Kind]) -> dict[Kind, Value]:
        """The stacks, as parameters."""
        stacks = self._named(function, kinds)
        for stack in stacks.values():
            stack.owner = function.body
        function.params = [*function.params, *stacks.values()]
        function.body.args = [*function.body.args, *stacks.values()]
        return stacks

    def _rewrite(self, region: Region, stacks: dict[Kind, Value]) -> None:
        """Removes tapes, and gives the stacks to the calls."""
        ops: list[Op] = []
        for op in region.ops:
            ops += self._rewritten(op, stacks)
            for inner in op.regions:
                self._rewrite(inner, stacks)
        region.ops = ops
        for op in ops:
            op.parent = region

    def _rewritten(self, op: Op, stacks: dict[Kind, Value]) -> list[Op]:
        """What stands in place of an operation."""
        if op in self.tapes.moves:
            move = self.tapes.moves[op]
            made: list[Op] = (
                [Call(list.append, (stacks[kind_of_stack(v)], v), {}, [], op.span) for v, _ in move.pairs]
                if op is move.there
                else [
                    Call(list.pop, (stacks[kind_of_stack(v)],), {}, [out], op.span) for v, out in reversed(move.pairs)
                ]
            )
            for new in made:
                new.mirror = op.mirror
            return made
        if isinstance(op, Invoke) and op.callee in self.tapes.packs:
            op.outputs, op.args = op.outputs[:-1], [*op.args, *stacks.values()]
        elif isinstance(op, Invoke) and op.callee in self.tapes.unpacks:
            op.args = [*op.args[1:], *stacks.values()]
        elif isinstance(op, If):
            places = [k for k, v in enumerate(op.outputs) if not holds_tapes(v.type)]
            for inner in op.regions:
                inner.results = [inner.results[k] for k in places]
            op.outputs = [op.outputs[k] for k in places]
        elif op in self.tapes.gone or (isinstance(op, Call) and is_of_list(op) and not _has_other_items(op)):
            return []
        return [op]


def _has_other_items(op: Call) -> bool:
    """Takes the tapes out of an operation on a list; whether it still does something."""
    if op.fn is list.append and isinstance(op.args[1], tuple):
        items = tuple([v for v in op.args[1] if not holds_tapes(v.type)])
        op.args = (op.args[0], items if len(items) > 1 else items[0]) if items else op.args
        return bool(items)
    if op.fn is list.pop:
        op.outputs = [v for v in op.outputs if not holds_tapes(v.type)]
        return bool(op.outputs)
    return not any(holds_tapes(v.type) for v in (*op.inputs, *op.outputs))


def _arguments(kind: Kind) -> tuple[Any, ...]:
    return (Const(kind.dtype.type), Const(kind.ndim), Const(kind.listed))


def _insert(place: Op, op: Call) -> None:
    region = place.parent
    assert region is not None
    op.parent, op.mirror = region, place.mirror
    region.ops.insert(region.ops.index(place), op)
