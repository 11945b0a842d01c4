"""Programs that once got a wrong gradient, or none, found by hunting for them; each is the smallest of its kind."""

# ruff: noqa: B007, B905, E731, F841

from __future__ import annotations

import numpy as np

from programs import program


def R(*s, seed=0):
    return np.random.default_rng(seed).uniform(0.3, 1.3, s)


def N():
    return np.array([0.3, 0.7])


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def mul_list(x):
    return np.sum(x * [1, 2, 3])


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def list_mul(x):
    return np.sum([1, 2, 3] * x)


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def mul_active_list(x):
    return np.sum(x * [x[0], x[1], 2.0])


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def add_short_list(x):
    return np.sum(np.add([x[0]], x))


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def sum_list(x):
    return np.sum([x[0] * 2, x[1]])


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def mean_list(x):
    return np.mean([x, x * 2])


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def ufunc_list(x):
    return np.maximum(x, [0.5, 0.5, 0.5]).sum()


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def tuple_mul(x):
    return np.sum((1, 2, 3) * x)


@program(lambda: (N(),), argnums=0, tags=("regression",))
def list_of_pairs(x):
    L = [(i, v) for i, v in enumerate(x)]
    return L[0][1] * L[1][1] ** 2


@program(lambda: (N(),), argnums=0, tags=("regression",))
def list_enumerate(x):
    t = 0.0
    for i, v in list(enumerate(x)):
        t += v**2 * i
    return t


@program(lambda: (N(),), argnums=0, tags=("regression",))
def list_zip(x):
    t = 0.0
    for i, v in list(zip(x, x)):
        t += v**2 * i
    return t


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def max_pairs(x):
    return max([(v, 1) for v in x])[0]


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def aug_slice_rev(x):
    y = x.copy()
    y[:] *= y[::-1]
    return np.sum(y * y)


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def aug_slice_self(x):
    y = x.copy()
    y[:] *= y
    return np.sum(y * y)


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def aug_slice_div(x):
    y = x.copy()
    v = y[::2]
    v[:] /= v[::-1]
    return np.sum(y * y * x)


@program(lambda: (R(3), 0.5), argnums=(0, 1), tags=("regression",))
def dup_set(x, s):
    y = x.copy()
    y[[0, 0]] = s
    return np.sum(y * y)


@program(lambda: (R(3), 0.5), argnums=(0, 1), tags=("regression",))
def dup_add(x, s):
    y = x.copy()
    y[[1, 1]] += s
    return np.sum(y * y)


@program(lambda: (R(3, 3), R(3)), argnums=(0, 1), tags=("regression",))
def dup_rows(x, r):
    y = x.copy()
    y[[0, 0]] = r
    y[[1, -2]] += r
    return np.sum(y * y)


@program(lambda: (R(5),), argnums=0, tags=("regression",))
def dup_negative(x):
    y = x.copy()
    y[[0, -5, 1]] = x[:3] ** 2
    return np.sum(y**2)


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def vjp_keeps_wrong(x):
    y = x.copy()

    def f(a):
        return np.sin(a[0]) * a

    v = f(y)
    y[2] /= 2.0
    return np.sum(v * v)


@program(lambda: (R(3), 0.6), argnums=(0, 1), tags=("regression",))
def product_regrouped(y, s):
    v = s * y
    y[1] = s
    return s * np.sum(v * v)


@program(lambda: (R(3), 0.6), argnums=(0, 1), tags=("regression",))
def product_regrouped_vjp(y, s):
    v = y[0] * y
    y[1] = s
    return np.sum(v * v)


@program(lambda: (R(4), 0.6), argnums=(0, 1), tags=("regression",))
def product_regrouped_mask(x, s):
    v = s * x
    x[x > 0.51] += s
    return np.sum(1.63 * v * v)


@program(lambda: (R(3), 0.6), argnums=(0, 1), tags=("regression",))
def quotient_regrouped(y, s):
    v = 1 / y
    y[1] = s
    return s * np.sum(v * v)


