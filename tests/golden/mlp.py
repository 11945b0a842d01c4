import numpy as np


def mlp_grad(params, x, y):
    """Gradient of mlp (programs.py:275) with respect to params."""
    # forward
    w1 = params["w1"]                               # programs.py:283
    b1 = params["b1"]
    w2 = params["w2"]
    b2 = params["b2"]
    h = np.tanh(x @ w1 + b1)                        # programs.py:284
    out = h @ w2 + b2                               # programs.py:285
    # backward
    out_bar = 2.0 / max(out.size, 1) * (out - y)    # programs.py:286  return np.mean((out - y) ** 2)
    b2_bar = np.sum(out_bar)                        # programs.py:285  out = h @ params["w2"] + params["b2"]
    h_bar = np.outer(out_bar, w2)
    w2_bar = h.T @ out_bar
    h_bar *= 1 - h * h                              # programs.py:284  h = np.tanh(x @ params["w1"] + params["b1"])
    b1_bar = np.sum(h_bar, axis=0)
    w1_bar = x.T @ h_bar
    return {"w1": w1_bar, "b1": b1_bar, "w2": w2_bar, "b2": b2_bar, "name": None}
