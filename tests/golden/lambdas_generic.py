import numpy as np
from srcgrad.runtime import like


def lambdas_grad(x, y):
    """Gradient of lambdas (programs.py:337) with respect to x, y."""
    # forward
    total = x ** 2 + y                              # programs.py:339
    sin_y = np.sin(y)
    # backward
    product_bar = 3 * (y * sin_y) ** 2              # programs.py:339  f, g = lambda u: u * np.sin(u), lambda u, p=2 ...
    y_bar = 1.0 + product_bar * sin_y
    y_bar += product_bar * y * np.cos(y)
    total_bar = np.sin(total) + total * np.cos(total)
    y_bar += total_bar
    x_bar = total_bar * (2 * x)
    return like(x_bar, x), like(y_bar, y)
