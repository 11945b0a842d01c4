"""Programs with lists used as queues and stacks: items come and go at both ends and in the middle."""

from __future__ import annotations

from programs import program, rand


@program(lambda: (rand(6), 6), tags=("lists",))
def list_popped_from_its_end_by_index(x, n):
    items = []
    for k in range(n):
        items.append(x[k])
    a = items.pop(-1)
    b = items.pop(-2)
    c = items.pop(1)
    total = a + 2 * b + 3 * c
    for k, v in enumerate(items):
        total += (k + 5) * v**2
    return total


@program(lambda: (rand(6), 4, -2), tags=("lists",))
def list_with_items_put_anywhere(x, n, place):
    items = []
    for k in range(n):
        items.append(x[k])
    items.insert(-1, x[4] * 2)
    items.insert(100, x[5] * 3)
    items.insert(-100, x[0] * x[1])
    items.insert(place, x[2] * x[3])
    items.pop(place)
    items.insert(place + 3, 7 * x[3])
    total = 0.0
    for k, v in enumerate(items):
        total += (k + 1) * v**2
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def list_of_pairs_as_a_queue(x):
    queue = [(x[0], 0)]
    total = 0.0
    while queue:
        value, depth = queue.pop(0)
        total += value**2
        if depth < 3:
            queue.append((value * x[1], depth + 1))
            queue.append((value * x[2], depth + 1))
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def list_of_pairs_with_pairs_put_in_between(x):
    pairs = [(x[0], 1.0), (x[1], 2.0)]
    for k in range(5):
        pairs.insert(k % 2, (x[k % 3] * pairs[0][0], 1.0 + k))
        if k == 3:
            value, weight = pairs.pop(-2)
            pairs.append((value * 3, weight))
    total = 0.0
    for k, (value, weight) in enumerate(pairs):
        total += (k + 1) * weight * value**2
    return total


@program(lambda: (rand(6), 6), tags=("lists", "tuples"))
def pairs_sorted_in_place(x, n):
    pairs = [(x[k], k) for k in range(n)]
    first = pairs[0]
    pairs.sort(key=lambda p: p[0])
    pairs[-1] = (pairs[1][0] * 3, 2)
    pairs[2], pairs[3] = pairs[3], pairs[2]
    return pairs[0][0] * pairs[1][0] + pairs[-1][0] * pairs[-1][1] + first[0] * pairs[2][0]
