"""All mutants, in an order that is always the same."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from dataclasses import replace

import srcgrad.__main__
import srcgrad.testing  # noqa: F401

from .mutation import Mutant, modules
from .operators import WHOLE, mutants_of
from .tables import mutants_of_rules, mutants_of_tables

KINDS = (
    *("never", "always", "operand", "bound", "term", "sign", "element", "dropped", "returned", "unwrapped", "copied"),
    *("exchanged", "flag", "number", "entry", "rule", "answered", "nothing", "skipped"),
)
LEFT_OUT = ("__init__", "__main__", "testing", "errors", "ir/printer", "ir/verify")
"""Modules that make no gradients: the command line, the texts of errors, what prints graphs and checks them."""
DECIDING = ("analysis/", "transform/", "rules/registry")
"""Folders and modules that decide what a gradient computes; what else there is reads programs, and prints them."""
IMPROVING = frozenset(
    ["analysis/invariance"]
    + [f"transform/{name}" for name in ("algebra", "hoist", "loads", "quotients", "signs", "shadows", "static_shadows")]
    + [f"transform/{name}" for name in ("reuse", "repeated_checks")]
)
"""Those that only improve code, and run with `optimize=True` alone. What they leave alone is right, too, as the tests
see that run every program with `optimize=False`: it is no mistake if a step of them is left out, or finds nothing."""
NOT_DECIDING = frozenset(["analysis/words"])
"""Of those, what chooses words."""


def is_decision(mutant: Mutant, statements: bool = False) -> bool:
    """Whether it is one of those that run if no others are asked for: of rules, and of what decides on gradients.

    Args:
        mutant: the mutant.
        statements: whether those count, too, that change a statement in a function that decides, and not all of it.
    """
    if mutant.kind == "rule":
        return mutant.decides
    if not statements and (mutant.kind not in WHOLE or _leaves_as_it_is(mutant)):
        return False
    if not mutant.module.startswith(DECIDING) or mutant.module in NOT_DECIDING:
        return False
    return mutant.decides


def _leaves_as_it_is(mutant: Mutant) -> bool:
    return mutant.module in IMPROVING and mutant.kind in ("nothing", "skipped")


def all_mutants(only: list[str]) -> list[Mutant]:
    """The mutants of these modules and folders, in their order; of all that make gradients, if there is none."""

    def places(name: str) -> list[int]:
        return [k for k, o in enumerate(only) if name == o or (o.endswith("/") and name.startswith(o))]

    def is_meant(name: str) -> bool:
        return bool(places(name)) if only else not name.endswith("__init__") and name not in LEFT_OUT

    found = [m for m in (*mutants_of_rules(), *mutants_of_tables()) if is_meant(m.module)]
    for module in modules():
        if is_meant(module):
            found += mutants_of(module)
    return _numbered(sorted(found, key=lambda m: (places(m.module)[:1], m.module)))


def in_rounds(mutants: list[Mutant]) -> list[Mutant]:
    """The same in rounds, one of each kind of each function in a round: a run that is broken off has looked everywhere.

    Which one comes first is drawn by chance, the same way each time.
    """
    rounds: defaultdict[int, list[Mutant]] = defaultdict(list)
    places: Counter[tuple[str, ...]] = Counter()
    for mutant in sorted(mutants, key=lambda m: zlib.crc32(repr(m.key).encode())):
        place = (mutant.module, mutant.function, mutant.kind)
        places[place] += 1
        rounds[places[place]].append(mutant)
    position = {mutant.key: k for k, mutant in enumerate(mutants)}
    return [m for k in sorted(rounds) for m in sorted(rounds[k], key=lambda m: position[m.key])]


def _numbered(mutants: list[Mutant]) -> list[Mutant]:
    """The mutants with keys of their own: lines that read the same in one function are counted."""
    counts: Counter[tuple[str, ...]] = Counter()
    found: list[Mutant] = []
    for mutant in mutants:
        counts[mutant.key] += 1
        number = counts[mutant.key]
        found.append(replace(mutant, number=number) if number > 1 else mutant)
    return found
