import numpy as np


def checked_steps_jvp(x, rate, n, x_dot, rate_dot):
    """Value and tangent of checked_steps (programs.py:508) with respect to x, rate."""
    if n < 0:                                       # programs.py:510
        raise ValueError("n is negative")           # programs.py:511
    for _ in range(n):                              # programs.py:512
        with np.errstate(over="ignore"):            # programs.py:513
            x_cubed = x ** 3                        # programs.py:514
            step = rate * x_cubed
            step_dot = x_cubed * rate_dot
            step_dot += rate * (3 * x ** 2 * x_dot)
        try:                                        # programs.py:515
            if np.max(step) > 1.0:                  # programs.py:516
                raise OverflowError("the step is too large")  # programs.py:517
            x_1 = x - step                          # programs.py:518
            x_dot_1 = x_dot - step_dot
            rate_1 = rate
            rate_dot_1 = rate_dot
        except OverflowError:
            rate_1 = rate / 2.0                     # programs.py:520
            rate_dot_1 = rate_dot / 2.0
            x_1 = x
            x_dot_1 = x_dot
        rate = rate_1
        x = x_1
        rate_dot = rate_dot_1
        x_dot = x_dot_1
    return np.sum(x ** 2), np.sum(2 * x * x_dot)    # programs.py:521
