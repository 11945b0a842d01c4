# ruff: noqa: B905, RUF005 (written as users write, not as linters like it)
"""Lists, tuples, dicts, sets, comprehensions, generator expressions and unpacking."""

from __future__ import annotations

import numpy as np

from . import program, rand, signed


@program(lambda: (rand(4),), tags=("list", "append"))
def appends_then_sums(x):
    terms = []
    for v in x:
        terms.append(v * v)
    return sum(terms) + sum(terms, 1.0) * terms[0]


@program(lambda: (rand(4),), tags=("list", "append", "np.array"))
def appends_then_makes_an_array(x):
    history = [x[0]]
    for v in x[1:]:
        history.append(0.5 * history[-1] + v)
    h = np.array(history)
    return np.sum(h * h) + history[1]


@program(lambda: (rand(3),), tags=("list", "append", "np.stack"))
def appends_arrays_then_stacks(x):
    rows = []
    state = x
    for k in range(4):
        state = np.sin(state) * (k + 1)
        rows.append(state)
    table = np.stack(rows)
    return np.mean(table**2) + np.sum(rows[-1])


@program(lambda: (rand(3),), tags=("list", "concatenate"))
def concatenates_a_list(x):
    parts = [x, x[:2] * 2.0]
    parts += [np.array([1.0, x[0]])]
    return np.sum(np.concatenate(parts) * np.arange(7.0))


@program(lambda: (0.5, 0.8), argnums=(0, 1), tags=("list", "np.array"))
def array_displays(x, y):
    v = np.array([x, y, x * y, 1.0])
    m = np.array([[x, -y], [y, x]])
    return v @ v + np.sum(m @ m @ v[:2])


@program(lambda: (rand(3),), tags=("list", "write"))
def list_elements_are_replaced(x):
    a = [x[0], x[1], x[2]]
    a[1] = a[0] * a[2]
    a[-1] += a[1]
    a[0], a[1] = a[1], a[0]
    return a[0] + 2 * a[1] + 3 * a[2] ** 2


@program(lambda: (0.9, 5), tags=("list", "write", "for"))
def list_filled_by_index(x, n):
    t = [0.0] * n
    t[0] = 1.0
    for i in range(1, n):
        t[i] = t[i - 1] * x / i
    return sum(t)


@program(lambda: (rand(2, 3),), tags=("list", "nested"))
def lists_of_lists(a):
    table = [[a[i, j] for j in range(3)] for i in range(2)]
    table[1][0] = table[0][1] * table[0][2]
    table[0].append(2.0)
    return sum(sum(row) for row in table) * table[1][0]


@program(lambda: (rand(3),), tags=("list", "pop", "insert"))
def list_methods(x):
    a = list(x)
    a.insert(1, x[0] * x[2])
    last = a.pop()
    a.extend([last, last * last])
    a.reverse()
    first = a.pop(0)
    return a[0] * first + sum(a[1:])


@program(lambda: (rand(4),), tags=("list", "stack"))
def list_as_a_stack(x):
    stack = [x[0], x[1]]
    for v in x[2:]:
        b = stack.pop()
        a = stack.pop()
        stack.append(a * b)
        stack.append(v + b)
    return stack[0] * stack[1]


@program(lambda: (rand(4),), tags=("list", "slice"))
def slices_of_lists(x):
    a = [v * v for v in x]
    b = a[1:3] + a[::-1]
    c = b * 2
    return sum(c[:5]) * b[0] + len(c)


@program(lambda: (signed(6),), tags=("comprehension", "if"))
def comprehension_with_a_condition(x):
    kept = [v * v for v in x if v > 0]
    return sum(kept) / len(kept)


@program(lambda: (rand(3), rand(2, seed=1)), argnums=(0, 1), tags=("comprehension", "nested"))
def nested_comprehension(x, y):
    products = [a * b + i for i, a in enumerate(x) for b in y if i != 1]
    return sum(p * p for p in products)


@program(lambda: (rand(4),), tags=("comprehension", "scope"))
def comprehension_does_not_leak(x):
    i = 2.0
    squares = [x[i] ** 2 for i in range(4)]
    return i * sum(squares)


