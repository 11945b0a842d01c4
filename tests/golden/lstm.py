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
        i_1 = 1 / (1 + exp)
        t = 2 * hidden                              # programs.py:316
        exp_1 = np.exp(-z[hidden:t])                # programs.py:306
        f = 1 / (1 + exp_1)
        t_1 = 3 * hidden                            # programs.py:316
        exp_2 = np.exp(-z[t:t_1])                   # programs.py:306
        o = 1 / (1 + exp_2)
        tanh = np.tanh(z[t_1:])                     # programs.py:317
        c_1 = f * c + i_1 * tanh
        tanh_1 = np.tanh(c_1)                       # programs.py:318
        tape.append((tanh_1, o, tanh, i_1, c, f, exp_2, exp_1, exp, h))  # programs.py:314
        h = o * tanh_1                              # programs.py:318
        c = c_1
    # backward
    h_bar = 2 * h                                   # programs.py:319  return np.sum(h**2)
    xs_bar = np.zeros_like(xs)                      # programs.py:314  for x in xs:
    w_bar = np.zeros_like(w)                        # programs.py:315  z = cell.w @ x + cell.u @ h + cell.b
    u_bar = np.zeros_like(u)
    b_bar = np.zeros_like(b)
    c_bar = np.zeros_like(c)                        # programs.py:314  for x in xs:
    for i in reversed(range(n_xs)):
        tanh, o, tanh_1, i_1, c, f, exp, exp_1, exp_2, h = tape.pop()
        h_1 = o * tanh                              # programs.py:318  h = o * np.tanh(c)
        h_shape = h_1.shape
        o_bar = unbroadcast(np.broadcast_to(h_bar * tanh, h_shape), o)
        c_bar_1 = 1 - tanh * tanh
        c_bar_1 *= unbroadcast(np.broadcast_to(h_bar * o, h_shape), tanh)
        c_bar_1 += c_bar
        t = unbroadcast(c_bar_1, f * c)             # programs.py:317  c = f * c + i * np.tanh(z[3 * n :])
        t_1 = unbroadcast(c_bar_1, i_1 * tanh_1)
        i_bar = unbroadcast(t_1 * tanh_1, i_1)
        t_2 = 1 - tanh_1 * tanh_1
        t_2 *= unbroadcast(t_1 * i_1, tanh_1)
        t_1 = 3 * hidden                            # programs.py:316  i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n ...
        z_bar = np.empty_like(b)                    # programs.py:317  c = f * c + i * np.tanh(z[3 * n :])
        z_bar[t_1:] = t_2
        z_bar[:t_1] = 0.0
        f_bar = unbroadcast(t * c, f)
        c_bar = unbroadcast(t * f, c)
        t = o / (1 + exp)                           # programs.py:306  return 1 / (1 + np.exp(-z))
        t *= o_bar
        t *= exp
        t_2 = 2 * hidden                            # programs.py:316  i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n ...
        z_bar[t_2:t_1] += t
        t = f / (1 + exp_1)                         # programs.py:306  return 1 / (1 + np.exp(-z))
        t *= f_bar
        t *= exp_1
        z_bar[hidden:t_2] += t                      # programs.py:316  i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n ...
        t = i_1 / (1 + exp_2)                       # programs.py:306  return 1 / (1 + np.exp(-z))
        t *= i_bar
        t *= exp_2
        z_bar[:hidden] += t                         # programs.py:316  i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n ...
        b_bar += z_bar                              # programs.py:315  z = cell.w @ x + cell.u @ h + cell.b
        t = np.transpose(u) @ z_bar
        u_bar += np.expand_dims(z_bar, -1) * h
        h_bar = unbroadcast(t, h)
        x_bar = np.transpose(w) @ z_bar
        t = np.expand_dims(z_bar, -1)
        x = xs[i]                                   # programs.py:314  for x in xs:
        w_bar += t * x                              # programs.py:315  z = cell.w @ x + cell.u @ h + cell.b
        xs_bar[i] += x_bar                          # programs.py:314  for x in xs:
    return Cell(w=w_bar, u=u_bar, b=b_bar, hidden=None), xs_bar
