import numpy as np
from srcgrad.runtime import copied, expanded, shadow_of, unbroadcast, zeros_like


def comprehension_grad(x, degree):
    """Gradient of comprehension (programs.py:267) with respect to x."""
    # forward
    powers = []                                     # programs.py:269
    total = degree + 1
    power_tape = []
    for k in range(1, total):
        power = x ** k
        power_tape.append(power)
        powers.append(power)
    n_powers = len(powers)                          # programs.py:270
    tape = []
    total_1 = 0
    for k in range(n_powers):
        p = powers[k]
        sum_p = np.sum(p)
        ratio = sum_p / (k + 1)
        total_2 = total_1 + ratio
        tape.append((total_1, p, sum_p, ratio, total_2))
        total_1 = total_2
    # backward
    shadows = {}                                    # programs.py:270  return sum(np.sum(p) / (k + 1) for k, p in en ...
    total_bar = expanded(1.0, total_1)
    powers_bar = shadow_of(shadows, powers)
    for k in reversed(range(n_powers)):
        total_1, p, sum_p, ratio, total_2 = tape.pop()
        total_bar_1 = unbroadcast(expanded(total_bar, total_2), total_1)
        ratio_1 = unbroadcast(expanded(total_bar, total_2), ratio) / (k + 1)
        sum_p_bar = expanded(unbroadcast(expanded(ratio_1, ratio), sum_p), sum_p)
        p_bar = unbroadcast(sum_p_bar, p)
        powers_bar[k] = powers_bar[k] + p_bar
        total_bar = expanded(total_bar_1, total_1)
    x_bar = zeros_like(x)                           # programs.py:269  powers = [x**k for k in range(1, degree + 1)]
    for k in reversed(range(1, total)):
        power = power_tape.pop()
        power_bar = powers_bar.pop()
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
        x_bar = x_bar + unbroadcast(expanded(power_bar * result, power), x)
    return copied(expanded(x_bar, x))
