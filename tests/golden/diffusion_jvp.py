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
        k_part = k[1:]                              # programs.py:468
        k_dot_part = k_dot[1:]
        k_part_1 = k[:-1]
        product = 0.5 * (k_part + k_part_1)
        product_1 = 0.5 * (k_dot_part + k_dot[:-1])
        u_part = u[1:]
        u_dot_part = u_dot[1:]
        u_part_1 = u[:-1]
        difference = u_part - u_part_1
        flux = product * difference
        flux_dot = difference * product_1
        flux_dot += product * (u_dot_part - u_dot[:-1])
        flux_part = flux[1:]                        # programs.py:469
        flux_dot_part = flux_dot[1:]
        flux_part_1 = flux[:-1]
        difference = flux_part - flux_part_1
        product = rate * difference
        total = difference * rate_dot + rate * (flux_dot_part - flux_dot[:-1])
        u_dot[1:-1] += total
        u[1:-1] += product
    return np.sum(u ** 2), np.sum(2 * u * u_dot)    # programs.py:470
