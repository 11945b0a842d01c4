# ruff: noqa: SIM108 (written as users write, not as linters like it)
"""while, break, continue, else of loops, and returns inside loops."""

from __future__ import annotations

import numpy as np

from . import program, rand, signed


@program(lambda: (1.3,), tags=("while",))
def while_grows(x):
    y = x
    while y < 50.0:
        y = y * x + 1.0
    return y


@program(lambda: (0.7, 4), tags=("while",))
def while_counts_down(x, n):
    y = 1.0
    while n > 0:
        y = y * x + np.cos(y)
        n -= 1
    return y


@program(lambda: (0.7,), tags=("while", "zero-trip"))
def while_that_never_runs(x):
    y = x * x
    while y > 100:
        y = y / 2
    return y


@program(lambda: (2.0,), tags=("while", "break"))
def newton_square_root(a):
    x = a
    while True:
        new = 0.5 * (x + a / x)
        if abs(new - x) < 1e-9:
            break
        x = new
    return new


@program(lambda: (rand(8),), tags=("for", "break"))
def sums_until_a_limit(x):
    total = 0.0
    for v in x:
        if total > 2.1:
            break
        total += v * v + 0.3
    return total


@program(lambda: (rand(8),), tags=("for", "break"))
def breaks_after_an_update(x):
    y = 1.0
    for i in range(8):
        y = y * (0.5 + x[i])
        z = y * y
        if z < 0.3:
            y = y + z
            break
        y = y + 0.1 * z
    return y * z


@program(lambda: (signed(8),), tags=("for", "continue"))
def skips_negative_elements(x):
    total = 0.0
    for v in x:
        if v < 0:
            continue
        total += v**3
    return total


@program(lambda: (rand(6),), tags=("for", "continue", "break"))
def continue_and_break_together(x):
    p = 1.0
    for i in range(20):
        if i % 2:
            continue
        p = p * x[i % 6]
        if p < 0.01:
            break
        if p > 1.0:
            p = p - 0.5
            continue
        p = np.sin(p) + 0.05
    return p


@program(lambda: (rand(5), 10.0), tags=("for", "else"))
def else_of_a_loop_that_ends(x, limit):
    s = 0.0
    for v in x:
        s = s + v * v
        if s > limit:
            break
    else:
        s = s * x[0]
    return s


@program(lambda: (rand(5), 0.5), tags=("for", "else", "break"))
def else_of_a_loop_that_breaks(x, limit):
    s = 0.0
    for v in x:
        s = s + v * v
        if s > limit:
            s = s * v
            break
    else:
        s = -1.0
    return s


@program(lambda: (0.8,), tags=("while", "else"))
def else_of_a_while(x):
    y, k = x, 0
    while k < 3:
        y = np.exp(-y) + x
        k += 1
    else:
        y = y * y
    return y


@program(lambda: (rand(6),), tags=("for", "return"))
def returns_from_a_loop(x):
    s = 0.0
    for i in range(6):
        s = s + x[i] * (i + 1)
        if s > 2.0:
            return s * x[i]
    return s * s


@program(lambda: (rand(6),), tags=("for", "return"))
def never_returns_from_its_loop(x):
    s = 1.0
    for v in x:
        s = s * v
        if s > 100:
            return v
    return s * s + x[0]


@program(lambda: (rand(4, 4),), tags=("for", "return", "nested"))
def returns_from_a_nested_loop(a):
    s = 0.0
    for i in range(4):
        for j in range(4):
            s = s + a[i, j] * a[j, i]
            if s > 3.0:
                return s + a[i, j]
        s = s * 0.9
    return -s


@program(lambda: (rand(4, 4),), tags=("for", "break", "nested"))
def breaks_the_inner_loop_only(a):
    total = 0.0
    for i in range(4):
        s = 0.0
        for j in range(4):
            s += a[i, j] ** 2
            if s > 0.9:
                break
        total += s * (j + 1)
    return total


@program(lambda: (rand(4, 4),), tags=("for", "break", "nested", "else"))
def breaks_both_loops(a):
    s = 1.0
    for i in range(4):
        for j in range(4):
            s *= 0.5 + a[i, j]
            if s > 1.4:
                break
        else:
            continue
        s = s + a[i, 0]
        break
    return s * s


@program(lambda: (rand(4, 4),), tags=("for", "continue", "nested"))
def continues_the_inner_loop(a):
    total = 0.0
    for i in range(4):
        if i == 2:
            continue
        for j in range(4):
            if i == j:
                continue
            total += a[i, j] * total * 0.1 + a[j, i]
    return total


