"""The generated code of 33 programs, word for word, and the gradients of that code.

`tests/golden/NAME.py` holds what `source_for` returns for the program NAME of `tests/golden/programs.py`, and
`tests/golden/NAME_generic.py` what `source` is before any call, and `tests/golden/NAME_jvp.py` the forward sweep with
tangents. After a change that is meant to change the output, run

    SRCGRAD_UPDATE_GOLDEN=1 python -m pytest tests/test_golden.py

and read the difference (`git diff tests/golden`) as if a colleague had written it.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from golden.programs import GOLDEN, Golden

import srcgrad
from srcgrad.products import Pushforward, pushing
from srcgrad.testing import (
    Tolerance,
    argument_names,
    check_close,
    check_same,
    numerical_gradient,
    pairing,
    random_like,
)

FOLDER = Path(__file__).parent / "golden"
UPDATE = os.environ.get("SRCGRAD_UPDATE_GOLDEN") == "1"
LONGEST_LINE = 120
OWN_FILES = {"__init__.py", "programs.py"}

NOT_YET: dict[str, str] = {}
"""What the compiler does not do yet, or not rightly, with the cause: `NAME twice` for the gradient of the generated
code, `NAME generic` for the code that holds for arguments of any kind."""


def each(programs: list[Golden], what: str = "") -> pytest.MarkDecorator:
    def marks(program: Golden) -> list[pytest.MarkDecorator]:
        reason = NOT_YET.get(f"{program.name} {what}")
        return [pytest.mark.xfail(strict=True, reason=reason)] if reason else []

    return pytest.mark.parametrize("program", [pytest.param(p, marks=marks(p), id=p.name) for p in programs])


PROGRAMS = list(GOLDEN.values())
GENERIC = [p for p in PROGRAMS if p.generic]


# ---------------------------------------------------------------------------------------------- the text


@each(PROGRAMS)
def test_source(program: Golden) -> None:
    compare(f"{program.name}.py", source_of(program))


@each(GENERIC, "generic")
def test_generic_source(program: Golden, tmp_path: Path) -> None:
    gradient = getattr(srcgrad, program.mode)(program.fun, **program.options)
    text = gradient.source
    assert not text.startswith("# The code of"), text
    saved = tmp_path / "saved.py"
    gradient.save(saved)
    scope: dict[str, Any] = {}
    exec(compile(saved.read_text(encoding="utf-8"), str(saved), "exec", dont_inherit=True), scope)
    got = scope[gradient.__name__](*program.args())
    check_same(got, gradient(*program.args()), f"the generic code for {program.name} has another value", exact=False)
    compare(f"{program.name}_generic.py", text)


@each(PROGRAMS)
def test_source_of_the_tangent(program: Golden) -> None:
    compare(f"{program.name}_jvp.py", tangent_source_of(program))


@each(PROGRAMS)
def test_a_second_compilation_gives_the_same_text(program: Golden) -> None:
    assert source_of(program) == source_of(program)


def test_no_file_is_left_over() -> None:
    expected = {f"{p.name}.py" for p in PROGRAMS} | {f"{p.name}_generic.py" for p in GENERIC} | OWN_FILES
    expected |= {f"{p.name}_jvp.py" for p in PROGRAMS}
    stray = sorted(path for path in FOLDER.glob("*.py") if path.name not in expected)
    if UPDATE:
        for path in stray:
            path.unlink()
    else:
        assert not stray, "these belong to no program"


def test_enough_programs() -> None:
    assert len(PROGRAMS) >= 32
    assert len(GENERIC) >= 8


def test_what_is_not_done_yet_exists() -> None:
    assert NOT_YET.keys() <= {f"{p.name} twice" for p in PROGRAMS} | {f"{p.name} generic" for p in GENERIC}


def compare(name: str, text: str) -> None:
    """Compares a text with the golden file of this name, or writes the file."""
    ast.parse(text)
    comments = re.findall(r"# .*", text)
    assert not any(re.search(r"[/\\][\w.-]+\.py:\d", comment) for comment in comments), "a path, not a base name"
    assert max(map(len, text.splitlines())) <= LONGEST_LINE
    path = FOLDER / name
    if UPDATE:
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.exists(), f"no {name}: run with SRCGRAD_UPDATE_GOLDEN=1"
    assert text == path.read_text(encoding="utf-8"), f"{name} is not what is generated: see the docstring of this test"


def source_of(program: Golden) -> str:
    """The text generated for the arguments of a program, compiled afresh."""
    if program.mode == "vjp":
        _, pull = srcgrad.vjp(duplicate(program.fun), *program.args())
        return str(pull._variant.emitted.source)
    gradient = getattr(srcgrad, program.mode)(program.fun, **program.options)
    return str(gradient.source_for(*program.args()))


def tangent_source_of(program: Golden) -> str:
    """The text of the forward sweep for the arguments of a program."""
    fun, args = duplicate(program.fun), program.args()
    wanted = [k in program.wanted for k in range(len(args))]
    push = Pushforward(pushing(fun, wanted, program.options.get("has_aux", False)), args)
    return push.source


def duplicate(fun: Any) -> FunctionType:
    """The same function as an object that `vjp` has not compiled yet."""
    return FunctionType(fun.__code__, fun.__globals__, fun.__name__, fun.__defaults__, fun.__closure__)


# ---------------------------------------------------------------------------------------------- the numbers


@each(PROGRAMS)
def test_gradient(program: Golden) -> None:
    args = program.args()
    names = argument_names(program.fun, args)
    out = value_of(program, *program.args())
    seed = cotangent_for(out)
    got = gradients_of(program, args, seed)
    check_same(args, program.args(), f"the gradient of {program.name} changes an argument")
    expected = numerical_gradient(lambda *given: pairing(seed, value_of(program, *given)), args, program.wanted)
    for argnum, gradient, want in zip(program.wanted, got, expected, strict=True):
        check_close(gradient, want, program.name, names[argnum], Tolerance.of(args, out))


@each(PROGRAMS, "twice")
def test_gradient_of_the_generated_code(program: Golden) -> None:
    args = program.args()
    names = argument_names(program.fun, args)
    name = f"the gradient of {program.name}"
    generated = generated_function(program)
    out = generated(*program.args())
    seed = random_like(out, np.random.default_rng(1))
    expected = numerical_gradient(lambda *given: pairing(seed, generated(*given)), args, program.wanted)

    value, pull = srcgrad.vjp(generated, *args)
    check_same(value, out, f"to the compiler, {name} has another value", exact=False)
    got = pull(seed)
    check_same(pull(seed), got, f"pulling twice gives two answers for {name}")
    check_same(args, program.args(), f"{name} changes an argument")
    for argnum, want in zip(program.wanted, expected, strict=True):
        check_close(got[argnum], want, name, names[argnum], Tolerance.of(args, out))


def value_of(program: Golden, *args: Any) -> Any:
    """What is differentiated: what the program returns, without aux."""
    out = program.fun(*args)
    return out[0] if program.options.get("has_aux") else out


def cotangent_for(out: Any) -> Any:
    return random_like(out, np.random.default_rng(0)) if np.ndim(out) else 1.0


def gradients_of(program: Golden, args: tuple, seed: Any) -> tuple:
    """The gradients with respect to the wanted arguments, as the compiler has them."""
    if program.mode == "vjp":
        _, pull = srcgrad.vjp(program.fun, *args)
        return tuple(pull(seed))
    result = getattr(srcgrad, program.mode)(program.fun, **program.options)(*args)
    gradients = result[1] if program.mode == "value_and_grad" else result
    return gradients if isinstance(program.options.get("argnums", 0), tuple) else (gradients,)


def generated_function(program: Golden) -> Callable[..., Any]:
    """The generated code as a function of the program's arguments; `vjp` compiles the text of it once more."""
    if program.mode != "vjp":
        gradient: Callable[..., Any] = getattr(srcgrad, program.mode)(program.fun, **program.options)
        return gradient
    out, pull = srcgrad.vjp(program.fun, *program.args())
    forward, reverse, seed = pull._variant.entry, pull._variant.reverse, cotangent_for(out)

    def both(*args: Any) -> Any:
        results = forward(*args)
        return reverse(*results[1:], seed)

    return both
