"""Puts the text of a mutant into the running process: its functions get new code, and what was remembered is forgotten.

Nothing is imported again, and no file is changed; this happens in a child process that ends afterwards.
"""

from __future__ import annotations

import ast
import gc
import linecache
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from srcgrad import products
from srcgrad.backend import twins

from .mutation import Mutant, dotted, modules, path_of


class CannotInstall(Exception):
    """The mutant is no program, or one of another shape."""


def install(mutant: Mutant) -> None:
    """Makes the mutant part of this process."""
    if mutant.install is not None:
        mutant.install()
    else:
        assert mutant.edit is not None
        path = path_of(mutant.module)
        source = path.read_bytes()
        text = mutant.edit.applied(source)
        try:
            new = compile(text, str(path), "exec", dont_inherit=True)
        except SyntaxError as error:
            raise CannotInstall(f"{mutant}: {error}") from None
        if not replace_code(compile(source, str(path), "exec", dont_inherit=True), new):
            raise CannotInstall(f"{mutant}: the code is the same, or nothing has it")
        decoded = text.decode()
        # Rules are inlined from their source: it has to be that of the mutant.
        linecache.cache[str(path)] = (len(decoded), None, decoded.splitlines(keepends=True), str(path))
    forget(mutant.module)


def replace_code(old: CodeType, new: CodeType) -> int:
    """Gives functions that have code of the old module that of the new one; how many."""
    wanted = {a: b for a, b in code_pairs(old, new) if a != b}
    count = 0
    for function in _functions().get(old.co_filename, ()):
        code = wanted.get(function.__code__)
        if code is not None:
            try:
                function.__code__ = code
            except ValueError as error:
                raise CannotInstall(str(error)) from None
            count += 1
    return count


def code_pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Code objects that stand at the same place of two modules."""
    yield old, new
    inner_old = [c for c in old.co_consts if isinstance(c, CodeType)]
    inner_new = [c for c in new.co_consts if isinstance(c, CodeType)]
    if [c.co_name for c in inner_old] == [c.co_name for c in inner_new]:
        for a, b in zip(inner_old, inner_new, strict=True):
            yield from code_pairs(a, b)


@cache
def _functions() -> dict[str, list[FunctionType]]:
    """The functions of this process, by the file of their code."""
    found: dict[str, list[FunctionType]] = defaultdict(list)
    for thing in gc.get_objects():
        if type(thing) is FunctionType:
            found[thing.__code__.co_filename].append(thing)
    return found


def remember_functions() -> None:
    """Finds the functions once, before processes are forked."""
    _functions.cache_clear()
    _functions()
    _dependents()


def forget(module: str) -> None:
    """Empties what modules that build on this one have remembered of earlier results."""
    for name in _dependents()[dotted(module)]:
        for value in list(vars(sys.modules[name]).values()):
            clear = getattr(value, "cache_clear", None)
            if clear is not None:
                clear()
        sources = vars(sys.modules[name]).get("_SOURCES")
        if isinstance(sources, dict):
            sources.clear()
    for compiled in (products._dispatchers, twins._pools, twins._shared):
        compiled.clear()


def forget_nothing() -> None:
    """Makes functions of this process that remember results compute them each time."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "srcgrad"]:
        for value in list(vars(sys.modules[name]).values()):
            if hasattr(value, "cache_clear") and hasattr(value, "__wrapped__"):
                replaced(value, value.__wrapped__)


@cache
def _dependents() -> dict[str, frozenset[str]]:
    """For each module those that import it, directly or not, and itself."""
    imports: dict[str, set[str]] = {dotted(m): set(_imported(m)) for m in modules() if dotted(m) in sys.modules}
    result: dict[str, frozenset[str]] = {}
    for name in map(dotted, modules()):
        found, before = {name}, 0
        while len(found) != before:
            before = len(found)
            found |= {m for m, used in imports.items() if not used.isdisjoint(found)}
        result[name] = frozenset(found & set(sys.modules))
    return result


def _imported(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path_of(module).read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def replaced(old: Any, new: Any) -> None:
    """Puts another object into all modules of the package that hold this one."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "srcgrad":
            for key, value in list(vars(module).items()):
                if value is old:
                    setattr(module, key, new)
