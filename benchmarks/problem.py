"""What a benchmark is made of: a function as a user writes it, sizes, and other ways to its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class Unfit(Exception):
    """A peer can express a problem, but not at this size: takes minutes, or more memory than there is."""


@dataclass(frozen=True)
class Size:
    """Arguments of one size.

    Attributes:
        label: for the table.
        make: makes the arguments, the same ones every time.
        plain: the forms of the function that are measured without Numba, loops only where they are short.
        jit: whether compiled code is measured at this size.
    """

    label: str
    make: Callable[[], tuple[Any, ...]]
    plain: tuple[str, ...] = ()
    jit: bool = True


@dataclass(frozen=True)
class Problem:
    """One function with everything needed to differentiate it in different ways.

    Attributes:
        name: the name on the command line.
        title: for the tables.
        forms: the function as a user writes it, by loops, with arrays or both: "loop", "array". What one form returns,
            the others do.
        sizes: the sizes at which it is measured.
        tiny: makes arguments so small that everything can be tested.
        argnums: what to differentiate.
        yardstick: the function in the fastest form that Numba compiles; the first form where it is not given.
        numpy_adjoint: the gradient by hand, with NumPy.
        python_adjoint: the gradient by hand as a Python loop; where it is not given, that for Numba, not compiled.
        frozen_adjoint: the gradient by hand for Numba, loops over scalars and libm: it stays as it is, so that ratios
            to it can be compared over time.
        best: further gradients by hand; the fastest of all is "best known", and this one keeps improving.
        peers: other tools, each as a function of the arguments that returns one of no arguments: the gradient.
        no_peers: why a peer is missing.
        scaled: makes arguments from a number of elements or steps, for the cost curve.
    """

    name: str
    title: str
    forms: dict[str, Callable[..., Any]]
    sizes: tuple[Size, ...]
    tiny: Callable[[], tuple[Any, ...]]
    argnums: int | tuple[int, ...] = 0
    yardstick: Callable[..., Any] | None = None
    numpy_adjoint: Callable[..., Any] | None = None
    python_adjoint: Callable[..., Any] | None = None
    frozen_adjoint: Callable[..., Any] | None = None
    best: dict[str, Callable[..., Any]] = field(default_factory=dict)
    peers: dict[str, Callable[..., Callable[[], Any]]] = field(default_factory=dict)
    no_peers: dict[str, str] = field(default_factory=dict)
    scaled: Callable[[int], tuple[Any, ...]] | None = None
