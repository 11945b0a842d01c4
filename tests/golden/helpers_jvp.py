import numpy as np


def helpers_jvp(x, k, n_steps, x_dot, k_dot):
    """Value and tangent of helpers (programs.py:396) with respect to x, k."""
    v = np.zeros_like(x)                            # programs.py:398
    v_dot = np.zeros_like(v)
    for _ in range(n_steps):                        # programs.py:399
        neg_k = -k                                  # programs.py:389
        x_cubed = x ** 3
        total = x_dot * neg_k - x * k_dot + 0.1 * (3 * x ** 2 * x_dot)
        total_1 = v + 0.1 * (neg_k * x + 0.1 * x_cubed)  # programs.py:393
        v_dot[:] = v_dot + 0.1 * total
        v[:] = total_1
        x_dot_1 = 0.1 * v_dot                       # programs.py:401
        x = x + 0.1 * v
        x_dot_1 += x_dot
        x_dot = x_dot_1
    total = np.sum(v ** 2)                          # programs.py:402
    total_1 = np.sum(x ** 2)
    return total + k * total_1, np.sum(2 * v * v_dot) + (total_1 * k_dot + k * np.sum(2 * x * x_dot))
