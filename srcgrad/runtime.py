"""The few helpers that generated code may call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from srcgrad.checks import KNOWN_KINDS, arrays_in, check_array
from srcgrad.errors import ArgumentError, NanError, Span, UnsupportedError, refuses
from srcgrad.tree import attributes_of, instance_of, is_structured


def instance(cls: type, /, **attributes: Any) -> Any:
    """An object of a class with these attributes, made without a call of `__init__`."""
    return instance_of(cls, attributes)


def order_of(keys: Any, reverse: bool = False) -> list[int]:
    """The places of items with these keys in the order of `sorted`.

    Example:
        >>> order_of([3.0, 1.0, 2.0])
        [1, 2, 0]
    """
    return sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)


def popped_place(shadow: list, k: int) -> int:
    """Where an item is missing in the shadow of a list that `pop(k)` took."""
    return int(k) if k >= 0 else int(k) + len(shadow) + 1


def inserted_place(shadow: list, k: int) -> int:
    """Where an item stands in the shadow of a list that `insert(k, item)` put there."""
    return min(int(k), len(shadow) - 1) if k >= 0 else max(int(k) + len(shadow) - 1, 0)


def add_item(x: Any, i: Any, v: Any) -> None:
    """`x[i] += v`."""
    x[i] += v


def sub_item(x: Any, i: Any, v: Any) -> None:
    """`x[i] -= v`."""
    x[i] -= v


def mul_item(x: Any, i: Any, v: Any) -> None:
    """`x[i] *= v`."""
    x[i] *= v


def truediv_item(x: Any, i: Any, v: Any) -> None:
    """`x[i] /= v`."""
    x[i] /= v


def floordiv_item(x: Any, i: Any, v: Any) -> None:
    """`x[i] //= v`."""
    x[i] //= v


def mod_item(x: Any, i: Any, v: Any) -> None:
    """`x[i] %= v`."""
    x[i] %= v


def pow_item(x: Any, i: Any, v: Any) -> None:
    """`x[i] **= v`."""
    x[i] **= v


def matmul_item(x: Any, i: Any, v: Any) -> None:
    """`x[i] @= v`."""
    x[i] @= v


def outside_item(target: Any, i: Any, v: Any) -> None:
    """`target[i] = v` for what is outside of the differentiated function: no derivative goes there."""
    target[i] = v


def outside_append(target: list, v: Any) -> None:
    """`target.append(v)` for a list outside of the differentiated function."""
    target.append(v)


@refuses
def unbroadcast(g: Any, x: Any) -> Any:
    """Sums a cotangent over the axes along which `x` was broadcast: of its shape and dtype, floats for integers.

    It is zero for an operand that may be None, and is.

    Raises:
        UnsupportedError: if `x` is a list that met an array of another shape.

    Example:
        >>> unbroadcast(np.ones((2, 3)), np.zeros((1, 3)))
        array([[2., 2., 2.]])
    """
    if x is None:
        return 0.0
    shape = np.shape(x)
    extra = np.ndim(g) - len(shape)
    if isinstance(x, (list, tuple, dict)) and np.ndim(g) > 0 and np.shape(g) != shape:
        message = f"a {type(x).__name__} meets an array here: what was broadcast is not known"
        raise UnsupportedError(message, None, KNOWN_KINDS)
    if extra > 0:
        g = np.sum(g, axis=tuple(range(extra)))
    axes = tuple([k for k, n in enumerate(shape) if n == 1 and np.shape(g)[k] != 1]) if extra >= 0 else ()
    if axes:
        g = np.sum(g, axis=axes, keepdims=True)
    if isinstance(x, bool) or (isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "biu"):
        x = np.zeros(shape)[()]
    return like(g, x)


def like(g: Any, x: Any) -> Any:
    """The cotangent `g` in the structure, the shape and the dtype of `x`, with None for what carries no derivative.

    Raises:
        ArgumentError: if `x` is an array of integers.

    Example:
        >>> like(1, np.zeros(2, np.float32))
        array([1., 1.], dtype=float32)
        >>> like([2.0, 0.0], (1.0, "text"))
        (2.0, None)
    """
    if isinstance(x, (np.ndarray, np.generic)):
        return _array_like(g, x)
    if isinstance(x, (bool, str, type(None))):
        return None
    if isinstance(x, (list, tuple)):
        parts = [_part_like(part, item) for part, item in zip(_spread(g, range(len(x))), x, strict=True)]
        return parts if isinstance(x, list) else type(x)(*parts) if hasattr(x, "_fields") else tuple(parts)
    if isinstance(x, dict):
        return {key: _part_like(part, x[key]) for key, part in zip(x, _spread(g, x), strict=True)}
    if isinstance(x, complex):
        return complex(g)
    # What meets arrays in the program has a cotangent for each of their elements.
    return float(np.sum(np.real(g)))


def _part_like(g: Any, x: Any) -> Any:
    """As `like`; what is no float carries no derivative in a tree."""
    passive = isinstance(x, int) or (isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind not in "fc")
    return None if passive else like(g, x)


def _spread(g: Any, keys: Iterable) -> Iterable:
    """The parts of a cotangent of a container; a number is that of each part."""
    if isinstance(g, dict):
        return [g[key] for key in keys]
    return g if isinstance(g, (list, tuple)) or np.ndim(g) else [g for _ in keys]


def _without_axes(g: Any, ndim: int) -> Any:
    """A single element as a number: what a number was summed to along an axis comes back with that axis."""
    return np.reshape(g, ()) if np.ndim(g) > ndim and np.size(g) == 1 else g


def _array_like(g: Any, x: Any) -> Any:
    if x.dtype.kind not in "fc":
        raise ArgumentError(f"an array of dtype {x.dtype} has no gradient", None, "pass floats: x.astype(float)")
    if np.iscomplexobj(g) and x.dtype.kind == "f":
        g = np.real(g)
    if isinstance(x, np.generic):
        return x.dtype.type(np.reshape(g, ()))
    if np.shape(g) != x.shape or not isinstance(g, np.ndarray):
        g = np.array(np.broadcast_to(_without_axes(g, x.ndim), x.shape))
    return g.astype(x.dtype, copy=False)


def zeros_like(x: Any) -> Any:
    """A shadow: zeros with the structure of `x`.

    Example:
        >>> zeros_like([1.0, np.ones(2)])
        [0.0, array([0., 0.])]
    """
    if isinstance(x, np.ndarray):
        return np.zeros(x.shape, x.dtype if x.dtype.kind in "fc" else np.float64)
    if isinstance(x, (list, tuple)):
        items = [zeros_like(item) for item in x]
        return items
    if isinstance(x, dict):
        return {key: zeros_like(item) for key, item in x.items()}
    return 0.0


def expanded(g: Any, x: Any) -> Any:
    """The cotangent or tangent `g` in the full shape of `x`; what has parts is as it is."""
    if isinstance(g, (list, tuple)) and isinstance(x, (list, tuple)):
        return g
    shape = np.shape(x)
    return g if np.shape(g) == shape else np.broadcast_to(_without_axes(g, len(shape)), shape)


def real_like(g: Any, x: Any) -> Any:
    """The contribution `g` to the cotangent of `x`: its real part, if `x` is real.

    Example:
        >>> real_like(1 + 2j, 3.0), real_like(1 + 2j, 3j)
        (1.0, (1+2j))
    """
    if np.iscomplexobj(x) or not np.iscomplexobj(g):
        return g
    return g.real if isinstance(g, complex) else np.real(g)[()]


def last_written(x_bar: Any, i: Any) -> Any:
    """The cotangents of what `x[i] = v` wrote, 0 where a later index wrote the same element again.

    Example:
        >>> last_written(np.array([1.0, 2.0]), np.array([0, 0, 1]))
        array([0., 1., 2.])
    """
    place = np.empty(x_bar.shape, np.intp)
    taken = place[i]
    order = np.arange(taken.size).reshape(taken.shape)
    place[i] = order
    return np.where(place[i] == order, x_bar[i], 0.0)[()]


def masked_product(g: Any, partial: Any) -> Any:
    """`g * partial`, and exactly 0 where `g` is 0, whatever `partial` is there."""
    if isinstance(g, float) and not isinstance(partial, np.ndarray):
        return g * partial if g != 0 else 0.0 * g
    with np.errstate(invalid="ignore", over="ignore"):
        product = g * partial
        # As a product, it is a number where both are without axes: an array would be changed by `+=`.
        return np.where(np.equal(g, 0), np.zeros((), np.result_type(product)), product)[()]


def first_largest(x: np.ndarray) -> int:
    """Where the built-in `max` finds what it returns: of equal ones the first, and never a NaN behind the start.

    Example:
        >>> first_largest(np.array([1.0, 3.0, 3.0])), first_largest(np.array([1.0, np.nan]))
        (1, 0)
    """
    return _first_extreme(x, max, np.argmax)


def first_smallest(x: np.ndarray) -> int:
    """Where the built-in `min` finds what it returns."""
    return _first_extreme(x, min, np.argmin)


def _first_extreme(x: np.ndarray, choose: Callable, find: Callable) -> int:
    if len(x):
        k = int(find(x))
        if x[k] == x[k]:
            return k
    found: int = choose(range(len(x)), key=x.__getitem__)
    return found


class Place:
    """Where a value is checked: the user's line, and the sweep."""

    def __init__(self, span: Span | None, where: str, backward: bool):
        self.span = span
        self.where = where
        self.backward = backward
        self.__name__ = "here" if span is None else f"line_{span.line}"


