import numpy as np


def kalman_jvp(zs, q, r, zs_dot, q_dot, r_dot):
    """Value and tangent of kalman (programs.py:439) with respect to zs, q, r."""
    f = np.array([[1.0, 1.0], [0.0, 1.0]])          # programs.py:441
    h = np.array([[1.0, 0.0]])                      # programs.py:442
    m = np.zeros(2)                                 # programs.py:443
    p = np.eye(2)
    p_dot = np.zeros_like(p)                        # programs.py:444
    m_dot = np.zeros_like(m)
    nll = 0.0
    p_1 = p
    nll_dot = 0.0
    for i in range(len(zs)):
        z = zs[i]
        z_dot = zs_dot[i]
        m = f @ m                                   # programs.py:445
        m_dot = f @ m_dot
        f_T = f.T                                   # programs.py:446
        p_dot = f @ p_dot @ f_T
        p_1 = f @ p_1 @ f_T + q * p
        p_dot += p * q_dot
        product = h @ p_1                           # programs.py:447
        product_1 = h @ p_dot
        h_T = h.T
        s = (product @ h_T)[0, 0] + r
        s_dot = (product_1 @ h_T)[0, 0] + r_dot
        e = z - (h @ m)[0]                          # programs.py:448
        e_dot = z_dot - (h @ m_dot)[0]
        gain = (p_1 @ h_T)[:, 0] / s                # programs.py:449
        gain_dot = (p_dot @ h_T)[:, 0] - gain * s_dot
        gain_dot /= s
        m = m + gain * e                            # programs.py:450
        m_dot += e * gain_dot + gain * e_dot
        p_1 = p_1 - np.outer(gain, product)         # programs.py:451
        p_dot -= np.outer(gain_dot, product) + np.outer(gain, product_1)
        ratio = e ** 2 / s                          # programs.py:452
        nll += 0.5 * (np.log(s) + ratio)
        nll_dot += 0.5 * (s_dot / s + (2 * e * e_dot - s_dot * ratio) / s)
    return nll, np.float64(nll_dot)
