import numpy as np


def diffusion_grad(u, rate, n_steps):
    """Gradient of diffusion (programs.py:464) with respect to u, rate."""
    # forward
    u = u.copy()                                    # programs.py:465
    tape = []                                       # programs.py:469
    for _ in range(n_steps):                        # programs.py:466
        u_then = u.copy()                           # programs.py:467
        k = 1.0 + u * u
        product = 0.5 * (k[1:] + k[:-1])            # programs.py:468
        flux = product * (u[1:] - u[:-1])
        difference = flux[1:] - flux[:-1]           # programs.py:469
        tape.append((u_then, product, difference))
        u[1:-1] += rate * difference
    # backward
    u_bar = 2 * u                                   # programs.py:470  return np.sum(u**2)
    rate_bar = 0.0
    for _ in reversed(range(n_steps)):              # programs.py:466  for _ in range(n_steps):
        u_then, product, difference = tape.pop()
        product_bar = u_bar[1:-1]                   # programs.py:469  u[1:-1] += rate * (flux[1:] - flux[:-1])
        rate_bar += np.sum(product_bar * difference)
        difference_bar = product_bar * rate
        flux_bar = np.empty_like(u[:-1])
        flux_bar[1:] = difference_bar
        flux_bar[:1] = 0.0
        flux_bar[:-1] -= difference_bar
        product_bar = u_then[1:] - u_then[:-1]      # programs.py:468  flux = 0.5 * (k[1:] + k[:-1]) * (u[1:] - u[:-1])
        product_bar *= flux_bar
        flux_bar *= product
        u_bar[1:] += flux_bar
        u_bar[:-1] -= flux_bar
        k_bar = np.empty_like(u)
        k_bar[:-1] = product_bar
        k_bar[-1:] = 0.0
        k_bar[1:] += product_bar
        k_bar *= u_then                             # programs.py:467  k = 1.0 + u * u
        u_bar += k_bar
    return u_bar, rate_bar
