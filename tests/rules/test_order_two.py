"""Every rule at order two: its gradient, as the compiler makes it, is differentiated again, forwards and in reverse."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from harness import Row, is_differentiable, leaves, map_leaves, moved, pairing, random_like
from numpy.testing import assert_allclose
from test_registry import SMOOTH

from srcgrad import grad, jvp
from srcgrad.errors import SrcgradError

_numbers = itertools.count()


def is_literal(value: Any) -> bool:
    """Whether users write a value where it is used."""
    if isinstance(value, (tuple, list)):
        return all(map(is_literal, value))
    return value is None or (type(value) in (bool, int, float, str) and repr(value).lstrip("-") not in ("inf", "nan"))


def program_of(row: Row) -> Callable[..., Any]:
    """A program that calls the function of a row, and returns one number."""
    rng = np.random.default_rng(0)
    scope: dict[str, Any] = {"fn": row.fn, "np": np}
    passive = {f"c{k}": arg for k, arg in enumerate(row.args) if k not in row.argnums}
    scope |= passive | row.kwargs
    written = {name: repr(value) if is_literal(value) else name for name, value in (passive | row.kwargs).items()}
    given = [f"a{k}" if k in row.argnums else written[f"c{k}"] for k in range(len(row.args))]
    given += [f"{name}={written[name]}" for name in row.kwargs]
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


REFUSED = {
    "numpy.linalg.norm:complex:c16[3,4]-2": "singular vectors of complex matrices",
    "numpy.linalg.norm:complex:c16[3,4]-nuc": "singular vectors of complex matrices",
    "numpy.linalg.norm:complex:c16[3,4]--2": "singular vectors of complex matrices",
    "math.fsum:[]": "nothing to differentiate",
}
"""What is refused at order two, and why."""


UNJUDGED = {
    "numpy.power:zero:f8[2]-f8[2]": "infinite slopes",
    "numpy.linalg.lstsq:f8[3,3]-f8[3,2]": "a matrix that is nearly singular: differences are too coarse",
}
"""Where differences say nothing at order two."""


def judged(row: Row) -> Any:
    causes = [cause for start, cause in REFUSED.items() if row.id.startswith(start)]
    marks = (
        [pytest.mark.xfail(raises=(SrcgradError, NotImplementedError), reason=causes[0], strict=True)] if causes else []
    )
    return pytest.param(row, id=row.id, marks=marks)


def is_judged(row: Row) -> bool:
    """Whether gradients have numbers at all leaves, and differences say something."""
    return row.id not in UNJUDGED and all(is_differentiable(x) for k in row.argnums for x in leaves(row.args[k]))


@pytest.mark.parametrize("row", [judged(row) for row in SMOOTH if is_judged(row)])
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
