# {"n": 5, "rows": 2, "cols": 3, "seed": 8801000863, "kind": "read-only", "output": "scalar", "order": 1}
# seed 8801000863: ValueError: assignment destination is read-only
import numpy as np

def weigh(v):
    v = np.ravel(v)
    return np.sum(v * np.arange(1, len(v) + 1)) / len(v) ** 2

def combine(*args, **options):
    total = options.get('start', 0.0)
    return total

def descend(a, b, c, k):
    if k == 0:
        return np.tanh(a)
    result = descend(a, np.cos(b), c * 0.8, k - 1)
    return c * result

def program(x, y, s, m, order, flags, mode='fast'):
    n = len(x)
    drift = s
    heat = combine(drift, start=s)
    decay = np.zeros(n)
    decay[0] = m[-1, -1]
    for k2 in range(1, n):
        decay[k2] = 0.77 * decay[k2 - 1] + y[k2] * np.exp(0.31 * s)
    offset, load, state = np.prod(y[y > 99]) * y[2] - (np.full(3, s) + np.full(3, decay[-3]))
    np.add.at(y, [0, 2, 0], (np.full(3, offset) > 0.513).astype(float) * drift ** 2)
    for k3 in order:
        decay[k3] = np.sinh(0.47 * np.exp(0.51 * decay[0]))
        if np.all((1 + y ** 2) ** 0.5 < 1.31):
            height = np.arctan(y)
        else:
            height = decay ** 2
    width = descend(decay, decay, np.inner(x, decay) * 0.2, 1)
    result = 1.48 * weigh(x) + 0.91 * weigh(y) + 0.43 * s + 1.56 * weigh(m)
    result += 1.63 * drift + 0.43 * heat + 1.15 * weigh(decay) + 1.02 * offset
    result += 1.32 * load + 1.24 * state + 0.62 * weigh(width)
    return result
