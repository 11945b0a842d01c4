# {"n": 5, "rows": 2, "cols": 3, "seed": 55102000519, "kind": "read-only", "output": "scalar", "order": 1, "code": "plain"}
# seed 55102000519: a slice beside elements in a loop of the reverse sweep was an internal error
import numpy as np

def program(x, y, s, m, order, flags, mode='fast'):
    n = len(x)
    err = n
    for i in range(n):
        err += np.sum(y[i:]) * 0.1
    y[2:] += np.where(y[2:] > 0.5, 0.1, 0.2)
    result = 0.51
    result += 0.91 * err
    return result
