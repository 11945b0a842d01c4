import numpy as np
from srcgrad.runtime import shadow_of


def swap_grad(u, c, n_steps):
    """Gradient of swap (programs.py:233) with respect to u, c."""
    # forward
    old = u.copy()                                  # programs.py:235
    new = u.copy()
    tape = []                                       # programs.py:236
    tape_1 = []                                     # programs.py:238
    new_1 = new
    old_1 = old
    for _ in range(n_steps):                        # programs.py:236
        tape.append((new_1, old_1))
        for i in range(1, len(u) - 1):              # programs.py:237
            t = old_1[i]                            # programs.py:238
            t_1 = c * old_1[i]
            total = old_1[i - 1] - 2 * old_1[i] + old_1[i + 1]
            old_2 = new_1[i]
            tape_1.append((old_2, total))
            new_1[i] = t + t_1 * total
        new_1, old_1 = old_1, new_1
    # backward
    shadows = {}                                    # programs.py:240  return np.sum(old**2)
    t = 2 * old_1
    old_bar = shadow_of(shadows, old_1)
    old_bar += t
    c_bar = 0.0
    for _ in reversed(range(n_steps)):              # programs.py:236  for _ in range(n_steps):
        new_1, old_1 = tape.pop()
        new_bar = shadow_of(shadows, new_1)         # programs.py:238  new[i] = old[i] + c * old[i] * (old[i - 1] - ...
        old_bar = shadow_of(shadows, old_1)
        for i in reversed(range(1, len(u) - 1)):    # programs.py:237  for i in range(1, len(u) - 1):
            old_2, total = tape_1.pop()
            t = new_bar[i]                          # programs.py:238  new[i] = old[i] + c * old[i] * (old[i - 1] - ...
            new_bar[i] = 0.0
            new_1[i] = old_2
            t_1 = t * total
            t_2 = old_1[i]
            t_3 = t * (c * t_2)
            old_bar[i + 1] += t_3
            old_bar[i] -= t_3 * 2
            old_bar[i - 1] += t_3
            c_bar += t_1 * t_2
            old_bar[i] += t_1 * c
            old_bar[i] += t
    new_bar = shadow_of(shadows, new)               # programs.py:235  old, new = u.copy(), u.copy()
    u_bar = np.zeros_like(u)
    u_bar += new_bar
    old_bar = shadow_of(shadows, old)
    u_bar += old_bar
    return u_bar, c_bar
