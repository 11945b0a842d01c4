"""The one judge of gradients: what the compiler makes of a program, against differences of the program itself."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from programs import Program

import srcgrad
from srcgrad.errors import NoRuleError
from srcgrad.testing import (
    Tolerance,
    argument_names,
    check_close,
    check_same,
    directional_derivative,
    is_active,
    numerical_gradient,
    pairing,
    random_like,
)
from srcgrad.tree import flatten, map_leaves, paths


@dataclass
class Gradients:
    """The gradient functions of one function, kept from point to point: their code has to be right at each of them.

    Attributes:
        unoptimised: whether the next point is judged without optimisation too.
    """

    unoptimised: bool = True
    known: dict[tuple, srcgrad.GradFunction] = field(default_factory=dict)

    def of(self, make: Callable[..., Any], program: Program, **options: Any) -> srcgrad.GradFunction:
        """What `grad` or `value_and_grad` makes of a program, made once."""
        key = (make, program.fun, program.argnums, *options.items())
        if key not in self.known:
            self.known[key] = make(program.fun, argnums=program.argnums, **options)
        return self.known[key]


def judge(program: Program, gradients: Gradients | None = None) -> None:
    """Raises AssertionError unless the gradient of a program is right in every respect that is promised.

    Args:
        program: what to judge, and where.
        gradients: those of the same function at other points.
    """
    out, seed, expected = numerical(program)
    gradients = gradients or Gradients()
    gradient = judge_grad(program, out, expected, gradients) if program.output == "scalar" else None
    cotangents = judge_vjp(program, out, seed, expected, gradient)
    judge_jvp(program, out, seed, cotangents)


def wanted(program: Program) -> tuple[int, ...]:
    """The positions of the arguments that gradients are wanted for."""
    return (program.argnums,) if isinstance(program.argnums, int) else program.argnums


@functools.cache
def numerical(program: Program) -> tuple[Any, Any, tuple]:
    """What a program returns, a cotangent for it, and the gradients by differences, one for each wanted argument.

    Raises:
        CannotJudge: if the differences do not agree at two step sizes.
    """
    out = program.fun(*program.args())
    if program.output == "scalar":
        assert is_active(out) and np.ndim(out) == 0, f"{program.name} returned {out!r}"
        seed: Any = 1.0
        weighted = program.fun
    else:
        seed = random_like(out, np.random.default_rng(0))

        def weighted(*args: Any) -> float:
            return pairing(seed, program.fun(*args))

    named = functools.wraps(program.fun)(lambda *args: weighted(*args))
    return out, seed, numerical_gradient(named, program.args(), wanted(program))


def judge_grad(program: Program, out: Any, expected: tuple, gradients: Gradients) -> tuple:
    """Judges `grad` and `value_and_grad`, optimised or not; returns the gradients as a tuple."""
    args, names = program.args(), argument_names(program.fun, program.args())
    tolerance = tolerance_for(program, out)
    gradient_function = gradients.of(srcgrad.grad, program)
    first = gradient_function(*args)
    judge_arguments(program, args, "grad")
    got = as_tuple(program, first)
    for k, argnum in enumerate(wanted(program)):
        check_close(got[k], expected[k], program.name, names[argnum], tolerance)
        judge_structure(program, args[argnum], got[k], names[argnum])
    judge_memory(program, got, args, "grad")
    check_same(gradient_function(*args), first, f"a second call of the gradient of {program.name} answers otherwise")
    check_same(
        gradient_function(*program.args()),
        first,
        f"on equal arguments the gradient of {program.name} answers otherwise",
    )

    value, again = gradients.of(srcgrad.value_and_grad, program)(*args)
    check_same(value, out, f"value_and_grad of {program.name} has another value", exact=False, given=args)
    check_same(again, first, f"value_and_grad of {program.name} has another gradient", exact=False, given=args)
    if gradients.unoptimised:
        plain = gradients.of(srcgrad.grad, program, optimize=False)(*args)
        check_same(plain, first, f"optimize=False changes the gradient of {program.name}", exact=False, given=args)
    judge_arguments(program, args, "value_and_grad")
    return got


def judge_exactly(program: Program, gradients: Gradients) -> None:
    """Judges what has nothing to do with rounding: structure, memory, arguments, and that the answer stays the same."""
    args, names = program.args(), argument_names(program.fun, program.args())
    value, pull = srcgrad.vjp(program.fun, *args)
    seed = random_like(value, np.random.default_rng(0))
    first = pull(seed)
    check_same(pull(seed), first, f"pulling twice gives two answers for {program.name}")
    answers = [tuple(first[argnum] for argnum in wanted(program))]
    if program.output == "scalar":
        gradient_function = gradients.of(srcgrad.grad, program)
        answers.append(as_tuple(program, gradient_function(*args)))
        check_same(as_tuple(program, gradient_function(*args)), answers[-1], f"{program.name} has two gradients")
    judge_arguments(program, args, "vjp or grad")
    for answer in answers:
        judge_memory(program, answer, args, "vjp or grad")
        for argnum, got in zip(wanted(program), answer, strict=True):
            judge_structure(program, args[argnum], got, names[argnum])


def judge_vjp(program: Program, out: Any, seed: Any, expected: tuple, gradient: tuple | None) -> tuple:
    """Judges `vjp`: its value, and its pullback, which is pulled again with another cotangent in between."""
    args, names = program.args(), argument_names(program.fun, program.args())
    tolerance = tolerance_for(program, out)
    value, pull = srcgrad.vjp(program.fun, *args)
    check_same(value, out, f"vjp of {program.name} has another value", exact=False, given=args)
    first = pull(seed)
    assert len(first) == len(args), f"the pullback of {program.name} returned {len(first)} cotangents, not {len(args)}"
    twice = pull(map_leaves(lambda leaf: None if leaf is None else 2.0 * leaf, seed))
    check_same(pull(seed), first, f"pulling twice gives two answers for {program.name}")
    check_same(value, out, f"pulling changes the output of {program.name}", exact=False, given=args)
    judge_arguments(program, args, "vjp")
    judge_memory(program, first, args, "vjp")
    for k, argnum in enumerate(wanted(program)):
        if type(args[argnum]) is int:  # for vjp an int is passive
            continue
        check_close(first[argnum], expected[k], program.name, names[argnum], tolerance)
        judge_structure(program, args[argnum], first[argnum], names[argnum])
        doubled = map_leaves(lambda leaf: None if leaf is None else 2.0 * leaf, first[argnum])
        check_same(twice[argnum], doubled, f"the pullback of {program.name} is not linear", exact=False, given=args)
        if gradient is not None:
            check_same(first[argnum], gradient[k], f"vjp and grad of {program.name} differ", exact=False, given=args)
    for argument, cotangent in zip(args, first, strict=True):
        if not any(map(is_active, flatten(argument)[0])):
            assert cotangent is None, f"vjp of {program.name} gives a cotangent for the passive argument {argument!r}"
    return first


def judge_jvp(program: Program, out: Any, seed: Any, cotangents: tuple) -> None:
    """Judges `jvp`: its value, and its tangent, which is the transpose of the pullback."""
    args, rng = program.args(), np.random.default_rng(4)
    directions = [
        random_like(arg, rng) if k in wanted(program) and type(arg) is not int else None for k, arg in enumerate(args)
    ]
    if "reverse mode alone" in program.tags:
        with pytest.raises(NoRuleError, match="no forward mode"):
            srcgrad.jvp(program.fun, args, directions)
        return
    given = copy.deepcopy(directions)
    value, tangent = srcgrad.jvp(program.fun, args, directions)
    check_same(value, out, f"jvp of {program.name} has another value", exact=False, given=args)
    judge_arguments(program, args, "jvp")
    check_same(directions, given, f"jvp changes a tangent of {program.name}")
    judge_memory(program, (value, tangent), (*args, *directions), "jvp")
    again = srcgrad.jvp(program.fun, args, directions)
    check_same(again, (value, tangent), f"jvp twice gives two answers for {program.name}")
    doubled = map_leaves(lambda leaf: None if leaf is None else 2.0 * leaf, directions)
    twice = map_leaves(lambda leaf: None if leaf is None else 2.0 * leaf, tangent)
    check_same(srcgrad.jvp(program.fun, args, doubled)[1], twice, f"jvp of {program.name} is not linear", exact=False)
    judge_structure(program, value, tangent, "its tangent")
    got = pairing(seed, tangent)
    pairs = zip(cotangents, directions, strict=True)
    expected = sum(pairing(c, d) for c, d in pairs if c is not None and d is not None)
    size = np.array(
        [got, expected, *(np.max(np.abs(leaf), initial=0.0) for leaf in flatten(tangent)[0] if leaf is not None)]
    )
    close = np.max(np.abs(size), initial=1.0) * (1e-3 if tolerance_for(program, out).rtol > 1e-4 else 1e-9)
    assert abs(got - expected) <= close, f"forward mode of {program.name} gives {got!r}, reverse mode {expected!r}"


def judge_second_order(program: Program) -> None:
    """Judges the gradients of the code that is generated for a program, against differences of that code."""
    judge_generated(program, generated_gradient(program), f"the gradient of {program.name}")


def judge_third_order(program: Program) -> None:
    """Judges the gradients of the code that is generated for the code that is generated for a program."""
    generated = generated_gradient(program)
    seed = random_like(generated(*program.args()), np.random.default_rng(1))
    second = generated_pullback(generated, program.args(), seed)
    judge_generated(program, second, f"the second gradient of {program.name}")


def judge_generated(program: Program, generated: Callable[..., Any], name: str) -> None:
    """Judges the gradients of generated code, against differences of that code."""
    args, names = program.args(), argument_names(program.fun, program.args())
    out = generated(*program.args())
    seed = random_like(out, np.random.default_rng(1))
    floats = [k for k in wanted(program) if type(args[k]) is not int]
    expected = numerical_gradient(lambda *given: pairing(seed, generated(*given)), program.args(), floats)
    value, pull = srcgrad.vjp(generated, *args)
    got = pull(seed)
    check_same(value, out, f"{name} has another value", exact=False, given=args)
    check_same(pull(seed), got, f"pulling twice gives two answers for {name}")
    judge_arguments(program, args, f"vjp of {name}")
    for k, want in zip(floats, expected, strict=True):
        check_close(got[k], want, name, names[k], Tolerance.of((args, out), out))


def judge_forward_over_reverse(program: Program) -> None:
    """Judges the tangents of the code that is generated for a program along one direction: as Hessians are made."""
    generated, name = generated_gradient(program), f"the gradient of {program.name}"
    args, rng = program.args(), np.random.default_rng(5)
    directions = [
        random_like(arg, rng) if k in wanted(program) and type(arg) is not int else None for k, arg in enumerate(args)
    ]
    moved = directional_derivative(generated, args, directions)
    value, tangent = srcgrad.jvp(generated, args, directions)
    check_same(value, generated(*program.args()), f"jvp of {name} has another value", exact=False, given=args)
    judge_arguments(program, args, f"jvp of {name}")
    seed = random_like(value, rng)
    check_close(pairing(seed, tangent), pairing(seed, moved), name, "a direction", Tolerance.of((args, value), value))


def judge_over_forward(program: Program) -> None:
    """Judges the tangents and the gradients of the tangents of a program along one direction, by another direction."""
    fun, name, args, rng = program.fun, f"the tangent of {program.name}", program.args(), np.random.default_rng(5)
    floats = [k for k in wanted(program) if type(args[k]) is not int]
    first, second = ([random_like(arg, rng) if k in floats else None for k, arg in enumerate(args)] for _ in range(2))

    def tangent(*args: Any) -> Any:
        return srcgrad.jvp(fun, args, tuple(first))[1]

    moved = directional_derivative(tangent, args, second)
    value, dot = srcgrad.jvp(tangent, args, second)
    check_same(value, tangent(*program.args()), f"jvp of {name} has another value", exact=False, given=args)
    judge_arguments(program, args, f"jvp of {name}")
    seed, tolerance = random_like(value, rng), Tolerance.of((args, value), value)
    check_close(pairing(seed, dot), pairing(seed, moved), name, "a direction", tolerance)
    _, pull = srcgrad.vjp(tangent, *args)
    bars = pull(seed)
    judge_arguments(program, args, f"vjp of {name}")
    got = sum(pairing(bars[k], second[k]) for k in floats)
    check_close(got, pairing(seed, moved), name, "a cotangent", tolerance)


def generated_gradient(program: Program) -> Callable[..., Any]:
    """The gradient of a program as a function that is compiled from the generated code when it is differentiated."""
    if program.output == "scalar":
        gradient: Callable[..., Any] = srcgrad.grad(program.fun, argnums=program.argnums)
        return gradient
    out = program.fun(*program.args())
    return generated_pullback(program.fun, program.args(), random_like(out, np.random.default_rng(0)))


def generated_pullback(fun: Callable[..., Any], args: tuple, seed: Any) -> Callable[..., Any]:
    """The gradients of a function from a cotangent of its result, as a function that runs generated code."""
    _, pull = srcgrad.vjp(fun, *args)
    forward, reverse = pull._variant.entry, pull._variant.reverse
    seeds = tuple(leaf for leaf in flatten(seed)[0] if leaf is not None)
    parameters = inspect.signature(fun).parameters.values()

    def both(*args: Any) -> Any:
        results = forward(*args)
        return reverse(*results[1:], *seeds)

    def both_of_all(*args: Any) -> Any:
        results = forward(args)
        return reverse(*results[1:], *seeds)

    return both_of_all if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters) else both


def as_tuple(program: Program, gradient: Any) -> tuple:
    """A gradient for each wanted argument: an int argnum asks for a bare gradient, a tuple for a tuple."""
    if isinstance(program.argnums, int):
        return (gradient,)
    assert type(gradient) is tuple, f"the gradient of {program.name} is {gradient!r}, not a tuple"
    assert len(gradient) == len(program.argnums), f"the gradient of {program.name} has {len(gradient)} parts"
    return gradient


def tolerance_for(program: Program, out: Any) -> Tolerance:
    """Tight tolerances, unless the program computes in single precision."""
    return Tolerance.of((program.args(), out), out)


def judge_arguments(program: Program, args: tuple, by: str) -> None:
    """The arguments, also those that the program writes, are to the last bit what they were."""
    check_same(args, program.args(), f"{by} changes an argument of {program.name}")


def judge_structure(program: Program, argument: Any, gradient: Any, name: str) -> None:
    """A gradient has its argument's structure, shapes and dtypes, and None for passive leaves."""
    leaves, structure = flatten(argument)
    got, got_structure = flatten(gradient)
    assert got_structure == structure, (
        f"gradient of {program.name}: {gradient!r} is not of the structure of {argument!r}"
    )
    for leaf, g, path in zip(leaves, got, paths(argument, name), strict=True):
        where = f"gradient of {program.name} with respect to {path}"
        if type(argument) is int:
            assert isinstance(g, float), f"{where} is {g!r}, not a float"
        elif not is_active(leaf):
            assert g is None, f"{where}, which is passive, is {g!r}"
        elif isinstance(leaf, (float, complex)) and not isinstance(leaf, np.generic):
            cls = float if isinstance(leaf, float) else complex
            assert isinstance(g, cls), f"{where} is {g!r}, not a {cls.__name__}"
        else:
            assert isinstance(g, (np.ndarray, np.generic)), f"{where} is {g!r}"
            assert g.dtype == leaf.dtype, f"{where} has dtype {g.dtype}, not {leaf.dtype}"
            assert g.shape == leaf.shape, f"{where} has shape {g.shape}, not {leaf.shape}"


def judge_memory(program: Program, gradient: Any, args: tuple, by: str) -> None:
    """A gradient shares no memory with an argument or with a global of the program."""
    assert isinstance(program.fun, FunctionType)
    used = [program.fun.__globals__[name] for name in program.fun.__code__.co_names if name in program.fun.__globals__]
    foreign = [leaf for leaf in flatten((args, used))[0] if isinstance(leaf, np.ndarray)]
    for g in flatten(gradient)[0]:
        if isinstance(g, np.ndarray):
            assert not any(np.shares_memory(g, a) for a in foreign), f"{by} of {program.name} returns foreign memory"
