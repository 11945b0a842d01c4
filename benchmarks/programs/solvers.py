"""Linear systems, and what is built on them."""

from __future__ import annotations

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.programs.making import by_arrays, by_loop, normal, positive


def trisolv(lower, b):
    """Forward substitution (PolyBench's trisolv)."""
    n = lower.shape[0]
    x = np.zeros(n)
    for i in range(n):
        s = b[i]
        for j in range(i):
            s -= lower[i, j] * x[j]
        x[i] = s / lower[i, i]
    return np.sum(x * x)


def _trisolv_jax(jax, jnp):
    from jax.scipy.linalg import solve_triangular

    return lambda lower, b: jnp.sum(solve_triangular(lower, b, lower=True) ** 2)


def durbin(r):
    """Toeplitz systems by Durbin's recursion (PolyBench's durbin)."""
    n = r.shape[0]
    y = np.zeros(n)
    z = np.zeros(n)
    y[0] = -r[0]
    beta = 1.0
    alpha = -r[0]
    for k in range(1, n):
        beta = (1.0 - alpha * alpha) * beta
        total = 0.0
        for i in range(k):
            total += r[k - i - 1] * y[i]
        alpha = -(r[k] + total) / beta
        for i in range(k):
            z[i] = y[i] + alpha * y[k - i - 1]
        for i in range(k):
            y[i] = z[i]
        y[k] = alpha
    return np.sum(y * y)


def _durbin_jax(jax, jnp):
    def fun(r):
        n = len(r)
        index = jnp.arange(n)

        def step(carry, k):
            y, alpha, beta = carry
            beta = (1.0 - alpha * alpha) * beta
            turned = jnp.where(index < k, jnp.roll(jnp.flip(y), k), 0.0)
            alpha = -(r[k] + jnp.sum(r * turned)) / beta
            return ((y + alpha * turned).at[k].set(alpha), alpha, beta), None

        start = (jnp.zeros(n).at[0].set(-r[0]), -r[0], 1.0)
        (y, _, _), _ = jax.lax.scan(step, start, jnp.arange(1, n))
        return jnp.sum(y * y)

    return fun


def thomas(lower, diagonal, upper, b):
    """A tridiagonal system by elimination and substitution."""
    n = b.shape[0]
    c = np.empty(n)
    d = np.empty(n)
    c[0] = upper[0] / diagonal[0]
    d[0] = b[0] / diagonal[0]
    for i in range(1, n):
        pivot = diagonal[i] - lower[i] * c[i - 1]
        c[i] = upper[i] / pivot
        d[i] = (b[i] - lower[i] * d[i - 1]) / pivot
    x = np.empty(n)
    x[n - 1] = d[n - 1]
    for i in range(n - 2, -1, -1):
        x[i] = d[i] - c[i] * x[i + 1]
    return np.sum(x * x)


@compiled(error_model="numpy")
def thomas_adjoint(lower, diagonal, upper, b):
    """No tape but the pivots: every element is written once."""
    n = b.shape[0]
    c = np.empty(n)
    d = np.empty(n)
    x = np.empty(n)
    inverse = np.empty(n)
    inverse[0] = 1.0 / diagonal[0]
    c[0] = upper[0] * inverse[0]
    d[0] = b[0] * inverse[0]
    for i in range(1, n):
        inverse[i] = 1.0 / (diagonal[i] - lower[i] * c[i - 1])
        c[i] = upper[i] * inverse[i]
        d[i] = (b[i] - lower[i] * d[i - 1]) * inverse[i]
    x[n - 1] = d[n - 1]
    for i in range(n - 2, -1, -1):
        x[i] = d[i] - c[i] * x[i + 1]
    lower_bar = np.empty(n)
    diagonal_bar = np.empty(n)
    upper_bar = np.empty(n)
    b_bar = np.empty(n)
    # The cotangents of d and c, which are read right after they are complete.
    d_bar = b_bar
    c_bar = upper_bar
    d_bar[0] = 2.0 * x[0]
    for i in range(n - 1):
        c_bar[i] = -d_bar[i] * x[i + 1]
        d_bar[i + 1] = 2.0 * x[i + 1] - d_bar[i] * c[i]
    c_bar[n - 1] = 0.0
    for i in range(n - 1, 0, -1):
        right_bar = d_bar[i] * inverse[i]
        top_bar = c_bar[i] * inverse[i]
        pivot_bar = -(right_bar * d[i] + top_bar * c[i])
        b_bar[i] = right_bar
        upper_bar[i] = top_bar
        diagonal_bar[i] = pivot_bar
        lower_bar[i] = -(right_bar * d[i - 1] + pivot_bar * c[i - 1])
        d_bar[i - 1] -= right_bar * lower[i]
        c_bar[i - 1] -= pivot_bar * lower[i]
    right_bar = d_bar[0] * inverse[0]
    top_bar = c_bar[0] * inverse[0]
    diagonal_bar[0] = -(right_bar * d[0] + top_bar * c[0])
    lower_bar[0] = 0.0
    b_bar[0] = right_bar
    upper_bar[0] = top_bar
    return lower_bar, diagonal_bar, upper_bar, b_bar


def _thomas_jax(jax, jnp):
    def fun(lower, diagonal, upper, b):
        def forward(carry, row):
            low, middle, up, right = row
            pivot = middle - low * carry[0]
            new = up / pivot, (right - low * carry[1]) / pivot
            return new, new

        def backward(x, row):
            x = row[1] - row[0] * x
            return x, x

        rows = (lower.at[0].set(0.0), diagonal, upper, b)
        _, (c, d) = jax.lax.scan(forward, (0.0, 0.0), rows)
        _, x = jax.lax.scan(backward, 0.0, (c.at[-1].set(0.0), d), reverse=True)
        return jnp.sum(x * x)

    return fun


