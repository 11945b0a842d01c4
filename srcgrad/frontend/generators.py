"""Generators written by the user: their bodies are lowered where they are consumed.

A call of a generator function gives a `Reference` that holds what is still to be run. Whatever consumes it, a loop or a
built-in function, *drives* it: the body is inlined there, and at each `yield` stands what the consumer does with the
item. So nothing is collected, and the effects of both interleave as Python has them.
"""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Callable
from typing import Any

from srcgrad.frontend.exits import new_label, settled
from srcgrad.frontend.expressions import expression
from srcgrad.frontend.iteration import constant_range, consumed_before, iterate
from srcgrad.frontend.loops import over
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import Outcome
from srcgrad.frontend.statements import block
from srcgrad.frontend.values import Consumer, Frame, Iterator, Reference, Rest, Suspended, Symbol
from srcgrad.frontend.variables import forget_locals
from srcgrad.ir.nodes import Const

OnYield = Callable[[ast.AST, Symbol, Rest | None], Outcome]
"""What is done with an item that is yielded at a node, and perhaps with what follows there."""

_DEEPEST = 40


def suspended(
    lo: Lowering, name: str, run: Callable[[OnYield], Outcome], site: Any = None, is_context: bool = False
) -> Reference:
    """A generator that has not started. `run` lowers its body; one of a function has a site."""
    calls, fixed = [*lo.calls], lo.fixed_span
    symbol = Reference(types.GeneratorType, site)

    def drive(consumer: Consumer) -> Outcome:
        if not lo.contents(symbol):
            consumed_before(lo, symbol)
        lo.store.set(symbol, ())
        outside = lo.calls, lo.active, lo.fixed_span
        protections, handled = lo.protections, lo.handled

        def on_yield(node: ast.AST, item: Symbol, rest: Rest | None = None) -> Outcome:
            if is_context:
                return consume(node, item, rest)
            # What is raised there passes the handlers of the generator.
            inner = lo.protections, lo.handled
            lo.protections, lo.handled = [p for p in inner[0] if p in protections or p.cleans_up], handled
            try:
                return consume(node, item, None if rest is None else Rest(lambda: _inside(lo, inner, rest)))
            finally:
                lo.protections, lo.handled = inner

        def consume(node: ast.AST, item: Symbol, rest: Rest | None = None) -> Outcome:
            inside = lo.calls, lo.active, lo.fixed_span
            # One consumer stands at several places of the program, if there are several yields.
            there = [*outside[0], ("yield", node, *inside[0])], outside[1], outside[2]
            back = None if rest is None else Rest(lambda: _with_calls(lo, inside, rest))
            return _with_calls(lo, there, lambda: consumer(item, back))

        return _with_calls(lo, ([*calls], [*outside[1]], fixed), lambda: run(on_yield))

    lo.store.set(symbol, (Suspended(drive),))
    return symbol


def _inside(lo: Lowering, inner: tuple[list[Any], list[Any]], rest: Callable[[], Outcome]) -> Outcome:
    """Goes on in a generator, under its own handlers."""
    outer = lo.protections, lo.handled
    lo.protections, lo.handled = inner
    try:
        return rest()
    finally:
        lo.protections, lo.handled = outer


def _with_calls(lo: Lowering, calls: tuple[list[Any], list[Any], bool], lower: Callable[[], Outcome]) -> Outcome:
    """Lowers something that these calls lead to; what a helper of the compiler's does has no place of its own."""
    outer = lo.calls, lo.active, lo.fixed_span
    lo.calls, lo.active, lo.fixed_span = calls
    try:
        return lower()
    finally:
        lo.calls, lo.active, lo.fixed_span = outer


def make_generator(
    lo: Lowering,
    activation: tuple[Any, ...],
    node: ast.FunctionDef | ast.Lambda,
    frame: Frame,
    bound: dict[str, Symbol],
) -> Symbol:
    """What a call of a generator function gives, whose arguments are bound."""
    name = node.name if isinstance(node, ast.FunctionDef) else "<lambda>"
    if isinstance(node, ast.Lambda):
        lo.unsupported("a lambda with a yield is not supported", "write a def")
    site = frame.site = (*lo.site(node), lo.span)
    if site in lo.marks.stepped and not lo.makes_context:
        from srcgrad.frontend.machines import in_pieces

        frame.function = lo.function
        return in_pieces(lo, node, frame, bound)
    frame.is_context, lo.makes_context = lo.makes_context, False
    if not frame.is_context:
        _check_clean_up(lo, node, frame)
    call = (activation[0], lo.span)

    def run(on_yield: OnYield) -> Outcome:
        if activation in lo.active or sum(entry[0] == activation[0] for entry in lo.active) > _DEEPEST:
            lo.unsupported(
                f"the generator {name} calls itself to a depth that depends on the run",
                "let a recursive function return a list",
            )
        frame.function, frame.on_yield = lo.function, on_yield
        lo.active.append(activation)
        lo.calls.append(call)
        for parameter, symbol in bound.items():
            lo.store.set((frame, parameter), symbol)
        with new_label(lo) as frame.return_code:
            outcome = settled(lo, block(lo, node.body, frame), frozenset([frame.return_code]))
        forget_locals(lo, frame)
        return outcome

    made = suspended(lo, name, run, site, frame.is_context)
    if has_clean_up(node) and not frame.is_context:
        lo.cleaning.add(made)
    return made


