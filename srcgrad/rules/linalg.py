"""Rules of linear algebra: products, diagonals, triangles. Solvers and factorisations are in `factorisations`."""

from __future__ import annotations

import operator

import numpy as np

from srcgrad import runtime
from srcgrad.rules.by_example import pure
from srcgrad.rules.index import scatter
from srcgrad.rules.registry import jvp, linear, linear_in_each, methods, views, vjp


def transposed(a):
    return np.transpose(a) if np.ndim(a) == 2 else np.swapaxes(a, -1, -2)


def column(a):
    return np.expand_dims(a, -1)


def row(a):
    return np.expand_dims(a, -2)


# Products


@vjp(operator.matmul, np.matmul, np.linalg.matmul)
def matmul(g, z, a, b):
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return g * b, g * a
    if np.ndim(a) == 1 and np.ndim(b) == 2:
        return b @ g, np.outer(a, g)
    if np.ndim(a) == 1:
        return (b @ column(g))[..., 0], column(a) * row(g)
    if np.ndim(a) == 2 and np.ndim(b) == 1:
        return np.outer(g, b), transposed(a) @ g
    if np.ndim(b) == 1:
        return column(g) * b, np.tensordot(g, a, np.ndim(g))
    if np.ndim(b) == 2 and np.ndim(a) > 2:
        batch = tuple(range(np.ndim(a) - 1))
        return g @ transposed(b), np.tensordot(a, g, (batch, batch))
    return g @ transposed(b), transposed(a) @ g


linear_in_each("a", "b")(operator.matmul, np.matmul, np.linalg.matmul)


@vjp(np.dot)
def dot(g, z, a, b, out=None):
    if np.ndim(a) == 0 or np.ndim(b) == 0 or (np.ndim(a) == 1 and np.ndim(b) == 1):
        return g * b, g * a
    if np.ndim(a) == 2 and np.ndim(b) == 2:
        return g @ transposed(b), transposed(a) @ g
    if np.ndim(a) == 1 and np.ndim(b) == 2:
        return b @ g, np.outer(a, g)
    if np.ndim(a) == 2 and np.ndim(b) == 1:
        return np.outer(g, b), transposed(a) @ g
    n = np.ndim(a) - 1
    if np.ndim(b) == 1:
        return column(g) * b, np.tensordot(g, a, n)
    kept = (*range(np.ndim(b) - 2), np.ndim(b) - 1)
    a_bar = np.tensordot(g, b, (tuple(range(n, np.ndim(g))), kept))
    b_bar = np.tensordot(a, g, (tuple(range(n)), tuple(range(n))))
    return a_bar, np.moveaxis(b_bar, 0, -2)


linear_in_each("a", "b")(np.dot)


@vjp(np.vdot)
def vdot(g, z, a, b):
    if np.iscomplexobj(a) or np.iscomplexobj(b):
        return np.conj(g * np.reshape(b, np.shape(a))), g * np.conj(np.reshape(a, np.shape(b)))
    return g * np.reshape(b, np.shape(a)), g * np.reshape(a, np.shape(b))


linear_in_each("a", "b")(np.vdot)


@vjp(np.inner)
def inner(g, z, a, b):
    if np.ndim(a) == 0 or np.ndim(b) == 0 or (np.ndim(a) == 1 and np.ndim(b) == 1):
        return g * b, g * a
    n, m = np.ndim(a) - 1, np.ndim(b) - 1
    a_bar = np.tensordot(g, b, (tuple(range(n, n + m)), tuple(range(m))))
    return a_bar, np.tensordot(g, a, (tuple(range(n)), tuple(range(n))))


linear_in_each("a", "b")(np.inner)


@vjp(np.outer, np.linalg.outer)
def outer(g, z, a, b, out=None):
    return np.reshape(g @ np.ravel(b), np.shape(a)), np.reshape(np.ravel(a) @ g, np.shape(b))


linear_in_each("a", "b")(np.outer, np.linalg.outer)


def _axes_of(axes, n):
    return tuple([k % n for k in axes]) if isinstance(axes, (tuple, list)) else (axes % n,)


