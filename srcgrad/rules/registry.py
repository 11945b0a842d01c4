"""The one registry of derivative rules, and the decorators that fill it.

A rule is a plain function in the language that the compiler accepts: it can be run, linted and differentiated, and
the compiler inlines its source into the generated code. Rules never un-broadcast, never cast, never take the real
part and never conjugate: the walker that applies them does. A rule may test ranks and shapes (`x.ndim == 1`), `None`s
and constants; the tests fold away where types are known.
"""

from __future__ import annotations

import functools
import inspect
import operator
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any, NoReturn, TypeVar

import numpy as np

from srcgrad.errors import ArgumentError, Span

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Rule:
    """One derivative rule.

    Attributes:
        kind: `partials`, `vjp`, `linear`, `jvp` or `accumulate`.
        body: the rule itself.
        parameters: the names of its parameters, without the leading cotangents, tangents and output.
        tangents: for a `jvp`, the arguments whose tangents it takes.
    """

    kind: str
    body: Callable[..., Any]
    parameters: tuple[str, ...]
    tangents: tuple[str, ...] = ()

    @property
    def variadic(self) -> str | None:
        """The parameter that takes any number of arguments."""
        return _variadic(self.body)

    def parameter(self, k: int) -> str | None:
        """The parameter that takes the positional argument `k`; a variadic one takes all from its place on."""
        variadic = self.variadic
        place = self.parameters.index(variadic) if variadic in self.parameters else len(self.parameters)
        return variadic if k >= place else self.parameters[k]


@dataclass(frozen=True, slots=True)
class Linear:
    """What a function is linear in.

    Attributes:
        arguments: the names of these arguments, as its rule of kind `vjp` or `linear` calls them. The name of a
            variadic one stands for all arguments that it takes.
        jointly: whether it is linear in all of them together, as `np.concatenate` is, and not in each by itself, as
            `np.matmul` is.
    """

    arguments: tuple[str, ...]
    jointly: bool


@functools.cache
def _variadic(body: Callable) -> str | None:
    """The parameter of a rule that takes any number of arguments."""
    parameters = inspect.signature(body).parameters.values()
    return next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)


PARTIALS: dict[Callable, Rule] = {}
VJP: dict[Callable, Rule] = {}
JVP: dict[Callable, Rule] = {}
LINEAR: dict[Callable, Linear] = {}
"""Functions that are their own tangents, but for those in `JVP`."""
ACCUMULATE: dict[Callable, Rule] = {}
ACCUMULATING: set[Callable] = set()
"""The bodies of accumulating rules, which write to their first argument."""
BATCH: dict[Callable, dict[str, Callable]] = {}
"""Function -> the argument with an axis of seeds in front -> how it is called then."""
NONDIFFERENTIABLE: dict[Callable, str] = {}
STEPS: dict[Callable, int] = {}
"""Function with several results -> the one of them that is constant wherever it does not jump."""
VIEWS: set[Callable] = set()
"""Functions whose result may share memory with their first argument."""
STANDS_FOR: dict[Callable, FunctionType] = {}
"""Functions of libraries -> what the compiler reads in their place: the same, written out in functions with rules."""
STAND_IN_MODULES: set[str] = set()
"""The modules that these are in; the lines of what they call are not shown either."""
IN_PLACE = frozenset(
    getattr(operator, name)
    for name in (
        *("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul"),
        *("iand", "ior", "ixor", "ilshift", "irshift"),
    )
)
"""The operators of augmented assignments: they write into arrays and give new numbers."""
METHODS: dict[str, Callable] = {}
"""Methods and attributes of arrays -> the function that does the same with the array as its first argument."""


def _names(body: Callable, skip_first: int, skip_last: int = 0) -> tuple[str, ...]:
    names = tuple(inspect.signature(body).parameters)
    return names[skip_first : len(names) - skip_last]


def is_of_user(body: Any) -> bool:
    """Whether a rule is none of those that come with this library."""
    return not (getattr(body, "__module__", None) or "").startswith("srcgrad.")


_listeners: weakref.WeakSet[Any] = weakref.WeakSet()


def when_rules_change(listener: Any) -> None:
    """Has `listener.forget()` called when a rule is given from now on: what it has compiled may be wrong then."""
    _listeners.add(listener)


def rules_changed() -> None:
    """Tells those who have used rules that there are new ones."""
    if _is_loading:
        return
    for listener in list(_listeners):
        listener.forget()


_is_loading = False
_given: frozenset[Callable] = frozenset()
"""While rules of a library are loaded, the functions that users have given rules."""


