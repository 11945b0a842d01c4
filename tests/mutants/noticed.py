"""The mutants that the tests notice, in a file that lies beside this one: what is known there is not asked again.

Each has ten characters, a letter for what noticed it and eight digits of its key and of the text of its function. When
the function changes, its mutants are asked for again; so are all by `python -m tests.mutants --anew`.
"""

from __future__ import annotations

import os
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from .judging import Verdict
from .mutation import Mutant, digest_of

PATH = Path(__file__).with_name("noticed.txt")
_LETTERS = {"programs": "p", "again": "a", "rules": "r", "others": "o", "units": "u", "text": "t", "time": "s"}
_LETTERS |= {"crash": "c", "invalid": "i"}
_GROUPS = {letter: group for group, letter in _LETTERS.items()}


class Noticed:
    """The mutants that are known to be noticed.

    Attributes:
        path: the file.
        known: by module, what noticed the mutants of each digest.
    """

    def __init__(self, path: Path = PATH) -> None:
        self.path = path
        self.known: defaultdict[str, dict[str, str]] = defaultdict(dict)
        module = ""
        for line in path.read_text().splitlines() if path.exists() else []:
            if line.endswith(":"):
                module = line[:-1]
            else:
                self.known[module] |= {word[1:]: _GROUPS[word[0]] for word in line.split()}

    def of(self, mutant: Mutant) -> Verdict | None:
        """The verdict on a mutant that is noticed."""
        group = self.known[mutant.module].get(_digest(mutant))
        return None if group is None else Verdict(group, mutant=mutant)

    def add(self, verdict: Verdict) -> None:
        """Keeps a verdict, if it is that something noticed the mutant."""
        if verdict.mutant is not None and verdict.caught in _LETTERS:
            self.known[verdict.mutant.module][_digest(verdict.mutant)] = verdict.caught

    def forget_others(self, mutants: Iterable[Mutant]) -> None:
        """Forgets all but these mutants: those of functions that have changed are there no more."""
        there: defaultdict[str, set[str]] = defaultdict(set)
        for mutant in mutants:
            there[mutant.module].add(_digest(mutant))
        for module, known in self.known.items():
            self.known[module] = {digest: group for digest, group in known.items() if digest in there[module]}

    def write(self) -> None:
        """Writes the file anew, whole or not at all."""
        lines: list[str] = []
        for module, known in sorted(self.known.items()):
            if known:
                words = " ".join(_LETTERS[known[digest]] + digest for digest in sorted(known))
                lines += [f"{module}:", *textwrap.wrap(words, 119)]
        new = self.path.with_suffix(".new")
        new.write_text("\n".join([*lines, ""]))
        os.replace(new, self.path)


def _digest(mutant: Mutant) -> str:
    return digest_of(repr((mutant.key, mutant.digest)))[:8]
