import numpy as np
from srcgrad.runtime import add_if_copied, shadow_of


def aliases_and_views_grad(a, b):
    """Gradient of aliases_and_views (programs.py:222) with respect to a, b."""
    # forward
    m = a * 2                                       # programs.py:224
    row = m[1]                                      # programs.py:226
    old = row[...].copy()                           # programs.py:227
    row *= b
    column = m[:, 0]                                # programs.py:228
    m_part = m[:, 1]                                # programs.py:229
    m_part_copy = m_part.copy()
    column += m_part ** 2
    flat = m.reshape(-1)                            # programs.py:230
    flat_4 = flat[4]                                # programs.py:231
    b_2 = b[2]
    flat[5] = flat_4 * b_2
    # backward
    shadows = {}                                    # programs.py:232  return np.sum(same * m)
    m_bar = shadow_of(shadows, m)
    m_bar += 2.0 * m
    flat_bar = shadow_of(shadows, flat)             # programs.py:231  flat[5] = flat[4] * b[2]
    product_bar = flat_bar[5]
    flat_bar[5] = 0.0
    b_bar = np.zeros_like(b)
    b_bar[2] = product_bar * flat_4
    flat_bar[4] += product_bar * b_2
    add_if_copied(m_bar, flat_bar, m, flat)         # programs.py:230  flat = m.reshape(-1)
    column_bar = m_bar[:, 0]                        # programs.py:228  column = m[:, 0]
    m_bar[:, 1] += column_bar.copy() * (2 * m_part_copy)  # programs.py:229  column += same[:, 1] ** 2
    row_bar = m_bar[1]                              # programs.py:226  row = m[1]
    product = row_bar * old                         # programs.py:227  row *= b
    row_bar *= b
    b_bar += product
    a_bar = m_bar * 2                               # programs.py:224  m = a * 2
    return a_bar, b_bar
