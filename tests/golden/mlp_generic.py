import numpy as np
from srcgrad.rules.linalg import matmul as matmul_vjp
from srcgrad.runtime import like, unbroadcast, zeros_like


def mlp_grad(params, x, y):
    """Gradient of mlp (programs.py:275) with respect to params."""
    # forward
    params_part = params["w1"]                      # programs.py:284
    product = x @ params_part
    params_part_1 = params["b1"]
    h = np.tanh(product + params_part_1)
    params_part_2 = params["w2"]                    # programs.py:285
    product_1 = h @ params_part_2
    params_part_3 = params["b2"]
    out = product_1 + params_part_3
    difference = out - y                            # programs.py:286
    # backward
    out_bar = 2.0 / max(np.size(difference), 1) * difference  # programs.py:286  return np.mean((out - y) ** 2)
    product_bar = unbroadcast(out_bar, product_1)   # programs.py:285  out = h @ params["w2"] + params["b2"]
    params_part_bar = unbroadcast(out_bar, params_part_3)
    params_bar = zeros_like(params)
    params_bar["b2"] += params_part_bar
    value, value_1 = matmul_vjp(product_bar, product_1, h, params_part_2)
    h_bar = unbroadcast(value, h)
    params_bar["w2"] += unbroadcast(value_1, params_part_2)
    total_bar = h_bar * (1 - h * h)                 # programs.py:284  h = np.tanh(x @ params["w1"] + params["b1"])
    product_bar = unbroadcast(total_bar, product)
    params_bar["b1"] += unbroadcast(total_bar, params_part_1)
    _, value = matmul_vjp(product_bar, product, x, params_part)
    params_bar["w1"] += unbroadcast(value, params_part)
    return like(params_bar, params)
