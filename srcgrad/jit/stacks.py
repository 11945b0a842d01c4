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

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad.analysis.alias import calls_itself
from srcgrad.ir.nodes import Call, Const, For, Function, If, Invoke, Loop, Op, Region, Value, While, walk
from srcgrad.ir.types import Array, Dim, List, NpScalar, Pointer, PyScalar, Type
from srcgrad.jit import helpers
from srcgrad.jit.kernel import apart, not_jitable
from srcgrad.jit.types import is_dtype, kind_of
from srcgrad.rules.registry import hashable
from srcgrad.transform.split import TAPE

_Users = dict[Value, list[Op]]
_NAMES = {"b": "flags", "i": "integers", "u": "integers", "f": "floats", "c": "numbers"}


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a stack holds: numbers, arrays of so many axes, or lists of numbers."""

    dtype: np.dtype
    ndim: int | None = None
    listed: bool = False

    @property
    def type(self) -> Type:
        """The type of its items."""
        if self.ndim is not None:
            return Array(self.dtype, tuple([Dim(f"%stacked.{k}") for k in range(self.ndim)]))
        number = NpScalar(self.dtype)
        return List(number) if self.listed else number

    @property
    def name(self) -> str:
        """What a stack of this kind is called."""
        return "arrays" if self.ndim is not None else "lists" if self.listed else _NAMES[self.dtype.kind]


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
    tapes = _Tapes(functions)
    call = tapes.recursive_call()
    if call is None:
        return set(), set()
    if len(entries) != 1:
        raise not_jitable(call, "pullbacks of recursive functions can't be compiled; use grad or value_and_grad")
    if not tapes.can_be_stacked():
        raise not_jitable(call, "what a recursive function keeps for the way back can't be compiled here")
    return tapes.stack(), set(tapes.unpacks)


def take_any_layout(functions: Iterable[Function], stacks: set[Value]) -> None:
    """Makes arrays that go to stacks views of one type, however they lie in memory."""
    for function in functions:
        for op in list(walk(function.body)):
            if isinstance(op, Call) and op.fn is list.append and op.args[0] in stacks:
                x = op.args[1]
                view = Value(x.type, None, op.span)
                _insert(op, Call(helpers.of_any_layout, (x,), {}, [view], op.span))
                op.args = (op.args[0], view)


@dataclass(eq=False, slots=True)
class _Move:
    """What one operation keeps and another one takes.

    Attributes:
        there: the operation of a forward function that keeps it: in its tape, or in a list that is part of it.
        back: the operation of the reverse function that takes it from there.
        pairs: each value that is needed, and what the reverse function takes it for; no tapes.
    """

    there: Call
    back: Call
    pairs: list[tuple[Value, Value]]


class _Tapes:
    """The tapes of all functions.

    Attributes:
        packs: the operation that makes the tape of each forward function.
        unpacks: the operation that takes the tape of each reverse function apart, None where nothing of it is needed.
        partner: the reverse function of each forward one.
        moves: what is kept, by the operation that keeps it and by the one that takes it.
        gone: lists that are not needed where there are stacks, and copies of them.
    """

    def __init__(self, functions: list[Function]):
        self.functions = functions
        self.packs: dict[Function, Call] = {}
        self.unpacks: dict[Function, Call | None] = {}
        self.partner: dict[Function, Function] = {}
        self.moves: dict[Op, _Move] = {}
        self.gone: set[Op] = set()
        for function in functions:
            made = _pack(function)
            if made is not None:
                self.packs[function] = made
            elif function.params and function.params[0].type == TAPE:
                self.unpacks[function] = _unpack(function)

    def recursive_call(self) -> Invoke | None:
        """A call of a forward function that calls itself, directly or not."""
        recursive = {function for function in self.packs if calls_itself(function)}
        calls = [op for f in self.functions for op in walk(f.body) if isinstance(op, Invoke)]
        return next((op for op in calls if op.callee in recursive), None)

    def can_be_stacked(self) -> bool:
        """Whether each tape is made by one call and used by one, in the opposite order, and holds what stacks take."""
        for op in (op for f in self.functions for op in walk(f.body)):
            if not self._is_understood(op):
                return False
        if not all(map(self._find_partner, self.packs)):
            return False
        for function in self.packs:
            self._find_moves(function)
        kinds = [_kind_of(value.type) for move in self.moves.values() for value, _ in move.pairs]
        return None not in kinds and all(map(self._is_nested, self.functions))

    def _is_understood(self, op: Op) -> bool:
        """Whether it is known what an operation does with tapes."""
        if isinstance(op, Invoke):
            return not any(_holds_tapes(v.type) for v in op.args[1:])
        if isinstance(op, Call):
            known = op in self.packs.values() or op in self.unpacks.values() or _is_of_list(op)
            return known or not any(_holds_tapes(v.type) for v in (*op.inputs, *op.outputs))
        if any(_holds_tapes(v.type) for v in op.inputs):
            return False
        return isinstance(op, If) or not any(_holds_tapes(v.type) for v in op.outputs)

    def _find_partner(self, function: Function) -> bool:
        """Finds the reverse function of a forward one."""
        calls = [op for f in self.functions for op in walk(f.body) if isinstance(op, Invoke)]
        forward = [op for op in calls if op.callee is function]
        reverse = {op.callee for op in calls if op.mirror in forward}
        if len(reverse) != 1 or not reverse <= self.unpacks.keys():
            return False
        (self.partner[function],) = reverse
        return True

    # What is kept

    def _find_moves(self, function: Function) -> None:
        """Finds what a function keeps: in its tape, and in lists that are filled in loops."""
        reverse = self.partner[function]
        pack, unpack = self.packs[function], self.unpacks[reverse]
        if unpack is None:
            return
        there, back = _users(function), _users(reverse)
        pairs = []
        for value, out in zip(pack.args[0], unpack.outputs, strict=True):
            filled = self._filled(value, out, there, back)
            if filled is not None:
                # So that the calls in between are undone first.
                _move_to(filled.there, last=True)
                _move_to(filled.back, last=False)
                self._add(filled)
            elif back.get(out) and not _holds_tapes(value.type):
                pairs.append((value, out))
        self._add(_Move(pack, unpack, pairs))

    def _add(self, move: _Move) -> None:
        self.moves[move.there] = self.moves[move.back] = move

    def _filled(
        self, kept: Value, out: Value, there: dict[Value, list[Op]], back: dict[Value, list[Op]]
    ) -> _Move | None:
        """What goes into a list at one place, and is taken from it at one; None if that is not all that is done."""
        made = kept.owner
        if not isinstance(made, Call) or made.fn is not list or made.args:
            return None
        pushes = [op for op in there.get(kept, []) if not (isinstance(op, Call) and op.fn is tuple)]
        copies = back.get(out, [])
        if len(copies) == 1 and isinstance(copies[0], Call) and copies[0].fn is list.copy:
            pops = back.get(copies[0].outputs[0], [])
        else:
            copies, pops = [], copies
        if len(pushes) != 1 or len(pops) != 1:
            return None
        (push,), (pop,) = pushes, pops
        if (
            not isinstance(push, Call)
            or push.fn is not list.append
            or not isinstance(pop, Call)
            or pop.fn is not list.pop
        ):
            return None
        items = push.args[1] if isinstance(push.args[1], tuple) else (push.args[1],)
        if len(pop.args) != 1 or len(items) != len(pop.outputs):
            return None
        self.gone |= {made, *copies}
        needed = [(v, o) for v, o in zip(items, pop.outputs, strict=True) if back.get(o) and not _holds_tapes(v.type)]
        return _Move(push, pop, needed)

    # The order of the calls

    def _is_nested(self, function: Function) -> bool:
        """Whether what pops goes backwards through what pushes, in a function or in a pair of them."""
        word = self._word(function.body)
        if function in self.packs:
            return self._goes_back(self._word(self.partner[function].body), word)
        return function in self.unpacks or self._is_balanced(word)

    def _word(self, region: Region) -> list[Op]:
        """The operations of a region that push or pop; but those that leave the stacks as they were."""
        found: list[Op] = []
        for op in region.ops:
            if self._is_call(op) or op in self.moves:
                found.append(op)
            elif op.regions:
                words = [self._word(inner) for inner in op.regions]
                if any(words) and not all(map(self._is_balanced, words)):
                    found.append(op)
        return found

    def _is_call(self, op: Op) -> bool:
        return isinstance(op, Invoke) and (op.callee in self.packs or op.callee in self.unpacks)

    def _is_balanced(self, word: list[Op]) -> bool:
        """Whether all that is pushed is popped again, the last one first."""
        pending: list[Op] = []
        for op in word:
            if pending and self._answers(op, pending[-1]):
                pending.pop()
            else:
                pending.append(op)
        return not pending

    def _goes_back(self, back: list[Op], there: list[Op]) -> bool:
        return len(back) == len(there) and all(map(self._answers, back, reversed(there)))

    def _answers(self, back: Op, there: Op) -> bool:
        """Whether an operation pops what another one has pushed."""
        if there in self.moves:
            return self.moves[there].there is there and self.moves[there].back is back
        if isinstance(there, Invoke):
            is_partner = isinstance(back, Invoke) and self.partner.get(there.callee) is back.callee
            return is_partner and back.mirror is there
        if back.mirror is not there:
            return False
        if isinstance(back, For) and isinstance(there, Loop):
            # The reverse sweep counts the turns of a `while` loop down.
            tested = self._word(there.test) if isinstance(there, While) else []
            return not tested and self._goes_back(self._word(back.body), self._word(there.body))
        if type(back) is not type(there):
            return False
        return all(
            self._goes_back(self._word(p), self._word(q)) for p, q in zip(back.regions, there.regions, strict=True)
        )

    # Rewriting

    def stack(self) -> set[Value]:
        """Rewrites all functions; the stacks that hold arrays."""
        moves = dict.fromkeys(self.moves.values())
        kinds = dict.fromkeys(_known_kind(value) for move in moves for value, _ in move.pairs)
        found = set()
        for function in self.functions:
            is_half = function in self.packs or function in self.unpacks
            if not is_half and not any(map(self._is_call, walk(function.body))):
                continue
            stacks = self._parameters(function, list(kinds)) if is_half else self._made(function, list(kinds))
            found |= {stack for kind, stack in stacks.items() if kind.ndim is not None}
            self._rewrite(function.body, stacks)
            if function in self.packs:
                function.body.results = function.body.results[:-1]
                assert isinstance(function.result, tuple)
                results = function.result[:-1]
                function.result = results[0] if len(results) == 1 else results
            elif function in self.unpacks:
                function.params, function.body.args = function.params[1:], function.body.args[1:]
        return found

    def _named(self, function: Function, kinds: list[_Kind]) -> dict[_Kind, Value]:
        taken: set[str | None] = {p.hint for p in function.params} | {f.name for f in self.functions}
        stacks = {}
        for kind in kinds:
            stacks[kind] = Value(List(kind.type), apart(kind.name, taken))
            taken.add(stacks[kind].hint)
        return stacks

    def _made(self, function: Function, kinds: list[_Kind]) -> dict[_Kind, Value]:
        """The stacks, made where a function that Python calls begins."""
        stacks = self._named(function, kinds)
        made = [Call(helpers.no_items, _arguments(kind), {}, [stack]) for kind, stack in stacks.items()]
        for op in made:
            op.parent = function.body
        function.body.ops[:0] = made
        if function.backward_from is not None:
            function.backward_from += len(made)
        return stacks

    def _parameters(self, function: Function, kinds: list[_Kind]) -> dict[_Kind, Value]:
        """The stacks, as parameters."""
        stacks = self._named(function, kinds)
        for stack in stacks.values():
            stack.owner = function.body
        function.params = [*function.params, *stacks.values()]
        function.body.args = [*function.body.args, *stacks.values()]
        return stacks

    def _rewrite(self, region: Region, stacks: dict[_Kind, Value]) -> None:
        """Removes tapes, and gives the stacks to the calls."""
        ops: list[Op] = []
        for op in region.ops:
            ops += self._rewritten(op, stacks)
            for inner in op.regions:
                self._rewrite(inner, stacks)
        region.ops = ops
        for op in ops:
            op.parent = region

    def _rewritten(self, op: Op, stacks: dict[_Kind, Value]) -> list[Op]:
        """What stands in place of an operation."""
        if op in self.moves:
            move = self.moves[op]
            made: list[Op] = (
                [Call(list.append, (stacks[_known_kind(v)], v), {}, [], op.span) for v, _ in move.pairs]
                if op is move.there
                else [Call(list.pop, (stacks[_known_kind(v)],), {}, [out], op.span) for v, out in reversed(move.pairs)]
            )
            for new in made:
                new.mirror = op.mirror
            return made
        if isinstance(op, Invoke) and op.callee in self.packs:
            op.outputs, op.args = op.outputs[:-1], [*op.args, *stacks.values()]
        elif isinstance(op, Invoke) and op.callee in self.unpacks:
            op.args = [*op.args[1:], *stacks.values()]
        elif isinstance(op, If):
            places = [k for k, v in enumerate(op.outputs) if not _holds_tapes(v.type)]
            for inner in op.regions:
                inner.results = [inner.results[k] for k in places]
            op.outputs = [op.outputs[k] for k in places]
        elif op in self.gone or (isinstance(op, Call) and _is_of_list(op) and not _has_other_items(op)):
            return []
        return [op]


def _has_other_items(op: Call) -> bool:
    """Takes the tapes out of an operation on a list; whether it still does something."""
    if op.fn is list.append and isinstance(op.args[1], tuple):
        items = tuple([v for v in op.args[1] if not _holds_tapes(v.type)])
        op.args = (op.args[0], items if len(items) > 1 else items[0]) if items else op.args
        return bool(items)
    if op.fn is list.pop:
        op.outputs = [v for v in op.outputs if not _holds_tapes(v.type)]
        return bool(op.outputs)
    return not any(_holds_tapes(v.type) for v in (*op.inputs, *op.outputs))


def _users(function: Function) -> _Users:
    """What uses each value of a function; what a region gives, the operation around it uses."""
    found: _Users = {}
    for op in walk(function.body):
        for value in dict.fromkeys([*op.inputs, *[v for region in op.regions for v in region.results]]):
            found.setdefault(value, []).append(op)
    return found


def _move_to(op: Op, last: bool) -> None:
    """Moves an operation to the end or the beginning of its region."""
    region = op.parent
    assert region is not None
    region.ops.remove(op)
    region.ops.insert(len(region.ops) if last else 0, op)


def _known_kind(value: Value) -> _Kind:
    kind = _kind_of(value.type)
    assert kind is not None
    return kind


def _pack(function: Function) -> Call | None:
    """What makes the tape of a forward function."""
    last = function.body.results[-1] if function.body.results else None
    made = last.owner if isinstance(last, Value) and last.type == TAPE else None
    is_pack = isinstance(made, Call) and made.fn is tuple and made.parent is function.body and len(made.args) == 1
    return made if is_pack and isinstance(function.result, tuple) else None  # type: ignore[return-value]


def _unpack(function: Function) -> Call | None:
    """What takes the tape of a reverse function apart."""
    tape = function.params[0]
    found = [op for op in function.body.ops if isinstance(op, Call) and tape in op.inputs]
    return found[0] if found and found[0].fn in (tuple, operator.getitem) else None


def _is_of_list(op: Call) -> bool:
    """Whether it makes or copies a list, or adds to it or takes from it at its end."""
    counts = {list: 0, list.append: 2, list.pop: 1, list.copy: 1}
    return hashable(op.fn) and op.fn in counts and len(op.args) == counts[op.fn]


def _holds_tapes(t: Type) -> bool:
    return t == TAPE or (isinstance(t, List) and t.item == TAPE)


def _kind_of(t: Type) -> _Kind | None:
    """The kind of stack for values of a type."""
    if isinstance(t, List):
        dtype = kind_of(t.item) if isinstance(t.item, (PyScalar, NpScalar)) and not t.or_none else None
        return _Kind(dtype, None, True) if dtype is not None and is_dtype(dtype) else None
    if isinstance(t, Pointer) and t.or_none:
        return None
    dtype = kind_of(t)
    if dtype is None or not is_dtype(dtype):
        return None
    if isinstance(t, Array):
        return None if t.shape is None else _Kind(dtype, len(t.shape))
    return _Kind(dtype)


def _arguments(kind: _Kind) -> tuple[Any, ...]:
    return (Const(kind.dtype.type), Const(kind.ndim), Const(kind.listed))


def _insert(place: Op, op: Call) -> None:
    region = place.parent
    assert region is not None
    op.parent, op.mirror = region, place.mirror
    region.ops.insert(region.ops.index(place), op)
