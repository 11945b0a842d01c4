"""Array programs on the NumPy target: srcgrad beside a hand-written adjoint and HIPS autograd.

    python -m benchmarks.numpy_target [--only NAME] [--rounds N] [--json FILE] [--default-heap]

One thread. In every round each contestant runs once, in random order, for about the same time; the clock is the CPU
time of this process. The table gives the fastest round and the median of the ratios *within* a round, so
that a slow moment of the machine falls on both sides of a ratio. All gradients are compared before anything is timed.

glibc gives freed megabytes back to the system at once, and whether two temporaries more or less trigger that decides
over a factor of 2 to 5 in array code. Here the heap keeps what it has, so that work is compared and not the allocator's
luck; `--default-heap` leaves it as it is.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    # The libraries read these once, when NumPy is first imported.
    os.environ[_name] = "1"

import argparse  # noqa: E402
import copy  # noqa: E402
import ctypes  # noqa: E402
import gc  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import random  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import types  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

from benchmarks.problems import Problem, problems  # noqa: E402

TOLERANCE = 1e-9
SLICE_SECONDS = 0.02  # what one contestant gets in one round


def keep_heap() -> None:
    """Tell glibc's malloc to keep freed memory; other C libraries are left alone."""
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3
    for parameter, size in ((trim_threshold, 1 << 30), (top_pad, 1 << 26), (mmap_threshold, 1 << 25)):
        if not mallopt(parameter, size):
            raise SystemExit(f"mallopt({parameter}, {size}) failed; use --default-heap")


def leaves(tree: Any) -> list[np.ndarray]:
    """The arrays of a gradient, dict entries in the order of their names."""
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in leaves(tree[key])]
    if isinstance(tree, (tuple, list)):
        return [leaf for child in tree for leaf in leaves(child)]
    return [np.asarray(tree)]


def deviation(got: Any, want: Any) -> float:
    """Largest difference of two gradients, each array relative to its own largest entry."""
    got, want = leaves(got), leaves(want)
    if [a.shape for a in got] != [a.shape for a in want]:
        raise SystemExit(f"shapes differ: {[a.shape for a in got]} and {[a.shape for a in want]}")
    return max(float(np.max(np.abs(a - b)) / np.max(np.abs(b))) for a, b in zip(got, want, strict=True))


def autograd_gradient(problem: Problem) -> Callable[..., Any] | None:
    """The gradient by HIPS autograd, or None where it is not installed."""
    try:
        autograd = importlib.import_module("autograd")
    except ImportError:
        return None
    fun = problem.functional or problem.primal
    # autograd wants its own numpy under the name np: the same code object, other globals.
    traced = types.FunctionType(fun.__code__, {**fun.__globals__, "np": autograd.numpy}, fun.__name__)
    return autograd.grad(traced, problem.argnums)


def in_place(problem: Problem) -> bool:
    """Whether the plain function writes its first argument, so that it needs a fresh one per call."""
    return problem.functional is not None


def contestants(problem: Problem) -> dict[str, Callable[[], Any]]:
    """Everyone that takes part, as functions of no arguments."""
    from srcgrad import grad

    args = problem.args
    gradients = {
        "hand": problem.adjoint,
        "srcgrad": grad(problem.primal, argnums=problem.argnums),
        "autograd": autograd_gradient(problem),
    }
    if in_place(problem):
        runs = {"primal": lambda: problem.primal(args[0].copy(), *args[1:])}
    else:
        runs = {"primal": lambda: problem.primal(*args)}
    for name, gradient in gradients.items():
        if gradient is not None:
            runs[name] = lambda gradient=gradient: gradient(*args)
    return runs


