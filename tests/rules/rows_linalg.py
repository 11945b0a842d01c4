"""Rows for `srcgrad.rules.linalg`."""

from __future__ import annotations

import operator

import numpy as np
from harness import Row

_rng = np.random.default_rng(13)


def _x(*shape: int) -> np.ndarray:
    return _rng.uniform(-2.0, 2.0, shape)


def _regular(*shape: int) -> np.ndarray:
    """Square matrices far from singular."""
    return _rng.uniform(-0.5, 0.5, shape) + 2.0 * np.eye(shape[-1])


def _definite(*shape: int) -> np.ndarray:
    a = _regular(*shape)
    return a @ np.swapaxes(a, -1, -2) + np.diag(np.arange(shape[-1]))


_MATMUL_SHAPES = [
    ((3,), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (6, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (1, 3, 4)),
    ((0,), (0,)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 2)),
    ((0, 2, 3), (3, 2)),
    ((4, 5, 2, 3), (3, 2)),
    ((4, 5, 2, 3), (3,)),
]
_LSTSQ = [(5, 2), (3, 3), (2, 4)]
_DOT_SHAPES = [
    ((), ()),
    ((), (2, 3)),
    ((2, 3), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (6, 3, 4)),
    ((2, 0), (0, 3)),
]
_INNER_SHAPES = [
    ((), (2, 3)),
    ((3,), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (4, 3)),
    ((2, 3), (4, 3)),
    ((5, 2, 3), (4, 3)),
    ((2, 0), (3, 0)),
]
_TENSORDOT = [
    ((3,), (3,), 1),
    ((2, 3), (3, 4), 1),
    ((2, 3), (4, 5), 0),
    ((2, 3, 4), (3, 4, 5), 2),
    ((2, 3), (2, 3), 2),
    ((2, 3), (4, 2), (0, 1)),
    ((2, 3), (4, 2), (-2, -1)),
    ((2, 3, 4), (4, 5, 2), ([0, 2], [2, 0])),
    ((2, 3, 4), (4, 5, 3, 2), ((2, 0), (0, 3))),
    ((2, 3, 4), (3, 4, 2), ([0, 1, 2], [2, 0, 1])),
    ((2, 0), (0, 3), 1),
]
_EINSUM = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ij, jk -> ki", (2, 3), (3, 4)),
    ("ij->ji", (2, 3)),
    ("ba", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iij->j", (3, 3, 2)),
    ("iii->i", (2, 2, 2)),
    ("ijij->ij", (2, 3, 2, 3)),
    ("ii,i->i", (3, 3), (3,)),
    ("ii,jj->ij", (3, 3), (2, 2)),
    ("i,i->", (3,), (3,)),
    ("i,j->ij", (2,), (3,)),
    ("ij,k->i", (2, 3), (4,)),
    (",i->i", (), (3,)),
    ("i->", (0,)),
    ("ij,jk->ik", (2, 0), (0, 3)),
    ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    ("...ij,...jk->...ik", (5, 2, 3), (5, 3, 4)),
    ("...ij,jk->...ik", (5, 2, 3), (3, 4)),
    ("...ij,...jk", (5, 2, 3), (6, 5, 3, 4)),
    ("i...,i...->...", (3, 2), (3, 2)),
    ("...i->...", (2, 3)),
    ("...->...", (2, 3)),
    ("...ij->...", (2, 3, 4)),
    ("...i,...i->...", (1, 3), (5, 3)),
    ("ij,ij->ij", (1, 3), (2, 3)),
    ("i,ij,j->", (2,), (2, 3), (3,)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
]

PRODUCTS = [
    *(Row(np.matmul, (_x(*p), _x(*q)), argnums=(0, 1)) for p, q in _MATMUL_SHAPES),
    Row(operator.matmul, (_x(2, 3), _x(3)), argnums=(0, 1)),
    Row(np.linalg.matmul, (_x(2, 3), _x(3, 2)), argnums=(0, 1)),
    *(Row(np.dot, (_x(*p), _x(*q)), argnums=(0, 1)) for p, q in _DOT_SHAPES),
    Row(np.dot, (1.5, _x(3)), argnums=(0, 1)),
    Row(np.vdot, (_x(3), _x(3)), argnums=(0, 1)),
    Row(np.vdot, (_x(2, 3), _x(3, 2)), argnums=(0, 1)),
    Row(np.vdot, (_x(3) + 1j * _x(3), _x(3) - 1j * _x(3)), argnums=(1,)),
    *(Row(np.inner, (_x(*p), _x(*q)), argnums=(0, 1)) for p, q in _INNER_SHAPES),
    Row(np.outer, (_x(3), _x(2)), argnums=(0, 1)),
    Row(np.outer, (_x(2, 2), 1.5), argnums=(0, 1)),
    Row(np.outer, (_x(0), _x(2)), argnums=(0, 1)),
    Row(np.linalg.outer, (_x(3), _x(2)), argnums=(0, 1)),
    *(Row(np.tensordot, (_x(*p), _x(*q), axes), argnums=(0, 1)) for p, q, axes in _TENSORDOT),
    Row(np.linalg.tensordot, (_x(2, 3), _x(3, 4)), {"axes": 1}, argnums=(0, 1)),
    *(Row(np.einsum, (s, *(_x(*p) for p in ps)), argnums=tuple(range(1, len(ps) + 1))) for s, *ps in _EINSUM),
    Row(np.einsum, ("ij,jk,k->i", _x(2, 3), _x(3, 4), _x(4)), {"optimize": True}, argnums=(1, 2, 3)),
    Row(np.einsum, ("ij,jk->ik", _x(2, 3), _x(3, 4)), {"optimize": "greedy"}, argnums=(1, 2)),
    Row(np.kron, (_x(2, 3), _x(3, 2)), argnums=(0, 1)),
    Row(np.kron, (_x(2), _x(3)), argnums=(0, 1)),
    Row(np.kron, (_x(2), _x(3, 2)), argnums=(0, 1)),
    Row(np.kron, (1.5, _x(3)), argnums=(0, 1)),
    Row(np.cross, (_x(3), _x(3)), argnums=(0, 1)),
    Row(np.cross, (_x(4, 3), _x(3)), argnums=(0, 1)),
    Row(np.cross, (_x(3, 4), _x(3, 4)), {"axis": 0}, argnums=(0, 1)),
    Row(np.cross, (_x(3, 4), _x(4, 3), 0, 1, 0), argnums=(0, 1)),
    Row(np.cross, (_x(3), _x(5, 3, 4), 0, 1), argnums=(0, 1)),
    Row(np.linalg.cross, (_x(4, 3), _x(3)), argnums=(0, 1)),
    Row(np.linalg.cross, (_x(3, 4), _x(3, 4)), {"axis": 0}, argnums=(0, 1)),
    Row(np.vecdot, (_x(4, 3), _x(3)), argnums=(0, 1)),
    Row(np.vecdot, (_x(4, 3), _x(4, 3)), {"axis": 0}, argnums=(0, 1)),
    Row(np.linalg.vecdot, (_x(4, 3), _x(4, 3)), {"axis": -2}, argnums=(0, 1)),
    Row(np.linalg.multi_dot, ([_x(2, 3), _x(3, 4), _x(4, 2)],)),
    Row(np.linalg.multi_dot, ([_x(3), _x(3, 4), _x(4)],)),
    Row(np.linalg.multi_dot, ([_x(2, 3), _x(3, 4), _x(4, 2), _x(2)],)),
    Row(np.linalg.multi_dot, ((_x(3), _x(3, 2)),)),
    *(Row(np.linalg.matrix_power, (_regular(3, 3), n)) for n in (0, 1, 2, 3, 5, -1, -3)),
    Row(np.linalg.matrix_power, (_regular(2, 3, 3), 4)),
    *(
        Row(fn, (_x(n), _x(m), mode), argnums=(0, 1))
        for fn in (np.convolve, np.correlate)
        for mode in ("full", "same", "valid")
        for n, m in ((5, 3), (5, 2), (6, 4), (2, 5), (3, 5), (4, 4), (1, 3), (3, 1))
    ),
    Row(np.convolve, (_x(3), 1.5), argnums=(0, 1)),
]

DIAGONALS = [
    Row(np.matrix_transpose, (_x(5, 2, 3),)),
    Row(np.linalg.matrix_transpose, (_x(2, 3),)),
    Row(np.tril, (_x(3, 4),)),
    Row(np.tril, (_x(2, 3, 3), -1)),
    Row(np.triu, (_x(3, 4), 1)),
    Row(np.triu, (_x(3),)),
    Row(np.diag, (_x(3),)),
    Row(np.diag, (_x(2), -1)),
    Row(np.diag, (_x(3, 4),)),
    Row(np.diag, (_x(3, 4), 2)),
    Row(np.diag, (_x(3, 4), -1)),
    Row(np.diag, (_x(2, 2), 5), name="outside"),
    Row(np.diagflat, (_x(2, 2),)),
    Row(np.diagflat, (_x(3), 1)),
    Row(np.diagonal, (_x(3, 4),)),
    Row(np.diagonal, (_x(3, 4), -1)),
    Row(np.diagonal, (_x(3, 4), 1, 1, 0)),
    Row(np.diagonal, (_x(2, 3, 4), 1, 2, 0)),
    Row(np.diagonal, (_x(2, 3, 4), 0, -2, -1)),
    Row(np.linalg.diagonal, (_x(2, 3, 4),), {"offset": 1}),
    Row(np.trace, (_x(3, 3),)),
    Row(np.trace, (_x(3, 4), 1)),
    Row(np.trace, (_x(3, 4), 1, 1, 0)),
    Row(np.trace, (_x(2, 3, 4), -1, 2, 1)),
    Row(np.trace, (_x(2, 3, 4),)),
    Row(np.linalg.trace, (_x(2, 3, 4),), {"offset": -1}),
    Row(np.linalg.trace, (_x(0, 0),)),
]

SOLVERS = [
    Row(np.linalg.solve, (_regular(3, 3), _x(3)), argnums=(0, 1)),
    Row(np.linalg.solve, (_regular(3, 3), _x(3, 2)), argnums=(0, 1)),
    Row(np.linalg.solve, (_regular(2, 3, 3), _x(2, 3, 1)), argnums=(0, 1)),
    Row(np.linalg.solve, (_regular(2, 3, 3), _x(3)), argnums=(0, 1), name="one vector"),
    Row(np.linalg.solve, (_regular(3, 3), _x(2, 3, 4)), argnums=(0, 1), name="one matrix"),
    Row(np.linalg.solve, (_regular(0, 0), _x(0)), argnums=(0, 1), name="empty"),
    Row(np.linalg.inv, (_regular(3, 3),)),
    Row(np.linalg.inv, (_regular(2, 2, 3, 3),)),
    Row(np.linalg.inv, (_regular(1, 1),)),
    Row(np.linalg.pinv, (_regular(3, 3),)),
    Row(np.linalg.pinv, (_x(4, 2),)),
    Row(np.linalg.pinv, (_x(2, 4),)),
    Row(np.linalg.pinv, (_x(2, 2, 3),)),
    Row(np.linalg.det, (_regular(3, 3),)),
    Row(np.linalg.det, (_regular(2, 3, 3),)),
    Row(np.linalg.det, (_regular(1, 1),)),
    Row(np.linalg.det, (np.array([[1.0, 2.0], [2.0, 4.0]]),), name="singular"),
    Row(np.linalg.det, (np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [1.0, 0.0, 3.0]]),), name="singular"),
    Row(np.linalg.det, (np.zeros((1, 1)),), name="singular"),
    Row(np.linalg.det, (np.stack([np.zeros((2, 2)), np.eye(2)]),), name="partly singular"),
    Row(np.linalg.slogdet, (_regular(3, 3),)),
    Row(np.linalg.slogdet, (-_regular(2, 3, 3),)),
    Row(
        np.linalg.slogdet,
        (np.stack([np.diag([1.0, 0.0]), np.diag([2.0, -4.0])]),),
        name="partly singular",
        expected=(np.array([[[0.0, 0.0], [0.0, np.inf]], [[0.5, 0.0], [0.0, -0.25]]]),),
    ),
]

