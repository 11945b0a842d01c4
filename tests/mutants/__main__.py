"""python -m tests.mutants [--only MODULE ...] [--jobs J] [--sample K --seed S] [--list]

Puts small mistakes into the compiler, one at a time, runs the tests that reach them, and prints for each module how
many were noticed, by what, and which were not. Exits with 1 if there is one that is not noticed and not listed in
`tests/mutants/equivalent.py`.
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

from mutants.enumeration import KINDS, all_mutants  # noqa: E402
from mutants.mutation import Mutant  # noqa: E402
from mutants.report import Report  # noqa: E402
from mutants.server import Server, Settings, sample  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--only", nargs="+", default=[], metavar="MODULE", help="as in transform/undo, or transform/")
    parser.add_argument("--function", help="only mutants of functions with this in their names")
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=list(KINDS), help="only mutants of these kinds")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--sample", type=int, metavar="K", help="so many of each module's mutants, drawn by chance")
    parser.add_argument("--seed", type=int, default=0, help="for --sample")
    parser.add_argument("--seconds", type=float, default=20.0, help="for tests of one mutant, if none fails")
    parser.add_argument("--minutes", type=float, help="begin with no mutant after that; they come in a random order")
    parser.add_argument("--fresh", action="store_true", help="measure again which test reaches which statements")
    parser.add_argument("--list", action="store_true", help="print the mutants, and run nothing")
    parser.add_argument("--again", type=Path, metavar="FILE", help="only those that survived in the run saved there")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the survivors to a file")
    options = parser.parse_args()
    report = Report(verbose=True, again=options.again)

    def mutants() -> list[Mutant]:
        found = [m for m in all_mutants(options.only) if m.kind in options.kind and report.is_wanted(m)]
        if options.function:
            found = [m for m in found if options.function in m.function]
        return sample(found, options.sample, options.seed)

    if options.list:
        chosen = mutants()
        for mutant in chosen:
            print(mutant)
        print(f"{len(chosen)} mutants")
        return 0
    start = time.monotonic()
    settings = Settings(options.jobs, options.seconds, options.fresh, options.minutes)
    server = Server(mutants, settings, report.add)
    arguments = [str(TESTS), "-p", "no:terminal", "-p", "no:cacheprovider", "--capture=no"]
    code = pytest.main([*arguments, "--rootdir", str(TESTS.parent)], plugins=[server])
    if code not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
        return int(code)
    report.print(time.monotonic() - start)
    if options.save:
        report.save(options.save)
    return int(report.has_unknown_survivors)


if __name__ == "__main__":
    sys.exit(main())
