import numpy as np


def element_writes_grad(x, decay):
    """Gradient of element_writes (programs.py:195) with respect to x, decay."""
    # forward
    x = x.copy()                                    # programs.py:196
    n_x = len(x)                                    # programs.py:197
    out = np.zeros(n_x)
    x_0 = x[0]                                      # programs.py:198
    out[0] = x_0 ** 2
    x_i_tape = []                                   # programs.py:200
    for i in range(1, n_x):                         # programs.py:199
        product = decay * out[i - 1]                # programs.py:200
        x_i = x[i]
        x_i_tape.append(x_i)
        out[i] = product + x_i ** 2
        x[i] *= out[i]                              # programs.py:201
    # backward
    out_bar = x.copy()                              # programs.py:202  return np.sum(out * x)
    x_bar = out.copy()
    decay_bar = 0.0
    for i in reversed(range(1, n_x)):               # programs.py:199  for i in range(1, len(x)):
        x_i = x_i_tape.pop()
        out_i_bar = x_bar[i] * x_i                  # programs.py:201  x[i] *= out[i]
        x_bar[i] *= out[i]
        out_bar[i] += out_i_bar
        total_bar = out_bar[i]                      # programs.py:200  out[i] = decay * out[i - 1] + x[i] ** 2
        out_bar[i] = 0.0
        x_bar[i] += total_bar * (2 * x_i)
        index = i - 1
        decay_bar += total_bar * out[index]
        out_bar[index] += total_bar * decay
    x_bar[0] += out_bar[0] * (2 * x_0)              # programs.py:198  out[0] = x[0] ** 2
    return x_bar, decay_bar
