"""How library objects are spelled: the way from a Python object back to the name a person would write for it."""

from __future__ import annotations

import builtins
import functools
import math
import warnings
from types import ModuleType
from typing import Any

import numpy as np

_PREFERRED = {"np.abs", "np.conj", "np.max", "np.min"}


def _scan(module: ModuleType, prefix: str, table: dict[int, str]) -> None:
    own: dict[int, str] = {}
    for name in dir(module):
        if name.startswith("_"):
            continue
        try:
            value = getattr(module, name)
        except AttributeError:
            continue
        if not callable(value) or id(value) in table or getattr(builtins, name, None) is value:
            continue
        dotted = f"{prefix}.{name}"
        known = own.get(id(value))
        usual = known not in _PREFERRED and getattr(value, "__name__", None) == name
        if known is None or dotted in _PREFERRED or usual:
            own[id(value)] = dotted
    table.update(own)


@functools.cache
def numpy_names() -> dict[int, str]:
    """The identity of each public NumPy function and class -> its dotted name."""
    table: dict[int, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module, prefix in ((np, "np"), (np.linalg, "np.linalg"), (np.fft, "np.fft"), (np.random, "np.random")):
            _scan(module, prefix, table)
    for scalar in (np.bool_, np.str_, np.bytes_):
        table[id(scalar)] = (
            f"np.{scalar.__name__}" if getattr(np, scalar.__name__, None) is scalar else f"np.{scalar.__name__}_"
        )
    for python_class in (bool, int, float, complex, str, bytes, object):
        table.pop(id(python_class), None)
    return table


@functools.cache
def math_names() -> dict[int, str]:
    """The identity of each function of `math` -> its dotted name."""
    return {
        id(value): f"math.{name}" for name, value in vars(math).items() if callable(value) and not name.startswith("_")
    }


def builtin_name(value: Any) -> str | None:
    """The name of a built-in function or class, None for anything else."""
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) and getattr(builtins, name, None) is value else None
