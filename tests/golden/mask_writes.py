import numpy as np
from srcgrad.runtime import masked_product


def mask_writes_grad(x, slope):
    """Gradient of mask_writes (programs.py:213) with respect to x, slope."""
    # forward
    y = x ** 3                                      # programs.py:215
    negative = y < 0                                # programs.py:216
    old = y[negative]                               # programs.py:217
    y[negative] *= slope
    mask = ~negative                                # programs.py:218
    sqrt_y_part = np.sqrt(y[mask])
    y[mask] = sqrt_y_part
    # backward
    y_bar = x.copy()                                # programs.py:219  return np.sum(y * x)
    x_bar = y.copy()
    sqrt_y_part_bar = y_bar[mask]                   # programs.py:218  y[~negative] = np.sqrt(y[~negative])
    y_bar[mask] = 0.0
    y_bar[mask] += sqrt_y_part_bar * (0.5 / sqrt_y_part)
    slope_bar = np.sum(y_bar[negative] * old)       # programs.py:217  y[negative] *= slope
    y_bar[negative] *= slope
    x_bar += masked_product(y_bar, 3 * x ** 2)      # programs.py:215  y = x**3
    return x_bar, slope_bar
