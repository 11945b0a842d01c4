"""Objects, and dicts with constant keys, in containers that are made at run time.

All that are of one class live in a pool: for each attribute there is a list of what the objects have under it, and an
object is its place in these lists. `items.append(Item(v, w))` becomes `items.append(len(item_v)); item_v.append(v);
item_w.append(w)`, and `item.v` is `item_v[item]`. So the same object in two containers is one object, wherever it is
changed, and to the reverse transform all of this is lists that grow and numbers that choose from them. An attribute
that is the same constant in all objects has no list. An object that is put nowhere stays what it is: a symbol.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import GeneratorType, SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from srcgrad.frontend.marks import Restart
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import CompactDict, Conflict, Frame, Reference, Sequence, Symbol, is_function, part_name
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Value
from srcgrad.ir.types import BOOL, Dict, List, Pointer, Tuple, Type

if TYPE_CHECKING:
    from srcgrad.frontend.lowering import Lowering


CLASS, NOTHING = "<class>", ""
"""Keys of lists that are no attributes: which of several classes an object is of; of objects without attributes."""


@dataclass(eq=False)
class Pool:
    """The objects of one class, or of several that stand for each other, or dicts with the same keys.

    Attributes:
        cls: the class; for several, one that stands for them.
        name: what the lists are called after.
        owned: the classes -> the attributes, or keys, that their objects have.
        late: attributes that some of the objects are given after they have been put into containers.
        constants: attributes that are the same constant in all of them -> this constant.
        functions: those that are functions -> all that they may be.
        site: of dicts whose keys depend on the run, where they are made,
        made_at: of other dicts, all places where they are made.
    """

    cls: type
    name: str
    owned: dict[type, dict[Any, None]]
    late: set[Any] = field(default_factory=set)
    constants: dict[Any, Symbol] = field(default_factory=dict)
    functions: dict[Any, list[Symbol]] = field(default_factory=dict)
    site: Any = None
    made_at: set[Any] = field(default_factory=set)

    @property
    def classes(self) -> list[type]:
        """The classes that objects in it are of."""
        return list(self.owned)

    @property
    def fields(self) -> list[Any]:
        """All attributes."""
        return list(dict.fromkeys([name for names in self.owned.values() for name in names]))

    def lacks(self, name: Any) -> bool:
        """Whether some of the objects may have no attribute of a name."""
        return name in self.late or not all(name in names for names in self.owned.values())

    @property
    def columns(self) -> list[Any]:
        """The keys of its lists."""
        own = [name for name in self.fields if name not in self.constants]
        return [*([CLASS] if len(self.owned) > 1 else []), *own] or [NOTHING]

    @property
    def compares_by_identity(self) -> bool:
        """Whether no class says when its objects are equal."""
        return all(cls.__eq__ is object.__eq__ for cls in self.owned)

    @property
    def what(self) -> str:
        """What an object of it is called in messages."""
        name = "dict" if issubclass(self.cls, dict) else self.cls.__name__
        return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


@dataclass(frozen=True, slots=True)
class Pooled:
    """What the store has for an object that lives in a pool.

    Attributes:
        place: where.
    """

    place: Value


def pool_of(symbol: Any) -> Pool | None:
    """The pool that a value is a place in; None for anything else."""
    return symbol.type.pool if isinstance(symbol, Value) and isinstance(symbol.type, Pointer) else None


def is_poolable(symbol: Any) -> bool:
    """Whether a symbol is an object, or a dict."""
    return isinstance(symbol, Reference) and symbol.cls not in (list, set, GeneratorType)


def resolved(lo: Lowering, symbol: Any, changes: Any = ()) -> Any:
    """The place of an object that lives in a pool by now; anything else as it is."""
    if not isinstance(symbol, Reference):
        return symbol
    entry = changes[symbol] if symbol in changes else lo.store.get(symbol)
    return entry.place if isinstance(entry, Pooled) else symbol


def resolved_within(lo: Lowering, symbol: Any, changes: Any) -> Any:
    """The same for all objects in a tuple."""
    if not isinstance(symbol, Sequence):
        return resolved(lo, symbol, changes)
    items = tuple([resolved_within(lo, item, changes) for item in symbol.items])
    same = all(a is b for a, b in zip(items, symbol.items, strict=True))
    return symbol if same else Sequence(items, symbol.cls)


def opened(lo: Lowering, symbol: Any) -> Any:
    """An object in a pool as a container that can be read and changed; anything else as it is."""
    if pool_of(symbol) is None:
        return symbol
    pool = symbol.type.pool
    view = Reference(pool.cls, pool.site)
    contents = tuple([(name, read(lo, symbol, name)) for name in pool.fields]) if pool.cls is CompactDict else None
    lo.store.define(view, Pooled(symbol) if contents is None else contents)
    return view


def opened_dict(lo: Lowering, symbol: Any) -> Any:
    """As `opened`, of dicts alone."""
    pool = pool_of(symbol)
    return opened(lo, symbol) if pool is not None and issubclass(pool.cls, dict) else symbol


# Into a pool


def make_columns(lo: Lowering) -> None:
    """The lists of all pools that earlier attempts have found, at the start of the program."""
    from srcgrad.frontend.list_kinds import new_list

    for pool in lo.marks.pools.values():
        for name in pool.columns:
            lo.marks.dynamic.setdefault((pool, name), None)
            column = new_list(lo, (), (pool, name))
            assert isinstance(column, Value)
            column.hint = part_name(pool.name, name) if name != NOTHING else pool.name
            lo.store.define(_variable(lo, pool, name), column)


def _variable(lo: Lowering, pool: Pool, name: Any) -> tuple[Frame, str]:
    """The key of the list of an attribute, by which recursive functions find it, too."""
    return (lo.pool_frame, part_name(pool.name, name))


def _column(lo: Lowering, pool: Pool, name: Any) -> Value:
    column = lo.read_variable(_variable(lo, pool, name))
    assert isinstance(column, Value)
    return column


def settled(lo: Lowering, reference: Reference) -> Symbol:
    """An object that has just been made: in its pool, if it turned out that it has to be there from the start."""
    return place_of(lo, reference) if reference.site in lo.marks.pooled else reference


def place_of(lo: Lowering, reference: Reference) -> Value:
    """The place of an object in its pool, where it is put now if it is not there yet."""
    from srcgrad.frontend.late_fields import fields, is_object

    entry = lo.store.get(reference)
    if isinstance(entry, Pooled):
        return entry.place
    made_here = lo.made_in.get(reference) is lo.region and lo.store.is_new(reference)
    if reference in lo.shared or reference in lo.being_pooled or not made_here:
        pool_from_start(lo, reference)
    contents = dict(fields(lo, reference) if is_object(reference) else lo.contents(reference))
    pool = _known_pool(lo, reference, contents)
    lo.being_pooled.add(reference)
    values = {name: _kept(lo, pool, name, item) for name, item in contents.items() if name not in pool.constants}
    lo.being_pooled.discard(reference)
    _put(lo, pool, values)
    if CLASS in pool.columns:
        values[CLASS] = Const(pool.classes.index(reference.cls))
        _put(lo, pool, {CLASS: values[CLASS]})
    place = Value(Pointer("i", None, pool), pool.name, lo.span)
    lo.append_call(len, (_column(lo, pool, pool.columns[0]),), [place])
    for name in pool.columns:
        item = values[name] if name in values else _missing(lo, pool, reference.cls, name)
        lo.effect(list.append, _column(lo, pool, name), item)
    lo.store.set(reference, Pooled(place))
    return place


def _missing(lo: Lowering, pool: Pool, cls: type, name: Any) -> Value:
    """What the list of an attribute holds for an object that does not have it, or not yet: what its class says."""
    from srcgrad.frontend.objects import member

    if name == NOTHING or not hasattr(cls, name) or cls is dict:
        # Whoever reads it is told by Python that None is no number.
        return Const(None)
    value = _kept(lo, pool, name, member(lo, cls, name))
    _put(lo, pool, {name: value})
    return value


def pool_from_start(lo: Lowering, reference: Reference) -> NoReturn:
    """Starts again with the objects of a place in their pool as soon as they are made."""
    if reference.site is None or reference.site in lo.marks.pooled:
        lo.unsupported(
            f"a {reference.cls.__name__} is put into a container here whose length depends on the run, or takes the "
            "place of one that is there, after it has been used otherwise",
            "make it where it is put there",
        )
    lo.marks.pooled.add(reference.site)
    raise Restart


def pool_all(lo: Lowering, symbol: Any) -> None:
    """Starts again with the objects in a symbol in their pools as soon as they are made, if that is new."""
    if can_pool(lo, symbol):
        pool_from_start(lo, symbol)
    for item in symbol.items if isinstance(symbol, Sequence) else symbol if isinstance(symbol, tuple) else ():
        pool_all(lo, item[1] if isinstance(item, tuple) else item)


def have_same_keys(lo: Lowering, a: Symbol, b: Symbol) -> bool:
    """Whether two symbols are dicts with the same constant keys."""
    keys = []
    for symbol in (a, b):
        entries = lo.store.get(symbol) if isinstance(symbol, Reference) and symbol.cls is dict else None
        if not isinstance(entries, tuple):
            return False
        keys.append([name for name, _ in entries])
    return keys[0] == keys[1]


def key_by_run(lo: Lowering, pool: Pool) -> None:
    """Starts again with the dicts of a pool as dicts whose keys depend on the run, if they are all made here."""
    if None in pool.made_at or not pool.made_at:
        return
    for key in [key for key, known in lo.marks.pools.items() if known is pool]:
        del lo.marks.pools[key]
    for site in pool.made_at:
        lo.marks.keyed.setdefault(site, None)
    _forget(lo.marks, (pool,))
    raise Restart


def _forget(marks: Any, pools: tuple[Pool, ...]) -> None:
    """Drops what is known of the kinds of containers that hold places in pools which are no more."""
    for site, item in marks.dynamic.items():
        if item is not None and any(pool in pools for pool in pools_in(item)):
            marks.dynamic[site] = None


def can_pool(lo: Lowering, symbol: Any) -> bool:
    """Whether `pool_from_start` would start again."""
    return is_poolable(symbol) and symbol.site is not None and symbol.site not in lo.marks.pooled


def _known_pool(lo: Lowering, reference: Reference, contents: dict[Any, Symbol]) -> Pool:
    """The pool for an object; starts again if it is new, or if more of its attributes have to have lists."""
    cls = reference.cls
    key = (dict, *contents) if cls is dict else (cls, reference.site) if cls is CompactDict else cls
    pool = lo.marks.pools.get(key)
    if pool is not None and cls is CompactDict and list(contents) != pool.fields:
        pool.owned[cls] = dict.fromkeys(contents)
        raise Restart
    if pool is None:
        pool = lo.marks.pools[key] = Pool(cls, _stem(lo.marks, cls), {cls: dict.fromkeys(contents)})
        pool.constants = {name: item for name, item in contents.items() if _is_fixed(item)}
        pool.site = reference.site if cls is CompactDict else None
        raise Restart
    if cls is dict:
        pool.made_at.add(reference.site)
    new = [name for name in contents if name not in pool.owned[cls]]
    lost = [name for name in pool.owned[cls] if name not in contents and name not in pool.late]
    for name in new:
        _give(pool, cls, name)
    pool.late.update(lost)
    changed = [
        name for name, constant in pool.constants.items() if name not in contents or not _same(constant, contents[name])
    ]
    for name in changed:
        if is_function(pool.constants[name]):
            pool.functions[name] = [pool.constants[name]]
        del pool.constants[name]
    if changed or new or lost:
        raise Restart
    return pool


def _give(pool: Pool, cls: type, name: Any) -> None:
    """Notes that objects of a class may have an attribute that others do not have, or not yet."""
    pool.owned[cls][name] = None
    pool.late.add(name)
    pool.constants.pop(name, None)


def unite(marks: Any, pools: tuple[Pool, ...]) -> bool:
    """Makes objects of several classes, which stand for each other, those of one pool; whether that can be."""
    classes = [cls for pool in pools for cls in pool.classes]
    if any(issubclass(cls, dict) for cls in classes) or len(set(classes)) < len(classes):
        return False
    bases = [base for base in classes[0].__mro__ if all(base in cls.__mro__ for cls in classes) and base is not object]
    base = next((base for base in bases if base.__module__ not in ("abc", "typing")), None)
    own = [cls.__eq__ for cls in classes if cls.__eq__ is not object.__eq__]
    equal = {"__eq__": own[0]} if own else {}
    name = base.__name__ if base is not None else "_or_".join([cls.__name__ for cls in classes])
    made = type(name, (), equal)
    for key in [key for key, pool in marks.pools.items() if pool in pools]:
        del marks.pools[key]
    family = Pool(made, _stem(marks, made), {cls: names for pool in pools for cls, names in pool.owned.items()})
    for pool in pools:
        family.late |= pool.late
        for attribute, known in pool.functions.items():
            chosen = family.functions.setdefault(attribute, [])
            chosen += [fn for fn in known if not any(_same(fn, other) for other in chosen)]
    for attribute, constant in pools[0].constants.items():
        others = [pool.constants.get(attribute) for pool in pools[1:]]
        if all(other is not None and _same(constant, other) for other in others):
            family.constants[attribute] = constant
        elif is_function(constant):
            family.functions.setdefault(attribute, [constant])
    for cls in classes:
        marks.pools[cls] = family
    _forget(marks, pools)
    return True


_SHORT = {dict: "entry", CompactDict: "dict", SimpleNamespace: "object"}
"""What dicts and such are called that have no class of their own."""


def _stem(marks: Any, cls: type) -> str:
    """A name for a pool that no other one has."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower().strip("_")
    stem, taken = _SHORT.get(cls, words), {pool.name for pool in marks.pools.values()}
    return next(name for name in (stem, *[f"{stem}_{k}" for k in range(1, len(taken) + 2)]) if name not in taken)


