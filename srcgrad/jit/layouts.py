"""Reshapes that NumPy and compiled code could decide differently: a view of an array, or a copy of it.

NumPy keeps the order of what it is given in what it computes: the sine of an array in columns lies in columns, and
`ravel` copies it. Numba lays most results out in rows. Where the array or its reshape is written later, the numbers
would differ. They do not if all arrays that come from outside lie in rows, which is checked where it matters:

    u = np.sin(x)                if not in_rows(x):
    r = u.ravel()                    raise NotJitableError("x does not lie in rows, ...")
    u *= 2.0                     u = np.sin(x)
                                 r = u.ravel()
                                 u *= 2.0
"""

from __future__ import annotations

import operator
from collections.abc import Iterable

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import MAY_COPY, among, copies_perhaps, is_basic_index, is_view, order_of
from srcgrad.errors import NotJitableError
from srcgrad.ir.flow import sources
from srcgrad.ir.nodes import Call, Const, Function, Invoke, Op, Region, Value, walk
from srcgrad.ir.types import BOOL, Array, rank
from srcgrad.jit import helpers
from srcgrad.jit.kernel import not_jitable
from srcgrad.jit.lengths import raise_if
from srcgrad.jit.pointwise import Writer
from srcgrad.jit.reshapes import may_be_written
from srcgrad.rules.shape import array_of_rows

_UNSURE = (
    "Numba may lay out this array in another order than NumPy does, and then gives a view where NumPy gives a copy, or"
    " the other way round; one of the two is written, so that it matters; write .copy() behind it if a copy is meant"
)
_NOT_IN_ROWS = (
    "{} does not lie in rows (the order of C): Numba might give a view of what is made of it where NumPy gives a copy;"
    " pass numpy.ascontiguousarray of it, or leave out jit=True"
)

_IN_ROWS = frozenset([np.zeros, np.ones, np.empty, np.full, np.arange, np.eye, np.linspace])
"""What lies in rows, in NumPy and in Numba, unless another order is asked for."""
_LIKE_OPERANDS = frozenset(
    [
        *(np.where, np.array, np.concatenate, np.stack, np.hstack, np.vstack, np.zeros_like, np.empty_like),
        *(np.ones_like, np.full_like, np.copy, np.ndarray.copy, np.ndarray.astype, np.sort, np.clip, np.diff),
        *(np.dot, np.matmul, np.outer, np.sum, np.prod, np.mean, np.max, np.min, np.cumsum, np.cumprod, np.roll),
        *(np.repeat, np.tile, array_of_rows, runtime.copied, runtime.protected, runtime.zeros_like),
    ]
)
"""What lies in rows if all operands do."""
_VIEWS_IN_ROWS = frozenset([np.reshape, np.ravel, np.expand_dims, np.squeeze])


def check_layouts(functions: list[Function], entries: list[Function]) -> None:
    """Has the code raise where arrays do not lie in rows and it matters for what a reshape gives.

    Args:
        functions: all of them, as they are for NumPy; the entries are changed.
        entries: those that Python calls.

    Raises:
        NotJitableError: if it matters and nobody can tell in what order an array lies.
    """
    reshapes = [(f, op) for f in functions for op in walk(f.body) if _decides(op)]
    if not reshapes:
        return
    aliases = Aliases(functions)
    origins = _Origins(functions, entries)
    orders = {f: {op: k for k, op in enumerate(walk(f.body))} for f, _ in reshapes}
    for function, op in reshapes:
        writes = [w for w in aliases.writers.get(aliases.find(op.outputs[0]), ()) if w.mirror is None]
        if may_be_written(op, orders[function], writes, aliases):
            origins.need(op)
    for entry in entries:
        _check(entry, [x for x in origins.in_rows if origins.entry_of[x] is entry])


def _decides(op: Op) -> bool:
    """Whether an operation of the program gives a view or a copy, and compiled code could take the other."""
    if not isinstance(op, Call) or op.mirror is not None or not among(op.fn, MAY_COPY):
        return False
    return isinstance(op.args[0], Value) and rank(op.args[0].type) != 1


