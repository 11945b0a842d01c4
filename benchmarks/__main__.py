"""srcgrad beside hand-written gradients and other tools: `python -m benchmarks`.

    python -m benchmarks [--only NAME] [--set problems] [--peers [PEER]] [--targets numpy numba]
                         [--curves] [--memory] [--markdown FILE] [--json FILE] [--plot FILE.svg]

One thread on one core. All gradients are compared first, to 1e-9. Then in every round each contestant runs in random
order for some milliseconds; the clock is the CPU time of this process. Ratios are those of the fastest rounds; medians
are in the JSON file. Numba and the peers take part where they are installed (`pip install "srcgrad[bench]"`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import curves, machine, memory, plot, report
from benchmarks.contestants import TARGETS
from benchmarks.measure import Case, WrongGradient, run_case
from benchmarks.problem import Problem
from benchmarks.problems import PROBLEMS
from benchmarks.programs import PROGRAMS

SETS = {"problems": PROBLEMS, "programs": PROGRAMS}


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for."""
    names = [problem.name for found in SETS.values() for problem in found]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=names, metavar="NAME", nargs="+", help=f"some of: {', '.join(names)}")
    parser.add_argument("--set", choices=list(SETS), help="the problems or the programs; both by default")
    parser.add_argument("--targets", choices=TARGETS, nargs="+", default=list(TARGETS), help="both by default")
    parser.add_argument("--peers", nargs="*", metavar="PEER", help="measure other tools, too: all, or some by name")
    parser.add_argument("--rounds", type=int, default=25, help="interleaved rounds (default: 25)")
    parser.add_argument("--curves", action="store_true", help="measure time against size over four decades")
    parser.add_argument("--memory", action="store_true", help="measure peak memory, each in a process of its own")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the tables to FILE")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures to FILE")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw the ratios (SVG); needs matplotlib")
    parser.add_argument("--default-heap", action="store_true", help="leave malloc's settings alone")
    options = parser.parse_args(argv)
    options.peers = options.peers is not None and (options.peers or True)
    return options


def chosen(only: Sequence[str] | None, group: str | None) -> list[Problem]:
    """The problems that were asked for."""
    found = [problem for name, problems in SETS.items() if group in (None, name) for problem in problems]
    return [problem for problem in found if not only or problem.name in only]


def run_all(problems: Sequence[Problem], options: argparse.Namespace) -> list[Case]:
    """Every problem at every size; one that nobody takes part in has no line."""
    cases: list[Case] = []
    for problem in problems:
        # Those without Numba first: others are compared with srcgrad there, and its first call would be over.
        for size in sorted(problem.sizes, key=lambda size: not size.plain):
            print(f"{problem.title}, {size.label}", file=sys.stderr, flush=True)
            try:
                case = run_case(problem, size, options.targets, options.peers, options.rounds)
            except WrongGradient as error:
                raise SystemExit(str(error)) from error
            except KeyboardInterrupt:
                print("interrupted: what follows was measured before", file=sys.stderr)
                return cases
            if case.rows:
                cases.append(case)
    return cases


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write."""
    options = arguments(argv)
    if options.plot:
        plot.pyplot_without_a_screen()
    machine.use_one_core()
    if not options.default_heap:
        machine.keep_heap()
    problems = chosen(options.only, options.set)
    with machine.empty_cache():
        cases = run_all(problems, options)
    found = curves.measured(problems, options.targets, options.rounds) if options.curves else []
    memories = memory.measured(problems, options.targets, options.peers) if options.memory else []
    text = report.markdown(cases, options.rounds, [*curves.lines(found), *memory.lines(memories)])
    print(text)
    if options.markdown:
        options.markdown.write_text(text + "\n", encoding="utf-8")
    if options.json:
        extra = {"curves": [curve.to_json() for curve in found], "memory": [row.to_json() for row in memories]}
        options.json.write_text(json.dumps(report.as_json(cases, options.rounds, extra), indent=1), encoding="utf-8")
    if options.plot:
        plot.draw(cases, found, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
