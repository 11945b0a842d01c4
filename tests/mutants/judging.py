"""Whether the tests notice one mutant: the quickest of those that reach it first, text comparisons last."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, field

from .installing import CannotInstall, install
from .mutation import Mutant
from .suite import Test, limit_seconds, texts

_MEMORY = 6 << 30
_FIRST = 12
_COMPILE_TIME = ("analysis", "backend", "frontend", "ir", "rules", "transform")
_RUN_TIME = frozenset(["backend/dispatch", "backend/guards", "backend/targets", "backend/globals", "backend/compile"])


@dataclass(slots=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        caught: the group of the test that noticed it; `time`, if it did not come to an end; `never reached`; `invalid`
            if it is no program; `survived`.
        by: the name of that test.
        number: the place of that test among all.
        changed: for a survivor, the programs whose generated code it changes; None if that is not known.
        ran: how many tests were run.
        complete: whether these were all tests that reach it.
    """

    caught: str
    by: str = ""
    number: int = -1
    changed: list[str] | None = None
    ran: int = 0
    complete: bool = True
    mutant: Mutant | None = field(default=None, compare=False)


class Judge:
    """Runs tests against one mutant, within a budget."""

    def __init__(self, tests: list[Test], baseline: dict[str, tuple[str, ...]], seconds: float) -> None:
        self.tests = tests
        self.baseline = baseline
        self.seconds = seconds
        self.ran: dict[int, None] = {}
        self.complete = True

    def judge(self, mutant: Mutant, order: list[int]) -> Verdict:
        """What the tests of these numbers, in this order, say of a mutant that is installed by this."""
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        try:
            install(mutant)
        except CannotInstall as error:
            return Verdict("invalid", str(error))
        numbers = [k for k in order if self.tests[k].group != "text"]
        changed = None
        found = self.first_failure(numbers[:_FIRST])
        if found is None:
            found = self.first_failure([k for k in numbers if self.tests[k].program is None])
        if found is None and mutant.kind != "rule" and self.is_compile_time(mutant):
            changed = self.changed_programs(numbers)
            found = self.first_failure([k for k in numbers if self.program_of(k) in changed])
        if found is None:
            found = self.first_failure(numbers)
        if found is None:
            found = self.first_failure([k for k in order if self.tests[k].group == "text"])
        if found is None:
            return Verdict("survived", "", -1, changed, len(self.ran), self.complete)
        return Verdict(self.tests[found].group, self.tests[found].name, found, None, len(self.ran))

    def is_compile_time(self, mutant: Mutant) -> bool:
        return mutant.module not in _RUN_TIME and mutant.module.partition("/")[0] in _COMPILE_TIME

    def program_of(self, k: int) -> str:
        program = self.tests[k].program
        return "" if program is None else program.name

    def first_failure(self, numbers: list[int]) -> int | None:
        """The first test that fails, within the budget; those that have been run are not run again."""
        end = time.process_time() + self.seconds
        for k in numbers:
            if k in self.ran:
                continue
            if time.process_time() > end:
                self.complete = False
                return None
            self.ran[k] = None
            test = self.tests[k]
            limit_seconds(8.0 + 20.0 * test.cost)
            if not test.run():
                return k
        return None

    def changed_programs(self, numbers: list[int]) -> list[str]:
        """The programs for which other code is generated, or none, as far as the budget reaches."""
        programs = [self.tests[k].program for k in numbers if self.program_of(k) in self.baseline]
        end = time.process_time() + self.seconds
        changed: list[str] = []
        for program in dict.fromkeys(programs):
            if time.process_time() > end:
                break
            limit_seconds(15.0)
            try:
                same = texts(program) == self.baseline[program.name]
            except Exception:
                same = False
            if not same:
                changed.append(program.name)
        return changed
