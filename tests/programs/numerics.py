# ruff: noqa: B007 (written as users write, not as linters like it)
"""Linear algebra by hand, root finding, interpolation, quadrature, test functions of optimisation."""

from __future__ import annotations

import math

import numpy as np

from . import program, rand, signed

SPD = 4.0 * np.eye(4) + 0.5 * (rand(4, 4, seed=21) + rand(4, 4, seed=21).T)


@program(lambda: (2.0, 0.3), argnums=(0, 1), tags=("newton", "for"))
def newton_iteration(a, x):
    for _ in range(6):
        x = x - (x**3 + x - a) / (3.0 * x**2 + 1.0)
    return x


@program(lambda: (0.7, 0.1), argnums=(0, 1), tags=("kepler", "while"))
def kepler_equation(mean, e):
    anomaly = mean
    for _ in range(50):
        step = (anomaly - e * math.sin(anomaly) - mean) / (1.0 - e * math.cos(anomaly))
        anomaly -= step
        if abs(step) < 1e-14:
            break
    return anomaly * e


@program(lambda: (0.8,), tags=("secant", "while"))
def secant_method(c):
    def f(x):
        return math.exp(x) - c - 2.0

    a, b = 0.0, 1.5
    fa, fb = f(a), f(b)
    while abs(fb) > 1e-7:
        a, b = b, b - fb * (b - a) / (fb - fa)
        fa, fb = fb, f(b)
    return b - f(b) / math.exp(b)


@program(lambda: (rand(4),), tags=("linalg", "while"))
def conjugate_gradient(b):
    x, r = np.zeros(4), b.copy()
    p, rs = r.copy(), b @ b
    for _ in range(4):
        ap = SPD @ p
        alpha = rs / (p @ ap)
        x = x + alpha * p
        r = r - alpha * ap
        new = r @ r
        if new < 1e-16:
            break
        p = r + new / rs * p
        rs = new
    return np.sum(x**2)


@program(lambda: (SPD.copy(),), tags=("linalg",))
def power_iteration(a):
    v = np.array([1.0, 0.5, 0.3, 0.8])
    for _ in range(30):
        v = a @ v
        v = v / np.sqrt(v @ v)
    return v @ a @ v


@program(lambda: (rand(4, 3),), tags=("linalg", "write"))
def gram_schmidt(a):
    q = a.copy()
    n = q.shape[1]
    for j in range(n):
        for k in range(j):
            q[:, j] -= (q[:, k] @ q[:, j]) * q[:, k]
        q[:, j] /= np.sqrt(np.sum(q[:, j] ** 2))
    return np.sum(q * np.arange(12.0).reshape(4, 3))


@program(lambda: (np.array([1.0, 0.5, 0.2, 0.1]),), tags=("recursion formula", "write"))
def durbin_levinson(r):
    n = len(r) - 1
    phi = np.zeros(n)
    v = r[0]
    for k in range(n):
        acc = r[k + 1]
        for j in range(k):
            acc -= phi[j] * r[k - j]
        reflection = acc / v
        old = phi.copy()
        for j in range(k):
            phi[j] = old[j] - reflection * old[k - 1 - j]
        phi[k] = reflection
        v *= 1.0 - reflection**2
    return v + np.sum(phi)


@program(
    lambda: (rand(4, seed=1), 3.0 + rand(5), rand(4, seed=2), rand(5, seed=3)), argnums=(0, 1, 2, 3), tags=("write",)
)
def thomas_tridiagonal_solver(lower, diag, upper, rhs):
    n = len(diag)
    c, d = np.zeros(n - 1), np.zeros(n)
    c[0] = upper[0] / diag[0]
    d[0] = rhs[0] / diag[0]
    for i in range(1, n):
        denominator = diag[i] - lower[i - 1] * c[i - 1]
        if i < n - 1:
            c[i] = upper[i] / denominator
        d[i] = (rhs[i] - lower[i - 1] * d[i - 1]) / denominator
    x = np.zeros(n)
    x[-1] = d[-1]
    for i in range(n - 2, -1, -1):
        x[i] = d[i] - c[i] * x[i + 1]
    return np.sum(x * x)


@program(lambda: (SPD.copy(), rand(4)), argnums=(0, 1), tags=("linalg", "write"))
def cholesky_solve_row_by_row(a, b):
    n = len(b)
    low = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = a[i, j] - low[i, :j] @ low[j, :j]
            low[i, j] = np.sqrt(s) if i == j else s / low[j, j]
    y = np.zeros(n)
    for i in range(n):
        y[i] = (b[i] - low[i, :i] @ y[:i]) / low[i, i]
    return y @ y + 2.0 * np.sum(np.log(np.diag(low)))


@program(lambda: (rand(3, 3) + 2.0 * np.eye(3),), tags=("linalg", "write"))
def inverse_by_gauss_jordan(m):
    n = len(m)
    a = np.concatenate([m, np.eye(n)], axis=1)
    for k in range(n):
        a[k] /= a[k, k]
        for i in range(n):
            if i != k:
                a[i] -= a[i, k] * a[k]
    return np.sum(a[:, n:] ** 2)


