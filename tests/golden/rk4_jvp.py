import numpy as np


def rk4_jvp(state, params, dt, n_steps, state_dot, params_dot):
    """Value and tangent of rk4 (programs.py:177) with respect to state, params."""
    for _ in range(n_steps):                        # programs.py:183
        if len(state) != 2:                         # programs.py:180
            raise ValueError("the number of values to unpack is not 2")
        x = state[0]
        x_dot = state_dot[0]
        v = state[1]
        v_dot = state_dot[1]
        params_0 = params[0]                        # programs.py:181
        params_dot_0 = params_dot[0]
        difference = 1 - x * x
        product = params_0 * difference
        total = v * (difference * params_dot_0 + params_0 * (-2 * x * x_dot)) + product * v_dot
        params_1 = params[1]
        params_dot_1 = params_dot[1]
        k1 = np.array([v, product * v - params_1 * x])
        k1_dot = np.array([v_dot, total - (x * params_dot_1 + params_1 * x_dot)])
        product = 0.5 * dt                          # programs.py:185
        total = product * k1_dot
        total_1 = state + product * k1
        total += state_dot
        x = total_1[0]                              # programs.py:180
        x_dot = total[0]
        v = total_1[1]
        v_dot = total[1]
        difference = 1 - x * x                      # programs.py:181
        product_1 = params_0 * difference
        total = v * (difference * params_dot_0 + params_0 * (-2 * x * x_dot)) + product_1 * v_dot
        k2 = np.array([v, product_1 * v - params_1 * x])
        k2_dot = np.array([v_dot, total - (x * params_dot_1 + params_1 * x_dot)])
        total = product * k2_dot                    # programs.py:186
        total_1 = state + product * k2
        total += state_dot
        x = total_1[0]                              # programs.py:180
        x_dot = total[0]
        v = total_1[1]
        v_dot = total[1]
        difference = 1 - x * x                      # programs.py:181
        product = params_0 * difference
        total = v * (difference * params_dot_0 + params_0 * (-2 * x * x_dot)) + product * v_dot
        k3 = np.array([v, product * v - params_1 * x])
        k3_dot = np.array([v_dot, total - (x * params_dot_1 + params_1 * x_dot)])
        total = dt * k3_dot                         # programs.py:187
        total_1 = state + dt * k3
        total += state_dot
        x = total_1[0]                              # programs.py:180
        x_dot = total[0]
        v = total_1[1]
        v_dot = total[1]
        difference = 1 - x * x                      # programs.py:181
        product = params_0 * difference
        total = v * (difference * params_dot_0 + params_0 * (-2 * x * x_dot)) + product * v_dot
        k4 = np.array([v, product * v - params_1 * x])
        k4_dot = np.array([v_dot, total - (x * params_dot_1 + params_1 * x_dot)])
        ratio = dt / 6                              # programs.py:188
        product = 2 * k2
        k2_dot *= 2
        total = k1 + product
        k1_dot += k2_dot
        product = 2 * k3
        k3_dot *= 2
        total = total + product
        k1_dot += k3_dot
        total = total + k4
        k1_dot += k4_dot
        product = ratio * total
        k1_dot *= ratio
        state = state + product
        k1_dot += state_dot
        state_dot = k1_dot
    state_0 = state[0]                              # programs.py:189
    state_dot_0 = state_dot[0]
    state_0_squared = state_0 ** 2
    state_1 = state[1]
    return state_0_squared + state_1, 2 * state_0 * state_dot_0 + state_dot[1]
