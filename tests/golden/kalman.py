import numpy as np


def kalman_grad(zs, q, r):
    """Gradient of kalman (programs.py:437) with respect to zs, q, r."""
    # forward
    f = np.array([[1.0, 1.0], [0.0, 1.0]])          # programs.py:439
    h = np.array([[1.0, 0.0]])                      # programs.py:440
    m = np.zeros(2)                                 # programs.py:441
    p = np.eye(2)
    n_zs = len(zs)                                  # programs.py:442
    tape = []                                       # programs.py:445
    p_1 = p
    for i in range(n_zs):                           # programs.py:442
        z = zs[i]
        m = f @ m                                   # programs.py:443
        p_1 = f @ p_1 @ np.transpose(f) + q * p     # programs.py:444
        product = h @ p_1                           # programs.py:445
        t = np.transpose(h)
        product_1 = product @ t
        s = product_1[0, 0] + r
        product_2 = h @ m                           # programs.py:446
        e = z - product_2[0]
        product_3 = p_1 @ t                         # programs.py:447
        gain = product_3[:, 0] / s
        m = m + gain * e                            # programs.py:448
        p_1 = p_1 - np.outer(gain, product)         # programs.py:449
        ratio = e ** 2 / s                          # programs.py:450
        tape.append((ratio, s, e, product, gain, product_3, product_2, product_1))  # programs.py:445
    # backward
    zs_bar = np.zeros_like(zs)                      # programs.py:442  for z in zs:
    p_bar = np.zeros_like(p_1)
    m_bar = np.zeros_like(m)
    nll_bar = 1.0
    q_bar = 0.0
    r_bar = 0.0
    for i in reversed(range(n_zs)):
        ratio, s, e, product, gain, product_1, product_2, product_3 = tape.pop()
        t = nll_bar * 0.5                           # programs.py:450  nll += 0.5 * (np.log(s) + e**2 / s)
        t_1 = t / s
        s_bar = t * (-ratio / s)
        e_bar = t_1 * (2 * e)
        s_bar += t_1
        t = -p_bar                                  # programs.py:449  p = p - np.outer(gain, h @ p)
        gain_bar = t @ np.ravel(product)
        t = np.reshape(np.ravel(gain) @ t, (1, 2))
        gain_bar += m_bar * e                       # programs.py:448  m = m + gain * e
        e_bar += np.sum(m_bar * gain)
        t_1 = gain_bar / s                          # programs.py:447  gain = (p @ h.T)[:, 0] / s
        gain_bar *= -gain / s
        s_bar += np.sum(gain_bar)
        t_2 = np.zeros_like(product_1)
        t_2[:, 0] += t_1
        t_1 = np.transpose(h)                       # programs.py:445  s = (h @ p @ h.T)[0, 0] + r
        t_3 = np.transpose(t_1)                     # programs.py:447  gain = (p @ h.T)[:, 0] / s
        p_bar_1 = t_2 @ t_3
        p_bar_1 += p_bar
        t_2 = np.zeros_like(product_2)              # programs.py:446  e = z - (h @ m)[0]
        t_2[0] -= e_bar
        m_bar_1 = t_1 @ t_2
        m_bar_1 += m_bar
        r_bar += s_bar                              # programs.py:445  s = (h @ p @ h.T)[0, 0] + r
        t_2 = np.zeros_like(product_3)
        t_2[0, 0] += s_bar
        p_bar_1 += t_1 @ (t + t_2 @ t_3)
        q_bar += np.sum(p_bar_1 * p)                # programs.py:444  p = f @ p @ f.T + q * np.eye(2)
        t = np.transpose(f)
        p_bar = t @ (p_bar_1 @ np.transpose(t))
        m_bar = t @ m_bar_1                         # programs.py:443  m = f @ m
        zs_bar[i] += e_bar                          # programs.py:442  for z in zs:
    return zs_bar, q_bar, r_bar