@program(lambda: (rand(4, 3),), tags=("linalg", "householder", "write"))
def householder_qr(a):
    r = a.copy()
    for k in range(3):
        v = r[k:, k].copy()
        v[0] += np.sqrt(v @ v) * (1.0 if v[0] > 0 else -1.0)
        v /= np.sqrt(v @ v)
        r[k:, k:] -= 2.0 * np.outer(v, v @ r[k:, k:])
    return np.sum(np.triu(r) * np.array([1.0, 2.0, 3.0]))


@program(lambda: (SPD[:3, :3].copy(),), tags=("linalg", "jacobi"))
def jacobi_rotations(a):
    for p, q in [(0, 1), (0, 2), (1, 2)]:
        theta = 0.5 * math.atan2(2.0 * a[p, q], a[q, q] - a[p, p])
        c, s = math.cos(theta), math.sin(theta)
        g = np.eye(3)
        g[p, p] = g[q, q] = c
        g[p, q], g[q, p] = s, -s
        a = g.T @ a @ g
    return a[0, 0] * a[1, 1] + a[0, 1] ** 2


@program(lambda: (SPD.copy(), rand(4)), argnums=(0, 1), tags=("sor", "break", "write"))
def successive_over_relaxation(a, b):
    x = np.zeros_like(b)
    omega = 1.1
    for sweep in range(100):
        change = 0.0
        for i in range(len(b)):
            sigma = 0.0
            for j in range(len(b)):
                if j != i:
                    sigma += a[i, j] * x[j]
            new = (1.0 - omega) * x[i] + omega * (b[i] - sigma) / a[i, i]
            change += abs(new - x[i])
            x[i] = new
        if change < 1e-13:
            break
    return np.sum(x * x)


@program(lambda: (0.1 * signed(3, 3),), tags=("matrix exponential",))
def matrix_exponential_by_series(a):
    term = np.eye(3)
    total = np.eye(3)
    for k in range(1, 12):
        term = term @ a / k
        total = total + term
    return np.sum(total**2)


@program(lambda: (rand(3, 3) + np.eye(3),), tags=("matrix root", "while"))
def matrix_square_root(a):
    x, y = a @ a.T, np.eye(3)
    for _ in range(8):
        x, y = 0.5 * (x + np.linalg.inv(y)), 0.5 * (y + np.linalg.inv(x))
    return np.sum(x * x)


@program(lambda: (rand(5), 0.7), argnums=(0, 1), tags=("horner",))
def horner_scheme(c, x):
    value, slope = c[0], 0.0
    for k in range(1, len(c)):
        slope = slope * x + value
        value = value * x + c[k]
    return value + slope**2


@program(lambda: (rand(4, 2), 0.3), argnums=(0, 1), tags=("bezier", "write"))
def de_casteljau(points, t):
    p = points.copy()
    n = len(p)
    for level in range(1, n):
        for i in range(n - level):
            p[i] = (1.0 - t) * p[i] + t * p[i + 1]
    return p[0] @ p[0]


@program(lambda: (rand(5), 2.3), argnums=(0, 1), tags=("interpolation", "if"))
def linear_interpolation(table, x):
    if x <= 0:
        return table[0]
    if x >= len(table) - 1:
        return table[-1]
    k = int(x)
    w = x - k
    return (1.0 - w) * table[k] + w * table[k + 1]


@program(lambda: (rand(5), 2.3), argnums=(0, 1), tags=("spline", "write"))
def natural_cubic_spline(y, at):
    n = len(y)
    m = np.zeros(n)
    c, d = np.zeros(n), np.zeros(n)
    for i in range(1, n - 1):
        rhs = 6.0 * (y[i + 1] - 2.0 * y[i] + y[i - 1])
        pivot = 4.0 - c[i - 1]
        c[i] = 1.0 / pivot
        d[i] = (rhs - d[i - 1]) / pivot
    for i in range(n - 2, 0, -1):
        m[i] = d[i] - c[i] * m[i + 1]
    k = int(at)
    t = at - k
    a, b = 1.0 - t, t
    return a * y[k] + b * y[k + 1] + ((a**3 - a) * m[k] + (b**3 - b) * m[k + 1]) / 6.0


@program(lambda: (rand(4), np.array([0.0, 1.0, 2.5, 3.0]), 1.7), argnums=(0, 1, 2), tags=("interpolation",))
def lagrange_interpolation(y, x, at):
    total = 0.0
    for i, yi in enumerate(y):
        basis = 1.0
        for j, xj in enumerate(x):
            if j == i:
                continue
            basis *= (at - xj) / (x[i] - xj)
        total += yi * basis
    return total


@program(lambda: (rand(4), np.array([0.0, 1.0, 2.5, 3.0]), 1.7), argnums=(0, 1, 2), tags=("interpolation", "write"))
def newton_divided_differences(y, x, at):
    c = y.copy()
    n = len(c)
    for level in range(1, n):
        for i in range(n - 1, level - 1, -1):
            c[i] = (c[i] - c[i - 1]) / (x[i] - x[i - level])
    value = c[-1]
    for i in range(n - 2, -1, -1):
        value = value * (at - x[i]) + c[i]
    return value


