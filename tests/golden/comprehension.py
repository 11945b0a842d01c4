import numpy as np
from srcgrad.runtime import expanded, zeros_like


def comprehension_grad(x, degree):
    """Gradient of comprehension (programs.py:269) with respect to x."""
    # forward
    powers = []                                     # programs.py:271
    stop = degree + 1
    for k in range(1, stop):
        powers.append(x ** k)
    n_powers = len(powers)                          # programs.py:272
    for k in range(n_powers):
        p = powers[k]
        np.sum(p) / (k + 1)                         # may raise
    # backward
    powers_bar = zeros_like(powers)                 # programs.py:272  return sum(np.sum(p) / (k + 1) for k, p in en ...
    for k in reversed(range(n_powers)):
        p_bar = 1.0 / (k + 1)
        powers_bar[k] = powers_bar[k] + p_bar
    x_bar = np.zeros_like(x)                        # programs.py:271  powers = [x**k for k in range(1, degree + 1)]
    for k in reversed(range(1, stop)):
        x_bar += expanded(powers_bar.pop(), x) * (k * x ** (k - 1 + (k == 0)))
    return x_bar
