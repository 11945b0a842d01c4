import numpy as np
from srcgrad.runtime import copied
from srcgrad.runtime import expanded
from srcgrad.runtime import unbroadcast
from srcgrad.runtime import zeros_like


def early_returns_grad(x, rate):
    """Gradient of early_returns (programs.py:110) with respect to x, rate."""
    # forward
    t = x < 0                                       # programs.py:112
    if not t:
        scaled = x * rate                           # programs.py:114
        t_1 = scaled > 3                            # programs.py:115
        if t_1:
            t_4 = scaled - 2                        # programs.py:116
            t_3 = np.log(t_4)
            t_2 = 3 + t_3
        else:
            t_7 = scaled ** 2                       # programs.py:117
            t_5 = 1 + x
            t_6 = t_7 / t_5
    # backward
    if t:                                           # programs.py:114  scaled = x * rate
        x_bar = zeros_like(x)
        rate_bar = zeros_like(rate)
    else:
        if t_1:                                     # programs.py:117  return scaled**2 / (1 + x)
            scaled_bar = unbroadcast(expanded(unbroadcast(expanded(unbroadcast(expanded(1.0, t_2), t_3) / t_4, t_3), t_4), t_4), scaled)  # programs.py:116
            x_bar = zeros_like(x)                   # programs.py:117  return scaled**2 / (1 + x)
        else:
            t = 1 / t_5
            t_1 = -t_6 / t_5
            t = unbroadcast(expanded(t, t_6), t_7)
            x_bar = unbroadcast(expanded(unbroadcast(expanded(t_1, t_6), t_5), t_5), x)
            scaled_bar = unbroadcast(expanded(t * (2 * scaled), t_7), scaled)
        x_bar = x_bar + unbroadcast(expanded(scaled_bar * rate, scaled), x)  # programs.py:114  scaled = x * rate
        rate_bar = unbroadcast(expanded(scaled_bar * x, scaled), rate)
    t = expanded(x_bar, x)                          # programs.py:112  if x < 0:
    t_1 = expanded(rate_bar, rate)
    return copied(t), copied(t_1)
