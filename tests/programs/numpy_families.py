"""Functions of NumPy that are seldom met: polynomials, eigenvalues, sets, transforms of real data, parts of sums."""

from __future__ import annotations

import numpy as np

from . import program, rand, signed


@program(lambda: (rand(3, 3),), tags=("linalg", "complex"))
def spectral_abscissa(m):
    turning = m + np.array([[0.0, -2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 4.0]])
    values, vectors = np.linalg.eig(turning)
    rebuilt = (vectors * values) @ np.linalg.inv(vectors)
    return np.sum(np.abs(values) ** 2) + np.max(values.imag) + np.sum(rebuilt.real[0]) + np.abs(vectors[0, 0])


@program(lambda: (signed(3, 3),), tags=("linalg",))
def stable_after_steps(m):
    a = np.eye(3) + 0.1 * m
    for _ in range(2):
        a = a @ a
    rates = np.linalg.eigvals(a + np.diag([1.0, 4.0, 9.0]))
    return np.sum(np.log(np.abs(rates)))


@program(lambda: (np.reshape(signed(36) + 4 * np.ravel(np.eye(6)), (2, 3, 6)), signed(2, 3)), argnums=(0, 1))
def tensor_equations(a, b):
    x = np.linalg.tensorsolve(a, b)
    inverse = np.linalg.tensorinv(a)
    return np.sum(x**2) + np.sum(np.tensordot(inverse, b, 2) * x)


@program(lambda: (rand(5), rand(3, seed=1)), argnums=(0, 1), tags=("polynomials",))
def rational_function(p, q):
    quotient, rest = np.polydiv(p, q)
    whole = np.polyadd(np.polymul(quotient, q), rest)
    slope = np.polysub(np.polymul(np.polyder(p), q), np.polymul(p, np.polyder(q)))
    return np.sum((whole - p) ** 2) + np.polyval(slope, 0.3) + np.sum(quotient**2) + np.polyval(np.polyint(rest), 2.0)


@program(lambda: (np.array([1.0, 0.4, 2.0, 0.3]), 0.4), argnums=(0, 1), tags=("polynomials", "complex"))
def poles(p, x):
    roots = np.roots(p)
    back = np.real(np.poly(roots)) * p[0]
    return np.sum(np.abs(roots) ** 3) + np.sum(back**2) + np.polynomial.polynomial.polyval(x, p)


@program(lambda: (signed(6),), tags=("polynomials", "for"))
def zeros_moved(z):
    for k in range(3):
        z = 0.5 * np.poly(z)[1:] + 0.1 * k
    return np.sum(z**2)


@program(lambda: (3.0 * signed(7), signed(7, seed=1)), argnums=(0, 1))
def phase_along_a_path(x, y):
    phase = np.unwrap(np.arctan2(y, x))
    parts = np.add.reduceat(np.diff(phase) ** 2, [0, 2, 4])
    return np.sum(parts**2) + phase[-1]


@program(lambda: (rand(6),))
def window(x):
    kaiser = np.i0(3.0 * np.sqrt(1.0 - (0.5 * x) ** 2)) / np.i0(3.0)
    return np.sum(kaiser * x) + np.i0(x[0])


@program(lambda: (signed(4, 6), signed(4, 6, seed=1)), argnums=(0, 1), tags=("fft",))
def filtered_real_image(image, kernel):
    shape = (5, 9)
    spectrum = np.fft.rfft2(image, s=shape) * np.fft.rfftn(kernel, s=shape, axes=(0, 1))
    out = np.fft.irfft2(spectrum, s=shape)
    lines = np.fft.hfft(np.fft.ihfft(image[0]), 6)
    return np.sum(out**2) + np.sum(np.fft.irfftn(spectrum) ** 3) + np.sum(lines * image[0])


@program(lambda: (signed(5), signed(4, seed=1)), argnums=(0, 1), tags=("sets",))
def sets_of_numbers(x, y):
    more = np.concatenate((y, x[:2]))
    together = np.union1d(x, more)
    rest = np.setdiff1d(x, more)
    common = np.intersect1d(x, more)
    either = np.setxor1d(x, more)
    return np.sum(together**2) + np.sum(rest**3) + np.sum(common) * np.sum(either**2)


@program(lambda: (signed(2, 3, 4), 0.7), argnums=(0, 1))
def over_several_axes(x, s):
    means = np.apply_over_axes(np.mean, x * s, (0, 2))
    weights = np.fromiter((s * k for k in range(3)), float)
    return np.sum(means[0, :, 0] ** 2 * weights) + np.ufunc.reduce(np.multiply, x[0, 0])


if hasattr(np, "matvec"):

    @program(lambda: (signed(2, 3, 3), signed(3, seed=1)), argnums=(0, 1))
    def products_of_stacks(a, v):
        sums = np.cumulative_sum(np.matvec(a, v), axis=1, include_initial=True)
        return np.sum(sums**2) + np.sum(np.vecmat(v, a) ** 3) + np.sum(np.cumulative_prod(v)[1:])


@program(lambda: (signed(4, 5), (0, 1)), tags=("gradient",))
def slopes_along_axes_of_the_run(u, axes):
    down, right = np.gradient(u, axis=axes)
    return np.sum(down * right**2)


@program(lambda: (signed(4, 5), (1, 0)), tags=("gradient",), output="array")
def all_slopes_along_axes_of_the_run(u, axes):
    return np.gradient(u * u, 0.5, axis=axes)


@program(lambda: (signed(4), 4), tags=("lists", "concatenate"))
def joined_with_a_list_of_whole_numbers(x, n):
    counts = [2 * k for k in range(n)]
    joined = np.concatenate([x, counts])
    table = np.column_stack([counts, x * x])
    return np.sum(joined**2 * np.arange(8.0)) + np.sum(table**2) + np.sum(np.insert(x, 2, counts) ** 3)


@program(lambda: (signed(4), 4), tags=("lists", "choose"))
def chosen_from_a_list_of_pairs(x, n):
    pairs = []
    for k in range(n):
        pairs.append([k, n - k])
    beside = np.concatenate([x[:, None] * x[0], pairs], axis=1)
    return np.sum(beside[:, 0] * beside[:, 1]) + np.sum(np.choose([0, 1, 0, 1], [x, [p[1] for p in pairs]]) ** 2)


@program(lambda: (signed(3), 3), tags=("lists", "kron"))
def repeated_at_the_scale_of_a_range(x, n):
    return np.sum(np.kron(x, range(n)) ** 2)
