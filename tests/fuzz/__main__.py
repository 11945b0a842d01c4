"""python -m tests.fuzz [--n N] [--seed S] [--order 2 | --code any] [--jobs J] [--shrink SECONDS] [--save FOLDER]

Writes N random programs, judges each, and prints what became of them: how many were right, refused (for what reason,
and with which constructs), wrong, or ended in an error that is not srcgrad's. Failures are made small and saved: the
tests run them from then on. Exits with 1 if a program was wrong or crashed, if fewer than 98 % were differentiated, or
if more than 10 % of the programs with some construct were refused; a construct counts from 50 programs on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from fuzz.judging import REFUSED, RIGHT, UNJUDGED, Verdict, judge, judge_at  # noqa: E402
from fuzz.programs import Point, RandomProgram, random_program  # noqa: E402
from fuzz.regressions import FAILURES, regression_text  # noqa: E402
from fuzz.shrinking import shrink  # noqa: E402

LEAST_DIFFERENTIATED = 0.98
MOST_REFUSED = 0.10
ENOUGH = 50
"""A construct that stands in fewer programs says nothing about the share that is refused."""


@dataclass
class Tally:
    """What became of the programs so far."""

    kinds: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    failures: dict[str, list[tuple[int, Verdict]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, seed: int, verdict: Verdict, tags: Counter[str]) -> None:
        """Counts one program."""
        self.kinds[verdict.kind] += 1
        self.used.update(tags.keys())
        if verdict.kind == REFUSED:
            self.refused.update(tags.keys())
        if verdict.is_failure:
            self.failures[verdict.signature].append((seed, verdict))
        elif verdict.kind != RIGHT:
            self.reasons[verdict.signature].append(seed)

    @property
    def differentiated(self) -> float:
        """The share that was differentiated, the few among them that differences can't judge."""
        return (self.kinds[RIGHT] + self.kinds[UNJUDGED]) / max(1, sum(self.kinds.values()))

    def refused_share(self, tag: str) -> float:
        """The share of the programs with a construct that was refused."""
        return self.refused[tag] / self.used[tag]

    def above_the_limit(self) -> list[str]:
        """The constructs that are refused too often."""
        return sorted(tag for tag, n in self.used.items() if n >= ENOUGH and self.refused_share(tag) > MOST_REFUSED)

    def report(self, seconds: float) -> None:
        """Prints what became of the programs."""
        kinds = ", ".join(f"{n} {kind}" for kind, n in self.kinds.most_common())
        print(
            f"{sum(self.kinds.values())} programs in {seconds:.0f} s: {kinds}; {self.differentiated:.1%} differentiated"
        )
        for reason, seeds in sorted(self.reasons.items(), key=lambda item: -len(item[1]))[:40]:
            print(f"  {len(seeds):5d} x {reason}   seeds {seeds[:5]}")
        print("constructs that are refused most often (programs with them, refused):")
        for tag in sorted(self.refused, key=self.refused_share, reverse=True)[:20]:
            print(f"  {tag:40s} {self.used[tag]:5d} {self.refused[tag]:5d}  {self.refused_share(tag):.0%}")
        if above := self.above_the_limit():
            print(f"refused in more than {MOST_REFUSED:.0%}: {', '.join(above)}")
        if self.differentiated < LEAST_DIFFERENTIATED:
            print(f"fewer than {LEAST_DIFFERENTIATED:.0%} differentiated")


def run(seed: int, order: int, code: str) -> tuple[int, Verdict, Counter[str]]:
    """Judges the program of one seed."""
    program = random_program(seed)
    return seed, judge(program, order, code), program.tags


def shrunk(program: RandomProgram, verdict: Verdict, order: int, code: str, seconds: float) -> str:
    """The program made small, with the point at which it fails, as a file for the tests."""

    def verdict_of(text: str, point: Point) -> str:
        return judge_at(text, point, program.output, f"fuzz_{program.seed}", order, code=code).signature

    for point in program.points:
        if verdict_of(program.text, point) == verdict.signature:
            small = shrink(program.text, lambda text: verdict_of(text, point) == verdict.signature, seconds)  # noqa: B023
            return regression_text(small, point, program.output, order, f"seed {program.seed}: {verdict.reason}", code)
    reason = f"seed {program.seed}, which fails with others only: {verdict.reason}"
    return regression_text(program.text, program.points[0], program.output, order, reason, code)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--n", type=int, default=200, help="how many programs (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="a whole number; every seed has programs of its own")
    parser.add_argument("--order", type=int, default=1, choices=(1, 2), help="2: differentiate the generated code too")
    parser.add_argument(
        "--code",
        default="",
        choices=("any", "plain", "numba"),
        help="other code for the same gradients: for arguments of any kind, or compiled, run in Python or by Numba",
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--shrink", type=float, default=20.0, metavar="SECONDS", help="time to make a failure small")
    parser.add_argument("--save", type=Path, default=FAILURES, help="a folder for the failures (default: %(default)s)")
    parser.add_argument("--most", type=int, default=3, help="failures shown and saved for each cause (default: 3)")
    options = parser.parse_args()
    start, tally = time.monotonic(), Tally()
    seeds = [options.seed * 1_000_000 + k for k in range(options.n)]
    with ProcessPoolExecutor(options.jobs) as pool:
        for seed, verdict, tags in pool.map(partial(run, order=options.order, code=options.code), seeds, chunksize=4):
            tally.add(seed, verdict, tags)
            if verdict.is_failure:
                print(f"seed {seed}: {verdict.kind}: {verdict.reason}", flush=True)
    tally.report(time.monotonic() - start)
    for signature, cases in sorted(tally.failures.items(), key=lambda item: -len(item[1])):
        print(f"\n=== {len(cases)} x {signature}\n    seeds {[seed for seed, _ in cases[:12]]}")
        for seed, verdict in cases[: options.most]:
            text = shrunk(random_program(seed), verdict, options.order, options.code, options.shrink)
            print(text, flush=True)
            options.save.mkdir(parents=True, exist_ok=True)
            (options.save / f"seed_{seed}_{options.code or f'order_{options.order}'}.py").write_text(
                text, encoding="utf-8"
            )
    if options.code:
        return bool(tally.failures)
    return bool(tally.failures or tally.above_the_limit() or tally.differentiated < LEAST_DIFFERENTIATED)


if __name__ == "__main__":
    sys.exit(main())
