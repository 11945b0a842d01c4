import numpy as np
from srcgrad.checks import check_overlap
from srcgrad.runtime import add_into, copied, expanded, like, protected, unbroadcast, zeros_like


def element_writes_grad(x, decay):
    """Gradient of element_writes (programs.py:195) with respect to x, decay."""
    # forward
    check_overlap({"x": "programs.py:201"}, {"x": x, "decay": decay})
    x_1 = protected(x)                              # programs.py:196
    out = np.zeros(len(x_1))                        # programs.py:197
    x_0 = x_1[0]                                    # programs.py:198
    copied_x_0 = copied(x_0)
    out[0] = x_0 ** 2
    n_x = len(x_1)                                  # programs.py:199
    tape = []                                       # programs.py:201
    for i in range(1, n_x):                         # programs.py:199
        product = decay * out[i - 1]                # programs.py:200
        x_i = x_1[i]
        copied_x_i = copied(x_i)
        out[i] = product + x_i ** 2
        out_i = out[i]                              # programs.py:201
        old = copied(x_1[i])
        tape.append((copied_x_i, old))
        x_1[i] *= out_i
    product = out * x_1                             # programs.py:202
    # backward
    out_bar = unbroadcast(expanded(np.real(x_1), product), out).copy()  # programs.py:202  return np.sum(out * x)
    reduced = unbroadcast(expanded(out, product), x_1)
    x_bar = zeros_like(x_1)
    add_into(x_bar, reduced)
    decay_bar = zeros_like(decay)                   # programs.py:199  for i in range(1, len(x)):
    for i in reversed(range(1, n_x)):
        copied_x_i, old = tape.pop()
        out_i_bar = np.sum(np.real(x_bar[i] * old))  # programs.py:201  x[i] *= out[i]
        x_bar[i] *= out[i]
        out_bar[i] += out_i_bar
        total_bar = out_bar[i]                      # programs.py:200  out[i] = decay * out[i - 1] + x[i] ** 2
        out_bar[i] = 0.0
        index = i - 1
        out_prev = out[index]
        product = decay * out_prev
        copied_x_i_squared = copied_x_i ** 2
        total_bar = expanded(total_bar, product + copied_x_i_squared)
        product_bar = unbroadcast(total_bar, product)
        x_bar[i] += unbroadcast(total_bar, copied_x_i_squared) * (2 * copied_x_i)
        decay_bar = decay_bar + product_bar * out_prev
        out_bar[index] += np.sum(np.real(product_bar * decay))
    x_bar[0] += out_bar[0] * 2 * copied_x_0         # programs.py:198  out[0] = x[0] ** 2
    return like(x_bar, x), like(decay_bar, decay)   # programs.py:202  return np.sum(out * x)
