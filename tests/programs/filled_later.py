"""Lists that are put into another one, perhaps in a tuple, before anything is put into them."""

from . import program, rand


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def lists_of_lists_in_tuples_that_are_filled_later(x):
    groups = []
    for k in range(3):
        group = []
        t = (group, x[k]) if k % 2 else (group, 2.0)
        groups.append(t)
        group.append([x * k])
        group.append([x[0] * x])
    total = 0.0
    for group, weight in groups:
        for (row,) in group:
            total += (row * row).sum() * weight
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def pairs_that_hold_lists_are_filled_later(x):
    groups = []
    for k in range(3):
        members = []
        groups.append((members, k))
        for j in range(2):
            members.append((x[j] * k, [x[j] ** 2]))
    total = 0.0
    for members, k in groups:
        for value, (square,) in members:
            total += value * k + square
    return total


@program(lambda: (rand(3),), tags=("lists",))
def lists_four_deep_that_are_filled_later(x):
    a = []
    for i in range(2):
        b = []
        a.append(b)
        for j in range(2):
            c = []
            b.append(c)
            for k in range(2):
                d = []
                c.append(d)
                d.append(x * (i + j * 2 + k * 3))
    total = 0.0
    for b in a:
        for c in b:
            for (row,) in c:
                total += (row * row).sum()
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples", "while"))
def paths_on_a_stack(x):
    stack = []
    stack.append((0, []))
    total = 0.0
    while stack:
        depth, path = stack.pop()
        if depth == 3:
            product = 1.0
            for (v,) in path:
                product = product * v
            total += product
            continue
        for c in range(2):
            stack.append((depth + 1, path + [[x[c] * (depth + 1)]]))  # noqa: RUF005
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples", "branches"))
def lists_of_numbers_and_of_arrays_are_filled_later(x):
    rows = []
    for k in range(3):
        row = []
        rows.append((row, x[0] * k))
        row.append(x * k)
    last = []
    rows.append((last, x[1]))
    last.append(x[0])
    total = 0.0
    for row, weight in rows:
        total += weight * (row[0] * 2.0).sum()
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def lists_that_are_never_filled(x):
    rows = []
    for k in range(3):
        row = []
        rows.append((row, x[k] * k))
        if k > 7:
            row.append([x])
    total = 0.0
    for row, weight in rows:
        total += weight * weight
        for (v,) in row:
            total += v[0]
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples", "inner functions"))
def lists_in_tuples_that_a_helper_fills(x):
    def fill(items, v):
        for k in range(3):
            items.append((v * k, [v]))

    rows = []
    for i in range(2):
        row = []
        rows.append((i, row))
        fill(row, x[i])
    total = 0.0
    for i, row in rows:
        for v, (w,) in row:
            total += v * v + i * w
    return total


@program(lambda: (rand(6),), tags=("lists", "tuples", "branches"))
def batches_that_are_begun_when_one_is_full(x):
    batches = []
    batch = []
    batches.append((0, batch))
    for k in range(6):
        if len(batch) == 2:
            batch = []
            batches.append((k, batch))
        batch.append((x[k] * (k + 1), x))
    total = 0.0
    for k, batch in batches:
        product = 1.0
        for v, y in batch:
            product = product * v + y[0]
        total += product * (k + 1)
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def tuples_with_empty_lists_are_put_in_places(x):
    rows = [None] * 3
    for k in range(3):
        row = []
        rows[k] = (row, k)
        row.append([x * k])
    total = 0.0
    for row, k in rows:
        total += (row[0][0] * x).sum() * k
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def lists_are_taken_out_of_tuples_again(x):
    kept = []
    for k in range(3):
        inner, steps = [], []
        kept.append((steps, inner, k > 0))
        if k != 1:
            old = []
            old.append(x * k)
            inner.append((old, True))
        steps.append(k)
    total = 0.0
    for _ in range(3):
        steps, inner, later = kept.pop()
        if inner and later:
            old, there = inner.pop()
            old = old.copy()
            if there:
                v = old.pop()
                total += (v * v).sum() * len(steps)
    return total
