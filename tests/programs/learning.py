# ruff: noqa: B905 (written as users write, not as linters like it)
"""Machine learning: regressions, networks, losses, attention."""

from __future__ import annotations

import numpy as np

from . import program, rand, signed

X = signed(6, 3, seed=11)
Y = signed(6, seed=12)
LABELS = np.array([0, 1, 1, 0, 1, 0])
CLASSES = np.array([0, 2, 1, 1, 0, 2])


@program(lambda: (signed(3), 0.3, X, Y), argnums=(0, 1), tags=("regression",))
def linear_regression(w, b, x, y):
    residual = x @ w + b - y
    return 0.5 * np.mean(residual**2) + 0.01 * np.sum(w**2)


@program(lambda: (signed(3), 0.3, X, Y), argnums=(0, 1), tags=("regression", "for"))
def linear_regression_in_loops(w, b, x, y):
    loss = 0.0
    for i in range(len(y)):
        p = b
        for j in range(len(w)):
            p += x[i, j] * w[j]
        loss += (p - y[i]) ** 2
    return loss / len(y)


@program(lambda: (signed(3), X, LABELS), tags=("regression",))
def logistic_regression(w, x, y):
    z = x @ w
    p = 1.0 / (1.0 + np.exp(-z))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


@program(lambda: (signed(3), X, LABELS), tags=("regression", "stable"))
def stable_logistic_loss(w, x, y):
    z = x @ w
    return np.mean(np.logaddexp(0.0, z) - y * z)


@program(lambda: (signed(3, 3), signed(3, seed=5), X, CLASSES), argnums=(0, 1), tags=("softmax",))
def softmax_cross_entropy(w, b, x, labels):
    z = x @ w + b
    z = z - np.max(z, axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(labels)), labels])


@program(lambda: (signed(3, 3), X, np.eye(3)[CLASSES]), tags=("softmax", "one-hot"))
def cross_entropy_of_one_hot(w, x, targets):
    e = np.exp(x @ w)
    p = e / e.sum(axis=1)[:, None]
    return -(targets * np.log(p)).sum() / x.shape[0]


@program(lambda: (signed(5),), tags=("logsumexp",))
def log_sum_exp(x):
    m = x.max()
    return m + np.log(np.sum(np.exp(x - m)))


@program(
    lambda: (
        {"W1": signed(4, 3), "b1": rand(4), "W2": signed(2, 4, seed=3), "b2": rand(2)},
        X,
        signed(6, 2, seed=4),
    ),
    tags=("mlp", "dict"),
)
def two_layer_network(params, x, y):
    h = np.tanh(x @ params["W1"].T + params["b1"])
    out = h @ params["W2"].T + params["b2"]
    return np.mean((out - y) ** 2)


@program(
    lambda: ([(signed(4, 3), rand(4)), (signed(4, 4, seed=1), rand(4)), (signed(1, 4), rand(1))], X[0]), tags=("mlp",)
)
def network_of_any_depth(layers, x):
    for w, b in layers[:-1]:
        x = np.maximum(w @ x + b, 0.1 * (w @ x + b))
    w, b = layers[-1]
    return (w @ x + b)[0]


@program(lambda: (signed(4, 3), signed(4, seed=1), X[1], 0.4), argnums=(0, 1), tags=("mlp", "for", "write"))
def network_in_scalar_loops(w1, w2, x, target):
    n, m = w1.shape
    h = np.zeros(n)
    for i in range(n):
        for j in range(m):
            h[i] += w1[i, j] * x[j]
        h[i] = np.tanh(h[i])
    out = 0.0
    for i in range(n):
        out += w2[i] * h[i]
    return (out - target) ** 2


@program(lambda: (signed(4, 3), signed(5, 3, seed=1), signed(5, 2, seed=2)), argnums=(0, 1, 2), tags=("attention",))
def scaled_dot_product_attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[-1])
    scores = scores - scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores)
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return np.sum((weights @ v) ** 2)


@program(lambda: (signed(4, 4), signed(4, 4, seed=1), signed(4, 4, seed=2)), argnums=(0, 1), tags=("attention", "for"))
def causal_attention_with_heads(x, wq, wk):
    total = 0.0
    for head in range(2):
        cols = slice(2 * head, 2 * head + 2)
        q, k = (x @ wq)[:, cols], (x @ wk)[:, cols]
        for t in range(len(x)):
            s = np.exp(k[: t + 1] @ q[t])
            p = s / np.sum(s)
            total += np.sum((p @ x[: t + 1]) ** 2) / (t + 1)
    return total


