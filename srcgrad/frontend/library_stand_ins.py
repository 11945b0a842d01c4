"""What stands in the program for functions of the library that call a function of the user's, or arrange items.

As in `stand_ins`, it is lowered and never run; names and lines in it mean nothing to the user.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import math
from typing import Any

import numpy as np

from srcgrad import checks


def linspace_and_step(start: Any, stop: Any, num: int, endpoint: bool) -> tuple:
    """`np.linspace(..., retstep=True)`."""
    parts = num - 1 if endpoint else num
    step = np.subtract(stop, start) / parts if parts > 0 else np.float64(math.nan)
    return np.linspace(start, stop, num) if endpoint else np.linspace(start, stop, num, endpoint), step


# heapq: items move as they do there, so that equal ones come out in the same order


def heappush(heap: list, item: Any) -> None:
    """`heapq.heappush`."""
    heap.append(item)
    _rise(heap, 0, len(heap) - 1)


def heappop(heap: list) -> Any:
    """`heapq.heappop`."""
    last = heap.pop()
    if len(heap) == 0:
        return last
    first = heap[0]
    heap[0] = last
    _sink(heap, 0)
    return first


def heapreplace(heap: list, item: Any) -> Any:
    """`heapq.heapreplace`."""
    first = heap[0]
    heap[0] = item
    _sink(heap, 0)
    return first


def heappushpop(heap: list, item: Any) -> Any:
    """`heapq.heappushpop`."""
    if len(heap) > 0 and heap[0] < item:
        first = heap[0]
        heap[0] = item
        _sink(heap, 0)
        return first
    return item


def heapify(heap: list) -> None:
    """`heapq.heapify`."""
    for k in reversed(range(len(heap) // 2)):
        _sink(heap, k)


def nsmallest(n: int, items: list, key: Any = None) -> list:
    """`heapq.nsmallest`."""
    return sorted(items, key=key)[: max(n, 0)]


def nlargest(n: int, items: list, key: Any = None) -> list:
    """`heapq.nlargest`."""
    return sorted(items, key=key, reverse=True)[: max(n, 0)]


def _rise(heap: list, start: int, place: int) -> None:
    item = heap[place]
    while place > start:
        parent = (place - 1) // 2
        other = heap[parent]
        if not item < other:
            break
        heap[place] = other
        place = parent
    heap[place] = item


def _sink(heap: list, place: int) -> None:
    # Down to a leaf along the smaller children, and up again from there.
    start, end = place, len(heap)
    item = heap[place]
    child = 2 * place + 1
    while child < end:
        right = child + 1
        if right < end and not heap[child] < heap[right]:
            child = right
        heap[place] = heap[child]
        place = child
        child = 2 * place + 1
    heap[place] = item
    _rise(heap, start, place)


def place_right(items: Any, x: Any, low: int, high: int) -> int:
    """`bisect.bisect_right` between two places."""
    while low < high:
        middle = (low + high) // 2
        if x < items[middle]:
            high = middle
        else:
            low = middle + 1
    return low


def place_left(items: Any, x: Any, low: int, high: int) -> int:
    """`bisect.bisect_left` between two places."""
    while low < high:
        middle = (low + high) // 2
        if items[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


def insert_right(items: list, x: Any) -> None:
    """`bisect.insort`."""
    items.insert(place_right(items, x, 0, len(items)), x)


def insert_left(items: list, x: Any) -> None:
    """`bisect.insort_left`."""
    items.insert(place_left(items, x, 0, len(items)), x)


ON_LISTS: dict[Any, Any] = {
    heapq.heappush: heappush,
    heapq.heappop: heappop,
    heapq.heapreplace: heapreplace,
    heapq.heappushpop: heappushpop,
    heapq.heapify: heapify,
    bisect.insort: insert_right,
    bisect.insort_right: insert_right,
    bisect.insort_left: insert_left,
}
"""Functions that change the order of a list -> what stands in for them."""


# itertools, of items whose number depends on the run


def pairs(items: list) -> Any:
    """`itertools.combinations(items, 2)`."""
    for i in range(len(items)):
        for j in range(i + 1, len(items)):
            yield items[i], items[j]


def triples(items: list) -> Any:
    """`itertools.combinations(items, 3)`."""
    for i in range(len(items)):
        for j in range(i + 1, len(items)):
            for k in range(j + 1, len(items)):
                yield items[i], items[j], items[k]


def pairs_with_equals(items: list) -> Any:
    """`itertools.combinations_with_replacement(items, 2)`."""
    for i in range(len(items)):
        for j in range(i, len(items)):
            yield items[i], items[j]


def ordered_pairs(items: list) -> Any:
    """`itertools.permutations(items, 2)`."""
    for i in range(len(items)):
        for j in range(len(items)):
            if i != j:
                yield items[i], items[j]


def singles(items: list) -> Any:
    """Combinations and permutations of one item each."""
    for i in range(len(items)):
        yield (items[i],)


CHOICES: dict[tuple, Any] = {
    (itertools.combinations, 1): singles,
    (itertools.combinations, 2): pairs,
    (itertools.combinations, 3): triples,
    (itertools.combinations_with_replacement, 1): singles,
    (itertools.combinations_with_replacement, 2): pairs_with_equals,
    (itertools.permutations, 1): singles,
    (itertools.permutations, 2): ordered_pairs,
}
"""A function of `itertools`, and how many items it takes at a time -> what stands in for it."""


# statistics: the sums are exact there, and correctly rounded here


def mean(data: list) -> Any:
    """`statistics.mean`, `statistics.fmean`."""
    return math.fsum(data) / len(data)


def variance(data: list, freedom: int) -> Any:
    """`statistics.variance` and `statistics.pvariance`, which divides by the number of items."""
    center = math.fsum(data) / len(data)
    return math.fsum([(x - center) ** 2 for x in data]) / (len(data) - freedom)


def median(data: list) -> Any:
    """`statistics.median`."""
    ordered = sorted(data)
    n = len(ordered)
    return ordered[n // 2] if n % 2 == 1 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2


# NumPy: what gives a list


def list_of_numbers(x: Any) -> list:
    """`x.tolist()` of an array with one axis."""
    return [float(number) for number in x]


def list_of_rows(x: Any) -> list:
    """`x.tolist()` of a matrix."""
    return [[float(number) for number in row] for row in x]


# NumPy: sets of numbers


def union(ar1: Any, ar2: Any) -> Any:
    """`np.union1d`."""
    return np.unique(np.concatenate((np.ravel(ar1), np.ravel(ar2))))


def _elements(x: Any, assume_unique: bool) -> Any:
    return np.ravel(x) if assume_unique else np.unique(x)


def intersection(ar1: Any, ar2: Any, assume_unique: Any = False) -> Any:
    """`np.intersect1d`: of two equal elements that of the first array."""
    both = np.concatenate((_elements(ar1, assume_unique), _elements(ar2, assume_unique)))
    both = np.sort(both, kind="stable")
    return both[:-1][both[1:] == both[:-1]]


def difference(ar1: Any, ar2: Any, assume_unique: Any = False) -> Any:
    """`np.setdiff1d`."""
    elements = _elements(ar1, assume_unique)
    return elements[np.isin(elements, ar2, invert=True)]


def exclusive(ar1: Any, ar2: Any, assume_unique: Any = False) -> Any:
    """`np.setxor1d`."""
    either = np.sort(np.concatenate((_elements(ar1, assume_unique), _elements(ar2, assume_unique))))
    if len(either) == 0:
        return either
    changes = np.concatenate((np.array([True]), either[1:] != either[:-1], np.array([True])))
    return either[np.logical_and(changes[1:], changes[:-1])]


# NumPy: functions of the user's, element by element or row by row


def vectorized(fn: Any, x: Any) -> Any:
    """`np.vectorize(fn)(x)`."""
    elements = np.ravel(x)
    if len(elements) == 0:
        raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
    results = [fn(element) for element in elements]
    checks.check_float(results[0])
    return np.reshape(np.array(results), np.shape(x))


def vectorized_together(fn: Any, *operands: Any) -> Any:
    """`np.vectorize(fn)(x, y, ...)`."""
    arrays = np.broadcast_arrays(*operands)
    columns = [np.ravel(array) for array in arrays]
    if len(columns[0]) == 0:
        raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
    results = [fn(*[column[k] for column in columns]) for k in range(len(columns[0]))]
    checks.check_float(results[0])
    return np.reshape(np.array(results), np.shape(arrays[0]))


def along_rows(fn: Any, rows: Any, *args: Any, **kwargs: Any) -> Any:
    """`np.apply_along_axis(fn, -1, rows)` of a matrix."""
    results = [fn(row, *args, **kwargs) for row in rows]
    checks.check_float(results[0])
    return np.array(results)


def over_axes(fn: Any, x: Any, axes: Any) -> Any:
    """`np.apply_over_axes`."""
    value = np.asarray(x)
    axes_in_turn = axes if isinstance(axes, (tuple, list)) else (axes,)
    for axis in axes_in_turn:
        result = fn(value, axis)
        value = result if np.ndim(result) == np.ndim(value) else np.expand_dims(result, axis)
    return value


def piecewise(x: Any, conditions: Any, functions: Any, *args: Any, **kwargs: Any) -> Any:
    """`np.piecewise`."""
    result = np.zeros_like(x)
    for condition, function in zip(conditions, functions, strict=False):
        result[condition] = function(x[condition], *args, **kwargs) if callable(function) else function
    if len(functions) == len(conditions) + 1:
        rest = np.logical_not(np.any(np.array(conditions), axis=0))
        result[rest] = functions[-1](x[rest], *args, **kwargs) if callable(functions[-1]) else functions[-1]
    return result


def gradient_at(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """`np.gradient` where coordinates are given along some axes, by the same formulas."""
    values = np.asarray(f)
    axes = tuple(range(values.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    spacings = varargs * len(axes) if len(varargs) == 1 and np.ndim(varargs[0]) == 0 else varargs
    if len(spacings) != len(axes):
        raise TypeError("invalid number of arguments")
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    slopes = tuple([_slopes(values, spacings[k], axes[k], edge_order) for k in range(len(axes))])
    return slopes if len(axes) > 1 else slopes[0]


def _slopes(f: Any, x: Any, axis: int, edge_order: int) -> Any:
    if np.ndim(x) == 0:
        return np.gradient(f, x, axis=axis, edge_order=edge_order)
    if len(x) != f.shape[axis]:
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    if f.shape[axis] < edge_order + 1:
        raise ValueError("Shape of array too small to calculate a numerical gradient")
    steps = np.diff(np.asarray(x) * 1.0)
    left, right = steps[:-1], steps[1:]
    y = np.moveaxis(f, axis, -1)
    inner = (
        y[..., :-2] * (-right / (left * (left + right)))
        + y[..., 1:-1] * ((right - left) / (left * right))
        + y[..., 2:] * (left / (right * (left + right)))
    )
    if edge_order == 1:
        first = (y[..., 1:2] - y[..., :1]) / steps[0]
        last = (y[..., -1:] - y[..., -2:-1]) / steps[-1]
    else:
        first = _end_slope(y[..., :1], y[..., 1:2], y[..., 2:3], steps[0], steps[1])
        last = -_end_slope(y[..., -1:], y[..., -2:-1], y[..., -3:-2], steps[-1], steps[-2])
    slopes = np.concatenate([first, inner, last], axis=-1)
    if f.dtype.kind == "f" and f.dtype != slopes.dtype:
        slopes = slopes.astype(f.dtype)
    return np.moveaxis(slopes, -1, axis)


def _end_slope(end: Any, next_: Any, third: Any, near: Any, far: Any) -> Any:
    """The slope at an end of a parabola through three points."""
    return (
        -(2.0 * near + far) / (near * (near + far)) * end
        + (near + far) / (near * far) * next_
        - near / (far * (near + far)) * third
    )
