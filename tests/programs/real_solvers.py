# ruff: noqa (written as users write, not as linters like it)
"""Solvers as people write them: equations, structures, matrices, geometry."""

from __future__ import annotations

import cmath
import math
from typing import NamedTuple

import numpy as np

from . import program, rand, signed

rng = np.random.default_rng(42)


def rk4(f, y0, t0, t1, n, args=()):
    h = (t1 - t0) / n
    t, y = t0, np.asarray(y0, dtype=float)
    ys = [y]
    for _ in range(n):
        k1 = f(t, y, *args)
        k2 = f(t + h / 2, y + h / 2 * k1, *args)
        k3 = f(t + h / 2, y + h / 2 * k2, *args)
        k4 = f(t + h, y + h * k3, *args)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += h
        ys.append(y)
    return np.array(ys)


def lotka_volterra(t, z, a, b, c, d):
    x, y = z
    return np.array([a * x - b * x * y, -c * y + d * x * y])


OBS = np.abs(rng.normal(size=(9, 2)))


@program(lambda: (np.array([1.1, 0.4, 0.4, 0.1]), np.array([2.0, 1.0])), argnums=(0, 1))
def lv_fit(theta, z0):
    traj = rk4(lotka_volterra, z0, 0.0, 2.0, 8, args=tuple(theta))
    resid = np.log(traj) - np.log(OBS)
    return 0.5 * np.sum(resid**2)


def thomas(a, b, c, d):
    """Tridiagonal solver, overwrites local copies."""
    n = len(d)
    cp, dp = np.zeros(n - 1), np.zeros(n)
    cp[0] = c[0] / b[0]
    dp[0] = d[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i - 1] * cp[i - 1]
        if i < n - 1:
            cp[i] = c[i] / m
        dp[i] = (d[i] - a[i - 1] * dp[i - 1]) / m
    x = dp.copy()
    for i in range(n - 2, -1, -1):
        x[i] -= cp[i] * x[i + 1]
    return x


@program(lambda: (signed(7), 0.4, 3), argnums=(0, 1))
def crank_nicolson(u0, D, steps):
    n = u0.size
    dx = 1.0 / (n + 1)
    dt = 0.01
    r = D * dt / (2 * dx**2)
    u = u0
    off = -r * np.ones(n - 1)
    diag = (1 + 2 * r) * np.ones(n)
    for _ in range(steps):
        rhs = (1 - 2 * r) * u
        rhs[1:] += r * u[:-1]
        rhs[:-1] += r * u[1:]
        u = thomas(off, diag, off, rhs)
    return dx * np.sum(u**2)


@program(lambda: (rand(4), 2.0), argnums=(0, 1))
def beam_fem(EI, load):
    ne = EI.shape[0]
    ndof = 2 * (ne + 1)
    le = 1.0 / ne
    K = np.zeros((ndof, ndof))
    F = np.zeros(ndof)
    for e in range(ne):
        ke = (
            EI[e]
            / le**3
            * np.array(
                [
                    [12, 6 * le, -12, 6 * le],
                    [6 * le, 4 * le**2, -6 * le, 2 * le**2],
                    [-12, -6 * le, 12, -6 * le],
                    [6 * le, 2 * le**2, -6 * le, 4 * le**2],
                ]
            )
        )
        dofs = np.arange(2 * e, 2 * e + 4)
        K[np.ix_(dofs, dofs)] += ke
        F[dofs] += load * le / 2 * np.array([1, le / 6, 1, -le / 6])
    u = np.linalg.solve(K[2:, 2:], F[2:])
    return u[-2]


def natural_spline_coeffs(x, y):
    n = len(x) - 1
    h = np.diff(x)
    A = np.zeros((n + 1, n + 1))
    rhs = np.zeros(n + 1)
    A[0, 0] = A[n, n] = 1.0
    for i in range(1, n):
        A[i, i - 1] = h[i - 1]
        A[i, i] = 2 * (h[i - 1] + h[i])
        A[i, i + 1] = h[i]
        rhs[i] = 3 * ((y[i + 1] - y[i]) / h[i] - (y[i] - y[i - 1]) / h[i - 1])
    c = np.linalg.solve(A, rhs)
    b = (y[1:] - y[:-1]) / h - h * (2 * c[:-1] + c[1:]) / 3
    d = (c[1:] - c[:-1]) / (3 * h)
    return y[:-1], b, c[:-1], d


