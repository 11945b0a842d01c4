"""The tests as the mutants see them: what each costs, what it reaches, and what kind of evidence it gives."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from programs import Program

from srcgrad import products
from srcgrad.frontend import functions

from . import probes
from .codes import Code, digests
from .installing import forget_nothing
from .mutation import ROOT
from .tables import label

TEXT = ("test_golden.py", "test_text.py", "test_architecture.py", "test_emit.py", "test_words.py")
"""Tests that compare texts: what only they notice changes no number."""
UNIT = ("test_errors", "test_verify", "test_result_types", "test_index_types", "test_random_types", "frontend/")
LEFT_OUT = ("test_examples.py", "test_scale.py", "test_mutants.py", "test_command_line.py", "test_verify.py")
"""Tests that run other processes, which have no mutants in them, or that take long and judge nothing else."""
NOT_JUDGING = ("::test_is_fit_to_judge_by", "second_gradient")
"""Those that do not run the compiler, and those of third order, likewise."""


@dataclass(slots=True)
class Test:
    """One test.

    Attributes:
        item: what pytest knows of it.
        group: `programs`, `again` (generated code), `rules`, `units` or `text`.
        program: the program of the corpus that it judges, if it does. What such a test reaches is not measured, but
            what the code does that is generated for the program.
        cost: the seconds that it takes.
        reached: the probes that it reaches.
        passes: whether it passes without a mutant.
    """

    item: pytest.Item
    group: str
    program: Any = None
    cost: float = 0.0
    reached: frozenset[str] = frozenset()
    passes: bool = True

    @property
    def name(self) -> str:
        return self.item.nodeid

    def run(self) -> bool:
        """Whether it passes."""
        params = self.item.callspec.params if hasattr(self.item, "callspec") else {}
        fixtures = set(getattr(self.item, "fixturenames", ())) - params.keys()
        if fixtures or self.item.get_closest_marker("xfail") is not None:
            reports = runtestprotocol(self.item, nextitem=None, log=False)
            return not any(report.failed for report in reports)
        return self._runs()

    def _runs(self) -> bool:
        """The same without a report: pytest takes longer to describe a failure than the test takes."""
        item: Any = self.item
        state = item.session._setupstate
        item._initrequest()
        try:
            state.setup(item)
            item.runtest()
        except pytest.skip.Exception:
            return True
        except BaseException:
            return False
        finally:
            state.teardown_exact(None)
            item._request, item.funcargs = False, None
        return True


def tests_of(items: list[pytest.Item]) -> list[Test]:
    """The tests that mutants meet."""
    found: list[Test] = []
    for item in items:
        if any(name in item.nodeid for name in (*LEFT_OUT, *NOT_JUDGING)) or "third" in item.name:
            continue
        params = item.callspec.params if hasattr(item, "callspec") else {}
        program = params.get("program")
        found.append(Test(item, _group(item), program if isinstance(program, Program) else None))
    return found


def _group(item: pytest.Item) -> str:
    where = item.nodeid.partition("::")[0]
    if "test_programs" in where:
        return "programs"
    if "rules/test_registry" in where:
        return "rules"
    if where.endswith(TEXT) and "golden_program" not in item.name:
        return "text"
    if any(name in where for name in UNIT):
        return "units"
    return "again" if "test_generic" in where or "test_second_order" in where else "others"


def forked(work: Callable[[], Any], limit: float | None = None) -> Callable[[], Any]:
    """Starts work in a child process; calling the result waits for what it returns, or raises what ended it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(reading)
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            try:
                result = work()
            except Exception:
                result = ChildFailed(traceback.format_exc())
            data = pickle.dumps(result)
            with os.fdopen(writing, "wb") as file:
                file.write(data)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)

    def wait() -> Any:
        with os.fdopen(reading, "rb") as file:
            data = file.read()
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            raise ChildKilled(os.WTERMSIG(status))
        result = pickle.loads(data)
        if isinstance(result, ChildFailed):
            raise result
        return result

    wait.pid, wait.reading = pid, reading  # type: ignore[attr-defined]
    return wait


