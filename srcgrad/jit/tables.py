"""Arrays made of displays, blocks and margins, and methods of numbers, by what loops can be made of.

As in `definitions`, each body is read by the compiler where the function is called.
"""

from __future__ import annotations

import numpy as np

from srcgrad.ir.nodes import Value
from srcgrad.ir.types import rank
from srcgrad.jit.defining import Definitions
from srcgrad.jit.definitions import _joined, _widths
from srcgrad.jit.types import kind_of

DEFINITIONS = Definitions()
_defines = DEFINITIONS.of


def _leaves(tree):
    if isinstance(tree, (list, tuple)):
        return [leaf for item in tree for leaf in _leaves(item)]
    return [tree]


def _is_mixed(op):
    """Whether an array is made of an array, or of a display that holds arrays or numbers of several kinds."""
    if not op.args or not isinstance(op.args[0], (list, tuple)):
        return op.fn is np.array and bool(op.args) and bool(rank(op.args[0].type)) and op.kwargs.keys() <= {"dtype"}
    items = [v for v in _leaves(op.args[0]) if isinstance(v, Value)]
    return any(rank(v.type) for v in items) or len({kind_of(v.type) for v in items}) > 1


@_defines(np.array, np.asarray, when=_is_mixed)
def array(object, dtype=None, *, of_result):
    if not isinstance(object, (list, tuple)):
        return object.astype(of_result)
    out = np.empty(_extents(object), of_result)
    _fill(out, (), object)
    return out


def _extents(item):
    if isinstance(item, (list, tuple)):
        return (len(item), *_extents(item[0]))
    return tuple([item.shape[k] for k in range(np.ndim(item))])


def _fill(out, index, item):
    if isinstance(item, (list, tuple)):
        for k in tuple(range(len(item))):
            _fill(out, (*index, k), item[k])
    else:
        if np.ndim(item) + len(index) != np.ndim(out):
            raise NotImplementedError("rows of several kinds")
        for k in tuple(range(np.ndim(item))):
            if item.shape[k] != out.shape[len(index) + k]:
                raise ValueError("setting an array element with a sequence. The array has an inhomogeneous shape")
        place = (*index, *[slice(None) for _ in range(np.ndim(item))])
        out[place if len(place) > 1 else place[0]] = item


@_defines(np.block)
def block(arrays, *, of_result):
    if not isinstance(arrays, (list, tuple)) or any([isinstance(row, (list, tuple)) for row in arrays]) is False:
        raise NotImplementedError("blocks in one row")
    rows = []
    for row in arrays:
        for part in row:
            if np.ndim(part) != 2:
                raise NotImplementedError("blocks that are no matrices")
        rows.append(_joined([part for part in row], 1, of_result))
    return _joined(rows, 0, of_result)


@_defines(np.pad)
def pad(array, pad_width, mode="constant", *, constant_values=0):
    ndim = np.ndim(array)
    widths = _widths(pad_width, ndim)
    if mode == "constant":
        shape = tuple([widths[k][0] + array.shape[k] + widths[k][1] for k in range(ndim)])
        out = np.full(shape, array.dtype.type(constant_values))
        out[tuple([slice(widths[k][0], widths[k][0] + array.shape[k]) for k in range(ndim)])] = array
        return out
    if mode not in ("edge", "wrap"):
        raise NotImplementedError("np.pad in this mode")
    for axis in tuple(range(ndim)):
        before, after = widths[axis]
        n = array.shape[axis]
        if n == 0 and before + after > 0:
            raise ValueError("can't extend empty axis")
        places = np.empty(before + n + after, np.intp)
        for k in range(before + n + after):
            places[k] = (k - before) % n if mode == "wrap" else min(max(k - before, 0), n - 1)
        array = np.take(array, places, axis)
    return array


def _has_options(op):
    return len(op.args) > 3 or bool(op.kwargs) or any(rank(arg.type) for arg in op.args[:2])


@_defines(np.linspace, when=_has_options)
def linspace(start, stop, num=50, endpoint=True, *, axis=0, of_result):
    ndim = max(np.ndim(start), np.ndim(stop))
    if ndim == 0 and endpoint:
        return np.linspace(start, stop, num)
    intervals = num - 1 if endpoint else num
    step = (stop - start) / max(intervals, 1)
    out = np.empty((num, *np.shape(step)), of_result)
    for k in range(num):
        out[k] = k * step + start
    if endpoint and num > 1:
        out[num - 1] = stop
    return out if axis % (ndim + 1) == 0 else np.moveaxis(out, 0, axis)


def _is_number(op):
    return rank(op.args[0].type) == 0


@_defines(np.clip, when=_is_number)
def clip(a, a_min, a_max):
    return np.minimum(np.maximum(a, a_min), a_max)


@_defines(float.is_integer, np.float64.is_integer)
def is_integer(x):
    return x % 1.0 == 0.0


@_defines(int.bit_length)
def bit_length(n):
    rest, count = abs(n), 0
    while rest > 0:
        rest, count = rest >> 1, count + 1
    return count
