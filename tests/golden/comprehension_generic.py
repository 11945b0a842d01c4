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
    tape = []
    for k in range(1, t):
        t_1 = x ** k
        tape.append(t_1)
        powers.append(t_1)
    n_powers = len(powers)                          # programs.py:270
    tape_1 = []
    total = 0
    for k in range(n_powers):
        p = powers[k]
        sum_p = np.sum(p)
        t_1 = sum_p / (k + 1)
        t_2 = total + t_1
        tape_1.append((t_2, total, t_1, sum_p, p))
        total = t_2
    # backward
    shadows = {}                                    # programs.py:270  return sum(np.sum(p) / (k + 1) for k, p in en ...
    total_bar = expanded(1.0, total)
    powers_bar = shadow_of(shadows, powers)
    for k in reversed(range(n_powers)):
        pop_tape, total, pop_tape_1, pop_tape_2, p = tape_1.pop()
        total_bar_1 = unbroadcast(expanded(total_bar, pop_tape), total)
        t_1 = unbroadcast(expanded(total_bar, pop_tape), pop_tape_1)
        t_2 = k + 1
        1 / t_2
        -pop_tape_1 / t_2
        p_bar = unbroadcast(expanded(unbroadcast(expanded(t_1 / t_2, pop_tape_1), pop_tape_2), pop_tape_2), p)
        powers_bar[k] = powers_bar[k] + p_bar
        total_bar = expanded(total_bar_1, total)
    x_bar = zeros_like(x)                           # programs.py:269  powers = [x**k for k in range(1, degree + 1)]
    for k in reversed(range(1, t)):
        pop_tape = tape.pop()
        pop_powers_bar = powers_bar.pop()
        if isinstance(x, float) and True:
            if k < 0:
                result = k * pop_tape / x
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
        x_bar = x_bar + unbroadcast(expanded(pop_powers_bar * result, pop_tape), x)
    return copied(expanded(x_bar, x))
