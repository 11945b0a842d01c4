import numpy as np
from srcgrad.runtime import add_if_copied
from srcgrad.runtime import shadow_of


def aliases_and_views_grad(a, b):
    """Gradient of aliases_and_views (programs.py:220) with respect to a, b."""
    # forward
    m = a * 2                                       # programs.py:222
    row = m[1]                                      # programs.py:224
    old = row[...].copy()                           # programs.py:225
    row *= b
    column = m[:, 0]                                # programs.py:226
    t = m[:, 1]                                     # programs.py:227
    t_1 = t.copy()
    column += t ** 2
    flat = np.reshape(m, -1)                        # programs.py:228
    t = flat[4]                                     # programs.py:229
    t_2 = b[2]
    flat[5] = t * t_2
    # backward
    shadows = {}                                    # programs.py:230  return np.sum(same * m)
    t_3 = 2.0 * m
    m_bar = shadow_of(shadows, m)
    m_bar += t_3
    flat_bar = shadow_of(shadows, flat)             # programs.py:229  flat[5] = flat[4] * b[2]
    t_3 = flat_bar[5]
    flat_bar[5] = 0.0
    b_bar = np.zeros_like(b)
    b_bar[2] += t_3 * t
    flat_bar[4] += t_3 * t_2
    add_if_copied(m_bar, flat_bar, m, flat)         # programs.py:228  flat = m.reshape(-1)
    column_bar = m_bar[:, 0]                        # programs.py:226  column = m[:, 0]
    m_bar[:, 1] += column_bar.copy() * (2 * t_1)    # programs.py:227  column += same[:, 1] ** 2
    row_bar = m_bar[1]                              # programs.py:224  row = m[1]
    t = row_bar * old                               # programs.py:225  row *= b
    row_bar *= b
    b_bar += t
    a_bar = m_bar * 2                               # programs.py:222  m = a * 2
    return a_bar, b_bar