@contextmanager
def given_rules_kept() -> Iterator[None]:
    """Rules that are registered meanwhile leave alone what users have given a rule; nobody has used their lack."""
    global _given, _is_loading
    outer = _given, _is_loading
    own = {fn for table in (PARTIALS, VJP, JVP, ACCUMULATE) for fn, rule in table.items() if is_of_user(rule.body)}
    _given, _is_loading = frozenset(own | set(NONDIFFERENTIABLE)), True
    try:
        yield
    finally:
        _given, _is_loading = outer


def _register(table: dict[Callable, Rule], fns: tuple[Callable, ...], rule: Rule) -> None:
    if is_of_user(rule.body):
        check_rule(fns, rule)
    else:
        fns = tuple([fn for fn in fns if fn not in _given])
    for fn in fns:
        if is_of_user(rule.body):
            _give_way(fn, rule.kind)
        table[fn] = rule
        NONDIFFERENTIABLE.pop(fn, None)
    rules_changed()


def _give_way(fn: Callable, kind: str) -> None:
    """Removes what a new rule of the user's goes before; one half of a rule of the user's stays beside the other."""
    if kind in ("partials", "linear", "vjp"):
        for table in (PARTIALS, VJP, ACCUMULATE, LINEAR):
            table.pop(fn, None)
        STEPS.pop(fn, None)
    if kind in ("partials", "linear", "jvp") or (kind == "vjp" and fn in JVP and not is_of_user(JVP[fn].body)):
        JVP.pop(fn, None)


def partials(*fns: Callable) -> Callable[[F], F]:
    """The local gradients of an elementwise function, which give its VJP and its JVP.

    The rule takes the function's inputs and then its output, and returns the partial derivative with respect to each
    input (a tuple if there are several; None for an input in which it is constant wherever it does not jump, and `...`
    for one that has a derivative which nobody knows).

    Example:
        >>> import numpy as np
        >>> from srcgrad.rules.registry import partials, PARTIALS
        >>> @partials(np.tanh)
        ... def tanh(x, y):
        ...     return 1 - y * y
        >>> PARTIALS[np.tanh].parameters
        ('x',)
    """

    check_functions("partials", fns)

    def decorate(body: F) -> F:
        check_body("partials", body, 2)
        _register(PARTIALS, fns, Rule("partials", body, _names(body, 0, 1)))
        return body

    return decorate


def vjp(*fns: Callable) -> Callable[[F], F]:
    """The cotangents of the inputs, from the cotangent of the output.

    The rule takes the cotangent, the output, and then the arguments by the function's own names. It returns the
    cotangent of its first argument, or a tuple with one entry for each leading argument (None for one without a
    derivative). A cotangent may have any shape that broadcasts to its argument's: the walker expands or sums it as
    needed. For an argument that is a sequence of arrays the entry is a list. For a function with several outputs,
    cotangent and output are tuples.
    """

    check_functions("vjp", fns)

    def decorate(body: F) -> F:
        check_body("vjp", body, 3)
        _register(VJP, fns, Rule("vjp", body, _names(body, 2)))
        return body

    return decorate


def linear(*fns: Callable) -> Callable[[F], F]:
    """The transpose of a function linear in its first argument, which is its own JVP. Written as for `vjp`."""

    check_functions("linear", fns)

    def decorate(body: F) -> F:
        check_body("linear", body, 3)
        rule = Rule("linear", body, _names(body, 2))
        _register(VJP, fns, rule)
        linear_in(rule.parameters[0])(*fns)
        return body

    return decorate


def linear_in(*arguments: str) -> Callable[..., None]:
    """Declares that functions are linear in these arguments together.

    The tangent of `where(c, a, b)` is `where(c, a_dot, b_dot)`, with zeros of its shape for what has no tangent, in
    sequences as well. What is None or no number stays as it is.
    """

    def declare(*fns: Callable) -> None:
        check_functions("linear_in", fns)
        LINEAR.update(dict.fromkeys([fn for fn in fns if fn not in _given], Linear(arguments, True)))
        rules_changed()

    return declare


def linear_in_each(*arguments: str) -> Callable[..., None]:
    """Declares that functions are linear in each of these arguments by itself.

    The tangent of `matmul(a, b)` is `matmul(a_dot, b) + matmul(a, b_dot)`.
    """

    def declare(*fns: Callable) -> None:
        check_functions("linear_in_each", fns)
        LINEAR.update(dict.fromkeys([fn for fn in fns if fn not in _given], Linear(arguments, False)))
        rules_changed()

    return declare


