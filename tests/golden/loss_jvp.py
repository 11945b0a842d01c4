import numpy as np


def loss_jvp(w, x, y, w_dot):
    """Value and tangent of loss (programs.py:78) with respect to w."""
    err_dot = x * w_dot                             # programs.py:80
    err = w * x - y
    return np.mean(err ** 2), np.mean(2 * err * err_dot)  # programs.py:81
