import numpy as np
from srcgrad.runtime import copied, expanded, unbroadcast


def branches_grad(x, y, delta):
    """Gradient of branches (programs.py:98) with respect to x, y."""
    # forward
    product = x * x                                 # programs.py:100
    r = product - y
    mask = abs(r) <= delta                          # programs.py:101
    if mask:
        r_squared = r ** 2                          # programs.py:102
        cost = 0.5 * r_squared
        cost_1 = cost
    else:
        mask_1 = r > 0                              # programs.py:103
        if mask_1:
            difference = r - 0.5 * delta            # programs.py:104
            product_1 = delta * difference
            log_r = np.log(r)
            cost = product_1 + log_r
            cost_2 = cost
        else:
            neg_delta = -delta                      # programs.py:106
            cost = neg_delta * r
            cost_3 = cost
    product_2 = cost * y                            # programs.py:107
    # backward
    cost_bar = unbroadcast(expanded(y, product_2), cost)  # programs.py:107  return cost * y
    y_bar = unbroadcast(expanded(cost, product_2), y)
    if mask:                                        # programs.py:101  if abs(r) <= delta:
        product_1 = unbroadcast(expanded(cost_bar * 0.5, cost_1), r_squared) * (2 * r)  # programs.py:102
        r_bar = unbroadcast(expanded(product_1, r_squared), r)
    elif mask_1:                                    # programs.py:103  elif r > 0:
        product_bar = unbroadcast(expanded(cost_bar, cost_2), product_1)  # programs.py:104  cost = delta * (r - 0.5 ...
        ratio = unbroadcast(expanded(cost_bar, cost_2), log_r) / r
        r_bar = unbroadcast(expanded(ratio, log_r), r)
        difference_bar = unbroadcast(expanded(product_bar * delta, product_1), difference)
        r_bar = r_bar + unbroadcast(expanded(difference_bar, difference), r)
    else:
        r_bar = unbroadcast(expanded(cost_bar * neg_delta, cost_3), r)  # programs.py:106  cost = -delta * r
    product_bar = unbroadcast(expanded(r_bar, r), product)  # programs.py:100  r = x * x - y
    y_bar = y_bar + unbroadcast(expanded(-r_bar, r), y)
    x_bar = unbroadcast(expanded(product_bar * 2.0 * x, product), x)
    x_bar_1 = expanded(x_bar, x)
    y_bar_1 = expanded(y_bar, y)
    return copied(x_bar_1), copied(y_bar_1)