def _is_fixed(symbol: Any) -> bool:
    """Whether an attribute may be the same constant in all objects."""
    return isinstance(symbol, Const) and symbol.value is not UNDEFINED


def _same(a: Any, b: Any) -> bool:
    if not isinstance(a, Const) or not isinstance(b, Const):
        return a is b
    if a.value is b.value:
        return True
    plain = (bool, int, float, str, tuple)
    return type(a.value) is type(b.value) and isinstance(a.value, plain) and repr(a.value) == repr(b.value)


def _kept(lo: Lowering, pool: Pool, name: Any, item: Symbol) -> Value:
    """What the list of an attribute holds for this item: of functions, a number."""
    if not is_function(item) and name not in pool.functions:
        return lo.value(item)
    if not is_function(item):
        lo.unsupported(f"the attribute {name!r} of objects in a container is a function in some of them only")
    return lo.value(_number_of_function(lo, pool.functions.setdefault(name, []), item))


def _number_of_function(lo: Lowering, known: list[Symbol], item: Symbol) -> Symbol:
    """Which of the functions that an attribute may be this one is; starts again if it is none that is known."""
    from srcgrad.frontend.merging import select

    if isinstance(item, Conflict):
        return select(
            lo,
            item.condition,
            lambda: _number_of_function(lo, known, item.first),
            lambda: _number_of_function(lo, known, item.second),
        )
    if not isinstance(item, Const):
        lo.value(item)
    for k, other in enumerate(known):
        if _same(other, item):
            return Const(k)
    known.append(item)
    raise Restart


