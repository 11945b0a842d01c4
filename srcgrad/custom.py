"""Derivatives that the user gives: `custom_vjp` for reverse mode, `custom_jvp` for both."""

from __future__ import annotations

import dis
import functools
import inspect
import math
import operator
import sys
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FunctionType, MethodType
from typing import Any, cast

import numpy as np

from srcgrad.errors import ArgumentError
from srcgrad.rules.custom import Custom
from srcgrad.rules.registry import rules_changed
from srcgrad.transposes import OfCustom


class _Given(Custom):
    """What `custom_vjp` and `custom_jvp` share: a function, and the arguments that have no derivative."""

    def __new__(cls, fun: Any = None, *args: Any, **kwargs: Any) -> Any:
        if fun is None:
            return functools.partial(cls, *args, **kwargs)
        return super().__new__(cls)

    def __init__(
        self,
        fun: Callable[..., Any],
        nondiff_argnums: int | Iterable[int] = (),
        nondiff_argnames: str | Iterable[str] = (),
    ):
        if not callable(fun):
            raise ArgumentError(f"{type(self).__name__} needs a function, not a {type(fun).__name__}")
        functools.update_wrapper(self, fun, updated=())
        self.fun = fun
        self.__name__ = getattr(fun, "__name__", None) or type(fun).__name__
        self.__qualname__ = getattr(fun, "__qualname__", self.__name__)
        self.passive = places_of("nondiff_argnums", fun, nondiff_argnums, nondiff_argnames)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        found = functools.reduce(
            lambda owner, name: getattr(owner, name, None),
            self.__qualname__.split("."),
            sys.modules.get(self.__module__),
        )
        if found is not self:
            raise TypeError(f"{self!r} can't be pickled: {self.__qualname__} is not its name in {self.__module__}")
        return self.__qualname__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__qualname__}>"

    def _note_change(self) -> None:
        """Has code that calls this function compiled again, if there is any."""
        if "_steps" in self.__dict__:
            rules_changed()

    def _split(self, args: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The arguments without a derivative, and the others."""
        return [a for k, a in enumerate(args) if k in self.passive], [
            a for k, a in enumerate(args) if k not in self.passive
        ]


def places_of(what: str, fun: Callable[..., Any], argnums: Any, argnames: Any = ()) -> frozenset[int]:
    """The positions of arguments, given by position or name; `what` is what they were given as."""
    numbers = tuple(argnums) if isinstance(argnums, Iterable) else (argnums,)
    names = (argnames,) if isinstance(argnames, str) else tuple(argnames)
    shown = getattr(fun, "__name__", repr(fun))
    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
        parameters = None
    if parameters is None:
        if names:
            raise ArgumentError(f"{shown} has no signature: give nondiff_argnums, not nondiff_argnames")
        return frozenset(operator.index(k) for k in numbers)
    known = [p.name for p in parameters]
    for name in names:
        if name not in known:
            raise ArgumentError.of_parameters(f"nondiff_argnames: {shown} has no parameter {name!r}", shown, known)
    endless = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    places = []
    for number in numbers:
        place = operator.index(number)
        if place < 0 and not endless:
            place += len(known)
        if place < 0 or (place >= len(known) and not endless):
            raise ArgumentError.of_parameters(f"{what}: {number} is out of range for {shown}", shown, known)
        places.append(place)
    return frozenset([*places, *[known.index(name) for name in names]])


class custom_vjp(_Given):
    """A function with a pullback of the user's own, as in JAX.

    Where a differentiated function calls it, the generated code calls `fwd` in the forward sweep, and `bwd` in the
    reverse sweep. Neither is differentiated, so that they may do what they like (call a solver written in C, loop until
    convergence, look at values); for second derivatives, both are. There is no forward mode: see `custom_jvp`.

    Args:
        fun: the function. It may take and return trees.
        nondiff_argnums: the positions of arguments without a derivative. `bwd` takes them first, and returns no
            cotangents for them.
        nondiff_argnames: the same by name.

    Example:
        >>> import numpy as np
        >>> from srcgrad import custom_vjp, grad
        >>> @custom_vjp
        ... def clipped(x, bound):
        ...     "The identity; its cotangent stays within bounds."
        ...     return x
        >>> def clipped_fwd(x, bound):
        ...     return x, bound
        >>> def clipped_bwd(bound, x_bar):
        ...     return np.clip(x_bar, -bound, bound), None
        >>> clipped.defvjp(clipped_fwd, clipped_bwd)
        >>> grad(lambda x: clipped(x, 1.0) ** 2)(3.0)
        1.0
    """

    fwd: Callable[..., Any] | None = None
    bwd: Callable[..., Any] | None = None

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Says what the two sweeps do.

        Args:
            fwd: takes what the function takes, and returns a pair: what the function returns, and a tree of whatever
                `bwd` needs.
            bwd: takes the arguments without a derivative, what `fwd` kept, and the cotangent of the result, which has
                its structure. It returns a tuple with a cotangent for each other argument, of its structure and shapes;
                None stands for zero.

        Raises:
            ArgumentError: if one of them can't be called like this.
        """
        for given, what in ((fwd, "fwd"), (bwd, "bwd")):
            if not callable(given):
                raise ArgumentError(f"{what} of {self.__name__} must be a function, not a {type(given).__name__}")
        _check_count(bwd, len(self.passive) + 2, f"bwd of {self.__name__}")
        self.fwd, self.bwd = fwd, bwd
        self.writes_cotangents = not _is_plain(bwd)
        self._note_change()

    def routes(self) -> list[tuple[Callable[..., Any], bool]]:
        routes: list[tuple[Callable[..., Any], bool]] = [(self.fun, False)]
        return routes if self.fwd is None else [*routes, (self.fwd, True)]

    def forward(self, args: tuple) -> tuple[Any, Any]:
        assert self.fwd is not None
        found = self.fwd(*args)
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise ArgumentError(
                f"{given_name(self.fwd)} has to return a pair, what {self.__name__} returns, and what "
                f"{given_name(self.bwd)} needs"
            )
        return found[0], (found[1], tuple(self._split(args)[0]) if self.passive else ())

    def backward(self, residuals: Any, cotangent: Any) -> Any:
        assert self.bwd is not None
        kept, passive = residuals
        found = self.bwd(*passive, kept, cotangent)
        if not isinstance(found, (tuple, list)):
            return found
        return tuple(self.completed(list(found), None))

    def completed(self, cotangents: list[Any], none: Any) -> list[Any]:
        rest = list(cotangents)
        for place in sorted(self.passive):
            rest.insert(place, none)
        return rest

    def source(self, sweep: str) -> Callable[..., Any] | None:
        return {"forward": self.fwd, "backward": self.bwd}[sweep]

    def backward_arguments(self, args: list[Any], residuals: Any, cotangent: Any) -> list[Any]:
        return [*self._split(args)[0], residuals, cotangent]

    @property
    def names(self) -> tuple[str, str, str]:
        return (
            given_name(self.fwd, f"{self.__name__}_fwd"),
            given_name(self.bwd, f"{self.__name__}_bwd"),
            f"{self.__name__}_jvp",
        )

    def refuse(self, sweep: str) -> tuple[str, str] | None:
        if sweep == "tangent":
            return (
                f"{self.__name__} is a custom_vjp, which says nothing of tangents: there is no forward mode through it",
                "make it a custom_jvp, which gives both modes, or use reverse mode",
            )
        if self.fwd is None:
            return f"{self.__name__} is a custom_vjp without sweeps", f"call {self.__name__}.defvjp(fwd, bwd)"
        return None


class custom_jvp(_Given):
    """A function with a tangent of the user's own, as in JAX; it gives both modes.

    In reverse mode, the tangent is transposed: it must be linear in the tangents it is given, and is differentiated
    with respect to them, so that it has to be written in what srcgrad can differentiate (Griewank and Walther,
    Evaluating Derivatives, section 3.2).

    Args:
        fun: the function. It may take and return trees.
        nondiff_argnums: the positions of arguments without a derivative. The rule takes them first.
        nondiff_argnames: the same by name.

    Example:
        >>> import numpy as np
        >>> from srcgrad import custom_jvp, grad, jvp
        >>> @custom_jvp
        ... def log1pexp(x):
        ...     return np.logaddexp(0.0, x)
        >>> @log1pexp.defjvp
        ... def log1pexp_jvp(primals, tangents):
        ...     (x,), (x_dot,) = primals, tangents
        ...     return log1pexp(x), x_dot / (1.0 + np.exp(-x))
        >>> float(grad(log1pexp)(0.0)), float(jvp(log1pexp, (0.0,), (2.0,))[1])
        (0.5, 1.0)
    """

    jvp: Callable[..., Any] | None = None
    transposed: tuple[Any, ...] = ()
    _stands_for: custom_jvp | None = None

    def defjvp(self, jvp: Callable[..., Any]) -> Callable[..., Any]:
        """Says what the tangent is; usable as a decorator.

        Args:
            jvp: takes the arguments without a derivative, the tuple of the others, and the tuple of their tangents,
                which have their structures; None is the tangent of what carries no derivative. It returns a pair: what
                the function returns, and the tangent of that.

        Raises:
            ArgumentError: if it can't be called like this.
        """
        if not callable(jvp):
            raise ArgumentError(f"the rule of {self.__name__} must be a function, not a {type(jvp).__name__}")
        _check_count(jvp, len(self.passive) + 2, f"the rule of {self.__name__}")
        self.jvp = jvp
        self._note_change()
        return jvp

    def defjvps(self, *jvps: Callable[..., Any] | None) -> None:
        """Says what the tangent is, one argument at a time; their sum is the tangent.

        Args:
            jvps: for each argument a function of its tangent, the result, and the arguments, that returns a tangent of
                the result; None for an argument without a derivative.

        Raises:
            ArgumentError: if their number is not that of the arguments, or if some are without a derivative anyway.
        """
        if self.passive:
            raise ArgumentError(f"defjvps can't be used with nondiff_argnums, which {self.__name__} has: use defjvp")
        for rule in jvps:
            if rule is not None and not callable(rule):
                raise ArgumentError(f"a rule of {self.__name__} must be a function or None, not {rule!r}")
        self.defjvp(_summed(self, jvps))

    def routes(self) -> list[tuple[Callable[..., Any], bool]]:
        routes: list[tuple[Callable[..., Any], bool]] = [(self.fun, False)]
        return routes if self.jvp is None else [*routes, (self.jvp, True)]

    def routes_arguments(
        self, route: Callable[..., Any], args: list[Any], twins: list[Any], pack: Callable[[list], Any]
    ) -> list[Any]:
        return self.tangent_arguments(args, twins, pack) if route is self.jvp else args

    def tangent_arguments(self, args: list[Any], tangents: list[Any], pack: Callable[[list], Any]) -> list[Any]:
        passive, primals = self._split(args)
        return [*passive, pack(primals), pack(self._split(tangents)[1])]

    def tangent(self, args: tuple, tangents: tuple) -> tuple[Any, Any]:
        assert self.jvp is not None
        found = self.jvp(*self.tangent_arguments(list(args), list(tangents), tuple))
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise ArgumentError(
                f"{given_name(self.jvp)} has to return a pair, what {self.__name__} returns and its tangent"
            )
        return found[0], found[1]

    def source(self, sweep: str) -> Callable[..., Any] | None:
        return self.jvp if sweep == "tangent" else None

    def forward(self, args: tuple) -> tuple[Any, Any]:
        return self.fun(*args), args

    def backward(self, residuals: Any, cotangent: Any) -> Any:
        return self.adjoint().fun(*residuals, None, cotangent)

    def adjoint(self) -> Custom:
        known = self.__dict__.get("_adjoint")
        if known is None or known.jvp is not self.jvp:
            known = self.__dict__["_adjoint"] = OfCustom(self)
        assert isinstance(known, Custom)
        return known

    def within(self, transposed: tuple[Any, ...]) -> Custom:
        if not transposed or self.jvp is None:
            return self
        twins = self.__dict__.setdefault("_twins", {})
        key = (transposed, self.jvp)
        if key not in twins:
            twin = twins[key] = object.__new__(type(self))
            twin.__dict__.update({name: value for name, value in vars(self).items() if name not in _OWN})
            twin._stands_for, twin.transposed = self, transposed
        # Code that calls the twin is to be compiled again where the rule changes.
        self.__dict__.setdefault("_steps", {})
        return cast(Custom, twins[key])

    @property
    def names(self) -> tuple[str, str, str]:
        return f"{self.__name__}_fwd", f"{self.__name__}_rev", given_name(self.jvp, f"{self.__name__}_jvp")

    def refuse(self, sweep: str) -> tuple[str, str] | None:
        if self.jvp is None:
            return f"{self.__name__} is a custom_jvp without a rule", f"call {self.__name__}.defjvp(jvp)"
        return None


_OWN = frozenset(["_steps", "_adjoint", "_twins", "_function"])
"""What each of the objects that stand for a function makes for itself."""


def given_name(fn: Any, otherwise: str | None = None) -> str:
    """What a function is called; `otherwise` if it has no name."""
    name = getattr(fn, "__name__", None) or type(fn).__name__
    return name if otherwise is None or (name.isidentifier() and isinstance(fn, FunctionType)) else otherwise


_WRITING = frozenset(
    [
        *("STORE_SUBSCR", "STORE_SLICE", "DELETE_SUBSCR", "STORE_ATTR"),
        *("sort", "fill", "put", "partition", "resize", "itemset", "setfield", "setflags", "copyto", "at", "out"),
        *("place", "putmask", "put_along_axis", "fill_diagonal", "partition", "setitem"),
    ]
)
"""Instructions, and names of methods and functions, by which arrays are written."""


def _is_plain(fn: Any) -> bool:
    """Whether a function of the user's certainly writes to nothing: it calls NumPy alone, and has no assignment."""
    if not isinstance(fn, FunctionType) or fn.__code__.co_freevars:
        return False
    code = fn.__code__
    if any(isinstance(const, CodeType) for const in code.co_consts):
        return False
    names = {const for const in code.co_consts if isinstance(const, tuple)}
    words = {*code.co_names, *[name for group in names for name in group if isinstance(name, str)]}
    given = [fn.__globals__[name] for name in code.co_names if name in fn.__globals__]
    steps = list(dis.get_instructions(code))
    words |= {step.opname for step in steps}
    in_place = any(step.opname == "BINARY_OP" and step.argrepr.endswith("=") for step in steps)
    return not in_place and words.isdisjoint(_WRITING) and all(obj is np or obj is math for obj in given)


def _check_count(fn: Callable[..., Any], count: int, what: str) -> None:
    """Raises if a function can't be called with so many positional arguments."""
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*[None] * count)
    except TypeError:
        code = getattr(fn, "__code__", None)
        place = f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
        raise ArgumentError(f"{what} must take {count} arguments, not {signature}{place}") from None


def _summed(custom: custom_jvp, jvps: Sequence[Any]) -> Callable[..., Any]:
    """The rule that adds up what one rule for each argument says."""

    def summed(primals, tangents):  # type: ignore[no-untyped-def]
        out = custom(*primals)
        total = 0.0 * out
        for rule, dot in zip(jvps, tangents, strict=True):
            if rule is not None:
                total = total + rule(dot, out, *primals)
        return out, total

    summed.__name__ = f"{custom.__name__}_jvp"
    return summed
