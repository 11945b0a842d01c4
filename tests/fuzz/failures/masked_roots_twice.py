# {"n": 5, "rows": 2, "cols": 3, "seed": 1, "kind": "plain", "output": "scalar", "order": 2}
# NaN behind a mask, through a tape, in the gradient of the gradient
import numpy as np

def program(x, y, s, m, order, flags, mode='fast'):
    old = y.copy()
    for k in range(3):
        old = 0.22 * old + 0.3 * np.where(x - 0.68 > 0.1, np.sqrt(x - 0.68), old)
    return np.sum(old * y)
