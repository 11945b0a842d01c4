"""What lists that are made at run time hold: the kind of their items, found out from one attempt to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from srcgrad.frontend.values import Sequence
from srcgrad.ir.joins import join
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Value
from srcgrad.ir.types import NOTHING, UNKNOWN, List, Pointer, Record, Tuple, Type, Unknown, unsized, widen

if TYPE_CHECKING:
    from srcgrad.frontend.lowering import Lowering
    from srcgrad.frontend.values import Symbol


@dataclass(frozen=True, slots=True)
class Within:
    """The site of lists that were read from a list or tuple: they were made wherever lists were put into it.

    Tuples that were read from a list have such a site, too, by which those of the lists in them are found.

    Attributes:
        outer: the site of the list that they are in, or the kind of the tuples that are made at run time.
        path: where they are in its items, if these are tuples: indices, the outermost first.
    """

    outer: Any
    path: tuple[int, ...] = ()


def new_list(lo: Lowering, items: tuple[Symbol, ...], site: Any) -> Symbol:
    """A list: of known structure, or made at run time where an earlier attempt found that its structure varies."""
    if site is None or site not in lo.marks.dynamic:
        return lo.new_reference(list, items, site)
    item_type = lo.marks.dynamic[site]
    value = Value(List(so_far(item_type or UNKNOWN)), None, lo.span)
    lo.list_sites[value] = site
    values = [lo.value(item) for item in items]
    for item in values:
        lo.put_in_list(value, item)
    lo.append_call(list, (values,) if values else (), [value])
    return value


def unify_dicts(lo: Lowering, a: Any, b: Any) -> bool:
    """Makes dicts that a name stands for, whose keys depend on the run, dicts of one kind; whether anything is new.

    Args:
        lo: the state of lowering.
        a, b: where they are made.
    """
    known = [kind for kind in (lo.marks.keyed[a], lo.marks.keyed[b]) if kind is not None]
    merged = join(known[0], known[-1], place_of(lo, a)) if known else None
    news = merged != lo.marks.keyed[a] or merged != lo.marks.keyed[b]
    lo.marks.keyed[a] = lo.marks.keyed[b] = merged
    return unify_lists(lo, (a, "entries"), (b, "entries")) or news


def unify_lists(lo: Lowering, a: Any, b: Any) -> bool:
    """Makes run-time lists of two sites, either of which a name stands for, lists of one kind; whether that is new."""
    inner = {**lo.marks.inner.get(a, {}), **lo.marks.inner.get(b, {})}
    kinds = [lo.marks.dynamic.get(a), lo.marks.dynamic.get(b)]
    known = [kind for kind in kinds if kind is not None]
    news = _root(lo, a) != _root(lo, b)
    if news:
        lo.marks.alike[_root(lo, b)] = _root(lo, a)
    if inner:
        lo.marks.inner[a], lo.marks.inner[b] = dict(inner), dict(inner)
    merged = joined(lo, known[0], known[-1], a) if known else None
    lo.marks.dynamic[a] = lo.marks.dynamic[b] = merged
    return news or any(kind != merged for kind in kinds)


def type_of_items(lo: Lowering, contents: Any) -> Type | None:
    """The type of the items that a list of known structure holds; None if there is no telling yet."""
    items = contents if isinstance(contents, tuple) else ()
    types = [type_of_item(lo, item) for item in items if isinstance(item, Value)]
    undefined = any(isinstance(item, Const) and item.value is UNDEFINED for item in items)
    if not types or len(types) < len(items) or UNKNOWN in types or undefined:
        return None
    merged = widen(types[0])
    for t in types[1:]:
        merged = join(merged, t, lo.fresh("items"))
    return merged


def note_item(lo: Lowering, container: Value, item: Symbol) -> None:
    """Notes where the lists were made that are read from a list, or that are in a tuple read from one."""
    if container in lo.list_sites:
        _note(lo, item, Within(lo.list_sites[container]))


def note_part(lo: Lowering, whole: Value, k: int, part: Symbol) -> None:
    """Notes where a list was made that is read from a tuple, if that was read from a list or is a kind of its own."""
    site = Within(whole.type) if isinstance(whole.type, Record) else lo.list_sites.get(whole)
    if isinstance(site, Within):
        _note(lo, part, Within(site.outer, (*site.path, k)))


def _note(lo: Lowering, item: Symbol, site: Within) -> None:
    if isinstance(item, Sequence):
        for k, part in enumerate(item.items):
            _note(lo, part, Within(site.outer, (*site.path, k)))
    elif isinstance(item, Value) and type(item.type) in (List, Tuple):
        lo.list_sites[item] = site


def put(lo: Lowering, value: Value, element: Value) -> bool:
    """Notes what is put into a list that is made at run time.

    Returns:
        Whether something was not known of it, or of what is put there, so that lowering has to start again. What is
        computed from what is not known yet tells nothing.
    """
    assert isinstance(value.type, List)
    if isinstance(element, Const) and element.value is UNDEFINED:
        return False
    site = lo.list_sites.get(value)
    if site is None:
        if join(value.type.item, element.type, "items") != value.type.item:
            lo.unsupported("items of different kinds are put into one list here")
        return False
    inner = dict(lists_in(lo, element))
    note_inner(lo, site, inner)
    # In a function of the graph the lengths in the list's own kind have names of their own: the marks know it as it is.
    known = [kind for kind in map(lo.marks.dynamic.get, _makers(lo, site)) if kind is not None]
    merged = type_of_item(lo, element)
    for kind in known:
        merged = joined(lo, kind, merged, site)
    news = any(kind != merged for kind in known or [value.type.item])
    if news:
        _record(lo, site, merged)
    return hold_inner(lo, merged, inner) or news


def note_inner(lo: Lowering, site: Any, inner: dict[tuple[int, ...], Any]) -> None:
    """Notes that lists of these sites are in the items of lists, or in tuples, of another one: by their paths."""
    for path, made in inner.items():
        if made not in (site, Within(site, path)):
            for maker in _makers(lo, site):
                lo.marks.inner.setdefault(maker, {})[path, made] = None


def hold_inner(lo: Lowering, whole: Type, inner: dict[tuple[int, ...], Any], sized: bool = True) -> bool:
    """Makes lists that are in something of one kind hold what that says; whether this was not known of them.

    Args:
        lo: the state of lowering.
        whole: the kind.
        inner: the sites of the lists by where they are.
        sized: whether the kind tells of lengths.
    """
    news = False
    for path, made in inner.items():
        there, own = _part(whole, path), _items_of(lo, made)
        if type(there) is not List or there.item == NOTHING:
            continue
        if _tells_more(there.item, own, sized):
            news = True
            _record(lo, made, there.item)
    return news


def _tells_more(kind: Type, known: Type | None, sized: bool) -> bool:
    """Whether a kind says something of items that is not known; lengths count if it is one that tells of them."""
    if known is None:
        # What nothing has been put into so far is to hold what the others there hold.
        return kind != UNKNOWN
    return kind != known if sized else unsized(kind, "") != unsized(known, "")


def lists_in(lo: Lowering, element: Value, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The sites of the lists that an item of a list is, or that it holds if it is a tuple: by the path to them."""
    site = lo.list_sites.get(element)
    if type(element.type) is List and site is not None:
        yield path, site
    elif isinstance(site, Within) and type(element.type) is Tuple:
        for inner in _paths(element.type):
            yield (*path, *inner), Within(site.outer, (*site.path, *inner))
    else:
        for k, item in enumerate(_items_made(element)):
            yield from lists_in(lo, item, (*path, k))


