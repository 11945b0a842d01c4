import numpy as np


def stencil_jvp(u, c, n_steps, u_dot, c_dot):
    """Value and tangent of stencil (programs.py:205) with respect to u, c."""
    u = u.copy()                                    # programs.py:206
    u_dot = u_dot.copy()
    for _ in range(n_steps):                        # programs.py:207
        u_part = u[1:-1]                            # programs.py:208
        total = u[2:] - 2 * u[1:-1] + u[:-2]
        product = c * total
        u_part_1 = u[1:-1]
        product_1 = u_part_1 * (total * c_dot + c * (u_dot[2:] - 2 * u_dot[1:-1] + u_dot[:-2]))
        u_dot[1:-1] = u_dot[1:-1] + (product_1 + product * u_dot[1:-1])
        u[1:-1] = u_part + product * u_part_1
        u_dot[0] = 0.0                              # programs.py:209
        u[0] = 0.0
        u_dot[-1] = 0.0
        u[-1] = 0.0
    return np.sum(u ** 2), np.sum(2 * u * u_dot)    # programs.py:210
