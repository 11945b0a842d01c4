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
        z_part = z[:hidden]                         # programs.py:318
        z_dot_part = z_dot[:hidden]
        i_1 = 1 / (1 + np.exp(-z_part))             # programs.py:308
        z_part = z[hidden:index]                    # programs.py:318
        z_dot_part_1 = z_dot[hidden:index]
        f = 1 / (1 + np.exp(-z_part))               # programs.py:308
        z_part = z[index:index_1]                   # programs.py:318
        z_dot_part_2 = z_dot[index:index_1]
        o = 1 / (1 + np.exp(-z_part))               # programs.py:308
        z_part = z[index_1:]                        # programs.py:319
        tanh_z_part = np.tanh(z_part)
        total = tanh_z_part * (i_1 * (1 - i_1) * z_dot_part) + i_1 * ((1 - tanh_z_part * tanh_z_part) * z_dot[index_1:])
        c_1 = f * c + i_1 * tanh_z_part
        c_dot = c * (f * (1 - f) * z_dot_part_1) + f * c_dot + total
        tanh_c = np.tanh(c_1)                       # programs.py:320
        h = o * tanh_c
        h_dot = tanh_c * (o * (1 - o) * z_dot_part_2)
        h_dot += o * ((1 - tanh_c * tanh_c) * c_dot)
        c = c_1
    return np.sum(h ** 2), np.float64(np.sum(2 * h * h_dot))  # programs.py:321