def _items_made(element: Value) -> tuple[Value, ...]:
    """The items of a tuple that the program makes; nothing for any other value."""
    owner = element.owner
    if type(element.type) is not Tuple or not isinstance(owner, Call) or owner.fn is not tuple:
        return ()
    items = owner.args[0] if owner.args else ()
    return items if isinstance(items, tuple) else ()


def _paths(t: Type, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """The paths to the lists in the items of a tuple."""
    if type(t) is List:
        yield path
    elif type(t) is Tuple:
        for k, item in enumerate(t.items):
            yield from _paths(item, (*path, k))


def type_of_item(lo: Lowering, element: Value) -> Type:
    """The type of an item, where the items of lists into which nothing has been put so far are nothing yet."""
    t, site = element.type, lo.list_sites.get(element)
    if type(t) is List and site is not None:
        return replace(t, item=_items_of(lo, site) or NOTHING)
    if type(t) is Tuple and isinstance(site, Within):
        known = _items_of(lo, site.outer)
        return t if known is None else _part(known, site.path)
    items = _items_made(element)
    return t.with_items(type_of_item(lo, item) for item in items) if items and isinstance(t, Tuple) else t


def _part(t: Type, path: tuple[int, ...]) -> Type:
    """The type at a path in a tuple; of unknown kind if other things stand for it, too."""
    for k in path:
        t = t.items[k] if isinstance(t, Tuple) else UNKNOWN
    return t


def _with_part(t: Type, path: tuple[int, ...], part: Type) -> Type:
    """The type with another one at a path."""
    if not path:
        return part
    if not isinstance(t, Tuple):
        return t
    k, *rest = path
    return t.with_items(_with_part(item, tuple(rest), part) if i == k else item for i, item in enumerate(t.items))


def so_far(t: Type) -> Type:
    """The type by which items are read while nothing is known of those of the lists that they hold."""
    if type(t) is List:
        return replace(t, item=UNKNOWN if t.item == NOTHING else so_far(t.item))
    return t.with_items(map(so_far, t.items)) if type(t) is Tuple else t


def joined(lo: Lowering, a: Type, b: Type, site: Any, path: tuple[int, ...] = ()) -> Type:
    """The kind of the items of a list that holds both kinds.

    Args:
        lo: the state of lowering.
        a, b: the kinds.
        site: where the list is made.
        path: where in its items, if these are tuples, such things are.
    """
    if NOTHING in (a, b):
        return a if b == NOTHING else b
    if (site, path) in lo.marks.mixed or (
        (isinstance(a, Unknown) or isinstance(b, Unknown)) and List in (type(a), type(b))
    ):
        lo.marks.mixed.add((site, path))
        return UNKNOWN
    if type(a) is List and type(b) is List and NOTHING not in (a.item, b.item) and not _holds_places(a, b):
        item = joined(lo, a.item, b.item, Within(site, path))
        return List(item, or_none=a.or_none or b.or_none)
    if type(a) is Tuple and type(b) is Tuple and len(a.items) == len(b.items) and a.cls is b.cls:
        pairs = zip(a.items, b.items, strict=True)
        return a.with_items([joined(lo, p, q, site, (*path, k)) for k, (p, q) in enumerate(pairs)])
    return join(a, b, place_of(lo, site) + "".join(f".{k}" for k in path))


def _holds_places(*lists: List) -> bool:
    return any(isinstance(t.item, Pointer) for t in lists)


def place_of(lo: Lowering, site: Any) -> str:
    """One name for all lists whose items have to be of one kind, in whichever lists they are."""
    alike = _alike(lo, site, set())
    return f"{next((known for known in lo.marks.dynamic if known in alike), site)}"


def _alike(lo: Lowering, site: Any, begun: set[Any]) -> set[Any]:
    """Where the lists are made that are of one kind with those of a site: what holds one may hold the others."""
    found: set[Any] = set()
    pending = _roots(lo, site)
    while pending:
        known = pending.pop()
        if known in found:
            continue
        found.add(known)
        for holder, held in list(lo.marks.inner.items()):
            paths = {path for path, made in held if known in _roots(lo, made)}
            if not paths or holder in begun:
                continue
            holders = _alike(lo, holder, begun | {holder})
            inside = [entry for other in holders | {holder} for entry in lo.marks.inner.get(other, ())]
            pending += [root for path, made in inside if path in paths for root in _roots(lo, made)]
    return found


def _root(lo: Lowering, site: Any) -> Any:
    """The one site that speaks for all whose kinds have to be the same."""
    while site in lo.marks.alike:
        site = lo.marks.alike[site]
    return site


def _roots(lo: Lowering, site: Any) -> list[Any]:
    """The sites that speak for those where the lists of a site are made."""
    return [_root(lo, maker) for maker in _makers(lo, site)]


def _makers(lo: Lowering, site: Any) -> list[Any]:
    """Where the lists of a site are made: itself, or for those in other lists the sites of what is put there."""
    found, pending, seen = [], [site], {site}
    while pending:
        known = pending.pop()
        if not isinstance(known, Within):
            found.append(known)
            continue
        for maker in _makers(lo, known.outer) if isinstance(known.outer, Within) else [known.outer]:
            put_there = lo.marks.inner.get(maker, ())
            more = [inner for path, inner in put_there if path == known.path and inner not in seen]
            seen.update(more)
            pending += more
    return found


def _items_of(lo: Lowering, site: Any) -> Type | None:
    """The kind of the items of the lists of a site; None if nothing is known of them yet."""
    return next((lo.marks.dynamic[m] for m in _makers(lo, site) if lo.marks.dynamic.get(m) is not None), None)


def is_open(lo: Lowering, site: Any) -> bool:
    """Whether nothing is known yet of the items of the lists of a site."""
    return site is not None and _items_of(lo, site) is None


def _record(lo: Lowering, site: Any, item: Type) -> None:
    """Notes the kind of the items of the lists of a site."""
    for maker in _makers(lo, site):
        lo.marks.dynamic[maker] = item
    if isinstance(site, Within):
        outer = _items_of(lo, site.outer)
        if outer is not None:
            _record(lo, site.outer, _with_part(outer, site.path, List(item)))