def _put(lo: Lowering, pool: Pool, values: dict[Any, Value]) -> None:
    """Makes sure that the lists are known to hold such values; starts again if they were not."""
    from srcgrad.frontend.list_kinds import put

    news = [put(lo, _column(lo, pool, name), v) for name, v in values.items()]
    if any(news):
        raise Restart


# Out of a pool


def read(lo: Lowering, place: Value, name: Any) -> Symbol:
    """An attribute, or the item of a key, of an object in a pool; `MISSING` if it has none of that name."""
    from srcgrad.frontend.access import chosen_function, subscript

    pool = pool_of(place)
    assert pool is not None
    if name not in pool.fields:
        return MISSING
    if place.type.or_none:
        _check_there(lo, place)
    if name in pool.constants:
        return pool.constants[name]
    if pool.lacks(name) and lo.attempts:
        lo.unsupported(
            f"whether there is an attribute {name!r} decides what is raised inside of `try`", "give it to all"
        )
    with lo.trusted():
        item = subscript(lo, _column(lo, pool, name), place)
    if name in pool.functions:
        return chosen_function(lo, pool.functions[name], lo.value(item))
    return item


def by_class(lo: Lowering, place: Value, action: Callable[[Reference], Symbol]) -> Symbol:
    """What is done with an object in a pool, for each of the classes that it may be of."""
    from srcgrad.frontend.access import subscript
    from srcgrad.frontend.merging import select

    pool = pool_of(place)
    assert pool is not None
    with lo.trusted():
        tag = subscript(lo, _column(lo, pool, CLASS), place)

    def chosen(k: int) -> Symbol:
        view = Reference(pool.classes[k], None)
        lo.store.define(view, Pooled(place))
        if k == len(pool.classes) - 1:
            return action(view)
        return select(lo, lo.emit(operator.eq, tag, Const(k)), lambda: action(view), lambda: chosen(k + 1))

    return chosen(0)


