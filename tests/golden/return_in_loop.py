import numpy as np


def return_in_loop_grad(threshold, rates):
    """Gradient of return_in_loop (programs.py:154) with respect to threshold, rates."""
    # forward
    tape = []                                       # programs.py:157
    tape_1 = []                                     # programs.py:160
    level = 1.0
    trips = 0
    exited = 0
    for k in range(len(rates)):                     # programs.py:157
        trips = trips + 1
        rate = rates[k]
        t = np.exp(-rate)                           # programs.py:158
        level_1 = level * t
        t_1 = level_1 < threshold                   # programs.py:159
        tape.append((t_1, t, level))                # programs.py:157
        if t_1:                                     # programs.py:159
            tape_1.append(level_1 / threshold)      # programs.py:160
            exited = 3
            break
        level = level_1
    # backward
    if not exited == 3:                             # programs.py:155  def return_in_loop(threshold, rates):
        level_bar = 1.0
        result_bar = 0.0
    else:
        level_bar = 0.0
        result_bar = 1.0
    rates_bar = np.zeros_like(rates)                # programs.py:157  for k, rate in enumerate(rates):
    threshold_bar = 0.0
    for k in reversed(range(trips)):
        pop_tape, pop_tape_1, level = tape.pop()
        if pop_tape:                                # programs.py:160  return k + level / threshold
            pop_tape = tape_1.pop()
            1 / threshold
            t = -pop_tape / threshold
            level_bar = level_bar + result_bar / threshold
            threshold_bar = threshold_bar + result_bar * t
            result_bar = 0.0
        level_bar_1 = level_bar * pop_tape_1        # programs.py:158  level *= np.exp(-rate)
        rate_bar = -(level_bar * level * pop_tape_1)
        rates_bar[k] += rate_bar                    # programs.py:157  for k, rate in enumerate(rates):
        level_bar = level_bar_1
    return threshold_bar, rates_bar
