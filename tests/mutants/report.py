"""The table of a run, and the survivors."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict

from .cautious import is_cautious
from .equivalent import EQUIVALENT
from .judging import Verdict
from .mutation import Mutant
from .results import Results

UNNOTICED = ("survived", "undecided", "never reached")
"""Undecided: the budget ended before all tests had run that reach it."""
NUMBERS = ("programs", "again", "rules", "others")
CAUGHT = ("numbers", "units", "text", "time", "crash")
COLUMNS = (*CAUGHT, "survived", "undecided", "never reached", "equivalent", "not run")


class Report:
    """Collects verdicts.

    Attributes:
        results: where they are kept.
    """

    def __init__(self, results: Results) -> None:
        self.results = results
        self.count = 0

    def add(self, verdict: Verdict) -> None:
        """Keeps a verdict, and tells of it if no number notices the mutant."""
        self.results.keep(verdict)
        self.count += 1
        if column_of(verdict) in (*UNNOTICED, "text"):
            print(described(verdict), flush=True)
        if self.count % 50 == 0:
            self.results.noticed.write()
            print(f"{self.count} mutants", file=sys.stderr, flush=True)

    def survivors(self, mutants: list[Mutant]) -> list[Mutant]:
        """Those of the mutants that are known to have survived, and are not listed as equivalent."""
        verdicts = [(m, self.results.of(m)) for m in mutants]
        return [m for m, verdict in verdicts if verdict is not None and column_of(verdict) in UNNOTICED]

    def print(self, mutants: list[Mutant]) -> None:
        """Prints what is known of the mutants, as a table."""
        rows: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for mutant in mutants:
            verdict = self.results.of(mutant)
            for name in (mutant.module, "all"):
                unknown = "equivalent" if is_listed(mutant) else "not run"
                rows[name][unknown if verdict is None else column_of(verdict)] += 1
        print(f"\n{'module':28s} {'mutants':>8s}{'caught':>8s}" + "".join(f"{name:>14s}" for name in COLUMNS))
        for name in [*sorted(set(rows) - {"all"}), "all"]:
            row = rows[name]
            total = sum(row.values()) - row["invalid"]
            caught = sum(row[column] for column in CAUGHT)
            print(f"{name:28s} {total:8d}{caught:8d}" + "".join(f"{row[c] or '':>14}" for c in COLUMNS))
        print("noticed by numbers: values of gradients, or refusals")


def is_listed(mutant: Mutant) -> bool:
    """Whether a mutant is known to change nothing that is promised."""
    return mutant.key in EQUIVALENT or is_cautious(mutant)


def column_of(verdict: Verdict) -> str:
    """The column of the table that a verdict is counted in."""
    assert verdict.mutant is not None
    if verdict.caught in NUMBERS:
        return "numbers"
    if verdict.caught in ("survived", "never reached") and is_listed(verdict.mutant):
        return "equivalent"
    if verdict.caught == "survived" and not verdict.complete:
        return "undecided"
    return verdict.caught


def described(verdict: Verdict) -> str:
    """A mutant that no number notices, with what is known of it."""
    lines = [f"{column_of(verdict).upper()}: {verdict.mutant}"]
    if verdict.caught == "text":
        lines.append(f"    by {verdict.by}")
    elif verdict.caught == "survived":
        if verdict.changed is not None:
            names = ", ".join(verdict.changed[:6])
            lines.append(f"    changes the code of {len(verdict.changed)} programs: {names}")
        lines.append(f"    {verdict.ran} tests ran{'' if verdict.complete else ', not all'}")
    return "\n".join(lines)
