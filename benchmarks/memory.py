"""Peak memory of a gradient, each in a process of its own: `python -m benchmarks --memory`.

The gradient is computed once, so that all is compiled; then freed memory is given back to the system, the mark of the
highest resident size is put down, and the gradient is computed again. What the mark rises by is what the gradient needs
beyond its arguments: its tape, its temporaries and its result. Linux only.

Beside it stands what a gradient that Numba compiles has to hold: its tape, as the code says, copies of arguments that
are written, and its result.
"""

from __future__ import annotations

import ctypes
import gc
import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.contestants import Contestant, Peers, contestants
from benchmarks.problem import Problem, Size
from benchmarks.report import table
from benchmarks.tape import bytes_held
from srcgrad import grad

TIMEOUT = 300.0


@dataclass
class Peak:
    """What one contestant needed, in bytes, and has to hold by its code; None where there is no such code."""

    problem: str
    size: str
    name: str
    bytes: int
    held: int | None = None

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


def _largest(problem: Problem) -> Size:
    return next((size for size in reversed(problem.sizes) if size.jit), problem.sizes[-1])


def _taking_part(problem: Problem, targets: Sequence[str], peers: Peers) -> list[Contestant]:
    return contestants(problem, _largest(problem), targets, peers)


def measured(problems: Sequence[Problem], targets: Sequence[str], peers: Peers) -> list[Peak]:
    """Everyone at the largest size of every problem. Who cannot take part has no line."""
    if sys.platform != "linux":
        raise SystemExit("--memory reads /proc, which only Linux has")
    found = []
    for problem in problems:
        for contestant in _taking_part(problem, targets, peers):
            command = [sys.executable, "-m", "benchmarks.memory", problem.name, contestant.name]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
            except subprocess.TimeoutExpired:
                continue
            if done.returncode == 0:
                peak, held = json.loads(done.stdout.splitlines()[-1])
                found.append(Peak(problem.title, _largest(problem).label, contestant.name, peak, held))
    return found


def lines(peaks: Sequence[Peak]) -> Iterator[str]:
    """A table, one line for each problem: srcgrad's gradients, and the least of those by hand and of other tools."""
    if not peaks:
        return
    cells: dict[tuple[str, str], dict[str, Peak]] = {}
    for peak in peaks:
        cells.setdefault((peak.problem, peak.size), {})[peak.name] = peak
    yield from ("", "### Peak memory beyond the arguments, MB", "")
    yield from ("In brackets what compiled code has to hold: its tape, copies of arguments and the gradient.", "")
    rows = []
    for key, row in cells.items():
        own = [_shown(row.get(f"srcgrad, {form}")) for form in ("loop", "array", "loop, jit", "array, jit")]
        hand = _least([peak for name, peak in row.items() if name.startswith(("hand", "best"))])
        peer = _least([peak for name, peak in row.items() if not name.startswith(_OWN)])
        rows.append([*key, *own, _shown(hand), "" if peer is None else f"{_shown(peer)} {peer.name}"])
    yield from table(("problem", "size", "loop", "array", "loop, jit", "array, jit", "by hand", "best peer"), rows)


_OWN = ("srcgrad", "primal", "hand", "best")


def _least(peaks: Sequence[Peak]) -> Peak | None:
    return min(peaks, key=lambda peak: peak.bytes, default=None)


def _shown(peak: Peak | None) -> str:
    if peak is None:
        return ""
    held = "" if peak.held is None else f" ({peak.held / 1e6:.1f})"
    return f"{peak.bytes / 1e6:.1f}{held}"


def _status(field: str) -> int:
    """A size from /proc, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def peak_of(problem: Problem, name: str) -> int:
    """How far the second call of a contestant raises the mark."""
    size = _largest(problem)
    everyone = {c.name: c for c in contestants(problem, size, ("numpy", "numba"), peers=True)}
    run = everyone[name].prepare(size.make())
    run()
    gc.collect()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _status("VmRSS")
    kept = run()
    peak = _status("VmHWM") - before
    del kept
    return max(peak, 0)


def held_by(problem: Problem, name: str) -> int | None:
    """What the code of a contestant has to hold beyond the arguments; None if srcgrad has not compiled it."""
    size = _largest(problem)
    contestant = next(c for c in contestants(problem, size, ("numpy", "numba"), peers=True) if c.name == name)
    if (contestant.role, contestant.target) != ("srcgrad", "numba"):
        return None
    gradient = grad(problem.forms[contestant.form], argnums=problem.argnums, jit=True)
    return bytes_held(gradient, size.make())


def main() -> None:
    """One contestant, in this process: the last line of the output is what it needed, and has to hold."""
    from benchmarks.__main__ import SETS

    machine.return_memory()
    machine.use_one_core()
    name, contestant = sys.argv[1:]
    problem = next(p for problems in SETS.values() for p in problems if p.name == name)
    print(json.dumps([peak_of(problem, contestant), held_by(problem, contestant)]))


if __name__ == "__main__":
    main()
