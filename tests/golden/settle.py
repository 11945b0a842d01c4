import numpy as np


def settle_fwd(x, w):
    """Value of settle, and what its pullback needs."""
    y_1 = x.copy()                                  # programs.py:456
    n_y = len(y_1)                                  # programs.py:457
    tape_1 = []                                     # programs.py:458
    for i in range(n_y):                            # programs.py:457
        y_then = y_1.copy()                         # programs.py:458
        tanh = np.tanh(w[i] @ y_1)
        tape_1.append((tanh, y_then))
        y_1[i] = tanh
    return y_1 * x, x, w, y_1, n_y, tape_1          # programs.py:459


def settle_rev(x, w, y, kept, tape, out_bar):
    """Pullback of settle: gradients from the cotangent of its value."""
    tape = tape.copy()
    y_bar = out_bar * x                             # programs.py:459
    x_bar = out_bar * y
    w_bar = np.zeros_like(w)                        # programs.py:458
    for i in reversed(range(kept)):                 # programs.py:457
        tanh, y_then = tape.pop()
        t = y_bar[i]                                # programs.py:458
        y_bar[i] = 0.0
        t *= 1 - tanh * tanh
        t_1 = t * y_then
        y_bar += t * w[i]
        w_bar[i] += t_1
    x_bar += y_bar                                  # programs.py:456
    return x_bar, w_bar
