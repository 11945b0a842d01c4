import numpy as np
from srcgrad.checks import check_overlap


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
        a_part = a[j, :j]
        sqrt = np.sqrt(a_jj - np.sum(a_part ** 2))
        product = (a_dot[j, j] - np.sum(2 * a_part * a_dot[j, :j])) * (0.5 / sqrt)
        a_dot[j, j] = product
        a[j, j] = sqrt
        for i in range(j + 1, n):                   # programs.py:250
            a_ij = a[i, j]                          # programs.py:251
            a_part = a[i, :j]
            a_part_1 = a[j, :j]
            a_jj = a[j, j]
            ratio = (a_ij - a_part @ a_part_1) / a_jj
            difference = a_dot[i, j] - (a_dot[i, :j] @ a_part_1 + a_part @ a_dot[j, :j]) - a_dot[j, j] * ratio
            a_dot[i, j] = difference / a_jj
            a[i, j] = ratio
    for i in range(n):                              # programs.py:252
        b_i = b[i]                                  # programs.py:253
        a_part = a[i, :i]
        b_part = b[:i]
        a_ii = a[i, i]
        ratio = (b_i - a_part @ b_part) / a_ii
        difference = b_dot[i] - (a_dot[i, :i] @ b_part + a_part @ b_dot[:i]) - a_dot[i, i] * ratio
        b_dot[i] = difference / a_ii
        b[i] = ratio
    total = np.sum(b ** 2)                          # programs.py:254
    diag_a = np.diag(a)
    return total + 2 * np.sum(np.log(diag_a)), np.sum(2 * b * b_dot) + 2 * np.sum(np.diag(a_dot) / diag_a)
