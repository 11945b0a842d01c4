# {"n": 5, "rows": 2, "cols": 3, "seed": 9, "kind": "halves", "output": "scalar", "order": 1}
# a mask named `and`: SyntaxError while compiling
import numpy as np

def program(x, y, s, m, order, flags, mode='fast'):
    n = len(x)
    x = np.where((y > 0.6) & (x > -9), np.log(np.where(y > 0.6, y, 1.0)), 0.5)
    for k in range(n):
        x *= x
    return np.sum(np.where(x < s, y, s)) * np.sum(m)
