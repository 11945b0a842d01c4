from srcgrad.runtime import like
from srcgrad.runtime import unbroadcast


def early_returns_grad(x, rate):
    """Gradient of early_returns (programs.py:110) with respect to x, rate."""
    # forward
    t = x < 0                                       # programs.py:112
    if not t:
        scaled = x * rate                           # programs.py:114
        t_1 = scaled > 3                            # programs.py:115
        if not t_1:
            t_2 = scaled ** 2 / (1 + x)             # programs.py:117
    # backward
    if t:                                           # programs.py:114  scaled = x * rate
        x_bar = 0.0
        rate_bar = 0.0
    else:
        scaled = x * rate
        if t_1:                                     # programs.py:117  return scaled**2 / (1 + x)
            scaled_bar = 1 / (scaled - 2)           # programs.py:116  return 3 + np.log(scaled - 2)
            x_bar = 0.0
        else:
            t = 1 + x                               # programs.py:117  return scaled**2 / (1 + x)
            t_1 = 1 / t
            x_bar = unbroadcast(-t_2 / t, x)
            scaled_bar = t_1 * (2 * scaled)
        x_bar = x_bar + unbroadcast(scaled_bar * rate, x)  # programs.py:114  scaled = x * rate
        rate_bar = unbroadcast(scaled_bar * x, rate)
    return like(x_bar, x), like(rate_bar, rate)     # programs.py:112  if x < 0:
