"""Runs what is made for Numba as plain Python, so that it is tested without Numba, and without the time that takes."""

from __future__ import annotations

import dataclasses
import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from unittest import mock

from srcgrad import api, products
from srcgrad.backend import numba_target, twins
from srcgrad.backend.compile import load


def load_plain(
    emitted: Any, names: list[str], module: str, hint: str, known: dict[str, Any], cached: bool
) -> dict[str, Any]:
    """Loads generated code without the decorators of Numba."""
    header = re.sub(r"^from numba import .*\n?", "", emitted.header, flags=re.MULTILINE).strip()
    functions = re.sub(r"^@njit\w*\(.*\)\n", "", emitted.functions, flags=re.MULTILINE)
    return load(dataclasses.replace(emitted, header=header, functions=functions, spans=[]), module, hint, known)


@contextmanager
def without_numba() -> Iterator[None]:
    """Where `jit=True` makes the code for Numba, and runs it in Python."""
    with (
        mock.patch.object(numba_target, "load_compiled", load_plain),
        mock.patch.object(api, "check_installed", lambda: None),
        mock.patch.object(products, "check_installed", lambda: None),
        # What was made of a function is not for those who want it compiled, nor the other way round.
        mock.patch.object(twins, "_shared", OrderedDict()),
        mock.patch.object(twins, "_pools", OrderedDict()),
    ):
        yield


def is_exact() -> bool:
    """Whether the same code gives the same to the last bit when it is called again.

    Vector math does not: where arrays lie close to each other in memory, compiled loops call the functions for one
    number in place of those for several, and the two may differ in the last place.
    """
    if numba_target.load_compiled is load_plain:
        return True
    return not import_module("srcgrad.backend.vector_math").is_available()
