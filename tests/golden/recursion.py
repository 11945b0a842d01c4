import numpy as np


def bernstein_fwd(coefficients, t):
    """Forward sweep of bernstein."""
    t_1 = len(coefficients) == 1                    # programs.py:356
    if t_1:
        result = coefficients[0]                    # programs.py:357
        t_2 = 0.0
        tape_1 = None
        t_3 = 0.0
        tape_2 = None
    else:
        t_3, tape_2 = bernstein_fwd(coefficients[:-1], t)  # programs.py:358
        t_2, tape_1 = bernstein_fwd(coefficients[1:], t)
        result = (1 - t) * t_3 + t * t_2
    tape_1 = coefficients, t, t_1, t_2, tape_1, t_3, tape_2
    return result, tape_1


def bernstein_rev(tape, result_bar):
    """Reverse sweep of bernstein."""
    coefficients_1, t_1, t_2, t_3, tape, t_4, tape_1 = tuple(tape)
    coefficients_bar = np.zeros_like(coefficients_1)  # programs.py:357
    if t_2:                                         # programs.py:358
        coefficients_bar[0] += result_bar           # programs.py:357
        t_bar = 0.0
    else:
        t_bar = result_bar * t_3                    # programs.py:358
        t_2, t_3 = bernstein_rev(tape, result_bar * t_1)
        t_bar += t_3
        coefficients_bar[1:] += t_2
        t_2, t_3 = bernstein_rev(tape_1, result_bar * (1 - t_1))
        t_bar += t_3
        coefficients_bar[:-1] += t_2
        t_bar -= result_bar * t_4
    return coefficients_bar, t_bar


def recursion_grad(coefficients, t):
    """Gradient of recursion (programs.py:361) with respect to coefficients, t."""
    # forward
    t_1, tape_1 = bernstein_fwd(coefficients, t)    # programs.py:363
    # backward
    coefficients_bar, t_bar = bernstein_rev(tape_1, 2 * t_1)  # programs.py:363  return bernstein(coefficients, t) ** 2
    return coefficients_bar, t_bar
