"""Rules of the eigenvalues and eigenvectors of matrices that need not be symmetric.

The tangent of the matrix, in the basis of the eigenvectors, is B = inv(V) A_dot V. Its diagonal moves the eigenvalues;
an entry beside it mixes eigenvectors, divided by the distance of their eigenvalues. What is left open is how long an
eigenvector is, and which phase it has: LAPACK makes them of length one, and one of their largest entries real.

Where eigenvalues repeat, eigenvectors have no derivative; the terms in question are left out, which is right for what
does not depend on the choice of vectors, if there are enough of them.
"""

from __future__ import annotations

import numpy as np

from srcgrad.rules.factorisations import _reciprocal
from srcgrad.rules.linalg import column, row, transposed
from srcgrad.rules.registry import jvp, vjp


def _pivots(v):
    """For each eigenvector 1 at its largest entry that is real, 0 elsewhere."""
    if np.size(v) == 0:
        return v == 0
    largest = np.argmax(np.where(np.imag(v) == 0, np.abs(v), -1.0), -2)
    return column(np.arange(np.shape(v)[-1])) == row(largest)


def _at_pivots(x, v, pivots):
    """Entries of `x`, in units of those of the eigenvectors, where these are real."""
    return np.sum(np.where(pivots, x / np.where(pivots, v, 1.0), 0.0), -2)


@vjp(np.linalg.eig)
def eig(g, z, a):
    w_bar, v_bar, w, v = g[0], g[1], z[0], z[1]
    inner_bar = np.zeros(np.shape(v))
    if w_bar is not None:
        inner_bar = row(w_bar) * np.eye(np.shape(v)[-1])
    if v_bar is not None:
        along = np.sum(v_bar * v, -2)
        moved_bar = v_bar - row(np.real(along)) * np.conj(v)
        if np.iscomplexobj(v):
            pivots = _pivots(v)
            moved_bar = moved_bar - 1j * row(np.imag(along)) * np.where(pivots, 1.0 / np.where(pivots, v, 1.0), 0.0)
        inner_bar = inner_bar + _reciprocal(row(w) - column(w)) * (transposed(v) @ moved_bar)
    return np.linalg.solve(transposed(v), inner_bar @ transposed(v))


@jvp(np.linalg.eig)
def eig_jvp(a_dot, z, a):
    w, v = z[0], z[1]
    inner = np.linalg.solve(v, a_dot @ v)
    moved = v @ (_reciprocal(row(w) - column(w)) * inner)
    v_dot = moved - v * row(np.real(np.sum(np.conj(v) * moved, -2)))
    if np.iscomplexobj(v):
        v_dot = v_dot - 1j * v * row(np.imag(_at_pivots(moved, v, _pivots(v))))
    return np.diagonal(inner, 0, -2, -1), v_dot


def eigenvectors_of(z, a):
    """The eigenvectors in the order of these eigenvalues, in which `eig` need not find them."""
    w, v = np.linalg.eig(a)
    if np.all(np.abs(w - z) <= 1e-9 * np.max(np.abs(z), initial=1e-300)):
        return v
    nearest = np.argmin(np.abs(column(z) - row(w)), -1)
    if np.any(np.sort(nearest, -1) != np.arange(np.shape(w)[-1])):
        raise NotImplementedError("the derivative of eigenvalues that lie too close together to tell them apart")
    return np.take_along_axis(v, row(nearest), -1)


@vjp(np.linalg.eigvals)
def eigvals(g, z, a):
    v = eigenvectors_of(z, a)
    return np.linalg.solve(transposed(v), row(g) * np.eye(np.shape(v)[-1]) @ transposed(v))


@jvp(np.linalg.eigvals)
def eigvals_jvp(a_dot, z, a):
    v = eigenvectors_of(z, a)
    return np.diagonal(np.linalg.solve(v, a_dot @ v), 0, -2, -1)
