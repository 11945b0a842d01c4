import numpy as np


def diffusion_jvp(u, rate, n_steps, u_dot, rate_dot):
    """Value and tangent of diffusion (programs.py:464) with respect to u, rate."""
    u = u.copy()                                    # programs.py:465
    u_dot = u_dot.copy()
    for _ in range(n_steps):                        # programs.py:466
        product = u * u                             # programs.py:467
        k_dot = 2 * u
        k_dot *= u_dot
        k = 1.0 + product
        product = 0.5 * (k[1:] + k[:-1])            # programs.py:468
        difference = u[1:] - u[:-1]
        flux = product * difference
        flux_dot = difference * (0.5 * (k_dot[1:] + k_dot[:-1]))
        flux_dot += product * (u_dot[1:] - u_dot[:-1])
        difference = flux[1:] - flux[:-1]           # programs.py:469
        total = difference * rate_dot + rate * (flux_dot[1:] - flux_dot[:-1])
        u_dot[1:-1] += total
        u[1:-1] += rate * difference
    return np.sum(u ** 2), np.sum(2 * u * u_dot)    # programs.py:470
