"""Programs that change what is outside of them: global names, objects, lists and dicts that were there before.

What they leave there is compared with what Python leaves there in tests/test_outside.py.
"""

from __future__ import annotations

import numpy as np

from . import outside, program, rand

calls = 0
last = 0.0
kept = None
total = 0.0
found = False
log: list = []
history: list = []
state = {"calls": 0, "scale": 2.0, "inner": {"n": 0}}
counts = [0, 0]
buffer = np.zeros(4)
table = np.zeros((2, 2))


class Model:
    made = 0

    def __init__(self):
        self.calls = 0
        self.last = None
        self.scale = 2.0
        self.buffer = np.zeros(3)
        self.history = []

    @property
    def doubled(self):
        return self.scale * 2.0

    @doubled.setter
    def doubled(self, value):
        self.scale = value / 2.0

    def loss(self, x):
        self.calls += 1
        Model.made += 1
        self.history.append(x[0])
        self.buffer[:] = x * self.scale
        self.buffer[1] *= self.buffer[0]
        self.last = np.sum(self.buffer**2)
        return self.last * self.last


model = Model()


@program(lambda: (rand(4),), tags=("global",))
def global_counter(x):
    global calls
    calls += 1
    return np.sum(x**2)


@program(lambda: (rand(4),), tags=("global",))
def global_last_value_read_back(x):
    global last
    last = x[0] * x[1]
    return np.sum(x**2) * last


@program(lambda: (rand(4),), tags=("global", "writes"))
def global_array_written_after_it_was_stored(x):
    global kept
    y = np.sin(x)
    kept = y
    for i in range(1, 3):
        y[i] = y[i - 1] * y[i] * y[i + 1] + y[i]
    return np.sum(kept**2)


def add_square(v):
    global total
    total = total + v * v
    return v


@program(lambda: (rand(4),), tags=("global", "helper", "loop"))
def global_total_of_helpers(x):
    global total
    total = 0.0
    s = 0.0
    for v in x:
        s = s + add_square(v)
    return total * s


@program(lambda: (rand(4),), tags=("global", "branch"))
def global_flag_set_in_a_branch(x):
    global found
    found = False
    for v in x:
        if v > 0.5:
            found = True
    return np.sum(x**2) if found else x[0]


def counted(x, n):
    global calls, total
    calls = calls + 1
    if n <= 0:
        return x[0]
    total = total + x[n - 1]
    return counted(x, n - 1) * x[n - 1]


@program(lambda: (rand(4), 3), tags=("global", "recursion"))
def global_assigned_by_recursion(x, n):
    global total
    total = 1.0
    return counted(x, n) * total


@program(lambda: (rand(4),), tags=("global", "module"))
def global_read_through_the_module(x):
    global total
    total = x[0] * 2.0
    return outside.total * x[1]


@program(lambda: (rand(4),), tags=("global", "list"))
def list_outside_is_added_to(x):
    log.append("called")
    for i in range(3):
        history.append(x[i] * x[0])
        if x[i] > 0.5:
            log.append(("large", i))
    return np.sum(x**2)


@program(lambda: (rand(4),), tags=("global", "dict"))
def items_outside_are_assigned(x):
    state["calls"] += 1
    state["inner"]["n"] += 2
    for i in range(3):
        counts[i % 2] += 1
        state["last"] = x[i] * state["scale"]
    return state["last"] ** 2


@program(lambda: (rand(4),), tags=("global", "writes"))
def arrays_outside_are_written(x):
    buffer[:] = 0.0
    for i in range(4):
        for j in range(i):
            buffer[i] += x[j] * buffer[j] + x[i]
    table[0] = x[:2]
    return np.sum(buffer * x) + np.sum(table[0] ** 2)


@program(lambda: (rand(4),), tags=("global", "writes", "try"))
def array_outside_is_written_before_it_raises(x):
    try:
        buffer[0] = x[0] * 3.0
        state["scale"] = 2.0
        if x[1] > 0.0:
            raise ValueError("after the write")
    except ValueError:
        return buffer[0] ** 2 * state["scale"]
    return x[0]


@program(lambda: (rand(3),), tags=("object",))
def method_that_changes_its_object(x):
    return model.loss(x)


@program(lambda: (rand(3),), tags=("object", "property"))
def attributes_of_an_object_outside(x):
    model.calls += 1
    model.doubled = x[0] * 4.0
    value = model.scale**2
    model.scale = 2.0
    return value * x[1]


def counting():
    seen: list = []
    sums = {"x": 0.0}

    @program(lambda: (rand(3),), tags=("closure", "list"))
    def cells_of_a_closure_are_added_to(x):
        seen.append(1)
        sums["x"] = x[0] * x[1]
        return np.sum(x**2) * sums["x"]

    return seen, sums


seen, sums = counting()


@program(lambda: (rand(5), 4), tags=("nonlocal", "recursion"))
def nonlocal_total_of_a_recursive_closure(x, n):
    total, visited = 0.0, 0

    def walk(i):
        nonlocal total, visited
        visited += 1
        if i >= n:
            return
        total += x[i] ** 2
        walk(i + 1)
        if i % 2:
            total *= x[i + 1]

    walk(0)
    return total / visited


@program(lambda: (rand(5), 3), tags=("nonlocal", "recursion", "branch"))
def nonlocal_best_of_a_search(x, n):
    best = 1e9

    def search(i, cost):
        nonlocal best
        if i == n:
            if cost < best:
                best = cost
            return
        search(i + 1, cost + x[i] ** 2)
        search(i + 1, cost + x[i] * 0.7 + 0.01 * i)

    search(0, 0.0)
    return best


@program(lambda: (rand(5), 3), tags=("nonlocal", "recursion", "mutual"))
def nonlocal_of_functions_that_call_each_other(x, n):
    left, right = 0.0, 1.0

    def even(i):
        nonlocal left
        left += x[i] * right
        return left if i >= n else odd(i + 1)

    def odd(i):
        nonlocal right
        right *= x[i]
        return right if i >= n else even(i + 1) + left

    return even(0) * left + right


@program(lambda: (rand(5), 4), tags=("recursion", "list"))
def recursive_closure_fills_a_list(x, n):
    out = []

    def go(i, product):
        if i == n:
            out.append(product)
            return
        go(i + 1, product * x[i])
        go(i + 1, product + x[i])

    go(0, 1.0)
    return sum(out)


inner = {"a": 1.0}
outer = {"inner": inner, "calls": 0}


@program(lambda: (rand(3),), tags=("global", "dict"))
def dict_outside_that_is_in_another(x):
    outer["calls"] = outer["calls"] + 1
    inner["a"] = x[0] * x[1]
    outer["inner"]["b"] = x[2] ** 2
    return outer["inner"]["a"] * inner["b"] + (inner["a"] if outer["calls"] > 0 else 0.0)
