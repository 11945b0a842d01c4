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
    tape = []                                       # programs.py:247
    tape_1 = []                                     # programs.py:249
    for j in range(n):                              # programs.py:246
        a_i = a[j, j]                               # programs.py:247
        sqrt = np.sqrt(a_i - np.sum(a[j, :j] ** 2))
        tape.append((sqrt, a_i))
        a[j, j] = sqrt
        for i in range(j + 1, n):                   # programs.py:248
            a_i = a[i, j]                           # programs.py:249
            ratio = (a_i - a[i, :j] @ a[j, :j]) / a[j, j]
            tape_1.append((a_i, ratio))
            a[i, j] = ratio
    tape_2 = []                                     # programs.py:251
    for i in range(n):                              # programs.py:250
        b_i = b[i]                                  # programs.py:251
        ratio = (b_i - a[i, :i] @ b[:i]) / a[i, i]
        tape_2.append((b_i, ratio))
        b[i] = ratio
    diag_a = np.diag(a)                             # programs.py:252
    # backward
    shadows = {}                                    # programs.py:252  return np.sum(b**2) + 2 * np.sum(np.log(np.di ...
    t = 2.0 / diag_a
    t_1 = shadow_of(shadows, diag_a)
    t_1 += t
    b_bar = 2 * b
    a_bar = shadow_of(shadows, a)                   # programs.py:251  b[i] = (b[i] - a[i, :i] @ b[:i]) / a[i, i]
    for i in reversed(range(n)):                    # programs.py:250  for i in range(n):
        b_i, ratio = tape_2.pop()
        t = b_bar[i]                                # programs.py:251  b[i] = (b[i] - a[i, :i] @ b[:i]) / a[i, i]
        b_bar[i] = 0.0
        b[i] = b_i
        t_1 = a[i, i]
        t_2 = t / t_1
        a_bar[i, i] -= t * (ratio / t_1)
        t = b[:i]
        t_1 = a[i, :i]
        t_3 = t_2 * t_1
        a_bar[i, :i] -= unbroadcast(t_2 * t, t_1)
        b_bar[:i] -= unbroadcast(t_3, t)
        b_bar[i] += t_2
    for j in reversed(range(n)):                    # programs.py:246  for j in range(n):
        sqrt, a_i = tape.pop()
        for i in reversed(range(j + 1, n)):         # programs.py:248  for i in range(j + 1, n):
            a_i_1, ratio = tape_1.pop()
            t = a_bar[i, j]                         # programs.py:249  a[i, j] = (a[i, j] - a[i, :j] @ a[j, :j]) / a ...
            a_bar[i, j] = 0.0
            a[i, j] = a_i_1
            t_1 = a[j, j]
            t_2 = t / t_1
            a_bar[j, j] -= t * (ratio / t_1)
            t = t_2 * a[j, :j]
            t_1 = t_2 * a[i, :j]
            a_bar[i, :j] -= t
            a_bar[j, :j] -= t_1
            a_bar[i, j] += t_2
        t = a_bar[j, j]                             # programs.py:247  a[j, j] = np.sqrt(a[j, j] - np.sum(a[j, :j] * ...
        a_bar[j, j] = 0.0
        a[j, j] = a_i
        t *= 0.5 / sqrt
        a_bar[j, :j] -= t * 2 * a[j, :j]
        a_bar[j, j] += t
    return a_bar, b_bar
