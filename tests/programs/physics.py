# ruff: noqa: B905 (written as users write, not as linters like it)
"""Ordinary and partial differential equations, particles, geometry."""

from __future__ import annotations

import math

import numpy as np

from . import program, rand, signed


def rk4_step(f, t, y, h):
    k1 = f(t, y)
    k2 = f(t + 0.5 * h, y + 0.5 * h * k1)
    k3 = f(t + 0.5 * h, y + 0.5 * h * k2)
    k4 = f(t + h, y + h * k3)
    return y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


@program(lambda: (0.5, 9.81, 1.2), argnums=(0, 1, 2), tags=("ode", "rk4"))
def pendulum(theta, g, length):
    def f(t, y):
        return np.array([y[1], -g / length * np.sin(y[0])])

    y = np.array([theta, 0.0])
    for k in range(10):
        y = rk4_step(f, 0.05 * k, y, 0.05)
    return y[0] ** 2 + y[1]


@program(lambda: (np.array([1.0, 0.5, 0.9]), np.array([10.0, 28.0, 8.0 / 3.0])), argnums=(0, 1), tags=("ode", "rk4"))
def lorenz(start, params):
    sigma, rho, beta = params

    def f(t, s):
        x, y, z = s
        return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])

    s = start
    for _ in range(8):
        s = rk4_step(f, 0.0, s, 0.01)
    return np.sum(s)


@program(lambda: (1.1, 0.4, 0.1, 0.4), argnums=(0, 1, 2, 3), tags=("ode", "scalars"))
def lotka_volterra(a, b, c, d):
    prey, predator = 10.0, 5.0
    dt = 0.02
    for _ in range(25):
        dprey = (a - b * predator) * prey
        dpredator = (c * prey - d) * predator
        prey += dt * dprey
        predator += dt * dpredator
    return prey + 2.0 * predator


@program(lambda: (2.0, 0.7), argnums=(0, 1), tags=("ode", "write"))
def van_der_pol_trajectory(x0, mu):
    n = 30
    x, v = np.empty(n), np.empty(n)
    x[0], v[0] = x0, 0.0
    for i in range(n - 1):
        v[i + 1] = v[i] + 0.05 * (mu * (1.0 - x[i] ** 2) * v[i] - x[i])
        x[i + 1] = x[i] + 0.05 * v[i + 1]
    return np.mean(x**2) + v[-1]


@program(lambda: (1.0, 2.5), argnums=(0, 1), tags=("ode", "adaptive", "while"))
def runge_kutta_with_adaptive_steps(y, k):
    t, h = 0.0, 0.2
    while t < 1.0 - 1e-9:
        h = min(h, 1.0 - t)
        k1 = -k * y + math.sin(t)
        k2 = -k * (y + h * k1) + math.sin(t + h)
        error = abs(k2 - k1) * h / 2.0
        if error > 2e-2:
            h = h / 2.0
            continue
        y = y + h * (k1 + k2) / 2.0
        t = t + h
        if error < 2e-3:
            h = h * 2.0
    return y


@program(lambda: (0.9, 1.3), argnums=(0, 1), tags=("ode", "fehlberg", "while"))
def runge_kutta_fehlberg(y, a):
    def f(t, v):
        return a * v * (1.0 - v) + 0.1 * t

    t, h, steps = 0.0, 0.25, 0
    while t < 1.0 and steps < 50:
        k1 = h * f(t, y)
        k2 = h * f(t + h / 4, y + k1 / 4)
        k3 = h * f(t + 3 * h / 8, y + 3 * k1 / 32 + 9 * k2 / 32)
        k4 = h * f(t + 12 * h / 13, y + (1932 * k1 - 7200 * k2 + 7296 * k3) / 2197)
        k5 = h * f(t + h, y + 439 * k1 / 216 - 8 * k2 + 3680 * k3 / 513 - 845 * k4 / 4104)
        low = y + 25 * k1 / 216 + 1408 * k3 / 2565 + 2197 * k4 / 4104 - k5 / 5
        steps += 1
        if abs(low - y) > 0.5:
            h *= 0.5
            continue
        y, t = low, t + h
    return y * y + steps


@program(lambda: (rand(3, 2), rand(3, seed=1)), argnums=(0, 1), tags=("n-body",))
def potential_of_bodies(q, m):
    energy = 0.0
    for i in range(len(m)):
        for j in range(i):
            r = q[i] - q[j]
            energy -= m[i] * m[j] / np.sqrt(r @ r + 0.01)
    return energy


