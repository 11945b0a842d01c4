"""Generated code as files, and the types that name it there."""

from __future__ import annotations

import itertools
import os
import re
import sys
import tempfile
from typing import Any

import numpy as np

from srcgrad.backend.building import Variant
from srcgrad.errors import ArgumentError, StaleFileError, UnsupportedError
from srcgrad.frontend.kinds import SHORT
from srcgrad.frontend.sources import GlobalSource

_PYTHON_TYPES: dict[str, Any] = {"float": 1.0, "int": 1, "bool": True, "f8": 1.0, "i8": 1, "b1": True}
_TYPE = re.compile(r"\s*(\w+)\s*(?:\[([:\d,\s]*)\])?\s*")


def parse_types(text: str, name: str, parameters: tuple[str, ...]) -> tuple[Any, ...]:
    """Example arguments of the given types.

    Args:
        text: types, as in `"f8, f8[:], f4[1,:]"`: a dtype, and for an array its axes, each `:` or `1`.
        name: the function, for messages.
        parameters: its parameters.

    Example:
        >>> parse_types("f8, f4[:], i8[1,:]", "loss", ("w", "x", "k"))
        (1.0, array([1., 1., 1., 1., 1.], dtype=float32), array([[1, 1, 1, 1, 1, 1]]))
    """
    examples = tuple([_example(part) for part in _split(text)])
    if len(examples) > len(parameters):
        message = f"types={text!r} names {len(examples)} types, but {name} takes {len(parameters)} arguments"
        raise ArgumentError.of_parameters(message, name, parameters)
    return examples


def _split(text: str) -> list[str]:
    """The parts between commas that are in no brackets."""
    return re.split(r",(?![^\[]*\])", text) if text.strip() else []


def _example(text: str) -> Any:
    match = _TYPE.fullmatch(text)
    if match is None:
        raise _bad(text)
    name, axes = match.groups()
    try:
        dtype = np.dtype({"float": "f8", "int": "i8", "bool": "b1"}.get(name, name))
    except TypeError:
        raise _bad(text) from None
    if dtype.kind not in "biufc":
        raise _bad(text)
    if axes is None:
        return _PYTHON_TYPES[name] if name in _PYTHON_TYPES else dtype.type(1)
    shape = []
    for k, axis in enumerate(axes.split(",") if axes.strip() else ()):
        if axis.strip() not in (":", "1"):
            raise _bad(text)
        shape.append(1 if axis.strip() == "1" else SHORT + 1 + k)
    return np.ones(shape, dtype)


def _bad(text: str) -> ArgumentError:
    return ArgumentError(
        f"{text.strip()!r} is not a type",
        help="write a dtype and, for an array, its axes: f8, f8[:], f4[:,:], f8[1,:], i8[]",
    )


def source_text(variant: Variant, name: str) -> str:
    """Generated code as a module of its own.

    Raises:
        UnsupportedError: if it uses values that a file can't refer to.
    """
    header = "\n".join(filter(None, [variant.emitted.header, *_definitions(variant, name)]))
    return f"{header}\n\n\n{variant.emitted.functions}" if header else variant.emitted.functions


def check_text(path: Any, text: str, name: str) -> None:
    """Raises unless a file holds exactly this text.

    Raises:
        StaleFileError: which says where they differ first.
    """
    path = os.fspath(path)
    try:
        with open(path, encoding="utf-8") as file:
            found = file.read()
    except FileNotFoundError:
        raise StaleFileError(f"{path} does not exist") from None
    except UnicodeDecodeError:
        raise StaleFileError(f"{path} is not what {name} is now: it is not text in UTF-8") from None
    pairs = itertools.zip_longest(found.splitlines(), text.splitlines())
    for number, (old, new) in enumerate(pairs, 1):
        if old != new:
            reads = "is missing" if old is None else f"reads {old.strip()!r}"
            wanted = "nothing" if new is None else repr(new.strip())
            raise StaleFileError(f"{path} is not what {name} is now: line {number} {reads}, and would be {wanted}")


def write_text(path: Any, text: str) -> None:
    """Writes a file in one step."""
    folder = os.path.dirname(os.path.abspath(os.fspath(path)))
    handle, temporary = tempfile.mkstemp(suffix=".py", prefix=".srcgrad-", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _definitions(variant: Variant, name: str) -> list[str]:
    """Lines that define the user's names in the code: imports, or numbers as they are now."""
    lines = []
    for source, value in variant.captured:
        hint = value.hint or ""
        current = source.read()
        module = source.namespace.get("__name__") if isinstance(source, GlobalSource) else None
        if isinstance(source, GlobalSource) and _importable(module, source.name, source.namespace):
            lines.append(f"from {module} import {source.name}" + (f" as {hint}" if hint != source.name else ""))
        elif type(current) in (int, float, bool, complex) and current == current and abs(current) != float("inf"):
            lines.append(f"{hint} = {current!r}")
        else:
            raise _unsaveable(name, source.label)
    bound = set(re.findall(r"\b(\w+)(?:,|$)", variant.emitted.header, flags=re.MULTILINE))
    for key, obj in variant.emitted.namespace.items():
        if key in bound:
            continue
        module, own = getattr(obj, "__module__", None), getattr(obj, "__name__", "")
        if not _importable(module, own, None) or getattr(sys.modules[str(module)], own) is not obj:
            raise _unsaveable(name, key)
        lines.append(f"from {module} import {own}" + (f" as {key}" if key != own else ""))
    return sorted(lines)


def _importable(module: Any, name: str, namespace: dict[str, Any] | None) -> bool:
    found = sys.modules.get(module) if isinstance(module, str) and module != "__main__" else None
    return found is not None and hasattr(found, name) and (namespace is None or namespace is vars(found))


def _unsaveable(name: str, label: str) -> UnsupportedError:
    return UnsupportedError(
        f"{name} can't be saved: it uses {label}, which a file can't import", help=f"pass {label} as an argument"
    )
