# {"n": 6, "rows": 2, "cols": 2, "seed": 8801000310, "kind": "scalar-array", "output": "scalar", "order": 1}
# seed 8801000309: UFuncTypeError: Cannot cast ufunc 'add' output from dtype('complex128') to dtype('float64') with casting rule 'same_kind'
import collections
import numpy as np

def weigh(v):
    return np.sum(v * np.arange(1, len(v) + 1)) / len(v) ** 2

def inside2(a):
    return a[1:-1]
Point = collections.namedtuple('Point', 'u v')

def program(x, y, s, m, order, flags, mode='fast'):
    n = len(x)
    r, c = m.shape
    height = np.floor(s * 0.1 + 0.513) + s
    saved = m.copy()
    try:
        m[1, -2] = m[-1, 0]
        s = np.inner(x, x) * 0.2 * 2 ** (-1)
        if np.interp(m[0, 1] + 0.0137, np.arange(n) * 0.5, x) > 0.7:
            raise ValueError('not this far')
        m *= s
    except ValueError:
        m[...] = saved
    pair = (np.flip(y).copy().cumsum() * 0.2, s)
    price, signal = pair
    price[-2] += pair[1] * np.real(np.exp(1j * height) * (signal + 0.5j))
    share = inside2(price)
    speed = np.moveaxis(np.abs(np.full((c, r), signal) - 0.513), 0, 1)
    point = Point(m[0, -1], v=x[-1])
    result = 1.42 * weigh(x) + 0.52 * weigh(y) + 1.59 * s + 1.22 * weigh(m)
    result += 0.59 * weigh(share) + 1.6 * weigh(speed)
    return result
