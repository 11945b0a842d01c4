# {"n": 6, "rows": 2, "cols": 2, "seed": 41001004979, "kind": "read-only", "output": "scalar", "order": 1}
# seed 41001004978: vjp does not raise what the program raises: ValueError('WRITEBACKIFCOPY base is read-only')
import numpy as np

def program(x, y, s, m, order, flags, mode='fast'):
    np.add.at(x, [0, 2, 0], x[:3])
