"""Runs mutants one after another, each in a forked child of a process that has collected the tests."""

from __future__ import annotations

import gc
import itertools
import os
import random
import select
import signal
import sys
import time
import warnings
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest
from oracle import numerical

from .codes import Code, codes_of, digests
from .installing import remember_functions
from .judging import Judge, Verdict, programs_of
from .mutation import Mutant
from .suite import Baseline, ChildKilled, Test, forked, measure, tests_of


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
    seconds: float = 5.0
    fresh: bool = False
    minutes: float | None = None


class Server:
    """A plugin of pytest that, in place of running the tests, runs them against mutants.

    Attributes:
        mutants: makes the mutants, once everything is imported.
        settings: how to run.
        report: is told of each verdict as it comes.
        history: the tests that noticed mutants in earlier runs, with the modules and functions of these.
    """

    def __init__(
        self,
        mutants: Callable[[], list[Mutant]],
        settings: Settings,
        report: Callable[[Verdict], None],
        history: list[tuple[str, str, str]],
    ) -> None:
        self.mutants = mutants
        self.settings = settings
        self.report = report
        self.history = history
        self.kills: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.sound: set[int] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise pytest.UsageError("the tests cannot be collected")
        self.tests = tests_of(session.items)
        programs = {t.program.name: t.program for t in self.tests if t.program is not None}
        self.codes = codes_of(list(programs.values()))
        single = [t for t in self.tests if t.program is None]
        measure([*self.codes, *single], self.settings.jobs, self.settings.fresh)
        for test in single:
            if not test.passes:
                print(f"fails without a mutant, and is left out: {test.name}", file=sys.stderr, flush=True)
        self.of_programs = programs_of(self.tests, programs)
        self.index()
        numbers = {test.name: k for k, test in enumerate(self.tests)}
        for module, function, by in self.history:
            if by in numbers:
                self.remember(module, function, numbers[by])
        mutants = self.mutants()
        self.baseline = Baseline()
        self.warm_up()
        try:
            self.serve(mutants)
        finally:
            self.baseline.keep()
        return True

    def index(self) -> None:
        """Finds the tests and the codes of each probe."""
        self.by_probe: defaultdict[str, list[Code | int]] = defaultdict(list)
        self.probes: dict[Code | int, Counter[str]] = {}
        costs: defaultdict[str, float] = defaultdict(float)
        for code in self.codes:
            costs[code.program.name] += code.cost
        evidence: list[tuple[Code | int, Code | Test]] = [(code, code) for code in self.codes]
        evidence += [(k, test) for k, test in enumerate(self.tests)]
        for item, test in evidence:
            if isinstance(test, Test) and test.program is not None:
                test.cost = 2.0 * costs[test.program.name]
            elif test.passes:
                self.probes[item] = Counter(probe.partition(":")[0] for probe in test.reached)
                for probe in test.reached:
                    self.by_probe[probe].append(item)
            test.reached = frozenset()

    def prepare(self, order: list[Code | int]) -> None:
        """Finds out the texts of the codes that may be compared within the budget of one mutant."""
        costs = itertools.accumulate(self.evidence(item)[1] for item in order)
        within = [item for item, cost in zip(order, costs, strict=True) if cost <= self.settings.seconds]
        self.baseline.complete([item for item in within if isinstance(item, Code) and not item.digest])

    def warm_up(self) -> None:
        """What children need not do again: what the compiler remembers."""
        digests(self.codes[:: len(self.codes) // 50 or 1])
        remember_functions()
        gc.collect()
        gc.freeze()

    def order(self, mutant: Mutant) -> list[Code | int]:
        """What reaches a mutant: that first which has noticed others of its function and module.

        Then comes what is quick and reaches much of the module. Chance has a part in it; it is the same in each run.
        """
        kills = [self.kills[place] for place in (f"{mutant.module}:{mutant.function}", mutant.module, "")]
        found = {item for probe in mutant.reach for item in self.by_probe.get(probe, ())}
        if mutant.kind == "rule":
            found = {k for k in found if isinstance(k, int) and self.tests[k].group == "rules"}

        seed = zlib.crc32(repr(mutant.key).encode())

        def rank(item: Code | int) -> tuple:
            name, cost = self.evidence(item)
            luck = zlib.crc32(name.encode(), seed) / 2**32
            worth = (1 + kills[2][name]) * (1 + self.probes[item][mutant.module]) ** 2
            return (*(-count[name] for count in kills[:2]), cost * 8**luck / worth, name, cost)

        return sorted(found, key=rank)

    def evidence(self, item: Code | int) -> tuple[str, float]:
        """The name under which it is remembered that a code or a test has noticed something, and what it costs."""
        if isinstance(item, Code):
            return item.program.name, item.cost
        program = self.tests[item].program
        return (program.name if program is not None else self.tests[item].name), self.tests[item].cost

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
                wait = self.started(mutant, order)
                running[wait.reading] = (mutant, wait)  # type: ignore[attr-defined]
            ready, _, _ = select.select(list(running), [], [], 1.0) if running else ([], [], [])
            for descriptor in ready:
                mutant, wait = running.pop(descriptor)
                self.finish(mutant, _verdict(wait))

    def finish(self, mutant: Mutant, verdict: Verdict) -> None:
        while verdict.number >= 0 and not self.is_sound(verdict.number):
            print(f"fails without a mutant, and is left out: {verdict.by}", file=sys.stderr, flush=True)
            self.of_programs = programs_of(self.tests, self.of_programs)
            verdict = _verdict(self.started(mutant, self.order(mutant)))
        if verdict.number >= 0:
            self.remember(mutant.module, mutant.function, verdict.number)
            self.warm(verdict.number)
        verdict.mutant = mutant
        self.report(verdict)

    def remember(self, module: str, function: str, number: int) -> None:
        """That a test has noticed a mutant."""
        name, _ = self.evidence(number)
        for place in (f"{module}:{function}", module, ""):
            self.kills[place][name] += 1

    def started(self, mutant: Mutant, order: list[Code | int]) -> Callable[[], Any]:
        self.prepare(order)
        judge = Judge(self.tests, self.of_programs, self.settings.seconds)
        return forked(lambda: judge.judge(mutant, order))

    def is_sound(self, number: int) -> bool:
        """Whether a test that noticed a mutant passes without one."""
        test = self.tests[number]
        if number not in self.sound and test.program is not None:
            test.passes = forked(test.run)()
        self.sound.add(number)
        return test.passes

    def warm(self, number: int) -> None:
        """Remembers the derivatives by differences of a program that is going to be asked again."""
        program = self.tests[number].program
        if program is not None and program.supported:
            with warnings.catch_warnings(), open(os.devnull, "w") as null, redirect_stdout(null):
                warnings.simplefilter("ignore")
                numerical(program)


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
