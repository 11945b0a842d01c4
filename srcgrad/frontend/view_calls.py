"""Calls that give a view, their argument or a copy as other arguments say: each becomes the call that says which."""

from __future__ import annotations

import inspect
import operator
from typing import Any

import numpy as np

from srcgrad.frontend.handlers import handles
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Sequence, Symbol, constant
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Array, is_numeric, is_scalar, rank
from srcgrad.rules.registry import methods

_COPY = 4
"""The place of `copy` among the arguments of `astype`, that of the array not counted."""


def _primitive(lo: Lowering, fn: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    from srcgrad.frontend.calls import primitive

    return primitive(lo, fn, args, kwargs)


@handles(np.array)
def _array(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """`np.array(x, copy=False)` is `np.asarray(x, copy=False)`."""
    copy = kwargs.get("copy", Const(True))
    if isinstance(copy, Const) and copy.value:
        return _primitive(lo, np.array, args, kwargs)
    if not isinstance(copy, Const) or not kwargs.keys() <= {"copy", "dtype", "order"}:
        lo.unsupported("whether np.array makes a copy here is not known", "use np.asarray, or leave copy= out")
    return _primitive(lo, np.asarray, args, kwargs)


@handles(np.ndarray.astype, *([np.astype] if hasattr(np, "astype") else []))
def _astype(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """`x.astype(t, copy=False)` is `np.asarray(x, t)`."""
    x, *others = args
    if len(others) > _COPY:
        others, kwargs = others[:_COPY], {**kwargs, "copy": others[_COPY]}
    copy = kwargs.get("copy", Const(True))
    is_array = isinstance(x, Value) and not (is_numeric(x.type) and not isinstance(x.type, Array))
    if not is_array or (isinstance(copy, Const) and copy.value):
        return _primitive(lo, np.ndarray.astype, [x, *others], kwargs)
    names = dict(zip(("dtype", "order"), others, strict=False)) | {k: v for k, v in kwargs.items() if k != "copy"}
    if not isinstance(copy, Const) or len(others) > 2 or not names.keys() <= {"dtype", "order"}:
        lo.unsupported("whether astype makes a copy here is not known", "use np.asarray, or leave copy= out")
    order = names.pop("order", Const("K"))
    return _primitive(lo, np.asarray, [x], names if constant(order) == "K" else {**names, "order": order})


@handles(np.ndarray.view)
def _view(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """`x.view()` is `x[...]`; with a type it reads the same bytes as something else."""
    for given in (*args[1:], *kwargs.values()):
        if isinstance(given, Const) and isinstance(given.value, type) and issubclass(given.value, np.ndarray):
            return _primitive(lo, given.value, args[:1], {})
    if len(args) > 1 or kwargs:
        return _primitive(lo, np.ndarray.view, args, kwargs)
    if isinstance(args[0], Value) and is_scalar(args[0].type):
        # It owns what it is, and nothing can be written there.
        return args[0]
    return lo.emit(operator.getitem, args[0], Const(Ellipsis))


def _unstack(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """`np.unstack(x)` is `tuple(x)`."""
    axis = kwargs.get("axis", Const(0))
    return lo.call(
        Const(tuple), [args[0] if constant(axis) == 0 else lo.emit(np.moveaxis, args[0], axis, Const(0))], {}
    )


if hasattr(np, "unstack"):  # NumPy 2.1
    handles(np.unstack)(_unstack)


@handles(np.ndarray.clip)
def _clip(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """`x.clip(low)` has no upper limit, where `np.clip` asks for both."""
    return _clip_between(lo, args, kwargs, ("min", "max"))


@handles(np.clip)
def _clip_function(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """The limits of `np.clip` have two names each since NumPy 2.1; by the new ones either may be left out."""
    if len(args) == 1 and kwargs.keys().isdisjoint(_LIMITS) and "min" in inspect.signature(np.clip).parameters:
        return _clip_between(lo, args, kwargs, ("min", "max"))
    if kwargs.keys() >= set(_LIMITS[len(args) - 1 :]):
        return _clip_between(lo, args, kwargs, _LIMITS)
    return _primitive(lo, np.clip, args, kwargs)


_LIMITS = ("a_min", "a_max")


def _clip_between(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol], names: tuple[str, str]) -> Symbol:
    x, *limits = args
    limits += [kwargs[name] if name in kwargs else Const(None) for name in names[len(limits) :]]
    return _primitive(lo, np.clip, [x, *limits], {k: v for k, v in kwargs.items() if k not in names})


@handles(np.ndarray.conj, np.ndarray.conjugate)
def _conjugate(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """The method returns a real array as it is, where the function makes a new one."""
    x, *others = args
    if (
        kwargs
        or any(constant(arg) is not None for arg in others)
        or not isinstance(x, Value)
        or (is_numeric(x.type) and not isinstance(x.type, Array))
    ):
        return _primitive(lo, np.conjugate, args, kwargs)
    dtype = getattr(x.type, "dtype", None)
    if dtype is None:
        lo.unsupported("whether .conj() returns the array itself or a new one is not known here", "use np.conj(x)")
    return _primitive(lo, np.conjugate, args, kwargs) if dtype.kind == "c" else x


def _each_by_itself(fn: Any) -> Any:
    """`np.atleast_1d(x, y)` is `np.atleast_1d(x), np.atleast_1d(y)`: each may be a view of its own argument."""

    def handler(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        if len(args) == 1:
            return _primitive(lo, fn, args, kwargs)
        return Sequence(tuple([_primitive(lo, fn, [arg], kwargs) for arg in args]))

    return handler


for _fn in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    handles(_fn)(_each_by_itself(_fn))


@handles(np.ix_)
def _ix(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if any(isinstance(x, Value) and isinstance(x.type, Array) and x.type.differentiable for x in args):
        lo.unsupported("np.ix_ of floats has no derivative", "use x[:, None]")
    return _primitive(lo, np.ix_, args, kwargs)


@handles(np.einsum)
def _einsum(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """`np.einsum("ij->ji", x)` is a view: `np.transpose(x, (1, 0))`."""
    text = constant(args[0])
    x = args[1] if len(args) == 2 and isinstance(text, str) and not kwargs else None
    given, arrow, result = (text if isinstance(text, str) else "").replace(" ", "").partition("->")
    result = result if arrow else "".join(sorted(given))
    permutes = len(set(given)) == len(given) and sorted(given) == sorted(result) and given.isalpha()
    if isinstance(x, Value) and isinstance(x.type, Array) and permutes and rank(x.type) == len(given):
        return lo.emit(np.transpose, x, Sequence(tuple([Const(given.index(c)) for c in result])))
    return _primitive(lo, np.einsum, args, kwargs)


methods(view=np.ndarray.view)
