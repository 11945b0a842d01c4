"""Which names may still be read when an iteration of a loop begins, or after the loop: only those does a loop carry.

Backward data flow over the AST of one function. In doubt a name is live.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from srcgrad.frontend.scope import FunctionNode, scope_of

Names = frozenset[str]


def live_at(loop: ast.For | ast.While, function: FunctionNode) -> Names:
    """The names of a function that may be read, before they are bound again, in the next iteration or after the loop.

    Example:
        >>> text = "def f(x):\\n t = 0\\n for v in x:\\n  s = v * v\\n  t += s\\n return t"
        >>> function = ast.parse(text).body[0]
        >>> sorted(live_at(function.body[1], function))
        ['t']
    """
    known = getattr(function, "_srcgrad_live", None)
    if known is None or known.function is not function:
        known = _Liveness(function)
        function._srcgrad_live = known  # type: ignore[union-attr]
    return known.loops.get(loop, known.everything)


@dataclass(frozen=True, slots=True)
class _Around:
    """What is live where control goes from inside a statement.

    Attributes:
        at_break, at_continue: behind the innermost loop, and at its next iteration.
        always: what an exception handler or a `finally` around may read, wherever it is left for it.
    """

    at_break: Names = frozenset()
    at_continue: Names = frozenset()
    always: Names = frozenset()


class _Liveness:
    """The names that are live at the loops of one function."""

    def __init__(self, function: FunctionNode):
        self.function = function
        self.loops: dict[ast.AST, Names] = {}
        self.everything: Names = scope_of(function).locals
        if isinstance(function.body, list):
            self._block(function.body, frozenset(), _Around())

    def _block(self, statements: list[ast.stmt], live: Names, around: _Around) -> Names:
        """What is live before statements, given what is live behind them."""
        for statement in reversed(statements):
            live = self._statement(statement, live, around) | around.always
        return live

    def _statement(self, node: ast.stmt, live: Names, around: _Around) -> Names:
        if isinstance(node, (ast.Return, ast.Raise)):
            return _reads(node)
        if isinstance(node, ast.Break):
            return around.at_break
        if isinstance(node, ast.Continue):
            return around.at_continue
        if isinstance(node, ast.If):
            return self._if(node, live, around)
        if isinstance(node, (ast.For, ast.While)):
            return self._loop(node, live, around)
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            binds = frozenset().union(*map(_binds, targets)) if node.value is not None else frozenset()
            return (live - binds) | _reads(node)
        if isinstance(node, ast.Try):
            return self._try(node, live, around)
        if isinstance(node, ast.With):
            # A context may swallow what its body raises.
            reads = live.union(*map(_reads, node.items))
            return self._block(node.body, live, replace(around, always=around.always | live)) | reads
        if isinstance(node, ast.Match):
            cases = [self._block(case.body, live, around) | _reads(case.pattern) for case in node.cases]
            guards = [_reads(case.guard) for case in node.cases if case.guard is not None]
            return live.union(_reads(node.subject), *cases, *guards)
        inner = _blocks(node)
        if inner:
            live = live | _reads(node)
            around = replace(around, always=around.always | live)
            for block in inner:
                self._block(block, live, around)
            return live
        return live | _reads(node)

    def _try(self, node: ast.Try, live: Names, around: _Around) -> Names:
        uncaught = self._block(node.finalbody, frozenset(), around)
        behind = self._block(node.finalbody, live, around)
        left = replace(around, always=around.always | uncaught)
        caught = [self._block(handler.body, behind, left) for handler in node.handlers]
        classes = [_reads(handler.type) for handler in node.handlers if handler.type is not None]
        handled = uncaught.union(*caught, *classes)
        otherwise = self._block(node.orelse, behind, left)
        return handled | self._block(node.body, otherwise, replace(around, always=around.always | handled))

    def _if(self, node: ast.If, live: Names, around: _Around) -> Names:
        chain = [node]
        while len(chain[-1].orelse) == 1 and isinstance(chain[-1].orelse[0], ast.If):
            chain.append(chain[-1].orelse[0])
        result = self._block(chain[-1].orelse, live, around)
        for test in reversed(chain):
            result = result | _reads(test.test) | self._block(test.body, live, around)
        return result

    def _loop(self, node: ast.For | ast.While, live: Names, around: _Around) -> Names:
        behind = self._block(node.orelse, live, around)
        header = behind if isinstance(node, ast.For) else behind | _reads(node.test)
        target: Names = frozenset()
        if isinstance(node, ast.For):
            header, target = header | _reads(node.target), _binds(node.target)
        while True:
            inner = replace(around, at_break=live, at_continue=header)
            more = header | (self._block(node.body, header, inner) - target)
            if more == header:
                break
            header = more
        self.loops[node] = header | live | around.always
        return header | _reads(node.iter) if isinstance(node, ast.For) else header


def _reads(node: ast.AST) -> Names:
    """The names that are read, or unbound, anywhere in a statement or expression."""
    found: set[str] = set()
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            found |= _reads_of_comprehension(part)
            continue
        pending += ast.iter_child_nodes(part)
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Store):
            found.add(part.id)
        elif isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name):
            found.add(part.target.id)
    return frozenset(found)


def _reads_of_comprehension(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Names:
    """The names from around a comprehension that it reads: not those of its own variables."""
    own = frozenset().union(*(_binds(clause.target) for clause in node.generators))
    first = node.generators[0].iter
    inside = [part for part in ast.iter_child_nodes(node) if part not in node.generators]
    for clause in node.generators:
        inside += [part for part in ast.iter_child_nodes(clause) if part is not first]
    return _reads(first) | (frozenset().union(*map(_reads, inside)) - own)


def _binds(target: ast.expr) -> Names:
    """The names that an assignment to a target certainly binds."""
    return frozenset(
        part.id for part in ast.walk(target) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    )


def _blocks(node: ast.stmt) -> list[list[ast.stmt]]:
    """The lists of statements inside of a statement; functions and classes have names of their own."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return []
    parts = [node, *getattr(node, "handlers", []), *getattr(node, "cases", [])]
    fields = ("body", "orelse", "finalbody")
    return [block for part in parts for name in fields if isinstance(block := getattr(part, name, None), list)]
