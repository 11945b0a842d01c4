import numpy as np


def lambdas_jvp(x, y, x_dot, y_dot):
    """Value and tangent of lambdas (programs.py:337) with respect to x, y."""
    total = x ** 2 + y                              # programs.py:339
    total_1 = 2 * x * x_dot + y_dot
    sin = np.sin(total)
    total_1 = sin * total_1 + total * (np.cos(total) * total_1)
    sin_y = np.sin(y)
    product = y * sin_y
    power = product ** 3
    # programs.py:340
    return total * sin + (power + y), total_1 + (3 * product ** 2 * (sin_y * y_dot + y * (np.cos(y) * y_dot)) + y_dot)
