"""Subscripts with arrays of indices or masks, element by element.

Like `definitions`. Numba knows some of them, without looking at bounds: loops over
elements have each index checked, so that nothing else has to be.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.memory import ITEM_UPDATES
from srcgrad.ir.nodes import Call, Const, Value
from srcgrad.ir.types import Array, rank
from srcgrad.jit.defining import Definitions
from srcgrad.rules.index import scatter

DEFINITIONS = Definitions()
_defines = DEFINITIONS.of


def is_indexed(op: Call) -> bool:
    """Whether a subscript has arrays of indices or a mask."""
    parts = op.args[1] if isinstance(op.args[1], tuple) else (op.args[1],)
    arrays = [part for part in parts if _is_index_array(part)]
    return (
        isinstance(op.args[0].type, Array)
        and len(arrays) > 0
        and not (len(arrays) > 1 and all(map(_is_flat, arrays)) and any(map(_is_one, arrays)))
    )


def _is_flat(part: Any) -> bool:
    return not isinstance(part, Value) or rank(part.type) == 1


def _is_one(part: Any) -> bool:
    """Whether an array of indices has one index, which may stand for as many as others have."""
    return isinstance(part, Value) and isinstance(part.type, Array) and part.type.shape == (1,)


def _is_index_array(part: Any) -> bool:
    if isinstance(part, Const):
        return isinstance(part.value, (list, np.ndarray))
    return isinstance(part, list) or (
        isinstance(part, Value) and isinstance(part.type, Array) and part.type.shape != ()
    )


def is_mask(i):
    """Whether an index is a mask."""
    return isinstance(i, np.ndarray) and i.dtype == np.bool_


def _parts(x, i):
    """One part of an index for each axis: an integer, a slice, or an array of integers."""
    given = tuple([np.array(p) if isinstance(p, list) else p for p in (i if isinstance(i, tuple) else (i,))])
    for p in given:
        if p is None or (is_mask(p) and np.ndim(p) > 1):
            raise NotImplementedError("a new axis or a mask of several axes among arrays of indices")
    given = tuple([np.flatnonzero(p) if is_mask(p) else p for p in given])
    rest = tuple([slice(None) for _ in range(np.ndim(x) - len([p for p in given if p is not Ellipsis]))])
    if Ellipsis in [p for p in given if not isinstance(p, np.ndarray)]:
        return tuple([q for p in given for q in (rest if p is Ellipsis else (p,))])
    return (*given, *rest)


def _axes_before(parts):
    """How many axes the result has before those of the arrays of indices."""
    places = [k for k in range(len(parts)) if not isinstance(parts[k], slice)]
    adjacent = places[-1] - places[0] == len(places) - 1
    return places[0] if adjacent else 0


def _flat(parts):
    """The parts of an index, arrays of indices with one axis and of one length; and the shape that they had."""
    arrays = [p for p in parts if isinstance(p, np.ndarray)]
    if len(arrays) > 1 and max([np.ndim(p) for p in arrays]) > 1:
        shape = np.broadcast_shapes(*[p.shape for p in arrays])
        parts = tuple([np.broadcast_to(p, shape) if isinstance(p, np.ndarray) else p for p in parts])
        arrays = [p for p in parts if isinstance(p, np.ndarray)]
    shape = tuple([arrays[0].shape[k] for k in range(np.ndim(arrays[0]))])
    for p in arrays[1:]:
        if len(shape) == 1 and p.shape[0] != shape[0]:
            raise IndexError("shape mismatch: indexing arrays could not be broadcast together")
    return tuple([np.ravel(p) if isinstance(p, np.ndarray) and len(shape) > 1 else p for p in parts]), shape


def _sliced(x, parts):
    """The array without what slices leave out."""
    slices = tuple([p if isinstance(p, slice) else slice(None) for p in parts])
    return x if slices == tuple([slice(None) for _ in parts]) else x[slices]


def _element(parts, t):
    index = tuple([p[t] if isinstance(p, np.ndarray) else slice(None) if isinstance(p, slice) else p for p in parts])
    return index[0] if len(index) == 1 else index


def _kept(base, parts):
    return tuple([base.shape[k] for k in range(len(parts)) if isinstance(parts[k], slice)])


def _turn(ndim, axis, t):
    return t if ndim == 1 else tuple([t if k == axis else slice(None) for k in range(ndim)])


def _count(shape):
    count = shape[0]
    for length in shape[1:]:
        count = count * length
    return count


@_defines(operator.getitem, when=is_indexed)
def getitem(x, i, *, of_result):
    if is_mask(i):
        return _selected(x, i)
    parts = _parts(x, i)
    base = _sliced(x, parts)
    flat, shape = _flat(parts)
    kept, before = _kept(base, parts), _axes_before(parts)
    n = _count(shape)
    out = np.empty((*kept[:before], n, *kept[before:]), of_result)
    for t in range(n):
        out[_turn(len(kept) + 1, before, t)] = base[_element(flat, t)]
    return out if len(shape) == 1 else np.reshape(out, (*kept[:before], *shape, *kept[before:]))


def _written(x, i, v, write):
    parts = _parts(x, i)
    base = _sliced(x, parts)
    flat, shape = _flat(parts)
    kept, before = _kept(base, parts), _axes_before(parts)
    if np.ndim(v) == 0:
        for t in range(_count(shape)):
            write(base, _element(flat, t), v)
    else:
        values = np.broadcast_to(v, (*kept[:before], *shape, *kept[before:]))
        if len(shape) > 1:
            values = np.reshape(values, (*kept[:before], _count(shape), *kept[before:]))
        for t in range(_count(shape)):
            write(base, _element(flat, t), values[_turn(len(kept) + 1, before, t)])


@_defines(np.add.at)
def add_at(x, i, v):
    if is_mask(i):
        x[i] += v
    elif isinstance(i, (tuple, list, np.ndarray)) and _is_fancy(i):
        _written(x, i, v, runtime.add_item)
    else:
        x[i] += v


def _is_fancy(i):
    return any([isinstance(p, (list, np.ndarray)) for p in (i if isinstance(i, tuple) else (i,))])


@_defines(operator.setitem, when=is_indexed)
def setitem(x, i, v):
    if is_mask(i):
        _write_selected(x, i, v, operator.setitem)
    else:
        _written(x, i, v, operator.setitem)


def _updated(update, apply):
    def body(x, i, v):
        if is_mask(i):
            _write_selected(x, i, v, update)
        else:
            x[i] = apply(x[i], v)

    return body


for _update in ITEM_UPDATES:
    _apply = getattr(operator, _update.__name__.removesuffix("_item"), None)
    if _apply is not None:
        _defines(_update, when=is_indexed)(_updated(_update, _apply))


# Masks


def _check_mask(x, mask):
    if np.ndim(mask) > 3:
        raise NotImplementedError("a mask with more than three axes")
    for k in tuple(range(np.ndim(mask))):
        if mask.shape[k] != x.shape[k]:
            raise IndexError("boolean index did not match indexed array")


def _selected(x, mask):
    _check_mask(x, mask)
    out = np.empty((np.sum(mask), *[x.shape[k] for k in range(np.ndim(mask), np.ndim(x))]), x.dtype)
    place = 0
    for i in range(mask.shape[0]):
        if np.ndim(mask) == 1:
            if mask[i]:
                out[place] = x[i]
                place += 1
        else:
            for j in range(mask.shape[1]):
                if np.ndim(mask) == 2:
                    if mask[i, j]:
                        out[place] = x[i, j]
                        place += 1
                else:
                    for k in range(mask.shape[2]):
                        if mask[i, j, k]:
                            out[place] = x[i, j, k]
                            place += 1
    return out


def _write_selected(x, mask, v, write):
    _check_mask(x, mask)
    rows = np.ndim(v) == np.ndim(x) - np.ndim(mask) + 1
    moves = 1
    if rows:
        if v.shape[0] == 1:
            moves = 0
        elif v.shape[0] != np.sum(mask):
            raise ValueError("NumPy boolean array indexing assignment cannot assign so many values")
    place = 0
    for i in range(mask.shape[0]):
        if np.ndim(mask) == 1:
            if mask[i]:
                write(x, i, v[place] if rows else v)
                place += moves
        else:
            for j in range(mask.shape[1]):
                if np.ndim(mask) == 2:
                    if mask[i, j]:
                        write(x, (i, j), v[place] if rows else v)
                        place += moves
                else:
                    for k in range(mask.shape[2]):
                        if mask[i, j, k]:
                            write(x, (i, j, k), v[place] if rows else v)
                            place += moves


# Relatives


@_defines(scatter)
def scattered(g, i, shape):
    out = np.zeros(shape, np.asarray(g).dtype)
    if is_mask(i) or not _is_fancy(i):
        out[i] = g
    else:
        np.add.at(out, i, g)
    return out


@_defines(runtime.last_written)
def last_written(x_bar, i):
    if is_mask(i):
        return x_bar[i]
    place = np.empty(x_bar.shape, np.intp)
    taken = place[i]
    order = np.reshape(np.arange(taken.size), taken.shape)
    place[i] = order
    return np.where(place[i] == order, x_bar[i], 0.0)


@_defines(np.take, np.ndarray.take)
def take(a, indices, axis=None):
    if axis is None:
        return np.ravel(a)[indices]
    part = a[(*[slice(None) for _ in range(axis % np.ndim(a))], indices)]
    return np.copy(part) if not isinstance(indices, list) and np.ndim(indices) == 0 and np.ndim(part) > 0 else part
