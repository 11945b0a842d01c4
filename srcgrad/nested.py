"""Derivatives inside of differentiated functions: what `grad` and the like stand for in a program.

A call of a gradient is lowered as the call of a function that the user might have written: the function is lowered by
itself, differentiated, printed, and what is printed is called. Which derivative a number belongs to cannot be mistaken:
each has code of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any, cast

from srcgrad.analysis.alias import Aliases
from srcgrad.api import GradFunction, grad, value_and_grad
from srcgrad.backend.compile import load
from srcgrad.backend.emit import emit_module
from srcgrad.frontend import stand_ins
from srcgrad.frontend.functions import call_function
from srcgrad.frontend.handlers import BOUND, handles, handles_calls_of
from srcgrad.frontend.inner_programs import InnerProgram, Parameters, lower_inside, marks_inside, parameters_of
from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.marks import Marks
from srcgrad.frontend.program import Program
from srcgrad.frontend.values import NOT_CONSTANT, Bound, Spread, Symbol, constant, is_function
from srcgrad.ir.nodes import UNDEFINED, Const, Function, Value
from srcgrad.ir.types import INT, Unknown
from srcgrad.jacobians import elementwise_grad, hessian, jacfwd, jacrev
from srcgrad.rules.custom import TRANSPOSED
from srcgrad.transform import jacobian
from srcgrad.transform.gradient import Gradient, joint_gradient
from srcgrad.transform.missing_kinds import keep_kinds
from srcgrad.transform.transposition import lower_transposed


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a function that a program differentiates.

    Attributes:
        mode: `grad`, `value_and_grad`, or a mode of Jacobians.
        wanted: the numbers or names of the parameters to differentiate with respect to.
        as_tuple: whether a tuple of gradients is wanted.
        has_aux: whether the function returns a pair `(value, aux)`.
    """

    mode: str
    wanted: tuple[int | str, ...]
    as_tuple: bool
    has_aux: bool


_OPTIONS = frozenset(["argnums", "argnames", "has_aux", "optimize", "jit", "debug"])


def derivative(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol], operator: Any) -> Symbol:
    """`grad(f, argnums)`, or `grad(argnums=1)`, which is called with a function then."""
    given = dict(zip(("fun", "argnums"), args, strict=False)) | kwargs
    fun = given.pop("fun", Const(None))
    if isinstance(fun, Const) and fun.value is None:
        return Bound(Const(operator), (), given)
    unexpected = next((name for name in given if name not in _OPTIONS), None)
    if unexpected is not None:
        lo.raises(TypeError, f"{operator.__name__}() got an unexpected keyword argument {unexpected!r}")
    options = {name: constant(symbol) for name, symbol in given.items()}
    unknown = next((name for name, value in options.items() if value is NOT_CONSTANT), None)
    if unknown is not None:
        lo.unsupported(f"{unknown} of {operator.__name__} depends on the run here", "give it as a constant")
    return derivative_of(fun, operator.__name__, options)


def derivative_of(fun: Symbol, mode: str, options: dict[str, Any]) -> Symbol:
    """The derivative of a function, to be called."""
    which = options.get("argnames")
    which = options.get("argnums", 0) if which is None else which
    many = isinstance(which, (tuple, list))
    asked = Asked(mode, tuple(which) if many else (which,), many, bool(options.get("has_aux", False)))
    return Bound(Const(_gradient), (Const(asked), fun))


for _operator in (grad, value_and_grad, jacfwd, jacrev, hessian, elementwise_grad):
    handles(_operator)(functools.partial(derivative, operator=_operator))


