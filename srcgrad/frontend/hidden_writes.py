"""What writes to its argument, or shows its memory, where no rule says so: it is refused."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np

from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Symbol
from srcgrad.ir.nodes import Const
from srcgrad.rules.registry import display_name, has_rule, hashable

_UPDATES = "iadd isub imul imatmul itruediv ifloordiv imod ipow ilshift irshift iand ixor ior setitem delitem"
_METHODS = [*[f"__{name}__" for name in _UPDATES.split()], "setfield", "getfield", "setflags", "byteswap"]
_HIDDEN = {getattr(cls, name) for cls in (np.ndarray, list, dict, set) for name in _METHODS if hasattr(cls, name)} | {
    *(np.frombuffer, np.from_dlpack, np.lib.stride_tricks.as_strided, np.ctypeslib.as_array, memoryview),
}
"""What does by name what operators do, or shows the memory of an array."""


def refuse_overwriting(lo: Lowering, fn: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> None:
    """Refuses what hides a write, and what lets a function of SciPy write to its arguments: `overwrite_a=True`."""
    if hashable(fn) and fn in _HIDDEN and not has_rule(fn):
        what = f"{display_name(fn)} may write to its argument, or shows its memory"
        lo.unsupported(what, "use operators and indices")
    places = _overwriting(fn) if (getattr(fn, "__module__", None) or "").startswith("scipy.") else ()
    for place, name in places:
        given = kwargs.get(name, args[place] if place < len(args) else Const(False))
        if not isinstance(given, Const) or given.value:
            lo.unsupported(f"{display_name(fn)} with {name}= may write to its argument", f"leave {name} out")


@functools.cache
def _overwriting(fn: Any) -> tuple[tuple[int, str], ...]:
    try:
        names = list(inspect.signature(fn).parameters)
    except (TypeError, ValueError):
        return ()
    return tuple([(k, name) for k, name in enumerate(names) if name.startswith("overwrite_")])
