import numpy as np


def checked_steps_jvp(x, rate, n, x_dot, rate_dot):
    """Value and tangent of checked_steps (programs.py:493) with respect to x, rate."""
    if n < 0:                                       # programs.py:495
        raise ValueError("n is negative")           # programs.py:496
    for _ in range(n):                              # programs.py:497
        with np.errstate(over="ignore"):            # programs.py:498
            x_cubed = x ** 3                        # programs.py:499
            step = rate * x_cubed
            step_dot = x_cubed * rate_dot
            step_dot += rate * (3 * x ** 2 * x_dot)
        try:                                        # programs.py:500
            if np.max(step) > 1.0:                  # programs.py:501
                raise OverflowError("the step is too large")  # programs.py:502
            x_1 = x - step                          # programs.py:503
            x_dot_1 = x_dot - step_dot
            rate_1 = rate
            rate_dot_1 = rate_dot
        except OverflowError:
            rate_1 = rate / 2.0                     # programs.py:505
            rate_dot_1 = rate_dot / 2.0
            x_1 = x
            x_dot_1 = x_dot
        rate = rate_1
        x = x_1
        rate_dot = rate_dot_1
        x_dot = x_dot_1
    return np.sum(x ** 2), np.sum(2 * x * x_dot)    # programs.py:506