@handles_calls_of(GradFunction)
def _called(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    made, *rest = args
    assert isinstance(made, Const)
    return lo.call(_made(lo, made.value), rest, kwargs)


def _made(lo: Lowering, made: GradFunction, owner: Symbol | None = None) -> Symbol:
    """A gradient that was made outside of the program, as one that is made in it; of a method, with its object."""
    fun = lo.call(Const(getattr), [Const(made), Const("fun")], {})
    if isinstance(fun, Const) and type(fun.value) is staticmethod:
        fun, owner = Const(fun.value.__func__), None
    return derivative_of(fun if owner is None else Bound(fun, (owner,)), made._mode, made._given)


BOUND[GradFunction] = _made


def _gradient(*args: Any) -> Any:
    """Stands for the call of a gradient: what is asked, the function, and its arguments."""


@handles(_gradient)
def _called_gradient(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    what, fun, *rest = args
    assert isinstance(what, Const)
    asked: Asked = what.value
    if any(map(is_undefined, (fun, *rest, *kwargs.values()))):
        return Const(UNDEFINED)
    parameters = parameters_for(lo, fun, asked.mode)
    check_count(lo, rest)
    named = {parameters.name_of(k): arg for k, arg in enumerate(rest)}
    wanted = [wanted_name(lo, which, parameters, named, kwargs) for which in asked.wanted]
    for group in (named, kwargs):
        group.update({name: floated(lo, group[name]) for name in wanted if name in group})
        for symbol in [group[name] for name in wanted if name in group]:
            if isinstance(symbol, Value) and isinstance(symbol.type, Unknown):
                call_function(lo, cast(FunctionType, stand_ins.check_number), [symbol], {})
    if asked.mode == "hessian":
        # As that of a function: the Jacobian, in forward mode, of that in reverse mode.
        fun = Bound(Const(_gradient), (Const(replace(asked, mode="jacrev")), fun))

    gradient, inner = _differentiated(asked, wanted, lambda: _lowered(lo, fun, named, kwargs, wanted))
    return call_function(lo, compiled(lo, gradient)[-1], list(inner.given), {})


def _lowered(
    lo: Lowering, fun: Symbol, args: dict[str, Symbol], kwargs: dict[str, Symbol], wanted: list[str]
) -> InnerProgram:
    """The function by itself."""
    found: list[InnerProgram] = []

    def lower(marks: Marks) -> Program:
        found[:] = [lower_inside(lo, fun, args, kwargs, wanted, marks)]
        return found[0].program

    transposed = getattr(fun.value, TRANSPOSED, None) if isinstance(fun, Const) else None
    if transposed is not None and wanted == [transposed.parameter]:
        lower_transposed(lower, transposed, marks_inside(lo, fun))
    else:
        lower(marks_inside(lo, fun))
    check_written(lo, found[0])
    return found[0]


def _differentiated(
    asked: Asked, wanted: list[str], lowered: Callable[[], InnerProgram]
) -> tuple[Gradient, InnerProgram]:
    inner = lowered()
    if asked.mode not in jacobian.MODES:
        with_value = asked.mode == "value_and_grad"
        return joint_gradient(inner.program, wanted, asked.as_tuple, with_value, asked.has_aux), inner

    def again() -> Program:
        nonlocal inner
        inner = lowered()
        return inner.program

    of_jacobian = jacobian.Asked(tuple(wanted), asked.as_tuple, asked.has_aux, True, asked.mode)
    gradient, _ = jacobian.differentiated(inner.program, of_jacobian, again)
    return gradient, inner


def check_count(lo: Lowering, args: list[Symbol]) -> None:
    """Refuses arguments of which nobody knows how many they are."""
    if args and isinstance(args[-1], Spread):
        lo.unsupported("how many arguments a function that is differentiated gets depends on the run here")


def parameters_for(lo: Lowering, fun: Symbol, mode: str) -> Parameters:
    found = parameters_of(fun)
    if found is None and not is_function(fun):
        lo.unsupported(f"{mode} needs a function", "pass the function, not what it returns")
    return Parameters(()) if found is None else found


def wanted_name(
    lo: Lowering, which: int | str, parameters: Parameters, args: dict[str, Symbol], kwargs: dict[str, Symbol]
) -> str:
    """The name of an argument to differentiate with respect to."""
    names = parameters.positional
    if isinstance(which, int):
        if which < 0 and parameters.variadic is None:
            names = (*names, *parameters.keyword_only)
        within = -len(names) <= which < len(names)
        name = names[which] if within else parameters.name_of(which) if which >= 0 else None
    else:
        name = which
    if name is None or (name not in args and name not in kwargs):
        lo.unsupported(f"a gradient with respect to {which!r} is wanted, but no such argument is passed here")
    return name


def floated(lo: Lowering, symbol: Symbol) -> Symbol:
    """A Python integer that a gradient is wanted for is taken as a float."""
    if isinstance(symbol, Const):
        return Const(float(symbol.value)) if type(symbol.value) is int else symbol
    return lo.call(Const(float), [symbol], {}) if isinstance(symbol, Value) and symbol.type == INT else symbol


def check_written(lo: Lowering, inner: InnerProgram) -> None:
    """Refuses functions that write to an array of the enclosing function, which would not see it.

    Whether what they write of their own arguments can be written is asked of the arguments of the outermost program.
    """
    aliases = Aliases([inner.program.function, *inner.program.functions])
    lo.writes_inside |= inner.program.writes_inside or any(map(aliases.is_written, inner.program.function.body.args))
    for value in inner.captured:
        if aliases.is_written(value):
            lo.span = aliases.writers[aliases.find(value)][0].span or lo.span
            lo.unsupported(
                f"{value.hint}, an array of the enclosing function, is written by a function that is differentiated",
                "write to a copy, or pass the array as an argument",
            )


def compiled(lo: Lowering, gradient: Gradient) -> list[Any]:
    """The generated functions: the same ones for the same text."""
    functions: list[Function] = list(gradient.functions)
    if gradient.reverse is not None and gradient.reverse not in functions:
        functions.append(gradient.reverse)
    for function in functions:
        keep_kinds(function)
    emitted = emit_module(functions)
    key = (emitted.source, tuple([(name, id(obj)) for name, obj in emitted.namespace.items()]))
    known = lo.marks.derived.get(key)
    if known is None:
        loaded = load(emitted, "srcgrad", f"srcgrad {functions[-1].name}")
        known = lo.marks.derived[key] = [loaded[function.name] for function in functions]
    return known
