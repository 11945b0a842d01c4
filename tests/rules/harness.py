"""Checks one derivative rule at one point, as plain Python: the oracle behind `test_registry.py`.

A rule is right if, for random cotangents g and random directions v, the sum of cotangent times direction equals
the derivative of `sum(g * f(x + h * v))` in h, measured with central differences at two step sizes that agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.testing import assert_allclose

from srcgrad.rules.registry import ACCUMULATE, JVP, LINEAR, PARTIALS, VJP, Rule

STEP = 1e-4
DIRECTIONS = 3


@dataclass(frozen=True)
class Row:
    """One point at which the rules of a function are checked.

    Attributes:
        fn: the function, as users call it.
        args: its positional arguments; one that is differentiated is a number, an array, or a list or tuple of them.
        kwargs: its keyword arguments, which are passive.
        argnums: the positions of the arguments that are differentiated.
        name: tells the row from the others of the same function.
        expected: the cotangents, one per entry of `argnums`, for an output cotangent of ones: for points where
            differences say nothing (kinks, poles). They replace the differences.
        step: the larger of the two step sizes.
    """

    fn: Callable
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    argnums: tuple[int, ...] = (0,)
    name: str = ""
    expected: tuple[Any, ...] | None = None
    step: float = STEP

    @property
    def id(self) -> str:
        """The name of the row in test reports."""
        shapes = "-".join(_describe(arg) for arg in self.args)
        extras = "-".join(f"{key}={value}" for key, value in self.kwargs.items() if np.ndim(value) == 0)
        return ":".join(filter(None, (_qualified(self.fn), self.name, shapes, extras))).replace(" ", "")


def _qualified(fn: Callable) -> str:
    module = getattr(fn, "__module__", None) or ""
    return f"{module}.{getattr(fn, '__qualname__', None) or getattr(fn, '__name__', repr(fn))}".lstrip(".")


def _describe(arg: Any) -> str:
    if isinstance(arg, (list, tuple)):
        return "[" + ",".join(map(_describe, arg)) + "]"
    if isinstance(arg, np.ndarray):
        return f"{arg.dtype.kind}{arg.dtype.itemsize}{list(arg.shape)}"
    return str(arg)[:20]


# ---- trees of arguments: a leaf, or a list or tuple of trees ----


def leaves(tree: Any) -> Iterator[Any]:
    """The numbers and arrays of an argument or output, in order."""
    if isinstance(tree, (list, tuple)):
        for item in tree:
            yield from leaves(item)
    else:
        yield tree


def map_leaves(f: Callable, tree: Any, *others: Any) -> Any:
    """The same tree with `f` applied to its leaves and to those of trees like it."""
    if isinstance(tree, (list, tuple)):
        items = [map_leaves(f, item, *(other[k] for other in others)) for k, item in enumerate(tree)]
        return items if isinstance(tree, list) else tuple(items)
    return f(tree, *others)


def is_differentiable(leaf: Any) -> bool:
    """Whether a number or array can carry a derivative."""
    return np.asarray(leaf).dtype.kind in "fc"


def pairing(cotangents: Any, tangents: Any) -> float:
    """The sum of cotangent times tangent. Complex numbers follow JAX: no conjugate, the real part at the end."""
    pairs = zip(leaves(cotangents), leaves(tangents), strict=True)
    return float(sum(np.sum(np.real(np.asarray(g) * np.asarray(v))) for g, v in pairs))


def random_like(rng: np.random.Generator, leaf: Any) -> Any:
    """A random direction of the leaf's kind: float for float, array for array; zeros for what has no derivative."""
    dtype = np.asarray(leaf).dtype
    value = rng.uniform(0.3, 1.3, np.shape(leaf)) * rng.choice([-1.0, 1.0], np.shape(leaf))
    if dtype.kind == "c":
        value = value + 1j * rng.uniform(0.3, 1.3, np.shape(leaf))
    if isinstance(leaf, (float, complex)) and not isinstance(leaf, np.generic):
        return type(leaf)(value)
    if dtype.kind not in "fc":
        return np.zeros(np.shape(leaf))
    direction = np.empty_like(leaf)  # in the memory layout of the leaf
    direction[...] = value
    return direction[()] if isinstance(leaf, np.generic) else direction


