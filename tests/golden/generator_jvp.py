import numpy as np


def generator_jvp(w, x, y, rate, tol, w_dot, rate_dot):
    """Value and tangent of generator (programs.py:480) with respect to w, rate."""
    count = 0
    while True:                                     # programs.py:474
        err_dot = x @ w_dot                         # programs.py:475
        err = x @ w - y
        loss = np.mean(err ** 2)                    # programs.py:476
        loss_dot = np.mean(2 * err * err_dot)
        if loss < tol or count == 5:                # programs.py:483
            w_1 = w
            w_dot_1 = w_dot
            break
        count += 1
        product = err @ x                           # programs.py:477
        w_1 = w - rate * product
        w_dot_1 = w_dot
        w_dot = w_dot - (product * rate_dot + rate * (err_dot @ x))
        w, w_1 = w_1, w
    return loss + 0.01 * np.sum(w_1 ** 2), loss_dot + 0.01 * np.sum(2 * w_1 * w_dot_1)  # programs.py:485
