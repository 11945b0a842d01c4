import numpy as np
from srcgrad.rules.elementwise import power_slope
from srcgrad.runtime import add_to_item, like, shadow_of, zeros_like


def comprehension_grad(x, degree):
    """Gradient of comprehension (programs.py:269) with respect to x."""
    # forward
    powers = []                                     # programs.py:271
    total = degree + 1
    power_tape = []
    for k in range(1, total):
        power = x ** k
        power_tape.append(power)
        powers.append(power)
    n_powers = len(powers)                          # programs.py:272
    for k in range(n_powers):
        p = powers[k]
        np.sum(p) / (k + 1)                         # may raise
    # backward
    shadows = {}                                    # programs.py:272  return sum(np.sum(p) / (k + 1) for k, p in en ...
    powers_bar = shadow_of(shadows, powers)
    for k in reversed(range(n_powers)):
        p_bar = 1.0 / (k + 1)
        add_to_item(powers_bar, k, p_bar)
    x_bar = zeros_like(x)                           # programs.py:271  powers = [x**k for k in range(1, degree + 1)]
    for k in reversed(range(1, total)):
        power = power_tape.pop()
        x_bar = x_bar + powers_bar.pop() * power_slope(x, k, power)
    return like(x_bar, x)
