import numpy as np


def bernstein_fwd(coefficients, t):
    """Forward sweep of bernstein."""
    condition = len(coefficients) == 1              # programs.py:358
    if condition:
        result = coefficients[0]                    # programs.py:359
        bernstein_value = 0.0
        tape = None
        bernstein_value_1 = 0.0
        tape_1 = None
    else:
        bernstein_value_1, tape_1 = bernstein_fwd(coefficients[:-1], t)  # programs.py:360
        bernstein_value, tape = bernstein_fwd(coefficients[1:], t)
        result = (1 - t) * bernstein_value_1 + t * bernstein_value
    tape = coefficients, t, condition, bernstein_value, tape, bernstein_value_1, tape_1
    return result, tape


def bernstein_rev(tape, result_bar):
    """Reverse sweep of bernstein."""
    coefficients, t, condition, bernstein_value, tape, bernstein_value_1, tape_1 = tuple(tape)
    coefficients_bar = np.zeros_like(coefficients)  # programs.py:359
    if condition:                                   # programs.py:358
        coefficients_bar[0] += result_bar           # programs.py:359
        t_bar = 0.0
    else:
        t_bar = result_bar * bernstein_value        # programs.py:360
        coefficients_bar_1, t_bar_1 = bernstein_rev(tape, result_bar * t)
        t_bar += t_bar_1
        coefficients_bar[1:] += coefficients_bar_1
        coefficients_bar_1, t_bar_1 = bernstein_rev(tape_1, result_bar * (1 - t))
        t_bar += t_bar_1
        coefficients_bar[:-1] += coefficients_bar_1
        t_bar -= result_bar * bernstein_value_1
    return coefficients_bar, t_bar


def recursion_grad(coefficients, t):
    """Gradient of recursion (programs.py:363) with respect to coefficients, t."""
    # forward
    bernstein_value, tape = bernstein_fwd(coefficients, t)  # programs.py:365
    # backward
    coefficients_bar, t_bar = bernstein_rev(tape, 2 * bernstein_value)  # programs.py:365  return bernstein(coeffici ...
    return coefficients_bar, t_bar
