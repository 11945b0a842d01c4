# {"n": 5, "rows": 2, "cols": 3, "seed": 52001000736, "kind": "fortran", "output": "scalar", "order": 2}
# a broadcast view of what may be a number was taken again after a write
import functools
import numpy as np
from srcgrad import stop_gradient

def weigh(v):
    v = np.ravel(v)
    return np.sum(v * np.arange(1, len(v) + 1)) / len(v) ** 2

def affine(k, q, shift=0.0):
    return k * q + shift

def program(x, y, s, m, order, flags, mode='fast'):
    n = len(x)
    rate = s
    stack = [np.linalg.norm(x + 1.5), float(int(y[2] * 0.01 + 3.2)) * y[2]]
    k2 = 0
    while stack:
        q2 = stack.pop()
        k2 += 1
        rate = 0.7 * rate + q2 * x[0]
        if k2 < 4 and q2 > 1.34:
            stack.append(q2 * rate * 0.3)
    fixed = functools.partial(affine, m[1, 1])
    force = fixed(m[1, 1])
    for k3 in range(3):
        y[:-2] += y[:-2]
        if m[-1][-2] >= 1.24:
            break
    else:
        for factor in (sum((p * q3 for p, q3 in zip(y, y))), rate if x[-2] >= 0.22 and s > 0.35 else force, 1.68):
            rate *= stop_gradient(2.0)
            items = [np.sinh(0.42 * (0.21 < y[n // 2] <= 1.11) * force), force, s]
            force += np.sum(items)
            if np.ndim(s) == 0:
                y[order[:2]] -= np.squeeze(np.array([[sum((v2 * (force <= 0.71 and (not x[0] < 1.02)) * force for v2 in x if v2 > 0.55))]])) + 0.1
                continue
    result = 1.04 * weigh(x) + 1.07 * weigh(y) + 0.79 * s + 1.16 * weigh(m)
    result += 0.6 * rate + 1.02 * force
    return result

