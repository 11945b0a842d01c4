"""Jacobians: a sweep for each unit vector, of the arguments in forward mode and of the value in reverse mode.

The unit vectors are numbered through all leaves that a sweep starts from: those of the second leaf follow those of the
first. The sweep becomes the body of a loop over them; what comes out is collected, and takes the shapes of both sides.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.errors import ArgumentError, UnsupportedError
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.program import Program
from srcgrad.ir.nodes import Call, Const, For, Function, Op, Region, Value, leaves, map_tree, walk
from srcgrad.ir.types import (
    COMPLEX,
    INT,
    Array,
    List,
    NpScalar,
    Type,
    is_scalar,
)
from srcgrad.transform import gradient
from srcgrad.transform.batch import Batch
from srcgrad.transform.batch_calls import NotBatched
from srcgrad.transform.cotangents import zero_of
from srcgrad.transform.effects import drawing_calls, has_effects
from srcgrad.transform.final_cotangents import final_cotangent, is_mixed
from srcgrad.transform.forward import Forward
from srcgrad.transform.function_names import name_apart
from srcgrad.transform.gradient import Gradient
from srcgrad.transform.protection import argument_leaves, leaves_of
from srcgrad.transform.simplify import replace_values
from srcgrad.transform.split import first_of_reverse
from srcgrad.transform.unit_vectors import Units, seed_type


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Attributes:
        names: the parameters to differentiate with respect to.
        as_tuple: whether a tuple, with an entry for each, is wanted.
        has_aux: whether the function returns a pair of its value and something to pass through.
        optimize: whether to simplify before and after differentiation.
        suffix: what is put behind the name of the function.
        at_once: whether one sweep is to do for all unit vectors.
    """

    names: tuple[str, ...]
    as_tuple: bool
    has_aux: bool
    optimize: bool
    suffix: str
    at_once: bool = False


def can_be_repeated(program: Program) -> bool:
    """Whether a second run of a program does what the first did: it draws no random numbers and changes nothing."""
    functions = [program.function, *program.functions]
    if drawing_calls(program.customs) or any(map(has_effects, functions)):
        return False
    outside = [v for f in functions for v in f.captured if is_pointer(v.type)]
    return not outside or not any(map(Aliases(functions).is_written, outside))


# ---------------------------------------------------------------------------------------------- forward mode


def forward_jacobian(program: Program, asked: Asked) -> Gradient:
    """The Jacobian by forward sweeps: one for each element of the arguments.

    Before -> after, for `return a * np.sin(x)`:

        columns = []
        for k in range(max(x.size, 1)):
            x_unit = np.zeros(x.size)
            x_unit[k : k + 1] = 1.0
            columns.append(a * np.cos(x) * x_unit)
        return np.stack(columns, axis=-1)[..., : x.size]

    There is one turn at least, since what comes out of it tells the shape of the value.
    """
    function = program.function
    gradient.prepare(program, asked.optimize, checkpoints=False)
    out, aux = gradient.split_result(program, asked.has_aux)
    inputs = gradient.differentiable_leaves(program, list(asked.names))
    _check_arguments(program, asked, real=True)
    functions = [*program.functions, function]
    aliases = Aliases(functions, reads=True)
    floats = _float_leaves(out)
    activity = gradient.activity_of(functions, aliases, inputs, floats, asked.optimize)
    tangents = {value: Value(value.type, f"{value.hint or 'x'}_dot", value.span) for value in inputs}
    found = Forward(functions, activity, aliases).run(function, tangents, floats)
    mixed = is_mixed(function)
    lo = _lowering()
    with lo.into(function.body):
        dots = [final_cotangent(lo, dot, v, mixed) for v, dot in zip(floats, found, strict=True)]
    sweep = _sweep_forward_at_once if asked.at_once else _sweep_forward
    parts = sweep(lo, program, tangents, floats, dots) if floats else {}
    _add_constants(lo, function, out, inputs, parts)
    gradient_tree = map_tree(lambda v: _entry(program, asked, inputs, parts.get(v)), out)
    _finish(program, asked, gradient_tree, aux)
    return Gradient(gradient.without_reverse(program))


