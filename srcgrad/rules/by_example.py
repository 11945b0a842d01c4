"""The type of a result, found by calling the real function on small samples.

Every symbolic dimension gets a length of its own, in three base samples whose lengths vary independently; then come
smaller samples, with axes of length 0, 1 and 2, where the types allow them. A function that refuses distinct lengths
gets equal ones, for as few symbols as it takes, or those of its known axes. A length of the result is a literal, or an
input dimension with an offset, only if that explains every sample.
Only functions from an allow-list are called: pure ones, without input or output.
"""

from __future__ import annotations

import cmath
import itertools
import math
import operator
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from srcgrad.ir.joins import join
from srcgrad.ir.nodes import Const, Tree, Value
from srcgrad.ir.types import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    STR,
    UNKNOWN,
    Array,
    Axis,
    Dim,
    List,
    NpScalar,
    Opaque,
    PyScalar,
    Record,
    Tuple,
    Type,
    Unknown,
)
from srcgrad.rules.operands import Site, Unsure, words

_DENIED = words(
    """apply_along_axis apply_over_axes fromfunction piecewise save savez savez_compressed load loadtxt genfromtxt
    fromfile memmap savetxt fromregex fromiter frombuffer from_dlpack show_config show_runtime info test
    set_printoptions get_printoptions printoptions seterr seterrcall setbufsize getbufsize geterr geterrcall get_include
    put place putmask copyto fill_diagonal put_along_axis einsum_path call setitem delitem frompyfunc block
    asarray_chkfinite empty empty_like shares_memory may_share_memory real_if_close bmat asmatrix length_hint"""
)
_METHODS = words(
    """all any argmax argmin argpartition argsort astype choose clip compress conj conjugate copy cumprod cumsum
    diagonal dot flatten item max mean min nonzero prod ravel repeat reshape round searchsorted squeeze std sum swapaxes
    take tolist trace transpose var"""
)
_VALUE_LENGTHS = words(
    """unique unique_all unique_counts unique_inverse unique_values nonzero flatnonzero argwhere where extract compress
    trim_zeros union1d intersect1d setdiff1d setxor1d roots bincount repeat delete histogram histogram_bin_edges
    histogram2d histogramdd polydiv split array_split hsplit vsplit dsplit lstsq poly poly1d mask_indices tril_indices
    triu_indices arange resize polyadd polysub polymul ediff1d ix_ tolist pad insert tile"""
)
"""Functions the lengths of whose results may depend on what their arguments contain."""
_VALUE_DTYPES = words("eig eigvals roots poly")
"""Functions whose results are real or complex as their values happen to be."""
LISTING = frozenset([np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit])
"""What gives a list, of views."""


def _collect() -> set[Callable]:
    kinds = (types.FunctionType, types.BuiltinFunctionType, np.ufunc, type(np.sum))
    allowed: set[Callable] = {getattr(np.ndarray, name) for name in _METHODS}
    for module in (np, np.linalg, np.fft, math, cmath, operator):
        # Not by `getattr`, which would import the submodules of NumPy that are imported on first use.
        members = vars(module)
        for name in members.get("__all__", members):
            fn = members.get(name)
            if isinstance(fn, kinds) and name not in _DENIED and not name.startswith("_"):
                allowed.add(fn)
                if isinstance(fn, np.ufunc) and (fn.nin, fn.nout, fn.signature) == (2, 1, None):
                    allowed.update([fn.reduce, fn.accumulate, fn.outer, fn.reduceat])
    return allowed


ALLOWED = _collect()


def pure(*fns: Callable) -> None:
    """Declares functions of other modules that may be called on samples: they do nothing but return a value."""
    ALLOWED.update(fns)


@dataclass(frozen=True, slots=True)
class _Known:
    """A constant in a signature; equal only to a constant of the same class."""

    cls: type
    value: Any


@dataclass(frozen=True, slots=True)
class _Node:
    """A container in a signature."""

    cls: type
    items: tuple[Any, ...]
    keys: tuple[str, ...] = ()


def by_example(site: Site, fn: Callable, args: tuple[Tree, ...], kwargs: dict[str, Tree]) -> Type:
    """The type of what `fn` returns for arguments of these types; `UNKNOWN` if samples can't tell."""
    if fn not in ALLOWED:
        return UNKNOWN
    names: dict[str, str] = {}
    try:
        signature = _freeze((args, kwargs), names)
        result = _explain(fn, signature)
    except (Unsure, TypeError):
        # An unhashable constant is a TypeError of the cache.
        return _parts_of_any_kind(fn, args, kwargs)
    if fn is np.gradient and isinstance(result, Unknown):
        return _slopes(site, args, kwargs)
    return _rename(site, result, {short: name for name, short in names.items()})


