"""From a lowered program to the function that computes its value and its tangent: the pipeline of passes, flat."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from srcgrad.analysis.alias import Aliases
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.program import Program
from srcgrad.frontend.values import Reference, Sequence, Symbol
from srcgrad.ir.nodes import Const, Function, Value, leaves, map_tree
from srcgrad.transform.closed import add_parameters
from srcgrad.transform.final_cotangents import final_cotangent, is_mixed
from srcgrad.transform.forward import Forward
from srcgrad.transform.gradient import (
    Gradient,
    activity_of,
    built,
    classes,
    differentiable_leaves,
    finish,
    is_text,
    prepare,
    split_result,
    without_reverse,
)


def pushforward(
    program: Program, names: list[str], has_aux: bool, optimize: bool = True, value: bool = True
) -> Gradient:
    """The function behind `jvp`: it takes a tangent for each float leaf of some arguments after the arguments.

    It returns `(out, out_dot)`, with aux `(out, out_dot, aux)`; without the value, for `hvp`, `out` is left out.
    """
    function = program.function
    pushed = with_tangents(program, names, has_aux, optimize)
    out, out_dot, aux = pushed.out, pushed.out_dot, pushed.aux
    if value:
        result: Any = (out, out_dot, aux) if has_aux else (out, out_dot)
        finish(function, result, f"{function.name}_jvp", optimize)
    else:
        result = (out_dot, aux) if has_aux else out_dot
        finish(function, result, f"{function.name.removesuffix('_grad')}_hvp", optimize)
    return Gradient(without_reverse(program), tangents=pushed.places)


@dataclass(frozen=True, slots=True)
class Pushed:
    """A function to which the forward transform has added what computes the tangent of its value.

    Attributes:
        out, out_dot, aux: the value, its tangent and what is passed through, as argument trees.
        tangents: those of the inputs, the last parameters of the function.
        places: the way to each input.
    """

    out: Any
    out_dot: Any
    aux: Any
    tangents: dict[Value, Value]
    places: tuple[tuple[str, tuple], ...]


def with_tangents(program: Program, names: list[str], has_aux: bool, optimize: bool) -> Pushed:
    """Adds to the function of a program what computes the tangent of its value, and a parameter for each tangent."""
    function = program.function
    prepare(program, optimize, checkpoints=False)
    out, aux = split_result(program, has_aux)
    inputs = differentiable_leaves(program, names)
    functions = [*program.functions, function]
    aliases = Aliases(functions, reads=True)
    floats = [v for v in leaves(out) if v.type.differentiable and not is_text(v)]
    activity = activity_of(functions, aliases, inputs, floats, optimize)
    tangents = inputs_of(inputs, function, "dot")
    forward = Forward(functions, activity, aliases)
    dots = dict(zip(floats, forward.run(function, tangents, floats), strict=True))
    add_parameters(function, list(tangents.values()))
    lo = Lowering()
    lo.fixed_span = True
    with lo.into(function.body):
        mixed = is_mixed(function)
        dots = {v: final_cotangent(lo, dot, v, mixed) for v, dot in dots.items()}
        out_dot = map_tree(lambda v: dots.get(v, Const(None)), out)
        out_dot = built(lo, classes(program, program.result, (out_dot, aux), has_aux)[0])
        out, aux = built(lo, classes(program, program.result, (out, aux), has_aux))
    return Pushed(out, out_dot, aux, tangents, tuple(places_of(program, names, inputs)))


def inputs_of(inputs: list[Value], function: Function, suffix: str) -> dict[Value, Value]:
    """A parameter for the tangent of each input, with a name of its own."""
    taken = {param.hint for param in function.params} | {value.hint for value in function.captured}
    found: dict[Value, Value] = {}
    for value in inputs:
        stem = f"{value.hint or 'x'}_{suffix}"
        numbered = (f"{stem}_{k}" for k in itertools.count(1))
        name = next(name for name in itertools.chain([stem], numbered) if name not in taken)
        taken.add(name)
        found[value] = Value(value.type, name, value.span)
    return found


def places_of(program: Program, names: list[str], inputs: list[Value]) -> Iterator[tuple[str, tuple]]:
    """The way to each input, in their order."""
    found: dict[Value, tuple[str, tuple]] = {}
    for name in names:
        for path, leaf in _paths(program, program.arguments[name]):
            found.setdefault(leaf, (name, path))
    return (found[value] for value in inputs)


def _paths(program: Program, symbol: Symbol) -> Iterator[tuple[tuple, Value]]:
    if isinstance(symbol, Value):
        yield (), symbol
        return
    items: list[tuple[Any, Symbol]] = []
    if isinstance(symbol, Sequence):
        items = list(enumerate(symbol.items))
    elif isinstance(symbol, Reference):
        contents = program.contents[symbol]
        if symbol.cls is list:
            items = list(enumerate(contents))
        else:
            items = [(key if symbol.cls is dict else f".{key}", item) for key, item in contents]
    for key, item in items:
        for path, leaf in _paths(program, item):
            yield (key, *path), leaf
