# {"n": 6, "rows": 3, "cols": 2, "seed": 94002000005, "kind": "scalar-array", "output": "scalar", "order": 2}
# AttributeError: 'float' object has no attribute 'copy'
import numpy as np

def weigh(v):
    v = np.ravel(v)
    return np.sum(v * np.arange(1, len(v) + 1)) / len(v) ** 2

def program(x, y, s, m, order, flags, mode='fast'):
    n = len(x)
    height = x[1]
    try:
        for step in range(n // 2):
            score, total = (s, m[0, -2])
            if total < 1.14 or height < 0.23:
                break
            cost = y[:-2]
            y *= cost[-1]
            cost[0] += y[0]
    except Exception as error:
        fields = [y, x]
        fields[0] += m[-2, -1]
        fields[1] += m[1, 0]
    else:
        for value in y:
            for step2 in range(n):
                for j in range(2 - step2):
                    inner = x[step2] * x[j] + np.array(s).item()
            z = np.array(m[1, -1])
            z[...] = np.squeeze(np.array([[np.median(y)]])) + 0.1
            z += np.std(y + np.arange(np.size(y)).reshape(np.shape(y)))
            height += z * inner
    result = 0.67 * weigh(x) + 0.9 * weigh(y) + 1.47 * s + 1.06 * weigh(m)
    result += 1.19 * height
    return result
