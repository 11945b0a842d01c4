"""Arrays and lists that some paths leave undefined: first bound in a loop, which may make no turn, or on one side."""

from __future__ import annotations

import numpy as np

from programs import program, rand


@program(lambda: (rand(3),))
def changed_behind_the_loop_that_binds_it(x):
    for i in range(2):
        w = np.sin(x) * i
    w += x
    w *= x[0]
    return np.sum(w * w)


@program(lambda: (rand(3), 2))
def added_if_the_loop_has_run(x, n):
    z = x
    for _ in range(n):
        w = np.exp(0.3 * z)
        z = w * x
    if n > 0:
        z = z + w
    return np.sum(z**3)


@program(lambda: (rand(3), 0))
def not_added_as_the_loop_has_not_run(x, n):
    z = x
    for _ in range(n):
        w = np.exp(0.3 * z)
        z = w * x
    if n > 0:
        z = z + w
    return np.sum(z**3)


@program(lambda: (rand(3), 0))
def written_if_the_loop_has_run(x, n):
    total = 0.0
    for i in range(n):
        w = x * x[i]
        w[1] *= x[0]
    if n > 0:
        w[2] = x[0] * w[1]
        total = total + w[0] * w[0] * w[2]
    return total + x[0] ** 2


@program(lambda: (rand(3), 2))
def updated_in_a_loop_of_a_branch(x, n):
    total = 0.0
    for i in range(n):
        w = np.sin(x) * i
    if n > 0:
        for _ in range(2):
            w += x
            w *= x[0]
        total = total + np.sum(w * w)
    return total + x[0] ** 2


@program(lambda: (rand(3), 0))
def items_of_a_tuple_of_no_turn(x, n):
    total, i = 0.0, 0
    while i < n:
        w = (x[i] * x, x[1])
        i += 1
    if n > 0:
        a, b = w
        total = total + a[1] * b
    return total + x[0] ** 2


@program(lambda: (rand(3), 0))
def read_in_a_loop_and_an_inner_one(x, n):
    total, i = 0.0, 0
    while i < n:
        w = np.sin(x) * i
        for _ in range(i):
            u = w * x
        i += 1
    for _ in range(2):
        if n > 1:
            total = total + np.sum(w * w * u)
    return total + x[0] ** 2


@program(lambda: (rand(3), 0))
def read_by_a_closure_if_the_loop_has_run(x, n):
    total = 0.0
    for i in range(n):
        w = np.sin(x) * i

    def squared():
        return w * w

    if n > 0:
        total = total + np.sum(squared())
    return total + x[0] ** 2


@program(lambda: (rand(3),))
def bound_by_a_turn_for_the_next(x):
    total = 0.0
    for i in range(3):
        if i > 0:
            total = total + np.sum(w * x)  # noqa: F821
            w *= x[1]  # noqa: F821
        w = np.sin(x) * (i + 1)  # noqa: F841
    return total


@program(lambda: (np.array([0.4, 0.7, 0.5]),))
def bound_by_some_turns_and_written_by_the_last(x):
    total = 0.0
    for i in range(3):
        if x[i] > 0.45:
            w = x * x[i]
        if i == 2 and x[2] > 0.3:
            w[0] = x[1] * w[1]
            total += np.sum(w**2)
    return total + x[0] ** 3


@program(lambda: (np.array([0.4, 0.7, 0.5]), 2))
def matrix_with_its_transpose_if_the_loop_has_run(x, n):
    for i in range(n):
        m = np.outer(x, x) * i
        m[0] *= x[1]
    if n:
        m += m.T
        return np.sum(m**2)
    return np.sum(x)


@program(lambda: (rand(3), 2))
def list_if_the_loop_has_run(x, n):
    for i in range(n):
        r = [x[0] * i, x[1]]
        r.append(x[2] * x[2])
    if n:
        r[0] = r[1] * r[2]
        return r[0] * r[1]
    return np.sum(x)


@program(lambda: (rand(3), 2))
def dict_if_the_loop_has_run(x, n):
    for i in range(n):
        d = {"a": x * i, "b": x[1]}
    if n:
        d["a"] *= d["b"]
        return np.sum(d["a"] ** 2)
    return np.sum(x**2)


@program(lambda: (np.array([0.4, 0.7, 0.5]),))
def left_by_a_break_and_changed_behind_it(x):
    k = 0
    while True:
        y = x * (k + 1)
        y[k] = x[0] * x[1]
        k += 1
        if np.sum(y) > 1.5:
            break
    y *= x
    return np.sum(y**2)


@program(lambda: (rand(3),))
def made_by_a_helper_with_a_loop(x):
    def make(k):
        for i in range(k):
            w = x * i
        return w

    total = 0.0
    for k in range(3):
        if k:
            w = make(k + 1)
            w += x
            total += np.sum(w * w)
    return total


@program(lambda: (rand(3), True))
def made_and_changed_under_one_condition(x, known):
    if known:
        w = np.zeros((2, 3))
        w[0] = x
    for k in range(2):
        if known:
            w[1] += w[0] * x[k]
    return np.sum(w**3) if known else np.sum(x**3)


@program(lambda: (rand(3), 2))
def number_without_axes_if_the_loop_has_run(x, n):
    for i in range(n):
        a = np.array(x[0] * i)
    if n:
        a += x[1]
        a *= x[0]
        return a * a
    return x[0]


@program(lambda: (rand(3), 2))
def view_if_the_loop_has_run(x, n):
    for _ in range(n):
        w = x.reshape(3, 1) * x
        v = w[0]
    if n:
        v *= x[0]
        return np.sum(w**2)
    return x[0]


@program(lambda: (rand(3),))
def bound_by_one_turn_in_a_branch_and_read_there(x):
    total = 0.0
    for i in range(3):
        if i > 0:
            if i == 1:
                w = x[0] ** 2
            total += w
    return total


@program(lambda: (rand(3),))
def bound_by_one_turn_in_a_branch_and_written_there(x):
    for i in range(2):
        if i >= 0:
            if i == 0:
                w = x * 1.0
            w[0] = 2.0
    return np.sum(w**3)


@program(lambda: (rand(3),))
def bound_by_one_turn_of_an_inner_loop(x):
    for i in range(2):
        for j in range(2):
            if i == 0 and j == 0:
                w = x * x
            w[0] *= x[1]
    return np.sum(w**2)


@program(lambda: (rand(3),))
def bound_behind_turns_that_continue(x):
    for i in range(4):
        if i < 2:
            continue
        if i == 2:
            w = x * x
        w *= x
    return np.sum(w)


@program(lambda: (np.array([0.4, 0.7, 0.5]),))
def total_made_by_the_first_that_is_large(x):
    best = None
    for i in range(3):
        if x[i] > 0.45:
            if best is None:
                total, best = np.zeros(3), i
            total += x * x[i]
    return np.sum(total**2)


@program(lambda: (rand(3),))
def error_of_a_name_that_no_turn_has_bound(x):
    total = 0.0
    for i in range(3):
        if i > 0:
            try:
                if i == 2:
                    w = x[0] ** 2
                total += w
            except UnboundLocalError:
                total += x[1]
    return total
