import numpy as np


def relax_jvp(x, w, n_sweeps, tol, x_dot, w_dot):
    """Value and tangent of relax (programs.py:125) with respect to x, w."""
    y = x.copy()                                    # programs.py:127
    y_dot = x_dot.copy()
    n = len(y)                                      # programs.py:128
    stop = n - 1                                    # programs.py:131
    for _ in range(n_sweeps):                       # programs.py:129
        r = 0.0
        for i in range(1, stop):                    # programs.py:131
            old = y[i]                              # programs.py:132
            old_dot = y_dot[i]
            index = i - 1                           # programs.py:133
            index_1 = i + 1
            total = y[index] + y[index_1]
            total_1 = total * w_dot + w * (y_dot[index] + y_dot[index_1])
            y_dot[i] = total_1 + 0.1 * (np.cos(old) * old_dot)
            y[i] = w * total + 0.1 * np.sin(old)
            r += (y[i] - old) ** 2                  # programs.py:134
        if r < tol:                                 # programs.py:135
            break
    return np.sum(y ** 2), np.sum(2 * y * y_dot)    # programs.py:137
