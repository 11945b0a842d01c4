"""Loops: what a body changes is carried from iteration to iteration, with types joined until they are stable."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

from srcgrad.frontend.assignments import assign
from srcgrad.frontend.carried import Carried, build_loop
from srcgrad.frontend.exits import (
    compare,
    evaluated,
    go_on,
    is_one_of,
    leaving,
    new_label,
    restricted,
    settled,
    stays,
    unless_left,
)
from srcgrad.frontend.expressions import tested
from srcgrad.frontend.iteration import constant_range, descending, iterate, iterator_length
from srcgrad.frontend.live_names import live_at
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import (
    NEVER,
    NEXT,
    Outcome,
    branch,
    join_branches,
    leaves_with,
)
from srcgrad.frontend.peeling import peeled_if_need_be
from srcgrad.frontend.scope import assigned_in, has_exit
from srcgrad.frontend.sizes import note_changes, size_check
from srcgrad.frontend.statements import block
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import (
    Consumer,
    Frame,
    Iterator,
    Reference,
    Rest,
    Symbol,
)
from srcgrad.ir.nodes import Const, Exit, For, Loop, Region, Value, While
from srcgrad.ir.types import INT

Bounds = tuple[Value, Value, Value]
_MOST_COPIED = 60
_MOST_ITEMS = 10_000
_ENDS = frozenset([Exit.BREAK, Exit.CONTINUE])


def for_statement(lo: Lowering, node: ast.For, frame: Frame) -> Outcome:
    """A `for` statement: unrolled over items known at compile time, a loop of the graph over all else."""
    return evaluated(lo, node.iter, frame, lambda symbol: for_over(lo, node, symbol, frame))


def for_over(lo: Lowering, node: ast.For, symbol: Symbol, frame: Frame) -> Outcome:
    """A `for` statement over something that has been evaluated."""
    if symbol in lo.cleaning and isinstance(node.iter, ast.Name) and has_exit(node.body):
        lo.unsupported(
            f"the generator {node.iter.id!r} is left here, and cleans up later", "loop over the call that makes it"
        )
    site = lo.site(node)
    iterator, dead = _with_end(lo, iterate(lo, symbol), site), _dead_names(node, frame)
    known = constant_range(iterator)
    if known is not None and site in lo.marks.unrolled:
        iterator = Iterator(tuple(Const(k) for k in known))

    def body(item: Symbol) -> Outcome:
        assign(lo, node.target, item, frame)
        outcome = _body(lo, node, frame)
        for key in dead:
            # After a `break` it would stand for one object or another, neither of which could be changed any more.
            if isinstance(lo.store.get(key), Reference):
                lo.store.set(key, MISSING)
        return outcome

    def otherwise() -> Outcome:
        return block(lo, node.orelse, frame)

    if iterator.drive is not None:
        return _for_driven(lo, node, iterator, frame)
    if iterator.known:
        return _unrolled(lo, iterator, body, otherwise)
    before = _contents(lo, iterator)
    guess = _variables(lo, node.body, frame) | _variables(lo, [node.target], frame)
    check = size_check(lo, iterator, site)
    outcome = for_loop(lo, iterator, body, guess, site, _index_name(node, iterator), dead)
    _check_sources(lo, iterator, before)
    return after_loop(lo, outcome, lambda: check() or otherwise(), bool(node.orelse) or site in lo.marks.sized)


def _with_end(lo: Lowering, iterator: Iterator, site: Any) -> Iterator:
    """The iterator, driven if there is no other way to loop over it, and without items if it has none."""
    if constant_range(iterator) == range(0):
        return Iterator(())
    changes = site in lo.marks.stepped and iterator.drive is None and not iterator.known
    if not iterator.endless and not changes:
        return iterator
    from srcgrad.frontend.stepping import by_index

    return iterate(lo, by_index(lo, iterator, in_steps=changes))


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
    iterator = _with_end(lo, iterator, site)
    if iterator.drive is not None:
        return iterator.drive(body)

    def each(item: Symbol) -> Outcome:
        return body(item, None)

    if iterator.known:
        return _unrolled(lo, iterator, each, lambda: NEXT)
    before = _contents(lo, iterator)
    check = size_check(lo, iterator, site)
    outcome = for_loop(lo, iterator, each, set(guess), site, index_name)
    _check_sources(lo, iterator, before)
    return after_loop(lo, outcome, lambda: check() or NEXT, site in lo.marks.sized)


def for_each(
    lo: Lowering,
    iterator: Iterator,
    body: Consumer,
    site: Any,
    guess: set[Any] = frozenset(),
) -> None:
    """Does something with each item of an iterator, in the middle of an expression."""
    stays(lo, over(lo, iterator, body, site, guess))


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
    lo: Lowering, iterator: Iterator, body: Callable[[Symbol], Outcome], otherwise: Callable[[], Outcome]
) -> Outcome:
    """The body once for each item; where it changes the container that they are in, the next one is what is there."""
    work_out = iterator.work_out if iterator.one_by_one else None

    def number() -> int:
        return iterator.count() if work_out is not None and iterator.count is not None else len(iterator.items or ())

    count = number()
    before = _contents(lo, iterator)

    def item(k: int) -> Symbol | None:
        if iterator.sized and number() != count:
            lo.raises(RuntimeError, "a container changed its size during iteration")
        if iterator.live is None and work_out is None:
            _check_sources(lo, iterator, before)
        if k > _MOST_ITEMS:
            lo.unsupported("this loop makes the list longer that it goes over", "loop over a copy: list(...)")
        if k >= number():
            return None
        return work_out(k) if work_out is not None else (iterator.items or ())[k]

    def iteration(k: int) -> Outcome:
        while True:
            given = item(k)
            if given is None:
                return otherwise()
            outcome = body(given)
            if outcome.static not in (Exit.NEXT, Exit.CONTINUE):
                break
            k += 1
        if not outcome.codes or outcome.static is not None:
            return outcome
        return unless_left(lo, outcome, lambda: iteration(k + 1))

    return settled(lo, iteration(0), _ENDS)


def _contents(lo: Lowering, iterator: Iterator) -> list[Any]:
    """What the containers hold that the items of an iterator are in."""
    return [lo.store.get(source) if isinstance(source, Reference) else None for source in iterator.sources]


def _check_sources(lo: Lowering, iterator: Iterator, before: list[Any]) -> None:
    """Refuses a loop that changes the containers it goes over, where it would not see that."""
    for source, contents in zip(iterator.sources, before, strict=True):
        if isinstance(source, Reference) and lo.store.get(source) is not contents:
            if source.cls is list and source.site is not None:
                lo.demote(source)
            lo.unsupported(f"this {source.cls.__name__} is changed while it is looped over", "loop over a copy")


def after_loop(lo: Lowering, outcome: Outcome, otherwise: Callable[[], Outcome], has_else: bool) -> Outcome:
    """The `else` clause, and how control goes on after the loop."""
    outward = leaving(outcome) - _ENDS

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
    check = size_check(lo, iterator, site)

    def turn(index: Value) -> Outcome:
        check()
        return body(index if item is None else item(index))

    def loop(bounds: Bounds, backwards: bool) -> Outcome:
        known = constant_range(Iterator(bounds=bounds))

        def build(carried: list[Carried], region: Region) -> Outcome:
            index = Value(INT, index_name, lo.span)
            index.owner = region
            region.args.insert(0, index)
            with _of_constant_length(lo, site, index, known):
                return turn(index)

        def finish(inits: list[Value], region: Region, exits: bool, outputs: list[Value]) -> Loop:
            if backwards and (exits or iterator.slots is not None):
                return For(*descending(lo, bounds), inits, region, exits, outputs, lo.span, slots=iterator.slots)
            return For(*bounds, inits, region, exits, outputs, lo.span, backwards, iterator.slots)

        with _of_constant_length(lo, site, None, known):
            return build_loop(lo, build, finish, guess, site, dead, lambda: _makes_turns(lo, bounds))

    def from_(bounds: Bounds, backwards: bool) -> Outcome:
        def forwards() -> Bounds:
            return descending(lo, bounds) if backwards else bounds

        return peeled_if_need_be(
            lo,
            site,
            lambda: loop(bounds, backwards),
            lambda: _makes_turns(lo, bounds),
            lambda: turn(forwards()[0]),
            lambda: from_(_behind_first(lo, forwards()), False),
        )

    outcome = from_((start, stop, step), iterator.backwards)
    note_changes(lo, iterator, site)
    return outcome


def _behind_first(lo: Lowering, bounds: Bounds) -> Bounds:
    start, stop, step = bounds
    with lo.trusted():
        return lo.value(lo.emit(operator.add, start, step)), stop, step


@contextmanager
def _of_constant_length(lo: Lowering, site: Any, index: Value | None, known: range | None) -> Generator[None]:
    """Notes that what is lowered is in a loop whose number of turns is known."""
    if known is None:
        yield
        return
    lo.constant_loops.append((site, index, len(known)))
    try:
        yield
    finally:
        lo.constant_loops.pop()


def _makes_turns(lo: Lowering, bounds: Bounds) -> Symbol:
    """Whether there is anything in a range."""
    start, stop, step = bounds
    with lo.trusted():
        if not isinstance(step, Const):
            way = lo.emit(operator.mul, lo.emit(operator.sub, stop, start), step)
            return lo.emit(operator.gt, way, Const(0))
        return lo.emit(operator.gt, stop, start) if step.value > 0 else lo.emit(operator.lt, stop, start)


def while_statement(lo: Lowering, node: ast.While, frame: Frame) -> Outcome:
    """A `while` statement."""
    guess = _variables(lo, node.body, frame) | _variables(lo, [node.test], frame)
    test: dict[str, Any] = {"region": None}

    def build(carried: list[Carried], region: Region) -> Outcome:
        test_region = Region()
        protections, lo.protections = lo.protections, []
        try:
            with lo.store.branch() as changes, lo.into(test_region):
                truth = lo.truth(tested(lo, node.test, frame))
        finally:
            lo.protections = protections
        test["region"] = None
        if protections and any(map(lo.raising.may_raise, test_region.ops)):
            from srcgrad.frontend.attempts import guarded_test

            test["left_by_test"] = True
            return guarded_test(lo, node.test, frame, lambda: _body(lo, node, frame), lambda: leaves_with(Exit.BREAK))
        if isinstance(truth, bool):
            if not truth:
                return leaves_with(Exit.BREAK)
            return _body(lo, node, frame)
        if not any(symbol is not MISSING for symbol in changes.values()) and _repeatable(test_region):
            test_region.results = [truth]
            test["region"] = (test_region, list(region.args))
            return _body(lo, node, frame)
        truth = lo.truth(tested(lo, node.test, frame))
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

    always = isinstance(node.test, ast.Constant) and bool(node.test.value)
    turns = (lambda: Const(True)) if always else None

    def loop() -> Outcome:
        return build_loop(lo, build, finish, guess, lo.site(node), _dead_names(node, frame), turns)

    def started() -> Outcome:
        return peeled_if_need_be(
            lo, lo.site(node), loop, lambda: tested(lo, node.test, frame), lambda: _body(lo, node, frame), started
        )

    outcome = started()
    if node.orelse and test.get("left_by_test"):
        lo.unsupported(
            "`else` after a `while` whose test assigns names is not supported", "use `while True` and `break`"
        )
    if outcome.codes == {Exit.NEXT} and test["region"] is None and not test.get("left_by_test"):
        return NEVER if not outcome.codes else outcome
    if leaving(outcome) and test["region"] is None and not test.get("left_by_test"):
        # Nothing but a jump ends the loop.
        outcome = restricted(outcome, leaving(outcome))
    return after_loop(lo, outcome, lambda: block(lo, node.orelse, frame), bool(node.orelse))


def endless(lo: Lowering, body: Callable[[], Outcome], site: Any) -> Outcome:
    """`while True`: repeats something until it leaves with a label; says how."""

    def build(carried: list[Carried], region: Region) -> Outcome:
        return body()

    def finish(inits: list[Value], region: Region, exits: bool, outputs: list[Value]) -> Loop:
        always = Region(_copies(region.args))
        always.results = [Const(True)]
        return While(inits, always, region, exits, outputs, lo.span)

    def loop() -> Outcome:
        return build_loop(lo, build, finish, set(), site, frozenset(), lambda: Const(True))

    def started() -> Outcome:
        return peeled_if_need_be(lo, site, loop, lambda: Const(True), body, started)

    outcome = started()
    codes = leaving(outcome)
    return restricted(outcome, codes) if codes else NEVER


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
