import numpy as np


def comprehension_jvp(x, degree, x_dot):
    """Value and tangent of comprehension (programs.py:269) with respect to x."""
    powers = []                                     # programs.py:271
    powers_dot = []
    for k in range(1, degree + 1):
        power = x ** k
        powers_dot.append(k * x ** (k - 1 + (k == 0)) * x_dot)
        powers.append(power)
    total = 0
    total_dot = 0.0
    for k in range(len(powers)):                    # programs.py:272
        p = powers[k]
        p_dot = powers_dot[k]
        total_1 = k + 1
        ratio = np.sum(p) / total_1
        ratio_1 = np.sum(p_dot) / total_1
        total += ratio
        total_dot += ratio_1
    return total, np.float64(total_dot)
