import numpy as np


def swap_grad(u, c, n_steps):
    """Gradient of swap (programs.py:235) with respect to u, c."""
    # forward
    old = u.copy()                                  # programs.py:237
    new = u.copy()
    tape = []                                       # programs.py:240
    for _ in range(n_steps):                        # programs.py:238
        for i in range(1, len(u) - 1):              # programs.py:239
            old_i = old[i]                          # programs.py:240
            product = c * old[i]
            total = old[i - 1] - 2 * old[i] + old[i + 1]
            old_1 = new[i]
            tape.append((total, old_1))
            new[i] = old_i + product * total
        new, old = old, new
    # backward
    old_bar = 2 * old                               # programs.py:242  return np.sum(old**2)
    new_bar = np.zeros_like(new)                    # programs.py:238  for _ in range(n_steps):
    c_bar = 0.0
    new, new_bar, old, old_bar = old, old_bar, new, new_bar
    for _ in reversed(range(n_steps)):
        for i in reversed(range(1, len(u) - 1)):    # programs.py:239  for i in range(1, len(u) - 1):
            total, old_1 = tape.pop()
            total_bar = new_bar[i]                  # programs.py:240  new[i] = old[i] + c * old[i] * (old[i - 1] - ...
            new_bar[i] = 0.0
            new[i] = old_1
            product_bar = total_bar * total
            old_i = old[i]
            total_bar_1 = total_bar * (c * old_i)
            old_bar[i + 1] += total_bar_1
            old_bar[i] -= total_bar_1 * 2
            old_bar[i - 1] += total_bar_1
            c_bar += product_bar * old_i
            old_bar[i] += product_bar * c
            old_bar[i] += total_bar
        new, new_bar, old, old_bar = old, old_bar, new, new_bar
    new_bar, old_bar = old_bar, new_bar
    u_bar = new_bar.copy()                          # programs.py:237  old, new = u.copy(), u.copy()
    u_bar += old_bar
    return u_bar, c_bar
