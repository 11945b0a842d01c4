"""Functions with checkpointed loops, of which `test_checkpoints` also makes versions without."""

from __future__ import annotations

import numpy as np

from srcgrad import checkpointed


def swapped_buffers(x, n, slots):
    a, b = x.copy(), np.zeros_like(x)
    for t in checkpointed(range(n), slots):
        b[1:] = np.sin(a[:-1]) * x[1:] + t
        b[0] = a[-1]
        a, b = b, a
    return np.sum(a * x) + np.sum(b)


def appended_list(x, n, slots):
    ys = [x[0]]
    s = x * 1.0
    for _ in checkpointed(range(n), slots):
        s = np.sin(s) + x
        ys.append(s[0] * ys[-1])
    return sum(ys) + np.sum(s)


def list_of_arrays(x, n, slots):
    h = [x * 1.0, x * 2.0]
    for _ in checkpointed(range(n), slots):
        h.append(np.sin(h[-1]) + h[-2] * x)
    return np.sum(h[-1]) + np.sum(h[0])


def list_that_is_emptied(x, n, slots):
    batch, total = [], x[0]
    for k in checkpointed(range(n), slots):
        batch.append(x[k % 4] * total)
        if len(batch) == 2:
            total = total + batch[0] * batch[1]
            batch.clear()
    return total + sum(batch)


def rows_outside(x, n, slots):
    out = np.zeros((12, 4))
    h = x * x
    for t in checkpointed(range(n), slots):
        h = np.tanh(h + x)
        out[t] = h
        out[t + 1] += h * 2
    return np.sum(out**2)


def written_views(x, n, slots):
    y = x.copy()
    v, w = y[1:], y[:-1]
    for _ in checkpointed(range(n), slots):
        v *= np.sin(w)
        y[0] += v[0]
    return np.sum(y * y) + v[0]


def steps_down(x, n, slots):
    s, y = 1.0, x * 1
    for t in checkpointed(range(10, 10 - 2 * n, -2), slots):
        y = y * np.cos(x) + t * 0.1
        s = s * y[0] + t
    return s + np.sum(y)


def left_by_break(x, n, slots):
    s = 0.5
    for _ in checkpointed(range(n), slots):
        s = s * x[0] + np.sin(x[1])
        if s > 1.2:
            s = s * 3
            break
        s = s + x[2]
    else:
        s = s * x[3]
    return s


def left_by_return(x, n, slots):
    s = x.copy()
    for t in checkpointed(range(n), slots):
        s[t % 4] *= np.sin(s[0] + x[1])
        if t == 4:
            return np.sum(s) * s[1]
    return np.sum(s * s)


def nested_loops(x, n, slots):
    s = x * 1.0
    for t in checkpointed(range(n), slots):
        for u in checkpointed(range(n), slots):
            s = np.sin(s) * x
            s[0] += t * u
    return np.sum(s)


def in_a_plain_loop(x, n, slots):
    s, total = x * 1.0, 0.0
    for _ in range(3):
        for u in checkpointed(range(n), slots):
            s += np.sin(s) * x
            total = total + s[u % 4]
        s *= x
    return np.sum(s) + total


def defined_in_the_loop(x, n, slots):
    s = x * 1.0
    for t in checkpointed(range(n + 1), slots):
        y = np.sin(s)
        z = y[0] * t
        if t == 0:
            m = s[0]
        else:
            m *= s[1]
        s = y * x
    return z + m + np.sum(y) + np.sum(s)


def over_arrays(x, n, slots):
    s = x[0]
    for k, (row, v) in checkpointed(enumerate(zip(np.outer(x, x)[:n], x)), slots):  # noqa: B905
        s = s * np.sum(row) + np.sin(s) * v + k
    return s


def backwards(x, n, slots):
    s = x[0]
    for t in checkpointed(reversed(range(n)), slots):
        s = s * x[t % 4] + t
    return s


def array_that_grows(x, n, slots):
    y = x[:2] * 1
    for _ in checkpointed(range(n), slots):
        y = np.append(y, np.sin(y[-1] * x[0]))
    return np.sum(y * y)


def number_that_becomes_an_array(x, n, slots):
    s = 0
    for i in checkpointed(range(n), slots):
        s = s + x * i
    return np.sum(s * s) + np.sum(x)


def branches_and_counters(x, n, slots):
    s, best, k = x * 1.0, x[0], 0
    for _ in checkpointed(range(n), slots):
        if s[0] > 0.4:
            s = s * np.sin(x)
            k += 1
        else:
            s[0] += x[1]
        best = max(best, s[1] * k)
    return np.sum(s * s) + best


def state_in_a_dict(x, n, slots):
    state = {"u": x * 1.0, "v": np.zeros(4), "e": 0.0}
    for _ in checkpointed(range(n), slots):
        u, v = state["u"], state["v"]
        state["v"] = v - 0.1 * np.sin(u)
        state["u"] = u + 0.1 * state["v"] * x
        state["e"] += np.sum(u * v)
    return np.sum(state["u"]) + state["e"]


def two_loops(x, n, slots):
    start = x * 1.0
    y = start
    for _ in checkpointed(range(n), slots):
        y = y.copy()
        y[1:-1] += 0.1 * (y[2:] - y[:-2]) * x[0]
    z = y
    for _ in checkpointed(range(n), slots):
        z = z.copy()
        z[1:-1] += 0.1 * (z[2:] * y[:-2]) * x[0]
    return np.sum((y - start) ** 2) + np.sum(z * y)


def masked(x, n, slots):
    s = x * 1.0
    for _ in checkpointed(range(n), slots):
        s = np.where(s > 0.5, np.sqrt(np.abs(s - 0.5)), s * x)
    return np.sum(s)


def optimiser(x, n, slots):
    m, v, p = np.zeros_like(x), np.zeros_like(x), x.copy()
    for t in checkpointed(range(1, n + 1), slots):
        g = 2 * p * np.cos(p)
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g**2
        p -= 0.1 * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8)
    return np.sum(p**2)


FUNCTIONS = [f for f in list(globals().values()) if getattr(f, "__module__", None) == __name__]
