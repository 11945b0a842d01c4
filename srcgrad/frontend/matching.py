"""`match` statements: most patterns are decided at compile time, the rest become the conditions of branches.

Before -> after: `match mode: case "a": S case _: T` -> S, where `mode` is known to be "a";
`match n: case 0: S case _: T` -> `if n == 0: S else: T`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

import numpy as np

from srcgrad.frontend import pools
from srcgrad.frontend.access import length, subscript, tuple_items
from srcgrad.frontend.assignments import set_name
from srcgrad.frontend.attributes import attribute
from srcgrad.frontend.expressions import expression
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome, select
from srcgrad.frontend.operators import compare
from srcgrad.frontend.statements import block, choose
from srcgrad.frontend.values import CONTAINERS, CompactDict, Frame, Reference, Sequence, Symbol, constant
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Array, List, Tuple, Unknown, is_numeric, is_scalar

_MATCH_THEMSELVES = frozenset([bool, int, float, complex, str, bytes, tuple, list, dict, set])
"""The built-in classes whose one positional pattern is matched with the subject itself."""

Names = dict[str, Callable[[], Symbol]]
"""What a pattern captures: read where the pattern is known to have matched, not before."""


def match_statement(lo: Lowering, node: ast.Match, frame: Frame, rest: Callable[[], Outcome]) -> Outcome:
    """Lowers a `match` statement and what follows it."""
    subject = _opened(lo, expression(lo, node.subject, frame))

    def case(k: int, rest: Callable[[], Outcome]) -> Outcome:
        if k == len(node.cases):
            return rest()
        clause = node.cases[k]
        names: Names = {}
        with lo.at(clause.pattern, frame):
            truth = lo.truth(_test(lo, clause.pattern, subject, frame, names))
            if clause.guard is not None:
                truth = lo.truth(_guarded(lo, truth, clause.guard, names, frame))

        def body() -> Outcome:
            if clause.guard is None:
                _bind(lo, names, frame)
            return block(lo, clause.body, frame)

        return choose(lo, truth, body, lambda: case(k + 1, lambda: NEXT), rest)

    return case(0, rest)


def _opened(lo: Lowering, symbol: Symbol) -> Symbol:
    """The subject with run-time tuples taken apart, once and before any test, so that every capture is defined."""
    if isinstance(symbol, Value) and isinstance(symbol.type, Tuple):
        symbol = Sequence(tuple_items(lo, symbol))
    if not isinstance(symbol, Sequence):
        return symbol
    items = tuple([_opened(lo, item) for item in symbol.items])
    same = all(a is b for a, b in zip(items, symbol.items, strict=True))
    return symbol if same else Sequence(items, symbol.cls)


def _bind(lo: Lowering, names: Names, frame: Frame) -> None:
    for name, read in names.items():
        set_name(lo, name, read(), frame)


def _guarded(lo: Lowering, truth: Value | bool, guard: ast.expr, names: Names, frame: Frame) -> Symbol:
    """Whether a case is taken: the guard sees what the pattern has captured, and that stays if it says no."""

    def decide() -> Symbol:
        _bind(lo, names, frame)
        answer = lo.truth(expression(lo, guard, frame))
        return Const(answer) if isinstance(answer, bool) else answer

    matches = _symbol(truth)
    return select(lo, matches, decide, lambda: matches)


def _symbol(truth: Value | bool) -> Symbol:
    return Const(truth) if isinstance(truth, bool) else truth


def _all(lo: Lowering, tests: list[Callable[[], Symbol]]) -> Symbol:
    """Whether all tests hold; each is made only where those before it hold."""
    if not tests:
        return Const(True)
    first = tests[0]()
    return first if len(tests) == 1 else select(lo, first, lambda: _all(lo, tests[1:]), lambda: first)


def _test(lo: Lowering, pattern: ast.pattern, subject: Symbol, frame: Frame, names: Names) -> Symbol:
    """Whether a pattern matches; what it captures is noted in `names`."""
    if isinstance(pattern, ast.MatchValue):
        return _equal(lo, subject, expression(lo, pattern.value, frame))
    if isinstance(pattern, ast.MatchSingleton):
        return compare(lo, ast.Is(), subject, Const(pattern.value))
    if isinstance(pattern, ast.MatchSequence):
        return _sequence(lo, pattern.patterns, subject, frame, names)
    if isinstance(pattern, ast.MatchMapping):
        return _mapping(lo, pattern, subject, frame, names)
    if isinstance(pattern, ast.MatchClass):
        return _class(lo, pattern, subject, frame, names)
    if isinstance(pattern, ast.MatchOr):
        return _either(lo, pattern.patterns, subject, frame, names)
    assert isinstance(pattern, ast.MatchAs)
    result = Const(True) if pattern.pattern is None else _test(lo, pattern.pattern, subject, frame, names)
    if pattern.name is not None:
        names[pattern.name] = lambda: subject
    return result


def _equal(lo: Lowering, subject: Symbol, value: Symbol) -> Symbol:
    known = constant(value)
    if isinstance(subject, (Sequence, Reference)) and isinstance(value, Const):
        if isinstance(subject, Reference) and subject.cls not in CONTAINERS:
            lo.unsupported("an object is compared with a value here", "match its class and its fields")
        return Const(False)
    if isinstance(subject, Value) and isinstance(known, str) and is_scalar(subject.type):
        return Const(False)
    return compare(lo, ast.Eq(), subject, value)


def _sequence(lo: Lowering, patterns: list[ast.pattern], subject: Symbol, frame: Frame, names: Names) -> Symbol:
    items = _items(lo, subject)
    if items is False:
        return Const(False)
    star = next((k for k, p in enumerate(patterns) if isinstance(p, ast.MatchStar)), None)
    if items is None:
        assert isinstance(subject, Value)
        count = len(patterns) if star is None else len(patterns) - 1
        right = compare(lo, ast.Eq() if star is None else ast.GtE(), length(lo, subject), Const(count))
        tests: list[Callable[[], Symbol]] = [lambda: right]
        for k, pattern in enumerate(patterns):
            if isinstance(pattern, ast.MatchStar):
                after = len(patterns) - k - 1
                rest = slice(Const(k), Const(-after) if after else None, None)
                if pattern.name is not None:
                    names[pattern.name] = lambda rest=rest: lo.call(Const(list), [subscript(lo, subject, rest)], {})
                continue
            place = Const(k if star is None or k < star else k - len(patterns))
            tests.append(
                lambda p=pattern, place=place: _part(lo, p, lambda: subscript(lo, subject, place), frame, names)
            )
        return _all(lo, tests)
    if star is None:
        if len(items) != len(patterns):
            return Const(False)
    else:
        after = len(patterns) - star - 1
        if len(items) < len(patterns) - 1:
            return Const(False)
        starred = patterns[star]
        assert isinstance(starred, ast.MatchStar)
        middle = items[star : len(items) - after]
        if starred.name is not None:
            names[starred.name] = lambda: lo.new_reference(list, middle, lo.site(starred))
        patterns = [*patterns[:star], *patterns[star + 1 :]]
        items = (*items[:star], *items[len(items) - after :])
    pairs = zip(patterns, items, strict=True)
    return _all(lo, [lambda p=p, item=item: _test(lo, p, item, frame, names) for p, item in pairs])


def _part(lo: Lowering, pattern: ast.pattern, read: Callable[[], Symbol], frame: Frame, names: Names) -> Symbol:
    """A pattern for an item of a list made at run time, which is there only behind the test of the length."""
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
        if pattern.name is not None:
            names[pattern.name] = read
        return Const(True)
    inner: Names = {}
    result = _test(lo, pattern, read(), frame, inner)
    if inner:
        lo.unsupported("a pattern for items of a list of unknown length captures parts of an item", "index the list")
    return result


def _is_sequence(x: object) -> bool:
    match x:
        case [*_]:
            return True
    return False


_ARRAYS_ARE_SEQUENCES = _is_sequence(np.zeros(1))
"""Whether `match` takes arrays for sequences: from NumPy 2.5 on."""


def _items(lo: Lowering, subject: Symbol) -> tuple[Symbol, ...] | bool | None:
    """The items of a sequence, None if their number depends on the run; False for what is no sequence to `match`."""
    if isinstance(subject, Sequence):
        return subject.items
    if isinstance(subject, Reference):
        return lo.contents(subject) if subject.cls is list else False
    if isinstance(subject, Value) and isinstance(subject.type, List):
        return None
    if isinstance(subject, Value) and isinstance(subject.type, Array) and _ARRAYS_ARE_SEQUENCES:
        return None
    if isinstance(subject, Const) or (isinstance(subject, Value) and is_numeric(subject.type)):
        return False
    lo.unsupported("whether this is a sequence is not known at compile time", "test it with an if statement")


def _mapping(lo: Lowering, pattern: ast.MatchMapping, subject: Symbol, frame: Frame, names: Names) -> Symbol:
    subject = pools.opened_dict(lo, subject)
    if isinstance(subject, Reference) and subject.cls is CompactDict:
        lo.unsupported("which keys this dict has depends on the run", "test it with an if statement")
    if not (isinstance(subject, Reference) and subject.cls is dict):
        if isinstance(subject, Value) and isinstance(subject.type, Unknown):
            lo.unsupported("whether this is a dict is not known at compile time", "test it with an if statement")
        return Const(False)
    entries = dict(lo.contents(subject))
    keys = [constant(expression(lo, key, frame)) for key in pattern.keys]
    if any(key not in entries for key in keys):
        return Const(False)
    if pattern.rest is not None:
        others = tuple((key, item) for key, item in entries.items() if key not in keys)
        names[pattern.rest] = lambda: lo.new_reference(dict, others, lo.site(pattern))
    pairs = zip(pattern.patterns, keys, strict=True)
    return _all(lo, [lambda p=p, key=key: _test(lo, p, entries[key], frame, names) for p, key in pairs])


def _class(lo: Lowering, pattern: ast.MatchClass, subject: Symbol, frame: Frame, names: Names) -> Symbol:
    cls = constant(expression(lo, pattern.cls, frame))
    if not isinstance(cls, type):
        lo.unsupported("a class pattern needs a class that is known at compile time")
    is_instance = lo.truth(lo.call(Const(isinstance), [subject, Const(cls)], {}))
    if is_instance is False:
        return Const(False)
    if cls in _MATCH_THEMSELVES and not pattern.kwd_attrs and len(pattern.patterns) <= 1:
        inner = [lambda p=p: _test(lo, p, subject, frame, names) for p in pattern.patterns]
        return _all(lo, [lambda: _symbol(is_instance), *inner])
    fields = getattr(cls, "__match_args__", ())[: len(pattern.patterns)]
    if len(fields) < len(pattern.patterns):
        lo.unsupported(f"{cls.__name__}() accepts {len(fields)} positional sub-patterns")
    parts = [*zip(fields, pattern.patterns, strict=True), *zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)]
    pool = pools.pool_of(subject)
    is_read = pool is not None and all(name in pool.fields for name, _ in parts)
    if parts and is_instance is not True and not is_read:
        lo.unsupported(f"whether this is a {cls.__name__} is not known at compile time", "test it with isinstance")
    before = len(lo.region.ops)
    fields_read = [(p, attribute(lo, subject, f)) for f, p in parts]
    if len(lo.region.ops) != before and not is_read:
        lo.unsupported(f"a pattern computes a property of a {cls.__name__} here", "read it before the match")
    inner = [lambda p=p, part=part: _test(lo, p, part, frame, names) for p, part in fields_read]
    return _all(lo, [lambda: _symbol(is_instance), *inner])


def _either(lo: Lowering, patterns: list[ast.pattern], subject: Symbol, frame: Frame, names: Names) -> Symbol:
    """The first alternative that matches; one that captures must be known to match, or not to, at compile time."""
    inner: Names = {}
    first = lo.truth(_test(lo, patterns[0], subject, frame, inner))
    if first is True or len(patterns) == 1:
        names.update(inner)
        return _symbol(first)
    if first is False:
        return _either(lo, patterns[1:], subject, frame, names)
    if inner:
        lo.unsupported("which alternative of this pattern captures depends on the run", "write one case for each")
    return select(lo, first, lambda: first, lambda: _either(lo, patterns[1:], subject, frame, {}))