def jvp(*fns: Callable) -> Callable[[F], F]:
    """The tangent of the output.

    The leading parameters whose names end with `_dot` take the tangents of the arguments of these names, None for one
    without a tangent; then come the output, and the arguments by the function's own names. A tangent has the shape of
    its argument. For an argument that is a sequence of arrays it is a sequence with such entries; for a variadic one,
    `*operands`, `operands_dot` is a tuple with an entry for each argument, or None if none has a tangent.

    The rule returns the tangent of the output, in any shape that broadcasts to it. For a function with several outputs
    it takes and returns tuples, with None for an output that has no tangent. An argument whose tangent it does not take
    has no derivative. The rule goes before what `partials` and `linear` say of the same function. Where nothing else
    gives its reverse mode, the rule is transposed for that: it must be linear in the tangents.
    """

    check_functions("jvp", fns)

    def decorate(body: F) -> F:
        check_body("jvp", body, 3)
        names = tuple(inspect.signature(body).parameters)
        count = next((k for k, name in enumerate(names) if not name.endswith("_dot")), len(names))
        tangents = tuple(name.removesuffix("_dot") for name in names[:count])
        _register(JVP, fns, Rule("jvp", body, names[count + 1 :], tangents))
        return body

    return decorate


def accumulate(*fns: Callable) -> Callable[[F], F]:
    """Adds the cotangent of the first argument into its shadow, in place.

    The rule takes the shadow, the cotangent of the output, the output, and the arguments, and returns nothing. It is
    what makes reading one element cost one element.
    """

    check_functions("accumulate", fns)

    def decorate(body: F) -> F:
        check_body("accumulate", body, 4)
        _register(ACCUMULATE, fns, Rule("accumulate", body, _names(body, 3)))
        ACCUMULATING.add(body)
        return body

    return decorate


def batch(over: str, *fns: Callable) -> Callable[[F], F]:
    """How these functions treat many arguments at once, which stand along a leading axis.

    The rule takes the arguments by their names; the one called `over` (if it is a sequence, each item of it) has the
    leading axis, and so has what the rule returns. It returns None for arguments that it does not cover. A keyword that
    it does not have is not covered either.
    """

    def decorate(body: F) -> F:
        for fn in fns:
            BATCH.setdefault(fn, {})[over] = body
        return body

    return decorate


def stands_for(*fns: Callable) -> Callable[[F], F]:
    """Declares what the compiler reads in place of functions of a library, unless a user gives them a rule."""

    def decorate(body: F) -> F:
        assert isinstance(body, FunctionType)
        STANDS_FOR.update(dict.fromkeys(fns, body))
        STAND_IN_MODULES.add(body.__module__)
        return body

    return decorate


@functools.cache
def batched_parameters(body: Callable) -> tuple[str, ...]:
    """The names of the arguments that a batch rule takes."""
    return tuple(inspect.signature(body).parameters)


def nondifferentiable(*fns: Callable, reason: str = "piecewise constant") -> Callable:
    """Declares that the derivative of these functions is zero wherever it exists; usable as a decorator.

    Args:
        fns: the functions.
        reason: why.

    Returns:
        the first of them.
    """
    check_functions("nondifferentiable", fns)
    for fn in fns:
        if fn not in _given:
            NONDIFFERENTIABLE[fn] = reason
    rules_changed()
    return fns[0]


def steps(k: int, *fns: Callable) -> None:
    """Declares that result `k` of these functions is constant wherever it does not jump."""
    STEPS.update(dict.fromkeys(fns, k))


def views(*fns: Callable) -> None:
    """Declares that the result of these functions may share memory with their first argument."""
    VIEWS.update(fns)


def methods(**table: Callable) -> None:
    """Declares which function an array's method or attribute stands for."""
    METHODS.update(table)


# Whether rules fit their functions


def check_functions(kind: str, fns: tuple[Any, ...]) -> None:
    """Refuses anything but functions that can be looked up.

    Raises:
        ArgumentError: if there is none, or one is no function, or has no hash.
    """
    if not fns:
        raise ArgumentError(f"rules.{kind} needs the function that the rule is for", help=f"@rules.{kind}(function)")
    for fn in fns:
        if not callable(fn):
            raise ArgumentError(f"rules.{kind} needs a function, not a {type(fn).__name__}")
        if not hashable(fn):
            raise ArgumentError(
                f"rules.{kind}: a {type(fn).__name__} has no hash, so that no rule can be looked up for it",
                help="call it in a function of your own, and give that the rule",
            )


def check_body(kind: str, body: Any, least: int) -> None:
    """Refuses as a rule what does not take enough arguments.

    Raises:
        ArgumentError: which names the file and the line of the rule.
    """
    if not callable(body):
        raise ArgumentError(f"rules.{kind}: the rule must be a function, not a {type(body).__name__}")
    parameters = list(inspect.signature(body).parameters.values())
    if len(parameters) < least and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        _refuse_rule(body, f"a rule for rules.{kind} takes at least {least} arguments, not {len(parameters)}", kind)


