"""Closed functions: made of operations of a program, and reversed by running them again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases, is_pointer, reachable
from srcgrad.analysis.origins import Origins
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.custom_calls import step_of
from srcgrad.ir.nodes import Call, Closed, Const, Function, Op, Region, Value, references, walk
from srcgrad.ir.types import Array, Dict, List, Opaque, Tuple, Unknown, is_scalar
from srcgrad.rules.custom import ForwardSweep, Primal
from srcgrad.transform.clone import clone_callees, clone_ops
from srcgrad.transform.cotangents import ZERO
from srcgrad.transform.definedness import define_everywhere, may_be_missing, may_be_undefined
from srcgrad.transform.overlap import overlap_check
from srcgrad.transform.separation import separate
from srcgrad.transform.simplify import remove_dead_code, replace_values
from srcgrad.transform.split import TAPE
from srcgrad.transform.strong_zeros import Zeros

if TYPE_CHECKING:
    from srcgrad.transform.reverse import Reverse


@dataclass(frozen=True, slots=True)
class Cut:
    """What is known of the place that operations are cut out of.

    Attributes:
        name: what to call the function.
        origins: where the memory of its values was made.
        after: the values that are used later.
        layout: whether it matters how arrays lie in memory.
    """

    name: str
    origins: Origins
    after: set[Value]
    layout: bool


def closed_function(
    cut: Cut, name: str, given: list[Value], meaning: list[Value], ops: list[Op], results: list[Value]
) -> tuple[Closed, list[int]]:
    """A function that does what some operations do.

    Args:
        cut: where they are from.
        name: what to call it.
        given: the values that become parameters.
        meaning: for each, a value of the program whose memory it may be.
        ops: the operations; they stay as they are.
        results: what it returns, followed by what it has made of the memory that it writes.

    Returns:
        the function, and which parameters it writes: copies of them.
    """
    params = parameters(given)
    mapping = dict(zip(given, params, strict=True))
    body = Region(list(params))
    for op in clone_ops(ops, mapping):
        body.append(op)
    body.results = [mapping.get(v, v) for v in results]
    return close_body(cut, name, params, meaning, body)


def close_body(
    cut: Cut, name: str, params: list[Value], meaning: list[Value], body: Region
) -> tuple[Closed, list[int]]:
    """As `closed_function`, of a complete body."""
    function = Function(name, params, body)
    callees = clone_callees(function)
    undefined = [k for k, v in enumerate(body.results) if may_be_undefined(v)]
    for k in undefined:
        define_everywhere(body.results[k])
    unsure = frozenset(k for k in undefined if not is_scalar(body.results[k].type))
    aliases = Aliases([function])
    origins = Origins(aliases, params)
    writes = origins.written_by(body.ops)
    written = [k for k, p in enumerate(params) if is_pointer(p.type) and not origins.of(p).isdisjoint(writes)]
    first: list[Op] = []
    met = _meeting(cut, written, params, meaning)
    if met:
        both = [params[k] for k in sorted({k for pair in met for k in pair})]
        first.append(overlap_check([params[k] for k in written if params[k] in both], both, aliases))
    copies: dict[Value, Value] = {}
    for k in written:
        copies[params[k]] = copy = Value(params[k].type, params[k].hint, params[k].span)
        first.append(Call(_copier(cut, params[k]), (params[k],), {}, [copy], params[k].span))
    replace_values(body, copies)
    for op in first:
        op.parent = body
    body.ops = [*first, *body.ops]
    body.results = [*body.results, *[copies[params[k]] for k in written]]
    set_result(function)
    remove_dead_code([function])
    separate([function, *callees], function)
    made = list(body.results)
    _return_new_memory(cut, function)
    return Closed(function, cut.layout, unsure, made=made), written


def set_result(function: Function) -> None:
    results = tuple(function.body.results)
    function.result = results[0] if len(results) == 1 else results or None


def parameters(given: list[Value]) -> list[Value]:
    """Parameters for values, each with a name of its own."""
    taken: set[str] = set()
    params: list[Value] = []
    for value in given:
        stem = name = value.hint or "value"
        k = 0
        while name in taken:
            k += 1
            name = f"{stem}_{k}"
        taken.add(name)
        params.append(Value(value.type, name, value.span))
    return params


def _meeting(cut: Cut, written: list[int], params: list[Value], meaning: list[Value]) -> list[tuple[int, int]]:
    """The parameters that may be the memory of one that is written, with that one."""
    pairs = [(k, j) for k in written for j in range(len(params)) if j != k]
    return [(k, j) for k, j in pairs if cut.origins.meet(meaning[k], meaning[j])]


def _copier(cut: Cut, value: Value) -> Callable:
    t = value.type
    if isinstance(t, Array):
        return runtime.copied if cut.layout else np.ndarray.copy
    if type(t) is List:
        return list.copy
    if isinstance(t, Dict):
        return dict.copy
    raise UnsupportedError(
        f"{value.hint or 'something'}, which is no array of known kind, is written in place in what is checkpointed",
        value.span,
        "make it anew",
    )


def _return_new_memory(cut: Cut, function: Function) -> None:
    """Copies results that may be the memory of a parameter, or of another result."""
    origins = Origins(Aliases([function]), function.params)
    taken = {origin for p in function.params if is_pointer(p.type) for origin in origins.of(p)}
    body = function.body
    for k, value in enumerate(body.results):
        if isinstance(value, Const) or is_scalar(value.type) or not is_pointer(value.type):
            continue
        made = origins.of(value)
        known = isinstance(value.type, (Array, Dict, List))
        if not known or not taken.isdisjoint(made):
            copy = Value(value.type, value.hint, value.span)
            plain = isinstance(value.type, Array) and not cut.layout and not may_be_missing(value)
            fn = np.ndarray.copy if plain else runtime.copied
            body.append(Call(fn, (value,), {}, [copy], value.span))
            body.results[k] = copy
        taken |= made
    set_result(function)


# The reverse


@dataclass(eq=False)
class Reversed:
    """The reverse of a closed function.

    Attributes:
        closed: takes arguments of the function, and cotangents of its results; returns cotangents of arguments.
        needs: which arguments it takes.
        seeds: the results whose cotangents it takes.
        levels: what the cotangents that it returns hold.
        extra: which results it takes after the arguments.
        loose: those of the seeds that may come as they are, smaller than the result.
    """

    closed: Closed
    needs: list[int]
    seeds: list[int]
    levels: list[Zeros]
    extra: list[int] = field(default_factory=list)
    loose: frozenset[int] = frozenset()


class ClosedPairs:
    """The reverses made so far.

    Args:
        differentiate: turns a function into its reverse: given its callees, the results with their cotangents, those
            of these that are parameters, the inputs, what the cotangents hold, and the name.
    """

    def __init__(self, differentiate: Callable[..., None]):
        self._differentiate = differentiate
        self._known: dict[Any, Reversed] = {}

    def reverse_of(
        self, closed: Closed, seeds: dict[int, Zeros], inputs: list[int], loose: tuple[int, ...] = ()
    ) -> Reversed:
        """The reverse of a closed function.

        Args:
            closed: the function.
            seeds: the results that have a cotangent, and what it holds.
            inputs: the parameters whose cotangents are wanted.
            loose: those of the seeds that may come as the number 0.
        """
        loose = tuple(sorted({*loose, *closed.unsure} & seeds.keys()))
        key = (closed, tuple(seeds.items()), tuple(inputs), loose)
        if key not in self._known:
            if closed.loop is None:
                self._known[key] = self._reverse(closed, seeds, inputs, loose)
            else:
                from srcgrad.transform.turns import reverse_turns

                self._known[key] = reverse_turns(self, closed, seeds, inputs)
        return self._known[key]

    def _reverse(self, closed: Closed, seeds: dict[int, Zeros], inputs: list[int], loose: tuple[int, ...]) -> Reversed:
        primal = closed.function
        params = [Value(p.type, p.hint, p.span) for p in primal.params]
        mapping = dict(zip(primal.params, params, strict=True))
        body = Region(list(params))
        for op in clone_ops(primal.body.ops, mapping):
            body.append(op)
        results = [mapping.get(v, v) for v in primal.body.results]
        function = Function(primal.name, params, body)
        callees = clone_callees(function)
        drawn = [results[k] for k in closed.drawn]
        body.ops = [op for op in body.ops if not any(v in drawn for v in op.outputs)]
        add_parameters(function, drawn)
        bars: list[Value] = []
        rows: list[tuple[Value, Value]] = []
        for k in seeds:
            value = results[k]
            bar = Value(Unknown() if k in loose else value.type, f"{value.hint or 'out'}_bar", value.span)
            seed = bar
            if k in loose:
                seed = Value(value.type, bar.hint, value.span)
                body.append(Call(runtime.expanded, (bar, value), {}, [seed], value.span))
            bars.append(bar)
            rows.append((value, seed))
        body.results = [value for value, _ in rows]
        levels = {seed: level for (_, seed), level in zip(rows, seeds.values(), strict=True)}
        wanted = [params[k] for k in inputs]
        calls = {op: op.fn for op in _calls_of_customs([function, *callees])}
        self._differentiate(function, callees, rows, bars, wanted, levels, f"{primal.name}_rev")
        closed.swept |= {step for op, step in calls.items() if isinstance(op.fn, ForwardSweep)}
        count = len(primal.params)
        needs = drop_unused(function, count + len(drawn))
        extra = [closed.drawn[k - count] for k in needs if k >= count]
        function.doc = f"Reverse sweep of {primal.name}, which is run again first."
        found = [levels.get(v, Zeros.NONE) for v in wanted]
        needs = [k for k in needs if k < count]
        return Reversed(Closed(function), needs, list(seeds), found, extra, frozenset(loose))


def _calls_of_customs(functions: list[Function]) -> list[Call]:
    return [op for f in functions for op in walk(f.body) if isinstance(op, Call) and isinstance(op.fn, Primal)]


def sweep_forward(closed: Closed) -> None:
    """Lets a function call the forward sweeps of functions with derivatives of their own, for their values alone.

    Those are called wherever there is no checkpoint, and second derivatives look into them.
    """
    for op in _calls_of_customs(reachable([closed.function])):
        step = op.fn
        if step in closed.swept and step.custom.source("forward") is not None:
            op.fn = step_of(ForwardSweep, step.custom, step.form, False)
            unused = Value(TAPE, "residuals", op.span)
            unused.owner = op
            op.outputs = [*op.outputs, unused]
            op.unpacks = True


def add_parameters(function: Function, values: list[Value]) -> None:
    """Adds parameters at the end, each with a name of its own."""
    taken = {p.hint for p in function.params}
    for value in values:
        stem = value.hint or "value"
        k = 0
        while value.hint in taken:
            k += 1
            value.hint = f"{stem}_{k}"
        taken.add(value.hint)
        value.owner = function.body
        function.body.args.append(value)
    function.params = list(function.body.args)


def drop_unused(function: Function, count: int) -> list[int]:
    """Drops those of the first parameters that a function does not use; which it keeps."""
    used = {v for op in function.body.ops for v in references(op)}.union(function.body.results)
    needs = [k for k in range(count) if function.body.args[k] in used]
    function.body.args = [function.body.args[k] for k in needs] + function.body.args[count:]
    function.params = list(function.body.args)
    return needs


def check_kind(value: Value, span: Any) -> None:
    """Refuses to hand cotangents of tuples, dicts and the like over to what is run again, or back."""
    t = value.type
    held = t.item if type(t) is List else t
    if isinstance(held, (Array, Unknown)) or (is_scalar(held) and not isinstance(held, (Tuple, Opaque))):
        return
    raise UnsupportedError(
        f"{value.hint or 'something'} is of a kind that can't be handed to what is checkpointed, or back",
        span,
        "hand over the numbers and arrays in it",
    )


def reverse_closed(reverse: Reverse, op: Call) -> None:
    """Emits the reverse of a call of a closed function: a call of its reverse."""
    active = reverse.activity.active
    inputs = [k for k, v in enumerate(op.args) if active(v)]
    gs = {k: reverse.cotangent_of_output(v) for k, v in enumerate(op.outputs) if active(v)}
    for value in (*[op.args[k] for k in inputs], *[op.outputs[k] for k in gs]):
        check_kind(value, op.span)
    seeds = {k: reverse.zeros_of(op.outputs[k], g) for k, g in gs.items()}
    made = reverse.pairs.closed.reverse_of(op.fn, seeds, inputs)
    bars = [gs[k] or ZERO if k in made.loose else reverse.full_cotangent(gs.get(k), op.outputs[k]) for k in made.seeds]
    given = [*[op.args[k] for k in made.needs], *[op.outputs[k] for k in made.extra], *bars]
    outputs = [Value(op.args[k].type, None, op.span) for k in inputs]
    reverse.lo.append(Call(made.closed, tuple(given), {}, outputs, op.span))
    for k, output, level in zip(inputs, outputs, made.levels, strict=True):
        reverse.contribute(op.args[k], reverse.zeros.mark(output, level))
