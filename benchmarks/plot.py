"""The ratios and cost curves as a picture; needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.curves import Curve
from benchmarks.measure import Case, Row, best_known

COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#8a5a9e", "#b08900", "#4c9a9a", "#7a7a7a", "#a03060", "#405060", "#d98cb3")


def pyplot_without_a_screen() -> Any:
    """matplotlib's `pyplot`, drawing to files."""
    try:
        import matplotlib
    except ImportError as error:
        raise SystemExit("--plot needs matplotlib: pip install matplotlib") from error
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "srcgrad", "font.size": 9, "axes.spines.top": False})
    from matplotlib import pyplot

    return pyplot


def _shown(case: Case) -> dict[str, Row]:
    """Who has a mark in a case."""
    found: dict[str, Row | None] = {
        "srcgrad": case.find("srcgrad", "numba"),
        "srcgrad, no Numba": case.find("srcgrad", "numpy"),
        "best known": best_known(case),
        "primal": case.find("primal", "numba"),
    }
    found.update({row.target: case.find("peer", row.target) for row in case.rows if row.role == "peer"})
    return {name: row for name, row in found.items() if row is not None}


def draw(cases: Sequence[Case], curves: Sequence[Curve], path: Path) -> None:
    """One panel of ratios to the adjoint by hand, and one for each problem that has curves."""
    pyplot = pyplot_without_a_screen()
    compiled = any(case.find("hand", "numba") for case in cases)
    found = [(case, case.find("hand", "numba" if compiled else None)) for case in cases]
    based = [(case, base) for case, base in found if base is not None]
    titles = list(dict.fromkeys(curve.title for curve in curves))
    panels = bool(based) + len(titles)
    if not panels:
        raise SystemExit("--plot: nothing was measured that has a hand-written adjoint or a curve")
    heights = [0.7 + 0.32 * len(based)] * bool(based) + [3.0] * len(titles)
    size = 8.0, sum(heights) + 0.6 * panels
    figure, axes = pyplot.subplots(panels, 1, figsize=size, squeeze=False, height_ratios=heights, layout="constrained")
    remaining = list(axes[:, 0])
    if based:
        _ratios(remaining.pop(0), based)
    for axis, title in zip(remaining, titles, strict=True):
        _curves(axis, title, [curve for curve in curves if curve.title == title])
    figure.savefig(path, format="svg", metadata={"Date": None})


def _ratios(axis: Any, based: Sequence[tuple[Case, Row]]) -> None:
    marks: dict[str, list[tuple[float, int]]] = {}
    for place, (case, base) in enumerate(based):
        for name, row in _shown(case).items():
            marks.setdefault(name, []).append((row.fastest / base.fastest, place))
    for (name, points), colour in zip(marks.items(), COLOURS * 3, strict=False):
        own = name.startswith("srcgrad")
        axis.plot(*zip(*points, strict=True), "D" if own else "o", color=colour, ms=7 if own else 4.5, label=name)
    axis.axvline(1.0, color="black", lw=0.8)
    axis.set_xscale("log")
    axis.set_yticks(range(len(based)), [f"{case.title}, {case.size}" for case, _ in based])
    axis.invert_yaxis()
    axis.grid(axis="x", lw=0.3)
    axis.set_xlabel("time / hand-written adjoint")
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _curves(axis: Any, title: str, curves: Sequence[Curve]) -> None:
    for curve, colour in zip(curves, COLOURS * 3, strict=False):
        style = "--" if curve.name == curve.base else "-"
        axis.plot(curve.sizes, [1e6 * s for s in curve.seconds], style, color=colour, marker=".", label=curve.name)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_title(title, loc="left")
    axis.set_xlabel("n")
    axis.set_ylabel("microseconds")
    axis.grid(lw=0.3)
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
