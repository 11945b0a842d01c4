import numpy as np


def return_in_loop_grad(threshold, rates):
    """Gradient of return_in_loop (programs.py:156) with respect to threshold, rates."""
    # forward
    tape = []                                       # programs.py:160
    level = 1.0
    trips = 0
    returned = False
    for k in range(len(rates)):                     # programs.py:159
        trips += 1
        rate = rates[k]
        exp = np.exp(-rate)                         # programs.py:160
        tape.append((level, exp))
        level *= exp
        if level < threshold:                       # programs.py:161
            level / threshold                       # programs.py:162  may raise
            returned = True
            break
    # backward
    if returned:                                    # programs.py:157  def return_in_loop(threshold, rates):
        result_bar = 1.0
        level_bar = 0.0
    else:
        result_bar = 0.0
        level_bar = 1.0
    rates_bar = np.zeros_like(rates)                # programs.py:159  for k, rate in enumerate(rates):
    threshold_bar = 0.0
    for k in reversed(range(trips)):
        level_1, exp = tape.pop()
        if level < threshold:                       # programs.py:161  if level < threshold:
            ratio = np.divide(result_bar, threshold)  # programs.py:162  return k + level / threshold
            level_bar += ratio
            threshold_bar -= ratio * (level / threshold)
        level_bar_1 = level_bar * exp               # programs.py:160  level *= np.exp(-rate)
        rates_bar[k] -= level_bar * level_1 * exp   # programs.py:159  for k, rate in enumerate(rates):
        level_bar = level_bar_1
        level = level_1
    return threshold_bar, rates_bar
