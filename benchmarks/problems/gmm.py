"""A Gaussian mixture in the parametrisation of ADBench: log-likelihood with a prior on the precision factors."""

from __future__ import annotations

import math

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size
from benchmarks.problems.gmm_blocks import adjoint_in_blocks


def likelihood_loop(alphas, means, factors, x):
    """By loops. `factors` has the logarithms of a triangular factor's diagonal, then its columns below the diagonal."""
    n, d = x.shape
    k = alphas.shape[0]
    diag = np.exp(factors[:, :d])
    log_det = np.empty(k)
    for j in range(k):
        total = 0.0
        for p in range(d):
            total += factors[j, p]
        log_det[j] = total
    terms = np.empty(k)
    centred = np.empty(d)
    value = 0.0
    for i in range(n):
        for j in range(k):
            for p in range(d):
                centred[p] = x[i, p] - means[j, p]
            square = 0.0
            for p in range(d):
                v = diag[j, p] * centred[p]
                for q in range(p):
                    v += factors[j, d + q * d - q * (q + 1) // 2 + p - q - 1] * centred[q]
                square += v * v
            terms[j] = alphas[j] + log_det[j] - 0.5 * square
        top = terms[0]
        for j in range(1, k):
            top = max(top, terms[j])
        norm = 0.0
        for j in range(k):
            norm += math.exp(terms[j] - top)
        value += math.log(norm) + top
    norm = 0.0
    for j in range(k):
        norm += math.exp(alphas[j])
    prior = 0.0
    for j in range(k):
        for p in range(d):
            prior += 0.5 * diag[j, p] * diag[j, p]
        for p in range(d, factors.shape[1]):
            prior += 0.5 * factors[j, p] * factors[j, p]
    return value - n * math.log(norm) + prior


def likelihood(alphas, means, factors, x):
    """With arrays."""
    n, d = x.shape
    k = len(alphas)
    cols, rows = np.triu_indices(d, 1)
    diag = np.exp(factors[:, :d])
    lower = np.zeros((k, d, d))
    lower[:, rows, cols] = factors[:, d:]
    centred = x[None] - means[:, None]
    y = diag[:, None] * centred + centred @ lower.transpose(0, 2, 1)
    terms = (alphas + np.sum(factors[:, :d], axis=1))[:, None] - 0.5 * np.sum(y * y, axis=2)
    top = np.max(terms, axis=0)
    value = np.sum(np.log(np.sum(np.exp(terms - top), axis=0)) + top)
    prior = 0.5 * (np.sum(diag * diag) + np.sum(factors[:, d:] ** 2))
    return value - n * np.log(np.sum(np.exp(alphas))) + prior


def numpy_adjoint(alphas, means, factors, x):
    """Gradient of the parameters; a batch of products of matrices."""
    n, d = x.shape
    k = len(alphas)
    cols, rows = np.triu_indices(d, 1)
    corner = np.arange(d)
    diag = np.exp(factors[:, :d])
    lower = np.zeros((k, d, d))
    lower[:, rows, cols] = factors[:, d:]
    lower[:, corner, corner] = diag
    centred = x[None] - means[:, None]
    y = centred @ lower.transpose(0, 2, 1)
    weight = np.einsum("kni,kni->kn", y, y)
    weight *= -0.5
    weight += (alphas + np.sum(factors[:, :d], axis=1))[:, None]
    weight -= np.max(weight, axis=0)
    np.exp(weight, out=weight)
    weight /= np.sum(weight, axis=0)
    alphas_bar = np.sum(weight, axis=1)
    y *= weight[:, :, None]
    np.negative(y, out=y)
    lower_bar = y.transpose(0, 2, 1) @ centred
    # The sum over the points first: the product is one of vectors then.
    means_bar = -(np.sum(y, axis=1)[:, None] @ lower)[:, 0]
    factors_bar = np.empty_like(factors)
    factors_bar[:, d:] = lower_bar[:, rows, cols] + factors[:, d:]
    factors_bar[:, :d] = alphas_bar[:, None] + (lower_bar[:, corner, corner] + diag) * diag
    e = np.exp(alphas)
    alphas_bar -= n / np.sum(e) * e
    return alphas_bar, means_bar, factors_bar


@compiled
def adjoint(alphas, means, factors, x):
    """Point by point; forwards and backwards in one loop over the points."""
    n, d = x.shape
    k, size = factors.shape
    diag = np.exp(factors[:, :d])
    log_det = np.empty(k)
    weight = np.empty(k)
    centred = np.empty((k, d))
    y = np.empty((k, d))
    alphas_bar = np.zeros(k)
    means_bar = np.zeros((k, d))
    diag_bar = np.zeros((k, d))
    factors_bar = np.zeros((k, size))
    for j in range(k):
        total = 0.0
        for p in range(d):
            total += factors[j, p]
        log_det[j] = total
    for i in range(n):
        for j in range(k):
            for p in range(d):
                c = x[i, p] - means[j, p]
                centred[j, p] = c
                y[j, p] = diag[j, p] * c
            place = d
            for q in range(d):
                c = centred[j, q]
                for p in range(q + 1, d):
                    y[j, p] += factors[j, place] * c
                    place += 1
            square = 0.0
            for p in range(d):
                square += y[j, p] * y[j, p]
            weight[j] = alphas[j] + log_det[j] - 0.5 * square
        top = weight[0]
        for j in range(1, k):
            top = max(top, weight[j])
        norm = 0.0
        for j in range(k):
            weight[j] = math.exp(weight[j] - top)
            norm += weight[j]
        for j in range(k):
            w = weight[j] / norm
            alphas_bar[j] += w
            if w < 1e-300:
                continue
            place = d
            for q in range(d):
                c = centred[j, q]
                centred_bar = -w * y[j, q] * diag[j, q]
                diag_bar[j, q] -= w * y[j, q] * c
                for p in range(q + 1, d):
                    y_bar = -w * y[j, p]
                    factors_bar[j, place] += y_bar * c
                    centred_bar += y_bar * factors[j, place]
                    place += 1
                means_bar[j, q] -= centred_bar
    norm = 0.0
    for j in range(k):
        norm += math.exp(alphas[j])
    for j in range(k):
        for p in range(d):
            factors_bar[j, p] += alphas_bar[j] + diag_bar[j, p] * diag[j, p] + diag[j, p] * diag[j, p]
        for p in range(d, size):
            factors_bar[j, p] += factors[j, p]
    for j in range(k):
        alphas_bar[j] -= n * math.exp(alphas[j]) / norm
    return alphas_bar, means_bar, factors_bar


def _lower(factors, d, module):
    """The strictly lower triangles, by a product with a constant: what peers without index assignment take."""
    cols, rows = np.triu_indices(d, 1)
    select = np.zeros((len(rows), d * d))
    select[np.arange(len(rows)), rows * d + cols] = 1.0
    if module.__name__ == "torch":
        select = module.tensor(select)
    return (factors[:, d:] @ select).reshape((-1, d, d))


def _functional(module, alphas, means, factors, x):
    """The array form for tools that cannot write into arrays."""
    n, d = x.shape
    diag = module.exp(factors[:, :d])
    centred = x[:, None, :] - means[None]
    y = diag[None] * centred + module.einsum("kpq,nkq->nkp", _lower(factors, d, module), centred)
    terms = alphas + module.sum(factors[:, :d], 1) - 0.5 * module.sum(y * y, 2)
    top = module.amax(terms, 1) if module.__name__ == "torch" else module.max(terms, 1)
    value = module.sum(module.log(module.sum(module.exp(terms - top[:, None]), 1)) + top)
    prior = 0.5 * (module.sum(diag * diag) + module.sum(factors[:, d:] * factors[:, d:]))
    return value - n * module.log(module.sum(module.exp(alphas))) + prior


def with_autograd(*args):
    """Functional."""
    from autograd import numpy

    return peers.by_autograd(lambda *given: _functional(numpy, *given), args, (0, 1, 2))


def with_jax(*args):
    """Functional."""
    jnp = peers.jax_numpy()[1]
    return peers.by_jax(lambda *given: _functional(jnp, *given), args, (0, 1, 2))


def with_torch(*args):
    """Eager, functional."""
    torch = peers.torch_module()
    return peers.by_torch(lambda *given: _functional(torch, *given), args, (0, 1, 2))


def with_pytensor(*args):
    """A batch of products."""
    _, pt = peers.pytensor_modules()
    x = args[3]
    n, d = x.shape
    alphas, means, factors = pt.dvector("alphas"), pt.dmatrix("means"), pt.dmatrix("factors")
    diag = pt.exp(factors[:, :d])
    centred = x[None] - means[:, None]
    y = diag[:, None] * centred + pt.matmul(centred, pt.transpose(_lower(factors, d, pt), (0, 2, 1)))
    terms = (alphas + factors[:, :d].sum(1))[:, None] - 0.5 * (y**2).sum(2)
    prior = 0.5 * ((diag**2).sum() + (factors[:, d:] ** 2).sum())
    out = pt.logsumexp(terms, axis=0).sum() - n * pt.log(pt.exp(alphas).sum()) + prior
    return peers.by_pytensor(out, [alphas, means, factors], args[:3], single=False)


ENZYME = """
extern "C" double exp(double);
extern "C" double log(double);
void fun(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, %(k)d>& alphas,
         const enzyme::tensor<double, %(k)d, %(d)d>& means, const enzyme::tensor<double, %(k)d, %(size)d>& factors,
         const enzyme::tensor<double, %(n)d, %(d)d>& x) {
  const long n = %(n)d, d = %(d)d, k = %(k)d, size = %(size)d;
  double diag[k][d], log_det[k], terms[k], centred[k][d], y[k][d];
  for (long j = 0; j < k; j++) {
    double s = 0;
    for (long p = 0; p < d; p++) { diag[j][p] = exp(factors[j][p]); s += factors[j][p]; }
    log_det[j] = s;
  }
  double value = 0;
  for (long i = 0; i < n; i++) {
    for (long j = 0; j < k; j++) {
      for (long p = 0; p < d; p++) { centred[j][p] = x[i][p] - means[j][p]; y[j][p] = diag[j][p] * centred[j][p]; }
      long o = d;
      for (long q = 0; q < d; q++) {
        for (long p = q + 1; p < d; p++) y[j][p] += factors[j][o + p - q - 1] * centred[j][q];
        o += d - q - 1;
      }
      double s = 0;
      for (long p = 0; p < d; p++) s += y[j][p] * y[j][p];
      terms[j] = alphas[j] + log_det[j] - 0.5 * s;
    }
    double top = terms[0];
    for (long j = 1; j < k; j++) top = terms[j] > top ? terms[j] : top;
    double norm = 0;
    for (long j = 0; j < k; j++) norm += exp(terms[j] - top);
    value += log(norm) + top;
  }
  double norm = 0, prior = 0;
  for (long j = 0; j < k; j++) norm += exp(alphas[j]);
  for (long j = 0; j < k; j++) {
    for (long p = 0; p < d; p++) prior += 0.5 * diag[j][p] * diag[j][p];
    for (long p = d; p < size; p++) prior += 0.5 * factors[j][p] * factors[j][p];
  }
  out[0] = value - n * log(norm) + prior;
}
"""


def with_enzyme(*args):
    """C++ by loops."""
    (n, d), (k, size) = args[3].shape, args[2].shape
    return peers.by_enzyme(ENZYME % {"n": n, "d": d, "k": k, "size": size}, args, (0, 1, 2))


def arguments(d, k, n):
    """Parameters and points."""
    rng = np.random.default_rng(0)
    normal = rng.standard_normal
    return normal(k), rng.random((k, d)), 0.3 * normal((k, d * (d + 1) // 2)), normal((n, d))


PROBLEM = Problem(
    name="gmm",
    title="GMM",
    forms={"loop": likelihood_loop, "array": likelihood},
    sizes=(
        Size("d = 2, k = 5, n = 1000", lambda: arguments(2, 5, 1000), plain=("array",)),
        Size("d = 10, k = 25, n = 1000", lambda: arguments(10, 25, 1000), plain=("array",)),
        Size("d = 3, k = 4, n = 100", lambda: arguments(3, 4, 100), plain=("loop",), jit=False),
    ),
    tiny=lambda: arguments(3, 4, 7),
    argnums=(0, 1, 2),
    numpy_adjoint=numpy_adjoint,
    frozen_adjoint=adjoint,
    best={"blocks of points, vector math": adjoint_in_blocks},
    peers={
        "autograd": with_autograd,
        "jax": with_jax,
        "torch": with_torch,
        "enzyme": with_enzyme,
        "pytensor": with_pytensor,
    },
    no_peers={"casadi": "no batch of small products", "warp": "no batch of small products"},
)
