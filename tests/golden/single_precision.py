import numpy as np


def single_precision_grad(x, w):
    """Gradient of single_precision (programs.py:91) with respect to x, w."""
    # forward
    tanh = np.tanh(2.0 * x)                         # programs.py:93
    y = tanh * w
    # backward
    y_bar = 0.3333333333333333 * y                  # programs.py:94  return np.sum(y * y) / 6
    w_bar = y_bar * tanh                            # programs.py:93  y = np.tanh(2.0 * x) * w
    x_bar = y_bar * w * (1 - tanh * tanh) * 2.0
    return x_bar, w_bar