def _check_there(lo: Lowering, place: Value) -> None:
    """What Python raises for None in place of an object: nothing here, as the place None is refused by every list."""
    if lo.attempts:
        lo.unsupported(
            "whether there is an object here or None decides what is raised inside of `try`",
            "test it: if ... is not None",
        )


def is_instance(lo: Lowering, place: Value, classes: Any) -> Symbol:
    """`isinstance(place, classes)` for an object in a pool."""
    from srcgrad.frontend.access import subscript

    pool = pool_of(place)
    assert pool is not None
    among = [lo.known(issubclass, cls, classes) for cls in pool.classes]
    if place.type.or_none:
        if len(set(among)) > 1:
            lo.unsupported(
                "of which class this is, and whether it is None, depends on the run", "test the latter first"
            )
        if among[0] == lo.known(issubclass, type(None), classes):
            return Const(among[0])
        return lo.emit(operator.is_not if among[0] else operator.is_, place, Const(None))
    if len(set(among)) == 1:
        return Const(among[0])
    with lo.trusted():
        tag = subscript(lo, _column(lo, pool, CLASS), place)
    if among.count(True) == 1 or among.count(False) == 1:
        alone = among.count(True) == 1
        return lo.emit(operator.eq if alone else operator.ne, tag, Const(among.index(alone)))
    return by_class(lo, place, lambda view: Const(lo.known(issubclass, view.cls, classes)))


