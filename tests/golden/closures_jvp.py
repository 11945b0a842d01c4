def closures_jvp(x, a, x_dot, a_dot):
    """Value and tangent of closures (programs.py:327) with respect to x, a."""
    scale = a * x                                   # programs.py:333
    scale_dot = x * a_dot + a * x_dot
    x_squared = x ** 2                              # programs.py:332
    product = scale * x_squared
    total = x_squared * scale_dot + scale * (2 * x * x_dot)
    total_1 = product + product + product           # programs.py:334
    return total_1 * scale, scale * (total + total + total) + total_1 * scale_dot
