import numpy as np


def stencil_grad(u, c, n_steps):
    """Gradient of stencil (programs.py:205) with respect to u, c."""
    # forward
    u = u.copy()                                    # programs.py:206
    tape = []                                       # programs.py:208
    for _ in range(n_steps):                        # programs.py:207
        u_part = u[1:-1]                            # programs.py:208
        total = u[2:] - 2 * u[1:-1] + u[:-2]
        product = c * total
        u_part_1 = u[1:-1]
        u_part_copy = u_part_1.copy()
        tape.append((total, u_part_copy))
        u[1:-1] = u_part + product * u_part_1
        u[0] = 0.0                                  # programs.py:209
        u[-1] = 0.0
    # backward
    u_bar = 2 * u                                   # programs.py:210  return np.sum(u**2)
    c_bar = 0.0
    for _ in reversed(range(n_steps)):              # programs.py:207  for _ in range(n_steps):
        total, u_part_copy = tape.pop()
        u_bar[-1] = 0.0                             # programs.py:209  u[0] = u[-1] = 0.0
        u_bar[0] = 0.0
        term = u_bar[1:-1].copy()                   # programs.py:208  u[1:-1] = u[1:-1] + c * (u[2:] - 2 * u[1:-1] ...
        term_1 = term * u_part_copy
        term *= c * total
        u_bar[1:-1] += term
        c_bar += np.sum(term_1 * total)
        term_1 *= c
        u_bar[:-2] += term_1
        u_bar[2:] += term_1
        term_1 *= 2
        u_bar[1:-1] -= term_1
    return u_bar, c_bar
