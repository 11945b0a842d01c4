"""From a lowered program to its gradient function: the pipeline of passes, flat."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, is_dataclass
from functools import partial
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.activity import Activity
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.complexness import Complexness
from srcgrad.analysis.invariance import without_influence
from srcgrad.analysis.item_flow import unvaried_items
from srcgrad.analysis.memory import READ_ONLY_VIEWS, among, is_view
from srcgrad.analysis.versions import Versions
from srcgrad.errors import ArgumentError, NotScalarError, UnsupportedError
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.program import Program
from srcgrad.frontend.values import Reference, Sequence, Symbol
from srcgrad.ir.nodes import Call, Const, Function, Value, leaves, map_tree, references, walk
from srcgrad.ir.types import COMPLEX, Array, List, NpScalar, Opaque, Unknown, is_scalar, shape_of
from srcgrad.transform.algebra import simplify_algebra, simplify_shapes
from srcgrad.transform.closed import ClosedPairs, add_parameters
from srcgrad.transform.closing import close_checkpoints, dissolve_checkpoints, is_checkpointed
from srcgrad.transform.costs import INTERPRETED, Costs
from srcgrad.transform.custom_calls import settle_custom_calls
from srcgrad.transform.function_names import name_apart
from srcgrad.transform.held_contents import copy_held_contents
from srcgrad.transform.hoist import hoist_integers
from srcgrad.transform.kept_places import keep_places
from srcgrad.transform.lengths import refine_lengths
from srcgrad.transform.loads import share_loads
from srcgrad.transform.narrowing import narrow
from srcgrad.transform.pairs import Pairs
from srcgrad.transform.protection import argument_leaves, leaves_of, left_outside, protect_arguments
from srcgrad.transform.quotients import share_quotients, square_reciprocals
from srcgrad.transform.read_back import ReadBack
from srcgrad.transform.rebinding import rebind
from srcgrad.transform.repeated_checks import remove_repeated_checks
from srcgrad.transform.reuse import reuse_temporaries
from srcgrad.transform.reverse import Reverse
from srcgrad.transform.separation import separate
from srcgrad.transform.shadows import define_shadows
from srcgrad.transform.signs import move_signs
from srcgrad.transform.simplify import prune_carried, remove_dead_code, share_common
from srcgrad.transform.slots import prune_slots
from srcgrad.transform.split import first_of_reverse, split
from srcgrad.transform.static_shadows import settle_shadows
from srcgrad.transform.strong_zeros import Zeros
from srcgrad.transform.tape import Tape
from srcgrad.transform.undo import Contents
from srcgrad.transform.unit_vectors import seed_type
from srcgrad.transform.whole_numbers import check_written


@dataclass(frozen=True, slots=True)
class Gradient:
    """Generated functions of the graph.

    Attributes:
        functions: in the order in which they are printed; the last one is the entry.
        reverse: for a pullback, the function of the reverse sweep; the entry then returns the value and what that one
            needs.
        kept: how many values the entry returns for it.
        tangents: the leaves of arguments whose tangents are the last parameters of the entry: the name of the argument,
            and the way to the leaf, on which attributes begin with a point.
    """

    functions: list[Function]
    reverse: Function | None = None
    kept: int = 0
    tangents: tuple[tuple[str, tuple], ...] = ()


def prepare(program: Program, optimize: bool = True, checkpoints: bool = True) -> None:
    """Passes on the forward sweep: arguments that are written are copied, what is not needed goes.

    Args:
        program: it is changed.
        optimize: whether to simplify.
        checkpoints: whether what is checkpointed is run again later, and so has to be functions of its own.
    """
    functions = [*program.functions, program.function]
    settle_custom_calls(program)
    for function in functions:
        prune_carried(function)
    rebind(program.function, program.functions)
    for function in functions:
        check_written(function)
    protect_arguments(program)
    keep_places(functions)
    if is_checkpointed(functions):
        if checkpoints:
            close_checkpoints(functions, program.function, program.customs, argument_leaves(program))
        else:
            dissolve_checkpoints(functions)
        _sync(program.function)
    if optimize:
        hoist_integers(program.function)
        share_common(program.function)
        share_loads(program.function)
    _sync(program.function)
    remove_dead_code(functions, argument_leaves(program))
    separate(functions, program.function)
    for function in functions:
        refine_lengths(function)


def joint_gradient(
    program: Program,
    names: list[str],
    as_tuple: bool,
    with_value: bool,
    has_aux: bool,
    optimize: bool = True,
    costs: Costs = INTERPRETED,
) -> Gradient:
    """The gradient of a scalar function: forward and reverse sweep in one function.

    Args:
        program: the lowered function; it is changed.
        names: the parameters to differentiate with respect to.
        as_tuple: whether to return a tuple of gradients.
        with_value: whether to return the value too.
        has_aux: whether the function returns a pair of its value and something to pass through.
        optimize: whether to simplify before and after differentiation.
        costs: those of the target: what is better saved on one may be better computed again on another.
    """
    function = program.function
    value, aux = split_result(program, has_aux)
    _check_scalar(program, value)
    narrow(function, value)
    prepare(program, optimize)
    value, aux = split_result(program, has_aux)
    inputs = differentiable_leaves(program, names)
    kept = list(leaves(aux)) + ([value] if with_value else [])
    function.body.results = [value, *leaves(aux)] if with_value or has_aux else [value]
    bars, pairs = _reverse(
        function,
        program.functions,
        [(value, Const(1.0))],
        inputs,
        kept,
        optimize,
        returned=kept,
        costs=costs,
        transposed=program.transposed,
    )
    gradients = [_structure(program, program.arguments[name], dict(zip(inputs, bars, strict=True))) for name in names]
    _, aux = classes(program, program.result, (value, aux), has_aux)
    result: Any = tuple(gradients) if as_tuple else gradients[0]
    if has_aux:
        result = ((value, aux), result) if with_value else (result, aux)
    elif with_value:
        result = (value, result)
    finish(function, result, f"{function.name}_grad", optimize)
    others = pairs.functions(function)
    name_apart(others, {function.name})
    return Gradient([*others, function])


def finish(function: Function, result: Any, name: str, optimize: bool, own: bool = True) -> None:
    lo = Lowering()
    lo.fixed_span = True
    with lo.into(function.body):
        result = built(lo, result)
        function.result = result
        function.body.results = list(leaves(result))
        if optimize:
            simplify_algebra(function)
            share_common(function)
            share_loads(function)
            share_quotients(function)
            square_reciprocals(function)
        remove_dead_code([function], settle=own)
        if prune_slots(function):
            remove_dead_code([function], settle=own)
        if optimize and own:
            remove_repeated_checks(function)
        _sync(function)
        if optimize:
            move_signs(function)
            define_shadows(function)
            reuse_temporaries(function, across=own)
            _sync(function)
        if own:
            own_results(function, lo)
    function.name = name
    function.backward_from = first_of_reverse(function)
    sink_shadows(function)


def tidy(function: Function) -> None:
    """Passes on a function that others call: what they write to its results is not known here, so nothing is shared."""
    polish(function, optimize=False)


def polish(function: Function, optimize: bool = True) -> None:
    """Passes on a function that is complete."""
    if optimize:
        simplify_algebra(function)
        share_common(function)
    remove_dead_code([function])
    _sync(function)
    if optimize:
        move_signs(function)
        define_shadows(function)
    sink_shadows(function)


def _sync(function: Function) -> None:
    """Makes the result tree refer to the values that replaced its leaves."""
    values = iter(function.body.results)
    function.result = map_tree(lambda _: next(values), function.result)


def split_result(program: Program, has_aux: bool) -> tuple[Value, Any]:
    tree = program.function.result
    if not has_aux:
        return tree, None
    if not isinstance(tree, tuple) or len(tree) != 2:
        raise ArgumentError("with has_aux=True the function must return a pair (value, aux)", None)
    return tree


def _check_scalar(program: Program, value: Any) -> None:
    name, span = program.function.shown, program.function.span
    if isinstance(value, Const) and not isinstance(value.value, (bool, int, float, complex)):
        raise NotScalarError(
            f"{name} returns {value.value!r}, not a number", span, "return the number to differentiate"
        )
    if not isinstance(value, Value):
        raise NotScalarError(
            f"{name} returns a {type(value).__name__}, not a number",
            span,
            "return one number, or use srcgrad.vjp; with has_aux=True a function may return (value, aux)",
        )
    shape = shape_of(value.type)
    if shape:
        text = ", ".join(str(axis) if isinstance(axis, int) else "n" for axis in shape)
        raise NotScalarError(
            f"{name} returned shape ({text}{',' if len(shape) == 1 else ''}), not a number",
            value.span,
            "reduce it with np.sum, or use srcgrad.vjp",
        )
    dtype = value.type.dtype if isinstance(value.type, (Array, NpScalar)) else None
    if value.type == COMPLEX or (dtype is not None and dtype.kind == "c"):
        raise NotScalarError(
            f"{name} returned a complex number, and only a real one has a gradient",
            value.span,
            "return its real part, its imaginary part or abs(...) of it, or use srcgrad.vjp",
        )


def differentiable_leaves(program: Program, names: list[str]) -> list[Value]:
    found: list[Value] = []
    for name in names:
        symbol = program.arguments[name]
        floats = [v for v in leaves_of(program, symbol) if v.type.differentiable]
        if not floats:
            raise ArgumentError(f"argument {name!r} of {program.function.shown} holds no float to differentiate", None)
        found += floats
    return list(dict.fromkeys(found))


def _reverse(
    function: Function,
    callees: list[Function],
    seeds: list[tuple[Value, Value]],
    inputs: list[Value],
    kept: Iterable[Value],
    optimize: bool,
    undo: bool = True,
    levels: dict[Value, Zeros] | None = None,
    returned: Iterable[Value] | None = None,
    costs: Costs = INTERPRETED,
    transposed: tuple[Any, ...] = (),
) -> tuple[list[Value], Pairs]:
    """Appends the reverse sweep and makes it legal; the cotangents of the inputs.

    `levels` tells what the seeds hold, and learns what the cotangents of the inputs do; `returned` are the results that
    the function goes on to return, all of them if it is not given; `costs` are those of the target; `transposed` is
    what the function is the tangent of, if that is transposed.
    """
    functions = [*callees, function]
    aliases = Aliases(functions, reads=True)
    outputs = [v for v, _ in seeds]
    activity = activity_of(functions, aliases, inputs, outputs, optimize)
    closed = ClosedPairs(partial(_differentiate_closed, optimize, costs, transposed))
    pairs = Pairs(activity, aliases, aliases.needs_table and bool(callees), closed)
    complexness = Complexness(functions, aliases)

    def sweep(target: Function, rows: list, wanted: list[Value], shadows: Value | None, mine: bool) -> list[Value]:
        reverse = Reverse(activity, aliases, complexness, pairs)
        reverse.shadow_table = shadows
        reverse.outlives = not undo
        reverse.transposed = transposed
        versions = Versions(target, aliases, len(target.body.ops), callee=target is not function)
        if levels is not None and target is function:
            for seed, level in levels.items():
                reverse.zeros.mark(seed, level)
            for value, seed in rows:
                if isinstance(value.type, List):
                    reverse.zeros.put_in(value, levels.get(seed, Zeros.NONE))
        asked = target.body.results if returned is None or target is not function else returned
        asked = list(asked)
        bars = reverse.run(target, rows, wanted)
        if levels is not None and target is function:
            for v in wanted:
                bar = reverse.bar(v) if activity.active(v) else None
                levels[v] = Zeros.UNUSED if bar is None else reverse.zeros_of(v, bar)
        target.body.results = [*target.body.results, *bars]
        if optimize:
            settle_shadows(target, aliases, reverse.mirrors)
        remove_dead_code([target], [*wanted, *reverse.indices.values()], settle=False)
        target.backward_from = first_of_reverse(target)
        if optimize:
            prune_carried(target)
            simplify_shapes(target)
        keep = [*kept, *inputs, *left_outside(target)] if mine else aliases.values
        contents = Contents(target, aliases, versions, keep)
        contents.run()
        copy_held_contents(target, aliases, versions, contents)
        bars = target.body.results[-len(bars) :] if bars else []
        read_back = ReadBack(target, aliases, versions, contents)
        read_back.run()
        Tape(target, aliases, versions, reverse.indices, contents, [*asked, *bars], costs).run()
        read_back.finish()
        return bars

    bars = sweep(function, seeds, inputs, None, undo)
    pairs.build(lambda target, rows, wanted, shadows: sweep(target, rows, wanted, shadows, False), tidy)
    return bars, pairs


def _differentiate_closed(
    optimize: bool,
    costs: Costs,
    transposed: tuple[Any, ...],
    function: Function,
    callees: list[Function],
    rows: list[tuple[Value, Value]],
    seeds: list[Value],
    inputs: list[Value],
    levels: dict[Value, Zeros],
    name: str,
) -> None:
    """Makes of a copy of a closed function its reverse, both sweeps in one: see `ClosedPairs`."""
    bars, pairs = _reverse(
        function, callees, rows, inputs, [], optimize, levels=levels, costs=costs, transposed=transposed
    )
    add_parameters(function, seeds)
    finish(function, bars[0] if len(bars) == 1 else tuple(bars), name, optimize)
    pairs.functions(function, settle=False)


def activity_of(
    functions: list[Function], aliases: Aliases, inputs: list[Value], outputs: list[Value], optimize: bool
) -> Activity:
    """What is active, with items of tuples told apart; where asked for, less what has no influence on the outputs."""
    activity = Activity(functions, aliases, inputs, outputs)
    passive = unvaried_items(functions, aliases, inputs, activity)
    if optimize:
        passive |= without_influence(functions, activity, outputs)
    return Activity(functions, aliases, inputs, outputs, passive) if passive else activity


def pullback(
    program: Program,
    names: list[str],
    has_aux: bool,
    optimize: bool = True,
    costs: Costs = INTERPRETED,
    before_split: Callable[[Function], None] | None = None,
) -> Gradient:
    """The two functions behind `vjp`: one returns the value and what the other, callable any number of times, needs.

    The entry returns `(out, kept...)`, with aux `(out, aux, kept...)`; the reverse function takes what is kept and
    then one cotangent for each float leaf of the output, and returns a tuple with one gradient for each name.
    `before_split` is a pass of the target on both sweeps in one function.
    """
    function = program.function
    out, _ = split_result(program, has_aux)
    prepare(program, optimize)
    out, aux = split_result(program, has_aux)
    lo = Lowering()
    lo.fixed_span = True
    with lo.into(function.body):
        out, aux = built(lo, classes(program, program.result, (out, aux), has_aux))
    inputs = differentiable_leaves(program, names)
    floats = [v for v in leaves(split_result(program, has_aux)[0]) if v.type.differentiable and not is_text(v)]
    listed = next((v for v in floats if isinstance(v.type, List)), None)
    if listed is not None:
        raise UnsupportedError(
            "a list whose length depends on the run is returned: its cotangent is not supported yet",
            listed.span,
            "return an array: np.array(...)",
        )
    single = len(floats) == 1
    seeds = [Value(seed_type(v), "out_bar" if single else f"out_bar_{k}") for k, v in enumerate(floats)]
    results = list(leaves((out, aux)))
    function.body.results = results
    bars, pairs = _reverse(
        function,
        program.functions,
        list(zip(floats, seeds, strict=True)),
        inputs,
        [],
        optimize,
        undo=False,
        costs=costs,
        transposed=program.transposed,
    )
    gradients = tuple(_structure(program, program.arguments[n], dict(zip(inputs, bars, strict=True))) for n in names)
    shown = function.name
    finish(function, ((out, aux), gradients), shown, optimize, own=False)
    (out, aux), gradients = function.result
    function.result = (out, aux) if has_aux else (out,)
    if before_split is not None:
        before_split(function)
    forward, backward, kept = split(function, gradients, seeds, packed=False)
    forward.result = (*forward.result, *kept)
    forward.body.results = list(leaves(forward.result))
    with lo.into(backward.body):
        own_results(backward, lo)
    forward.doc = f"Value of {shown}, and what its pullback needs."
    backward.doc = f"Pullback of {shown}: gradients from the cotangent of its value."
    others = list(dict.fromkeys([*pairs.functions(forward), *pairs.functions(backward)]))
    name_apart(others, {forward.name, backward.name})
    return Gradient([*others, forward], backward, len(kept))


def is_text(value: Value) -> bool:
    """Whether a leaf of a result is a string, a function or the like, which has no cotangent."""
    return isinstance(value.type, Opaque)


def without_reverse(program: Program) -> list[Function]:
    """The functions of a program that has a forward sweep alone, finished but for the main one, which is the last."""
    function, others = program.function, list(program.functions)
    function.backward_from = None
    for other in others:
        tidy(other)
    name_apart(others, {function.name})
    return [*others, function]


def _structure(program: Program, symbol: Symbol, bars: dict[Value, Value]) -> Any:
    """The gradient with respect to an argument, in the structure of the argument."""
    if isinstance(symbol, Value):
        return bars.get(symbol, Const(None))
    if isinstance(symbol, Sequence):
        items = tuple(_structure(program, item, bars) for item in symbol.items)
        return items if symbol.cls is tuple else _Built(symbol.cls, items, {})
    if isinstance(symbol, Reference):
        contents = program.contents[symbol]
        if symbol.cls is list:
            return [_structure(program, item, bars) for item in contents]
        entries = {key: _structure(program, item, bars) for key, item in contents}
        return entries if symbol.cls is dict else _Built(symbol.cls, (), entries)
    return Const(None)


@dataclass(frozen=True, slots=True, eq=False)
class _Built:
    """A gradient in the structure of a class: a namedtuple or a dataclass."""

    cls: type
    args: tuple
    kwargs: dict[str, Any]


def classes(program: Program, symbol: Symbol, pair: tuple, has_aux: bool) -> tuple:
    """A result and its aux with the classes of namedtuples and dataclasses in them."""
    if not has_aux:
        return _with_class(program, symbol, pair[0]), pair[1]
    assert isinstance(symbol, Sequence)
    return tuple(_with_class(program, s, t) for s, t in zip(symbol.items, pair, strict=True))


def _with_class(program: Program, symbol: Symbol, tree: Any) -> Any:
    if isinstance(symbol, Sequence):
        items = tuple(_with_class(program, s, t) for s, t in zip(symbol.items, tree, strict=True))
        return items if symbol.cls is tuple else _Built(symbol.cls, items, {})
    if isinstance(symbol, Reference) and symbol.cls is not set:
        contents = program.result_contents[symbol]
        if symbol.cls is list:
            return [_with_class(program, s, t) for s, t in zip(contents, tree, strict=True)]
        entries = {key: _with_class(program, s, tree[key]) for key, s in contents}
        return entries if symbol.cls is dict else _Built(symbol.cls, (), entries)
    return tree


def built(lo: Lowering, tree: Any) -> Any:
    """A result tree in which instances of classes are made by calls."""
    if isinstance(tree, _Built):
        output = Value(Unknown())
        args = tuple(built(lo, a) for a in tree.args)
        kwargs = {name: built(lo, a) for name, a in tree.kwargs.items()}
        if _has_plain_init(tree.cls, kwargs):
            lo.append(Call(tree.cls, args, kwargs, [output]))
        else:
            lo.append(Call(runtime.instance, (Const(tree.cls),), kwargs, [output]))
        return output
    if isinstance(tree, tuple):
        return tuple(built(lo, item) for item in tree)
    if isinstance(tree, list):
        return [built(lo, item) for item in tree]
    if isinstance(tree, dict):
        return {key: built(lo, item) for key, item in tree.items()}
    return tree


def _has_plain_init(cls: type, kwargs: dict[str, Any]) -> bool:
    """Whether a call with these keyword arguments sets these attributes, and does nothing else."""
    if not is_dataclass(cls):
        return issubclass(cls, tuple)
    fields = {f.name: f.init for f in cls.__dataclass_fields__.values()}
    return (
        cls.__dataclass_params__.init  # type: ignore[attr-defined]
        and not hasattr(cls, "__post_init__")
        and all(fields[name] for name in kwargs)
        and cls.__init__ is vars(cls).get("__init__")
        and cls.__init__.__code__.co_filename == "<string>"
    )


_READERS = frozenset([getattr, operator.getitem])


def own_results(function: Function, lo: Lowering) -> None:
    """Copies what would share memory with an argument or with another result."""
    aliases = Aliases([function])
    given = [*function.params, *function.captured]
    for op in walk(function.body):
        # What is read from an object that is an argument is memory of the argument, too.
        if isinstance(op, Call) and among(op.fn, _READERS) and isinstance(getattr(op.args[0], "type", None), Opaque):
            given += op.outputs
    taken: set[Any] = set()
    for value in given:
        if is_pointer(value.type):
            taken |= {aliases.find(value), *aliases.within(value)}

    def own(value: Value) -> Value:
        if isinstance(value, Const) or is_scalar(value.type) or not is_pointer(value.type):
            return value
        memory = {aliases.find(value), *aliases.within(value)}
        shared = not taken.isdisjoint(memory)
        taken.update(memory)
        if not shared and not _is_read_only(value):
            return value
        if isinstance(value.type, Array):
            return lo.value(lo.emit_typed(np.ndarray.copy, (value,), {}, value.type))
        return lo.value(lo.emit_typed(runtime.copied, (value,), {}, value.type))

    result = map_tree(own, function.result)
    function.result = result
    function.body.results = list(leaves(result))


def _is_read_only(value: Value) -> bool:
    """Whether an array is a broadcast one, or a view that can't be written, or a view of such."""
    owner = value.owner
    while isinstance(owner, Call):
        if owner.fn in (np.broadcast_to, runtime.expanded):
            return True
        if not is_view(owner):
            return False
        if among(owner.fn, READ_ONLY_VIEWS):
            return True
        owner = owner.args[0].owner
    return False


def sink_shadows(function: Function) -> None:
    """Moves the allocation of a shadow down to just before its first use in its region.

    What has been appended to a list in between would make that of the list longer, if it is not complete.
    """
    for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
        k = len(region.ops) - 1
        while k >= 0:
            op = region.ops[k]
            if (
                isinstance(op, Call)
                and op.fn in (np.zeros, np.empty, np.zeros_like, np.empty_like, runtime.zeros_like)
                and k >= (function.backward_from or 0 if region is function.body else 0)
                and (op.mirror is not None or not isinstance(op.outputs[0].type, List))
            ):
                place = next(
                    (j for j in range(k + 1, len(region.ops)) if op.outputs[0] in references(region.ops[j])), None
                )
                if place is not None and place > k + 1:
                    region.ops.insert(place, op)
                    del region.ops[k]
            k -= 1
