"""A function that is differentiated inside of another one: lowered by itself, for arguments of the kinds it gets there.

What the two have in common is handed over: see `handover`.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection
from dataclasses import dataclass
from types import FunctionType, MethodType

from srcgrad.frontend.functions import source_of
from srcgrad.frontend.handover import Handover
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Marks
from srcgrad.frontend.outside import outside
from srcgrad.frontend.parameters import containers
from srcgrad.frontend.pools import make_columns
from srcgrad.frontend.program import Program, finished, lowered
from srcgrad.frontend.values import Bound, Closure, Conflict, Reference, Symbol, is_function
from srcgrad.ir.nodes import Const, Region, Value

_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class InnerProgram:
    """A function that is lowered inside of another program.

    Attributes:
        program: the function by itself.
        given: the values of the other program that its parameters stand for, in order.
        captured: the parameters that are no arguments.
    """

    program: Program
    given: list[Value]
    captured: list[Value]


def lower_inside(
    lo: Lowering,
    fn: Symbol,
    args: dict[str, Symbol],
    keywords: dict[str, Symbol],
    wanted: Collection[str],
    marks: Marks,
) -> InnerProgram:
    """Lowers a function that a program is about to differentiate.

    Args:
        lo: the state of lowering this program.
        fn: the function.
        args: its positional arguments, each with a name to show.
        keywords: its other arguments.
        wanted: the arguments to differentiate with respect to.
        marks: what is known of it: see `marks_inside`.
    """
    depth, around = 0, lo
    while around.handover is not None:
        depth, around = depth + 1, around.handover.outer
    if depth > _DEEPEST:
        lo.unsupported("the derivatives here nest too deeply, or without an end", "give the recursion a fixed depth")
    name = function_name(fn)
    return lowered(lambda marks: _attempt(lo, fn, args, keywords, wanted, marks, name), marks, name)


def marks_inside(lo: Lowering, fn: Symbol) -> Marks:
    """What is known, from earlier attempts, of a function that a program is about to differentiate."""
    return lo.marks.for_program_at((*lo.site(function_name(fn)), lo.span))


def _attempt(
    outer: Lowering,
    fn: Symbol,
    args: dict[str, Symbol],
    keywords: dict[str, Symbol],
    wanted: Collection[str],
    marks: Marks,
    name: str,
) -> InnerProgram:
    handover = Handover(outer)
    lo = Lowering(marks)
    lo.handover = handover
    lo.generic, lo.span, lo.fixed_span = outer.generic, outer.span, outer.fixed_span
    lo.fresh_prefix = f"{outer.fresh('i')}."
    # What the code relies on is known to the outermost program alone.
    lo.guards, lo.object_sources, lo.argument_objects = outer.guards, outer.object_sources, outer.argument_objects
    lo.active = list(outer.active)
    body = Region()
    with lo.into(body):
        symbols = {key: handover.argument(lo, symbol, key, key in wanted) for key, symbol in (args | keywords).items()}
        make_columns(lo)
        contents = {r: lo.contents(r) for symbol in symbols.values() for r in containers(lo, symbol)}
        for _, source in list(marks.taken.values()):
            if source is not None:
                outside(lo, source)
        inside = handover.read(lo, "function", name, lambda: fn)
        result = lo.call(inside, [symbols[key] for key in args], {key: symbols[key] for key in keywords})
        handover.check_unchanged(lo)
    body.args = handover.params
    for param in body.args:
        param.owner = body
    program = finished(lo, name, symbols, contents, result, body)
    # What is captured may share memory with an argument that is written.
    program.arguments.update({f"captured {param.hint}": param for param in handover.captured})
    return InnerProgram(program, handover.given, handover.captured)


def function_name(fn: Symbol) -> str:
    """What a function is called."""
    if isinstance(fn, Closure):
        return fn.name
    if isinstance(fn, Bound):
        return function_name(next(filter(is_function, fn.args), fn.fn))
    return str(getattr(fn.value, "__name__", "function")) if isinstance(fn, Const) else "function"


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a function that calls can still bind.

    Attributes:
        positional: those that can be passed by position.
        keyword_only: those that can't.
        variadic: the name of `*args`.
    """

    positional: tuple[str, ...]
    keyword_only: tuple[str, ...] = ()
    variadic: str | None = None

    def without(self, count: int) -> Parameters:
        """Those that are left when so many have been passed by position."""
        return Parameters(self.positional[count:], self.keyword_only, self.variadic)

    def name_of(self, k: int) -> str:
        """What to call a positional argument."""
        return self.positional[k] if k < len(self.positional) else f"{self.variadic or 'x'}_{k}"


def parameters_of(fn: Symbol) -> Parameters | None:
    """The parameters of a function, None for one that is not written in Python."""
    if isinstance(fn, Closure):
        return _parameters(fn.node.args)
    if isinstance(fn, Bound):
        inner = parameters_of(fn.fn)
        return None if inner is None else inner.without(len(fn.args))
    if isinstance(fn, Conflict):
        return parameters_of(fn.first)
    if isinstance(fn, Reference):
        call = getattr(fn.cls, "__call__", None)  # noqa: B004 (the method itself is wanted)
        return parameters_of(Const(call)).without(1) if isinstance(call, FunctionType) else None
    obj = fn.value if isinstance(fn, Const) else None
    if isinstance(obj, FunctionType):
        return _parameters(source_of(obj).node.args)
    if isinstance(obj, MethodType):
        inner = parameters_of(Const(obj.__func__))
        return None if inner is None else inner.without(1)
    if type(obj) is functools.partial:
        inner = parameters_of(Const(obj.func))
        return None if inner is None else inner.without(len(obj.args))
    call = getattr(type(obj), "__call__", None)  # noqa: B004 (the method itself is wanted)
    return parameters_of(Const(call)).without(1) if isinstance(call, FunctionType) else None


def _parameters(args: ast.arguments) -> Parameters:
    positional = tuple([arg.arg for arg in (*args.posonlyargs, *args.args)])
    return Parameters(positional, tuple([arg.arg for arg in args.kwonlyargs]), args.vararg.arg if args.vararg else None)
