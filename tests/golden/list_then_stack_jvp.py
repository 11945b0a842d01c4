import numpy as np


def list_then_stack_jvp(x, w, n_steps, x_dot, w_dot):
    """Value and tangent of list_then_stack (programs.py:260) with respect to x, w."""
    states = [x]                                    # programs.py:262
    states_dot = [x_dot]
    for _ in range(n_steps):                        # programs.py:263
        state_last = states[-1]                     # programs.py:264
        tanh = np.tanh(w @ state_last)
        product = (1 - tanh * tanh) * (w_dot @ state_last + w @ states_dot[-1])
        states_dot.append(product)
        states.append(tanh)
    path = np.stack(states)                         # programs.py:265
    path_dot = np.stack(states_dot)
    path_part = path[1:]                            # programs.py:266
    path_part_1 = path[:-1]
    return np.sum(path_part * path_part_1), np.float64(np.sum(path_part_1 * path_dot[1:] + path_part * path_dot[:-1]))
