import numpy as np


def branches_jvp(x, y, delta, x_dot, y_dot):
    """Value and tangent of branches (programs.py:100) with respect to x, y."""
    r = x * x - y                                   # programs.py:102
    r_dot = 2 * x * x_dot - y_dot
    if abs(r) <= delta:                             # programs.py:103
        cost = 0.5 * r ** 2                         # programs.py:104
        cost_dot = 0.5 * (2 * r * r_dot)
    elif r > 0:                                     # programs.py:105
        cost = delta * (r - 0.5 * delta) + np.log(r)  # programs.py:106
        cost_dot = delta * r_dot + np.divide(r_dot, r)
    else:
        neg_delta = -delta                          # programs.py:108
        cost = neg_delta * r
        cost_dot = r_dot * neg_delta
    return cost * y, np.float64(y * cost_dot + cost * y_dot)  # programs.py:109
