"""Arithmetic of dimensions that is exact for every length, the empty axis included.

The length of `Dim(name, offset)` is `max(0, symbol + offset)`, and a symbol is never negative. So making an axis
shorter is always exact, while making one longer is exact only where nothing was clamped before. Where no offset can say
what a length is, its name says how it comes about (`n[:3]`, `n|m`): lengths that come about in the same way are equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from srcgrad.ir.types import Axis, Dim, may_be_one, same_length


def token(axis: Axis) -> str:
    """The dimension as a part of a name."""
    if isinstance(axis, int):
        return str(axis)
    name = f"({axis.name})" if "|" in axis.name else axis.name
    return f"{name}{axis.offset:+d}" if axis.offset else name


def shift(axis: Axis, by: int) -> Axis | None:
    """The length `max(0, axis + by)`; None where an offset cannot say it."""
    if isinstance(axis, int):
        return max(0, axis + by)
    return axis.shifted(by) if by <= 0 or axis.offset >= 0 else None


def shorten(axis: Axis, by: int) -> Axis:
    """The length `max(0, axis - by)` for `by >= 0`."""
    return max(0, axis - by) if isinstance(axis, int) else axis.shifted(-by)


def cap(axis: Axis, most: int) -> Axis:
    """The length `min(axis, most)`."""
    if isinstance(axis, int):
        return min(axis, most)
    if most == 0 or axis.offset >= most:
        return most
    return Dim(f"{token(axis)}[:{most}]", 0, most > 1 and axis.not_one)


def unify(a: Axis, b: Axis) -> Axis:
    """Two lengths that the operation requires to be equal."""
    if isinstance(a, int) or isinstance(b, int):
        return a if isinstance(a, int) else b
    if same_length(a, b):
        return a if a.not_one else b
    return b if b.not_one and not a.not_one else a


def broadcast_axes(a: Axis, b: Axis) -> Axis:
    """The length that two axes broadcast to, given that they do."""
    if same_length(a, b):
        return unify(a, b)
    if a == 1 or b == 1:
        return b if a == 1 else a
    if not (may_be_one(a) and may_be_one(b)):
        return unify(a, b) if may_be_one(a) == may_be_one(b) else (b if may_be_one(a) else a)
    parts = {part for axis in (a, b) for part in alternatives(axis)}
    return Dim("|".join(sorted(parts)))


def alternatives(axis: Axis) -> list[str]:
    """The lengths of which a broadcast axis is the one that is not 1."""
    if isinstance(axis, int) or axis.offset or "|" not in axis.name:
        return [token(axis)]
    parts, depth = [""], 0
    for char in axis.name:
        depth += (char in "([") - (char in ")]")
        if char == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def broadcast_shapes(shapes: Iterable[tuple[Axis, ...]]) -> tuple[Axis, ...]:
    """The shape that arrays of these shapes broadcast to."""
    result: tuple[Axis, ...] = ()
    for shape in shapes:
        if shape == result:
            continue
        if len(shape) < len(result):
            shape, result = result, shape
        extra = len(shape) - len(result)
        pairs = zip(shape[extra:], result, strict=True)
        result = shape[:extra] + tuple([broadcast_axes(a, b) for a, b in pairs])
    return result


def product(axes: Iterable[Axis]) -> Axis:
    """The number of elements of an array with these axes."""
    axes = list(axes)
    literal = math.prod(axis for axis in axes if isinstance(axis, int))
    dims = [axis for axis in axes if isinstance(axis, Dim)]
    if not dims or literal == 0:
        return literal
    if len(dims) == 1 and literal == 1:
        return dims[0]
    parts = sorted(map(token, dims)) + ([str(literal)] if literal != 1 else [])
    return Dim(f"prod({','.join(parts)})", 0, not all(map(may_be_one, axes)))


def total(axes: Iterable[Axis]) -> Axis:
    """The length of axes put one behind the other."""
    axes = list(axes)
    literal = sum(axis for axis in axes if isinstance(axis, int))
    dims = [axis for axis in axes if isinstance(axis, Dim)]
    if not dims:
        return literal
    if len(dims) == 1:
        longer = shift(dims[0], literal)
        if longer is not None:
            return longer
    return Dim(f"sum({','.join([*sorted(map(token, dims)), str(literal)])})")


Bound = tuple[int | None, Axis | None, str]
"""One end of a slice: its value if constant, the dimension it is known to be, and a name for it."""


def slice_length(axis: Axis, start: Bound, stop: Bound, step: Bound) -> Axis:
    """The length of `x[start:stop:step]` along an axis of this dimension.

    A bound that is not constant is an integer `v` with `max(0, v)` equal to its dimension, if it has one.
    """
    constants = [_is_constant(bound) for bound in (start, stop, step)]
    if isinstance(axis, int) and all(constants) and step[0] != 0:
        return len(range(*slice(start[0], stop[0], step[0]).indices(axis)))
    length = None
    if constants[0] and step[2] in ("", "1"):
        length = _forward(axis, start[0] or 0, stop[0]) if constants[1] else _up_to(axis, start[0] or 0, stop[1])
    elif all(constants) and step[0] == -1:
        length = _backward(axis, start[0], stop[0])
    elif all(constants) and (step[0] or 0) > 1:
        length = _divided(_forward(axis, start[0] or 0, stop[0]), step[0] or 1)
    if length is not None:
        return length
    return Dim(f"{token(axis)}[{start[2]}:{stop[2]}{':' + step[2] if step[2] not in ('', '1') else ''}]")


def _is_constant(bound: Bound) -> bool:
    return bound[0] is not None or not bound[2]


def _forward(axis: Axis, start: int, stop: int | None) -> Axis | None:
    if start >= 0:
        rest = shorten(axis, start)
        if stop is None:
            return rest
        return shorten(rest, -stop) if stop < 0 else cap(rest, max(0, stop - start))
    if stop is None:
        return cap(axis, -start)
    return cap(shorten(axis, -stop), max(0, stop - start)) if stop < 0 else None


def _divided(axis: Axis | None, step: int) -> Axis | None:
    """How many elements one in `step` is: half of `x[1:-1]` is as many as half of `x[:-2]` and of `x[2:]`."""
    if axis is None:
        return None
    return -(-axis // step) if isinstance(axis, int) else Dim(f"({token(axis)})/{step}")


def _backward(axis: Axis, start: int | None, stop: int | None) -> Axis | None:
    if (start is None or start < 0) and (stop is None or stop >= 0):
        behind = 0 if start is None else -start - 1
        return shorten(axis, behind + (0 if stop is None else stop + 1))
    return None


def _up_to(axis: Axis, start: int, stop: Axis | None) -> Axis | None:
    """The length of `x[start:v]`, where `v` is an integer known as a length of the same symbol."""
    if start < 0 or not isinstance(stop, Dim) or not isinstance(axis, Dim) or stop.name != axis.name:
        return None
    if stop.offset < 0 and axis.offset - stop.offset > 2:
        # `len(x) - 3` can be -1 where x has two elements, and then `x[:-1]` has one.
        return None
    if stop.offset == axis.offset:
        return shorten(unify(axis, stop), start)
    return shorten(min(axis, stop, key=lambda dim: dim.offset), start)