def moved(args: tuple, directions: dict[int, Any], h: float) -> tuple:
    """The arguments, `h` further along the directions."""

    def step(x: Any, v: Any) -> Any:
        if not is_differentiable(x):
            return x
        return np.asarray(x + h * v) if isinstance(x, np.ndarray) else x + h * v

    out = list(args)
    for k, direction in directions.items():
        out[k] = map_leaves(step, args[k], direction)
    return tuple(out)


# ---- applying rules: what the walker does, spelled out ----


def unbroadcast(contribution: Any, arg: Any) -> np.ndarray:
    """The contribution of a rule as a cotangent of the argument: of its shape, and real if it is real."""
    shape = np.shape(arg)
    value = np.asarray(contribution)
    if np.asarray(arg).dtype.kind != "c":
        value = np.real(value)
    value = np.sum(value, axis=tuple(range(value.ndim - len(shape)))) if value.ndim > len(shape) else value
    offset = len(shape) - value.ndim
    summed = tuple(k for k in range(value.ndim) if shape[k + offset] == 1 and value.shape[k] != 1)
    value = np.sum(value, axis=summed, keepdims=True) if summed else value
    return np.broadcast_to(value, shape)


def _entry(contributions: Any, argnum: int) -> Any:
    if isinstance(contributions, tuple):
        return contributions[argnum] if argnum < len(contributions) else None
    return contributions if argnum == 0 else None


def _as_cotangent(entry: Any, arg: Any) -> Any:
    if entry is None:
        raise AssertionError("the rule gives no derivative for this argument")
    if isinstance(arg, (list, tuple)):
        assert len(entry) == len(arg), "one cotangent per element"
        return [_as_cotangent(e, a) for e, a in zip(entry, arg, strict=True)]
    return unbroadcast(entry, arg)


def applied(rule: Rule, *args: Any, **kwargs: Any) -> Any:
    """What a rule returns; derivatives of arguments that nobody asks for may be undefined."""
    with np.errstate(all="ignore"):
        return rule.body(*args, **kwargs)


def pulled(row: Row, g: Any, z: Any, args: tuple) -> Iterator[tuple[str, dict[int, Any]]]:
    """For each rule of the function that goes backwards: its name, and the cotangent of each argument."""
    if row.fn in PARTIALS:
        slopes = applied(PARTIALS[row.fn], *args, z, **row.kwargs)
        entries = {k: _entry(slopes, k) for k in row.argnums}
        scaled = {k: None if slope is None else slope * np.asarray(g) for k, slope in entries.items()}
        yield "partials", {k: _as_cotangent(scaled[k], args[k]) for k in row.argnums}
    if row.fn in VJP:
        contributions = applied(VJP[row.fn], g, z, *args, **row.kwargs)
        yield "vjp", {k: _as_cotangent(_entry(contributions, k), args[k]) for k in row.argnums}
    if row.fn in ACCUMULATE and 0 in row.argnums:
        before = map_leaves(lambda x: np.full_like(x, 0.5), args[0])
        shadow = map_leaves(lambda x: np.array(x, order="K"), before)
        returned = applied(ACCUMULATE[row.fn], shadow, g, z, *args, **row.kwargs)
        assert returned is None, "an accumulate rule returns nothing"
        yield "accumulate", {0: map_leaves(np.subtract, shadow, before)}


