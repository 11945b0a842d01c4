"""Which elements loops overwrite: by what is left on the tape, and by random loops that read what they have written."""

from __future__ import annotations

import linecache
import random
from collections.abc import Callable

import numpy as np
import pytest
from programs import PROGRAMS
from programs import recurrences as r

from srcgrad import check_grads, grad

LENGTH = 9
KEEPING = (r.cholesky_by_rows, r.forward_substitution, r.back_substitution)
"""What is read, and stored, is there when the loops are over: nothing needs to be saved."""
OVERWRITING = (
    *(r.from_the_last_element_at_first, r.from_an_element_that_comes_later, r.up_a_reversed_range, r.sweep_after_sweep),
    *(r.even_places_from_even_ones, r.table_in_one_row, r.from_one_element_too_many, r.first_element_among_the_others),
    *(r.first_element_rewritten_at_last, r.rows_that_are_scaled_later, r.places_from_a_table, r.middle_of_a_stencil),
)


def source_of(fun: Callable) -> str:
    program = PROGRAMS[fun.__name__]
    return grad(fun, program.argnums).source_for(*program.args())


@pytest.mark.parametrize("fun", KEEPING, ids=lambda fun: fun.__name__)
def test_what_stays_is_not_saved(fun: Callable) -> None:
    source = source_of(fun)
    assert "append(" not in source and ".copy()" not in source, source


@pytest.mark.parametrize("fun", OVERWRITING, ids=lambda fun: fun.__name__)
def test_what_is_overwritten_is_saved(fun: Callable) -> None:
    assert "append(" in source_of(fun)


class _Loops:
    """Writes a function of nested loops over a table, which read elements near those that they write."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.axes = self.chance.choice((1, 1, 2))
        self.lines = ["def loops(d, s):", "    x = d * 1.0", "    n = len(d)"]

    def text(self) -> str:
        for _ in range(self.chance.choice((1, 1, 1, 2))):
            self.loop(1, [])
            if self.chance.random() < 0.3:
                self.lines.append(f"    {self.element([])} = s * {self.element([])}")
        return "\n".join([*self.lines, "    return np.sum(np.sin(x) * np.cos(d))", ""])

    def loop(self, depth: int, indices: list[str]) -> None:
        indent, index = "    " * depth, "ijk"[len(indices)]
        self.lines.append(f"{indent}for {index} in {self.numbers(indices)}:")
        inner = [*indices, index]
        for _ in range(self.chance.choice((1, 1, 1, 2))):
            if depth < 3 and self.chance.random() < 0.4:
                self.loop(depth + 1, inner)
            else:
                self.write(indent + "    ", inner)
        if self.chance.random() < 0.1:
            self.lines += [f"{indent}    if {index} == 4:", f"{indent}        break"]

    def numbers(self, indices: list[str]) -> str:
        if indices and self.chance.random() < 0.5:
            outer = self.chance.choice(indices)
            kinds = [f"range(2, {outer})", f"range({outer} + 1, n - 1)", f"range(n - 2, {outer}, -1)"]
        else:
            kinds = ["range(2, n - 1)", "range(n - 2, 1, -1)", "range(1, n - 1, 2)", "range(n - 2, 1, -2)"]
        found = self.chance.choice(kinds)
        return f"reversed({found})" if self.chance.random() < 0.2 else found

    def write(self, indent: str, indices: list[str]) -> None:
        """A write that keeps the numbers small, and what they depend on."""
        target, a, b = self.element(indices), self.read(indices), self.element(indices)
        kinds = [
            f"= 0.3 * {a} * {b} + 0.2 * s",
            f"= 0.4 * {b} + 0.2 * {target} * {a}",
            f"*= 0.5 * {a}",
            f"/= 2.0 + {a} * {b}",
        ]
        self.lines.append(f"{indent}{target} {self.chance.choice(kinds)}")

    def read(self, indices: list[str]) -> str:
        if self.axes == 1 and self.chance.random() < 0.25:
            bound = self.chance.choice(indices)
            return f"np.mean(x[{self.chance.choice((f':{bound} + 1', f'1:{bound} + 2', f'{bound}:'))}])"
        return self.element(indices)

    def element(self, indices: list[str]) -> str:
        return f"x[{', '.join(self.place(indices) for _ in range(self.axes))}]"

    def place(self, indices: list[str]) -> str:
        if not indices or self.chance.random() < 0.1:
            return self.chance.choice(("0", "2", "-1", "n - 1"))
        index = self.chance.choice([*indices, indices[-1], indices[-1]])
        return self.chance.choice((index, index, index, f"{index} - 1", f"{index} + 1", f"{index} - 2", f"n - {index}"))


def loops_of(seed: int) -> Callable:
    """The random loops of a seed."""
    name, text, scope = f"<loops {seed}>", _Loops(seed).text(), {"np": np}
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    exec(compile(text, name, "exec"), scope)
    return scope["loops"]


@pytest.mark.parametrize("seed", range(40))
def test_random_loops(seed: int) -> None:
    axes = _Loops(seed).axes
    d = np.random.default_rng(seed).uniform(0.3, 1.1, (LENGTH,) * axes)
    check_grads(loops_of(seed), (d, 0.4), modes=("rev",))
