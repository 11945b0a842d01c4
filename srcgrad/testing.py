"""check_grads: derivatives compared with differences of the primal.

Differences are central, of sixth order, taken at two step sizes that must agree with each other; where they don't, the
answer is `CannotJudge`, an error, and never a pass.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad.errors import ArgumentError, NotScalarError
from srcgrad.runtime import copy_with_layout
from srcgrad.tree import flatten, map_leaves, paths

_DOUBLE = float(np.finfo(float).eps)
_WEIGHTS = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
_FULL = 64
"""Leaves of at most so many elements are checked element by element, larger ones along random directions."""
_DIRECTIONS = 6


class CannotJudge(ArithmeticError):
    """The differences at two step sizes disagree, so nothing can be said about the derivative.

    The function has a kink, a jump or a singularity near the point, is not deterministic, or is too noisy. Check at
    another point, or pass `eps` to choose the step.
    """


# ---------------------------------------------------------------------------------------------- leaves


def is_active(leaf: Any) -> bool:
    """Whether a leaf carries a derivative: a float, a complex number, or an array of them."""
    if isinstance(leaf, (np.ndarray, np.generic)):
        return leaf.dtype.kind in "fc"
    return isinstance(leaf, (float, complex))


def _lift(leaf: Any) -> Any:
    """A fresh copy of the leaf in double precision, so that the differences are as exact as they can be."""
    if isinstance(leaf, np.ndarray):
        return copy_with_layout(leaf, {"f": np.float64, "c": np.complex128}.get(leaf.dtype.kind))
    if isinstance(leaf, np.floating):
        return np.float64(leaf)
    return np.complex128(leaf) if isinstance(leaf, np.complexfloating) else leaf


def _copy(leaf: Any) -> Any:
    return _as_writeable_as(leaf, copy_with_layout(leaf)) if isinstance(leaf, np.ndarray) else leaf


def _as_writeable_as(leaf: Any, copy: Any) -> Any:
    """A copy that is read-only where the leaf is: the function may catch the exception that a write raises."""
    if isinstance(leaf, np.ndarray) and isinstance(copy, np.ndarray) and not leaf.flags.writeable:
        copy.flags.writeable = False
    return copy


def _moved(leaf: Any, step: Any) -> Any:
    """A leaf that is ours to change, one step on; an array stays laid out as it is, a Python number is one."""
    if isinstance(leaf, np.ndarray):
        leaf += step
        return leaf
    return _of_class(leaf, leaf + step)


def _of_class(leaf: Any, number: Any) -> Any:
    """A number as a Python number, if `leaf` is one."""
    if isinstance(leaf, np.generic) or not isinstance(leaf, (float, complex)):
        return number
    return complex(number) if isinstance(leaf, complex) else float(number)


def same_bits(a: Any, b: Any) -> bool:
    """Whether two leaves are equal to the last bit: NaN equals NaN, 0.0 differs from -0.0."""
    if isinstance(a, (np.ndarray, np.generic)) or isinstance(b, (np.ndarray, np.generic)):
        x, y = np.asarray(a), np.asarray(b)
        if x.dtype.kind == "O" or y.dtype.kind == "O":
            return x.shape == y.shape and bool(np.all(x == y))
        return x.shape == y.shape and x.dtype == y.dtype and x.tobytes() == y.tobytes()
    if isinstance(a, (float, complex)) and type(a) is type(b):
        return np.asarray(a).tobytes() == np.asarray(b).tobytes()
    return type(a) is type(b) and a == b


def _vector(tree: Any) -> np.ndarray:
    """The active leaves of a tree, one after the other."""
    leaves = [np.ravel(leaf) for leaf in flatten(tree)[0] if is_active(leaf)]
    return np.concatenate(leaves) if leaves else np.zeros(0)


def _precision(tree: Any) -> float:
    """The machine epsilon of the least precise active leaf."""
    eps = [float(np.finfo(np.asarray(leaf).dtype).eps) for leaf in flatten(tree)[0] if is_active(leaf)]
    return max(eps, default=_DOUBLE)


def pairing(cotangent: Any, tangent: Any) -> float:
    """The real part of the sum of all products of two trees of equal structure; None counts as zero."""
    total = 0.0
    for c, t in zip(flatten(cotangent)[0], flatten(tangent)[0], strict=True):
        if c is not None and is_active(t):
            total += float(np.real(np.sum(np.asarray(c) * np.asarray(t))))
    return total


def random_like(tree: Any, rng: np.random.Generator) -> Any:
    """A tree of the same structure with random numbers of the same types, and None for the passive leaves."""
    return map_leaves(lambda leaf: _random_leaf(leaf, rng) if is_active(leaf) else None, tree)


def _random_leaf(leaf: Any, rng: np.random.Generator) -> Any:
    value = rng.uniform(0.5, 1.5, np.shape(leaf)) * rng.choice([-1.0, 1.0], np.shape(leaf))
    if np.iscomplexobj(leaf):
        value = value + 1j * rng.uniform(-1.0, 1.0, np.shape(leaf))
    if isinstance(leaf, np.ndarray):
        return np.asarray(value, leaf.dtype)
    return leaf.dtype.type(value) if isinstance(leaf, np.generic) else type(leaf)(value)


# ---------------------------------------------------------------------------------------------- differences


@dataclass(frozen=True, slots=True)
class _Sample:
    slope: np.ndarray
    bend: np.ndarray
    size: float


def _difference(at: Callable[[float], np.ndarray], middle: np.ndarray, h: float) -> _Sample:
    slope, bend, size = np.zeros(middle.shape, middle.dtype), np.zeros(middle.shape, middle.dtype), 0.0
    for k, weight in _WEIGHTS:
        up, down = at(k * h), at(-k * h)
        if not (up.shape == down.shape == middle.shape):
            raise CannotJudge("the shape of the output changes near the point")
        slope = slope + weight * (up - down) / h
        if k == 1:
            bend = (up - middle + (down - middle)) / h
        size = max(size, float(np.max(np.abs(up), initial=0.0)), float(np.max(np.abs(down), initial=0.0)))
    return _Sample(slope, bend, size)


def _agree(a: _Sample, b: _Sample, h: float, precision: float) -> bool:
    """Whether two samples, the second at a quarter of the step of the first, tell the same smooth story."""
    if not (np.all(np.isfinite(a.slope)) and np.all(np.isfinite(b.slope))):
        return False
    noise = _noise(precision, a.size, h)
    same = np.abs(a.slope - b.slope) <= 10 * np.sqrt(precision) * np.abs(b.slope) + noise
    # At a kink the two sides have different slopes, and central differences of any step would agree on their mean.
    kink = np.abs(4 * b.bend - a.bend) / 3
    return bool(np.all(same & (kink <= 1e-3 * np.abs(b.slope) + 1e-6 * max(a.size, 1.0) + noise)))


def _noise(precision: float, size: float, h: float) -> float:
    """How wrong differences of numbers of a size may be by rounding, at a quarter of the step `h`."""
    return 300 * precision * max(size, 1.0) / (h / 4)


def _first_step(precision: float) -> float:
    return 1.2 * float(precision ** (1 / 7))


def _derivative(at: Callable[[float], Any], eps: float | None, where: str) -> np.ndarray:
    """The derivative at zero of a function of one number, as a vector."""
    with np.errstate(all="ignore"):
        middle = _vector(at(0.0))
        precision = _precision(at(0.0))
        base = _first_step(precision) if eps is None else eps
        steps = [base * 4.0**-k for k in range(6 if eps is None else 2)]
        samples: list[_Sample | None] = []
        cause: Exception | None = None
        for k, h in enumerate(steps):
            try:
                samples.append(_difference(lambda t: _vector(at(t)), middle, h))
            except CannotJudge:
                raise
            except (ArithmeticError, ValueError) as error:  # left the domain: a smaller step may stay inside
                samples.append(None)
                cause = error
            if k and (a := samples[k - 1]) and (b := samples[k]) and _agree(a, b, steps[k - 1], precision):
                return b.slope
    tried = ", ".join(f"{h:.1e}: {s.slope if s else cause!r}" for h, s in zip(steps, samples, strict=True))
    raise CannotJudge(f"differences {where} do not agree at any two step sizes ({tried})") from cause


def _checked_point(f: Callable, args: Sequence[Any]) -> tuple[list[Any], Any]:
    """The lifted leaves of the arguments and their structure, for a function that answers twice the same."""
    leaves, structure = flatten(tuple(args))

    def run(copy: Callable[[Any], Any]) -> tuple[list[Any], list[np.ndarray]]:
        """The leaves of what it returns, and which elements of its arguments it changes."""
        given = [_as_writeable_as(leaf, copy(leaf)) for leaf in leaves]
        found = flatten(f(*structure.unflatten(list(given))))[0]
        return found, [g != copy(x) for g, x in zip(given, leaves, strict=True) if isinstance(g, np.ndarray)]

    (first, changed), (second, _) = run(_lift), run(_lift)
    if len(first) != len(second) or not all(map(same_bits, first, second)):
        raise CannotJudge(f"{_name(f)} is not deterministic: two calls gave {first} and {second}")
    if not any(map(is_active, first)):
        raise CannotJudge(f"{_name(f)} returns no float")
    if any(is_active(leaf) and _precision(leaf) > _precision(_lift(leaf)) for leaf in leaves):
        # np.asarray(x, dtype=float) is a copy of single precision, and of double precision it is `x` itself.
        own, own_changed = run(_copy)
        rtol = 1e4 * _precision(leaves)
        alike = len(own) == len(first) and all(map(np.array_equal, own_changed, changed))
        if not alike or not all(_near(a, b, rtol) for a, b in zip(own, first, strict=True)):
            raise CannotJudge(f"{_name(f)} has another value in double precision")
    return leaves, structure


def directional_derivative(f: Callable, args: Sequence[Any], direction: Sequence[Any], eps: float | None = None) -> Any:
    """The derivative of `f` at `args` along `direction`, by differences.

    Args:
        f: any function of floats, arrays and trees of them; it may write its arguments.
        args: its arguments. They are not changed.
        direction: one tangent for each argument, of its structure; None for an argument or a leaf that stays as it is.
        eps: the larger of the two step sizes; the default tries several pairs.

    Returns:
        The tangent of the output, of its structure, with None for leaves that carry no derivative.

    Raises:
        CannotJudge: if no two step sizes agree.

    Example:
        >>> directional_derivative(lambda x, y: x * y, (2.0, 3.0), (1.0, None)).round(6)
        np.float64(3.0)
    """
    leaves, structure = _checked_point(f, args)
    tangents: list[Any] = []
    for arg, tangent in zip(args, direction, strict=True):
        own = flatten(arg)[1]
        tangents += [None] * own.leaf_count if tangent is None else own.flatten(tangent, "direction")

    def at(t: float) -> Any:
        moved = [_lift(x) if d is None else _moved(_lift(x), t * d) for x, d in zip(leaves, tangents, strict=True)]
        return f(*structure.unflatten(list(map(_as_writeable_as, leaves, moved))))

    slope = _derivative(at, eps, f"of {_name(f)} along the direction")
    out_leaves, out_structure = flatten(at(0.0))
    out_tangents, start = [], 0
    for leaf in out_leaves:
        size = np.size(leaf) if is_active(leaf) else 0
        out_tangents.append(slope[start : start + size].reshape(np.shape(leaf))[()] if is_active(leaf) else None)
        start += size
    return out_structure.unflatten(out_tangents)


def numerical_gradient(
    f: Callable, args: Sequence[Any], argnums: int | Sequence[int] = 0, eps: float | None = None
) -> Any:
    """The gradient of the scalar function `f` at `args`, by differences along every element of every float leaf.

    Args:
        f: a function that returns one number; it may write its arguments.
        args: its arguments: floats, arrays, and trees of them. They are not changed.
        argnums: for which of them the gradient is wanted.
        eps: the larger of the two step sizes, for elements of size one; the default tries several pairs.

    Returns:
        A gradient in double precision with the structure of the argument and None for passive leaves; a tuple of them
        if `argnums` is a sequence. For a complex argument it is the conjugate of the steepest ascent, as in JAX.

    Raises:
        CannotJudge: if no two step sizes agree.
        NotScalarError: if `f` returns anything but one number.

    Example:
        >>> numerical_gradient(lambda x: x[0] * x[1], (np.array([2.0, 3.0]),)).round(6)
        array([3., 2.])
    """
    leaves, structure = _checked_point(f, args)
    out = f(*structure.unflatten([_as_writeable_as(leaf, _lift(leaf)) for leaf in leaves]))
    if not is_active(out) or np.ndim(out):
        raise NotScalarError.of(_name(f), np.shape(out))
    wanted = [argnums] if isinstance(argnums, int) else list(argnums)
    start, gradients = np.cumsum([0] + [len(flatten(arg)[0]) for arg in args]), []
    for argnum in wanted:
        own, own_structure = flatten(args[argnum])
        names = paths(args[argnum], argument_names(f, args)[argnum])
        grads = [
            _leaf_gradient(f, leaves, structure, start[argnum] + k, eps, names[k])
            if is_active(leaf) or (type(args[argnum]) is int)
            else None
            for k, leaf in enumerate(own)
        ]
        gradients.append(own_structure.unflatten(grads))
    return gradients[0] if isinstance(argnums, int) else tuple(gradients)


def _leaf_gradient(f: Callable, leaves: list[Any], structure: Any, place: int, eps: float | None, path: str) -> Any:
    leaf = _lift(leaves[place])
    scale = np.maximum(np.abs(leaf), 1.0)
    gradient = np.zeros(np.shape(leaf), np.complex128 if np.iscomplexobj(leaf) else np.float64)
    for index in np.ndindex(np.shape(leaf)):
        for unit in (1.0, 1j) if np.iscomplexobj(leaf) else (1.0,):
            step = unit * (scale[index] if np.ndim(leaf) else scale)

            def at(t: float, index: tuple[int, ...] = index, step: complex = step) -> Any:
                fresh = [_lift(other) for other in leaves]
                if isinstance(leaf, np.ndarray):
                    fresh[place][index] += t * step
                else:
                    fresh[place] = _of_class(leaf, fresh[place] + t * step)
                return f(*structure.unflatten(list(map(_as_writeable_as, leaves, fresh))))

            slope = _derivative(at, eps, f"of {_name(f)} with respect to {path}{list(index) if index else ''}")[0]
            gradient[index] += np.real(slope) / abs(step) * np.conj(unit)
    return gradient if isinstance(leaf, np.ndarray) else gradient[()]


# ---------------------------------------------------------------------------------------------- check_grads


def check_grads(
    f: Callable,
    args: Sequence[Any],
    order: int = 1,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """Checks the derivatives of `f` at `args` against differences.

    Args:
        f: a function of floats, arrays and trees of them, with any output.
        args: its arguments; every float leaf is checked, an int is passive.
        order: 1 for the gradient, 2 for the gradient and its own gradient.
        modes: which derivatives to check: "fwd" for tangents, "rev" for gradients.
        atol: the absolute tolerance, in units of the largest element of a leaf's gradient.
        rtol: the relative tolerance.
        eps: the larger of the two step sizes of the differences.

    Raises:
        AssertionError: if they differ, with the numbers side by side; if an input was changed; or if a second call
            answers otherwise.
        CannotJudge: if the differences do not agree with each other.
    """
    if order not in (1, 2):
        raise ArgumentError(f"check_grads checks order 1 and 2, not {order!r}")
    for mode in modes:
        if mode not in ("fwd", "rev"):
            raise ArgumentError(f'check_grads has the modes "fwd" and "rev", not {mode!r}')
    args = tuple(args)
    if not any(map(is_active, flatten(args)[0])):
        raise ArgumentError("check_grads needs at least one float among the arguments")
    checks = [_CHECKS[mode] for mode in modes]
    for check in checks:
        check(f, args, Tolerance.of(args, f(*_fresh(args)), atol, rtol), eps, _name(f))
    if order == 2:
        gradient = _gradient_function(f, args)
        for check in checks:
            check(gradient, args, Tolerance.of(args, 1.0, atol, rtol), eps, f"gradient of {_name(f)}")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far apart: `rtol` relative to each element, `atol` relative to the largest one of the leaf, or to 1.

    Differences of large numbers may be as wrong as `noise` by rounding: what is no further apart cannot be judged.
    """

    atol: float
    rtol: float
    noise: float = 0.0

    @classmethod
    def of(cls, args: Any, out: Any, atol: float | None = None, rtol: float | None = None) -> Tolerance:
        """The tolerances that the least precise of the inputs and outputs allows."""
        narrow = max(_precision(args), _precision(out)) > 1e-12
        size = sum(float(np.sum(np.abs(leaf))) for leaf in flatten(out)[0] if is_active(leaf))
        return cls(
            (1e-4 if narrow else 1e-8) if atol is None else atol,
            (1e-3 if narrow else 1e-6) if rtol is None else rtol,
            _noise(_DOUBLE, size, _first_step(_DOUBLE)) if np.isfinite(size) else 0.0,
        )


