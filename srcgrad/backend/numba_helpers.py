"""What Numba compiles in place of the helpers that generated code calls; imported only where Numba is installed."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import types, vectorize
from numba.core.errors import TypingError
from numba.cpython.unsafe.tuple import tuple_setitem
from numba.extending import intrinsic, overload, register_jitable

from srcgrad import runtime
from srcgrad.jit import helpers

for _helper in helpers.COMPILED_AS_THEY_ARE:
    register_jitable(error_model="numpy")(_helper)


def _compiled(fn: Any, **options: Any) -> Any:
    """Declares what Numba compiles for a helper; the functions in here have annotations, which Numba would compare."""
    return overload(fn, strict=False, **options)


# Integers


def _checked(name: str) -> Any:
    """An operation on 64-bit integers that raises where there would be more."""

    @intrinsic
    def pair(typingctx: Any, a: Any, b: Any) -> Any:
        result = types.Tuple((types.int64, types.boolean))

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            found = getattr(builder, name)(args[0], args[1])
            value, flag = builder.extract_value(found, 0), builder.extract_value(found, 1)
            return context.make_tuple(builder, signature.return_type, (value, flag))

        return result(types.int64, types.int64), codegen

    def implementation(a: Any, b: Any) -> Any:
        def run(a: Any, b: Any) -> Any:
            value, too_large = pair(a, b)
            if too_large:
                raise OverflowError("an integer has more than the 64 bits of compiled code")
            return value

        return run

    return implementation


_compiled(helpers.added)(_checked("sadd_with_overflow"))
_compiled(helpers.subtracted)(_checked("ssub_with_overflow"))
_compiled(helpers.product)(_checked("smul_with_overflow"))


@_compiled(helpers.not_negative)
def _not_negative(index: Any) -> Any:
    return lambda index: np.uint64(index)


# Reductions


@intrinsic
def _reordered_sum(typingctx: Any, a: Any, b: Any) -> Any:
    """A sum that LLVM may make in another order, with others of its kind."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(args[0], args[1], flags=("reassoc",))

    return a(a, b), codegen


@_compiled(helpers.plus)
def _plus(a: Any, b: Any) -> Any:
    if a == b == types.float32:
        return lambda a, b: _reordered_sum(a, b)
    return lambda a, b: _reordered_sum(np.float64(a), np.float64(b))


_BLOCK = 128


@register_jitable(error_model="numpy")
def _lanes(x: Any, start: int, stop: int, zero: Any) -> Any:
    """The sum of a short piece, in eight lanes."""
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = zero
    k = start
    while k + 8 <= stop:
        a0 += x[k]
        a1 += x[k + 1]
        a2 += x[k + 2]
        a3 += x[k + 3]
        a4 += x[k + 4]
        a5 += x[k + 5]
        a6 += x[k + 6]
        a7 += x[k + 7]
        k += 8
    found = ((a0 + a1) + (a2 + a3)) + ((a4 + a5) + (a6 + a7))
    while k < stop:
        found += x[k]
        k += 1
    return found


