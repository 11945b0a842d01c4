"""The code for arguments of any kind, which is made before a call: its gradients of the test programs."""

from __future__ import annotations

import functools
from typing import Any

from oracle import as_tuple, numerical, tolerance_for, wanted
from programs import Program

import srcgrad
from srcgrad.backend.building import Options, Variant
from srcgrad.backend.dispatch import Dispatcher
from srcgrad.backend.targets import resolve
from srcgrad.testing import argument_names, check_close, check_same
from srcgrad.tree import flatten


@functools.cache
def generic(program: Program) -> Variant:
    """The code for arguments of any kind: a gradient function, or a pullback where the output is no number."""
    if program.output == "scalar":
        return srcgrad.grad(program.fun, argnums=program.argnums)._dispatcher.generic()
    target = resolve(program.fun, "vjp")
    names = tuple(target.positional[k] for k in wanted(program))
    return Dispatcher(target, Options("vjp", names, True)).generic()


def floated(program: Program) -> tuple:
    """The arguments of a program; as the API does, it takes an integer that a gradient is wanted for as a float."""
    args = enumerate(program.args())
    return tuple([float(arg) if type(arg) is int and k in wanted(program) else arg for k, arg in args])


def gradients(program: Program, args: tuple) -> tuple[Any, ...]:
    """The gradients by the code for arguments of any kind, one for each wanted argument."""
    variant = generic(program)
    bound = resolve(program.fun, "grad").bind(args, {})
    values = [bound[name] for name in variant.params]
    if program.output == "scalar":
        return as_tuple(program, variant.entry(*values))
    _, seed, _ = numerical(program)
    _, *kept = variant.entry(*values)
    assert variant.reverse is not None
    seeds = [leaf for leaf in flatten(seed)[0] if leaf is not None]
    return tuple(variant.reverse(*kept, *seeds))


def judge_any_kind(program: Program) -> None:
    """Raises AssertionError unless the code for any kind gives the gradients that the code for these kinds does."""
    args = floated(program)
    names = argument_names(program.fun, args)
    got = gradients(program, args)
    expected = as_tuple(program, srcgrad.grad(program.fun, argnums=program.argnums)(*program.args()))
    out = program.fun(*program.args())
    for k, argnum in enumerate(wanted(program)):
        check_close(got[k], expected[k], program.name, names[argnum], tolerance_for(program, out))
    check_same(args, floated(program), f"the code for any kind changes an argument of {program.name}")