def _slopes(site: Site, args: tuple[Tree, ...], kwargs: dict[str, Tree]) -> Type:
    """What `np.gradient` returns along several axes that the run decides: an array for each of them."""
    axes = kwargs.get("axis")
    if not isinstance(axes, tuple) or len(axes) < 2:
        return UNKNOWN
    return Tuple((by_example(site, np.gradient, args, {**kwargs, "axis": Const(0)}),) * len(axes))


def _parts_of_any_kind(fn: Callable, args: tuple[Tree, ...], kwargs: dict[str, Tree]) -> Type:
    """What is known of a decomposition of an array of unknown kind: how many parts it has."""
    options = [*args[1:], *kwargs.values()]
    if fn not in _DECOMPOSITIONS or not all(isinstance(option, Const) for option in options):
        return UNKNOWN
    try:
        parts = fn(np.eye(1), *[o.value for o in args[1:]], **{name: o.value for name, o in kwargs.items()})
    except (TypeError, ValueError):
        return UNKNOWN
    return Tuple((UNKNOWN,) * len(parts)) if isinstance(parts, tuple) else UNKNOWN


_DECOMPOSITIONS = frozenset([np.linalg.eig, np.linalg.eigh, np.linalg.qr, np.linalg.slogdet, np.linalg.svd])


def _freeze(tree: Tree, names: dict[str, str]) -> Any:
    """The hashable signature of an argument tree, its symbols renamed by first appearance."""
    if isinstance(tree, Const):
        return _freeze_constant(tree.value)
    if isinstance(tree, Value):
        return _freeze_type(tree.type, names)
    if isinstance(tree, (tuple, list)):
        return _Node(type(tree), tuple([_freeze(item, names) for item in tree]))
    if isinstance(tree, dict):
        return _Node(dict, tuple([_freeze(item, names) for item in tree.values()]), tuple(tree))
    if isinstance(tree, slice):
        return _Node(slice, tuple([_freeze(end, names) for end in (tree.start, tree.stop, tree.step)]))
    return _freeze_type(tree, names) if isinstance(tree, Type) else _freeze_constant(tree)


