import numpy as np
from srcgrad.runtime import copied
from srcgrad.runtime import expanded
from srcgrad.runtime import shadow_of
from srcgrad.runtime import unbroadcast
from srcgrad.runtime import zeros_like


def comprehension_grad(x, degree):
    """Gradient of comprehension (programs.py:267) with respect to x."""
    # forward
    powers = []                                     # programs.py:269
    t = degree + 1
    power_tape = []
    for k in range(1, t):
        power = x ** k
        power_tape.append(power)
        powers.append(power)
    n_powers = len(powers)                          # programs.py:270
    tape = []
    total = 0
    for k in range(n_powers):
        p = powers[k]
        sum_p = np.sum(p)
        ratio = sum_p / (k + 1)
        total_1 = total + ratio
        tape.append((total_1, total, ratio, sum_p, p))
        total = total_1
    # backward
    shadows = {}                                    # programs.py:270  return sum(np.sum(p) / (k + 1) for k, p in en ...
    total_bar = expanded(1.0, total)
    powers_bar = shadow_of(shadows, powers)
    for k in reversed(range(n_powers)):
        total, total_1, ratio, pop_tape, p = tape.pop()
        total_bar_1 = unbroadcast(expanded(total_bar, total), total_1)
        p_bar = unbroadcast(expanded(unbroadcast(expanded(unbroadcast(expanded(total_bar, total), ratio) / (k + 1), ratio), pop_tape), pop_tape), p)
        powers_bar[k] = powers_bar[k] + p_bar
        total_bar = expanded(total_bar_1, total_1)
    x_bar = zeros_like(x)                           # programs.py:269  powers = [x**k for k in range(1, degree + 1)]
    for k in reversed(range(1, t)):
        power = power_tape.pop()
        pop_powers_bar = powers_bar.pop()
        if isinstance(x, float) and True:
            if k < 0:
                result = k * power / x
                code = 3
            elif 0 < k and k < 1:
                result = k * np.power(x, k - 1)
                code = 3
            else:
                code = 0
        else:
            code = 0
        if code == 0:
            result = k * x ** (k - 1 + (k == 0))
        x_bar = x_bar + unbroadcast(expanded(pop_powers_bar * result, power), x)
    return copied(expanded(x_bar, x))
