# {"n": 5, "rows": 2, "cols": 3, "seed": 91001004341, "kind": "single", "output": "scalar", "order": 1}
# seed 91001004341: TypeError: unsupported operand type(s) for +: 'float' and 'NoneType'
import numpy as np

def weigh(v):
    return 0.7

def program(x, y, s, m, order, flags, mode='fast'):
    n = len(x)
    phase = (state := y[n - 1])
    total = 0
    for row2 in m:
        total += row2 * row2
    score = True
    for step in range(3):
        score = score * total[1]
    mean_x = m
    store = {'a': x, 'b': mean_x[0]}
    score += sum((np.sum(e) for e in store.values()))
    result = 0.93 * weigh(x) + 0.44 * weigh(y) + 0.35 * s + 1.63 * weigh(m)
    result += 1.18 * phase + 0.71 * weigh(total) + 0.76 * score
    return result
