"""What a loop carries from iteration to iteration: values whose types are joined until they are stable."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from srcgrad.frontend import pools
from srcgrad.frontend.late_fields import Contents, initial, is_object, late_fields
from srcgrad.frontend.lowering import UNDEFINED_VALUE, Lowering, is_undefined
from srcgrad.frontend.merging import (
    NEXT,
    Outcome,
    bound_key,
    is_bound,
    is_bound_key,
    is_checked,
    merge_list_sites,
    reached,
)
from srcgrad.frontend.records import or_none
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
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import (
    Bound,
    Conflict,
    Frame,
    Interrupted,
    Reference,
    Sequence,
    Symbol,
    is_function,
    variable_name,
)
from srcgrad.ir.flow import is_inside, left_with
from srcgrad.ir.joins import join
from srcgrad.ir.nodes import Const, Exit, Loop, Region, Value, While, leaves_loop
from srcgrad.ir.types import BOOL, INT, NONE, Array, NpScalar, PyScalar, Record, Type, Unknown, freshened, widen

_ATTEMPTS = 12
_MOST_PEELED = 2


@dataclass
class Carried:
    """One variable or container that a loop carries, with the values it consists of."""

    key: Any
    symbol: Any
    inits: list[Value]
    types: list[Type]
    args: list[Value] = field(default_factory=list)
    results: list[Value] = field(default_factory=list)


class Learned(dict[Any, list[Type]]):
    """What attempts at a loop have found out: types of what it carries, structure of what it defines first."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: dict[Any, Any] = {}
        self.fields: dict[Any, Contents] = {}
        self.merged: set[Any] = set()


class _Retry(Exception):
    """An attempt at a loop is to be repeated, with these keys carried too."""

    def __init__(self, keys: Iterable[Any]):
        super().__init__()
        self.keys = keys


class KindChanges(Exception):
    """A variable, whose name this has, is of one kind before a loop and of another at the end of a turn."""


def build_loop(
    lo: Lowering,
    build: Callable[[list[Carried], Region], Outcome],
    finish: Callable[[list[Value], Region, bool, list[Value]], Loop],
    guess: set[Any],
    site: Any,
    dead: frozenset[Any],
    turns: Callable[[], Symbol] | None = None,
) -> Outcome:
    """Lowers the body until what is assumed of the carried values holds at its end; how control leaves the loop.

    Args:
        lo: emits the operations.
        build: lowers the body.
        finish: makes the loop.
        guess: the keys of variables that the body is known to change.
        site: the name of the place.
        dead: the keys of variables that no iteration leaves to another or to what follows.
        turns: tells whether the loop makes a turn at all; without it, the loop notes that.

    Raises:
        KindChanges: if a variable should be of one kind here, and is not.
    """
    learned: Learned = lo.loop_memory.setdefault(site, Learned())
    dead = dead | {bound_key(key) for key in dead}
    for key in guess & dead:
        lo.store.set(key, MISSING)
    keys = list(guess - dead) + [key for key in learned if key not in guess and lo.store.get(key) is not MISSING]
    keys.sort(key=_order)
    stem = lo.fresh("l")
    for _ in range(_ATTEMPTS):
        span = lo.span
        region = Region()
        first = Frame(None, None, {}).number
        carried = [_carry(lo, key, learned, stem) for key in keys]
        try:
            with lo.store.branch() as changes, lo.into(region):
                for slot in carried:
                    _bind(lo, slot, region, learned)
                outer_missing, lo.missing_reads = lo.missing_reads, set()
                lo.loops += 1
                try:
                    outcome = reached(lo, lambda: build(carried, region))  # noqa: B023
                finally:
                    missing, lo.missing_reads = lo.missing_reads, outer_missing
                    lo.loops -= 1
            for key in [key for key in changes if key in dead or _is_checked(lo, key, changes)]:
                del changes[key]
            # No later iteration reads the names of a function, or of a comprehension, that this one has entered.
            missing = {key for key in missing if not _is_name(key) or key[0].number < first}
            _close(lo, carried, changes, missing, learned, stem, region, site)
        except _Retry as retry:
            lo.span = span
            keys = sorted(dict.fromkeys([*keys, *retry.keys]), key=_order)
            continue
        # What an iteration reads may have been assigned in an earlier round of the loop around as well.
        lo.missing_reads |= missing | {slot.key for slot in carried if lo.store.get(slot.key) is MISSING}
        return _finish(lo, carried, changes, region, outcome, finish, turns)
    lo.unsupported(
        "the kinds of the variables of this loop do not settle", "give each variable one kind before the loop"
    )


