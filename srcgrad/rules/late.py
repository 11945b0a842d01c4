"""Rules of libraries that need not be there, loaded when programs can refer to these libraries for the first time.

Ufuncs do not say where they come from, so what counts is that a package has been imported.
"""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

import numpy as np

from srcgrad.rules.registry import display_name, given_rules_kept, hashable

_PENDING: dict[str, tuple[str, ...]] = {
    "scipy.special": ("srcgrad.rules.of_scipy.special", "srcgrad.rules.of_scipy.softmax"),
    "scipy.linalg": ("srcgrad.rules.of_scipy.linalg", "srcgrad.rules.of_scipy.decompositions"),
    "scipy.signal": ("srcgrad.rules.of_scipy.signal",),
    "scipy.fft": ("srcgrad.rules.of_scipy.fft",),
    "scipy.integrate": ("srcgrad.rules.of_scipy.integrate",),
    "scipy.stats": ("srcgrad.rules.of_scipy.distributions",),
    "scipy.spatial.distance": ("srcgrad.rules.of_scipy.distance",),
}
"""Packages that are not known to be imported -> the modules with their rules."""
_lock = threading.RLock()


def load_rules() -> None:
    """Adds the rules of packages that have been imported since; those that users have given stay."""
    for package in list(_PENDING):
        module = sys.modules.get(package)
        if module is None or getattr(module.__spec__, "_initializing", False):
            continue
        with _lock, given_rules_kept():
            for name in _PENDING.get(package, ()):
                importlib.import_module(name)
            _PENDING.pop(package, None)


def scipy_home(value: Any) -> str | None:
    """The package of SciPy from which a function is imported."""
    if not isinstance(value, np.ufunc) and not (getattr(value, "__module__", None) or "").startswith("scipy."):
        return None
    if not callable(value) or not hashable(value):
        return None
    module, _, name = display_name(value).rpartition(".")
    if module.partition(".")[0] != "scipy" or getattr(sys.modules.get(module), name, None) is not value:
        return None
    return module
