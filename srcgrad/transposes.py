"""The transposes of rules for tangents: what they say to reverse mode."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

from srcgrad import runtime
from srcgrad.api import grad
from srcgrad.derived import Derived, filled, inner, zeros_like
from srcgrad.products import jvp, vjp_of
from srcgrad.rules.custom import TRANSPOSED, Transposed, transposed_by
from srcgrad.rules.intrinsics import stop_gradient
from srcgrad.rules.registry import Rule


class _Transposed(Derived):
    """The map from cotangents of a value to those of the arguments, where a rule gives the tangent.

    It takes the arguments, the value and its cotangent. With `L(x, x_dot)` for the tangent, which is linear in `x_dot`,
    it is `T(x, c) = grad(<c, L(x, x_dot)>, x_dot)`; and `<q, T(x, c)> = <c, L(x, q)>` gives the transpose of its own
    derivative.
    """

    returns_new = True

    def __init__(self, name: str, module: str, linear: Callable[..., Any], functions: tuple[Any, ...]):
        self.__name__ = name
        self.__module__ = module
        self.fun = self._apply
        weighted = _weighted(linear)
        for tangent in (linear, weighted):
            setattr(tangent, TRANSPOSED, Transposed("tangents", functions))
        self._linear = linear
        self._gradient = grad(weighted, argnums=2)

    def outputs_like(self, count: int) -> Sequence[int]:
        return range(count - 2)

    def split(self, args: Sequence[Any], value: Any) -> tuple[tuple, tuple]:
        """The arguments without a derivative, and what else the tangent depends on."""
        raise NotImplementedError

    def moving(self, args: Sequence[Any]) -> list[Any]:
        """The arguments, or tangents or cotangents of them, that have tangents."""
        raise NotImplementedError

    def placed(self, found: Sequence[Any], count: int) -> tuple:
        """What belongs to these, among so many arguments, with None for the others."""
        raise NotImplementedError

    def of_args(self, found: Sequence[Any]) -> tuple:
        """Cotangents of all arguments and of the value, from those of what the tangent depends on."""
        raise NotImplementedError

    def _apply(self, *given: Any) -> tuple:
        *args, value, cotangent = given
        passive, primals = self.split(args, value)
        zeros = tuple([zeros_like(arg) for arg in self.moving(args)])
        _, pull = vjp_of(self._linear, (passive, primals, zeros), ("tangents",))
        return self.placed(pull(cotangent)[2], len(args))

    def forward(self, args: tuple) -> tuple[Any, Any]:
        return self._apply(*args), args

    def backward(self, residuals: Any, cotangent: Any) -> Any:
        *args, value, of_value = residuals
        passive, primals = self.split(args, value)
        pairs = zip(self.moving(cotangent), self.moving(args), strict=True)
        # The rule may write to tangents.
        tangents = tuple([runtime.copied(filled(dot, arg)) for dot, arg in pairs])
        out_dot, pull = vjp_of(self._linear, (passive, primals, tangents), ("primals",))
        return (*self.of_args(pull(of_value)[1]), out_dot)

    def tangent(self, args: tuple, tangents: tuple) -> tuple[Any, Any]:
        *given, value, cotangent = args
        *dots, value_dot, cotangent_dot = tangents
        passive, primals = self.split(given, value)
        zeros = tuple([zeros_like(arg) for arg in self.moving(given)])
        direction = (None, self.split(dots, value_dot)[1], None, cotangent_dot)
        found, found_dot = jvp(self._gradient, (passive, primals, zeros, cotangent), direction)
        return self.placed(found, len(given)), self.placed(found_dot, len(given))


class OfCustom(_Transposed):
    """The transpose of a `custom_jvp`."""

    def __init__(self, custom: Any):
        functions = (*custom.transposed, custom._stands_for or custom)
        super().__init__(custom.names[1], custom.__module__, _linear_part(custom.jvp), functions)
        self.jvp = custom.jvp
        self._custom = custom

    @functools.cached_property
    def formula(self) -> Callable[..., Any]:
        return _of_custom(self._gradient, self._custom.passive)

    def is_passive(self, place: int, count: int) -> bool:
        return place < count - 2 and place in self._custom.passive

    def split(self, args: Sequence[Any], value: Any) -> tuple[tuple, tuple]:
        passive, primals = self._custom._split(args)
        return tuple(passive), tuple(primals)

    def moving(self, args: Sequence[Any]) -> list[Any]:
        return list(self._custom._split(args)[1])

    def placed(self, found: Sequence[Any], count: int) -> tuple:
        rest = list(found)
        for place in sorted(self._custom.passive):
            rest.insert(place, None)
        return tuple(rest)

    def of_args(self, found: Sequence[Any]) -> tuple:
        return (*self.placed(found, len(found)), None)


class _OfRule(_Transposed):
    """The transpose of a rule of kind `jvp`, whose tangent depends on the arguments and the value."""

    def __init__(self, rule: Rule, name: str, names: tuple[str, ...], keywords: int, functions: tuple[Any, ...]):
        # What has its default is in no place, and has no tangent.
        self._places = [names.index(argument) if argument in names else None for argument in rule.tangents]
        self._count = len(names)
        linear = _linear_rule(rule.body, names[len(names) - keywords :])
        super().__init__(name, getattr(rule.body, "__module__", None) or "builtins", linear, functions)

    @functools.cached_property
    def formula(self) -> Callable[..., Any]:
        return _of_rule(self._gradient, self._places, self._count)

    def returns_none(self, place: int, count: int) -> bool:
        return place not in self._places

    def split(self, args: Sequence[Any], value: Any) -> tuple[tuple, tuple]:
        return (), (*args, value)

    def moving(self, args: Sequence[Any]) -> list[Any]:
        return [None if place is None else args[place] for place in self._places]

    def placed(self, found: Sequence[Any], count: int) -> tuple:
        by_place = dict(zip(self._places, found, strict=True))
        return tuple([by_place.get(k) for k in range(count)])

    def of_args(self, found: Sequence[Any]) -> tuple:
        return tuple(found)


transposed_by(_OfRule)


def _linear_part(rule: Any) -> Callable[..., Any]:
    def linear(passive, primals, tangents):  # type: ignore[no-untyped-def]
        return rule(*passive, primals, tangents)[1]

    return linear


def _linear_rule(rule: Any, keywords: tuple[str, ...]) -> Callable[..., Any]:
    """The tangent as a function of tangents, arguments and value; the last arguments are given by these names."""

    def linear(passive, primals, tangents):  # type: ignore[no-untyped-def]
        *args, value = primals
        count = len(args) - len(keywords)
        named = dict(zip(keywords, args[count:], strict=True))
        return rule(*tangents, value, *args[:count], **named)

    return linear


def _of_custom(gradient: Callable[..., Any], passive: frozenset[int]) -> Callable[..., Any]:
    """The transpose of the tangent of a `custom_jvp`, as a function that can be read."""

    def transpose(*given):  # type: ignore[no-untyped-def]
        *args, _, cotangent = given
        fixed = tuple([stop_gradient(a) for k, a in enumerate(args) if k in passive])
        moving = tuple([a for k, a in enumerate(args) if k not in passive])
        found = iter(gradient(fixed, moving, tuple([runtime.zeros_like(a) for a in moving]), cotangent))
        return tuple([None if k in passive else next(found) for k in range(len(args))])

    return transpose


def _of_rule(gradient: Callable[..., Any], places: Sequence[int | None], count: int) -> Callable[..., Any]:
    """The transpose of the tangent of a rule of kind `jvp`, as a function that can be read.

    Args:
        gradient: the gradient of the weighted tangent.
        places: for each tangent that the rule takes, of which argument it is.
        count: how many arguments there are.
    """
    # Numbers from outside are variables to the compiler, and functions are not.
    taken = [None if place is None else operator.itemgetter(place) for place in places]
    found_at = [operator.itemgetter(places.index(k)) if k in places else None for k in range(count)]

    def transpose(*given):  # type: ignore[no-untyped-def]
        *primals, cotangent = given
        zeros = tuple([None if take is None else runtime.zeros_like(take(primals)) for take in taken])
        found = gradient((), tuple(primals), zeros, cotangent)
        return tuple([None if take is None else take(found) for take in found_at])

    return transpose


def _weighted(linear: Callable[..., Any]) -> Callable[..., Any]:
    def weighted(passive, primals, tangents, cotangent):  # type: ignore[no-untyped-def]
        return inner(cotangent, linear(passive, primals, tangents))

    return weighted