def _is_checked(lo: Lowering, key: Any, changes: dict[Any, Any]) -> bool:
    """Whether an iteration has only looked whether a name is bound."""
    return is_checked(changes[key], lo.store.get(key))


def _order(key: Any) -> tuple:
    """Names come first, by name, then containers, by where they are made."""
    if isinstance(key, tuple) and isinstance(key[1], str):
        return (0, key[1])
    site = getattr(key, "site", None)
    nodes = site if isinstance(site, tuple) else (site,)
    return (1, [(getattr(node, "lineno", 0), getattr(node, "col_offset", 0)) for node in nodes])


def _carry(lo: Lowering, key: Any, learned: Learned, stem: str) -> Carried:
    symbol = pools.resolved(lo, lo.store.get(key))
    missing = symbol is MISSING
    if missing:
        symbol = learned.shapes[key]
    if key in learned.merged:
        symbol = snapshot(lo, symbol, {})
        share(lo, symbol)
    inits = leaves(symbol)
    if key in learned.fields:
        held = {name for name, _ in symbol}
        late = tuple([part for part in learned.fields[key] if part[0] not in held])
        symbol = (*symbol, *late)
        inits += initial(late)
    types = [widen(v.type) for v in inits]
    known = learned.get(key)
    if known is not None and len(known) == len(types):
        types = [
            k if is_undefined(v) or missing else join(t, k, f"{stem}.{_place(key)}.{j}")
            for j, (v, t, k) in enumerate(zip(inits, types, known, strict=True))
        ]
    if missing:
        inits = [is_bound(lo, key, {}) if is_bound_key(key) else UNDEFINED_VALUE for _ in inits]
    return Carried(key, symbol, inits, types)


def _place(key: Any) -> str:
    return key[1] if isinstance(key, tuple) and isinstance(key[1], str) else "item"


def _bind(lo: Lowering, slot: Carried, region: Region, learned: Learned) -> None:
    for init, kind, name in zip(slot.inits, slot.types, leaf_names(slot.symbol, variable_name(slot.key)), strict=True):
        arg = Value(kind, name or init.hint, lo.span)
        arg.owner = region
        if init in lo.list_sites:
            lo.list_sites[arg] = lo.list_sites[init]
        region.args.append(arg)
        slot.args.append(arg)
    # What comes of a recursive call whose result is not known yet is not known either, in each turn.
    pending = [is_undefined(init) and slot.key not in learned for init in slot.inits]
    inside = [UNDEFINED_VALUE if open_ else arg for open_, arg in zip(pending, slot.args, strict=True)]
    lo.store.set(slot.key, restored(lo, with_leaves(slot.symbol, iter(inside))))
    if lo.loops == 0 and any(init is UNDEFINED_VALUE for init in slot.inits):
        lo.unbound_at_first[slot.key] = (region, lo.store.get(slot.key))


def _close(
    lo: Lowering,
    carried: list[Carried],
    changes: dict[Any, Any],
    missing: set[Any],
    learned: Learned,
    stem: str,
    region: Region,
    site: Any,
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
            interrupted = _interrupted(symbol) if key in missing and _is_name(key) and not key[0].quiet else None
            if interrupted is not None:
                # A later iteration may read it, and nobody knows whether it was assigned before something raised.
                lo.resolve_conflict(interrupted)
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
        end = _perhaps_none(lo, slot, end, changes, region, site)
        slot.results = _match(lo, slot, end, changes, learned, stem)
        for j, (arg, result) in enumerate(zip(slot.args, slot.results, strict=True)):
            if result is arg or is_undefined(result):
                continue
            joined = (
                widen(result.type)
                if is_undefined(slot.inits[j]) and slot.key not in learned
                else join(arg.type, widen(result.type), f"{stem}.{_place(slot.key)}.{j}")
            )
            if joined != arg.type:
                if _should_be_peeled(lo, site, arg.type, joined):
                    raise KindChanges(variable_name(slot.key) or "a variable")
                if len(learned.get(slot.key, ())) != len(slot.types):
                    learned[slot.key] = list(slot.types)
                learned[slot.key][j] = joined
                retry = True
    if retry or new:
        raise _Retry(new)
    for key in changes:
        if is_changed(lo, key, changes):
            lo.refuse_change(key)


def _should_be_peeled(lo: Lowering, site: Any, before: Type, joined: Type) -> bool:
    """Whether a loop joins the kind that a variable has before it to one that is not known well enough."""
    if not lo.marks.one_kind or lo.peeled.count(site) == _MOST_PEELED:
        return False
    return (before == NONE or _is_settled(before)) and not _is_settled(joined)


def _is_settled(t: Type) -> bool:
    if isinstance(t, Array):
        return t.dtype is not None and t.shape is not None
    return isinstance(t, (PyScalar, NpScalar))


def _is_name(key: Any) -> bool:
    return isinstance(key, tuple) and isinstance(key[0], Frame)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Const) and isinstance(b, Const):
        return type(a.value) is type(b.value) and a.value is b.value
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(p is q for p, q in zip(a, b, strict=True))
    return False


