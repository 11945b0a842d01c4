"""What recursive functions keep for the way back, where the reverse sweep takes it in the opposite order.

Each tape must be made by one call and used by the one that undoes it, and what is popped has to go backwards through
what is pushed: then stacks that all calls share (`jit/stacks`) hold the same.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np

from srcgrad.analysis.alias import calls_itself
from srcgrad.ir.nodes import Call, For, Function, If, Invoke, Loop, Op, Region, Value, While, walk
from srcgrad.ir.types import Array, Dim, List, NpScalar, Pointer, PyScalar, Type
from srcgrad.jit.types import is_dtype, kind_of
from srcgrad.rules.registry import hashable
from srcgrad.transform.split import TAPE

_Users = dict[Value, list[Op]]
_NAMES = {"b": "flags", "i": "integers", "u": "integers", "f": "floats", "c": "numbers"}


@dataclass(frozen=True, slots=True)
class Kind:
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


@dataclass(eq=False, slots=True)
class Move:
    """What one operation keeps and another one takes.

    Attributes:
        there: the operation of a forward function that keeps it: in its tape, or in a list that is part of it.
        back: the operation of the reverse function that takes it from there.
        pairs: each value that is needed, and what the reverse function takes it for; no tapes.
    """

    there: Call
    back: Call
    pairs: list[tuple[Value, Value]]


class RecursiveTapes:
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
        self.moves: dict[Op, Move] = {}
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
        kinds = [_kind_of_items(value.type) for move in self.moves.values() for value, _ in move.pairs]
        return None not in kinds and all(map(self._is_nested, self.functions))

    def _is_understood(self, op: Op) -> bool:
        """Whether it is known what an operation does with tapes."""
        if isinstance(op, Invoke):
            return not any(holds_tapes(v.type) for v in op.args[1:])
        if isinstance(op, Call):
            known = op in self.packs.values() or op in self.unpacks.values() or is_of_list(op)
            return known or not any(holds_tapes(v.type) for v in (*op.inputs, *op.outputs))
        if any(holds_tapes(v.type) for v in op.inputs):
            return False
        return isinstance(op, If) or not any(holds_tapes(v.type) for v in op.outputs)

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
            elif back.get(out) and not holds_tapes(value.type):
                pairs.append((value, out))
        self._add(Move(pack, unpack, pairs))

    def _add(self, move: Move) -> None:
        self.moves[move.there] = self.moves[move.back] = move

    def _filled(
        self, kept: Value, out: Value, there: dict[Value, list[Op]], back: dict[Value, list[Op]]
    ) -> Move | None:
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
        needed = [(v, o) for v, o in zip(items, pop.outputs, strict=True) if back.get(o) and not holds_tapes(v.type)]
        return Move(push, pop, needed)

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
            if self.is_call(op) or op in self.moves:
                found.append(op)
            elif op.regions:
                words = [self._word(inner) for inner in op.regions]
                if any(words) and not all(map(self._is_balanced, words)):
                    found.append(op)
        return found

    def is_call(self, op: Op) -> bool:
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


def kind_of_stack(value: Value) -> Kind:
    kind = _kind_of_items(value.type)
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


def is_of_list(op: Call) -> bool:
    """Whether it makes or copies a list, or adds to it or takes from it at its end."""
    counts = {list: 0, list.append: 2, list.pop: 1, list.copy: 1}
    return hashable(op.fn) and op.fn in counts and len(op.args) == counts[op.fn]


def holds_tapes(t: Type) -> bool:
    return t == TAPE or (isinstance(t, List) and t.item == TAPE)


def _kind_of_items(t: Type) -> Kind | None:
    """The kind of stack for values of a type."""
    if isinstance(t, List):
        dtype = kind_of(t.item) if isinstance(t.item, (PyScalar, NpScalar)) and not t.or_none else None
        return Kind(dtype, None, True) if dtype is not None and is_dtype(dtype) else None
    if isinstance(t, Pointer) and t.or_none:
        return None
    dtype = kind_of(t)
    if dtype is None or not is_dtype(dtype):
        return None
    if isinstance(t, Array):
        return None if t.shape is None else Kind(dtype, len(t.shape))
    return Kind(dtype)
