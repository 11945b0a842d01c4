"""Numbers that may be None instead: the best so far, the previous one, an item that nobody has set."""

from __future__ import annotations

import numpy as np

from programs import program, rand


@program(lambda: (rand(4), 3), tags=("none",))
def largest_of_some(x, n):
    best = None
    for k in range(n):
        value = x[k] * x[k] + 0.3 * x[k]
        if best is None or value > best:
            best = value
    return x[0] if best is None else best * best * x[1]


@program(lambda: (rand(4), 0), tags=("none",))
def nothing_is_found(x, n):
    found = None
    for k in range(n):
        found = x[k] * x[k]
    return np.sum(x**3) if found is None else found * found


@program(lambda: (rand(5),), tags=("none", "loop"))
def differences_to_the_previous_one(x):
    previous, total = None, 0.0
    for v in x:
        if previous is not None:
            total += (v - previous) ** 2 * np.sin(v)
        previous = v
    return total


@program(lambda: (rand(4), 2), tags=("none", "writes"))
def place_that_may_be_a_new_axis(x, n):
    k = None
    for i in range(n):
        k = i
    y = x * 1.0
    total = np.sum(y**3)
    y[k] = y[k] * y[k]
    total += np.sum(y**2)
    y[k] *= 0.5
    return total + np.sum(y**3)


@program(lambda: (rand(4), 0), tags=("none", "writes"))
def place_that_is_a_new_axis(x, n):
    k = None
    for i in range(n):
        k = i
    y = x * 1.0
    total = np.sum(y**3)
    y[k] = y[k] * y[k]
    total += np.sum(y**2)
    y[k] *= 0.5
    return total + np.sum(y**3)


@program(lambda: (rand(4), 3), tags=("none", "list"))
def table_with_holes(x, n):
    rows = [[None for _ in range(3)] for _ in range(2)]
    for k in range(n):
        rows[k % 2][k % 3] = x[k] * x[k]
    return sum(v * v * x[3] for row in rows for v in row if v is not None)


@program(lambda: (rand(5, low=0.1, high=1.0),), tags=("none", "dict"))
def product_by_key(x):
    products = {}
    for v in x:
        key = "large" if v > 0.5 else "small"
        before = products.get(key)
        products[key] = v if before is None else before * v
    return sum(p**2 for p in products.values()) + x[0]


@program(lambda: (rand(3),), tags=("none", "complex"))
def complex_number_or_none(x):
    z = None
    for v in x:
        z = v * (1 + 2j) if z is None else z * (v + 0.5j)
    return abs(z) ** 2 + (z * z).imag


@program(lambda: (rand(3), 2), tags=("none",))
def integer_at_first(x, n):
    scale = None
    for k in range(n):
        scale = 2 if scale is None else scale * x[k]
    return (scale or 3) * np.sum(x**2)


@program(lambda: (rand(3),), tags=("none",))
def compared_with_none_and_numbers(x):
    before, changes = None, 0
    for v in x:
        changes += (before == None) + (before != v)  # noqa: E711
        before = v
    return before * before * changes


@program(lambda: (rand(3, 2), 2), tags=("none", "list"))
def smallest_places(m, n):
    chosen, total = [], 0.0
    for row in m:
        place = None
        for k in range(n):
            if place is None or row[k] < row[place]:
                place = k
        chosen.append(place)
    for row, place in zip(m, chosen, strict=True):
        total += row[place] ** 2
    return total


@program(lambda: (rand(4),), tags=("none", "list", "in place"))
def least_of_rows_that_are_written(x):
    rows, best = [], None
    for k in range(3):
        rows.append(x * (k + 1))
    for row in rows:
        if best is None or np.sum(row) < np.sum(best):
            best = row
    best[0] *= x[1]
    rows[1][2] = rows[0][1] * 2
    return np.mean(best) + np.sum(rows[0] ** 2) + np.sum(rows[1])


@program(lambda: (rand(4),), tags=("none", "list", "in place"))
def row_before_this_one_is_written(x):
    rows, previous = [], None
    for k in range(4):
        row = np.zeros(3)
        row[0] = x[k]
        if previous is not None:
            row[1:] = previous[:-1] * x[0]
            previous[2] += row[0]
        rows.append(row)
        previous = row
    return np.sum(np.array(rows) ** 2) + previous[1]


@program(lambda: (rand(4),), tags=("none", "dict", "in place"))
def last_array_of_a_table_is_written(x):
    table, last = {}, None
    for k in range(4):
        if k % 2 not in table:
            table[k % 2] = x * (k + 1)
        if last is not None:
            last[k] += table[k % 2][0]
        last = table[k % 2]
    return np.sum(table[0] * table[1]) + last[2]


@program(lambda: (rand(2),), tags=("none", "list", "in place"))
def greatest_of_arrays_that_grow(x):
    rows, greatest = [x * 1.0, x * 2.0], None
    for row in rows:
        if greatest is None or row[0] > greatest[0]:
            greatest = row
        greatest += row * 0.5
    return np.sum(rows[0] * rows[1]) + np.sum(greatest)


@program(lambda: (rand(3),), tags=("none", "tuple"))
def limits_that_are_only_there_where_nobody_looks(x):
    limits = None
    if x.sum() > 100.0:
        low, high = limits
        x = np.clip(x, low, high)
    return np.sum(x**2)


@program(lambda: (rand(3),), tags=("none", "try"))
def pair_that_may_be_none(x):
    total = 0.0
    for k in range(3):
        try:
            a, b = None if x[k] > 0.6 else (x[1], x[2] * k)
        except TypeError:
            a = b = x[0]
        total = total + a * b
    return total


@program(lambda: (rand(4), 0), tags=("none", "clip"))
def limit_that_may_be_none(x, n):
    low = x * 0.9 if n else None
    total = np.sum(np.clip(x * x, low, 0.5))
    if low is not None:
        total += np.sum(low * low)
    return total


@program(lambda: (rand(4),), tags=("none", "clip", "loop"))
def limit_that_a_loop_makes(x):
    low, total = None, 0.0
    for _ in range(2):
        total += np.sum(np.clip(x, low, 1.0))
        if low is None:
            low = x * 1.1
        total += np.sum(low * low)
    return total
