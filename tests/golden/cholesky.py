import numpy as np
from srcgrad.runtime import check_overlap
from srcgrad.runtime import shadow_of
from srcgrad.runtime import unbroadcast


def cholesky_grad(a, b):
    """Gradient of cholesky (programs.py:243) with respect to a, b."""
    # forward
    check_overlap((a, b), (a, b))
    a = a.copy()                                    # programs.py:244
    b = b.copy()
    n = len(b)                                      # programs.py:245
    tape = []                                       # programs.py:249
    tape_1 = []                                     # programs.py:247
    for j in range(n):                              # programs.py:246
        t = a[j, j]                                 # programs.py:247
        t_1 = np.sqrt(t - np.sum(a[j, :j] ** 2))
        tape_1.append((t, t_1))
        a[j, j] = t_1
        for i in range(j + 1, n):                   # programs.py:248
            t = a[i, j]                             # programs.py:249
            t_1 = (t - a[i, :j] @ a[j, :j]) / a[j, j]
            tape.append((t, t_1))
            a[i, j] = t_1
    tape_2 = []                                     # programs.py:251
    for i in range(n):                              # programs.py:250
        t = b[i]                                    # programs.py:251
        t_1 = (t - a[i, :i] @ b[:i]) / a[i, i]
        tape_2.append((t, t_1))
        b[i] = t_1
    diag_a = np.diag(a)                             # programs.py:252
    # backward
    shadows = {}                                    # programs.py:252  return np.sum(b**2) + 2 * np.sum(np.log(np.di ...
    t = 2.0 / diag_a
    t_1 = shadow_of(shadows, diag_a)
    t_1 += t
    b_bar = 2 * b ** 1
    a_bar = shadow_of(shadows, a)                   # programs.py:251  b[i] = (b[i] - a[i, :i] @ b[:i]) / a[i, i]
    for i in reversed(range(n)):                    # programs.py:250  for i in range(n):
        pop_tape, pop_tape_1 = tape_2.pop()
        t = b_bar[i]                                # programs.py:251  b[i] = (b[i] - a[i, :i] @ b[:i]) / a[i, i]
        b_bar[i] = 0.0
        b[i] = pop_tape
        t_1 = a[i, i]
        t_2 = t / t_1
        a_bar[i, i] += t * (-pop_tape_1 / t_1)
        t = -t_2
        t_1 = b[:i]
        t_3 = a[i, :i]
        t_4 = t * t_3
        a_bar[i, :i] += unbroadcast(t * t_1, t_3)
        b_bar[:i] += unbroadcast(t_4, t_1)
        b_bar[i] += t_2
    for j in reversed(range(n)):                    # programs.py:246  for j in range(n):
        pop_tape, pop_tape_1 = tape_1.pop()
        for i in reversed(range(j + 1, n)):         # programs.py:248  for i in range(j + 1, n):
            pop_tape_2, pop_tape_3 = tape.pop()
            t = a_bar[i, j]                         # programs.py:249  a[i, j] = (a[i, j] - a[i, :j] @ a[j, :j]) / a ...
            a_bar[i, j] = 0.0
            a[i, j] = pop_tape_2
            t_1 = a[j, j]
            t_2 = t / t_1
            a_bar[j, j] += t * (-pop_tape_3 / t_1)
            t = -t_2
            t_1 = t * a[j, :j]
            t = t * a[i, :j]
            a_bar[i, :j] += t_1
            a_bar[j, :j] += t
            a_bar[i, j] += t_2
        t = a_bar[j, j]                             # programs.py:247  a[j, j] = np.sqrt(a[j, j] - np.sum(a[j, :j] * ...
        a_bar[j, j] = 0.0
        a[j, j] = pop_tape
        t = t * (0.5 / pop_tape_1)
        a_bar[j, :j] += -t * 2 * a[j, :j] ** 1
        a_bar[j, j] += t
    return a_bar, b_bar
