"""What functions of `scipy.special` do that are no ufuncs, like `definitions`; imported once SciPy is there."""

from __future__ import annotations

import numpy as np
from scipy import special

from srcgrad.ir.types import rank
from srcgrad.jit.defining import Definitions
from srcgrad.rules.gamma_functions import by_series

DEFINITIONS = Definitions()
_defines = DEFINITIONS.of


@_defines(special.polygamma, when=lambda op: rank(op.args[0].type) == 0 and rank(op.args[1].type) is not None)
def polygamma(n, x, *, of_result):
    flat = np.reshape(x, -1)
    found = np.empty(len(flat), of_result)
    for k in range(len(flat)):
        found[k] = by_series(n, flat[k])
    return np.reshape(found, np.shape(x))


@_defines(special.logsumexp)
def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False):
    if b is not None or return_sign:
        raise NotImplementedError("scipy.special.logsumexp with weights or signs")
    top = np.max(a, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    found = np.log(np.sum(np.exp(a - top), axis=axis, keepdims=True)) + top
    return found if keepdims else np.sum(found, axis=axis)


@_defines(special.softmax)
def softmax(x, axis=None):
    shares = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return shares / np.sum(shares, axis=axis, keepdims=True)


@_defines(special.log_softmax)
def log_softmax(x, axis=None):
    top = np.max(x, axis=axis, keepdims=True)
    below = x - np.where(np.isfinite(top), top, 0.0)
    return below - np.log(np.sum(np.exp(below), axis=axis, keepdims=True))
