"""Containers of the library, written in Python: what the program makes instead of them where it is lowered.

They are objects like those of a user's class. Names and lines in them mean nothing to the user.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from typing import Any


class Deque:
    """`collections.deque`."""

    def __init__(self, items: Any = (), maxlen: Any = None):
        self.items: list = []
        self.maxlen = maxlen
        self.extend(items)

    def append(self, item: Any) -> None:
        self.items.append(item)
        if self.maxlen is not None and len(self.items) > self.maxlen:
            self.items.pop(0)

    def appendleft(self, item: Any) -> None:
        self.items.insert(0, item)
        if self.maxlen is not None and len(self.items) > self.maxlen:
            self.items.pop()

    def extend(self, items: Any) -> None:
        for item in items:
            self.append(item)

    def extendleft(self, items: Any) -> None:
        for item in items:
            self.appendleft(item)

    def pop(self) -> Any:
        return self.items.pop()

    def popleft(self) -> Any:
        return self.items.pop(0)

    def rotate(self, n: int = 1) -> None:
        if len(self.items) > 0:
            for _ in range(n % len(self.items)):
                self.items.insert(0, self.items.pop())

    def clear(self) -> None:
        self.items.clear()

    def copy(self) -> Deque:
        return Deque(self.items, self.maxlen)

    def count(self, item: Any) -> int:
        return self.items.count(item)

    def index(self, item: Any) -> int:
        return self.items.index(item)

    def insert(self, k: int, item: Any) -> None:
        if self.maxlen is not None and len(self.items) >= self.maxlen:
            raise IndexError("deque already at its maximum size")
        self.items.insert(k, item)

    def remove(self, item: Any) -> None:
        self.items.remove(item)

    def reverse(self) -> None:
        self.items.reverse()

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator:
        return iter(self.items)

    def __contains__(self, item: Any) -> bool:
        return item in self.items

    def __getitem__(self, k: int) -> Any:
        return self.items[k]

    def __setitem__(self, k: int, item: Any) -> None:
        self.items[k] = item

    def __delitem__(self, k: int) -> None:
        del self.items[k]


class _Mapping:
    """What the dicts of the library have in common."""

    entries: dict

    def __getitem__(self, key: Any) -> Any:
        return self.entries[key]

    def __setitem__(self, key: Any, item: Any) -> None:
        self.entries[key] = item

    def __delitem__(self, key: Any) -> None:
        del self.entries[key]

    def __contains__(self, key: Any) -> bool:
        return key in self.entries

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator:
        return iter(self.entries)

    def keys(self) -> Any:
        return self.entries.keys()

    def values(self) -> Any:
        return self.entries.values()

    def items(self) -> Any:
        return self.entries.items()

    def get(self, key: Any, default: Any = None) -> Any:
        return self.entries.get(key, default)

    def pop(self, key: Any, *default: Any) -> Any:
        return self.entries.pop(key, *default)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        return self.entries.setdefault(key, default)

    def update(self, *others: Any, **named: Any) -> None:
        self.entries.update(*others, **named)

    def clear(self) -> None:
        self.entries.clear()


class DefaultDict(_Mapping):
    """`collections.defaultdict`."""

    def __init__(self, default_factory: Callable[[], Any] | None = None, *others: Any, **named: Any):
        self.default_factory = default_factory
        self.entries = dict(*others, **named)

    def __getitem__(self, key: Any) -> Any:
        if key not in self.entries:
            if self.default_factory is None:
                raise KeyError(key)
            self.entries[key] = self.default_factory()
        return self.entries[key]

    def copy(self) -> DefaultDict:
        return DefaultDict(self.default_factory, self.entries)


class OrderedDict(_Mapping):
    """`collections.OrderedDict`."""

    def __init__(self, *others: Any, **named: Any):
        self.entries = dict(*others, **named)

    def move_to_end(self, key: Any, last: bool = True) -> None:
        item = self.entries.pop(key)
        if last:
            self.entries[key] = item
        else:
            others = dict(self.entries)
            self.entries.clear()
            self.entries[key] = item
            self.entries.update(others)

    def popitem(self, last: bool = True) -> Any:
        if last:
            return self.entries.popitem()
        for key in self.entries:
            return key, self.entries.pop(key)
        raise KeyError("dictionary is empty")

    def copy(self) -> OrderedDict:
        return OrderedDict(self.entries)


class Counter(_Mapping):
    """`collections.Counter`."""

    def __init__(self, *others: Any, **named: Any):
        self.entries: dict = {}
        self.update(*others, **named)

    def __getitem__(self, key: Any) -> Any:
        return self.entries.get(key, 0)

    def update(self, *others: Any, **named: Any) -> None:
        for other in others:
            if isinstance(other, (dict, collections.OrderedDict, collections.defaultdict, collections.Counter)):
                for key, item in other.items():
                    self.entries[key] = self.entries.get(key, 0) + item
            else:
                for key in other:
                    self.entries[key] = self.entries.get(key, 0) + 1
        for key, item in named.items():
            self.entries[key] = self.entries.get(key, 0) + item

    def total(self) -> Any:
        return sum(self.entries.values())

    def most_common(self, n: int | None = None) -> list:
        ordered = sorted(self.entries.items(), key=lambda pair: pair[1], reverse=True)
        return ordered if n is None else ordered[:n]

    def copy(self) -> Counter:
        return Counter(self.entries)


STAND_INS: dict[type, type] = {
    collections.deque: Deque,
    collections.defaultdict: DefaultDict,
    collections.OrderedDict: OrderedDict,
    collections.Counter: Counter,
}
ORIGINALS = {stand_in: original for original, stand_in in STAND_INS.items()}
