"""Loops: what a body changes is carried from iteration to iteration, with types joined until they are stable."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from srcgrad.frontend.exits import compare, evaluated, go_on, is_one_of, new_label, restricted, settled, stays
from srcgrad.frontend.expressions import expression
from srcgrad.frontend.iteration import constant_range, descending, iterate, iterator_length
from srcgrad.frontend.live_names import live_at
from srcgrad.frontend.lowering import UNDEFINED_VALUE, Lowering, is_undefined
from srcgrad.frontend.merging import (
    NEVER,
    NEXT,
    Outcome,
    branch,
    join_branches,
    leaves_with,
    merge_list_sites,
    reached,
)
from srcgrad.frontend.scope import assigned_in, has_exit
from srcgrad.frontend.snapshots import (
    is_changed,
    leaf_names,
    leaves,
    restored,
    same_structure,
    share,
    snapshot,
    with_leaves,
)
from srcgrad.frontend.statements import assign, block
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import (
    Conflict,
    Consumer,
    Frame,
    Iterator,
    Reference,
    Rest,
    Sequence,
    Symbol,
    variable_name,
)
from srcgrad.ir.nodes import Call, Const, Exit, For, Loop, Region, Value, While, leaves_loop, walk
from srcgrad.ir.types import INT, List, Type, freshened, join, widen

_ATTEMPTS = 12
_MOST_COPIED = 60
_ENDS = frozenset([Exit.BREAK, Exit.CONTINUE])


def for_statement(lo: Lowering, node: ast.For, frame: Frame) -> Outcome:
    """A `for` statement: unrolled over items known at compile time, a loop of the graph over all else."""
    return evaluated(lo, node.iter, frame, lambda symbol: _for_over(lo, node, symbol, frame))


def _for_over(lo: Lowering, node: ast.For, symbol: Symbol, frame: Frame) -> Outcome:
    iterator = iterate(lo, symbol)
    contents = lo.contents(symbol) if isinstance(symbol, Reference) else None
    site = lo.site(node)
    known = constant_range(iterator)
    if known is not None and site in lo.marks.unrolled:
        iterator = Iterator(tuple(Const(k) for k in known))

    def body(item: Symbol) -> Outcome:
        assign(lo, node.target, item, frame)
        return _body(lo, node, frame)

    def otherwise() -> Outcome:
        return block(lo, node.orelse, frame)

    if iterator.drive is not None:
        return _for_driven(lo, node, iterator, frame)
    if iterator.items is not None:
        outcome = _unrolled(lo, iterator.items, body, otherwise)
        if isinstance(symbol, Reference) and lo.store.get(symbol) is not contents:
            lo.demote(symbol)
        return outcome
    guess = _variables(lo, node.body, frame) | _variables(lo, [node.target], frame)
    outcome = for_loop(lo, iterator, body, guess, site, _index_name(node, iterator), _dead_names(node, frame))
    if isinstance(symbol, Value) and isinstance(symbol.type, List):
        _check_not_changed(lo, symbol)
    return after_loop(lo, outcome, otherwise, bool(node.orelse))


def _body(
    lo: Lowering,
    node: ast.For | ast.While,
    frame: Frame,
    break_code: int = Exit.BREAK,
    after: Callable[[], Outcome] = lambda: NEXT,
) -> Outcome:
    """The body of a loop, which `break` leaves with this exit code."""
    outer, frame.break_code = frame.break_code, break_code
    try:
        return block(lo, node.body, frame, 0, after)
    finally:
        frame.break_code = outer


def _for_driven(lo: Lowering, node: ast.For, iterator: Iterator, frame: Frame) -> Outcome:
    """A `for` over a generator: the body stands at every `yield`, and `break` leaves what the generator is in there."""
    assert iterator.drive is not None
    statements = sum(isinstance(part, ast.stmt) for part in ast.walk(node)) - 1
    places: set[Any] = set()
    exits = has_exit(node.body)
    threaded = (bool(exits) or frame.on_yield is not None) and "continue" not in exits
    with new_label(lo) as broke:

        def body(item: Symbol, rest: Rest | None = None) -> Outcome:
            places.add(lo.site(node))
            if len(places) > 1 and len(places) * statements > _MOST_COPIED:
                lo.span = frame.source.span_of(node)
                lo.unsupported(
                    "the body of this loop is too long to be copied to every yield of the generator",
                    "loop over a list of its items, list(...), or let a function do the work",
                )
            assign(lo, node.target, item, frame)
            if threaded and rest is not None:
                return _body(lo, node, frame, broke, rest)
            return settled(lo, _body(lo, node, frame, broke), frozenset([Exit.CONTINUE]))

        outcome = iterator.drive(body)
        if node.orelse:
            outcome = go_on(lo, outcome, lambda: block(lo, node.orelse, frame))
        return settled(lo, outcome, frozenset([broke]))


def over(
    lo: Lowering,
    iterator: Iterator,
    body: Consumer,
    site: Any,
    guess: set[Any] = frozenset(),
    index_name: str | None = None,
) -> Outcome:
    """Does something with each item of an iterator, whatever it is; says how control leaves that."""
    if iterator.drive is not None:
        return iterator.drive(body)

    def each(item: Symbol) -> Outcome:
        return body(item, None)

    if iterator.items is not None:
        return _unrolled(lo, iterator.items, each, lambda: NEXT)
    return after_loop(lo, for_loop(lo, iterator, each, set(guess), site, index_name), lambda: NEXT, False)


def for_each(
    lo: Lowering,
    iterator: Iterator,
    body: Consumer,
    site: Any,
    guess: set[Any] = frozenset(),
) -> None:
    """Does something with each item of an iterator, in the middle of an expression."""
    stays(lo, over(lo, iterator, body, site, guess))


def _check_not_changed(lo: Lowering, items: Value) -> None:
    """Refuses a loop over a list that the loop itself changes."""
    loop = lo.region.ops[-1]
    for op in walk(loop.regions[-1]) if loop.regions else ():
        if isinstance(op, Call) and op.args and op.args[0] is items and op.fn in (list.append, list.pop, list.insert):
            lo.span = op.span
            lo.unsupported("this list changes while it is looped over", "loop over a copy: list(...)")


def _index_name(node: ast.For, iterator: Iterator) -> str | None:
    if iterator.bounds is not None and isinstance(node.target, ast.Name):
        return node.target.id
    return None


def _variables(lo: Lowering, nodes: Iterable[ast.AST], frame: Frame) -> set[Any]:
    """The keys of the variables that statements assign and that exist already."""
    keys = set()
    for name in assigned_in(list(nodes), frame.scope):
        owner: Frame | None = frame
        if name in frame.scope.nonlocals:
            owner = frame.parent
            while owner is not None and name not in owner.scope.locals:
                owner = owner.parent
        if owner is not None and lo.store.get((owner, name)) is not MISSING:
            keys.add((owner, name))
    return keys


def _dead_names(node: ast.For | ast.While, frame: Frame) -> frozenset[Any]:
    """The keys of the variables that nothing reads before the next iteration, or what follows, binds them again."""
    scope = frame.scope
    kept = live_at(node, scope.node) | scope.captured
    return frozenset((frame, name) for name in scope.locals if name not in kept)


def _unrolled(
    lo: Lowering, items: tuple[Symbol, ...], body: Callable[[Symbol], Outcome], otherwise: Callable[[], Outcome]
) -> Outcome:
    def iteration(k: int) -> Outcome:
        if k == len(items):
            return otherwise()
        outcome = body(items[k])
        while outcome.static in (Exit.NEXT, Exit.CONTINUE):
            k += 1
            if k == len(items):
                return otherwise()
            outcome = body(items[k])
        if not outcome.codes or outcome.static is not None:
            return outcome
        return _unless_left(lo, outcome, lambda: iteration(k + 1))

    return settled(lo, iteration(0), _ENDS)


def _leaving(outcome: Outcome) -> frozenset[int]:
    """The exit codes among the possible ones that leave a loop."""
    return frozenset([code for code in outcome.codes if leaves_loop(code)])


def _unless_left(lo: Lowering, outcome: Outcome, rest: Callable[[], Outcome]) -> Outcome:
    """Goes on in a loop, or after it, unless it was left."""
    left = is_one_of(lo, outcome, _leaving(outcome))
    if isinstance(left, bool):
        return outcome if left else rest()
    remaining = restricted(outcome, _leaving(outcome))
    return join_branches(lo, left, branch(lo, lambda: remaining), branch(lo, rest))


def after_loop(lo: Lowering, outcome: Outcome, otherwise: Callable[[], Outcome], has_else: bool) -> Outcome:
    """The `else` clause, and how control goes on after the loop."""
    outward = _leaving(outcome) - _ENDS

    def behind() -> Outcome:
        if Exit.BREAK not in outcome.codes:
            return otherwise()
        if not has_else or outcome.static == Exit.BREAK:
            return NEXT
        broke = compare(lo, outcome.code, Exit.BREAK)
        assert isinstance(broke, Value)
        return join_branches(lo, broke, branch(lo, lambda: NEXT), branch(lo, otherwise))

    left = is_one_of(lo, outcome, outward)
    if isinstance(left, bool):
        return outcome if left else behind()
    return join_branches(lo, left, branch(lo, lambda: restricted(outcome, outward)), branch(lo, behind))


@dataclass
class _Carried:
    """One variable or container that a loop carries, with the values it consists of."""

    key: Any
    symbol: Any
    inits: list[Value]
    types: list[Type]
    args: list[Value] = field(default_factory=list)
    results: list[Value] = field(default_factory=list)


class _Learned(dict[Any, list[Type]]):
    """What attempts at a loop have found out: types of what it carries, structure of what it defines first."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: dict[Any, Any] = {}
        self.merged: set[Any] = set()