FACTORS = [
    Row(np.linalg.cholesky, (_definite(3, 3),)),
    Row(np.linalg.cholesky, (_definite(2, 3, 3),)),
    Row(np.linalg.cholesky, (_definite(1, 1),)),
    Row(np.linalg.cholesky, (_definite(3, 3),), {"upper": True}),
    Row(np.linalg.eigh, (_definite(3, 3),)),
    Row(np.linalg.eigh, (_definite(3, 3), "U")),
    Row(np.linalg.eigh, (_definite(2, 3, 3),)),
    Row(np.linalg.eigvalsh, (_definite(3, 3),)),
    Row(np.linalg.eigvalsh, (_definite(2, 3, 3), "U")),
    Row(np.linalg.eigvalsh, (np.eye(3),), name="repeated", expected=(np.eye(3),)),
    Row(np.linalg.svd, (_regular(3, 3),)),
    Row(np.linalg.svd, (_x(4, 2), False)),
    Row(np.linalg.svd, (_x(2, 4),), {"full_matrices": False}),
    Row(np.linalg.svd, (_x(2, 4, 3), False)),
    Row(np.linalg.svd, (_x(4, 2),), {"compute_uv": False}),
    Row(np.linalg.svd, (_x(2, 2, 3),), {"compute_uv": False}),
    Row(np.linalg.svdvals, (_x(4, 2),)),
    Row(np.linalg.svdvals, (_x(2, 2, 3),)),
    Row(np.linalg.qr, (_regular(3, 3),)),
    Row(np.linalg.qr, (_x(4, 2),)),
    Row(np.linalg.qr, (_x(2, 4),)),
    Row(np.linalg.qr, (_x(2, 3, 2),)),
    Row(np.linalg.qr, (_x(3, 2), "r")),
    Row(np.linalg.qr, (_x(2, 4), "r")),
    Row(np.linalg.qr, (_regular(3, 3), "complete")),
    *[
        Row(np.linalg.lstsq, (_x(*shape), _x(shape[0], *more)), argnums=(0, 1))
        for shape in _LSTSQ
        for more in ((), (2,))
    ],
    Row(np.linalg.lstsq, (_x(5, 2), _x(5)), {"rcond": None}, argnums=(0, 1)),
    Row(np.linalg.lstsq, (np.outer(_x(5), _x(3)), _x(5)), argnums=(1,), name="deficient"),
    Row(np.linalg.cond, (_regular(3, 3),)),
    Row(np.linalg.cond, (_x(4, 2), 2)),
    Row(np.linalg.cond, (_x(2, 3, 3),)),
]