@program(lambda: (0.5, 1.5, 0.8), argnums=(0, 1, 2), tags=("quadrature",))
def gauss_legendre(a, b, w):
    nodes, weights = np.polynomial.legendre.leggauss(5)
    t = 0.5 * (b - a) * nodes + 0.5 * (a + b)
    return 0.5 * (b - a) * np.sum(weights * np.exp(-w * t * t))


@program(lambda: (1.2, 0.4), argnums=(0, 1), tags=("quadrature", "table"))
def romberg_table(b, w):
    n = 4
    r = np.zeros((n, n))
    for i in range(n):
        h = b / 2**i
        inner = sum(math.cos(w * k * h) for k in range(1, 2**i))
        r[i, 0] = h * (0.5 + 0.5 * math.cos(w * b) + inner)
        for j in range(1, i + 1):
            r[i, j] = r[i, j - 1] + (r[i, j - 1] - r[i - 1, j - 1]) / (4**j - 1)
    return r[n - 1, n - 1]


@program(lambda: (signed(5),), tags=("optimisation",))
def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@program(lambda: (signed(5),), tags=("optimisation", "for"))
def rosenbrock_in_a_loop(x):
    total = 0.0
    for i in range(len(x) - 1):
        a = x[i + 1] - x[i] * x[i]
        b = 1.0 - x[i]
        total += 100.0 * a * a + b * b
    return total


@program(lambda: (signed(4),), tags=("optimisation",))
def ackley(x):
    n = len(x)
    root = np.sqrt(np.sum(x**2) / n)
    return -20.0 * np.exp(-0.2 * root) - np.exp(np.sum(np.cos(2 * np.pi * x)) / n) + 20.0 + np.e


@program(lambda: (signed(3), signed(3, seed=4)), argnums=(0, 1), tags=("optimisation",))
def himmelblau_and_rastrigin(x, y):
    h = (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2
    r = 10 * len(x) + sum(v * v - 10 * math.cos(2 * math.pi * v) for v in x)
    return h.mean() + r


@program(lambda: (0.4, 3), tags=("special function", "for"))
def legendre_polynomial(x, n):
    p0, p1 = 1.0, x
    for k in range(1, n + 1):
        p0, p1 = p1, ((2 * k + 1) * x * p1 - k * p0) / (k + 1)
    return p1


@program(lambda: (1.3,), tags=("special function", "while"))
def error_function_by_series(x):
    term, total, k = x, x, 0
    while abs(term) > 1e-17:
        k += 1
        term = -term * x * x / k
        total += term / (2 * k + 1)
    return 2.0 / math.sqrt(math.pi) * total


@program(lambda: (24.0, 6.5), argnums=(0, 1), tags=("mean", "while"))
def arithmetic_geometric_mean(a, b):
    while abs(a - b) > 1e-14 * a:
        a, b = 0.5 * (a + b), math.sqrt(a * b)
    return a


@program(lambda: (0.8, 7), tags=("continued fraction",))
def continued_fraction(x, depth):
    f = 1.0
    for k in range(depth, 0, -1):
        f = 1.0 + k * x / (f + x)
    return 1.0 / f


@program(lambda: (0.7, 0.3), argnums=(0, 1), tags=("complex by hand", "break"))
def escape_of_a_quadratic_map(a, b):
    x = y = 0.0
    for k in range(40):
        x, y = x * x - y * y + a, 2.0 * x * y + b
        if x * x + y * y > 4.0:
            break
    return x * x + y * y + k


@program(lambda: (signed(4), signed(4, seed=1)), argnums=(0, 1), tags=("complex by hand", "nested"))
def discrete_fourier_transform(re, im):
    n = len(re)
    power = 0.0
    for k in range(n):
        a = b = 0.0
        for t in range(n):
            angle = -2.0 * math.pi * k * t / n
            c, s = math.cos(angle), math.sin(angle)
            a += re[t] * c - im[t] * s
            b += re[t] * s + im[t] * c
        power += (k + 1) * (a * a + b * b)
    return power


@program(lambda: (signed(6),), tags=("haar", "write", "while"))
def haar_wavelet_levels(x):
    y = np.concatenate([x, x[:2] * x[2:4]])
    n = len(y)
    while n > 1:
        half = n // 2
        even, odd = y[0:n:2].copy(), y[1:n:2].copy()
        y[:half] = 0.5 * (even + odd)
        y[half:n] = even - odd
        n = half
    return np.sum(y**2 * np.arange(1.0, 9.0))


@program(lambda: (rand(5), rand(5, seed=3)), argnums=(0, 1), tags=("polygon",))
def polygon_area_and_perimeter(x, y):
    area = perimeter = 0.0
    for i in range(len(x)):
        j = (i + 1) % len(x)
        area += x[i] * y[j] - x[j] * y[i]
        perimeter += math.hypot(x[i] - x[j], y[i] - y[j])
    return abs(area) / 2.0 + perimeter
