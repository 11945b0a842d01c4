import numpy as np


def mlp_jvp(params, x, y, w1_dot, b1_dot, w2_dot, b2_dot):
    """Value and tangent of mlp (programs.py:275) with respect to params."""
    w1 = params["w1"]                               # programs.py:283
    b1 = params["b1"]
    w2 = params["w2"]
    b2 = params["b2"]
    h = np.tanh(x @ w1 + b1)                        # programs.py:284
    h_dot = (1 - h * h) * (x @ w1_dot + b1_dot)
    out = h @ w2 + b2                               # programs.py:285
    out_dot = h_dot @ w2 + h @ w2_dot + b2_dot
    out -= y                                        # programs.py:286
    return np.mean(out ** 2), np.mean(2 * out * out_dot)
