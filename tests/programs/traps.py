"""Where Python's or NumPy's meaning surprises, and where a compiler is tempted to cut a corner."""

from __future__ import annotations

import numpy as np

from . import program, rand, signed


@program(lambda: (rand(3, 3),), tags=("view", "swap"))
def rows_swapped_through_views(a):
    b = a * 1.0
    b[0], b[1] = b[1], b[0]
    return np.sum(b * np.arange(9.0).reshape(3, 3))


@program(lambda: (rand(4),), tags=("for", "write"))
def array_written_while_it_is_iterated(x):
    y = x * 1.0
    total = 0.0
    for i, v in enumerate(y):
        total += v * v
        if i < 3:
            y[i + 1] += v * 0.5
    return total * y[3]


@program(lambda: (rand(3),), tags=("for", "list"))
def list_that_grows_while_it_is_iterated(x):
    queue = [x[0], x[1]]
    total = 0.0
    for v in queue:
        total += v
        if len(queue) < 6:
            queue.append(v * x[2])
    return total


@program(lambda: (rand(4),), tags=("aug", "alias"))
def adds_an_array_to_itself(x):
    y = x * 1.0
    y += y
    y *= y
    y -= y[::-1]
    return np.sum(y * x)


@program(lambda: (rand(5),), tags=("aug", "overlap"))
def augmented_write_of_overlapping_slices(x):
    y = x.copy()
    y[1:] += y[:-1]
    y[:-2] *= y[2:]
    return np.sum(y**2)


@program(lambda: (rand(3),), tags=("alias",))
def chained_assignment_shares_the_array(x):
    a = b = np.zeros(3)
    a[0] = x[0]
    b[1] = x[1] * a[0]
    a += x
    return np.sum(a * b)


@program(lambda: (rand(3),), tags=("alias", "list"))
def full_slice_of_an_array_and_of_a_list(x):
    y = x * 1.0
    view = y[:]
    view[0] = 4.0 * x[1]
    values = [x[0], x[1]]
    copied = values[:]
    copied[0] = 100.0
    return np.sum(y * y) + values[0] * values[1] + copied[1]


@program(lambda: (rand(3),), tags=("alias", "list"))
def repeated_list_shares_its_rows(x):
    rows = [np.zeros(2)] * 2
    rows[0][0] = x[0]
    rows[1][1] = x[1] * rows[1][0]
    return np.sum(rows[0] * rows[1]) * x[2]


@program(lambda: (rand(4),), tags=("alias", "for"))
def buffers_picked_by_parity(x):
    buffers = [x * 1.0, np.zeros(4)]
    for k in range(3):
        source, target = buffers[k % 2], buffers[(k + 1) % 2]
        for i in range(1, 4):
            target[i] = source[i] * source[i - 1]
        target[0] += source[0]
    return np.sum(buffers[1] ** 2) + np.sum(buffers[0])


@program(lambda: (rand(4),), tags=("alias", "for", "if"))
def alias_that_changes_in_a_loop(x):
    a, b = x * 1.0, x * x
    target = a
    for k in range(4):
        target[k] *= 2.0 + b[0]
        target = b if target[k] > 0.8 else a
    return np.sum(a * b)


@program(lambda: (0.7,), tags=("default", "closure"))
def default_argument_evaluated_once(x):
    k = x

    def f(v, w=k * 2.0):
        return v * w + k

    k = 3.0 * x
    return f(x) + f(x, 1.0)


@program(lambda: (0.7,), tags=("default", "mutable"))
def mutable_default_is_shared(x):
    def remember(v, seen=[]):  # noqa: B006
        seen.append(v)
        return sum(seen)

    remember(x)
    remember(x * x)
    return remember(2.0 * x)


@program(lambda: (0.7, 0.2, 1.5), argnums=(0, 1, 2), tags=("names",))
def names_a_compiler_would_choose(x, x_bar, out_bar):
    x_tape = x * x_bar
    y_bar, g, t = np.sin(x_tape), out_bar * x, x_bar + 1.0
    _ = y_bar * g
    grad = _ * t
    return grad + x_tape * out_bar


@program(lambda: (0.7, 1.2), argnums=(0, 1), tags=("names",))
def names_of_builtins_are_shadowed(sum, len):
    max = sum * len
    list = [max, sum]
    range = list[0] + list[1]
    return range * len


@program(lambda: (0.7, 1.2), argnums=(0, 1), tags=("names", "unicode"))
def greek_names(α, β):
    σ = 1.0 / (1.0 + np.exp(-α * β))
    Δ = σ - β
    return Δ * Δ * σ


@program(lambda: (rand(3),), tags=("names", "comprehension"))
def comprehension_shadows_a_parameter(x):
    doubled = [2.0 * x for x in x]
    return sum(doubled) * x[0]


@program(lambda: (0.7,), tags=("order",))
def order_of_evaluation(x):
    log = []

    def note(v):
        log.append(v)
        return v * x

    y = note(2.0) + note(x) * note(3.0)
    return y + log[0] * log[1] ** 2 - log[2]


