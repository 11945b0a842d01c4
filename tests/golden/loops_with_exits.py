import numpy as np


def loops_with_exits_grad(x, a):
    """Gradient of loops_with_exits (programs.py:140) with respect to x, a."""
    # forward
    total_tape = []                                 # programs.py:143
    sin_tape = []                                   # programs.py:146
    total = 0.0
    trips = 0
    broke = False
    for i in range(len(x)):                         # programs.py:143
        total_tape.append(total)
        trips += 1
        v = x[i]
        if not v < 0:                               # programs.py:144
            sin = np.sin(a * v)                     # programs.py:146
            sin_tape.append(sin)
            total += sin * total + v
            if total > 50:                          # programs.py:147
                broke = True
                break
    if broke:                                       # programs.py:143
        total_1 = total
    else:
        total_1 = total * a                         # programs.py:150
    total_tape_1 = []                               # programs.py:151
    trips_1 = 0
    while total_1 < 10:
        total_tape_1.append(total_1)
        trips_1 += 1
        total_1 *= 1 + a                            # programs.py:152
    # backward
    total_bar = 1.0
    a_bar = 0.0
    for _ in reversed(range(trips_1)):              # programs.py:151  while total < 10:
        total_1 = total_tape_1.pop()
        total_bar_1 = total_bar * (1 + a)           # programs.py:152  total = total * (1 + a)
        a_bar += total_bar * total_1
        total_bar = total_bar_1
    if broke:                                       # programs.py:143  for v in x:
        total_bar_1 = total_bar
    else:
        total_bar_1 = total_bar * a                 # programs.py:150  total *= a
        a_bar += total_bar * total
    x_bar = np.zeros_like(x)                        # programs.py:143  for v in x:
    for i in reversed(range(trips)):
        total = total_tape.pop()
        v = x[i]
        if v < 0:                                   # programs.py:144  if v < 0:
            total_bar = total_bar_1
            v_bar = 0.0
        else:
            sin = sin_tape.pop()
            total_bar = total_bar_1 + total_bar_1 * sin  # programs.py:146  total += np.sin(a * v) * total + v
            product_bar = total_bar_1 * total * np.cos(a * v)
            a_bar += product_bar * v
            v_bar = total_bar_1 + product_bar * a
        x_bar[i] += v_bar                           # programs.py:143  for v in x:
        total_bar_1 = total_bar
    return x_bar, a_bar
