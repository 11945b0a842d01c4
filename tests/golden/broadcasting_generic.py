import numpy as np
from srcgrad.runtime import copied, expanded, unbroadcast


def broadcasting_grad(x, center, scale):
    """Gradient of broadcasting (programs.py:82) with respect to x, center, scale."""
    # forward
    difference = x - center                         # programs.py:84
    z = difference / scale
    z_squared = z ** 2                              # programs.py:85
    total = np.sum(z_squared, axis=1, keepdims=True)
    norms = np.sqrt(total)
    total_1 = 1 + norms                             # programs.py:86
    ratio = z / total_1
    # backward
    ratio_bar = unbroadcast(expanded(1.0, np.sum(ratio)), ratio)  # programs.py:86  return np.sum(z / (1 + norms))
    ratio_1 = -ratio / total_1
    z_bar = unbroadcast(expanded(ratio_bar / total_1, ratio), z)
    total_bar = unbroadcast(expanded(ratio_bar * ratio_1, ratio), total_1)
    norms_bar = unbroadcast(expanded(total_bar, total_1), norms)
    total_bar = unbroadcast(expanded(norms_bar * (0.5 / norms), norms), total)  # programs.py:85
    product = unbroadcast(expanded(total_bar, total), z_squared) * (2 * z)
    z_bar = z_bar + unbroadcast(expanded(product, z_squared), z)
    ratio = -z / scale                              # programs.py:84  z = (x - center) / scale
    difference_bar = unbroadcast(expanded(z_bar / scale, z), difference)
    scale_bar = unbroadcast(expanded(z_bar * ratio, z), scale)
    x_bar = unbroadcast(expanded(difference_bar, difference), x)
    center_bar = unbroadcast(expanded(-difference_bar, difference), center)
    x_bar_1 = expanded(x_bar, x)
    center_bar_1 = expanded(center_bar, center)
    scale_bar_1 = expanded(scale_bar, scale)
    return copied(x_bar_1), copied(center_bar_1), copied(scale_bar_1)
