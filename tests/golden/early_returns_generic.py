import numpy as np
from srcgrad.runtime import copied, expanded, unbroadcast, zeros_like


def early_returns_grad(x, rate):
    """Gradient of early_returns (programs.py:110) with respect to x, rate."""
    # forward
    mask = x < 0                                    # programs.py:112
    if not mask:
        scaled = x * rate                           # programs.py:114
        mask_1 = scaled > 3                         # programs.py:115
        if mask_1:
            difference = scaled - 2                 # programs.py:116
            log = np.log(difference)
            total = 3 + log
        else:
            scaled_squared = scaled ** 2            # programs.py:117
            total_1 = 1 + x
            ratio = scaled_squared / total_1
    # backward
    if mask:                                        # programs.py:112  if x < 0:
        x_bar = zeros_like(x)                       # programs.py:114  scaled = x * rate
        rate_bar = zeros_like(rate)
    else:
        if mask_1:                                  # programs.py:115  if scaled > 3:
            ratio = unbroadcast(expanded(1.0, total), log) / difference  # programs.py:116  return 3 + np.log(scaled ...
            difference_bar = expanded(unbroadcast(expanded(ratio, log), difference), difference)
            scaled_bar = unbroadcast(difference_bar, scaled)
            x_bar = zeros_like(x)                   # programs.py:117  return scaled**2 / (1 + x)
        else:
            ratio_1 = 1 / total_1
            ratio_2 = -ratio / total_1
            scaled_squared_bar = unbroadcast(expanded(ratio_1, ratio), scaled_squared)
            total_bar = expanded(unbroadcast(expanded(ratio_2, ratio), total_1), total_1)
            x_bar = unbroadcast(total_bar, x)
            scaled_bar = unbroadcast(expanded(scaled_squared_bar * (2 * scaled), scaled_squared), scaled)
        x_bar = x_bar + unbroadcast(expanded(scaled_bar * rate, scaled), x)  # programs.py:114  scaled = x * rate
        rate_bar = unbroadcast(expanded(scaled_bar * x, scaled), rate)
    x_bar_1 = expanded(x_bar, x)                    # programs.py:112  if x < 0:
    rate_bar_1 = expanded(rate_bar, rate)
    return copied(x_bar_1), copied(rate_bar_1)