def _fresh(args: tuple) -> tuple:
    return tuple(map_leaves(_copy, arg) for arg in args)


def _gradient_function(f: Callable, args: tuple) -> Callable:
    """The gradient of `f`, or of `f` times fixed numbers if it returns an array, to be differentiated again."""

    out = f(*_fresh(args))
    argnums = tuple(k for k, arg in enumerate(args) if any(map(is_active, flatten(arg)[0])))
    if not is_active(out):
        raise ArgumentError("check_grads with order=2 needs a function that returns one float or one array of floats")
    from srcgrad.api import grad

    if np.ndim(out) == 0:
        return grad(f, argnums=argnums)
    seed = np.asarray(random_like(out, np.random.default_rng(1)))

    def weighted(*args: Any) -> Any:
        return np.sum(seed * f(*args))

    return grad(weighted, argnums=argnums)


def _check_forward(f: Callable, args: tuple, tolerance: Tolerance, eps: float | None, name: str) -> None:
    from srcgrad.products import jvp

    rng = np.random.default_rng(1)
    out = f(*_fresh(args))
    seed = random_like(out, np.random.default_rng(0))
    for k, argument in enumerate(argument_names(f, args)):
        if not any(map(is_active, flatten(args[k])[0])):
            continue
        direction: list[Any] = [None] * len(args)
        direction[k] = random_like(map_leaves(_lift, args[k]), rng)
        given = _fresh(args)
        value, tangent = jvp(f, given, direction)
        check_same(value, out, f"jvp changes the value of {name}", exact=False)
        check_same(given, args, f"jvp changes an argument of {name}")
        check_same(jvp(f, given, direction), (value, tangent), f"calling jvp twice gives two answers for {name}")
        expected = directional_derivative(lambda *args: pairing(seed, f(*args)), args, direction, eps)
        check_close(pairing(seed, tangent), expected, name, f"{argument}, forwards along a random direction", tolerance)


