import numpy as np
from srcgrad.runtime import add_into, add_to_item, expanded, like, unbroadcast, zeros_like


def rk4_grad(state, params, dt, n_steps):
    """Gradient of rk4 (programs.py:177) with respect to state, params."""
    # forward
    tape = []                                       # programs.py:188
    state_1 = state
    for _ in range(n_steps):                        # programs.py:183
        if len(state_1) != 2:                       # programs.py:180
            raise ValueError("the number of values to unpack is not 2")
        x = state_1[0]
        v = state_1[1]
        params_0 = params[0]                        # programs.py:181
        difference = 1 - x * x
        product = params_0 * difference
        params_1 = params[1]
        difference_1 = product * v - params_1 * x
        k1 = np.array([v, difference_1])
        product_4 = 0.5 * dt                        # programs.py:185
        total = state_1 + product_4 * k1
        if len(total) != 2:                         # programs.py:180
            raise ValueError("the number of values to unpack is not 2")
        x = total[0]
        v = total[1]
        difference_2 = 1 - x * x                    # programs.py:181
        product_1 = params_0 * difference_2
        difference_3 = product_1 * v - params_1 * x
        k2 = np.array([v, difference_3])
        total_1 = state_1 + product_4 * k2          # programs.py:186
        if len(total_1) != 2:                       # programs.py:180
            raise ValueError("the number of values to unpack is not 2")
        x_1 = total_1[0]
        v_1 = total_1[1]
        difference_4 = 1 - x_1 * x_1                # programs.py:181
        product_2 = params_0 * difference_4
        difference_5 = product_2 * v_1 - params_1 * x_1
        k3 = np.array([v_1, difference_5])
        total_2 = state_1 + dt * k3                 # programs.py:187
        if len(total_2) != 2:                       # programs.py:180
            raise ValueError("the number of values to unpack is not 2")
        x_2 = total_2[0]
        v_2 = total_2[1]
        difference_6 = 1 - x_2 * x_2                # programs.py:181
        product_3 = params_0 * difference_6
        difference_7 = product_3 * v_2 - params_1 * x_2
        k4 = np.array([v_2, difference_7])
        ratio = dt / 6                              # programs.py:188
        tape.append((
            state_1, difference, product, difference_1, k1, total, x, v, difference_2, product_1, difference_3, k2,
            total_1, x_1, v_1, difference_4, product_2, difference_5, k3, total_2, x_2, v_2, difference_6, product_3,
            difference_7, k4, ratio
        ))
        state_1 = state_1 + ratio * (k1 + 2 * k2 + 2 * k3 + k4)
    state_0 = state_1[0]                            # programs.py:189
    state_1[1]                                      # may raise
    # backward
    state_bar = zeros_like(state_1)                 # programs.py:189  return state[0] ** 2 + state[1]
    state_bar[1] += 1.0
    state_bar[0] += 2 * state_0
    params_bar = zeros_like(params)                 # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
    for _ in reversed(range(n_steps)):              # programs.py:183  for _ in range(n_steps):
        (
            state_1, difference, product, difference_1, k1, total, x, v, difference_2, product_1, difference_3, k2,
            total_1, x_1, v_1, difference_4, product_2, difference_5, k3, total_2, x_2, v_2, difference_6, product_3,
            difference_7, k4, ratio
        ) = tape.pop()
        state_bar_2 = unbroadcast(state_bar, state_1)  # programs.py:188  state = state + dt / 6 * (k1 + 2 * k2 + 2 ...
        state_bar_1 = zeros_like(state_1)
        add_into(state_bar_1, state_bar_2)
        total_bar = state_bar * ratio
        k4_bar = unbroadcast(total_bar, k4)
        product_4 = total_bar * 2
        k3_bar = unbroadcast(product_4, k3)
        k1_bar = unbroadcast(total_bar, k1)
        k2_bar = unbroadcast(product_4, k2)
        k4_0_bar = k4_bar[0]                        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar = unbroadcast(k4_0_bar, v_2)
        difference_bar = unbroadcast(k4_bar[1], difference_7)
        product_bar = -difference_bar
        params_1 = params[1]
        params_1_bar = unbroadcast(product_bar * x_2, params_1)
        x_bar = unbroadcast(expanded(product_bar * params_1, product_bar), x_2)
        product_bar = difference_bar * v_2
        v_bar = v_bar + unbroadcast(difference_bar * product_3, v_2)
        params_0 = params[0]
        params_0_bar = unbroadcast(product_bar * difference_6, params_0)
        product_4 = unbroadcast(expanded(product_bar * params_0, product_bar), difference_6) * -2.0 * x_2
        x_bar = x_bar + product_4
        total_bar = zeros_like(total_2)             # programs.py:180  x, v = s
        add_to_item(total_bar, 1, v_bar)
        total_bar[0] += x_bar
        add_into(state_bar_1, unbroadcast(total_bar, state_1))  # programs.py:187  k4 = slope(state + dt * k3)
        k3_bar = k3_bar + unbroadcast(total_bar * dt, k3)
        k3_0_bar = k3_bar[0]                        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar = unbroadcast(k3_0_bar, v_1)
        difference_bar = unbroadcast(k3_bar[1], difference_5)
        product_bar = -difference_bar
        params_1_bar = params_1_bar + unbroadcast(product_bar * x_1, params_1)
        x_bar = unbroadcast(expanded(product_bar * params_1, product_bar), x_1)
        product_bar = difference_bar * v_1
        v_bar = v_bar + unbroadcast(difference_bar * product_2, v_1)
        params_0_bar = params_0_bar + unbroadcast(product_bar * difference_4, params_0)
        product_4 = unbroadcast(expanded(product_bar * params_0, product_bar), difference_4) * -2.0 * x_1
        x_bar = x_bar + product_4
        total_bar = zeros_like(total_1)             # programs.py:180  x, v = s
        add_to_item(total_bar, 1, v_bar)
        total_bar[0] += x_bar
        add_into(state_bar_1, unbroadcast(total_bar, state_1))  # programs.py:186  k3 = slope(state + 0.5 * dt * k2)
        product_4 = 0.5 * dt                        # programs.py:185  k2 = slope(state + 0.5 * dt * k1)
        k2_bar = k2_bar + unbroadcast(total_bar * product_4, k2)  # programs.py:186  k3 = slope(state + 0.5 * dt * k2)
        k2_0_bar = k2_bar[0]                        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar = unbroadcast(k2_0_bar, v)
        difference_bar = unbroadcast(k2_bar[1], difference_3)
        product_bar = -difference_bar
        params_1_bar = params_1_bar + unbroadcast(product_bar * x, params_1)
        x_bar = unbroadcast(expanded(product_bar * params_1, product_bar), x)
        product_bar = difference_bar * v
        v_bar = v_bar + unbroadcast(difference_bar * product_1, v)
        params_0_bar = params_0_bar + unbroadcast(product_bar * difference_2, params_0)
        product_5 = unbroadcast(expanded(product_bar * params_0, product_bar), difference_2) * -2.0 * x
        x_bar = x_bar + product_5
        total_bar = zeros_like(total)               # programs.py:180  x, v = s
        add_to_item(total_bar, 1, v_bar)
        total_bar[0] += x_bar
        add_into(state_bar_1, unbroadcast(total_bar, state_1))  # programs.py:185  k2 = slope(state + 0.5 * dt * k1)
        k1_bar = k1_bar + unbroadcast(total_bar * product_4, k1)
        k1_0_bar = k1_bar[0]                        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        k1_1_bar = k1_bar[1]
        v = state_1[1]                              # programs.py:180  x, v = s
        v_bar = unbroadcast(k1_0_bar, v)            # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar = unbroadcast(k1_1_bar, difference_1)
        x = state_1[0]                              # programs.py:180  x, v = s
        x_bar = unbroadcast(difference_bar * params_1, x)  # programs.py:181  return np.array([v, params[0] * (1 - x ...
        params_bar[1] += params_1_bar - unbroadcast(difference_bar * x, params_1)
        product_bar = difference_bar * v
        v_bar = v_bar + unbroadcast(difference_bar * product, v)
        params_0_bar = params_0_bar + unbroadcast(product_bar * difference, params_0)
        x_bar = unbroadcast(product_bar * params_0 * -2.0 * x, x) - x_bar
        params_bar[0] += params_0_bar
        add_to_item(state_bar_1, 1, v_bar)          # programs.py:180  x, v = s
        state_bar_1[0] += x_bar
        state_bar = state_bar_1
    return like(state_bar, state), like(params_bar, params)