@program(lambda: (rand(4),), tags=("generator",))
def generator_expressions(x):
    total = sum(v * np.sin(v) for v in x)
    top = max(v * v for v in x)
    low = min(x[i] * (i + 1) for i in range(4))
    if any(v > 100 for v in x) or not all(v > 0 for v in x):
        return 0.0
    return total * top + low


@program(lambda: (rand(4),), tags=("generator", "zip"))
def dot_product_of_generators(x):
    w = [1.0, 2.0, 3.0, 4.0]
    return sum(a * b for a, b in zip(w, x, strict=True)) / sum(w) * max(w)


@program(lambda: (rand(3),), tags=("unpack",))
def unpacking_assignments(x):
    a, b, c = x
    (d, e), f = (a * b, b * c), a
    g = h = d + e
    [k, m] = [g * h, f]
    return k * m + c


@program(lambda: (rand(5),), tags=("unpack", "star"))
def starred_unpacking(x):
    first, *middle, last = x
    head, *rest = [first * last, *middle]
    return head * sum(rest) + len(middle)


@program(lambda: (0.5, 0.8), argnums=(0, 1), tags=("unpack", "swap"))
def chained_and_swapped(x, y):
    a = b = x * y
    a, b = b + 1.0, a - 1.0
    x, y = y, x
    return a * b + x**2 * y


@program(lambda: (rand(2, 3),), tags=("unpack", "shape"))
def unpacks_a_shape(a):
    n, m = a.shape
    total = 0.0
    for i in range(n):
        for j in range(m):
            total += a[i, j] / (n * m)
    return total**2


@program(lambda: (0.5, 0.8), argnums=(0, 1), tags=("dict",))
def dict_built_and_read(x, y):
    d = {"sum": x + y, "product": x * y}
    d["ratio"] = d["sum"] / d["product"]
    d["sum"] *= 2.0
    return d["ratio"] * d["sum"] + d.get("product", 0.0) + d.get("missing", 1.0)


@program(lambda: (rand(3),), tags=("dict", "comprehension"))
def dict_comprehension(x):
    squares = {k: v * v for k, v in enumerate(x)}
    weights = {0: 1.0, 1: 2.0, 2: 3.0}
    total = 0.0
    for k, w in weights.items():
        total += w * squares[k]
    return total * squares[2]


@program(lambda: (rand(4),), tags=("dict", "memo"))
def dict_as_a_memo(x):
    memo = {}
    total = 0.0
    for i in [0, 1, 0, 2, 1, 3]:
        if i not in memo:
            memo[i] = np.exp(x[i])
        total += memo[i] * (total + 1.0)
    return total


@program(lambda: (rand(4),), tags=("dict", "group"))
def groups_in_a_dict(x):
    groups = {}
    for i, v in enumerate(x):
        key = "even" if i % 2 == 0 else "odd"
        groups[key] = groups.get(key, 0.0) + v * v
    return groups["even"] * groups["odd"]


