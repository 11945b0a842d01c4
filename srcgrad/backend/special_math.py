"""The functions of `scipy.special` under Numba: calls of the C functions that SciPy offers to Cython.

SciPy publishes them in `scipy.special.cython_special`, each with its signature, for numbers of double precision.
Machine code refers to them by names that are made known to the linker before any of it is loaded.

Importing this module needs Numba.
"""

from __future__ import annotations

import ctypes
import functools
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types, vectorize
from numba.extending import get_cython_function_address, intrinsic, overload

from srcgrad.rules.late import scipy_home

_MODULE = "scipy.special.cython_special"
_WIDE = frozenset([types.float64, types.float32, types.int64, types.uint64, types.int32, types.uint32])
"""What NumPy computes in double precision, unless all arguments are `float32`."""


def declare(values: Iterable[Any]) -> None:
    """Tells Numba, and the linker, of those of some values that are functions of `scipy.special`."""
    for value in values:
        if isinstance(value, np.ufunc) and scipy_home(value) == "scipy.special":
            _declare(value)


@functools.cache
def _declare(fn: np.ufunc) -> None:
    name = _published(fn)
    if name is None:
        return
    symbol = f"srcgrad_special_{fn.__name__}"
    llvm.add_symbol(symbol, get_cython_function_address(_MODULE, name))
    of_elements = vectorize(_with_arity(_of_numbers(symbol, fn.nin), fn.nin))

    def implement(*args: Any) -> Any:
        if all(getattr(arg, "dtype", arg) in _WIDE for arg in args):
            return _with_arity(of_elements, fn.nin)
        return None

    overload(fn, strict=False)(_with_arity(implement, fn.nin))


def _published(fn: np.ufunc) -> str | None:
    """The name under which SciPy publishes a function of so many doubles; None if it does not."""
    capsules = import_module(_MODULE).__pyx_capi__
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    wanted = f"double ({'double, ' * fn.nin}int __pyx_skip_dispatch)"
    for name, capsule in capsules.items():
        if re.fullmatch(rf"(__pyx_fuse_\d+)?{fn.__name__}", name) and name_of(capsule).decode() == wanted:
            return str(name)
    return None


def _of_numbers(symbol: str, arity: int) -> Callable[..., Any]:
    """The function of numbers: in double precision, and rounded where all arguments are `float32`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number, flag = ir.DoubleType(), ir.IntType(32)
        kind = ir.FunctionType(number, [number] * arity + [flag])
        function = builder.module.globals.get(symbol) or ir.Function(builder.module, kind, symbol)
        found = builder.call(function, [*args, flag(0)])
        return context.cast(builder, found, types.float64, signature.return_type)

    def typed(typing_context: Any, *args: Any) -> Any:
        result = types.float32 if set(args) == {types.float32} else types.float64
        return result(*[types.float64] * arity), codegen

    return intrinsic(_with_arity(typed, arity, "typing_context"))


def _with_arity(fn: Callable[..., Any], arity: int, *first: str) -> Callable[..., Any]:
    """The same with so many parameters: Numba takes no `*args`."""
    names = ", ".join([*first, *(f"x{k}" for k in range(arity))])
    scope: dict[str, Any] = {"fn": fn}
    exec(f"def called({names}):\n    return fn({names})\n", scope)
    made: Callable[..., Any] = scope["called"]
    return made