def _sweep_forward(
    lo: Lowering, program: Program, tangents: dict[Value, Value], floats: list[Value], dots: list[Value]
) -> dict[Value, list[Value]]:
    """Puts the sweep into a loop; for each leaf of the value, its derivatives with respect to the inputs."""
    body = program.function.body
    outer = _reading(program)
    sweep = [op for op in body.ops if op not in outer]
    body.ops = [op for op in body.ops if op in outer]
    if len(tangents) == 1 and all(is_scalar(v.type) for v in tangents):
        # One sweep is all there is.
        with lo.into(body):
            swap = {dot: _one(lo, v) for v, dot in tangents.items()}
        _move(sweep, body)
        replace_values(body, swap)
        return {v: [swap.get(dot, dot)] for v, dot in zip(floats, dots, strict=True)}
    with lo.into(body):
        units = Units(lo, list(tangents))
        lists = [_new_list(lo, v, f"{v.hint or 'out'}_columns") for v in floats]
        turns = lo.value(lo.emit(max, units.total, Const(1)))
    region = Region([Value(INT, "k")])
    with lo.into(region):
        # Where there is none, the one turn of the loop has no element to set either.
        given = units.of(slice(region.args[0], lo.emit(operator.add, region.args[0], Const(1)), None))
    _move(sweep, region)
    replace_values(region, dict(zip(tangents.values(), given, strict=True)))
    swap = dict(zip(tangents.values(), given, strict=True))
    with lo.into(region):
        for columns, dot in zip(lists, dots, strict=True):
            lo.effect(list.append, columns, swap.get(dot, dot))
    with lo.into(body):
        lo.append(For(Const(0), turns, Const(1), [], region, False, []))
        return {v: units.listed_columns(columns, v) for v, columns in zip(floats, lists, strict=True)}


def _sweep_forward_at_once(
    lo: Lowering, program: Program, tangents: dict[Value, Value], floats: list[Value], dots: list[Value]
) -> dict[Value, list[Value]]:
    """Makes one sweep of all of them."""
    body = program.function.body
    if len(tangents) == 1 and all(is_scalar(v.type) for v in tangents):
        return _sweep_forward(lo, program, tangents, floats, dots)
    outer = _reading(program)
    sweep = [op for op in body.ops if op not in outer]
    body.ops = [op for op in body.ops if op in outer]
    with lo.into(body):
        units = Units(lo, list(tangents))
        rows = units.all([dot.hint for dot in tangents.values()])
    _move(sweep, body)
    batch = Batch(program.function, dict(zip(tangents.values(), rows, strict=True)), units.total)
    batch.run()
    with lo.into(body), batch.lo.into(body):
        return {v: units.columns(batch.lifted(dot), v) for v, dot in zip(floats, dots, strict=True)}


def _reading(program: Program) -> set[Op]:
    """The operations that read the numbers and arrays among the arguments."""
    found: set[Op] = set()
    pending = list(argument_leaves(program))
    while pending:
        owner = pending.pop().owner
        if isinstance(owner, Op) and owner not in found:
            found.add(owner)
            pending += owner.inputs
    return found


# ---------------------------------------------------------------------------------------------- reverse mode


def reverse_jacobian(program: Program, asked: Asked) -> Gradient:
    """The Jacobian by reverse sweeps: one for each element of the value, after one forward sweep.

    Before -> after, for `return a * np.sin(x)`:

        out = a * np.sin(x)
        x_rows = np.empty((out.size, *x.shape))
        for k in range(out.size):
            out_unit = np.zeros(out.size)
            out_unit[k] = 1.0
            x_rows[k] = a * np.cos(x) * out_unit
        return x_rows.reshape(*out.shape, *x.shape)
    """
    function = program.function
    gradient.prepare(program, asked.optimize)
    out, aux = gradient.split_result(program, asked.has_aux)
    inputs = gradient.differentiable_leaves(program, list(asked.names))
    _check_arguments(program, asked, real=False)
    floats = _float_leaves(out)
    _check_real(function, floats)
    one = len(floats) == 1 and is_scalar(floats[0].type)
    seeds = [Value(seed_type(v), f"{v.hint or 'out'}_bar") for v in floats]
    function.body.results = [*floats, *leaves(aux)]
    rows = list(zip(floats, [Const(1.0)] if one else seeds, strict=True))
    kept = [*leaves(aux), *([] if one else floats)]
    bars, pairs = gradient._reverse(
        function, program.functions, rows, inputs, kept, asked.optimize, undo=one or asked.at_once
    )
    lo = _lowering()
    seed_of = dict(zip(floats, seeds, strict=True))
    sweep = _sweep_back_at_once if asked.at_once else _sweep_back
    parts = {floats[0]: bars} if one else sweep(lo, function, seed_of, inputs, bars) if floats else {}
    _add_constants(lo, function, out, inputs, parts)
    tree = map_tree(lambda v: _entry(program, asked, inputs, parts.get(v)), out)
    _finish(program, asked, tree, aux)
    others = pairs.functions(function)
    name_apart(others, {function.name})
    return Gradient([*others, function])


