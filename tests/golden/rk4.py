import numpy as np


def rk4_grad(state, params, dt, n_steps):
    """Gradient of rk4 (programs.py:175) with respect to state, params."""
    # forward
    tape = []                                       # programs.py:179
    for _ in range(n_steps):                        # programs.py:181
        x = state[0]                                # programs.py:178
        v = state[1]
        t = params[0]                               # programs.py:179
        product = t * (1 - x * x)
        t_1 = params[1]
        k1 = np.array([v, product * v - t_1 * x])
        t_2 = 0.5 * dt                              # programs.py:183
        total = state + t_2 * k1
        x = total[0]                                # programs.py:178
        v = total[1]
        product_1 = t * (1 - x * x)                 # programs.py:179
        k2 = np.array([v, product_1 * v - t_1 * x])
        total_1 = state + t_2 * k2                  # programs.py:184
        x = total_1[0]                              # programs.py:178
        v = total_1[1]
        product_2 = t * (1 - x * x)                 # programs.py:179
        k3 = np.array([v, product_2 * v - t_1 * x])
        total_2 = state + dt * k3                   # programs.py:185
        x = total_2[0]                              # programs.py:178
        v = total_2[1]
        product_3 = t * (1 - x * x)                 # programs.py:179
        tape.append((state, total_2, product_3, total_1, product_2, total, product_1, product))
        k4 = np.array([v, product_3 * v - t_1 * x])
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)  # programs.py:186
    t = state[0]                                    # programs.py:187
    state[1]
    # backward
    state_bar = np.zeros_like(state)                # programs.py:187  return state[0] ** 2 + state[1]
    state_bar[1] = 1.0
    state_bar[0] += 2 * t
    params_bar = np.zeros_like(params)              # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
    for _ in reversed(range(n_steps)):              # programs.py:181  for _ in range(n_steps):
        state, total, product, total_1, product_1, total_2, product_2, product_3 = tape.pop()
        state_bar_1 = np.zeros_like(state)          # programs.py:186  state = state + dt / 6 * (k1 + 2 * k2 + 2 * k ...
        state_bar_1 += state_bar
        k4_bar = state_bar * (dt / 6)
        k3_bar = k4_bar * 2
        t = np.reshape(k4_bar, (2,))                # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar = t[0]
        t = t[1]
        x = total[0]                                # programs.py:178  x, v = s
        t_1 = params[1]                             # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        x_bar = t * t_1
        v = total[1]                                # programs.py:178  x, v = s
        t_2 = t * v                                 # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar += t * product
        t_3 = params[0]
        x_bar = t_2 * t_3 * -2.0 * x - x_bar
        k3_bar_1 = np.zeros(2)                      # programs.py:178  x, v = s
        k3_bar_1[1] = v_bar
        k3_bar_1[0] += x_bar
        state_bar_1 += k3_bar_1                     # programs.py:185  k4 = slope(state + dt * k3)
        k3_bar_1 *= dt
        k3_bar_1 += k3_bar
        v_bar = k3_bar_1[0]                         # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        t_4 = k3_bar_1[1]
        x_1 = total_1[0]                            # programs.py:178  x, v = s
        x_bar = t_4 * t_1                           # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        v = total_1[1]                              # programs.py:178  x, v = s
        t_5 = t_4 * v                               # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar += t_4 * product_1
        t_2 = t_2 * (1 - x * x) + t_5 * (1 - x_1 * x_1)
        x_bar = t_5 * t_3 * -2.0 * x_1 - x_bar
        k2_bar = np.zeros(2)                        # programs.py:178  x, v = s
        k2_bar[1] = v_bar
        k2_bar[0] += x_bar
        state_bar_1 += k2_bar                       # programs.py:184  k3 = slope(state + 0.5 * dt * k2)
        t_5 = 0.5 * dt                              # programs.py:183  k2 = slope(state + 0.5 * dt * k1)
        k2_bar *= t_5                               # programs.py:184  k3 = slope(state + 0.5 * dt * k2)
        k2_bar += k3_bar
        v_bar = k2_bar[0]                           # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        t_6 = k2_bar[1]
        x_2 = total_2[0]                            # programs.py:178  x, v = s
        x_bar = t_6 * t_1                           # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        v = total_2[1]                              # programs.py:178  x, v = s
        t_7 = t_6 * v                               # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar += t_6 * product_2
        x_bar = t_7 * t_3 * -2.0 * x_2 - x_bar
        k1_bar = np.zeros(2)                        # programs.py:178  x, v = s
        k1_bar[1] = v_bar
        k1_bar[0] += x_bar
        state_bar_1 += k1_bar                       # programs.py:183  k2 = slope(state + 0.5 * dt * k1)
        k1_bar *= t_5
        k1_bar += k4_bar
        v_bar = k1_bar[0]                           # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        t_5 = k1_bar[1]
        x_3 = state[0]                              # programs.py:178  x, v = s
        t = t_5 * x_3 + (t_6 * x_2 + (t_4 * x_1 + t * x))  # programs.py:179  return np.array([v, params[0] * (1 - x ...
        x_bar = t_5 * t_1
        params_bar[1] -= t
        v = state[1]                                # programs.py:178  x, v = s
        t = t_5 * v                                 # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar += t_5 * product_3
        t_1 = t_2 + t_7 * (1 - x_2 * x_2) + t * (1 - x_3 * x_3)
        x_bar = t * t_3 * -2.0 * x_3 - x_bar
        params_bar[0] += t_1
        state_bar_1[1] += v_bar                     # programs.py:178  x, v = s
        state_bar_1[0] += x_bar
        state_bar = state_bar_1
    return state_bar, params_bar
