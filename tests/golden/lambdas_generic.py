import numpy as np
from srcgrad.runtime import copied, expanded, unbroadcast


def lambdas_grad(x, y):
    """Gradient of lambdas (programs.py:335) with respect to x, y."""
    # forward
    x_squared = x ** 2                              # programs.py:337
    total = x_squared + y
    sin = np.sin(total)
    product = total * sin
    sin_y = np.sin(y)
    product_1 = y * sin_y
    power = product_1 ** 3
    total_1 = power + y
    total_2 = product + total_1                     # programs.py:338
    # backward
    product_bar = unbroadcast(expanded(1.0, total_2), product)  # programs.py:338  return f(g(x)) + g(f(y), 3)
    total_bar = unbroadcast(expanded(1.0, total_2), total_1)
    power_bar = unbroadcast(expanded(total_bar, total_1), power)  # programs.py:337  f, g = lambda u: u * np.sin(u), ...
    y_bar = unbroadcast(expanded(total_bar, total_1), y)
    product_bar_1 = unbroadcast(expanded(power_bar * (3 * product_1 ** 2), power), product_1)
    y_bar = y_bar + unbroadcast(expanded(product_bar_1 * sin_y, product_1), y)
    product_1 = unbroadcast(expanded(product_bar_1 * y, product_1), sin_y) * np.cos(y)
    y_bar = y_bar + unbroadcast(expanded(product_1, sin_y), y)
    total_bar = unbroadcast(expanded(product_bar * sin, product), total)
    sin_bar = unbroadcast(expanded(product_bar * total, product), sin)
    reduced = unbroadcast(expanded(sin_bar * np.cos(total), sin), total)
    total_bar = total_bar + reduced
    x_squared_bar = unbroadcast(expanded(total_bar, total), x_squared)
    y_bar = y_bar + unbroadcast(expanded(total_bar, total), y)
    x_bar = unbroadcast(expanded(x_squared_bar * (2 * x), x_squared), x)
    x_bar_1 = expanded(x_bar, x)
    y_bar_1 = expanded(y_bar, y)
    return copied(x_bar_1), copied(y_bar_1)
