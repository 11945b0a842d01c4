import numpy as np


def broadcasting_jvp(x, center, scale, x_dot, center_dot, scale_dot):
    """Value and tangent of broadcasting (programs.py:84) with respect to x, center, scale."""
    z = (x - center) / scale                        # programs.py:86
    z_dot = (x_dot - center_dot - z * scale_dot) / scale
    norms = np.sqrt(np.sum(z ** 2, axis=1, keepdims=True))  # programs.py:87
    norms_dot = np.sum(2 * z * z_dot, axis=1, keepdims=True) * (0.5 / norms)
    norms += 1                                      # programs.py:88
    z /= norms
    return np.sum(z), np.sum((z_dot - norms_dot * z) / norms)
