"""Cost curves: time against size over four decades, and whether the ratio to the function stays the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.measure import Case, run_case
from benchmarks.problem import Problem, Size

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
LONGEST_PLAIN_LOOP = 100_000


@dataclass
class Curve:
    """One contestant's times, in seconds.

    Attributes:
        base: the name of the function's curve, the gradient's is to be compared with.
    """

    title: str
    name: str
    base: str
    sizes: list[int]
    seconds: list[float]

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


def _case(problem: Problem, n: int, targets: Sequence[str], rounds: int) -> Case:
    scaled = problem.scaled
    assert scaled is not None
    forms = tuple(form for form in problem.forms if form == "array" or n <= LONGEST_PLAIN_LOOP)
    size = Size(f"n = {n}", lambda: scaled(n), plain=forms)
    return run_case(problem, size, targets, with_peers=False, rounds=max(3, rounds // 3))


def measured(problems: Sequence[Problem], targets: Sequence[str], rounds: int) -> list[Curve]:
    """The curves of all problems that have one."""
    curves: dict[tuple[str, str], Curve] = {}
    for problem in problems:
        if problem.scaled is None:
            continue
        for n in SIZES:
            for row in _case(problem, n, targets, rounds).rows:
                base = "primal, Numba" if row.target == "numba" else f"primal, {row.form}"
                curve = curves.setdefault((problem.title, row.name), Curve(problem.title, row.name, base, [], []))
                curve.sizes.append(n)
                curve.seconds.append(row.fastest)
    return list(curves.values())


def ratios(curve: Curve, curves: Sequence[Curve]) -> list[float | None]:
    """The ratio to the function at each of SIZES; None where one of the two was not measured."""
    base = next((other for other in curves if (other.title, other.name) == (curve.title, curve.base)), None)
    if base is None:
        return [None] * len(SIZES)
    own, of_base = (dict(zip(c.sizes, c.seconds, strict=True)) for c in (curve, base))
    return [own[n] / of_base[n] if n in own and n in of_base else None for n in SIZES]


def lines(curves: Sequence[Curve]) -> Iterator[str]:
    """A table of ratios to the function."""
    if not curves:
        return
    yield from ("", "### Gradient / primal against size", "")
    yield f"| problem | gradient | {' | '.join(f'n = {n:,}' for n in SIZES)} |"
    yield f"|---|---|{'---:|' * len(SIZES)}"
    for curve in curves:
        if curve.name != curve.base:
            cells = ["" if value is None else f"{value:.2f}" for value in ratios(curve, curves)]
            yield f"| {curve.title} | {curve.name} | {' | '.join(cells)} |"
