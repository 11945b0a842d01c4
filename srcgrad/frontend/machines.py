"""Generators that are consumed in pieces: their bodies cut at each `yield`, with a number for where to go on.

A body becomes *parts*: statements without a `yield`, and how each of them ends: with another part, a branch, the next
item of a loop, a `yield`, the end. Asking for an item runs parts from where the generator stands to the next `yield`.
Its variables stay in the store.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import GeneratorType
from typing import Any

from srcgrad.frontend.assignments import assign
from srcgrad.frontend.exits import caught, go_on, new_label
from srcgrad.frontend.expressions import expression
from srcgrad.frontend.iteration import enumerate_iterator, iterate, iterator_length, zip_iterator
from srcgrad.frontend.loops import endless
from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.merging import NEVER, NEXT, Outcome, leaves_with
from srcgrad.frontend.operators import compare
from srcgrad.frontend.statements import block, choose
from srcgrad.frontend.stepping import Ended, Found, give_in_steps, item_at, repeated
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import RETURNED, Consumer, Frame, GivenBack, Iterator, Reference, Sequence, Stepper, Symbol
from srcgrad.frontend.variables import set_variable
from srcgrad.ir.nodes import Const, Exit

_MOST_PARTS = 80
_YIELDS = (ast.Yield, ast.YieldFrom)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(eq=False)
class Part:
    """Some statements of a generator without a `yield`, and what comes after them.

    Attributes:
        statements: what is run first.
        kind: `goto`, `branch`, `start`, `next`, `yield` or `end`.
        node: the test, the iterable, the target, what is yielded, or what is returned.
        targets: the parts that may follow.
        place: for `start` and `next`, the loop.
    """

    statements: list[ast.stmt]
    kind: str
    node: ast.expr | None = None
    targets: tuple[int, ...] = ()
    place: ast.AST | None = None


@dataclass(eq=False)
class Machine:
    """The parts of a generator; it starts with the part `entry`.

    Attributes:
        refused: a node that can't be cut, and why; None if all can.
        heads: the parts that are reached again without a `yield` in between.
    """

    parts: list[Part] = field(default_factory=list)
    entry: int = 0
    refused: tuple[ast.AST, str] | None = None
    heads: frozenset[int] = frozenset()


def machine_of(node: ast.FunctionDef) -> Machine:
    """The machine of a generator function, made once."""
    known = getattr(node, "_srcgrad_machine", None)
    if known is None:
        known = Machine()
        builder = _Builder(known)
        known.entry = builder.sequence(node.body, builder.add(Part([], "end")), -1, -1)
        known.heads = _heads(known)
        node._srcgrad_machine = known  # type: ignore[attr-defined]
    return known


class _Builder:
    """Cuts statements into parts, from the last to the first."""

    def __init__(self, machine: Machine):
        self.machine = machine

    def add(self, part: Part) -> int:
        self.machine.parts.append(part)
        return len(self.machine.parts) - 1

    def sequence(self, statements: list[ast.stmt], follow: int, on_break: int, on_continue: int) -> int:
        """The part that statements begin with, after which `follow` comes."""
        whole: list[ast.stmt] = []
        for statement in reversed(statements):
            if not _is_cut(statement):
                whole.insert(0, statement)
                continue
            if whole:
                follow, whole = self.add(Part(whole, "goto", None, (follow,))), []
            follow = self._statement(statement, follow, on_break, on_continue)
        return self.add(Part(whole, "goto", None, (follow,))) if whole else follow

    def _statement(self, node: ast.stmt, follow: int, on_break: int, on_continue: int) -> int:
        if isinstance(node, ast.Return):
            return self.add(Part([], "end", node.value))
        if isinstance(node, (ast.Break, ast.Continue)):
            return on_break if isinstance(node, ast.Break) else on_continue
        if isinstance(node, ast.If) and not _has_yield(node.test):
            then = self.sequence(node.body, follow, on_break, on_continue)
            orelse = self.sequence(node.orelse, follow, on_break, on_continue)
            return self.add(Part([], "branch", node.test, (then, orelse)))
        if isinstance(node, ast.While) and not _has_yield(node.test):
            head = self.add(Part([], "branch", node.test))
            behind = self.sequence(node.orelse, follow, on_break, on_continue)
            body = self.sequence(node.body, head, follow, head)
            self.machine.parts[head].targets = (body, behind)
            return head
        if isinstance(node, ast.For) and not _has_yield(node.iter):
            head = self.add(Part([], "next", node.target, place=node))
            behind = self.sequence(node.orelse, follow, on_break, on_continue)
            body = self.sequence(node.body, head, follow, head)
            self.machine.parts[head].targets = (body, behind)
            return self.add(Part([], "start", node.iter, (head,), node))
        if isinstance(node, (ast.Expr, ast.Assign)) and isinstance(node.value, _YIELDS):
            return self._yield(node, node.value, follow)
        self.machine.refused = self.machine.refused or (node, "there is a `yield` in it, or a jump out of it")
        return follow

    def _yield(self, node: ast.Expr | ast.Assign, given: ast.Yield | ast.YieldFrom, follow: int) -> int:
        if isinstance(node, ast.Assign):
            back = ast.copy_location(ast.Assign(node.targets, _given_back(given)), node)
            follow = self.add(Part([back], "goto", None, (follow,)))
        if isinstance(given, ast.Yield):
            return self.add(Part([], "yield", given.value, (follow,)))
        head = self.add(Part([], "next", None, place=given))
        item = self.add(Part([], "yield", _given_back(given), (head,)))
        self.machine.parts[head].targets = (item, follow)
        return self.add(Part([], "start", given.value, (head,), given))


def _given_back(node: ast.Yield | ast.YieldFrom) -> GivenBack:
    made = ast.copy_location(GivenBack(), node)
    made.place = node
    return made


def _has_yield(node: ast.AST) -> bool:
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, _YIELDS):
            return True
        pending += [child for child in ast.iter_child_nodes(part) if not isinstance(child, _FUNCTIONS)]
    return False


def _is_cut(statement: ast.stmt) -> bool:
    """Whether a statement has to be taken apart: for a `yield` in it, or because it may leave for another one."""
    return isinstance(statement, ast.Return) or _has_yield(statement) or _jumps(statement, False)


def _jumps(statement: ast.stmt, in_loop: bool) -> bool:
    """Whether a `break` or `continue` in a statement belongs to a loop around it."""
    if isinstance(statement, (ast.Break, ast.Continue)):
        return not in_loop
    if isinstance(statement, _FUNCTIONS):
        return False
    loop = isinstance(statement, (ast.For, ast.While))
    for name, inner in (("body", in_loop or loop), ("orelse", in_loop), ("finalbody", in_loop)):
        if any(_jumps(s, inner) for s in getattr(statement, name, ())):
            return True
    parts = [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
    return any(_jumps(s, in_loop) for part in parts for s in part.body)


def _heads(machine: Machine) -> frozenset[int]:
    """The parts that a run without a `yield` comes to a second time: one on each cycle."""
    found: set[int] = set()
    done: set[int] = set()

    def visit(k: int, path: tuple[int, ...]) -> None:
        if k in path:
            found.add(k)
            return
        if k in done:
            return
        part = machine.parts[k]
        if part.kind != "yield":
            for target in part.targets:
                visit(target, (*path, k))
        done.add(k)

    for k in range(len(machine.parts)):
        visit(k, ())
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Run:
    """One step: the labels for an item and for the end, and whether nothing was done yet since the last `yield`.

    Attributes:
        place: where the generator stood.
    """

    yielded: int
    over: int
    untouched: bool = True
    place: Any = None

    @property
    def touched(self) -> _Run:
        return self if not self.untouched else replace(self, untouched=False)


class Runner:
    """One activation of a generator that is consumed in pieces.

    Attributes:
        inner: the generators that its loops and `yield from` go over, by the place: each starts anew with the loop.
    """

    def __init__(self, lo: Lowering, node: ast.FunctionDef, frame: Frame):
        self.lo, self.machine, self.frame = lo, machine_of(node), frame
        self.inner: dict[ast.AST, Any] = {}
        self.shapes: dict[ast.AST, Any] = {}
        self.places: dict[ast.AST, int] = {}
        self.own = Frame(None, None, {}, function=frame.function)
        self.at, self.item, self.back, self.value = ((self.own, name) for name in ("place", "item", "sent", "returned"))
        self.resumed = {t for p in self.machine.parts if p.kind == "yield" for t in p.targets}
        self.entries = sorted({*self.resumed, *self.machine.heads, self.machine.entry})
        self.lowered = 0
        if self.machine.refused is not None:
            where, why = self.machine.refused
            with lo.at(where, frame):
                lo.unsupported(
                    f"a generator that is consumed in pieces can't be cut here: {why}", "collect its items: list(...)"
                )

    def start(self, bound: dict[str, Symbol]) -> None:
        """Puts the generator to its beginning."""
        for name, symbol in bound.items():
            set_variable(self.lo, (self.frame, name), symbol)
        self.lo.store.set(self.at, Const(self.machine.entry))

    def prime(self) -> bool:
        """Goes as far as nobody can tell it from going there at the first step; whether later steps begin there."""
        lo = self.lo
        at = lo.store.get(self.at)
        while isinstance(at, Const) and at.value not in self.machine.heads and at.value != _OVER:
            part = self.machine.parts[at.value]
            values = [s.value if isinstance(s, ast.Assign) else None for s in part.statements]
            if part.kind not in ("goto", "start") or not all(map(_is_plain, [*values, part.node or _NO_NODE])):
                break
            block(lo, part.statements, self.frame)
            if part.kind == "start":
                self._open(part)
            at = Const(part.targets[0])
            lo.store.set(self.at, at)
        return not isinstance(at, Const) or at.value in (_OVER, *self.resumed)

    def returned(self) -> Symbol:
        """What the generator has returned."""
        symbol = self.lo.store.get(self.value)
        return _NOTHING if symbol is MISSING else symbol

    def send(self, symbol: Symbol) -> None:
        """What the `yield` that the generator stands at gives back."""
        self.lo.store.set(self.back, symbol)

    def step(self, found: Found, ended: Ended) -> Outcome:
        """Runs to the next `yield`, or to the end."""
        lo = self.lo
        self.lowered = 0
        with new_label(lo) as yielded, new_label(lo) as over:
            run = _Run(yielded, over)
            if self.machine.heads:
                outcome = endless(lo, lambda: self._dispatch(run), (*lo.site(self.machine), "step"))
            else:
                outcome = self._dispatch(run)

            def give() -> Outcome:
                item = lo.store.get(self.item)
                lo.store.set(self.item, MISSING)
                lo.store.set(self.back, MISSING)
                if len(self.resumed) == 1:
                    lo.store.set(self.at, Const(*self.resumed))
                return found(item)

            def stop() -> Outcome:
                lo.store.set(self.back, MISSING)
                if not isinstance(lo.store.get(self.at), Const):
                    lo.store.set(self.at, Const(_OVER))
                return ended()

            return caught(lo, caught(lo, outcome, yielded, give), over, stop)

    def _dispatch(self, run: _Run) -> Outcome:
        """Goes on where the generator stands."""
        lo, at = self.lo, self.lo.read_variable(self.at)
        if lo.attempts or lo.protections:
            # One that raises is at its end.
            run = replace(run, place=at)
            lo.store.set(self.at, Const(_OVER))
        if isinstance(at, Const):
            return NEVER if is_undefined(at) else self._run(at.value, run)

        def go(k: int) -> Outcome:
            if k == len(self.entries):
                return leaves_with(run.over)
            here = lo.truth(compare(lo, ast.Eq(), at, Const(self.entries[k])))
            return choose(lo, here, lambda: self._run(self.entries[k], run), lambda: go(k + 1), lambda: NEXT)

        return go(0)

    def _follow(self, k: int, run: _Run) -> Outcome:
        if k in self.machine.heads:
            self.lo.store.set(self.at, Const(k))
            return leaves_with(Exit.CONTINUE)
        return self._run(k, run)

    def _run(self, k: int, run: _Run) -> Outcome:
        if k == _OVER:
            return leaves_with(run.over)
        lo = self.lo
        self.lowered += 1
        if self.lowered > _MOST_PARTS:
            lo.unsupported("this generator is too long to be consumed in pieces", "collect its items: list(...)")
        part = self.machine.parts[k]
        run = run.touched if part.statements else run
        with new_label(lo) as returned:
            outer, self.frame.return_code = self.frame.return_code, returned
            outcome = block(lo, part.statements, self.frame)
            self.frame.return_code = outer
            outcome = go_on(lo, outcome, lambda: _ENDS[part.kind](self, part, run))
            return caught(lo, outcome, returned, lambda: self._leave(lo.store.get((self.frame, RETURNED)), run))

    def _goto(self, part: Part, run: _Run) -> Outcome:
        return self._follow(part.targets[0], run)

    def _branch(self, part: Part, run: _Run) -> Outcome:
        assert part.node is not None
        if any(isinstance(node, (ast.Call, ast.NamedExpr)) for node in ast.walk(part.node)):
            run = run.touched
        truth = self.lo.truth(expression(self.lo, part.node, self.frame))
        then, orelse = part.targets
        return choose(self.lo, truth, lambda: self._follow(then, run), lambda: self._follow(orelse, run), lambda: NEXT)

    def _yield(self, part: Part, run: _Run) -> Outcome:
        lo = self.lo
        lo.store.set(self.item, Const(None) if part.node is None else expression(lo, part.node, self.frame))
        lo.store.set(self.at, Const(part.targets[0]))
        return leaves_with(run.yielded)

    def _finish(self, part: Part, run: _Run) -> Outcome:
        return self._leave(_NOTHING if part.node is None else expression(self.lo, part.node, self.frame), run)

    def _leave(self, value: Symbol, run: _Run) -> Outcome:
        """The end, with what the generator returns."""
        if not isinstance(value, Const):
            self.lo.store.set(self.value, value)
        if not run.untouched:
            # Otherwise it would find once more that nothing is left.
            self.lo.store.set(self.at, Const(_OVER))
        elif run.place is not None:
            self.lo.store.set(self.at, run.place)
        return leaves_with(run.over)

    def _start(self, part: Part, run: _Run) -> Outcome:
        self._open(part)
        return self._follow(part.targets[0], run.touched)

    def _open(self, part: Part) -> None:
        """A loop begins: what it goes over, and how far it is, are variables of the generator."""
        assert part.node is not None and part.place is not None
        lo, place = self.lo, part.place
        with lo.at(part.node, self.frame):
            lo.restarted = self.inner.get(place)
            symbol = expression(lo, part.node, self.frame)
            lo.restarted = None
            if isinstance(symbol, Reference) and symbol.cls is GeneratorType:
                give_in_steps(lo, symbol)
            if isinstance(symbol, Stepper):
                self.inner[place] = symbol
            else:
                shape, kept = taken_apart(lo, symbol)
                self.shapes[place] = shape
                lo.store.set(self._key("items", place), kept)
                lo.store.set(self._key("position", place), Const(0))

    def _key(self, what: str, place: ast.AST) -> tuple[Frame, str]:
        count = self.places.setdefault(place, len(self.places))
        return (self.own, f"{what}_{count}" if count else what)

    def _next(self, part: Part, run: _Run) -> Outcome:
        assert part.place is not None
        lo, place = self.lo, part.place
        body, behind = part.targets

        def found(item: Symbol) -> Outcome:
            if isinstance(place, ast.YieldFrom):
                lo.store.set(self._key("item", place), item)
            else:
                assert part.node is not None
                assign(lo, part.node, item, self.frame)
            return self._follow(body, run.touched)

        def ended(value: Symbol = _NOTHING) -> Outcome:
            if isinstance(place, ast.YieldFrom):
                lo.store.set(self._key("item", place), value)
            return self._follow(behind, run)

        if place in self.inner:
            inner = self.inner[place]
            value = inner.value
            return inner.step(found, lambda: ended(_NOTHING if value is None else value()))
        if place not in self.shapes:
            return NEVER
        return self._next_by_index(place, found, ended)

    def _next_by_index(self, place: ast.AST, found: Found, ended: Ended) -> Outcome:
        lo = self.lo
        kept, position = (lo.read_variable(self._key(what, place)) for what in ("items", "position"))
        if is_undefined(kept) or is_undefined(position):
            return NEVER
        k = lo.value(position)
        iterator = put_together(lo, self.shapes[place], kept)

        def take() -> Outcome:
            lo.store.set(self._key("position", place), lo.emit(operator.add, k, Const(1)))
            return found(item_at(lo, iterator, k))

        more = lo.emit(operator.lt, k, iterator_length(lo, iterator))
        return choose(lo, lo.truth(more), take, ended, lambda: NEXT)

    def given_back(self, node: GivenBack) -> Symbol:
        """What stands for a `yield` or `yield from` in the code that has been cut."""
        key = self._key("item", node.place) if isinstance(node.place, ast.YieldFrom) else self.back
        symbol = self.lo.store.get(key)
        return Const(None) if symbol is MISSING else symbol


_OVER = -1
_NOTHING = Const(None)
_ENDS: dict[str, Callable[[Runner, Part, _Run], Outcome]] = {
    "goto": Runner._goto,
    "branch": Runner._branch,
    "yield": Runner._yield,
    "end": Runner._finish,
    "start": Runner._start,
    "next": Runner._next,
}


_NO_NODE = ast.Constant(None)
_PLAIN_CALLS = frozenset(["range", "len", "enumerate", "zip", "reversed"])


def _is_plain(node: ast.expr | None) -> bool:
    """Whether an expression is the same whenever it is evaluated, and does nothing else."""
    if isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in _PLAIN_CALLS and not node.keywords
        return known and all(map(_is_plain, node.args))
    if isinstance(node, (ast.Tuple, ast.BinOp)):
        parts = node.elts if isinstance(node, ast.Tuple) else [node.left, node.right]
        return all(map(_is_plain, parts)) and (isinstance(node, ast.Tuple) or _is_plain_number(node))
    return isinstance(node, (ast.Constant, ast.Name))


def _is_plain_number(node: ast.BinOp) -> bool:
    lengths = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
    return isinstance(node.op, (ast.Add, ast.Sub)) and bool(lengths)


def taken_apart(lo: Lowering, symbol: Symbol) -> tuple[Any, Symbol]:
    """What a loop goes over, as something that variables can stand for, and how it is put together again."""
    if isinstance(symbol, Iterator) and symbol.bounds is not None:
        return ("range", symbol.backwards), Sequence(symbol.bounds)
    if isinstance(symbol, Iterator) and symbol.parts is not None:
        name, parts = symbol.parts
        pieces = [taken_apart(lo, part) for part in parts]
        return (name, tuple([shape for shape, _ in pieces])), Sequence(tuple([kept for _, kept in pieces]))
    if isinstance(symbol, Iterator) and symbol.items is not None:
        return "items", Sequence(symbol.items)
    if isinstance(symbol, (Iterator, Stepper)):
        lo.unsupported("these items can't be asked for one by one", "collect them: list(...)")
    return "items", symbol


def put_together(lo: Lowering, shape: Any, kept: Symbol) -> Iterator:
    """What a loop goes over, of what variables stand for."""
    if shape == "items":
        return iterate(lo, kept)
    assert isinstance(kept, Sequence)
    name, rest = shape
    if name == "range":
        start, stop, step = map(lo.value, kept.items)
        return Iterator(bounds=(start, stop, step), backwards=rest)
    if name == "enumerate":
        return enumerate_iterator(lo, put_together(lo, rest[0], kept.items[0]), lo.value(kept.items[1]))
    return zip_iterator(lo, [put_together(lo, part, item) for part, item in zip(rest, kept.items, strict=True)])


def in_pieces(lo: Lowering, node: ast.FunctionDef, frame: Frame, bound: dict[str, Symbol]) -> Stepper:
    """A generator that gives its items one by one, wherever it is asked for them."""
    known, lo.restarted = lo.restarted, None
    if known is not None and known.runner is not None and known.runner.frame.source.node is node:
        known.runner.start(bound)
        return known
    runner = lo.runners[frame] = Runner(lo, node, frame)
    runner.start(bound)
    site = (*lo.site(node), "pieces")

    def drive(body: Consumer) -> Outcome:
        return repeated(lo, runner.step, body, site, [runner])

    return Stepper(
        runner.step,
        drive,
        runner.send,
        runner.returned,
        runner,
    )
