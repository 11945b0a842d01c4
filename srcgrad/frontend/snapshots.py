"""What containers of known structure hold, told apart from the containers.

After `state = step(state)` in a loop, or `best = new if better else best`, containers hand on what they hold, not
themselves: the name stands for a container of its own, with the values that flow there. That is what Python does as
long as none of the containers changes, so that a change is refused from then on; a list is made at run time instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import GeneratorType
from typing import Any

import numpy as np

from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.pools import Pooled
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Bound, Closure, Conflict, Reference, Sequence, Super, Suspended, part_name
from srcgrad.frontend.values import Iterator as IteratorSymbol
from srcgrad.ir.nodes import UNDEFINED, Const, Value


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a container of known structure holds at one point of the program.

    Attributes:
        source: the container.
        keys: the keys of a dict, the attributes of an object; None for a list.
        items: what it holds, in this order.
    """

    source: Reference
    keys: tuple | None
    items: tuple[Any, ...]

    def with_items(self, items: list[Any]) -> Snapshot:
        """The same with other items."""
        return Snapshot(self.source, self.keys, tuple(items))


def snapshot(lo: Lowering, symbol: Any, changes: Mapping[Any, Any]) -> Any:
    """The symbol with a snapshot in place of each container in it.

    Args:
        lo: the state of lowering.
        symbol: a symbol, or the contents of a container.
        changes: what a branch or loop body has changed, and the store does not know.
    """
    if isinstance(symbol, Sequence):
        return Sequence(tuple([snapshot(lo, item, changes) for item in symbol.items]), symbol.cls)
    if isinstance(symbol, tuple):
        return tuple([snapshot(lo, item, changes) for item in symbol])
    if not isinstance(symbol, Reference) or symbol.cls in (set, GeneratorType):
        return symbol
    contents = changes.get(symbol, lo.store.get(symbol))
    if isinstance(contents, Pooled):
        return contents.place
    if not isinstance(contents, tuple):
        return symbol
    keyed = symbol.cls is not list
    items = [snapshot(lo, part[1] if keyed else part, changes) for part in contents]
    return Snapshot(symbol, tuple([key for key, _ in contents]) if keyed else None, tuple(items))


def share(lo: Lowering, symbol: Any) -> None:
    """Notes that a name stands for what the containers of a symbol hold now: they may not change any more."""
    if isinstance(symbol, Snapshot):
        lo.shared.add(symbol.source)
    for item in symbol.items if isinstance(symbol, (Snapshot, Sequence)) else symbol if type(symbol) is tuple else ():
        share(lo, item)


def restored(lo: Lowering, symbol: Any) -> Any:
    """The symbol with a container in place of each snapshot in it."""
    if isinstance(symbol, Sequence):
        return Sequence(tuple([restored(lo, item) for item in symbol.items]), symbol.cls)
    if isinstance(symbol, tuple):
        return tuple([restored(lo, item) for item in symbol])
    if not isinstance(symbol, Snapshot):
        return symbol
    items = tuple([restored(lo, item) for item in symbol.items])
    contents = items if symbol.keys is None else tuple(zip(symbol.keys, items, strict=True))
    reference = lo.new_reference(symbol.source.cls, contents, symbol.source.site)
    lo.shared.add(reference)
    return reference


def same_structure(a: Any, b: Any) -> bool:
    """Whether two symbols differ in the values in them alone."""
    if isinstance(a, Snapshot) and isinstance(b, Snapshot):
        alike = a.source.cls is b.source.cls and a.keys == b.keys and len(a.items) == len(b.items)
        return alike and all(_same_item(p, q) for p, q in zip(a.items, b.items, strict=True))
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and a[0] == b[0] and same_structure(a[1], b[1])
    if isinstance(a, Bound) and isinstance(b, Bound):
        pairs = zip(parts_of(a), parts_of(b), strict=False)
        alike = len(parts_of(a)) == len(parts_of(b)) and a.keywords.keys() == b.keywords.keys()
        return alike and all(_same_part(p, q) for p, q in pairs)
    if isinstance(a, Value) and isinstance(b, Value):
        return not (_is_callable(a) or _is_callable(b)) or (_is_callable(a) and _is_callable(b) and a.value is b.value)
    if isinstance(a, Sequence) and isinstance(b, Sequence):
        return len(a.items) == len(b.items) and all(same_structure(p, q) for p, q in zip(a.items, b.items, strict=True))
    return a is b or getattr(a, "node", 0) is getattr(b, "node", 1)


def parts_of(bound: Bound) -> list[Any]:
    """The function that a callable stands for, and what it has bound."""
    return [bound.fn, *bound.args, *bound.keywords.values()]


def _same_part(a: Any, b: Any) -> bool:
    """As `same_structure`, of what a callable has bound: there all but numbers stays the same."""
    if _is_object(a) or _is_object(b):
        return isinstance(a, Const) and isinstance(b, Const) and type(a.value) is type(b.value) and a.value == b.value
    return same_structure(a, b)


