"""`custom_vjp`, `custom_jvp` and `implicit` inside of differentiated functions.

What is made there is a function with a derivative of its own as one that is made outside; the variables of the program
that its parts use become its first arguments, and are looked up where it is called. For `implicit` they are parameters
of the equation, with derivatives; for the others they are arguments without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from srcgrad.custom import custom_jvp, custom_vjp, places_of
from srcgrad.errors import ArgumentError
from srcgrad.frontend.handlers import handles, handles_calls_of
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.opened_functions import Opened, Opener
from srcgrad.frontend.real_functions import constant_key
from srcgrad.frontend.values import NOT_CONSTANT, Bound, Closure, Symbol, constant, is_function
from srcgrad.implicit_functions import implicit
from srcgrad.ir.nodes import Const
from srcgrad.rules.custom import Custom


class Made:
    """A function with a derivative of its own that a program makes.

    Attributes:
        cls: `custom_vjp`, `custom_jvp` or `implicit`.
        fun: the function.
        options: what else it was made with.
        rules: what says how it is differentiated: the name of the method, or of the argument -> the functions.
    """

    def __init__(self, cls: Any, fun: Symbol, options: dict[str, Any], rules: dict[str, tuple[Symbol, ...]]):
        self.cls, self.fun, self.options, self.rules = cls, fun, options, rules
        self.__name__ = cls.__name__
        for name in ("defvjp",) if cls is custom_vjp else ("defjvp", "defjvps") if cls is custom_jvp else ():
            setattr(self, name, Definition(self, name))

    def opened(self, opener: Opener) -> tuple[Opened, dict[str, tuple[Any, ...]]]:
        """The function, and those that say how it is differentiated, as functions of Python's."""
        leading = int(self.cls is implicit)
        return opener.open(self.fun), {
            name: tuple([None if _is_none(rule) else opener.open(rule, leading) for rule in given])
            for name, given in self.rules.items()
        }

    def custom(self, fun: Opened, rules: dict[str, tuple[Any, ...]], names: list[str]) -> Custom:
        """The function with a derivative of its own that takes variables of these names first."""
        return self._implicit(fun, rules, len(names)) if self.cls is implicit else self._custom(fun, rules, names)

    def _custom(self, fun: Opened, rules: dict[str, tuple[Any, ...]], names: list[str]) -> Custom:
        count = len(names)
        own = places_of(
            "nondiff_argnums", fun.fn, self.options.get("nondiff_argnums", ()), self.options.get("nondiff_argnames", ())
        )
        made: Custom = self.cls(fun, nondiff_argnums=(*range(count), *[k + count for k in own]))
        made.variables = tuple(names)
        for name, given in rules.items():
            if names and name == "defjvps":
                raise ArgumentError(
                    f"defjvps can't be used for {made.__name__}, which uses {names[0]!r}, a variable of this program: "
                    "use defjvp"
                )
            getattr(made, name)(*given)
        return made

    def _implicit(self, solver: Opened, rules: dict[str, tuple[Any, ...]], count: int) -> Custom:
        options = dict(self.options)
        initial = places_of("initial", solver.fn, options.pop("initial", ()))
        equation = {name: _calling(rule) for name, (rule,) in rules.items()}
        made: Custom = implicit(solver, **equation, initial=[k + count for k in initial], **options)
        return made


class _Helper:
    """What calls such a function from another one: variables of the program come first."""

    custom: Custom

    def __call__(self, *given: Any, **keywords: Any) -> Any:
        return self.custom(*given, **keywords)


