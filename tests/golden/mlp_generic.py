import numpy as np
from srcgrad.rules.linalg import matmul as matmul_vjp
from srcgrad.runtime import like
from srcgrad.runtime import unbroadcast
from srcgrad.runtime import zeros_like


def mlp_grad(params, x, y):
    """Gradient of mlp (programs.py:273) with respect to params."""
    # forward
    t = params['w1']                                # programs.py:282
    t_1 = x @ t
    t_2 = params['b1']
    h = np.tanh(t_1 + t_2)
    t_3 = params['w2']                              # programs.py:283
    t_4 = h @ t_3
    t_5 = params['b2']
    out = t_4 + t_5
    t_6 = out - y                                   # programs.py:284
    # backward
    out_bar = 2.0 / np.size(t_6) * t_6              # programs.py:284  return np.mean((out - y) ** 2)
    t_6 = unbroadcast(out_bar, t_4)                 # programs.py:283  out = h @ params["w2"] + params["b2"]
    t_5 = unbroadcast(out_bar, t_5)
    params_bar = zeros_like(params)
    params_bar['b2'] += t_5
    t_4, t_5 = matmul_vjp(t_6, t_4, h, t_3)
    h_bar = unbroadcast(t_4, h)
    params_bar['w2'] += unbroadcast(t_5, t_3)
    t_3 = h_bar * (1 - h * h)                       # programs.py:282  h = np.tanh(x @ params["w1"] + params["b1"])
    t_4 = unbroadcast(t_3, t_1)
    params_bar['b1'] += unbroadcast(t_3, t_2)
    _, t_1 = matmul_vjp(t_4, t_1, x, t)
    params_bar['w1'] += unbroadcast(t_1, t)
    return like(params_bar, params)
