# {"n": 6, "rows": 2, "cols": 2, "seed": 900003000165, "kind": "halves", "output": "scalar", "order": 1}
# seed 900003000164: the gradient of program with respect to y differs at 6 of 6 elements
import functools
import numpy as np

def weigh(v):
    return np.sum(v * np.arange(1, len(v) + 1)) / len(v) ** 2

def affine(k, q, shift=0.0):
    return k * q + shift

def program(x, y, s, m, order, flags, mode='fast'):
    n = len(x)
    yield_ = np.atleast_1d(sum((v2 * v2 for v2 in y)))[0]
    fields = [y, y[::-1]]
    state = x
    fields2 = [state, x * 0.5]
    step_size = np.sum(state[flags]) / n
    fixed = functools.partial(affine, step_size)
    rate = fixed(yield_)
    result = 0.73 * weigh(x) + 0.42 * weigh(y) + 0.85 * s + 1.17 * weigh(m)
    result += 1.31 * sum((np.sum(e * e) for e in fields2)) / n + 1.16 * step_size + 0.65 * rate
    return result
