"""The names in generated code that are not its variables: modules, library functions, helpers, and bound objects."""

from __future__ import annotations

import ast
import builtins
import importlib
import math
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import numpy as np

from srcgrad.analysis.words import identifier
from srcgrad.backend.lookup import builtin_name, math_names, numpy_names
from srcgrad.backend.names import unique
from srcgrad.ir.nodes import Closed
from srcgrad.rules.late import scipy_home
from srcgrad.rules.registry import PARTIALS, VJP, has_rule, hashable

_SHARED_MODULES = (
    "srcgrad.checks",
    "srcgrad.runtime",
    "srcgrad.jit",
    "srcgrad.rules",
    "srcgrad.schedule",
    "srcgrad.errors",
)
_MODULES: dict[str, ModuleType] = {"np": np, "math": math}


_FUNCTIONS_WITH_RULES = frozenset(getattr(fn, "__name__", "") for fn in (*PARTIALS, *VJP))
"""A rule is named like its function; in generated code it gets another name."""


def _dotted(name: str) -> ast.expr:
    first, *rest = name.split(".")
    node: ast.expr = ast.Name(first, ast.Load())
    for attribute in rest:
        node = ast.Attribute(node, attribute, ast.Load())
    return node


def _import_lines(module: str, names: list[str]) -> list[str]:
    """`from module import a, b`, on as many lines as it takes."""
    lines: list[str] = []
    for name in names:
        if lines and len(lines[-1]) + len(name) < 118:
            lines[-1] += f", {name}"
        else:
            lines.append(f"from {module} import {name}")
    return lines


class Globals:
    """Gives out global names for one module of generated code.

    Attributes:
        namespace: name -> the object it stands for.
        taken: every name that no variable may have.
    """

    def __init__(self, reserved: Iterable[str]):
        self.namespace: dict[str, Any] = {}
        self.taken = set(reserved)
        self._imports: dict[str, str] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._imported: dict[str, list[str]] = {}
        self._by_identity: dict[int, ast.expr] = {}
        self._kept: list[Any] = []

    @property
    def header(self) -> str:
        """The import lines, modules first."""
        lines = sorted(self._imports.values())
        for module, names in sorted(self._imported.items()):
            lines += _import_lines(module, sorted(names))
        return "\n".join(lines)

    def module(self, name: str) -> str:
        """The name of the module `np` or `math` in the generated code."""
        full = "numpy" if name == "np" else name
        if full not in self._imports:
            bound = self._claim(name, _MODULES[name])
            self._imports[full] = f"import {full}" if bound == full else f"import {full} as {bound}"
            self._kept.append(bound)
            self._by_identity[id(_MODULES[name])] = ast.Name(bound, ast.Load())
        node = self._by_identity[id(_MODULES[name])]
        assert isinstance(node, ast.Name)
        return node.id

    def imported(self, module: str, name: str) -> str:
        """The name under which something of another package is imported: only by running the generated code."""
        known = self._names.get((module, name))
        if known is not None:
            return known
        bound = self._names[module, name] = unique(name, self.taken)
        self.taken.add(bound)
        self._imported.setdefault(module, []).append(name if bound == name else f"{name} as {bound}")
        return bound

    def builtin(self, name: str) -> ast.expr:
        """A built-in function or class."""
        return self.reference(getattr(builtins, name))

    def attribute(self, dotted: str) -> ast.expr:
        """Something in NumPy or math, by its usual dotted name."""
        module, _, rest = dotted.partition(".")
        return _dotted(f"{self.module(module)}.{rest}")

    def reference(self, value: Any) -> ast.expr:
        """An expression for a function, class or other object."""
        if isinstance(value, Closed):
            return ast.Name(value.function.name, ast.Load())
        known = self._by_identity.get(id(value))
        if known is None:
            known = self._by_identity[id(value)] = self._find(value)
            self._kept.append(value)
        return known

    def _claim(self, base: str, value: Any) -> str:
        name = unique(base, self.taken)
        self.taken.add(name)
        self.namespace[name] = value
        return name

    def _find(self, value: Any) -> ast.expr:
        dotted = numpy_names().get(id(value)) or math_names().get(id(value))
        if dotted is not None:
            return self.attribute(dotted)
        if isinstance(getattr(value, "__self__", None), np.ufunc):
            return ast.Attribute(self.reference(value.__self__), value.__name__, ast.Load())
        for name, module in _MODULES.items():
            if value is module:
                return ast.Name(self.module(name), ast.Load())
        own = builtin_name(value)
        if own is not None:
            return self._builtin(own, value)
        return self._bound(value)

    def _builtin(self, name: str, value: Any) -> ast.expr:
        if name not in self.taken:
            self.taken.add(name)
            return ast.Name(name, ast.Load())
        bound = self._claim(name, value)
        self._imported.setdefault("builtins", []).append(f"{name} as {bound}")
        return ast.Name(bound, ast.Load())

    def _bound(self, value: Any) -> ast.expr:
        own = getattr(value, "__name__", None)
        name = own if isinstance(own, str) else type(value).__name__.lower()
        module = getattr(value, "__module__", None) or ""
        named_alike = module.startswith("srcgrad.rules.of_scipy") or name in _FUNCTIONS_WITH_RULES
        is_rule = module.startswith("srcgrad.rules") and not (hashable(value) and has_rule(value))
        suffix = "_vjp" if is_rule and named_alike else ""
        bound = self._claim(identifier(name.rpartition(".")[2].strip("<>")) + suffix, value)
        home = scipy_home(value)
        if home is not None:
            self._imported.setdefault(home, []).append(name if bound == name else f"{name} as {bound}")
        elif module.startswith(_SHARED_MODULES) and self._importable(module, name, value):
            self._imported.setdefault(module, []).append(name if bound == name else f"{name} as {bound}")
        return ast.Name(bound, ast.Load())

    @staticmethod
    def _importable(module: str, name: str, value: Any) -> bool:
        try:
            return getattr(importlib.import_module(module), name, None) is value
        except ImportError:
            return False
