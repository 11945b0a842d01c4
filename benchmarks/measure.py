"""Interleaved measurements: everyone compared first, then rounds of a few milliseconds each, on the process's clock."""

from __future__ import annotations

import copy
import gc
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.contestants import Contestant, Peers, contestants
from benchmarks.problem import Problem, Size, Unfit
from srcgrad.errors import SrcgradError

TOLERANCE = 1e-9
SLICE = 0.005
"""Seconds that a contestant gets in a round."""
SLOW = ((5.0, 1), (1.0, 3), (0.2, 7))
"""Who needs more seconds for a call gets fewer rounds."""


class WrongGradient(Exception):
    """A contestant's gradient deviates, or it changed an argument."""


@dataclass
class Row:
    """What was measured of one contestant; times in seconds."""

    name: str
    role: str
    target: str
    form: str
    first: float = 0.0
    deviation: float | None = None
    seconds: list[float] = field(default_factory=list)

    @property
    def fastest(self) -> float:
        """The fastest round."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The round in the middle."""
        return statistics.median(self.seconds)


@dataclass
class Case:
    """What was measured of one problem at one size.

    Attributes:
        rows: of everyone that took part.
        left_out: why the others did not.
    """

    problem: str
    title: str
    size: str
    rows: list[Row] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def find(self, role: str, target: str | None = None, form: str | None = None) -> Row | None:
        """The fastest row of this kind."""
        found = [
            row for row in self.rows if row.role == role and target in (None, row.target) and form in (None, row.form)
        ]
        return min(found, key=lambda row: row.fastest, default=None)

    def to_json(self) -> dict[str, Any]:
        """All figures, with ratios of minima to the rows that count."""
        bases = {
            "primal": self.find("primal", "numba"),
            "frozen": self.find("hand", "numba"),
            "best": best_known(self),
            "peer": self.find("peer"),
        }
        rows = []
        for row in self.rows:
            ratios = {name: row.fastest / base.fastest for name, base in bases.items() if base is not None}
            summary = {"fastest": row.fastest, "median": row.median, "rounds": len(row.seconds), "ratios": ratios}
            rows.append({key: value for key, value in asdict(row).items() if key != "seconds"} | summary)
        return {
            "problem": self.problem,
            "title": self.title,
            "size": self.size,
            "rows": rows,
            "left_out": self.left_out,
        }


def best_known(case: Case) -> Row | None:
    """The fastest gradient by hand, in whatever way."""
    found = [row for row in case.rows if row.role in ("hand", "best")]
    return min(found, key=lambda row: row.fastest, default=None)


def leaves(tree: Any) -> list[np.ndarray]:
    """The arrays of a gradient, dict entries in the order of their names."""
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in leaves(tree[key])]
    if isinstance(tree, (tuple, list)):
        return [leaf for child in tree for leaf in leaves(child)]
    return [np.asarray(tree)]


def deviation(got: Any, want: Any) -> float:
    """Largest difference of two gradients, relative to the largest entry of all."""
    a, b = (np.concatenate([leaf.ravel() for leaf in leaves(tree)]) for tree in (got, want))
    if a.shape != b.shape:
        raise WrongGradient(f"{a.size} numbers instead of {b.size}")
    with np.errstate(all="ignore"):
        return float(np.max(np.abs(a - b)) / np.max(np.abs(b)))


def run_case(problem: Problem, size: Size, targets: Sequence[str], with_peers: Peers, rounds: int) -> Case:
    """Prepare everyone, compare the gradients, measure."""
    case = Case(problem.name, problem.title, size.label)
    if with_peers:
        case.left_out |= {k: v for k, v in problem.no_peers.items() if with_peers is True or k in with_peers}
    args = size.make()
    runs = prepare(contestants(problem, size, targets, with_peers), args, case)
    compare(problem, size, runs, case)
    time_rounds(runs, case, rounds)
    return case


