"""What may or may not be the memory of an argument, made new memory where that matters.

A value that is new has a cotangent of its own, while memory has one shadow, whoever refers to it. Where it is not known
before the program runs which of the two a result is, and one of them is written, a copy settles it.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad import checks, runtime
from srcgrad.analysis.alias import Aliases, on_containers
from srcgrad.analysis.memory import among, copies_perhaps, is_view, order_of, passed_on
from srcgrad.analysis.reads import Uses
from srcgrad.analysis.versions import Versions
from srcgrad.errors import UnsupportedError
from srcgrad.ir.nodes import Call, Const, Function, Op, Value, walk
from srcgrad.ir.types import Array, List, Unknown
from srcgrad.rules.registry import IN_PLACE, display_name
from srcgrad.transform.cotangents import copier

_LIKENESSES = frozenset([runtime.unbroadcast, runtime.expanded, runtime.like])


def separate(functions: list[Function], main: Function) -> None:
    """Copies written memory where an operation takes it or gives it on that may return what it was given.

    What is broadcast to a view has elements in common, which must not have cotangents in common; it is copied where its
    own memory is written by nobody, but goes by the same name as some that is.

    Before -> after: `t = unbroadcast(y_bar, x); t += 1` -> `t = unbroadcast(y_bar.copy(), x).copy(); t += 1`.

    Args:
        functions: all functions of the program.
        main: the one that the others are called by.
    """
    aliases = Aliases(functions, passing=False)
    if any(isinstance(op, Call) and op.fn is checks.check_apart for f in functions for op in walk(f.body)):
        _remove_checks(functions)
    for function in functions:
        finder = _Finder(function, aliases, function is not main)
        for op in list(walk(function.body)):
            if not isinstance(op, Call):
                continue
            if among(op.fn, _LIKENESSES):
                _separate_likeness(op, aliases)
            elif op.fn is np.broadcast_to:
                finder.settle_broadcast(op)
            elif op.fn is np.imag:
                finder.settle_imaginary(op)
            elif _may_be_view(op, aliases):
                finder.settle_view(op)
            else:
                for z, x in passed_on(op):
                    finder.settle(op, z, x)


def _separate_likeness(op: Call, aliases: Aliases) -> None:
    x, z = op.args[0], op.outputs[0]
    if not isinstance(x, Const) and aliases.is_written(x):
        # An item of a list's shadow may still be the number 0 for an array.
        item = isinstance(x.owner, Call) and any(isinstance(v.type, List) for v in x.owner.inputs)
        fn = runtime.copied if item else copier(x)
        op.args = (_copy_of(op, x, fn), *op.args[1:])
    if aliases.is_written(z):
        _copy_output(op, copier(z))


def _may_be_view(op: Call, aliases: Aliases) -> bool:
    """Whether only the run tells if a function gives a view of written memory, or something new made of a number."""
    if not is_view(op) or op.fn in IN_PLACE or op.fn is operator.getitem:
        return False
    x = op.args[0]
    return isinstance(op.outputs[0].type, Unknown) and isinstance(x, Value) and aliases.is_written(x)


def _remove_checks(functions: list[Function]) -> None:
    """Removes the checks that two arrays share no memory where that is known."""
    aliases = Aliases(functions)
    for function in functions:
        for op in list(walk(function.body)):
            if isinstance(op, Call) and op.fn is checks.check_apart and op.parent is not None:
                x, values = op.args
                if isinstance(values, Const) or aliases.find(x) is not aliases.find(values):
                    op.parent.ops.remove(op)


class _Finder:
    """Finds out whether it shows that a result is memory of an argument."""

    def __init__(self, function: Function, aliases: Aliases, callee: bool):
        self.aliases = aliases
        self.versions = Versions(function, aliases, len(function.body.ops), callee)
        self.uses = Uses([function])

    def settle(self, op: Call, z: Value, x: Value) -> None:
        """Copies an argument that has been written, where nobody could tell the result from one that is new.

        Raises:
            UnsupportedError: if somebody could.
        """
        if self.aliases.is_written(z) or (self.aliases.is_written(x) and not self._is_over(op, z, x)):
            raise UnsupportedError(
                f"what {display_name(op.fn)} returns here may be memory of its argument, and is used after a write",
                op.span,
                "make it a copy: .copy()",
            )
        if self.aliases.is_written(x):
            copy = _copy_of(op, x, copier(x))
            op.replace_inputs(lambda v: copy if v is x else v)

    def settle_view(self, op: Call) -> None:
        """Copies what is written no more: a view of it is as good as something new."""
        x = op.args[0]
        if not self.versions.stale(self.aliases.find(x), op):
            op.args = (_copy_of(op, x, runtime.copied), *op.args[1:])

    def settle_broadcast(self, op: Call) -> None:
        """Broadcasts a copy of an array that is written later, where nobody looks at the view then."""
        x, z = op.args[0], op.outputs[0]
        if not isinstance(x, Value) or not self.aliases.is_written(x):
            if self.aliases.is_written(z):
                self._copy_broadcast(op, z)
        elif self._is_over(op, z, x):
            op.args = (_copy_of(op, x, copier(x)), *op.args[1:])
        elif z not in self.uses.results and not isinstance(x.type, Unknown):
            # A number would not be written: what shows it keeps the one that was there.
            self._broadcast_where_used(op, z, x)

    def settle_imaginary(self, op: Call) -> None:
        """Takes the imaginary part of a copy of written memory, where that is as good: its shadow would be no view."""
        x, z = op.args[0], op.outputs[0]
        is_complex = isinstance(x.type, Array) and x.type.dtype is not None and x.type.dtype.kind == "c"
        if is_complex and self.aliases.is_written(x) and not self._is_written_through(z) and self._is_over(op, z, x):
            op.args = (_copy_of(op, x, copier(x)), *op.args[1:])

    def _is_written_through(self, z: Value) -> bool:
        """Whether memory is perhaps written through one of its views, or what it is handed on to."""
        pending, seen = [z], {z}
        while pending:
            for user in self.uses.users.get(pending.pop(), ()):
                if not isinstance(user, Call):
                    return True
                target = user.args[0] if not user.outputs or user.fn in IN_PLACE else None
                if target in seen or (target is not None and not isinstance(target.type, Array)):
                    return True
                pending += [o for o in user.outputs if o not in seen and self.aliases.find(o) is self.aliases.find(z)]
                seen.update(user.outputs)
        return False

    def _copy_broadcast(self, op: Call, z: Value) -> None:
        """Copies what is broadcast; what is made of it by a reshape is new memory, which may be written."""
        users = list(dict.fromkeys(self.uses.users.get(z, ())))
        copying = [user for user in users if isinstance(user, Call) and copies_perhaps(user)]
        if any(map(order_of, copying)):
            raise UnsupportedError(
                "what is broadcast is reshaped in an order of its own", op.span, "make it a copy: .copy()"
            )
        for user in copying:
            copy = _copy_of(user, z, copier(z))
            user.replace_inputs(lambda v, copy=copy: copy if v is z else v)
        if len(copying) < len(users) or z in self.uses.results:
            _copy_output(op, runtime.protected)

    def _broadcast_where_used(self, op: Call, z: Value, x: Value) -> None:
        """Broadcasts an array as it is where the view of it is looked at."""
        looks: list[tuple[Call, Value, list[Call]]] = []
        pending: list[tuple[Value, list[Call]]] = [(z, [])]
        while pending:
            value, views = pending.pop()
            for user in dict.fromkeys(self.uses.users.get(value, ())):
                if not isinstance(user, Call) or value in self.uses.results:
                    return
                if self._keeps_nothing(user, value):
                    looks.append((user, value, views))
                elif is_view(user) and not user.unpacks and not copies_perhaps(user):
                    pending.append((user.outputs[0], [*views, user]))
                else:
                    return
        for made in {op, *[view for _, _, views in looks for view in views]}:
            assert made.parent is not None
            made.parent.ops.remove(made)
        for user, value, views in looks:
            now = Value(x.type, None, op.span)
            _insert(user, 0, Call(copier(x), (x,), {}, [now], op.span))
            for made in (op, *views):
                shown = Value(made.outputs[0].type, made.outputs[0].hint, op.span)
                _insert(user, 0, Call(made.fn, (now, *made.args[1:]), dict(made.kwargs), [shown], op.span))
                now = shown
            user.replace_inputs(lambda v, now=now, value=value: now if v is value else v)

    def _is_over(self, op: Call, z: Value, x: Value) -> bool:
        """Whether a result is not used any more when the argument is written next."""
        memory = self.aliases.find(x)
        if not self.versions.stale(memory, op):
            return True
        if z in self.uses.results or op.parent is None:
            return False
        end = self.versions.next_write(memory, op)
        last = len(op.parent.ops) if end is None else self.uses.position(end)
        return self._is_used_up(z, op, last)

    def _is_used_up(self, z: Value, op: Op, last: int) -> bool:
        """Whether all that is computed from a value and may share its memory is computed from before a place."""
        pending, seen = [z], {z}
        while pending:
            value = pending.pop()
            if value in self.uses.results:
                return False
            for user in self.uses.users.get(value, ()):
                if not isinstance(user, Call) or user.parent is not op.parent or self.uses.position(user) > last:
                    return False
                if not self._keeps_nothing(user, value):
                    if on_containers(user) and user.fn is not operator.getitem:
                        return False
                    pending += [o for o in user.outputs if o not in seen]
                    seen.update(user.outputs)
        return True

    def _keeps_nothing(self, user: Call, z: Value) -> bool:
        """Whether an operation computes from a value, and keeps no reference to it."""
        new = not any(self.aliases.find(o) is self.aliases.find(z) for o in user.outputs)
        return new and not isinstance(user.args[0] if user.args else None, List) and not passed_on(user)


def _copy_of(op: Call, x: Value, copy: Any) -> Value:
    """A copy of an operand, made just before the operation."""
    made = Value(x.type, None, op.span)
    _insert(op, 0, Call(copy, (x,), {}, [made], op.span))
    return made


def _copy_output(op: Call, copy: Any) -> None:
    """Lets an operation have another output, of which what was its output is a copy."""
    z = op.outputs[0]
    given = Value(z.type, None, op.span)
    op.outputs, given.owner = [given], op
    _insert(op, 1, Call(copy, (given,), {}, [z], op.span))


def _insert(op: Call, offset: int, made: Call) -> None:
    """Puts an operation before another one, or behind it."""
    region = op.parent
    assert region is not None
    made.parent = region
    region.ops.insert(region.ops.index(op) + offset, made)
