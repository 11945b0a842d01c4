"""Lists that get longer or shorter while they are looped over."""

from __future__ import annotations

import numpy as np

from programs import program

X = np.array([0.7, 1.3, 0.4, 1.1])


@program(lambda: (X.copy(),), tags=("growing",))
def a_list_grows_at_its_head_under_an_iterator(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    it = iter(xs)
    a = next(it)
    s = 0.0
    for v in it:
        s = s * 0.5 + v
        if len(xs) < 7:
            xs.insert(0, s)
    return s * a


@program(lambda: (X.copy(),), tags=("growing",))
def a_list_grows_under_an_iterator(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    it = iter(xs)
    s = 0.0
    for v in it:
        s = s * 0.5 + v
        if len(xs) < 7:
            xs.append(s)
    return s


@program(lambda: (X.copy(),), tags=("growing",))
def a_list_grows_while_it_is_looped_over(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    s = 0.0
    for v in xs:
        s = s * 0.5 + v
        if len(xs) < 7:
            xs.append(s)
    return s


@program(lambda: (X.copy(),), tags=("growing",))
def a_list_grows_while_it_is_numbered(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    s = 0.0
    for k, v in enumerate(xs):
        s = s * 0.5 + v * k
        if len(xs) < 7:
            xs.append(s)
    return s


def add_unless_long(xs, s):
    if len(xs) < 7:
        xs.append(s)


@program(lambda: (X.copy(),), tags=("growing",))
def a_function_adds_to_the_list_looped_over(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    s = 0.0
    for v in xs:
        s = s * 0.5 + v
        add_unless_long(xs, s)
    return s


@program(lambda: (X.copy(),), tags=("growing",))
def a_list_shrinks_under_a_generator_expression(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    s = 0.0
    for v in (w * 2 for w in xs):
        s = s * 0.5 + v
        if s < 2:
            xs.pop()
    return s


@program(lambda: (X.copy(),), tags=("growing",))
def a_list_shrinks_under_zip(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    s = 0.0
    for v, w in zip(xs, x, strict=False):
        s = s * 0.5 + v * w
        if s < 0.6:
            del xs[-1]
    return s


@program(lambda: (X.copy(),), tags=("growing",))
def a_list_is_extended_while_it_is_looped_over(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    s = 0.0
    for v in xs:
        s = s * 0.5 + v
        if s < 2:
            xs.extend([s, s])
    return s


@program(lambda: (X.copy(),), tags=("growing",))
def a_list_is_added_to_while_it_is_looped_over(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    s = 0.0
    for v in xs:
        s = s * 0.5 + v
        if s < 2:
            xs += [s]
    return s


@program(lambda: (X.copy(),), tags=("growing",))
def a_list_is_cleared_while_it_is_looped_over(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    s = 0.0
    for v in xs:
        s = s * 0.5 + v
        if s > 1:
            xs.clear()
    return s


@program(lambda: (X.copy(),), tags=("growing",))
def a_slice_of_the_list_looped_over_is_replaced(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    s = 0.0
    for v in reversed(xs):
        s = s * 0.5 + v
        if s > 1:
            xs[:2] = [s]
    return s


@program(lambda: (X.copy(),), tags=("growing",))
def an_item_of_the_list_looped_over_is_removed(x):
    xs = [v * 1.0 for v in x if v > 0.0]
    ys = xs
    s = 0.0
    for v in xs:
        s = s * 0.5 + v
        if s > 1:
            ys.remove(v)
    return s


@program(lambda: (X.copy(),), tags=("growing",))
def a_list_of_things_to_do(x):
    queue = [(0, x[0])]
    s = 0.0
    for k, v in queue:
        s = s * 0.9 + v * v
        if k < 3:
            queue.append((k + 1, v * 0.5 + x[k]))
        if k < 2:
            queue.append((k + 2, v * x[k]))
    return s


@program(lambda: (X.copy(),), tags=("growing",))
def a_tree_in_the_order_of_its_levels(x):
    tree = {0: [1, 2], 1: [3], 2: [], 3: []}
    order = [0]
    val = [0.0] * 4
    for n in order:
        order += tree[n]
        for c in tree[n]:
            val[c] = val[n] * 0.5 + x[c]
    return sum(v * v for v in val) * len(order)
