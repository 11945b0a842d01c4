"""The best known gradient of the Gaussian mixture: blocks of points along the last axis, vectorised."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.compiled import compiled
from benchmarks.vector_math import exp

WIDTH = 64


@compiled(fastmath=True, error_model="numpy")
def adjoint_in_blocks(alphas, means, factors, x):
    """Gradient of the parameters."""
    n, d = x.shape
    k, size = factors.shape
    diag = np.exp(factors[:, :d])
    constant = np.empty(k)
    for j in range(k):
        total = alphas[j]
        for p in range(d):
            total += factors[j, p]
        constant[j] = total
    alphas_bar = np.zeros(k)
    means_bar = np.zeros((k, d))
    diag_bar = np.zeros((k, d))
    factors_bar = np.zeros((k, size))
    points = np.zeros((d, WIDTH))
    y = np.empty((k, d, WIDTH))
    weight = np.empty((k, WIDTH))
    scale = np.empty(WIDTH)
    centred = np.empty((d, WIDTH))
    for first in range(0, n, WIDTH):
        count = min(WIDTH, n - first)
        for i in range(count):
            for p in range(d):
                points[p, i] = x[first + i, p]
        for j in range(k):
            _exponents(points, means[j], diag[j], factors[j], constant[j], centred, y[j], weight[j])
        _normalise(weight, scale, count)
        for j in range(k):
            bars = means_bar[j], diag_bar[j], factors_bar[j]
            alphas_bar[j] += _backward(points, means[j], diag[j], factors[j], weight[j], centred, y[j], bars)
    norm = 0.0
    for j in range(k):
        norm += math.exp(alphas[j])
    for j in range(k):
        for p in range(d):
            factors_bar[j, p] = alphas_bar[j] + (diag_bar[j, p] + diag[j, p]) * diag[j, p]
        for p in range(d, size):
            factors_bar[j, p] += factors[j, p]
        alphas_bar[j] -= n * math.exp(alphas[j]) / norm
    return alphas_bar, means_bar, factors_bar


@compiled(fastmath=True, error_model="numpy")
def _exponents(points, mean, diag, factor, constant, centred, y, weight):
    """One component: the transformed points `y` and the exponents."""
    d, width = points.shape
    for p in range(d):
        for i in range(width):
            c = points[p, i] - mean[p]
            centred[p, i] = c
            y[p, i] = diag[p] * c
    place = d
    for q in range(d):
        for p in range(q + 1, d):
            f = factor[place]
            place += 1
            for i in range(width):
                y[p, i] += f * centred[q, i]
    for i in range(width):
        weight[i] = constant
    for p in range(d):
        for i in range(width):
            weight[i] -= 0.5 * y[p, i] * y[p, i]


@compiled(fastmath=True, error_model="numpy")
def _normalise(weight, scale, count):
    """Softmax over the components; points beyond the last one weigh nothing."""
    k, width = weight.shape
    top = np.empty(width)
    for i in range(width):
        top[i] = weight[0, i]
        scale[i] = 0.0
    for j in range(1, k):
        for i in range(width):
            top[i] = max(top[i], weight[j, i])
    for j in range(k):
        for i in range(width):
            e = exp(weight[j, i] - top[i])
            weight[j, i] = e
            scale[i] += e
    for i in range(width):
        scale[i] = 1.0 / scale[i] if i < count else 0.0
    for j in range(k):
        for i in range(width):
            weight[j, i] *= scale[i]


@compiled(fastmath=True, error_model="numpy")
def _backward(points, mean, diag, factor, weight, centred, y, bars):
    """One component: `y` becomes its own cotangent, its sum is all that the mean needs. The sum of the weights."""
    mean_bar, diag_bar, factor_bar = bars
    d, width = points.shape
    total = 0.0
    for i in range(width):
        total += weight[i]
    sums = np.empty(d)
    for p in range(d):
        across = 0.0
        inner = 0.0
        for i in range(width):
            c = points[p, i] - mean[p]
            y_bar = -weight[i] * y[p, i]
            centred[p, i] = c
            y[p, i] = y_bar
            across += y_bar
            inner += y_bar * c
        sums[p] = across
        diag_bar[p] += inner
        mean_bar[p] -= across * diag[p]
    place = d
    for q in range(d):
        for p in range(q + 1, d):
            inner = 0.0
            for i in range(width):
                inner += y[p, i] * centred[q, i]
            factor_bar[place] += inner
            mean_bar[q] -= sums[p] * factor[place]
            place += 1
    return total
