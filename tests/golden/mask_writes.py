import numpy as np
from srcgrad.runtime import masked_product


def mask_writes_grad(x, slope):
    """Gradient of mask_writes (programs.py:211) with respect to x, slope."""
    # forward
    y = x ** 3                                      # programs.py:213
    negative = y < 0                                # programs.py:214
    old = y[negative]                               # programs.py:215
    y[negative] *= slope
    t = ~negative                                   # programs.py:216
    t_1 = np.sqrt(y[t])
    y[t] = t_1
    # backward
    y_bar = np.zeros_like(x)                        # programs.py:217  return np.sum(y * x)
    y_bar += x
    x_bar = y.copy()
    t_2 = y_bar[t]                                  # programs.py:216  y[~negative] = np.sqrt(y[~negative])
    y_bar[t] = 0.0
    y_bar[t] += t_2 * (0.5 / t_1)
    slope_bar = np.sum(y_bar[negative] * old)       # programs.py:215  y[negative] *= slope
    y_bar[negative] *= slope
    x_bar += masked_product(y_bar, 3 * x ** 2)      # programs.py:213  y = x**3
    return x_bar, slope_bar
