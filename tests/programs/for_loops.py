# ruff: noqa: B905 (written as users write, not as linters like it)
"""for loops over ranges, arrays and containers."""

from __future__ import annotations

import numpy as np

from . import program, rand, signed


@program(lambda: (0.9, 5), tags=("for",))
def power_by_repeated_multiplication(x, n):
    p = 1.0
    for _ in range(n):
        p = p * x
    return p


@program(lambda: (rand(6),), tags=("for",))
def sum_of_sines(x):
    total = 0.0
    for i in range(len(x)):
        total += np.sin(x[i]) * x[i]
    return total


@program(lambda: (rand(9),), tags=("for", "step"))
def ranges_with_start_stop_step(x):
    total = 0.0
    for i in range(1, 9, 3):
        total += i * x[i] ** 2
    for i in range(8, 0, -2):
        total *= x[i]
        total += x[i - 1]
    for i in range(-3, 0):
        total -= x[i] * i
    return total


@program(lambda: (rand(4, 3),), tags=("for", "rows"))
def loop_over_rows(x):
    acc = np.zeros(3)
    for row in x:
        acc = np.tanh(acc + row * row)
    return np.sum(acc)


@program(lambda: (rand(5),), tags=("for", "elements"))
def loop_over_elements(x):
    h = 0.5
    for v in x:
        h = v * h * (1.5 - h)
    return h


@program(lambda: (0.5, [1.0, 2.0, 3.0]), argnums=(0, 1), tags=("for", "list"))
def loop_over_a_list(x, coefficients):
    y = 0.0
    for c in coefficients:
        y = y * x + c
    return y


@program(lambda: (0.5, 0.8), argnums=(0, 1), tags=("for", "tuple"))
def loop_over_a_tuple_display(x, y):
    total = 1.0
    for v in (x, y, x * y, 2.0):
        total = total * (1.0 + v)
    return total


@program(lambda: ({"a": 0.5, "b": 1.5, "n": 3},), tags=("for", "dict"))
def loop_over_dict_keys(d):
    total = 0.0
    for key in d:
        if key != "n":
            total += d[key] ** d["n"]
    return total


@program(lambda: ({"a": rand(2), "b": rand(3, seed=1)},), tags=("for", "dict"))
def loop_over_dict_items(params):
    total = 0.0
    for name, p in params.items():
        weight = 2.0 if name == "a" else 0.5
        total = total + weight * np.sum(p * p)
    return total


@program(lambda: ({"a": 0.5, "b": 1.5},), tags=("for", "dict"))
def loop_over_dict_values(params):
    product = 1.0
    for v in params.values():
        product *= v
    return product**2


@program(lambda: (rand(5),), tags=("for", "enumerate"))
def loop_with_enumerate(x):
    total = 0.0
    for i, v in enumerate(x):
        total += (i + 1) * v**2
    for k, v in enumerate(x, start=2):
        total += v**k / k
    return total


@program(lambda: (rand(4), signed(4, seed=2)), argnums=(0, 1), tags=("for", "zip"))
def loop_with_zip(x, y):
    total = 0.0
    for a, b in zip(x, y):
        total += a * b * b
    for i, (a, b) in enumerate(zip(x, y[1:])):
        total += i * a / b
    return total


@program(lambda: (rand(5), [1.0, 2.0, 3.0]), argnums=(0, 1), tags=("for", "zip"))
def zip_stops_at_the_shortest(x, weights):
    total = 0.0
    for w, a, b in zip(weights, x, x[2:], strict=False):
        total += w * a * b
    return total


@program(lambda: (rand(5),), tags=("for", "reversed"))
def loops_backwards(x):
    h = 0.0
    for v in reversed(x):
        h = h * 0.5 + v
    for i in reversed(range(1, 4)):
        h = h * x[i] + x[i - 1]
    for v in x[::-1]:
        h = np.sin(h) + v
    return h


