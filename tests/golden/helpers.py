import numpy as np


def helpers_grad(x, k, n_steps):
    """Gradient of helpers (programs.py:396) with respect to x, k."""
    # forward
    v = np.zeros_like(x)                            # programs.py:398
    x_tape = []                                     # programs.py:399
    for _ in range(n_steps):
        x_tape.append(x)
        v[:] = v + 0.1 * (-k * x + 0.1 * x ** 3)    # programs.py:393
        x = x + 0.1 * v                             # programs.py:401
    k_bar = np.sum(x ** 2)                          # programs.py:402
    # backward
    x_bar = k * 2 * x                               # programs.py:402  return np.sum(v**2) + k * np.sum(x**2)
    v_bar = 2 * v
    for _ in reversed(range(n_steps)):              # programs.py:399  for _ in range(n_steps):
        x = x_tape.pop()
        v_bar += x_bar * 0.1                        # programs.py:401  x = x + 0.1 * v
        term = v_bar[:].copy()                      # programs.py:393  out[:] = v + dt * force(x, k)
        v_bar[:] = 0.0
        v_bar += term
        term *= 0.1
        x_bar_1 = term * 0.1 * (3 * x ** 2)         # programs.py:389  return -k * x + 0.1 * x**3
        x_bar_1 += x_bar
        neg_k_bar = np.sum(term * x)
        term *= k
        x_bar_1 -= term
        k_bar -= neg_k_bar
        x_bar = x_bar_1
    return x_bar, k_bar