@program(lambda: (0.7, 1.2), argnums=(0, 1), tags=("and", "or", "effects"))
def short_circuits_skip_effects(x, y):
    log = []

    def positive(v):
        log.append(v)
        return v > 0

    if positive(x) or positive(y):
        x = x * len(log)
    if not positive(x) and positive(y * y):
        x = 0.0
    return x * sum(log)


@program(lambda: (rand(4),), tags=("index", "evaluation once"))
def index_of_an_augmented_write_is_evaluated_once(x):
    y = x * 1.0
    calls = []

    def where():
        calls.append(1)
        return len(calls)

    y[where()] *= x[0]
    y[where()] += x[1] * y[1]
    return np.sum(y) * len(calls)


@program(lambda: (rand(3),), tags=("zero derivative",))
def derivative_through_a_rounded_number(x):
    n = round(x[0] * 10)
    m = int(np.floor(x[1] * 3.0))
    return x[2] * n + x[0] ** (m + 1)


@program(lambda: (signed(4),), tags=("power", "negative base"))
def integer_powers_of_negative_numbers(x):
    return np.sum(x**3) + x[0] ** 2 * x[1] ** -1 + np.sum(x ** np.array([2, 1, 2, 3])) + (-x[0]) ** 2 - x[1] ** 2


@program(lambda: (np.array([0.0, 0.5, -0.5]),), tags=("power", "zero base"))
def powers_of_zero(x):
    return np.sum(x**2) + np.sum(x**1) + np.sum(x**3.0) + x[1] ** 0 + x[0] ** 2 * x[1]


@program(lambda: (rand(4), np.array([True, False, True, False])), tags=("mask", "empty"))
def masks_that_select_nothing(x, mask):
    y = x.copy()
    y[x > 50.0] = 0.0
    y[mask] *= 2.0
    return np.sum(y) + np.sum(x[x > 50.0]) * x[0]


@program(lambda: (np.zeros((0, 3)), 0.7), argnums=(0, 1), tags=("empty",))
def empty_arrays(x, s):
    total = np.sum(x * s) + s * s
    for row in x:
        total += np.sum(row)
    return total + np.sum(np.concatenate([x, np.ones((2, 3)) * s]))


@program(lambda: (np.asfortranarray(rand(3, 4)),), tags=("order", "fortran"))
def arrays_in_column_order(a):
    flat = a.reshape(-1)
    b = a.copy()
    b[1] = flat[:4]
    return np.sum(flat * np.arange(12.0)) + np.sum(b * b.ravel()[5])


@program(lambda: (rand(8)[::2], rand(3, 3).T[1:]), argnums=(0, 1), tags=("strided",))
def strided_arguments_are_written(x, m):
    x[1] = x[0] * m[0, 1]
    m[1] *= x[3]
    return np.sum(x * x) + np.sum(m * m)


@program(lambda: (rand(40),), tags=("broadcast", "write"))
def scalar_read_before_it_is_overwritten(x):
    first = x[0]
    x[0] = 0.0
    x[1:] *= first
    x[0] = first * x[1]
    return np.sum(x)


@program(lambda: (0.7, 1.2), argnums=(0, 1), tags=("walrus", "comprehension"))
def walrus_leaks_from_a_comprehension(x, y):
    squares = [(last := v * v) for v in (x, y, x * y)]
    return sum(squares) * last


@program(lambda: (0.7,), tags=("long",))
def long_straight_expression(x):
    return (
        x + x**2 + x**3 + x**4 - x / 2 - x / 3 - x / 4 + (1 + x) * (2 + x) * (3 + x) * (4 + x) * (5 + x)
        - ((((((((x * 2 + 1) * x + 2) * x + 3) * x + 4) * x + 5) * x + 6) * x + 7) * x + 8)
        + np.sin(np.cos(np.sin(np.cos(np.sin(np.cos(np.sin(np.cos(np.sin(x)))))))))
    )  # fmt: skip


@program(lambda: (rand(3), 0.5), argnums=(0, 1), tags=("type changes",))
def name_that_changes_its_type(x, s):
    v = 0
    for k in range(4):
        v = v + s if k < 2 else v * x
    v = np.sum(v)
    v = [v, s]
    return v[0] * v[1]


@program(lambda: (rand(3),), tags=("type changes", "sum"))
def accumulates_arrays_from_zero(x):
    total = 0
    for k in range(3):
        total += x * (k + 1)
        total = total * x[k]
    return sum([total, x, x * x]).sum()


@program(lambda: (0.7, 1.2), argnums=(0, 1), tags=("while", "swap"))
def three_values_rotate(a, b):
    c = a * b
    k = 0
    while k < 4:
        a, b, c = b, c, a
        a *= 1.1 + c
        k += 1
    return a + 2.0 * b + 3.0 * c


@program(lambda: (rand(5),), tags=("return", "array out", "alias"), output="array")
def returns_the_same_array_twice(x):
    y = x * x
    return y, y, y[1:3]


@program(lambda: (rand(3),), tags=("array out", "later write"), output="array")
def buffer_written_after_a_copy_is_kept(x):
    u = x * 1.0
    kept = u.copy()
    u *= x
    also = u + 0.0
    u[0] = 9.0
    return kept, also, u
