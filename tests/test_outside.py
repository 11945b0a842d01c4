"""What the gradient of a program leaves outside of it: exactly what Python leaves there, once for each call."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest
from jit.plain import without_numba
from programs import PROGRAMS, Program, all_programs, outside

import srcgrad
from srcgrad.errors import NotJitableError

all_programs()
_CHANGING = [p for p in PROGRAMS.values() if inspect.getmodule(p.fun) is outside and p.supported]
_NAMES = ["calls", "last", "kept", "total", "found", "log", "history", "state", "counts", "buffer", "table"]


def _left_behind():
    names = {name: getattr(outside, name) for name in (*_NAMES, "seen", "sums")}
    return copy.deepcopy((names, vars(outside.model), outside.Model.made))


def _restore(before):
    names, attributes, made = copy.deepcopy(before)
    for name, value in names.items():
        known = getattr(outside, name)
        if isinstance(known, (list, np.ndarray)):
            known[:] = value
        elif isinstance(known, dict):
            known.clear()
            known.update(value)
        else:
            setattr(outside, name, value)
    vars(outside.model).update(attributes)
    outside.Model.made = made


@pytest.mark.parametrize("program", _CHANGING, ids=lambda p: p.name)
@pytest.mark.parametrize("optimize", [True, False])
def test_leaves_what_python_leaves(program: Program, optimize: bool) -> None:
    before = _left_behind()
    gradient = srcgrad.grad(program.fun, argnums=program.argnums, optimize=optimize)
    for call in (gradient, lambda *args: srcgrad.vjp(program.fun, *args)):
        _restore(before)
        program.fun(*program.args())
        expected = _left_behind()
        for _ in range(2):
            _restore(before)
            call(*program.args())
            np.testing.assert_equal(_left_behind(), expected)
    _restore(before)


@pytest.mark.parametrize("program", [p for p in _CHANGING if p.output == "scalar"], ids=lambda p: p.name)
def test_compiled_code_leaves_what_python_leaves(program: Program) -> None:
    before = _left_behind()
    with without_numba():
        gradient = srcgrad.grad(program.fun, argnums=program.argnums, jit=True)
        try:
            gradient(*program.args())
        except NotJitableError as error:
            np.testing.assert_equal(_left_behind(), before)
            pytest.skip(f"refused: {error.msg}")
        for _ in range(2):
            _restore(before)
            program.fun(*program.args())
            expected = _left_behind()
            _restore(before)
            gradient(*program.args())
            np.testing.assert_equal(_left_behind(), expected)
    _restore(before)


def test_compiled_code_writes_nothing_that_comes_after_an_exception() -> None:
    def risky(x, i):
        y = x[i] ** 2
        outside.model.scale = 7.0
        return y * y

    before = _left_behind()
    with without_numba():
        gradient = srcgrad.grad(risky, jit=True)
        with pytest.raises(IndexError):
            gradient(np.ones(3), 5)
        np.testing.assert_equal(_left_behind(), before)
        assert gradient(np.full(3, 2.0), 1)[1] == 32.0
    assert outside.model.scale == 7.0
    _restore(before)


def test_compiled_loops_that_change_objects_are_refused() -> None:
    def sums(x):
        for k in range(3):
            outside.model.scale = x[k]
        return outside.model.scale * x[0]

    before = _left_behind()
    with without_numba(), pytest.raises(NotJitableError, match="from outside is changed in a loop or a branch"):
        srcgrad.grad(sums, jit=True)(np.ones(3))
    np.testing.assert_equal(_left_behind(), before)


def test_pulling_changes_nothing_outside() -> None:
    _, pull = srcgrad.vjp(outside.global_counter, np.ones(3))
    before = _left_behind()
    pull(1.0)
    np.testing.assert_equal(_left_behind(), before)


def test_what_is_left_before_an_exception_stays() -> None:
    def risky(x):
        outside.model.calls += 1
        outside.log.append("before")
        if x > 1.0:
            raise ValueError("large")
        outside.log.append("after")
        return x * x

    before = _left_behind()
    with pytest.raises(ValueError, match="large"):
        srcgrad.grad(risky)(2.0)
    assert outside.log[len(before[0]["log"]) :] == ["before"]
    assert outside.model.calls == before[1]["calls"] + 1
    _restore(before)


def test_an_array_left_outside_is_no_memory_of_the_gradient() -> None:
    before = _left_behind()
    gradient = srcgrad.grad(outside.global_array_written_after_it_was_stored)(np.ones(4))
    assert not np.shares_memory(gradient, outside.kept)
    _restore(before)


@pytest.mark.parametrize("how", ["grad", "vjp"])
def test_reading_what_no_path_assigned_raises(how: str) -> None:
    def sometimes(x, n):
        if n > 1:
            y = x * n
        for _ in range(n):
            x = x * y
        return x * y

    def in_a_loop(x, n):
        for k in range(n):
            if k > 1:
                y = x * k
        return y * y

    def handled(x, n):
        try:
            if n > 5:
                raise ValueError
        except ValueError:
            y = x
        return y * x

    for function in (sometimes, in_a_loop, handled):
        with pytest.raises(UnboundLocalError, match="'y'"):
            srcgrad.grad(function)(0.7, 1) if how == "grad" else srcgrad.vjp(function, 0.7, 1)
    assert srcgrad.grad(sometimes)(0.5, 2) == pytest.approx(2.0**3 * 4 * 0.5**3)


def overwritten(x, n):
    for k in range(n):
        y = x * k
    return y


def overwritten_array(x, n):
    for _ in range(n):
        y = x * np.ones(3)
    return np.sum(y)


def last_of_a_list(x, n):
    for y in [x * k for k in range(n)]:  # noqa: B007
        pass
    return y


def halved_until_small(x, n):
    while n > 0:
        y, n = x * n, n - 1
    return y


def of_an_inner_loop(x, n):
    for i in range(2):
        for j in range(n):
            y = x * i * j
    return y


def broken_off(x, n):
    for k in range(n):
        y = x * k
        if k > 1:
            break
    else:
        return y * 2.0
    return y


def function_of_the_last_turn(x, n):
    for k in range(n):
        y = lambda z: z * x * k  # noqa: B023, E731
    return y(2.0)


def deleted(x, n):
    for _ in range(n):
        y = x
    del y
    return x


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize(
    "function",
    [
        *(overwritten, overwritten_array, last_of_a_list, halved_until_small, of_an_inner_loop, broken_off),
        *(function_of_the_last_turn, deleted),
    ],
)
def test_a_name_that_no_turn_of_a_loop_has_assigned(function, optimize: bool) -> None:
    gradient = srcgrad.grad(function, optimize=optimize)
    for n in (0, -1):
        with pytest.raises(UnboundLocalError, match="'y'"):
            function(0.7, n)
        with pytest.raises(UnboundLocalError, match="'y'"):
            gradient(0.7, n)
    assert gradient(0.7, 2) == pytest.approx(function(1.7, 2) - function(0.7, 2))


def test_a_name_that_is_read_before_the_first_turn_assigns_it() -> None:
    def behind(x, n):
        total = 0.0
        for k in range(n):
            total = total + y  # noqa: F821
            y = x * k  # noqa: F841
        return total

    gradient = srcgrad.grad(behind)
    with pytest.raises(UnboundLocalError, match="'y'"):
        gradient(0.7, 2)
    assert gradient(0.7, 0) == 0.0


def test_a_handler_sees_that_no_turn_has_assigned_a_name() -> None:
    def handled(x, n):
        for k in range(n):
            y = x * k
        try:
            return y
        except UnboundLocalError:
            return 5.0 * x

    assert [srcgrad.grad(handled)(0.7, n) for n in (0, 3)] == [5.0, 2.0]


def test_code_in_no_module_assigns_its_global_names(tmp_path) -> None:
    path = tmp_path / "cell.py"
    path.write_text("def loss(x):\n    global last\n    last = x * 2.0\n    return last * last\n")
    names: dict = {"__name__": "cell that was executed"}
    exec(compile(path.read_text(), str(path), "exec"), names)
    assert srcgrad.grad(names["loss"])(3.0) == 24.0
    assert names["last"] == 6.0
