"""Rows for `srcgrad.rules.index`."""

from __future__ import annotations

import operator

import numpy as np
from harness import Row
from numpy.lib.stride_tricks import sliding_window_view

from srcgrad.rules.index import scatter

_rng = np.random.default_rng(12)


def _x(*shape: int) -> np.ndarray:
    return _rng.uniform(-2.0, 2.0, shape)


def _spread(*shape: int) -> np.ndarray:
    """Numbers that lie well apart, in random order: sorting them is smooth."""
    n = int(np.prod(shape))
    return np.reshape(_rng.permutation(n) + _rng.uniform(-0.2, 0.2, n), shape)


_MASK = np.array([True, False, True])
_PAIRS = np.array([[0, 2], [2, 2]])

GETITEM = [
    Row(operator.getitem, (_x(4), 1)),
    Row(operator.getitem, (_x(4), -1)),
    Row(operator.getitem, (_x(4), np.int64(2))),
    Row(operator.getitem, (_x(4), slice(1, 3))),
    Row(operator.getitem, (_x(4), slice(None, None, -2))),
    Row(operator.getitem, (_x(4), slice(2, 2)), name="empty"),
    Row(operator.getitem, (_x(2, 3), 1)),
    Row(operator.getitem, (_x(2, 3), (1, 2))),
    Row(operator.getitem, (_x(2, 3), (slice(None), 1))),
    Row(operator.getitem, (_x(2, 3), (None, 1, Ellipsis))),
    Row(operator.getitem, (_x(2, 3, 2), (Ellipsis, slice(0, 1)))),
    Row(operator.getitem, (_x(), ()), name="0-d"),
    Row(operator.getitem, (_x(), None)),
    Row(operator.getitem, (_x(4), [0, 3, 0]), name="duplicates"),
    Row(operator.getitem, (_x(4), np.array([1, -1, 3]))),
    Row(operator.getitem, (_x(4), np.array(2)), name="0-d index"),
    Row(operator.getitem, (_x(4), range(0, 4, 2)), name="range"),
    Row(operator.getitem, (_x(4), []), name="empty list"),
    Row(operator.getitem, (_x(4, 2), _PAIRS)),
    Row(operator.getitem, (_x(3, 4), (_PAIRS, _PAIRS))),
    Row(operator.getitem, (_x(3, 4), ([0, 2, 0], slice(1, 3)))),
    Row(operator.getitem, (_x(3, 4, 2), ([0, 1], slice(None), [1, 1]))),
    Row(operator.getitem, (_x(3, 4), (Ellipsis, np.array([1, 1])))),
    Row(operator.getitem, (_x(3, 4), (1, np.array([1, 1])))),
    Row(operator.getitem, (_x(3), _MASK)),
    Row(operator.getitem, (_x(3, 2), _MASK)),
    Row(operator.getitem, (_x(2, 3), (slice(None), _MASK))),
    Row(operator.getitem, (_x(2, 3), np.array([[True, False, True], [False, False, True]]))),
    Row(operator.getitem, (_x(3, 4), (_MASK, np.array([1, 1])))),
    Row(operator.getitem, (_x(3), [True, False, True]), name="list mask"),
    Row(operator.getitem, (_x(3), np.zeros(3, bool)), name="empty mask"),
    Row(scatter, (_x(2), slice(1, 3), (4,))),
    Row(scatter, (_x(3), np.array([0, 2, 0]), (4,))),
    Row(scatter, (_x(2), _MASK, (3,))),
    Row(scatter, (1.5, 1, (3,))),
    Row(scatter, (_x(2, 2), _PAIRS, (3,))),
]

TAKE = [
    Row(np.take, (_x(4), 1)),
    Row(np.take, (_x(4), -1)),
    Row(np.take, (_x(4), [0, 0, -1])),
    Row(np.take, (_x(4), [])),
    Row(np.take, (_x(2, 3), [5, 0, -1])),
    Row(np.take, (_x(2, 3), 4)),
    Row(np.take, (_x(2, 3), _PAIRS, 1)),
    Row(np.take, (_x(2, 3), 1, 0)),
    Row(np.take, (_x(2, 3), (0, 0), -1)),
    Row(np.take, (_x(2, 3, 2), np.array([1, 1, 0]), -2)),
    Row(np.take, (_x(3), [4, -5, 1]), {"mode": "wrap"}),
    Row(np.take, (_x(3), [4, -5, 1], 0), {"mode": "clip"}),
    Row(np.take, (_x(2, 3), [4, -5, 9]), {"mode": "clip"}),
    Row(np.take, (_x(), [0, 0])),
    Row(np.take_along_axis, (_x(2, 3), np.array([[0, 0], [2, 1]]), 1)),
    Row(np.take_along_axis, (_x(2, 3), np.array([[0, 1, 0]]), 0)),
    Row(np.take_along_axis, (_x(2, 3), np.array([[0], [-1]]), -1)),
    Row(np.take_along_axis, (_x(2, 3), np.array([[1]]), 1), name="broadcast"),
    Row(np.take_along_axis, (_x(1, 3), np.array([[1], [1]]), 1), name="broadcast"),
    Row(np.take_along_axis, (_x(2, 3), np.array([5, 0, 0]), None)),
    Row(np.compress, (_MASK, _x(3)), argnums=(1,)),
    Row(np.compress, (_MASK, _x(2, 3), 1), argnums=(1,)),
    Row(np.compress, ([True, True], _x(2, 3)), argnums=(1,)),
    Row(np.compress, ([1, 0], _x(2, 3, 2), -1), argnums=(1,)),
    Row(np.ndarray.compress, (_x(3), _MASK)),
    Row(np.ndarray.compress, (_x(2, 3), _MASK, -1)),
    Row(np.extract, (_MASK, _x(3)), argnums=(1,)),
    Row(np.extract, (np.array([[True, False, True], [False, True, False]]), _x(2, 3)), argnums=(1,)),
    Row(np.ndarray.item, (_x(1, 1),)),
    Row(np.ndarray.item, (_x(2, 3), 4)),
    Row(np.ndarray.item, (_x(2, 3), 1, -1)),
    Row(np.ndarray.item, (_x(2, 3), (1, 2))),
]

