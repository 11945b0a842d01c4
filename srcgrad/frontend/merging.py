"""Where paths meet: how control leaves a block, and what names and containers stand for after a branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import GeneratorType
from typing import Any

from srcgrad.frontend import pools
from srcgrad.frontend.late_fields import united
from srcgrad.frontend.list_kinds import Within, unify_lists
from srcgrad.frontend.lowering import UNDEFINED_VALUE, Lowering, RaisesAlways, is_undefined
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.presence import assume, kind_here
from srcgrad.frontend.records import perhaps_none
from srcgrad.frontend.snapshots import (
    forgotten,
    leaf_names,
    leaves,
    restored,
    same_structure,
    share,
    snapshot,
    with_leaves,
)
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import (
    CONTAINERS,
    Bound,
    Closure,
    Conflict,
    Frame,
    Interrupted,
    Reference,
    Sequence,
    Symbol,
    variable_name,
)
from srcgrad.ir.flow import is_inside
from srcgrad.ir.joins import UnlikeError, join
from srcgrad.ir.nodes import Const, Exit, If, Raise, Region, Value
from srcgrad.ir.types import BOOL, NONE, List, Opaque, Type


@dataclass(frozen=True, slots=True)
class Outcome:
    """How control leaves a block.

    Attributes:
        code: the exit code, a constant unless it depends on the run.
        codes: the exit codes that are possible; empty if control never leaves (it raises).
        leaving: for one that may be NEXT, if it is known: a condition under which it is not, and the outcome then.
    """

    code: Value
    codes: frozenset[int]
    leaving: tuple[Value, Outcome] | None = None

    @property
    def static(self) -> int | None:
        """The only possible exit code, None if there are several."""
        return next(iter(self.codes)) if len(self.codes) == 1 else None


def leaves_with(code: int) -> Outcome:
    """Control leaves with one exit code, known at compile time."""
    return Outcome(Const(int(code)), frozenset([code]))


NEXT = leaves_with(Exit.NEXT)
NEVER = Outcome(UNDEFINED_VALUE, frozenset())
_IS_BOUND = " is bound"


class Checked(Const):
    """Whether a name has been assigned where the program has just raised if it was not.

    Behind the branch or turn the run decides again, by what was asked if that is from before it.

    Attributes:
        flag: what was asked.
    """

    __slots__ = ("flag",)

    def __init__(self, flag: Value):
        super().__init__(True)
        self.flag = flag


def is_checked(symbol: Any, flag: Any) -> bool:
    """Whether the program has only looked at a flag."""
    return isinstance(symbol, Checked) and symbol.flag is flag


@dataclass(slots=True)
class Branch:
    """One side of a branch after lowering: its region, what it changed, and how control leaves it."""

    region: Region
    changes: dict[Any, Any]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Sides:
    """Two paths that meet: what each of them changed, the name that is merged, and the regions that may be added to."""

    first: Mapping[Any, Any]
    second: Mapping[Any, Any]
    name: str | None = None
    regions: tuple[Region, Region] | None = None


def merge(lo: Lowering, a: Any, b: Any, phi: Callable[[Value, Value], Value], sides: Sides) -> Any:
    """One symbol for two paths; `phi` merges two values, `sides` are the changes on either path."""
    a, b = pools.resolved(lo, a, sides.first), pools.resolved(lo, b, sides.second)
    if a is b:
        return a
    if isinstance(a, Reference) and isinstance(b, Reference):
        lo.unify(a, b)
        container = merged(lo, a, b, sides, phi)
        if container is not None:
            return container
    if isinstance(a, Value) and isinstance(b, Value):
        if isinstance(a, Const) and isinstance(b, Const) and type(a.value) is type(b.value):
            try:
                if a.value is b.value or (a.value == b.value and repr(a.value) == repr(b.value)):
                    return a
            except ValueError:
                pass
        if _static_constant(a) or _static_constant(b):
            return b if is_undefined(a) else a if is_undefined(b) else Conflict(a, b)
        if _is_list_or_else(a, b) and not is_undefined(a) and not is_undefined(b):
            return Conflict(a, b)
        try:
            return phi(a, b)
        except UnlikeError:
            # It may be that nobody looks at it.
            return Conflict(a, b)
    if is_undefined(a):
        return _with_undefined(b, lambda v: phi(UNDEFINED_VALUE, v))
    if is_undefined(b):
        return _with_undefined(a, lambda v: phi(v, UNDEFINED_VALUE))
    if isinstance(a, Sequence) and isinstance(b, Sequence) and a.cls is b.cls and len(a.items) == len(b.items):
        pairs = zip(a.items, b.items, strict=True)
        return Sequence(tuple([merge(lo, p, q, phi, sides) for p, q in pairs]), a.cls)
    if isinstance(a, Bound) and isinstance(b, Bound) and same_structure(a, b):
        return with_leaves(a, iter([phi(p, q) for p, q in zip(leaves(a), leaves(b), strict=True)]))
    if isinstance(a, Closure) and isinstance(b, Closure) and a.node is b.node and a.frame is b.frame:
        return a
    return Conflict(a, b)


def _is_list_or_else(a: Value, b: Value) -> bool:
    """Whether one of two values is a run-time list, and the other neither a list nor None."""
    return isinstance(a.type, List) != isinstance(b.type, List) and NONE not in (a.type, b.type)


def _with_undefined(symbol: Any, phi: Callable[[Value], Value]) -> Any:
    if isinstance(symbol, Value):
        return symbol if _static_constant(symbol) else phi(symbol)
    if isinstance(symbol, Sequence):
        return Sequence(tuple([_with_undefined(item, phi) for item in symbol.items]), symbol.cls)
    if isinstance(symbol, Bound):
        return with_leaves(symbol, iter([phi(leaf) for leaf in leaves(symbol)]))
    return symbol


def merge_contents(lo: Lowering, a: Any, b: Any, cls: type, phi: Callable[[Value, Value], Value], sides: Sides) -> Any:
    """One tuple of contents for two paths; different structure is an error if it is used."""
    if a is b:
        return a
    if isinstance(a, Conflict) or isinstance(b, Conflict):
        return Conflict(a, b)
    if cls not in (*CONTAINERS, GeneratorType) and [key for key, _ in a] != [key for key, _ in b]:
        a, b = united(lo, cls, a, b) or (a, b)
    if len(a) != len(b):
        return Conflict(a, b)
    if cls not in (list, set):
        if [key for key, _ in a] != [key for key, _ in b]:
            return Conflict(a, b)
        return tuple([(k, _merge_items(lo, k, p, q, phi, sides)) for (k, p), (_, q) in zip(a, b, strict=True)])
    return tuple([merge(lo, p, q, phi, sides) for p, q in zip(a, b, strict=True)])


def _merge_items(lo: Lowering, key: Any, a: Any, b: Any, phi: Callable[[Value, Value], Value], sides: Sides) -> Any:
    if sides.regions is not None:
        a, b = perhaps_none(lo, a, b, *sides.regions, str(key))
    return merge(lo, a, b, phi, sides)


def merged(lo: Lowering, a: Reference, b: Reference, sides: Sides, phi: Callable[..., Value]) -> Any:
    """What a name stands for where two paths give it different containers; None if their structure differs."""
    first, second = snapshot(lo, a, sides.first), snapshot(lo, b, sides.second)
    if not same_structure(first, second):
        return None
    share(lo, (first, second))
    rows = zip(leaves(first), leaves(second), leaf_names(first, sides.name), strict=True)
    return restored(lo, with_leaves(first, iter([phi(*row) for row in rows])))


def _tells(a: Any, b: Any) -> bool:
    """Whether two truths are the condition itself."""
    return isinstance(a, Const) and a.value is True and isinstance(b, Const) and b.value is False


def bound_key(key: Any) -> tuple[Frame, str]:
    """The key of whether a name that only some paths assign has been assigned."""
    return (key[0], f"{key[1]}{_IS_BOUND}")


def is_bound_key(key: Any) -> bool:
    """Whether a key of the store is one of these."""
    return isinstance(key, tuple) and isinstance(key[1], str) and key[1].endswith(_IS_BOUND)


def _note_bound(lo: Lowering, then: Branch, orelse: Branch) -> None:
    """Makes both sides tell whether they have assigned the names that only one of them has assigned."""
    if not then.outcome.codes or not orelse.outcome.codes:
        return
    for key in {**then.changes, **orelse.changes}:
        if not (isinstance(key, tuple) and isinstance(key[0], Frame)) or key[0].scope is None:
            continue
        current = lo.store.get(key)
        sides = [side.changes.get(key, current) for side in (then, orelse)]
        if (sides[0] is MISSING) == (sides[1] is MISSING) or key[1] not in key[0].scope.locals:
            continue
        if any(isinstance(symbol, Interrupted) for symbol in sides):
            continue
        flag = bound_key(key)
        for side, symbol in zip((then, orelse), sides, strict=True):
            if flag not in side.changes and lo.store.get(flag) is MISSING:
                side.changes[flag] = Const(symbol is not MISSING)
                lo.missing_reads.add(flag)
    for flag in [key for key in {**then.changes, **orelse.changes} if is_bound_key(key)]:
        told = [side.changes.get(flag, lo.store.get(flag)) for side in (then, orelse)]
        for side, symbol, other in zip((then, orelse), told, reversed(told), strict=True):
            if symbol is MISSING and other is not MISSING:
                side.changes[flag] = is_bound(lo, flag, side.changes)


def is_bound(lo: Lowering, flag: tuple[Frame, str], changes: Mapping[Any, Any]) -> Const:
    """Whether a name has been assigned on a path that did not ask."""
    name = (flag[0], flag[1].removesuffix(_IS_BOUND))
    return Const(changes.get(name, lo.store.get(name)) is not MISSING)


def branch(lo: Lowering, body: Callable[[], Outcome]) -> Branch:
    """Lowers one side of a branch into a region of its own."""
    region = Region()
    with lo.store.branch() as changes, lo.into(region):
        outcome = reached(lo, body)
    return Branch(region, changes, outcome)


def assuming(lo: Lowering, condition: Value, holds: bool, body: Callable[[], Outcome]) -> Callable[[], Outcome]:
    """The body of a branch, in which is known that a condition holds, or that it does not."""

    def known() -> Outcome:
        assume(lo, condition, holds)
        return body()

    return known


def reached(lo: Lowering, body: Callable[[], Outcome]) -> Outcome:
    """The outcome of a block: that of what raises on every run, where it gets there, is none."""
    try:
        return body()
    except RaisesAlways as always:
        cls, message = always.args
        error = lo.value(lo.emit_typed(cls, (Const(message),), {}, Opaque(cls)))
        lo.append(Raise(error, None, lo.span))
        return NEVER


def resume(lo: Lowering, side: Branch, body: Callable[[], Outcome]) -> Branch:
    """Goes on where a branch ended."""
    with lo.store.branch() as changes, lo.into(side.region):
        for key, symbol in side.changes.items():
            lo.store.set(key, symbol)
        outcome = reached(lo, body)
    return Branch(side.region, changes, outcome)


def join_branches(lo: Lowering, condition: Value, then: Branch, orelse: Branch, operation: type[If] = If) -> Outcome:
    """Appends the `If` of two branches, or a `Try`, and merges what they changed."""
    outputs: list[Value] = []
    place = lo.fresh("m")
    memo: dict[tuple[int, int], Value] = {}

    def phi(a: Value, b: Value, hint: str | None = None) -> Value:
        known = memo.get((a.uid, b.uid))
        if known is not None:
            return known
        merged = (
            b.type
            if is_undefined(a)
            else a.type
            if is_undefined(b)
            else join(_kind_in(lo, a, then), _kind_in(lo, b, orelse), f"{place}.{len(outputs)}")
        )
        output = Value(merged, hint or a.hint or b.hint, lo.span)
        merge_list_sites(lo, output, a, b)
        then.region.results.append(a)
        orelse.region.results.append(b)
        outputs.append(output)
        memo[a.uid, b.uid] = output
        return output

    _note_bound(lo, then, orelse)
    found: dict[Any, Any] = {}
    for key in {**then.changes, **orelse.changes}:
        a, b = then.changes.get(key, MISSING), orelse.changes.get(key, MISSING)
        current = lo.store.get(key)
        a = current if key not in then.changes else a
        b = current if key not in orelse.changes else b
        if not then.outcome.codes:
            a = _on_dead_path(b)
        if not orelse.outcome.codes:
            b = _on_dead_path(a)
        if a is MISSING and b is MISSING:
            continue
        if isinstance(key, Reference):
            if b is MISSING or not orelse.outcome.codes:
                found[key] = _on_one_path(a, then.region, lambda v: phi(v, UNDEFINED_VALUE))
            elif a is MISSING or not then.outcome.codes:
                found[key] = _on_one_path(b, orelse.region, lambda v: phi(UNDEFINED_VALUE, v))
            else:
                regions = (then.region, orelse.region)
                sides = Sides(then.changes, orelse.changes, None, regions)
                found[key] = merge_contents(lo, a, b, key.cls, phi, sides)
            continue
        if (a is MISSING or b is MISSING) and then.outcome.codes and orelse.outcome.codes and isinstance(key[0], Frame):
            lo.missing_reads.add(key)
        if is_bound_key(key) and ((b is current and is_checked(a, b)) or (a is current and is_checked(b, a))):
            continue
        if is_bound_key(key) and _tells(a, b) and operation is If and condition.type == BOOL:
            found[key] = condition
            continue
        hint = variable_name(key)
        a, b = (UNDEFINED_VALUE if s is MISSING else s for s in (a, b))
        a, b = pools.resolved_within(lo, a, then.changes), pools.resolved_within(lo, b, orelse.changes)
        a, b = perhaps_none(lo, a, b, then.region, orelse.region, hint)
        symbol = merge(lo, a, b, lambda p, q, own=hint: phi(p, q, own), Sides(then.changes, orelse.changes, hint))
        if type(symbol) is Conflict and symbol.condition is None and operation is If:
            first = _outliving(symbol.first, then.region, lambda v: phi(v, UNDEFINED_VALUE))
            second = _outliving(symbol.second, orelse.region, lambda v: phi(UNDEFINED_VALUE, v))
            symbol = Conflict(first, second, condition)
        found[key] = symbol
    for key in forgotten(lo, found):
        # The values that it holds may be those of one path.
        del found[key]
    outcome = _merge_outcomes(then.outcome, orelse.outcome, lambda a, b: phi(a, b, "code"))
    lo.append(operation(condition, then.region, orelse.region, outputs, lo.span))
    for key, symbol in found.items():
        lo.store.set(key, symbol)
    for side, taken in ((then, True), (orelse, False)):
        if operation is If and not side.outcome.codes:
            assume(lo, condition, not taken)
    return outcome


def _kind_in(lo: Lowering, value: Value, side: Branch) -> Type:
    with lo.into(side.region):
        return kind_here(lo, value)


def _outliving(symbol: Any, region: Region, phi: Callable[[Value], Value]) -> Any:
    """A callable that has bound values of a branch, for use behind it."""
    if not isinstance(symbol, Bound):
        return symbol
    inner = [phi(v) if not isinstance(v, Const) and is_inside(v.owner, region) else v for v in leaves(symbol)]
    return with_leaves(symbol, iter(inner))


def _on_one_path(contents: Any, region: Region, phi: Callable[[Value], Value]) -> Any:
    """What a container holds that exists on one path alone, or whose other path is never reached."""

    def outlive(symbol: Any) -> Any:
        if isinstance(symbol, Value):
            return phi(symbol) if not isinstance(symbol, Const) and is_inside(symbol.owner, region) else symbol
        if isinstance(symbol, Sequence):
            return Sequence(tuple([outlive(item) for item in symbol.items]), symbol.cls)
        return symbol

    if isinstance(contents, pools.Pooled):
        return pools.Pooled(outlive(contents.place))
    if isinstance(contents, Conflict):
        return contents
    return tuple([(part[0], outlive(part[1])) if isinstance(part, tuple) else outlive(part) for part in contents])


def _on_dead_path(other: Any) -> Any:
    """What a name stands for at the end of a path that is never reached, given what it is on the other one."""
    return UNDEFINED_VALUE if isinstance(other, (Value, Sequence)) and not isinstance(other, Const) else other


def _merge_outcomes(a: Outcome, b: Outcome, phi: Callable[[Value, Value], Value]) -> Outcome:
    if not a.codes or not b.codes:
        only = a if a.codes else b
        if not only.codes or only.static is not None:
            return only
        # It is known in one of the regions alone.
        code = phi(a.code, UNDEFINED_VALUE) if only is a else phi(UNDEFINED_VALUE, b.code)
        return Outcome(code, only.codes)
    if a.static is not None and a.static == b.static:
        return a
    return Outcome(phi(a.code, b.code), a.codes | b.codes)


def merge_list_sites(lo: Lowering, output: Value, a: Value, b: Value) -> None:
    """Where two run-time lists meet, what comes out is known by the place that one of them was made at."""
    sites = [lo.list_sites[v] for v in (a, b) if v in lo.list_sites]
    if len(set(sites)) > 1 and not any(isinstance(site, Within) for site in sites) and unify_lists(lo, *sites):
        raise Restart
    if sites:
        lo.list_sites[output] = sites[0]


def select(lo: Lowering, condition: Symbol, then: Callable[[], Symbol], orelse: Callable[[], Symbol]) -> Symbol:
    """A conditional expression."""
    truth = lo.truth(condition)
    if isinstance(truth, bool):
        return then() if truth else orelse()
    key = ("select", lo.fresh("s"))

    def side(expression: Callable[[], Symbol]) -> Callable[[], Outcome]:
        def body() -> Outcome:
            lo.store.set(key, expression())
            return NEXT

        return body

    sides = branch(lo, assuming(lo, truth, True, side(then))), branch(lo, assuming(lo, truth, False, side(orelse)))
    join_branches(lo, truth, *sides)
    result = lo.store.get(key)
    lo.store.set(key, MISSING)
    if isinstance(result, Value) and result.owner is lo.region.ops[-1]:
        result.hint = None
    return result


def _static_constant(value: Value) -> bool:
    """Whether a constant is an object such as a function that must be known at compile time."""
    return isinstance(value, Const) and callable(value.value) and not isinstance(value.value, type)