class _Retry(Exception):
    """An attempt at a loop is to be repeated, with these keys carried too."""

    def __init__(self, keys: Iterable[Any]):
        super().__init__()
        self.keys = keys


def for_loop(
    lo: Lowering,
    iterator: Iterator,
    body: Callable[[Symbol], Outcome],
    guess: set[Any],
    site: Any,
    index_name: str | None,
    dead: frozenset[Any] = frozenset(),
) -> Outcome:
    """A loop over a range, or over the indices of something else. Returns how it was left.

    Args:
        lo: emits the operations.
        iterator: what is looped over.
        body: lowers the body for an item.
        guess: the keys of variables that the body is known to change.
        site: the name of the place.
        index_name: the name to show for the index.
        dead: the keys of variables that no iteration leaves to another or to what follows.
    """
    if iterator.bounds is not None:
        start, stop, step = iterator.bounds
        item = None
    else:
        start, stop, step = Const(0), iterator_length(lo, iterator), Const(1)
        item = iterator.item
    bounds, backwards = (start, stop, step), iterator.backwards
    constant_loop = constant_range(Iterator(bounds=bounds)) is not None

    def build(carried: list[_Carried], region: Region) -> Outcome:
        index = Value(INT, index_name, lo.span)
        index.owner = region
        region.args.insert(0, index)
        if constant_loop:
            lo.constant_loops.append((site, index))
        try:
            if item is None:
                return body(index)
            # The index is in range.
            outer, lo.trusting = lo.trusting, True
            try:
                current = item(index)
            finally:
                lo.trusting = outer
            return body(current)
        finally:
            if constant_loop:
                lo.constant_loops.pop()

    def finish(inits: list[Value], region: Region, exits: bool, outputs: list[Value]) -> Loop:
        if exits and backwards:
            return For(*descending(lo, bounds), inits, region, exits, outputs, lo.span)
        return For(*bounds, inits, region, exits, outputs, lo.span, backwards)

    return _loop(lo, build, finish, guess, site, dead)


