"""Programs that change a list or dict while they loop over it: what comes next is what stands there by then."""

from __future__ import annotations

from programs import program, rand


@program(lambda: (rand(4),), tags=("lists", "loops"))
def next_item_changed_in_enumerate(x):
    xs = [x[0], x[1], x[2], x[3]]
    total = 0.0
    for k, v in enumerate(xs):
        total += v**2
        if k < 3:
            xs[k + 1] = xs[k + 1] * v
    return total


@program(lambda: (rand(4),), tags=("lists", "loops"))
def next_item_changed_in_zip(x):
    xs = [x[0], x[1], x[2]]
    ws = [1.0, 2.0, 3.0]
    total = 0.0
    k = 0
    for v, w in zip(xs, ws, strict=True):
        total += w * v**2
        k = k + 1
        if k < 3:
            xs[k] = xs[k] * v
    return total


@program(lambda: (rand(4),), tags=("lists", "loops"))
def item_changed_in_reversed(x):
    xs = [x[0], x[1], x[2]]
    total = 0.0
    for v in reversed(xs):
        total = total * 0.5 + v**2
        xs[0] = xs[0] * v
    return total


@program(lambda: (rand(4),), tags=("dicts", "loops"))
def next_entry_changed_in_items(x):
    d = {"a": x[0], "b": x[1]}
    total = 0.0
    for k, v in d.items():
        total += v**2
        if k == "a":
            d["b"] = d["b"] * v * x[2]
    return total


@program(lambda: (rand(4),), tags=("dicts", "loops"))
def entries_changed_in_values(x):
    d = {"a": x[0], "b": x[1]}
    total = 0.0
    for v in d.values():
        total += v**2
        d["b"] = d["b"] * x[2]
    return total


@program(lambda: (rand(4),), tags=("dicts", "loops"))
def view_kept_and_read_later(x):
    d = {"a": x[0]}
    values = d.values()
    items = d.items()
    d["b"] = x[1]
    d["a"] = x[2]
    return sum(values) * 2 + sum(v * len(k) for k, v in items) + len(values)


@program(lambda: (rand(4), 4), tags=("dicts", "loops"))
def entries_replaced_while_looping_over_keys(x, n):
    p = {"w": x[0], "b": x[1]}
    for _ in range(n):
        g = {"w": 2 * p["w"] * x[2], "b": p["b"] - x[1]}
        for k in p:
            p[k] = p[k] - 0.1 * g[k]
    return p["w"] ** 2 + p["b"]


@program(lambda: (rand(3),), tags=("closures", "loops"))
def mapped_function_sees_what_the_loop_does(x):
    total = 0.0

    def grown(t):
        return t * (total + 1)

    for v in map(grown, [x[0], x[1], x[2]]):
        total += v
    for k, v in enumerate(map(grown, (x[0], x[1]))):
        total += v * k
    return total


@program(lambda: (rand(3),), tags=("closures", "loops"))
def generator_expression_sees_what_the_loop_does(x):
    total = 0.0
    for v in (t * (total + 1) for t in x):
        total += v
    for v in (t * (total + 1) for t in [x[0], x[1]]):
        total += v
    return total


@program(lambda: (rand(3),), tags=("closures", "loops"))
def mapped_function_in_a_zip_sees_what_the_loop_does(x):
    xs = [x[0], x[1], x[2]]
    total = 0.0
    for a, b in zip(map(lambda t: t * xs[0], xs), [1.0, 2.0, 3.0], strict=False):
        total += a * b
        xs[0] = xs[0] * x[1]
    return total
