import numpy as np


def swap_jvp(u, c, n_steps, u_dot, c_dot):
    """Value and tangent of swap (programs.py:235) with respect to u, c."""
    old = u.copy()                                  # programs.py:237
    old_dot = u_dot.copy()
    new = u.copy()
    new_dot = u_dot.copy()
    stop = len(u) - 1                               # programs.py:239
    for _ in range(n_steps):                        # programs.py:238
        for i in range(1, stop):                    # programs.py:239
            old_i = old[i]                          # programs.py:240
            old_dot_i = old_dot[i]
            product = c * old_i
            index = i - 1
            old_prev = old[index]
            difference = old_dot[index] - 2 * old_dot_i
            index = i + 1
            old_next = old[index]
            total = old_prev - 2 * old_i + old_next
            total_1 = total * (old_i * c_dot + c * old_dot_i) + product * (difference + old_dot[index])
            new_dot[i] = old_dot_i + total_1
            new[i] = old_i + product * total
        new, new_dot, old, old_dot = old, old_dot, new, new_dot
    return np.sum(old ** 2), np.sum(2 * old * old_dot)  # programs.py:242
