import numpy as np


def logistic_regression_grad(w, b, x, y):
    """Value and gradient of logistic_regression (programs.py:427) with respect to w, b."""
    # forward
    p = 1.0 / (1.0 + np.exp(-(x @ w + b)))          # programs.py:434
    difference = 1.0 - y                            # programs.py:435
    difference_1 = 1.0 - p
    nll = -np.mean(y * np.log(p) + difference * np.log(difference_1))
    total = nll + 0.01 * np.sum(w ** 2)             # programs.py:436
    mean = np.mean((p > 0.5) == (y > 0.5))
    # backward
    w_bar = 0.02 * w                                # programs.py:436  return nll + 0.01 * np.sum(w**2), {"accuracy" ...
    total_bar = -1.0 / max(y.size, 1)               # programs.py:435  nll = -np.mean(y * np.log(p) + (1.0 - y) * np ...
    p_bar = total_bar * y / p - total_bar * difference / difference_1
    p_bar *= p * (1 - p)                            # programs.py:434  p = 1.0 / (1.0 + np.exp(-(x @ w + b)))
    b_bar = np.sum(p_bar)
    w_bar += x.T @ p_bar
    return (total, {"accuracy": mean}), (w_bar, b_bar)