def pushed(row: Row, directions: dict[int, Any], z: Any) -> Iterator[tuple[str, Any]]:
    """For each rule of the function that goes forwards: its name, and the tangent of the output.

    Args:
        row: the point.
        directions: the tangents of the arguments that have one; None in a sequence for an item that has none.
        z: the output.
    """
    whole = not any(v is None for direction in directions.values() for v in leaves(direction))
    if row.fn in PARTIALS and whole:
        slopes = applied(PARTIALS[row.fn], *row.args, z, **row.kwargs)
        entries = {k: _entry(slopes, k) for k in directions}
        assert not any(slope is None for slope in entries.values()), "no derivative in this argument"
        yield "partials", _as_tangent(sum(entries[k] * np.asarray(v) for k, v in directions.items()), z)
    if row.fn in JVP:
        yield "jvp", _as_tangent(_applied_forwards(row, directions, z), z)
    elif row.fn in LINEAR:
        yield "linear", _as_tangent(_own_tangent(row, directions), z)


def _applied_forwards(row: Row, directions: dict[int, Any], z: Any) -> Any:
    rule = JVP[row.fn]
    dots: dict[str, Any] = dict.fromkeys(rule.tangents)
    variadic = rule.parameter(len(rule.parameters))
    for k, direction in directions.items():
        name = rule.parameter(k)
        assert name in dots, f"the rule does not take the tangent of argument {k}"
        if name == variadic:
            place = rule.parameters.index(name)
            dots[name] = tuple(directions.get(j) for j in range(place, len(row.args)))
        else:
            dots[name] = direction
    return applied(rule, *dots.values(), z, *row.args, **row.kwargs)


def _own_tangent(row: Row, directions: dict[int, Any]) -> Any:
    linear, rule = LINEAR[row.fn], VJP[row.fn]
    places = [k for k in range(len(row.args)) if rule.parameter(k) in linear.arguments]
    assert set(directions) <= set(places), "it is not linear in this argument"

    def call(changed: dict[int, Any]) -> Any:
        with np.errstate(all="ignore"):
            return row.fn(*[changed.get(k, arg) for k, arg in enumerate(row.args)], **row.kwargs)

    filled = {k: _filled(directions.get(k), row.args[k]) for k in places}
    if linear.jointly:
        return call(filled)
    terms = [call({k: filled[k]}) for k in directions]
    return sum(terms[1:], terms[0])


def _filled(direction: Any, arg: Any) -> Any:
    """A tangent with zeros for what has none; what is no number stays as it is."""
    if isinstance(arg, (list, tuple)):
        parts = [None] * len(arg) if direction is None else direction
        items = [_filled(part, item) for part, item in zip(parts, arg, strict=True)]
        return items if isinstance(arg, list) else tuple(items)
    if direction is not None:
        return direction
    if isinstance(arg, np.ndarray):
        return np.zeros(arg.shape, arg.dtype if arg.dtype.kind in "fc" else float)
    return 0.0 if isinstance(arg, (int, float, complex, np.number)) else arg


def _as_tangent(tree: Any, z: Any) -> Any:
    """What a forward rule returned as the tangent of the output: in its shape, and real if it is real."""
    if isinstance(z, (list, tuple)):
        assert len(tree) == len(z), "one tangent per output"
        return [_as_tangent(part, item) for part, item in zip(tree, z, strict=True)]
    if tree is None:
        return np.zeros(np.shape(z))
    return np.broadcast_to(np.asarray(tree) if np.asarray(z).dtype.kind == "c" else np.real(tree), np.shape(z))


def variants(directions: dict[int, Any]) -> Iterator[dict[int, Any]]:
    """All tangents together, each by itself, and each item of a sequence by itself."""
    yield directions
    for k, direction in directions.items():
        if len(directions) > 1:
            yield {k: direction}
        if isinstance(direction, (list, tuple)) and len(direction) > 1:
            for place in range(len(direction)):
                items = [item if j == place else _without(item) for j, item in enumerate(direction)]
                yield {k: type(direction)(items)}


def _without(direction: Any) -> Any:
    return [_without(item) for item in direction] if isinstance(direction, (list, tuple)) else None


# ---- the checks ----


