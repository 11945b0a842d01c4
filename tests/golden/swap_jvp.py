import numpy as np


def swap_jvp(u, c, n_steps, u_dot, c_dot):
    """Value and tangent of swap (programs.py:235) with respect to u, c."""
    old = u.copy()                                  # programs.py:237
    old_dot = u_dot.copy()
    new = u.copy()
    new_dot = u_dot.copy()
    for _ in range(n_steps):                        # programs.py:238
        for i in range(1, len(u) - 1):              # programs.py:239
            old_i = old[i]                          # programs.py:240
            old_dot_i = old_dot[i]
            old_i_1 = old[i]
            product = c * old_i_1
            total = old_i_1 * c_dot + c * old_dot[i]
            index = i - 1
            old_prev = old[index]
            old_dot_prev = old_dot[index]
            old_i_1 = old[i]
            difference = old_dot_prev - 2 * old_dot[i]
            index = i + 1
            old_next = old[index]
            total_1 = old_prev - 2 * old_i_1 + old_next
            new_dot[i] = old_dot_i + (total_1 * total + product * (difference + old_dot[index]))
            new[i] = old_i + product * total_1
        new, new_dot, old, old_dot = old, old_dot, new, new_dot
    return np.sum(old ** 2), np.sum(2 * old * old_dot)  # programs.py:242
