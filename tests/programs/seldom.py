"""What few programs use, but the compiler decides by: each entry of its tables is one that some program needs."""

import numpy as np

from . import program, rand


@program(lambda: (rand(4),), tags=("in-place", "masks"))
def masks_updated_in_place(x):
    kept = x > 0.3
    first = kept
    a = np.where(kept, x, 0.0)
    kept &= x < 0.7
    outer = x > 0.8
    outer |= x < 0.4
    other = x > 0.23
    other ^= x > 0.5
    return np.sum(a * a) + np.sum(np.where(first, x**3, 0.0)) + np.sum(x[outer] ** 2) - np.sum(x[other] ** 3)


@program(lambda: (rand(3),), tags=("in-place",))
def remainders_and_quotients_in_place(x):
    y = x * 3.1
    z = y
    s = np.sum(y * y)
    y %= 1.0
    s += np.sum(z * z * x)
    w = x * 7.3
    w //= 1.0
    return s + np.sum(w * x)


@program(lambda: (rand(3),), tags=("dicts",))
def items_popped_off_a_dict(x):
    d = {"a": x[0], "b": x[1] * x[2]}
    e = d
    _, v = d.popitem()
    s = v * v
    for name in e:
        s += e[name] * v
    return s


@program(lambda: (rand(3),), tags=("lists", "loops"))
def lists_that_are_cleared(x):
    xs = []
    ys = xs
    s = 0.0
    for i in range(3):
        xs.append(x[i] * x[0])
        if i == 1:
            s += xs[0] * xs[1]
            xs.clear()
    ys.append(s)
    return xs[0] * ys[1] * len(xs)


@program(lambda: (rand(3),), tags=("views", "in-place"))
def views_of_new_arrays_of_all_kinds(x):
    a = np.ones((1, 3))
    a.reshape(3)[1:] *= x[1:]
    b = np.full((1, 3), x[0])
    v = b.reshape(-1)
    v[1:] = x[1] * v[1:]
    c = np.eye(3)
    w = c.reshape(9)
    w[::4] = x
    d = np.arange(3.0)
    u = np.reshape(d, (3, 1))
    u[1, 0] = x[1] ** 2
    e = np.zeros((2, 3), order="F")
    t = e.reshape(6)
    t[:3] = x
    return np.sum(a * x) + np.sum(b * b) + np.sum(c @ x) + np.sum(d * x) + np.sum(e * x) + np.sum(t * t)


def _by_its_magnitude(z, x):
    # A magnitude is real, also where it meets the number that it is the magnitude of.
    w = np.abs(z + 0.1) * z
    return np.sum(w.imag * x) + np.sum((w * z).real)


@program(lambda: (rand(3, 3),), tags=("complex", "fourier"))
def transforms_of_real_matrices(x):
    a = np.fft.fftn(x)
    b = np.fft.ifft2(x)
    c = np.fft.ifftn(x * x)
    d = np.fft.ifft(x[0])
    total = np.sum((a * x).imag) + np.sum(np.abs(b * x) ** 2) + np.sum((c * x).real) + np.sum((d * x[1]).imag)
    total = total + _by_its_magnitude(a, x) + _by_its_magnitude(b, x) + _by_its_magnitude(c, x)
    total = total + _by_its_magnitude(np.fft.fft2(x), x) + _by_its_magnitude(np.fft.fft(x), x)
    return total + _by_its_magnitude(np.fft.ifft(x), x) + _by_its_magnitude(np.fft.rfft(x), x[:, :2])


@program(lambda: (rand(3),), tags=("complex",))
def made_complex_by_a_dtype(x):
    z = x.astype(np.dtype(complex))
    y = np.zeros(3, dtype=np.dtype(complex))
    y[:] = x * x
    y *= x
    return np.sum((z * x * np.array(1j)).imag) + np.sum(np.abs(y) ** 2)


@program(lambda: (rand(3),), tags=("complex",))
def phase_of_a_number_that_divides(x):
    s = complex(x[0], x[1])
    r = abs(3.0 / s) * s
    return r.real * x[2] + r.imag


@program(lambda: (rand(3),), tags=("shifts",))
def transposed_exponentials_are_scaled_back_by_the_wrong_axis(x):
    a = np.outer(x, x * x)
    m = np.max(a, axis=1, keepdims=True)
    e = np.exp(a - m)
    return np.sum(np.transpose(e) * np.exp(m))


@program(lambda: (rand(3),), tags=("shifts",))
def exponentials_by_a_matrix_product_are_scaled_back(x):
    a = np.outer(x, x * x)
    m = np.max(a, axis=1, keepdims=True)
    e = np.exp(a - m)
    return np.sum(np.matmul(e, x) * np.exp(m[:, 0]))


@program(lambda: (rand(3),), tags=("aliases", "loops"))
def sums_of_what_shares_memory(x):
    a = x * 2.0
    s = 0.0
    for k in range(3):
        b = a if k != 1 else a * 2.0
        if np.shares_memory(a, b):
            s += np.sum(b * x[k])
        a = a * x
    return s


@program(lambda: (rand(3),), tags=("lists", "in-place"))
def rest_of_a_list_of_arrays_is_scaled(x):
    rows = [x.copy(), x * 2.0, x * 3.0]
    rows[0] *= x
    rest = rows[1:]
    rest[0] *= x
    return np.sum(rows[1] * rest[1] * rows[0])
