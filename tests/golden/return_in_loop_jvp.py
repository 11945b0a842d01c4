import numpy as np


def return_in_loop_jvp(threshold, rates, threshold_dot, rates_dot):
    """Value and tangent of return_in_loop (programs.py:156) with respect to threshold, rates."""
    level = 1.0
    level_dot = 0.0
    returned = False
    for k in range(len(rates)):                     # programs.py:159
        rate = rates[k]
        rate_dot = rates_dot[k]
        exp = np.exp(-rate)                         # programs.py:160
        level_1 = level * exp
        level_dot = exp * level_dot - level * (exp * rate_dot)
        if level_1 < threshold:                     # programs.py:161
            ratio = level_1 / threshold             # programs.py:162
            result_dot = (level_dot - threshold_dot * ratio) / threshold
            result = k + ratio
            level = level_1
            returned = True
            break
        level = level_1
    if not returned:                                # programs.py:157
        result = level
        result_dot = level_dot
    return result, np.float64(result_dot)