def compare(problem: Problem, runs: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Each gradient's deviation from the hand-written one; one above the tolerance, or a written input, ends it all."""
    before = copy.deepcopy(problem.args)
    want = runs["hand"]()
    errors = {name: deviation(run(), want) for name, run in runs.items() if name not in ("primal", "hand")}
    for name, error in errors.items():
        if not error <= TOLERANCE:
            raise SystemExit(
                f"{problem.name}: the gradient of {name} deviates by {error:.1e} from the hand-written one"
            )
    if any(not np.array_equal(a, b) for a, b in zip(leaves(list(before)), leaves(list(problem.args)), strict=True)):
        raise SystemExit(f"{problem.name}: an argument was changed")
    return errors


def measure(runs: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds per call, one entry per round for everyone."""
    repeats = {}
    for name, run in runs.items():
        run()
        start = time.perf_counter()
        run()
        repeats[name] = max(1, round(SLICE_SECONDS / max(time.perf_counter() - start, 1e-7)))
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    rng = random.Random(0)
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            # Drawn anew, so that everyone follows everyone: the caches and the heap are as the one before left them.
            rng.shuffle(names)
            for name in names:
                run, n = runs[name], repeats[name]
                run()
                start = time.process_time()
                for _ in range(n):
                    run()
                seconds[name].append((time.process_time() - start) / n)
            gc.collect()
    finally:
        gc.enable()
    return seconds


def summarize(seconds: dict[str, list[float]], errors: dict[str, float]) -> dict[str, dict[str, float]]:
    """Minimum, median, and the medians of the paired ratios to the primal and to the hand-written adjoint."""
    rows = {}
    for name, own in seconds.items():
        rows[name] = {"min_us": min(own) * 1e6, "median_us": statistics.median(own) * 1e6}
        for base in ("primal", "hand"):
            ratios = [a / b for a, b in zip(own, seconds[base], strict=True)]
            rows[name][f"to_{base}"] = statistics.median(ratios)
            rows[name][f"to_{base}_of_min"] = min(own) / min(seconds[base])
        if name in errors:
            rows[name]["deviation"] = errors[name]
    return rows


HEADER = """\
| problem | primal us | hand us | srcgrad us | hand / primal | srcgrad / primal | srcgrad / hand | autograd / hand |
|---|---|---|---|---|---|---|---|"""


def table_row(title: str, rows: dict[str, dict[str, float]]) -> str:
    """One line of the Markdown table: fastest rounds in microseconds, then medians of paired ratios."""
    autograd = f"{rows['autograd']['to_hand']:.2f}" if "autograd" in rows else "not installed"
    times = " | ".join(f"{rows[name]['min_us']:.0f}" for name in ("primal", "hand", "srcgrad"))
    hand, own = rows["hand"], rows["srcgrad"]
    ratios = f"{hand['to_primal']:.2f} | {own['to_primal']:.2f} | **{own['to_hand']:.2f}** | {autograd}"
    return f"| {title} | {times} | {ratios} |"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the problems, print the table."""
    everything = {problem.name: problem for problem in problems()}
    parser = argparse.ArgumentParser(prog="python -m benchmarks.numpy_target", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=list(everything), action="append", help="one problem; may be repeated")
    parser.add_argument("--rounds", type=int, default=41, help="paired rounds (default: 41)")
    parser.add_argument("--json", metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--default-heap", action="store_true", help="leave malloc's settings alone")
    options = parser.parse_args(argv)
    if not options.default_heap:
        keep_heap()

    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {options.rounds} rounds, one thread\n")
    print(HEADER, flush=True)
    results = {}
    for name in options.only or everything:
        problem = everything[name]
        runs = contestants(problem)
        errors = compare(problem, runs)
        results[name] = summarize(measure(runs, options.rounds), errors)
        print(table_row(problem.title, results[name]), flush=True)
    weak = [name for name, rows in results.items() if "autograd" in rows and rows["autograd"]["to_hand"] <= 1.0]
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"rounds": options.rounds, "problems": results}, file, indent=1)
    if weak:
        print(f"\nnot a yardstick, autograd is as fast as the hand-written adjoint: {', '.join(weak)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
