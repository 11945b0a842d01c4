"""Machine learning."""

from __future__ import annotations

import math

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size
from benchmarks.programs.making import normal


def attention(wq, wk, wv, x):
    """One head of self-attention."""
    q = x @ wq
    k = x @ wk
    v = x @ wv
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores = scores - np.max(scores, axis=1, keepdims=True)
    weights = np.exp(scores)
    weights = weights / np.sum(weights, axis=1, keepdims=True)
    return np.mean((weights @ v) ** 2)


def attention_loop(wq, wk, wv, x):
    """The same, with loops for what Numba lacks."""
    q = x @ wq
    k = x @ wk
    v = x @ wv
    scores = q @ k.T / np.sqrt(q.shape[1])
    for i in range(scores.shape[0]):
        top = scores[i, 0]
        for j in range(scores.shape[1]):
            top = max(top, scores[i, j])
        norm = 0.0
        for j in range(scores.shape[1]):
            scores[i, j] = math.exp(scores[i, j] - top)
            norm += scores[i, j]
        for j in range(scores.shape[1]):
            scores[i, j] /= norm
    return np.mean((scores @ v) ** 2)


def attention_adjoint(wq, wk, wv, x):
    """Gradient of the three matrices."""
    q, k, v = x @ wq, x @ wk, x @ wv
    scale = 1.0 / math.sqrt(q.shape[1])
    weights = q @ k.T
    weights *= scale
    weights -= np.max(weights, axis=1, keepdims=True)
    np.exp(weights, out=weights)
    weights /= np.sum(weights, axis=1, keepdims=True)
    out_bar = weights @ v
    out_bar *= 2.0 / out_bar.size
    v_bar = weights.T @ out_bar
    scores_bar = out_bar @ v.T
    scores_bar -= np.einsum("ij,ij->i", scores_bar, weights)[:, None]
    scores_bar *= weights
    scores_bar *= scale
    return x.T @ (scores_bar @ k), x.T @ (scores_bar.T @ q), x.T @ v_bar


def softmax_regression(w, b, x, labels):
    """Cross-entropy of a linear classifier with several classes."""
    scores = x @ w + b
    scores = scores - np.max(scores, axis=1, keepdims=True)
    log_prob = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    return -np.mean(log_prob[np.arange(len(labels)), labels])


def softmax_regression_loop(w, b, x, labels):
    """The same, with loops for what Numba lacks."""
    scores = x @ w + b
    total = 0.0
    for i in range(scores.shape[0]):
        top = scores[i, 0]
        for j in range(scores.shape[1]):
            top = max(top, scores[i, j])
        norm = 0.0
        for j in range(scores.shape[1]):
            norm += math.exp(scores[i, j] - top)
        total -= scores[i, labels[i]] - top - math.log(norm)
    return total / scores.shape[0]