def check_nan(x: Any, name: str, place: Place) -> None:
    """Raises if there is a NaN in a number, an array, or a container of them.

    Raises:
        NanError: which says what it is and whose line it comes from.
    """
    if isinstance(x, (list, tuple, dict)):
        for item in x.values() if isinstance(x, dict) else x:
            check_nan(item, name, place)
        return
    if not isinstance(x, (float, complex, np.ndarray, np.inexact)) or np.asarray(x).dtype.kind not in "fc":
        return
    found = np.isnan(x)
    if np.any(found):
        index = ", ".join(map(str, np.argwhere(found)[0]))
        shown = f"{name or 'a temporary value'}{f'[{index}]' if index else ''}"
        if place.backward and name.endswith("_bar"):
            shown = f"{shown}, the derivative with respect to {name[:-4]},"
        raise NanError(f"{shown} is NaN {place.where}", place.span)


def shadow_of(shadows: dict, x: Any) -> Any:
    """The shadow of an array or list: one for the memory it stands on, seen through the same view.

    Args:
        shadows: the shadows there are, by the identity of what owns the memory.
        x: an array, view or list of the forward sweep; None on a path that has left it undefined.
    """
    if x is None:
        return None
    if not isinstance(x, np.ndarray):
        if id(x) not in shadows:
            if type(x) is tuple:
                # A tuple in a tuple has a shadow of its own.
                parts = [None if isinstance(item, tuple) else _shadow_of_parts(shadows, item) for item in x]
            else:
                parts = _shadow_of_parts(shadows, x)
            shadows[id(x)] = (x, parts)
        return shadows[id(x)][1]
    root = x
    while isinstance(root.base, np.ndarray):
        root = root.base
    if id(root) not in shadows:
        shadows[id(root)] = (root, np.zeros_like(root))
    shadow = shadows[id(root)][1]
    if x is root:
        return shadow
    offset = x.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    flat = shadow.ravel(order="K")
    return np.ndarray(x.shape, x.dtype, buffer=flat, offset=offset, strides=x.strides)


