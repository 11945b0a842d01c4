import numpy as np


def counter_jvp(x, x_dot):
    """Value and tangent of counter (programs.py:343) with respect to x."""
    energy = 1.0
    total = 0.0
    energy_dot = 0.0
    total_dot = 0.0
    for i in range(len(x)):                         # programs.py:352
        v = x[i]
        v_dot = x_dot[i]
        total += v * energy                         # programs.py:349
        total_dot += energy * v_dot + v * energy_dot
        total_1 = 1 + v * v                         # programs.py:350
        energy_1 = energy * total_1
        energy_dot = total_1 * energy_dot + energy * (2 * v * v_dot)
        energy = energy_1
    return total * energy, np.float64(energy * total_dot + total * energy_dot)  # programs.py:354