def _sweep_back(
    lo: Lowering, function: Function, seeds: dict[Value, Value], inputs: list[Value], bars: list[Value]
) -> dict[Value, list[Value]]:
    """Puts the reverse sweep into a loop; for each leaf of the value, its derivatives with respect to the inputs."""
    body = function.body
    cut = first_of_reverse(function)
    sweep = body.ops[cut:]
    del body.ops[cut:]
    mirror = next((op.mirror for op in sweep), None)
    with lo.into(body):
        units = Units(lo, list(seeds))
        stores = [units.store(v) for v in inputs]
    region = Region([Value(INT, "k")])
    with lo.into(region):
        swap = dict(zip(seeds.values(), units.of(region.args[0]), strict=True))
    copies = _copies_of_emptied(body, sweep)
    swap |= {copy.args[0]: copy.outputs[0] for copy in copies}
    made = region.ops
    region.ops = []
    _move(sweep, region)
    replace_values(region, swap)
    region.ops = []
    _move([*made, *copies, *sweep], region)
    with lo.into(region):
        for store, bar in zip(stores, bars, strict=True):
            lo.effect(operator.setitem, store, region.args[0], swap.get(bar, bar))
    loop = For(Const(0), units.total, Const(1), [], region, False, [])
    with lo.into(body):
        lo.append(loop)
        parts = units.rows(stores, inputs)
    for op in [*walk(region), *body.ops[body.ops.index(loop) :]]:
        op.mirror = op.mirror or mirror
    return parts


def _sweep_back_at_once(
    lo: Lowering, function: Function, seeds: dict[Value, Value], inputs: list[Value], bars: list[Value]
) -> dict[Value, list[Value]]:
    """Makes one reverse sweep of all of them."""
    body = function.body
    cut = first_of_reverse(function)
    sweep = body.ops[cut:]
    mirror = next((op.mirror for op in sweep), None)
    del body.ops[cut:]
    with lo.into(body):
        units = Units(lo, list(seeds))
        rows = units.all([seed.hint for seed in seeds.values()])
    for op in body.ops[cut:]:
        op.mirror = mirror
    _move(sweep, body)
    batch = Batch(function, dict(zip(seeds.values(), rows, strict=True)), units.total)
    batch.run()
    with lo.into(body), batch.lo.into(body):
        mark = len(body.ops)
        parts = units.rows([batch.lifted(bar) for bar in bars], inputs)
        for op in body.ops[mark:]:
            op.mirror = mirror
    return parts


def _copies_of_emptied(body: Region, sweep: list[Op]) -> list[Call]:
    """Copies of the lists of the forward sweep that a reverse sweep empties: each sweep empties one of its own."""
    inner = [op for outer in sweep for op in (outer, *(o for region in outer.regions for o in walk(region)))]
    made = {o for op in body.ops for o in op.outputs}
    emptied = [op.args[0] for op in inner if isinstance(op, Call) and op.fn is list.pop and op.args[0] in made]
    return [Call(list.copy, (v,), {}, [Value(v.type, v.hint)]) for v in dict.fromkeys(emptied)]


def elementwise_gradient(program: Program, asked: Asked) -> Gradient:
    """The cotangents of the arguments where that of every element of the value is 1."""
    function = program.function
    gradient.prepare(program, asked.optimize)
    out, aux = gradient.split_result(program, asked.has_aux)
    inputs = gradient.differentiable_leaves(program, list(asked.names))
    floats = _float_leaves(out)
    _check_real(function, floats)
    function.body.results = [*floats, *leaves(aux)]
    ones = [(v, Const(1.0)) for v in floats]
    bars, pairs = gradient._reverse(function, program.functions, ones, inputs, list(leaves(aux)), asked.optimize)
    known = dict(zip(inputs, bars, strict=True))
    trees = [gradient._structure(program, program.arguments[name], known) for name in asked.names]
    _, aux = gradient.classes(program, program.result, (out, aux), asked.has_aux)
    _finish_as(program, asked, tuple(trees) if asked.as_tuple else trees[0], aux)
    others = pairs.functions(function)
    name_apart(others, {function.name})
    return Gradient([*others, function])


# ---------------------------------------------------------------------------------------------- both modes


def _lowering() -> Lowering:
    lo = Lowering()
    lo.fixed_span = True
    lo.fresh_prefix = "j"
    return lo


def _one(lo: Lowering, value: Value) -> Value:
    """The number 1 in the kind of another."""
    if not isinstance(value.type, NpScalar):
        return Const(1.0)
    return lo.value(lo.emit_typed(value.type.dtype.type, (Const(1.0),), {}, value.type))


def _move(ops: list[Op], region: Region) -> None:
    for op in ops:
        region.append(op)


def _new_list(lo: Lowering, item: Value, hint: str) -> Value:
    output = Value(List(item.type), hint)
    lo.append_call(list, (), [output])
    return output