def _perhaps_none(lo: Lowering, slot: Carried, end: Any, changes: dict[Any, Any], region: Region, site: Any) -> Any:
    """What a key stands for at the end of the body, with tuples and lists made at run time where there was None."""
    before, carried = slot.symbol, with_leaves(slot.symbol, iter(slot.args))

    def made(old: Any, arg: Any, new: Any, name: str | None) -> Any:
        new = pools.resolved_within(lo, new, changes)
        other = arg if isinstance(arg, Value) and isinstance(arg.type, Record) else old
        if isinstance(new, Reference) and new.cls is list and isinstance(other, Value):
            lo.demote(new)
        with lo.into(region):
            return or_none(lo, other, new, ("carried", site), name)

    if not isinstance(slot.key, Reference):
        return made(before, carried, end, variable_name(slot.key))
    keyed = slot.key.cls is dict or is_object(slot.key)
    if not keyed or not isinstance(end, tuple) or [k for k, _ in before] != [k for k, _ in end]:
        return end
    triples = zip(before, carried, end, strict=True)
    return tuple([(k, made(old, arg, new, str(k))) for (k, old), (_, arg), (_, new) in triples])


def _learn_fields(lo: Lowering, slot: Carried, end: Any, changes: dict[Any, Any], learned: Learned, stem: str) -> None:
    """Starts the loop again with the attributes that its body gives an object, if there are any."""
    late = late_fields(lo, slot.key.cls, slot.symbol, end, changes)
    if not late:
        return
    kinds = [widen(freshened(v.type, f"{stem}.{_place(slot.key)}.late.{j}")) for j, v in enumerate(leaves(late))]
    learned.fields[slot.key] = (*learned.fields.get(slot.key, ()), *late)
    learned[slot.key] = [*slot.types, *kinds]
    if not all(isinstance(shape, (Value, Sequence)) for _, shape in late):
        learned.merged.add(slot.key)
    raise _Retry({})


def _match(lo: Lowering, slot: Carried, end: Any, changes: dict[Any, Any], learned: Learned, stem: str) -> list[Value]:
    """The values of a symbol at the end of the body, one for each carried argument."""
    template, end = slot.symbol, pools.resolved(lo, end, changes)
    lo.unify(template, end)
    if slot.key in learned.merged:
        end = snapshot(lo, end, changes)
        share(lo, end)
    if _fits(slot.key, template, end):
        return leaves(end)
    if _fits(slot.key, snapshot(lo, template, {}), snapshot(lo, end, changes)):
        learned.merged.add(slot.key)
        raise _Retry({})
    interrupted = _interrupted(end)
    if interrupted is not None:
        lo.resolve_conflict(interrupted)
    if is_object(slot.key) and isinstance(end, tuple):
        _learn_fields(lo, slot, end, changes, learned, stem)
    if isinstance(slot.key, Reference):
        lo.demote(slot.key, end)
    for side in (end, template):
        if isinstance(side, Conflict):
            lo.resolve_conflict(side)
    for side in (template, end):
        if isinstance(side, Reference) and side.cls is list:
            lo.demote(side)
        pools.pool_all(lo, side)
    if is_function(template) and is_function(end):
        lo.unroll_innermost()
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


def _interrupted(symbol: Any) -> Interrupted | None:
    """The first of what a symbol may stand for that nobody knows."""
    if isinstance(symbol, Interrupted) or not isinstance(symbol, Conflict):
        return symbol if isinstance(symbol, Interrupted) else None
    return _interrupted(symbol.first) or _interrupted(symbol.second)