@handles_calls_of(_Helper)
def _called_helper(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    helper, *given = args
    assert isinstance(helper, Const)
    return lo.call(Const(helper.value.custom), given, kwargs)


def _assembled(lo: Lowering, made: Made) -> tuple[Custom, list[Symbol]]:
    """What stands for such a function where the program calls it, and the variables that it takes first."""
    helpers: dict[Made, _Helper] = {}
    parts: dict[Made, tuple[Opened, dict[str, tuple[Any, ...]]]] = {}

    def helper_for(symbol: Symbol) -> _Helper | None:
        other = symbol.value if isinstance(symbol, Const) else None
        if not isinstance(other, Made):
            return None
        if other not in helpers:
            helpers[other] = _Helper()
            parts[other] = other.opened(opener)
        return helpers[other]

    opener = Opener(lo, made.__name__, helper_for)
    helper_for(Const(made))
    variables = opener.finish()
    return _same_custom(lo, made, helpers, parts, [name for _, name in opener.variables]), variables


def _same_custom(
    lo: Lowering,
    made: Made,
    helpers: dict[Made, _Helper],
    parts: dict[Made, tuple[Opened, dict[str, tuple[Any, ...]]]],
    names: list[str],
) -> Custom:
    """The function with a derivative of its own: the same object where an earlier call or attempt has made the same."""
    met: list[Any] = [*helpers.values()]

    def content_of(part: Any) -> Any:
        if any(part is other for other in met):
            return next(k for k, other in enumerate(met) if part is other)
        if not isinstance(part, Opened):
            return constant_key(part)
        met.append(part)
        return part.content(content_of)

    content: list[Any] = [*names]
    for other in helpers:
        fun, rules = parts[other]
        content += [other.cls, content_of(fun), *[(name, constant_key(value)) for name, value in other.options.items()]]
        content += [(name, *map(content_of, given)) for name, given in rules.items()]
    known = lo.marks.customs.get(tuple(content))
    if known is None:
        for other, helper in helpers.items():
            helper.custom = other.custom(*parts[other], names)
        known = lo.marks.customs[tuple(content)] = helpers[made].custom, parts
    found: Custom = known[0]
    return found


class Definition:
    """A method that says how such a function is differentiated."""

    def __init__(self, made: Made, name: str):
        self.made, self.name = made, name


def _calling(opened: Opened) -> Callable[..., Any]:
    """The equation as a function that is written in Python."""

    def equation(x, *params):  # type: ignore[no-untyped-def]
        return opened(x, *params)

    return equation


def _make(lo: Lowering, cls: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    names = ("solver", "residual") if cls is implicit else ("fun", "nondiff_argnums", "nondiff_argnames")
    given = dict(zip(names, args, strict=False)) | kwargs
    fun = given.pop(names[0], Const(None))
    if _is_none(fun):
        return Bound(Const(cls), (), given)
    if not is_function(fun):
        lo.unsupported(f"{cls.__name__} needs a function")
    rules: dict[str, tuple[Symbol, ...]] = {
        name: (given.pop(name),) for name in ("residual", "fixed_point", "objective") if name in given
    }
    rules = {name: rule for name, rule in rules.items() if not _is_none(rule[0])}
    if cls is implicit and len(rules) != 1:
        lo.unsupported("implicit needs one function: a residual, a fixed_point or an objective")
    options = {name: constant(symbol) for name, symbol in given.items()}
    unknown = next((name for name, value in options.items() if value is NOT_CONSTANT), None)
    if unknown is not None:
        lo.unsupported(f"{unknown} of {cls.__name__} depends on the run here", "give it as a constant")
    return Const(Made(cls, fun, options, rules))


handles(custom_vjp)(lambda lo, args, kwargs: _make(lo, custom_vjp, args, kwargs))
handles(custom_jvp)(lambda lo, args, kwargs: _make(lo, custom_jvp, args, kwargs))
handles(implicit)(lambda lo, args, kwargs: _make(lo, implicit, args, kwargs))


@handles_calls_of(Definition)
def _defined(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    definition, *rules = args
    assert isinstance(definition, Const)
    made, name = definition.value.made, definition.value.name
    given = (*rules, *kwargs.values())
    for rule in given:
        if not is_function(rule) and not _is_none(rule):
            lo.unsupported(f"{name} needs functions")
    known = made.rules.get(name)
    if made.rules and (known is None or not all(map(_is_same, known, given))):
        lo.unsupported(f"how {name_of(made.fun)} is differentiated is said twice", "say it once, where it is made")
    made.rules = {name: given}
    return given[0] if name == "defjvp" else Const(None)


def _is_same(a: Symbol, b: Symbol) -> bool:
    if isinstance(a, Closure) and isinstance(b, Closure):
        return a.node is b.node
    return a is b or (isinstance(a, Const) and isinstance(b, Const) and a.value is b.value)


@handles_calls_of(Made)
def _called(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    made, *given = args
    assert isinstance(made, Const)
    try:
        custom, variables = _assembled(lo, made.value)
    except ArgumentError as error:
        lo.unsupported(str(error))
    return lo.call(Const(custom), [*variables, *given], kwargs)


def name_of(symbol: Symbol) -> str:
    """What a function is called."""
    return symbol.name if isinstance(symbol, Closure) else getattr(getattr(symbol, "value", None), "__name__", "it")


def _is_none(symbol: Symbol) -> bool:
    return isinstance(symbol, Const) and symbol.value is None
