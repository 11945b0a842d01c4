import numpy as np


def logistic_regression_jvp(w, b, x, y, w_dot, b_dot):
    """Value and tangent of logistic_regression (programs.py:427) with respect to w, b."""
    p = 1.0 / (1.0 + np.exp(-(x @ w + b)))          # programs.py:434
    product = p * (1 - p) * (x @ w_dot + b_dot)
    difference = 1.0 - y                            # programs.py:435
    difference_1 = 1.0 - p
    nll = -np.mean(y * np.log(p) + difference * np.log(difference_1))
    product_1 = 0.01 * np.sum(2 * w * w_dot)        # programs.py:436
    return (
        nll + 0.01 * np.sum(w ** 2), product_1 - np.mean(y * (product / p) - difference * (product / difference_1)),
        {"accuracy": np.mean((p > 0.5) == (y > 0.5))}
    )