@program(lambda: (signed(3, 4), rand(4), signed(4, seed=2)), argnums=(0, 1, 2), tags=("normalise",))
def layer_norm(x, gain, bias):
    mean = x.mean(axis=-1, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    y = (x - mean) / np.sqrt(var + 1e-5) * gain + bias
    return np.sum(np.sin(y))


@program(lambda: (signed(5, 3), rand(3), signed(3, seed=2)), argnums=(0, 1, 2), tags=("normalise", "write"))
def batch_norm_with_running_mean(x, gamma, beta):
    running = np.zeros(3)
    for _ in range(2):
        mu = x.mean(axis=0)
        running *= 0.9
        running += 0.1 * mu
        x = gamma * (x - mu) / np.sqrt(x.var(axis=0) + 1e-3) + beta
    return np.sum(x**2) + np.sum(running)


@program(lambda: (signed(8, 4), rand(8), signed(3, 2, seed=1)), argnums=(0, 1), tags=("lstm",))
def lstm_unrolled(w, b, inputs):
    h, c = np.zeros(2), np.zeros(2)
    for x in inputs:
        z = w @ np.concatenate([x, h]) + b
        i, f, o = sigmoid(z[:2]), sigmoid(z[2:4]), sigmoid(z[4:6])
        c = f * c + i * np.tanh(z[6:])
        h = o * np.tanh(c)
    return np.sum(h * h) + np.sum(c)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


@program(lambda: (signed(2, 2), signed(2, 3, seed=1), signed(4, 3, seed=2)), argnums=(0, 1, 2), tags=("rnn", "list"))
def recurrent_network_with_states(u, w, xs):
    states = [np.zeros(2)]
    for x in xs:
        states.append(np.tanh(u @ states[-1] + w @ x))
    return sum(np.sum(s * s) for s in states) + np.mean(np.array(states[1:]))


@program(lambda: (signed(3, 2), signed(3, 2, seed=4), 0.5), argnums=(0, 1, 2), tags=("gru",))
def gated_unit_step(w, u, h0):
    x, h = np.array([0.3, -0.2]), np.array([h0, -h0])
    for _ in range(3):
        z, r = sigmoid(w[0] * x + u[0] * h), sigmoid(w[1] * x + u[1] * h)
        n = np.tanh(w[2] * x + r * (u[2] * h))
        h = (1.0 - z) * n + z * h
    return np.sum(h)


@program(lambda: (signed(3), signed(4, seed=2)), argnums=(0, 1), tags=("convolution", "for"))
def convolution_without_fft(kernel, signal):
    n = len(kernel) + len(signal) - 1
    out = np.zeros(n)
    for i in range(len(kernel)):
        for j in range(len(signal)):
            out[i + j] += kernel[i] * signal[j]
    return np.sum(np.tanh(out))


@program(lambda: (signed(2, 2), signed(4, 4, seed=2)), argnums=(0, 1), tags=("convolution", "2d"))
def convolution_of_an_image(kernel, image):
    out = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            out[i, j] = np.sum(kernel * image[i : i + 2, j : j + 2])
    pooled = np.maximum(out[:2, :2], out[1:, 1:])
    return np.sum(pooled * pooled)


@program(lambda: (signed(4, 2), signed(2, 3, seed=1)), argnums=(0, 1), tags=("factorisation", "mask"))
def matrix_factorisation_of_known_entries(u, v):
    ratings = np.arange(12.0).reshape(4, 3) / 10.0
    known = ratings % 0.2 < 0.15
    error = (ratings - u @ v)[known]
    return np.sum(error**2) + 0.1 * (np.sum(u * u) + np.sum(v * v))


@program(lambda: (signed(5, 2), signed(3, 2, seed=8), 0.5), argnums=(0, 1, 2), tags=("kernel",))
def rbf_kernel_sum(a, b, gamma):
    d2 = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1) - 2.0 * a @ b.T
    return np.sum(np.exp(-gamma * d2))


