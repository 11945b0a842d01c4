def newton_jvp(a, a_dot):
    """Value and tangent of newton (programs.py:166) with respect to a."""
    x = 1.0
    x_dot = 0.0
    for _ in range(50):                             # programs.py:169
        x_cubed = x ** 3                            # programs.py:170
        product = 3 * x ** 2
        difference = product * x_dot - a_dot - (a * x_dot + x * a_dot)
        difference_1 = product - a
        step = (x_cubed - a - x * a) / difference_1
        step_dot = (difference - step * (3 * (2 * x * x_dot) - a_dot)) / difference_1
        x -= step                                   # programs.py:171
        x_dot -= step_dot
        if abs(step) < 1e-14:                       # programs.py:172
            break
    return x, x_dot