def _check_reverse(f: Callable, args: tuple, tolerance: Tolerance, eps: float | None, name: str) -> None:
    from srcgrad.products import vjp

    out = f(*_fresh(args))
    seed = random_like(out, np.random.default_rng(0))
    given = _fresh(args)
    value, pull = vjp(f, *given)
    first, second = pull(seed), pull(seed)
    check_same(value, out, f"vjp changes the value of {name}", exact=False)
    check_same(given, args, f"vjp changes an argument of {name}")
    check_same(second, first, f"pulling twice gives two answers for {name}")
    check_same(vjp(f, *given)[1](seed), first, f"calling vjp twice gives two answers for {name}")

    def weighted(*args: Any) -> float:
        return pairing(seed, f(*args))

    for k, (arg, argument) in enumerate(zip(args, argument_names(f, args), strict=True)):
        if first[k] is None:
            if any(map(is_active, flatten(arg)[0])):
                raise AssertionError(f"vjp of {name} gives no gradient for {argument}")
            continue
        if sum(np.size(leaf) for leaf in flatten(arg)[0] if is_active(leaf)) <= _FULL:
            check_close(first[k], numerical_gradient(weighted, args, k, eps), name, argument, tolerance)
        else:
            _check_directions(weighted, args, k, first[k], name, argument, tolerance, eps)