def _float_leaves(out: Any) -> list[Value]:
    """The leaves of a value that carry derivatives."""
    found = [v for v in dict.fromkeys(leaves(out)) if v.type.differentiable and not gradient.is_text(v)]
    listed = next((v for v in found if isinstance(v.type, List)), None)
    if listed is not None:
        raise UnsupportedError(
            "a list whose length depends on the run is returned: its Jacobian is not supported",
            listed.span,
            "return an array: np.array(...)",
        )
    return [v for v in found if not isinstance(v, Const)]


def _add_constants(
    lo: Lowering, function: Function, out: Any, inputs: list[Value], parts: dict[Value, list[Value]]
) -> None:
    """Adds zeros for the leaves of a value that are constant; refuses a value that has nothing to differentiate."""
    with lo.into(function.body):
        for v in leaves(out):
            if isinstance(v, Const) and isinstance(v.value, (float, complex)):
                parts[v] = [zero_of(lo, x) for x in inputs]
    if not parts:
        raise UnsupportedError(
            f"{function.shown} returns nothing that has a derivative", function.span, "return floats, or arrays of them"
        )


def _check_arguments(program: Program, asked: Asked, real: bool) -> None:
    """Refuses arguments that have no Jacobian."""
    for name in asked.names:
        for value in leaves_of(program, program.arguments[name]):
            if isinstance(value.type, List) and value.type.differentiable:
                raise ArgumentError(
                    f"argument {name!r} of {program.function.shown} is a long list of numbers, which has no Jacobian",
                    None,
                    f"pass an array: np.array({name})",
                )
            if real and _is_complex(value.type):
                raise ArgumentError(
                    f"argument {name!r} of {program.function.shown} is complex: forward mode takes real ones",
                    None,
                    "make its real and its imaginary part arguments of their own",
                )


def _check_real(function: Function, floats: Iterable[Value]) -> None:
    for value in floats:
        if _is_complex(value.type):
            raise UnsupportedError(
                f"{function.shown} returned complex numbers, and reverse mode takes real ones",
                value.span,
                "return the real and the imaginary part, or use srcgrad.jacfwd for real arguments",
            )


def _is_complex(t: Type) -> bool:
    return t == COMPLEX or (isinstance(t, (Array, NpScalar)) and t.dtype is not None and t.dtype.kind == "c")


def _entry(program: Program, asked: Asked, inputs: list[Value], parts: list[Value] | None) -> Any:
    """What stands for a leaf of the value in the result: derivatives in the structure of the arguments."""
    if parts is None:
        return Const(None)
    known = dict(zip(inputs, parts, strict=True))
    trees = [gradient._structure(program, program.arguments[name], known) for name in asked.names]
    return tuple(trees) if asked.as_tuple else trees[0]


def _finish(program: Program, asked: Asked, tree: Any, aux: Any) -> None:
    """The last passes, for a result in the structure of the value."""
    tree, aux = gradient.classes(program, program.result, (tree, aux), asked.has_aux)
    _finish_as(program, asked, tree, aux)


def _finish_as(program: Program, asked: Asked, tree: Any, aux: Any) -> None:
    result = (tree, aux) if asked.has_aux else tree
    name = program.function.name
    stem = name.removesuffix("_jacrev") if asked.suffix == "hessian" else name
    gradient.finish(program.function, result, f"{stem}_{asked.suffix}", asked.optimize)


def differentiated(
    program: Program, asked: Asked, again: Callable[[], Program], at_once: bool = True
) -> tuple[Gradient, Program]:
    """What is asked for, by the first way that can be gone, and the program that it was made of.

    Args:
        program: it is changed.
        asked: what is asked for.
        again: makes the program anew, for the next way.
        at_once: whether one sweep for all unit vectors is such a way.
    """
    for make, how in plans(program, asked):
        if how.at_once and not at_once:
            continue
        try:
            return make(program, how), program
        except NotBatched:
            program = again()
    raise AssertionError(f"no way to the {asked.suffix} of {program.function.name}")


def plans(program: Program, asked: Asked) -> list[tuple[Callable[[Program, Asked], Gradient], Asked]]:
    """The ways to what is asked for, the best one first; all but the last one may raise `NotBatched`.

    Forward sweeps run the program again, so that where a second run differs, reverse mode, which runs it once, is used.
    """
    if asked.suffix == "elementwise_grad":
        return [(elementwise_gradient, asked)]
    forward = asked.suffix in ("jacfwd", "hessian")
    at_once = replace(asked, at_once=True)
    back = [(reverse_jacobian, at_once), (reverse_jacobian, asked)]
    if not forward:
        return back
    again = not asked.has_aux and can_be_repeated(program)
    return [(forward_jacobian, at_once), *([(forward_jacobian, asked)] if again else back)]


MODES = frozenset(["jacfwd", "hessian", "jacrev", "elementwise_grad"])