@program(lambda: (rand(3, 4),), tags=("for", "nested"))
def nested_loops(a):
    total = 0.0
    for i in range(a.shape[0]):
        row = 1.0
        for j in range(a.shape[1]):
            row *= a[i, j] + 0.5
        total += row
    return total


@program(lambda: (rand(4, 4),), tags=("for", "triangular"))
def triangular_loops(a):
    total = 0.0
    for i in range(4):
        for j in range(i):
            total += a[i, j] * a[j, i]
        for j in range(i + 1, 4):
            total -= np.cos(a[i][j])
    return total


@program(lambda: (rand(3),), tags=("for", "nested"))
def three_nested_loops(x):
    s = 0.1
    for i in range(3):
        for j in range(3):
            for k in range(j, 3):
                s = s + x[i] * x[j] * x[k] * np.cos(s)
    return s


@program(lambda: (rand(4), 1.3), argnums=(0, 1), tags=("for", "target"))
def target_used_after_the_loop(x, y):
    total = 0.0
    for i in range(3):
        total += x[i] * y
    for v in x:
        y = y + v
    return total * x[i] + v * y * i


@program(lambda: (0.8, 0), tags=("for", "zero-trip"))
def loop_that_never_runs(x, n):
    y = x * x
    for _ in range(n):
        y = y * 100.0
    for _ in []:
        y = 0.0
    return y


@program(lambda: (0.8, 3), tags=("for", "target"))
def target_overwritten_by_the_body(x, n):
    total = x
    for i in range(n):
        i = i * 2 + 1
        total = total * i - x
    return total


@program(lambda: (0.3, 0.7), argnums=(0, 1), tags=("for", "carried"))
def fibonacci_of_floats(a, b):
    for _ in range(6):
        a, b = b, a * b + a
    return a + b


@program(lambda: (rand(3), rand(3, 3, seed=1)), argnums=(0, 1), tags=("for", "carried"))
def carried_array(x, w):
    h = x
    for _ in range(4):
        h = np.tanh(w @ h) + x
    return np.sum(h)


@program(lambda: (0.7,), tags=("for", "if"))
def branch_inside_a_loop(x):
    y = x
    for i in range(8):
        if i % 3 == 0:
            y = y * x
        elif y > 0.5:
            y = y - 0.3 * x
        else:
            y = y + np.sin(x)
    return y


@program(lambda: (0.7, 5), tags=("for", "if"))
def variable_defined_in_a_branch_of_a_loop(x, n):
    y = x
    for i in range(n):
        if i == 0:
            step = x * x
        y = y + step * y
    return y


@program(lambda: (rand(4),), tags=("for", "carried"))
def variable_defined_in_the_last_iteration(x):
    for i in range(len(x)):
        square = x[i] * x[i]
        if i == 2:
            kept = square * x[0]
    return square + kept


@program(lambda: (0.4,), tags=("for", "carried"))
def several_carried_scalars(x):
    a, b, c = x, 1.0, 0.0
    for k in range(1, 6):
        a, b, c = b * x, c + a, a / k
    return a + 2 * b + 3 * c


@program(lambda: (rand(3),), tags=("for", "passive"))
def carried_integers(x):
    lo, hi = 0, 2
    total = 0.0
    for k in range(5):
        total = total * 0.5 + x[lo] * x[hi]
        lo, hi = hi, (lo + k) % 3
    return total


@program(lambda: (rand(4),), tags=("for", "max"))
def running_maximum(x):
    best = x[0]
    for v in x[1:]:
        best = max(best, v)
    return best * np.sum(x)


@program(lambda: (0.5, [3, 1, 2]), tags=("for", "passive"))
def loop_over_integers_of_a_list(x, powers):
    total = 0.0
    for p in powers:
        total += x**p
    return total


@program(lambda: (rand(3, 2),), tags=("for", "unpack"))
def unpacks_rows_in_the_target(points):
    total = 0.0
    for a, b in points:
        total += np.arctan(a * b) + a
    return total


