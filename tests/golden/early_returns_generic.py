from srcgrad.runtime import like, unbroadcast


def early_returns_grad(x, rate):
    """Gradient of early_returns (programs.py:112) with respect to x, rate."""
    # forward
    mask = x < 0                                    # programs.py:114
    if not mask:
        scaled = x * rate                           # programs.py:116
        if not scaled > 3:                          # programs.py:117
            ratio = scaled ** 2 / (1 + x)           # programs.py:119
    # backward
    if mask:                                        # programs.py:114  if x < 0:
        x_bar = 0.0
        rate_bar = 0.0
    else:
        scaled = x * rate                           # programs.py:116  scaled = x * rate
        if scaled > 3:                              # programs.py:117  if scaled > 3:
            scaled_bar = 1 / (scaled - 2)           # programs.py:118  return 3 + np.log(scaled - 2)
            x_bar = 0.0
        else:
            total = 1 + x                           # programs.py:119  return scaled**2 / (1 + x)
            scaled_squared_bar = 1 / total
            x_bar = unbroadcast(-ratio / total, x)
            scaled_bar = scaled_squared_bar * (2 * scaled)
        x_bar = x_bar + unbroadcast(scaled_bar * rate, x)  # programs.py:116  scaled = x * rate
        rate_bar = unbroadcast(scaled_bar * x, rate)
    return like(x_bar, x), like(rate_bar, rate)     # programs.py:114  if x < 0:
