import numpy as np


def early_returns_jvp(x, rate, x_dot, rate_dot):
    """Value and tangent of early_returns (programs.py:112) with respect to x, rate."""
    if x < 0:                                       # programs.py:114
        result = 0.0
        result_dot = 0.0
    else:
        scaled = x * rate                           # programs.py:116
        scaled_dot = rate * x_dot + x * rate_dot
        if scaled > 3:                              # programs.py:117
            difference = scaled - 2                 # programs.py:118
            result_dot = np.divide(scaled_dot, difference)
            result = 3 + np.log(difference)
        else:
            total = 1 + x                           # programs.py:119
            result = scaled ** 2 / total
            result_dot = (2 * scaled * scaled_dot - x_dot * result) / total
    return result, np.float64(result_dot)
