"""Every rule at order two: its gradient, as the compiler makes it, is differentiated again, forwards and in reverse."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from harness import Row, is_differentiable, map_leaves, moved, pairing, random_like
from numpy.testing import assert_allclose
from test_registry import SMOOTH

from srcgrad import grad, jvp

_numbers = itertools.count()


def program_of(row: Row) -> Callable[..., Any]:
    """A program that calls the function of a row, and returns one number."""
    rng = np.random.default_rng(0)
    scope: dict[str, Any] = {"fn": row.fn, "np": np}
    given = []
    for k, arg in enumerate(row.args):
        name = f"a{k}" if k in row.argnums else f"c{k}"
        scope |= {} if k in row.argnums else {name: arg}
        given.append(name)
    for name, value in row.kwargs.items():
        scope[f"k_{name}"] = value
        given.append(f"{name}=k_{name}")
    z = row.fn(*row.args, **row.kwargs)
    terms = []
    for k, part in enumerate(z if isinstance(z, (list, tuple)) else [z]):
        if is_differentiable(part):
            scope[f"w{k}"] = random_like(rng, part)
            place = f"z[{k}]" if isinstance(z, (list, tuple)) else "z"
            terms.append(f"np.sum(np.real(w{k} * {place}))")
    parameters = ", ".join(f"a{k}" for k in row.argnums)
    text = f"def program({parameters}):\n    z = fn({', '.join(given)})\n    return {' + '.join(terms)}\n"
    filename = f"<row-{next(_numbers)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    exec(compile(text, filename, "exec"), scope)
    program: Callable[..., Any] = scope["program"]
    return program


@pytest.mark.parametrize("row", SMOOTH, ids=lambda row: row.id)
def test_rule_at_order_two(row: Row) -> None:
    program = program_of(row)
    places = tuple(range(len(row.argnums)))
    gradient = grad(program, argnums=places)
    rng = np.random.default_rng(3)
    point = tuple(row.args[k] for k in row.argnums)
    directions = {k: map_leaves(lambda x: random_like(rng, x), point[k]) for k in places}
    weights = tuple(map_leaves(lambda x: random_like(rng, x), point[k]) for k in places)

    def paired(h: float) -> float:
        return pairing(weights, gradient(*moved(point, directions, h)))

    def central(h: float) -> float:
        return (paired(h) - paired(-h)) / (2 * h)

    coarse, fine = central(row.step), central(row.step / 2)
    assert abs(coarse - fine) <= 1e-5 * max(1.0, abs(fine)), "cannot judge"
    wanted = (4 * fine - coarse) / 3
    _, forward = jvp(gradient, point, tuple(directions[k] for k in places))
    assert_allclose(pairing(weights, forward), wanted, rtol=1e-6, atol=1e-6)