def softmax_regression_adjoint(w, b, x, labels):
    """Gradient of weights and bias."""
    scores = x @ w
    scores += b
    scores -= np.max(scores, axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= np.sum(scores, axis=1, keepdims=True)
    scores[np.arange(len(labels)), labels] -= 1.0
    scores /= len(labels)
    return x.T @ scores, np.sum(scores, axis=0)


def logistic(w, b, x, sign, decay):
    """Mean log loss of a linear classifier with labels -1 and +1."""
    margin = sign * (x @ w + b)
    return np.mean(np.log1p(np.exp(-margin))) + decay * np.sum(w**2)


def logistic_adjoint(w, b, x, sign, decay):
    """Gradient of weights and bias."""
    score = x @ w
    score += b
    score *= sign
    e = np.exp(np.negative(score, out=score), out=score)
    score_bar = e + 1.0
    np.divide(e, score_bar, out=score_bar)
    score_bar *= sign
    score_bar *= -1.0 / len(sign)
    w_bar = x.T @ score_bar
    w_bar += 2.0 * decay * w
    return w_bar, np.sum(score_bar)


def rnn(w, u, b, xs):
    """A recurrent network: sum of its states' squares."""
    h = np.zeros(len(b))
    total = 0.0
    for t in range(len(xs)):
        h = np.tanh(w @ h + u @ xs[t] + b)
        total += np.sum(h * h)
    return total


def rnn_adjoint(w, u, b, xs):
    """Gradient of all parameters: states are kept, outer products are summed by two products of matrices."""
    steps, width = len(xs), len(b)
    states = np.zeros((steps + 1, width))
    inputs = xs @ u.T
    inputs += b
    for t in range(steps):
        z = w @ states[t]
        z += inputs[t]
        np.tanh(z, out=states[t + 1])
    slopes = states[1:] * states[1:]
    np.subtract(1.0, slopes, out=slopes)
    z_bar = np.empty((steps, width))
    h_bar = np.zeros(width)
    for t in range(steps - 1, -1, -1):
        h_bar += 2.0 * states[t + 1]
        np.multiply(h_bar, slopes[t], out=z_bar[t])
        h_bar = w.T @ z_bar[t]
    return z_bar.T @ states[:-1], z_bar.T @ xs, np.sum(z_bar, axis=0)


def _rnn_jax(jax, jnp):
    def fun(w, u, b, xs):
        def step(carry, x):
            h, total = carry
            h = jnp.tanh(w @ h + u @ x + b)
            return (h, total + jnp.sum(h * h)), None

        return jax.lax.scan(step, (jnp.zeros(len(b)), 0.0), xs)[0][1]

    return fun


def layer_norm(gain, shift, w, x):
    """A linear layer of normalised features."""
    mean = np.mean(x, axis=1, keepdims=True)
    centred = x - mean
    variance = np.mean(centred * centred, axis=1, keepdims=True)
    y = gain * centred / np.sqrt(variance + 1e-5) + shift
    return np.mean(np.tanh(y @ w) ** 2)


def layer_norm_loop(gain, shift, w, x):
    """The same, with loops for what Numba lacks."""
    n, d = x.shape
    y = np.empty((n, d))
    for i in range(n):
        mean = 0.0
        for j in range(d):
            mean += x[i, j]
        mean /= d
        variance = 0.0
        for j in range(d):
            variance += (x[i, j] - mean) ** 2
        scale = 1.0 / math.sqrt(variance / d + 1e-5)
        for j in range(d):
            y[i, j] = gain[j] * (x[i, j] - mean) * scale + shift[j]
    return np.mean(np.tanh(y @ w) ** 2)


def layer_norm_adjoint(gain, shift, w, x):
    """Gradient of everything, the features included."""
    centred = x - np.mean(x, axis=1, keepdims=True)
    scale = np.einsum("ij,ij->i", centred, centred)[:, None] / x.shape[1]
    scale += 1e-5
    np.sqrt(scale, out=scale)
    np.divide(1.0, scale, out=scale)
    centred *= scale
    y = gain * centred
    y += shift
    z = y @ w
    np.tanh(z, out=z)
    z_bar = z * z
    np.subtract(1.0, z_bar, out=z_bar)
    z_bar *= z
    z_bar *= 2.0 / z.size
    y_bar = z_bar @ w.T
    gain_bar = np.einsum("ij,ij->j", y_bar, centred)
    shift_bar = np.sum(y_bar, axis=0)
    y_bar *= gain
    inner = np.einsum("ij,ij->i", y_bar, centred)[:, None] / x.shape[1]
    y_bar -= np.mean(y_bar, axis=1, keepdims=True)
    centred *= inner
    y_bar -= centred
    y_bar *= scale
    return gain_bar, shift_bar, y.T @ z_bar, y_bar


def factorisation(p, q, rows, cols, ratings):
    """Squared errors of a low-rank model at the entries that are known, by a loop over them."""
    total = 0.0
    for k in range(ratings.shape[0]):
        i = rows[k]
        j = cols[k]
        guess = 0.0
        for r in range(p.shape[1]):
            guess += p[i, r] * q[j, r]
        error = ratings[k] - guess
        total += error * error
    return total


@compiled
def factorisation_adjoint(p, q, rows, cols, ratings):
    """Forwards and backwards in one loop: nothing is carried from entry to entry."""
    p_bar = np.zeros_like(p)
    q_bar = np.zeros_like(q)
    for k in range(ratings.shape[0]):
        i = rows[k]
        j = cols[k]
        guess = 0.0
        for r in range(p.shape[1]):
            guess += p[i, r] * q[j, r]
        guess_bar = 2.0 * (guess - ratings[k])
        for r in range(p.shape[1]):
            p_bar[i, r] += guess_bar * q[j, r]
            q_bar[j, r] += guess_bar * p[i, r]
    return p_bar, q_bar


def _factorisation_jax(jax, jnp):
    return lambda p, q, rows, cols, ratings: jnp.sum((ratings - jnp.sum(p[rows] * q[cols], axis=1)) ** 2)


def _entries(users, items, rank, known):
    rng = np.random.default_rng(0)
    rows, cols = rng.integers(0, users, known), rng.integers(0, items, known)
    return rng.standard_normal((users, rank)), rng.standard_normal((items, rank)), rows, cols, rng.random(known)


def _head(n, width, inner):
    scale = 1.0 / math.sqrt(width)
    return (*(scale * normal(width, inner, seed=k) for k in range(3)), normal(n, width, seed=3))


def _classes(n, features, classes):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, n)
    return 0.1 * normal(features, classes), normal(classes, seed=1), normal(n, features, seed=2), labels


