import numpy as np
from srcgrad.runtime import like


def lambdas_grad(x, y):
    """Gradient of lambdas (programs.py:335) with respect to x, y."""
    # forward
    t = x ** 2 + y                                  # programs.py:337
    sin_y = np.sin(y)
    # backward
    t_1 = 3 * (y * sin_y) ** 2                      # programs.py:337  f, g = lambda u: u * np.sin(u), lambda u, p=2 ...
    y_bar = 1.0 + t_1 * sin_y
    y_bar += t_1 * y * np.cos(y)
    t = np.sin(t) + t * np.cos(t)
    y_bar += t
    x_bar = t * (2 * x)
    return like(x_bar, x), like(y_bar, y)