@program(lambda: (0.3, 1.7), argnums=(0, 1), tags=("regression",))
def quotients_of_one_number_that_share_one_another(a, b):
    total = 0.0
    for k in range(1, 4):
        x = a + k * b
        total += np.exp(x) / (1 + x)
    return total * b


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def dead_alias(x):
    v = x
    w = v if x[0] < 0.1 else x
    return np.sum(x)


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def break_index(x):
    y = x.copy()
    for i in range(1, 4):
        if i % 2 == 0:
            break
        y[2] = x[i]
    return np.sum(y * y)


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def break_index_call(x):
    y = x.copy()

    def g(a):
        y[2] = a

    for i in range(1, 4):
        if i % 2 == 0:
            break
        g(x[i])
    return np.sum(y * y)


@program(lambda: (R(4), 0.6), argnums=(0, 1), tags=("regression",))
def return_index(x, s):
    for i in range(3, 0, -1):
        if i % 2 == 1:
            return x[0] * s
    return np.sum(x * x)


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def sub_sum(x):
    return x[0] - (x[1] + x[1])


@program(lambda: (R(3), 0.5), argnums=(0, 1), tags=("regression",))
def aug_sub_sum(x, s):
    y = x.copy()
    y[0] += x[1] - (s + y[1])
    return np.sum(y * y) + s


@program(lambda: (R(4), 0.5), argnums=(0, 1), tags=("regression",))
def s_bar_unbound(y, s):
    return np.sin(s) + (y[0] - (s + s))


@program(lambda: (R(3), 0.6), argnums=(0, 1), tags=("regression",))
def sub_of_sum(y, s):
    s -= s + y[0]
    return s


@program(lambda: (N(),), argnums=0, tags=("regression",))
def nan_mask(x):
    z = np.sqrt(x - 0.5)
    return np.sum(z[x > 0.5])


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def angle(x):
    return np.sum(np.angle(x + 1j))


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def tile(x):
    return np.sum(np.tile(x, 2)[2:] ** 2)


G_CALLS = []


def _twow(x, y):
    x[0] = y[1] * 2
    return np.sum(x * y * y)


GA = np.ones(3)


def _gw(x):
    x[0] = 2 * x[1]
    return np.sum(GA * x)


XY = lambda: (R(4), R(4, seed=1))


XS = lambda: (R(4), 0.6)


XYS = lambda: (R(4), R(4, seed=1), 0.6)


@program(XS, argnums=(0, 1), tags=("regression",))
def iadd_scale(x, s):
    x += x * s
    return np.sum(x * x)


@program(XY, argnums=(0, 1), tags=("regression",))
def iadd_mul(x, y):
    x += x * y
    return np.sum(x * x)


@program(XY, argnums=(0, 1), tags=("regression",))
def iadd_div(x, y):
    x += x / y
    return np.sum(x * x)


@program(lambda: (R(4),), argnums=0, tags=("regression",))
def iadd_self(x):
    x += x * x[::-1]
    return np.sum(x * x)


@program(XY, argnums=(0, 1), tags=("regression",))
def iadd_slice(x, y):
    x[1:] += x[:-1] * y[1:]
    return np.sum(x * x)


@program(lambda: (R(3, 2),), argnums=0, tags=("regression",))
def iadd_rows(x):
    z = x * 1.0
    for v in z:
        v += v / (1.5 + v**2)
    return np.sum(z * z)


@program(lambda: (R(4),), argnums=0, tags=("regression",))
def iadd_view_loop(x):
    v = x[::-1]
    for i in range(2):
        x += v / (1.5 + x[i] * x)
    return np.sum(x * np.arange(4))


@program(XY, argnums=(0, 1), tags=("regression",))
def iadd_helper(x, y):

    def f(a):
        a += a[::-1] * a

    f(x)
    return np.sum(x * y)


