import numpy as np
from srcgrad.runtime import unbroadcast


def lstm_grad(cell, xs):
    """Gradient of lstm (programs.py:311) with respect to cell, xs."""
    # forward
    w = cell.w                                      # programs.py:312
    u = cell.u
    b = cell.b
    hidden = cell.hidden
    h = np.zeros(hidden)                            # programs.py:314
    n_xs = len(xs)                                  # programs.py:316
    index = 2 * hidden                              # programs.py:318
    index_1 = 3 * hidden
    tape = []                                       # programs.py:320
    c = h
    for i in range(n_xs):                           # programs.py:316
        x = xs[i]
        z = w @ x + u @ h + b                       # programs.py:317
        i_1 = 1 / (1 + np.exp(-z[:hidden]))         # programs.py:308
        f = 1 / (1 + np.exp(-z[hidden:index]))
        o = 1 / (1 + np.exp(-z[index:index_1]))
        tanh_z_part = np.tanh(z[index_1:])          # programs.py:319
        c_1 = f * c + i_1 * tanh_z_part
        tanh_c = np.tanh(c_1)                       # programs.py:320
        tape.append((c, h, i_1, f, o, tanh_z_part, tanh_c))
        h = o * tanh_c
        c = c_1
    # backward
    h_bar = 2 * h                                   # programs.py:321  return np.sum(h**2)
    xs_bar = np.zeros_like(xs)                      # programs.py:316  for x in xs:
    w_bar = np.zeros_like(w)                        # programs.py:317  z = cell.w @ x + cell.u @ h + cell.b
    u_bar = np.zeros_like(u)
    b_bar = np.zeros_like(b)
    c_bar = np.zeros_like(c)                        # programs.py:316  for x in xs:
    for i in reversed(range(n_xs)):
        c, h_1, i_1, f, o, tanh_z_part, tanh_c = tape.pop()
        o_bar = unbroadcast(np.broadcast_to(h_bar * tanh_c, h.shape), o)  # programs.py:320  h = o * np.tanh(c)
        tanh_c_bar = unbroadcast(np.broadcast_to(h_bar * o, h.shape), tanh_c)
        c_bar_1 = tanh_c_bar * (1 - tanh_c * tanh_c)
        c_bar_1 += c_bar
        product_bar = unbroadcast(c_bar_1, f * c)   # programs.py:319  c = f * c + i * np.tanh(z[3 * n :])
        product_bar_1 = unbroadcast(c_bar_1, i_1 * tanh_z_part)
        i_bar = unbroadcast(product_bar_1 * tanh_z_part, i_1)
        z_part_bar = unbroadcast(product_bar_1 * i_1, tanh_z_part) * (1 - tanh_z_part * tanh_z_part)
        z_bar = np.empty_like(b)
        z_bar[index_1:] = z_part_bar
        z_bar[:index_1] = 0.0
        f_bar = unbroadcast(product_bar * c, f)
        c_bar = unbroadcast(product_bar * f, c)
        z_bar[index:index_1] += o_bar * (o * (1 - o))  # programs.py:318  i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 ...
        z_bar[hidden:index] += f_bar * (f * (1 - f))
        z_bar[:hidden] += i_bar * (i_1 * (1 - i_1))
        b_bar += z_bar                              # programs.py:317  z = cell.w @ x + cell.u @ h + cell.b
        product = u.T @ z_bar
        u_bar += np.outer(z_bar, h_1)
        h_bar = unbroadcast(product, h_1)
        x = xs[i]                                   # programs.py:316  for x in xs:
        x_bar = w.T @ z_bar                         # programs.py:317  z = cell.w @ x + cell.u @ h + cell.b
        w_bar += np.outer(z_bar, x)
        xs_bar[i] += x_bar                          # programs.py:316  for x in xs:
        h = h_1
    return Cell(w=w_bar, u=u_bar, b=b_bar, hidden=None), xs_bar
