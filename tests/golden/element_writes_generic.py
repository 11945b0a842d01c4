import numpy as np
from srcgrad.runtime import add_into
from srcgrad.runtime import check_overlap
from srcgrad.runtime import copied
from srcgrad.runtime import expanded
from srcgrad.runtime import like
from srcgrad.runtime import unbroadcast
from srcgrad.runtime import zeros_like


def element_writes_grad(x, decay):
    """Gradient of element_writes (programs.py:193) with respect to x, decay."""
    # forward
    check_overlap((x,), (x, decay))
    x_1 = copied(x)                                 # programs.py:194
    out = np.zeros(len(x_1))                        # programs.py:195
    t = x_1[0]                                      # programs.py:196
    t_1 = copied(t)
    t = t ** 2
    old = out[0]
    out[0] = t
    n_x = len(x_1)                                  # programs.py:197
    tape = []                                       # programs.py:198
    for i in range(1, n_x):                         # programs.py:197
        product = decay * out[i - 1]                # programs.py:198
        t = x_1[i]
        copied_1 = copied(t)
        power = t ** 2
        total = product + power
        old_1 = out[i]
        out[i] = total
        t = out[i]                                  # programs.py:199
        old_2 = copied(x_1[i])
        tape.append((old_2, old_1, total, product, power, copied_1))  # programs.py:198
        x_1[i] *= t                                 # programs.py:199
    t = out * x_1                                   # programs.py:200
    # backward
    out_bar = np.zeros_like(out)                    # programs.py:200  return np.sum(out * x)
    out_bar += unbroadcast(expanded(x_1, t), out)
    t = unbroadcast(expanded(out, t), x_1)
    x_bar = zeros_like(x_1)
    add_into(x_bar, t)
    decay_bar = zeros_like(decay)                   # programs.py:197  for i in range(1, len(x)):
    for i in reversed(range(1, n_x)):
        old_1, old_2, total, product, power, copied_1 = tape.pop()
        t = np.sum(x_bar[i] * old_1)                # programs.py:199  x[i] *= out[i]
        x_bar[i] *= out[i]
        out_bar[i] += t
        t = out_bar[i]                              # programs.py:198  out[i] = decay * out[i - 1] + x[i] ** 2
        out_bar[i] = 0.0
        out[i] = old_2
        t = expanded(t, total)
        t_2 = unbroadcast(t, product)
        x_bar[i] += unbroadcast(t, power) * (2 * copied_1)
        t = i - 1
        decay_bar = decay_bar + t_2 * out[t]
        out_bar[t] += np.sum(t_2 * decay)
    t = out_bar[0]                                  # programs.py:196  out[0] = x[0] ** 2
    out_bar[0] = 0.0
    out[0] = old
    x_bar[0] += t * 2 * t_1
    return like(x_bar, x), like(decay_bar, decay)   # programs.py:200  return np.sum(out * x)
