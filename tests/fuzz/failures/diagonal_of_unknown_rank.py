# {"n": 5, "rows": 2, "cols": 3, "seed": 52002004091, "kind": "halves", "output": "scalar", "order": 1}
# np.diag of unknown rank, written: nothing came back through the matrix it makes
import numpy as np

def weigh(v):
    return np.sum(v)

def program(x, y, s, m, order, flags, mode='fast'):
    total2 = 0
    for row2 in m:
        total2 = row2
    m[0, :] -= np.diag(np.diag(total2))
    total2[::1] = total2
    result = weigh(m)
    return result

