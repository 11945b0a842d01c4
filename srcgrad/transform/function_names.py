"""Names of the functions of one piece of generated code."""

from __future__ import annotations

from srcgrad.ir.nodes import Function


def name_apart(functions: list[Function], taken: set[str]) -> None:
    """Gives every function a name of its own."""
    for function in functions:
        name, k = function.name, 1
        while name in taken:
            stem, _, suffix = function.name.rpartition("_")
            name, k = (f"{stem}_{k}_{suffix}" if suffix in ("fwd", "rev") and stem else f"{function.name}_{k}"), k + 1
        taken.add(name)
        function.name = name
