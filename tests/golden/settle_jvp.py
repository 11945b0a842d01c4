import numpy as np


def settle_jvp(x, w, x_dot, w_dot):
    """Value and tangent of settle (programs.py:456) with respect to x, w."""
    y = x.copy()                                    # programs.py:458
    y_dot = x_dot.copy()
    for i in range(len(y)):                         # programs.py:459
        w_i = w[i]                                  # programs.py:460
        tanh = np.tanh(w_i @ y)
        y_dot[i] = (1 - tanh * tanh) * (w_dot[i] @ y + w_i @ y_dot)
        y[i] = tanh
    return y * x, x * y_dot + y * x_dot             # programs.py:461
