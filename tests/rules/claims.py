"""Holds claims of result types against what NumPy returns for real arguments of many lengths."""

from __future__ import annotations

import itertools
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import (
    F8,
    Array,
    Dim,
    List,
    NpScalar,
    Opaque,
    PyScalar,
    Tuple,
    Type,
    Unknown,
)
from srcgrad.rules.result_types import result_type

LENGTHS = (0, 1, 2, 3, 5)
F4, I8, B1, C16 = (np.dtype(name) for name in ("f4", "i8", "?", "c16"))


@dataclass
class Run:
    """One run: what each symbol turned out to be, so that equal names can be held against each other."""

    symbols: dict[tuple[str, int], int]

    def axis(self, claim: int | Dim, length: int, what: str) -> None:
        if isinstance(claim, int):
            assert claim == length, f"{what}: literal {claim}, really {length}"
            return
        assert not (claim.not_one and length == 1), f"{what}: {claim} is 1"
        known = self.symbols.setdefault((claim.name, claim.offset), length)
        assert known == length, f"{what}: {claim} is {known} and {length}"
        base = self.symbols.get((claim.name, 0))
        if base is not None:
            assert length == max(0, base + claim.offset), f"{what}: {claim} is {length} where {claim.name} is {base}"

    def value(self, claim: Type, real: Any, what: str) -> None:
        """Holds a claim against a real value."""
        if isinstance(claim, Unknown):
            return
        if isinstance(claim, Array):
            assert type(real) is np.ndarray, f"{what}: claimed {claim}, really {type(real)}"
            assert claim.dtype is None or claim.dtype is real.dtype, f"{what}: claimed {claim}, really {real.dtype}"
            if claim.shape is not None:
                assert len(claim.shape) == real.ndim, f"{what}: claimed {claim}, really {real.shape}"
                for axis, length in zip(claim.shape, real.shape, strict=True):
                    self.axis(axis, length, what)
        elif isinstance(claim, NpScalar):
            assert isinstance(real, np.generic), f"{what}: claimed {claim}, really {type(real)}"
            assert claim.dtype is real.dtype, f"{what}: claimed {claim}, really {real.dtype}"
        elif isinstance(claim, PyScalar):
            cls = {"b": bool, "i": int, "f": float, "c": complex}[claim.kind]
            assert type(real) is cls, f"{what}: claimed {claim}, really {type(real)}"
            if claim.dim is not None:
                self.axis(claim.dim, max(0, real), what)
        elif isinstance(claim, Tuple):
            assert isinstance(real, (tuple, list)) and len(real) == len(claim.items), f"{what}: claimed {claim}"
            for item, part in zip(claim.items, real, strict=True):
                self.value(item, part, what)
        elif isinstance(claim, List):
            assert isinstance(real, list), f"{what}: claimed {claim}"
        elif isinstance(claim, Opaque):
            assert isinstance(real, claim.cls), f"{what}: claimed {claim}, really {type(real)}"
        else:
            raise AssertionError(f"{what}: no check for {claim}")


_SYMBOLS = {"n": Dim("n"), "m": Dim("m"), "k": Dim("k", 0, True), "n-1": Dim("n", -1), "n+1": Dim("n", 1)}
_DTYPES = {"f8": F8, "f4": F4, "i8": I8, "b1": B1, "c16": C16}


def v(text: str) -> Value:
    """A value from its type: `float`, `f4` (a NumPy scalar), `f4[]` (0-d), `f8[n,3]`, `len(n)`; `k` is never one."""
    if text in ("bool", "int", "float", "complex"):
        return Value(PyScalar(text[0]))
    if text.startswith("len("):
        return Value(PyScalar("i", _SYMBOLS[text[4:-1]]))
    dtype, bracket, axes = text.partition("[")
    if not bracket:
        return Value(NpScalar(_DTYPES[dtype]))
    shape = tuple(int(a) if a.isdigit() else _SYMBOLS[a] for a in axes[:-1].split(",") if a)
    return Value(Array(_DTYPES[dtype], shape))


