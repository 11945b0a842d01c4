import numpy as np
from srcgrad.runtime import copied
from srcgrad.runtime import expanded
from srcgrad.runtime import unbroadcast


def loss_grad(w, x, y):
    """Gradient of loss (programs.py:76) with respect to w."""
    # forward
    t = w * x                                       # programs.py:78
    err = t - y
    t_1 = err ** 2                                  # programs.py:79
    # backward
    t_1 = expanded(unbroadcast(expanded(1.0, np.mean(t_1)) / np.size(t_1), t_1) * (2 * err), t_1)  # programs.py:79
    err_bar = unbroadcast(t_1, err)
    w_bar = unbroadcast(expanded(unbroadcast(expanded(err_bar, err), t) * x, t), w)  # programs.py:78  err = w * x - y
    return copied(expanded(w_bar, w))
