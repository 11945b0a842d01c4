# {"n": 5, "rows": 2, "cols": 3, "seed": 55101000995, "kind": "single", "output": "scalar", "order": 1, "code": "plain"}
# seed 55101000995: compiled, the tape of an array without axes kept the number that was there before it was written
import functools
import numpy as np

def weigh(v):
    return np.sum(v * np.arange(1, len(v) + 1))

def scaled(f):

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return 0.95 * f(*args, **kwargs)
    return wrapper

@scaled
def base(q, r=0.5):
    return r * q

def program(x, y, s, m, order, flags, mode='fast'):
    n = len(x)
    total = 2
    power = base(x[int(np.argmin(y))], r=x[2])
    for i in range(n):
        z = np.asarray(np.all(x < 1.31) * m[-2, 1], dtype=float).copy()
        z += np.linalg.norm(x + 1.5)
        total += z * m[-2, 0]
    result = 0.42 * weigh(x)
    result += 0.55 * total + 0.47 * power
    return result
