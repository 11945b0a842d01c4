import numpy as np


def counter_grad(x):
    """Gradient of counter (programs.py:343) with respect to x."""
    # forward
    n_x = len(x)                                    # programs.py:352
    energy_tape = []
    energy = 1.0
    total = 0.0
    for i in range(n_x):
        energy_tape.append(energy)
        v = x[i]
        total += v * energy                         # programs.py:349
        energy *= 1 + v * v                         # programs.py:350
    # backward
    x_bar = np.zeros_like(x)                        # programs.py:352  for v in x:
    energy_bar = total
    for i in reversed(range(n_x)):
        energy_1 = energy_tape.pop()
        v = x[i]
        energy_bar_1 = energy_bar * (1 + v * v)     # programs.py:350  energy *= 1 + v * v
        v_bar = energy_bar * energy_1 * 2.0 * v
        v_bar += energy * energy_1                  # programs.py:349  total += v * energy
        energy_bar = energy_bar_1 + energy * v
        x_bar[i] += v_bar                           # programs.py:352  for v in x:
    return x_bar
