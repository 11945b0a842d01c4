"""Functions that a program defines, as functions of Python's that take the variables of the program that they use.

Before -> after, for `def step(x): return a * x`, where `a` is a variable of the program: `step(a, x)`.
"""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import types
from collections.abc import Callable
from typing import Any

from srcgrad.frontend.functions import call_body, python_frame, source_of
from srcgrad.frontend.handlers import handles_calls_of
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.real_functions import add_defaults, code_of, origin_of, real_function
from srcgrad.frontend.scope import scope_of
from srcgrad.frontend.values import Bound, Closure, Frame, Symbol
from srcgrad.frontend.variables import forget_locals
from srcgrad.ir.nodes import Const

Variable = tuple[Frame, str]


class Opened:
    """A function that takes variables of the program, and passes them on where the function of the user's finds them.

    Args:
        fn: the function; the cells of these variables are empty.
        count: how many of them it takes, whether it uses them or not.
        places: the names of those that it uses -> which they are.
        helpers: names of functions that it uses, which take the same variables first -> these.
        leading: how many of its own arguments come before the variables.
        origin: equal for functions that are made of the same code, and of the same things from outside.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        count: int,
        places: dict[str, int],
        helpers: dict[str, Any],
        leading: int,
        origin: tuple,
    ):
        functools.update_wrapper(self, fn, updated=())
        del self.__wrapped__
        self.__name__ = getattr(fn, "__name__", type(fn).__name__)
        self.fn, self.count, self.places, self.helpers, self.leading = fn, count, places, helpers, leading
        self.origin = origin
        signature = _signature(fn)
        if signature is not None:
            self.__signature__ = _with_variables(signature, count, leading)

    def __call__(self, *given: Any, **keywords: Any) -> Any:
        variables, own = self.divided(given)
        if not self.places and not self.helpers:
            return self.fn(*own, **keywords)
        fn = self.fn
        assert isinstance(fn, types.FunctionType)
        cells = []
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            if name in self.places:
                cell = types.CellType(variables[self.places[name]])
            elif name in self.helpers:
                cell = types.CellType(functools.partial(self.helpers[name], *variables))
            cells.append(cell)
        made = types.FunctionType(fn.__code__, fn.__globals__, fn.__name__, fn.__defaults__, tuple(cells))
        made.__kwdefaults__ = fn.__kwdefaults__
        return made(*own, **keywords)

    def content(self, content_of: Callable[[Any], Any]) -> tuple:
        """Equal for functions that do the same.

        Args:
            content_of: what gives the same for a helper.
        """
        helpers = tuple([(name, content_of(helper)) for name, helper in self.helpers.items()])
        return self.origin, self.count, self.leading, tuple(self.places.items()), helpers

    def divided(self, given: Any) -> tuple[list[Any], list[Any]]:
        """The variables among the arguments, and the others."""
        given = list(given)
        first, last = self.leading, self.leading + self.count
        return given[first:last], [*given[:first], *given[last:]]


def _signature(fn: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(fn)
    except (TypeError, ValueError):
        return None


def _with_variables(signature: inspect.Signature, count: int, leading: int) -> inspect.Signature:
    own = list(signature.parameters.values())
    first = [p.replace(kind=p.POSITIONAL_ONLY) for p in own[:leading]]
    variables = [inspect.Parameter(f"variable_{k}", inspect.Parameter.POSITIONAL_ONLY) for k in range(count)]
    return signature.replace(parameters=[*first, *variables, *own[leading:]])


@handles_calls_of(Opened)
def _called(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    made, *given = args
    assert isinstance(made, Const)
    opened: Opened = made.value
    variables, own = opened.divided(given)
    if not opened.places and not opened.helpers:
        return lo.call(Const(opened.fn), own, kwargs)
    fn = opened.fn
    assert isinstance(fn, types.FunctionType)
    frame = python_frame(fn, source_of(fn), lo.fixed_span)
    names = [*opened.places, *opened.helpers]
    holder = Frame(frame.source, scope_of(_holder_node(tuple(names))), fn.__globals__, function=lo.function)
    frame.parent = holder
    for name in names:
        del frame.cells[name]
        helper = opened.helpers.get(name)
        symbol = variables[opened.places[name]] if helper is None else Bound(Const(helper), tuple(variables))
        lo.store.set((holder, name), symbol)
    result = call_body(lo, fn, frame, own, kwargs)
    forget_locals(lo, holder)
    return result


@functools.lru_cache(maxsize=256)
def _holder_node(names: tuple[str, ...]) -> ast.FunctionDef:
    """A function whose parameters are the variables: their frame is one of it."""
    (node,) = ast.parse(f"def variables({', '.join(names)}): pass").body
    assert isinstance(node, ast.FunctionDef)
    return node


def _assigns(code: types.CodeType, name: str) -> bool:
    """Whether a function, or one in it, assigns a variable from around it."""
    pending = [code]
    while pending:
        inner = pending.pop()
        if name in inner.co_freevars:
            steps = dis.get_instructions(inner)
            if any(step.opname in ("STORE_DEREF", "DELETE_DEREF") and step.argval == name for step in steps):
                return True
            pending += [const for const in inner.co_consts if isinstance(const, types.CodeType)]
    return False


class Opener:
    """Opens functions of the program that take the same variables.

    Args:
        lo: the lowering.
        taker: who the functions are for.
        helper_for: for what a variable stands for, a function that takes the same variables; None if it is no such.

    Attributes:
        variables: the variables that are taken, with what they stand for.
    """

    def __init__(self, lo: Lowering, taker: str, helper_for: Callable[[Symbol], Any]):
        self._lo = lo
        self._taker = taker
        self._helper_for = helper_for
        self._parts: list[tuple[Opened, dict[str, Variable]]] = []
        self._opened: dict[tuple[int, int], tuple[Symbol, Opened]] = {}
        self.variables: dict[Variable, Symbol] = {}

    def open(self, symbol: Symbol, leading: int = 0) -> Opened:
        """A function of the program; `finish` has to be called when all are opened."""
        known = self._opened.get((id(symbol), leading))
        if known is not None:
            return known[1]
        if not isinstance(symbol, Closure):
            fn = symbol.value if isinstance(symbol, Const) else real_function(self._lo, symbol, self._taker)
            made = Opened(fn, 0, {}, {}, leading, (id(fn),))
            self._parts.append((made, {}))
            self._opened[id(symbol), leading] = (symbol, made)
            return made
        return self._open_closure(symbol, leading)

    def _open_closure(self, closure: Closure, leading: int) -> Opened:
        code = code_of(self._lo, closure, self._taker)
        cells: list[types.CellType] = []
        outside: list[int] = []
        used: dict[str, Variable] = {}
        helpers: dict[str, Symbol] = {}
        for name in code.co_freevars:
            cell, variable = self._find(closure.frame, name)
            if variable is None:
                outside.append(id(cell))
            if variable is not None and _assigns(code, name):
                self._lo.unsupported(
                    f"{closure.name} is given to {self._taker}, and assigns {name!r}, a variable of this program",
                    "let it return what is new",
                )
            if variable is not None:
                symbol = self._lo.read_bound(variable)
                if isinstance(symbol, Closure) or self._helper_for(symbol) is not None:
                    helpers[name] = symbol
                elif isinstance(symbol, Const) and not isinstance(symbol.value, (bool, int, float, complex, str)):
                    cell = types.CellType(symbol.value)
                    outside.append(id(symbol.value))
                else:
                    used[name] = variable
                    self.variables[variable] = symbol
            cells.append(cell)
        fn = types.FunctionType(code, closure.frame.globals, closure.name, None, tuple(cells))
        add_defaults(self._lo, fn, closure, self._taker)
        made = Opened(fn, 0, {}, {}, leading, origin_of(fn, outside))
        self._parts.append((made, used))
        self._opened[id(closure), leading] = (closure, made)
        for name, symbol in helpers.items():
            known = self._helper_for(symbol)
            made.helpers[name] = self.open(symbol) if known is None else known
        return made

    def _find(self, frame: Frame, name: str) -> tuple[types.CellType, Variable | None]:
        owner: Frame | None = frame
        while owner is not None and name not in owner.scope.locals:
            if name in owner.cells:
                return owner.cells[name], None
            owner = owner.parent
        assert owner is not None, "a free variable belongs to a function around this one"
        return types.CellType(), (owner, name)

    def finish(self) -> list[Symbol]:
        """Tells the functions which variables they take; what these stand for."""
        place_of = {variable: k for k, variable in enumerate(self.variables)}
        for made, used in self._parts:
            made.count = len(place_of)
            made.places = {name: place_of[variable] for name, variable in used.items()}
            signature = _signature(made.fn)
            if signature is not None:
                made.__signature__ = _with_variables(signature, made.count, made.leading)
        return list(self.variables.values())
