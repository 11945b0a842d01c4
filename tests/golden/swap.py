import numpy as np


def swap_grad(u, c, n_steps):
    """Gradient of swap (programs.py:235) with respect to u, c."""
    # forward
    old = u.copy()                                  # programs.py:237
    new = u.copy()
    stop = len(u) - 1                               # programs.py:239
    tape = []                                       # programs.py:240
    for _ in range(n_steps):                        # programs.py:238
        for i in range(1, stop):                    # programs.py:239
            old_i = old[i]                          # programs.py:240
            total = old[i - 1] - 2 * old_i + old[i + 1]
            tape.append((old_i, total))
            new[i] = old_i + c * old_i * total
        new, old = old, new
    # backward
    old_bar = 2 * old                               # programs.py:242  return np.sum(old**2)
    new_bar = np.zeros_like(new)                    # programs.py:238  for _ in range(n_steps):
    c_bar = 0.0
    new_bar, old_bar = old_bar, new_bar
    for _ in reversed(range(n_steps)):
        for i in reversed(range(1, stop)):          # programs.py:239  for i in range(1, len(u) - 1):
            old_i, total = tape.pop()
            total_bar = new_bar[i]                  # programs.py:240  new[i] = old[i] + c * old[i] * (old[i - 1] - ...
            new_bar[i] = 0.0
            product_bar = total_bar * total
            total_bar_1 = total_bar * (c * old_i)
            old_bar[i + 1] += total_bar_1
            old_bar[i - 1] += total_bar_1
            c_bar += product_bar * old_i
            old_bar[i] += total_bar - total_bar_1 * 2 + product_bar * c
        new_bar, old_bar = old_bar, new_bar
    new_bar, old_bar = old_bar, new_bar
    u_bar = new_bar + old_bar                       # programs.py:237  old, new = u.copy(), u.copy()
    return u_bar, c_bar
