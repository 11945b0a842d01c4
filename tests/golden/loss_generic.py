import numpy as np
from srcgrad.runtime import unbroadcast


def loss_grad(w, x, y):
    """Gradient of loss (programs.py:78) with respect to w."""
    # forward
    err = w * x - y                                 # programs.py:80
    # backward
    err_bar = 2.0 / max(np.size(err), 1) * err      # programs.py:81  return np.mean(err**2)
    w_bar = unbroadcast(err_bar * x, w)             # programs.py:80  err = w * x - y
    return w_bar
