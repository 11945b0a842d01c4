"""Bodies that attract each other: softened gravity, symplectic Euler steps."""

from __future__ import annotations

import math

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size

STEP, SOFTENING = 1e-3, 1e-2


def nbody_loop(start, velocity, steps):
    """By loops over all pairs."""
    p = start.copy()
    v = velocity.copy()
    n = p.shape[0]
    for _ in range(steps):
        for i in range(n):
            ax = 0.0
            ay = 0.0
            az = 0.0
            for j in range(n):
                dx = p[j, 0] - p[i, 0]
                dy = p[j, 1] - p[i, 1]
                dz = p[j, 2] - p[i, 2]
                r2 = dx * dx + dy * dy + dz * dz + SOFTENING
                w = 1.0 / (r2 * math.sqrt(r2))
                ax += w * dx
                ay += w * dy
                az += w * dz
            v[i, 0] += STEP * ax
            v[i, 1] += STEP * ay
            v[i, 2] += STEP * az
        for i in range(n):
            for c in range(3):
                p[i, c] += STEP * v[i, c]
    return np.sum(p * p)


def nbody(start, velocity, steps):
    """With arrays."""
    p, v = start, velocity
    for _ in range(steps):
        d = p[None] - p[:, None]
        r2 = np.sum(d * d, axis=2) + SOFTENING
        w = r2**-1.5
        v = v + STEP * np.sum(w[:, :, None] * d, axis=1)
        p = p + STEP * v
    return np.sum(p * p)


def numpy_adjoint(start, velocity, steps):
    """Positions are kept. What i and j do to each other is antisymmetric, so that one sum over a row suffices."""
    p, v = start.T.copy(), velocity.T.copy()
    n = p.shape[1]
    kept = np.empty((steps, 3, n))
    for t in range(steps):
        kept[t] = p
        d, r2 = _distances(p)
        w = np.sqrt(r2)
        w *= r2
        np.divide(STEP, w, out=w)
        d *= w
        v += np.sum(d, axis=2)
        p += STEP * v
    p_bar, v_bar = 2.0 * p, np.zeros_like(p)
    for t in range(steps - 1, -1, -1):
        v_bar += STEP * p_bar
        d, r2 = _distances(kept[t])
        g = STEP * (v_bar[:, None, :] - v_bar[:, :, None])
        inner = np.sum(d * g, axis=0)
        w = np.sqrt(r2)
        w *= r2
        np.divide(1.0, w, out=w)
        inner *= w
        inner /= r2
        inner *= -3.0
        g *= w
        d *= inner
        g += d
        p_bar += np.sum(g, axis=2)
    return p_bar.T.copy(), v_bar.T.copy()


def _distances(p):
    d = p[:, None, :] - p[:, :, None]
    r2 = np.einsum("cij,cij->ij", d, d)
    r2 += SOFTENING
    return d, r2


@compiled(error_model="numpy")
def adjoint(start, velocity, steps):
    """Positions are kept, forces computed again; each pair adds to both bodies."""
    p = start.copy()
    v = velocity.copy()
    n = p.shape[0]
    kept = np.empty((steps, n, 3))
    for t in range(steps):
        for i in range(n):
            for c in range(3):
                kept[t, i, c] = p[i, c]
        for i in range(n):
            ax = 0.0
            ay = 0.0
            az = 0.0
            for j in range(n):
                dx = p[j, 0] - p[i, 0]
                dy = p[j, 1] - p[i, 1]
                dz = p[j, 2] - p[i, 2]
                r2 = dx * dx + dy * dy + dz * dz + SOFTENING
                w = 1.0 / (r2 * math.sqrt(r2))
                ax += w * dx
                ay += w * dy
                az += w * dz
            v[i, 0] += STEP * ax
            v[i, 1] += STEP * ay
            v[i, 2] += STEP * az
        for i in range(n):
            for c in range(3):
                p[i, c] += STEP * v[i, c]
    p_bar = 2.0 * p
    v_bar = np.zeros_like(v)
    for t in range(steps - 1, -1, -1):
        p = kept[t]
        for i in range(n):
            for c in range(3):
                v_bar[i, c] += STEP * p_bar[i, c]
        for i in range(n):
            gx = STEP * v_bar[i, 0]
            gy = STEP * v_bar[i, 1]
            gz = STEP * v_bar[i, 2]
            sx = 0.0
            sy = 0.0
            sz = 0.0
            for j in range(n):
                dx = p[j, 0] - p[i, 0]
                dy = p[j, 1] - p[i, 1]
                dz = p[j, 2] - p[i, 2]
                r2 = dx * dx + dy * dy + dz * dz + SOFTENING
                inverse = 1.0 / r2
                w = inverse * math.sqrt(inverse)
                q = -3.0 * w * inverse * (gx * dx + gy * dy + gz * dz)
                bx = w * gx + q * dx
                by = w * gy + q * dy
                bz = w * gz + q * dz
                p_bar[j, 0] += bx
                p_bar[j, 1] += by
                p_bar[j, 2] += bz
                sx += bx
                sy += by
                sz += bz
            p_bar[i, 0] -= sx
            p_bar[i, 1] -= sy
            p_bar[i, 2] -= sz
    return p_bar, v_bar


