"""Named statements made fit to print.

Copies of a name to itself are dropped, temporaries folded into copies, and branches un-nested behind jumps.
"""

from __future__ import annotations

from srcgrad.backend.nesting import Plan
from srcgrad.backend.structure import (
    Branch,
    Continue,
    Copy,
    ForLoop,
    Return,
    Simple,
    Stmt,
    TryBlock,
    WhileLoop,
    WithBlock,
    children,
    expand,
    terminates,
)
from srcgrad.ir.nodes import UNDEFINED, Call, Commit, Const, If, Invoke, Value


class Layout:
    """Simplifies the statements of one function."""

    def __init__(self, plan: Plan, names: dict[Value, str]):
        self.plan = plan
        self.names = names
        self.needs_none: set[str] = set()

    def run(self, block: list[Stmt]) -> list[Stmt]:
        """The statements to print."""
        self._find_undefined(block)
        block = self._block(block)
        block = self._jumps(block)
        if block and isinstance(block[-1], Return) and block[-1].tree is None:
            block.pop()
        return block

    def _name(self, v: Value) -> str:
        return self.names[self.plan.resolve(v)]

    def _find_undefined(self, block: list[Stmt]) -> None:
        """A name that may be unassigned and yet is copied must hold something."""
        copies: list[tuple[Value, Value]] = []
        stack = [block]
        while stack:
            for stmt in stack.pop():
                copies += stmt.pairs if isinstance(stmt, Copy) else []
                stack += children(stmt)
        missing = {dst for dst, src in copies if isinstance(src, Const) and src.value is UNDEFINED}
        grown = bool(missing)
        while grown:
            more = {dst for dst, src in copies if src in missing and dst not in missing}
            missing |= more
            grown = bool(more)
        self.needs_none = {self._name(s) for d, s in copies if s in missing and self._name(d) != self._name(s)}

    def _block(self, block: list[Stmt]) -> list[Stmt]:
        out: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, Copy):
                self._copy(stmt, out)
                continue
            if isinstance(stmt, Branch):
                stmt.then, stmt.orelse = self._block(stmt.then), self._block(stmt.orelse)
                if not stmt.then and not stmt.orelse and not self._matters(stmt.test):
                    continue
            elif isinstance(stmt, (ForLoop, WhileLoop, WithBlock)):
                stmt.body = self._block(stmt.body)
            out.append(stmt)
        return out

    def _matters(self, v: Value) -> bool:
        """Whether evaluating the expression for a value may do more than give it."""
        op = v.owner
        return v in self.plan.nested and isinstance(op, (Call, If, Invoke)) and bool(self.plan.flags[op])

    def _copy(self, stmt: Copy, out: list[Stmt]) -> None:
        pairs = []
        for dst, src in stmt.pairs:
            if isinstance(src, Const):
                keep = src.value is not UNDEFINED or self._name(dst) in self.needs_none
            else:
                keep = self._name(dst) != self._name(src)
            if keep:
                pairs.append((dst, src))
        stmt.pairs = pairs
        last = out[-1] if out else None
        if isinstance(last, Simple) and isinstance(last.op, (Call, Invoke, If)) and len(last.op.outputs) == 1:
            v = last.op.outputs[0]
            into = [dst for dst, src in pairs if src is v]
            if len(into) == 1 and self.plan.uses.get(v) == 1 and v.hint in (None, into[0].hint):
                stmt.inlined.add(v)
                stmt.op = last.op
                out.pop()
        if pairs:
            out.append(stmt)

    def steps(self, stmt: Copy) -> list[list[tuple[Value, Value]]]:
        """Simultaneous assignments as a sequence; only those in a cycle stay together."""
        pending = [
            (dst, src, {self._name(v) for v in expand([src], self.plan, stmt.inlined)}) for dst, src in stmt.pairs
        ]
        out: list[list[tuple[Value, Value]]] = []
        while pending:
            free = None
            for pair in pending:
                name = self._name(pair[0])
                if not any(name in reads for other, _, reads in pending if other is not pair[0]):
                    free = pair
                    break
            if free is None:
                out.append(sorted(((dst, src) for dst, src, _ in pending), key=lambda p: self._name(p[0])))
                break
            pending.remove(free)
            out.append([(free[0], free[1])])
        return out

    def _jumps(self, block: list[Stmt], last_in_loop: bool = False) -> list[Stmt]:
        """Drops `continue` where control goes there anyway, and un-nests what stands behind a jump."""
        out: list[Stmt] = []
        for k, stmt in enumerate(block):
            end = last_in_loop and k == len(block) - 1
            if isinstance(stmt, Continue) and end:
                break
            if isinstance(stmt, (ForLoop, WhileLoop)):
                stmt.body = self._jumps(stmt.body, True)
            elif isinstance(stmt, WithBlock):
                stmt.body = self._jumps(stmt.body, end)
            elif isinstance(stmt, Branch):
                # A jump at the end of a branch that nothing follows but `continue` needs no `continue` of its own.
                end = end or (last_in_loop and k == len(block) - 2 and isinstance(block[-1], Continue))
                stmt.then, stmt.orelse = self._jumps(stmt.then, end), self._jumps(stmt.orelse, end)
                if not stmt.then and not stmt.orelse and not self._matters(stmt.test):
                    continue
                out += self._unnested(stmt) if not isinstance(stmt, TryBlock) else _attempted(stmt)
                continue
            out.append(stmt)
        return out

    @staticmethod
    def _unnested(stmt: Branch) -> list[Stmt]:
        then_ends, else_ends = terminates(stmt.then), terminates(stmt.orelse)
        if stmt.then and stmt.orelse and (then_ends or else_ends):
            if not then_ends or (else_ends and len(stmt.orelse) == 1 and len(stmt.then) > 1 and not _is_guard(stmt)):
                stmt.then, stmt.orelse, stmt.negated = stmt.orelse, stmt.then, not stmt.negated
            rest, stmt.orelse = stmt.orelse, []
            return [stmt, *rest]
        if not stmt.then:
            stmt.then, stmt.orelse, stmt.negated = stmt.orelse, [], not stmt.negated
        return [stmt]


def _attempted(stmt: TryBlock) -> list[Stmt]:
    """What follows the protected part stands behind the whole where the handler does not get there."""
    commit = next((k for k, inner in enumerate(stmt.then) if isinstance(inner.op, Commit)), len(stmt.then))
    protected, follows = stmt.then[:commit], stmt.then[commit + 1 :]
    if not protected:
        return follows
    if follows and terminates(stmt.orelse):
        stmt.then = protected
        return [stmt, *follows]
    stmt.then = stmt.then if follows else protected
    return [stmt]


def _is_guard(stmt: Branch) -> bool:
    return isinstance(stmt.then[-1], Return)
