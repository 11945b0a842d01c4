"""Programs that give functions to the library, and that use its heaps, choices, statistics and windows."""

from __future__ import annotations

import bisect
import functools
import heapq
import itertools
import math
import statistics

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from programs import program, rand, signed


@program(lambda: (rand(7),), tags=("heapq", "tuples"))
def huffman_cost(weights):
    heap = [(w, k) for k, w in enumerate(weights)]
    heapq.heapify(heap)
    total, made = 0.0, len(weights)
    while len(heap) > 1:
        first, _ = heapq.heappop(heap)
        second, _ = heapq.heappop(heap)
        total += (first + second) ** 2
        heapq.heappush(heap, (first + second, made))
        made += 1
    return total


@program(lambda: (rand(6),), tags=("heapq",))
def largest_in_a_window_of_a_heap(x):
    heap = [-v for v in x[:3]]
    heapq.heapify(heap)
    total = 0.0
    for k in range(3, 6):
        total += heapq.heappushpop(heap, -x[k]) * k
    total += heapq.heapreplace(heap, x[0] * 9.0) ** 2
    return total + heapq.nsmallest(2, heap)[1] * heap[0] + heapq.nlargest(1, x, key=lambda v: -v)[0]


@program(lambda: (rand(4, 4, seed=2) + 0.5,), tags=("heapq", "graph"))
def shortest_path(lengths):
    n = len(lengths)
    best = [math.inf] * n
    best[0] = 0.0
    heap = [(0.0, 0)]
    while heap:
        distance, node = heapq.heappop(heap)
        if distance > best[node]:
            continue
        for other in range(n):
            through = distance + lengths[node, other]
            if through < best[other]:
                best[other] = through
                heapq.heappush(heap, (through, other))
    return best[1] * best[2] + best[3] ** 2


@program(lambda: (rand(6),), tags=("bisect",))
def sorted_while_it_grows(x):
    ordered: list = []
    for v in x:
        bisect.insort(ordered, v * v)
    bisect.insort_left(ordered, x[0])
    return sum(v * (k + 1) for k, v in enumerate(ordered))


@program(lambda: (rand(4),), tags=("itertools",))
def choices_among_items_of_an_array(x):
    total = 0.0
    for a, b in itertools.combinations(x, 2):
        total += a * b**2
    for a, b in itertools.permutations(x, 2):
        total += a / b
    for a, b in itertools.combinations_with_replacement(x, 2):
        total += np.sin(a + 2.0 * b)
    return total + sum(a * b * c for a, b, c in itertools.combinations(x, 3))


@program(lambda: (rand(5), rand(4, seed=1)), (0, 1), tags=("statistics",))
def moments_of_samples(x, y):
    middle = statistics.median(x) * statistics.median(list(y))
    spread = statistics.stdev(x) + statistics.pstdev(y) * statistics.variance([y[0], x[1], x[2]])
    return middle + spread * statistics.mean(y) + statistics.fmean([v**2 for v in x]) * statistics.pvariance(x)


@program(lambda: (signed(5), rand(3, seed=1)), (0, 1), tags=("vectorize",))
def function_of_each_element(x, y):
    def bent(t):
        return t * t if t > 0.1 else math.sin(t)

    both = np.vectorize(lambda a, b: a * b if a < b else a - b * y[0])
    return np.sum(np.vectorize(bent)(x) * x) + np.sum(both(x[:, None], y) ** 2)


@np.vectorize
def _soft_threshold(t):
    return t - 0.2 if t > 0.2 else 0.1 * t


@program(lambda: (signed(2, 3), 0.7), (0, 1), tags=("vectorize",))
def decorated_function_of_each_element(m, s):
    return np.sum(_soft_threshold(m) * m) + _soft_threshold(s)


@program(lambda: (rand(3, 4),), tags=("apply_along_axis",))
def function_of_each_row(m):
    rows = np.apply_along_axis(lambda row: row / np.sum(row) * row[0], 1, m)
    columns = np.apply_along_axis(np.max, 0, m)
    return np.sum(rows**2) + np.sum(columns * m[1]) + np.apply_along_axis(lambda row, p: np.sum(row**p), 0, m[0], 3)