def _loop(
    lo: Lowering,
    build: Callable[[list[_Carried], Region], Outcome],
    finish: Callable[[list[Value], Region, bool, list[Value]], Loop],
    guess: set[Any],
    site: Any,
    dead: frozenset[Any],
) -> Outcome:
    learned: _Learned = lo.loop_memory.setdefault(site, _Learned())
    for key in guess & dead:
        lo.store.set(key, MISSING)
    keys = list(guess - dead) + [key for key in learned if key not in guess and lo.store.get(key) is not MISSING]
    keys.sort(key=_order)
    stem = lo.fresh("l")
    for _ in range(_ATTEMPTS):
        span = lo.span
        region = Region()
        carried = [_carry(lo, key, learned, stem) for key in keys]
        try:
            with lo.store.branch() as changes, lo.into(region):
                for slot in carried:
                    _bind(lo, slot, region)
                outer_missing, lo.missing_reads = lo.missing_reads, set()
                try:
                    outcome = reached(lo, lambda: build(carried, region))  # noqa: B023
                finally:
                    missing, lo.missing_reads = lo.missing_reads, outer_missing
            for key in dead & changes.keys():
                del changes[key]
            _close(lo, carried, changes, missing, learned, stem)
        except _Retry as retry:
            lo.span = span
            keys = sorted(dict.fromkeys([*keys, *retry.keys]), key=_order)
            continue
        lo.missing_reads |= missing
        return _finish(lo, carried, changes, region, outcome, finish)
    lo.unsupported(
        "the kinds of the variables of this loop do not settle", "give each variable one kind before the loop"
    )