@program(lambda: (rand(4),), tags=("dict", "setdefault"))
def lists_in_a_dict(x):
    bins = {}
    for i, v in enumerate(x):
        bins.setdefault(i // 2, []).append(v)
    return sum(np.prod(np.array(values)) for values in bins.values())


@program(lambda: (rand(4),), tags=("set", "passive"))
def sets_as_passive_data(x):
    chosen = {0, 2}
    total = 1.0
    for i in range(4):
        if i in chosen:
            total *= x[i]
    return total * len(chosen | {3})


@program(lambda: (rand(3), rand(3, seed=1)), argnums=(0, 1), tags=("zip", "star"))
def transposes_with_zip(x, y):
    pairs = [(a, b * a) for a, b in zip(x, y)]
    firsts, seconds = zip(*pairs)
    return sum(firsts) * sum(seconds) + firsts[0] * seconds[2]


@program(lambda: (rand(3),), tags=("tuple",))
def tuples_are_values(x):
    point = (x[0], x[1])
    moved = point + (x[2],)
    other = tuple(v * 2.0 for v in moved)
    return other[0] * moved[1] + other[-1] * len(moved)


@program(lambda: (rand(4),), tags=("map", "filter"))
def map_and_filter(x):
    squares = list(map(lambda v: v * v, x))
    large = list(filter(lambda v: v > 0.1, squares))
    return sum(large) + sum(map(np.sin, x))


@program(lambda: (rand(5),), tags=("sorted",))
def sorts_values(x):
    ordered = sorted(x)
    s = np.sort(x)
    k = np.argsort(x)
    return ordered[0] * ordered[-1] + s[2] ** 2 + x[k[1]] * 3.0


@program(lambda: (rand(5),), tags=("argmax",))
def positions_are_passive(x):
    k = int(np.argmax(x))
    j = np.argmin(x)
    n = np.count_nonzero(x > 0.5)
    return x[k] * x[j] + n * x[0]


@program(lambda: (rand(4),), tags=("list", "carried"))
def list_rebuilt_in_a_loop(x):
    level = list(x)
    while len(level) > 1:
        level = [level[i] * level[i + 1] + 0.1 for i in range(len(level) - 1)]
    return level[0]


@program(lambda: (rand(3),), tags=("list", "arrays"))
def list_of_arrays_updated(x):
    layers = [x * 1.0, x * 2.0]
    for k in range(2):
        layers[k] = layers[k] * x[k]
        layers[1 - k][0] += 1.0
    return sum(np.sum(layer * layer) for layer in layers)


@program(lambda: (rand(3),), tags=("list", "tuple out", "array out"), output="array")
def returns_a_list(x):
    return [x[0] * x[1], np.exp(x)]


@program(lambda: (0.5, rand(2)), argnums=(0, 1), tags=("dict out", "array out"), output="array")
def returns_a_dict(a, x):
    return {"energy": a * np.sum(x), "state": x**2 + a}


@program(lambda: (rand(2, 3), rand(2, seed=1)), argnums=(0, 1), tags=("matmul",))
def dot_of_a_vector_and_a_matrix(m, w):
    r, _ = m.shape
    return np.sum(np.dot(w, m) ** 2) + np.sum(np.dot(np.full(r, w[0]), np.vstack([m[0], m[1]]))) ** 2


@program(lambda: (rand(4), 0.7), argnums=(0, 1), tags=("list", "star"))
def displays_with_ranges_and_arrays_spread(x, s):
    places = (*range(2), 3)
    parts = [*enumerate(x[:2], start=1), (5, s)]
    table = np.zeros((2, 3))
    table[1, 0], table[1, 2] = s, x[0]
    first, *others = [*table[1], *places]
    return sum(k * v for k, v in parts) + x[places[2]] * first + sum(others) * others[1]


@program(lambda: (rand(5), 0.7), argnums=(0, 1), tags=("list", "augmented"))
def list_that_grows_by_run_time_lists(x, s):
    kept = [s]
    other = kept
    kept += [v * s for v in x if v > 0.5]
    kept += (s, 2.0)
    kept += range(2)
    return sum((k + 1) * v for k, v in enumerate(other))


@program(lambda: (rand(4), 0.7), argnums=(0, 1), tags=("list", "augmented"))
def list_to_which_an_array_is_added(x, s):
    values = [v * s for v in x]
    other = values
    values += x
    fixed = [s, s * s]
    fixed += x[:2] * s
    return np.sum(values * values) + other[0] * s + np.sum(fixed**2)


@program(lambda: (rand(3),))
def starred_rest_of_an_array_is_a_list(x):
    squares = x * x
    first, *rest = squares
    rest[0] *= x[0]
    rest.append(first * x[1])
    return sum(rest) * np.sum(squares) + first


@program(lambda: (rand(3),))
def starred_rest_of_an_array_twice(x):
    first, *rest = x
    rest = rest + rest
    return sum([item * item for item in rest]) * first


@program(lambda: (rand(3),))
def starred_rest_of_a_matrix(x):
    table = np.outer(x, x)
    _, *rows = table
    rows[0] = x
    return np.sum(table[1] ** 2) + np.sum(rows[0] * rows[1])


@program(lambda: (rand(3),))
def starred_items_before_the_array_is_written(x):
    squares = x * x
    (*items,) = squares
    squares *= x
    return items[0] * items[1] + np.sum(squares)
