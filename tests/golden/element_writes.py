import numpy as np


def element_writes_grad(x, decay):
    """Gradient of element_writes (programs.py:193) with respect to x, decay."""
    # forward
    x = x.copy()                                    # programs.py:194
    n_x = len(x)                                    # programs.py:195
    out = np.zeros(n_x)
    t = x[0]                                        # programs.py:196
    t_1 = t ** 2
    old = out[0]
    out[0] = t_1
    tape = []                                       # programs.py:198
    for i in range(1, n_x):                         # programs.py:197
        t_1 = decay * out[i - 1]                    # programs.py:198
        x_i = x[i]
        t_1 += x_i ** 2
        old_1 = out[i]
        tape.append((x_i, old_1))
        out[i] = t_1
        x[i] *= out[i]                              # programs.py:199
    # backward
    out_bar = np.zeros_like(out)                    # programs.py:200  return np.sum(out * x)
    out_bar += x
    x_bar = np.zeros_like(x)
    x_bar += out
    decay_bar = 0.0
    for i in reversed(range(1, n_x)):               # programs.py:197  for i in range(1, len(x)):
        x_i, old_1 = tape.pop()
        x[i] = x_i                                  # programs.py:199  x[i] *= out[i]
        t_1 = x_bar[i] * x_i
        x_bar[i] *= out[i]
        out_bar[i] += t_1
        t_1 = out_bar[i]                            # programs.py:198  out[i] = decay * out[i - 1] + x[i] ** 2
        out_bar[i] = 0.0
        out[i] = old_1
        x_bar[i] += t_1 * (2 * x_i)
        t_2 = i - 1
        decay_bar += t_1 * out[t_2]
        out_bar[t_2] += t_1 * decay
    t_1 = out_bar[0]                                # programs.py:196  out[0] = x[0] ** 2
    out[0] = old
    x_bar[0] += t_1 * (2 * t)
    return x_bar, decay_bar
