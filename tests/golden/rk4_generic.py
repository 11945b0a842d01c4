import numpy as np
from srcgrad.runtime import add_into, copied, expanded, unbroadcast, zeros_like


def _nested(g, sequence_0, sequence_1):
    items = []                                      # programs.py:179
    items.append(_nested_1(g[0], sequence_0))
    items.append(_nested_1(g[1], sequence_1))
    return items


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
    tape = []                                       # programs.py:186
    state_2 = state
    for _ in range(n_steps):                        # programs.py:181
        x = state_2[0]                              # programs.py:178
        v = state_2[1]
        params_0 = params[0]                        # programs.py:179
        product = x * x
        difference = 1 - product
        product_1 = params_0 * difference
        product_2 = product_1 * v
        params_1 = params[1]
        product_3 = params_1 * x
        difference_1 = product_2 - product_3
        k1 = np.array([v, difference_1])
        product_4 = 0.5 * dt                        # programs.py:183
        product_5 = product_4 * k1
        total = state_2 + product_5
        x_1 = total[0]                              # programs.py:178
        v_1 = total[1]
        params_0_1 = params[0]                      # programs.py:179
        product_6 = x_1 * x_1
        difference_2 = 1 - product_6
        product_7 = params_0_1 * difference_2
        product_8 = product_7 * v_1
        params_1_1 = params[1]
        product_9 = params_1_1 * x_1
        difference_3 = product_8 - product_9
        k2 = np.array([v_1, difference_3])
        product_10 = 0.5 * dt                       # programs.py:184
        product_11 = product_10 * k2
        total_1 = state_2 + product_11
        x_2 = total_1[0]                            # programs.py:178
        v_2 = total_1[1]
        params_0_2 = params[0]                      # programs.py:179
        product_12 = x_2 * x_2
        difference_4 = 1 - product_12
        product_13 = params_0_2 * difference_4
        product_14 = product_13 * v_2
        params_1_2 = params[1]
        product_15 = params_1_2 * x_2
        difference_5 = product_14 - product_15
        k3 = np.array([v_2, difference_5])
        product_16 = dt * k3                        # programs.py:185
        total_2 = state_2 + product_16
        x_3 = total_2[0]                            # programs.py:178
        v_3 = total_2[1]
        params_0_3 = params[0]                      # programs.py:179
        product_17 = x_3 * x_3
        difference_6 = 1 - product_17
        product_18 = params_0_3 * difference_6
        product_19 = product_18 * v_3
        params_1_3 = params[1]
        product_20 = params_1_3 * x_3
        difference_7 = product_19 - product_20
        k4 = np.array([v_3, difference_7])
        ratio = dt / 6                              # programs.py:186
        product_21 = 2 * k2
        total_3 = k1 + product_21
        product_22 = 2 * k3
        total_4 = total_3 + product_22
        total_5 = total_4 + k4
        product_23 = ratio * total_5
        state_3 = state_2 + product_23
        tape.append((
            state_2, x, v, params_0, product, difference, product_1, product_2, params_1, product_3, difference_1, k1,
            product_4, product_5, total, x_1, v_1, params_0_1, product_6, difference_2, product_7, product_8,
            params_1_1, product_9, difference_3, k2, product_10, product_11, total_1, x_2, v_2, params_0_2, product_12,
            difference_4, product_13, product_14, params_1_2, product_15, difference_5, k3, product_16, total_2, x_3,
            v_3, params_0_3, product_17, difference_6, product_18, product_19, params_1_3, product_20, difference_7, k4,
            ratio, product_21, total_3, product_22, total_4, total_5, product_23, state_3
        ))
        state_2 = state_3
    state_0 = state_2[0]                            # programs.py:187
    state_0_squared = state_0 ** 2
    state_1 = state_2[1]
    total_6 = state_0_squared + state_1
    # backward
    state_0_squared_bar = unbroadcast(expanded(1.0, total_6), state_0_squared)  # programs.py:187
    state_1_bar = expanded(unbroadcast(expanded(1.0, total_6), state_1), state_1)
    state_bar = zeros_like(state_2)
    state_bar[1] += state_1_bar
    state_0_bar = unbroadcast(expanded(state_0_squared_bar * (2 * state_0), state_0_squared), state_0)
    state_0_bar = expanded(state_0_bar, state_0)
    state_bar[0] += state_0_bar
    state_bar = expanded(state_bar, state_2)        # programs.py:181  for _ in range(n_steps):
    params_bar = zeros_like(params)                 # programs.py:179  return np.array([v, params[0] * (1 - x * x) * ...
    for _ in reversed(range(n_steps)):              # programs.py:181  for _ in range(n_steps):
        (
            state_2, x, v, params_0, product, difference, product_1, product_2, params_1, product_3, difference_1, k1,
            product_4, product_5, total, x_1, v_1, params_0_1, product_6, difference_2, product_7, product_8,
            params_1_1, product_9, difference_3, k2, product_10, product_11, total_1, x_2, v_2, params_0_2, product_12,
            difference_4, product_13, product_14, params_1_2, product_15, difference_5, k3, product_16, total_2, x_3,
            v_3, params_0_3, product_17, difference_6, product_18, product_19, params_1_3, product_20, difference_7, k4,
            ratio, product_21, total_3, product_22, total_4, total_5, product_23, state_3
        ) = tape.pop()
        reduced = unbroadcast(expanded(state_bar, state_3), state_2)  # programs.py:186  state = state + dt / 6 * (k ...
        state_bar_1 = zeros_like(state_2)
        add_into(state_bar_1, reduced)
        product_24 = unbroadcast(expanded(state_bar, state_3), product_23) * ratio
        total_bar = unbroadcast(expanded(product_24, product_23), total_5)
        total_bar_1 = unbroadcast(expanded(total_bar, total_5), total_4)
        k4_bar = unbroadcast(expanded(total_bar, total_5), k4)
        total_bar = unbroadcast(expanded(total_bar_1, total_4), total_3)
        product_24 = unbroadcast(expanded(total_bar_1, total_4), product_22) * 2
        k3_bar = unbroadcast(expanded(product_24, product_22), k3)
        k1_bar = unbroadcast(expanded(total_bar, total_3), k1)
        product_24 = unbroadcast(expanded(total_bar, total_3), product_21) * 2
        k2_bar = unbroadcast(expanded(product_24, product_21), k2)
        # programs.py:179  return np.array([v, params[0] * (1 - x * x) * v - params[1] * x])
        _nested_value = _nested(np.reshape(expanded(k4_bar, k4), np.shape([v_3, difference_7])), v_3, difference_7)
        item = _nested_value[0]
        v_bar = unbroadcast(item, v_3)
        difference_bar = unbroadcast(_nested_value[1], difference_7)
        product_bar = unbroadcast(expanded(difference_bar, difference_7), product_19)
        product_bar_1 = unbroadcast(expanded(-difference_bar, difference_7), product_20)
        params_1_bar = unbroadcast(expanded(product_bar_1 * x_3, product_20), params_1_3)
        x_bar = unbroadcast(expanded(product_bar_1 * params_1_3, product_20), x_3)
        params_1_bar = expanded(params_1_bar, params_1_3)
        params_bar[1] += params_1_bar
        product_bar_1 = unbroadcast(expanded(product_bar * v_3, product_19), product_18)
        v_bar = v_bar + unbroadcast(expanded(product_bar * product_18, product_19), v_3)
        params_0_bar = unbroadcast(expanded(product_bar_1 * difference_6, product_18), params_0_3)
        negated = -unbroadcast(expanded(product_bar_1 * params_0_3, product_18), difference_6)
        product_24 = unbroadcast(expanded(negated, difference_6), product_17) * 2.0 * x_3
        x_bar = x_bar + unbroadcast(expanded(product_24, product_17), x_3)
        params_0_bar = expanded(params_0_bar, params_0_3)
        params_bar[0] += params_0_bar
        v_bar_1 = expanded(v_bar, v_3)              # programs.py:178  x, v = s
        total_bar = zeros_like(total_2)
        total_bar[1] += v_bar_1
        x_bar_1 = expanded(x_bar, x_3)
        total_bar[0] += x_bar_1
        add_into(state_bar_1, unbroadcast(expanded(total_bar, total_2), state_2))  # programs.py:185
        product_24 = unbroadcast(expanded(total_bar, total_2), product_16) * dt
        k3_bar = k3_bar + unbroadcast(expanded(product_24, product_16), k3)
        # programs.py:179  return np.array([v, params[0] * (1 - x * x) * v - params[1] * x])
        _nested_value = _nested(np.reshape(expanded(k3_bar, k3), np.shape([v_2, difference_5])), v_2, difference_5)
        item = _nested_value[0]
        v_bar = unbroadcast(item, v_2)
        difference_bar = unbroadcast(_nested_value[1], difference_5)
        product_bar = unbroadcast(expanded(difference_bar, difference_5), product_14)
        product_bar_1 = unbroadcast(expanded(-difference_bar, difference_5), product_15)
        params_1_bar = unbroadcast(expanded(product_bar_1 * x_2, product_15), params_1_2)
        x_bar = unbroadcast(expanded(product_bar_1 * params_1_2, product_15), x_2)
        params_1_bar = expanded(params_1_bar, params_1_2)
        params_bar[1] += params_1_bar
        product_bar_1 = unbroadcast(expanded(product_bar * v_2, product_14), product_13)
        v_bar = v_bar + unbroadcast(expanded(product_bar * product_13, product_14), v_2)
        params_0_bar = unbroadcast(expanded(product_bar_1 * difference_4, product_13), params_0_2)
        negated = -unbroadcast(expanded(product_bar_1 * params_0_2, product_13), difference_4)
        product_24 = unbroadcast(expanded(negated, difference_4), product_12) * 2.0 * x_2
        x_bar = x_bar + unbroadcast(expanded(product_24, product_12), x_2)
        params_0_bar = expanded(params_0_bar, params_0_2)
        params_bar[0] += params_0_bar
        v_bar_1 = expanded(v_bar, v_2)              # programs.py:178  x, v = s
        total_bar = zeros_like(total_1)
        total_bar[1] += v_bar_1
        x_bar_1 = expanded(x_bar, x_2)
        total_bar[0] += x_bar_1
        add_into(state_bar_1, unbroadcast(expanded(total_bar, total_1), state_2))  # programs.py:184
        product_24 = unbroadcast(expanded(total_bar, total_1), product_11) * product_10
        k2_bar = k2_bar + unbroadcast(expanded(product_24, product_11), k2)
        # programs.py:179  return np.array([v, params[0] * (1 - x * x) * v - params[1] * x])
        _nested_value = _nested(np.reshape(expanded(k2_bar, k2), np.shape([v_1, difference_3])), v_1, difference_3)
        item = _nested_value[0]
        v_bar = unbroadcast(item, v_1)
        difference_bar = unbroadcast(_nested_value[1], difference_3)
        product_bar = unbroadcast(expanded(difference_bar, difference_3), product_8)
        product_bar_1 = unbroadcast(expanded(-difference_bar, difference_3), product_9)
        params_1_bar = unbroadcast(expanded(product_bar_1 * x_1, product_9), params_1_1)
        x_bar = unbroadcast(expanded(product_bar_1 * params_1_1, product_9), x_1)
        params_1_bar = expanded(params_1_bar, params_1_1)
        params_bar[1] += params_1_bar
        product_bar_1 = unbroadcast(expanded(product_bar * v_1, product_8), product_7)
        v_bar = v_bar + unbroadcast(expanded(product_bar * product_7, product_8), v_1)
        params_0_bar = unbroadcast(expanded(product_bar_1 * difference_2, product_7), params_0_1)
        negated = -unbroadcast(expanded(product_bar_1 * params_0_1, product_7), difference_2)
        product_24 = unbroadcast(expanded(negated, difference_2), product_6) * 2.0 * x_1
        x_bar = x_bar + unbroadcast(expanded(product_24, product_6), x_1)
        params_0_bar = expanded(params_0_bar, params_0_1)
        params_bar[0] += params_0_bar
        v_bar_1 = expanded(v_bar, v_1)              # programs.py:178  x, v = s
        total_bar = zeros_like(total)
        total_bar[1] += v_bar_1
        x_bar_1 = expanded(x_bar, x_1)
        total_bar[0] += x_bar_1
        add_into(state_bar_1, unbroadcast(expanded(total_bar, total), state_2))  # programs.py:183
        product_24 = unbroadcast(expanded(total_bar, total), product_5) * product_4
        k1_bar = k1_bar + unbroadcast(expanded(product_24, product_5), k1)
        # programs.py:179  return np.array([v, params[0] * (1 - x * x) * v - params[1] * x])
        _nested_value = _nested(np.reshape(expanded(k1_bar, k1), np.shape([v, difference_1])), v, difference_1)
        item = _nested_value[0]
        v_bar = unbroadcast(item, v)
        difference_bar = unbroadcast(_nested_value[1], difference_1)
        product_bar = unbroadcast(expanded(difference_bar, difference_1), product_2)
        product_bar_1 = unbroadcast(expanded(-difference_bar, difference_1), product_3)
        params_1_bar = unbroadcast(expanded(product_bar_1 * x, product_3), params_1)
        x_bar = unbroadcast(expanded(product_bar_1 * params_1, product_3), x)
        params_1_bar = expanded(params_1_bar, params_1)
        params_bar[1] += params_1_bar
        product_bar_1 = unbroadcast(expanded(product_bar * v, product_2), product_1)
        v_bar = v_bar + unbroadcast(expanded(product_bar * product_1, product_2), v)
        params_0_bar = unbroadcast(expanded(product_bar_1 * difference, product_1), params_0)
        negated = -unbroadcast(expanded(product_bar_1 * params_0, product_1), difference)
        product_24 = unbroadcast(expanded(negated, difference), product) * 2.0 * x
        x_bar = x_bar + unbroadcast(expanded(product_24, product), x)
        params_0_bar = expanded(params_0_bar, params_0)
        params_bar[0] += params_0_bar
        v_bar_1 = expanded(v_bar, v)                # programs.py:178  x, v = s
        state_bar_1[1] += v_bar_1
        x_bar_1 = expanded(x_bar, x)
        state_bar_1[0] += x_bar_1
        state_bar = expanded(state_bar_1, state_2)
    state_bar_2 = expanded(state_bar, state)
    params_bar_1 = expanded(params_bar, params)
    return copied(state_bar_2), copied(params_bar_1)
