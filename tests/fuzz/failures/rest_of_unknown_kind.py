# {"n": 6, "rows": 2, "cols": 2, "seed": 52001000513, "kind": "single", "output": "scalar", "order": 2}
# divmod of unknown kinds was no pair
import numpy as np

def weigh(v):
    return np.sum(v)

def program(x, y, s, m, order, flags, mode='fast'):
    trend = x[2]
    x[1] = divmod(sum([e for e in y]), 5.0)[1]

    def push(k, q):
        x[k] = q * trend
    push(2, x[3])
    result = weigh(x)
    return result

