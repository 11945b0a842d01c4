# {"n": 5, "rows": 2, "cols": 3, "seed": 1, "kind": "columns", "output": "scalar", "order": 1}
# max of an empty array, with a default: ValueError: zero-size array to reduction operation
import numpy as np

def program(x, y, s, m, order, flags, mode='fast'):
    y[-1] = max(y[:0] * y[2], default=y[2])
    return np.sum(x * y) * min([v for v in x if v > 99], default=s)