@vjp(np.tensordot, np.linalg.tensordot)
def tensordot(g, z, a, b, axes=2):
    n, m = np.ndim(a), np.ndim(b)
    summed_a = _axes_of(axes[0], n) if isinstance(axes, (tuple, list)) else tuple(range(n - axes, n))
    summed_b = _axes_of(axes[1], m) if isinstance(axes, (tuple, list)) else tuple(range(axes))
    kept_a = tuple([k for k in range(n) if k not in summed_a])
    kept_b = tuple([k for k in range(m) if k not in summed_b])
    pairs = range(len(summed_a))
    # The axes that a product with the other argument leaves come in the other argument's order.
    order_a = (*kept_a, *[summed_a[j] for k in range(m) for j in pairs if summed_b[j] == k])
    order_b = (*[summed_b[j] for k in range(n) for j in pairs if summed_a[j] == k], *kept_b)
    a_bar = np.tensordot(g, b, (tuple(range(len(kept_a), np.ndim(g))), kept_b))
    b_bar = np.tensordot(a, g, (kept_a, tuple(range(len(kept_a)))))
    return in_order(a_bar, order_a), in_order(b_bar, order_b)


linear_in_each("a", "b")(np.tensordot, np.linalg.tensordot)


def in_order(x, order):
    """Moves axis k of `x` to the place `order[k]`."""
    n = len(order)
    if order == tuple(range(n)):
        return x
    return np.transpose(x, tuple([j for k in range(n) for j in range(n) if order[j] == k]))


def _einsum_terms(subscripts, ranks):
    """The terms of the operands and of the result, spelled out: an arrow, and a letter for each axis of an ellipsis."""
    subscripts = subscripts.replace(" ", "")
    terms = subscripts.split("->")[0].split(",")
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    free = [c for c in letters if c not in subscripts]
    hidden = [ranks[k] - len(terms[k].replace("...", "")) if "..." in terms[k] else 0 for k in range(len(terms))]
    widest = "".join(free[: max(hidden)])
    if "->" in subscripts:
        result = subscripts.split("->")[1]
    else:
        joined = "".join(terms).replace("...", "")
        result = "..." + "".join([c for c in sorted(letters) if joined.count(c) == 1])
    named = [terms[k].replace("...", widest[len(widest) - hidden[k] :]) for k in range(len(terms))]
    return named, result.replace("...", widest), free[max(hidden) :]


@vjp(np.einsum)
def einsum(g, z, subscripts, *operands, out=None, optimize=False, dtype=None, order="K", casting="safe"):
    if not isinstance(subscripts, str):
        raise NotImplementedError("the derivative of np.einsum with lists of axes instead of a string")
    terms, result, free = _einsum_terms(subscripts, [np.ndim(x) for x in operands])
    how = optimize if isinstance(optimize, (bool, str)) else True
    return (None, *[_einsum_bar(g, k, operands, terms, result, free, how) for k in range(len(operands))])


def _einsum_bar(g, k, operands, terms, result, free, optimize):
    """The cotangent of operand k: an einsum of the cotangent and the other operands.

    An index that occurs twice in the operand's term gets a second letter and an identity matrix that ties the two; one
    that occurs nowhere else was summed alone, and its axis has length 1 in the cotangent.
    """
    others = [j for j in range(len(operands)) if j != k]
    term = terms[k]
    factors = [g, *[operands[j] for j in others]]
    names = [result, *[terms[j] for j in others]]
    for place in range(len(term)):
        first = term.index(term[place])
        if first < place:
            tied = free[place]
            factors.append(np.eye(np.shape(operands[k])[place]))
            names.append(term[first] + tied)
            term = term[:place] + tied + term[place + 1 :]
    given = "".join(names)
    found = "".join([c for c in term if c in given])
    missing = tuple([place for place in range(len(term)) if term[place] not in given])
    x_bar = np.einsum(",".join(names) + "->" + found, *factors, optimize=optimize)
    return np.expand_dims(x_bar, missing) if missing else x_bar


@jvp(np.einsum)
def einsum_jvp(operands_dot, z, subscripts, *operands, out=None, optimize=False, dtype=None, order="K", casting="safe"):
    if not isinstance(subscripts, str):
        raise NotImplementedError("the derivative of np.einsum with lists of axes instead of a string")
    n = len(operands)
    moved = [k for k in range(n) if operands_dot[k] is not None]
    factors = [[operands_dot[j] if j == k else operands[j] for j in range(n)] for k in moved]
    return sum([np.einsum(subscripts, *factors[k], optimize=optimize) for k in range(len(moved))])


