"""The emitted code does what the graph says: hundreds of random graphs, interpreted directly and run as Python."""

from __future__ import annotations

import copy

import pytest
from random_graphs import Generator
from reference import run

from srcgrad.backend import names
from srcgrad.backend.compile import load
from srcgrad.backend.emit import emit_module
from srcgrad.ir.nodes import Function

INPUTS = [(1, 2), (0, 0), (5, -3), (7, 40)]


def outcome(call, inputs: tuple[int, int]) -> tuple:
    """The result or the exception, and what the call left in the lists."""
    m, tape = [3, 1, 4], [2, 7]
    try:
        result = call(*inputs, m, tape)
    except (ZeroDivisionError, IndexError) as error:
        result = type(error)
    return copy.deepcopy((result, m, tape))


def verify_names(function: Function) -> None:
    """Compares the emitted code with the graph: a name shared by values that interfere changes the outcome."""
    emitted = emit_module([function])
    compiled = load(emitted, "generated")["f"]
    for inputs in INPUTS:
        expected = outcome(lambda *args: run(function, list(args)), inputs)
        try:
            found = outcome(compiled, inputs)
        except Exception as error:
            raise AssertionError(emitted.source) from error
        assert found == expected, f"{inputs}\n{emitted.source}"


@pytest.mark.parametrize("block", range(40))
def test_random_graphs(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        verify_names(Generator(seed).function())


def test_the_graphs_cover_the_language() -> None:
    text = "".join(emit_module([Generator(seed).function()]).functions for seed in range(400))
    for piece in (
        "break",
        "continue",
        "return",
        "while",
        "elif",
        "else",
        "reversed",
        ".pop()",
        " and ",
        " or ",
        " not in (0, 2)",
        "a, b = b, a",
    ):
        assert piece in text, piece


def test_names_shared_wrongly_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names._Class, "overlaps", lambda self, other: False)
    caught = 0
    for seed in range(60):
        function = Generator(seed).function()
        if "while" in emit_module([function]).functions:
            # A counter that shares its name might never reach its bound.
            continue
        try:
            verify_names(function)
        except AssertionError:
            caught += 1
    assert caught > 10
