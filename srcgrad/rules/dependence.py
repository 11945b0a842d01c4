"""What depends on what, by families of functions: the unions that generated code makes in place of the arithmetic.

Each helper takes the arguments of the functions that it stands for, with sets in place of those that are
differentiated. A product takes `operand != 0` for an operand that is not: nothing passes through a zero. Where a
helper knows too little it says too much: more than there is costs time, less would be a wrong number.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.rules.index import scatter
from srcgrad.rules.index_sets import as_sets, no_list, union, union_at, union_of, unions
from srcgrad.rules.shape import array_of_rows

DEPENDENCE: dict[Callable, Callable] = {}
"""Functions -> the helper that stands for them on sets."""
PRODUCTS: set[Callable] = set()
"""Helpers that are told where the operands that are not differentiated are zero."""
_MANY = 1_000_000


def _stands_for(*fns: Any, product: bool = False) -> Callable[[Callable], Callable]:
    def decorate(helper: Callable) -> Callable:
        DEPENDENCE.update(dict.fromkeys(fns, helper))
        if product:
            PRODUCTS.add(helper)
        return helper

    return decorate


def _np(names: str, module: Any = np) -> list[Callable]:
    """The functions of these names that this NumPy has."""
    return [getattr(module, name) for name in names.split() if hasattr(module, name)]


_DIAGONALS = [np.diag, np.diagonal, runtime.diagonal_view, *_np("diagonal", np.linalg)]
MOVES: frozenset[Any] = frozenset(
    [
        *_np("append array_split asanyarray asarray ascontiguousarray asfortranarray atleast_1d atleast_2d atleast_3d"),
        *_np("array block broadcast_to choose column_stack compress concatenate copy delete diagflat dsplit dstack"),
        *_np("expand_dims extract flip fliplr flipud full hsplit hstack insert matrix_transpose moveaxis ravel repeat"),
        *_np("reshape resize roll rollaxis rot90 select split squeeze stack swapaxes take take_along_axis tile"),
        *_np("transpose tril triu vsplit vstack where meshgrid broadcast_arrays"),
        *_np("fftshift ifftshift", np.fft),
        *_np("matrix_transpose", np.linalg),
        *_np("choose compress copy flatten item", np.ndarray),
        *_DIAGONALS,
        *(operator.getitem, runtime.expanded, runtime.copied, runtime.laid_out_as, array_of_rows),
    ]
)
"""Functions that move elements, or take some, and do nothing to them: they do the same to sets."""
_DTYPE_PLACES: dict[Any, int] = dict.fromkeys(_np("array asarray asanyarray ascontiguousarray asfortranarray"), 1)
DTYPE_PLACES: dict[Any, int] = {**_DTYPE_PLACES, np.full: 2, np.full_like: 2, array_of_rows: 1}
"""Those that make what they return of a dtype -> where they are told which."""
ELEMENTWISE: frozenset[Any] = frozenset(
    [
        *_np("clip nan_to_num angle modf frexp divmod real imag"),
        *_np("astype conj conjugate clip", np.ndarray),
        *(divmod, math.modf, math.frexp, complex, runtime.real_like, runtime.masked_product),
    ]
)
"""Functions that compute each element of what they return from those in its place, besides those with partials."""


@_stands_for(
    *_np("sum mean prod max min amax amin std var ptp median nansum nanprod nanmax nanmin nanmean nanmedian nanstd"),
    *_np("nanvar"),
)
def union_along(a: Any, axis: Any = None, *rest: Any, keepdims: Any = False, **others: Any) -> Any:
    """Unions along axes, all of them for None."""
    a = as_sets(a)
    axes = range(a.ndim) if axis is None else [axis] if isinstance(axis, (int, np.integer)) else axis
    axes = sorted({int(k) % max(a.ndim, 1) for k in axes})
    kept = [k for k in range(a.ndim) if k not in axes]
    shape = [a.shape[k] for k in kept]
    rows = np.transpose(a, [*kept, *axes]).reshape(math.prod(shape), -1) if a.size else np.zeros((math.prod(shape), 0))
    result = _of_rows(as_sets(rows)).reshape(shape)
    keepdims = keepdims or any(given is True for given in rest)
    return np.expand_dims(result, tuple(axes)) if keepdims and axes else result[()]


def _of_rows(rows: np.ndarray) -> np.ndarray:
    """The union of each row."""
    count, length = rows.shape
    if length == 1:
        return rows[:, 0].copy()
    return unions().groups(np.repeat(np.arange(count), length), np.ascontiguousarray(rows).ravel(), count)


@_stands_for(*[getattr(f, "reduce") for f in (np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin)])  # noqa: B009
def union_reduced(array: Any, axis: Any = 0, *rest: Any, **others: Any) -> Any:
    """As `union_along`, along the first axis if no other is given."""
    return union_along(array, axis, *rest, **others)


@_stands_for(np.linalg.norm, *_np("vector_norm", np.linalg))
def union_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    return union_along(x, axis, keepdims=keepdims)


@_stands_for(sum)
def union_of_items(items: Any, start: Any = 0) -> Any:
    """The union of the items, each a set or an array of sets."""
    return functools.reduce(union, items, start)


@_stands_for(math.fsum, math.prod)
def union_of_numbers(items: Any, **others: Any) -> Any:
    """The union of the items."""
    return union_of(items)


@_stands_for(*_np("cumsum cumprod nancumsum nancumprod"))
def union_up_to(a: Any, axis: Any = None, *rest: Any, **others: Any) -> Any:
    """Unions along an axis, from the first element up to each one."""
    return _up_to(as_sets(a), axis)


def _up_to(a: np.ndarray, axis: Any) -> np.ndarray:
    if axis is None:
        a, axis = a.reshape(-1), 0
    if a.size == 0:
        return a.copy()
    lines = np.moveaxis(a, axis, -1)
    chains = unions().chains(lines.reshape(-1, lines.shape[-1])).reshape(lines.shape)
    return np.moveaxis(chains, -1, axis)


@_stands_for(*[fn.accumulate for fn in (np.add, np.multiply, np.maximum, np.minimum)])
def union_accumulated(array: Any, axis: Any = 0, *rest: Any, **others: Any) -> Any:
    """As `union_up_to`, along the first axis if no other is given."""
    return _up_to(as_sets(array), axis)


@_stands_for(*_np("sort partition"))
def union_of_line(a: Any, *rest: Any, axis: Any = -1, **others: Any) -> Any:
    """For each element the union of its line: what an order decides may come from anywhere in it."""
    a = as_sets(a)
    if axis is None or rest or a.ndim == 0:
        return np.broadcast_to(union_of(a), (a.size,) if axis is None else a.shape).copy()
    return np.broadcast_to(union_along(a, axis, keepdims=True), a.shape).copy()


@_stands_for(np.trace)
def union_trace(a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1, *rest: Any, **others: Any) -> Any:
    return union_along(np.diagonal(as_sets(a), offset, axis1, axis2), -1)


@_stands_for(*_np("trace", np.linalg))
def union_matrix_trace(x: Any, *, offset: Any = 0, dtype: Any = None) -> Any:
    return union_along(np.diagonal(as_sets(x), offset, -2, -1), -1)


@_stands_for(np.diff)
def union_diff(a: Any, n: Any = 1, axis: Any = -1, prepend: Any = None, append: Any = None) -> Any:
    a = as_sets(a)
    parts = [a if part is a else _as_end(part, a, axis) for part in (prepend, a, append) if not _is_absent(part)]
    a = np.moveaxis(np.concatenate(parts, axis), axis, -1)
    for _ in range(n):
        a = union(a[..., 1:], a[..., :-1])
    return np.moveaxis(a, -1, axis)


def _is_absent(part: Any) -> bool:
    return part is None or part is np._NoValue  # type: ignore[attr-defined]


def _as_end(part: Any, a: np.ndarray, axis: int) -> np.ndarray:
    part = as_sets(part)
    if part.ndim:
        return part
    shape = list(a.shape)
    shape[axis] = 1
    return np.broadcast_to(part, shape)


@_stands_for(np.gradient)
def union_gradient(f: Any, *spacing: Any, axis: Any = None, edge_order: Any = 1) -> Any:
    """Each element from its neighbours, those at the ends from three."""
    f = as_sets(f)
    axes = range(f.ndim) if axis is None else [axis] if isinstance(axis, (int, np.integer)) else axis
    found = [_of_neighbours(f, k) for k in axes]
    return found[0] if len(found) == 1 else found


def _of_neighbours(f: np.ndarray, axis: int) -> np.ndarray:
    lines = np.moveaxis(f, axis, -1)
    sets = lines.copy()
    sets[..., 1:] = union(sets[..., 1:], lines[..., :-1])
    sets[..., :-1] = union(sets[..., :-1], lines[..., 1:])
    for end, second in ((0, 1), (-1, -2)):
        sets[..., end] = union(sets[..., end], sets[..., second])
    return np.moveaxis(sets, -1, axis)


@_stands_for(np.vander)
def union_vander(x: Any, N: Any = None, increasing: Any = False) -> Any:
    x = as_sets(x)
    return np.broadcast_to(x[:, None], (len(x), len(x) if N is None else N)).copy()


@_stands_for(np.bincount)
def union_bincount(x: Any, weights: Any = None, minlength: Any = 0) -> Any:
    x = np.asarray(x)
    count = max(int(x.max()) + 1 if x.size else 0, int(minlength))
    return unions().groups(x, np.broadcast_to(as_sets(weights), x.shape), count)


@_stands_for(scatter)
def union_scatter(h: Any, i: Any, shape: Any) -> Any:
    sets = np.zeros(shape, np.int64)
    union_at(sets, i, h)
    return sets


@_stands_for(runtime.unbroadcast, runtime.like)
def union_like(c: Any, x: Any) -> Any:
    """Unions over the axes along which `x` was broadcast."""
    if isinstance(x, (list, tuple, dict)):
        return _parts_like(c, x)
    shape, c = np.shape(x), as_sets(c)
    if c.ndim > len(shape):
        c = as_sets(union_along(c, tuple(range(c.ndim - len(shape)))))
    axes = tuple([k for k in range(-c.ndim, 0) if shape[k] == 1 and c.shape[k] != 1])
    if axes:
        c = union_along(c, axes, keepdims=True)
    return np.broadcast_to(c, shape).copy() if isinstance(x, np.ndarray) else c[()]


def _parts_like(c: Any, x: Any) -> Any:
    keys = list(x) if isinstance(x, dict) else list(range(len(x)))
    inner = isinstance(c, (list, tuple, dict)) or np.ndim(c)
    found = [union_like(c[key] if inner else c, x[key]) for key in keys]
    return dict(zip(keys, found, strict=True)) if isinstance(x, dict) else found


# Writes


def union_change(x_deps: Any, v_deps: Any) -> Any:
    """What `x_deps += ...` takes to become the union with `v_deps`."""
    return union(no_list(x_deps), v_deps) - x_deps


# Products


@_stands_for(operator.matmul, np.matmul, *_np("matmul", np.linalg), product=True)
def union_matmul(a: Any, b: Any) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    batch = list(range(max(a.ndim, b.ndim) - 2))
    left = [*batch[len(batch) - max(a.ndim - 2, 0) :], *(["i"] if a.ndim > 1 else []), "k"]
    right = [*batch[len(batch) - max(b.ndim - 2, 0) :], "k", *(["j"] if b.ndim > 1 else [])]
    return _contracted([left, right], [*batch, *(k for k in ("i", "j") if k in left + right)], [a, b])


@_stands_for(np.dot, product=True)
def union_dot(a: Any, b: Any, *rest: Any) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        return union(_without_masks(a), _without_masks(b))
    return _tensordot(a, b, [a.ndim - 1], [max(b.ndim - 2, 0)])


@_stands_for(np.inner, product=True)
def union_inner(a: Any, b: Any) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        return union(_without_masks(a), _without_masks(b))
    return _tensordot(a, b, [a.ndim - 1], [b.ndim - 1])


@_stands_for(np.vdot, product=True)
def union_vdot(a: Any, b: Any) -> Any:
    return _tensordot(np.ravel(a), np.ravel(b), [0], [0])


@_stands_for(np.vecdot, *_np("vecdot", np.linalg), product=True)
def union_vecdot(a: Any, b: Any, *, axis: Any = -1) -> Any:
    a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
    batch = list(range(max(a.ndim, b.ndim) - 1))
    labels = [[*batch[len(batch) + 1 - x.ndim :], "k"] for x in (a, b)]
    return _contracted(labels, batch, [a, b])


@_stands_for(np.outer, *_np("outer", np.linalg), product=True)
def union_outer(a: Any, b: Any, *rest: Any) -> Any:
    return _contracted([["i"], ["j"]], ["i", "j"], [np.ravel(a), np.ravel(b)])


@_stands_for(*[getattr(f, "outer") for f in (np.add, np.subtract, np.multiply)], product=True)  # noqa: B009
def union_each_with_each(a: Any, b: Any) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    return union(_without_masks(a).reshape(a.shape + (1,) * b.ndim), _without_masks(b))


@_stands_for(np.tensordot, *_np("tensordot", np.linalg), product=True)
def union_tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    if isinstance(axes, (int, np.integer)):
        return _tensordot(a, b, list(range(a.ndim - axes, a.ndim)), list(range(axes)))
    first, second = ([k] if isinstance(k, (int, np.integer)) else list(k) for k in axes)
    return _tensordot(a, b, [k % a.ndim for k in first], [k % b.ndim for k in second])


@_stands_for(np.einsum, product=True)
def union_einsum(subscripts: Any, *operands: Any, **others: Any) -> Any:
    """Only for subscripts as a text."""
    arrays = [np.asarray(x) for x in operands]
    given, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = given.split(",")
    extra = max([x.ndim - len(t.replace("...", "")) for t, x in zip(terms, arrays, strict=True) if "..." in t] + [0])

    def labels(term: str, ndim: int) -> list[Any]:
        before, dots, after = term.partition("...")
        count = ndim - len(before) - len(after) if dots else 0
        return [*before, *range(extra - count, extra), *after]

    if not arrow:
        once = sorted(c for c in set(given) - set(",.") if given.count(c) == 1)
        result = ("..." if extra else "") + "".join(once)
    inputs = [labels(t, x.ndim) for t, x in zip(terms, arrays, strict=True)]
    return _contracted(inputs, labels(result, len(result.replace("...", "")) + extra), arrays)


@_stands_for(np.kron, product=True)
def union_kron(a: Any, b: Any) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    ndim = max(a.ndim, b.ndim)
    a, b = (x.reshape((1,) * (ndim - x.ndim) + x.shape) for x in (a, b))
    first, second = [("a", k) for k in range(ndim)], [("b", k) for k in range(ndim)]
    pairs = [label for both in zip(first, second, strict=True) for label in both]
    shape = [p * q for p, q in zip(a.shape, b.shape, strict=True)]
    return as_sets(_contracted([first, second], pairs, [a, b])).reshape(shape)[()]


@_stands_for(np.convolve, product=True)
def union_convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    return _convolved(np.atleast_1d(a), np.atleast_1d(v), mode)


@_stands_for(np.correlate, product=True)
def union_correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    return _convolved(v, a[::-1], mode)[::-1] if len(a) < len(v) else _convolved(a, v[::-1], mode)


def _convolved(a: np.ndarray, v: np.ndarray, mode: Any) -> np.ndarray:
    i, j = (k.ravel() for k in np.indices((len(a), len(v)), sparse=False))
    used = np.ones(len(i), bool)
    for x, k in ((a, i), (v, j)):
        used &= np.asarray(x[k] != 0)
    i, j = i[used], j[used]
    members = [(i + j, x[k]) for x, k in ((a, i), (v, j)) if x.dtype != bool]
    owners = np.concatenate([np.zeros(0, np.intp), *[m[0] for m in members]])
    sets = np.concatenate([np.zeros(0, np.int64), *[as_sets(m[1]) for m in members]])
    full = unions().groups(owners, sets, len(a) + len(v) - 1)
    long, short = max(len(a), len(v)), min(len(a), len(v))
    if mode == "full":
        return full
    first, count = ((short - 1) // 2, long) if mode == "same" else (short - 1, long - short + 1)
    return full[first : first + count]


@_stands_for(np.cross, *_np("cross", np.linalg), product=True)
def union_cross(a: Any, b: Any) -> Any:
    """The cross product of vectors along the last axis: each element from all of both vectors."""
    vectors = [np.asarray(a), np.asarray(b)]
    three = any(x.shape[-1] == 3 for x in vectors)
    parts = [union_along(_without_masks(x), -1, keepdims=three) for x in vectors]
    result = union(*parts)
    return np.repeat(as_sets(result), 3, axis=-1) if three else result


def _without_masks(x: np.ndarray) -> np.ndarray:
    """Empty sets for what is not differentiated."""
    return np.zeros(x.shape, np.int64) if x.dtype == bool else as_sets(x)


def _tensordot(a: np.ndarray, b: np.ndarray, first: Sequence[int], second: Sequence[int]) -> Any:
    left: list[Any] = [("a", k) for k in range(a.ndim)]
    right: list[Any] = [("b", k) for k in range(b.ndim)]
    for p, q in zip(first, second, strict=True):
        left[p] = right[q] = ("sum", p)
    kept = [label for label in left + right if label[0] != "sum"]
    return _contracted([left, right], kept, [a, b])


def _contracted(labels: list[list[Any]], kept: list[Any], operands: list[np.ndarray]) -> Any:
    """A sum of products over labelled axes, as `np.einsum` knows them.

    Args:
        labels: the labels of the axes of each operand.
        kept: those of the result.
        operands: sets, or masks of what is not zero.
    """
    lengths: dict[Any, int] = {}
    for names, x in zip(labels, operands, strict=True):
        for name, n in zip(names, x.shape, strict=True):
            lengths[name] = n if lengths.get(name, 1) == 1 else lengths[name]
    simple = [_simplified(names, x, lengths) for names, x in zip(labels, operands, strict=True)]
    shape = tuple(lengths[name] for name in kept)
    result = np.zeros(shape, np.int64)
    for k, (names, x) in enumerate(simple):
        if x.dtype != bool:
            mask = simple[1 - k] if len(simple) == 2 and simple[1 - k][1].dtype == bool else None
            if mask is not None and _is_worth_it(mask, names, lengths):
                part = _through_mask(names, x, mask, kept, lengths)
            else:
                part = _spread(names, x, kept)
            result = as_sets(union(result, part))
    return result[()]


def _is_worth_it(mask: Any, names: list[Any], lengths: dict[Any, int]) -> bool:
    """Whether to look at where an operand is zero: that takes a step for each product that is not."""
    count = int(np.count_nonzero(mask[1]))
    steps = count * math.prod(lengths[name] for name in names if name not in mask[0])
    return count < mask[1].size and (2 * count <= mask[1].size or steps <= _MANY)


def _simplified(names: list[Any], x: np.ndarray, lengths: dict[Any, int]) -> tuple[list[Any], np.ndarray]:
    """An operand without axes that are broadcast, and with one axis for each label."""
    for k in reversed(range(x.ndim)):
        if x.shape[k] == 1 and lengths[names[k]] != 1:
            x, names = np.take(x, 0, k), names[:k] + names[k + 1 :]
    for name in [n for k, n in enumerate(names) if n in names[:k]]:
        first = names.index(name)
        second = names.index(name, first + 1)
        x = np.diagonal(x, axis1=first, axis2=second)
        names = [n for k, n in enumerate(names) if k not in (first, second)] + [name]
    return names, x


def _spread(names: list[Any], x: np.ndarray, kept: list[Any]) -> np.ndarray:
    """An operand summed over what is not kept, with axes for all that is."""
    gone = tuple(k for k, name in enumerate(names) if name not in kept)
    if gone:
        x = as_sets(union_along(x, gone))
    names = [name for name in names if name in kept]
    order = sorted(range(len(names)), key=lambda k: kept.index(names[k]))
    x = np.transpose(as_sets(x), order)
    return np.expand_dims(x, tuple(k for k, name in enumerate(kept) if name not in names))


def _through_mask(names: list[Any], x: np.ndarray, mask: Any, kept: list[Any], lengths: dict[Any, int]) -> np.ndarray:
    """A product with an operand most of which is zero."""
    found = np.nonzero(mask[1])
    free = [name for name in names if name not in mask[0]]
    place: dict[Any, np.ndarray] = {
        name: index.reshape((-1,) + (1,) * len(free)) for name, index in zip(mask[0], found, strict=True)
    }
    for k, name in enumerate(free):
        place[name] = np.arange(lengths[name]).reshape((-1,) + (1,) * (len(free) - 1 - k))
    members = x[tuple(place[name] for name in names)] if names else x
    shape = (len(found[0]), *[lengths[name] for name in free])
    owners = np.zeros(shape, np.intp)
    for name in kept:
        owners = owners * lengths[name] + place[name]
    size = math.prod(lengths[name] for name in kept)
    members = np.broadcast_to(members, shape).ravel()
    return unions().groups(owners.ravel(), members, size).reshape([lengths[name] for name in kept])
