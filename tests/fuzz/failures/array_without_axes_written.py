# {"n": 5, "rows": 2, "cols": 3, "seed": 1, "kind": "fortran", "output": "array", "order": 1}
# TypeError: 'numpy.float64' object does not support item assignment
import numpy as np

def program(x, y, s, m, order, flags, mode='fast'):
    total = 0
    for row in m:
        total += row * row
    z = np.asarray(np.linalg.norm(total + 1.5), dtype=float).copy()
    z[...] = np.linalg.norm(x + 1.5)
    return z * s