def cotangent_of(shadows: dict, x: Any) -> Any:
    """The cotangent of a value of unknown kind before anything has contributed: an array's shadow, 0.0 for a number."""
    return shadow_of(shadows, x) if isinstance(x, (np.ndarray, list, dict)) else 0.0


def added(x_bar: Any, contribution: Any) -> Any:
    """The cotangent of a value of unknown kind with a contribution added, in place if it is the shadow of an array."""
    if isinstance(x_bar, np.ndarray):
        x_bar += contribution
        return x_bar
    return x_bar + contribution


def joined(x_bar: Any, other: Any) -> Any:
    """The cotangent of a value that goes by two names: the shadow that both have, or the sum of those of a number."""
    return x_bar if isinstance(x_bar, np.ndarray) else x_bar + other


@refuses
def before_update(z_bar: Any, x_bar: Any, x: Any) -> Any:
    """The cotangent of `x` in `z = x; z += e`: that of `z`, turned into `x_bar` in place if `x` is an array.

    Raises:
        UnsupportedError: if `x` is a list.
    """
    if isinstance(x, (list, dict)):
        raise UnsupportedError("a list of unknown kind is extended in place", None, KNOWN_KINDS)
    if not isinstance(x, np.ndarray):
        return unbroadcast(x_bar, x)
    if x_bar is not z_bar:
        z_bar[...] = x_bar
    return z_bar


