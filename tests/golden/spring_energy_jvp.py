import numpy as np


def spring_energy_jvp(spring, points, stiffness_dot, length_dot, points_dot):
    """Value and tangent of spring_energy (programs.py:292) with respect to spring, points."""
    stiffness = spring.stiffness                    # programs.py:293
    length = spring.length
    points_rolled = np.roll(points, 1, axis=0)      # programs.py:294
    apart = points - points_rolled
    apart_dot = points_dot - np.roll(points_dot, 1, axis=0)
    stretch = np.sqrt(np.sum(apart ** 2, axis=1))   # programs.py:295
    product = np.sum(2 * apart * apart_dot, axis=1) * (0.5 / stretch)
    stretch -= length
    stretch_dot = product - length_dot
    stretch_squared = stretch ** 2                  # programs.py:296
    total = np.sum(stretch_squared * stiffness_dot + stiffness * (2 * stretch * stretch_dot))
    return 0.5 * np.sum(stiffness * stretch_squared), np.float64(0.5 * total)