@program(lambda: (np.array([0.0, 0.7, 1.5, 2.1, 3.0]), signed(5)), argnums=(0, 1))
def spline_eval(x, y):
    a, b, c, d = natural_spline_coeffs(x, y)
    total = 0.0
    for xq in np.linspace(0.2, 2.8, 7):
        i = min(max(np.searchsorted(x, xq) - 1, 0), len(x) - 2)
        dx = xq - x[i]
        total += (a[i] + dx * (b[i] + dx * (c[i] + dx * d[i]))) ** 2
    return total


def _simpson(f, a, b):
    c = (a + b) / 2
    return (b - a) / 6 * (f(a) + 4 * f(c) + f(b))


def adaptive_simpson(f, a, b, eps):
    c = (a + b) / 2
    whole, left, right = _simpson(f, a, b), _simpson(f, a, c), _simpson(f, c, b)
    if abs(left + right - whole) <= 15 * eps:
        return left + right + (left + right - whole) / 15
    return adaptive_simpson(f, a, c, eps / 2) + adaptive_simpson(f, c, b, eps / 2)


@program(lambda: (2.0, 0.3), argnums=(0, 1))
def simpson_integral(w, a):
    return adaptive_simpson(lambda x: math.sin(w * x) * math.exp(-a * x), 0.0, 2.0, 1e-5)


class Body(NamedTuple):
    pos: np.ndarray
    vel: np.ndarray
    mass: float


@program(
    lambda: (
        [
            Body(signed(3), signed(3, seed=1), 1.0),
            Body(signed(3, seed=2), signed(3, seed=3), 0.5),
            Body(signed(3, seed=5) + 2, signed(3, seed=6), 0.2),
        ],
    )
)
def nbody(bodies):
    dt, G = 0.01, 1.0
    pos = [b.pos for b in bodies]
    vel = [b.vel for b in bodies]
    m = [b.mass for b in bodies]
    for _ in range(3):
        acc = [np.zeros(3) for _ in bodies]
        for i in range(len(bodies)):
            for j in range(len(bodies)):
                if i == j:
                    continue
                r = pos[j] - pos[i]
                acc[i] += G * m[j] * r / (np.linalg.norm(r) ** 2 + 0.01) ** 1.5
        for i in range(len(bodies)):
            vel[i] = vel[i] + dt * acc[i]
            pos[i] = pos[i] + dt * vel[i]
    energy = sum(0.5 * mm * v @ v for mm, v in zip(m, vel))
    for i in range(len(pos)):
        for j in range(i + 1, len(pos)):
            energy -= G * m[i] * m[j] / np.linalg.norm(pos[i] - pos[j])
    return energy


def rodrigues(r):
    theta = np.sqrt(np.sum(r**2))
    if theta < 1e-8:
        return np.eye(3)
    k = r / theta
    K = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    return np.eye(3) + np.sin(theta) * K + (1 - np.cos(theta)) * K @ K


CAM_IDX = np.array([0, 1, 0, 1, 1])
PT_IDX = np.array([0, 0, 1, 1, 2])
PIX = rng.normal(size=(5, 2))

CAM_IDX = np.array([0, 1, 0, 1, 1])
PT_IDX = np.array([0, 0, 1, 1, 2])
PIX = rng.normal(size=(5, 2))

CAM_IDX = np.array([0, 1, 0, 1, 1])
PT_IDX = np.array([0, 0, 1, 1, 2])
PIX = rng.normal(size=(5, 2))


@program(lambda: (signed(2, 9) * 0.3, signed(3, 3, seed=1) + [0, 0, 4]), argnums=(0, 1))
def bundle_adjust(cams, pts):
    cost = 0.0
    for ci, pi, z in zip(CAM_IDX, PT_IDX, PIX):
        cam = cams[ci]
        rot, t, (f, k1, k2) = cam[:3], cam[3:6], cam[6:]
        p = rodrigues(rot) @ pts[pi] + t
        xy = -p[:2] / p[2]
        n2 = (xy**2).sum()
        proj = f * (1 + k1 * n2 + k2 * n2**2) * xy
        e2 = np.sum((proj - z) ** 2)
        cost += 2 * (math.sqrt(1 + e2) - 1)  # pseudo huber
    return cost