_TAKES = {
    "partials": "the arguments of the function, and then what it returned",
    "vjp": "the cotangent, what the function returned, and then its arguments",
    "linear": "the cotangent, what the function returned, and then its arguments",
    "jvp": "tangents, with names like x_dot, what the function returned, and then its arguments",
    "accumulate": "the shadow, the cotangent, what the function returned, and then its arguments",
}


def check_rule(fns: tuple[Callable, ...], rule: Rule) -> None:
    """Refuses a rule of the user's that takes other arguments than the functions do.

    Raises:
        ArgumentError: which names the file and the line of the rule.
    """
    if rule.kind == "jvp" and not rule.tangents:
        _refuse_rule(rule.body, "it takes no tangent: no name of its first parameters ends with _dot", rule.kind)
    for name in rule.tangents:
        if name not in rule.parameters:
            _refuse_rule(rule.body, f"it takes {name}_dot, but no {name}", rule.kind)
    kinds = [p.kind for p in inspect.signature(rule.body).parameters.values()]
    endless = inspect.Parameter.VAR_POSITIONAL in kinds or inspect.Parameter.VAR_KEYWORD in kinds
    for fn in fns:
        try:
            parameters = list(inspect.signature(fn).parameters.values())
        except (TypeError, ValueError):
            continue
        if endless or isinstance(fn, np.ufunc) or any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
            continue
        known = [p.name for p in parameters]
        if len(rule.parameters) > len(known):
            text = ", ".join(known) or "nothing"
            _refuse_rule(rule.body, f"it takes {', '.join(rule.parameters)}, and {display_name(fn)} {text}", rule.kind)
        strange = [name for name in rule.parameters if name not in known]
        if strange and rule.kind != "partials" and isinstance(fn, FunctionType):
            text = f"it takes {strange[0]!r}, which is no parameter of {display_name(fn)}({', '.join(known)})"
            _refuse_rule(rule.body, text, rule.kind)
        needed = [p.name for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]
        if len(needed) > len(rule.parameters):
            missing = next(name for k, name in enumerate(needed) if k >= len(rule.parameters))
            _refuse_rule(rule.body, f"it does not take {missing!r}, which {display_name(fn)} does", rule.kind)


def _refuse_rule(body: Any, reason: str, kind: str) -> NoReturn:
    code = getattr(body, "__code__", None)
    span = None if code is None else Span(code.co_filename, code.co_firstlineno, 0, code.co_firstlineno, 0)
    place = "" if code is None else f" ({code.co_filename}:{code.co_firstlineno})"
    name = getattr(body, "__name__", type(body).__name__)
    raise ArgumentError(f"the rule {name}{place} does not fit: {reason}", span, f"rules.{kind} takes {_TAKES[kind]}")


def display_name(fn: Callable) -> str:
    """How a user writes the name of a function: `np.unwrap`."""
    name = getattr(fn, "__name__", repr(fn))
    module = getattr(fn, "__module__", None) or ""
    if isinstance(ufunc := getattr(fn, "__self__", None), np.ufunc):
        return f"{display_name(ufunc)}.{name}"
    if isinstance(fn, np.ufunc) and getattr(np, name, None) is not fn:
        # A ufunc does not say where it comes from: from the package that has it in most of its modules.
        homes = [m for m, found in list(sys.modules.items()) if getattr(found, "__dict__", {}).get(name) is fn]
        public = [m for m in homes if m != "__main__" and not any(part.startswith("_") for part in m.split("."))]
        packages = Counter(m.partition(".")[0] for m in homes)
        return ".".join([*sorted(public, key=lambda m: (-packages[m.partition(".")[0]], m.count("."), m))[:1], name])
    if module.split(".")[0] == "numpy" or type(fn).__module__ == "numpy":
        inner = [part for part in module.split(".")[1:] if not part.startswith("_") and part not in ("lib",)]
        return ".".join(["np", *inner, name])
    owner = getattr(fn, "__objclass__", None)
    if owner is not None:
        return f"{owner.__name__}.{name}"
    public = module.partition("._")[0].lstrip("_")
    if getattr(sys.modules.get(public), name, None) is fn:
        module = public
    return f"{module}.{name}" if module not in ("", "builtins", "__main__") else name


def hashable(fn: Any) -> bool:
    """Whether a callable can be looked up in tables."""
    try:
        hash(fn)
    except TypeError:
        return False
    return True


def has_rule(fn: Callable) -> bool:
    """Whether the derivative of `fn` is known."""
    return fn in PARTIALS or fn in VJP or fn in JVP or fn in ACCUMULATE or fn in NONDIFFERENTIABLE
