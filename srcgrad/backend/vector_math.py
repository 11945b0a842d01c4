"""Vector math under Numba: calls of `exp`, `sin` and the like that LLVM makes vector calls of.

LLVM's loop vectoriser looks at the attribute `vector-function-abi-variant` of a call for functions that do the same for
several numbers at a time. The C library of Linux on x86-64 has them, in `libmvec`, accurate to 4 units in the last
place. Where it has not, or the option is off, the calls are of NumPy's functions.

Importing this module needs Numba. It changes nothing for other users of Numba in the process.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from srcgrad.jit.vector_functions import C_NAMES

SWITCH = "SRCGRAD_VECTOR_MATH"
"""The environment variable that turns vector math off, if it is 0."""
_LIBRARY = "libmvec.so.1"
_LANES = {"d": ((2, "b"), (4, "d"), (8, "e")), "f": ((4, "b"), (8, "d"), (16, "e"))}
"""How many numbers the vectors of SSE, AVX2 and AVX-512 hold, with the letter for them in names."""
_KEPT = "llvm.compiler.used"


def is_available() -> bool:
    """Whether the C library has vector functions, and they are not turned off."""
    if os.environ.get(SWITCH, "1") == "0" or not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        return False
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        return False
    return all(hasattr(library, f"_ZGVdN4{'v' * _arity(fn)}_{name}") for fn, name in C_NAMES.items())


def _arity(fn: Callable[..., Any]) -> int:
    return int(getattr(np, fn.__name__).nin)


def register() -> bool:
    """Tells Numba what to compile for the vector functions; whether these are calls of vector functions."""
    available = is_available()
    if available:
        # Code from the cache needs the symbols too.
        llvm.load_library_permanently(_LIBRARY)
        llvm.load_library_permanently("libm.so.6")
    for fn, name in C_NAMES.items():
        implement = _vectorised if available else _plain
        overload(fn, strict=False)(implement(fn, name))
    return available


def _plain(fn: Callable[..., Any], name: str) -> Callable[..., Any]:
    ufunc = getattr(np, fn.__name__)
    if ufunc.nin == 2:
        return lambda x, y: lambda x, y: ufunc(x, y)
    return lambda x: lambda x: ufunc(x)


def _vectorised(fn: Callable[..., Any], name: str) -> Callable[..., Any]:
    """What is compiled for floats: a call that can be made one of a vector function."""
    double, single = (_call_of(name, _arity(fn), letter) for letter in "df")
    calls = {types.float64: double, types.float32: single}
    ufunc = getattr(np, fn.__name__)
    if _arity(fn) == 2:

        def of_two(x: Any, y: Any) -> Any:
            call = calls.get(x) if x == y else None
            return (lambda x, y: ufunc(x, y)) if call is None else (lambda x, y: call(x, y))

        return of_two

    def of_one(x: Any) -> Any:
        call = calls.get(x)
        return (lambda x: ufunc(x)) if call is None else (lambda x: call(x))

    return of_one


def _call_of(name: str, arity: int, letter: str) -> Any:
    """The intrinsic that calls a function of the C library for numbers of one precision."""
    number = types.float64 if letter == "d" else types.float32
    symbol = name if letter == "d" else f"{name}f"

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call(builder, symbol, args, ir.DoubleType() if letter == "d" else ir.FloatType(), _LANES[letter])

    if arity == 2:

        @intrinsic
        def call_of_two(typing_context: Any, x: Any, y: Any) -> Any:
            return number(number, number), codegen

        return call_of_two

    @intrinsic
    def call_of_one(typing_context: Any, x: Any) -> Any:
        return number(number), codegen

    return call_of_one


def _call(builder: Any, symbol: str, args: Any, number: Any, lanes: tuple[tuple[int, str], ...]) -> Any:
    module = builder.module
    marks = "v" * len(args)
    kept = module.__dict__.setdefault("srcgrad_kept", [])
    for count, isa in lanes:
        variant = f"_ZGV{isa}N{count}{marks}_{symbol}"
        if variant not in module.globals:
            vector = ir.VectorType(number, count)
            kept.append(ir.Function(module, ir.FunctionType(vector, [vector] * len(args)), variant))
    _keep_alive(module, kept)
    plain = module.globals.get(symbol) or ir.Function(module, ir.FunctionType(number, [number] * len(args)), symbol)
    call = builder.call(plain, args)
    rows = [f"_ZGV_LLVM_N{n}{marks}_{symbol}(_ZGV{isa}N{n}{marks}_{symbol})" for n, isa in lanes]
    mapping = f'"vector-function-abi-variant"="{",".join(rows)}"'
    for attribute in (mapping, "memory(none)", "nounwind", "willreturn"):
        # llvmlite knows few attributes by name.
        set.add(call.attributes, attribute)
    return call


def _keep_alive(module: Any, functions: list[Any]) -> None:
    """Lists functions as used, or the linker drops declarations that nothing calls yet."""
    if module.globals.pop(_KEPT, None) is not None:
        module.scope._useset.discard(_KEPT)
    array = ir.ArrayType(ir.PointerType(), len(functions))
    used = ir.GlobalVariable(module, array, _KEPT)
    used.linkage, used.section = "appending", "llvm.metadata"
    used.initializer = ir.Constant(array, [f.bitcast(ir.PointerType()) for f in functions])
