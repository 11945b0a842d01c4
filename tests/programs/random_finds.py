# ruff: noqa: RUF005 (written as users write, not as linters like it)
"""What the fuzzer found errors and refusals with, as people write it: one program for each cause."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import program, rand


def read_only(*shape: int) -> np.ndarray:
    x = rand(*shape)
    x.flags.writeable = False
    return x


def before_numpy_2_5(*args: Any, **kwargs: Any) -> Callable[[Callable], Callable]:
    """A program for as long as `np.add.at` writes to what is read-only."""
    return program(*args, **kwargs) if np.lib.NumpyVersion(np.__version__) < "2.5.0" else lambda fun: fun


@before_numpy_2_5(lambda: (read_only(4), 0.3), (0, 1), tags=("read-only", "undo"))
def add_at_writes_what_is_read_only(x, s):
    for _ in range(2):
        np.add.at(x, [0, 2, 0], s * np.sin(x[:3]))
        s = s * x[0]
    return np.sum(x * x) * s


@program(lambda: (rand(3), 0.5), (0, 1), tags=("with", "loop"))
def bound_in_a_context_and_in_a_loop(x, s):
    with contextlib.suppress(IndexError):
        drift = s + x[0]
        x[7] = s
    for step in range(3):
        drift = drift * x[step] * 0.2 if step else x[0] * 0.2
    return np.sum(x) * drift


@program(lambda: (rand(3), np.array([5, 1, 2]), 0.5), (0, 2), tags=("with", "loop"))
def a_context_leaves_early_in_some_rounds(x, order, s):
    for k in order:
        with contextlib.suppress(IndexError):
            drift = s * x[0]
            s = s + drift * x[k]
        for v in x:
            drift = v * s
        s = s + drift
    return s


@program(lambda: (rand(4), rand(4, seed=1), 0.5), (0, 1, 2), tags=("with", "set", "loop"))
def set_made_in_each_round_in_a_context(x, y, s):
    with contextlib.nullcontext():
        for v in x[1:]:
            if s < 3.0:
                for k in (0, 2):
                    chosen = {0, 2, 3}
                    if k in chosen:
                        v += y[k] * s
            s += v
    return s


@program(lambda: (rand(3), np.array([1, 7, 0]), 0.3), (0, 2), tags=("try", "loop", "generator expression"))
def sum_over_indices_that_may_raise(y, order, s):
    load = s
    for j in range(len(y)):
        try:
            load = 0.6 * load + y[j]
            y[j] *= load
            load += sum(y[k + j] for k in order[j:])
        except IndexError:
            load *= 2.0
    return load * np.sum(y)


@program(lambda: (rand(4), 0.6), (0, 1), tags=("try", "loop", "sort", "lambda"))
def sorted_in_each_round_until_one_raises(y, s):
    for k, v in enumerate(y):
        try:
            if v > 1.1:
                break
            terms = [s, v * s, np.sin(v)]
            terms.sort(key=lambda e: -e)
            s += terms[0] * terms[1] * y[k + 1]
        except (IndexError, ValueError):
            y[0] *= 0.5
    return np.sum(y) * s


@program(lambda: (rand(3), 0.6), (0, 1), tags=("try", "loop", "dict"))
def sum_over_a_dict_made_in_each_round(y, s):
    for k in range(3):
        try:
            s += 1 / (k - 1) * y[k]
            model = {"a": y, "b": s * y[0]}
            s += sum(np.sum(e) for e in model.values())
        except ZeroDivisionError:
            y[0] *= 0.5
    return np.sum(y) * s


@program(lambda: (rand(3), rand(2, 3), 0.6), (0, 1, 2), tags=("try", "itertools"))
def pairs_of_indices_before_one_raises(x, m, s):
    drift = s
    with contextlib.suppress(IndexError):
        for i, j in np.ndindex(m.shape):
            drift += m[i, j] * s
        for (i, j), v in np.ndenumerate(m):
            drift += v * s * (i + j)
        for a, b in itertools.product(x, x[:2]):
            drift += a * b
        x[0] = drift
        drift += x[5]
    return drift * np.sum(x)


@program(lambda: (rand(3), 0.6), (0, 1), tags=("try", "sort"))
def a_list_of_any_length_sorted_before_one_raises(x, s):
    values = [v * s for v in x]
    try:
        values.sort()
        s += values[0]
        s += values[3]
    except IndexError:
        s *= values[1]
    return s


@program(lambda: (rand(3), 0.3), (0, 1), tags=("list", "branch"))
def joined_to_a_list_on_one_path(x, s):
    values = [s, x[1]]
    if x[0] > 0.3:
        values = values + [x[2]]
    return sum((k + 1) * e for k, e in enumerate(values)) * s


@program(lambda: (rand(3), 0.3), (0, 1), tags=("list", "branch", "alias"))
def joined_lists_are_new_lists(x, s):
    values = [s, x[1]]
    longer = values + [x[0]] + [x[1] * s]
    if x[0] > 0.1:
        longer = values + [x[2]] + values
    values[0] = x[2] * 2.0
    longer[0] *= 3.0
    return sum(values) * sum(longer) * longer[0]


@program(lambda: (rand(3), 4), tags=("list", "while"))
def joined_from_both_sides(x, n):
    values = [x[0], x[1]]
    while len(values) < n + 2:
        values = values + [values[-1] * x[2]] if len(values) % 2 else [values[0] * 0.5] + values
    return sum(k * e for k, e in enumerate(values))


@program(lambda: (rand(4).astype(np.float32), rand(4, seed=1), 2), tags=("kind", "list"))
def elements_of_one_precision_or_another(x, y, n):
    gain = x * y if n > 3 else x * x
    gain.fill(x[1])
    gain[0] = y[0] * x[0]
    history = []
    for _ in range(n):
        history.append(gain[0])
        gain[0] *= 1.5
    return sum(history) * float(np.sum(gain))


@program(lambda: (rand(3), np.array(0.4)), (0, 1), tags=("0-d", "alias"))
def number_or_array_without_axes(y, s):
    noise = s
    level = max(y[0], s)
    noise += level * max(y[1], s)
    return s * level + y[2] * noise


def power_of(q, k):
    return q * 0.5 if k == 0 else power_of(q * q, k - 1)


@program(lambda: (rand(3), np.array(0.4)), (0, 1), tags=("0-d", "recursion"))
def number_from_a_recursive_function_is_compared(y, s):
    level = power_of(y[0], 2)
    s += level * max(level, s)
    return s * y[1]


@program(lambda: (np.asfortranarray(rand(2, 3)), 0.7), argnums=(0, 1), tags=("copy", "order"))
def copy_in_the_order_of_memory(m, s):
    # np.copy keeps the layout, m.copy() does not: only of the latter is ravel() a view.
    kept, plain = np.copy(m), m.copy()
    flat, rows = kept.ravel(), plain.ravel()
    flat[::2] += s
    rows[1] *= s
    kept *= s
    return flat[0] * flat[-1] + np.sum(kept * plain) * rows[1]


@program(lambda: (rand(2, 3), np.asfortranarray(rand(2, 3, seed=1))), argnums=(0, 1), tags=("ravel", "order"))
def cotangent_in_the_order_of_fortran(m, w):
    y = m.copy()
    rows = y.ravel()
    rows[1] *= 2.0
    rows[0] = rows[2] * rows[1]
    return np.sum(w * w * y)


class _Account:
    def __init__(self, held):
        self.held = held

    def moved(self, q):
        self.held = self.held * 0.5 + q
        return self.held * q


@program(lambda: (rand(2), np.array(0.7)), argnums=(0, 1), tags=("nonlocal", "augmented"))
def rebound_by_what_is_added(x, s):
    flux, account = s, _Account(s * 2.0)

    def count(q):
        nonlocal flux
        flux = flux * 0.5 + q
        return flux * q

    flux += count(x[0]) * count(x[1])
    account.held += account.moved(x[0])
    return 1.55 * s + 1.46 * flux + account.held**2


@program(lambda: (rand(3), 0.4), argnums=(0, 1), tags=("list", "augmented"))
def item_replaced_by_what_is_added(x, s):
    rows = [x * 2.0, x * s]
    kept = rows[0]

    def replace():
        rows[0] = 5.0 * rows[1]
        return rows[1] ** 2

    rows[0] += replace()
    return np.sum(rows[0] * kept * x)


@program(lambda: (rand(3), 6), tags=("list", "augmented"))
def items_of_a_list_that_shrinks_meanwhile(x, n):
    rows = [x * k for k in range(n)]
    table = {k: x * (k + 1) for k in range(n)}

    def take(k):
        table[k] = table[k + 1] * x[0]
        return rows.pop(0)[1] + x[k]

    for k in range(2):
        rows[0] += take(k)
        table[k] *= take(k)
    return np.sum(rows[0] * rows[1]) + np.sum(table[0] * table[1])


@program(lambda: (rand(2, 3), rand(2)), argnums=(0, 1), tags=("list", "view"))
def row_in_a_list_is_changed_by_another(m, y):
    rows = [row for row in m]
    rows[0] += m[1, 0] * y[1]
    return np.sum(m * m) * y[0]


@program(lambda: (rand(5), rand(5, seed=1), rand(2, 3)), argnums=(0, 1, 2), tags=("try", "loop", "exits"))
def the_same_array_twice_in_a_loop_in_a_try(x, y, m):
    share = y[1]
    try:
        for k in range(0, 4, 2):
            for field in (y, y):
                field[0] = x[k]
                m[1, :] = -np.full(m.shape[1], share)
            if share > 2.0:
                y *= y
                break
    except (ValueError, IndexError):
        m *= share
    return np.sum(m * m) + np.sum(y * x)


@program(lambda: (rand(3), rand(3, seed=1), np.array(0.4)), argnums=(0, 1), tags=("0-d", "branch"))
def number_made_of_an_array_without_axes(x, y, s):
    angle = x[0]
    z = np.array(np.squeeze(np.array([[max(x[2], s)]])) + 0.1)
    angle += z * y[2]
    width = -y
    width[0] = y[1] * (x[2] if np.dot(x, y) >= 97 else angle)
    angle += max((v * v for v in width), default=0.5)
    return angle * width[0]


@program(lambda: (rand(3), []), tags=("index", "list"))
def index_that_is_an_empty_list(x, chosen):
    y = x * 2.0
    y[[]] += 1.0
    return np.sum(y[chosen] ** 2) + np.sum(x[[]]) + y[0] * x[1]


@program(lambda: (rand(3), np.array(0.7)), argnums=(0, 1), tags=("kinds", "write"))
def number_taken_out_of_what_may_be_one(x, s):
    total = np.asarray(max(x[9:], default=s))[()]
    total += x[0]
    total += (s + s) * total
    return total


@program(lambda: (rand(3), 0.7), argnums=(0, 1), tags=("kinds", "write"))
def number_taken_out_of_a_copy_of_what_may_be_one(x, s):
    total = np.copy(x[0] if s > 0.8 else np.array(s))[()]
    before = total
    total += x[1]
    total *= s * total
    return total * before


@program(lambda: (rand(3), np.array(0.7)), argnums=(0, 1), tags=("kinds", "write", "loop"))
def number_made_of_what_is_changed_later(x, s):
    phase = 2 + (s if x[0] < 9.0 else 0)
    total = phase
    for _ in range(2):
        total = total + 0.5 * phase
    s += total * x[1]
    return s * phase


@program(lambda: (rand(4) + 0.5, 0.3, 2.0), argnums=(0, 1), tags=("kinds", "broadcast", "write"))
def broadcast_of_what_may_be_a_number(x, s, c):
    force = 1.02
    for i in reversed(range(len(x))):
        if x[i] > 0.55:
            force = force + np.real(s * x[i] * c)
    spread = np.broadcast_to(force, (3,))
    force += spread[1]
    return force * s + (0.79 + spread[2]) * 7


@program(lambda: (rand(4).astype(np.float32), np.float32(2.0)), argnums=(0, 1), tags=("kinds", "tuple"))
def rest_of_a_sum_of_32_bits(x, s):
    total = 7
    for e in x:
        total += e * s
    x[1] = divmod(total, 5.0)[1] + np.modf(total)[0]
    return np.sum(x * x)


@program(lambda: (rand(3), 0.7), argnums=(0, 1), tags=("kinds", "reduction", "branch"))
def sum_of_no_axes_keeps_none(x, s):
    y = x * s
    total = 0
    for k in range(len(y)):
        total = total + y[k] * k
    spread = np.sum(np.array(total), keepdims=True) if s > 0.5 else y[1]
    y[0] *= spread
    return np.sum(y) * spread


@program(lambda: (rand(5), 0.7), argnums=(0, 1), tags=("kinds", "views", "write"))
def element_made_an_array_is_read_again(x, s):
    gain = np.atleast_1d(x[-3])[0]
    x /= 1.3 + s
    x[1:3] *= (s, x[4])
    return np.sum(x * x) * gain


@program(lambda: (rand(2, 3),), tags=("kinds", "views", "write"))
def matrix_of_the_last_row_is_taken_off(m):
    last = 0
    for row in m:
        last = row
    m[0, :] -= np.diag(np.diagflat(last))
    last[::1] = last * last
    return np.sum(m * m)