def jacobi_smooth(u, f, h, n=2, w=2 / 3):
    for _ in range(n):
        new = u.copy()
        new[1:-1] = (1 - w) * u[1:-1] + w * 0.5 * (u[:-2] + u[2:] + h * h * f[1:-1])
        u = new
    return u


def v_cycle(u, f, h):
    u = jacobi_smooth(u, f, h)
    if len(u) <= 3:
        return u
    r = np.zeros_like(u)
    r[1:-1] = f[1:-1] + (u[:-2] - 2 * u[1:-1] + u[2:]) / h**2
    rc = r[::2].copy()
    rc[1:-1] = 0.25 * r[1:-3:2] + 0.5 * r[2:-2:2] + 0.25 * r[3:-1:2]
    ec = v_cycle(np.zeros_like(rc), rc, 2 * h)
    e = np.zeros_like(u)
    e[::2] = ec
    e[1::2] = 0.5 * (ec[:-1] + ec[1:])
    return jacobi_smooth(u + e, f, h)


@program(lambda: (signed(9),))
def multigrid(f):
    u = np.zeros(9)
    for cycle in range(2):
        u = v_cycle(u, f, 1 / 8)
    return np.max(u) + u @ f


@program(lambda: (signed(4, 4), signed(4, seed=3)), argnums=(0, 1))
def lu_pivot(A, b):
    A = np.array(A, dtype=float)
    n = len(A)
    perm = list(range(n))
    for k in range(n - 1):
        p = k + int(np.argmax(np.abs(A[k:, k])))
        if p != k:
            A[[k, p]] = A[[p, k]]
            perm[k], perm[p] = perm[p], perm[k]
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            A[i, k + 1 :] -= A[i, k] * A[k, k + 1 :]
    y = b[perm].astype(float)
    for i in range(1, n):
        y[i] -= A[i, :i].dot(y[:i])
    for i in range(n - 1, -1, -1):
        y[i] = (y[i] - A[i, i + 1 :].dot(y[i + 1 :])) / A[i, i]
    return y.sum()


@program(lambda: (signed(3, 3),))
def jacobi_eig(M):
    A = (M + M.T) / 2
    n = A.shape[0]
    for sweep in range(4):
        for p in range(n - 1):
            for q in range(p + 1, n):
                if abs(A[p, q]) < 1e-14:
                    continue
                theta = (A[q, q] - A[p, p]) / (2 * A[p, q])
                t = np.sign(theta) / (abs(theta) + math.sqrt(theta**2 + 1))
                c = 1 / math.sqrt(t * t + 1)
                s = t * c
                J = np.eye(n)
                J[p, p] = J[q, q] = c
                J[p, q], J[q, p] = s, -s
                A = J.T @ A @ J
    eigs = np.sort(np.diag(A))
    return eigs[-1] - eigs[0] * eigs[1]


@program(lambda: (signed(4, 2), signed(3, 2, seed=1), 0.5), argnums=(0, 1, 2))
def soft_dtw(x, y, gamma):
    n, m = len(x), len(y)
    D = np.array([[np.sum((a - b) ** 2) for b in y] for a in x])
    R = np.full((n + 1, m + 1), 1e10)
    R[0, 0] = 0.0

    def softmin(*args):
        z = -np.array(args) / gamma
        top = max(z)
        return -gamma * (top + math.log(sum(math.exp(v - top) for v in z)))

    for i in range(1, n + 1):
        for j in range(1, m + 1):
            R[i, j] = D[i - 1, j - 1] + softmin(R[i - 1, j], R[i, j - 1], R[i - 1, j - 1])
    return R[n, m]


@program(lambda: (signed(4, 2),))
def bezier_length(ctrl):
    def de_casteljau(pts, t):
        while len(pts) > 1:
            pts = [(1 - t) * p + t * q for p, q in zip(pts[:-1], pts[1:])]
        return pts[0]

    samples = [de_casteljau(list(ctrl), t) for t in np.linspace(0, 1, 6)]
    return sum(np.linalg.norm(b - a) for a, b in zip(samples[:-1], samples[1:]))


@program(lambda: (signed(4, 2), 0.3), argnums=(0, 1))
def bernstein(P, t):
    n = P.shape[0] - 1
    B = [math.comb(n, k) * t**k * (1 - t) ** (n - k) for k in range(n + 1)]
    return np.linalg.norm(np.dot(B, P))