def slope(row: Row, g: Any, directions: dict[int, Any]) -> float:
    """The derivative of `sum(g * f)` along the directions, by differences at two step sizes that must agree."""

    here = row.fn(*row.args, **row.kwargs)

    def central(h: float) -> float:
        after, before = (_turned(row.fn(*moved(row.args, directions, s), **row.kwargs), here, row.fn) for s in (h, -h))
        change = map_leaves(lambda p, q: np.asarray(p, complex) - q, _as_tuple(after), _as_tuple(before))
        return pairing(map_leaves(np.asarray, _as_tuple(g)), change) / (2 * h)

    coarse, fine = central(row.step), central(row.step / 2)
    scale = max(1.0, abs(fine))
    assert abs(coarse - fine) <= 1e-5 * scale, f"cannot judge: the two step sizes disagree: {coarse} and {fine}"
    return (4 * fine - coarse) / 3


def _turned(z: Any, here: Any, fn: Callable) -> Any:
    """Eigenvectors with the signs they have at the point itself: on some processors they jump from point to point."""
    if getattr(fn, "__name__", "") != "eigh":
        return z
    values, vectors = z
    return values, vectors * np.sign(np.sum(vectors * here[1], axis=-2, keepdims=True))


def _as_tuple(tree: Any) -> Any:
    return tuple(tree) if isinstance(tree, (list, tuple)) else (tree,)


def seed_like(rng: np.random.Generator | None, z: Any) -> Any:
    """A cotangent for the output: random, or ones if there is no generator."""
    if isinstance(z, (list, tuple)):
        items = [seed_like(rng, item) for item in z]
        return items if isinstance(z, list) else tuple(items)
    if rng is None:
        return np.ones_like(z, dtype=float)[()] if np.ndim(z) == 0 else np.ones_like(z, dtype=float)
    return random_like(rng, z)


def check_against_differences(row: Row) -> None:
    """Compares every rule of the function, argument by argument and jointly, with differences."""
    rng = np.random.default_rng(0)
    z = row.fn(*row.args, **row.kwargs)
    for _ in range(DIRECTIONS):
        g = seed_like(rng, z)
        directions = {k: map_leaves(lambda x: random_like(rng, x), row.args[k]) for k in row.argnums}
        wanted = {k: slope(row, g, {k: v}) for k, v in directions.items()}
        for kind, cotangents in pulled(row, g, z, row.args):
            for k, cotangent in cotangents.items():
                got = pairing(cotangent, directions[k])
                assert_allclose(got, wanted[k], rtol=2e-7, atol=2e-7, err_msg=f"{kind} rule, argument {k}")
        check_forwards(row, g, z, directions)
        for variant in ({k: v} for k, v in directions.items()):
            for kind, tangent in pushed(row, variant, z):
                got = pairing(_as_tuple(g), _as_tuple(tangent))
                assert_allclose(got, sum(wanted[k] for k in variant), rtol=2e-7, atol=2e-7, err_msg=f"{kind} rule")


def check_forwards(row: Row, g: Any, z: Any, directions: dict[int, Any]) -> None:
    """Holds each forward rule against each backward one: what they pair with is the same number."""
    backward = list(pulled(row, g, z, row.args))
    for variant in variants(directions):
        forward = list(pushed(row, variant, z))
        assert forward, "the function has no forward rule"
        for kind, tangent in forward:
            got = pairing(_as_tuple(g), _as_tuple(tangent))
            for other, cotangents in backward:
                if variant.keys() <= cotangents.keys():
                    filled = {k: _filled(v, row.args[k]) for k, v in variant.items()}
                    wanted = sum(pairing(cotangents[k], v) for k, v in filled.items())
                    message = f"{kind} rule against {other} rule, tangents of {list(variant)}"
                    assert_allclose(got, wanted, rtol=1e-9, atol=1e-9, err_msg=message)
    for layout in (np.ascontiguousarray, np.asfortranarray):
        turned = map_leaves(lambda x, change=layout: change(x) if np.ndim(x) > 1 else x, tuple(directions.values()))
        for (kind, tangent), (_, again) in zip(
            pushed(row, directions, z), pushed(row, dict(zip(directions, turned, strict=True)), z), strict=True
        ):
            if not (row.fn in _LAID_OUT and kind == "linear" and reads_layout(row)):
                pairs = zip(leaves(tangent), leaves(again), strict=True)
                assert all(np.allclose(a, b, 1e-12, 1e-12, True) for a, b in pairs), f"{kind} rule: layout matters"


