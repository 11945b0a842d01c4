import numpy as np


def spring_energy_grad(spring, points):
    """Gradient of spring_energy (programs.py:292) with respect to spring, points."""
    # forward
    stiffness = spring.stiffness                    # programs.py:293
    length = spring.length
    apart = points - np.roll(points, 1, axis=0)     # programs.py:294
    sqrt = np.sqrt(np.sum(apart ** 2, axis=1))      # programs.py:295
    stretch = sqrt - length
    # backward
    stiffness_bar = 0.5 * stretch ** 2              # programs.py:296  return 0.5 * np.sum(spring.stiffness * stretc ...
    stretch_bar = 0.5 * stiffness * (2 * stretch)
    length_bar = -np.sum(stretch_bar)               # programs.py:295  stretch = np.sqrt(np.sum(apart**2, axis=1)) - ...
    apart_bar = np.expand_dims(stretch_bar * (0.5 / sqrt), 1) * (2 * apart)
    apart_bar += np.roll(-apart_bar, -1, 0)         # programs.py:294  apart = points - np.roll(points, 1, axis=0)
    points_bar = apart_bar
    return Spring(stiffness_bar, length_bar), points_bar