@program(
    lambda: (signed(3, 2), 0.3 * signed(3, 2, seed=1), rand(3, seed=2)), argnums=(0, 1, 2), tags=("n-body", "write")
)
def n_body_leapfrog(q, v, m):
    dt = 0.02
    for _ in range(4):
        a = np.zeros_like(q)
        for i in range(3):
            for j in range(3):
                if i != j:
                    d = q[j] - q[i]
                    a[i] += m[j] * d / (np.sum(d * d) + 0.1) ** 1.5
        v = v + dt * a
        q = q + dt * v
    return 0.5 * np.sum(m[:, None] * v * v) + np.sum(q[0])


@program(lambda: (np.sin(np.linspace(0.0, 3.0, 10)), 0.3), argnums=(0, 1), tags=("pde", "slices"))
def heat_equation(u, alpha):
    for _ in range(6):
        new = u.copy()
        new[1:-1] = u[1:-1] + alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        new[0], new[-1] = 0.0, new[-2]
        u = new
    return np.sum(u * u)


@program(lambda: (rand(8), 0.5), argnums=(0, 1), tags=("pde", "swap"))
def wave_equation(u0, c):
    n = len(u0)
    old, now, new = u0.copy(), u0.copy(), np.zeros(n)
    for _ in range(5):
        for i in range(1, n - 1):
            new[i] = 2 * now[i] - old[i] + c**2 * (now[i + 1] - 2 * now[i] + now[i - 1])
        old, now, new = now, new, old
    return np.sum(now**2) + np.sum(old)


@program(lambda: (rand(5, 5), 0.2), argnums=(0, 1), tags=("pde", "2d", "boundary"))
def diffusion_with_boundaries(u, k):
    for _ in range(3):
        lap = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4.0 * u[1:-1, 1:-1]
        u = u.copy()
        u[1:-1, 1:-1] += k * lap
        u[0, :] = u[1, :]
        u[:, -1] = 0.0
        u[-1] = 2.0 * u[-2] - u[-3]
    return np.mean(u**2)


@program(lambda: (rand(8), 0.4), argnums=(0, 1), tags=("pde", "upwind", "if"))
def burgers_upwind(u, dt):
    for _ in range(4):
        new = np.zeros_like(u)
        for i in range(len(u)):
            left, right = u[i - 1], u[(i + 1) % len(u)]
            new[i] = u[i] - dt * u[i] * (u[i] - left if u[i] > 0 else right - u[i])
        u = new
    return np.sum(u * u)


@program(lambda: (rand(4, 4), 0.5), argnums=(0, 1), tags=("pde", "roll"))
def reaction_diffusion(u, feed):
    v = 0.5 * u
    for _ in range(3):
        lap = np.roll(u, 1, axis=0) + np.roll(u, -1, axis=0) + np.roll(u, 1, axis=1) + np.roll(u, -1, axis=1) - 4 * u
        reaction = u * v**2
        u, v = u + 0.1 * lap - 0.1 * reaction + feed * 0.1 * (1 - u), v + 0.1 * reaction - 0.05 * v
    return np.sum(u) + np.sum(v**2)


@program(lambda: (rand(6), 1.2), argnums=(0, 1), tags=("pde", "implicit"))
def implicit_heat_step(u, r):
    n = len(u)
    a = np.zeros((n, n))
    for i in range(n):
        a[i, i] = 1.0 + 2.0 * r
        if i > 0:
            a[i, i - 1] = -r
        if i < n - 1:
            a[i, i + 1] = -r
    for _ in range(2):
        u = np.linalg.solve(a, u)
    return np.sum(u**2)


@program(lambda: (signed(4), signed(3, seed=1)), argnums=(0, 1), tags=("rotation",))
def quaternion_rotation(q, v):
    w, x, y, z = q / np.sqrt(np.sum(q * q))
    r = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    return np.sum((r @ v) * np.array([1.0, 2.0, 3.0]))


@program(
    lambda: (0.2 * signed(6), np.array([0.3, -0.4, 4.0]), np.array([1.1, 0.2])), argnums=(0, 1, 2), tags=("camera",)
)
def bundle_adjustment_residual(camera, point, intrinsics):
    theta = np.sqrt(camera[:3] @ camera[:3])
    axis = camera[:3] / theta
    c, s = np.cos(theta), np.sin(theta)
    cross = np.array(
        [
            axis[1] * point[2] - axis[2] * point[1],
            axis[2] * point[0] - axis[0] * point[2],
            axis[0] * point[1] - axis[1] * point[0],
        ]
    )
    p = point * c + cross * s + axis * (axis @ point) * (1 - c) + camera[3:]
    xy = p[:2] / p[2]
    r2 = xy @ xy
    projected = intrinsics[0] * (1 + intrinsics[1] * r2) * xy
    residual = projected - np.array([0.1, -0.2])
    return residual @ residual