@vjp(np.kron)
def kron(g, z, a, b):
    n = max(np.ndim(a), np.ndim(b))
    p, q = (1,) * (n - np.ndim(a)) + np.shape(a), (1,) * (n - np.ndim(b)) + np.shape(b)
    blocks = np.reshape(g, tuple([length for k in range(n) for length in (p[k], q[k])]))
    a_bar = np.tensordot(blocks, np.reshape(b, q), (tuple(range(1, 2 * n, 2)), tuple(range(n))))
    b_bar = np.tensordot(np.reshape(a, p), blocks, (tuple(range(n)), tuple(range(0, 2 * n, 2))))
    return np.reshape(a_bar, np.shape(a)), np.reshape(b_bar, np.shape(b))


linear_in_each("a", "b")(np.kron)


@vjp(np.cross)
def cross(g, z, a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    u, v = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if np.shape(u)[-1] != np.shape(v)[-1]:
        raise NotImplementedError("the derivative of np.cross of a 2-vector and a 3-vector")
    if np.shape(u)[-1] == 2:
        u_bar = np.stack([g * v[..., 1], -g * v[..., 0]], -1)
        v_bar = np.stack([-g * u[..., 1], g * u[..., 0]], -1)
    else:
        g = np.moveaxis(g, axisc, -1)
        u_bar, v_bar = np.cross(v, g), np.cross(g, u)
    # Counted from the end, for the cotangent may have more leading axes than the argument.
    return (
        np.moveaxis(u_bar, -1, axisa % np.ndim(a) - np.ndim(a)),
        np.moveaxis(v_bar, -1, axisb % np.ndim(b) - np.ndim(b)),
    )


linear_in_each("a", "b")(np.cross)


@vjp(np.linalg.cross)
def linalg_cross(g, z, a, b, *, axis=-1):
    return np.linalg.cross(b, g, axis=axis), np.linalg.cross(g, a, axis=axis)


linear_in_each("a", "b")(np.linalg.cross)


@vjp(np.linalg.vecdot)
def vecdot(g, z, a, b, *, axis=-1):
    g = np.expand_dims(g, axis)
    if np.iscomplexobj(a) or np.iscomplexobj(b):
        return np.conj(g * b), g * np.conj(a)
    return g * b, g * a


vjp(np.vecdot)(vecdot)
linear_in_each("a", "b")(np.linalg.vecdot, np.vecdot)


def matvec(g, z, a, b):
    return column(g) * row(b), (transposed(a) @ column(g))[..., 0]


def vecmat(g, z, a, b):
    a_bar = (b @ column(g))[..., 0]
    if np.iscomplexobj(a) or np.iscomplexobj(b):
        return np.conj(a_bar), column(np.conj(a)) * row(g)
    return a_bar, column(a) * row(g)


if hasattr(np, "matvec"):  # NumPy 2.2
    vjp(np.matvec)(matvec)
    vjp(np.vecmat)(vecmat)
    linear_in_each("a", "b")(np.matvec, np.vecmat)


@vjp(np.linalg.multi_dot)
def multi_dot(g, z, arrays, *, out=None):
    n = len(arrays)
    ends = [row(arrays[0]) if np.ndim(arrays[0]) == 1 else arrays[0]]
    ends = ends + [arrays[k] for k in range(1, n - 1)]
    ends = [*ends, column(arrays[-1]) if np.ndim(arrays[-1]) == 1 else arrays[-1]]
    left = np.reshape(g, (np.shape(ends[0])[0], np.shape(ends[-1])[1]))
    arrays_bar = []
    for k in range(n):
        # `left` is the cotangent of the product of the arrays from k on.
        bar = left
        for j in range(n - 1, k, -1):
            bar = bar @ transposed(ends[j])
        arrays_bar.append(np.reshape(bar, np.shape(arrays[k])))
        left = transposed(ends[k]) @ left
    return arrays_bar


@jvp(np.linalg.multi_dot)
def multi_dot_jvp(arrays_dot, z, arrays, *, out=None):
    n = len(arrays)
    moved = [k for k in range(n) if arrays_dot[k] is not None]
    return sum([np.linalg.multi_dot([arrays_dot[j] if j == k else arrays[j] for j in range(n)]) for k in moved])


@vjp(np.linalg.matrix_power)
def matrix_power(g, z, a, n):
    if n == 0:
        return np.zeros(np.shape(a))
    base = transposed(np.linalg.inv(a)) if n < 0 else transposed(a)
    bar, power = g, base
    for _ in range(abs(n) - 1):
        bar = base @ bar + g @ power
        power = power @ base
    return -(base @ bar @ base) if n < 0 else bar


@jvp(np.linalg.matrix_power)
def matrix_power_jvp(a_dot, z, a, n):
    if n == 0:
        return np.zeros(np.shape(a))
    base = np.linalg.inv(a) if n < 0 else a
    base_dot = -(base @ a_dot @ base) if n < 0 else a_dot
    dot, power = base_dot, base
    for _ in range(abs(n) - 1):
        dot = base @ dot + base_dot @ power
        power = power @ base
    return dot


def _convolved_bar(g, a, v, start):
    """The cotangents of the two factors of a convolution of which the part from `start` on was kept."""
    n, m = np.size(a), np.size(v)
    g = np.pad(g, (start, n + m - 1 - start - np.size(g)))
    a_bar = np.convolve(g, np.ravel(v)[::-1], "valid")
    return np.reshape(a_bar, np.shape(a)), np.reshape(np.convolve(g, np.ravel(a)[::-1], "valid"), np.shape(v))


def _first_kept(mode, shorter, middle):
    if mode == "full":
        return 0
    return middle if mode == "same" else shorter - 1


@vjp(np.convolve)
def convolve(g, z, a, v, mode="full"):
    shorter = min(np.size(a), np.size(v))
    start = _first_kept(mode, shorter, (shorter - 1) // 2)
    return _convolved_bar(g, a, v, start)


linear_in_each("a", "v")(np.convolve)


@vjp(np.correlate)
def correlate(g, z, a, v, mode="valid"):
    if np.iscomplexobj(v):
        raise NotImplementedError("the derivative of np.correlate with a complex second argument")
    shorter = min(np.size(a), np.size(v))
    # NumPy swaps the two if the second is longer, and reverses the result.
    middle = (shorter - 1) // 2 if np.size(a) >= np.size(v) else shorter // 2
    start = _first_kept(mode, shorter, middle)
    a_bar, v_bar = _convolved_bar(g, a, np.ravel(v)[::-1], start)
    return a_bar, np.reshape(v_bar[::-1], np.shape(v))


linear_in_each("a", "v")(np.correlate)


# Diagonals and triangles


@linear(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(g, z, x):
    return np.swapaxes(g, -1, -2)


@linear(np.tril)
def tril(g, z, m, k=0):
    return np.tril(g, k)


@linear(np.triu)
def triu(g, z, m, k=0):
    return np.triu(g, k)


def _undiagonal(g, shape, offset, axis1, axis2):
    n = len(shape)
    axis1, axis2 = axis1 % n, axis2 % n
    along = np.arange(np.shape(g)[-1])
    others = [shape[k] for k in range(n) if k not in (axis1, axis2)]
    i = (*(slice(None),) * (n - 2), along + max(-offset, 0), along + max(offset, 0))
    return np.moveaxis(scatter(g, i, (*others, shape[axis1], shape[axis2])), (-2, -1), (axis1, axis2))


@linear(np.diagonal, runtime.diagonal_view)
def diagonal(g, z, a, offset=0, axis1=0, axis2=1):
    return _undiagonal(g, np.shape(a), offset, axis1, axis2)


@linear(np.linalg.diagonal)
def linalg_diagonal(g, z, x, *, offset=0):
    return _undiagonal(g, np.shape(x), offset, -2, -1)


@linear(np.diag)
def diag(g, z, v, k=0):
    return np.diagonal(g, k) if np.ndim(v) == 1 else _undiagonal(g, np.shape(v), k, 0, 1)


@linear(np.diagflat)
def diagflat(g, z, v, k=0):
    return np.reshape(np.diagonal(g, k), np.shape(v))


def _untrace(g, shape, offset, axis1, axis2):
    n = len(shape)
    axis1, axis2 = axis1 % n, axis2 % n
    eye = np.eye(shape[axis1], shape[axis2], offset)
    if n == 2:
        return g * eye if axis1 < axis2 else g * np.transpose(eye)
    lengths = tuple([shape[k] if k in (axis1, axis2) else 1 for k in range(n)])
    return np.expand_dims(g, (axis1, axis2)) * np.reshape(eye if axis1 < axis2 else np.transpose(eye), lengths)


@linear(np.trace)
def trace(g, z, a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    return _untrace(g, np.shape(a), offset, axis1, axis2)


@linear(np.linalg.trace)
def linalg_trace(g, z, x, *, offset=0, dtype=None):
    return _untrace(g, np.shape(x), offset, -2, -1)


pure(runtime.diagonal_view)
views(np.diagonal, runtime.diagonal_view, np.linalg.diagonal, np.diag, np.matrix_transpose, np.linalg.matrix_transpose)

methods(diagonal=np.diagonal, trace=np.trace, dot=np.dot, mT=np.matrix_transpose)