@program(lambda: ([(0.5, (1.0, 2.0)), (0.7, (3.0, 4.0))],), tags=("for", "unpack", "tree"))
def unpacks_nested_targets(pairs):
    total = 1.0
    for a, (b, c) in pairs:
        total *= a * b + c
    return total


@program(lambda: (rand(3),), tags=("for", "while"))
def loop_over_a_copy_of_the_range(x):
    n = 3
    total = 0.0
    for i in range(n):
        n = 10
        total += x[i] ** 2 * n
    return total


@program(lambda: (0.5, 0.9), argnums=(0, 1), tags=("for", "str"))
def loop_over_a_string(x, y):
    z = 1.0
    for letter in "xyyx":
        z = z * x if letter == "x" else z + y * z
    return z


@program(lambda: (rand(2, 3),), tags=("for", "ndindex"))
def loop_over_indices(x):
    total = 0.0
    for i, j in np.ndindex(x.shape):
        total += (i + 1) * x[i, j] ** (j + 1)
    return total


@program(lambda: (0.9,), tags=("for", "long"))
def long_loop(x):
    y = x
    for i in range(200):
        y = y + 0.01 * np.sin(y * x + i)
    return y


@program(lambda: (rand(5), 2), tags=("array out", "for"), output="array")
def smoothed_several_times(x, n):
    for _ in range(n):
        x = 0.5 * x + 0.25 * (np.roll(x, 1) + np.roll(x, -1))
    return x


@program(lambda: (rand(4), 0.5), argnums=(0, 1), tags=("for", "generator"))
def sums_in_conditions_in_a_loop(x, limit):
    total = 0.0
    for k in range(3):
        if sum(e * 2 for e in x if e > 0.1) > limit and not sum(v * v for v in x) >= 100.0:
            total += x[k] * limit**k
    return total


@program(lambda: (rand(4), rand(3, seed=1)), argnums=(0, 1), tags=("loop", "comprehension"))
def sums_of_sums_of_what_is_large_enough(x, y):
    return sum(q * sum(p * p2 for p, p2 in zip(y, y, strict=True)) for q in x if q > 0.5)


@program(lambda: (rand(4), rand(2, 3, seed=1)), argnums=(0, 1), tags=("loop", "comprehension"))
def sums_in_branches_of_loops(x, m):
    total = 0.0
    for row in m:
        while total < 40.0:
            total += 10.0
            if row[0] < 5.0:
                total += sum(v * sum(row[k] * k for k in range(len(row))) for v in x if v > 0.3)
                if any(v > 0.4 and all(w < 9.0 for w in row) for v in x):
                    total *= 1.25
    return total


@program(lambda: (rand(4), 0.7), argnums=(0, 1), tags=("loop", "dict", "branch"))
def dict_in_a_branch_of_two_loops(x, s):
    total = 0.0
    for v in x:
        if v > 0.5:
            k = 0
            while k < 2:
                k += 1
                store = {"a": x * v, "b": s}
                store["a"] = np.tanh(store["a"])
                total += np.sum(store["a"]) * store["b"]
    return total


@program(lambda: (rand(4), 0.7), argnums=(0, 1), tags=("loop", "closure", "branch"))
def functions_in_a_branch_of_a_loop(x, s):
    for v in x:
        if v > 0.3:
            functions = [lambda q, v=v: q * v, np.cos, lambda q, k=2: q**k]
            s += functions[2](s) * functions[0](0.2) + functions[1](v)
        chosen = {0, 2, 3}
        if 2 in chosen:
            s *= 0.9
    return s


@program(lambda: (rand(4), 0.7), argnums=(0, 1), tags=("loop", "names"))
def one_name_for_many_things(x, s):
    tmp = (s, x)
    total = tmp[0] * np.sum(tmp[1])
    for k in range(len(x)):
        tmp = x * x[k]
        total += np.sum(tmp)
        tmp = {"a": tmp, "b": total * 0.1}
        for tmp2 in tmp["a"]:
            tmp3 = [tmp2, tmp2 * s]
            tmp3.append(tmp3[0] * tmp3[1])
            total += tmp3[-1]
        total += np.sum(tmp["a"]) * tmp["b"]
    tmp = [total, s]
    return tmp[0] * tmp[1]