_LAID_OUT = frozenset([np.reshape, np.ravel])
"""Functions that may read elements in the order in which they lie in memory: a tangent must lie there as its primal."""


def reads_layout(row: Row) -> bool:
    """Whether the order of elements is that of memory."""
    return any(value in ("A", "K") for value in (*row.args[1:], *row.kwargs.values()) if isinstance(value, str))


def check_against_expected(row: Row) -> None:
    """Compares every rule of the function with the cotangents that the row states."""
    assert row.expected is not None
    with np.errstate(all="ignore"):
        z = row.fn(*row.args, **row.kwargs)
        for kind, cotangents in pulled(row, seed_like(None, z), z, row.args):
            for (k, cotangent), wanted in zip(cotangents.items(), row.expected, strict=False):
                assert_allclose(cotangent, wanted, rtol=1e-12, atol=1e-300, err_msg=f"{kind} rule, argument {k}")
        rng = np.random.default_rng(2)
        directions = {k: map_leaves(lambda x: random_like(rng, x), row.args[k]) for k in row.argnums}
        check_forwards(row, seed_like(rng, z), z, directions)


def check_single_precision(row: Row) -> None:
    """The rules give the same in float32, to its accuracy, and leave their arguments as they were."""

    def lowered(x: Any) -> Any:
        return x.astype(np.float32) if isinstance(x, np.ndarray) and x.dtype == np.float64 else x

    rng = np.random.default_rng(1)
    args = tuple(map_leaves(lowered, arg) if k in row.argnums else arg for k, arg in enumerate(row.args))
    raised = tuple(
        map_leaves(lambda x, y: x if x is y else x.astype(float), a, b) for a, b in zip(args, row.args, strict=True)
    )
    kept = [np.copy(x) for x in leaves(args) if isinstance(x, np.ndarray)]
    z, z64 = row.fn(*args, **row.kwargs), row.fn(*raised, **row.kwargs)
    g64 = seed_like(rng, z64)
    g = map_leaves(lambda a, b: np.asarray(a, np.asarray(b).dtype)[()] if is_differentiable(b) else a, g64, z)
    for (kind, low), (_, high) in zip(pulled(row, g, z, args), pulled(row, g64, z64, raised), strict=True):
        for k, cotangent in low.items():
            for a, b in zip(leaves(cotangent), leaves(high[k]), strict=True):
                scale = max(1.0, float(np.max(np.abs(b), initial=0.0)))
                assert_allclose(a, b, rtol=2e-3, atol=2e-3 * scale, err_msg=f"{kind} rule, argument {k}, float32")
    directions = {k: map_leaves(lambda x: random_like(rng, x), args[k]) for k in row.argnums}
    lowered_row, raised_row = replace(row, args=args), replace(row, args=raised)
    for (kind, low), (_, high) in zip(
        pushed(lowered_row, directions, z), pushed(raised_row, directions, z64), strict=True
    ):
        for a, b in zip(leaves(low), leaves(high), strict=True):
            scale = max(1.0, float(np.max(np.abs(b), initial=0.0)))
            assert_allclose(a, b, rtol=2e-3, atol=2e-3 * scale, err_msg=f"{kind} rule, forwards, float32")
    if row.fn in LINEAR and row.fn not in JVP and LINEAR[row.fn].jointly:
        for a, b in zip(leaves(_own_tangent(lowered_row, directions)), leaves(z), strict=True):
            assert not is_differentiable(b) or np.asarray(a).dtype == np.asarray(b).dtype, "a tangent of another dtype"
    after = [x for x in leaves(args) if isinstance(x, np.ndarray)]
    assert all(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc") for a, b in zip(kept, after, strict=True)), (
        "an argument was written"
    )


def has_derivative(fn: Callable) -> bool:
    """Whether the registry holds a derivative of the function other than zero."""
    return fn in PARTIALS or fn in VJP or fn in ACCUMULATE or fn in JVP
