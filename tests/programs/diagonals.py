"""Diagonals of arrays that are written: views, which NumPy does not let anybody write."""

import numpy as np

from . import program, rand, signed


def definite():
    a = signed(4, 4)
    return a @ a.T + 4.0 * np.eye(4)


@program(lambda: (definite(),), tags=("views", "linalg", "compiled"))
def log_determinant_by_a_factor(a):
    n = len(a)
    lower = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j] - sum(lower[i, k] * lower[j, k] for k in range(j))
            lower[i, j] = np.sqrt(rest) if i == j else rest / lower[j, j]
    return 2 * np.sum(np.log(np.diag(lower)))


@program(lambda: (definite(),), tags=("views", "aliases", "compiled"))
def diagonal_shows_a_later_write(a):
    b = a * 2.0
    d = np.diag(b)
    b[1, 1] = b[0, 1] ** 2
    return np.sum(d**3) + np.sum(b[0])


@program(lambda: (definite(),), tags=("views", "aliases", "compiled"))
def diagonals_beside_the_main_one(a):
    b = a.copy()
    b[0] *= 2.0
    below = np.diagonal(b, -1)
    return np.sum(np.diag(b, k=1) ** 2) + np.sum(below**3) + np.sum(np.diagonal(b, offset=1, axis1=1, axis2=0) ** 2)


@program(lambda: (definite(),), tags=("views", "loops", "compiled"))
def diagonal_is_read_while_rows_are_scaled(a):
    b = a.copy()
    total = 0.0
    for k in range(3):
        total += np.sum(b.diagonal() * b.diagonal(1).sum())
        b[k] = b[k] * 1.5
    return total


@program(lambda: (rand(3, 4, 4),), tags=("views", "compiled"))
def diagonals_of_a_written_stack(a):
    b = np.stack([a[0], 2 * a[1], a[2] ** 2])
    shown, turned = np.linalg.diagonal(b), np.diagonal(b, 1, 0, 2)
    b[1] *= b[0]
    return np.sum(shown**2) + np.sum(turned**3)


@program(lambda: (definite(),), tags=("views", "loops", "compiled"))
def diagonal_of_what_the_loop_writes(a):
    b = a.copy()
    d = np.diag(b)[1:]
    for k in range(4):
        b[k, k] = d[k - 1] * b[k, k - 1]
    return np.sum(d**2)


@program(lambda: (definite(),), tags=("views", "branches"))
def diagonal_of_one_of_two(a):
    b, c = a.copy(), 2 * a
    d = np.diag(b) if a[0, 0] > a[1, 1] else np.diag(c)
    b[2, 2] = b[0, 0] * 3
    c[0, 0] = b[1, 2]
    return np.sum(d**2)
