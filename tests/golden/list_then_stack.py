import numpy as np
from srcgrad.runtime import add_each
from srcgrad.runtime import add_to_item
from srcgrad.runtime import expanded
from srcgrad.runtime import shadow_of
from srcgrad.runtime import unbroadcast
from srcgrad.runtime import zeros_like


def list_then_stack_grad(x, w, n_steps):
    """Gradient of list_then_stack (programs.py:258) with respect to x, w."""
    # forward
    states = [x]                                    # programs.py:260
    tape = []                                       # programs.py:262
    for _ in range(n_steps):                        # programs.py:261
        states_i = states[-1]                       # programs.py:262
        tanh = np.tanh(w @ states_i)
        tape.append((tanh, states_i))
        states.append(tanh)
    path = np.stack(states)                         # programs.py:263
    t = path[1:]                                    # programs.py:264
    t_1 = path[:-1]
    t_2 = t * t_1
    # backward
    shadows = {}                                    # programs.py:264  return np.sum(path[1:] * path[:-1])
    t_3 = unbroadcast(expanded(t_1, t_2), t)
    t = unbroadcast(expanded(t, t_2), t_1)
    path_bar = zeros_like(path)
    add_to_item(path_bar, slice(None, -1, None), t)
    add_to_item(path_bar, slice(1, None, None), t_3)
    t = np.moveaxis(path_bar, 0, 0)                 # programs.py:263  path = np.stack(states)
    t_1 = []
    for k in range(len(states)):
        t_1.append(t[k])
    states_bar = shadow_of(shadows, states)
    add_each(states_bar, t_1)
    w_bar = np.zeros_like(w)                        # programs.py:262  states.append(np.tanh(w @ states[-1]))
    for _ in reversed(range(n_steps)):              # programs.py:261  for _ in range(n_steps):
        tanh, states_i = tape.pop()
        t = expanded(states_bar.pop(), tanh)        # programs.py:262  states.append(np.tanh(w @ states[-1]))
        t_1 = 1 - tanh * tanh
        t_1 *= t
        t = np.transpose(w) @ t_1
        w_bar += np.expand_dims(t_1, -1) * states_i
        states_bar[-1] = states_bar[-1] + t
    x_bar = expanded(states_bar[0], x)              # programs.py:260  states = [x]
    return x_bar.copy(), w_bar
