"""Elementary functions that LLVM can vectorise: glibc's libmvec for hand-written Numba loops.

Where Numba or libmvec is missing they are the functions of `math`. Their values are good to 4 units in the last place.

A call in LLVM's intermediate code that carries the attribute `vector-function-abi-variant` may be replaced by one of
the vector functions it names when the loop around it is vectorised.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any

from benchmarks.compiled import HAS_NUMBA

_LANES = ((2, "b"), (4, "d"), (8, "e"))
"""Elements of a vector, and the letter of the instruction set: SSE, AVX2, AVX-512."""


def _libmvec() -> bool:
    try:
        ctypes.CDLL("libmvec.so.1")
    except OSError:
        return False
    return True


HAS_LIBMVEC = HAS_NUMBA and _libmvec()


def _vectorisable(name: str) -> Callable[..., Any]:
    """A function of `math` as an intrinsic of Numba."""
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def call(typing_context, x):
        def generate(context, builder, signature, args):
            module, double = builder.module, ir.DoubleType()
            kept = module.__dict__.setdefault("kept_variants", [])
            for lanes, letter in _LANES:
                variant = f"_ZGV{letter}N{lanes}v_{name}"
                if variant not in module.globals:
                    vector = ir.VectorType(double, lanes)
                    kept.append(ir.Function(module, ir.FunctionType(vector, [vector]), variant))
            _keep(module, kept)
            function = module.globals.get(name) or ir.Function(module, ir.FunctionType(double, [double]), name)
            result = builder.call(function, args)
            mapping = ",".join(f"_ZGV_LLVM_N{n}v_{name}(_ZGV{letter}N{n}v_{name})" for n, letter in _LANES)
            for attribute in (f'"vector-function-abi-variant"="{mapping}"', "memory(none)", "nounwind", "willreturn"):
                # llvmlite's own `add` knows a fixed list of attributes.
                set.add(result.attributes, attribute)
            return result

        return types.float64(types.float64), generate

    call.py_func = getattr(math, name)
    return call


def _keep(module: Any, functions: list[Any]) -> None:
    """List the functions as used, or the linker drops the declarations before the vectoriser wants them."""
    from llvmlite import ir

    if module.globals.pop("llvm.compiler.used", None) is not None:
        module.scope._useset.discard("llvm.compiler.used")
    pointer = ir.PointerType()
    array = ir.ArrayType(pointer, len(functions))
    used = ir.GlobalVariable(module, array, "llvm.compiler.used")
    used.linkage, used.section = "appending", "llvm.metadata"
    used.initializer = ir.Constant(array, [function.bitcast(pointer) for function in functions])


if HAS_LIBMVEC:
    import llvmlite.binding

    for _library in ("libmvec.so.1", "libm.so.6"):
        llvmlite.binding.load_library_permanently(_library)
    exp, log, sin, cos, tanh = map(_vectorisable, ("exp", "log", "sin", "cos", "tanh"))
else:
    exp, log, sin, cos, tanh = math.exp, math.log, math.sin, math.cos, math.tanh
