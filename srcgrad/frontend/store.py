"""Variables and contents of containers during lowering, with the bookkeeping that branches and loops need."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

MISSING = object()


class Store:
    """What every name and container stands for at the current point of the program.

    Keys are `(frame, name)` for variables and `Reference`s for containers. Reading is a dictionary lookup; what a
    branch or a loop body changes is known from a log of old entries, so that neither costs more than what it writes.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, Any] = {}
        self._logs: list[dict[Hashable, Any]] = []

    def get(self, key: Hashable, default: Any = MISSING) -> Any:
        return self._entries.get(key, default)

    def set(self, key: Hashable, value: Any) -> None:
        if self._logs and key not in self._logs[-1]:
            self._logs[-1][key] = self._entries.get(key, MISSING)
        if value is MISSING:
            self._entries.pop(key, None)
        else:
            self._entries[key] = value

    def define(self, key: Hashable, value: Any) -> None:
        """Sets an entry that is there whatever branches are open: no branch is its origin."""
        self._entries[key] = value

    def is_new(self, key: Hashable) -> bool:
        """Whether an entry was made in the branch, or loop body, that is open."""
        return not self._logs or self._logs[-1].get(key) is MISSING

    @property
    def depth(self) -> int:
        """How many branches are open."""
        return len(self._logs)

    def changed_since(self, depth: int) -> set[Hashable]:
        """The keys written in the branches that were opened at this depth and later."""
        return {key for log in self._logs[depth:] for key in log}

    @contextmanager
    def branch(self) -> Iterator[dict[Hashable, Any]]:
        """A branch: yields a dict that afterwards maps each key written in it to its last entry; restores the store."""
        changes: dict[Hashable, Any] = {}
        self._logs.append({})
        try:
            yield changes
        finally:
            log = self._logs.pop()
            for key, old in log.items():
                changes[key] = self._entries.get(key, MISSING)
                if old is MISSING:
                    self._entries.pop(key, None)
                else:
                    self._entries[key] = old
