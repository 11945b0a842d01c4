"""Vector mode: a sweep for many tangents or cotangents at once, which stand along a leading axis.

What is computed from the seeds becomes *batched*: an array with the axis of the seeds in front of its own. Elementwise
code stays what it is, but for axes of length 1 that keep the others where they were; other functions have batch rules
in the registry; control flow over what is not batched stays as it is. Whatever else meets a batched value raises
`NotBatched`: then there is one sweep for each seed.

Before -> after, with `x_dot` batched: `y_dot[i] = w * np.sum(x_dot)` -> `y_dot[:, i] = w * np.sum(x_dot, axis=1)`.

Notation and idea are those of `vmap` in JAX (Frostig, Johnson and Leary 2018).
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from srcgrad.analysis.activity import flows, in_and_out, spread, stored
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import (
    contents_read,
    written,
)
from srcgrad.frontend.access import shape
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Sequence, Symbol
from srcgrad.ir.nodes import (
    UNDEFINED,
    Call,
    Const,
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
from srcgrad.ir.types import F8, Array, Axis, Dim, List, NpScalar, PyScalar, Tuple, Type, is_scalar, rank, shape_of
from srcgrad.rules.registry import hashable
from srcgrad.transform.batch_calls import (
    LIKENESSES,
    NotBatched,
    batch_call,
    dtype_option,
    is_laid_out,
    model_of,
    reads_outside,
)
from srcgrad.transform.cotangents import cast, is_fresh
from srcgrad.transform.definedness import may_be_missing


class Batch:
    """Turns the code that depends on some seeds into code for many of them at once.

    Attributes:
        lo: emits the operations.
        count: how many seeds there are.
        found: the batched form of each value that has one, as far as the transform got.
    """

    def __init__(self, function: Function, seeds: dict[Value, Value], count: Value):
        self.lo = Lowering()
        self.lo.fixed_span = True
        self.lo.fresh_prefix = "v"
        self.lo.divides_by_zero = True
        self.count = count
        self.found = dict(seeds)
        self.function = function
        self.rest: list[Op] = []
        self.users = _users(function)
        self._tries = any(isinstance(op, Try) for op in walk(function.body))
        self.aliases = Aliases([function])
        self._facts: set[Any] = {self._key(v) for v in seeds}
        spread(self._facts, in_and_out(function.body), self._spread)
        if any(self.is_batched(v) for v in (*function.params, *function.captured)):
            raise NotBatched("an argument")

    # What is batched

    def _key(self, value: Value) -> Any:
        """What the fact is recorded for: the value, or the memory that it points into."""
        return self.aliases.find(value) if self.aliases.is_written(value) else value

    def is_batched(self, value: Value) -> bool:
        return not isinstance(value, Const) and self._key(value) in self._facts

    def _mark(self, values: Iterable[Value]) -> None:
        self._facts.update(self._key(v) for v in values if not isinstance(v, Const))

    def _spread(self, op: Op) -> None:
        if isinstance(op, Call):
            target = written(op)
            if target is not None and any(map(self.is_batched, stored(op))):
                self._mark([target])
            if not reads_outside(op) and any(map(self.is_batched, contents_read(op))):
                self._mark(op.outputs)
        elif isinstance(op, Invoke):
            if any(map(self.is_batched, op.args)):
                raise NotBatched("a call of a function of the graph")
        else:
            for target, source in flows(op):
                if self.is_batched(source):
                    self._mark([target])

    # The batched form of values

    def get(self, value: Value) -> Value:
        """The batched form of a value that has one, and else the value."""
        if not self.is_batched(value):
            return value
        known = self.found.get(value)
        if known is None:
            raise NotBatched(f"{value!r} is used before it is computed")
        return known

    def merged(self, value: Value, target: Value) -> Value:
        """The batched form of what a path leaves to a value: of a constant number in the dtype that the value has.

        The zero of a complex number may be a real one, and what is added in place later would have to be real, too.
        """
        is_number = is_scalar(value.type) and is_scalar(target.type)
        return self.lifted(value, self.type_of(target.type) if is_number else None)

    def lifted(self, value: Value, t: Type | None = None) -> Value:
        """The batched form of any value, or of a number as this type: the same for each seed, if it depends on none."""
        if isinstance(value, Const) and value.value is UNDEFINED:
            return value
        if self.is_batched(value):
            return self.get(value)
        t = self.type_of(value.type) if t is None else t
        lo = self.lo
        if not isinstance(t, Array):
            raise NotBatched("a container")
        self.check_defined(value)
        if isinstance(value.owner, Call) and value.owner.fn is np.zeros_like and not self.aliases.is_written(value):
            return lo.value(lo.emit(np.zeros, self.with_count(shape(lo, model_of(value))), **dtype_option(t)))
        if is_scalar(value.type) and isinstance(value, Const) and value.value == 0:
            return lo.value(lo.emit(np.zeros, self.count, **dtype_option(t)))
        if is_scalar(value.type):
            return lo.value(lo.emit(np.full, self.count, value, **dtype_option(t)))
        return lo.value(lo.emit(np.broadcast_to, value, self.with_count(shape(lo, value))))

    def check_defined(self, value: Value) -> None:
        """Refuses to look at a value that may not be there: what a path did not get to is None at run time."""
        owner = value.owner
        if isinstance(owner, Call) and hashable(owner.fn) and owner.fn in LIKENESSES:
            self.check_defined(owner.args[0])
        if may_be_missing(value) or (self._tries and not is_scalar(value.type)):
            raise NotBatched("what may be undefined")

    def with_count(self, lengths: Symbol) -> Symbol:
        """A shape with the axis of the seeds in front."""
        if isinstance(lengths, Sequence):
            return Sequence((self.count, *lengths.items))
        items = getattr(getattr(lengths, "type", None), "items", None)
        if not isinstance(lengths, Value) or items is None:
            raise NotBatched("a shape of unknown length")
        parts = [self.lo.emit(operator.getitem, lengths, Const(k)) for k in range(len(items))]
        return Sequence((self.count, *parts))

    def type_of(self, t: Type) -> Type:
        """The type of the batched form of a value of this type."""
        dim: Axis | None = self.count.type.dim if isinstance(self.count.type, PyScalar) else None
        if isinstance(self.count, Const):
            dim = self.count.value
        dim = Dim("seeds") if dim is None else dim
        if isinstance(t, PyScalar):
            return Array(np.dtype(complex) if t.kind == "c" else F8, (dim,))
        if isinstance(t, NpScalar):
            return Array(t.dtype if t.dtype.kind in "fc" else F8, (dim,))
        if isinstance(t, Array) and t.shape is not None:
            return Array(t.dtype, (dim, *t.shape))
        if type(t) is List:
            return replace(t, item=self.type_of(t.item))
        if type(t) is Tuple:
            return t.with_items(self.type_of(item) for item in t.items)
        raise NotBatched(f"a value of type {t}")

    def note(self, value: Value, result: Value) -> None:
        """Notes the batched form of the output of a call, in the dtype that the output has."""
        expected = self.type_of(value.type)
        if isinstance(expected, Array):
            if isinstance(result.type, Array) and result.type.shape is None and result.type.dtype == expected.dtype:
                result.type = expected
            own = shape_of(result.type)
            if own is None or len(own) != len(expected.shape or ()):
                raise NotBatched(f"a result of type {result.type} instead of {expected}")
            like = Value(expected)
            if isinstance(value.type, (Array, NpScalar)):
                result = cast(self.lo, result, like)
        if rank(value.type) and self.is_viewed(value) and is_fresh(result) and not is_laid_out(result):
            # What arithmetic makes may have its axes in another order in memory.
            result = self.lo.value(self.lo.emit_typed(np.ascontiguousarray, (result,), {}, result.type))
        if result.hint is None:
            result.hint = value.hint
        self.found[value] = result

    def is_viewed(self, value: Value) -> bool:
        """Whether there are views of what is written that NumPy gives of arrays without gaps alone."""
        return self.aliases.is_written(value) and self.aliases.is_reshaped(value)

    def new(self, value: Value, owner: Any) -> Value:
        """A value for the batched form of another: the argument of a region, or an output."""
        made = self.found[value] = Value(self.type_of(value.type), value.hint, value.span)
        made.owner = owner
        return made

    # Operations

    def run(self) -> None:
        """Transforms the function; `lifted` then gives the batched forms of its results.

        Raises:
            NotBatched: if something has no batched form; the function is then in pieces.
        """
        self.region(self.function.body)
        self.function.body.results = []
        for op in walk(self.function.body):
            values = [*op.inputs, *[v for region in op.regions for v in region.results]]
            if any(self.is_batched(v) for v in values):
                raise NotBatched(f"{op!r} uses a batched value")

    def region(self, region: Region) -> None:
        """Transforms the operations of a region."""
        ops, region.ops = region.ops, []
        with self.lo.into(region):
            for k, op in enumerate(ops):
                self.lo.span = op.span
                self.rest = ops[k + 1 :]
                mark = len(region.ops)
                self._visit(op)
                for made in region.ops[mark:]:
                    made.mirror = made.mirror or op.mirror

    def _visit(self, op: Op) -> None:
        if isinstance(op, Call):
            target = written(op)
            touched = [*op.outputs, *op.inputs] if target is None else [*op.outputs, *op.inputs, target]
            if any(map(self.is_batched, touched)):
                batch_call(self, op)
            else:
                self.lo.region.append(op)
        elif isinstance(op, If):
            self._if(op)
        elif isinstance(op, Loop):
            self._loop(op)
        else:
            self.lo.region.append(op)

    def _if(self, op: If) -> None:
        for region in op.regions:
            self.region(region)
            self._lift_results(region, {k: output for k, output in enumerate(op.outputs) if self.is_batched(output)})
        op.outputs = [self.new(v, op) if self.is_batched(v) else v for v in op.outputs]
        self.lo.region.append(op)

    def _lift_results(self, region: Region, targets: dict[int, Value]) -> None:
        ends = bool(region.ops) and isinstance(region.ops[-1], Raise)
        with self.lo.into(region):
            for k, target in targets.items():
                region.results[k] = Const(UNDEFINED) if ends else self.merged(region.results[k], target)

    def _loop(self, op: Loop) -> None:
        first = int(op.exits)
        places = [k for k, arg in enumerate(op.carried) if self.is_batched(arg)]
        for k in places:
            op.inits[k] = self.merged(op.inits[k], op.carried[k])
        offset = len(op.body.args) - len(op.inits)
        for k in places:
            op.body.args[offset + k] = self.new(op.body.args[offset + k], op.body)
            if isinstance(op, While):
                op.test.args[k] = self.new(op.test.args[k], op.test)
        for region in op.regions:
            self.region(region)
        self._lift_results(op.body, {first + k: op.outputs[first + k] for k in places})
        for k in places:
            op.outputs[first + k] = self.new(op.outputs[first + k], op)
        self.lo.region.append(op)


def _users(function: Function) -> dict[Value, list[Op | Region]]:
    """What uses each value: operations, and regions that it is a result of."""
    found: dict[Value, list[Op | Region]] = {}
    for value in function.body.results:
        found.setdefault(value, []).append(function.body)
    for op in walk(function.body):
        for value in op.inputs:
            found.setdefault(value, []).append(op)
        for region in op.regions:
            for value in region.results:
                found.setdefault(value, []).append(region)
    return found
