def newton_grad(a):
    """Gradient of newton (programs.py:164) with respect to a."""
    # forward
    tape = []                                       # programs.py:168
    x = 1.0
    trips = 0
    for _ in range(50):                             # programs.py:167
        trips += 1
        t = x ** 3 - a - x * a                      # programs.py:168
        difference = 3 * x ** 2 - a
        step = t / difference
        tape.append((x, step, difference))
        x -= step                                   # programs.py:169
        if abs(step) < 1e-14:                       # programs.py:170
            break
    # backward
    x_bar = 1.0
    a_bar = 0.0
    for _ in reversed(range(trips)):                # programs.py:167  for _ in range(50):
        x, step, difference = tape.pop()
        t = step / difference                       # programs.py:168  step = (x**3 - a - x * a) / (3 * x**2 - a)
        t_1 = x_bar / difference
        t = x_bar * t
        a_bar -= t
        x_bar += t * 3 * (2 * x)
        x_bar += t_1 * a
        a_bar += t_1 * x
        a_bar += t_1
        x_bar -= t_1 * (3 * x ** 2)
    return a_bar
