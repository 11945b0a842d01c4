"""Rules of the functions of `scipy.special` that go along an axis: sums of exponentials."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from srcgrad.rules.by_example import pure
from srcgrad.rules.reduce import expanded
from srcgrad.rules.registry import jvp, vjp
from srcgrad.rules.tangents import total

pure(special.logsumexp, special.softmax, special.log_softmax)


def _refuse_sign(return_sign):
    if return_sign:
        raise NotImplementedError("the derivative of scipy.special.logsumexp with return_sign=True")


def _shares(a, top):
    """What each element has of the sum of their exponentials, whose logarithm is `top`."""
    return np.exp(a - np.where(top == -math.inf, 0, top))


@vjp(special.logsumexp)
def logsumexp(g, z, a, axis=None, b=None, keepdims=False, return_sign=False):
    _refuse_sign(return_sign)
    shares = expanded(g, axis, keepdims) * _shares(a, expanded(z, axis, keepdims))
    if b is None:
        return shares
    return shares * b, None, shares


@jvp(special.logsumexp)
def logsumexp_jvp(a_dot, b_dot, z, a, axis=None, b=None, keepdims=False, return_sign=False):
    _refuse_sign(return_sign)
    shares = _shares(a, expanded(z, axis, keepdims))
    through_a = None if a_dot is None else a_dot * shares if b is None else a_dot * shares * b
    terms = total(through_a, None if b_dot is None else b_dot * shares)
    return np.sum(terms, axis=axis, keepdims=keepdims)


@vjp(special.softmax)
def softmax(g, z, x, axis=None):
    return z * (g - np.sum(g * z, axis=axis, keepdims=True))


@jvp(special.softmax)
def softmax_jvp(x_dot, z, x, axis=None):
    return z * (x_dot - np.sum(x_dot * z, axis=axis, keepdims=True))


@vjp(special.log_softmax)
def log_softmax(g, z, x, axis=None):
    return g - np.exp(z) * np.sum(g, axis=axis, keepdims=True)


@jvp(special.log_softmax)
def log_softmax_jvp(x_dot, z, x, axis=None):
    return x_dot - np.sum(np.exp(z) * x_dot, axis=axis, keepdims=True)
