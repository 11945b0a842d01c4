"""Variables that are of one kind before a loop, and of another behind its first turn."""

import numpy as np

from . import program, rand, signed


@program(lambda: (rand(5),), tags=("loops", "compiled"))
def series_of_an_array(x):
    total, term = 0, 1.0
    for k in range(1, 6):
        term = term * x / k
        total = total + term
    return np.sum(total**2)


@program(lambda: (rand(4), signed(5, 4)), argnums=(0, 1), tags=("loops", "compiled"))
def horner_by_rows(x, a):
    total = 0.0
    for row in reversed(a):
        total = total * x + row
        if np.sum(total) > 50.0:
            break
    return np.sum(np.exp(-total * total))


@program(lambda: (rand(4),), tags=("loops", "compiled"))
def two_turns_until_both_are_arrays(x):
    before, now = 0.0, 1.0
    for _ in range(5):
        before, now = now, 2 * x * now - before
    return np.sum(now * before)


@program(lambda: (rand(4), signed(5, 4)), argnums=(0, 1), tags=("loops", "compiled"))
def turns_that_are_skipped(x, a):
    total = 0
    for i, row in enumerate(a):
        if i == 2:
            continue
        total = total + i * row * x
    return total @ total


@program(lambda: (rand(4), signed(5, 4)), argnums=(0, 1), tags=("loops", "compiled"))
def triangle_of_sums(x, a):
    total = 0.0
    for i in range(len(a)):
        inner = 0.0
        for j in range(i + 1):
            inner = inner + a[j] * x
        total = total + np.sin(inner)
    return np.sum(total)


@program(lambda: (rand(4), 0.7), argnums=(0, 1), tags=("while", "compiled"))
def until_terms_are_small(x, c):
    total, term, k = 0.0, c, 1
    while np.max(np.abs(term)) > 1e-3:
        term = term * x / (2 * k)
        total = total + term
        k += 1
    return np.sum(total)


@program(lambda: (rand(4), signed(5, 4)), argnums=(0, 1), tags=("loops", "none", "compiled"))
def nothing_before_the_first_turn(x, a):
    before, total = None, 0.0
    for row in a:
        now = np.tanh(row * x)
        if before is not None:
            total += np.sum((now - before) ** 2)
        before = now
    return total


@program(lambda: (rand(4),), tags=("loops", "dtypes", "compiled"))
def whole_numbers_become_floats(x):
    counts = np.zeros(4, dtype=int)
    for k in range(4):
        counts = counts + 0.5 * x * k
    return np.sum(counts**2)


@program(lambda: (signed(4, 3), signed(3)), argnums=(0, 1), tags=("loops", "descent", "compiled"))
def gradients_summed_by_hand(a, w):
    loss = 0
    for _ in range(3):
        g = 0
        for i in range(len(a)):
            g = g + 2 * (a[i] @ w - 1.0) * a[i]
        w = w - 0.01 * g
        loss = loss + np.sum((a @ w - 1) ** 2)
    return loss


@program(lambda: (rand(4), signed(5, 4)), argnums=(0, 1), tags=("loops", "return", "compiled"))
def left_in_the_first_turn_or_later(x, a):
    total = 0.0
    for row in a:
        total = total + row * x
        if total[0] > 100.0:
            return np.sum(total)
    return np.sum(total**3)


@program(lambda: (rand(3),), tags=("builtins", "compiled"))
def sums_of_arrays(x):
    both = sum(x**k for k in range(1, 4)) + sum([x * k for k in range(3)], 1.0)
    return np.prod(both)


@program(lambda: (rand(3), 3), tags=("for", "kinds"))
def sum_of_products_with_the_last_one(x, n):
    y = x
    for _ in range(n):
        y = np.sum(np.sin(y) * x)
    return y * y
