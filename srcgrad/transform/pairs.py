"""Forward and reverse functions of the graph functions that a program calls.

Before -> after, for a recursive `power`: the forward sweep calls `power_fwd(x, n) -> (out, tape)`, the reverse sweep
calls `power_rev(tape, out_bar) -> x_bar`. Buffers have no cotangent among these: their shadows are found through the
table of shadows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srcgrad.analysis.activity import Activity
from srcgrad.analysis.alias import Aliases
from srcgrad.ir.nodes import Call, Closed, Function, Invoke, Region, Value, walk
from srcgrad.ir.types import Opaque
from srcgrad.transform.clone import clone_function
from srcgrad.transform.closed import sweep_forward
from srcgrad.transform.split import TAPE, split

if TYPE_CHECKING:
    from srcgrad.transform.closed import ClosedPairs
    from srcgrad.transform.reverse import Reverse


@dataclass(eq=False)
class Pair:
    """The two functions that stand for one.

    Attributes:
        source: the function; it is turned into the forward function.
        seeds: which of its results have a cotangent.
        inputs: which of its parameters get one.
    """

    source: Function
    forward: Function
    reverse: Function
    seeds: list[int]
    inputs: list[int]


class Pairs:
    """The pairs made so far, one for each function.

    Attributes:
        uses_table: whether the reverse functions take the table of shadows.
        closed: the reverses of closed functions.
    """

    def __init__(self, activity: Activity, aliases: Aliases, uses_table: bool, closed: ClosedPairs):
        self._activity = activity
        self._aliases = aliases
        self._pairs: dict[Function, Pair] = {}
        self._primal: dict[int, Function] = {}
        self.uses_table = uses_table
        self.closed = closed

    def is_value(self, value: Value) -> bool:
        """Whether a value is active and has a cotangent of its own."""
        return self._activity.active(value) and not self._aliases.is_buffer(value)

    def _pair(self, function: Function) -> Pair:
        for pair in self._pairs.values():
            if function in (pair.source, pair.forward):
                return pair
        name = function.name
        seeds = [k for k, v in enumerate(function.body.results) if self.is_value(v)]
        inputs = [k for k, v in enumerate(function.params) if self.is_value(v)]
        forward = Function(f"{name}_fwd", function.params, function.body)
        pair = Pair(function, forward, Function(f"{name}_rev", [], Region()), seeds, inputs)
        self._pairs[function] = pair
        self._primal[id(function)] = clone_function(function)
        return pair

    def reverse_invoke(self, reverse: Reverse, op: Invoke) -> None:
        """Turns a call into the call of the forward function, and emits the call of the reverse function."""
        touches = any(reverse.activity.active(v) for v in (*op.args, *op.outputs))
        if not touches:
            return
        pair = self._pair(op.callee)
        lo = reverse.lo
        bars = []
        for k in pair.seeds:
            g = reverse.cotangent_of_output(op.outputs[k])
            bars.append(reverse.full_cotangent(g, op.outputs[k]))
        op.callee = pair.forward
        tape = Value(TAPE, "tape", op.span)
        tape.owner = op
        op.outputs.append(tape)
        outputs = [Value(op.args[k].type, None, op.span) for k in pair.inputs]
        table = [reverse.shadow_table] if self.uses_table and reverse.shadow_table is not None else []
        call = Invoke(pair.reverse, [tape, *bars, *table], outputs, op.span)
        call.mirror = op
        lo.append(call)
        for k, output in zip(pair.inputs, outputs, strict=True):
            reverse.contribute(op.args[k], output)

    def build(
        self,
        differentiate: Callable[[Function, list, list[Value], Value | None], list[Value]],
        polish: Callable[[Function], None],
    ) -> None:
        """Builds the pairs that were asked for, and those that they ask for.

        Args:
            differentiate: appends the reverse sweep to a function, given its seeds, its inputs and the table of
                shadows.
            polish: simplifies a function when it is complete.
        """
        done: set[Function] = set()
        while True:
            pending = [pair for pair in self._pairs.values() if pair.source not in done]
            if not pending:
                return
            for pair in pending:
                done.add(pair.source)
                self._build(pair, differentiate, polish)

    def _build(self, pair: Pair, differentiate: Any, polish: Any) -> None:
        function = pair.source
        results = list(function.body.results)
        seeds = [Value(results[k].type, f"{results[k].hint or 'out'}_bar") for k in pair.seeds]
        table = Value(Opaque(dict), "shadows") if self.uses_table else None
        params = [*seeds, *([table] if table is not None else [])]
        inputs = [function.params[k] for k in pair.inputs]
        rows = [(results[k], seed) for k, seed in zip(pair.seeds, seeds, strict=True)]
        bars = differentiate(function, rows, inputs, table)
        name = function.name
        function.result = tuple(function.body.results[: len(results)])
        gradients: Any = tuple(bars) if len(bars) != 1 else bars[0]
        forward, backward, kept = split(function, gradients, params, packed=True)
        tape = Value(TAPE, "tape")
        forward.body.append(Call(tuple, (tuple(kept),), {}, [tape]))
        forward.result = (*forward.result, tape)
        forward.body.results = [*forward.body.results[: len(results)], tape]
        forward.doc = f"Forward sweep of {name}."
        backward.doc = f"Reverse sweep of {name}."
        for target, made in ((pair.forward, forward), (pair.reverse, backward)):
            target.params, target.body, target.result, target.doc = made.params, made.body, made.result, made.doc
            target.name, target.captured = made.name, function.captured
            polish(target)

    def functions(self, entry: Function, settle: bool = True) -> list[Function]:
        """The functions that the entry calls, directly or not, callees first.

        Args:
            entry: the function.
            settle: whether no other reverse of them will be built.
        """
        found: list[Function] = []

        def visit(function: Function) -> None:
            for op in walk(function.body):
                if isinstance(op, Invoke):
                    op.callee = self._primal.get(id(op.callee), op.callee)
                    callee = op.callee
                elif isinstance(op, Call) and isinstance(op.fn, Closed):
                    callee = op.fn.function
                    if settle:
                        sweep_forward(op.fn)
                else:
                    continue
                if callee not in found:
                    found.append(callee)
                    visit(callee)

        visit(entry)
        return found