class ChildKilled(Exception):
    """A child was ended by a signal: it took too long, or the interpreter crashed."""


def limit_seconds(seconds: float) -> None:
    """Ends this process when it has worked for that long."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


class ChildFailed(Exception):
    """The work of a child raised: the message is its traceback."""


# What tests reach


def measure(evidence: list[Test | Code], jobs: int, fresh: bool = False) -> None:
    """Finds out what each test and code costs and reaches; what is known from an earlier run is taken from there."""
    cache = _file("reach")
    state = _digest()
    before, known = pickle.loads(cache.read_bytes()) if cache.exists() and not fresh else (state, {})
    if before != state:
        print("which tests reach what was measured before the package changed; --fresh does it again", file=sys.stderr)
    missing = [t for t in evidence if t.name not in known]
    if missing:
        print(f"measuring which statements {len(missing)} tests reach", file=sys.stderr, flush=True)
        known.update(_measured(missing, jobs))
        cache.write_bytes(pickle.dumps((before, known)))
    for test in evidence:
        test.cost, test.reached, passes = known[test.name]
        test.passes = passes or isinstance(test, Code)


class Baseline:
    """The texts without a mutant, each made when it is asked for; they are kept as long as the package is the same."""

    def __init__(self) -> None:
        self._path, self._state = _file("digests"), _digest()
        before, known = pickle.loads(self._path.read_bytes()) if self._path.exists() else (self._state, {})
        self._known: dict[str, str] = known if before == self._state else {}

    def complete(self, codes: list[Code]) -> None:
        """Gives each code the digest of its text."""
        missing = [code for code in codes if code.name not in self._known]
        if missing:
            self._known.update(forked(lambda: digests(missing))())
        for code in codes:
            code.digest = self._known[code.name]

    def keep(self) -> None:
        """Writes them to a file, for the next run."""
        self._path.write_bytes(pickle.dumps((self._state, self._known)))


def _file(name: str) -> Path:
    place = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"srcgrad_{name}_{place}.pickle"


def _measured(tests: list[Test | Code], jobs: int) -> dict[str, tuple]:
    known: dict[str, tuple] = {}
    rules = [t for t in tests if isinstance(t, Test) and t.group == "rules"]
    others = [t for t in tests if isinstance(t, Code) or t.group != "rules"]
    parts = [(rules, True), *((others[k::jobs], False) for k in range(jobs))]
    for wait in [forked(lambda p=part, r=with_rules: _recorded(p, r)) for part, with_rules in parts]:
        known.update(wait())
    # The compiler cannot inline a function that has probes: these tests reach what they reached, and its source.
    failed = [t for t in tests if not known[t.name][2]]
    for wait in [forked(lambda p=failed[k::jobs]: _recorded(p, None)) for k in range(jobs)]:
        for name, (cost, reached, passes) in wait().items():
            known[name] = (cost, known[name][1] | reached, passes)
    return known


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(ROOT.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _recorded(tests: list[Test | Code], with_rules: bool | None) -> dict[str, tuple]:
    functions._SOURCES = probes.WatchedSources()
    if with_rules is not None:
        probes.install_probes(with_rules)
    result: dict[str, tuple] = {}
    names: dict[str, str] = {}
    forget_nothing()
    for test in tests:
        probes.HITS.clear()
        products._dispatchers.clear()
        start = time.process_time()
        passes = test.run()
        cost = time.process_time() - start
        reached = set(probes.HITS)
        if isinstance(test, Test) and hasattr(test.item, "callspec") and "row" in test.item.callspec.params:
            reached.add(f"rule:{label(test.item.callspec.params['row'].fn)}")
        result[test.name] = (cost, frozenset(names.setdefault(hit, hit) for hit in reached), passes)
    return result
