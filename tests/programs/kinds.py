"""Names that stand for a number first and for an array later, or for either, depending on the run."""

from __future__ import annotations

import numpy as np

from . import program, rand, signed


@program(lambda: (rand(4, 3),), tags=("augmented", "kind"))
def total_that_starts_as_zero(rows):
    total = 0
    for r in rows:
        total += r**2
    return np.sum(total * total)


@program(lambda: (rand(4, 3),), tags=("augmented", "kind"))
def total_that_is_scaled_too(rows):
    total = 0
    for r in rows:
        total += r**2
        total *= 1.5
    return np.sum(total * total)


@program(lambda: (rand(4, 3),), tags=("augmented", "kind", "alias"))
def total_by_a_second_name(rows):
    total = 0
    keep = total
    for r in rows:
        total += r**2
        keep = total
    return np.sum(total * keep)


@program(lambda: (rand(4, 3),), tags=("augmented", "kind", "alias"))
def first_total_is_the_last(rows):
    total = 0
    first = 0.0
    for k in range(len(rows)):
        total += rows[k] ** 2
        if k == 0:
            first = total
    return np.sum(total * total) + np.sum(first * rows[1])


@program(lambda: (rand(4, 3),), tags=("augmented", "alias"))
def total_that_is_the_first_row(rows):
    total = rows[0]
    for r in rows:
        total += r**2
    return np.sum(total * total) + np.sum(rows)


@program(lambda: (rand(3), 1.0), tags=("augmented", "kind", "alias"))
def array_or_number_is_an_array(x, flag):
    y = x * 1.0 if flag > 0 else 2.0
    z = y
    y += x
    return np.sum(z * y)


@program(lambda: (rand(3), -1.0), tags=("augmented", "kind", "alias"))
def array_or_number_is_a_number(x, flag):
    y = x * 1.0 if flag > 0 else 2.0
    z = y
    y += x
    return np.sum(z * y)


@program(lambda: (rand(3), 1.0), tags=("augmented", "kind", "alias"))
def array_or_sum_is_an_array(x, flag):
    y = x * 1.0 if flag > 0 else np.sum(x)
    z = y
    y *= x[0]
    z -= x[1]
    return np.sum(z * y)


@program(lambda: (rand(3), -1.0), tags=("augmented", "kind", "alias"))
def array_or_sum_is_a_number(x, flag):
    y = x * 1.0 if flag > 0 else np.sum(x)
    z = y
    y *= x[0]
    z -= x[1]
    return np.sum(z * y)


@program(lambda: (0.7,), tags=("augmented", "kind"))
def flag_that_becomes_a_number(s):
    k = True
    for _ in range(3):
        k += s
    return k * s


@program(lambda: (rand(3),), tags=("augmented", "kind"))
def number_that_becomes_an_array(x):
    total = 0.0
    for _ in range(3):
        total -= x**2
        total /= 1.0 + x
    return np.sum(total * x)


@program(lambda: (rand(3),), tags=("augmented", "kind", "alias"))
def product_by_two_names(x):
    acc = 1
    view = x
    for i in range(4):
        acc *= x
        if i == 1:
            view = acc
    return np.sum(view * acc)


@program(lambda: (rand(3), rand(3, seed=1)), argnums=(0, 1), tags=("augmented", "kind", "alias"))
def update_by_its_own_alias(x, y):
    a = 0
    for _ in range(2):
        a += x * y
        b = a
        a += b
        b *= y
    return np.sum(a * b)


@program(lambda: (rand(2, 3), 3), tags=("augmented", "kind", "while"))
def total_in_a_loop_that_breaks(x, n):
    total, k = 0, 0
    while True:
        total += x[k % 2] * (k + 1)
        k += 1
        if k >= n:
            break
    return np.sum(total**2)


@program(lambda: (rand(3).astype(np.float32), 2), tags=("augmented", "kind", "float32"))
def total_in_single_precision(x, n):
    total = 0
    for k in range(n):
        total += x * (k + 1)
    return np.sum(total * total)


@program(lambda: (rand(3), rand(2, 3, seed=1)), argnums=(0, 1), tags=("augmented", "kind", "broadcast"))
def total_takes_smaller_terms(x, m):
    total = 0
    for k in range(3):
        total += m * (k + 1.0)
        total += x
        total += x[k]
    return np.sum(total * total)


@program(lambda: (rand(3), 0), tags=("augmented", "kind", "empty"))
def total_of_no_terms(x, n):
    total = 0
    for _ in range(n):
        total += x
    return np.sum(total + x * x)