@program(lambda: (rand(5), 0.7), argnums=(0, 1), tags=("loop", "names", "break"))
def last_of_a_loop_is_read_in_many_places(x, s):
    last = s
    found = 0.0
    for v in x:
        if v > 0.8:
            continue
        if v < 0.23:
            found = v * last
            break
        last = v * s
        extra = last * 2
    else:
        found = last
    for w in x:
        kept = w * found
        if w > 0.6:
            late = kept * s
    return found * last + kept * late + extra + w * v


@program(lambda: (rand(4), 0.7), argnums=(0, 1), tags=("loop", "names", "while"))
def name_of_the_iteration_before(x, s):
    k = 0
    total = 0.0
    previous = s
    while k < len(x):
        if k > 0:
            total += previous * state[0]  # noqa: F821
        if k != 2:
            state = (x[k] * s, k)
        previous = x[k]
        k += 1
    return total * state[0]


@program(lambda: (rand(4), 0.7), argnums=(0, 1), tags=("loop", "names", "closure"))
def name_that_only_a_function_reads(x, s):
    scale = s

    def weigh(v):
        return v * scale

    total = 0.0
    for v in x:
        total += weigh(v)
        scale = v * v
    return total


@program(lambda: (rand(0), 0.7), argnums=(0, 1), tags=("loop", "names", "empty"))
def loop_that_never_runs_leaves_names_alone(x, s):
    last = s * 2
    for v in x:
        last = v
        other = (v, last)
        last = other[1] * other[0]
    return last * s


@program(lambda: (rand(3), 0.7), argnums=(0, 1), tags=("loop", "names", "write"))
def buffer_made_anew_in_each_iteration(x, s):
    work = np.zeros(3)
    total = 0.0
    for k in range(3):
        if k % 2 == 0:
            work = np.zeros(3)
            work[k] = x[k] * s
            work[:-1] += work[1:]
            total += np.sum(work * work)
        pair = work, k
        if k > 0:
            pair[0][0] += x[k] * total
    return total + np.sum(work)


@program(lambda: (rand(5),), tags=("for", "nested", "names"))
def pair_of_an_earlier_turn(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            pair = x[i] * x[j]
            total += pair**2
    return total * pair


@program(lambda: (rand(4),), tags=("for", "while", "names"))
def factor_of_an_inner_while_loop(x):
    for i in range(len(x)):
        j = i
        while j < 2:
            factor = x[j] * x[i]
            j += 1
    return factor * x[0] + j * x[1]


@program(lambda: (rand(4),), tags=("for", "nested", "names"))
def last_item_of_slices_that_get_shorter(x):
    weight = 0.5
    for i in range(len(x)):
        for v in x[i + 1 :]:
            last = x[i] * v
            weight = weight * v + last
        if i > 1:
            weight += last * v
    return weight * last * v


@program(lambda: (rand(4), 3), tags=("while", "nested", "names", "arrays"))
def array_made_in_some_turns(x, n):
    k = 0
    while k < 5:
        for j in range(k, n):
            row = np.sin(x * j)
            row[0] += x[j]
        x = x + row * 0.1
        row[1] *= x[k % 4]
        k += 1
    return np.sum(x * row)


@program(lambda: (rand(5),), tags=("for", "nested", "names"))
def pair_that_an_inner_loop_reads_first(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(3 - i):
            if i > 0:
                total += pair  # noqa: F821 (an earlier turn has bound it)
            pair = x[j] * x[i] * total + x[i + j]
    return total + pair


@program(lambda: (rand(4),), tags=("for", "nested", "names", "exceptions"))
def name_that_no_inner_turn_binds(x):
    try:
        for i in range(len(x)):
            for j in range(i + 5, len(x)):
                never = x[i] * x[j]
        return never * x[0]
    except UnboundLocalError:
        return x[1] ** 2
