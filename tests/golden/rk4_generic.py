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
        params_1 = params[1]
        difference_1 = params_0 * difference * v - params_1 * x
        k1 = np.array([v, difference_1])
        product = 0.5 * dt                          # programs.py:185
        total = state_1 + product * k1
        if len(total) != 2:                         # programs.py:180
            raise ValueError("the number of values to unpack is not 2")
        x = total[0]
        v = total[1]
        difference_2 = 1 - x * x                    # programs.py:181
        difference_3 = params_0 * difference_2 * v - params_1 * x
        k2 = np.array([v, difference_3])
        total_1 = state_1 + product * k2            # programs.py:186
        if len(total_1) != 2:                       # programs.py:180
            raise ValueError("the number of values to unpack is not 2")
        x = total_1[0]
        v = total_1[1]
        difference_4 = 1 - x * x                    # programs.py:181
        difference_5 = params_0 * difference_4 * v - params_1 * x
        k3 = np.array([v, difference_5])
        total_2 = state_1 + dt * k3                 # programs.py:187
        if len(total_2) != 2:                       # programs.py:180
            raise ValueError("the number of values to unpack is not 2")
        x = total_2[0]
        v = total_2[1]
        difference_6 = 1 - x * x                    # programs.py:181
        difference_7 = params_0 * difference_6 * v - params_1 * x
        k4 = np.array([v, difference_7])
        ratio = dt / 6                              # programs.py:188
        tape.append((
            state_1, difference, difference_1, k1, total, difference_2, difference_3, k2, total_1, difference_4,
            difference_5, k3, total_2, difference_6, difference_7, k4, ratio
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
            state_1, difference, difference_1, k1, total, difference_2, difference_3, k2, total_1, difference_4,
            difference_5, k3, total_2, difference_6, difference_7, k4, ratio
        ) = tape.pop()
        state_bar_2 = unbroadcast(state_bar, state_1)  # programs.py:188  state = state + dt / 6 * (k1 + 2 * k2 + 2 ...
        state_bar_1 = zeros_like(state_1)
        add_into(state_bar_1, state_bar_2)
        total_bar = state_bar * ratio
        k4_bar = unbroadcast(total_bar, k4)
        product = total_bar * 2
        k3_bar = unbroadcast(product, k3)
        k1_bar = unbroadcast(total_bar, k1)
        k2_bar = unbroadcast(product, k2)
        k4_0_bar = k4_bar[0]                        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        k4_1_bar = k4_bar[1]
        v = total_2[1]                              # programs.py:180  x, v = s
        v_bar = unbroadcast(k4_0_bar, v)            # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar = unbroadcast(k4_1_bar, difference_7)
        product_bar = -difference_bar
        x = total_2[0]                              # programs.py:180  x, v = s
        params_1 = params[1]                        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        params_1_bar = unbroadcast(product_bar * x, params_1)
        x_bar = unbroadcast(expanded(product_bar * params_1, product_bar), x)
        product_bar = difference_bar * v
        params_0 = params[0]
        v_bar = v_bar + unbroadcast(difference_bar * (params_0 * difference_6), v)
        params_0_bar = unbroadcast(product_bar * difference_6, params_0)
        product = unbroadcast(expanded(product_bar * params_0, product_bar), difference_6) * -2.0 * x
        x_bar = x_bar + product
        total_bar = zeros_like(total_2)             # programs.py:180  x, v = s
        add_to_item(total_bar, 1, v_bar)
        total_bar[0] += x_bar
        add_into(state_bar_1, unbroadcast(total_bar, state_1))  # programs.py:187  k4 = slope(state + dt * k3)
        k3_bar = k3_bar + unbroadcast(total_bar * dt, k3)
        k3_0_bar = k3_bar[0]                        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        k3_1_bar = k3_bar[1]
        v = total_1[1]                              # programs.py:180  x, v = s
        v_bar = unbroadcast(k3_0_bar, v)            # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar = unbroadcast(k3_1_bar, difference_5)
        product_bar = -difference_bar
        x = total_1[0]                              # programs.py:180  x, v = s
        params_1_bar = params_1_bar + unbroadcast(product_bar * x, params_1)  # programs.py:181  return np.array([v, ...
        x_bar = unbroadcast(expanded(product_bar * params_1, product_bar), x)
        product_bar = difference_bar * v
        v_bar = v_bar + unbroadcast(difference_bar * (params_0 * difference_4), v)
        params_0_bar = params_0_bar + unbroadcast(product_bar * difference_4, params_0)
        product = unbroadcast(expanded(product_bar * params_0, product_bar), difference_4) * -2.0 * x
        x_bar = x_bar + product
        total_bar = zeros_like(total_1)             # programs.py:180  x, v = s
        add_to_item(total_bar, 1, v_bar)
        total_bar[0] += x_bar
        add_into(state_bar_1, unbroadcast(total_bar, state_1))  # programs.py:186  k3 = slope(state + 0.5 * dt * k2)
        product = 0.5 * dt                          # programs.py:185  k2 = slope(state + 0.5 * dt * k1)
        k2_bar = k2_bar + unbroadcast(total_bar * product, k2)  # programs.py:186  k3 = slope(state + 0.5 * dt * k2)
        k2_0_bar = k2_bar[0]                        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        k2_1_bar = k2_bar[1]
        v = total[1]                                # programs.py:180  x, v = s
        v_bar = unbroadcast(k2_0_bar, v)            # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar = unbroadcast(k2_1_bar, difference_3)
        product_bar = -difference_bar
        x = total[0]                                # programs.py:180  x, v = s
        params_1_bar = params_1_bar + unbroadcast(product_bar * x, params_1)  # programs.py:181  return np.array([v, ...
        x_bar = unbroadcast(expanded(product_bar * params_1, product_bar), x)
        product_bar = difference_bar * v
        v_bar = v_bar + unbroadcast(difference_bar * (params_0 * difference_2), v)
        params_0_bar = params_0_bar + unbroadcast(product_bar * difference_2, params_0)
        product_1 = unbroadcast(expanded(product_bar * params_0, product_bar), difference_2) * -2.0 * x
        x_bar = x_bar + product_1
        total_bar = zeros_like(total)               # programs.py:180  x, v = s
        add_to_item(total_bar, 1, v_bar)
        total_bar[0] += x_bar
        add_into(state_bar_1, unbroadcast(total_bar, state_1))  # programs.py:185  k2 = slope(state + 0.5 * dt * k1)
        k1_bar = k1_bar + unbroadcast(total_bar * product, k1)
        k1_0_bar = k1_bar[0]                        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        k1_1_bar = k1_bar[1]
        v = state_1[1]                              # programs.py:180  x, v = s
        v_bar = unbroadcast(k1_0_bar, v)            # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar = unbroadcast(k1_1_bar, difference_1)
        x = state_1[0]                              # programs.py:180  x, v = s
        x_bar = unbroadcast(difference_bar * params_1, x)  # programs.py:181  return np.array([v, params[0] * (1 - x ...
        params_bar[1] += params_1_bar - unbroadcast(difference_bar * x, params_1)
        product_bar = difference_bar * v
        v_bar = v_bar + unbroadcast(difference_bar * (params_0 * difference), v)
        params_0_bar = params_0_bar + unbroadcast(product_bar * difference, params_0)
        x_bar = unbroadcast(product_bar * params_0 * -2.0 * x, x) - x_bar
        params_bar[0] += params_0_bar
        add_to_item(state_bar_1, 1, v_bar)          # programs.py:180  x, v = s
        state_bar_1[0] += x_bar
        state_bar = state_bar_1
    return like(state_bar, state), like(params_bar, params)
