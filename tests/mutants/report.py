"""The table of a run, and the survivors."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

from .equivalent import EQUIVALENT
from .judging import Verdict
from .mutation import Mutant

UNNOTICED = ("survived", "undecided", "never reached")
"""Undecided: the budget ended before all tests had run that reach it."""
NUMBERS = ("programs", "again", "rules", "others")
COLUMNS = ("numbers", "units", "text", "time", "crash", "survived", "undecided", "never reached", "equivalent")


class Report:
    """Collects verdicts.

    Attributes:
        verbose: whether to tell of survivors as they come.
        again: a file of survivors, if only those are wanted.
    """

    def __init__(self, verbose: bool, again: Path | None = None) -> None:
        self.verbose = verbose
        self.verdicts: list[Verdict] = []
        self.wanted = None if again is None else {tuple(key) for key in json.loads(again.read_text())}

    def is_wanted(self, mutant: Mutant) -> bool:
        return self.wanted is None or mutant.key in self.wanted

    def add(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        if self.verbose and column_of(verdict) in (*UNNOTICED, "text"):
            print(described(verdict), flush=True)
        if len(self.verdicts) % 50 == 0:
            print(f"{len(self.verdicts)} mutants", file=sys.stderr, flush=True)

    @property
    def survivors(self) -> list[Verdict]:
        return [v for v in self.verdicts if column_of(v) in UNNOTICED]

    @property
    def has_unknown_survivors(self) -> bool:
        return bool(self.survivors)

    def print(self, seconds: float) -> None:
        """Prints the table."""
        rows: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for verdict in self.verdicts:
            assert verdict.mutant is not None
            for name in (verdict.mutant.module, "all"):
                rows[name][column_of(verdict)] += 1
        print(f"\n{'module':32s} {'mutants':>8s}" + "".join(f"{name:>14s}" for name in COLUMNS))
        for name in [*sorted(set(rows) - {"all"}), "all"]:
            row = rows[name]
            total = sum(row.values()) - row["invalid"]
            print(f"{name:32s} {total:8d}" + "".join(f"{row[c] or '':>14}" for c in COLUMNS))
        print(f"{len(self.verdicts)} mutants in {seconds:.0f} s; noticed by numbers: values of gradients, or refusals")

    def save(self, path: Path) -> None:
        """Writes the keys of the survivors, and of those that only texts notice."""
        found = [v.mutant.key for v in self.verdicts if v.mutant and column_of(v) in (*UNNOTICED, "text")]
        path.write_text(json.dumps(found, indent=0))


def column_of(verdict: Verdict) -> str:
    """The column of the table that a verdict is counted in."""
    assert verdict.mutant is not None
    if verdict.caught in NUMBERS:
        return "numbers"
    if verdict.caught in ("survived", "never reached") and verdict.mutant.key in EQUIVALENT:
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
