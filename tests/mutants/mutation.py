"""What a mutant is: a change of the text of a module, or of a table that a module holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import srcgrad

ROOT = Path(srcgrad.__file__).parent


@dataclass(frozen=True, slots=True)
class Edit:
    """A new text for a part of a module, as long in lines as the old one.

    Attributes:
        start: where the part begins, in bytes.
        end: where it ends.
        text: what stands there instead.
    """

    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake.

    Attributes:
        module: the path of the module in the package, without its ending: `transform/undo`.
        function: the qualified name of the function, or the name of the table.
        line: its line in the file.
        text: that line, as it stands.
        kind: the operator that made it.
        change: `old -> new`.
        reach: the tests that can notice it reach one of these probes.
        edit: how the text changes; None for a table.
        install: what puts it into the process, for a table.
        decides: whether it changes a decision, of those that a gradient depends on; others are a matter of texts, or
            imply no more than another mutant does.
        digest: tells the text of its function from later ones.
        number: counts those that are alike.
    """

    module: str
    function: str
    line: int
    text: str
    kind: str
    change: str
    reach: frozenset[str] = frozenset()
    edit: Edit | None = None
    install: Callable[[], None] | None = field(default=None, compare=False)
    decides: bool = True
    digest: str = ""
    number: int = 1

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells a mutant from others as long as its line stands: module, function, line, and change."""
        number = f" ({self.number})" if self.number > 1 else ""
        return self.module, self.function, self.text, f"{self.kind}: {self.change}{number}"

    def __str__(self) -> str:
        return f"srcgrad/{self.module}.py:{self.line} {self.function}\n    {self.text}\n    {self.kind}: {self.change}"


def modules() -> list[str]:
    """The modules of the package, in the order of their names."""
    return sorted(path.relative_to(ROOT).with_suffix("").as_posix() for path in ROOT.rglob("*.py"))


def digest_of(text: str) -> str:
    """A short text that differs for different texts."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def path_of(module: str) -> Path:
    return ROOT / f"{module}.py"


def dotted(module: str) -> str:
    """The name under which a module is imported."""
    return ".".join(["srcgrad", *module.split("/")]).removesuffix(".__init__")
