import numpy as np


def descent_grad(params, rate, x):
    """Gradient of descent (programs.py:408) with respect to params, rate."""
    # forward
    w = params["w"]                                 # programs.py:409
    b = params["b"]
    tape = []                                       # programs.py:415
    for _ in range(3):                              # programs.py:411
        tanh = np.tanh(x @ w + b)                   # programs.py:412
        err = tanh - 0.5
        difference = 1 - (err + 0.5) ** 2           # programs.py:413
        delta = err * difference
        product = delta @ x                         # programs.py:414
        w = w - rate * product
        sum_delta = np.sum(delta)                   # programs.py:415
        tape.append((tanh, difference, product, sum_delta))
        b -= rate * sum_delta
    # backward
    b_bar = 2 * b                                   # programs.py:416  return sum(np.sum(p**2) for p in params.values())
    w_bar = 2 * w
    rate_bar = 0.0
    for _ in reversed(range(3)):                    # programs.py:411  for _ in range(3):
        tanh, difference, product, sum_delta = tape.pop()
        rate_bar -= b_bar * sum_delta               # programs.py:415  params["b"] -= rate * np.sum(delta)
        rate_bar -= np.sum(w_bar * product)         # programs.py:414  params["w"] = params["w"] - rate * (delta @ x)
        delta_bar = x @ (w_bar * rate)
        delta_bar += b_bar * rate
        err_bar = delta_bar * difference            # programs.py:413  delta = err * (1 - (err + 0.5) ** 2)
        err = tanh - 0.5                            # programs.py:412  err = np.tanh(x @ params["w"] + params["b"]) ...
        delta_bar *= err                            # programs.py:413  delta = err * (1 - (err + 0.5) ** 2)
        err += 0.5
        err *= 2
        delta_bar *= err
        delta_bar -= err_bar
        err_bar = delta_bar
        err_bar *= 1 - tanh * tanh                  # programs.py:412  err = np.tanh(x @ params["w"] + params["b"]) ...
        b_bar += np.sum(err_bar)
        w_bar_1 = x.T @ err_bar
        w_bar_1 += w_bar
        w_bar = w_bar_1
    return {"w": w_bar, "b": b_bar}, rate_bar
