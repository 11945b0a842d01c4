import numpy as np


def early_returns_grad(x, rate):
    """Gradient of early_returns (programs.py:112) with respect to x, rate."""
    # forward
    x_below_0 = x < 0                               # programs.py:114
    if not x_below_0:
        scaled = x * rate                           # programs.py:116
        if not scaled > 3:                          # programs.py:117
            ratio = scaled ** 2 / (1 + x)           # programs.py:119
    # backward
    if x_below_0:                                   # programs.py:114  if x < 0:
        x_bar = 0.0
        rate_bar = 0.0
    else:
        scaled = x * rate                           # programs.py:116  scaled = x * rate
        if scaled > 3:                              # programs.py:117  if scaled > 3:
            scaled_bar = np.divide(1, scaled - 2)   # programs.py:118  return 3 + np.log(scaled - 2)
            x_bar = 0.0
        else:
            total = 1 + x                           # programs.py:119  return scaled**2 / (1 + x)
            scaled_squared_bar = 1 / total
            x_bar = -ratio / total
            scaled_bar = scaled_squared_bar * (2 * scaled)
        x_bar += scaled_bar * rate                  # programs.py:116  scaled = x * rate
        rate_bar = scaled_bar * x
    return x_bar, rate_bar
