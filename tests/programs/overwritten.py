"""What is read before it is overwritten: through views, in turns of loops, in functions that call themselves."""

from __future__ import annotations

import numpy as np

from . import program


def numbers() -> tuple[np.ndarray]:
    """Four positive numbers."""
    return (np.array([0.2, 0.9, 0.55, 1.3]),)


@program(numbers)
def view_multiplies_its_array_and_is_read(x: np.ndarray) -> float:
    y = x * 1.0
    v = y[::-1]
    y *= v
    s = np.sum(np.sin(v))
    y[0] = 2.0
    y += x
    return s + np.sum(y * y)


@program(numbers)
def view_multiplies_its_array_in_a_loop(x: np.ndarray) -> float:
    y = x * 1.0
    v = y[1:]
    s = 0.0
    for k in range(3):
        y[:-1] *= v
        s += np.sum(np.exp(v) * x[k])
        y /= 1.0 + v[0]
        s += np.sum(np.sin(y))
    return s + np.sum(y * y)


@program(numbers, output="array")
def view_divides_its_array_twice(x: np.ndarray) -> np.ndarray:
    y = x + 1.0
    v = y[::2]
    w = np.sqrt(v)
    y[1::2] /= v
    z = np.sin(v) * w
    y[:2] **= v
    v *= z
    return y * np.sum(np.cos(v))


@program(numbers)
def sine_of_what_a_loop_overwrites(x: np.ndarray) -> float:
    y = x * 1.0
    s = np.sum(np.sin(y))
    for i in range(3):
        y[i] = y[i] * 2.0
        if y[i] > 0.5:
            y[i + 1] -= y[i] * 0.1
    return s + np.sum(y)


@program(numbers)
def reads_in_branches_of_what_is_undone(x: np.ndarray) -> float:
    y = x * 1.0
    s = 0.0
    for i in range(3):
        t = y[i]
        u = t * t
        if x[i] > 0.5:
            s += u * t
            y[i + 1] = u * y[i + 1]
            if u > 0.1:
                s += t * y[i + 1] * u
        y[i] = t * u + x[3]
        s += y[i] * u
    return s


def fill(y: np.ndarray, k: int) -> None:
    if k == 0:
        return
    y[k] = y[k] * y[k - 1]
    fill(y, k - 1)


@program(numbers)
def sine_of_what_recursion_overwrites(x: np.ndarray) -> float:
    y = x * 1.0
    s = np.sum(np.sin(y))
    fill(y, 3)
    return s + np.sum(y * y)


@program(numbers)
def sine_of_what_recursion_in_a_loop_overwrites(x: np.ndarray) -> float:
    y = x * 1.0
    s = 0.0
    for k in range(2):
        z = np.cos(y)
        s += np.sum(z * np.sin(y))
        fill(y, 2 + k)
        s += np.sum(y * z)
    return s + np.sum(y * y)


def halve(y: np.ndarray, a: int, b: int) -> float:
    if b - a < 2:
        y[a] = np.sin(y[a])
        return y[a]
    m = (a + b) // 2
    left = halve(y, a, m)
    t = y[a] * y[b - 1]
    right = halve(y, m, b)
    y[a] = t * left
    return left * right + t


@program(numbers)
def elements_read_between_recursive_writes(x: np.ndarray) -> float:
    y = x * 1.5
    s = halve(y, 0, 4)
    return s + np.sum(y * y)


@program(numbers)
def differences_that_are_scaled_in_between(x: np.ndarray) -> float:
    y = x[1:] * 1.0
    y *= 3.0
    y -= x[:-1]
    return np.sum(y * y)


@program(numbers)
def differences_of_what_is_written_in_between(x: np.ndarray) -> float:
    y = x[1:].copy()
    y[0] = 0.5
    y -= x[:-1]
    y[1] *= 2.0
    return np.sum(y * y * y)


@program(numbers)
def differences_with_a_reflected_end(x: np.ndarray) -> float:
    y = np.zeros(4)
    y[1:] += x[1:]
    y[2:] *= y[:2]
    y[:-1] -= x[1:]
    return np.sum(np.sin(y))


@program(numbers)
def differences_in_turns(x: np.ndarray) -> float:
    s = 0.0
    y = x[2:] * 1.0
    for _ in range(3):
        y *= x[:2]
        y -= x[1:3]
        s += np.sum(y * y)
    return s


@program(numbers)
def repeated_places_are_scaled(x: np.ndarray) -> float:
    y = x * 1.0
    k = np.array([0, 2, 0, 2])
    y[k] *= x[::-1]
    y[k] /= x + 1.0
    return np.sum(y * y)


@program(numbers)
def repeated_places_are_raised_to_powers(x: np.ndarray) -> float:
    y = x + 1.0
    k = np.array([1, 1, 3])
    y[k] **= x[1:]
    y[np.array([3, 3, 0])] *= y[:3]
    return np.sum(np.sin(y))


@program(lambda: (np.array([0.5, 0.8, 0.3, 0.9, 0.4]),))
def permutation_is_applied_to_itself(x: np.ndarray) -> float:
    order = np.array([3, 0, 4, 1, 2])
    total = 0.0
    for k in range(3):
        order[order] = order[::-1].copy()
        total += np.sum(x[order] ** 2 * np.arange(5) * k)
    return total


@program(lambda: (numbers()[0], 3))
def first_of_those_kept_in_a_list_grows(x: np.ndarray, n: int) -> float:
    rows = []
    total = 0.0
    for k in range(n):
        rows.append(x * (1.0 + k))
        first = rows[0]
        first *= x
        total += np.sum(np.sin(first))
    return total


@program(lambda: (numbers()[0], 4))
def popped_array_is_changed_and_kept_again(x: np.ndarray, n: int) -> float:
    rows = []
    total = 0.0
    for k in range(n):
        if k % 3 == 0:
            rows.append(x * (1.0 + k))
        row = rows.pop()
        row *= x
        total += np.sum(np.sin(row))
        rows.append(row)
    return total


@program(lambda: (numbers()[0], 5))
def oldest_entry_of_a_dict_grows(x: np.ndarray, n: int) -> float:
    found = {}
    total = 0.0
    for k in range(n):
        if k % 3 == 0:
            found[str(k)] = x * (1.0 + k)
        row = found["0"]
        row *= x
        total += np.sum(np.sin(row))
    return total


@program(lambda: (numbers()[0], 3))
def first_list_of_those_kept_in_a_list_grows(x: np.ndarray, n: int) -> float:
    groups = []
    total = 0.0
    for k in range(n):
        groups.append([x * (1.0 + k), x * x])
        row = groups[0][k % 2]
        row *= x
        total += np.sum(np.sin(row))
    return total


@program(lambda: (numbers()[0], 4))
def rows_of_a_turn_are_written_and_kept(x: np.ndarray, n: int) -> float:
    rows = []
    total = 0.0
    for k in range(n):
        row = x * (1.0 + k)
        row[0] *= x[1]
        total += np.sum(np.sin(row))
        rows.append(row)
    return total + np.sum(rows[0] * rows[1])


@program(numbers)
def one_of_two_arrays_grows_in_each_turn(x: np.ndarray) -> float:
    a, b = np.zeros(4), np.ones(4)
    total = 0.0
    for k in range(4):
        target = a if k % 2 == 0 else b
        target += x * x[k % 3]
        total += np.sum(target**2)
    return total
