"""Lengths of axes in generated loops: what they are, and the checks that NumPy makes of them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable

from srcgrad.ir.nodes import Call, Const, Function, If, Raise, Region, Value, walk
from srcgrad.ir.types import INT, Array, Axis, Dim, Opaque, PyScalar, same_length
from srcgrad.jit.pointwise import Writer

MISMATCH = "operands could not be broadcast together"


class Stretched(Exception):
    """An array has length 1 where the loops of compiled code take it to be as long as another one.

    Whoever called the compiled code calls another one then, which does not rely on that.
    """


def may_stretch(function: Function) -> bool:
    """Whether a function raises `Stretched` somewhere."""
    return any(isinstance(op, Call) and op.fn is Stretched for op in walk(function.body))


Measured = Callable[[Writer], Value]


class Facts:
    """The lengths that are known to be equal at a place of a function, beyond what types say.

    Attributes:
        relies: whether code may rely on it that no array of length 1 is stretched, and raise `Stretched` where one is.
    """

    def __init__(self, outer: Facts | None = None, relies: bool = False):
        self._parent: dict[Axis, Axis] = {} if outer is None else dict(outer._parent)
        self.relies = relies if outer is None else outer.relies

    def _root(self, axis: Axis) -> Axis:
        axis = _symbol(axis)
        while axis in self._parent:
            axis = self._parent[axis]
        return axis

    def equal(self, a: Axis, b: Axis) -> bool:
        """Whether two axes are known to have the same length."""
        if same_length(a, b) or self._root(a) == self._root(b):
            return True
        if isinstance(a, int) or isinstance(b, int) or a.offset != b.offset:
            return False
        return self._root(Dim(a.name)) == self._root(Dim(b.name))

    def learn(self, a: Axis, b: Axis) -> None:
        """Two axes have been found to have the same length."""
        p, q = self._root(a), self._root(b)
        if p != q:
            first, second = (q, p) if isinstance(p, int) else (p, q)
            self._parent[first] = second


def _symbol(axis: Axis) -> Axis:
    return Dim(axis.name, axis.offset) if isinstance(axis, Dim) else axis


class Lengths:
    """Writes the lengths of axes, as those of arrays that are there."""

    def __init__(self, facts: Facts, arrays: Iterable[Value]):
        self.facts = facts
        self.arrays = list(dict.fromkeys(arrays))

    def source(self, axis: Axis) -> tuple[Value, int, int] | None:
        """An array, one of its axes, and how much longer than that one the axis is; None if there is no such array."""
        best: tuple[tuple[int, int], tuple[Value, int, int]] | None = None
        for order, x in enumerate(self.arrays):
            assert isinstance(x.type, Array) and x.type.shape is not None
            for k, own in enumerate(x.type.shape):
                by = self._difference(axis, own)
                if by is not None and (best is None or (abs(by), order) < best[0]):
                    best = (abs(by), order), (x, k, by)
        return None if best is None else best[1]

    def _difference(self, axis: Axis, own: Axis) -> int | None:
        if self.facts.equal(axis, own):
            return 0
        if isinstance(axis, int) or isinstance(own, int) or not self.facts.equal(Dim(axis.name), Dim(own.name)):
            return None
        # The length of what is too short for its offset is 0, and then says nothing about longer axes.
        return axis.offset - own.offset if axis.offset <= own.offset or own.offset >= 0 else None

    def plus(self, writer: Writer, axis: Axis, by: int) -> Value:
        """The length of an axis and so much; less than that much where the axis is shorter than its offset says."""
        if isinstance(axis, int):
            return Const(axis + by)
        found = self.source(axis)
        assert found is not None
        x, k, more = found
        length = length_of(writer, x, k)
        total = more + by
        if total == 0:
            return length
        fn = operator.add if total > 0 else operator.sub
        return writer.call(fn, length, Const(abs(total)), type=INT)

    def exact(self, writer: Writer, axis: Axis) -> Value:
        """The length of an axis, 0 where it is empty."""
        found = self.measured(axis)
        assert found is not None
        return found(writer)

    def measured(self, axis: Axis) -> Measured | None:
        """What writes the length of an axis, as it can be had now; None if it can't."""
        if isinstance(axis, int):
            return lambda writer: Const(axis)
        found = self.source(axis)
        if found is None:
            return None
        x, k, more = found

        def written(writer: Writer) -> Value:
            length = length_of(writer, x, k)
            if more == 0:
                return length
            fn = operator.add if more > 0 else operator.sub
            length = writer.call(fn, length, Const(abs(more)), type=INT)
            return length if more > 0 else writer.call(max, length, Const(0), type=INT)

        return written


def length_of(writer: Writer, x: Value, k: int) -> Value:
    """The length of an axis of an array."""
    assert isinstance(x.type, Array) and x.type.shape is not None
    known = x.type.shape[k]
    if isinstance(known, int):
        return Const(known)
    if k == 0:
        return writer.call(len, x, type=PyScalar("i", known))
    shape = writer.call(getattr, x, Const("shape"))
    return writer.call(operator.getitem, shape, Const(k), type=PyScalar("i", known))


def raise_if(writer: Writer, condition: Value, cls: type[Exception], message: str) -> None:
    """Writes `if condition: raise cls(message)`."""
    then, orelse = Region(), Region()
    inner = Writer(then, writer.model)
    error = inner.call(cls, Const(message), type=Opaque(cls))
    inner.add(Raise(error))
    writer.add(If(condition, then, orelse, []))
