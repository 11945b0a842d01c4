import numpy as np
from srcgrad.runtime import add_each, expanded, zeros_like


def list_then_stack_grad(x, w, n_steps):
    """Gradient of list_then_stack (programs.py:260) with respect to x, w."""
    # forward
    states = [x]                                    # programs.py:262
    tape = []                                       # programs.py:264
    for _ in range(n_steps):                        # programs.py:263
        state_last = states[-1]                     # programs.py:264
        tanh = np.tanh(w @ state_last)
        tape.append((state_last, tanh))
        states.append(tanh)
    path = np.stack(states)                         # programs.py:265
    path_part = path[1:]                            # programs.py:266
    # backward
    path_bar = np.empty_like(path)                  # programs.py:266  return np.sum(path[1:] * path[:-1])
    path_bar[:-1] = path_part
    path_bar[-1:] = 0.0
    path_bar[1:] += path[:-1]
    states_bar = zeros_like(states)                 # programs.py:265  path = np.stack(states)
    add_each(states_bar, path_bar)
    w_bar = np.zeros_like(w)                        # programs.py:264  states.append(np.tanh(w @ states[-1]))
    for _ in reversed(range(n_steps)):              # programs.py:263  for _ in range(n_steps):
        state_last, tanh = tape.pop()
        tanh_bar = expanded(states_bar.pop(), tanh)  # programs.py:264  states.append(np.tanh(w @ states[-1]))
        product_bar = 1 - tanh * tanh
        product_bar *= tanh_bar
        state_last_bar = w.T @ product_bar
        w_bar += np.outer(product_bar, state_last)
        states_bar[-1] = states_bar[-1] + state_last_bar
    x_bar = expanded(states_bar[0], x)              # programs.py:262  states = [x]
    return x_bar.copy(), w_bar
