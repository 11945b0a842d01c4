"""python -m tests.mutants [--only MODULE ...] [--statements | --all] [--jobs J] [--minutes M] [--list | --table]

Puts small mistakes into the compiler, one at a time, runs the tests that reach them, and prints for each module how
many were noticed, by what, and which were not: mistakes in the rules of the registry (derivatives are doubled, or
exchanged), and in the decisions of the analyses and transforms (a question is always answered the same, what is to be
found is not, a step is left out; with --statements also conditions, terms and statements inside of functions). Exits
with 1 if there is one that is not noticed and not listed in `tests/mutants/equivalent.py` or `cautious.py`. What was
noticed once is kept in `tests/mutants/noticed.txt`, and not asked again before its function changes.

    python -m tests.mutants --minutes 60    # again and again, until none is left
    python -m tests.mutants --table         # what is known by now
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest  # noqa: E402

from mutants.enumeration import KINDS, all_mutants, in_rounds, is_decision  # noqa: E402
from mutants.mutation import Mutant  # noqa: E402
from mutants.noticed import Noticed  # noqa: E402
from mutants.report import Report, is_listed  # noqa: E402
from mutants.results import Results  # noqa: E402
from mutants.server import Server, Settings, sample  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--only", nargs="+", default=[], metavar="MODULE", help="as in transform/undo, or transform/")
    parser.add_argument("--function", help="only mutants of functions with this in their names")
    parser.add_argument("--kind", nargs="+", choices=KINDS, help="only mutants of these kinds")
    parser.add_argument("--statements", action="store_true", help="also single statements of functions that decide")
    parser.add_argument("--all", action="store_true", help="not only rules and decisions: all kinds, in all modules")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--sample", type=int, metavar="K", help="so many of each module's mutants, drawn by chance")
    parser.add_argument("--seed", type=int, default=0, help="for --sample")
    parser.add_argument("--seconds", type=float, default=5.0, help="for tests of one mutant, if none fails")
    parser.add_argument("--minutes", type=float, help="begin with no mutant after that")
    parser.add_argument("--fresh", action="store_true", help="measure again which test reaches which statements")
    parser.add_argument("--list", action="store_true", help="print the mutants, and run nothing")
    parser.add_argument("--table", action="store_true", help="print what is known from --resume, and run nothing")
    parser.add_argument("--anew", action="store_true", help="also what is known to be noticed")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="keep verdicts there, those on survivors too")
    parser.add_argument("--again", action="store_true", help="run those that survived by what is in --resume")
    options = parser.parse_args()
    noticed = Noticed()
    if options.anew:
        noticed.known.clear()
    report = Report(Results(options.resume, noticed))

    def chosen() -> list[Mutant]:
        found = all_mutants(options.only)
        if options.kind:
            found = [m for m in found if m.kind in options.kind]
        if not options.all:
            found = [m for m in found if is_decision(m, options.statements)]
        if options.function:
            found = [m for m in found if options.function in m.function]
        return found if options.sample is None else sample(found, options.sample, options.seed)

    def to_run() -> list[Mutant]:
        found = chosen()
        return (
            report.survivors(found)
            if options.again
            else in_rounds([m for m in found if report.results.of(m) is None and not is_listed(m)])
        )

    if options.list:
        listed = to_run()
        for mutant in listed:
            print(mutant)
        print(f"{len(listed)} mutants")
        return 0
    start = time.monotonic()
    if not options.table:
        settings = Settings(options.jobs, options.seconds, options.fresh, options.minutes)
        server = Server(to_run, settings, report.add, report.results.history())
        arguments = [str(TESTS), "-p", "no:terminal", "-p", "no:cacheprovider", "--capture=no"]
        code = pytest.main([*arguments, "--rootdir", str(TESTS.parent)], plugins=[server])
        noticed.forget_others(all_mutants([]))
        noticed.write()
        if code not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
            return int(code)
    mutants = chosen()
    report.print(mutants)
    if not options.table:
        print(f"{report.count} mutants in {time.monotonic() - start:.0f} s")
    return int(bool(report.survivors(mutants)))


if __name__ == "__main__":
    sys.exit(main())
