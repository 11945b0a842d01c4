import numpy as np
from srcgrad.runtime import check_overlap


def cholesky_jvp(a, b, a_dot, b_dot):
    """Value and tangent of cholesky (programs.py:245) with respect to a, b."""
    check_overlap({"a": "programs.py:249", "b": "programs.py:253"}, {"a": a, "b": b})
    a = a.copy()                                    # programs.py:246
    a_dot = a_dot.copy()
    b = b.copy()
    b_dot = b_dot.copy()
    n = len(b)                                      # programs.py:247
    for j in range(n):                              # programs.py:248
        a_jj = a[j, j]                              # programs.py:249
        a_dot_jj = a_dot[j, j]
        a_part = a[j, :j]
        a_dot_part = a_dot[j, :j]
        sqrt = np.sqrt(a_jj - np.sum(a_part ** 2))
        a_dot[j, j] = (a_dot_jj - np.sum(2 * a_part * a_dot_part)) * (0.5 / sqrt)
        a[j, j] = sqrt
        for i in range(j + 1, n):                   # programs.py:250
            a_ij = a[i, j]                          # programs.py:251
            a_dot_ij = a_dot[i, j]
            a_part = a[i, :j]
            a_dot_part = a_dot[i, :j]
            a_part_1 = a[j, :j]
            difference = a_dot_ij - (a_dot_part @ a_part_1 + a_part @ a_dot[j, :j])
            a_jj = a[j, j]
            ratio = (a_ij - a_part @ a_part_1) / a_jj
            a_dot[i, j] = (difference - a_dot[j, j] * ratio) / a_jj
            a[i, j] = ratio
    for i in range(n):                              # programs.py:252
        b_i = b[i]                                  # programs.py:253
        b_dot_i = b_dot[i]
        a_part = a[i, :i]
        a_dot_part = a_dot[i, :i]
        b_part = b[:i]
        difference = b_dot_i - (a_dot_part @ b_part + a_part @ b_dot[:i])
        a_ii = a[i, i]
        ratio = (b_i - a_part @ b_part) / a_ii
        b_dot[i] = (difference - a_dot[i, i] * ratio) / a_ii
        b[i] = ratio
    total = np.sum(b ** 2)                          # programs.py:254
    diag_a = np.diag(a)
    return total + 2 * np.sum(np.log(diag_a)), np.sum(2 * b * b_dot) + 2 * np.sum(np.diag(a_dot) / diag_a)