def _order(key: Any) -> tuple:
    """Names come first, by name, then containers, by where they are made."""
    if isinstance(key, tuple) and isinstance(key[1], str):
        return (0, key[1])
    site = getattr(key, "site", None)
    nodes = site if isinstance(site, tuple) else (site,)
    return (1, [(getattr(node, "lineno", 0), getattr(node, "col_offset", 0)) for node in nodes])


def _carry(lo: Lowering, key: Any, learned: _Learned, stem: str) -> _Carried:
    symbol = lo.store.get(key)
    missing = symbol is MISSING
    if missing:
        symbol = learned.shapes[key]
    if key in learned.merged:
        symbol = snapshot(lo, symbol, {})
        share(lo, symbol)
    inits = leaves(symbol)
    types = [widen(v.type) for v in inits]
    known = learned.get(key)
    if known is not None and len(known) == len(types):
        types = [
            k if is_undefined(v) or missing else join(t, k, f"{stem}.{_place(key)}.{j}")
            for j, (v, t, k) in enumerate(zip(inits, types, known, strict=True))
        ]
    if missing:
        inits = [UNDEFINED_VALUE for _ in inits]
    return _Carried(key, symbol, inits, types)


def _place(key: Any) -> str:
    return key[1] if isinstance(key, tuple) and isinstance(key[1], str) else "item"


def _bind(lo: Lowering, slot: _Carried, region: Region) -> None:
    for init, kind, name in zip(slot.inits, slot.types, leaf_names(slot.symbol, variable_name(slot.key)), strict=True):
        arg = Value(kind, name or init.hint, lo.span)
        arg.owner = region
        if init in lo.list_sites:
            lo.list_sites[arg] = lo.list_sites[init]
        region.args.append(arg)
        slot.args.append(arg)
    lo.store.set(slot.key, restored(lo, with_leaves(slot.symbol, iter(slot.args))))


