import numpy as np


def fallback_jvp(a, b, a_dot, b_dot):
    """Value and tangent of fallback (programs.py:486) with respect to a, b."""
    try:                                            # programs.py:488
        x = np.linalg.solve(a, b)                   # programs.py:489
        x_dot = np.linalg.solve(a, b_dot - a_dot @ x)
    except np.linalg.LinAlgError:
        trace_a = np.trace(a)                       # programs.py:491
        x = b / trace_a
        x_dot = (b_dot - x * np.trace(a_dot)) / trace_a
    return np.sum(x ** 2), np.sum(2 * x * x_dot)    # programs.py:492
