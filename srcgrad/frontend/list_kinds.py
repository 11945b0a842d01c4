"""What lists that are made at run time hold: the kind of their items, found out from one attempt to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srcgrad.ir.joins import join
from srcgrad.ir.nodes import UNDEFINED, Const, Value
from srcgrad.ir.types import UNKNOWN, List, Type, Unknown, widen

if TYPE_CHECKING:
    from srcgrad.frontend.lowering import Lowering
    from srcgrad.frontend.values import Symbol


@dataclass(frozen=True, slots=True)
class Within:
    """The site of lists that were read from a list: they were made wherever lists were put into it.

    Attributes:
        outer: the site of the list that they are in.
    """

    outer: Any


def new_list(lo: Lowering, items: tuple[Symbol, ...], site: Any) -> Symbol:
    """A list: of known structure, or made at run time where an earlier attempt found that its structure varies."""
    if site is None or site not in lo.marks.dynamic:
        return lo.new_reference(list, items, site)
    item_type = lo.marks.dynamic[site]
    value = Value(List(item_type or UNKNOWN), None, lo.span)
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
    merged = join(known[0], known[-1], place_of(lo, a)) if known else None
    lo.marks.dynamic[a] = lo.marks.dynamic[b] = merged
    return news or any(kind != merged for kind in kinds)


def type_of_items(lo: Lowering, contents: Any) -> Type | None:
    """The type of the items that a list of known structure holds; None if there is no telling yet."""
    items = contents if isinstance(contents, tuple) else ()
    types = [item.type for item in items if isinstance(item, Value)]
    undefined = any(isinstance(item, Const) and item.value is UNDEFINED for item in items)
    if not types or len(types) < len(items) or UNKNOWN in types or undefined:
        return None
    merged = widen(types[0])
    for t in types[1:]:
        merged = join(merged, t, lo.fresh("items"))
    return merged


def put(lo: Lowering, value: Value, element: Value) -> bool:
    """Notes what is put into a list that is made at run time.

    Returns:
        Whether something was not known of it, or of what is put there, so that lowering has to start again.
    """
    assert isinstance(value.type, List)
    site, inner, known = lo.list_sites.get(value), lo.list_sites.get(element), value.type.item
    if site is None:
        if join(known, element.type, "items") != known:
            lo.unsupported("items of different kinds are put into one list here")
        return False
    if inner is not None and inner not in (site, Within(site)):
        lo.marks.inner.setdefault(site, {})[inner] = None
    # In a function of the graph the lengths in the list's own kind have names of their own: the marks know it as it is.
    known = lo.marks.dynamic.get(site) or known
    if _is_empty_so_far(lo, element) and isinstance(known, List) and not is_open(lo, site):
        # It is to hold what the others there hold.
        if inner is None or isinstance(known.item, Unknown):
            return False
        _record(lo, inner, known.item)
        return True
    merged = element.type if is_open(lo, site) else join(known, element.type, place_of(lo, site))
    news = merged != known
    if news:
        _record(lo, site, merged)
    if inner is not None and isinstance(merged, List) and isinstance(element.type, List):
        held = element.type.item
        if held != merged.item and not isinstance(held, Unknown):
            news = True
            _record(lo, inner, merged.item)
    return news


def _is_empty_so_far(lo: Lowering, element: Value) -> bool:
    """Whether it is a list of the run into which nothing has been put, as far as is known."""
    site = lo.list_sites.get(element)
    return type(element.type) is List and isinstance(element.type.item, Unknown) and is_open(lo, site)


def place_of(lo: Lowering, site: Any) -> str:
    """One name for a list, the lists in it and the lists that it is put into: their kinds are found out together."""
    site = _root(lo, site)
    seen = {site}
    while True:
        holders = [site.outer] if isinstance(site, Within) else [k for k, v in lo.marks.inner.items() if site in v]
        outer = holders[0] if holders else None
        if outer is None or outer in seen:
            return f"{site}"
        seen.add(outer)
        site = _root(lo, outer)


def _root(lo: Lowering, site: Any) -> Any:
    """The one site that speaks for all whose kinds have to be the same."""
    while site in lo.marks.alike:
        site = lo.marks.alike[site]
    return site


def _makers(lo: Lowering, site: Any) -> list[Any]:
    """Where the lists of a site are made: itself, or for those in other lists the sites of what is put there."""
    found, pending, seen = [], [site], {site}
    while pending:
        known = pending.pop()
        if not isinstance(known, Within):
            found.append(known)
            continue
        for maker in _makers(lo, known.outer) if isinstance(known.outer, Within) else [known.outer]:
            more = [inner for inner in lo.marks.inner.get(maker, ()) if inner not in seen]
            seen.update(more)
            pending += more
    return found


def is_open(lo: Lowering, site: Any) -> bool:
    """Whether nothing is known yet of the items of the lists of a site."""
    return site is not None and all(lo.marks.dynamic.get(maker) is None for maker in _makers(lo, site))


def _record(lo: Lowering, site: Any, item: Type) -> None:
    """Notes the kind of the items of the lists of a site."""
    for maker in _makers(lo, site):
        lo.marks.dynamic[maker] = item
    if isinstance(site, Within):
        _record(lo, site.outer, List(item))
