"""What is masked after it was written, or replaced before it was read: slopes that do not exist there do not count."""

from __future__ import annotations

import numpy as np

from . import program


def places() -> tuple[np.ndarray]:
    """Numbers on both sides of where the programs stop to be defined."""
    return (np.array([0.2, 0.9, 0.55, 1.3]),)


def six_places() -> tuple[np.ndarray]:
    """The same, for programs that read all but the second and the third."""
    return (np.array([0.9, 0.2, 0.3, 0.8, 0.7, 1.3]),)


def square() -> tuple[np.ndarray]:
    """Four rows."""
    rows = [[0.2, 0.9, 0.1, 1.3], [0.8, 0.7, 0.3, 0.4], [0.3, 0.1, 0.9, 0.6], [0.1, 0.2, 0.8, 0.7]]
    return (np.array(rows),)


SHIFT = np.array([[2.0], [2.0], [0.0], [0.0]])


@program(places)
def roots_put_in_then_masked(x: np.ndarray) -> float:
    y = x * 1.0
    y[:] = np.sqrt(x - 0.5)
    y[x < 0.6] = 0.0
    return np.sum(y * y)


@program(places)
def roots_put_where_a_mask_is_and_masked(x: np.ndarray) -> float:
    y = x * 1.0
    y[x > 0.1] = np.sqrt(x - 0.5)[x > 0.1]
    y[x < 0.6] = 0.0
    return np.sum(y * y)


