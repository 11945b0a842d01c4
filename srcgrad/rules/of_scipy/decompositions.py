"""Rules of what `scipy.linalg` shares with `np.linalg`: norms and decompositions, by the rules of those."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from srcgrad.rules import factorisations, reduce
from srcgrad.rules.by_example import pure
from srcgrad.rules.of_scipy.linalg import refuse_stacks
from srcgrad.rules.registry import jvp, vjp

pure(linalg.norm, linalg.svd, linalg.svdvals, linalg.qr, linalg.eigh, linalg.eigvalsh)


@vjp(linalg.norm)
def norm(g, z, a, ord=None, axis=None, keepdims=False, check_finite=True):
    return reduce.norm(g, z, a, ord, axis, keepdims)


@jvp(linalg.norm)
def norm_jvp(a_dot, z, a, ord=None, axis=None, keepdims=False, check_finite=True):
    return reduce.norm_jvp(a_dot, z, a, ord, axis, keepdims)


@vjp(linalg.svd)
def svd(g, z, a, full_matrices=True, compute_uv=True, overwrite_a=False, check_finite=True):
    refuse_stacks(a)
    return factorisations.svd(g, z, a, full_matrices, compute_uv)


@jvp(linalg.svd)
def svd_jvp(a_dot, z, a, full_matrices=True, compute_uv=True, overwrite_a=False, check_finite=True):
    refuse_stacks(a)
    return factorisations.svd_jvp(a_dot, z, a, full_matrices, compute_uv)


@vjp(linalg.svdvals)
def svdvals(g, z, a, overwrite_a=False, check_finite=True):
    refuse_stacks(a)
    return factorisations.svdvals(g, z, a)


@jvp(linalg.svdvals)
def svdvals_jvp(a_dot, z, a, overwrite_a=False, check_finite=True):
    refuse_stacks(a)
    return factorisations.svdvals_jvp(a_dot, z, a)


def _refuse_other_modes(a, mode, pivoting):
    if pivoting or not (mode == "economic" or (mode == "full" and np.shape(a)[0] == np.shape(a)[1])):
        raise NotImplementedError("scipy.linalg.qr but with mode='economic' and without pivoting")


@vjp(linalg.qr)
def qr(g, z, a, overwrite_a=False, lwork=None, mode="full", pivoting=False, check_finite=True):
    refuse_stacks(a)
    _refuse_other_modes(a, mode, pivoting)
    return factorisations.qr(g, z, a)


@jvp(linalg.qr)
def qr_jvp(a_dot, z, a, overwrite_a=False, lwork=None, mode="full", pivoting=False, check_finite=True):
    refuse_stacks(a)
    _refuse_other_modes(a, mode, pivoting)
    return factorisations.qr_jvp(a_dot, z, a)


def _refuse_second(b):
    if b is not None:
        raise NotImplementedError("generalised eigenvalues")


# Of `eigh` all eigenvalues of one matrix, and in any case the vectors.
@vjp(linalg.eigh)
def eigh(g, z, a, b=None, *, lower=True):
    refuse_stacks(a)
    _refuse_second(b)
    return factorisations.eigh(g, z, a, "L" if lower else "U")


@jvp(linalg.eigh)
def eigh_jvp(a_dot, z, a, b=None, *, lower=True):
    refuse_stacks(a)
    _refuse_second(b)
    return factorisations.eigh_jvp(a_dot, z, a, "L" if lower else "U")


@vjp(linalg.eigvalsh)
def eigvalsh(g, z, a, b=None, *, lower=True):
    refuse_stacks(a)
    _refuse_second(b)
    return factorisations.eigvalsh(g, z, a, "L" if lower else "U")


@jvp(linalg.eigvalsh)
def eigvalsh_jvp(a_dot, z, a, b=None, *, lower=True):
    refuse_stacks(a)
    _refuse_second(b)
    return factorisations.eigvalsh_jvp(a_dot, z, a, "L" if lower else "U")
