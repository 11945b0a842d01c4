import numpy as np
from srcgrad.runtime import check_overlap, shadow_of, unbroadcast


def cholesky_grad(a, b):
    """Gradient of cholesky (programs.py:245) with respect to a, b."""
    # forward
    check_overlap({"a": "programs.py:249", "b": "programs.py:253"}, {"a": a, "b": b})
    a = a.copy()                                    # programs.py:246
    b = b.copy()
    n = len(b)                                      # programs.py:247
    tape = []                                       # programs.py:249
    tape_1 = []                                     # programs.py:251
    for j in range(n):                              # programs.py:248
        a_jj = a[j, j]                              # programs.py:249
        sqrt = np.sqrt(a_jj - np.sum(a[j, :j] ** 2))
        tape.append((a_jj, sqrt))
        a[j, j] = sqrt
        for i in range(j + 1, n):                   # programs.py:250
            a_ij = a[i, j]                          # programs.py:251
            ratio = (a_ij - a[i, :j] @ a[j, :j]) / a[j, j]
            tape_1.append((a_ij, ratio))
            a[i, j] = ratio
    tape_2 = []                                     # programs.py:253
    for i in range(n):                              # programs.py:252
        b_i = b[i]                                  # programs.py:253
        ratio = (b_i - a[i, :i] @ b[:i]) / a[i, i]
        tape_2.append((b_i, ratio))
        b[i] = ratio
    diag_a = np.diag(a)                             # programs.py:254
    # backward
    shadows = {}                                    # programs.py:254  return np.sum(b**2) + 2 * np.sum(np.log(np.di ...
    diag_a_bar = shadow_of(shadows, diag_a)
    diag_a_bar += 2.0 / diag_a
    b_bar = 2 * b
    a_bar = shadow_of(shadows, a)                   # programs.py:253  b[i] = (b[i] - a[i, :i] @ b[:i]) / a[i, i]
    for i in reversed(range(n)):                    # programs.py:252  for i in range(n):
        b_i, ratio = tape_2.pop()
        ratio_bar = b_bar[i]                        # programs.py:253  b[i] = (b[i] - a[i, :i] @ b[:i]) / a[i, i]
        b_bar[i] = 0.0
        b[i] = b_i
        difference_bar = ratio_bar / a[i, i]
        a_bar[i, i] -= difference_bar * ratio
        b_part = b[:i]
        a_part = a[i, :i]
        product = difference_bar * a_part
        a_bar[i, :i] -= unbroadcast(difference_bar * b_part, a_part)
        b_bar[:i] -= unbroadcast(product, b_part)
        b_bar[i] += difference_bar
    for j in reversed(range(n)):                    # programs.py:248  for j in range(n):
        a_jj, sqrt = tape.pop()
        for i in reversed(range(j + 1, n)):         # programs.py:250  for i in range(j + 1, n):
            a_ij, ratio = tape_1.pop()
            ratio_bar = a_bar[i, j]                 # programs.py:251  a[i, j] = (a[i, j] - a[i, :j] @ a[j, :j]) / a ...
            a_bar[i, j] = 0.0
            a[i, j] = a_ij
            difference_bar = ratio_bar / a[j, j]
            a_bar[j, j] -= difference_bar * ratio
            product = difference_bar * a[j, :j]
            product_1 = difference_bar * a[i, :j]
            a_bar[i, :j] -= product
            a_bar[j, :j] -= product_1
            a_bar[i, j] += difference_bar
        sqrt_bar = a_bar[j, j]                      # programs.py:249  a[j, j] = np.sqrt(a[j, j] - np.sum(a[j, :j] * ...
        a_bar[j, j] = 0.0
        a[j, j] = a_jj
        difference_bar = sqrt_bar * (0.5 / sqrt)
        a_bar[j, :j] -= difference_bar * 2 * a[j, :j]
        a_bar[j, j] += difference_bar
    return a_bar, b_bar
