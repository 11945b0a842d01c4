"""Generated code under Numba: compiled when it is first called, its errors told in the user's terms."""

from __future__ import annotations

import re
import warnings
from importlib import import_module
from typing import Any

from srcgrad.backend.emit import Decorator, Emitted
from srcgrad.errors import MissingPackageError, NotJitableError, Span
from srcgrad.ir.types import Array, NpScalar, PyScalar, Type

DECORATOR = Decorator("numba", "njit", 'error_model="numpy", boundscheck=True')
"""What each compiled function is decorated with: NumPy's division, and Python's `IndexError`."""


def check_installed() -> None:
    """Loads Numba, and teaches it the helpers.

    Raises:
        MissingPackageError: if it is not installed.
    """
    try:
        import_module("numba")
    except ImportError as error:
        raise MissingPackageError(
            "jit=True needs Numba, which is not installed", help="pip install 'srcgrad[jit]'"
        ) from error
    import_module("srcgrad.backend.numba_helpers")


def attend(function: Any, emitted: Emitted) -> None:
    """Lets a compiled function of generated code report what can't be compiled at the user's line."""
    compile_for = function._compile_for_args
    filename = function.py_func.__code__.co_filename
    numba = import_module("numba")
    spans = [span for span in emitted.places if span is not None]

    def compile_for_args(*args: Any, **kwargs: Any) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", numba.NumbaWarning)
                compiled = compile_for(*args, **kwargs)
        except numba.core.errors.NumbaError as error:
            raise told(error, filename, emitted.places) from error
        except Exception as error:
            # Numba reports in many ways that there is something it does not know.
            what = str(error).splitlines()[:1] or [type(error).__name__]
            raise NotJitableError(f"Numba can't compile this: {what[0]}", spans[0] if spans else None) from error

        check_kinds(function, emitted.kinds.get(function.py_func.__name__, {}))
        return compiled

    function._compile_for_args = compile_for_args


def check_kinds(function: Any, kinds: dict[str, set[Type]]) -> None:
    """Refuses what Numba computes in another precision than NumPy does: nobody would notice.

    Raises:
        NotJitableError: which says which variable it is.
    """
    for result in function.overloads.values():
        typemap = getattr(result.type_annotation, "typemap", None) or {}
        for variable, found in typemap.items():
            name = variable.partition(".")[0]
            dtype = str(getattr(found, "dtype", found))
            if dtype in _FLOATING and name in kinds and not any(_agrees(t, dtype) for t in kinds[name]):
                expected = ", ".join(sorted(map(str, kinds[name])))
                raise NotJitableError(f"Numba computes {name} as {dtype}, where NumPy computes {expected}")


_FLOATING = ("float32", "float64", "complex64", "complex128")


def _agrees(t: Type, dtype: str) -> bool:
    """Whether values of this type may be of a dtype; for one that carries no numbers of its own, any."""
    if isinstance(t, PyScalar):
        # A cotangent of a Python float may be a number of any precision, as it is in Python.
        return t.kind == "c" or not dtype.startswith("complex")
    return not isinstance(t, (NpScalar, Array)) or t.dtype is None or str(t.dtype) == dtype


def told(error: Any, filename: str, places: list[Span | None]) -> NotJitableError:
    """An error of Numba at the user's line."""
    text = str(error)
    loc = getattr(error, "loc", None)
    numbers = [int(n) for n in re.findall(rf'File "[^"]*{re.escape(filename)}", line (\d+)', text)]
    if loc is not None and loc.filename == filename:
        numbers.insert(0, loc.line)
    span = next((places[n - 1] for n in numbers if 0 < n <= len(places) and places[n - 1] is not None), None)
    return NotJitableError(f"Numba can't compile this: {_gist(text)}", span)


_FRAMES = ("Failed in nopython", "There are", "During", "File", "Overload", "With argument", "Rejected", "raised from")


def _gist(text: str) -> str:
    """The sentence of a message that says what is wrong."""
    lines = [line.strip(" >-") for line in text.splitlines() if line.strip(" >-")]
    said = [line for line in lines if not line.startswith(_FRAMES)]
    return said[0].rstrip(".:") if said else type(text).__name__
