import numpy as np
from srcgrad.runtime import add_into
from srcgrad.runtime import copied
from srcgrad.runtime import expanded
from srcgrad.runtime import unbroadcast
from srcgrad.runtime import zeros_like


def _nested(g, sequence_0, sequence_1):
    t = []                                          # programs.py:179
    t.append(_nested_1(g[0], sequence_0))
    t.append(_nested_1(g[1], sequence_1))
    return t


def _nested_1(g, sequence):
    if isinstance(sequence, (list, tuple)):         # programs.py:179
        result = []
        for k in range(len(sequence)):
            result.append(_nested_1(g[k], sequence[k]))
    else:
        result = g
    return result


def rk4_grad(state, params, dt, n_steps):
    """Gradient of rk4 (programs.py:175) with respect to state, params."""
    # forward
    tape = []                                       # programs.py:179
    state_1 = state
    for _ in range(n_steps):                        # programs.py:181
        x = state_1[0]                              # programs.py:178
        v = state_1[1]
        params_i = params[0]                        # programs.py:179
        product = x * x
        difference = 1 - product
        product_1 = params_i * difference
        product_2 = product_1 * v
        params_i_1 = params[1]
        product_3 = params_i_1 * x
        difference_1 = product_2 - product_3
        k1 = np.array([v, difference_1])
        product_4 = 0.5 * dt                        # programs.py:183
        product_5 = product_4 * k1
        total = state_1 + product_5
        x_1 = total[0]                              # programs.py:178
        v_1 = total[1]
        params_i_2 = params[0]                      # programs.py:179
        product_6 = x_1 * x_1
        difference_2 = 1 - product_6
        product_7 = params_i_2 * difference_2
        product_8 = product_7 * v_1
        params_i_3 = params[1]
        product_9 = params_i_3 * x_1
        difference_3 = product_8 - product_9
        k2 = np.array([v_1, difference_3])
        product_10 = 0.5 * dt                       # programs.py:184
        product_11 = product_10 * k2
        total_1 = state_1 + product_11
        x_2 = total_1[0]                            # programs.py:178
        v_2 = total_1[1]
        params_i_4 = params[0]                      # programs.py:179
        product_12 = x_2 * x_2
        difference_4 = 1 - product_12
        product_13 = params_i_4 * difference_4
        product_14 = product_13 * v_2
        params_i_5 = params[1]
        product_15 = params_i_5 * x_2
        difference_5 = product_14 - product_15
        k3 = np.array([v_2, difference_5])
        product_16 = dt * k3                        # programs.py:185
        total_2 = state_1 + product_16
        x_3 = total_2[0]                            # programs.py:178
        v_3 = total_2[1]
        params_i_6 = params[0]                      # programs.py:179
        product_17 = x_3 * x_3
        difference_6 = 1 - product_17
        product_18 = params_i_6 * difference_6
        product_19 = product_18 * v_3
        params_i_7 = params[1]
        product_20 = params_i_7 * x_3
        difference_7 = product_19 - product_20
        k4 = np.array([v_3, difference_7])
        ratio = dt / 6                              # programs.py:186
        product_21 = 2 * k2
        total_3 = k1 + product_21
        product_22 = 2 * k3
        total_4 = total_3 + product_22
        total_5 = total_4 + k4
        product_23 = ratio * total_5
        state_2 = state_1 + product_23
        tape.append((state_1, ratio, state_2, product_23, total_5, total_4, k4, total_3, product_22, k3, k1, product_21, k2, v_3, difference_7, product_19, product_20, x_3, params_i_7, product_18, difference_6, params_i_6, product_17, total_2, product_16, v_2, difference_5, product_14, product_15, x_2, params_i_5, product_13, difference_4, params_i_4, product_12, total_1, product_11, product_10, v_1, difference_3, product_8, product_9, x_1, params_i_3, product_7, difference_2, params_i_2, product_6, total, product_5, product_4, v, difference_1, product_2, product_3, x, params_i_1, product_1, difference, params_i, product))  # programs.py:179
        state_1 = state_2
    t = state_1[0]                                  # programs.py:187
    t_1 = t ** 2
    t_2 = state_1[1]
    t_3 = t_1 + t_2
    # backward
    t_4 = unbroadcast(expanded(1.0, t_3), t_1)      # programs.py:187  return state[0] ** 2 + state[1]
    t_2 = expanded(unbroadcast(expanded(1.0, t_3), t_2), t_2)
    state_bar = zeros_like(state_1)
    state_bar[1] += t_2
    t = expanded(unbroadcast(expanded(t_4 * (2 * t), t_1), t), t)
    state_bar[0] += t
    state_bar = expanded(state_bar, state_1)        # programs.py:181  for _ in range(n_steps):
    params_bar = zeros_like(params)                 # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
    for _ in reversed(range(n_steps)):              # programs.py:181  for _ in range(n_steps):
        state_1, ratio, state_2, product, total, total_1, k4, total_2, product_1, k3, k1, product_2, k2, v, difference, product_3, product_4, x, params_i, product_5, difference_1, params_i_1, product_6, total_3, product_7, v_1, difference_2, product_8, product_9, x_1, params_i_2, product_10, difference_3, params_i_3, product_11, total_4, product_12, product_13, v_2, difference_4, product_14, product_15, x_2, params_i_4, product_16, difference_5, params_i_5, product_17, total_5, product_18, product_19, v_3, difference_6, product_20, product_21, x_3, params_i_6, product_22, difference_7, params_i_7, product_23 = tape.pop()
        t = unbroadcast(expanded(state_bar, state_2), state_1)  # programs.py:186  state = state + dt / 6 * (k1 + 2 ...
        state_bar_1 = zeros_like(state_1)
        add_into(state_bar_1, t)
        t = unbroadcast(expanded(unbroadcast(expanded(state_bar, state_2), product) * ratio, product), total)
        t_1 = unbroadcast(expanded(t, total), total_1)
        k4_bar = unbroadcast(expanded(t, total), k4)
        t = unbroadcast(expanded(t_1, total_1), total_2)
        k3_bar = unbroadcast(expanded(unbroadcast(expanded(t_1, total_1), product_1) * 2, product_1), k3)
        k1_bar = unbroadcast(expanded(t, total_2), k1)
        k2_bar = unbroadcast(expanded(unbroadcast(expanded(t, total_2), product_2) * 2, product_2), k2)
        t = _nested(np.reshape(expanded(k4_bar, k4), np.shape([v, difference])), v, difference)  # programs.py:179
        t_1 = t[0]
        v_bar = unbroadcast(t_1, v)
        t = unbroadcast(t[1], difference)
        t_1 = unbroadcast(expanded(t, difference), product_3)
        t = unbroadcast(expanded(-t, difference), product_4)
        t_2 = unbroadcast(expanded(t * x, product_4), params_i)
        x_bar = unbroadcast(expanded(t * params_i, product_4), x)
        t = expanded(t_2, params_i)
        params_bar[1] += t
        t = unbroadcast(expanded(t_1 * v, product_3), product_5)
        v_bar = v_bar + unbroadcast(expanded(t_1 * product_5, product_3), v)
        t_1 = unbroadcast(expanded(t * difference_1, product_5), params_i_1)
        t = unbroadcast(expanded(-unbroadcast(expanded(t * params_i_1, product_5), difference_1), difference_1), product_6) * 2.0 * x
        x_bar = x_bar + unbroadcast(expanded(t, product_6), x)
        t = expanded(t_1, params_i_1)
        params_bar[0] += t
        t = expanded(v_bar, v)                      # programs.py:178  x, v = s
        t_1 = zeros_like(total_3)
        t_1[1] += t
        t = expanded(x_bar, x)
        t_1[0] += t
        add_into(state_bar_1, unbroadcast(expanded(t_1, total_3), state_1))  # programs.py:185  k4 = slope(state + d ...
        k3_bar = k3_bar + unbroadcast(expanded(unbroadcast(expanded(t_1, total_3), product_7) * dt, product_7), k3)
        t = _nested(np.reshape(expanded(k3_bar, k3), np.shape([v_1, difference_2])), v_1, difference_2)  # programs.py:179
        t_1 = t[0]
        v_bar = unbroadcast(t_1, v_1)
        t = unbroadcast(t[1], difference_2)
        t_1 = unbroadcast(expanded(t, difference_2), product_8)
        t = unbroadcast(expanded(-t, difference_2), product_9)
        t_2 = unbroadcast(expanded(t * x_1, product_9), params_i_2)
        x_bar = unbroadcast(expanded(t * params_i_2, product_9), x_1)
        t = expanded(t_2, params_i_2)
        params_bar[1] += t
        t = unbroadcast(expanded(t_1 * v_1, product_8), product_10)
        v_bar = v_bar + unbroadcast(expanded(t_1 * product_10, product_8), v_1)
        t_1 = unbroadcast(expanded(t * difference_3, product_10), params_i_3)
        t = unbroadcast(expanded(-unbroadcast(expanded(t * params_i_3, product_10), difference_3), difference_3), product_11) * 2.0 * x_1
        x_bar = x_bar + unbroadcast(expanded(t, product_11), x_1)
        t = expanded(t_1, params_i_3)
        params_bar[0] += t
        t = expanded(v_bar, v_1)                    # programs.py:178  x, v = s
        t_1 = zeros_like(total_4)
        t_1[1] += t
        t = expanded(x_bar, x_1)
        t_1[0] += t
        add_into(state_bar_1, unbroadcast(expanded(t_1, total_4), state_1))  # programs.py:184  k3 = slope(state + 0 ...
        k2_bar = k2_bar + unbroadcast(expanded(unbroadcast(expanded(t_1, total_4), product_12) * product_13, product_12), k2)
        t = _nested(np.reshape(expanded(k2_bar, k2), np.shape([v_2, difference_4])), v_2, difference_4)  # programs.py:179
        t_1 = t[0]
        v_bar = unbroadcast(t_1, v_2)
        t = unbroadcast(t[1], difference_4)
        t_1 = unbroadcast(expanded(t, difference_4), product_14)
        t = unbroadcast(expanded(-t, difference_4), product_15)
        t_2 = unbroadcast(expanded(t * x_2, product_15), params_i_4)
        x_bar = unbroadcast(expanded(t * params_i_4, product_15), x_2)
        t = expanded(t_2, params_i_4)
        params_bar[1] += t
        t = unbroadcast(expanded(t_1 * v_2, product_14), product_16)
        v_bar = v_bar + unbroadcast(expanded(t_1 * product_16, product_14), v_2)
        t_1 = unbroadcast(expanded(t * difference_5, product_16), params_i_5)
        t = unbroadcast(expanded(-unbroadcast(expanded(t * params_i_5, product_16), difference_5), difference_5), product_17) * 2.0 * x_2
        x_bar = x_bar + unbroadcast(expanded(t, product_17), x_2)
        t = expanded(t_1, params_i_5)
        params_bar[0] += t
        t = expanded(v_bar, v_2)                    # programs.py:178  x, v = s
        t_1 = zeros_like(total_5)
        t_1[1] += t
        t = expanded(x_bar, x_2)
        t_1[0] += t
        add_into(state_bar_1, unbroadcast(expanded(t_1, total_5), state_1))  # programs.py:183  k2 = slope(state + 0 ...
        k1_bar = k1_bar + unbroadcast(expanded(unbroadcast(expanded(t_1, total_5), product_18) * product_19, product_18), k1)
        t = _nested(np.reshape(expanded(k1_bar, k1), np.shape([v_3, difference_6])), v_3, difference_6)  # programs.py:179
        t_1 = t[0]
        v_bar = unbroadcast(t_1, v_3)
        t = unbroadcast(t[1], difference_6)
        t_1 = unbroadcast(expanded(t, difference_6), product_20)
        t = unbroadcast(expanded(-t, difference_6), product_21)
        t_2 = unbroadcast(expanded(t * x_3, product_21), params_i_6)
        x_bar = unbroadcast(expanded(t * params_i_6, product_21), x_3)
        t = expanded(t_2, params_i_6)
        params_bar[1] += t
        t = unbroadcast(expanded(t_1 * v_3, product_20), product_22)
        v_bar = v_bar + unbroadcast(expanded(t_1 * product_22, product_20), v_3)
        t_1 = unbroadcast(expanded(t * difference_7, product_22), params_i_7)
        t = unbroadcast(expanded(-unbroadcast(expanded(t * params_i_7, product_22), difference_7), difference_7), product_23) * 2.0 * x_3
        x_bar = x_bar + unbroadcast(expanded(t, product_23), x_3)
        t = expanded(t_1, params_i_7)
        params_bar[0] += t
        t = expanded(v_bar, v_3)                    # programs.py:178  x, v = s
        state_bar_1[1] += t
        t = expanded(x_bar, x_3)
        state_bar_1[0] += t
        state_bar = expanded(state_bar_1, state_1)
    t = expanded(state_bar, state)
    t_1 = expanded(params_bar, params)
    return copied(t), copied(t_1)
