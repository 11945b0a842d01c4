"""Memory and time of the gradient of a long simulation: everything kept, checkpointed with square root many slots, and
with about as many as the logarithm.

`python -m benchmarks.checkpointing` prints a table; `--write` puts it into docs/checkpointing.md. Memory is the peak of
what Python allocates during the gradient, beyond what was there before (`tracemalloc`); time is that of a second run,
without tracing.
"""

from __future__ import annotations

import argparse
import math
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from srcgrad import checkpointed, grad

PAGE = Path(__file__).parent.parent / "docs" / "checkpointing.md"
BEGIN, END = "<!-- table:begin -->", "<!-- table:end -->"
DEFAULT_STEPS = (1_000, 10_000, 100_000, 1_000_000)


def pendulum(angle: float, damping: float, steps: int) -> float:
    """Where a damped pendulum with a drive is after some steps of the semi-implicit Euler method."""
    speed = 0.0
    for k in range(steps):
        speed -= 1e-3 * (math.sin(angle) + damping * speed - 0.1 * math.cos(1e-3 * k))
        angle += 1e-3 * speed
    return angle


def pendulum_checkpointed(angle: float, damping: float, steps: int, slots: int | None) -> float:
    """The same, checkpointed."""
    speed = 0.0
    for k in checkpointed(range(steps), slots):
        speed -= 1e-3 * (math.sin(angle) + damping * speed - 0.1 * math.cos(1e-3 * k))
        angle += 1e-3 * speed
    return angle


def measured(gradient: Callable[..., Any], *args: Any, trace: bool) -> tuple[float, float, Any]:
    """The peak of memory in bytes, the seconds, and the result."""
    start = time.perf_counter()
    if not trace:
        result = gradient(*args)
        return math.nan, time.perf_counter() - start, result
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        result = gradient(*args)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    return peak, time.perf_counter() - start, result


def table(steps: tuple[int, ...]) -> list[str]:
    """The lines of the table."""
    plain, other = grad(pendulum, argnums=(0, 1)), grad(pendulum_checkpointed, argnums=(0, 1))
    start = 1.2, 0.05
    plain(*start, 2), other(*start, 2, 1), other(*start, 2, None)
    lines = [
        "| steps | everything kept | | square root | | logarithm (default) | |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        "| | memory | time | memory | time | memory | time |",
    ]
    for n in steps:
        root = math.isqrt(n)
        cells = []
        results = []
        for gradient, args in ((plain, (n,)), (other, (n, root)), (other, (n, None))):
            peak, _, _ = measured(gradient, *start, *args, trace=True)
            _, seconds, result = measured(gradient, *start, *args, trace=False)
            cells += [_memory(peak), f"{seconds:.2f} s"]
            results.append(result)
            print(n, args[1:] or "", cells[-2:], flush=True)
        for result in results[1:]:
            for got, want in zip(result, results[0], strict=True):
                np.testing.assert_allclose(got, want, rtol=1e-9)
        lines.append(f"| {n:,} | {' | '.join(cells)} |")
    return lines


def _memory(size: float) -> str:
    return f"{size / 1e3:.1f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"


def main() -> None:
    """Prints the table, or writes it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, nargs="+", default=list(DEFAULT_STEPS))
    parser.add_argument("--write", action="store_true", help="put the table into docs/checkpointing.md")
    given = parser.parse_args()
    lines = table(tuple(given.steps))
    print("\n".join(lines))
    if given.write:
        text = PAGE.read_text(encoding="utf-8")
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        PAGE.write_text("\n".join([before + BEGIN, *lines, END]) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
