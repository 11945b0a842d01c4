import numpy as np


def transform_jvp(x, twist, x_dot, twist_dot):
    n = len(x)                                      # programs.py:369
    n_is_1 = n == 1                                 # programs.py:370
    if n_is_1:
        result = None
    else:
        half = n // 2                               # programs.py:372
        transform_jvp(x[:half], twist, x_dot[:half], twist_dot)  # programs.py:373
        transform_jvp(x[half:], twist, x_dot[half:], twist_dot)  # programs.py:374
        for k in range(half):                       # programs.py:375
            even = x[k]                             # programs.py:376
            even_dot = x_dot[k]
            index = half + k
            x_entry = x[index]
            odd = twist * x_entry
            odd_dot = x_entry * twist_dot + twist * x_dot[index]
            x_dot[k] = even_dot + odd_dot           # programs.py:377
            x[k] = even + odd
            index = half + k                        # programs.py:378
            x_dot[index] = odd * even_dot + even * odd_dot
            x[index] = even * odd
    return None if not n_is_1 else result           # programs.py:384


def recursive_writes_jvp(x, twist, x_dot, twist_dot):
    """Value and tangent of recursive_writes (programs.py:381) with respect to x, twist."""
    y = x.copy()                                    # programs.py:383
    y_dot = x_dot.copy()
    transform_jvp(y, twist, y_dot, twist_dot)       # programs.py:384
    return np.sum(y ** 2), np.sum(2 * y * y_dot)    # programs.py:385
