import numpy as np
from srcgrad.runtime import copied, expanded, unbroadcast


def loss_grad(w, x, y):
    """Gradient of loss (programs.py:76) with respect to w."""
    # forward
    product = w * x                                 # programs.py:78
    err = product - y
    err_squared = err ** 2                          # programs.py:79
    # backward
    ratio = expanded(1.0, np.mean(err_squared)) / np.size(err_squared)  # programs.py:79  return np.mean(err**2)
    spread = expanded(unbroadcast(ratio, err_squared) * (2 * err), err_squared)
    err_bar = unbroadcast(spread, err)
    spread = expanded(unbroadcast(expanded(err_bar, err), product) * x, product)  # programs.py:78  err = w * x - y
    w_bar = unbroadcast(spread, w)
    return copied(expanded(w_bar, w))
