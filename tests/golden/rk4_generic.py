import numpy as np
from srcgrad.runtime import add_into
from srcgrad.runtime import add_to_item
from srcgrad.runtime import expanded
from srcgrad.runtime import like
from srcgrad.runtime import unbroadcast
from srcgrad.runtime import zeros_like


def rk4_grad(state, params, dt, n_steps):
    """Gradient of rk4 (programs.py:175) with respect to state, params."""
    # forward
    tape = []                                       # programs.py:179
    state_1 = state
    for _ in range(n_steps):                        # programs.py:181
        x = state_1[0]                              # programs.py:178
        v = state_1[1]
        t = params[0]                               # programs.py:179
        product = t * (1 - x * x)
        t_1 = params[1]
        difference = product * v - t_1 * x
        k1 = np.array([v, difference])
        t_2 = 0.5 * dt                              # programs.py:183
        t_3 = state_1 + t_2 * k1
        x = t_3[0]                                  # programs.py:178
        v = t_3[1]
        product_1 = t * (1 - x * x)                 # programs.py:179
        difference_1 = product_1 * v - t_1 * x
        k2 = np.array([v, difference_1])
        total = state_1 + t_2 * k2                  # programs.py:184
        x = total[0]                                # programs.py:178
        v = total[1]
        product_2 = t * (1 - x * x)                 # programs.py:179
        difference_2 = product_2 * v - t_1 * x
        k3 = np.array([v, difference_2])
        t_2 = state_1 + dt * k3                     # programs.py:185
        x_1 = t_2[0]                                # programs.py:178
        v_1 = t_2[1]
        product_3 = t * (1 - x_1 * x_1)             # programs.py:179
        difference_3 = product_3 * v_1 - t_1 * x_1
        k4 = np.array([v_1, difference_3])
        ratio = dt / 6                              # programs.py:186
        tape.append((state_1, ratio, k4, k3, k1, k2, difference_3, product_3, v, difference_2, x, product_2, total, difference_1, product_1, difference, product))  # programs.py:179
        state_1 = state_1 + ratio * (k1 + 2 * k2 + 2 * k3 + k4)  # programs.py:186
    t = state_1[0]                                  # programs.py:187
    state_1[1]
    # backward
    state_bar = zeros_like(state_1)                 # programs.py:187  return state[0] ** 2 + state[1]
    state_bar[1] += 1.0
    state_bar[0] += 2 * t
    params_bar = zeros_like(params)                 # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
    for _ in reversed(range(n_steps)):              # programs.py:181  for _ in range(n_steps):
        state_1, ratio, k4, k3, k1, k2, difference, product, v, difference_1, x, product_1, total, difference_2, product_2, difference_3, product_3 = tape.pop()
        t = unbroadcast(state_bar, state_1)         # programs.py:186  state = state + dt / 6 * (k1 + 2 * k2 + 2 * k ...
        state_bar_1 = zeros_like(state_1)
        add_into(state_bar_1, t)
        t = state_bar * ratio
        k4_bar = unbroadcast(t, k4)
        t_1 = t * 2
        k3_bar = unbroadcast(t_1, k3)
        k1_bar = unbroadcast(t, k1)
        k2_bar = unbroadcast(t_1, k2)
        t = state_1 + dt * k3                       # programs.py:185  k4 = slope(state + dt * k3)
        v_1 = t[1]                                  # programs.py:178  x, v = s
        t_1 = np.reshape(k4_bar, np.shape([v_1, difference]))  # programs.py:179  return np.array([v, params[0] * (1 ...
        t_2 = t_1[0]
        v_bar = unbroadcast(t_2, v_1)
        t_1 = unbroadcast(t_1[1], difference)
        t_2 = -t_1
        x_1 = t[0]                                  # programs.py:178  x, v = s
        t_3 = params[1]                             # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        t_4 = unbroadcast(t_2 * x_1, t_3)
        x_bar = unbroadcast(expanded(t_2 * t_3, t_2), x_1)
        t_2 = t_1 * v_1
        v_bar = v_bar + unbroadcast(t_1 * product, v_1)
        t_1 = 1 - x_1 * x_1
        t_5 = params[0]
        t_6 = unbroadcast(t_2 * t_1, t_5)
        x_bar = x_bar + -unbroadcast(expanded(t_2 * t_5, t_2), t_1) * 2.0 * x_1
        t = zeros_like(t)                           # programs.py:178  x, v = s
        add_to_item(t, 1, v_bar)
        t[0] += x_bar
        add_into(state_bar_1, unbroadcast(t, state_1))  # programs.py:185  k4 = slope(state + dt * k3)
        k3_bar = k3_bar + unbroadcast(t * dt, k3)
        t = np.reshape(k3_bar, np.shape([v, difference_1]))  # programs.py:179  return np.array([v, params[0] * (1 - ...
        t_1 = t[0]
        v_bar = unbroadcast(t_1, v)
        t = unbroadcast(t[1], difference_1)
        t_1 = -t
        t_2 = t_4 + unbroadcast(t_1 * x, t_3)
        x_bar = unbroadcast(expanded(t_1 * t_3, t_1), x)
        t_1 = t * v
        v_bar = v_bar + unbroadcast(t * product_1, v)
        t = 1 - x * x
        t_4 = t_6 + unbroadcast(t_1 * t, t_5)
        x_bar = x_bar + -unbroadcast(expanded(t_1 * t_5, t_1), t) * 2.0 * x
        t = zeros_like(total)                       # programs.py:178  x, v = s
        add_to_item(t, 1, v_bar)
        t[0] += x_bar
        add_into(state_bar_1, unbroadcast(t, state_1))  # programs.py:184  k3 = slope(state + 0.5 * dt * k2)
        t_1 = 0.5 * dt                              # programs.py:183  k2 = slope(state + 0.5 * dt * k1)
        k2_bar = k2_bar + unbroadcast(t * t_1, k2)  # programs.py:184  k3 = slope(state + 0.5 * dt * k2)
        t = state_1 + t_1 * k1                      # programs.py:183  k2 = slope(state + 0.5 * dt * k1)
        v = t[1]                                    # programs.py:178  x, v = s
        t_6 = np.reshape(k2_bar, np.shape([v, difference_2]))  # programs.py:179  return np.array([v, params[0] * (1 ...
        t_7 = t_6[0]
        v_bar = unbroadcast(t_7, v)
        t_6 = unbroadcast(t_6[1], difference_2)
        t_7 = -t_6
        x = t[0]                                    # programs.py:178  x, v = s
        t_2 = t_2 + unbroadcast(t_7 * x, t_3)       # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        x_bar = unbroadcast(expanded(t_7 * t_3, t_7), x)
        t_7 = t_6 * v
        v_bar = v_bar + unbroadcast(t_6 * product_2, v)
        t_6 = 1 - x * x
        t_4 = t_4 + unbroadcast(t_7 * t_6, t_5)
        x_bar = x_bar + -unbroadcast(expanded(t_7 * t_5, t_7), t_6) * 2.0 * x
        t = zeros_like(t)                           # programs.py:178  x, v = s
        add_to_item(t, 1, v_bar)
        t[0] += x_bar
        add_into(state_bar_1, unbroadcast(t, state_1))  # programs.py:183  k2 = slope(state + 0.5 * dt * k1)
        k1_bar = k1_bar + unbroadcast(t * t_1, k1)
        v = state_1[1]                              # programs.py:178  x, v = s
        t = np.reshape(k1_bar, np.shape([v, difference_3]))  # programs.py:179  return np.array([v, params[0] * (1 - ...
        t_1 = t[0]
        v_bar = unbroadcast(t_1, v)
        t = unbroadcast(t[1], difference_3)
        t_1 = -t
        x = state_1[0]                              # programs.py:178  x, v = s
        x_bar = unbroadcast(t_1 * t_3, x)           # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
        params_bar[1] += t_2 + unbroadcast(t_1 * x, t_3)
        t_1 = t * v
        v_bar = v_bar + unbroadcast(t * product_3, v)
        x_bar = x_bar + unbroadcast(-(t_1 * t_5) * 2.0 * x, x)
        params_bar[0] += t_4 + unbroadcast(t_1 * (1 - x * x), t_5)
        add_to_item(state_bar_1, 1, v_bar)          # programs.py:178  x, v = s
        state_bar_1[0] += x_bar
        state_bar = state_bar_1
    return like(state_bar, state), like(params_bar, params)
