"""One step of training a network with one hidden layer: products of matrices, which are BLAS's."""

from __future__ import annotations

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size
from benchmarks.vector_math import exp, tanh


def loss(w1, b1, w2, b2, x, y):
    """Softmax cross-entropy, labels one-hot."""
    hidden = np.tanh(x @ w1 + b1)
    scores = hidden @ w2 + b2
    log_prob = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    return -np.sum(log_prob * y) / len(x)


def loss_loop(w1, b1, w2, b2, x, y):
    """The same, with a loop for what Numba lacks (`keepdims`)."""
    hidden = np.tanh(x @ w1 + b1)
    scores = hidden @ w2 + b2
    total = 0.0
    for i in range(scores.shape[0]):
        norm = 0.0
        for j in range(scores.shape[1]):
            norm += np.exp(scores[i, j])
        norm = np.log(norm)
        for j in range(scores.shape[1]):
            total -= (scores[i, j] - norm) * y[i, j]
    return total / scores.shape[0]


def numpy_adjoint(w1, b1, w2, b2, x, y):
    """Gradient of all parameters."""
    hidden = x @ w1
    hidden += b1
    np.tanh(hidden, out=hidden)
    scores_bar = hidden @ w2
    scores_bar += b2
    np.exp(scores_bar, out=scores_bar)
    scores_bar /= np.sum(scores_bar, axis=1, keepdims=True)
    scores_bar -= y
    scores_bar /= len(x)
    w2_bar = hidden.T @ scores_bar
    hidden_bar = scores_bar @ w2.T
    np.multiply(hidden, hidden, out=hidden)
    np.subtract(1.0, hidden, out=hidden)
    hidden_bar *= hidden
    return x.T @ hidden_bar, np.sum(hidden_bar, axis=0), w2_bar, np.sum(scores_bar, axis=0)


@compiled
def adjoint(w1, b1, w2, b2, x, y):
    """BLAS and loops."""
    n, width, classes = x.shape[0], w1.shape[1], w2.shape[1]
    hidden = x @ w1
    for i in range(n):
        for j in range(width):
            hidden[i, j] = np.tanh(hidden[i, j] + b1[j])
    scores = hidden @ w2
    b2_bar = np.zeros(classes)
    for i in range(n):
        norm = 0.0
        for j in range(classes):
            scores[i, j] = np.exp(scores[i, j] + b2[j])
            norm += scores[i, j]
        for j in range(classes):
            scores[i, j] = (scores[i, j] / norm - y[i, j]) / n
            b2_bar[j] += scores[i, j]
    w2_bar = hidden.T @ scores
    hidden_bar = scores @ w2.T
    b1_bar = np.zeros(width)
    for i in range(n):
        for j in range(width):
            hidden_bar[i, j] *= 1 - hidden[i, j] * hidden[i, j]
            b1_bar[j] += hidden_bar[i, j]
    return x.T @ hidden_bar, b1_bar, w2_bar, b2_bar


@compiled(error_model="numpy")
def adjoint_vector(w1, b1, w2, b2, x, y):
    """BLAS and vectorised loops."""
    n, width, classes = x.shape[0], w1.shape[1], w2.shape[1]
    hidden = x @ w1
    for i in range(n):
        for j in range(width):
            hidden[i, j] = tanh(hidden[i, j] + b1[j])
    scores = hidden @ w2
    b2_bar = np.zeros(classes)
    for i in range(n):
        for j in range(classes):
            scores[i, j] = exp(scores[i, j] + b2[j])
        norm = 0.0
        for j in range(classes):
            norm += scores[i, j]
        scale = 1.0 / (norm * n)
        for j in range(classes):
            scores[i, j] = scores[i, j] * scale - y[i, j] / n
            b2_bar[j] += scores[i, j]
    w2_bar = hidden.T @ scores
    hidden_bar = scores @ w2.T
    b1_bar = np.zeros(width)
    for i in range(n):
        for j in range(width):
            hidden_bar[i, j] *= 1.0 - hidden[i, j] * hidden[i, j]
            b1_bar[j] += hidden_bar[i, j]
    return x.T @ hidden_bar, b1_bar, w2_bar, b2_bar


def with_torch(*args):
    """Eager."""
    torch = peers.torch_module()

    def fun(w1, b1, w2, b2, x, y):
        hidden = torch.tanh(x @ w1 + b1)
        scores = hidden @ w2 + b2
        log_prob = scores - torch.log(torch.sum(torch.exp(scores), 1, keepdim=True))
        return -torch.sum(log_prob * y) / len(x)

    return peers.by_torch(fun, args, (0, 1, 2, 3))


def with_pytensor(*args):
    """The same array code; the data are constants."""
    _, pt = peers.pytensor_modules()
    w1, b1, w2, b2 = pt.dmatrix("w1"), pt.dvector("b1"), pt.dmatrix("w2"), pt.dvector("b2")
    x, y = args[4:]
    hidden = pt.tanh(x @ w1 + b1)
    scores = hidden @ w2 + b2
    log_prob = scores - pt.log(pt.sum(pt.exp(scores), axis=1, keepdims=True))
    out = -pt.sum(log_prob * y) / len(x)
    return peers.by_pytensor(out, [w1, b1, w2, b2], args[:4], single=False)


def arguments(batch, inputs, width, classes):
    """Parameters and a batch."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, inputs))
    y = np.eye(classes)[rng.integers(0, classes, batch)]
    w1, w2 = 0.05 * rng.standard_normal((inputs, width)), 0.05 * rng.standard_normal((width, classes))
    return w1, np.full(width, 0.01), w2, np.zeros(classes), x, y


PROBLEM = Problem(
    name="mlp",
    title="MLP step",
    forms={"array": loss},
    sizes=(Size("batch 64, 784-256-10", lambda: arguments(64, 784, 256, 10), plain=("array",)),),
    tiny=lambda: arguments(3, 5, 4, 3),
    argnums=(0, 1, 2, 3),
    yardstick=loss_loop,
    numpy_adjoint=numpy_adjoint,
    frozen_adjoint=adjoint,
    best={"vector math": adjoint_vector},
    peers={
        "autograd": peers.array_form_by_autograd(loss, (0, 1, 2, 3)),
        "jax": peers.array_form_by_jax(loss, (0, 1, 2, 3)),
        "torch": with_torch,
        "pytensor": with_pytensor,
    },
    no_peers={
        "enzyme": "without BLAS it would be measured on a naive product of matrices",
        "casadi": "its dense products are far from BLAS",
        "warp": "for kernels, not for BLAS",
    },
)
