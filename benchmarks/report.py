"""What was measured, as Markdown and as JSON."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

from benchmarks.measure import Case, Row, best_known

MOST_NAMED = 3
"""Where more than so many measurements lack someone, their number is given."""
LIBRARIES = ("numpy", "numba", "autograd", "jax", "torch", "enzyme_ad", "casadi", "pytensor", "warp-lang")


def versions() -> dict[str, str]:
    """Python and the libraries that are installed."""
    found = {"Python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def time_of(row: Row | None) -> str:
    """Microseconds of the fastest round, three digits."""
    if row is None:
        return ""
    micro = row.fastest * 1e6
    return f"{micro:,.0f}" if micro >= 100 else f"{micro:.3g}"


def ratio(row: Row | None, base: Row | None) -> str:
    """How many times the base."""
    if row is None or base is None:
        return ""
    times = row.fastest / base.fastest
    return f"{times:,.0f}" if times >= 100 else f"{times:.2f}"


def table(head: Sequence[str], lines: Sequence[Sequence[str]], texts: int = 2) -> list[str]:
    """A table in Markdown whose first columns are texts, the others numbers."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * texts}{'---:|' * (len(head) - texts)}",
        *(f"| {' | '.join(cells)} |" for cells in lines),
    ]


def numba_table(cases: Sequence[Case]) -> list[str]:
    """Compiled code: one line for each form that srcgrad is given."""
    head = ["problem", "size", "form", "primal", "hand", "best known", "best peer", "srcgrad"]
    head += ["/ primal", "/ hand", "/ best known", "/ best peer"]
    lines = []
    for case in cases:
        primal, hand = case.find("primal", "numba"), case.find("hand", "numba")
        best, peer = best_known(case), case.find("peer")
        if hand is None and peer is None and primal is None:
            continue
        own: list[Row | None] = [row for row in case.rows if row.role == "srcgrad" and row.target == "numba"]
        peer_name = f"{time_of(peer)} {peer.name}" if peer else ""
        for row in own or [None]:
            times = [time_of(primal), time_of(hand), time_of(best), peer_name, time_of(row)]
            ratios = [ratio(row, base) for base in (primal, hand, best, peer)]
            lines.append([case.title, case.size, row.form if row else "", *times, *ratios])
    return table(head, lines, texts=3) if lines else []


def numpy_table(cases: Sequence[Case]) -> list[str]:
    """Code without Numba: NumPy for arrays, the interpreter for loops."""
    head = ("problem", "size", "form", "primal", "hand", "srcgrad", "/ primal", "/ hand", "hand / primal")
    lines = []
    for case in cases:
        for row in case.rows:
            if row.role != "srcgrad" or row.target != "numpy":
                continue
            primal, hand = (case.find(role, "numpy", row.form) for role in ("primal", "hand"))
            times = [time_of(primal), time_of(hand), time_of(row)]
            ratios = [ratio(row, primal), ratio(row, hand), ratio(hand, primal)]
            lines.append([case.title, case.size, row.form, *times, *ratios])
    return table(head, lines, texts=3) if lines else []


def peers_table(cases: Sequence[Case]) -> list[str]:
    """The peers, in times of the hand-written adjoint for Numba."""
    names = list(dict.fromkeys(row.name for case in cases for row in case.rows if row.role == "peer"))
    if not names:
        return []
    lines = []
    for case in cases:
        rows = {row.name: row for row in case.rows if row.role == "peer"}
        base = case.find("hand", "numba") or case.find("primal", "numba")
        if rows:
            lines.append([case.title, case.size, time_of(base), *(ratio(rows.get(name), base) for name in names)])
    return table(("problem", "size", "hand (or primal)", *names), lines)


def first_table(cases: Sequence[Case]) -> list[str]:
    """Seconds until the first gradient is there, with compiling; wall clock, the slowest of the sizes."""
    names = list(dict.fromkeys(row.name for case in cases for row in case.rows if row.role in ("srcgrad", "peer")))
    slowest: dict[str, dict[str, float]] = {}
    for case in cases:
        for row in case.rows:
            of_problem = slowest.setdefault(case.title, {})
            of_problem[row.name] = max(row.first, of_problem.get(row.name, 0.0))
    lines = [
        [title, *(f"{first[name]:.2f}" if name in first else "" for name in names)]
        for title, first in slowest.items()
        if any(name in first for name in names)
    ]
    return table(("problem", *names), lines, texts=1) if lines else []


def left_out_lines(cases: Sequence[Case]) -> list[str]:
    """Who did not take part, and why; each reason once."""
    reasons: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        for name, reason in case.left_out.items():
            reasons.setdefault((name, reason), []).append(case)
    return [f"- {name}: {reason} ({_where(found, cases)})" for (name, reason), found in reasons.items()]


def _where(found: Sequence[Case], cases: Sequence[Case]) -> str:
    """Titles, with the size where it is not all sizes of a problem; a number where they are many."""
    names = {}
    for case in found:
        everywhere = all(other in found for other in cases if other.title == case.title)
        names[case.title if everywhere else f"{case.title}, {case.size}"] = None
    return "; ".join(names) if len(names) <= MOST_NAMED else f"{len(found)} measurements"


def geometric_mean(cases: Sequence[Case], target: str) -> tuple[float, int] | None:
    """Of srcgrad's ratios to the function itself, the better form where there are several; and of how many."""
    logs = []
    for case in cases:
        own, primal = case.find("srcgrad", target), case.find("primal", target)
        if own is not None and target == "numpy":
            primal = case.find("primal", target, own.form)
        if own is not None and primal is not None:
            logs.append(math.log(own.fastest / primal.fastest))
    return (math.exp(sum(logs) / len(logs)), len(logs)) if logs else None


def markdown(cases: Sequence[Case], rounds: int, extra: Sequence[str] = ()) -> str:
    """The whole report."""
    return "\n".join(_lines(cases, rounds, extra))


def _lines(cases: Sequence[Case], rounds: int, extra: Sequence[str]) -> Iterator[str]:
    yield ", ".join(f"{name} {version}" for name, version in versions().items()) + ". "
    yield f"One thread on one core; times in microseconds: the fastest of {rounds} interleaved rounds, CPU time."
    sections = {
        "Compiled by Numba": numba_table(cases),
        "Without Numba": numpy_table(cases),
        "Other tools, in times of the hand-written adjoint": peers_table(cases),
        "Seconds until the first gradient": first_table(cases),
        "Left out": left_out_lines(cases),
    }
    for title, lines in sections.items():
        if lines:
            yield from ("", f"### {title}", "", *lines)
        if title == "Without Numba":
            yield from _means(cases)
    yield from extra


def _means(cases: Sequence[Case]) -> Iterator[str]:
    for target, name in (("numba", "compiled by Numba"), ("numpy", "without Numba")):
        mean = geometric_mean(cases, target)
        if mean is not None:
            yield from ("", f"Gradient / primal, {name}, geometric mean of {mean[1]} measurements: **{mean[0]:.2f}**.")


def as_json(cases: Sequence[Case], rounds: int, extra: dict[str, Any]) -> dict[str, Any]:
    """All figures; times in seconds."""
    return {"versions": versions(), "rounds": rounds, "cases": [case.to_json() for case in cases], **extra}
