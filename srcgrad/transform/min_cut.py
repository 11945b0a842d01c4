"""Minimum cuts of flow networks, by Dinic's algorithm.

>>> network = Network()
>>> network.connect("source", "a", 3.0)
>>> network.connect("a", "sink", 2.0)
>>> sorted(network.cut("source", "sink"))
['a', 'source']
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

INFINITE = float("inf")
_NEGLIGIBLE = 1e-9


class Network:
    """A directed graph whose edges have capacities."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._edges: list[list[int]] = []
        self._ends: list[int] = []
        self._left: list[float] = []

    def connect(self, start: Hashable, end: Hashable, capacity: float) -> None:
        """Adds an edge."""
        for a, b, free in ((start, end, capacity), (end, start, 0.0)):
            self._edges[self._number(a)].append(len(self._ends))
            self._ends.append(self._number(b))
            self._left.append(free)

    def cut(self, source: Hashable, sink: Hashable) -> set[Hashable]:
        """The smallest set of nodes with the source in it whose outgoing edges are a minimum cut.

        There must be a cut of finite capacity.
        """
        start, end = self._number(source), self._number(sink)
        while True:
            levels = self._levels(start)
            if end not in levels:
                names = list(self._numbers)
                return {names[k] for k in levels}
            self._block(start, end, levels)

    def _number(self, node: Hashable) -> int:
        if node not in self._numbers:
            self._numbers[node] = len(self._edges)
            self._edges.append([])
        return self._numbers[node]

    def _levels(self, start: int) -> dict[int, int]:
        """How many edges with capacity left lead to each node that can be reached."""
        levels = {start: 0}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for edge in self._edges[node]:
                end = self._ends[edge]
                if end not in levels and self._left[edge] > _NEGLIGIBLE:
                    levels[end] = levels[node] + 1
                    queue.append(end)
        return levels

    def _block(self, start: int, end: int, levels: dict[int, int]) -> None:
        """Sends as much as the shortest paths carry."""
        untried = {node: iter(self._edges[node]) for node in levels}
        path: list[int] = []
        node = start
        while True:
            if node == end:
                node = self._send(path, start)
                continue
            edge = next((e for e in untried[node] if self._leads_on(e, node, levels)), None)
            if edge is not None:
                path.append(edge)
                node = self._ends[edge]
            elif path:
                node = self._ends[path.pop() ^ 1]
            else:
                return

    def _leads_on(self, edge: int, node: int, levels: dict[int, int]) -> bool:
        return self._left[edge] > _NEGLIGIBLE and levels.get(self._ends[edge]) == levels[node] + 1

    def _send(self, path: list[int], start: int) -> int:
        """Sends along a path what it carries, and cuts it off at the first edge that is full; where it ends then."""
        amount = min(self._left[edge] for edge in path)
        for edge in path:
            self._left[edge] -= amount
            self._left[edge ^ 1] += amount
        full = next(k for k, edge in enumerate(path) if self._left[edge] <= _NEGLIGIBLE)
        node = self._ends[path[full] ^ 1]
        del path[full:]
        return node if path else start
