import numpy as np
from srcgrad.runtime import like


def branches_grad(x, y, delta):
    """Gradient of branches (programs.py:100) with respect to x, y."""
    # forward
    r = x * x - y                                   # programs.py:102
    mask = abs(r) <= delta                          # programs.py:103
    if mask:
        cost = 0.5 * r ** 2                         # programs.py:104
    elif r > 0:                                     # programs.py:105
        cost = delta * (r - 0.5 * delta) + np.log(r)  # programs.py:106
    else:
        cost = -delta * r                           # programs.py:108
    # backward
    if mask:                                        # programs.py:103  if abs(r) <= delta:
        cost_bar = np.sum(y)
        r_bar = cost_bar * 0.5 * (2 * r)            # programs.py:104  cost = 0.5 * r**2
    elif r > 0:                                     # programs.py:105  elif r > 0:
        cost_bar = np.sum(y)
        r_bar = cost_bar / r                        # programs.py:106  cost = delta * (r - 0.5 * delta) + np.log(r)
        r_bar += np.sum(cost_bar * delta)
    else:
        cost_bar = np.sum(y)                        # programs.py:105  elif r > 0:
        r_bar = cost_bar * -delta                   # programs.py:108  cost = -delta * r
    y_bar = cost - r_bar                            # programs.py:102  r = x * x - y
    x_bar = r_bar * 2.0 * x
    return like(x_bar, x), like(y_bar, y)
