import numpy as np


def rk4_grad(state, params, dt, n_steps):
    """Gradient of rk4 (programs.py:177) with respect to state, params."""
    # forward
    tape = []                                       # programs.py:181
    for _ in range(n_steps):                        # programs.py:183
        if len(state) != 2:                         # programs.py:180
            raise ValueError("the number of values to unpack is not 2")
        x = state[0]
        v = state[1]
        params_0 = params[0]                        # programs.py:181
        difference = 1 - x * x
        params_1 = params[1]
        k1 = np.array([v, params_0 * difference * v - params_1 * x])
        product = 0.5 * dt                          # programs.py:185
        total = state + product * k1
        x_1 = total[0]                              # programs.py:180
        v_1 = total[1]
        difference_1 = 1 - x_1 * x_1                # programs.py:181
        k2 = np.array([v_1, params_0 * difference_1 * v_1 - params_1 * x_1])
        total = state + product * k2                # programs.py:186
        x_2 = total[0]                              # programs.py:180
        v_2 = total[1]
        difference_2 = 1 - x_2 * x_2                # programs.py:181
        k3 = np.array([v_2, params_0 * difference_2 * v_2 - params_1 * x_2])
        total = state + dt * k3                     # programs.py:187
        x_3 = total[0]                              # programs.py:180
        v_3 = total[1]
        difference_3 = 1 - x_3 * x_3                # programs.py:181
        tape.append((x, v, difference, x_1, v_1, difference_1, x_2, v_2, difference_2, x_3, v_3, difference_3))
        k4 = np.array([v_3, params_0 * difference_3 * v_3 - params_1 * x_3])
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)  # programs.py:188
    state_0 = state[0]                              # programs.py:189
    state[1]                                        # may raise
    # backward
    state_bar = np.zeros_like(state)                # programs.py:189  return state[0] ** 2 + state[1]
    state_bar[1] = 1.0
    state_bar[0] += 2 * state_0
    params_bar = np.zeros_like(params)              # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
    for _ in reversed(range(n_steps)):              # programs.py:183  for _ in range(n_steps):
        x, v, difference, x_1, v_1, difference_1, x_2, v_2, difference_2, x_3, v_3, difference_3 = tape.pop()
        state_bar_1 = state_bar.copy()              # programs.py:188  state = state + dt / 6 * (k1 + 2 * k2 + 2 * k ...
        k4_bar = state_bar * (dt / 6)
        k3_bar = k4_bar * 2
        v_bar = k4_bar[0]                           # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar = k4_bar[1]
        params_1 = params[1]
        product_bar = difference_bar * v_3
        params_0 = params[0]
        v_bar += difference_bar * (params_0 * difference_3)
        x_bar = difference_bar * params_1 + product_bar * params_0 * 2.0 * x_3
        k3_bar_1 = np.zeros(2)                      # programs.py:180  x, v = s
        k3_bar_1[1] = v_bar
        k3_bar_1[0] -= x_bar
        state_bar_1 += k3_bar_1                     # programs.py:187  k4 = slope(state + dt * k3)
        k3_bar_1 *= dt
        k3_bar_1 += k3_bar
        v_bar = k3_bar_1[0]                         # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar_1 = k3_bar_1[1]
        product_bar_1 = difference_bar_1 * v_2
        v_bar += difference_bar_1 * (params_0 * difference_2)
        x_bar = difference_bar_1 * params_1 + product_bar_1 * params_0 * 2.0 * x_2
        k2_bar = np.zeros(2)                        # programs.py:180  x, v = s
        k2_bar[1] = v_bar
        k2_bar[0] -= x_bar
        state_bar_1 += k2_bar                       # programs.py:186  k3 = slope(state + 0.5 * dt * k2)
        product = 0.5 * dt                          # programs.py:185  k2 = slope(state + 0.5 * dt * k1)
        k2_bar *= product                           # programs.py:186  k3 = slope(state + 0.5 * dt * k2)
        k2_bar += k3_bar
        v_bar = k2_bar[0]                           # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar_2 = k2_bar[1]
        product_bar_2 = difference_bar_2 * v_1
        v_bar += difference_bar_2 * (params_0 * difference_1)
        params_0_bar = product_bar * difference_3 + product_bar_1 * difference_2 + product_bar_2 * difference_1
        x_bar = difference_bar_2 * params_1 + product_bar_2 * params_0 * 2.0 * x_1
        k1_bar = np.zeros(2)                        # programs.py:180  x, v = s
        k1_bar[1] = v_bar
        k1_bar[0] -= x_bar
        state_bar_1 += k1_bar                       # programs.py:185  k2 = slope(state + 0.5 * dt * k1)
        k1_bar *= product
        k1_bar += k4_bar
        v_bar = k1_bar[0]                           # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar_3 = k1_bar[1]
        params_1_bar = difference_bar * x_3 + difference_bar_1 * x_2 + difference_bar_2 * x_1 + difference_bar_3 * x
        params_bar[1] -= params_1_bar
        product_bar = difference_bar_3 * v
        v_bar += difference_bar_3 * (params_0 * difference)
        x_bar = difference_bar_3 * params_1 + product_bar * params_0 * 2.0 * x
        params_bar[0] += params_0_bar + product_bar * difference
        state_bar_1[1] += v_bar                     # programs.py:180  x, v = s
        state_bar_1[0] -= x_bar
        state_bar = state_bar_1
    return state_bar, params_bar
