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
        t_3 = state + t_2 * k1
        x = t_3[0]                                  # programs.py:178
        v = t_3[1]
        product_1 = t * (1 - x * x)                 # programs.py:179
        k2 = np.array([v, product_1 * v - t_1 * x])
        t_2 = state + t_2 * k2                      # programs.py:184
        x_1 = t_2[0]                                # programs.py:178
        v_1 = t_2[1]
        product_2 = t * (1 - x_1 * x_1)             # programs.py:179
        k3 = np.array([v_1, product_2 * v_1 - t_1 * x_1])
        t_2 = state + dt * k3                       # programs.py:185
        x_2 = t_2[0]                                # programs.py:178
        v_2 = t_2[1]
        product_3 = t * (1 - x_2 * x_2)             # programs.py:179
        tape.append((state, x_2, v_2, product_3, k3, x_1, v_1, product_2, k2, x, v, product_1, k1, product))
        k4 = np.array([v_2, product_3 * v_2 - t_1 * x_2])
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)  # programs.py:186
    t = state[0]                                    # programs.py:187
    state[1]
    # backward
    state_bar = np.zeros_like(state)                # programs.py:187  return state[0] ** 2 + state[1]
    state_bar[1] += 1.0
    state_bar[0] += 2 * t
    params_bar = np.zeros_like(params)              # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
    for _ in reversed(range(n_steps)):              # programs.py:181  for _ in range(n_steps):
        state, x, v, product, k3, x_1, v_1, product_1, k2, x_2, v_2, product_2, k1, product_3 = tape.pop()
        state_bar_1 = np.zeros_like(state)          # programs.py:186  state = state + dt / 6 * (k1 + 2 * k2 + 2 * k ...
        state_bar_1 += state_bar
        k4_bar = state_bar * (dt / 6)
        k3_bar = k4_bar * 2
        t = np.reshape(k4_bar, (2,))                # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar = t[0]
        t = t[1]
        t_1 = -t
        t_2 = params[1]
        x_bar = t_1 * t_2
        t_3 = t * v
        v_bar += t * product
        t = params[0]
        x_bar += t_3 * t * -2.0 * x
        k3_bar_1 = np.zeros_like(k3)                # programs.py:178  x, v = s
        k3_bar_1[1] += v_bar
        k3_bar_1[0] += x_bar
        state_bar_1 += k3_bar_1                     # programs.py:185  k4 = slope(state + dt * k3)
        k3_bar_1 *= dt
        k3_bar_1 += k3_bar
        v_bar = k3_bar_1[0]                         # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        t_4 = k3_bar_1[1]
        t_5 = -t_4
        x_bar = t_5 * t_2
        t_6 = t_4 * v_1
        v_bar += t_4 * product_1
        t_3 = t_3 * (1 - x * x) + t_6 * (1 - x_1 * x_1)
        x_bar += t_6 * t * -2.0 * x_1
        t_4 = np.zeros_like(k2)                     # programs.py:178  x, v = s
        t_4[1] += v_bar
        t_4[0] += x_bar
        state_bar_1 += t_4                          # programs.py:184  k3 = slope(state + 0.5 * dt * k2)
        t_6 = 0.5 * dt                              # programs.py:183  k2 = slope(state + 0.5 * dt * k1)
        t_4 *= t_6                                  # programs.py:184  k3 = slope(state + 0.5 * dt * k2)
        k3_bar += t_4
        k2_bar = k3_bar
        v_bar = k2_bar[0]                           # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        t_4 = k2_bar[1]
        t_7 = -t_4
        x_bar = t_7 * t_2
        t_8 = t_4 * v_2
        v_bar += t_4 * product_2
        x_bar += t_8 * t * -2.0 * x_2
        k1_bar = np.zeros_like(k1)                  # programs.py:178  x, v = s
        k1_bar[1] += v_bar
        k1_bar[0] += x_bar
        state_bar_1 += k1_bar                       # programs.py:183  k2 = slope(state + 0.5 * dt * k1)
        k1_bar *= t_6
        k1_bar += k4_bar
        v_bar = k1_bar[0]                           # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        t_4 = k1_bar[1]
        t_6 = -t_4
        x_3 = state[0]                              # programs.py:178  x, v = s
        t_1 = t_1 * x + t_5 * x_1 + t_7 * x_2 + t_6 * x_3  # programs.py:179  return np.array([v, params[0] * (1 - x ...
        x_bar = t_6 * t_2
        params_bar[1] += t_1
        v = state[1]                                # programs.py:178  x, v = s
        t_1 = t_4 * v                               # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        v_bar += t_4 * product_3
        t_2 = t_3 + t_8 * (1 - x_2 * x_2) + t_1 * (1 - x_3 * x_3)
        x_bar += t_1 * t * -2.0 * x_3
        params_bar[0] += t_2
        state_bar_1[1] += v_bar                     # programs.py:178  x, v = s
        state_bar_1[0] += x_bar
        state_bar = state_bar_1
    return state_bar, params_bar
