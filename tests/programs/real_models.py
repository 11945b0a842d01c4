# ruff: noqa (written as users write, not as linters like it)
"""Models as people write them: networks, filters, mixtures, sequences."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from . import program, rand, signed

rng = np.random.default_rng(42)

X = rng.normal(size=(6, 4))
Y = rng.normal(size=(6, 2))
LABELS = np.array([0, 2, 1, 1, 0, 2])


def init_mlp(sizes, seed=0):
    r = np.random.default_rng(seed)
    params = {}
    for i, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:]), start=1):
        params[f"W{i}"] = r.normal(0, np.sqrt(2.0 / n_in), size=(n_in, n_out))
        params[f"b{i}"] = np.zeros(n_out)
    return params


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(0.0, x)


def softmax(z, axis=-1):
    z = z - z.max(axis=axis, keepdims=True)
    e = np.exp(z)
    return e / e.sum(axis=axis, keepdims=True)


@program(lambda: (init_mlp([4, 5, 5, 3]), X, LABELS, 0.01))
def mlp_dict(params, x, y, l2):
    """Cross-entropy of a three layer perceptron."""
    n_layers = len(params) // 2
    h = x
    for i in range(1, n_layers + 1):
        h = h @ params[f"W{i}"] + params[f"b{i}"]
        if i < n_layers:
            h = relu(h)
    probs = softmax(h)
    loss = -np.mean(np.log(probs[np.arange(len(y)), y] + 1e-12))
    reg = sum(np.sum(params[k] ** 2) for k in params if k.startswith("W"))
    return loss + 0.5 * l2 * reg


@dataclass
class LSTMParams:
    Wx: np.ndarray
    Wh: np.ndarray
    b: np.ndarray
    hidden: int = 3


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def lstm_step(p: LSTMParams, x, state):
    h, c = state
    gates = x @ p.Wx + h @ p.Wh + p.b
    i, f, o, g = np.split(gates, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, c


@program(
    lambda: (LSTMParams(signed(2, 12) * 0.5, signed(3, 12, seed=1) * 0.5, np.zeros(12)), signed(5, 2, seed=3)),
    argnums=(0, 1),
)
def lstm_dataclass(p, xs):
    h = np.zeros(p.hidden)
    c = np.zeros(p.hidden)
    outputs = []
    for t in range(xs.shape[0]):
        h, c = lstm_step(p, xs[t], (h, c))
        outputs.append(h)
    outputs = np.stack(outputs)
    return np.sum(outputs[-1] ** 2) + 0.1 * np.abs(outputs).mean()


@program(lambda: ((signed(2, 9) * 0.5, signed(3, 9, seed=1) * 0.5, signed(9, seed=2)), signed(4, 2, seed=3)), argnums=0)
def gru_closure(params, seq):
    W, U, b = params
    n = U.shape[0]

    def cell(h, x):
        zx, rx, nx = (x @ W + b).reshape(3, n)
        Uz, Ur, Un = U[:, :n], U[:, n : 2 * n], U[:, 2 * n :]
        z = 1 / (1 + np.exp(-(zx + h @ Uz)))
        r = 1 / (1 + np.exp(-(rx + h @ Ur)))
        cand = np.tanh(nx + (r * h) @ Un)
        return (1 - z) * h + z * cand

    h = np.zeros((n,))
    for x in seq:
        h = cell(h, x)
    return float(np.dot(h, h))


def conv2d_loops(img, kernels, bias, stride=1, pad=1):
    C, H, W = img.shape
    K, _, kh, kw = kernels.shape
    padded = np.pad(img, ((0, 0), (pad, pad), (pad, pad)), mode="constant")
    oh = (H + 2 * pad - kh) // stride + 1
    ow = (W + 2 * pad - kw) // stride + 1
    out = np.zeros((K, oh, ow))
    for k in range(K):
        for i in range(oh):
            for j in range(ow):
                r, c = i * stride, j * stride
                out[k, i, j] = np.sum(padded[:, r : r + kh, c : c + kw] * kernels[k]) + bias[k]
    return out


def maxpool(x, size=2):
    C, H, W = x.shape
    return x.reshape(C, H // size, size, W // size, size).max(axis=(2, 4))


@program(
    lambda: (signed(2, 4, 4), signed(3, 2, 3, 3, seed=1), signed(3, seed=2), signed(12, 2, seed=3)),
    argnums=(0, 1, 2, 3),
)
def cnn_loops(img, kernels, bias, dense):
    a = conv2d_loops(img, kernels, bias)
    a = np.where(a > 0, a, 0.01 * a)
    p = maxpool(a)
    logits = p.ravel() @ dense
    return np.log(np.sum(np.exp(logits))) - logits[1]


def im2col(x, kh, kw):
    n, c, h, w = x.shape
    oh, ow = h - kh + 1, w - kw + 1
    cols = np.empty((n, c, kh, kw, oh, ow), dtype=x.dtype)
    for i in range(kh):
        for j in range(kw):
            cols[:, :, i, j] = x[:, :, i : i + oh, j : j + ow]
    return cols.transpose(0, 4, 5, 1, 2, 3).reshape(n * oh * ow, -1)


@program(lambda: (signed(2, 2, 4, 4), signed(3, 2, 2, 2, seed=1), np.ones(3)), argnums=(0, 1, 2))
def cnn_im2col(x, w, b):
    n, c, h, wid = x.shape
    k, _, kh, kw = w.shape
    col = im2col(x, kh, kw)
    out = col.dot(w.reshape(k, -1).T) + b
    out = out.reshape(n, h - kh + 1, wid - kw + 1, k).transpose(0, 3, 1, 2)
    out = np.tanh(out)
    pooled = out.mean(axis=(2, 3))
    return (pooled**2).sum()


@program(
    lambda: ({"q": signed(4, 4), "k": signed(4, 4, seed=1), "v": signed(4, 4, seed=2), "o": signed(4, 4, seed=3)}, X),
    argnums=(0, 1),
)
def multihead_attention(params, x):
    T, D = x.shape
    heads = 2
    dk = D // heads

    def split_heads(t):
        return t.reshape(T, heads, dk).swapaxes(0, 1)

    q, k, v = (split_heads(x @ params[name]) for name in ("q", "k", "v"))
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(dk)
    mask = np.triu(np.ones((T, T), dtype=bool), k=1)
    scores = np.where(mask, -1e9, scores)
    attn = softmax(scores)
    ctx = np.einsum("hij,hjd->ihd", attn, v).reshape(T, D)
    y = ctx @ params["o"] + x
    mu = y.mean(-1, keepdims=True)
    sd = y.std(-1, keepdims=True)
    return np.sum(np.sin((y - mu) / (sd + 1e-5)))


class KalmanFilter:
    def __init__(self, F, H, Q, R):
        self.F, self.H, self.Q, self.R = F, H, Q, R
        self.x = np.zeros(F.shape[0])
        self.P = np.eye(F.shape[0])

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        y = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        K = self.P @ self.H.T @ np.linalg.inv(S)
        self.x = self.x + K @ y
        self.P = (np.eye(len(self.x)) - K @ self.H) @ self.P
        _, logdet = np.linalg.slogdet(S)
        return -0.5 * (y @ np.linalg.solve(S, y) + logdet + len(z) * np.log(2 * np.pi))


@program(lambda: (0.3, np.array([0.2, 0.1]), np.array([[0.5]]), signed(6, 1)), argnums=(0, 1, 2, 3))
def kalman_class(dt, q_diag, R, zs):
    kf = KalmanFilter(F=np.array([[1.0, dt], [0.0, 1.0]]), H=np.array([[1.0, 0.0]]), Q=np.diag(q_diag), R=R)
    ll = 0.0
    for z in zs:
        kf.predict()
        ll += kf.update(z)
    return -ll


@program(lambda: (100.0, 103.0, 1.0, 0.03, 0.3, 12), argnums=(0, 3, 4))
def american_put(S0, K, T, r, sigma, N):
    dt = T / N
    u = np.exp(sigma * np.sqrt(dt))
    d = 1 / u
    q = (np.exp(r * dt) - d) / (u - d)
    disc = np.exp(-r * dt)
    S = S0 * d ** np.arange(N, -1, -1) * u ** np.arange(0, N + 1)
    V = np.maximum(K - S, 0)
    for i in range(N - 1, -1, -1):
        S = S0 * d ** np.arange(i, -1, -1) * u ** np.arange(0, i + 1)
        V[: i + 1] = disc * (q * V[1 : i + 2] + (1 - q) * V[0 : i + 1])
        V = V[:-1]
        V = np.maximum(V, K - S)
    return V[0]


@program(lambda: (signed(4, 2), signed(5, 2, seed=1), 0.5), argnums=(0, 1, 2))
def sinkhorn(x, y, eps):
    C = ((x[:, None, :] - y[None, :, :]) ** 2).sum(-1)
    n, m = C.shape
    K = np.exp(-C / eps)
    u, v = np.ones(n) / n, np.ones(m) / m
    for _ in range(10):
        u = (1 / n) / (K @ v)
        v = (1 / m) / (K.T @ u)
    P = u[:, np.newaxis] * K * v[np.newaxis, :]
    return np.sum(P * C)


@program(lambda: (signed(5, 4), [1, 2, 2]))
def ctc_loss(logits, labels):
    T, V = logits.shape
    logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    blank = 0
    ext = [blank]
    for l in labels:
        ext += [l, blank]
    S = len(ext)
    NEG = -1e30
    alpha = np.ones((T, S)) * NEG
    alpha[0, 0] = logp[0, blank]
    alpha[0, 1] = logp[0, ext[1]]
    for t in range(1, T):
        for s in range(S):
            terms = [alpha[t - 1, s]]
            if s - 1 >= 0:
                terms.append(alpha[t - 1, s - 1])
            if s - 2 >= 0 and ext[s] != blank and ext[s] != ext[s - 2]:
                terms.append(alpha[t - 1, s - 2])
            alpha[t, s] = functools.reduce(np.logaddexp, terms) + logp[t, ext[s]]
    return -np.logaddexp(alpha[T - 1, S - 1], alpha[T - 1, S - 2])


@program(lambda: (signed(3, 3), signed(3, seed=1)), argnums=(0, 1))
def lbfgs_unrolled(M, b):
    H = M @ M.T + 2 * np.eye(3)

    def g(x):
        return H @ x - b

    x = np.zeros(3)
    s_hist, y_hist = [], []
    grad = g(x)
    for it in range(4):
        q = grad.copy()
        alphas = []
        for s, y in zip(reversed(s_hist), reversed(y_hist)):
            rho = 1.0 / (y @ s)
            a = rho * (s @ q)
            q = q - a * y
            alphas.append((a, rho))
        if s_hist:
            q = q * (s_hist[-1] @ y_hist[-1]) / (y_hist[-1] @ y_hist[-1])
        for s, y, (a, rho) in zip(s_hist, y_hist, alphas[::-1]):
            beta = rho * (y @ q)
            q = q + s * (a - beta)
        x_new = x - 0.3 * q
        grad_new = g(x_new)
        s_hist.append(x_new - x)
        y_hist.append(grad_new - grad)
        if len(s_hist) > 2:
            s_hist.pop(0)
            y_hist.pop(0)
        x, grad = x_new, grad_new
    return 0.5 * x @ H @ x - b @ x


@program(lambda: (signed(8, 2), np.array([[0.5, 0.5], [-0.5, 0.3]])), argnums=(0, 1))
def hard_kmeans(X, centroids, n_iter=4):
    k = len(centroids)
    for _ in range(n_iter):
        distances = np.linalg.norm(X[:, np.newaxis] - centroids, axis=2)
        labels = np.argmin(distances, axis=1)
        centroids = np.array([X[labels == j].mean(axis=0) for j in range(k)])
    inertia = 0
    for j in range(k):
        inertia += ((X[labels == j] - centroids[j]) ** 2).sum()
    return inertia


@program(lambda: (signed(10), np.array([-0.7, 0.6]), np.array([0.4, 0.5]), np.array([0.5, 0.5])), argnums=(0, 1, 2))
def em_gmm(x, mu, sigma, pi):
    for step in range(3):
        dens = np.array(
            [p * np.exp(-0.5 * ((x - m) / s) ** 2) / (s * np.sqrt(2 * np.pi)) for m, s, p in zip(mu, sigma, pi)]
        )
        resp = dens / dens.sum(axis=0)
        nk = resp.sum(axis=1)
        mu = resp @ x / nk
        sigma = np.sqrt(np.array([(resp[k] * (x - mu[k]) ** 2).sum() / nk[k] for k in range(2)]))
        pi = nk / len(x)
    return -np.sum(np.log(dens.sum(axis=0)))


class Kernel(ABC):
    @abstractmethod
    def __call__(self, a, b): ...
    def __add__(self, other):
        return SumKernel(self, other)


class RBF(Kernel):
    def __init__(self, ls):
        self.ls = ls

    def __call__(self, a, b):
        return np.exp(-0.5 * np.subtract.outer(a, b) ** 2 / self.ls**2)


class Periodic(Kernel):
    def __init__(self, p, ls=1.0):
        self.p, self.ls = p, ls

    def __call__(self, a, b):
        return np.exp(-2 * np.sin(np.pi * np.abs(a[:, None] - b[None, :]) / self.p) ** 2 / self.ls**2)


class SumKernel(Kernel):
    def __init__(self, *ks):
        self.ks = ks

    def __call__(self, a, b):
        return sum(k(a, b) for k in self.ks)


T = np.linspace(0, 1, 5)


@program(lambda: (0.4, 0.7, signed(5)), argnums=(0, 1, 2))
def gp_kernel_classes(ls, p, y):
    kernel = RBF(ls) + Periodic(p)
    K = kernel(T, T) + 0.1 * np.eye(T.size)
    sign, logdet = np.linalg.slogdet(K)
    return y @ np.linalg.inv(K) @ y + logdet


class BatchNorm:
    def __init__(self, gamma, beta, momentum=0.9, eps=1e-5):
        self.gamma = gamma
        self.beta = beta
        self.momentum = momentum
        self.eps = eps
        self.running_mean = 0.0
        self.running_var = 1.0

    def forward(self, x, training=True):
        if training:
            mu = x.mean(axis=0)
            var = x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mu, var = self.running_mean, self.running_var
        xhat = (x - mu) / np.sqrt(var + self.eps)
        return self.gamma * xhat + self.beta


@program(lambda: (signed(6, 3), rand(3), signed(3, seed=1)), argnums=(0, 1, 2))
def batchnorm(x, gamma, beta):
    bn = BatchNorm(gamma, beta)
    h = bn.forward(x)
    h2 = bn.forward(x * 1.1, training=False)
    return (h * h2).sum() + np.sum(bn.running_mean)


@program(lambda: (signed(5, 3), signed(3, 3, seed=1)), argnums=(0, 1))
def viterbi_path(emission, transition):
    T, K = emission.shape
    delta = np.zeros((T, K))
    psi = np.zeros((T, K), dtype=int)
    delta[0] = emission[0]
    for t in range(1, T):
        for k in range(K):
            scores = delta[t - 1] + transition[:, k]
            psi[t, k] = np.argmax(scores)
            delta[t, k] = scores[psi[t, k]] + emission[t, k]
    path = [int(np.argmax(delta[-1]))]
    for t in range(T - 1, 0, -1):
        path.insert(0, psi[t, path[0]])
    score = emission[0, path[0]]
    for t in range(1, T):
        score += transition[path[t - 1], path[t]] + emission[t, path[t]]
    return score


GROUPS = np.array([2, 0, 1, 0, 2, 1])


@program(lambda: (signed(6, 2),))
def group_means(x):
    keys, inverse, counts = np.unique(GROUPS, return_inverse=True, return_counts=True)
    sums = np.zeros((len(keys), x.shape[1]))
    np.add.at(sums, inverse, x)
    means = sums / counts[:, None]
    return np.sum((x - means[inverse]) ** 2)