def _freeze_constant(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return _Node(type(value), tuple([_freeze_constant(item) for item in value]))
    number = isinstance(value, type) and (issubclass(value, np.generic) or value in (bool, int, float, complex))
    if (callable(value) and not number) or (isinstance(value, int) and abs(value) > 10_000):
        raise Unsure
    return _Known(type(value), value)


def _freeze_type(t: Type, names: dict[str, str]) -> Any:
    def axis(a: Axis) -> Axis:
        return a if isinstance(a, int) else Dim(names.setdefault(a.name, f"s{len(names)}"), a.offset, a.not_one)

    if isinstance(t, Array) and t.dtype is not None and t.shape is not None and t.dtype.kind in "biufc":
        if math.prod(a if isinstance(a, int) else 8 for a in t.shape) > 100_000:
            raise Unsure
        return Array(t.dtype, tuple([axis(a) for a in t.shape]))
    if isinstance(t, PyScalar):
        return PyScalar(t.kind, None if t.dim is None else axis(t.dim))
    if isinstance(t, Tuple) and not isinstance(t, Record):
        return _Node(tuple, tuple([_freeze_type(item, names) for item in t.items]))
    if isinstance(t, List) and isinstance(t.item, (PyScalar, NpScalar)):
        return t
    if isinstance(t, NpScalar) and t.dtype.kind in "biufc":
        return t
    if t == NONE:
        return _Known(type(None), None)
    raise Unsure


def _rename(site: Site, t: Type, names: dict[str, str]) -> Type:
    """The result with the caller's symbols, and fresh ones for those the samples left open."""

    def axis(a: Axis) -> Axis:
        if isinstance(a, int):
            return a
        return Dim(names.get(a.name) or site.fresh(), a.offset, a.not_one)

    if isinstance(t, Array) and t.shape is not None:
        return Array(t.dtype, tuple([axis(a) for a in t.shape]))
    if isinstance(t, Tuple) and not isinstance(t, Record):
        return t.with_items([_rename(site, item, names) for item in t.items])
    return List(_rename(site, t.item, names)) if isinstance(t, List) else t


def _axes(signature: Any) -> Iterator[Axis]:
    if isinstance(signature, _Node):
        for item in signature.items:
            yield from _axes(item)
    elif isinstance(signature, Array):
        yield from signature.shape or ()
    elif isinstance(signature, PyScalar) and signature.dim is not None:
        yield signature.dim


Lengths = dict[str, int]


def _length(axis: Axis, lengths: Lengths) -> int:
    return axis if isinstance(axis, int) else max(0, lengths[axis.name] + axis.offset)


_BASE = ((5, 7, 11, 13, 16, 19), (12, 8, 9, 6, 10, 5), (9, 4, 10, 15, 3, 8))
"""Lengths of the first six symbols in the three base samples: no two vary alike, and none is always the longer one."""


def _base_lengths(classes: dict[str, int], scale: int) -> list[Lengths]:
    return [{name: scale * row[cls] for name, cls in classes.items()} for row in _BASE]


def _partitions(names: list[str]) -> Iterator[dict[str, int]]:
    """Which symbols share a length: as few as possible first."""
    if len(names) > 4:
        if len(names) <= len(_BASE[0]):
            yield {name: k for k, name in enumerate(names)}
        return
    found: list[list[int]] = [[]]
    for _ in names:
        found = [[*head, cls] for head in found for cls in range(max(head, default=-1) + 2)]
    for classes in sorted(found, key=lambda found: -max(found, default=0)):
        yield dict(zip(names, classes, strict=True))


def _bases(names: list[str], constants: set[int]) -> Iterator[list[Lengths]]:
    """Base samples: symbols that differ, symbols that share a length, and last those that are one of the constants."""
    # Some functions want lengths with many divisors.
    for scale in (1, 12) if len(names) < 3 else (1,):
        for classes in _partitions(names):
            yield _base_lengths(classes, scale)
    if len(names) > 3:
        return
    choices = itertools.product([0, *sorted(constants)], repeat=len(names))
    for known in sorted(choices, key=lambda known: -known.count(0)):
        if any(known):
            fixed = {name: n for name, n in zip(names, known, strict=True) if n}
            yield [{**lengths, **fixed} for lengths in _base_lengths({name: k for k, name in enumerate(names)}, 1)]


@lru_cache(4096)
def _explain(fn: Callable, signature: Any) -> Type:
    axes = list(_axes(signature))
    names = list(dict.fromkeys(axis.name for axis in axes if isinstance(axis, Dim)))
    for base in _bases(names, {axis for axis in axes if isinstance(axis, int) and axis > 1}):
        tried = [(lengths, _call(fn, signature, lengths, k)) for k, lengths in enumerate(base)]
        if any(result is _RAISED for _, result in tried):
            continue
        small = [{name: size for name in names} for size in (0, 1, 2)] if names else []
        small += [{**lengths, name: 1} for name in names for lengths in base[:2]]
        for k, lengths in enumerate(small):
            if not any(isinstance(a, Dim) and a.not_one and _length(a, lengths) == 1 for a in axes):
                tried.append((lengths, _call(fn, signature, lengths, k)))
        samples = [(lengths, result) for lengths, result in tried if result is not _RAISED]
        return _Explanation(fn, axes, [lengths for lengths, _ in samples]).of([result for _, result in samples])
    return UNKNOWN


_RAISED = object()


def _call(fn: Callable, signature: Any, lengths: Lengths, seed: int) -> Any:
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            args, kwargs = _sample(signature, lengths, seed)
            return fn(*args, **kwargs)
    except Exception:
        return _RAISED


def _sample(signature: Any, lengths: Lengths, seed: int) -> Any:
    """Arguments of this signature with these lengths; what is not in the types varies with the seed."""
    if isinstance(signature, _Known):
        return signature.value
    if isinstance(signature, _Node):
        items = [_sample(item, lengths, seed) for item in signature.items]
        if signature.cls is dict:
            return dict(zip(signature.keys, items, strict=True))
        return slice(*items) if signature.cls is slice else signature.cls(items)
    if isinstance(signature, PyScalar):
        if signature.dim is not None:
            return _length(signature.dim, lengths)
        return {"b": seed % 2 == 0, "i": (2, 3, 1)[seed % 3], "f": (0.4, 0.7, 0.55)[seed % 3], "c": 0.4 + 0.3j}[
            signature.kind
        ]
    if isinstance(signature, NpScalar):
        return signature.dtype.type({"b": 1, "i": 2, "u": 2}.get(signature.dtype.kind, 0.4 + 0.1 * (seed % 3)))
    if isinstance(signature, List):
        return [_sample(signature.item, lengths, seed)] * (4, 3, 6)[seed % 3]
    return _sample_array(signature.dtype, tuple([_length(axis, lengths) for axis in signature.shape]), seed)


def _sample_array(dtype: np.dtype, shape: tuple[int, ...], seed: int) -> np.ndarray:
    size = math.prod(shape)
    steps = np.arange(size)
    if dtype.kind == "b":
        return ((steps + seed) % 2 == 0).reshape(shape)
    if dtype.kind in "iu":
        # In order, as bins are, and in range where they index an axis.
        return (3 * steps // max(size, 1) if shape else np.array([1 + seed % 2])).astype(dtype).reshape(shape)
    x = (0.1 + (steps + 1) / (size + 2 + seed)).reshape(shape)
    if len(shape) >= 2 and shape[-1] == shape[-2]:
        x = (x + x.swapaxes(-1, -2)) / 2 + 2 * shape[-1] * np.eye(shape[-1])
    return (x * (1 + 0.1j) if dtype.kind == "c" else x).astype(dtype)


class _Explanation:
    """What all samples have in common."""

    def __init__(self, fn: Callable, axes: list[Axis], samples: list[Lengths]):
        self.fn = fn
        name = fn.__name__
        self.lengths_vary = name in _VALUE_LENGTHS
        self.dtype_varies = name in _VALUE_DTYPES
        self.never_one = {axis.name for axis in axes if isinstance(axis, Dim) and axis.not_one and not axis.offset}
        self.vectors = {
            name: [lengths[name] for lengths in samples]
            for name in dict.fromkeys(axis.name for axis in axes if isinstance(axis, Dim))
        }

    def of(self, results: list[Any]) -> Type:
        first = results[0]
        if all(isinstance(result, (tuple, list)) for result in results):
            return self._of_sequences(results)
        if any(type(result) is not type(first) for result in results):
            return UNKNOWN
        if type(first) is np.ndarray:
            return self._of_arrays(results)
        return self._of_others(results)

    def _of_sequences(self, results: list[Any]) -> Type:
        if any(isinstance(result, list) != isinstance(results[0], list) for result in results):
            return UNKNOWN
        counts = {len(result) for result in results}
        if len(counts) == 1 and self.fn is not np.ndarray.tolist:
            return Tuple(tuple([self.of(list(items)) for items in zip(*results, strict=True)]))
        if not isinstance(results[0], list) or 0 in counts:
            return UNKNOWN
        items = [self.of([result[min(k, len(result) - 1)] for result in results]) for k in range(max(counts))]
        common = items[0]
        for item in items:
            common = join(common, item, "item")
        return List(common)

    def _of_arrays(self, results: list[np.ndarray]) -> Type:
        kinds = {result.dtype for result in results}
        dtype = results[0].dtype if len(kinds) == 1 and not self.dtype_varies else None
        if any(kind.kind not in "biufc" for kind in kinds):
            return UNKNOWN
        if len({result.ndim for result in results}) != 1:
            return Array(dtype, None)
        return Array(
            dtype, tuple([self._axis(list(vector)) for vector in zip(*[r.shape for r in results], strict=True)])
        )

    def _axis(self, vector: list[int]) -> Axis:
        if self.lengths_vary:
            return Dim("")
        if len(set(vector)) == 1:
            return vector[0]
        found = []
        for name, base in self.vectors.items():
            offset = vector[0] - base[0]
            if abs(offset) <= 16 and all(n == max(0, m + offset) for n, m in zip(vector, base, strict=True)):
                found.append(Dim(name, offset, offset == 0 and name in self.never_one))
        return min(found, key=lambda dim: (abs(dim.offset), not dim.not_one)) if found else Dim("")

    def _of_others(self, results: list[Any]) -> Type:
        first = results[0]
        simple = {bool: BOOL, int: INT, float: FLOAT, complex: COMPLEX, str: STR, type(None): NONE}.get(type(first))
        if simple is not None:
            return simple
        if isinstance(first, np.dtype):
            return Opaque(np.dtype)
        if isinstance(first, np.generic) and first.dtype.kind in "biufc" and not self.dtype_varies:
            return NpScalar(first.dtype)
        return UNKNOWN
