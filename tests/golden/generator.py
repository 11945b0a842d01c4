import numpy as np


def generator_grad(w, x, y, rate, tol):
    """Gradient of generator (programs.py:480) with respect to w, rate."""
    # forward
    tape = []                                       # programs.py:483
    product_tape = []                               # programs.py:477
    w_1 = np.zeros(0)
    count = 0
    trips = 0
    while True:                                     # programs.py:474
        trips += 1
        err = x @ w - y                             # programs.py:475
        loss = np.mean(err ** 2)                    # programs.py:476
        selected = loss < tol or count == 5         # programs.py:483
        tape.append((w_1, err, selected))
        if selected:
            w_1 = w
            break
        count += 1
        product = err @ x                           # programs.py:477
        product_tape.append(product)
        w_1 = w
        w = w - rate * product
    # backward
    w_bar = 0.02 * w_1                              # programs.py:485  return loss + 0.01 * np.sum(fitted**2)
    w_bar_1 = np.zeros_like(w)                      # programs.py:474  while True:
    loss_bar = 1.0
    rate_bar = 0.0
    for _ in reversed(range(trips)):
        w, err, selected = tape.pop()
        if selected:                                # programs.py:483  if loss < tol or k == 5:
            w_bar = w_bar + w_bar_1
            err_bar = np.zeros_like(y)
        else:
            product = product_tape.pop()
            w_bar_1 = w_bar_1.copy()
            w_bar = w_bar + w_bar_1                 # programs.py:477  w = w - rate * (err @ x)
            product_bar = -w_bar_1
            rate_bar += np.sum(product_bar * product)
            product_bar *= rate
            err_bar = x @ product_bar
        err_bar_1 = loss_bar / max(err.size, 1) * 2 * err  # programs.py:476  yield np.mean(err**2), w
        err_bar_1 += err_bar
        w_bar_1 = x.T @ err_bar_1                   # programs.py:475  err = x @ w - y
        w_bar_1 += w_bar
        w_bar = np.zeros_like(w)                    # programs.py:474  while True:
        loss_bar = 0.0
    return w_bar_1, rate_bar
