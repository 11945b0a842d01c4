import numpy as np


def snapshots_jvp(u0, kappa, n, target, u0_dot, kappa_dot):
    """Value and tangent of snapshots (programs.py:500) with respect to u0, kappa."""
    u = u0.copy()                                   # programs.py:502
    u_dot = u0_dot.copy()
    for _ in range(n):                              # programs.py:503
        total = u[2:] - 2.0 * u[1:-1] + u[:-2]      # programs.py:504
        total_1 = total * kappa_dot + kappa * (u_dot[2:] - 2.0 * u_dot[1:-1] + u_dot[:-2])
        u_dot[1:-1] += total_1
        u[1:-1] += kappa * total
    u -= target                                     # programs.py:497
    return np.mean(np.cosh(u)), np.mean(np.sinh(u) * u_dot.copy())
