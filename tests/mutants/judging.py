"""Whether the tests notice one mutant: generated code first, whose text tells which programs need to run."""

from __future__ import annotations

import itertools
import resource
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .codes import Code
from .installing import CannotInstall, install
from .mutation import Mutant
from .suite import Test, limit_seconds

_MEMORY = 6 << 30
_COMPILE_TIME = ("analysis", "backend", "frontend", "ir", "rules", "transform")
_RUN_TIME = frozenset(
    [
        *("backend/dispatch", "backend/guards", "backend/checks", "backend/forwarding", "backend/targets"),
        *("backend/globals", "backend/compile", "backend/compiling"),
    ]
)


@dataclass(slots=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        caught: the group of the test that noticed it; `time`, if it did not come to an end; `never reached`; `invalid`
            if it is no program; `survived`.
        by: the name of that test.
        number: the place of that test among all.
        changed: for a survivor, the programs whose generated code it changes, of those that were looked at.
        ran: how many tests were run.
        complete: whether all tests were asked that reach it.
    """

    caught: str
    by: str = ""
    number: int = -1
    changed: list[str] | None = None
    ran: int = 0
    complete: bool = True
    mutant: Mutant | None = field(default=None, compare=False)


class Judge:
    """Asks tests about one mutant, within a budget.

    A mutant of what compiles cannot change the result of a program whose generated code is the same. So the code is
    generated first, and the tests of a program run if its text is another one.

    Attributes:
        tests: all tests.
        of_programs: the numbers of those that judge a program, by its name.
        seconds: the budget.
    """

    def __init__(self, tests: list[Test], of_programs: dict[str, list[int]], seconds: float) -> None:
        self.tests = tests
        self.of_programs = of_programs
        self.seconds = seconds
        self.ran: dict[int, None] = {}
        self.changed: dict[str, None] = {}
        self.complete = True

    def judge(self, mutant: Mutant, order: list[Code | int]) -> Verdict:
        """What codes and tests, by their numbers, say in this order of a mutant that is installed by this."""
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        try:
            install(mutant)
        except CannotInstall as error:
            return Verdict("invalid", str(error))
        texts = [k for k in order if isinstance(k, int) and self.tests[k].group == "text"]
        late = set(texts)
        evidence = itertools.chain((k for k in order if k not in late), self.second_order(order))
        found = self.first_failure(evidence, self.seconds, is_compile_time(mutant))
        if found is None:
            found = self.first_failure(texts, self.seconds / 2, True)
        if found is None:
            return Verdict("survived", "", -1, list(self.changed), len(self.ran), self.complete)
        return Verdict(self.tests[found].group, self.tests[found].name, found, None, len(self.ran))

    def second_order(self, order: list[Code | int]) -> Iterable[int]:
        """Tests that differentiate generated code, of all programs whose code reaches the mutant."""
        names = dict.fromkeys(code.program.name for code in order if isinstance(code, Code))
        return (k for name in names for k in self.of_programs[name] if self.tests[k].group == "again")

    def first_failure(self, evidence: Iterable[Code | int], seconds: float, by_text: bool) -> int | None:
        """The first test that fails, within a budget; those that have been run are not run again.

        Args:
            evidence: codes and the numbers of tests.
            seconds: the budget.
            by_text: whether the tests of a program may be left out if its code is the same.
        """
        end = time.process_time() + seconds
        for item in evidence:
            if time.process_time() > end:
                self.complete = False
                return None
            if isinstance(item, int):
                if self.fails(item):
                    return item
                continue
            if by_text and not item.digest:
                self.complete = False
                return None
            limit_seconds(10.0 + 20.0 * item.cost)
            if by_text and item.current_digest() == item.digest:
                continue
            if by_text:
                self.changed[item.program.name] = None
            for k in self.of_programs[item.program.name]:
                if self.fails(k):
                    return k
        return None

    def fails(self, k: int) -> bool:
        """Whether a test fails now that has not been run yet."""
        if k in self.ran:
            return False
        self.ran[k] = None
        limit_seconds(10.0 + 20.0 * self.tests[k].cost)
        return not self.tests[k].run()


def is_compile_time(mutant: Mutant) -> bool:
    """Whether what a mutant changes shows in generated code."""
    return mutant.module not in _RUN_TIME and mutant.module.partition("/")[0] in _COMPILE_TIME


def programs_of(tests: list[Test], known: dict[str, Any]) -> dict[str, list[int]]:
    """The numbers of the tests of each program: of its gradients, of its code for any kind, of its second order."""
    found: dict[str, list[int]] = {name: [] for name in known}
    for group in ("programs", "others", "again"):
        for k, test in enumerate(tests):
            if test.group == group and test.program is not None and test.passes:
                found[test.program.name].append(k)
    return found
