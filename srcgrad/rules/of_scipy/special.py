"""Rules of `scipy.special`: elementwise functions. Orders and shape parameters have no derivative.

Formulas are those of the NIST Digital Library of Mathematical Functions, in forms that do not subtract what is almost
equal.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from srcgrad.rules import elementwise
from srcgrad.rules.by_example import pure
from srcgrad.rules.registry import jvp, nondifferentiable, partials, vjp
from srcgrad.rules.tangents import times

pure(special.polygamma, special.multigammaln, special.lambertw)

# ---- the error function and the normal distribution ----


@partials(special.erf)
def erf(x, y):
    return 2 / math.sqrt(math.pi) * np.exp(-x * x)


@partials(special.erfc)
def erfc(x, y):
    return -2 / math.sqrt(math.pi) * np.exp(-x * x)


def _refuse_complex(x):
    if np.iscomplexobj(x):
        raise NotImplementedError("the derivative at complex numbers")


def _tail(t):
    """What is left of the slopes of `erfcx` and `dawsn` far out: 1 + 3 t + 15 t**2 + ..."""
    return 1 + t * (3 + t * (15 + t * (105 + t * 945)))


@partials(special.erfcx)
def erfcx(x, y):
    _refuse_complex(x)
    far = np.where(x > 50, x, 50.0)
    return np.where(
        x > 50, _tail(-0.5 / (far * far)) / (-math.sqrt(math.pi) * far * far), 2 * x * y - 2 / math.sqrt(math.pi)
    )


@partials(special.dawsn)
def dawsn(x, y):
    _refuse_complex(x)
    far = np.where(np.abs(x) > 50, x, 50.0)
    return np.where(np.abs(x) > 50, _tail(0.5 / (far * far)) / (-2 * far * far), 1 - 2 * x * y)


@partials(special.erfinv)
def erfinv(x, y):
    return 0.5 * math.sqrt(math.pi) * np.exp(y * y)


@partials(special.erfcinv)
def erfcinv(x, y):
    return -0.5 * math.sqrt(math.pi) * np.exp(y * y)


@partials(special.ndtr)
def ndtr(x, y):
    return np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


@partials(special.log_ndtr)
def log_ndtr(x, y):
    return math.sqrt(2 / math.pi) / special.erfcx(-x / math.sqrt(2))


@partials(special.ndtri)
def ndtri(x, y):
    return math.sqrt(2 * math.pi) * np.exp(0.5 * y * y)


@partials(special.ndtri_exp)
def ndtri_exp(x, y):
    return special.erfcx(-y / math.sqrt(2)) / math.sqrt(2 / math.pi)


# ---- the logistic function ----


@partials(special.expit)
def expit(x, y):
    return y * (1 - y)


@partials(special.logit)
def logit(x, y):
    return 1 / (x * (1 - x))


@partials(special.log_expit)
def log_expit(x, y):
    return special.expit(-x)


# ---- gamma and beta ----


@partials(special.gamma)
def gamma(x, y):
    return y * special.digamma(x)


@partials(special.gammaln, special.loggamma)
def gammaln(x, y):
    return special.digamma(x)


@partials(special.digamma)
def digamma(x, y):
    return special.polygamma(1, x)


@partials(special.polygamma)
def polygamma(n, x, y):
    return ..., special.polygamma(n + 1, x)


@partials(special.multigammaln)
def multigammaln(a, d, y):
    return np.sum(special.digamma(np.expand_dims(a, -1) - 0.5 * np.arange(d)), -1), ...


@partials(special.beta)
def beta(a, b, y):
    both = special.digamma(a + b)
    return y * (special.digamma(a) - both), y * (special.digamma(b) - both)


@partials(special.betaln)
def betaln(a, b, y):
    both = special.digamma(a + b)
    return special.digamma(a) - both, special.digamma(b) - both


@partials(special.gammainc)
def gammainc(a, x, y):
    return ..., np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))


@partials(special.gammaincc)
def gammaincc(a, x, y):
    return ..., -np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))


@partials(special.gammaincinv)
def gammaincinv(a, x, y):
    return ..., np.exp(special.gammaln(a) + y - special.xlogy(a - 1, y))


@partials(special.gammainccinv)
def gammainccinv(a, x, y):
    return ..., -np.exp(special.gammaln(a) + y - special.xlogy(a - 1, y))


@partials(special.betainc)
def betainc(a, b, x, y):
    return ..., ..., np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))


@partials(special.betaincinv)
def betaincinv(a, b, x, y):
    return ..., ..., np.exp(special.betaln(a, b) - special.xlogy(a - 1, y) - special.xlog1py(b - 1, -y))


# ---- Bessel functions ----


@partials(special.j0)
def j0(x, y):
    return -special.j1(x)


@partials(special.j1)
def j1(x, y):
    return 0.5 * (special.j0(x) - special.jv(2, x))


@partials(special.jv)
def jv(v, x, y):
    return ..., 0.5 * (special.jv(v - 1, x) - special.jv(v + 1, x))


@partials(special.y0)
def y0(x, y):
    return -special.y1(x)


@partials(special.y1)
def y1(x, y):
    return 0.5 * (special.y0(x) - special.yv(2, x))


@partials(special.yn, special.yv)
def yv(v, x, y):
    return ..., 0.5 * (special.yv(v - 1, x) - special.yv(v + 1, x))


@partials(special.i0)
def i0(x, y):
    return special.i1(x)


@partials(special.i1)
def i1(x, y):
    return 0.5 * (special.i0(x) + special.iv(2, x))


@partials(special.iv)
def iv(v, x, y):
    return ..., 0.5 * (special.iv(v - 1, x) + special.iv(v + 1, x))


@partials(special.i0e)
def i0e(x, y):
    return special.i1e(x) - np.sign(x) * y


@partials(special.i1e)
def i1e(x, y):
    return 0.5 * (special.i0e(x) + special.ive(2, x)) - np.sign(x) * y


@partials(special.ive)
def ive(v, x, y):
    _refuse_complex(x)
    return ..., 0.5 * (special.ive(v - 1, x) + special.ive(v + 1, x)) - np.sign(x) * y


@partials(special.k0)
def k0(x, y):
    return -special.k1(x)


@partials(special.k1)
def k1(x, y):
    return -0.5 * (special.k0(x) + special.kv(2, x))


@partials(special.kn, special.kv)
def kv(v, x, y):
    return ..., -0.5 * (special.kv(v - 1, x) + special.kv(v + 1, x))


@partials(special.k0e)
def k0e(x, y):
    return y - special.k1e(x)


@partials(special.k1e)
def k1e(x, y):
    return y - 0.5 * (special.k0e(x) + special.kve(2, x))


@partials(special.kve)
def kve(v, x, y):
    return ..., y - 0.5 * (special.kve(v - 1, x) + special.kve(v + 1, x))


# ---- information ----


@partials(special.xlogy)
def xlogy(x, y, z):
    return np.log(y), x / np.where(np.logical_and(x == 0, y == 0), 1, y)


@partials(special.xlog1py)
def xlog1py(x, y, z):
    return np.log1p(y), x / np.where(np.logical_and(x == 0, y == -1), 1, 1 + y)


@partials(special.entr)
def entr(x, y):
    return -1 - np.log(x)


@partials(special.rel_entr)
def rel_entr(x, y, z):
    return 1 + np.log(x / y), -x / y


@partials(special.kl_div)
def kl_div(x, y, z):
    return np.log(x / y), 1 - x / y


@partials(special.huber)
def huber(delta, r, y):
    return np.maximum(np.abs(r) - delta, 0), np.clip(r, -delta, delta)


@partials(special.pseudo_huber)
def pseudo_huber(delta, r, y):
    u = r / delta
    s = np.sqrt(1 + u * u)
    return delta * u**4 / (s * (s + 1) ** 2), r / s


# ---- exponentials and powers ----

partials(special.expm1)(elementwise.expm1)
partials(special.log1p)(elementwise.log1p)
partials(special.cbrt)(elementwise.cbrt)
partials(special.exp2)(elementwise.exp2)


@partials(special.exp10)
def exp10(x, y):
    return y * math.log(10)


@partials(special.cosm1)
def cosm1(x, y):
    return -np.sin(x)


def _bent(t):
    """The slope of `exprel`, (1 + (t - 1) exp(t)) / t**2; near 0 the series of t**k / (k! (k + 2))."""
    near = np.abs(t) < 0.5
    s = np.where(near, t, 0.0)
    series = 0 * s + 1 / 16
    for k in range(14, 0, -1):
        series = 1 / (k + 1) + s / k * series
    far = np.where(near, 1.0, t)
    return np.where(near, series, (1 + (far - 1) * np.exp(far)) / (far * far))


@partials(special.exprel)
def exprel(x, y):
    return _bent(x)


@partials(special.boxcox)
def boxcox(x, lmbda, y):
    log_x = np.log(x)
    return x ** (lmbda - 1), log_x * log_x * _bent(lmbda * log_x)


@partials(special.boxcox1p)
def boxcox1p(x, lmbda, y):
    log_x = np.log1p(x)
    return (1 + x) ** (lmbda - 1), log_x * log_x * _bent(lmbda * log_x)


@partials(special.inv_boxcox)
def inv_boxcox(x, lmbda, y):
    log_y = np.log(y)
    slope = y ** (1 - lmbda)
    return slope, -slope * log_y * log_y * _bent(lmbda * log_y)


@partials(special.inv_boxcox1p)
def inv_boxcox1p(x, lmbda, y):
    log_y = np.log1p(y)
    slope = (1 + y) ** (1 - lmbda)
    return slope, -slope * log_y * log_y * _bent(lmbda * log_y)


# ---- integrals ----


@partials(special.exp1)
def exp1(x, y):
    return -np.exp(-x) / x


@partials(special.expi)
def expi(x, y):
    return np.exp(x) / x


@partials(special.expn)
def expn(n, x, y):
    return ..., -np.where(n == 0, np.exp(-x) * (1 + x) / (x * x), special.expn(np.maximum(n - 1, 0), x))


@partials(special.spence)
def spence(x, y):
    near = np.abs(1 - x) < 0.1
    u = np.where(near, 1 - x, 0)
    series = 0 * u + 1 / 17
    for k in range(16, 0, -1):
        series = 1 / k + u * series
    return np.where(near, -series, np.log(x) / np.where(near, 1, 1 - x))


def _elliptic(m, first):
    """The derivative of a series 1 + first / 2**2 m + first (1 3)**2 / (2 4)**2 m**2 ..., for small m."""
    total = 0 * m
    for k in range(20, 0, -1):
        coefficient = math.prod([(2 * j - 1) / (2 * j) for j in range(1, k + 1)]) ** 2
        total = total * m + k * coefficient * (1.0 if first else 1.0 / (1 - 2 * k))
    return 0.5 * math.pi * total


@partials(special.ellipk)
def ellipk(m, y):
    near = np.abs(m) < 0.1
    far = np.where(near, 0.5, m)
    return np.where(near, _elliptic(np.where(near, m, 0), True), (special.ellipe(m) / (1 - far) - y) / (2 * far))


@partials(special.ellipe)
def ellipe(m, y):
    near = np.abs(m) < 0.1
    far = np.where(near, 0.5, m)
    return np.where(near, _elliptic(np.where(near, m, 0), False), (y - special.ellipk(m)) / (2 * far))


# ---- hypergeometric functions ----


@partials(special.hyp0f1)
def hyp0f1(v, x, y):
    return ..., special.hyp0f1(v + 1, x) / v


@partials(special.hyp1f1)
def hyp1f1(a, b, x, y):
    return ..., ..., a / b * special.hyp1f1(a + 1, b + 1, x)


@partials(special.hyp2f1)
def hyp2f1(a, b, c, x, y):
    return ..., ..., ..., a * b / c * special.hyp2f1(a + 1, b + 1, c + 1, x)


@partials(special.hyperu)
def hyperu(a, b, x, y):
    return ..., ..., -a * special.hyperu(a + 1, b + 1, x)


@vjp(special.lambertw)
def lambertw(g, w, z, k=0, tol=1e-8):
    return g / (z + np.exp(w))


@jvp(special.lambertw)
def lambertw_jvp(z_dot, w, z, k=0, tol=1e-8):
    return times(z_dot, 1 / (z + np.exp(w)))


nondifferentiable(special.gammasgn)