@program(lambda: (0.8, 0.3, rand(4, seed=1), signed(4, seed=2)), argnums=(0, 1), tags=("gaussian process",))
def gaussian_process_likelihood(length, noise, x, y):
    d = x[:, None] - x[None, :]
    k = np.exp(-0.5 * (d / length) ** 2) + noise**2 * np.eye(len(x))
    chol = np.linalg.cholesky(k)
    alpha = np.linalg.solve(k, y)
    return 0.5 * y @ alpha + np.sum(np.log(np.diag(chol)))


@program(lambda: (signed(3), X, Y), tags=("by hand",))
def descent_unrolled_by_hand(w, x, y):
    lr = 0.05
    for _ in range(5):
        residual = x @ w - y
        w = w - lr * (x.T @ residual) / len(y)
    return np.mean((x @ w - y) ** 2)


@program(lambda: (signed(3), 0.1, 0.8, X, Y), argnums=(0, 1, 2), tags=("by hand", "write"))
def momentum_in_place(w, lr, mu, x, y):
    v = np.zeros_like(w)
    w = w.copy()
    for _ in range(4):
        v *= mu
        v -= lr * x.T @ (x @ w - y) / len(y)
        w += v
    return np.sum((x @ w - y) ** 2)


@program(lambda: (signed(3), 0.1, X, Y), argnums=(0, 1), tags=("by hand",))
def adam_by_hand(w, lr, x, y):
    m, s = np.zeros(3), np.zeros(3)
    for t in range(1, 4):
        g = x.T @ (x @ w - y)
        m = 0.9 * m + 0.1 * g
        s = 0.99 * s + 0.01 * g * g
        w = w - lr * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.99**t)) + 1e-3)
    return np.mean((x @ w - y) ** 2)


@program(lambda: (signed(3, 2), signed(3, seed=1), X[:, :2], Y), argnums=(0, 1), tags=("by hand", "mlp"))
def backprop_by_hand_inside(w1, w2, x, y):
    total = 0.0
    for xi, yi in zip(x, y):
        h = np.tanh(w1 @ xi)
        err = w2 @ h - yi
        delta = err * w2 * (1.0 - h * h)
        total += err * err - 0.1 * (np.sum(delta**2) + np.sum(np.outer(delta, xi)))
    return total


@program(lambda: (signed(3), X, 2.0 * LABELS - 1.0), tags=("svm",))
def hinge_loss(w, x, y):
    margins = 1.0 - y * (x @ w)
    return np.mean(np.maximum(0.0, margins) ** 2) + 0.5 * np.dot(w, w)


@program(lambda: (signed(2, 3), signed(4, 3, seed=7)), argnums=(0, 1), tags=("clustering",))
def soft_k_means(centres, points):
    loss = 0.0
    for p in points:
        d = np.array([np.sum((p - c) ** 2) for c in centres])
        w = np.exp(-d) / np.sum(np.exp(-d))
        loss += w @ d
    return loss


@program(lambda: (signed(3), signed(3, seed=2), signed(3, seed=3)), argnums=(0, 1, 2), tags=("triplet",))
def triplet_and_cosine_loss(a, p, n):
    def cosine(u, v):
        return u @ v / (np.linalg.norm(u) * np.linalg.norm(v))

    return max(cosine(a, n) - cosine(a, p) + 3.0, 0.0) + np.sum(np.abs(a - p))


@program(lambda: (signed(3), X, np.array([1, 0, 2, 1, 3, 0])), tags=("regression",))
def poisson_regression(w, x, counts):
    eta = x @ w
    return np.sum(np.exp(eta) - counts * eta)


@program(lambda: (signed(4, 2), [(0, 1), (1, 2), (2, 3), (0, 3)]), tags=("graph", "write"))
def message_passing(h, edges):
    for _ in range(2):
        messages = np.zeros_like(h)
        for a, b in edges:
            messages[a] += np.tanh(h[b])
            messages[b] += 0.5 * h[a]
        h = h + messages
    return np.mean(h**2)


@program(lambda: (signed(3, 4), 2), tags=("index", "range", "write"))
def probabilities_picked_by_ranges(logits, n):
    labels = np.array([1, 0, 3])
    p = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
    grads = p.copy()
    grads[range(len(labels)), labels] -= 1
    grads[range(n)] *= 2.0
    picked = p[range(len(labels)), labels]
    return -np.sum(np.log(picked)) + np.sum(grads**2) + np.sum(p[:, range(n, 0, -1)] * np.array(range(3))[:, None])
