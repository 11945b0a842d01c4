"""The forward transform: puts beside each operation the one that computes the tangent of what it makes.

A tangent lives where its primal lives: what is written in place has a tangent that is written in the same places, a
list has a list of tangents, and a view of the one is a view of the other. Whatever control flow does with a primal it
does with its tangent, so that nothing has to be kept or found again.

The notation and the method are those of Griewank and Walther, Evaluating Derivatives (2008), section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from srcgrad.analysis.activity import Activity
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.complexness import Complexness
from srcgrad.analysis.memory import LOOKUPS, written
from srcgrad.analysis.reads import Uses
from srcgrad.frontend.lowering import Lowering
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
from srcgrad.ir.types import List, Opaque, Tuple, is_scalar, rank
from srcgrad.transform import cotangents
from srcgrad.transform.call_tangents import push_call
from srcgrad.transform.places import mirror
from srcgrad.transform.write_tangents import push_write


class Forward:
    """Builds the tangents of the functions of one program.

    Attributes:
        lo: emits the operations.
        activity, aliases, complexness: the facts it relies on.
        uses: what uses the values of the program.
        dots: the tangents so far; one may be smaller than its primal, and then stands for its broadcast. What is
            active and has none has a tangent of zero.
        tables: what the shadows in generated code are looked up in; those of tangents have tables beside these.
        protected: whether what raises here leads to a handler.
        suffix: what names of tangents end with.
        mode: what names of functions that compute them end with.
        zero: the tangent of a number that has none.
        lookup: what finds a tangent in a table, if it is not what finds the shadow itself.
    """

    suffix = "dot"
    mode = "jvp"
    zero = Const(0.0)
    lookup: Callable[..., Any] | None = None

    def __init__(self, functions: list[Function], activity: Activity, aliases: Aliases):
        self.lo = Lowering()
        self.lo.fixed_span = True
        self.lo.fresh_prefix = "f"
        self.activity = activity
        self.aliases = aliases
        self.complexness = Complexness(functions, aliases)
        self.uses = Uses(functions)
        self.dots: dict[Value, Value] = {}
        self.tables = _tables(functions)
        self._active: dict[Value, bool] = {}
        self._active_memory = {aliases.find(v) for v in aliases.values if aliases.is_written(v) and activity.active(v)}
        self.protected = False
        self._may_be_protected = any(isinstance(op, Try) for function in functions for op in walk(function.body))
        self._signatures: dict[Function, tuple[list[int], list[int]]] = {}

    def run(self, function: Function, tangents: dict[Value, Value], results: Iterable[Value]) -> list[Value]:
        """Adds the tangents to a function.

        Args:
            function: the function.
            tangents: those of its inputs.
            results: what the tangents of are returned.
        """
        self.dots.update({v: dot for v, dot in tangents.items() if not self.activity.is_passive(v)})
        self.push_region(function.body)
        with self.lo.into(function.body):
            return [self.tangent(value) for value in results]

    def active(self, value: Value) -> bool:
        """Whether a value has a tangent: it is active, or holds memory that is."""
        known = self._active.get(value)
        if known is None:
            known = self.activity.active(value) or (
                is_pointer(value.type) and not self._active_memory.isdisjoint(self.aliases.within(value))
            )
            self._active[value] = known
        return known

    # Tangents of values

    def tangent(self, value: Value) -> Value:
        """The tangent of a value in its full shape; zeros, newly made, if it has none."""
        if isinstance(value, Const):
            # What is None on one path is a tuple, and has a tuple of tangents, on another.
            return Const(value.value) if value.value is UNDEFINED or value.value is None else self.zero
        dot = self.dots.get(value)
        if dot is None:
            known = not (self.active(value) and self.aliases.is_written(value))
            assert known, f"the tangent of {value!r}, which is written, is not known where it is needed"
            return self.zero if is_scalar(value.type) else self.zeros(value)
        return dot if isinstance(value.type, (List, Tuple, Opaque)) else cotangents.full_like(self.lo, dot, value)

    def zeros(self, value: Value) -> Value:
        """A new tangent of zeros."""
        return cotangents.zeros(self.lo, value, self.name_of(value))

    def is_buffer(self, value: Value) -> bool:
        return self.aliases.is_buffer(value)

    def name_of(self, value: Value) -> str | None:
        """What the tangent of a value is called."""
        return f"{value.hint}_{self.suffix}" if value.hint else None

    def define(self, value: Value, dot: Value) -> None:
        """Notes the tangent of a value; one without influence has none, as it cancels if none of its uses has one."""
        if self.activity.is_passive(value):
            return
        if self.aliases.is_written(value) and (rank(value.type) == 0 or _is_spread(dot)):
            # What is written is memory, not a number, and not one number that stands for many.
            dot = self.lo.value(self.lo.emit(np.array, dot))
        if not isinstance(dot, Const) and dot.hint is None:
            dot.hint = self.name_of(value)
        self.dots[value] = dot

    def like(self, value: Value) -> Value:
        """A value for the tangent of another."""
        return Value(value.type, self.name_of(value), value.span)

    def beside(self, value: Value) -> Value:
        """A value that is the tangent of another from now on."""
        dot = self.dots[value] = self.like(value)
        return dot

    # Operations

    def push_region(self, region: Region) -> None:
        """Adds the tangents of what a region computes."""
        ops, region.ops = region.ops, []
        with self.lo.into(region):
            for op in ops:
                self.lo.span = op.span
                self.lo.newest = Value().uid
                mark = len(region.ops)
                self._push(op)
                for made in region.ops[mark:]:
                    if made is not op:
                        mirror(made, op)

    def _push(self, op: Op) -> None:
        if isinstance(op, Call):
            if written(op) is not None:
                self.push_write(op)
            elif op.outputs and op.outputs[0] in self.tables:
                self.lo.region.append(op)
                self.lo.append(Call(op.fn, op.args, op.kwargs, [self.beside(op.outputs[0])], op.span))
            else:
                self.push_call(op)
            self._make_missing(op)
        elif isinstance(op, If):
            self._push_if(op)
        elif isinstance(op, Loop):
            self._push_loop(op)
        elif isinstance(op, Invoke):
            self._push_invoke(op)
        else:
            self.lo.region.append(op)

    def push_call(self, op: Call) -> None:
        """Adds a call that writes nothing, and the tangents of what it returns."""
        push_call(self, op)

    def push_write(self, op: Call) -> None:
        """Adds a write, and that of its tangent."""
        push_write(self, op)

    def _make_missing(self, op: Call) -> None:
        """Memory that is written, or holds others, has a tangent from the start."""
        for output in op.outputs:
            if output not in self.dots and self.active(output) and self.aliases.is_buffer(output):
                self.dots[output] = self.zeros(output)

    def _push_if(self, op: If) -> None:
        self.lo.region.append(op)
        for region in op.regions:
            outer = self.protected, self.lo.divides_by_zero
            self.protected |= isinstance(op, Try) and region is op.then
            # The slope of what does not raise must not lead to the handler either.
            self.lo.divides_by_zero = self.protected
            self.push_region(region)
            self.protected, self.lo.divides_by_zero = outer
        for k, output in enumerate(list(op.outputs)):
            if not self.active(output):
                continue
            for region in op.regions:
                region.results.append(self._result(region, region.results[k]))
            self._add_output(op, output)

    def _result(self, region: Region, value: Value) -> Value:
        """The tangent of a result of a region."""
        if region.ops and isinstance(region.ops[-1], Raise):
            return Const(UNDEFINED)
        with self.lo.into(region):
            return self.tangent(value)

    def _push_loop(self, op: Loop) -> None:
        rows = [
            (k, init, arg, output)
            for k, (init, arg, output) in enumerate(zip(op.inits, op.carried, op.carried_outputs, strict=True))
            if self.active(arg) or self.active(output)
        ]
        for k, init, arg, _ in rows:
            op.inits.append(self.tangent(init))
            self._add_argument(op.body, arg)
            if isinstance(op, While):
                self._add_argument(op.test, op.test.args[k])
        self.lo.region.append(op)
        for region in op.regions:
            self.push_region(region)
        results = op.carried_results
        for k, _, _, output in rows:
            op.body.results.append(self._result(op.body, results[k]))
            self._add_output(op, output)

    def _add_argument(self, region: Region, arg: Value) -> None:
        dot = self.beside(arg)
        dot.owner = region
        region.args.append(dot)

    def _add_output(self, op: Op, output: Value) -> None:
        dot = self.like(output)
        dot.owner = op
        op.outputs.append(dot)
        self.define(output, dot)

    def _push_invoke(self, op: Invoke) -> None:
        params, results = self._signature(op.callee)
        op.args = [*op.args, *[self.tangent(op.args[k]) for k in params]]
        self.lo.region.append(op)
        for k in results:
            self._add_output(op, op.outputs[k])

    def _signature(self, function: Function) -> tuple[list[int], list[int]]:
        """The parameters and the results of a function of the graph that have tangents; it gets them when it is met."""
        known = self._signatures.get(function)
        if known is not None:
            return known
        params = [k for k, p in enumerate(function.params) if self.active(p) or p in self.tables]
        results = [k for k, result in enumerate(function.body.results) if self.active(result)]
        self._signatures[function] = params, results
        taken = {p.hint for p in function.params}
        for k in params:
            self._add_argument(function.body, function.params[k])
            made = function.body.args[-1]
            # A function that was generated may have a tangent of that name already.
            stem, count = made.hint, 0
            while made.hint is not None and made.hint in taken:
                count += 1
                made.hint = f"{stem}_{count}"
            taken.add(made.hint)
        function.params = list(function.body.args)
        outer = self.lo.span, self.protected, self.lo.divides_by_zero
        self.protected = self.lo.divides_by_zero = self._may_be_protected
        self.push_region(function.body)
        self.lo.span, self.protected, self.lo.divides_by_zero = outer
        for k in results:
            function.body.results.append(self._result(function.body, function.body.results[k]))
        if params or results:
            function.name = f"{function.name}_{self.mode}"
        found: Any = tuple(function.body.results)
        function.result = found[0] if len(found) == 1 else found
        return params, results


def _is_spread(dot: Value) -> bool:
    return isinstance(dot.owner, Call) and dot.owner.fn is np.broadcast_to


def _tables(functions: list[Function]) -> set[Value]:
    """The tables of shadows of some functions, those that they hand to each other among them."""
    ops = [op for function in functions for op in walk(function.body)]
    found = {op.args[0] for op in ops if isinstance(op, Call) and op.fn in LOOKUPS}
    count = -1
    while len(found) != count:
        count = len(found)
        for op in ops:
            if isinstance(op, Invoke):
                found.update(arg for param, arg in zip(op.callee.params, op.args, strict=False) if param in found)
    return found