class _Origins:
    """The arrays from outside that the order of others follows from.

    Attributes:
        in_rows: those that have to lie in rows.
        entry_of: the entry that each of them is found in.
    """

    def __init__(self, functions: list[Function], entries: list[Function]):
        self.in_rows: dict[Value, None] = {}
        self.entry_of: dict[Value, Function] = {}
        self._entries = entries
        self._outside = {v: f for f in entries for v in (*f.params, *f.captured)}
        self._seen: set[tuple[Value, bool]] = set()
        self._given: dict[Value, list[Value]] = {}
        for function in functions:
            for op in walk(function.body):
                if isinstance(op, Invoke):
                    for arg, param in zip(op.args, op.callee.params, strict=True):
                        self._given.setdefault(param, []).append(arg)

    def need(self, op: Call) -> None:
        """Notes what has to lie in rows so that compiled code does as NumPy does."""
        if op.fn is np.ravel and not order_of(op):
            known = self._follow(op.args[0], False)
        else:
            known = not order_of(op) and op.fn is np.reshape and self._follow(op.args[0], True)
        if not known:
            raise not_jitable(op, _UNSURE)

    def _follow(self, value: Value, rows: bool) -> bool:
        """Whether an array lies in compiled code as it does in NumPy, and in rows if that is asked for.

        What was seen before was found to do so: what does not is an error.
        """
        pending = [(value, rows)]
        while pending:
            found = pending.pop()
            if found in self._seen or isinstance(found[0], Const):
                continue
            self._seen.add(found)
            before = self._before(*found)
            if before is None:
                return False
            pending += before
        return True

    def _before(self, value: Value, rows: bool) -> list[tuple[Value, bool]] | None:
        """What a value lies in memory like, and whether that has to lie in rows; None if nobody knows."""
        owner = value.owner
        if rank(value.type) == 0 or (rank(value.type) == 1 and _is_made(owner)):
            return []
        entry = self._entry(value)
        if entry is not None:
            if rows:
                self.in_rows[value] = None
                self.entry_of[value] = entry
            return []
        if isinstance(owner, Invoke):
            return [(owner.callee.body.results[owner.outputs.index(value)], rows)]
        if isinstance(owner, Call):
            return _before_call(owner, rows)
        flowing = [values[k] for values, k in sources(value)] or self._given.get(value)
        return None if flowing is None else [(v, rows) for v in flowing]

    def _entry(self, value: Value) -> Function | None:
        """The entry that is given an array, by itself or in a container; None if it comes from elsewhere."""
        while isinstance(value.owner, Call) and value.owner.parent in [f.body for f in self._entries]:
            if value.owner.fn not in (operator.getitem, getattr) or isinstance(value.owner.args[0].type, Array):
                return None
            value = value.owner.args[0]
        return self._outside.get(value)


def _is_made(owner: object) -> bool:
    """Whether a value is new memory: one axis of it has no gaps then."""
    return isinstance(owner, Call) and not is_view(owner)


def _before_call(op: Call, rows: bool) -> list[tuple[Value, bool]] | None:
    """What the result of a call lies in memory like, as in `_Origins._before`."""
    operands = [v for v in op.inputs if isinstance(v, Value) and rank(v.type) != 0]
    if is_view(op):
        if rows and not _keeps_rows(op):
            return None
        return [(op.args[0], rows or copies_perhaps(op))]
    if "order" in op.kwargs or not _is_plain(op):
        return None
    if among(op.fn, _IN_ROWS):
        return []
    return [(v, True) for v in operands]


def _keeps_rows(op: Call) -> bool:
    """Whether a view of what lies in rows does so, too."""
    if op.fn is operator.getitem:
        parts = op.args[1] if isinstance(op.args[1], tuple) else (op.args[1],)
        return all(rank(part.type) == 0 if isinstance(part, Value) else part is None for part in parts)
    return among(op.fn, _VIEWS_IN_ROWS) and not order_of(op)


def _is_plain(op: Call) -> bool:
    """Whether results lie in rows if all operands do, in NumPy and in Numba."""
    if op.fn is operator.getitem:
        # An index array behind a slice, or beside others, may give another order.
        index = op.args[1]
        return isinstance(index, Value) and rank(index.type) == 1 and not is_basic_index(index)
    arithmetic = isinstance(op.fn, np.ufunc) or getattr(op.fn, "__module__", None) == "_operator"
    return arithmetic or among(op.fn, _IN_ROWS | _LIKE_OPERANDS)


def _check(entry: Function, arrays: Iterable[Value]) -> None:
    """Writes what raises if an array does not lie in rows, before all else that the entry does."""
    asked = [x for x in arrays if rank(x.type) is None or rank(x.type) > 1]
    if not asked:
        return
    ops = entry.body.ops
    made = Region()
    for x in asked:
        writer = Writer(made, ops[0])
        lies = writer.call(helpers.in_rows, x, type=BOOL)
        message = _NOT_IN_ROWS.format(x.hint or "an array")
        raise_if(writer, writer.call(operator.not_, lies, type=BOOL), NotJitableError, message)
    owners = [x.owner for x in asked]
    place = max((ops.index(op) + 1 for op in owners if op in ops), default=0)
    ops[place:place] = made.ops
    for op in made.ops:
        op.parent = entry.body
    if entry.backward_from is not None:
        entry.backward_from += len(made.ops)
