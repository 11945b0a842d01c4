import numpy as np
from srcgrad.runtime import copied
from srcgrad.runtime import expanded
from srcgrad.runtime import unbroadcast


def branches_grad(x, y, delta):
    """Gradient of branches (programs.py:98) with respect to x, y."""
    # forward
    t = x * x                                       # programs.py:100
    r = t - y
    t_1 = abs(r) <= delta                           # programs.py:101
    if t_1:
        t_2 = r ** 2                                # programs.py:102
        cost = 0.5 * t_2
        cost_1 = cost
    else:
        t_3 = r > 0                                 # programs.py:103
        if t_3:
            t_6 = r - 0.5 * delta                   # programs.py:104
            t_4 = delta * t_6
            t_5 = np.log(r)
            cost = t_4 + t_5
            cost_2 = cost
        else:
            t_7 = -delta                            # programs.py:106
            cost = t_7 * r
            cost_3 = cost
    t_8 = cost * y                                  # programs.py:107
    # backward
    cost_bar = unbroadcast(expanded(y, t_8), cost)  # programs.py:107  return cost * y
    y_bar = unbroadcast(expanded(cost, t_8), y)
    if t_1:                                         # programs.py:103  elif r > 0:
        r_bar = unbroadcast(expanded(unbroadcast(expanded(cost_bar * 0.5, cost_1), t_2) * (2 * r), t_2), r)  # programs.py:102
    elif t_3:                                       # programs.py:106  cost = -delta * r
        t_1 = unbroadcast(expanded(cost_bar, cost_2), t_4)  # programs.py:104  cost = delta * (r - 0.5 * delta) + np ...
        r_bar = unbroadcast(expanded(unbroadcast(expanded(cost_bar, cost_2), t_5) / r, t_5), r)
        r_bar = r_bar + unbroadcast(expanded(unbroadcast(expanded(t_1 * delta, t_4), t_6), t_6), r)
    else:
        r_bar = unbroadcast(expanded(cost_bar * t_7, cost_3), r)  # programs.py:106  cost = -delta * r
    t_1 = unbroadcast(expanded(r_bar, r), t)        # programs.py:100  r = x * x - y
    y_bar = y_bar + unbroadcast(expanded(-r_bar, r), y)
    x_bar = unbroadcast(expanded(t_1 * 2.0 * x, t), x)
    t = expanded(x_bar, x)
    t_1 = expanded(y_bar, y)
    return copied(t), copied(t_1)