@program(XS, argnums=(0, 1), tags=("regression",))
def append_pairs(y, s):
    T = [(y, s)]
    for i in range(3):
        T.append((y * s, s))
    return sum(np.sum(q[0] * q[0]) * q[1] for q in T)


@program(XS, argnums=(0, 1), tags=("regression",))
def append_pairs_index(y, s):
    T = [(y, s)]
    for i in range(3):
        T.append((y * s, s))
    y[0] *= s
    return np.sum(T[1][0] ** 2) + np.sum(T[2][0] ** 2)


@program(XS, argnums=(0, 1), tags=("regression",))
def append_pairs_write(y, s):
    T = []
    for i in range(2):
        T.append((y * s, 2))
    T[1][0][2] = s
    return np.sum(T[0][0] ** 2) + np.sum(T[1][0] ** 2)


@program(XS, argnums=(0, 1), tags=("regression",))
def append_pairs_name(y, s):
    T = []
    for i in range(2):
        z = y * s
        T.append((z, 2))
        z[i] = s
    return np.sum(T[0][0] ** 2) + np.sum(T[1][0] ** 2)


@program(XS, argnums=(0, 1), tags=("regression",))
def rec_fresh(x, s):

    def r(a, n):
        if n == 0:
            return a
        return r(a * 1.0, n - 1)

    v = r(x, 1)
    v[0] = s
    return np.sum(v**2)


@program(XS, argnums=(0, 1), tags=("regression",))
def rec_fresh_twice(x, s):

    def r(a, n):
        if n == 0:
            return a
        c = r(a * 1.0, n - 1)
        return r(c, n - 1)

    v = r(x, 2)
    v[0] = s
    return np.sum(v**2)


@program(XS, argnums=(0, 1), tags=("regression",))
def rec_dead_fresh(y, s):

    def r(a, n):
        if n == 0:
            return a
        c = r(a * 1.0, n - 1)
        return a

    v = r(y, 1)
    v[3] += s
    return np.sum(y * y)


@program(XS, argnums=(0, 1), tags=("regression",))
def rec_copy_value(x, s):

    def r(a, n):
        if n == 0:
            return a
        return r(a + 0, n - 1)

    v = r(x, 1)
    v[0] = s
    return np.sum(v**2) + np.sum(x * x)


@program(lambda: (R(4),), argnums=0, tags=("regression",))
def loop_ravel_copy(y):
    for k in range(1):
        v = y.reshape(2, 2).T.ravel()
        v[0] *= y[1]
        y *= v
    return np.sum(y * y)


@program(lambda: (R(4),), argnums=0, tags=("regression",))
def loop_ravel_copy_twice(y):
    for k in range(1):
        v = y.reshape(2, 2).T.reshape(4)
        y *= v
        v[1] *= v[0]
        y *= v
    return np.sum(y * y)


@program(XS, argnums=(0, 1), tags=("regression",))
def rec_no_result(x, s):

    def r(a, n):
        if s > 0:
            return a
        return r(s, n - 1)

    v = r(x, 1)
    return np.sum(x)


@program(XYS, argnums=(0, 1, 2), tags=("regression",))
def merge_fresh(x, y, s):
    v = x if x[1] > 1.03 else y * 1.0
    x[:-1] += s
    return np.sum(v * np.arange(4))


@program(XS, argnums=(0, 1), tags=("regression",))
def loop_fresh(x, s):
    for _ in range(2):
        v = x * 1.0
    v[2] += s
    return np.sum(v * np.arange(4))


@program(XYS, argnums=(0, 1, 2), tags=("regression",))
def returns_fresh(x, y, s):

    def h(a, b):
        if s < 0.5:
            return a
        return b * s

    v = h(x, y)
    x[[3, 0]] = s
    return np.sum(v * np.arange(4))


@program(XYS, argnums=(0, 1, 2), tags=("regression",))
def rec_of_rec(x, y, s):

    def r(a, n):
        if n <= 0:
            return a * a
        return r(r(a, n - 1), n - 1)

    v = r(x, 1)
    v[0] = v[1] * v[1]
    return np.sum(v)


