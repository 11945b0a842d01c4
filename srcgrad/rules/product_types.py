"""Types of products whose operands meet in lengths that no type knows to be equal: `einsum`, `tensordot`, `solve`."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad.ir.nodes import Tree
from srcgrad.ir.types import Array, Axis, NpScalar, Type, is_scalar
from srcgrad.rules.dims import broadcast_axes, broadcast_shapes
from srcgrad.rules.operands import Site, Unsure, analytic, array_of, constant, known_shape, promoted, type_of


@analytic(np.einsum)
def einsum(site: Site, fn: Any, subscripts: Tree, *operands: Tree, optimize: Tree = False) -> Type:
    """The type of an einsum that names its result."""
    text = constant(subscripts)
    if not isinstance(text, str) or "->" not in text or "." in text:
        raise Unsure
    given, result = text.replace(" ", "").split("->")
    arrays = [array_of(site, operand) for operand in operands]
    terms = given.split(",")
    if len(terms) != len(arrays):
        raise Unsure
    lengths: dict[str, Axis] = {}
    for term, array in zip(terms, arrays, strict=True):
        shape = known_shape(array)
        if len(term) != len(shape):
            raise Unsure
        for letter, axis in zip(term, shape, strict=True):
            lengths[letter] = broadcast_axes(lengths[letter], axis) if letter in lengths else axis
    dtype = promoted([array.dtype for array in arrays])
    if dtype is None or dtype.kind not in "fc" or not set(result) <= lengths.keys():
        raise Unsure
    return Array(dtype, tuple([lengths[c] for c in result])) if result else NpScalar(dtype)


@analytic(np.tensordot)
def tensordot(site: Site, fn: Any, a: Tree, b: Tree, axes: Tree = 2) -> Type:
    """The type of a tensor product that is summed over some axes."""
    s, t = array_of(site, a), array_of(site, b)
    first, second = known_shape(s), known_shape(t)
    dtype = promoted([s.dtype, t.dtype])
    chosen = constant(axes)
    if isinstance(chosen, int):
        pair: tuple[Any, Any] = (range(len(first) - chosen, len(first)), range(chosen))
    else:
        pair = tuple(chosen)
    if dtype is None or dtype.kind not in "fc" or len(pair) != 2:
        raise Unsure
    kept = [_others(shape, axes) for shape, axes in zip((first, second), pair, strict=True)]
    return Array(dtype, (*kept[0], *kept[1]))


def _others(shape: tuple[Axis, ...], axes: Any) -> list[Axis]:
    summed = [axes] if isinstance(axes, int) else list(axes)
    if not all(-len(shape) <= k < len(shape) for k in summed):
        raise Unsure
    gone = {k % len(shape) for k in summed}
    return [axis for k, axis in enumerate(shape) if k not in gone]


@analytic(np.cross)
def cross(site: Site, fn: Any, a: Tree, b: Tree) -> Type:
    """The type of a product of vectors in space."""
    s, t = array_of(site, a), array_of(site, b)
    first, second = known_shape(s), known_shape(t)
    dtype = promoted([s.dtype, t.dtype])
    if dtype is None or dtype.kind not in "fc" or not first or not second or 3 not in (first[-1], second[-1]):
        raise Unsure
    return Array(dtype, (*broadcast_shapes([first[:-1], second[:-1]]), 3))


@analytic(np.interp)
def interp(
    site: Site, fn: Any, x: Tree, xp: Tree, fp: Tree, left: Tree = None, right: Tree = None, period: Tree = None
) -> Type:
    """The type of interpolated values: a number at a number."""
    table = array_of(site, fp)
    if table.dtype is None:
        raise Unsure
    dtype = np.dtype(complex if table.dtype.kind == "c" else float)
    if is_scalar(type_of(x)):
        return NpScalar(dtype)
    shape = known_shape(array_of(site, x))
    return Array(dtype, shape) if shape else NpScalar(dtype)


@analytic(np.linalg.solve)
def solve(site: Site, fn: Any, a: Tree, b: Tree) -> Type:
    """The type of a solution: of vectors for a right side with one axis, else of matrices."""
    s, t = array_of(site, a), array_of(site, b)
    rows, right = known_shape(s), known_shape(t)
    dtype = promoted([s.dtype, t.dtype])
    if dtype is None or dtype.kind not in "fc" or len(rows) < 2 or not right:
        raise Unsure
    if len(right) == 1:
        return Array(dtype, rows[:-1])
    return Array(dtype, (*broadcast_shapes([rows[:-2], right[:-2]]), rows[-2], right[-1]))
