import numpy as np


def settle_fwd(x, w):
    """Value of settle, and what its pullback needs."""
    y = x.copy()                                    # programs.py:458
    n_y = len(y)                                    # programs.py:459
    y_then_tape = []                                # programs.py:460
    for i in range(n_y):                            # programs.py:459
        y_then = y.copy()                           # programs.py:460
        y_then_tape.append(y_then)
        y[i] = np.tanh(w[i] @ y)
    return y * x, x, w, y, n_y, y_then_tape         # programs.py:461


def settle_rev(x, w, y, n_y, y_then_tape, out_bar):
    """Pullback of settle: gradients from the cotangent of its value."""
    y_then_tape = y_then_tape.copy()
    y_bar = out_bar * x                             # programs.py:461
    x_bar = out_bar * y
    w_bar = np.zeros_like(w)                        # programs.py:460
    for i in reversed(range(n_y)):                  # programs.py:459
        y_then = y_then_tape.pop()
        tanh_bar = y_bar[i]                         # programs.py:460
        y_bar[i] = 0.0
        y_i = y[i]
        product_bar = tanh_bar * (1 - y_i * y_i)
        w_i_bar = product_bar * y_then
        y_bar += product_bar * w[i]
        w_bar[i] += w_i_bar
    x_bar += y_bar                                  # programs.py:458
    return x_bar, w_bar