@program(lambda: (rand(3), 2), tags=("augmented", "kind", "helper"))
def total_in_a_helper(x, n):
    def summed(start, times):
        for _ in range(times):
            start += x * x
        return start

    return np.sum(summed(0, n) * summed(0.5, n + 1))


@program(lambda: (rand(3), 2), tags=("augmented", "kind", "nested"))
def totals_of_totals(x, n):
    outer = 0
    for i in range(n):
        inner = 0
        for j in range(n):
            inner += x * (i + j)
            outer += inner
        outer += inner
    return np.sum(outer * outer)


@program(lambda: (signed(3), 2), tags=("augmented", "kind", "branch"))
def total_that_is_sometimes_restarted(x, n):
    total = 0
    for i in range(4):
        if i == n:
            total = 0.5
        total += x * (i + 1)
    return np.sum(total**3)


@program(lambda: (rand(3), 0.4), argnums=(0, 1), tags=("branch",))
def argument_times_what_a_branch_makes_of_it(x, b):
    y = 3.0 * x
    if b > 0:
        y = y + b
    return np.sum(y * x)


@program(lambda: (0.7, 0.4), argnums=(0, 1), tags=("branch",))
def number_times_what_a_branch_makes_of_it(x, b):
    y = 3.0 * x
    if b > 0:
        y = y + b
    return y * x


@program(lambda: (np.arange(1.0, 6.0),), tags=("loop", "broadcast"))
def two_loops_that_shorten_one_array(x):
    y = x
    for _ in range(2):
        y = y[:-1] * 1.5
    z = y * 2
    for _ in range(2):
        y = y[:-1] * 0.5
    return np.sum(z * y)


@program(lambda: ([[1.0, 2.0], [0.5, rand(2)]], 2), tags=("recursion", "list"))
def recursion_over_nested_lists(tree, n):
    def total(node, k):
        if k == 0:
            return node[0][0] * node[1][0] + np.sum(node[1][1])
        return total(node, k - 1) * node[0][1]

    return total(tree, n)


@program(lambda: (1.5, 2.0, rand(3).astype(np.float32)), argnums=(0, 1, 2), tags=("float32", "broadcast"))
def numbers_times_single_precision(w, x, y):
    return np.sum(w * x * y)


def single(*values):
    """Arguments of single precision: numbers as NumPy numbers, arrays as arrays."""
    return tuple(np.float32(v) if np.ndim(v) == 0 else np.asarray(v, np.float32) for v in values)


@program(lambda: single(0.7, rand(2, 3)), argnums=(0, 1), tags=("float32", "list"))
def sum_of_a_list_of_single_numbers(s, m):
    r, c = m.shape
    values = [s**2 for i in range(r) for j in range(c)]
    result = 1
    result += sum((k + 1) * e for k, e in enumerate(values))
    return result * 1.13


@program(lambda: single(0.4, rand(5)), argnums=(0, 1), tags=("float32", "loop", "branch"))
def single_number_that_a_loop_leaves_alone(s, y):
    start = s
    for step in range(3):
        if 0.48 < s * (step + 1) <= 0.5:
            s += np.sum(y) * 0.2 * start
    return 0.36 * s


@program(lambda: single(rand(3), 0.4), argnums=(0, 1), tags=("float32", "list"), output="array")
def single_array_times_a_number_of_a_mixed_list(x, s):
    terms = [0.6, s, s]
    for value in x:
        terms.extend([(value <= 0.86) * s, 0.5])
    return x * (1.38 + sum((k + 1) * e for k, e in enumerate(terms)))


@program(lambda: (np.array(0.7), rand(2)), argnums=(0, 1), tags=("0-d", "branch"))
def number_without_axes_beside_what_a_branch_made(s, m):
    noise = 0.7
    if m[1] < 0.1:
        noise += np.sum(np.full(3, s))
    return 1.25 * s + noise


@program(lambda: (np.array(0.7, np.float32), rand(2)), argnums=(0, 1), tags=("0-d", "float32", "loop"))
def single_number_without_axes_meets_doubles(s, m):
    total = 0.0
    for value in m:
        total += value * s
        if value > 5.0:
            total = s
    return total * total + 2 * s


@program(lambda: (np.float64(0.7), np.float64(0.2), 0.3), argnums=(0, 1, 2), tags=("kind", "loop"))
def numpy_numbers_that_only_scale(a, b, c):
    total = 2 * a
    for _ in range(2):
        if b > 1.0:
            total = b
        total += 3.0 * c
    return total