def _check_clean_up(lo: Lowering, node: ast.AST, frame: Frame) -> None:
    """Refuses a `yield` where it is not known what sees an exception of the consumer, or that nobody goes on.

    Such an exception, or a `break` there, closes a generator: what is in `finally` is done, handlers are passed.
    """
    pending: list[tuple[ast.AST, bool]] = [(child, False) for child in ast.iter_child_nodes(node)]
    while pending:
        part, guarded = pending.pop()
        if guarded and isinstance(part, (ast.Yield, ast.YieldFrom)):
            with lo.at(part, frame):
                lo.unsupported("a yield here would see what goes on where it is consumed", "build a list there")
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        guarded = guarded or isinstance(part, (ast.TryStar, ast.AsyncWith)) or _handles(part, frame)
        if isinstance(part, ast.Try):
            closes = any(_closes(cls) for cls in _named_classes(part, frame))
            pending += [(child, guarded or closes) for child in [*part.body, *part.handlers, *part.orelse]]
            pending += [(child, True) for child in part.finalbody]
        else:
            pending += [(child, guarded) for child in ast.iter_child_nodes(part)]


def _named_classes(node: ast.Try, frame: Frame) -> list[Any]:
    """The classes that stand behind `except`; None for one that is not known."""
    parts = [h.type for h in node.handlers]
    names = [n for p in parts for n in (p.elts if isinstance(p, ast.Tuple) else [p])]
    return [BaseException if name is None else _looked_up(name, frame) for name in names]


def _closes(cls: Any) -> bool:
    """Whether a handler for a class may see that a generator is closed."""
    return not (isinstance(cls, type) and issubclass(cls, Exception))


def has_clean_up(node: ast.AST) -> bool:
    """Whether something is done where a generator is left early."""
    parts = list(ast.walk(node))
    return any(isinstance(part, (ast.With, ast.Try)) and _yields(part) for part in parts)


def _yields(node: ast.AST) -> bool:
    return any(isinstance(part, (ast.Yield, ast.YieldFrom)) for part in ast.walk(node))


def _handles(node: ast.AST, frame: Frame) -> bool:
    """Whether a node is a `with` whose context may see an exception that passes."""
    from srcgrad.frontend.contexts import passes

    return isinstance(node, ast.With) and not all(
        isinstance(item.context_expr, ast.Call) and passes(_looked_up(item.context_expr.func, frame))
        for item in node.items
    )


def _looked_up(node: ast.expr, frame: Frame) -> Any:
    """What a dotted name of a module stands for, None if that is not known."""
    if isinstance(node, ast.Attribute):
        return getattr(_looked_up(node.value, frame), node.attr, None)
    is_global = isinstance(node, ast.Name) and node.id not in frame.scope.locals
    if not is_global or not isinstance(node, ast.Name):
        return None
    return frame.globals.get(node.id, getattr(builtins, node.id, None))


def yield_statement(lo: Lowering, node: ast.Yield | ast.YieldFrom, frame: Frame, rest: Rest | None = None) -> Outcome:
    """A `yield` whose result nobody asks for: on with what the consumer does."""
    return give(lo, node, yielded(lo, node, frame), frame, rest)


def yielded(lo: Lowering, node: ast.Yield | ast.YieldFrom, frame: Frame) -> Symbol:
    """What stands behind `yield`."""
    if frame.on_yield is None:
        lo.unsupported("a generator can't be differentiated itself", "consume it in a function that returns a number")
    return Const(None) if node.value is None else expression(lo, node.value, frame)


def give(
    lo: Lowering, node: ast.Yield | ast.YieldFrom, symbol: Symbol, frame: Frame, rest: Rest | None = None
) -> Outcome:
    """What the consumer does with what is yielded, and perhaps what follows there."""
    on_yield: OnYield = frame.on_yield
    if isinstance(node, ast.Yield):
        return on_yield(node, symbol, rest)
    iterator = iterate(lo, symbol)
    site, known = lo.site(node), constant_range(iterator)
    if known is not None and site in lo.marks.unrolled:
        iterator = Iterator(tuple(Const(k) for k in known))
    return over(lo, iterator, lambda item, rest=None: on_yield(node, item, rest), site)
