import numpy as np


def checked_steps_grad(x, rate, n):
    """Gradient of checked_steps (programs.py:493) with respect to x, rate."""
    # forward
    if n < 0:                                       # programs.py:495
        raise ValueError("n is negative")           # programs.py:496
    tape = []                                       # programs.py:500
    for _ in range(n):                              # programs.py:497
        with np.errstate(over="ignore"):            # programs.py:498
            x_cubed = x ** 3                        # programs.py:499
            step = rate * x_cubed
        try:                                        # programs.py:500
            if np.max(step) > 1.0:                  # programs.py:501
                raise OverflowError("the step is too large")  # programs.py:502
            x_1 = x - step                          # programs.py:503
            rate_1 = rate
            completed = True
        except OverflowError:
            rate_1 = rate / 2.0                     # programs.py:505
            x_1 = x
            completed = False
        tape.append((rate, x, x_cubed, completed))  # programs.py:500
        rate = rate_1
        x = x_1
    # backward
    x_bar = 2 * x                                   # programs.py:506  return np.sum(x**2)
    rate_bar = 0.0
    for _ in reversed(range(n)):                    # programs.py:497  for _ in range(n):
        rate, x, x_cubed, completed = tape.pop()
        if completed:                               # programs.py:500  try:
            x_bar = x_bar.copy()
            step_bar = -x_bar                       # programs.py:503  x = x - step
        else:
            rate_bar *= 0.5                         # programs.py:505  rate = rate / 2.0
            step_bar = np.zeros_like(x)
        rate_bar += np.sum(step_bar * x_cubed)      # programs.py:499  step = rate * x**3
        x_bar_1 = step_bar * rate * (3 * x ** 2)
        x_bar_1 += x_bar
        x_bar = x_bar_1
    return x_bar, rate_bar
