def newton_grad(a):
    """Gradient of newton (programs.py:166) with respect to a."""
    # forward
    x_tape = []                                     # programs.py:169
    x = 1.0
    trips = 0
    for _ in range(50):
        x_tape.append(x)
        trips += 1
        step = (x ** 3 - a - x * a) / (3 * x ** 2 - a)  # programs.py:170
        x -= step                                   # programs.py:171
        if abs(step) < 1e-14:                       # programs.py:172
            break
    # backward
    x_bar = 1.0
    a_bar = 0.0
    for _ in reversed(range(trips)):                # programs.py:169  for _ in range(50):
        x = x_tape.pop()
        difference = x ** 3 - a - x * a             # programs.py:170  step = (x**3 - a - x * a) / (3 * x**2 - a)
        product = 3 * x ** 2
        difference_1 = product - a
        step = difference / difference_1
        difference_bar = x_bar / difference_1
        product_1 = difference_bar * step
        a_bar -= product_1
        x_bar += product_1 * 3 * (2 * x)
        x_bar += difference_bar * a
        a_bar += difference_bar * x
        a_bar += difference_bar
        x_bar -= difference_bar * product
    return a_bar
