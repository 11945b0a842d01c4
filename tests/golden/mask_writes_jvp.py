import numpy as np


def mask_writes_jvp(x, slope, x_dot, slope_dot):
    """Value and tangent of mask_writes (programs.py:213) with respect to x, slope."""
    y = x ** 3                                      # programs.py:215
    y_dot = 3 * x ** 2 * x_dot
    negative = y < 0                                # programs.py:216
    y_dot[negative] = slope * y_dot[negative] + y[negative] * slope_dot  # programs.py:217
    y[negative] *= slope
    mask = ~negative                                # programs.py:218
    sqrt_y_part = np.sqrt(y[mask])
    y_dot[mask] = y_dot[mask] * (0.5 / sqrt_y_part)
    y[mask] = sqrt_y_part
    return np.sum(y * x), np.sum(x * y_dot + y * x_dot)  # programs.py:219
