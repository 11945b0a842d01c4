import numpy as np


def bernstein_jvp(coefficients, t, coefficients_dot, t_dot):
    if len(coefficients) == 1:                      # programs.py:358
        result = coefficients[0]                    # programs.py:359
        result_dot = coefficients_dot[0]
    else:
        difference = 1 - t                          # programs.py:360
        bernstein_value, bernstein_value_1 = bernstein_jvp(coefficients[:-1], t, coefficients_dot[:-1], t_dot)
        bernstein_value_2, bernstein_value_3 = bernstein_jvp(coefficients[1:], t, coefficients_dot[1:], t_dot)
        result = difference * bernstein_value + t * bernstein_value_2
        result_dot = (
            bernstein_value * -t_dot + difference * bernstein_value_1
            + (bernstein_value_2 * t_dot + t * bernstein_value_3)
        )
    return result, result_dot


def recursion_jvp(coefficients, t, coefficients_dot, t_dot):
    """Value and tangent of recursion (programs.py:363) with respect to coefficients, t."""
    bernstein_value, bernstein_value_1 = bernstein_jvp(coefficients, t, coefficients_dot, t_dot)  # programs.py:365
    return bernstein_value ** 2, np.float64(2 * bernstein_value * bernstein_value_1)
