"""What became of mutants in earlier runs, in a file of one line each."""

from __future__ import annotations

import json
from pathlib import Path

from .judging import Verdict
from .mutation import Mutant
from .noticed import Noticed

Key = tuple[str, str, str, str]


class Results:
    """Verdicts that are kept in a file from run to run.

    One counts as long as the function stands that its mutant is in, and the line: tests are added, and those that
    noticed a mutant stay. A survivor counts until it is asked for again.

    Attributes:
        path: the file; None to keep nothing.
        noticed: those that are known to be noticed.
        known: the verdicts of that file by mutant, with the digest of the function they are about.
    """

    def __init__(self, path: Path | None, noticed: Noticed) -> None:
        self.path = path
        self.noticed = noticed
        self.known: dict[Key, tuple[str, Verdict]] = {}
        lines = path.read_text().splitlines() if path is not None and path.exists() else []
        for line in lines:
            key, digest, *fields = json.loads(line)
            self.known[tuple(key)] = (digest, Verdict(*fields))

    def of(self, mutant: Mutant) -> Verdict | None:
        """The verdict on a mutant, if it still counts."""
        digest, verdict = self.known.get(mutant.key, ("", None))
        if verdict is None or digest != mutant.digest:
            return self.noticed.of(mutant)
        verdict.mutant = mutant
        return verdict

    def history(self) -> list[tuple[str, str, str]]:
        """The tests that noticed mutants, with the modules and functions of these."""
        return [(key[0], key[1], verdict.by) for key, (_, verdict) in self.known.items() if verdict.number >= 0]

    def keep(self, verdict: Verdict) -> None:
        """Writes a verdict to the files."""
        mutant = verdict.mutant
        assert mutant is not None
        self.noticed.add(verdict)
        self.known[mutant.key] = (mutant.digest, verdict)
        if self.path is not None:
            fields = [verdict.caught, verdict.by, verdict.number, verdict.changed, verdict.ran, verdict.complete]
            with self.path.open("a") as file:
                file.write(json.dumps([mutant.key, mutant.digest, *fields]) + "\n")
