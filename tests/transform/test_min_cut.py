"""Minimum cuts, against all cuts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from srcgrad.transform.min_cut import INFINITE, Network

Edges = list[tuple[int, int, float]]


def crossing(edges: Edges, side: set[int]) -> float:
    """What the edges carry that leave a set of nodes."""
    return sum(capacity for a, b, capacity in edges if a in side and b not in side)


def least(edges: Edges, nodes: int) -> tuple[float, set[int]]:
    """The cheapest cut between node 0 and the last one, by trying all; the smallest of those."""
    inner = range(1, nodes - 1)
    sides = [{0, *chosen} for count in range(nodes - 1) for chosen in itertools.combinations(inner, count)]
    best = min(sides, key=lambda side: (crossing(edges, side), len(side)))
    return crossing(edges, best), best


@pytest.mark.parametrize("seed", range(60))
def test_no_cut_is_cheaper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(3, 8))
    chosen = [p for p in itertools.permutations(range(nodes), 2) if rng.random() < 0.5]
    edges = [(a, b, float(rng.integers(0, 6))) for a, b in chosen]
    network = Network()
    for edge in edges:
        network.connect(*edge)
    side = network.cut(0, nodes - 1)
    cost, smallest = least(edges, nodes)
    assert crossing(edges, side) == cost  # type: ignore[arg-type]
    assert len(side) == len(smallest)


def test_infinite_edges_are_not_cut() -> None:
    network = Network()
    for a, b, capacity in [
        ("s", "a", INFINITE),
        ("a", "b", 2.0),
        ("a", "c", INFINITE),
        ("b", "t", 5.0),
        ("c", "t", 3.0),
    ]:
        network.connect(a, b, capacity)
    assert network.cut("s", "t") == {"s", "a", "c"}


def test_a_long_chain_does_not_recurse() -> None:
    network = Network()
    for k in range(20_000):
        network.connect(k, k + 1, 2.0 if k != 777 else 1.0)
    assert len(network.cut(0, 20_000)) == 778
