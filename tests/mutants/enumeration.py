"""All mutants, in an order that is always the same."""

from __future__ import annotations

import srcgrad.__main__
import srcgrad.testing  # noqa: F401

from .mutation import Mutant, modules
from .operators import mutants_of
from .tables import mutants_of_rules, mutants_of_tables

KINDS = (
    *("never", "always", "operand", "bound", "term", "sign", "element", "dropped", "returned", "unwrapped", "copied"),
    *("exchanged", "flag", "number", "entry", "rule"),
)
LEFT_OUT = ("__init__", "__main__", "testing", "errors", "ir/printer", "ir/verify")
"""Modules that make no gradients: the command line, the texts of errors, what prints graphs and checks them."""


def all_mutants(only: list[str]) -> list[Mutant]:
    """The mutants of the modules whose names begin so; of all, if there is none."""

    def is_meant(name: str) -> bool:
        if only:
            return any(name == o or (o.endswith("/") and name.startswith(o)) for o in only)
        return not name.endswith("__init__") and name not in LEFT_OUT

    found = [m for m in (*mutants_of_rules(), *mutants_of_tables()) if is_meant(m.module)]
    for module in modules():
        if is_meant(module):
            found += mutants_of(module)
    return sorted(found, key=lambda m: m.module)