@compiled(fastmath=True, error_model="numpy")
def adjoint_gather(start, velocity, steps):
    """Coordinates in rows, so that the loop over the other body is vectorised; sums only, in both directions."""
    n = start.shape[0]
    kept = np.empty((steps + 1, 3, n))
    v = np.empty((3, n))
    for i in range(n):
        for c in range(3):
            kept[0, c, i] = start[i, c]
            v[c, i] = velocity[i, c]
    for t in range(steps):
        x, y, z = kept[t, 0], kept[t, 1], kept[t, 2]
        for i in range(n):
            ax = 0.0
            ay = 0.0
            az = 0.0
            for j in range(n):
                dx = x[j] - x[i]
                dy = y[j] - y[i]
                dz = z[j] - z[i]
                r2 = dx * dx + dy * dy + dz * dz + SOFTENING
                w = 1.0 / (r2 * math.sqrt(r2))
                ax += w * dx
                ay += w * dy
                az += w * dz
            v[0, i] += STEP * ax
            v[1, i] += STEP * ay
            v[2, i] += STEP * az
        for c in range(3):
            for i in range(n):
                kept[t + 1, c, i] = kept[t, c, i] + STEP * v[c, i]
    p_bar = 2.0 * kept[steps]
    g = np.zeros((3, n))
    for t in range(steps - 1, -1, -1):
        x, y, z = kept[t, 0], kept[t, 1], kept[t, 2]
        gx, gy, gz = g[0], g[1], g[2]
        for c in range(3):
            for i in range(n):
                g[c, i] += STEP * p_bar[c, i]
        for i in range(n):
            sx = 0.0
            sy = 0.0
            sz = 0.0
            for j in range(n):
                dx = x[j] - x[i]
                dy = y[j] - y[i]
                dz = z[j] - z[i]
                hx = gx[j] - gx[i]
                hy = gy[j] - gy[i]
                hz = gz[j] - gz[i]
                r2 = dx * dx + dy * dy + dz * dz + SOFTENING
                inverse = 1.0 / r2
                w = inverse * math.sqrt(inverse)
                q = -3.0 * w * inverse * (hx * dx + hy * dy + hz * dz)
                sx += w * hx + q * dx
                sy += w * hy + q * dy
                sz += w * hz + q * dz
            p_bar[0, i] += STEP * sx
            p_bar[1, i] += STEP * sy
            p_bar[2, i] += STEP * sz
    return p_bar.T.copy(), g.T.copy()


def with_jax(start, velocity, steps):
    """`scan`."""
    jax, jnp = peers.jax_numpy()

    def fun(start, velocity):
        def step(carry, _):
            p, v = carry
            d = p[None] - p[:, None]
            w = (jnp.sum(d * d, axis=2) + SOFTENING) ** -1.5
            v = v + STEP * jnp.sum(w[:, :, None] * d, axis=1)
            return (p + STEP * v, v), None

        (p, _), _ = jax.lax.scan(step, (start, velocity), None, length=steps)
        return jnp.sum(p * p)

    return peers.by_jax(fun, (start, velocity), (0, 1))


def with_torch(start, velocity, steps):
    """Eager."""
    torch = peers.torch_module()

    def fun(p, v, steps):
        for _ in range(steps):
            d = p[None] - p[:, None]
            w = (torch.sum(d * d, 2) + SOFTENING) ** -1.5
            v = v + STEP * torch.sum(w[:, :, None] * d, 1)
            p = p + STEP * v
        return torch.sum(p * p)

    return peers.by_torch(fun, (start, velocity, steps), (0, 1))


ENZYME = """
extern "C" double sqrt(double);
template <std::size_t N>
void fun(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, N, 3>& start,
         const enzyme::tensor<double, N, 3>& velocity) {
  const double dt = 1e-3, softening = 1e-2;
  double p[N][3], v[N][3];
  for (long i = 0; i < N; i++) for (long c = 0; c < 3; c++) { p[i][c] = start[i][c]; v[i][c] = velocity[i][c]; }
  for (long t = 0; t < %d; t++) {
    for (long i = 0; i < N; i++) {
      double ax = 0, ay = 0, az = 0;
      for (long j = 0; j < N; j++) {
        double dx = p[j][0] - p[i][0], dy = p[j][1] - p[i][1], dz = p[j][2] - p[i][2];
        double r2 = dx * dx + dy * dy + dz * dz + softening, w = 1.0 / (r2 * sqrt(r2));
        ax += w * dx; ay += w * dy; az += w * dz;
      }
      v[i][0] += dt * ax; v[i][1] += dt * ay; v[i][2] += dt * az;
    }
    for (long i = 0; i < N; i++) for (long c = 0; c < 3; c++) p[i][c] += dt * v[i][c];
  }
  double total = 0;
  for (long i = 0; i < N; i++) for (long c = 0; c < 3; c++) total += p[i][c] * p[i][c];
  out[0] = total;
}
"""


