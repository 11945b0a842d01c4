# {"n": 5, "rows": 2, "cols": 3, "seed": 900005000393, "kind": "read-only", "output": "scalar", "order": 1}
# seed 900005000393: the gradient of program with respect to x differs at 1 of 5 elements
import numpy as np

def weigh(v):
    v = np.ravel(v)
    return np.sum(v * np.arange(1, len(v) + 1)) / len(v) ** 2

def program(x, y, s, m, order, flags, mode='fast'):
    try:
        now, then = (y, y.copy())
        for k2 in range(3):
            then[1:] = 0.66 * now[:-1] + 0.1 * np.max(np.abs(x))
            now, then = (then, now)
    except Exception as error:
        pass
    result = 1.58 * weigh(x) + 0.57 * weigh(y) + 0.37 * s + 0.36 * weigh(m)
    return result
