import numpy as np
from srcgrad.runtime import copied
from srcgrad.runtime import expanded
from srcgrad.runtime import unbroadcast


def lambdas_grad(x, y):
    """Gradient of lambdas (programs.py:335) with respect to x, y."""
    # forward
    t = x ** 2                                      # programs.py:337
    t_1 = t + y
    t_2 = np.sin(t_1)
    t_3 = t_1 * t_2
    sin_y = np.sin(y)
    t_4 = y * sin_y
    t_5 = t_4 ** 3
    t_6 = t_5 + y
    t_7 = t_3 + t_6                                 # programs.py:338
    # backward
    t_8 = unbroadcast(expanded(1.0, t_7), t_3)      # programs.py:338  return f(g(x)) + g(f(y), 3)
    t_7 = unbroadcast(expanded(1.0, t_7), t_6)
    t_9 = unbroadcast(expanded(t_7, t_6), t_5)      # programs.py:337  f, g = lambda u: u * np.sin(u), lambda u, p=2 ...
    y_bar = unbroadcast(expanded(t_7, t_6), y)
    t_5 = unbroadcast(expanded(t_9 * (3 * t_4 ** 2), t_5), t_4)
    y_bar = y_bar + unbroadcast(expanded(t_5 * sin_y, t_4), y)
    y_bar = y_bar + unbroadcast(expanded(unbroadcast(expanded(t_5 * y, t_4), sin_y) * np.cos(y), sin_y), y)
    t_4 = unbroadcast(expanded(t_8 * t_2, t_3), t_1)
    t_2 = t_4 + unbroadcast(expanded(unbroadcast(expanded(t_8 * t_1, t_3), t_2) * np.cos(t_1), t_2), t_1)
    t_3 = unbroadcast(expanded(t_2, t_1), t)
    y_bar = y_bar + unbroadcast(expanded(t_2, t_1), y)
    x_bar = unbroadcast(expanded(t_3 * (2 * x), t), x)
    t = expanded(x_bar, x)
    t_1 = expanded(y_bar, y)
    return copied(t), copied(t_1)
