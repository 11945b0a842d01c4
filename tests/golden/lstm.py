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
        t = np.exp(-z[:hidden])                     # programs.py:306
        t_1 = 1 + t
        i_1 = 1 / t_1
        t_2 = 2 * hidden                            # programs.py:316
        t_3 = np.exp(-z[hidden:t_2])                # programs.py:306
        t_4 = 1 + t_3
        f = 1 / t_4
        t_5 = 3 * hidden                            # programs.py:316
        t_2 = np.exp(-z[t_2:t_5])                   # programs.py:306
        t_6 = 1 + t_2
        o = 1 / t_6
        t_7 = f * c                                 # programs.py:317
        t_5 = np.tanh(z[t_5:])
        t_8 = i_1 * t_5
        c_1 = t_7 + t_8
        tanh_c = np.tanh(c_1)                       # programs.py:318
        h_1 = o * tanh_c
        tape.append((tanh_c, h_1, o, t_6, t_7, t_8, t_5, i_1, t_1, z, c, f, t_4, t_2, t_3, t, h))  # programs.py:314
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
        pop_tape, h, o, pop_tape_1, pop_tape_2, pop_tape_3, pop_tape_4, i_1, pop_tape_5, z, c, f, pop_tape_6, pop_tape_7, pop_tape_8, pop_tape_9, h_1 = tape.pop()
        h_shape = h.shape                           # programs.py:318  h = o * np.tanh(c)
        o_bar = unbroadcast(np.broadcast_to(h_bar * pop_tape, h_shape), o)
        c_bar = c_bar + unbroadcast(np.broadcast_to(h_bar / pop_tape_1, h_shape), pop_tape) * (1 - pop_tape * pop_tape)
        t = unbroadcast(c_bar, pop_tape_2)          # programs.py:317  c = f * c + i * np.tanh(z[3 * n :])
        t_1 = unbroadcast(c_bar, pop_tape_3)
        i_bar = unbroadcast(t_1 * pop_tape_4, i_1)
        t_2 = 3 * hidden                            # programs.py:316  i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n ...
        z_bar = np.zeros_like(z)                    # programs.py:317  c = f * c + i * np.tanh(z[3 * n :])
        z_bar[t_2:] += unbroadcast(t_1 / pop_tape_5, pop_tape_4) * (1 - pop_tape_4 * pop_tape_4)
        f_bar = unbroadcast(t * c, f)
        c_bar = unbroadcast(t / pop_tape_6, c)
        t = 2 * hidden                              # programs.py:316  i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n ...
        z_bar[t:t_2] += -(o_bar * (-o / pop_tape_1) * pop_tape_7)
        z_bar[hidden:t] += -(f_bar * (-f / pop_tape_6) * pop_tape_8)
        z_bar[:hidden] += -(i_bar * (-i_1 / pop_tape_5) * pop_tape_9)
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