def _finish(
    lo: Lowering,
    carried: list[Carried],
    changes: dict[Any, Any],
    region: Region,
    outcome: Outcome,
    finish: Callable[[list[Value], Region, bool, list[Value]], Loop],
    turns: Callable[[], Symbol] | None,
) -> Outcome:
    exits = any(map(leaves_loop, outcome.codes))
    inits = [v for slot in carried for v in slot.inits]
    results = [v for slot in carried for v in slot.results]
    symbols = {slot.key: slot.symbol for slot in carried}
    known = set(symbols)
    bound_here = [key for key in changes if _binds_first(lo, key, changes)]
    first_bound = [bound_key(key) for key in bound_here]
    if turns is None:
        changes = {**changes, **dict.fromkeys(first_bound, Const(True))}
    bound_before: dict[Any, Bound] = {}
    for key, symbol in changes.items():
        if key in known or symbol is MISSING:
            continue
        if isinstance(symbol, Bound) and not any(is_inside(leaf.owner, region) for leaf in leaves(symbol)):
            # A method of a list, say, that was there before.
            bound_before[key] = symbol
            continue
        if lo.store.get(key) is MISSING:
            symbols[key] = symbol
            for leaf in leaves(symbol):
                region.args.append(_unused_argument(lo, leaf, region))
                if is_bound_key(key):
                    region.args[-1].hint = variable_name(key)
                inits.append(is_bound(lo, key, {}) if is_bound_key(key) else UNDEFINED_VALUE)
                results.append(leaf)
    outputs = [Value(a.type, a.hint, lo.span) for a in region.args[len(region.args) - len(inits) :]]
    for output, init, result in zip(outputs, inits, results, strict=True):
        merge_list_sites(lo, output, init, result)
    code = Value(INT, "exited", lo.span)
    region.results = [outcome.code, *results] if exits else results
    if lo.attempts and any(lo.raising.may_raise(op) for op in region.ops):
        # What one iteration has assigned is there when a later one raises.
        lo.interrupt(symbols)
    loop = finish(inits, region, exits, [code, *outputs] if exits else outputs)
    lo.append(loop)
    values = iter(_settled_by_exits(loop, _as_one(outputs, inits, results)))
    for key, symbol in symbols.items():
        lo.store.set(key, restored(lo, with_leaves(symbol, values)))
    for key, symbol in bound_before.items():
        lo.store.set(key, symbol)
    if first_bound:
        makes_turns = turns() if turns is not None else None
        for key in first_bound if makes_turns is not None else ():
            lo.store.set(key, makes_turns)
        if not (isinstance(makes_turns, Const) and makes_turns.value):
            # Without a turn a name stands for what an earlier round of the loop around has assigned.
            lo.missing_reads.update([*bound_here, *first_bound])
    if not exits:
        return NEXT
    return Outcome(code, outcome.codes | {Exit.NEXT})


def _settled_by_exits(loop: Loop, outputs: list[Value]) -> list[Value]:
    """The outputs of a loop, as far as the only ways out of it tell what they are: flags that are set, and kinds."""
    test = loop.test.results[0] if isinstance(loop, While) else None
    if not (loop.exits and isinstance(test, Const) and test.value is True):
        return outputs
    found = list(outputs)
    for k, output in enumerate(outputs):
        ends = left_with(loop, k)
        if output.type == BOOL and all(isinstance(end, Const) and end.value is True for end in ends):
            found[k] = Const(True)
        elif isinstance(output.type, Unknown) and len({end.type for end in ends}) == 1:
            output.type = ends[0].type
    return found


def _as_one(outputs: list[Value], inits: list[Value], results: list[Value]) -> list[Value]:
    """The outputs of a loop, with one in place of all that tell no more than whether it has run."""
    ran = [
        isinstance(init, Const) and isinstance(end, Const) and init.value is False and end.value is True
        for init, end in zip(inits, results, strict=True)
    ]
    first = next((output for output, tells in zip(outputs, ran, strict=True) if tells), None)
    whole = [output if first is None or not tells else first for output, tells in zip(outputs, ran, strict=True)]
    never = [is_undefined(init) and is_undefined(end) for init, end in zip(inits, results, strict=True)]
    return [UNDEFINED_VALUE if unknown else output for output, unknown in zip(whole, never, strict=True)]


def _binds_first(lo: Lowering, key: Any, changes: dict[Any, Any]) -> bool:
    """Whether every iteration binds a name that has no value before the loop."""
    if not (isinstance(key, tuple) and isinstance(key[0], Frame)) or key[0].scope is None or key[0].quiet:
        return False
    if key[1] not in key[0].scope.locals or changes[key] is MISSING or bound_key(key) in changes:
        return False
    return lo.store.get(key) is MISSING and not isinstance(changes[key], Interrupted)


def _unused_argument(lo: Lowering, leaf: Value, region: Region) -> Value:
    arg = Value(freshened(leaf.type, lo.fresh("l")), leaf.hint, leaf.span)
    arg.owner = region
    return arg
