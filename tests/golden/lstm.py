import numpy as np
from srcgrad.runtime import unbroadcast


def lstm_grad(cell, xs):
    """Gradient of lstm (programs.py:309) with respect to cell, xs."""
    # forward
    w = cell.w                                      # programs.py:310
    u = cell.u
    b = cell.b
    hidden = cell.hidden
    h = np.zeros(hidden)                            # programs.py:312
    n_xs = len(xs)                                  # programs.py:314
    tape = []
    c = h
    for i in range(n_xs):
        x = xs[i]
        z = w @ x + u @ h + b                       # programs.py:315
        exp = np.exp(-z[:hidden])                   # programs.py:306
        total = 1 + exp
        i_1 = 1 / total
        t = 2 * hidden                              # programs.py:316
        exp_1 = np.exp(-z[hidden:t])                # programs.py:306
        total_1 = 1 + exp_1
        f = 1 / total_1
        t_1 = 3 * hidden                            # programs.py:316
        exp_2 = np.exp(-z[t:t_1])                   # programs.py:306
        total_2 = 1 + exp_2
        o = 1 / total_2
        product = f * c                             # programs.py:317
        tanh = np.tanh(z[t_1:])
        product_1 = i_1 * tanh
        c_1 = product + product_1
        tanh_1 = np.tanh(c_1)                       # programs.py:318
        h_1 = o * tanh_1
        tape.append((tanh_1, h_1, o, product, product_1, tanh, i_1, c, f, total_2, exp_2, total_1, exp_1, total, exp, h))  # programs.py:314
        c = c_1
        h = h_1
    # backward
    h_bar = 2 * h                                   # programs.py:319  return np.sum(h**2)
    xs_bar = np.zeros_like(xs)                      # programs.py:314  for x in xs:
    w_bar = np.zeros_like(w)                        # programs.py:315  z = cell.w @ x + cell.u @ h + cell.b
    u_bar = np.zeros_like(u)
    b_bar = np.zeros_like(b)
    c_bar = np.zeros_like(c)                        # programs.py:314  for x in xs:
    for i in reversed(range(n_xs)):
        tanh, h, o, product, product_1, tanh_1, i_1, c, f, total, exp, total_1, exp_1, total_2, exp_2, h_1 = tape.pop()
        h_shape = h.shape                           # programs.py:318  h = o * np.tanh(c)
        o_bar = unbroadcast(np.broadcast_to(h_bar * tanh, h_shape), o)
        c_bar_1 = unbroadcast(np.broadcast_to(h_bar * o, h_shape), tanh) * (1 - tanh * tanh)
        c_bar_1 += c_bar
        t = unbroadcast(c_bar_1, product)           # programs.py:317  c = f * c + i * np.tanh(z[3 * n :])
        t_1 = unbroadcast(c_bar_1, product_1)
        i_bar = unbroadcast(t_1 * tanh_1, i_1)
        t_2 = 3 * hidden                            # programs.py:316  i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n ...
        z_bar = np.zeros_like(b)                    # programs.py:317  c = f * c + i * np.tanh(z[3 * n :])
        z_bar[t_2:] += unbroadcast(t_1 * i_1, tanh_1) * (1 - tanh_1 * tanh_1)
        f_bar = unbroadcast(t * c, f)
        c_bar = unbroadcast(t * f, c)
        t = 2 * hidden                              # programs.py:316  i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n ...
        z_bar[t:t_2] -= o_bar * (-o / total) * exp
        z_bar[hidden:t] -= f_bar * (-f / total_1) * exp_1
        z_bar[:hidden] -= i_bar * (-i_1 / total_2) * exp_2
        b_bar += z_bar                              # programs.py:315  z = cell.w @ x + cell.u @ h + cell.b
        t = np.transpose(u) @ z_bar
        u_bar += np.expand_dims(z_bar, -1) * h_1
        h_bar = unbroadcast(t, h_1)
        x_bar = np.transpose(w) @ z_bar
        t = np.expand_dims(z_bar, -1)
        x = xs[i]                                   # programs.py:314  for x in xs:
        w_bar += t * x                              # programs.py:315  z = cell.w @ x + cell.u @ h + cell.b
        xs_bar[i] += x_bar                          # programs.py:314  for x in xs:
    return Cell(w=w_bar, u=u_bar, b=b_bar, hidden=None), xs_bar
