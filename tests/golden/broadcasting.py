import numpy as np


def broadcasting_grad(x, center, scale):
    """Gradient of broadcasting (programs.py:84) with respect to x, center, scale."""
    # forward
    z = (x - center) / scale                        # programs.py:86
    norms = np.sqrt(np.sum(z ** 2, axis=1, keepdims=True))  # programs.py:87
    total = 1 + norms                               # programs.py:88
    # backward
    z_bar = 1 / total                               # programs.py:88  return np.sum(z / (1 + norms))
    norms_bar = np.sum(z / total / total, axis=1, keepdims=True)
    z_bar = z_bar - norms_bar * (0.5 / norms) * (2 * z)  # programs.py:87  norms = np.sqrt(np.sum(z**2, axis=1, keep ...
    z_bar /= scale                                  # programs.py:86  z = (x - center) / scale
    x_bar = z_bar
    scale_bar = np.sum(-(x_bar * z), axis=0)
    center_bar = -np.sum(x_bar, axis=0)
    return x_bar, center_bar, scale_bar
