import numpy as np
from srcgrad.runtime import laid_out_as, viewed_alike


def aliases_and_views_jvp(a, b, a_dot, b_dot):
    """Value and tangent of aliases_and_views (programs.py:222) with respect to a, b."""
    m = a * 2                                       # programs.py:224
    m_dot = laid_out_as(2 * a_dot, m)
    row = m[1]                                      # programs.py:226
    row_dot = m_dot[1]
    row_dot[...] = b * row_dot + row * b_dot        # programs.py:227
    row *= b
    column = m[:, 0]                                # programs.py:228
    m_part = m[:, 1]                                # programs.py:229
    m_dot[:, 0] += 2 * m_part * m_dot[:, 1]
    column += m_part ** 2
    flat = m.reshape(-1)                            # programs.py:230
    flat_dot = m_dot.reshape(-1)
    flat_dot = viewed_alike(flat_dot, m_dot, flat, m)
    flat_4 = flat[4]                                # programs.py:231
    b_2 = b[2]
    flat_dot[5] = b_2 * flat_dot[4] + flat_4 * b_dot[2]
    flat[5] = flat_4 * b_2
    return np.sum(m * m), np.sum(2 * m * m_dot)     # programs.py:232
