import numpy as np


def descent_grad(params, rate, x):
    """Gradient of descent (programs.py:406) with respect to params, rate."""
    # forward
    w = params['w']                                 # programs.py:407
    b = params['b']
    tape = []                                       # programs.py:410
    for _ in range(3):                              # programs.py:409
        t = np.tanh(x @ w + b)                      # programs.py:410
        err = t - 0.5
        t_1 = err + 0.5                             # programs.py:411
        t_2 = 1 - t_1 ** 2
        delta = err * t_2
        t_3 = delta @ x                             # programs.py:412
        w = w - rate * t_3
        sum_delta = np.sum(delta)                   # programs.py:413
        tape.append((sum_delta, t_3, t_2, err, t_1, t))  # programs.py:410
        b = b - rate * sum_delta                    # programs.py:413
    # backward
    b_bar = 2 * b                                   # programs.py:414  return sum(np.sum(p**2) for p in params.values())
    w_bar = 2 * w
    rate_bar = 0.0
    for _ in reversed(range(3)):                    # programs.py:409  for _ in range(3):
        pop_tape, pop_tape_1, pop_tape_2, err, pop_tape_3, pop_tape_4 = tape.pop()
        t = -b_bar                                  # programs.py:413  params["b"] -= rate * np.sum(delta)
        rate_bar = rate_bar + t * pop_tape
        delta_bar = t * rate
        t = -w_bar                                  # programs.py:412  params["w"] = params["w"] - rate * (delta @ x)
        rate_bar = rate_bar + np.sum(t * pop_tape_1)
        delta_bar = delta_bar + x @ (t * rate)
        err_bar = delta_bar * pop_tape_2            # programs.py:411  delta = err * (1 - (err + 0.5) ** 2)
        err_bar = err_bar + -(delta_bar * err) * (2 * pop_tape_3)
        t = err_bar * (1 - pop_tape_4 * pop_tape_4)  # programs.py:410  err = np.tanh(x @ params["w"] + params["b"]) ...
        b_bar = b_bar + np.sum(t)
        w_bar = w_bar + np.transpose(x) @ t
    return {'w': w_bar, 'b': b_bar}, rate_bar
