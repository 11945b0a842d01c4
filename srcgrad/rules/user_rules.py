"""Rules of the user's own, held to what is taken for granted of those that come with the library."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.errors import ArgumentError, NoRuleError, ShapeError
from srcgrad.rules.custom import Like, fitting
from srcgrad.rules.operands import Site, Tree, analytic, type_of
from srcgrad.rules.registry import Rule, linear_in, vjp
from srcgrad.tree import flatten, map_leaves


@vjp(fitting)
def fitting_vjp(g, z, c, x, name):
    return g, None, None


linear_in("c")(fitting)


@analytic(fitting)
def _same(site: Site, fn: Any, c: Tree, x: Tree, name: Tree) -> Any:
    return type_of(c)


Place = tuple[int | str, int]
"""An argument, by position or name, and a leaf of it."""


class RuleCall:
    """A rule that is called at run time, since what it refers to may change: globals, variables around it.

    Attributes:
        rule: the rule.
        wanted: for one of reverse mode, the parts of arguments whose cotangents it returns.
    """

    def __init__(self, rule: Rule, function: str, wanted: tuple[Place, ...] = ()):
        self.rule = rule
        self.wanted = wanted
        self.function = function
        own = getattr(rule.body, "__name__", "")
        self.__name__ = own if own.isidentifier() else f"{function.rpartition('.')[2]}_{rule.kind}"
        self.__module__ = getattr(rule.body, "__module__", None) or "builtins"

    def __repr__(self) -> str:
        return f"<rule {self.__name__}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.rule.kind in ("vjp", "linear"):
            # The rule may write to the cotangent that it is given, and return it.
            args = (map_leaves(_copied, args[0]), *args[1:])
        found = self.rule.body(*args, **kwargs)
        if self.rule.kind == "jvp":
            z = args[len(self.rule.tangents)]
            return self._tangents(found, z)
        if self.rule.kind == "partials":
            parts = found if isinstance(found, tuple) else (found,)
            return _unpacked([self._known(parts[k] if k < len(parts) else None, k) for k, _ in self.wanted])
        return _unpacked([self._cotangent(found, args[2:], kwargs, *place) for place in self.wanted])

    def _cotangent(self, found: Any, args: tuple, kwargs: dict[str, Any], key: int | str, leaf: int) -> Any:
        name = key if isinstance(key, str) else self.rule.parameter(key) or str(key)
        given = kwargs[key] if isinstance(key, str) else args[key]
        part = contribution_of(self.rule, found, key)
        what = f"the cotangent that {self.__name__} returned for {name}"
        leaves, structure = flatten(given)
        if (
            isinstance(given, (list, tuple))
            and isinstance(part, (list, tuple, np.ndarray))
            and type(part) is not type(given)
        ):
            part = list(part) if isinstance(given, list) else tuple(part)
        part = self._known(structure.flatten(part, what, partly=True)[leaf], key)
        like = Like.of(leaves[leaf])
        if like is None:
            raise ArgumentError(f"{what} is asked for, and {name} is no float")
        c = fitting(part, leaves[leaf], self.function.rpartition(".")[2])
        if like.dtype.kind != "c":
            c = np.real(c)
        return like.fitted(runtime.unbroadcast(c, leaves[leaf]), what)

    def _known(self, part: Any, key: int | str) -> Any:
        if part is None or part is Ellipsis:
            name = key if isinstance(key, str) else self.rule.parameter(key) or str(key)
            raise NoRuleError(
                f"{self.__name__} gives no derivative of {self.function} in its argument {name!r}",
                help="wrap that argument in srcgrad.stop_gradient, or let the rule return its cotangent",
            )
        return part

    def _tangents(self, found: Any, z: Any) -> Any:
        several = isinstance(z, (tuple, list))
        dots = found if several else (found,)
        outs = z if several else (z,)
        return _unpacked([self._tangent(dot, out) for dot, out in zip(dots, outs, strict=True)])

    def _tangent(self, dot: Any, out: Any) -> Any:
        like = Like.of(out)
        if like is None:
            return 0.0
        what = f"the tangent that {self.__name__} returned"
        if dot is not None:
            dot = np.real(dot) if like.dtype.kind != "c" else dot
            try:
                dot = np.broadcast_to(dot, like.shape)
            except ValueError:
                raise ShapeError(f"{what} has shape {np.shape(dot)}, and should have shape {like.shape}") from None
        return like.fitted(dot, what)


def contribution_of(rule: Rule, found: Any, key: int | str) -> Any:
    """What a rule returned for an argument, None for nothing."""
    parts = found if isinstance(found, tuple) else (found,)
    if isinstance(key, int) and rule.variadic is not None and len(parts) > len(rule.parameters):
        return parts[key]
    name = key if isinstance(key, str) else rule.parameter(key)
    place = rule.parameters.index(name) if name in rule.parameters else len(parts)
    return parts[place] if place < len(parts) else None


def _copied(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _unpacked(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else tuple(parts)