_CHECKS = {"fwd": _check_forward, "rev": _check_reverse}


def _check_directions(
    weighted: Callable,
    args: tuple,
    k: int,
    gradient: Any,
    name: str,
    argument: str,
    tolerance: Tolerance,
    eps: float | None,
) -> None:
    """Compares a large gradient along random directions, one leaf at a time so that an error has a path."""
    rng = np.random.default_rng(2)
    leaves, structure = flatten(args[k])
    for place, path in enumerate(paths(args[k], argument)):
        if not is_active(leaves[place]):
            continue
        for _ in range(_DIRECTIONS):
            tangent: list[Any] = [None] * len(leaves)
            tangent[place] = random_like(_lift(leaves[place]), rng)
            direction: list[Any] = [None] * len(args)
            direction[k] = structure.unflatten(tangent)
            expected = directional_derivative(weighted, args, direction, eps)
            got = pairing(flatten(gradient)[0][place], tangent[place])
            check_close(got, expected, name, f"{path} along a random direction", tolerance)


def check_same(got: Any, expected: Any, message: str, exact: bool = True, given: Any = ()) -> None:
    """Raises AssertionError unless two trees are equal: to the last bit, or up to rounding in what they are made of."""
    (a, a_structure), (b, b_structure) = flatten(got), flatten(expected)
    same = len(a) == len(b) and a_structure == b_structure
    if same and exact:
        same = all(map(same_bits, a, b))
    elif same:
        rtol = 1e4 * max(_precision(expected), _precision(given))
        same = all(_near(x, y, rtol) for x, y in zip(a, b, strict=True))
    if not same:
        raise AssertionError(f"{message}: {got!r} is not {expected!r}")


