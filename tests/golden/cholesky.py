import numpy as np
from srcgrad.checks import check_overlap
from srcgrad.runtime import diagonal_view, unbroadcast


def cholesky_grad(a, b):
    """Gradient of cholesky (programs.py:245) with respect to a, b."""
    # forward
    check_overlap({"a": "programs.py:249", "b": "programs.py:253"}, {"a": a, "b": b})
    a = a.copy()                                    # programs.py:246
    b = b.copy()
    n = len(b)                                      # programs.py:247
    for j in range(n):                              # programs.py:248
        a[j, j] = np.sqrt(a[j, j] - np.sum(a[j, :j] ** 2))  # programs.py:249
        for i in range(j + 1, n):                   # programs.py:250
            a[i, j] = (a[i, j] - a[i, :j] @ a[j, :j]) / a[j, j]  # programs.py:251
    for i in range(n):                              # programs.py:252
        b[i] = (b[i] - a[i, :i] @ b[:i]) / a[i, i]  # programs.py:253
    # backward
    ratio = 2.0 / np.diag(a)                        # programs.py:254  return np.sum(b**2) + 2 * np.sum(np.log(np.di ...
    a_bar = np.zeros_like(a)
    diag_a_bar = diagonal_view(a_bar)
    diag_a_bar += ratio
    b_bar = 2 * b
    for i in reversed(range(n)):                    # programs.py:252  for i in range(n):
        ratio_bar = b_bar[i]                        # programs.py:253  b[i] = (b[i] - a[i, :i] @ b[:i]) / a[i, i]
        b_bar[i] = 0.0
        difference_bar = ratio_bar / a[i, i]
        a_bar[i, i] -= difference_bar * b[i]
        b_part = b[:i]
        a_part = a[i, :i]
        a_bar[i, :i] -= unbroadcast(difference_bar * b_part, a_part)
        b_bar[:i] -= unbroadcast(difference_bar * a_part, b_part)
        b_bar[i] += difference_bar
    for j in reversed(range(n)):                    # programs.py:248  for j in range(n):
        for i in reversed(range(j + 1, n)):         # programs.py:250  for i in range(j + 1, n):
            ratio_bar = a_bar[i, j]                 # programs.py:251  a[i, j] = (a[i, j] - a[i, :j] @ a[j, :j]) / a ...
            a_bar[i, j] = 0.0
            difference_bar = ratio_bar / a[j, j]
            a_bar[j, j] -= difference_bar * a[i, j]
            a_bar[i, :j] -= difference_bar * a[j, :j]
            a_bar[j, :j] -= difference_bar * a[i, :j]
            a_bar[i, j] += difference_bar
        sqrt_bar = a_bar[j, j]                      # programs.py:249  a[j, j] = np.sqrt(a[j, j] - np.sum(a[j, :j] * ...
        a_bar[j, j] = 0.0
        difference_bar = sqrt_bar * (0.5 / a[j, j])
        a_bar[j, :j] -= difference_bar * 2 * a[j, :j]
        a_bar[j, j] += difference_bar
    return a_bar, b_bar