@program(lambda: ({"k1": 0.5, "k2": 0.2, "Vmax": 1.2, "Km": 0.4},))
def reaction_network(p):
    conc = {"A": 1.0, "B": 0.0, "C": 0.0}
    for step in range(15):
        rate1 = p["k1"] * conc["A"]
        rate2 = p["Vmax"] * conc["B"] / (p["Km"] + conc["B"])
        d = {"A": -rate1, "B": rate1 - rate2, "C": rate2 - p["k2"] * conc["C"]}
        conc = {s: conc[s] + 0.1 * d[s] for s in conc}
    return conc["C"] ** 2 + conc["A"]


@program(lambda: (rand(4, 4),), output="array")
def floyd_warshall_as_written(path):
    for k in range(path.shape[0]):
        path[:] = np.minimum(path[:], np.add.outer(path[:, k], path[k, :]))
    return path


def advect(f, vx, vy):
    rows, cols = f.shape
    cell_ys, cell_xs = np.meshgrid(np.arange(rows), np.arange(cols))
    cell_xs, cell_ys = cell_xs.T, cell_ys.T
    center_xs = (cell_ys - vx).ravel()
    center_ys = (cell_xs - vy).ravel()
    left_ix = np.floor(center_xs).astype(int)
    top_ix = np.floor(center_ys).astype(int)
    rw = center_xs - left_ix
    bw = center_ys - top_ix
    left_ix = np.mod(left_ix, rows)
    right_ix = np.mod(left_ix + 1, rows)
    top_ix = np.mod(top_ix, cols)
    bot_ix = np.mod(top_ix + 1, cols)
    flat_f = (1 - rw) * ((1 - bw) * f[left_ix, top_ix] + bw * f[left_ix, bot_ix]) + rw * (
        (1 - bw) * f[right_ix, top_ix] + bw * f[right_ix, bot_ix]
    )
    return np.reshape(flat_f, (rows, cols))


def project(vx, vy):
    p = np.zeros(vx.shape)
    h = 1.0 / vx.shape[0]
    div = (
        -0.5 * h * (np.roll(vx, -1, axis=0) - np.roll(vx, 1, axis=0) + np.roll(vy, -1, axis=1) - np.roll(vy, 1, axis=1))
    )
    for k in range(3):
        p = (
            div + np.roll(p, 1, axis=0) + np.roll(p, -1, axis=0) + np.roll(p, 1, axis=1) + np.roll(p, -1, axis=1)
        ) / 4.0
    vx -= 0.5 * (np.roll(p, -1, axis=0) - np.roll(p, 1, axis=0)) / h
    vy -= 0.5 * (np.roll(p, -1, axis=1) - np.roll(p, 1, axis=1)) / h
    return vx, vy


@program(lambda: (signed(4, 4) * 0.3, signed(4, 4, seed=1) * 0.3, rand(4, 4)), argnums=(0, 1, 2))
def fluid_sim(vx, vy, smoke):
    for t in range(2):
        vx_updated = advect(vx, vx, vy)
        vy_updated = advect(vy, vx, vy)
        vx, vy = project(vx_updated, vy_updated)
        smoke = advect(smoke, vx, vy)
    return np.mean((smoke - 0.5) ** 2)


def expm(A, q=6):
    norm = np.linalg.norm(A, np.inf)
    s = max(0, int(np.ceil(np.log2(norm))) + 1)
    A = A / 2**s
    X = A.copy()
    c = 0.5
    N = np.eye(len(A)) + c * A
    D = np.eye(len(A)) - c * A
    sign = 1
    for k in range(2, q + 1):
        c = c * (q - k + 1) / (k * (2 * q - k + 1))
        X = A @ X
        N += c * X
        if k % 2 == 0:
            D += c * X
        else:
            D -= c * X
    F = np.linalg.solve(D, N)
    for _ in range(s):
        F = F @ F
    return F


@program(lambda: (signed(3, 3),))
def matrix_exponential(A):
    return np.trace(expm(A)) + np.sum(expm(0.3 * A))


BUTCHER = {"A": [[], [0.5], [0.0, 0.5], [0.0, 0.0, 1.0]], "b": [1 / 6, 1 / 3, 1 / 3, 1 / 6], "c": [0.0, 0.5, 0.5, 1.0]}


