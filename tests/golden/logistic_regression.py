import numpy as np


def logistic_regression_grad(w, b, x, y):
    """Value and gradient of logistic_regression (programs.py:425) with respect to w, b."""
    # forward
    t = np.exp(-(x @ w + b))                        # programs.py:432
    t_1 = 1.0 + t
    p = 1.0 / t_1
    t_2 = 1.0 - y                                   # programs.py:433
    t_3 = 1.0 - p
    nll = -np.mean(y * np.log(p) + t_2 * np.log(t_3))
    t_4 = nll + 0.01 * np.sum(w ** 2)               # programs.py:434
    t_5 = np.mean((p > 0.5) == (y > 0.5))
    # backward
    w_bar = 0.02 * w                                # programs.py:434  return nll + 0.01 * np.sum(w**2), {"accuracy" ...
    t_6 = -1.0 / y.size                             # programs.py:433  nll = -np.mean(y * np.log(p) + (1.0 - y) * np ...
    p_bar = -(t_6 * t_2 / t_3)
    p_bar += t_6 * y / p
    t = -(p_bar * (-p / t_1) * t)                   # programs.py:432  p = 1.0 / (1.0 + np.exp(-(x @ w + b)))
    b_bar = np.sum(t)
    w_bar += np.transpose(x) @ t
    return (t_4, {'accuracy': t_5}), (w_bar, b_bar)