@program(lambda: ([np.float32(0.5)] * 20, np.float32(2.0)), argnums=(0, 1), tags=("float32", "list", "long list"))
def long_list_of_single_numbers(values, s):
    total = 0.0
    for value in values[2:]:
        total += 1.5 * value
    return total * s


@program(lambda: ([rand(k + 2) for k in range(20)], 2.0), argnums=(0, 1), tags=("list", "long list"))
def long_list_of_arrays_of_many_lengths(values, s):
    total = 0.0
    for value in values:
        total += s * np.sum(value * value)
    return total


@program(lambda: ([0.5] * 20, np.float32(2.0)), argnums=(0, 1), tags=("float32", "list", "long list"))
def long_list_of_numbers_beside_a_single_one(values, s):
    total = 0.0
    for value in values:
        if value < 3.0:
            total += s * value
    return total


@program(lambda: (0.5, rand(3).astype(np.float32)), argnums=(0, 1), tags=("float32", "loop"))
def python_number_that_meets_single_precision(a, x):
    total = a
    for value in x:
        if value > 7.0:
            total = total * value
    return 1.5 * a + total * np.sum(x)


@program(lambda: ({"a": np.float32(0.5), "b": [np.array(1.0), rand(2).astype(np.float32)]},), tags=("float32", "tree"))
def tree_of_numbers_of_many_kinds(p):
    total = 0.0
    for k in range(2):
        total += p["b"][1][k] * p["a"]
        if total > 9.0:
            total = p["b"][0]
    return total + 2.0 * p["b"][0]


def weighted(v):
    v = np.ravel(v)
    return np.sum(v * np.arange(1, len(v) + 1))


@program(lambda: (rand(3, 4), rand(4, seed=1)), (0, 1), tags=("kinds", "views", "writes"))
def views_of_a_total_from_zero(m, y):
    total = 0
    for row in m:
        total += np.exp(-row) * y
    first = weighted(total) * np.transpose(total)[1]
    return first + weighted(total)


@program(lambda: (signed(5), 3), tags=("power", "where"))
def selected_quotient_by_a_power_of_the_run(x, n):
    return np.sum(np.where(x > 0.0, x / (2.0 + x**n), 0.0))


@program(lambda: (rand(4), rand(4, seed=1)), (0, 1), tags=("masks", "lists", "tuples"))
def roots_in_lists_are_masked_later(x, y):
    roots, pairs = [], []
    for k in range(len(y)):
        roots.append(np.sqrt(x - 0.68) * y[k])
        pairs.append((np.log(x - 0.68), y[k]))
    total = 0.0
    for root in roots:
        total += np.sum(np.where(x > 0.78, root, y))
    for log, factor in pairs:
        total += np.sum(np.where(x > 0.78, log, y)) * factor
    return total


@program(lambda: (rand(4), rand(4, seed=1)), (0, 1), tags=("masks", "loop"))
def steps_that_mask_roots(x, y):
    old = y.copy()
    for _ in range(3):
        old = 0.22 * old + 0.3 * np.where(x - 0.68 > 0.1, np.sqrt(x - 0.68), old)
    return np.sum(old * y)


@program(lambda: (rand(3), rand(2, 3, seed=1)), (0, 1), tags=("kind", "views", "dtype"))
def last_of_a_total_becomes_an_array(x, rows):
    total = 0
    for row in rows:
        total += row * x
    last = np.asarray(total[-1], dtype=float)
    last *= 2
    copy = np.asarray(total[0], dtype=float).copy()
    copy *= x[0]
    return np.sum(total * last) * copy


@program(lambda: (rand(3), rand(2, 3, seed=1)), (0, 1), tags=("kind", "views", "in place"))
def last_row_of_a_total_becomes_an_array(x, rows):
    total = 0
    for row in rows:
        total = total + np.outer(row, x)
    last = np.asarray(total[-1], dtype=float)
    last *= x
    first = np.asarray(total[0])
    view = first.reshape(3, 1)
    view *= 3.0
    total[0] += x
    return np.sum(total**2) * first[1]


@program(lambda: (signed(3), 2), tags=("for", "integers"))
def zeros_of_integers_become_floats(x, n):
    force = np.array([0] * 3).copy()
    total = 0.0
    for k in range(n):
        force = np.dot(np.array([x, 2.0 * x, x**k]).T, np.array(force)) + x
        total = total + force @ x
    return total


@program(lambda: (signed(3), 2), tags=("for", "integers"))
def counts_become_floats(x, n):
    weights = np.zeros(3, dtype=int)
    total = 0.0
    for _ in range(n):
        total = total + np.sum(weights * x)
        weights = weights + x
    return total
