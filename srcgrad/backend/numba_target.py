"""Generated code under Numba: compiled when it is first called, its errors told in the user's terms."""

from __future__ import annotations

import functools
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from types import ModuleType
from typing import Any

from srcgrad.backend.cache import stored
from srcgrad.backend.compile import load
from srcgrad.backend.emit import Decorator, Emitted
from srcgrad.errors import MissingPackageError, NotJitableError, Span, SrcgradError
from srcgrad.ir.nodes import For, Function, walk
from srcgrad.ir.types import Array, List, NpScalar, PyScalar, Type


def decorator(function: Function, bounds: bool) -> Decorator:
    """What stands above a compiled function.

    Args:
        function: the function.
        bounds: whether subscripts have to raise Python's `IndexError`.
    """
    options: list[tuple[str, str | tuple[str, str]]] = [("error_model", '"numpy"')]
    if bounds:
        options.append(("boundscheck", "True"))
    if any(isinstance(op, For) and op.parallel for op in walk(function.body)):
        options.append(("parallel", ("srcgrad.jit.helpers", "PRANGE_ONLY")))
    return Decorator("numba", "njit", tuple(options))


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
    _teach()


@functools.cache
def _teach() -> None:
    import_module("srcgrad.backend.numba_helpers")
    import_module("srcgrad.backend.numba_lists")
    import_module("srcgrad.backend.numba_products")
    import_module("srcgrad.backend.vector_math").register()


def _teach_special_functions(values: Iterable[Any]) -> None:
    """Teaches Numba those functions of SciPy that are among some values."""
    if "scipy.special" in sys.modules:
        import_module("srcgrad.backend.special_math").declare(values)


def load_compiled(
    emitted: Emitted, names: list[str], module: str, hint: str, known: dict[str, Any], cached: bool
) -> dict[str, Callable[..., Any]]:
    """Loads generated code of which Numba compiles some functions.

    Args:
        emitted: the code.
        names: the functions that Numba compiles.
        module: the module name that the others report.
        hint: part of the name under which tracebacks show the text.
        known: the user's names that the code refers to.
        cached: whether the code comes from the cache, and is kept there, if that can be done.
    """
    path = stored(emitted.source, names[-1]) if cached and _stands_alone(emitted) else None
    if path is not None:
        # Numba looks for the module by its name.
        sys.modules[path.stem] = loaded_into = ModuleType(path.stem)
        loaded_into.__file__ = module = str(path)
        module = path.stem
    loaded = load(emitted, module, hint, known, str(path) if path is not None else None)
    _teach_special_functions(loaded[names[0]].py_func.__globals__.values())
    for name in names:
        if path is not None:
            _keep(loaded[name], emitted)
        attend(loaded[name], emitted)
    return loaded


def _stands_alone(emitted: Emitted) -> bool:
    """Whether the text imports all that it uses."""
    bound = set(re.findall(r"\b(\w+)(?=,|$)", emitted.header, flags=re.MULTILINE))
    return all(name in bound for name in emitted.namespace)


def _keep(function: Any, emitted: Emitted) -> None:
    """Lets Numba keep the machine code of a function, once it is known to compute what NumPy does."""
    try:
        function.enable_caching()
    except RuntimeError:
        # Numba finds no place for it.
        return
    cache = function._cache
    save = cache.save_overload

    def save_overload(signature: Any, result: Any) -> None:
        check_kinds([result], emitted.kinds.get(function.py_func.__name__, {}))
        save(signature, result)

    cache.save_overload = save_overload


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
        except SrcgradError:
            raise
        except Exception as error:
            if not isinstance(function._cache, numba.core.caching.NullCache):
                # Perhaps it is the files: then there is no cache.
                function._cache = numba.core.caching.NullCache()
                return compile_for_args(*args, **kwargs)
            # Numba reports in many ways that there is something it does not know.
            what = str(error).splitlines()[:1] or [type(error).__name__]
            raise NotJitableError(f"Numba can't compile this: {what[0]}", spans[0] if spans else None) from error

        check_kinds(function.overloads.values(), emitted.kinds.get(function.py_func.__name__, {}))
        return compiled

    function._compile_for_args = compile_for_args


def check_kinds(results: Iterable[Any], kinds: dict[str, set[Type]]) -> None:
    """Refuses what Numba computes in another precision than NumPy does: nobody would notice.

    Raises:
        NotJitableError: which says which variable it is.
    """
    for result in results:
        typemap = getattr(result.type_annotation, "typemap", None) or {}
        for variable, found in typemap.items():
            name = variable.partition(".")[0]
            dtype = str(getattr(found, "dtype", found))
            if dtype in _FLOATING and name in kinds and not any(_agrees(t, dtype) for t in kinds[name]):
                expected = ", ".join(sorted(map(str, kinds[name])))
                raise NotJitableError(f"Numba computes {name} as {dtype}, where NumPy computes {expected}")
            if type(found).__name__ in _LISTS and dtype in _WHOLE and all(map(_holds_floats, kinds.get(name, [0]))):
                raise NotJitableError(f"Numba makes {name} a list of whole numbers, where Python has one of floats")


_FLOATING = ("float32", "float64", "complex64", "complex128")
_WHOLE = ("int32", "int64", "bool")
_LISTS = ("List", "ListType")


def _holds_floats(t: Any) -> bool:
    item = t.item if isinstance(t, List) else None
    return (isinstance(item, PyScalar) and item.kind == "f") or (isinstance(item, NpScalar) and item.dtype.kind == "f")


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


def type_inside(find: Callable[[tuple], tuple[Any, bool]], name: str) -> tuple[Any, Any]:
    """The type that Numba gives to a gradient that compiled functions call, and the object behind it."""
    check_installed()
    inside = import_module("srcgrad.backend.numba_inside").Inside(find, name)
    return import_module("numba").types.Dispatcher(inside), inside