@register_jitable(error_model="numpy")
def _pairwise(x: Any, zero: Any) -> Any:
    """The sum of an array with one axis: blocks, whose sums are added in pairs, level by level."""
    n = len(x)
    if n <= _BLOCK:
        return _lanes(x, 0, n, zero)
    levels = [zero]
    full = [False]
    for block in range((n + _BLOCK - 1) // _BLOCK):
        found = _lanes(x, block * _BLOCK, min(n, (block + 1) * _BLOCK), zero)
        k = 0
        while full[k]:
            found += levels[k]
            full[k] = False
            k += 1
            if k == len(levels):
                levels.append(zero)
                full.append(False)
        levels[k] = found
        full[k] = True
    found = zero
    for k in range(len(levels)):
        if full[k]:
            found += levels[k]
    return found


def _sum_dtype(dtype: Any) -> Any:
    if isinstance(dtype, types.Boolean) or (isinstance(dtype, types.Integer) and dtype.signed):
        return np.int64
    return np.uint64 if isinstance(dtype, types.Integer) else getattr(np, str(dtype))


@_compiled(helpers.total)
def _total(x: Any) -> Any:
    if not isinstance(x, types.Array):
        return lambda x: x
    zero = _sum_dtype(x.dtype)(0)
    if x.ndim == 1:
        return lambda x: _pairwise(x, zero)
    if x.layout == "C":
        return lambda x: _pairwise(x.reshape(x.size), zero)
    if x.layout == "F":
        return lambda x: _pairwise(x.T.reshape(x.size), zero)
    return lambda x: _pairwise(x.copy().reshape(x.size), zero)


@_compiled(helpers.average)
def _average(x: Any) -> Any:
    dtype = x.dtype if isinstance(x, types.Array) else x
    kind = getattr(np, str(dtype)) if isinstance(dtype, (types.Float, types.Complex)) else np.float64
    return lambda x: kind(helpers.total(x) / kind(np.size(x)))


def _rows(x: Any, axis: Any, reduce: Any, dtype: Any) -> Any:
    """A reduction along an axis, from what reduces an array with one axis."""
    if not isinstance(x, types.Array) or x.ndim < 2 or not isinstance(axis, types.IntegerLiteral):
        raise TypingError("a reduction along an axis takes an array with several axes, and a constant")
    at = axis.literal_value
    order = (*[k for k in range(x.ndim) if k != at], at)

    def run(x: Any, axis: Any) -> Any:
        turned = x.transpose(order)
        shape = turned.shape[:-1]
        n = turned.shape[-1]
        out = np.empty(shape, dtype)
        rows = np.ascontiguousarray(turned).reshape((out.size, n))
        flat = out.reshape(out.size)
        for k in range(out.size):
            flat[k] = reduce(rows[k])
        return out

    return run


@_compiled(helpers.total_along, prefer_literal=True)
def _total_along(x: Any, axis: Any) -> Any:
    return _rows(x, axis, _reducer(helpers.total), _sum_dtype(x.dtype))


@_compiled(helpers.average_along, prefer_literal=True)
def _average_along(x: Any, axis: Any) -> Any:
    floating = isinstance(x.dtype, (types.Float, types.Complex))
    return _rows(x, axis, _reducer(helpers.average), getattr(np, str(x.dtype)) if floating else np.float64)


@_compiled(helpers.largest_along, prefer_literal=True)
def _largest_along(x: Any, axis: Any) -> Any:
    return _rows(x, axis, _reducer(np.max), own_dtype(x.dtype))


@_compiled(helpers.smallest_along, prefer_literal=True)
def _smallest_along(x: Any, axis: Any) -> Any:
    return _rows(x, axis, _reducer(np.min), own_dtype(x.dtype))


@functools.cache
def _reducer(fn: Any) -> Any:
    return register_jitable(error_model="numpy")(lambda x: fn(x))


def own_dtype(dtype: Any) -> Any:
    return np.bool_ if isinstance(dtype, types.Boolean) else getattr(np, str(dtype))


# Shapes


@_compiled(helpers.reshaped)
def _reshaped(x: Any, shape: Any) -> Any:
    if not isinstance(x, types.Array):
        return lambda x, shape: np.full(1, x).reshape(shape)
    if x.layout == "C":
        return lambda x, shape: x.reshape(shape)
    return lambda x, shape: np.ascontiguousarray(x).reshape(shape)


@register_jitable
def _is_without_gaps(x: Any) -> bool:
    """Whether the elements of an array lie one behind the other, in the order of C."""
    expected = x.itemsize
    for k in range(x.ndim - 1, -1, -1):
        if x.shape[k] != 1 and x.strides[k] != expected:
            return x.size == 0
        expected *= x.shape[k]
    return True


@_compiled(helpers.in_rows)
def _in_rows(x: Any) -> Any:
    if x.layout == "C":
        return lambda x: True
    return lambda x: _is_without_gaps(x)


@_compiled(helpers.raveled)
def _raveled(x: Any) -> Any:
    if x.layout == "C":
        return lambda x: x.ravel()

    def run(x: Any) -> Any:
        flat = x if _is_without_gaps(x) else np.ascontiguousarray(x)
        return np.lib.stride_tricks.as_strided(flat, (x.size,), (x.itemsize,))

    return run


@_compiled(runtime.diagonal_view, prefer_literal=True)
def _diagonal_view(a: Any, offset: Any, axis1: Any, axis2: Any) -> Any:
    if not isinstance(axis1, types.IntegerLiteral) or not isinstance(axis2, types.IntegerLiteral):
        raise TypingError("the axes of diagonals have to be constants")
    axes = (axis1.literal_value, axis2.literal_value)
    order = (*[k for k in range(a.ndim) if k not in axes], *axes)

    def run(a: Any, offset: Any, axis1: Any, axis2: Any) -> Any:
        pages = np.transpose(a, order)
        rows, columns = pages.shape[-2], pages.shape[-1]
        first = pages[..., min(max(-offset, 0), rows) :, min(max(offset, 0), columns) :]
        length = min(first.shape[-2], first.shape[-1])
        strides = (*first.strides[:-2], first.strides[-2] + first.strides[-1])
        return np.lib.stride_tricks.as_strided(first, (*first.shape[:-2], length), strides)

    return run


@_compiled(runtime.unbroadcast)
def _unbroadcast(g: Any, x: Any) -> Any:
    if not isinstance(x, types.Array):
        kind = own_dtype(x)
        if isinstance(g, types.Array):
            return lambda g, x: kind(helpers.total(g))
        return lambda g, x: kind(g)
    dtype = own_dtype(x.dtype)
    if not isinstance(g, types.Array):
        return lambda g, x: np.full(x.shape, dtype(g))
    if g.ndim < x.ndim:
        return lambda g, x: np.broadcast_to(g, x.shape).astype(dtype)
    return _summed_to(g.ndim, x.ndim, dtype)


def _summed_to(g_ndim: int, ndim: int, dtype: Any) -> Any:
    """Adds the elements of `g` to those of `x` that they were broadcast from; what is too short stands for more."""
    extra = g_ndim - ndim
    ones = (1,) * ndim

    def run(g: Any, x: Any) -> Any:
        if g.shape[extra:] == x.shape and extra == 0:
            return g.astype(dtype)
        out = np.zeros(x.shape, dtype)
        spread = np.broadcast_to(g, np.broadcast_shapes(g.shape, x.shape))
        for index, item in np.ndenumerate(spread):
            place = ones
            for k in range(ndim):
                place = tuple_setitem(place, k, index[k + extra] if x.shape[k] != 1 else 0)
            out[place] += item
        return out

    return run


@_compiled(runtime.expanded)
def _expanded(g: Any, x: Any) -> Any:
    if not isinstance(x, types.Array):
        return lambda g, x: g
    if isinstance(g, types.Array) and g.ndim > x.ndim:
        return lambda g, x: np.broadcast_to(g.reshape(()), x.shape)
    return lambda g, x: np.broadcast_to(g, x.shape)


@_compiled(runtime.like)
def _like(g: Any, x: Any) -> Any:
    if isinstance(x, types.Array):
        dtype = own_dtype(x.dtype)
        if not isinstance(g, types.Array):
            return lambda g, x: np.full(x.shape, dtype(g))
        return lambda g, x: np.broadcast_to(g, x.shape).astype(dtype)
    kind = own_dtype(x)
    if isinstance(g, types.Array):
        return lambda g, x: kind(helpers.total(g))
    return lambda g, x: kind(g)


@_compiled(runtime.zeros_like)
def _zeros_like(x: Any) -> Any:
    if isinstance(x, types.Array):
        dtype = own_dtype(shadow_kind(x).dtype)
        return lambda x: np.zeros(x.shape, dtype)
    if isinstance(x, types.List):
        return lambda x: [runtime.zeros_like(item) for item in x]
    if isinstance(x, types.BaseTuple):
        zeros = (0.0,) * len(x)
        return (lambda x: [zero for zero in zeros]) if _has_numbers_alone(x) else lambda x: _zero_parts(x)
    return lambda x: 0.0


def _zero_parts(x: tuple) -> tuple:
    """The shadow of a tuple of several kinds: lists of one item."""
    return tuple([[runtime.zeros_like(item)] for item in x])


@_compiled(_zero_parts)
def _compiled_zero_parts(x: Any) -> Any:
    if any(isinstance(t, types.List) for t in x):
        return None
    if len(x) == 1:
        return lambda x: ([runtime.zeros_like(x[0])],)
    return lambda x: ([runtime.zeros_like(x[0])], *_zero_parts(x[1:]))


def _has_numbers_alone(x: types.BaseTuple) -> bool:
    return all(isinstance(t, (types.Float, types.Integer, types.Boolean)) for t in x)


def shadow_kind(x: Any) -> Any:
    """The kind of the shadow of an array, a list, a tuple or a number, that is of what `zeros_like` gives."""
    if isinstance(x, types.Array):
        dtype = x.dtype if isinstance(x.dtype, (types.Float, types.Complex)) else types.float64
        return types.Array(dtype, x.ndim, "C")
    if isinstance(x, types.List):
        return types.List(shadow_kind(x.dtype))
    if isinstance(x, types.BaseTuple):
        parts = [types.List(shadow_kind(t)) for t in x]
        return types.List(types.float64) if _has_numbers_alone(x) else types.BaseTuple.from_types(parts)
    return types.float64


@_compiled(runtime.copied)
def _copied(x: Any) -> Any:
    if isinstance(x, types.Array):
        return lambda x: x.copy()
    if isinstance(x, types.List):
        return lambda x: [runtime.copied(item) for item in x]
    if isinstance(x, types.Number):
        return lambda x: x
    return None


@_compiled(runtime.laid_out_as)
def _laid_out_as(x: Any, like: Any) -> Any:
    # Compiled zeros and copies are in the order of C, whatever they are like.
    return (lambda x, like: x.copy()) if isinstance(x, types.Array) else None


# Products


@_compiled(runtime.masked_product)
def _masked_product(g: Any, partial: Any) -> Any:
    if not isinstance(g, types.Array) and not isinstance(partial, types.Array):
        return lambda g, partial: g * partial if g != 0 else 0.0 * g
    return lambda g, partial: _masked(g, partial)


@vectorize
def _masked(g: Any, partial: Any) -> Any:
    return g * partial if g != 0 else 0.0 * g


@_compiled(runtime.first_largest)
def _first_largest(x: Any) -> Any:
    return lambda x: _first(x, True)


@_compiled(runtime.first_smallest)
def _first_smallest(x: Any) -> Any:
    return lambda x: _first(x, False)


@register_jitable
def _first(x: Any, largest: bool) -> int:
    if len(x) == 0:
        raise ValueError("max() iterable argument is empty" if largest else "min() iterable argument is empty")
    found = 0
    for k in range(1, len(x)):
        if (x[k] > x[found]) if largest else (x[k] < x[found]):
            found = k
    return found
