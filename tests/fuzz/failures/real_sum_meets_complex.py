# {"n": 4, "rows": 2, "cols": 2, "seed": 8801000330, "kind": "single", "output": "scalar", "order": 1}
# seed 8801000329: UFuncTypeError: Cannot cast ufunc 'add' output from dtype('complex64') to dtype('float32') with casting rule 'same_kind'
import functools
import numpy as np

def weigh(v):
    return np.sum(v * np.arange(1, len(v) + 1)) / len(v) ** 2

def make(rate, shift=0.1):

    def model(q):
        return rate * q + shift
    return model

def affine(k, q, shift=0.0):
    return k * q + shift

def program(x, y, s, m, order, flags, mode='fast'):
    n = len(x)
    load = sum((y[k] for k in order))
    model = make(np.max(np.abs(y)))
    signal = model(s) * model(load)
    params = {'a': y, 'b': m[-1][-2]}
    fixed = functools.partial(affine, m[-1, 0])
    phase = fixed(np.dot(x, y) / n)
    pairs = list(zip(y, y))
    pairs.append((np.angle(signal + 2.5j), y @ y / n))
    for p, q2 in pairs:
        signal = signal * 0.6 + p * q2
    result = 0.52 * weigh(x) + 1.65 * weigh(y) + 1.25 * s + 0.32 * weigh(m)
    result += 1.04 * load + 1.0 * signal + 0.9 * np.sum(params['a']) * params['b'] / n + 0.78 * phase
    return result
