"""The claimed type of `x[index]` is checked for arrays of many lengths."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np
import pytest
from claims import Run, check, check_all, tree_of, v

from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import (
    F8,
    FLOAT,
    INT,
    NONE,
    Array,
    Dict,
    Dim,
    List,
    PyScalar,
    Tuple,
    Unknown,
)
from srcgrad.rules.result_types import result_type

CUTS = [None, -7, -3, -2, -1, 0, 1, 2, 3, 6]


@pytest.mark.parametrize("axis", ["n", "n-1", "n+1", "3", "k"])
def test_constant_slices(axis):
    x = v(f"f8[{axis}]")
    for start, stop, step in itertools.product(CUTS, CUTS, (None, 1, -1, 2, -2)):
        (claim, _) = check_all(
            [
                (operator.getitem, (x, slice(start, stop, step)), {}),
                (operator.getitem, (x, slice(start, stop, step)), {}),
            ]
        )
        assert isinstance(claim, Array) and claim.shape is not None


def test_slices_of_slices():
    x = v("f8[n]")
    for cuts in itertools.product(CUTS, CUTS, CUTS[:7], CUTS[3:]):
        first = check(operator.getitem, x, slice(*cuts[:2]))
        twice = result_type(operator.getitem, (Value(first), tree_of(slice(*cuts[2:]))), {}, "t")
        for n in range(8):
            run = Run({("n", 0): n})
            run.value(first, np.zeros(n)[slice(*cuts[:2])], f"{cuts}")
            run.value(twice, np.zeros(n)[slice(*cuts[:2])][slice(*cuts[2:])], f"{cuts}")


def test_slices_to_a_length():
    for axis, name in itertools.product(("n", "n-1", "n+1"), ("len(n)", "len(n-1)", "len(n+1)")):
        x, n = v(f"f8[{axis}]"), v(name)
        for start in CUTS:
            check(operator.getitem, x, slice(start, n, None))
            check(operator.getitem, x, slice(n, start, None))
    for less in range(6):
        x, y = Value(Array(F8, (Dim("n"),))), Value(PyScalar("i", Dim("n", -less)))
        check(operator.getitem, x, slice(None, y, None))
    assert check(operator.getitem, v("f8[n]"), slice(None, v("len(n)"))) == v("f8[n]").type
    assert check(operator.getitem, v("f8[n]"), slice(1, v("len(n-1)"))) == Array(F8, (Dim("n", -2),))


def test_slices_with_the_same_bounds_agree():
    x, y, i, j = v("f8[n]"), v("f4[n]"), v("int"), v("int")
    first, second = check_all(
        [(operator.getitem, (x, slice(i, None)), {}), (operator.getitem, (y, slice(i, None)), {})]
    )
    assert first.shape == second.shape
    third = result_type(operator.getitem, (x, slice(j, Const(None), Const(None))), {}, "t")
    assert third.shape != first.shape


def test_strided_slices_that_are_said_to_agree_do():
    claims: dict[Any, list[slice]] = {}
    for cuts in itertools.product(CUTS, CUTS, (2, 3)):
        t = result_type(operator.getitem, (v("f8[n]"), tree_of(slice(*cuts))), {}, "t")
        assert isinstance(t, Array) and t.shape is not None
        claims.setdefault(t.shape[0], []).append(slice(*cuts))
    for n in range(12):
        assert all(len({len(range(n)[cut]) for cut in cuts}) == 1 for cuts in claims.values())
    halves = [slice(1, -1, 2), slice(None, -2, 2), slice(2, None, 2)]
    assert any(all(cut in cuts for cut in halves) for cuts in claims.values())


INDICES: list[tuple[str, Any, str | None]] = [
    ("f8[n]", 0, "float64"),
    ("f8[n]", -1, "float64"),
    ("f8[n,m]", 0, "float64[m?]"),
    ("f8[n,m]", (0, 0), "float64"),
    ("f8[n,m]", (slice(None), 0), "float64[n?]"),
    ("f8[n,k]", (0, slice(None)), "float64[k]"),
    ("f8[n]", (), "float64[n?]"),
    ("f8[]", (), "float64"),
    ("f8[]", Ellipsis, "float64[]"),
    ("f8[n]", (0, Ellipsis), "float64[]"),
    ("f8[n]", None, "float64[1, n?]"),
    ("f8[n]", (slice(None), None), "float64[n?, 1]"),
    ("f8[n,m,k]", (Ellipsis, 0), "float64[n?, m?]"),
    ("f8[n,m,k]", (0, Ellipsis), "float64[m?, k]"),
    ("f8[n,m,k]", (0, Ellipsis, None, 1), "float64[m?, 1]"),
    ("f8[n,m]", (slice(1, None), slice(None, -1)), "float64[n-1?, m-1?]"),
    ("f8[n]", slice(None, None, -1), "float64[n?]"),
    ("f8[k]", slice(None), "float64[k]"),
    ("f8[5]", slice(1, 4), "float64[3]"),
    ("f8[n]", v("i8[]"), "float64"),
    ("f8[n]", v("i8"), "float64"),
    ("f8[n]", v("int"), "float64"),
    ("f8[n,m]", v("i8[k]"), "float64[k, m?]"),
    ("f8[n,m]", [0, 0, 1], "float64[3, m?]"),
    ("f8[n,m]", [], "float64[0, m?]"),
    ("f8[n,m]", ([0, 0], [0, 1]), "float64[2]"),
    ("f8[n,m]", (v("i8[k]"), v("i8[k]")), "float64[k]"),
    ("f8[n,m]", (v("i8[k,1]"), v("i8[3]")), "float64[k, 3]"),
    ("f8[n,m,k]", ([0, 0], slice(None), [0, 1]), "float64[2, m?]"),
    ("f8[n,m,k]", (0, slice(None), [0, 1]), "float64[2, m?]"),
    ("f8[n,m,k]", (slice(None), 0, [0, 1]), "float64[n?, 2]"),
    ("f8[n,m,k]", (slice(None), [0, 0], Ellipsis, [0, 1]), "float64[2, n?]"),
    ("f8[n,m,k]", (slice(None), [0, 0], Ellipsis), "float64[n?, 2, k]"),
    ("f8[n,m]", ([0], None, [0]), "float64[1, 1]"),
    ("f8[n]", v("b1[n]"), None),
    ("f8[n,m]", v("b1[n]"), None),
    ("f8[n,m]", v("b1[n,m]"), None),
    ("f8[n,m]", (slice(None), v("b1[m]")), None),
    ("f8[n]", v("bool"), "float64[...]"),
    ("f8[n,m]", v("len(k)"), "float64[m?]"),
    ("f8[n]", slice(v("int"), v("int")), None),
]


@pytest.mark.parametrize("array, index, expected", INDICES, ids=str)
def test_indexing(array, index, expected):
    claim = check(operator.getitem, v(array), index)
    assert not isinstance(claim, Unknown)
    assert expected is None or str(claim) == expected


def test_masks_name_lengths():
    x, y, mask = v("f8[n]"), v("f8[n,m]"), v("b1[n]")
    first, second = check_all([(operator.getitem, (x, mask), {}), (operator.getitem, (y, mask), {})])
    assert first.shape[0] == second.shape[0]
    (found,) = check(np.nonzero, mask).items
    assert found.shape[0] == first.shape[0]
    written = [result_type(operator.getitem, (x, mask), {}, fresh, written={mask.uid}).shape for fresh in ("a", "b")]
    assert written[0] != written[1]


def test_containers():
    pair = Value(Tuple((FLOAT, v("f8[n]").type)))
    assert check(operator.getitem, pair, 1) == v("f8[n]").type
    assert check(operator.getitem, pair, slice(0, 1)) == Tuple((FLOAT,))
    assert isinstance(result_type(operator.getitem, (pair, v("int")), {}, "t"), Unknown)
    rows = Value(List(v("f8[n]").type))
    one = result_type(operator.getitem, (rows, Const(0)), {}, "a")
    other = result_type(list.pop, (rows,), {}, "b")
    # Two items need not be of one length.
    assert one != other and one.dtype is F8 and one.ndim == other.ndim == 1
    assert result_type(operator.getitem, (rows, slice(Const(1), None, None)), {}, "t") == rows.type
    assert result_type(operator.getitem, (Value(Dict(FLOAT)), Const("a")), {}, "t") == FLOAT
    assert result_type(list.append, (rows, v("f8[n]")), {}, "t") == NONE
    assert result_type(operator.add, (pair, pair), {}, "t") == Tuple(pair.type.items * 2)
    assert result_type(len, (rows,), {}, "t") == INT
    assert result_type(len, (pair,), {}, "t") == PyScalar("i", 2)