SORT = [
    Row(np.sort, (_spread(5),)),
    Row(np.sort, (_spread(3, 4),)),
    Row(np.sort, (_spread(3, 4), 0)),
    Row(np.sort, (_spread(3, 4), None)),
    Row(np.sort, (_spread(2, 3, 4), -2)),
    Row(np.sort, (np.zeros(0),)),
    Row(np.sort, (np.array([2.0, 1.0, 2.0]),), name="ties", expected=(np.ones(3),)),
    Row(np.partition, (_spread(7), 3)),
    Row(np.partition, (_spread(3, 4), 1, 0)),
    Row(np.partition, (_spread(3, 4), (1, 2))),
    Row(np.partition, (_spread(3, 4), 5, None)),
    Row(np.unique, (_spread(5),)),
    Row(np.unique, (_spread(2, 3),)),
    Row(np.unique, (np.array([2.0, 1.0, 2.0]),), name="duplicates", expected=(np.array([1.0, 1.0, 0.0]),)),
]

SELECT = [
    Row(np.select, ([_MASK, np.array([True, True, False])], [_x(3), _x(3)], 1.5), argnums=(1, 2)),
    Row(np.select, ([_MASK], [2.0]), argnums=(1,)),
    Row(np.select, ([np.array([[True], [False]]), _MASK], [_x(3), _x(2, 3)], _x(2, 1)), argnums=(1, 2)),
    Row(np.choose, (np.array([0, 1, 1]), [_x(3), _x(3)]), argnums=(1,)),
    Row(np.choose, (np.array([[0], [1]]), [_x(3), 2.0]), argnums=(1,)),
    Row(np.choose, (np.array([0, 1, 0]), _x(2, 3)), argnums=(1,)),
    Row(np.choose, (np.array([-1, 4]), [_x(2), _x(2), _x(2)]), {"mode": "wrap"}, argnums=(1,)),
    Row(np.choose, (np.array([-1, 4]), [_x(2), _x(2), _x(2)]), {"mode": "clip"}, argnums=(1,)),
    Row(np.ndarray.choose, (np.array([0, 1, 1]), [_x(3), _x(3)]), argnums=(1,)),
    Row(np.append, (_x(3), _x(2)), argnums=(0, 1)),
    Row(np.append, (_x(2, 3), 1.5), argnums=(0, 1)),
    Row(np.append, (_x(2, 3), _x(1, 3), 0), argnums=(0, 1)),
    Row(np.append, (_x(2, 3), _x(2, 2), -1), argnums=(0, 1)),
    Row(sliding_window_view, (_x(5), 3)),
    Row(sliding_window_view, (_x(3, 4), (2, 2))),
    Row(sliding_window_view, (_x(2, 5), 3), {"axis": 1}),
    Row(sliding_window_view, (_x(3), 3)),
    Row(np.delete, (_x(5), 1)),
    Row(np.delete, (_x(5), [0, -1])),
    Row(np.delete, (_x(3, 4), slice(0, 2), 1)),
    Row(np.delete, (_x(2, 3), 4)),
    Row(np.insert, (_x(4), 1, 1.5), argnums=(0, 2)),
    Row(np.insert, (_x(4), [3, 0], _x(2)), argnums=(0, 2)),
    Row(np.insert, (_x(4), [1, 3], 2.0), argnums=(0, 2)),
    Row(np.insert, (_x(2, 3), 1, _x(2), 1), argnums=(0, 2)),
    Row(np.insert, (_x(2, 3), [0, 2], _x(2, 2), 1), argnums=(0, 2)),
    Row(np.insert, (_x(2, 3), 2, _x(3), 0), argnums=(0, 2)),
    Row(np.bincount, (np.array([0, 2, 0, 1]), _x(4)), argnums=(1,)),
    Row(np.bincount, (np.array([0, 2, 0]), _x(3), 6), argnums=(1,)),
]

_KNOTS = np.array([0.0, 1.0, 2.5, 3.0])
_INTERP = (np.array([-0.5, 0.3, 1.7, 2.6, 3.4]), _KNOTS, _x(4))

INTERP = [
    Row(np.interp, _INTERP, argnums=(0, 1, 2)),
    Row(np.interp, (1.7, _KNOTS, _x(4)), argnums=(0, 1, 2)),
    Row(np.interp, (np.array([[0.3], [2.6]]), _KNOTS, _x(4)), argnums=(0, 2)),
    Row(np.interp, (*_INTERP, 0.7, -0.4), argnums=(0, 1, 2, 3, 4)),
    Row(np.interp, (*_INTERP, 0.7), argnums=(0, 2, 3)),
    Row(np.interp, (np.array([-1.0, 2.0]), np.array([1.0]), np.array([0.5])), argnums=(0, 1, 2), name="one knot"),
    Row(np.interp, (np.zeros(0), _KNOTS, _x(4)), argnums=(0, 2), name="empty"),
]

ROWS: list[Row] = [*GETITEM, *TAKE, *SORT, *SELECT, *INTERP]