def _close(
    lo: Lowering,
    carried: list[_Carried],
    changes: dict[Any, Any],
    missing: set[Any],
    learned: _Learned,
    stem: str,
) -> None:
    """Checks that what was assumed of the carried values holds at the end of the body; learns and retries if not."""
    retry = False
    new: dict[Any, None] = {}
    known = {slot.key for slot in carried}
    for key, symbol in changes.items():
        if key in known or symbol is MISSING:
            continue
        before = lo.store.get(key)
        if before is MISSING:
            if key in missing and not _has_conflict(symbol):
                shape = snapshot(lo, symbol, changes)
                if not same_structure(symbol, shape):
                    learned.merged.add(key)
                learned.shapes[key] = shape
                learned[key] = [freshened(v.type, f"{stem}.{_place(key)}.{j}") for j, v in enumerate(leaves(shape))]
                new[key] = None
        elif before is not symbol and not _same(before, symbol):
            learned.setdefault(key, [widen(v.type) for v in leaves(before)])
            new[key] = None
    for slot in carried:
        end = changes.get(slot.key, MISSING)
        if end is MISSING:
            end = slot.symbol
        slot.results = _match(lo, slot, end, changes, learned)
        for j, (arg, result) in enumerate(zip(slot.args, slot.results, strict=True)):
            if result is arg or is_undefined(result):
                continue
            joined = (
                widen(result.type)
                if slot.inits[j] is UNDEFINED_VALUE and slot.key not in learned
                else join(arg.type, widen(result.type), f"{stem}.{_place(slot.key)}.{j}")
            )
            if joined != arg.type:
                if len(learned.get(slot.key, ())) != len(slot.types):
                    learned[slot.key] = list(slot.types)
                learned[slot.key][j] = joined
                retry = True
    if retry or new:
        raise _Retry(new)
    for key in changes:
        if is_changed(lo, key, changes):
            lo.refuse_change(key)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Const) and isinstance(b, Const):
        return type(a.value) is type(b.value) and a.value is b.value
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(p is q for p, q in zip(a, b, strict=True))
    return False


def _match(lo: Lowering, slot: _Carried, end: Any, changes: dict[Any, Any], learned: _Learned) -> list[Value]:
    """The values of a symbol at the end of the body, one for each carried argument."""
    template = slot.symbol
    if slot.key in learned.merged:
        end = snapshot(lo, end, changes)
        share(lo, end)
    if _fits(slot.key, template, end):
        return leaves(end)
    if _fits(slot.key, snapshot(lo, template, {}), snapshot(lo, end, changes)):
        learned.merged.add(slot.key)
        raise _Retry({})
    if isinstance(slot.key, Reference):
        lo.demote(slot.key, end)
    if isinstance(end, Conflict):
        lo.resolve_conflict(end)
    if isinstance(template, Const) and template.value is None and isinstance(end, Sequence):
        lo.unsupported("a name that starts as None becomes a tuple in this loop", "start it with a tuple of numbers")
    for side in (template, end):
        if isinstance(side, Reference) and side.cls is list:
            lo.demote(side)
    lo.unsupported("a name stands for things of different structure from one iteration to the next")


def _fits(key: Any, template: Any, end: Any) -> bool:
    """Whether what a key stands for, or what a container holds, is of the structure that it has before the loop."""
    if isinstance(end, Conflict):
        return False
    if isinstance(key, Reference):
        return len(template) == len(end) and all(map(same_structure, template, end))
    return same_structure(template, end)


def _has_conflict(symbol: Any) -> bool:
    if isinstance(symbol, Sequence):
        return any(_has_conflict(item) for item in symbol.items)
    return isinstance(symbol, Conflict)


def _finish(
    lo: Lowering,
    carried: list[_Carried],
    changes: dict[Any, Any],
    region: Region,
    outcome: Outcome,
    finish: Callable[[list[Value], Region, bool, list[Value]], Loop],
) -> Outcome:
    exits = bool(_leaving(outcome))
    inits = [v for slot in carried for v in slot.inits]
    results = [v for slot in carried for v in slot.results]
    symbols = {slot.key: slot.symbol for slot in carried}
    known = set(symbols)
    for key, symbol in changes.items():
        if key in known or symbol is MISSING:
            continue
        if lo.store.get(key) is MISSING:
            symbols[key] = symbol
            for leaf in leaves(symbol):
                region.args.append(_unused_argument(lo, leaf, region))
                inits.append(UNDEFINED_VALUE)
                results.append(leaf)
    outputs = [
        Value(_output_type(i, a, r), a.hint, lo.span)
        for i, a, r in zip(inits, region.args[len(region.args) - len(inits) :], results, strict=True)
    ]
    for output, init, result in zip(outputs, inits, results, strict=True):
        merge_list_sites(lo, output, init, result)
    code = Value(INT, "exited", lo.span)
    region.results = [outcome.code, *results] if exits else results
    if lo.attempts and any(lo.raising.may_raise(op) for op in region.ops):
        # What one iteration has assigned is there when a later one raises.
        lo.interrupt(symbols)
    lo.append(finish(inits, region, exits, [code, *outputs] if exits else outputs))
    values = iter(outputs)
    for key, symbol in symbols.items():
        lo.store.set(key, restored(lo, with_leaves(symbol, values)))
    if not outcome.codes:
        return NEXT
    if not exits:
        return NEXT
    return Outcome(code, outcome.codes | {Exit.NEXT})


