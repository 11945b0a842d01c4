"""Tuples in tuples: trees and linked lists made by recursion, and what lists of nested tuples hold."""

from __future__ import annotations

import numpy as np

from programs import program, rand


@program(lambda: (rand(5), 0.8), argnums=(0, 1), tags=("recursion", "tree"))
def sums_over_a_tree(x, w):
    return weighted(halves(x), w)


def halves(x):
    if len(x) == 1:
        return (x[0] ** 2, None, None)
    h = len(x) // 2
    return (np.sum(x), halves(x[:h]), halves(x[h:]))


def weighted(tree, w):
    if tree is None:
        return 0.0
    value, left, right = tree
    return value * w + weighted(left, w * 1.1) * weighted(right, w * 0.9)


@program(lambda: (rand(4), 0.8), argnums=(0, 1), tags=("recursion", "tree", "branch"))
def one_of_two_trees(x, w):
    first, second = halves(x), halves(x * w)
    chosen = first if w > 0.5 else second
    return weighted(chosen, w) + weighted(first, 1.0) * chosen[0]


@program(lambda: (rand(3), 0.8), argnums=(0, 1), tags=("recursion", "tree", "list"))
def trees_in_a_list(x, w):
    trees = []
    for k in range(3):
        trees.append(halves(x * (k + 1)))
    total = 0.0
    for k in range(3):
        total = total + weighted(trees[k], w)
    return total


@program(lambda: (rand(4), 0.8), argnums=(0, 1), tags=("recursion", "linked list", "while"))
def product_of_a_linked_list(x, w):
    link, total = linked(x, 0), 1.0
    while link is not None:
        total = total * link[0]
        link = link[1]
    return total * w


@program(lambda: (rand(4), 0.8), argnums=(0, 1), tags=("recursion", "linked list"))
def linked_list_twice(x, w):
    return along(linked(x, 0)) * w + along(linked(x * w, 1))


def linked(x, i):
    if i == len(x):
        return None
    return (x[i] * x[i], linked(x, i + 1))


def along(link):
    if link is None:
        return 1.0
    return link[0] * along(link[1]) + link[0]


@program(lambda: (rand(4), 0.8), argnums=(0, 1), tags=("recursion", "write"))
def arrays_in_what_recursion_returns(x, w):
    y, (a, k) = filled(x, 2)
    return np.sum(y) * a * w * k


def filled(x, i):
    if i == 0:
        return (x * 2.0, (x[0], i))
    y, (a, k) = filled(x, i - 1)
    y[i] = y[i - 1] * a
    return (y, (a * x[i], k + 1))


@program(lambda: (rand(3),), tags=("list", "tuple"))
def nested_tuples_in_a_list(x):
    rows = []
    for k in range(len(x)):
        rows.append((x[k] * 2, (x[k] ** 2, x[k] * 3)))
    total = 0.0
    for k in range(len(x)):
        a, (b, c) = rows[k]
        total += a * b * c
    return total


@program(lambda: (rand(3),), tags=("list", "tuple", "pop"))
def nested_tuples_are_popped(x):
    rows = [(x[0], (x[1], x[2]))]
    for k in range(len(x)):
        rows.append((x[k] * 2, (x[k] ** 2, x[k] * 3)))
    total = 0.0
    while rows:
        a, pair = rows.pop()
        total += a * pair[0] * pair[1]
    return total


@program(lambda: (rand(3),), tags=("list", "tuple", "write"))
def arrays_and_numbers_in_tuples(x):
    rows = []
    for k in range(len(x)):
        rows.append((x * k, x[k]))
    total = 0.0
    for k in range(len(x)):
        a, b = rows[k]
        a[0] = b * b
        total += np.sum(a) * b
    for _ in range(len(x)):
        a, b = rows.pop()
        total += np.sum(a * a) * b
    return total


@program(lambda: (rand(4), 0.7), argnums=(0, 1), tags=("branch", "write", "alias"))
def buffer_made_in_a_branch_of_a_loop(x, w):
    p = x.copy()
    for k in range(4):
        if k % 2 == 0:
            q = np.zeros_like(x)
            q += p * x
        else:
            q = p
        q *= w
        p = q
    return np.sum(p * x)


@program(lambda: (rand(7),), tags=("reversed", "write"))
def backwards_in_steps(x):
    y = x.copy()
    for i in reversed(range(1, 7, 2)):
        y[i - 1] = y[i] * y[i - 1]
        for j in reversed(range(i)):
            y[j] += 0.1 * y[j + 1] ** 2
    return np.sum(y * x)


@program(lambda: (rand(6),), tags=("reversed", "break"))
def backwards_until_it_is_enough(x):
    total, scale = 0.0, 1.0
    for i in reversed(range(0, 6, 2)):
        scale = scale * x[i]
        total = total + scale * x[i + 1]
        if total > 0.9:
            break
    return total * scale


@program(lambda: (rand(5),), tags=("reversed", "zip", "enumerate"))
def backwards_beside_others(x):
    total = 0.0
    for k, i in enumerate(reversed(range(1, 5))):
        total = total + x[k] * x[i] ** 2
    for i, v in zip(reversed(range(0, 5, 2)), x, strict=False):
        total = total * v + x[i]
    return total


@program(lambda: (rand(3),), tags=("list", "tuple", "aliases"))
def list_in_a_kept_tuple_grows(x):
    kept = []
    for k in range(len(x)):
        inner = [x[k]]
        kept.append((inner, x[k] * 2))
        inner.append(x[k] ** 2)
    return sum(sum(inner) * v for inner, v in kept)


@program(lambda: (rand(3),), tags=("list", "tuple", "aliases"))
def list_in_a_kept_tuple_is_changed(x):
    kept = []
    for k in range(len(x)):
        inner = [x[k], 1.0]
        kept.append((inner, x[k] * 2))
        inner[1] = x[k] ** 2
    return sum(inner[0] * inner[1] * v for inner, v in kept)


@program(lambda: (rand(3),), tags=("list", "tuple", "aliases"))
def lists_in_kept_tuples_are_changed_later(x):
    kept = [([x[k], 1.0], x[k] * 2) for k in range(len(x))]
    for inner, v in kept:
        inner[1] = v * inner[0]
        inner.append(v)
    return sum(inner[0] * inner[1] * v * inner[-1] for inner, v in kept)


@program(lambda: (rand(3),), tags=("list", "tuple"))
def arrays_and_lists_in_kept_tuples(x):
    kept = []
    for k in range(len(x)):
        kept.append((np.array([x[k], 1.0]), [x[k] * 2, x[k]]))
    return sum(np.sum(a * np.array(b)) + len(b) for a, b in kept)
