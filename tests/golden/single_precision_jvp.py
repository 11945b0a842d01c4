import numpy as np


def single_precision_jvp(x, w, x_dot, w_dot):
    """Value and tangent of single_precision (programs.py:91) with respect to x, w."""
    tanh = np.tanh(2.0 * x)                         # programs.py:93
    y = tanh * w
    y_dot = w * ((1 - tanh * tanh) * (2.0 * x_dot)) + tanh * w_dot
    return np.sum(y * y) / 6, np.sum(2 * y * y_dot) / 6  # programs.py:94
