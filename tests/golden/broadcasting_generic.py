import numpy as np
from srcgrad.runtime import copied
from srcgrad.runtime import expanded
from srcgrad.runtime import unbroadcast


def broadcasting_grad(x, center, scale):
    """Gradient of broadcasting (programs.py:82) with respect to x, center, scale."""
    # forward
    t = x - center                                  # programs.py:84
    z = t / scale
    t_1 = z ** 2                                    # programs.py:85
    t_2 = np.sum(t_1, axis=1, keepdims=True)
    norms = np.sqrt(t_2)
    t_3 = 1 + norms                                 # programs.py:86
    t_4 = z / t_3
    # backward
    t_5 = unbroadcast(expanded(1.0, np.sum(t_4)), t_4)  # programs.py:86  return np.sum(z / (1 + norms))
    t_6 = -t_4 / t_3
    z_bar = unbroadcast(expanded(t_5 / t_3, t_4), z)
    norms_bar = unbroadcast(expanded(unbroadcast(expanded(t_5 * t_6, t_4), t_3), t_3), norms)
    t_2 = unbroadcast(expanded(unbroadcast(expanded(norms_bar * (0.5 / norms), norms), t_2), t_2), t_1) * (2 * z)  # programs.py:85
    z_bar = z_bar + unbroadcast(expanded(t_2, t_1), z)
    t_1 = -z / scale                                # programs.py:84  z = (x - center) / scale
    t_2 = unbroadcast(expanded(z_bar / scale, z), t)
    scale_bar = unbroadcast(expanded(z_bar * t_1, z), scale)
    x_bar = unbroadcast(expanded(t_2, t), x)
    center_bar = unbroadcast(expanded(-t_2, t), center)
    t = expanded(x_bar, x)
    t_1 = expanded(center_bar, center)
    t_2 = expanded(scale_bar, scale)
    return copied(t), copied(t_1), copied(t_2)