def prepare(found: Sequence[Contestant], args: tuple[Any, ...], case: Case) -> dict[str, Callable[[], Any]]:
    """Everyone's function of no arguments, called once. Who cannot take part is left out, with the reason."""
    runs: dict[str, Callable[[], Any]] = {}
    before = copy.deepcopy(args)
    for contestant in found:
        row = Row(contestant.name, contestant.role, contestant.target, contestant.form)
        try:
            if contestant.role == "peer":
                peers.imported(contestant.target)
            start = time.perf_counter()
            run = contestant.prepare(args)
            run()
        except ImportError as error:
            case.left_out[contestant.name] = f"not installed ({error.name or error})"
            continue
        except (Unfit, SrcgradError) as error:
            case.left_out[contestant.name] = str(error).partition("\n")[0]
            continue
        except Exception as error:
            if contestant.role in ("hand", "best"):
                raise
            message = str(error).strip().partition("\n")[0]
            case.left_out[contestant.name] = f"{type(error).__name__}: {message[:150]}"
            continue
        row.first = time.perf_counter() - start
        if not all(np.array_equal(a, b) for a, b in zip(leaves(before), leaves(args), strict=True)):
            raise WrongGradient(f"{case.problem}: {contestant.name} changed an argument")
        runs[contestant.name] = run
        case.rows.append(row)
    return runs


def compare(problem: Problem, size: Size, runs: dict[str, Callable[[], Any]], case: Case) -> None:
    """Every gradient with the one by hand; where there is none, with srcgrad's on NumPy.

    A wrong one of a peer is left out, any other ends the measurement.
    """
    if not any(row.role != "primal" for row in case.rows):
        return
    want = _reference(problem, size)
    for row in list(case.rows):
        if row.role == "primal":
            continue
        row.deviation = deviation(runs[row.name](), want)
        if row.deviation <= TOLERANCE:
            continue
        message = f"wrong: deviates by {row.deviation:.1e}"
        if row.role != "peer":
            raise WrongGradient(f"{problem.name}, {size.label}: {row.name} is {message}")
        case.left_out[row.name] = message
        case.rows.remove(row)
        del runs[row.name]


def _reference(problem: Problem, size: Size) -> Any:
    gradient = problem.frozen_adjoint or problem.numpy_adjoint
    if gradient is None:
        from srcgrad import grad

        gradient = grad(next(iter(problem.forms.values())), argnums=problem.argnums)
    return gradient(*size.make())


def time_rounds(runs: dict[str, Callable[[], Any]], case: Case, rounds: int) -> None:
    """Seconds per call, one entry for each round, in random order within a round."""
    rows = {row.name: row for row in case.rows}
    repeats, wanted = {}, {}
    for name, run in runs.items():
        once = _rough(run)
        repeats[name] = max(1, round(SLICE / once))
        wanted[name] = next((min(n, rounds) for limit, n in SLOW if once > limit), rounds)
    rng = random.Random(0)
    gc.collect()
    # The modules of all peers are a million objects, which would be looked through after each round.
    gc.freeze()
    gc.disable()
    try:
        for turn in range(rounds):
            # Drawn anew, so that everyone follows everyone: the caches and the heap are as the one before left them.
            names = [name for name in runs if turn < wanted[name]]
            rng.shuffle(names)
            for name in names:
                rows[name].seconds.append(_per_call(runs[name], repeats[name]))
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()


def _rough(run: Callable[[], Any]) -> float:
    """Seconds of a call, of so many that they can be measured: the first ones are slow, and short ones are many."""
    count = 1
    while True:
        start = time.process_time()
        for _ in range(count):
            run()
        spent = time.process_time() - start
        if spent > 0.2 * SLICE:
            return spent / count
        count *= 4


def _per_call(run: Callable[[], Any], repeats: int) -> float:
    if repeats > 1:
        run()
    start = time.process_time()
    for _ in range(repeats):
        run()
    return (time.process_time() - start) / repeats
