"""What `collections.namedtuple` gives its classes: `_make`, `_replace` and `_asdict`."""

from __future__ import annotations

from typing import Any

from srcgrad.frontend.handlers import BUILTINS, Handler
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Bound, Sequence, Symbol
from srcgrad.ir.nodes import Const


def generated_method(owner: Symbol, cls: Any, name: str) -> Bound | None:
    """The method that a namedtuple class, or an instance of it, has without anybody having written it."""
    if not (isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")) or name not in _METHODS:
        return None
    written = next((base for base in cls.__mro__ if name in vars(base)), cls)
    if "_fields" not in vars(written):
        return None
    return Bound(Const(_METHODS[name]), (Const(cls) if name == "_make" else owner,))


def _make(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    from srcgrad.frontend.iteration import known_items

    cls, iterable = args
    assert isinstance(cls, Const)
    items = tuple(known_items(lo, iterable))
    if len(items) != len(cls.value._fields):
        lo.unsupported(f"{cls.value.__name__} has {len(cls.value._fields)} fields, and {len(items)} are given")
    return Sequence(items, cls.value)


def _replace(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    (instance,) = args
    assert isinstance(instance, Sequence)
    fields = instance.cls._fields  # type: ignore[attr-defined]
    unknown = next((name for name in kwargs if name not in fields), None)
    if unknown is not None:
        lo.unsupported(f"{instance.cls.__name__} has no field {unknown!r}")
    pairs = zip(fields, instance.items, strict=True)
    return Sequence(tuple([kwargs.get(name, item) for name, item in pairs]), instance.cls)


def _asdict(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    (instance,) = args
    assert isinstance(instance, Sequence)
    names = instance.cls._fields  # type: ignore[attr-defined]
    return lo.new_reference(dict, tuple(zip(names, instance.items, strict=True)), None)


_METHODS: dict[str, Handler] = {"_make": _make, "_replace": _replace, "_asdict": _asdict}
# Every namedtuple class has functions of its own under these names. Here they are one, known by what lowers them.
BUILTINS.update({handler: handler for handler in _METHODS.values()})
