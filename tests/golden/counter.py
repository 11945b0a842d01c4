import numpy as np


def counter_grad(x):
    """Gradient of counter (programs.py:343) with respect to x."""
    # forward
    n_x = len(x)                                    # programs.py:352
    tape = []                                       # programs.py:350
    energy = 1.0
    total = 0.0
    for i in range(n_x):                            # programs.py:352
        v = x[i]
        total += v * energy                         # programs.py:349
        total_1 = 1 + v * v                         # programs.py:350
        tape.append((energy, total_1))
        energy *= total_1
    # backward
    x_bar = np.zeros_like(x)                        # programs.py:352  for v in x:
    energy_bar = total
    total_bar = energy
    for i in reversed(range(n_x)):
        energy, total = tape.pop()
        energy_bar_1 = energy_bar * total           # programs.py:350  energy *= 1 + v * v
        v = x[i]                                    # programs.py:352  for v in x:
        v_bar = energy_bar * energy * 2.0 * v       # programs.py:350  energy *= 1 + v * v
        v_bar += total_bar * energy                 # programs.py:349  total += v * energy
        energy_bar = energy_bar_1 + total_bar * v
        x_bar[i] += v_bar                           # programs.py:352  for v in x:
    return x_bar
