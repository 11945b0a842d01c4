import numpy as np


def checked_steps_grad(x, rate, n):
    """Gradient of checked_steps (programs.py:508) with respect to x, rate."""
    # forward
    if n < 0:                                       # programs.py:510
        raise ValueError("n is negative")           # programs.py:511
    tape = []                                       # programs.py:515
    for _ in range(n):                              # programs.py:512
        with np.errstate(over="ignore"):            # programs.py:513
            x_cubed = x ** 3                        # programs.py:514
            step = rate * x_cubed
        try:                                        # programs.py:515
            if np.max(step) > 1.0:                  # programs.py:516
                raise OverflowError("the step is too large")  # programs.py:517
            x_1 = x - step                          # programs.py:518
            rate_1 = rate
            completed = True
        except OverflowError:
            rate_1 = rate / 2.0                     # programs.py:520
            x_1 = x
            completed = False
        tape.append((rate, x, x_cubed, completed))  # programs.py:515
        rate = rate_1
        x = x_1
    # backward
    x_bar = 2 * x                                   # programs.py:521  return np.sum(x**2)
    rate_bar = 0.0
    for _ in reversed(range(n)):                    # programs.py:512  for _ in range(n):
        rate, x, x_cubed, completed = tape.pop()
        if completed:                               # programs.py:515  try:
            x_bar = x_bar.copy()
            step_bar = -x_bar                       # programs.py:518  x = x - step
        else:
            rate_bar *= 0.5                         # programs.py:520  rate = rate / 2.0
            step_bar = np.zeros_like(x)
        rate_bar += np.sum(step_bar * x_cubed)      # programs.py:514  step = rate * x**3
        x_bar_1 = step_bar * rate * (3 * x ** 2)
        x_bar_1 += x_bar
        x_bar = x_bar_1
    return x_bar, rate_bar