def real(t: Type, lengths: dict[str, int]) -> Any:
    """A real value of a type."""

    def axis(a: int | Dim) -> int:
        return a if isinstance(a, int) else max(0, lengths[a.name] + a.offset)

    if isinstance(t, PyScalar):
        if t.dim is not None:
            # `len(x) - 1` is negative for an empty x.
            return t.dim if isinstance(t.dim, int) else lengths[t.dim.name] + t.dim.offset
        return {"b": True, "i": 2, "f": 0.5, "c": 0.5 + 0.5j}[t.kind]
    if isinstance(t, NpScalar):
        return t.dtype.type(1)
    if isinstance(t, Tuple):
        return tuple(real(item, lengths) for item in t.items)
    assert isinstance(t, Array) and t.shape is not None and t.dtype is not None
    shape = tuple(axis(a) for a in t.shape)
    size = math.prod(shape)
    if t.dtype.kind == "i":
        return (np.arange(size) % 2).reshape(shape)
    if t.dtype.kind == "b":
        return (np.arange(size) % 3 == 0).reshape(shape)
    x = (np.cos(np.arange(size)) + 1.5).reshape(shape)
    if len(shape) > 1 and shape[-1] == shape[-2]:
        x = x + x.swapaxes(-1, -2) + 9 * np.eye(shape[-1])
    return x.astype(t.dtype)


def instance(tree: Any, lengths: dict[str, int], cache: dict[int, Any]) -> Any:
    """Real arguments for an argument tree; the same value twice is the same object."""
    if isinstance(tree, Const):
        return tree.value
    if isinstance(tree, Value):
        return cache.setdefault(tree.uid, real(tree.type, lengths))
    if isinstance(tree, slice):
        return slice(*(instance(part, lengths, cache) for part in (tree.start, tree.stop, tree.step)))
    if isinstance(tree, dict):
        return {key: instance(item, lengths, cache) for key, item in tree.items()}
    return type(tree)(instance(item, lengths, cache) for item in tree)


def tree_of(x: Any) -> Any:
    """Arguments as written in the tables below -> an argument tree."""
    if isinstance(x, Value):
        return x
    if type(x) in (tuple, list):
        return type(x)(tree_of(item) for item in x)
    if isinstance(x, dict):
        return {key: tree_of(item) for key, item in x.items()}
    if isinstance(x, slice):
        return slice(tree_of(x.start), tree_of(x.stop), tree_of(x.step))
    return Const(x)


def environments() -> list[dict[str, int]]:
    return [dict(zip("nmk", sizes, strict=True)) for sizes in itertools.product(LENGTHS, LENGTHS, (0, 3))]


def check(fn: Any, *args: Any, **kwargs: Any) -> Type:
    """Holds the claim against all real calls that succeed; at least one must."""
    return check_all([(fn, args, kwargs)])[0]


def check_all(calls: list[tuple[Any, tuple[Any, ...], dict[str, Any]]]) -> list[Type]:
    """The same for several calls at once: their claims are held against each other too."""
    trees = [(fn, tree_of(args), tree_of(kwargs)) for fn, args, kwargs in calls]
    claims = [result_type(fn, args, kwargs, f"t{k}") for k, (fn, args, kwargs) in enumerate(trees)]
    again = [result_type(fn, args, kwargs, f"t{k}") for k, (fn, args, kwargs) in enumerate(trees)]
    assert claims == again
    successes = 0
    for lengths in environments():
        run = Run({(name, 0): length for name, length in lengths.items()})
        cache: dict[int, Any] = {}
        for (fn, args, kwargs), claim in zip(trees, claims, strict=True):
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    result = fn(*instance(args, lengths, cache), **instance(kwargs, lengths, cache))
            except Exception:  # a call that raises returns nothing to be wrong about
                continue
            successes += 1
            run.value(claim, result, f"{getattr(fn, '__name__', fn)}{args}{kwargs} with {lengths}")
    assert successes, f"{calls} never succeeds"
    return claims