def with_pytensor(start, velocity, steps):
    """`scan`."""
    pytensor, pt = peers.pytensor_modules()
    p0, v0 = pt.dmatrix("start"), pt.dmatrix("velocity")

    def step(p, v):
        d = p[None] - p[:, None]
        w = ((d * d).sum(2) + SOFTENING) ** -1.5
        v = v + STEP * (w[:, :, None] * d).sum(1)
        return p + STEP * v, v

    ps, _ = pytensor.scan(step, outputs_info=[p0, v0], n_steps=steps, return_updates=False)
    return peers.by_pytensor((ps[-1] ** 2).sum(), [p0, v0], [start, velocity], single=False)


def with_casadi(start, velocity, steps):
    """`fold` over the graph of one step."""
    ca = peers.casadi_module()
    n = len(start)
    state = ca.SX.sym("state", 6 * n)
    points = [state[3 * i : 3 * i + 3] for i in range(n)]
    new = []
    for i in range(n):
        pull = 0
        for j in range(n):
            d = points[j] - points[i]
            r2 = ca.dot(d, d) + SOFTENING
            pull = pull + d / (r2 * ca.sqrt(r2))
        new.append(state[3 * n + 3 * i : 3 * n + 3 * i + 3] + STEP * pull)
    v = ca.vertcat(*new)
    step = ca.Function("step", [state], [ca.vertcat(state[: 3 * n] + STEP * v, v)])
    given = ca.MX.sym("state", 6 * n)
    end = step.fold(steps)(given)[: 3 * n]
    gradient = ca.Function("gradient", [given], [ca.gradient(ca.dot(end, end), given)])
    at = np.concatenate([start.ravel(), velocity.ravel()])
    return lambda: np.array(gradient(at)).reshape(2, n, 3)


def with_warp(start, velocity, steps):
    """A launch for each step, a thread for each body."""
    wp = peers.warp_module()
    f64, n = wp.float64, len(start)

    @wp.kernel
    def advance(
        p: wp.array(dtype=wp.vec3d),
        v: wp.array(dtype=wp.vec3d),
        p_new: wp.array(dtype=wp.vec3d),
        v_new: wp.array(dtype=wp.vec3d),
        n: int,
    ):
        i = wp.tid()
        pull = wp.vec3d()
        for j in range(n):
            d = p[j] - p[i]
            r2 = wp.dot(d, d) + f64(1e-2)
            pull += d / (r2 * wp.sqrt(r2))
        new = v[i] + f64(1e-3) * pull
        v_new[i] = new
        p_new[i] = p[i] + f64(1e-3) * new

    @wp.kernel
    def add_up(p: wp.array(dtype=wp.vec3d), out: wp.array(dtype=wp.float64)):
        i = wp.tid()
        wp.atomic_add(out, 0, wp.dot(p[i], p[i]))

    def states(first):
        arrays = [first] + [0.0 * first] * steps
        return [wp.array(a, dtype=wp.vec3d, requires_grad=True, device="cpu") for a in arrays]

    ps, vs = states(start), states(velocity)
    out = wp.zeros(1, dtype=f64, requires_grad=True, device="cpu")

    def launch(wp):
        for t in range(steps):
            wp.launch(advance, dim=n, inputs=[ps[t], vs[t]], outputs=[ps[t + 1], vs[t + 1], n], device="cpu")
        wp.launch(add_up, dim=n, inputs=[ps[steps]], outputs=[out], device="cpu")

    return peers.by_warp(launch, [ps[0], vs[0]], out, ps[1:] + vs[1:])


def arguments(n, steps):
    """Bodies at random places."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, 3)), 0.1 * rng.standard_normal((n, 3)), steps


PROBLEM = Problem(
    name="nbody",
    title="n-body",
    forms={"loop": nbody_loop, "array": nbody},
    sizes=(
        Size("50 bodies, 100 steps", lambda: arguments(50, 100), plain=("array",)),
        Size("8 bodies, 10 steps", lambda: arguments(8, 10), plain=("loop",), jit=False),
    ),
    tiny=lambda: arguments(4, 3),
    argnums=(0, 1),
    yardstick=compiled(nbody_loop, error_model="numpy"),
    numpy_adjoint=numpy_adjoint,
    frozen_adjoint=adjoint,
    best={"gather, coordinates in rows": adjoint_gather},
    peers={
        "autograd": peers.array_form_by_autograd(nbody, (0, 1)),
        "jax": with_jax,
        "torch": with_torch,
        "enzyme": lambda start, velocity, steps: peers.by_enzyme(ENZYME % steps, (start, velocity), (0, 1)),
        "casadi": with_casadi,
        "pytensor": with_pytensor,
        "warp": with_warp,
    },
)
