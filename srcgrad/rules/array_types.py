"""The types of what array functions return, without calling them: constructors, reductions, shapes and products."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache, reduce
from typing import Any

import numpy as np

from srcgrad.ir.nodes import Call, Const, Tree, Value
from srcgrad.ir.types import (
    INT,
    NUMBER,
    UNKNOWN,
    Array,
    Axis,
    Dim,
    NpScalar,
    PyScalar,
    Tuple,
    Type,
    Unknown,
    extent_of,
    may_be_one,
    rank,
    same_length,
    shape_of,
)
from srcgrad.rules.dims import broadcast_shapes, product, shorten, total, unify
from srcgrad.rules.operands import (
    Site,
    Unsure,
    analytic,
    array_of,
    constant,
    counted,
    dtype_argument,
    dtype_of,
    integer,
    is_none,
    known_shape,
    length,
    numeric,
    promoted,
    refresh,
    sequence_items,
    shape_argument,
    type_of,
)
from srcgrad.rules.shape import array_of_rows

F8 = np.dtype(float)


@lru_cache(1024)
def _dtype_by_example(fn: Callable, ranks: tuple[int, ...], dtypes: tuple[np.dtype | None, ...]) -> np.dtype | None:
    """The dtype `fn` returns for arrays of these dtypes."""
    if any(dtype is None for dtype in dtypes):
        return None
    try:
        with np.errstate(all="ignore"):
            args = [np.ones((1,) * r, d) for r, d in zip(ranks, dtypes, strict=True)]
            return np.asarray(fn(*args)).dtype
    except (TypeError, ValueError):
        raise Unsure from None


def _scalar(dtype: np.dtype | None) -> Type:
    return NUMBER if dtype is None else NpScalar(dtype)


def _reduced(dtype: np.dtype | None, shape: tuple[Axis, ...]) -> Type:
    """Functions that return a scalar in place of an array without axes."""
    return Array(dtype, shape) if shape else _scalar(dtype)


# Constructors.


@analytic(np.zeros, np.ones, np.empty)
def filled(site: Site, fn: Any, shape: Tree, dtype: Tree = None, order: Tree = None) -> Type:
    return Array(dtype_argument(dtype, F8), shape_argument(site, shape))


@analytic(np.full)
def full(site: Site, fn: Any, shape: Tree, fill_value: Tree, dtype: Tree = None, order: Tree = None) -> Type:
    default = dtype_of(site, fill_value) if is_none(dtype) else None
    return Array(dtype_argument(dtype, default), shape_argument(site, shape))


def _like(site: Site, x: Tree, dtype: Tree, shape: Tree) -> Type:
    if isinstance(type_of(x), Unknown) and is_none(shape):
        return Array(dtype_argument(dtype, None), None, extent_of(type_of(x)) or None)
    model = array_of(site, x)
    return Array(dtype_argument(dtype, model.dtype), model.shape if is_none(shape) else shape_argument(site, shape))


@analytic(np.zeros_like, np.ones_like, np.empty_like)
def filled_like(
    site: Site, fn: Any, a: Tree, dtype: Tree = None, order: Tree = None, subok: Tree = None, shape: Tree = None
) -> Type:
    return _like(site, a, dtype, shape)


@analytic(np.full_like)
def full_like(
    site: Site,
    fn: Any,
    a: Tree,
    fill_value: Tree,
    dtype: Tree = None,
    order: Tree = None,
    subok: Tree = None,
    shape: Tree = None,
) -> Type:
    return _like(site, a, dtype, shape)


@analytic(np.array, np.asarray, np.ascontiguousarray, np.asfortranarray)
def asarray(site: Site, fn: Any, a: Tree, dtype: Tree = None, copy: Tree = None, order: Tree = None) -> Type:
    try:
        t = array_of(site, a)
    except Unsure:
        t = type_of(a)
        if not isinstance(t, Unknown):
            return UNKNOWN
        made = _as_array(t) if fn in (np.array, np.asarray) else Array(None, None)
        return Array(dtype_argument(dtype, None), made.shape, made.extent)
    shape = (1,) if t.shape == () and fn in (np.ascontiguousarray, np.asfortranarray) else t.shape
    if shape is None and fn in (np.ascontiguousarray, np.asfortranarray):
        raise Unsure
    return Array(dtype_argument(dtype, t.dtype), shape)


@analytic(np.copy, np.ndarray.copy)
def copy(site: Site, fn: Any, a: Tree, order: Tree = None) -> Type:
    t = type_of(a)
    if fn is np.ndarray.copy and (isinstance(t, NpScalar) or (isinstance(t, Unknown) and _may_be_element(a))):
        # A number of NumPy has this method, too.
        return t
    return _as_array(t) if isinstance(t, Unknown) else array_of(site, a)


def _may_be_element(a: Tree) -> bool:
    owner = a.owner if isinstance(a, Value) else None
    return isinstance(owner, Call) and owner.fn in (operator.getitem, np.sum, np.max, np.min, np.mean, np.prod)


def _as_array(t: Unknown) -> Array:
    """The array that an array is, or that a number becomes."""
    extent = extent_of(t)
    return Array(None, ()) if extent is not None and not extent else Array(None, None, extent)


@analytic(np.ndarray.astype)
def astype(
    site: Site,
    fn: Any,
    a: Tree,
    dtype: Tree,
    order: Tree = None,
    casting: Tree = None,
    subok: Tree = None,
    copy: Tree = None,
) -> Type:
    t = type_of(a)
    new = dtype_argument(dtype, F8)
    if isinstance(t, NpScalar):
        return _scalar(new)
    if not isinstance(t, Array):
        raise Unsure
    return Array(new, t.shape)


@analytic(np.arange)
def arange(site: Site, fn: Any, start: Tree, stop: Tree = None, step: Tree = None, dtype: Tree = None) -> Type:
    ends = [end for end in (start, stop, step) if not is_none(end)]
    types = [type_of(end) for end in ends]
    if any(not isinstance(t, (PyScalar, NpScalar)) for t in types):
        raise Unsure
    dtypes = tuple([dtype_of(site, end) for end in ends])
    default = _dtype_by_example(np.arange, (0,) * len(dtypes), dtypes)
    result = dtype_argument(dtype, default)
    if all(isinstance(end, Const) for end in ends) and all(abs(end.value) < 1e7 for end in ends):
        return Array(result, (len(np.arange(*[end.value for end in ends])),))
    axis: Axis = Dim(site.fresh())
    if all(isinstance(t, PyScalar) and t.kind == "i" for t in types) and len(ends) < 3:
        last = integer(ends[-1])
        first = 0 if len(ends) == 1 else integer(ends[0])
        if last is not None and isinstance(first, int):
            axis = shorten(last, first)
    return Array(result, (axis,))


@analytic(np.linspace)
def linspace(
    site: Site, fn: Any, start: Tree, stop: Tree, num: Tree = 50, endpoint: Tree = True, dtype: Tree = None
) -> Type:
    types = [type_of(start), type_of(stop)]
    if any(not isinstance(t, (PyScalar, NpScalar)) for t in types) or not is_none(dtype):
        raise Unsure
    ends = [getattr(t, "dtype", {"c": 1j}.get(getattr(t, "kind", ""), 1.0)) for t in types]
    return Array(np.result_type(*ends, 1.0), (length(site, num),))


@analytic(np.eye, np.identity)
def eye(site: Site, fn: Any, N: Tree, M: Tree = None, k: Tree = 0, dtype: Tree = None) -> Type:
    rows = length(site, N)
    columns = rows
    if fn is np.identity:
        dtype = dtype if is_none(M) else M
    elif not is_none(M):
        columns = length(site, M)
    return Array(dtype_argument(dtype, F8), (rows, columns))


# Reductions.


def axes_argument(axis: Tree, ndim: int) -> tuple[int, ...]:
    """The axes that an `axis` argument names, none of them negative."""
    value = constant(axis)
    if value is None:
        return tuple(range(ndim))
    axes = value if isinstance(value, (tuple, list)) else (value,)
    if any(not -ndim <= a < ndim for a in axes):
        raise Unsure
    return tuple([int(a) % ndim for a in axes])


@analytic(np.sum, np.prod, np.mean, np.var, np.std, np.max, np.min, np.all, np.any, np.argmax, np.argmin, np.nansum)
@analytic(np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanvar, np.nanstd, np.amax, np.amin)
@analytic(np.ndarray.sum, np.ndarray.prod, np.ndarray.mean, np.ndarray.var, np.ndarray.std, np.ndarray.max)
@analytic(np.ndarray.min, np.ndarray.all, np.ndarray.any, np.ndarray.argmax, np.ndarray.argmin)
def reduction(
    site: Site,
    fn: Any,
    a: Tree,
    axis: Tree = None,
    *,
    dtype: Tree = None,
    keepdims: Tree = False,
    initial: Tree = None,
    where: Tree = None,
    ddof: Tree = 0,
) -> Type:
    t = array_of(site, a)
    keep = constant(keepdims)
    result = dtype_argument(dtype, _dtype_by_example(fn, (1,), (t.dtype,)))
    if t.shape is None:
        if is_none(axis):
            # Of an array without axes it is a number, also if its axes are kept.
            return UNKNOWN if keep else _scalar(result)
        return Array(result, None) if keep else UNKNOWN
    gone = axes_argument(axis, len(t.shape)) if not is_none(axis) or t.shape else ()
    if keep:
        shape = tuple([1 if k in gone else n for k, n in enumerate(t.shape)])
        return _reduced(result, shape)
    return _reduced(result, tuple([n for k, n in enumerate(t.shape) if k not in gone]))


@analytic(np.cumsum, np.cumprod, np.ndarray.cumsum, np.ndarray.cumprod)
def cumulative(site: Site, fn: Any, a: Tree, axis: Tree = None, dtype: Tree = None) -> Type:
    t = array_of(site, a)
    result = dtype_argument(dtype, _dtype_by_example(fn, (1,), (t.dtype,)))
    if t.shape is None:
        return Array(result, None)
    return Array(result, (product(t.shape),) if constant(axis) is None else t.shape or (1,))


# Shapes.


@analytic(np.shape)
def shape(site: Site, fn: Any, a: Tree) -> Type:
    return Tuple(tuple([counted(axis) for axis in known_shape(numeric(site, a))]))


@analytic(np.ndim)
def ndim(site: Site, fn: Any, a: Tree) -> Type:
    if isinstance(type_of(a), Unknown):
        return INT
    return counted(rank(numeric(site, a)))


@analytic(np.size)
def size(site: Site, fn: Any, a: Tree, axis: Tree = None) -> Type:
    if isinstance(type_of(a), Unknown):
        return INT
    axes = shape_of(numeric(site, a))
    if axes is None:
        return INT
    if is_none(axis):
        return counted(product(axes))
    return counted(axes[constant(axis)])


@analytic(np.reshape, np.ndarray.reshape)
def reshape(site: Site, fn: Any, a: Tree, *shape: Tree, order: Tree = None, copy: Tree = None) -> Type:
    t = array_of(site, a)
    if fn is np.reshape and len(shape) != 1:
        raise Unsure
    wanted: Tree = shape if len(shape) > 1 else shape[0]
    items = sequence_items(wanted)
    if items is None:
        if not isinstance(type_of(wanted), (PyScalar, NpScalar)):
            return Array(t.dtype, None)
        items = [wanted]
    axes: list[Axis | None] = []
    for item in items:
        known = integer(item)
        inferred = isinstance(item, Const) and item.value == -1
        # An integer that may be -1 at run time asks for whatever is left.
        unsafe = isinstance(known, Dim) and (
            known.offset < 0 or type_of(item) == INT or isinstance(type_of(item), NpScalar)
        )
        axes.append(None if inferred else Dim(site.fresh()) if known is None or unsafe else known)
    if None in axes:
        rest = _quotient(t.shape, [axis for axis in axes if axis is not None])
        axes = [(Dim(site.fresh()) if rest is None else rest) if axis is None else axis for axis in axes]
    if not axes and isinstance(type_of(a), (NpScalar, PyScalar)):
        # A number of NumPy stays one.
        raise Unsure
    return Array(t.dtype, tuple(axes))  # type: ignore[arg-type]


def _quotient(shape: tuple[Axis, ...] | None, taken: list[Axis]) -> Axis | None:
    """The number of elements divided by the lengths taken, if dimensions cancel."""
    if shape is None:
        return None
    left = list(shape)
    for axis in taken:
        match = next((k for k, other in enumerate(left) if same_length(axis, other)), None)
        if match is not None:
            del left[match]
        elif axis != 1:
            literal = product(left)
            if not isinstance(literal, int) or not isinstance(axis, int) or axis == 0 or literal % axis:
                return None
            left = [literal // axis]
    return product(left)


@analytic(np.ravel, np.ndarray.ravel, np.ndarray.flatten)
def ravel(site: Site, fn: Any, a: Tree, order: Tree = None) -> Type:
    t = array_of(site, a)
    return Array(t.dtype, (Dim(site.fresh()) if t.shape is None else product(t.shape),))


def _permutable(site: Site, a: Tree) -> tuple[np.dtype | None, tuple[Axis, ...]]:
    t = array_of(site, a)
    if isinstance(type_of(a), (NpScalar, PyScalar)):
        raise Unsure
    return t.dtype, known_shape(t)


@analytic(np.transpose, np.ndarray.transpose)
def transpose(site: Site, fn: Any, a: Tree, *axes: Tree) -> Type:
    if isinstance(type_of(a), Array) and shape_of(type_of(a)) is None:
        return type_of(a)
    dtype, shape = _permutable(site, a)
    order = constant(axes if len(axes) > 1 else axes[0] if axes else None)
    if order is None:
        return Array(dtype, shape[::-1])
    order = axes_argument(order, len(shape))
    return Array(dtype, tuple([shape[k] for k in order]))


def _is_number(axis: Tree) -> bool:
    """Whether an axis is a number of NumPy that the run tells: it may be any."""
    return isinstance(axis, Value) and not isinstance(axis, Const) and isinstance(axis.type, NpScalar)


@analytic(np.swapaxes, np.ndarray.swapaxes)
def swapaxes(site: Site, fn: Any, a: Tree, axis1: Tree, axis2: Tree) -> Type:
    dtype, shape = _permutable(site, a)
    if _is_number(axis1) or _is_number(axis2):
        return Array(dtype, tuple([Dim(site.fresh()) for _ in shape]))
    (j,), (k,) = axes_argument(axis1, len(shape)), axes_argument(axis2, len(shape))
    order = list(shape)
    order[j], order[k] = order[k], order[j]
    return Array(dtype, tuple(order))


@analytic(np.moveaxis)
def moveaxis(site: Site, fn: Any, a: Tree, source: Tree, destination: Tree) -> Type:
    dtype, shape = _permutable(site, a)
    if _is_number(source) or _is_number(destination):
        return Array(dtype, tuple([Dim(site.fresh()) for _ in shape]))
    here, there = axes_argument(source, len(shape)), axes_argument(destination, len(shape))
    order = [k for k in range(len(shape)) if k not in here]
    for target, k in sorted(zip(there, here, strict=True)):
        order.insert(target, k)
    return Array(dtype, tuple([shape[k] for k in order]))


@analytic(np.expand_dims)
def expand_dims(site: Site, fn: Any, a: Tree, axis: Tree) -> Type:
    t = array_of(site, a)
    value = constant(axis)
    axes = value if isinstance(value, (tuple, list)) else (value,)
    old = list(known_shape(t))
    ndim = len(old) + len(axes)
    new = axes_argument(tuple(axes), ndim)
    return Array(t.dtype, tuple([1 if k in new else old.pop(0) for k in range(ndim)]))


@analytic(np.squeeze, np.ndarray.squeeze)
def squeeze(site: Site, fn: Any, a: Tree, axis: Tree = None) -> Type:
    dtype, shape = _permutable(site, a)
    if not is_none(axis):
        gone = axes_argument(axis, len(shape))
        return Array(dtype, tuple([n for k, n in enumerate(shape) if k not in gone]))
    if any(isinstance(n, Dim) and may_be_one(n) for n in shape):
        return Array(dtype, None)
    return Array(dtype, tuple([n for n in shape if n != 1]))


@analytic(np.broadcast_to)
def broadcast_to(site: Site, fn: Any, array: Tree, shape: Tree) -> Type:
    return Array(array_of(site, array).dtype, shape_argument(site, shape))


@analytic(np.concatenate)
def concatenate(site: Site, fn: Any, arrays: Tree, axis: Tree = 0) -> Type:
    items = sequence_items(arrays)
    if items is None:
        t = type_of(arrays)
        item = array_of(site, refresh(site, getattr(t, "item", UNKNOWN)))
        parts = [item, Array(item.dtype, tuple([Dim(site.fresh()) for _ in known_shape(item)]))]
    else:
        parts = [array_of(site, item) for item in items]
    where = constant(axis)
    dtypes = [part.dtype for part in parts]
    dtype = promoted(dtypes)
    shapes = [known_shape(part) for part in parts]
    if where is None:
        return Array(dtype, (Dim(site.fresh()) if items is None else total(map(product, shapes)),))
    if not shapes or len({len(shape) for shape in shapes}) != 1:
        raise Unsure
    (k,) = axes_argument(where, len(shapes[0]))
    result: list[Axis] = list(shapes[0])
    for shape in shapes[1:]:
        result = [unify(a, b) for a, b in zip(result, shape, strict=True)]
    result[k] = Dim(site.fresh()) if items is None else total(shape[k] for shape in shapes)
    return Array(dtype, tuple(result))


@analytic(np.stack, np.vstack)
def stack(site: Site, fn: Any, arrays: Tree, axis: Tree = 0) -> Type:
    """The type of a stack; of a list whose length depends on the run: `np.stack` raises if there is nothing in it."""
    items = sequence_items(arrays)
    if items is not None:
        parts = [array_of(site, item) for item in items]
        shapes = [known_shape(part) for part in parts]
        ranks = {len(shape) for shape in shapes}
        if fn is np.vstack and ranks in ({2}, {1, 2}):
            rows = [
                Array(p.dtype, shape if len(shape) == 2 else (1, *shape))
                for p, shape in zip(parts, shapes, strict=True)
            ]
            return concatenate(site, np.concatenate, tuple(rows))
        if len(ranks) != 1 or 0 in ranks or (fn is np.vstack and ranks != {1}):
            raise Unsure
        common = [reduce(unify, axes) for axes in zip(*shapes, strict=True)]
        (k,) = axes_argument(constant(axis), len(common) + 1)
        return Array(promoted([part.dtype for part in parts]), (*common[:k], len(items), *common[k:]))
    item = array_of(site, refresh(site, getattr(type_of(arrays), "item", UNKNOWN)))
    shape = known_shape(item)
    if fn is np.vstack and len(shape) != 1:
        return concatenate(site, np.concatenate, arrays) if shape else Array(item.dtype, (Dim(site.fresh()), 1))
    (k,) = axes_argument(constant(axis), len(shape) + 1)
    return Array(item.dtype, (*shape[:k], Dim(site.fresh()), *shape[k:]))


@analytic(array_of_rows)
def table(site: Site, fn: Any, rows: Tree, dtype: Tree = None, axis: Tree = 0) -> Type:
    """The type of `np.array(rows)`; a dtype that is given is that of floats."""
    found = stack(site, np.stack, rows, axis)
    return found if dtype is None or not isinstance(found, Array) else Array(F8, found.shape)


@analytic(np.block)
def block(site: Site, fn: Any, arrays: Tree) -> Type:
    """The type of what nested lists are joined to, which has an axis for each level at least."""
    level = sequence_items(arrays)
    depth = 0
    while level is not None and any(isinstance(item, list) for item in level):
        inner = [sequence_items(item) for item in level]
        if None in inner:
            raise Unsure
        level = [item for items in inner for item in items or ()]
        depth += 1
    if level is None:
        raise Unsure
    parts = [array_of(site, item) for item in level]
    ranks = [len(known_shape(part)) for part in parts]
    axes = tuple([Dim(site.fresh()) for _ in range(max([depth + 1, *ranks]))])
    return Array(promoted([part.dtype for part in parts]), axes)


# Products and choices.


@analytic(np.matmul, np.dot, np.inner, np.outer, np.ndarray.dot)
def inner_product(site: Site, fn: Any, a: Tree, b: Tree) -> Type:
    s, t = array_of(site, a), array_of(site, b)
    if s.shape is None or t.shape is None:
        return UNKNOWN
    # Numbers are no weak operands here.
    dtype = _dtype_by_example(fn, (len(s.shape), len(t.shape)), (s.dtype, t.dtype))
    if fn is np.outer:
        return Array(dtype, (product(s.shape), product(t.shape)))
    if not (s.shape and t.shape):
        if fn is np.matmul:
            raise Unsure
        return _reduced(dtype, s.shape or t.shape)
    if fn is np.inner:
        return _reduced(dtype, s.shape[:-1] + t.shape[:-1])
    columns = t.shape[-1:] if len(t.shape) > 1 else ()
    if fn is np.matmul:
        rows = s.shape[-2:-1]
        return _reduced(dtype, broadcast_shapes([s.shape[:-2], t.shape[:-2]]) + rows + columns)
    return _reduced(dtype, s.shape[:-1] + t.shape[:-2] + columns)


@analytic(np.where)
def where(site: Site, fn: Any, condition: Tree, x: Tree, y: Tree) -> Type:
    operands = [numeric(site, operand) for operand in (condition, x, y)]
    shapes = [shape_of(t) for t in operands]
    weak = {"b": np.dtype(bool), "i": 1, "f": 1.0, "c": 1j}
    kinds = [weak[t.kind] if isinstance(t, PyScalar) else getattr(t, "dtype", None) for t in operands[1:]]
    dtype = None if any(kind is None for kind in kinds) else np.result_type(*kinds)
    return Array(dtype, None if None in shapes else broadcast_shapes(shapes))  # type: ignore[arg-type]
