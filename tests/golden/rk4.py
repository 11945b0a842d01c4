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
        product = params_0 * (1 - x * x)
        params_1 = params[1]
        k1 = np.array([v, product * v - params_1 * x])
        product_4 = 0.5 * dt                        # programs.py:185
        total = state + product_4 * k1
        x = total[0]                                # programs.py:180
        v = total[1]
        product_1 = params_0 * (1 - x * x)          # programs.py:181
        k2 = np.array([v, product_1 * v - params_1 * x])
        total_1 = state + product_4 * k2            # programs.py:186
        x = total_1[0]                              # programs.py:180
        v = total_1[1]
        product_2 = params_0 * (1 - x * x)          # programs.py:181
        k3 = np.array([v, product_2 * v - params_1 * x])
        total_2 = state + dt * k3                   # programs.py:187
        x = total_2[0]                              # programs.py:180
        v = total_2[1]
        product_3 = params_0 * (1 - x * x)          # programs.py:181
        tape.append((state, product, total, product_1, total_1, product_2, total_2, product_3))
        k4 = np.array([v, product_3 * v - params_1 * x])
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)  # programs.py:188
    state_0 = state[0]                              # programs.py:189
    state[1]                                        # may raise
    # backward
    state_bar = np.zeros_like(state)                # programs.py:189  return state[0] ** 2 + state[1]
    state_bar[1] = 1.0
    state_bar[0] += 2 * state_0
    params_bar = np.zeros_like(params)              # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
    for _ in reversed(range(n_steps)):              # programs.py:183  for _ in range(n_steps):
        state, product, total, product_1, total_1, product_2, total_2, product_3 = tape.pop()
        state_bar_1 = state_bar.copy()              # programs.py:188  state = state + dt / 6 * (k1 + 2 * k2 + 2 * k ...
        k4_bar = state_bar * (dt / 6)
        k3_bar = k4_bar * 2
        v_bar = k4_bar[0]                           # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar = k4_bar[1]
        x = total_2[0]                              # programs.py:180  x, v = s
        params_1 = params[1]                        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        v = total_2[1]                              # programs.py:180  x, v = s
        product_bar = difference_bar * v            # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar += difference_bar * product_3
        params_0 = params[0]
        x_bar = difference_bar * params_1 + product_bar * params_0 * 2.0 * x
        k3_bar_1 = np.zeros(2)                      # programs.py:180  x, v = s
        k3_bar_1[1] = v_bar
        k3_bar_1[0] -= x_bar
        state_bar_1 += k3_bar_1                     # programs.py:187  k4 = slope(state + dt * k3)
        k3_bar_1 *= dt
        k3_bar_1 += k3_bar
        v_bar = k3_bar_1[0]                         # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar_1 = k3_bar_1[1]
        x_1 = total_1[0]                            # programs.py:180  x, v = s
        v = total_1[1]
        product_bar_1 = difference_bar_1 * v        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar += difference_bar_1 * product_2
        x_bar = difference_bar_1 * params_1 + product_bar_1 * params_0 * 2.0 * x_1
        k2_bar = np.zeros(2)                        # programs.py:180  x, v = s
        k2_bar[1] = v_bar
        k2_bar[0] -= x_bar
        state_bar_1 += k2_bar                       # programs.py:186  k3 = slope(state + 0.5 * dt * k2)
        product_4 = 0.5 * dt                        # programs.py:185  k2 = slope(state + 0.5 * dt * k1)
        k2_bar *= product_4                         # programs.py:186  k3 = slope(state + 0.5 * dt * k2)
        k2_bar += k3_bar
        v_bar = k2_bar[0]                           # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar_2 = k2_bar[1]
        x_2 = total[0]                              # programs.py:180  x, v = s
        v = total[1]
        product_bar_2 = difference_bar_2 * v        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar += difference_bar_2 * product_1
        params_0_bar = product_bar * (1 - x * x) + product_bar_1 * (1 - x_1 * x_1) + product_bar_2 * (1 - x_2 * x_2)
        x_bar = difference_bar_2 * params_1 + product_bar_2 * params_0 * 2.0 * x_2
        k1_bar = np.zeros(2)                        # programs.py:180  x, v = s
        k1_bar[1] = v_bar
        k1_bar[0] -= x_bar
        state_bar_1 += k1_bar                       # programs.py:185  k2 = slope(state + 0.5 * dt * k1)
        k1_bar *= product_4
        k1_bar += k4_bar
        v_bar = k1_bar[0]                           # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        difference_bar_3 = k1_bar[1]
        x_3 = state[0]                              # programs.py:180  x, v = s
        # programs.py:181  return np.array([v, params[0] * (1 - x * x) * v - params[1] * x])
        params_1_bar = difference_bar * x + difference_bar_1 * x_1 + difference_bar_2 * x_2 + difference_bar_3 * x_3
        params_bar[1] -= params_1_bar
        v = state[1]                                # programs.py:180  x, v = s
        product_bar = difference_bar_3 * v          # programs.py:181  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar += difference_bar_3 * product
        x_bar = difference_bar_3 * params_1 + product_bar * params_0 * 2.0 * x_3
        params_bar[0] += params_0_bar + product_bar * (1 - x_3 * x_3)
        state_bar_1[1] += v_bar                     # programs.py:180  x, v = s
        state_bar_1[0] -= x_bar
        state_bar = state_bar_1
    return state_bar, params_bar
