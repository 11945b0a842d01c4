"""The few helpers that generated code may call."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad.errors import AliasError, NanError, Span


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


def unbroadcast(g: Any, x: Any) -> Any:
    """Sums a cotangent over the axes along which `x` was broadcast, so that it gets the shape and dtype of `x`.

    Example:
        >>> unbroadcast(np.ones((2, 3)), np.zeros((1, 3)))
        array([[2., 2., 2.]])
        >>> unbroadcast(np.ones(3), 2.0)
        np.float64(3.0)
    """
    shape = np.shape(x)
    extra = np.ndim(g) - len(shape)
    if extra > 0:
        g = np.sum(g, axis=tuple(range(extra)))
    axes = tuple([k for k, n in enumerate(shape) if n == 1 and np.shape(g)[k] != 1]) if extra >= 0 else ()
    if axes:
        g = np.sum(g, axis=axes, keepdims=True)
    wants = getattr(x, "dtype", None)
    if wants is not None and wants.kind == "f" and isinstance(g, (np.ndarray, np.floating)) and g.dtype != wants:
        g = g.astype(wants)
    return g if np.shape(g) == shape else np.broadcast_to(g, shape)


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
    """The cotangent `g` in the full shape of `x`."""
    shape = np.shape(x)
    return g if np.shape(g) == shape else np.broadcast_to(g, shape)


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
    return np.where(place[i] == order, x_bar[i], 0.0)


def masked_product(g: Any, partial: Any) -> Any:
    """`g * partial`, and exactly 0 where `g` is 0, whatever `partial` is there."""
    if isinstance(g, float) and not isinstance(partial, np.ndarray):
        return g * partial if g != 0 else 0.0 * g
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(np.equal(g, 0), np.zeros((), np.result_type(g)), g * partial)


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
        x: an array, view or list of the forward sweep.
    """
    if not isinstance(x, np.ndarray):
        if id(x) not in shadows:
            shadows[id(x)] = (x, zeros_like(x))
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


def add_each(shadow: list, contributions: Any) -> None:
    """Adds a contribution to each item of the shadow of a list."""
    for k, contribution in enumerate(contributions):
        shadow[k] = _plus(shadow[k], contribution)


def _copy_with_layout(x: np.ndarray) -> np.ndarray:
    """A copy with the strides of the original, so that what is a view of the one is a view of the other."""
    reach = [(n - 1) * s for n, s in zip(x.shape, x.strides, strict=True)]
    first = -sum(r for r in reach if r < 0)
    memory = np.zeros(first + sum(r for r in reach if r > 0) + x.itemsize, np.uint8)
    copy = np.ndarray(x.shape, x.dtype, memory, first, x.strides)
    copy[...] = x
    return copy


def copied(x: Any) -> Any:
    """A copy: arrays are copied, at any depth of lists and dicts."""
    if isinstance(x, np.ndarray):
        return x.copy() if x.flags.c_contiguous or x.size == 0 else _copy_with_layout(x)
    if isinstance(x, list):
        return [copied(item) for item in x]
    if isinstance(x, dict):
        return {key: copied(item) for key, item in x.items()}
    return x


def protected(x: Any) -> Any:
    """A copy of an argument that the program writes; of what is read-only a read-only one, so that a write raises."""
    if isinstance(x, np.ndarray):
        copy = copied(x)
        copy.flags.writeable = x.flags.writeable
        return copy
    if isinstance(x, list):
        return [protected(item) for item in x]
    if isinstance(x, dict):
        return {key: protected(item) for key, item in x.items()}
    return x


def add_into(shadow: Any, contribution: Any) -> None:
    """Adds a contribution to a shadow of any structure, in place."""
    if isinstance(shadow, np.ndarray):
        shadow += contribution
    elif isinstance(shadow, list):
        for k, part in enumerate(contribution):
            shadow[k] = _plus(shadow[k], part)
    elif isinstance(shadow, dict):
        for key, part in contribution.items():
            shadow[key] = _plus(shadow[key], part)
    else:
        raise TypeError("a number has no shadow")


def _plus(shadow: Any, contribution: Any) -> Any:
    """The sum of two cotangents of the same structure; a new one, since what is there may be shared."""
    if isinstance(shadow, (list, tuple)):
        return [_plus(p, q) for p, q in zip(shadow, contribution, strict=True)]
    if isinstance(shadow, dict):
        return {key: _plus(part, contribution[key]) for key, part in shadow.items()}
    return shadow + contribution


def add_slice(shadow: list, i: slice, contributions: list) -> None:
    """Adds contributions to the items of a list's shadow that a slice selects."""
    for k, contribution in zip(range(*i.indices(len(shadow))), contributions, strict=True):
        shadow[k] = _plus(shadow[k], contribution)


def check_overlap(written: tuple, arrays: tuple) -> None:
    """Refuses arguments that share memory with one that the function writes.

    Raises:
        AliasError: if a written argument overlaps another argument.
    """
    written, arrays = _flat(written), _flat(arrays)
    for x in written:
        for y in arrays:
            if x is y and sum(other is x for other in arrays) == 1:
                continue
            if isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and np.shares_memory(x, y):
                raise AliasError(
                    "two arguments share memory and one of them is written",
                    None,
                    "pass a copy of one of them: x.copy()",
                )


def _flat(items: Any) -> list:
    """The items, and those of the lists and tuples among them."""
    return [leaf for item in items for leaf in (_flat(item) if isinstance(item, (list, tuple)) else [item])]


def add_if_copied(x_bar: Any, z_bar: Any, x: Any, z: Any) -> None:
    """The reverse of `z = x.reshape(...)` and its like: if they gave a copy, adds what came back to it."""
    if not np.may_share_memory(x, z):
        x_bar += z_bar.reshape(x_bar.shape)


def add_repeats(shadow: list, contributions: list) -> None:
    """Adds to the shadow of a list what comes back from `list * n`."""
    for k, contribution in enumerate(contributions):
        shadow[k % len(shadow)] = _plus(shadow[k % len(shadow)], contribution)


def add_part(shadow: list, k: int, contribution: Any) -> None:
    """Adds to one part of the shadow of a tuple; never in place, since what is there may be shared."""
    shadow[k] = _plus(shadow[k], contribution)
