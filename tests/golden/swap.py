from srcgrad.runtime import shadow_of


def swap_grad(u, c, n_steps):
    """Gradient of swap (programs.py:235) with respect to u, c."""
    # forward
    old = u.copy()                                  # programs.py:237
    new = u.copy()
    tape = []                                       # programs.py:238
    tape_1 = []                                     # programs.py:240
    new_1 = new
    old_1 = old
    for _ in range(n_steps):                        # programs.py:238
        tape.append((new_1, old_1))
        for i in range(1, len(u) - 1):              # programs.py:239
            old_i = old_1[i]                        # programs.py:240
            product = c * old_1[i]
            total = old_1[i - 1] - 2 * old_1[i] + old_1[i + 1]
            old_2 = new_1[i]
            tape_1.append((total, old_2))
            new_1[i] = old_i + product * total
        new_1, old_1 = old_1, new_1
    # backward
    shadows = {}                                    # programs.py:242  return np.sum(old**2)
    old_bar = shadow_of(shadows, old_1)
    old_bar += 2 * old_1
    c_bar = 0.0
    for _ in reversed(range(n_steps)):              # programs.py:238  for _ in range(n_steps):
        new_1, old_1 = tape.pop()
        new_bar = shadow_of(shadows, new_1)         # programs.py:240  new[i] = old[i] + c * old[i] * (old[i - 1] - ...
        old_bar = shadow_of(shadows, old_1)
        for i in reversed(range(1, len(u) - 1)):    # programs.py:239  for i in range(1, len(u) - 1):
            total, old_2 = tape_1.pop()
            total_bar = new_bar[i]                  # programs.py:240  new[i] = old[i] + c * old[i] * (old[i - 1] - ...
            new_bar[i] = 0.0
            new_1[i] = old_2
            product_bar = total_bar * total
            old_i = old_1[i]
            total_bar_1 = total_bar * (c * old_i)
            old_bar[i + 1] += total_bar_1
            old_bar[i] -= total_bar_1 * 2
            old_bar[i - 1] += total_bar_1
            c_bar += product_bar * old_i
            old_bar[i] += product_bar * c
            old_bar[i] += total_bar
    new_bar = shadow_of(shadows, new)               # programs.py:237  old, new = u.copy(), u.copy()
    u_bar = new_bar.copy()
    old_bar = shadow_of(shadows, old)
    u_bar += old_bar
    return u_bar, c_bar
