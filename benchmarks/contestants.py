"""Who takes part in the measurement of a problem."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.compiled import HAS_NUMBA, compiled, plain
from benchmarks.problem import Problem, Size

TARGETS = ("numpy", "numba")
Peers = bool | Collection[str]
"""All, none, or those with these names."""


@dataclass(frozen=True)
class Contestant:
    """One way to the gradient of a problem, or to its value.

    Attributes:
        name: unique in a problem, for people.
        role: "primal", "srcgrad", "hand" (NumPy's, or Numba's that is frozen), "best" or "peer".
        target: "numpy", "numba", or the name of the peer.
        form: of the function, where there is a choice.
        prepare: makes a function of no arguments of the arguments.
    """

    name: str
    role: str
    target: str
    form: str
    prepare: Callable[[tuple[Any, ...]], Callable[[], Any]]


def _called(fun: Callable[..., Any]) -> Callable[[tuple[Any, ...]], Callable[[], Any]]:
    return lambda args: lambda: fun(*args)


def _srcgrad(problem: Problem, form: str, jit: bool) -> Callable[[tuple[Any, ...]], Callable[[], Any]]:
    """The gradient is made when it is prepared, so that the first call counts all of the work."""

    def prepare(args: tuple[Any, ...]) -> Callable[[], Any]:
        from srcgrad import grad

        gradient = grad(problem.forms[form], argnums=problem.argnums, jit=jit)
        return lambda: gradient(*args)

    return prepare


def yardstick(problem: Problem) -> Callable[..., Any]:
    """The function, compiled, to be compared with."""
    fun = problem.yardstick or next(iter(problem.forms.values()))
    return fun if hasattr(fun, "py_func") else compiled(fun)


def contestants(problem: Problem, size: Size, targets: Sequence[str], peers: Peers) -> list[Contestant]:
    """All that take part, whether they are installed or not; those without Numba where the size is short enough."""
    found: list[Contestant] = []
    if "numpy" in targets:
        found += _plain(problem, size)
    if "numba" in targets and size.jit and HAS_NUMBA:
        found += _jitted(problem)
    if peers and size.jit:
        found += [
            Contestant(name, "peer", name.partition(",")[0], "", lambda args, make=make: make(*args))
            for name, make in problem.peers.items()
            if peers is True or name.partition(",")[0] in peers
        ]
    return found


def _plain(problem: Problem, size: Size) -> Iterator[Contestant]:
    for form in size.plain:
        yield Contestant(f"primal, {form}", "primal", "numpy", form, _called(problem.forms[form]))
        yield Contestant(f"srcgrad, {form}", "srcgrad", "numpy", form, _srcgrad(problem, form, jit=False))
    if "array" in size.plain and problem.numpy_adjoint is not None:
        yield Contestant("hand, NumPy", "hand", "numpy", "array", _called(problem.numpy_adjoint))
    by_loops = problem.python_adjoint or problem.frozen_adjoint
    if "loop" in size.plain and by_loops is not None:
        yield Contestant("hand, Python", "hand", "numpy", "loop", _called(plain(by_loops)))


def _jitted(problem: Problem) -> Iterator[Contestant]:
    yield Contestant("primal, Numba", "primal", "numba", "", _called(yardstick(problem)))
    for form in problem.forms:
        yield Contestant(f"srcgrad, {form}, jit", "srcgrad", "numba", form, _srcgrad(problem, form, jit=True))
    if problem.frozen_adjoint is not None:
        yield Contestant("hand, Numba", "hand", "numba", "", _called(problem.frozen_adjoint))
    for name, gradient in problem.best.items():
        yield Contestant(f"best, {name}", "best", "numba", "", _called(gradient))