@program(places)
def roots_are_masked(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    y[x < 0.6] = 0.0
    return np.sum(y)


@program(places)
def roots_are_masked_by_a_mask_that_is_kept(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    z = y * 2.0
    z[x < 0.6] = x[x < 0.6]
    return np.sum(np.exp(z))


@program(places)
def rows_of_roots_are_masked_in_a_loop(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    for k in range(2):
        z = np.log(x - 0.4 - 0.1 * k)
        z[x < 0.6] = 1.0
        y = z * 2.0
    return np.sum(y)


@program(places, output="array")
def roots_saved_and_masked(x: np.ndarray) -> np.ndarray:
    y = np.sqrt(x - 0.5)
    v = y[:3]
    v[x[:3] < 0.6] = 0.0
    return y[1:] + np.where(np.isnan(y[:3]), 0.0, v)


@program(places)
def roots_that_a_loop_replaces(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    for k in range(3):
        y = x * (k + 1.0)
    return np.sum(y * y)


@program(places)
def roots_that_a_while_replaces(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    k = 0
    while k < 3:
        z = x * (k + 1.0)
        y = z + z * z
        k += 1
    return np.sum(y * y)


@program(places)
def roots_that_a_loop_with_a_break_replaces(x: np.ndarray) -> float:
    y = np.log(x - 0.5)
    for k in range(5):
        y = x * (k + 1.0)
        if k == 2:
            break
    return np.sum(y * y)


@program(places)
def roots_that_an_inner_loop_replaces(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    s = 0.0
    for k in range(3):
        for i in range(2):
            y = x * (k + 1.0 + i)
        s += np.sum(y * y)
    return s


@program(places)
def roots_that_a_loop_replaces_before_it_reads_them(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    s = 0.0
    for k in range(3):
        y = x * (k + 1.0)
        if k > 0:
            s += np.sum(y * y)
        else:
            y = y * 2.0
    return s + np.sum(y)


@program(places)
def roots_that_both_branches_in_a_loop_replace(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    for k in range(3):
        if x[k] > 0.5:
            y = x * (k + 1.0)
        else:
            y = x * 2.0
            y[0] = 1.0
    return np.sum(y * y)


@program(places)
def roots_put_in_and_masked_in_a_loop(x: np.ndarray) -> float:
    y = np.zeros_like(x)
    s = 0.0
    for k in range(3):
        y[:] = np.sqrt(x - 0.3 * k)
        y[x < 0.3 * k + 0.1] = 0.0
        s += np.sum(y * y * x)
    return s


@program(places)
def slope_of_a_root_at_zero_replaced(x: np.ndarray) -> float:
    y = np.sqrt(x[0] - 0.2)
    for k in range(3):
        y = x[1] * (k + 1.0)
    return y * y


@program(places)
def roots_with_another_name_replaced(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    z = y * 2.0
    t = z
    for _ in range(2):
        t = x * x
        z = t
    return np.sum(z * t)


@program(places)
def parts_of_roots_put_and_masked(x: np.ndarray) -> float:
    y = np.zeros((2, 4))
    y[0] = np.sqrt(x - 0.5)
    y[1, :2] = np.log(x[:2] - 0.3)
    y[0, x < 0.6] = 0.0
    y[1][x < 0.6] = 1.0
    return np.sum(np.sin(y))


def masked_roots(x: np.ndarray, t: float) -> np.ndarray:
    y = x * 0.0
    y[:] = np.sqrt(x - t)
    y[x < t + 0.1] = 0.0
    return y


@program(places)
def masked_roots_of_a_helper(x: np.ndarray) -> float:
    return np.sum(masked_roots(x, 0.5) * x) + np.sum(masked_roots(x, 0.05) ** 2)


@program(places)
def fields_put_and_masked_through_a_view(x: np.ndarray) -> float:
    y = np.zeros(6)
    v = y[1:5]
    v[:] = np.sqrt(x - 0.5)
    w = v
    w[x < 0.6] = 0.25
    return np.sum(y * y)


@program(places)
def added_to_and_masked(x: np.ndarray) -> float:
    y = x * 1.0
    y += np.sqrt(x - 0.5)
    y[x < 0.6] = 0.0
    y *= x
    y[x > 1.2] = 1.0
    return np.sum(y)


@program(places)
def roots_added_in_place_and_masked(x: np.ndarray) -> float:
    y = x * 1.0
    y += np.sqrt(x - 0.5)
    y[x < 0.6] = 0.0
    return np.sum(y * x)


@program(places)
def sines_of_roots_added_in_place_and_masked(x: np.ndarray) -> float:
    y = x * 1.0
    y -= np.sin(np.sqrt(x - 0.5))
    y[x < 0.6] = 0.0
    return np.sum(y * x)


@program(places)
def sines_of_roots_multiplied_in_place_and_masked(x: np.ndarray) -> float:
    y = x * 1.0
    y *= np.sin(np.sqrt(x - 0.5))
    y[x < 0.6] = 0.0
    return np.sum(y * x)


@program(places)
def sines_of_roots_divide_in_place_and_masked(x: np.ndarray) -> float:
    y = x * 1.0
    y[:] /= 2.0 + np.sin(np.sqrt(x - 0.5))
    y[x < 0.6] = 0.0
    return np.sum(y * x)


@program(places)
def roots_added_to_a_part_and_masked(x: np.ndarray) -> float:
    y = np.zeros(6)
    y[1:5] += np.sqrt(x - 0.5)
    y[1:5][x < 0.6] = 0.0
    y[np.isnan(y)] = 1.0
    return np.sum(y * y)


@program(places)
def roots_added_at_and_masked(x: np.ndarray) -> float:
    y = np.zeros(6)
    np.add.at(y, np.array([1, 2, 4, 2]), np.sin(np.sqrt(x - 0.5)))
    y[1] = 0.5
    y[y > 1.1] = 1.0
    z = y[:4]
    z[np.isnan(z)] = 0.0
    return np.sum(y * y)


@program(places)
def roots_of_an_updated_array_masked(x: np.ndarray) -> float:
    y = x - 0.5
    y[:2] *= 2.0
    np.sqrt(y, out=y)
    y *= y
    y[x < 0.6] = 0.0
    return np.sum(y * x)


@program(places)
def what_is_masked_was_updated_by_a_power(x: np.ndarray) -> float:
    y = x - 0.5
    y **= 0.5
    y **= 1.5
    y[x < 0.6] = 0.0
    return np.sum(y * x)


@program(places)
def rows_added_in_a_loop_and_masked(x: np.ndarray) -> float:
    y = np.zeros((3, 4))
    for k in range(3):
        y[k] += np.sin(np.sqrt(x - 0.3 * k))
        y[k] *= x
    y[:, x < 0.6] = 0.0
    return np.sum(y * y)


@program(places)
def elements_added_in_a_loop_and_masked(x: np.ndarray) -> float:
    y = np.zeros(4)
    for k in range(4):
        y[k] += np.sin(np.sqrt(x[k] - 0.5))
    y[np.isnan(y)] = 0.0
    return np.sum(y * y)


@program(places)
def sines_of_roots_divide_a_whole_array_and_are_masked(x: np.ndarray) -> float:
    y = x * 1.0
    y /= 2.0 + np.sin(np.sqrt(x - 0.5))
    y -= np.cos(np.log(x - 0.5))
    y[x < 0.6] = 0.0
    y *= x
    return np.sum(y * x)


@program(places, output="array")
def updates_in_a_loop_masked_each_time(x: np.ndarray) -> np.ndarray:
    y = x * 1.0
    for k in range(3):
        y += np.sin(np.sqrt(x - 0.2 * k))
        y *= np.cos(np.log(x - 0.2 * k))
        y[x < 0.2 * k + 0.1] = 0.25
    return y


@program(places)
def what_was_there_is_not_a_number_and_is_masked(x: np.ndarray) -> float:
    y = np.log(x - 0.5)
    y *= x
    y[x < 0.6] = 0.0
    return np.sum(y * x)


@program(places)
def roots_put_then_scaled_and_masked(x: np.ndarray) -> float:
    y = x * 1.0
    y[:] = np.sqrt(x - 0.5)
    y *= x * x
    y[1:] /= x[1:]
    y[x < 0.6] = 0.0
    return np.sum(y * x)


@program(places)
def roots_put_through_a_view_then_scaled_and_masked(x: np.ndarray) -> float:
    y = np.ones(6)
    v = y[1:-1]
    v[:] = np.sqrt(x - 0.5)
    y[:] *= 3.0
    v *= x
    y[np.isnan(y)] = 1.0
    return np.sum(y * y)


@program(places)
def element_read_before_the_others_are_masked(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    s = y[1] * y[1]
    y[x < 0.6] = 0.0
    return np.sum(y * y) + s


@program(places)
def elements_read_in_a_loop_before_they_are_masked(x: np.ndarray) -> float:
    y = np.log(x - 0.5)
    s = 0.0
    for k in range(1, 4, 2):
        s += y[k] * x[0]
    y[x < 0.6] = 0.0
    return np.sum(y * y) + s


@program(places)
def all_read_where_they_are_numbers(x: np.ndarray) -> float:
    y = np.log(x - 0.5)
    s = np.nansum(y)
    y[x < 0.6] = 0.0
    return np.sum(y * y) + s


@program(places)
def view_scaled_before_the_array_is_masked(x: np.ndarray) -> float:
    y = np.ones(6)
    v = y[1:-1]
    v[:] = np.sqrt(x - 0.5)
    v *= x
    y[np.isnan(y)] = 1.0
    return np.sum(y * y)


@program(places)
def view_masked_after_the_array_was_scaled(x: np.ndarray) -> float:
    y = np.ones(6)
    y[1:-1] = np.sqrt(x - 0.5)
    y *= 1.5
    y -= np.sum(x)
    v = y[1:-1]
    v[x < 0.6] = 0.0
    return np.sum(y * y)


@program(places)
def rows_masked_by_a_loop_over_views(x: np.ndarray) -> float:
    y = np.zeros((2, 4))
    y += np.sqrt(x - 0.5)
    y[1] *= np.log(x - 0.5)
    for row in y:
        row[x < 0.6] = 0.0
    return np.sum(y * y)


@program(places)
def roots_in_tuples_in_a_list_are_masked(x: np.ndarray) -> float:
    pairs = []
    for k in range(3):
        pairs.append((np.sin(np.sqrt(x - 0.5)), 1.0 + k))
    s = 0.0
    for a, w in pairs:
        s += np.sum(np.where(x > 0.5, a, 0.0)) * w
    return s


@program(places)
def roots_in_tuples_are_masked_by_number(x: np.ndarray) -> float:
    pairs = []
    for k in range(3):
        pairs.append((x * k, np.cos(np.sqrt(x - 0.5)) * x))
    s = 0.0
    for k in range(3):
        a, b = pairs[k]
        c = np.where(x > 0.5, b * a, x)
        s += np.sum(c * c)
    return s


@program(places)
def written_roots_of_a_branch_not_taken(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    y[1] = 1.0
    s = np.sum(x * x)
    if x[0] > 5.0:
        s += np.sum(y)
    return s


@program(places)
def written_roots_of_a_loop_without_turns(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    y[1] = 1.0
    s = np.sum(x * x)
    for k in range(len(x) - 4):
        s += np.sum(y) * k
    return s


@program(places)
def roots_of_a_loop_without_turns(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    s = np.sum(x * x)
    for k in range(len(x) - 4):
        s += np.sum(y * y) * k
    return s


@program(places)
def roots_of_a_while_without_turns(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    y[0] = 0.1
    s = np.sum(x * x)
    while s < 0.0:
        s += np.sum(y * y)
    return s


@program(places)
def written_roots_returned_early(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    y[1] = 1.0
    s = np.sum(x * x)
    for k in range(3):
        if s > 0.0:
            return s * s
        s += np.sum(y) * k
    return s


@program(six_places)
def roots_read_but_for_two(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    s = y[0] * y[0] + y[-1] + y[-2]
    for i in range(2, len(x) - 1):
        s += y[i + 1] * x[i]
    return s


@program(six_places)
def roots_read_but_for_two_by_a_difference(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    s = y[0] * y[0] + y[-1] * y[-2]
    for i in range(4, len(x) + 1):
        s += y[i - 1] * x[i - 1]
    return s


@program(six_places)
def written_roots_read_in_slices(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    y[0] = 1.0
    s = np.sum(y[3:] * y[3:]) + y[0]
    for i in range(3, len(x)):
        s += y[i] * x[i]
    return s


@program(places)
def roots_in_a_list_of_which_parts_are_read(x: np.ndarray) -> float:
    rows = []
    for k in range(3):
        rows.append(np.sqrt(x * (k + 1.0) - 0.6))
    s = 0.0
    for k in range(3):
        s += rows[k][1] * rows[k][3]
    return s


@program(places)
def last_of_many_roots(x: np.ndarray) -> float:
    rows = []
    for k in range(3):
        rows.append(np.sqrt(x * (k + 3.5) - 0.75))
    r = rows[-1]
    return np.sum(r * r * r)


@program(square)
def parts_of_roots_split_by_rows(x: np.ndarray) -> float:
    a, b = np.vsplit(np.sqrt(x - 0.5), 2)
    c, d = np.vsplit(np.log(x), [3])
    return a[0, 1] * a[0, 3] + b[0, 2] + np.sum(d) + len(c)


@program(square)
def columns_of_roots_split(x: np.ndarray) -> float:
    a, b = np.hsplit(np.sqrt(x - 0.5), 2)
    return a[0, 1] * b[3, 1] + b[2, 0]


@program(square)
def roots_split_in_depth(x: np.ndarray) -> float:
    a, b = np.dsplit(np.sqrt(x - 0.5).reshape(2, 2, 4), 2)
    return a[0, 0, 1] * b[1, 1, 1]


@program(square)
def roots_split_unevenly(x: np.ndarray) -> float:
    a, b, c = np.array_split(np.sqrt(x - 0.5), 3, axis=1)
    p, q = np.split(np.sqrt(x - 0.5), 2, axis=0)
    return a[0, 1] * c[3, 0] + p[0, 3] + b.ndim + q.ndim


@program(square)
def taken_roots(x: np.ndarray) -> float:
    y = np.sqrt(x - 0.5)
    return np.sum(np.take(y, [1, 3, 4, 5])) * np.take(y, 10) + np.delete(y.ravel(), np.flatnonzero(x < 0.55)).sum()


@program(square)
def diagonals_of_roots(x: np.ndarray) -> float:
    return np.sum(np.diagonal(np.sqrt(x[:, ::-1] - 0.05))) + np.sum(np.triu(x)) + 0.0 * x[0, 0]


@program(square)
def upper_roots(x: np.ndarray) -> float:
    lower = np.tril(np.ones((4, 4)), -1)
    y = np.sqrt(x - lower)
    z = np.triu(y)
    return np.sum(z * z * z) + np.trace(y) + np.sum(np.diag(y)) + np.sum(np.diagonal(y)) + np.linalg.trace(y)


@program(square)
def lower_rows_of_roots(x: np.ndarray) -> float:
    upper, lower = np.vsplit(np.sqrt(x - SHIFT), 2)
    return np.sum(lower * lower * lower) + len(upper)


@program(square)
def right_columns_of_roots(x: np.ndarray) -> float:
    left, right = np.hsplit(np.sqrt(x - SHIFT.T), [2])
    return np.sum(right * right * right) * left.shape[1]


@program(square)
def deep_parts_of_roots(x: np.ndarray) -> float:
    first, second = np.dsplit(np.sqrt(x - SHIFT.T).reshape(2, 2, 4), 2)
    a, b = np.split(np.sqrt(x - SHIFT), 2)
    c, d, e = np.array_split(np.sqrt(x - SHIFT), 3)
    return np.sum(second**3) + np.sum(b * b * b) + np.sum(e * e * e) + c.ndim + d.ndim + first.ndim + a.ndim


@program(places)
def sum_of_roots_is_masked_by_a_choice(x: np.ndarray) -> float:
    y = np.zeros(4)
    y += np.sqrt(x - 0.5)
    y[1] *= 2.0
    z = np.where(x < 0.6, x, y)
    return np.sum(z * z)


@program(places)
def rows_of_roots_are_masked_by_a_choice(x: np.ndarray) -> float:
    y = np.ones((2, 4))
    y[0] *= np.sqrt(x - 0.5)
    y[1] += y[0] * np.log(x - 0.4)
    z = np.where(x < 0.6, 0.5, y)
    return np.sum(z * z)


@program(places)
def roots_are_masked_by_one_of_two_choices(x: np.ndarray) -> float:
    y = x * 0.0
    y += np.sqrt(np.maximum(x, 0.3) - 0.25)
    y[2] *= x[1]
    return np.sum(np.where(x < 0.6, x, y)) + np.sum(y * x)
