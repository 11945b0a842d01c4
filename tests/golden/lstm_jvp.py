import numpy as np


def lstm_jvp(cell, xs, w_dot, u_dot, b_dot, xs_dot):
    """Value and tangent of lstm (programs.py:311) with respect to cell, xs."""
    w = cell.w                                      # programs.py:312
    u = cell.u
    b = cell.b
    hidden = cell.hidden
    h = np.zeros(hidden)                            # programs.py:314
    index = 2 * hidden                              # programs.py:318
    index_1 = 3 * hidden
    h_dot = np.zeros_like(h)                        # programs.py:316
    c = h
    c_dot = h_dot
    for i in range(len(xs)):
        x = xs[i]
        x_dot = xs_dot[i]
        z_dot = w_dot @ x + w @ x_dot + (u_dot @ h + u @ h_dot)  # programs.py:317
        z = w @ x + u @ h + b
        z_dot += b_dot
        i_1 = 1 / (1 + np.exp(-z[:hidden]))         # programs.py:308
        f = 1 / (1 + np.exp(-z[hidden:index]))
        o = 1 / (1 + np.exp(-z[index:index_1]))
        total = c * (f * (1 - f) * z_dot[hidden:index]) + f * c_dot  # programs.py:319
        tanh_z_part = np.tanh(z[index_1:])
        product = tanh_z_part * (i_1 * (1 - i_1) * z_dot[:hidden])
        c = f * c + i_1 * tanh_z_part
        c_dot = total + (product + i_1 * ((1 - tanh_z_part * tanh_z_part) * z_dot[index_1:]))
        tanh_c = np.tanh(c)                         # programs.py:320
        h = o * tanh_c
        h_dot = tanh_c * (o * (1 - o) * z_dot[index:index_1])
        h_dot += o * ((1 - tanh_c * tanh_c) * c_dot)
    return np.sum(h ** 2), np.float64(np.sum(2 * h * h_dot))  # programs.py:321