def _is_object(symbol: Any) -> bool:
    numbers = (bool, int, float, complex, np.generic, np.ndarray)
    return isinstance(symbol, Const) and not isinstance(symbol.value, numbers)


def _same_item(a: Any, b: Any) -> bool:
    """As `same_structure`, of what a container holds: there a text or None stays the same."""
    if _is_fixed(a) or _is_fixed(b):
        return isinstance(a, Const) and isinstance(b, Const) and type(a.value) is type(b.value) and a.value == b.value
    return same_structure(a, b)


def _is_fixed(symbol: Any) -> bool:
    if not isinstance(symbol, Const):
        return False
    return symbol.value is None or symbol.value is UNDEFINED or isinstance(symbol.value, str) or callable(symbol.value)


def _is_callable(symbol: Any) -> bool:
    return isinstance(symbol, Const) and callable(symbol.value)


def leaves(symbol: Any) -> list[Value]:
    """The values that a symbol, or the contents of a container, consist of."""
    if isinstance(symbol, Const) and callable(symbol.value):
        return []
    if isinstance(symbol, Value):
        return [symbol]
    if isinstance(symbol, Pooled):
        return [symbol.place]
    items: tuple[Any, ...] = ()
    if isinstance(symbol, Bound):
        items = tuple([part for part in parts_of(symbol) if not _is_object(part)])
    elif isinstance(symbol, Snapshot):
        items = tuple([item for item in symbol.items if not _is_fixed(item)])
    elif isinstance(symbol, Sequence):
        items = symbol.items
    elif isinstance(symbol, tuple):
        items = tuple([part[1] if isinstance(part, tuple) else part for part in symbol])
    return [leaf for item in items for leaf in leaves(item)]


def with_leaves(symbol: Any, values: Iterator[Value]) -> Any:
    """The same symbol with other values at its leaves."""
    if isinstance(symbol, Const) and callable(symbol.value):
        return symbol
    if isinstance(symbol, Value):
        return next(values)
    if isinstance(symbol, Pooled):
        return Pooled(next(values))
    if isinstance(symbol, Bound):
        fn, *own = [part if _is_object(part) else with_leaves(part, values) for part in parts_of(symbol)]
        count = len(symbol.args)
        return Bound(fn, tuple(own[:count]), dict(zip(symbol.keywords, own[count:], strict=True)))
    if isinstance(symbol, Snapshot):
        return symbol.with_items([item if _is_fixed(item) else with_leaves(item, values) for item in symbol.items])
    if isinstance(symbol, Sequence):
        return Sequence(tuple([with_leaves(item, values) for item in symbol.items]), symbol.cls)
    if isinstance(symbol, tuple):
        return tuple(
            [
                (part[0], with_leaves(part[1], values)) if isinstance(part, tuple) else with_leaves(part, values)
                for part in symbol
            ]
        )
    return symbol


def leaf_names(symbol: Any, name: str | None) -> list[str | None]:
    """What to call the leaves of a symbol that goes by a name: `state_x` for the attribute `x` of `state`."""
    if isinstance(symbol, Snapshot):
        keys = range(len(symbol.items)) if symbol.keys is None else symbol.keys
        pairs = [(key, item) for key, item in zip(keys, symbol.items, strict=True) if not _is_fixed(item)]
        return [found for key, item in pairs for found in leaf_names(item, part_name(name, key) if name else None)]
    if isinstance(symbol, Sequence):
        return [found for item in symbol.items for found in leaf_names(item, name)]
    return [name for _ in leaves(symbol)]


def is_changed(lo: Lowering, key: Any, changes: dict[Any, Any]) -> bool:
    """Whether a loop body changes a container that was there before, and that a name stands for beside others."""
    return isinstance(key, Reference) and key in lo.shared and lo.store.get(key) not in (MISSING, changes[key])


def forgotten(lo: Lowering, changes: Mapping[Any, Any]) -> list[Reference]:
    """The containers made by a branch that nothing leads to after it; none of them if that is not known."""
    made = {key for key in changes if isinstance(key, Reference) and lo.store.get(key) is MISSING}
    pending = [symbol for key, symbol in changes.items() if key not in made]
    seen: set[Reference] = set()
    while pending:
        symbol = pending.pop()
        if isinstance(symbol, Reference):
            if symbol not in seen:
                seen.add(symbol)
                pending.append(changes.get(symbol, lo.store.get(symbol)))
        elif isinstance(symbol, (tuple, list)):
            pending.extend(symbol)
        elif isinstance(symbol, dict):
            pending.extend(symbol.values())
        elif isinstance(symbol, Sequence):
            pending.extend(symbol.items)
        elif isinstance(symbol, Conflict):
            pending += [symbol.first, symbol.second]
        elif isinstance(symbol, Bound):
            pending += [symbol.fn, symbol.args, symbol.keywords]
        elif isinstance(symbol, Closure):
            pending.append(symbol.defaults)
        elif isinstance(symbol, (IteratorSymbol, Super, Suspended)):
            return []
    return [key for key in changes if key in made and key not in seen]
