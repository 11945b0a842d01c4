import numpy as np


def loops_with_exits_jvp(x, a, x_dot, a_dot):
    """Value and tangent of loops_with_exits (programs.py:140) with respect to x, a."""
    total = 0.0
    total_dot = 0.0
    broke = False
    for i in range(len(x)):                         # programs.py:143
        v = x[i]
        v_dot = x_dot[i]
        if not v < 0:                               # programs.py:144
            product = a * v                         # programs.py:146
            sin = np.sin(product)
            total_2 = total * (np.cos(product) * (v * a_dot + a * v_dot)) + sin * total_dot + v_dot
            total += sin * total + v
            total_dot += total_2
            if total > 50:                          # programs.py:147
                broke = True
                break
    if broke:                                       # programs.py:143
        total_1 = total
    else:
        total_1 = total * a                         # programs.py:150
        total_dot = a * total_dot + total * a_dot
    while total_1 < 10:                             # programs.py:151
        total_2 = 1 + a                             # programs.py:152
        total = total_1 * total_2
        total_dot = total_2 * total_dot + total_1 * a_dot
        total_1 = total
    return total_1, np.float64(total_dot)