@program(lambda: (rand(5), 3.0, 0.2), argnums=(0, 1, 2), tags=("spring",))
def spring_chain_energy(x, k, rest):
    e = 0.0
    for i in range(len(x) - 1):
        stretch = x[i + 1] - x[i] - rest
        e += 0.5 * k * stretch**2
    return e + 0.1 * np.sum(x**4)


@program(lambda: (rand(4, 2), 3.0), argnums=(0, 1), tags=("spring", "write"))
def damped_springs_in_time(x, k):
    v = np.zeros_like(x)
    x = x.copy()
    for _ in range(5):
        force = np.zeros_like(x)
        stretch = x[1:] - x[:-1]
        force[:-1] += k * stretch
        force[1:] -= k * stretch
        force -= 0.2 * v
        v += 0.05 * force
        x += 0.05 * v
    return np.sum(x * x) + np.sum(v * v)


@program(lambda: (0.4, 0.3, signed(5)), argnums=(0, 1, 2), tags=("fixed point", "while"))
def ising_mean_field(beta, field, couplings):
    m = np.full(5, 0.1)
    for _ in range(200):
        new = np.tanh(beta * (couplings * np.roll(m, 1) + np.roll(m, -1)) + field)
        change = np.max(np.abs(new - m))
        m = new
        if change < 1e-13:
            break
    return np.mean(m)


@program(lambda: (12.0, 0.8, 0.05), argnums=(0, 1, 2), tags=("while", "return"))
def projectile_with_drag(speed, angle, drag):
    x, y = 0.0, 0.0
    vx, vy = speed * math.cos(angle), speed * math.sin(angle)
    dt = 0.05
    while True:
        v = math.sqrt(vx * vx + vy * vy)
        vx -= dt * drag * v * vx
        vy -= dt * (9.81 + drag * v * vy)
        nx, ny = x + dt * vx, y + dt * vy
        if ny < 0.0:
            return x + (nx - x) * y / (y - ny)
        x, y = nx, ny


@program(lambda: (3.0, 0.85), argnums=(0, 1), tags=("while", "if", "bounce"))
def bouncing_ball(height, restitution):
    y, v, t = height, 0.0, 0.0
    for _ in range(3):
        fall = math.sqrt(2.0 * y / 9.81)
        t += fall
        v = -9.81 * fall * restitution
        y = v * v / (2.0 * 9.81)
        if y < 0.01:
            break
        t += -v / 9.81
    return t + y


@program(lambda: (1.0, rand(4)), argnums=(0, 1), tags=("lennard-jones",))
def lennard_jones_line(sigma, gaps):
    positions = [0.0]
    for g in gaps:
        positions.append(positions[-1] + 0.8 + g)
    energy = 0.0
    for i, a in enumerate(positions):
        for b in positions[:i]:
            s6 = (sigma / (a - b)) ** 6
            energy += 4.0 * (s6 * s6 - s6)
    return energy


@program(lambda: (np.array([0.3, 0.4, 0.2]), np.array([1.0, 0.8, 0.5])), argnums=(0, 1), tags=("kinematics",))
def robot_arm(angles, lengths):
    x = y = heading = 0.0
    for a, r in zip(angles, lengths):
        heading += a
        x += r * math.cos(heading)
        y += r * math.sin(heading)
    return (x - 1.0) ** 2 + (y - 1.5) ** 2


@program(lambda: (rand(3, 3) + np.eye(3),), tags=("elasticity",))
def neo_hookean_energy(f):
    j = np.linalg.det(f)
    c = f.T @ f
    return 0.5 * (np.trace(c) - 3.0) - np.log(j) + 2.0 * (j - 1.0) ** 2


@program(lambda: (0.6, 1.5, rand(4)), argnums=(0, 1, 2), tags=("optics", "matrix product"))
def thin_film_stack(angle, index, thickness):
    m = np.eye(2)
    for k, d in enumerate(thickness):
        n = index if k % 2 else 1.0 / index + 1.0
        phase = d * n * np.cos(angle)
        c, s = np.cos(phase), np.sin(phase)
        m = m @ np.array([[c, s / n], [-n * s, c]])
    return (m[0, 0] + m[1, 1]) ** 2 + m[0, 1]


@program(lambda: (rand(6), 0.3), argnums=(0, 1), tags=("array out", "ode"), output="array")
def reservoir_cascade(inflow, k):
    level = 0.0
    out = np.zeros_like(inflow)
    for t in range(len(inflow)):
        level += inflow[t]
        release = k * level
        level -= release
        out[t] = release * release
    return out