def _complex(*shape: int) -> np.ndarray:
    return _regular(*shape) + 1j * _x(*shape)


COMPLEX = [
    Row(np.matmul, (_complex(2, 2), _complex(2, 2)), argnums=(0, 1)),
    Row(np.einsum, ("ii,ij->j", _complex(2, 2), _complex(2, 2)), argnums=(1, 2)),
    Row(np.linalg.solve, (_complex(2, 2), _complex(2, 2)), argnums=(0, 1)),
    Row(np.linalg.inv, (_complex(2, 2),)),
    Row(np.linalg.det, (_complex(2, 2),)),
    Row(np.trace, (_complex(2, 2),)),
]

ROWS: list[Row] = [*PRODUCTS, *DIAGONALS, *SOLVERS, *FACTORS, *COMPLEX]

if hasattr(np, "matvec"):
    _VECTORS = [
        *(((2, 3), (3,)), ((5, 2, 3), (3,)), ((2, 3), (5, 3)), ((5, 1, 2, 3), (4, 3))),
        *(((0, 3), (3,)), ((2, 0), (0,))),
    ]
    for _a, _b in _VECTORS:
        ROWS += [
            Row(np.matvec, (_x(*_a), _x(*_b)), argnums=(0, 1)),
            Row(np.vecmat, (_x(*_b), np.swapaxes(_x(*_a), -1, -2)), argnums=(0, 1)),
        ]
    ROWS += [
        Row(np.matvec, (_x(2, 3) + 1j * _x(2, 3), _x(3) - 1j * _x(3)), argnums=(0, 1)),
        Row(np.vecmat, (_x(3) - 1j * _x(3), _x(3, 2) + 1j * _x(3, 2)), argnums=(0, 1)),
        Row(np.vecmat, (_x(3), _x(3, 2) + 1j * _x(3, 2)), argnums=(0, 1)),
    ]

ROWS += [
    Row(np.linalg.tensorinv, (np.reshape(_regular(6, 6), (2, 3, 6)),)),
    Row(np.linalg.tensorinv, (np.reshape(_regular(6, 6), (6, 3, 2)), 1)),
    Row(np.linalg.tensorinv, (np.reshape(_regular(4, 4), (2, 2, 2, 2)),), {"ind": 2}),
    Row(np.linalg.tensorsolve, (np.reshape(_regular(6, 6), (2, 3, 6)), _x(2, 3)), argnums=(0, 1)),
    Row(np.linalg.tensorsolve, (np.reshape(_regular(6, 6), (6, 3, 2)), _x(6)), argnums=(0, 1)),
    Row(np.linalg.tensorsolve, (np.reshape(_regular(12, 12), (2, 6, 3, 4)), _x(3, 4), (1, 0)), argnums=(0, 1)),
    Row(np.linalg.tensorsolve, (np.reshape(_regular(12, 12), (2, 6, 3, 4)), _x(2, 6), (3, 2)), argnums=(0, 1)),
]
