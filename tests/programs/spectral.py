"""Transforms, fits, covariances and differences of arrays."""

from __future__ import annotations

import numpy as np

from . import program, signed


@program(lambda: (signed(8), 0.1), argnums=(0, 1), tags=("fft", "for"))
def spectral_burgers(u, nu):
    n = len(u)
    k = np.fft.fftfreq(n, d=1.0 / n) * 1j
    dt = 0.01
    for _ in range(4):
        u_hat = np.fft.fft(u)
        ux = np.fft.ifft(k * u_hat).real
        uxx = np.real(np.fft.ifft(k**2 * u_hat))
        u = u + dt * (-u * ux + nu * uxx)
    return np.mean(u**2)


@program(lambda: (signed(6, 5), signed(3, 3, seed=1)), argnums=(0, 1), tags=("fft", "write"))
def filtered_in_two_dimensions(image, kernel):
    padded = np.zeros_like(image)
    padded[:3, :3] = kernel
    out = np.fft.ifft2(np.fft.fft2(image) * np.fft.fft2(padded))
    return np.sum(out.real**3)


@program(lambda: (signed(9), signed(4, seed=1)), argnums=(0, 1), tags=("fft",))
def convolved_by_transforms(a, b):
    n = len(a) + len(b) - 1
    product = np.fft.irfft(np.fft.rfft(a, n) * np.fft.rfft(b, n), n)
    return np.sum(product**2) + np.sum(np.convolve(a, b) * product)


@program(lambda: (signed(8),), tags=("fft",))
def low_pass(x):
    spectrum = np.fft.rfft(x * np.hanning(8))
    spectrum = spectrum * (np.fft.rfftfreq(8) < 0.3)
    size = np.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-2)
    rest = x - np.fft.irfft(spectrum, n=8)
    return np.sum(np.log(size)) + np.sum(np.fft.fftshift(size)[:2]) + np.sum(rest**2)


@program(lambda: (np.linspace(0, 2, 8), signed(8, seed=1)), argnums=(0, 1), tags=("fit",))
def fitted_polynomial(x, y):
    p = np.polyfit(x, y, 2)
    rest = y - np.polyval(p, x)
    q = np.linalg.solve(np.vander(x[:3], 3), y[:3])
    return np.polyval(p, 0.3) + rest @ rest * q[0] + np.sum(np.polyval([1.0, 2.0, 3.0], x))


@program(lambda: (signed(8, 3), signed(8, seed=1)), argnums=(0, 1), tags=("fit",))
def least_squares(a, b):
    x, residuals, rank, s = np.linalg.lstsq(a, b, rcond=None)
    assert rank == 3
    return np.sum(x**2) + residuals[0] * s[0] / s[-1] + np.linalg.lstsq(a, b)[0][1]


@program(lambda: (signed(8, 3), signed(8, seed=1)), argnums=(0, 1), tags=("statistics",))
def covariances(x, w):
    c = np.cov(x, rowvar=False)
    r = np.corrcoef(x.T)
    pair = np.cov(x[:, 0], w)[0, 1] + np.corrcoef(w, x[:, 1])[0, 1]
    return np.sum(c * r) + pair + np.cov(w) + np.linalg.cond(c)


@program(lambda: (signed(4, 5), 0.1), argnums=(0, 1), tags=("differences",))
def slopes_of_an_image(image, h):
    gy, gx = np.gradient(image, h, 0.2)
    edges = np.gradient(image, axis=1, edge_order=2)
    return np.sum(np.hypot(gx, gy)) + np.sum(edges**2) + np.sum(np.gradient(image[0]) ** 2)


@program(lambda: (signed(4, 5), np.array([0.0, 1.0, 1.5, 3.0]), 0.3), argnums=(0, 1, 2), tags=("numpy",))
def slopes_at_coordinates(image, y, h):
    gy, gx = np.gradient(image, y, h)
    edges = np.gradient(image, np.cumsum(image[0] ** 2 + 0.1), axis=-1, edge_order=2)
    return np.sum(gy * gx**2) + np.sum(edges**2) + np.sum(np.gradient(image[:, 0], y) ** 3)


@program(lambda: (signed(8),), tags=("fft", "write"))
def imaginary_part_of_what_is_written(x):
    spectrum = np.fft.rfft(x)
    spectrum *= np.fft.rfftfreq(8) < 0.3
    return np.sum(spectrum.imag**2)


@program(lambda: (signed(8),), tags=("fft", "write"))
def real_part_of_what_is_written(x):
    spectrum = np.fft.rfft(x)
    spectrum *= np.fft.rfftfreq(8) < 0.3
    return np.sum(spectrum.real**2)


@program(lambda: (signed(4), 0.3), tags=("random",))
def drawn_from_a_generator(x, p):
    rng = np.random.default_rng(seed=0)
    x = x * (rng.random(x.shape) >= p) / (1 - p)
    total = 0.0
    for _ in range(3):
        i = rng.integers(0, 4)
        total += x[i] * rng.standard_normal()
    order = rng.permutation(4)
    return total + np.sum(x[order] * np.arange(4)) + np.sum(x**2 * rng.uniform(0, 1, size=4)) + rng.normal() * x[0]


@program(lambda: (signed(4), 0.5), argnums=(0, 1), tags=("random",))
def drawn_from_a_state(mu, s):
    np.random.seed(1)
    state = np.random.RandomState(3)
    y, steps = mu, []
    for _ in range(3):
        y = y + mu * 0.1 + s * y * state.normal(0.0, np.sqrt(0.1), size=4) + np.random.rand() * s
        steps.append(y)
    return np.mean(np.array(steps)[-1] * np.random.randn(4)) + state.rand() * s


@program(lambda: (signed(3, 3) + 3.0 * np.eye(3), 2), tags=("linalg",))
def parts_of_decompositions_by_name(a, n):
    decomposed = np.linalg.svd(a, full_matrices=False)
    rebuilt = decomposed.U * decomposed.S @ decomposed[2]
    r = np.linalg.slogdet(a)
    for k in range(n):
        r = np.linalg.slogdet(rebuilt * (k + 1.0))
    sign, log = r
    q = np.linalg.qr(a) if log > 0.0 else np.linalg.qr(-a)
    return r.logabsdet * sign + np.sum(q.R**3) + np.linalg.eigh(a + a.T).eigenvalues[0]


@program(lambda: (signed(3, 3),), tags=("linalg", "tuple"), output="array")
def decompositions_in_a_tuple(a):
    return np.linalg.eigh(a + a.T), np.linalg.slogdet(a), np.linalg.svd(a, compute_uv=False)