@program(lambda: (1.7, 0.1), argnums=(0, 1), tags=("while", "if"))
def while_with_branches(x, y):
    k = 0
    while x > y:
        if k % 2 == 0:
            x = x * 0.7
        else:
            x = x - 0.1 * np.exp(-y)
        y = y + 0.05 * x
        k = k + 1
    return x * y + k


@program(lambda: (0.4,), tags=("while", "walrus"))
def while_with_a_walrus(x):
    total = 0.0
    while (step := x / (1.0 + total)) > 0.12:
        total = total + step
    return total * step


@program(lambda: (rand(6),), tags=("while", "array"))
def while_over_an_index(x):
    i, s = 0, 0.0
    while i < len(x) - 1:
        s = s + x[i] * x[i + 1]
        i = i + 1 + (s > 1.0)
    return s * x[i % 6]


@program(lambda: (0.9, 0.2), argnums=(0, 1), tags=("while", "and"))
def while_with_two_conditions(x, y):
    n = 0
    while n < 10 and abs(x - y) > 0.05:
        x, y = 0.6 * x + 0.4 * y, 0.2 * x + 0.8 * y * y
        n += 1
    return x * y * n


@program(lambda: (0.7,), tags=("while", "return"))
def returns_from_while_true(x):
    k = 1
    term, total = 1.0, 0.0
    while True:
        total = total + term
        term = term * x / k
        if abs(term) < 1e-12:
            return total
        k += 1


@program(lambda: (0.7, 12), tags=("while", "nested"))
def while_inside_for(x, n):
    total = 0.0
    for m in range(1, n, 4):
        y = x * m
        while y > 1.0:
            y = y * 0.5
        total += np.sin(y) * m
    return total


@program(lambda: (rand(5),), tags=("for", "break", "None"))
def first_element_above(x):
    found = None
    for i, v in enumerate(x):
        if v > 0.6:
            found = v * (i + 1)
            break
    if found is None:
        return np.sum(x)
    return found * found


@program(lambda: (rand(5), 1), tags=("for", "break", "zero-trip"))
def breaks_at_once(x, stop):
    y = x[0]
    for _ in range(5):
        if stop:
            break
        y = y * 5.0
    return y * x[1]


@program(lambda: (np.array([0.5, 0.6, 0.0, 0.7]),), tags=("for", "break", "array"))
def stops_at_a_sentinel(x):
    out = np.zeros(4)
    n = 0
    for i in range(4):
        if i == 2:
            break
        out[i] = x[i] ** 2
        n += 1
    return np.sum(out) / n


@program(lambda: (rand(6), 1e-3), tags=("for", "break", "array"))
def relaxation_with_tolerance(x, tol):
    y = x.copy()
    sweeps = 0
    for _ in range(30):
        r = 0.0
        for i in range(1, len(y) - 1):
            old = y[i]
            y[i] = 0.4 * (y[i - 1] + y[i + 1]) + 0.1 * np.sin(old)
            r += (y[i] - old) ** 2
        sweeps += 1
        if r < tol:
            break
    return np.sum(y * y) + sweeps


@program(lambda: (0.6,), tags=("for", "return", "if"))
def returns_from_both_branches_in_a_loop(x):
    y = x
    for i in range(10):
        y = y * 1.3
        if y > 1.5:
            return y * x
        elif i > 6:
            return x
        else:
            y = y + 0.01 * x
    return 0.0


@program(lambda: (0.31,), tags=("while", "bisection"))
def bisection_then_one_newton_step(c):
    lo, hi = 0.0, 1.0
    while hi - lo > 0.2:
        mid = 0.5 * (lo + hi)
        if mid**3 + mid > 0.4:
            hi = mid
        else:
            lo = mid
    x = 0.5 * (lo + hi)
    for _ in range(6):
        x = x - (x**3 + x - c) / (3 * x**2 + 1)
    return x


@program(lambda: (rand(6),), tags=("while", "continue"))
def continue_in_while(x):
    i, s = 0, 0.0
    while i < 6:
        i += 1
        if i == 3:
            continue
        s = s * 0.5 + x[i - 1] ** 2
    return s


@program(lambda: (rand(4),), tags=("for", "break", "target"))
def target_after_a_break(x):
    for i in range(4):
        v = x[i] * 2.0
        if v > 1.0:
            break
    return v * x[i]