@program(lambda: (np.array([1.0, 0.0]), 1.5), argnums=(0, 1))
def butcher_rk(y, mu):
    f = lambda t, u: np.array([u[1], mu * (1 - u[0] ** 2) * u[1] - u[0]])
    t, h = 0.0, 0.1
    for n in range(4):
        ks = []
        for ci, row in zip(BUTCHER["c"], BUTCHER["A"]):
            yi = y + h * sum((a * k for a, k in zip(row, ks)), np.zeros_like(y))
            ks.append(f(t + ci * h, yi))
        y = y + h * sum(b * k for b, k in zip(BUTCHER["b"], ks))
        t += h
    return np.sum(y**2)


@program(lambda: (rand(5, 5), 0.2, np.array([0.3, -0.4])), argnums=(0, 1, 2))
def warp_image(img, angle, shift):
    h, w = img.shape
    yy, xx = np.mgrid[0:h, 0:w]
    c, s = np.cos(angle), np.sin(angle)
    xs = c * (xx - 2) - s * (yy - 2) + 2 + shift[0]
    ys = s * (xx - 2) + c * (yy - 2) + 2 + shift[1]
    x0 = np.clip(np.floor(xs).astype(int), 0, w - 2)
    y0 = np.clip(np.floor(ys).astype(int), 0, h - 2)
    dx, dy = xs - x0, ys - y0
    out = (
        img[y0, x0] * (1 - dx) * (1 - dy)
        + img[y0, x0 + 1] * dx * (1 - dy)
        + img[y0 + 1, x0] * (1 - dx) * dy
        + img[y0 + 1, x0 + 1] * dx * dy
    )
    inside = (xs >= 0) & (xs <= w - 1) & (ys >= 0) & (ys <= h - 1)
    return np.sum(np.where(inside, out, 0.0) ** 2)


def merge_sort(items):
    if len(items) <= 1:
        return items
    left, right = merge_sort(items[: len(items) // 2]), merge_sort(items[len(items) // 2 :])
    out, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            out.append(left[i])
            i += 1
        else:
            out.append(right[j])
            j += 1
    return out + left[i:] + right[j:]


@program(lambda: ([0.3, -0.7, 1.1, 0.2, -0.4, 0.9],))
def weighted_order_statistics(xs):
    return sum((k + 1) * v for k, v in enumerate(merge_sort(xs)))


def fft_of_list(x):
    n = len(x)
    if n <= 1:
        return x
    even, odd = fft_of_list(x[0::2]), fft_of_list(x[1::2])
    turned = [cmath.exp(-2j * cmath.pi * k / n) * odd[k] for k in range(n // 2)]
    return [even[k] + turned[k] for k in range(n // 2)] + [even[k] - turned[k] for k in range(n // 2)]


@program(lambda: (rand(8), 0.4), argnums=(0, 1))
def power_spectrum_by_recursion(x, s):
    spectrum = fft_of_list([complex(v) for v in x])
    z = complex(s, x[0]) * complex(imag=s) + complex(2.0)
    return sum(abs(c) ** 2 * k for k, c in enumerate(spectrum)) + z.imag * abs(z)


class Planet:
    def __init__(self, name, mass, pos, vel):
        self.name, self.mass, self.pos, self.vel = name, mass, np.array(pos), np.array(vel)

    def attraction(self, other):
        r = other.pos - self.pos
        d = np.linalg.norm(r)
        if d == 0:
            raise ValueError("Collision between %r and %r" % (self.name, other.name))
        return self.mass * other.mass / d**2 * r / d


@program(lambda: (1.0, [1.0, 0.0], [0.0, 1.0]), argnums=(0, 1, 2))
def orbits_of_named_bodies(mass, pos, vel):
    bodies = [Planet("sun", 2.0, [0.0, 0.0], [0.0, 0.0]), Planet("earth", mass, pos, vel)]
    for _ in range(3):
        force = {}
        for body in bodies:
            total = np.zeros(2)
            for other in bodies:
                if body is other:
                    continue
                total += body.attraction(other)
            force[body.name] = total
        for body in bodies:
            body.vel += force[body.name] / body.mass * 0.1
            body.pos += body.vel * 0.1
    return sum(0.5 * b.mass * b.vel @ b.vel for b in bodies) + bodies[1].pos[0]
