import numpy as np
from srcgrad.runtime import unbroadcast


def broadcasting_grad(x, center, scale):
    """Gradient of broadcasting (programs.py:84) with respect to x, center, scale."""
    # forward
    z = (x - center) / scale                        # programs.py:86
    total = np.sum(z ** 2, axis=1, keepdims=True)   # programs.py:87
    norms = np.sqrt(total)
    total_1 = 1 + norms                             # programs.py:88
    ratio = z / total_1
    # backward
    z_bar = 1 / total_1                             # programs.py:88  return np.sum(z / (1 + norms))
    norms_bar = ratio / total_1
    z_bar = z_bar - unbroadcast(norms_bar * (0.5 / norms), total) * (2 * z)  # programs.py:87  norms = np.sqrt(np.su ...
    ratio = -z / scale                              # programs.py:86  z = (x - center) / scale
    difference_bar = z_bar / scale
    scale_bar = unbroadcast(z_bar * ratio, scale)
    x_bar = unbroadcast(difference_bar, x)
    center_bar = unbroadcast(-difference_bar, center)
    return x_bar, center_bar, scale_bar