def _unused_argument(lo: Lowering, leaf: Value, region: Region) -> Value:
    arg = Value(freshened(leaf.type, lo.fresh("l")), leaf.hint, leaf.span)
    arg.owner = region
    return arg


def _output_type(init: Value, arg: Value, result: Value) -> Type:
    return arg.type


def while_statement(lo: Lowering, node: ast.While, frame: Frame) -> Outcome:
    """A `while` statement."""
    guess = _variables(lo, node.body, frame) | _variables(lo, [node.test], frame)
    test: dict[str, Any] = {"region": None}

    def build(carried: list[_Carried], region: Region) -> Outcome:
        test_region = Region()
        with lo.store.branch() as changes, lo.into(test_region):
            truth = lo.truth(expression(lo, node.test, frame))
        test["region"] = None
        if isinstance(truth, bool):
            if not truth:
                return leaves_with(Exit.BREAK)
            return _body(lo, node, frame)
        if not any(symbol is not MISSING for symbol in changes.values()) and _repeatable(test_region):
            test_region.results = [truth]
            test["region"] = (test_region, list(region.args))
            return _body(lo, node, frame)
        truth = lo.truth(expression(lo, node.test, frame))
        test["left_by_test"] = True
        if isinstance(truth, bool):
            return _body(lo, node, frame) if truth else leaves_with(Exit.BREAK)
        return join_branches(
            lo,
            truth,
            branch(lo, lambda: _body(lo, node, frame)),
            branch(lo, lambda: leaves_with(Exit.BREAK)),
        )

    def finish(inits: list[Value], region: Region, exits: bool, outputs: list[Value]) -> Loop:
        if test["region"] is None:
            always = Region(_copies(region.args))
            always.results = [Const(True)]
            return While(inits, always, region, exits, outputs, lo.span)
        return While(inits, _own_arguments(*test["region"], region), region, exits, outputs, lo.span)

    outcome = _loop(lo, build, finish, guess, lo.site(node), _dead_names(node, frame))
    if node.orelse and test.get("left_by_test"):
        lo.unsupported(
            "`else` after a `while` whose test assigns names is not supported", "use `while True` and `break`"
        )
    if outcome.codes == {Exit.NEXT} and test["region"] is None and not test.get("left_by_test"):
        return NEVER if not outcome.codes else outcome
    if _leaving(outcome) and test["region"] is None and not test.get("left_by_test"):
        # Nothing but a jump ends the loop.
        outcome = restricted(outcome, _leaving(outcome))
    return after_loop(lo, outcome, lambda: block(lo, node.orelse, frame), bool(node.orelse))


def _repeatable(region: Region) -> bool:
    """Whether a test only computes: no effect that a second copy of it would repeat."""
    return all(op.outputs for op in region.ops)


def _copies(args: list[Value]) -> list[Value]:
    return [Value(a.type, a.hint, a.span) for a in args]


def _own_arguments(test: Region, body_args: list[Value], body: Region) -> Region:
    """Gives the test region arguments of its own, in place of those of the body that it was lowered with."""
    args = _copies(body.args)
    mapping = dict(zip(body.args, args, strict=True))

    def swap(v: Value) -> Value:
        return mapping.get(v, v)

    def rewrite(region: Region) -> None:
        for op in region.ops:
            op.replace_inputs(swap)
            for inner in op.regions:
                rewrite(inner)
        region.results = [swap(v) for v in region.results]

    rewrite(test)
    test.args = args
    for arg in args:
        arg.owner = test
    return test
