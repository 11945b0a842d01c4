"""Failures that were found once: small programs in a folder, each with the point at which it failed."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from .judging import Verdict, judge_at
from .programs import Point

FAILURES = Path(__file__).parent / "failures"


@dataclass(frozen=True)
class Regression:
    """A program of the folder: what it returns, where it is judged, to which order, and in which code."""

    name: str
    text: str
    point: Point
    output: str
    order: int
    code: str = ""

    def judge(self) -> Verdict:
        """What becomes of it now."""
        return judge_at(self.text, self.point, self.output, f"regression_{self.name}", self.order, code=self.code)


def regression_text(text: str, point: Point, output: str, order: int, reason: str, code: str = "") -> str:
    """A program as a file of the folder: the first line says where it is judged, the second what was wrong."""
    where = {**dataclasses.asdict(point), "output": output, "order": order, **({"code": code} if code else {})}
    return f"# {json.dumps(where)}\n# {reason}\n{text}"


def regressions(folder: Path = FAILURES) -> list[Regression]:
    """The programs of a folder, by name."""
    found = []
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        where = json.loads(text.splitlines()[0].removeprefix("# "))
        output, order, code = where.pop("output"), where.pop("order"), where.pop("code", "")
        found.append(Regression(path.stem, text, Point(**where), output, order, code))
    return found
