"""Programs with methods of lists and strings, and questions about kinds."""

from __future__ import annotations

import math

import numpy as np

from programs import program, rand


@program(lambda: (rand(6),))
def list_remove_index_count(x):
    ids = [3, 1, 2, 1]
    ids.remove(1)
    k = ids.index(2)
    n = ids.count(1)
    return x[k] ** 2 * (n + 1)


@program(lambda: (rand(6),))
def list_reverse_copy_clear(x):
    xs = [x[0], x[1], x[2]]
    ys = xs.copy()
    ys.reverse()
    xs.clear()
    xs.extend(y * 2 for y in ys)
    return xs[0] * ys[2] + xs[1]


@program(lambda: (rand(6),))
def list_slices(x):
    xs = list(x)
    xs[1:3] = [xs[0] * 2, xs[1] * 3, xs[2] * 4]
    del xs[0]
    del xs[::2]
    xs[:0] = [1.0]
    return sum(k * v for k, v in enumerate(xs))


@program(lambda: (rand(6), 4))
def list_slices_dyn(x, n):
    xs = []
    for k in range(n):
        xs.append(x[k])
    xs[1:2] = [xs[0] * 2, xs[1] * 3]
    del xs[0]
    return sum((k + 1) * v**2 for k, v in enumerate(xs))


@program(lambda: (rand(6), 4))
def list_clear_dyn(x, n):
    buf = []
    s = 0.0
    for k in range(6):
        buf.append(x[k])
        if len(buf) == n:
            s += sum(buf) ** 2
            buf.clear()
    return s + sum(buf)


@program(lambda: (rand(6),))
def with_list_mul(x):
    xs = [x[0], x[1]] * 3
    m = [[0.0] * 3 for _ in range(2)]
    for i in range(2):
        for j in range(3):
            m[i][j] = xs[i + j] * (i + 1)
    t = list(zip(*m, strict=False))
    return sum(a * b for a, b in t)


@program(lambda: (rand(6),))
def with_any_all(x):
    xs = [v for v in x]
    if any(v > 5 for v in xs):
        return 0.0
    if all(v > 0 for v in xs):
        return math.prod(xs)
    return sum(xs)


@program(lambda: (rand(6),))
def isinstance_kinds(x):
    def f(v):
        if isinstance(v, np.ndarray):
            return np.sum(v**2)
        if isinstance(v, (list, tuple)):
            return sum(f(u) for u in v)
        if np.isscalar(v):
            return v * 2
        return 0.0

    return f(x) + f([x[0], (x[1], x[2:4])]) + f(3.0) * x[5]


@program(lambda: (rand(6),))
def hasattr_len(x):
    def total(v):
        return sum(v) if hasattr(v, "__len__") else v

    return total(x) * total(x[0]) + total([x[1], x[2]])


@program(lambda: (rand(6),))
def ndim_zero(x):
    def f(v):
        v = np.asarray(v)
        if v.ndim == 0:
            return v * 3.0
        return v.sum() * v.shape[0]

    return f(x) + f(x[0])


@program(lambda: (rand(6),))
def type_call(x):
    p = (x[0], x[1])
    q = type(p)(v * 2 for v in p)
    again = type([1])(q)
    return q[0] * again[1]


@program(lambda: (rand(6),))
def with_strings(x):
    spec = "a:1, b:2.5, c:-3"
    s = 0.0
    for k, part in enumerate(spec.split(",")):
        name, val = part.strip().split(":")
        s += float(val) * x[k] ** 2 if name != "b" else x[k] * int(float(val))
    return s


@program(lambda: (rand(6),))
def string_format(x):
    params = {}
    for i in range(3):
        params["w%d" % i] = x[i]  # noqa: UP031
        params[f"b{i}"] = x[i + 3]
    return sum(params[f"w{i}"] * params["b" + str(i)] for i in range(3))


@program(lambda: (rand(6),))
def str_join_len(x):
    name = "_".join(str(k) for k in range(3))
    return len(name) * x[0] ** 2 + name.count("_") * x[1] + ("2" in name) * x[2]


@program(lambda: (rand(4, 3),), tags=("containers", "views"))
def parts_in_a_list_that_grows(x):
    parts = np.split(x, 2)
    parts.append(x[:2] * 2.0)
    parts[0] = np.sin(parts[0])
    parts.reverse()
    return sum([np.sum(p**2) * (k + 1.0) for k, p in enumerate(parts + [x])])  # noqa: RUF005


@program(lambda: (rand(6), 3), tags=("containers", "views"))
def parts_in_a_list_of_run_time_length(x, n):
    parts = np.array_split(x, 3)
    for k in range(n):
        parts.append(parts[k] * parts[-1])
    return np.sum(parts.pop() * parts[1]) + len(parts) * x[0]


@program(lambda: (rand(4, 3),), tags=("containers", "views", "aliases"))
def parts_in_a_list_are_views(x):
    x = x * 1.0
    upper, lower = parts = np.vsplit(x, [1])
    parts[1][0] *= upper[0]
    lower[-1] = np.exp(x[1])
    return np.sum(x**2) * isinstance(parts, list) + sum(map(len, parts)) * x[0, 0]
