"""Finds which tests reach which statements: blocks of statements are made to say so, for one run of the tests."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import replace
from types import CodeType, FunctionType
from typing import Any

from srcgrad import runtime
from srcgrad.frontend.source import code_source
from srcgrad.rules.registry import ACCUMULATE, JVP, PARTIALS, VJP

from .installing import code_pairs, replace_code, replaced
from .mutation import modules, path_of
from .operators import Probe, blocks, outcome, probe_of_source, probes_of
from .tables import tables

HITS: set[str] = set()
NAME = "__reached__"
OUTCOME = "__outcome__"
_ORIGINAL: dict[CodeType, CodeType] = {}
"""Code with probes -> the same without them."""
_MODULES = {str(path_of(module)): module for module in modules()}


def install_probes(with_rules: bool) -> None:
    """Makes every block of the package report when it runs.

    Args:
        with_rules: also those of rules. The compiler then cannot read them, which inlines their source.
    """
    setattr(builtins, NAME, HITS.add)
    setattr(builtins, OUTCOME, _record)
    rules = {} if with_rules else {f.__code__: None for f in inlined()}
    for module in modules():
        path = path_of(module)
        source = path.read_bytes()
        skipped = {code.co_firstlineno for code in rules if code.co_filename == str(path)}
        tree = ast.parse(source)
        Instrument(probes_of(module, tree), skipped).visit(tree)
        old = compile(source, str(path), "exec", dont_inherit=True)
        new = compile(ast.fix_missing_locations(tree), str(path), "exec", dont_inherit=True)
        replace_code(old, new)
        _ORIGINAL.update({b: a for a, b in code_pairs(old, new)})
    for table in tables():
        replaced(table.value, table.recorded(HITS.add))


def inlined() -> set[FunctionType]:
    """The bodies of rules and the helpers of generated code, with the functions of the package that they call."""
    pending = [rule.body for table in (PARTIALS, VJP, JVP, ACCUMULATE) for rule in table.values()]
    pending += vars(runtime).values()
    found: set[Any] = set()
    while pending:
        body = pending.pop()
        if isinstance(body, FunctionType) and body not in found and body.__module__.startswith("srcgrad."):
            found.add(body)
            names = {name for code in _with_inner(body.__code__) for name in code.co_names}
            pending += [body.__globals__[name] for name in names & body.__globals__.keys()]
    return found


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _with_inner(inner)


class WatchedSources(dict):
    """The sources that the compiler has read: those of rules tell that the rules are used.

    The source of code that has probes is that of the code without them.
    """

    def get(self, code: Any, default: Any = None) -> Any:
        module = _MODULES.get(code.co_filename)
        if module is not None:
            HITS.add(probe_of_source(module, code.co_qualname.partition(".")[0]))
        if code not in self and code in _ORIGINAL:
            self[code] = replace(code_source(_ORIGINAL[code]), code=code)
        return super().get(code, default)


class Instrument(ast.NodeTransformer):
    """Puts a call at the beginning of each block."""

    def __init__(self, probes: dict[int, Probe], skipped: set[int]) -> None:
        self.probes = probes
        self.skipped = skipped

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if min([node.lineno, *(d.lineno for d in node.decorator_list)]) in self.skipped:
            return node
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = [self.visit(item) for item in node.body]
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (ast.Module,)):
            node.body = [self.visit(item) for item in node.body]
            return node
        for block in blocks(node):
            block[:] = [_call(self.probes[id(block)]), *(self.visit(item) for item in block)]
        for inner in (*getattr(node, "handlers", []), *getattr(node, "cases", [])):
            self.visit(inner)
        for name, value in ast.iter_fields(node):
            if isinstance(value, list) and not (value and isinstance(value[0], (ast.stmt, ast.excepthandler))):
                value[:] = [self.expression(item) for item in value]
            elif not isinstance(value, list):
                setattr(node, name, self.expression(value))
        return node

    def expression(self, item: Any) -> Any:
        """The same, with what decides in it wrapped."""
        if isinstance(item, (ast.expr, ast.comprehension, ast.keyword, ast.withitem)):
            self.generic_visit(item)
        if isinstance(item, ast.expr) and id(item) in self.probes:
            probe = self.probes[id(item)]
            outcomes = [ast.Constant(outcome(probe, value)) for value in (True, False)]
            return ast.Call(ast.Name(OUTCOME, ast.Load()), [item, *outcomes], [])
        return item


def _record(value: Any, yes: Probe, no: Probe) -> Any:
    HITS.add(yes if value else no)
    return value


def _call(probe: str) -> ast.stmt:
    return ast.Expr(ast.Call(ast.Name(NAME, ast.Load()), [ast.Constant(probe)], []))
