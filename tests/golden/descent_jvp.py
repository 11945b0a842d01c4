import numpy as np


def descent_jvp(params, rate, x, w_dot, b_dot, rate_dot):
    """Value and tangent of descent (programs.py:408) with respect to params, rate."""
    w = params["w"]                                 # programs.py:409
    b = params["b"]
    for _ in range(3):                              # programs.py:411
        err = np.tanh(x @ w + b)                    # programs.py:412
        err_dot = 1 - err * err
        err_dot *= x @ w_dot + b_dot
        err -= 0.5
        total = err + 0.5                           # programs.py:413
        product = -2 * total * err_dot
        difference = 1 - total ** 2
        delta = err * difference
        err_dot *= difference
        delta_dot = err * product
        delta_dot += err_dot
        product = delta @ x                         # programs.py:414
        w = w - rate * product
        w_dot = w_dot - (product * rate_dot + rate * (delta_dot @ x))
        sum_delta = np.sum(delta)                   # programs.py:415
        b -= rate * sum_delta
        b_dot -= sum_delta * rate_dot + rate * np.sum(delta_dot)
    return np.sum(w ** 2) + np.sum(b ** 2), np.float64(np.sum(2 * w * w_dot) + np.sum(2 * b * b_dot))  # programs.py:416
