"""What lists that are made at run time hold: the kind of their items, found out from one attempt to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srcgrad.ir.nodes import UNDEFINED, Const, Value
from srcgrad.ir.types import UNKNOWN, List, Type, Unknown, join, widen

if TYPE_CHECKING:
    from srcgrad.frontend.lowering import Lowering


@dataclass(frozen=True, slots=True)
class Within:
    """The site of lists that were read from a list: they were made wherever lists were put into it.

    Attributes:
        outer: the site of the list that they are in.
    """

    outer: Any


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
    merged = element.type if _is_open(lo, site) else join(known, element.type, _place(lo, site))
    news = merged != known
    if news:
        _record(lo, site, merged)
    if inner is not None and isinstance(merged, List) and isinstance(element.type, List):
        held = element.type.item
        if held != merged.item and not isinstance(held, Unknown):
            news = True
            _record(lo, inner, merged.item)
    return news


def _place(lo: Lowering, site: Any) -> str:
    """One name for a list, the lists in it and the lists that it is put into: their kinds are found out together."""
    seen = {site}
    while True:
        holders = [site.outer] if isinstance(site, Within) else [k for k, v in lo.marks.inner.items() if site in v]
        outer = holders[0] if holders else None
        if outer is None or outer in seen:
            return f"{site}"
        seen.add(outer)
        site = outer


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


def _is_open(lo: Lowering, site: Any) -> bool:
    """Whether nothing is known yet of the items of the lists of a site."""
    return all(lo.marks.dynamic.get(maker) is None for maker in _makers(lo, site))


def _record(lo: Lowering, site: Any, item: Type) -> None:
    """Notes the kind of the items of the lists of a site."""
    for maker in _makers(lo, site):
        lo.marks.dynamic[maker] = item
    if isinstance(site, Within):
        _record(lo, site.outer, List(item))
