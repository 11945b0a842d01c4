from srcgrad.runtime import shadow_of


def transform_fwd(x, twist):
    """Forward sweep of transform."""
    n = len(x)                                      # programs.py:369
    n_is_1 = n == 1                                 # programs.py:370
    tape = []                                       # programs.py:376
    if n_is_1:                                      # programs.py:370
        result = None
        tape_1 = None
        tape_2 = None
    else:
        half = n // 2                               # programs.py:372
        _, tape_2 = transform_fwd(x[:half], twist)  # programs.py:373
        _, tape_1 = transform_fwd(x[half:], twist)  # programs.py:374
        for k in range(half):                       # programs.py:375
            even = x[k]                             # programs.py:376
            x_entry = x[half + k]
            tape.append((even, x_entry))
            odd = twist * x_entry
            x[k] = even + odd                       # programs.py:377
            x[half + k] = even * odd                # programs.py:378
    result = None if not n_is_1 else result         # programs.py:384
    tape = x, twist, n, n_is_1, tape_1, tape_2, tape
    return result, tape


def transform_rev(tape, shadows):
    """Reverse sweep of transform."""
    x, twist, n, n_is_1, tape, tape_1, tape_2 = tuple(tape)
    tape_2 = tape_2.copy()
    x_bar = shadow_of(shadows, x)                   # programs.py:378
    if n_is_1:                                      # programs.py:370
        twist_bar = 0.0
    else:
        half = n // 2                               # programs.py:372
        twist_bar = 0.0
        for k in reversed(range(half)):             # programs.py:375
            even, x_entry = tape_2.pop()
            index = half + k                        # programs.py:378
            product_bar = x_bar[index]
            x_bar[index] = 0.0
            odd = twist * x_entry                   # programs.py:376
            even_bar = product_bar * odd            # programs.py:378
            odd_bar = product_bar * even
            total_bar = x_bar[k]                    # programs.py:377
            x_bar[k] = 0.0
            even_bar += total_bar
            odd_bar += total_bar
            twist_bar += odd_bar * x_entry          # programs.py:376
            x_bar[half + k] += odd_bar * twist
            x_bar[k] += even_bar
        twist_bar += transform_rev(tape, shadows)   # programs.py:374
        twist_bar += transform_rev(tape_1, shadows)  # programs.py:373
    return twist_bar


def recursive_writes_grad(x, twist):
    """Gradient of recursive_writes (programs.py:381) with respect to x, twist."""
    # forward
    y = x.copy()                                    # programs.py:383
    _, tape = transform_fwd(y, twist)               # programs.py:384
    # backward
    shadows = {}                                    # programs.py:385  return np.sum(y**2)
    y_bar = shadow_of(shadows, y)
    y_bar += 2 * y
    twist_bar = transform_rev(tape, shadows)        # programs.py:384  transform(y, twist)
    return y_bar, twist_bar
