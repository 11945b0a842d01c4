"""Runs the corpus with `jit=True`: how much of it Numba compiles, what it refuses and why, and what is wrong.

python -m tests.jit [--only TEXT] [--every N] [--dry] [--products]
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from programs import Program, all_programs

import srcgrad
from jit.judging import judge_jitted, judge_products
from srcgrad.errors import NotJitableError


def main() -> int:
    """Prints what became of each program that is not right, and the share of the others."""
    options = _options()
    programs = [p for p in all_programs() if p.supported and options.only in p.name]
    programs = [
        p for p in programs if ("reverse mode alone" not in p.tags if options.products else p.output == "scalar")
    ]
    causes: Counter[str] = Counter()
    wrong = 0
    chosen = programs[options.start :: options.every]
    start = time.perf_counter()
    for program in chosen:
        try:
            _judge(program, options)
        except NotJitableError as error:
            cause = re.sub(r"'[^']*'", "...", error.msg)[:110]
            causes[cause] += 1
            if options.verbose:
                print(f"refused {program.name}: {error.msg} (line {error.lineno})", flush=True)
        except Exception as error:
            wrong += 1
            print(f"WRONG   {program.name}: {type(error).__name__}: {str(error)[:300]}", flush=True)
    refused = sum(causes.values())
    took = time.perf_counter() - start
    print(f"{len(chosen) - refused - wrong} of {len(chosen)} compiled, {refused} refused, {wrong} wrong ({took:.0f} s)")
    for cause, count in causes.most_common():
        print(f"{count:5}  {cause}")
    return 1 if wrong else 0


def _judge(program: Program, options: argparse.Namespace) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if options.products:
            judge_products(program)
        elif options.dry:
            srcgrad.grad(program.fun, argnums=program.argnums, jit=True).source_for(*program.args())
        else:
            judge_jitted(program)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.jit", description=__doc__)
    parser.add_argument("--only", default="", help="programs with this in their names")
    parser.add_argument("--every", type=int, default=1, help="each n-th program only")
    parser.add_argument("--start", type=int, default=0, help="the first of these")
    parser.add_argument("--dry", action="store_true", help="the graph only: nothing is compiled by Numba")
    parser.add_argument("--products", action="store_true", help="vjp, jvp and linearize in place of gradients")
    parser.add_argument("--verbose", action="store_true", help="each refusal too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