@program(lambda: (R(4),), argnums=0, tags=("regression",))
def rec_hidden(x):

    def r(a, b, n):
        if n == 0:
            return a
        b += a
        return r(r(b, np.cos(b), n - 1), b, n - 1)

    return np.sum(r(x, x, 2) ** 2)


@program(XYS, argnums=(0, 1, 2), tags=("regression",))
def rec_inplace(x, y, s):

    def r(a, n):
        if n == 0:
            return a
        a += y
        return r(r(a * 1.0, n - 1), n - 1)

    return np.sum(r(x, 2) ** 2)


@program(lambda: (R(4), R(4, seed=1)), argnums=(0, 1), tags=("regression",), output="array")
def product_of_a_written_array(x, y):
    y[y < 0.81] -= np.vdot(y, x)
    return y


@program(lambda: (np.array(1.5, np.float32), np.array(0.5)), argnums=(0, 1), tags=("regression",))
def zero_dimensional_arguments(s, t):
    return s * 2 + t


@program(lambda: (np.repeat(R(3, 2), 2, axis=1)[:, ::2], R(2, seed=1)), argnums=(0, 1), tags=("regression",))
def ravel_of_a_strided_argument(m, s):
    flat = m.ravel()
    flat[1] = s[0]
    return np.sum(m * m) + flat[1] * flat[0]


@program(lambda: (R(3), R(3, seed=1)), argnums=(0, 1), tags=("regression",))
def one_cotangent_for_two_operands(x, y):
    q = x * y * x
    t = x + y
    return np.sum(t * t + np.sin(t) * t + q)


@program(lambda: (R(3), R(3, seed=1), R(1, 3, seed=2)), argnums=(0, 1, 2), tags=("regression",))
def one_cotangent_for_several_operands(x, y, z):
    q = x * y * x + x[0] * y[1]
    s = z * z[0, 1]
    t = x + y
    u = (t - np.squeeze(z)) + t.reshape(3)
    return np.sum(u * u + np.sin(u) * t + q + s)


@program(lambda: (R(3), R(3, seed=1)), argnums=(0, 1), tags=("regression",))
def one_cotangent_for_both_branches(x, y):
    q = x * y
    r = y * y * x
    t = x if x[0] > y[0] else y
    u = t + t
    return np.sum(u * u * t + u + q * r)


@program(lambda: (R(2, 3),), argnums=0, tags=("regression",))
def total_that_is_indexed_at_the_end(m):
    total = 0
    for row in m:
        total += row * row
    gain = total[1]
    return np.sum(np.ravel(total)) + gain * total[0]


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def one_array_many_times_in_a_list(x):
    states = []
    for _ in range(3):
        states.append(x)
    x[1] *= 2.0
    v = np.ravel(states)
    return np.sum(v * np.arange(1, 10)) + np.sum(np.sum(states[1:], axis=0) ** 2)


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def stacked_before_and_after_a_write(x):
    states = []
    y = x * 1.0
    for k in range(3):
        states.append(y if k != 1 else y * 2)
    before = np.vstack(states)
    y *= before[2, 2]
    return np.sum(before * np.stack(states)) + np.sum(y)


@program(lambda: (R(3), 1.7, 5), argnums=(0, 1), tags=("regression", "generic"))
def array_that_may_be_a_number_is_updated_in_branches(x, c, n):
    y = x * x
    z = y
    z *= c
    code = 0
    if n > 3:
        total = z[0]
    else:
        total = 1.0
        code = 4
    if code == 4:
        z /= c
        done = False
    else:
        done = True
    if done:
        z /= c
    return total * np.sum(y)


@program(lambda: (R(3),), argnums=0, tags=("regression",))
def total_less_itself_is_indexed(y):
    z = 0
    for _ in range(3):
        z = z + y
    before = z
    z -= z * 0.5
    z[2] *= 1.2
    return np.sum(z * np.arange(1, 4)) + np.sum(np.tanh(before - y))
