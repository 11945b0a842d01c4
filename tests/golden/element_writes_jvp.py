import numpy as np


def element_writes_jvp(x, decay, x_dot, decay_dot):
    """Value and tangent of element_writes (programs.py:195) with respect to x, decay."""
    x = x.copy()                                    # programs.py:196
    x_dot = x_dot.copy()
    n_x = len(x)                                    # programs.py:197
    x_0 = x[0]                                      # programs.py:198
    out = np.zeros(n_x)                             # programs.py:197
    out_dot = np.zeros_like(out)
    out_dot[0] = 2 * x_0 * x_dot[0]                 # programs.py:198
    out[0] = x_0 ** 2
    for i in range(1, n_x):                         # programs.py:199
        index = i - 1                               # programs.py:200
        out_prev = out[index]
        x_i = x[i]
        x_dot_i = x_dot[i]
        total = out_prev * decay_dot + decay * out_dot[index] + 2 * x_i * x_dot_i
        out_dot[i] = total
        out[i] = decay * out_prev + x_i ** 2
        out_i = out[i]                              # programs.py:201
        x_dot[i] = out_i * x_dot_i + x_i * out_dot[i]
        x[i] *= out_i
    return np.sum(out * x), np.float64(np.sum(x * out_dot + out * x_dot))  # programs.py:202
