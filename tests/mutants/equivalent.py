"""Mutants that change nothing that is promised, each with the proof.

A key is what `Mutant.key` gives: the module, the function, the line as it stands, and the change.
"""

from __future__ import annotations

Key = tuple[str, str, str, str]

EQUIVALENT: dict[Key, str] = {}