def add_unless_view(x_bar: Any, i: Any, contribution: Any) -> None:
    """The reverse of `v = x[i]`: adds what came back to `v`, unless `v` was a view, whose shadow is part of `x_bar`."""
    if not (isinstance(contribution, np.ndarray) and _shares(x_bar, contribution)):
        add_to_item(x_bar, i, contribution)


def _shares(x_bar: Any, part: np.ndarray) -> bool:
    """Whether a shadow is, or holds, the memory of another."""
    return any(np.may_share_memory(array, part) for array in arrays_in(x_bar))


def _shadow_of_parts(shadows: dict, x: Any) -> Any:
    """The shadow of a container, in which an array has the shadow that it has elsewhere."""
    if isinstance(x, (list, tuple)):
        return [_shadow_of_parts(shadows, item) for item in x]
    if isinstance(x, dict):
        return {key: _shadow_of_parts(shadows, item) for key, item in x.items()}
    return shadow_of(shadows, x) if isinstance(x, np.ndarray) else zeros_like(x)


def add_each(shadow: list, contributions: Any) -> None:
    """Adds a contribution to each item of the shadow of a list."""
    for k, contribution in enumerate(contributions):
        shadow[k] = _plus(shadow[k], contribution)


@refuses
def add_each_plain(shadow: list, x: list, contributions: Any) -> None:
    """Adds a contribution to each item of the shadow of a list in which nothing has a shadow of its own.

    Raises:
        UnsupportedError: if it holds lists or dicts, or tuples of them.
    """
    if any(_holds_containers(item) for item in x):
        raise UnsupportedError(
            "a list of lists or tuples whose kind is not known is read as a whole",
            None,
            "take it apart: [(p, q) for p, q in items]",
        )
    add_each(shadow, contributions)


def _holds_containers(x: Any) -> bool:
    return isinstance(x, (list, dict)) or (isinstance(x, tuple) and any(isinstance(v, (list, tuple, dict)) for v in x))


def copy_with_layout(x: np.ndarray, dtype: Any = None) -> np.ndarray:
    """A copy laid out as the original is, so that what is a view of the one is a view of the other.

    The elements of the copy have memory of their own each, also where those of the original share it.
    """
    dtype = x.dtype if dtype is None else np.dtype(dtype)
    return laid_out_as(x.astype(dtype, copy=False), x)


def laid_out_as(x: Any, like: np.ndarray) -> np.ndarray:
    """A copy of `x` that lies in memory as another array does; axes that it has in front of those stand outside.

    Example:
        >>> laid_out_as(np.ones((5, 2, 3)), np.zeros((2, 3), order="F")).strides
        (48, 8, 16)
    """
    front = np.shape(x)[: np.ndim(x) - np.ndim(like)]
    dtype = np.asarray(x).dtype
    room = None if like.flags.c_contiguous or like.size == 0 else _layout(like, dtype.itemsize)
    if room is None:
        return np.array(np.broadcast_to(x, (*front, *like.shape)), dtype, order="C")
    strides, first, span = room
    for n in reversed(front):
        strides, span = (span, *strides), span * n
    copy: np.ndarray = np.ndarray((*front, *like.shape), dtype, np.zeros(span, np.uint8), first, strides)
    copy[...] = x
    return copy


