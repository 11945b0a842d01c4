import numpy as np


def kalman_grad(zs, q, r):
    """Gradient of kalman (programs.py:439) with respect to zs, q, r."""
    # forward
    f = np.array([[1.0, 1.0], [0.0, 1.0]])          # programs.py:441
    h = np.array([[1.0, 0.0]])                      # programs.py:442
    m = np.zeros(2)                                 # programs.py:443
    p = np.eye(2)
    n_zs = len(zs)                                  # programs.py:444
    tape = []                                       # programs.py:449
    p_1 = p
    for i in range(n_zs):                           # programs.py:444
        z = zs[i]
        m = f @ m                                   # programs.py:445
        p_1 = f @ p_1 @ f.T + q * p                 # programs.py:446
        product = h @ p_1                           # programs.py:447
        h_T = h.T
        s = (product @ h_T)[0, 0] + r
        e = z - (h @ m)[0]                          # programs.py:448
        gain = (p_1 @ h_T)[:, 0] / s                # programs.py:449
        tape.append((product, s, e, gain))
        m = m + gain * e                            # programs.py:450
        p_1 = p_1 - np.outer(gain, product)         # programs.py:451
    # backward
    zs_bar = np.zeros_like(zs)                      # programs.py:444  for z in zs:
    p_bar = np.zeros_like(p_1)
    m_bar = np.zeros_like(m)
    q_bar = 0.0
    r_bar = 0.0
    for i in reversed(range(n_zs)):
        product, s, e, gain = tape.pop()
        ratio = e ** 2 / s / s                      # programs.py:452  nll += 0.5 * (np.log(s) + e**2 / s)
        e_squared_bar = 0.5 / s
        s_bar = -0.5 * ratio
        e_bar = e_squared_bar * (2 * e)
        s_bar += e_squared_bar
        outer_bar = -p_bar                          # programs.py:451  p = p - np.outer(gain, h @ p)
        gain_bar = outer_bar @ product.ravel()
        product_bar = (gain.ravel() @ outer_bar).reshape((1, 2))
        gain_bar += m_bar * e                       # programs.py:450  m = m + gain * e
        e_bar += np.sum(m_bar * gain)
        gain_bar /= s                               # programs.py:449  gain = (p @ h.T)[:, 0] / s
        s_bar -= np.sum(gain_bar * gain)
        product_bar_1 = np.zeros((2, 1))
        product_bar_1[:, 0] = gain_bar
        h_T = h.T                                   # programs.py:447  s = (h @ p @ h.T)[0, 0] + r
        p_bar_1 = product_bar_1 @ h                 # programs.py:449  gain = (p @ h.T)[:, 0] / s
        p_bar_1 += p_bar
        product_bar_1 = np.zeros(1)                 # programs.py:448  e = z - (h @ m)[0]
        product_bar_1[0] = -e_bar
        m_bar_1 = h_T @ product_bar_1
        m_bar_1 += m_bar
        r_bar += s_bar                              # programs.py:447  s = (h @ p @ h.T)[0, 0] + r
        product_bar_1 = np.zeros((1, 1))
        product_bar_1[0, 0] = s_bar
        p_bar_1 += h_T @ (product_bar + product_bar_1 @ h)
        q_bar += np.sum(p_bar_1 * p)                # programs.py:446  p = f @ p @ f.T + q * np.eye(2)
        f_T = f.T
        p_bar = f_T @ (p_bar_1 @ f)
        m_bar = f_T @ m_bar_1                       # programs.py:445  m = f @ m
        zs_bar[i] += e_bar                          # programs.py:444  for z in zs:
    return zs_bar, q_bar, r_bar
