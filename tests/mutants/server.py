"""Runs mutants one after another, each in a forked child of a process that has collected the tests."""

from __future__ import annotations

import gc
import os
import random
import select
import signal
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest

from .installing import remember_functions
from .judging import Judge, Verdict
from .mutation import Mutant
from .suite import ChildKilled, forked, measure, remembered, tests_of, texts


@dataclass(slots=True)
class Settings:
    """How to run.

    Attributes:
        jobs: how many processes.
        seconds: how long tests may run against a mutant that they do not notice.
        fresh: whether to measure again which test reaches what.
        minutes: how long to begin with new mutants; None for all of them.
    """

    jobs: int = 1
    seconds: float = 20.0
    fresh: bool = False
    minutes: float | None = None


class Server:
    """A plugin of pytest that, in place of running the tests, runs them against mutants.

    Attributes:
        mutants: makes the mutants, once everything is imported.
        settings: how to run.
        report: is told of each verdict as it comes.
    """

    def __init__(
        self, mutants: Callable[[], list[Mutant]], settings: Settings, report: Callable[[Verdict], None]
    ) -> None:
        self.mutants = mutants
        self.settings = settings
        self.report = report
        self.kills: defaultdict[str, Counter[int]] = defaultdict(Counter)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise pytest.UsageError("the tests cannot be collected")
        self.tests = tests_of(session.items)
        measure(self.tests, self.settings.jobs, self.settings.fresh)
        for test in self.tests:
            if not test.passes:
                print(f"fails without a mutant, and is left out: {test.name}", file=sys.stderr, flush=True)
        self.by_probe: defaultdict[str, list[int]] = defaultdict(list)
        for k, test in enumerate(self.tests):
            for probe in test.reached if test.passes else ():
                self.by_probe[probe].append(k)
            test.reached = frozenset()
        self.baseline = remembered("texts", self.all_texts)
        self.warm_up()
        self.serve(self.mutants())
        return True

    def programs(self) -> list[Any]:
        """The programs whose gradients are judged."""
        found = {t.program: None for t in self.tests if t.group == "programs" and t.program is not None}
        return [program for program in found if program.supported]

    def all_texts(self) -> dict[str, tuple[str, ...]]:
        """The code that is generated for the programs that are judged."""
        shares = [self.programs()[k :: self.settings.jobs] for k in range(self.settings.jobs)]
        found: dict[str, tuple[str, ...]] = {}

        def generated(share: list[Any]) -> dict[str, tuple[str, ...]]:
            return {p.name: texts(p) for p in share}

        for wait in [forked(lambda s=share: generated(s)) for share in shares]:
            found.update(wait())
        return found

    def warm_up(self) -> None:
        """What children need not do again: derivatives by differences, and what the compiler remembers."""
        from oracle import numerical

        with warnings.catch_warnings(), open(os.devnull, "w") as null, redirect_stdout(null):
            warnings.simplefilter("ignore")
            for k, program in enumerate(self.programs()):
                numerical(program)
                if k % 7 == 0 and program.name in self.baseline:
                    texts(program)
        remember_functions()
        gc.collect()
        gc.freeze()

    def order(self, mutant: Mutant) -> list[int]:
        """The tests that reach a mutant: those first that have noticed others of its module, then the quickest."""
        kills = self.kills[f"{mutant.module}:{mutant.function}"], self.kills[mutant.module]
        found = {k for probe in mutant.reach for k in self.by_probe.get(probe, ())}
        if mutant.kind == "rule":
            found = {k for k in found if self.tests[k].group == "rules"}
        return sorted(found, key=lambda k: (-kills[0][k], -kills[1][k], self.tests[k].cost, k))

    def serve(self, mutants: list[Mutant]) -> None:
        """Judges all mutants, several at a time."""
        pending: Iterator[Mutant] = iter(mutants)
        running: dict[int, tuple[Mutant, Callable[[], Any]]] = {}
        done = False
        start = time.monotonic()
        while running or not done:
            while not done and len(running) < self.settings.jobs:
                late = self.settings.minutes is not None and time.monotonic() - start > 60 * self.settings.minutes
                mutant = None if late else next(pending, None)
                if mutant is None:
                    done = True
                    break
                order = self.order(mutant)
                if not order:
                    self.finish(mutant, Verdict("never reached"))
                    continue
                judge = Judge(self.tests, self.baseline, self.settings.seconds)
                wait = forked(lambda j=judge, m=mutant, o=order: j.judge(m, o))
                running[wait.reading] = (mutant, wait)  # type: ignore[attr-defined]
            ready, _, _ = select.select(list(running), [], [], 1.0) if running else ([], [], [])
            for descriptor in ready:
                mutant, wait = running.pop(descriptor)
                self.finish(mutant, _verdict(wait))

    def finish(self, mutant: Mutant, verdict: Verdict) -> None:
        if verdict.number >= 0:
            self.kills[mutant.module][verdict.number] += 1
            self.kills[f"{mutant.module}:{mutant.function}"][verdict.number] += 1
        verdict.mutant = mutant
        self.report(verdict)


def _verdict(wait: Callable[[], Any]) -> Verdict:
    try:
        result: Verdict = wait()
        return result
    except ChildKilled as killed:
        name = signal.Signals(killed.args[0]).name
        return Verdict("time" if name == "SIGPROF" else "crash", name)
    except EOFError:
        return Verdict("crash", "the child ended")


def sample(mutants: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many mutants of each module, in an order by chance, which is the same for a seed."""
    chance = random.Random(seed)
    shuffled = chance.sample(mutants, len(mutants))
    counts: Counter[str] = Counter()
    found: list[Mutant] = []
    for mutant in shuffled:
        counts[mutant.module] += 1
        if counts[mutant.module] <= count:
            found.append(mutant)
    return found
