import numpy as np
from srcgrad.runtime import unbroadcast


def broadcasting_grad(x, center, scale):
    """Gradient of broadcasting (programs.py:82) with respect to x, center, scale."""
    # forward
    z = (x - center) / scale                        # programs.py:84
    t = np.sum(z ** 2, axis=1, keepdims=True)       # programs.py:85
    norms = np.sqrt(t)
    t_1 = 1 + norms                                 # programs.py:86
    t_2 = z / t_1
    # backward
    z_bar = 1 / t_1                                 # programs.py:86  return np.sum(z / (1 + norms))
    norms_bar = -t_2 / t_1
    z_bar = z_bar + unbroadcast(norms_bar * (0.5 / norms), t) * (2 * z)  # programs.py:85  norms = np.sqrt(np.sum(z* ...
    t = -z / scale                                  # programs.py:84  z = (x - center) / scale
    t_1 = z_bar / scale
    scale_bar = unbroadcast(z_bar * t, scale)
    x_bar = unbroadcast(t_1, x)
    center_bar = unbroadcast(-t_1, center)
    return x_bar, center_bar, scale_bar