def write(lo: Lowering, place: Value, name: Any, symbol: Symbol, cls: type | None = None) -> None:
    """`place.name = symbol` for an object in a pool, of a certain class if that is known."""
    pool = pool_of(place)
    assert pool is not None
    classes = pool.classes if cls is None or cls not in pool.owned else [cls]
    if any(name not in pool.owned[cls] for cls in classes):
        for cls in classes:
            if name not in pool.owned[cls]:
                _give(pool, cls, name)
        raise Restart
    if place.type.or_none:
        _check_there(lo, place)
    if name in pool.constants:
        if _is_fixed(symbol) and _same(pool.constants[name], symbol):
            return
        if is_function(pool.constants[name]):
            pool.functions[name] = [pool.constants[name]]
        del pool.constants[name]
        raise Restart
    value = _kept(lo, pool, name, symbol)
    _put(lo, pool, {name: value})
    with lo.trusted():
        lo.effect(operator.setitem, _column(lo, pool, name), place, value)


def contents_of(lo: Lowering, reference: Reference, place: Value) -> tuple:
    """All that an object in a pool holds."""
    pool = pool_of(place)
    assert pool is not None
    if pool.late and pool.cls is dict:
        key_by_run(lo, pool)
    if pool.late or len(pool.owned) > 1:
        lo.unsupported(
            f"which {'keys' if pool.cls is dict else 'attributes'} {pool.what} has that is in a container whose length "
            "depends on the run depends on the run, too",
            "give all of them the same ones before they are put there",
        )
    contents = tuple([(name, read(lo, place, name)) for name in pool.fields])
    lo.last_read[reference] = dict(contents)
    return contents


def change(lo: Lowering, reference: Reference, place: Value, contents: tuple) -> None:
    """Makes an object in a pool hold this; what is as it was read last is not written."""
    before, after = lo.last_read.get(reference, {}), dict(contents)
    missing = next((name for name in before if name not in after), None)
    if missing is not None:
        pool = pool_of(place)
        assert pool is not None
        lo.unsupported(
            f"{missing!r} is deleted from {pool.what} that is in a container whose length depends on the run",
            "assign None to it",
        )
    for name, item in after.items():
        if name not in before or before[name] is not item:
            write(lo, place, name, item)


def pools_in(t: Type) -> Iterator[Pool]:
    """The pools that a value of a type holds places in."""
    pending, seen = [t], set()
    while pending:
        current = pending.pop()
        if isinstance(current, Pointer):
            yield current.pool
        elif isinstance(current, Tuple) and current not in seen:
            seen.add(current)
            pending += current.items
        elif isinstance(current, (List, Dict)):
            pending.append(current.item)


def same_place(lo: Lowering, a: Symbol, b: Symbol) -> Symbol | None:
    """Whether two symbols are one object, where one of them lives in a pool; None if none does."""
    first, second = resolved(lo, a), resolved(lo, b)
    pools = pool_of(first), pool_of(second)
    if pools == (None, None):
        return None
    if pools[0] is not pools[1]:
        other = second if pools[1] is None else first
        nothing = isinstance(other, Const) and other.value is None
        place = first if pools[1] is None else second
        if nothing and place.type.or_none:
            return lo.emit(operator.is_, place, other)
        return Const(False)
    if first is second:
        return Const(True)
    # What the class says of equality has no part in it.
    output = Value(BOOL, None, lo.span)
    lo.region.append(Call(operator.eq, (first, second), {}, [output], lo.span))
    return output