def _signs(n, features):
    sign = np.where(np.random.default_rng(0).random(n) < 0.5, -1.0, 1.0)
    return 0.1 * normal(features), 0.2, normal(n, features, seed=1), sign, 1e-3


def _sequence(steps, width, inputs):
    scale = 0.8 / math.sqrt(width)
    parameters = scale * normal(width, width), normal(width, inputs, seed=1), normal(width, seed=2)
    return (*parameters, normal(steps, inputs, seed=3))


def _features(n, d, out):
    return 1.0 + 0.1 * normal(d), 0.1 * normal(d, seed=1), normal(d, out, seed=2) / d, normal(n, d, seed=3)


PROGRAMS = (
    Problem(
        *("attention", "attention", {"array": attention}),
        (Size("128 x 64", lambda: _head(128, 64, 64), plain=("array",)),),
        lambda: _head(4, 3, 2),
        (0, 1, 2),
        attention_loop,
        attention_adjoint,
        peers={"jax": peers.array_form_by_jax(attention, (0, 1, 2))},
    ),
    Problem(
        *("softmax_regression", "softmax regression", {"array": softmax_regression}),
        (Size("1000 x 50, 10 classes", lambda: _classes(1000, 50, 10), plain=("array",)),),
        lambda: _classes(5, 3, 4),
        (0, 1),
        softmax_regression_loop,
        softmax_regression_adjoint,
        peers={"jax": peers.array_form_by_jax(softmax_regression, (0, 1))},
    ),
    Problem(
        *("logistic", "logistic regression", {"array": logistic}),
        (Size("5000 x 50", lambda: _signs(5000, 50), plain=("array",)),),
        lambda: _signs(7, 3),
        (0, 1),
        numpy_adjoint=logistic_adjoint,
        peers={"jax": peers.array_form_by_jax(logistic, (0, 1))},
    ),
    Problem(
        *("rnn", "recurrent network", {"array": rnn}),
        (Size("100 steps, 64 wide", lambda: _sequence(100, 64, 16), plain=("array",)),),
        lambda: _sequence(4, 3, 2),
        (0, 1, 2),
        numpy_adjoint=rnn_adjoint,
        peers={"jax": peers.in_jax(_rnn_jax, (0, 1, 2))},
    ),
    Problem(
        *("layer_norm", "layer norm", {"array": layer_norm}),
        (Size("256 x 128", lambda: _features(256, 128, 64), plain=("array",)),),
        lambda: _features(4, 3, 2),
        (0, 1, 2, 3),
        layer_norm_loop,
        layer_norm_adjoint,
        peers={"jax": peers.array_form_by_jax(layer_norm, (0, 1, 2, 3))},
    ),
    Problem(
        *("factorisation", "matrix factorisation", {"loop": factorisation}),
        (
            Size("10,000 entries, rank 8", lambda: _entries(300, 200, 8, 10_000)),
            Size("200 entries, rank 4", lambda: _entries(30, 20, 4, 200), plain=("loop",), jit=False),
        ),
        lambda: _entries(4, 3, 2, 6),
        (0, 1),
        best={"one loop": factorisation_adjoint},
        peers={"jax": peers.in_jax(_factorisation_jax, (0, 1))},
    ),
)
