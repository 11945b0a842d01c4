"""python -m tests.fuzz [--n N] [--seed S] [--order 2] [--jobs J] [--shrink SECONDS] [--save FOLDER]

Writes N random programs, judges each, and prints what became of them: how many were right, refused (for what reason,
and with which constructs), wrong, or ended in an error that is not srcgrad's. Failures are made small and saved. Exits
with 1 if there was one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from fuzz.judging import REFUSED, RIGHT, UNJUDGED, Verdict, judge, judge_at  # noqa: E402
from fuzz.programs import RandomProgram, random_program  # noqa: E402
from fuzz.shrinking import shrink  # noqa: E402


def run(seed: int, order: int) -> tuple[int, Verdict, Counter[str]]:
    """Judges the program of one seed."""
    program = random_program(seed)
    return seed, judge(program, order), program.tags


def shrunk(program: RandomProgram, verdict: Verdict, order: int, seconds: float) -> str:
    """The program made small, with the point at which it fails."""
    for point in program.points:
        if judge_at(program.text, point, program.output, order=order).signature == verdict.signature:

            def fails(text: str) -> bool:
                return judge_at(text, point, program.output, order=order).signature == verdict.signature  # noqa: B023

            small = shrink(program.text, fails, seconds)
            return f"# seed {program.seed}, order {order}, {program.output}, {point}\n# {verdict.reason}\n{small}"
    return f"# seed {program.seed}, order {order}: fails once only\n# {verdict.reason}\n{program.text}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--n", type=int, default=200, help="how many programs (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="a whole number; every seed has programs of its own")
    parser.add_argument("--order", type=int, default=1, choices=(1, 2), help="2: differentiate the generated code too")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--shrink", type=float, default=20.0, metavar="SECONDS", help="time to make a failure small")
    parser.add_argument("--save", type=Path, help="a folder for the failures")
    parser.add_argument("--most", type=int, default=3, help="failures shown for each cause (default: 3)")
    options = parser.parse_args()
    start = time.monotonic()
    seeds = [options.seed * 1_000_000 + k for k in range(options.n)]
    work = partial(run, order=options.order)
    kinds: Counter[str] = Counter()
    used: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    failures: dict[str, list[tuple[int, Verdict]]] = defaultdict(list)
    with ProcessPoolExecutor(options.jobs) as pool:
        for seed, verdict, tags in pool.map(work, seeds, chunksize=4):
            kinds[verdict.kind] += 1
            used.update(tags.keys())
            if verdict.kind == REFUSED:
                refused.update(tags.keys())
                reasons[verdict.signature.removeprefix(f"{REFUSED}: ")] += 1
            elif verdict.is_failure:
                failures[verdict.signature].append((seed, verdict))
    report(kinds, used, refused, reasons, time.monotonic() - start)
    for signature, cases in sorted(failures.items(), key=lambda item: -len(item[1])):
        print(f"\n=== {len(cases)} x {signature}\n    seeds {[seed for seed, _ in cases[:12]]}")
        for seed, verdict in cases[: options.most]:
            text = shrunk(random_program(seed), verdict, options.order, options.shrink)
            print(text, flush=True)
            if options.save:
                options.save.mkdir(parents=True, exist_ok=True)
                (options.save / f"seed_{seed}_order_{options.order}.py").write_text(text, encoding="utf-8")
    return bool(failures)


def report(
    kinds: Counter[str], used: Counter[str], refused: Counter[str], reasons: Counter[str], seconds: float
) -> None:
    """Prints what became of the programs."""
    total = sum(kinds.values())
    judged = max(1, total - kinds[UNJUDGED])
    print(f"{total} programs in {seconds:.0f} s: " + ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()))
    print(f"right {kinds[RIGHT] / judged:.1%} of those that can be judged, refused {kinds[REFUSED] / judged:.1%}")
    for reason, n in reasons.most_common(40):
        print(f"  refused {n:5d} x {reason}")
    print("constructs that are refused most often (programs with them, refused):")
    for tag, n in sorted(refused.items(), key=lambda item: -item[1] / used[item[0]])[:15]:
        print(f"  {tag:40s} {used[tag]:5d} {n:5d}  {n / used[tag]:.0%}")


if __name__ == "__main__":
    sys.exit(main())
