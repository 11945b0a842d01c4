import numpy as np


def stencil_grad(u, c, n_steps):
    """Gradient of stencil (programs.py:203) with respect to u, c."""
    # forward
    u = u.copy()                                    # programs.py:204
    tape = []                                       # programs.py:206
    for _ in range(n_steps):                        # programs.py:205
        t = u[1:-1]                                 # programs.py:206
        total = u[2:] - 2 * u[1:-1] + u[:-2]
        product = c * total
        t_1 = u[1:-1]
        copy = t_1.copy()
        tape.append((copy, product, total))
        u[1:-1] = t + product * t_1
        u[0] = 0.0                                  # programs.py:207
        u[-1] = 0.0
    # backward
    u_bar = 2 * u                                   # programs.py:208  return np.sum(u**2)
    c_bar = 0.0
    for _ in reversed(range(n_steps)):              # programs.py:205  for _ in range(n_steps):
        copy, product, total = tape.pop()
        u_bar[-1] = 0.0                             # programs.py:207  u[0] = u[-1] = 0.0
        u_bar[0] = 0.0
        t = u_bar[1:-1].copy()                      # programs.py:206  u[1:-1] = u[1:-1] + c * (u[2:] - 2 * u[1:-1] ...
        u_bar[1:-1] = 0.0
        u_bar[1:-1] += t
        t_1 = t * copy
        t *= product
        u_bar[1:-1] += t
        c_bar += np.sum(t_1 * total)
        t_1 *= c
        u_bar[:-2] += t_1
        u_bar[2:] += t_1
        u_bar[1:-1] += -t_1 * 2
    return u_bar, c_bar
