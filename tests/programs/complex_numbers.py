"""Complex arguments, and complex numbers inside of functions of real ones."""

from __future__ import annotations

import cmath

import numpy as np

from . import program, rand, signed


def mixed(*shape, seed=0):
    """Complex numbers away from zero and from both axes."""
    return rand(*shape, seed=seed) + 1j * signed(*shape, seed=seed + 1)


@program(lambda: (3 + 4j,), tags=("complex argument",))
def squared_distance(z):
    return abs(z) ** 2


@program(lambda: (np.complex64(1 + 2j), 0.5), argnums=(0, 1), tags=("complex argument",))
def single_complex_number(z, x):
    return (z * z).imag * x + z.real


@program(lambda: (mixed(8),), tags=("complex argument", "fft"))
def spectrum_of_a_signal(z):
    return np.sum(np.abs(np.fft.fft(z)) ** 3) + np.sum(np.fft.ifft(z * np.exp(1j * np.arange(8))).imag)


@program(lambda: (mixed(3, 3), mixed(3, seed=3)), argnums=(0, 1), tags=("complex argument", "linalg"))
def response_of_a_system(a, b):
    y = np.linalg.solve(a, b)
    return np.vdot(y, a @ y).real + abs(np.linalg.det(a))


@program(lambda: (mixed(4),), tags=("complex argument", "write"))
def complex_argument_written(z):
    z[1:] *= z[:-1]
    z[0] = z[2] * 2j
    return np.sum(np.abs(z)) + z.imag[1] * z.real[3]


@program(lambda: (mixed(4), 3), tags=("complex argument", "loop"))
def escape_of_a_set(z, n):
    for k in range(n):
        z = z * z * 0.3 + 1j * k
        if abs(z[0]) > 2.0:
            break
    return abs(z.sum())


@program(lambda: ({"a": mixed(2), "b": 1 + 2j, "c": 0.5},), tags=("complex argument", "tree"))
def tree_with_complex_numbers(p):
    return np.sum(np.abs(p["a"] * p["b"])) * p["c"]


@program(lambda: (mixed(4), rand(4)), argnums=(0, 1), tags=("complex argument",), output="array")
def complex_results(z, x):
    return z * x + np.exp(1j * x), np.conj(z)[1:], np.abs(z)


@program(lambda: (2 + 1j, 0.5), argnums=(0, 1), tags=("complex argument",), output="array")
def complex_number_as_result(z, x):
    return z * z * x


@program(lambda: (mixed(4), mixed(4, seed=9)), argnums=(0, 1), tags=("complex argument",))
def fidelity(a, b):
    return np.abs(np.vdot(a, b)) ** 2 / (np.vdot(a, a).real * np.vdot(b, b).real)


@program(lambda: (2.0 - 1j,), tags=("complex argument", "recursion"))
def orbit(z):
    def after(w, n):
        return w if n == 0 else after(w * w * 0.5 + z, n - 1)

    return after(z, 3).real


@program(lambda: (mixed(4),), tags=("complex argument",))
def powers_and_logarithms(z):
    return np.sum(np.sqrt(z).real) + np.sum((z**1.5).imag) + np.sum(np.log(z).imag) + np.sum(np.angle(z) * np.abs(z))


@program(lambda: (mixed(2, 2),), tags=("complex argument", "loop"))
def state_that_is_normalised(u):
    psi = np.array([1.0, 0j])
    for _ in range(3):
        psi = u @ psi
        psi /= np.linalg.norm(psi)
    return np.abs(psi[1]) ** 2


@program(lambda: (mixed(3, 3),), tags=("complex argument", "linalg"))
def energies(a):
    w, v = np.linalg.eigh(a)
    return np.sum(np.abs(v[:, 1]) ** 2 * np.arange(3)) + w[2] * w[1] + np.linalg.eigvalsh(a, "U")[0]


@program(lambda: (mixed(3, 3), rand(3)), argnums=(0, 1), tags=("complex argument", "linalg"))
def evolution_by_eigenvectors(h, x):
    w, v = np.linalg.eigh(h)
    psi = v @ (np.exp(-1j * w * x[0]) * (np.conj(v).T @ x))
    return np.abs(psi[0]) ** 2 + psi[1].real


@program(lambda: (mixed(3, 3),), tags=("complex argument", "linalg"))
def factor_of_a_hermitian_matrix(a):
    b = a @ np.conj(a).T + np.eye(3)
    lower, upper = np.linalg.cholesky(b), np.linalg.cholesky(b, upper=True)
    return np.sum(lower.imag * np.arange(3)) + np.sum(np.abs(upper) ** 2 * np.arange(3))


@program(lambda: (mixed(2, 3, 3),), tags=("complex argument", "linalg"))
def singular_values_of_complex_matrices(a):
    return np.sum(np.linalg.svdvals(a) * np.arange(3)) + np.sum(np.linalg.svd(a, compute_uv=False) ** 3)


@program(lambda: (rand(4),), tags=("complex inside", "cmath"))
def by_polar_coordinates(x):
    r, phi = cmath.polar(complex(x[0], x[1]))
    z = cmath.rect(r * x[2], phi)
    return z.real + cmath.phase(z) + cmath.sqrt(z).imag + abs(cmath.log(z) * cmath.exp(1j * x[3]))


@program(lambda: (rand(4),), tags=("complex inside", "write"))
def both_parts_of_what_was_written(x):
    z = x * 1j
    z += x
    z *= 2 - 1j
    return np.sum(z.real * z.imag) + np.sum(z.imag[1:])


@program(lambda: (rand(3),), tags=("complex inside", "matrix"))
def real_vector_times_a_complex_matrix(x):
    z = np.matmul(np.array([[0, 1j], [-1j, 0]]), x[:2])
    return np.vdot(x[:2], z).imag + np.abs(np.kron(z, z)).sum() + np.outer(z, z)[0, 1].real


@program(lambda: (rand(3),), tags=("complex inside",))
def propagator_by_its_series(x):
    h = np.array([[x[0], x[1] - 1j * x[2]], [x[1] + 1j * x[2], -x[0]]])
    u = term = np.eye(2, dtype=complex)
    for k in range(1, 12):
        term = term @ (-1j * h) / k
        u = u + term
    return np.abs(u[0, 1]) ** 2


@program(lambda: (rand(16),), tags=("complex inside", "fft"))
def envelope(x):
    spectrum = np.fft.fft(x)
    spectrum[9:] = 0.0
    spectrum[1:8] *= 2.0
    return np.sum(np.abs(np.fft.ifft(spectrum)))


@program(lambda: (rand(4),), tags=("complex inside", "write"), supported=False)
def imaginary_part_assigned(x):
    z = x + 2j
    z.imag[1:] = x[:-1]
    return np.sum(np.abs(z) ** 2)


@program(lambda: (1 + 1j,), tags=("complex argument",), supported=False)
def gradient_of_a_complex_result(z):
    return z * z


@program(lambda: (rand(4),), tags=("complex inside",), supported=False)
def gradient_of_a_complex_sum(x):
    return np.sum(np.fft.fft(x))


@program(lambda: (rand(3),), tags=("complex", "invariance"))
def phase_kept_by_a_magnitude(x):
    s = x[0] + 1j * x[1]
    return np.real(abs((2.0 + 1j) / s) * s)


@program(lambda: (rand(3),), tags=("complex", "invariance"))
def phase_kept_by_a_norm(x):
    z = x * (1.0 + 2.0j) + x[::-1] ** 2
    s = z[0] * x[1]
    return np.real(np.linalg.norm(x / s) * s)