def _near(x: Any, y: Any, rtol: float) -> bool:
    if not (is_active(x) and is_active(y)):
        return same_bits(x, y)
    size = np.max(np.abs(y), initial=1.0)
    return np.shape(x) == np.shape(y) and np.allclose(x, y, rtol, rtol * size, equal_nan=True)


def check_close(got: Any, expected: Any, name: str, argument: str, tolerance: Tolerance) -> None:
    """Raises AssertionError, with the numbers side by side, unless a gradient is close to the one expected.

    Raises:
        CannotJudge: if they are apart by no more than rounding makes differences of the values wrong.
    """
    a, b = flatten(got)[0], flatten(expected)[0]
    names = paths(expected, argument)
    if len(a) != len(b):
        raise AssertionError(
            f"gradient of {name} with respect to {argument} has {len(a)} leaves, not {len(b)}: {got!r}"
        )
    for x, y, path in zip(a, b, names, strict=True):
        if (x is None) != (y is None):
            raise AssertionError(f"gradient of {name} with respect to {path} is {x!r}, not {y!r}")
        if x is None:
            continue
        if np.shape(x) != np.shape(y):
            raise AssertionError(
                f"gradient of {name} with respect to {path} has shape {np.shape(x)}, not {np.shape(y)}"
            )
        largest = max(1.0, float(np.max(np.abs(y), initial=0.0)))
        apart = np.abs(np.asarray(x) - y)
        bad = ~(apart <= tolerance.rtol * np.abs(y) + tolerance.atol * largest)
        if np.any(bad):
            if np.all(apart <= tolerance.noise):
                raise CannotJudge(f"{name} is so large that its differences are as wrong as {tolerance.noise:.1e}")
            raise AssertionError("\n".join(_table(np.asarray(x), np.asarray(y), bad, name, path)))


def _table(x: np.ndarray, y: np.ndarray, bad: np.ndarray, name: str, path: str, rows: int = 12) -> Iterator[str]:
    count = f" at {np.sum(bad)} of {np.size(y)} elements" if np.ndim(y) else ""
    yield f"the gradient of {name} with respect to {path} differs{count}"
    yield f"  {'index':>12}  {'srcgrad':>24}  {'differences':>24}  {'apart by':>12}"
    for index in [tuple(map(int, place)) for place in np.argwhere(bad)[:rows]]:
        label = str(list(index)) if index else "-"
        yield f"  {label:>12}  {x[index]:>24.16g}  {y[index]:>24.16g}  {abs(x[index] - y[index]):>12.3g}"
    if np.sum(bad) > rows:
        yield f"  and {np.sum(bad) - rows} more"


def _name(f: Callable) -> str:
    return getattr(f, "__name__", None) or repr(f)


def argument_names(f: Callable, args: Sequence[Any]) -> list[str]:
    """What the function itself calls its positional arguments."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")
    return names[: len(args)] + [f"{rest}[{k}]" for k in range(len(args) - len(names))]
