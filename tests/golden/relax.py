import numpy as np


def relax_grad(x, w, n_sweeps, tol):
    """Gradient of relax (programs.py:125) with respect to x, w."""
    # forward
    y = x.copy()                                    # programs.py:127
    n = len(y)                                      # programs.py:128
    stop = n - 1                                    # programs.py:131
    tape = []                                       # programs.py:133
    trips = 0
    for _ in range(n_sweeps):                       # programs.py:129
        trips += 1
        r = 0.0
        for i in range(1, stop):                    # programs.py:131
            old = y[i]                              # programs.py:132
            total = y[i - 1] + y[i + 1]             # programs.py:133
            tape.append((old, total))
            y[i] = w * total + 0.1 * np.sin(old)
            r += (y[i] - old) ** 2                  # programs.py:134
        if r < tol:                                 # programs.py:135
            break
    # backward
    y_bar = 2 * y                                   # programs.py:137  return np.sum(y**2)
    w_bar = 0.0
    for _ in reversed(range(trips)):                # programs.py:129  for k in range(n_sweeps):
        for i in reversed(range(1, stop)):          # programs.py:131  for i in range(1, n - 1):
            old, total = tape.pop()
            total_bar = y_bar[i]                    # programs.py:133  y[i] = w * (y[i - 1] + y[i + 1]) + 0.1 * np.s ...
            y_bar[i] = 0.0
            old_bar = total_bar * 0.1 * np.cos(old)
            w_bar += total_bar * total
            total_bar *= w
            y_bar[i + 1] += total_bar
            y_bar[i - 1] += total_bar
            y_bar[i] += old_bar                     # programs.py:132  old = y[i]
    return y_bar, w_bar
