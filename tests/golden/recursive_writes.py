from srcgrad.runtime import shadow_of


def transform_fwd(x, twist):
    """Forward sweep of transform."""
    n = len(x)                                      # programs.py:367
    t = n == 1                                      # programs.py:368
    tape_1 = []                                     # programs.py:374
    if t:                                           # programs.py:368
        result = None
        tape_2 = None
        tape_3 = None
    else:
        half = n // 2                               # programs.py:370
        _, tape_3 = transform_fwd(x[:half], twist)  # programs.py:371
        _, tape_2 = transform_fwd(x[half:], twist)  # programs.py:372
        for k in range(half):                       # programs.py:373
            even = x[k]                             # programs.py:374
            x_i = x[half + k]
            odd = twist * x_i
            tape_1.append((odd, even, x_i))
            x[k] = even + odd                       # programs.py:375
            x[half + k] = even * odd                # programs.py:376
    result = None if not t else result              # programs.py:382
    tape_1 = x, twist, n, t, tape_2, tape_3, tape_1
    return result, tape_1


def transform_rev(tape, shadows):
    """Reverse sweep of transform."""
    x_1, twist_1, n, t, tape, tape_1, tape_2 = tuple(tape)
    tape_2 = tape_2.copy()
    x_bar = shadow_of(shadows, x_1)                 # programs.py:376
    if t:                                           # programs.py:370
        twist_bar = 0.0
    else:
        half = n // 2
        twist_bar = 0.0
        for k in reversed(range(half)):             # programs.py:373
            odd, even, x_i = tape_2.pop()
            t = half + k                            # programs.py:376
            t_1 = x_bar[t]
            x_bar[t] = 0.0
            even_bar = t_1 * odd
            odd_bar = t_1 * even
            t = x_bar[k]                            # programs.py:375
            x_bar[k] = 0.0
            even_bar += t
            odd_bar += t
            twist_bar += odd_bar * x_i              # programs.py:374
            x_bar[half + k] += odd_bar * twist_1
            x_bar[k] += even_bar
        twist_bar += transform_rev(tape, shadows)   # programs.py:372
        twist_bar += transform_rev(tape_1, shadows)  # programs.py:371
    return twist_bar


def recursive_writes_grad(x, twist):
    """Gradient of recursive_writes (programs.py:379) with respect to x, twist."""
    # forward
    y = x.copy()                                    # programs.py:381
    _, tape_1 = transform_fwd(y, twist)             # programs.py:382
    # backward
    shadows_1 = {}                                  # programs.py:383  return np.sum(y**2)
    t = 2 * y
    y_bar = shadow_of(shadows_1, y)
    y_bar += t
    twist_bar = transform_rev(tape_1, shadows_1)    # programs.py:382  transform(y, twist)
    return y_bar, twist_bar