def conjugate_gradients(a, b, steps):
    """A linear system, some steps of the method of conjugate gradients."""
    x = np.zeros(len(b))
    r = b.copy()
    p = r
    rr = r @ r
    for _ in range(steps):
        ap = a @ p
        alpha = rr / (p @ ap)
        x = x + alpha * p
        r = r - alpha * ap
        new = r @ r
        p = r + (new / rr) * p
        rr = new
    return np.sum(x * x)


def conjugate_gradients_adjoint(a, b, steps):
    """Gradient of matrix and right side: vectors are kept, outer products are summed by one product of matrices."""
    n = len(b)
    ps, aps, rs = np.empty((steps + 1, n)), np.empty((steps, n)), np.empty((steps + 1, n))
    rrs, curvatures = np.empty(steps + 1), np.empty(steps)
    x = np.zeros(n)
    rs[0] = ps[0] = b
    rrs[0] = b @ b
    for t in range(steps):
        p, ap = ps[t], np.matmul(a, ps[t], out=aps[t])
        curvatures[t] = p @ ap
        alpha = rrs[t] / curvatures[t]
        x += alpha * p
        np.subtract(rs[t], alpha * ap, out=rs[t + 1])
        rrs[t + 1] = rs[t + 1] @ rs[t + 1]
        np.add(rs[t + 1], rrs[t + 1] / rrs[t] * p, out=ps[t + 1])
    x_bar = 2.0 * x
    ap_bars = np.empty((steps, n))
    r_bar, p_bar, rr_bar = np.zeros(n), np.zeros(n), 0.0
    for t in range(steps - 1, -1, -1):
        p, ap, rr, curvature = ps[t], aps[t], rrs[t], curvatures[t]
        alpha, beta = rr / curvature, rrs[t + 1] / rr
        beta_bar = p_bar @ p
        r_bar += p_bar
        p_bar *= beta
        r_bar += 2.0 * (rr_bar + beta_bar / rr) * rs[t + 1]
        alpha_bar = x_bar @ p - r_bar @ ap
        curvature_bar = -alpha_bar * alpha / curvature
        rr_bar = alpha_bar / curvature - beta_bar * beta / rr
        p_bar += alpha * x_bar
        p_bar += curvature_bar * ap
        ap_bar = np.multiply(p, curvature_bar, out=ap_bars[t])
        ap_bar -= alpha * r_bar
        p_bar += ap_bar @ a
    r_bar += p_bar
    r_bar += 2.0 * rr_bar * b
    return ap_bars.T @ ps[:-1], r_bar


def gaussian_process(x, y, scale, noise):
    """Logarithm of the evidence of a Gaussian process with a squared exponential kernel."""
    n = len(x)
    d = x.reshape((n, 1)) - x.reshape((1, n))
    k = np.exp(-0.5 * (d / scale) ** 2) + noise * np.eye(n)
    lower = np.linalg.cholesky(k)
    solved = np.linalg.solve(k, y)
    return -0.5 * np.sum(y * solved) - np.sum(np.log(np.diag(lower)))


def gaussian_process_adjoint(x, y, scale, noise):
    """Gradient of scale and noise: the derivative of the determinant is known."""
    d = np.subtract.outer(x, x)
    d /= scale
    d *= d
    smooth = d * -0.5
    np.exp(smooth, out=smooth)
    k = smooth.copy()
    k.flat[:: len(x) + 1] += noise
    inverse = np.linalg.inv(k)
    solved = inverse @ y
    noise_bar = 0.5 * (solved @ solved - np.trace(inverse))
    smooth *= d
    scale_bar = 0.5 / scale * (solved @ (smooth @ solved) - np.einsum("ij,ij", inverse, smooth))
    return scale_bar, noise_bar


def _tridiagonal(n):
    return normal(n), 4.0 + 0.1 * normal(n, seed=1), normal(n, seed=2), normal(n, seed=3)


def _process_arguments(n):
    x = np.sort(normal(n))
    return x, np.sin(x), 0.7, 0.1


def _triangle(n):
    return np.tril(normal(n, n) / n) + 2.0 * np.eye(n), normal(n, seed=1)


def _correlations(n):
    return (0.4 / (1.0 + np.arange(n)) ** 1.2,)


PROGRAMS = (
    by_loop("trisolv", trisolv, _triangle, 400, 40, 5, peers.in_jax(_trisolv_jax, (0, 1)), (0, 1)),
    by_loop("durbin", durbin, _correlations, 400, 40, 6, peers.in_jax(_durbin_jax)),
    by_loop(
        "thomas",
        thomas,
        _tridiagonal,
        10_000,
        500,
        6,
        peers.in_jax(_thomas_jax, (0, 1, 2, 3)),
        (0, 1, 2, 3),
        thomas_adjoint,
    ),
    by_arrays(
        *("conjugate_gradients", conjugate_gradients, "n = 200, 20 steps"),
        *(lambda: (positive(200), normal(200, seed=1), 20), lambda: (positive(5), normal(5, seed=1), 3)),
        argnums=(0, 1),
        by_hand=conjugate_gradients_adjoint,
    ),
    by_arrays(
        *("gaussian_process", gaussian_process, "n = 200"),
        *(lambda: _process_arguments(200), lambda: _process_arguments(5)),
        argnums=(2, 3),
        by_hand=gaussian_process_adjoint,
    ),
)