def _layout(x: np.ndarray, itemsize: int) -> tuple[tuple[int, ...], int, int] | None:
    """The strides of an array in bytes, if items have this size, its first place, and the bytes that it spans.

    None if elements share memory.
    """
    strides = tuple([s * itemsize // x.itemsize for s in x.strides])
    reach = [(n - 1) * s for n, s in zip(x.shape, strides, strict=True)]
    span = itemsize
    for stride, far in sorted((abs(s), abs(r)) for s, r, n in zip(strides, reach, x.shape, strict=True) if n > 1):
        if stride < span:
            return None
        span += far
    return strides, -sum(r for r in reach if r < 0), span


def copied(x: Any) -> Any:
    """A copy: arrays are copied, at any depth of containers."""
    if isinstance(x, np.ndarray):
        return copy_with_layout(x)
    if isinstance(x, (list, tuple)):
        items = [copied(item) for item in x]
        return items if isinstance(x, list) else type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    if isinstance(x, dict):
        return {key: copied(item) for key, item in x.items()}
    if is_structured(type(x)):
        return instance_of(type(x), {name: copied(getattr(x, name)) for name in attributes_of(x)})
    return x


def protected(x: Any) -> Any:
    """A copy of an argument that the program writes; of what is read-only a read-only one, so that a write raises."""
    copy = copied(x)
    for ours, theirs in zip(arrays_in(copy), arrays_in(x), strict=True):
        ours.flags.writeable = theirs.flags.writeable
    return copy


@refuses
def add_into(shadow: Any, contribution: Any) -> None:
    """Adds a contribution to a shadow of any structure, in place."""
    if isinstance(shadow, np.ndarray):
        shadow += contribution
    elif isinstance(shadow, list):
        shadow[:] = _plus(shadow, contribution)
    elif isinstance(shadow, dict):
        shadow.update(_plus(shadow, contribution))
    else:
        raise UnsupportedError(
            "a value whose kind is not known when the gradient is compiled is a number here, which has no shadow",
            None,
            "give each name one kind: a number, or an array",
        )


@refuses
def plain_sum(p: Any, q: Any) -> Any:
    """`p + q` for numbers and arrays, whose lists and tuples would be put one after the other.

    Raises:
        UnsupportedError: for lists, tuples and dicts.
    """
    if isinstance(p, (list, tuple, dict)) or isinstance(q, (list, tuple, dict)):
        raise UnsupportedError("a list of lists whose kind is not known is added to here", None, "make it an array")
    return p + q


def _plus(shadow: Any, contribution: Any) -> Any:
    """The sum of two cotangents of the same structure, or a number; a new one, since what is there may be shared."""
    if contribution is None:
        return shadow
    if isinstance(contribution, list) and not isinstance(shadow, (list, tuple)):
        return contribution if shadow is None or np.ndim(shadow) == 0 else shadow + contribution
    if isinstance(shadow, (list, tuple)):
        return [_plus(p, q) for p, q in zip(shadow, _spread(contribution, range(len(shadow))), strict=True)]
    if isinstance(shadow, dict):
        return {key: _plus(shadow[key], part) for key, part in zip(shadow, _spread(contribution, shadow), strict=True)}
    return shadow + contribution


@refuses
def add_to_item(shadow: Any, i: Any, contribution: Any) -> None:
    """Adds a contribution to what stands for `x[i]` in a shadow of any structure."""
    if isinstance(shadow, np.ndarray):
        fancy = any(isinstance(p, (list, np.ndarray)) for p in (i if isinstance(i, tuple) else (i,)))
        np.add.at(shadow, i, contribution) if fancy else add_item(shadow, i, contribution)
    elif isinstance(i, slice):
        add_slice(shadow, i, contribution)
    else:
        shadow[i] = _plus(shadow[i], contribution)


def add_slice(shadow: list, i: slice, contributions: list) -> None:
    """Adds contributions to the items of a list's shadow that a slice selects."""
    for k, contribution in zip(range(*i.indices(len(shadow))), contributions, strict=True):
        shadow[k] = _plus(shadow[k], contribution)


@refuses
def take_item(x_bar: Any, i: Any) -> Any:
    """Takes the cotangent of what `x[i] = v` wrote out of a shadow, leaving zeros.

    Raises:
        UnsupportedError: if `x` is a list or dict: which object an item was before is not known.
    """
    check_array(x_bar)
    fancy = any(isinstance(p, (list, np.ndarray)) for p in (i if isinstance(i, tuple) else (i,)))
    taken = last_written(x_bar, i) if fancy else np.copy(x_bar[i])[()]
    x_bar[i] = 0.0
    return taken


@refuses
def add_if_copied(x_bar: Any, z_bar: Any, x: Any, z: Any, order: str = "C") -> None:
    """The reverse of `z = x.reshape(...)` and its like: if they gave a copy, adds what came back to it.

    Args:
        x_bar, z_bar: the shadows of both.
        x, z: what was reshaped, and what it gave.
        order: the order in which the elements were taken.
    """
    if not isinstance(x, np.ndarray):
        raise UnsupportedError("a list became an array that is written", None, KNOWN_KINDS)
    if not np.may_share_memory(x, z):
        if order in ("A", "K"):
            _add_as_stored(x_bar, z_bar, x, order)
        else:
            x_bar += z_bar.reshape(x_bar.shape, order=order)


@refuses
def through_copy(z_bar: Any, x: Any, z: Any, order: str = "C") -> Any:
    """What comes back to `x`, perhaps a number, from the shadow of `z = np.asarray(x)` or its like: 0 for a view."""
    if isinstance(x, (int, float, complex, np.generic)):
        return np.copy(z_bar).reshape(())[()]
    x_bar = np.zeros_like(x)
    add_if_copied(x_bar, z_bar, x, z, order)
    return x_bar


def diagonal_view(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """As `np.diagonal`, but that the view can be written: the shadow of a diagonal is part of that of its matrix."""
    view = np.diagonal(a, offset, axis1, axis2)
    view.flags.writeable = a.flags.writeable
    return view


@refuses
def viewed_alike(z_dot: Any, x_dot: Any, z: Any, x: Any) -> Any:
    """The tangent of `z = x.reshape(...)` and its like: a view of `x_dot` if `z` is one of `x`, and a copy if not.

    Raises:
        UnsupportedError: if `x_dot` lies in memory in such a way that it has no such view.
    """
    is_copy = not np.may_share_memory(x, z)
    if is_copy is not np.may_share_memory(x_dot, z_dot) or np.size(z_dot) == 0:
        # Of no tangents at all there is no memory to share.
        return z_dot
    if is_copy:
        return copied(z_dot)
    raise UnsupportedError(
        "a view of an array is written, and its tangent has another layout in memory", None, "copy it"
    )


def _add_as_stored(x_bar: Any, z_bar: Any, x: Any, order: Any) -> None:
    """Adds what came back to the elements of an array in the order in which they lie in memory."""
    places = copy_with_layout(x, np.intp)
    places[...] = np.arange(x.size).reshape(x.shape)
    x_bar.flat[places.ravel(order)] += z_bar.ravel()


def add_repeats(shadow: list, contributions: list) -> None:
    """Adds to the shadow of a list what comes back from `list * n`."""
    for k, contribution in enumerate(contributions):
        shadow[k % len(shadow)] = _plus(shadow[k % len(shadow)], contribution)


def add_part(shadow: list, k: int, contribution: Any) -> None:
    """Adds to one part of the shadow of a tuple; never in place, since what is there may be shared."""
    shadow[k] = _plus(shadow[k], contribution)
