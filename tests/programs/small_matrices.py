"""Linear algebra of small matrices, whose lengths compiled code knows."""

import numpy as np

from . import program, signed


def definite():
    a = signed(3, 3)
    return a @ a.T + 2.0 * np.eye(3)


@program(lambda: (definite(), signed(3)), argnums=(0, 1), tags=("linalg", "compiled"))
def log_density(cov, d):
    return -0.5 * (d @ np.linalg.solve(cov, d) + np.linalg.slogdet(cov).logabsdet + len(d) * np.log(2 * np.pi))


@program(lambda: (definite(),), tags=("linalg", "compiled"))
def powers_of_a_matrix(a):
    total = 0.0
    for k in range(3):
        sign, log = np.linalg.slogdet(a * (k + 1.0))
        total += sign * log + np.linalg.det(a) + np.sum(np.linalg.inv(a) ** 2)
    return total + np.sum(np.linalg.matrix_power(a, 3))


@program(lambda: (definite(),), tags=("linalg", "compiled"))
def eigenvalues_by_either_triangle(a):
    upper = np.linalg.eigvalsh(a, UPLO="U")
    values, vectors = np.linalg.eigh(a * 2.0, "U")
    return np.sum(upper**3) + np.sum(np.linalg.eigvalsh(a) ** 2) + values[0] * vectors[0, 0] ** 2


@program(lambda: (definite(), signed(3)), argnums=(0, 1), tags=("linalg", "compiled"))
def least_squares_with_the_default_cutoff(a, b):
    x, residuals, rank, values = np.linalg.lstsq(a[:, :2], b, rcond=None)
    square = np.linalg.lstsq(a, np.outer(b, b), rcond=None)[0]
    return np.sum(x**2) + np.sum(residuals) + rank * np.sum(values**2) + np.sum(square**2)


@program(lambda: (definite(), signed(3)), argnums=(0, 1), tags=("linalg", "compiled"))
def products_of_many(a, x):
    total = np.linalg.multi_dot([x, a, a, a, x]) + np.sum(np.linalg.multi_dot([a, a, x]) ** 3)
    wide = np.linalg.multi_dot([a[:1], a, a])
    return total + np.sum(np.linalg.multi_dot((a, a, a[:, :1])) * wide) + np.sum(np.linalg.multi_dot([x, a, a]) ** 2)


@program(lambda: (np.stack([definite(), definite() + 1.0]), signed(2, 3)), argnums=(0, 1), tags=("linalg", "compiled"))
def densities_of_several(covs, means):
    signs, logs = np.linalg.slogdet(covs)
    values, vectors = np.linalg.eigh(covs)
    spread = np.linalg.eigvalsh(covs * 0.5, "U")
    rotated = np.abs(vectors) @ means[:, :, None]
    return np.sum(logs * signs) + np.sum(values**2 * rotated[:, :, 0]) - np.sum(np.sqrt(spread))