@program(lambda: (signed(6),), tags=("piecewise",))
def pieces_of_a_function(x):
    three = np.piecewise(x, [x < -0.2, x > 0.3], [lambda t: -t, lambda t: t**2, 0.5])
    return np.sum(three * x) + np.sum(np.piecewise(x, [x >= 0.0], [np.sqrt, np.sin]))


@program(lambda: (rand(6), rand(3, 3, seed=1)), (0, 1), tags=("windows",))
def windows_over_arrays(x, m):
    moving = sliding_window_view(x, 3)
    blocks = sliding_window_view(m, (2, 2))
    return np.sum(np.max(moving, axis=1) * np.mean(moving, axis=-1)) + np.sum(np.prod(blocks, axis=(2, 3)) ** 2)


@program(lambda: (rand(4), rand(2, 2, seed=1)), (0, 1), tags=("tolist",))
def arrays_as_lists(x, m):
    numbers = x.tolist()
    (a, b), (c, d) = m.tolist()[0], m.tolist()[1]
    numbers.append(a * d - b * c)
    return sum(v * w for v, w in itertools.pairwise(numbers))


class _Square:
    def __init__(self, side):
        self.side = side


class _Rectangle(_Square):
    def __init__(self, side, other):
        super().__init__(side)
        self.other = other


@functools.singledispatch
def _area(shape):
    return shape * 2.0


@_area.register
def _(shape: _Square):
    return shape.side**2


@_area.register
def _(shape: _Rectangle):
    return shape.side * shape.other


@program(lambda: (rand(3),), tags=("singledispatch",))
def areas_by_class(x):
    return _area(_Square(x[0])) * _area(_Rectangle(x[1], x[2])) + _area(x[0])


@program(lambda: (signed(3, 4),), tags=("library",))
def matrices_of_columns(x):
    made = np.apply_along_axis(lambda column: np.outer(column, column[:2]), 0, x)
    rows = np.apply_along_axis(lambda row: np.outer(row, row[:2]), 1, x)
    return np.sum(made[0] ** 2) * made.shape[1] + np.sum(rows[0] ** 3)


@program(lambda: (signed(5), -1), tags=("library",))
def fewer_than_none_of_the_smallest(x, n):
    return sum(heapq.nsmallest(n, x)) + sum(heapq.nlargest(n, x, key=abs)) + np.sum(x**2)


@program(lambda: (signed(5),), tags=("library",))
def pieces_by_one_condition(x):
    return np.sum(np.piecewise(x, x > 0, [lambda v: v**2, lambda v: v * 3]) * np.arange(1, 6))


@program(lambda: (np.array([1.7, -0.4]),), tags=("library",))
def whole_parts_alone(x):
    total = 0.0
    for v in x:
        total += divmod(v, 0.3)[0] * v + math.modf(3.0 * v)[1] * v**2
    return total + np.sum(np.modf(4.0 * x)[1] * x) + np.sum(np.divmod(x, 0.7)[0] * x**2)


@program(lambda: (signed(3), signed(4, seed=1)), argnums=(0, 1), tags=("library",))
def one_grid_of_two(x, y):
    _, rows = np.meshgrid(x, y)
    columns = np.meshgrid(x, y, indexing="ij")[0]
    return np.sum(rows**2 * np.arange(3)) + np.sum(columns**3)


@program(lambda: (signed(2, 3, 4),), tags=("library",))
def averages_with_weights_of_several_axes(x):
    mean = np.average(x, axis=(0, 2), weights=np.abs(x[:, 0, :]))
    of_list = np.average(x, axis=1, weights=[1.0, 2.0, 3.0])
    varying = np.average(x, axis=-1, weights=[x[0, 0, 0] ** 2, 1.0, x[0, 1, 0] ** 2, 3])
    return np.sum(mean**2) + np.sum(of_list**3) + np.sum(varying[0] * varying[1])
