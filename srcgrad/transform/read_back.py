"""What a loop stores in an array that keeps it is read from there in the reverse sweep, and need not be saved.

Before -> after: `ratio = b[i] / a[i]; x[i] = ratio`, where the reverse sweep needs `ratio` and nobody writes `x[i]`
again: it reads `x[i]`.
"""

from __future__ import annotations

import operator

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.versions import Versions
from srcgrad.ir.nodes import Call, Const, Function, Op, Region, Value, walk
from srcgrad.ir.types import Array, NpScalar, is_scalar
from srcgrad.transform.homes import in_loop
from srcgrad.transform.undo import Contents


class ReadBack:
    """Reads of one function, each right after the write that stores what is read.

    Attributes:
        reads: each read -> what it finds.
    """

    def __init__(self, function: Function, aliases: Aliases, versions: Versions, contents: Contents):
        self._function = function
        self._aliases = aliases
        self._versions = versions
        self._contents = contents
        self.reads: dict[Call, Value] = {}

    def run(self) -> None:
        """Has the reverse sweep use what it finds in an array, in place of what was stored there."""
        start = self._function.backward_from
        assert start is not None
        reverse = Region()
        reverse.ops = self._function.body.ops[start:]
        needed = {v for op in walk(reverse) for v in _used_by(op)}
        mapping: dict[Value, Value] = {}
        for op in list(walk(self._function.body)):
            if self._versions.is_forward(op) and isinstance(op, Call) and self._keeps(op):
                stored = op.args[2]
                if stored in needed and stored not in mapping:
                    mapping[stored] = self._read_after(op, stored)
        if mapping:
            for op in walk(reverse):
                op.replace_inputs(lambda v: mapping.get(v, v))
                for region in op.regions:
                    region.results = [mapping.get(v, v) for v in region.results]

    def finish(self) -> None:
        """Takes away the reads again: where the tape saves what they find, it saves what was stored."""
        found = {read.outputs[0]: stored for read, stored in self.reads.items()}
        for op in walk(self._function.body):
            op.replace_inputs(lambda v: found.get(v, v))
            for region in op.regions:
                region.results = [found.get(v, v) for v in region.results]
        for read in self.reads:
            assert read.parent is not None
            read.parent.ops.remove(read)

    def _keeps(self, op: Call) -> bool:
        """Whether a number that is made in a turn of a loop is stored by this, and stays there as it is."""
        if op.fn is not operator.setitem or op.parent is None or not in_loop(op.parent):
            return False
        x, index, stored = op.args
        if not isinstance(stored, Value) or isinstance(stored, Const) or not isinstance(x.type, Array):
            return False
        parts = index if isinstance(index, tuple) else (index,)
        whole = x.type.shape is not None and len(parts) == len(x.type.shape) and all(map(_is_number, parts))
        alike = isinstance(stored.type, NpScalar) and stored.type.dtype == x.type.dtype
        made_here = isinstance(stored.owner, Op) and stored.owner.parent is op.parent
        if not (whole and alike and made_here and stored.type.differentiable):
            return False
        if self._aliases.find(x) in self._contents.undone:
            return False
        return not self._versions.overwritten_at(x, index, op)

    def _read_after(self, write: Call, stored: Value) -> Value:
        found = Value(stored.type, stored.hint, stored.span)
        read = Call(operator.getitem, write.args[:2], {}, [found], write.span)
        region = write.parent
        assert region is not None
        read.parent = region
        region.ops.insert(region.ops.index(write) + 1, read)
        self._versions.add_after(read, write)
        self.reads[read] = stored
        return found


def _is_number(part: object) -> bool:
    return isinstance(part, Value) and is_scalar(part.type)


def _used_by(op: Op) -> list[Value]:
    return [*op.inputs, *[v for region in op.regions for v in region.results]]
