"""`debug="nan"`: the first NaN raises, with what it is and whose line it comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from srcgrad import grad, value_and_grad
from srcgrad.errors import ArgumentError, NanError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

HELP = "keep such points out with np.where on the argument of the function that is singular there"
NAN = float("nan")


def norm(w, x):
    r = np.sqrt(np.sum(w * w))
    return r * np.sum(x)


def log_of_negative(x):
    y = np.log(x)
    return np.sum(y * y)


def in_a_loop(x):
    s = 0.0
    for i in range(len(x)):
        t = np.sqrt(x[i])
        s += t * t * t
    return s


def written(x):
    y = np.zeros(3)
    y[1] = np.arcsin(x[0])
    return np.sum(y * x)


def in_a_branch(x):
    y = x * 1.0
    if y[0] > 0:
        y = (y - 1.0) / (y - y[0])
    return np.sum(y * y)


def recursive(x, n):
    def chain(a, k):
        root = np.sqrt(a - 0.5)
        return root if k == 0 else chain(root, k - 1)

    return chain(x, n)


def returned(x):
    return np.sum(np.sqrt(x))


FORWARD = "in the forward sweep of the gradient of"
BACKWARD = "in the backward sweep of the gradient of"


@pytest.mark.parametrize(
    ("fun", "args", "message", "line"),
    [
        (norm, (np.zeros(2), np.ones(3)),
         f"w_bar[0], the derivative with respect to w, is NaN {BACKWARD} norm with respect to w",
         "r = np.sqrt(np.sum(w * w))"),
        (norm, (np.ones(2), np.array([1.0, NAN])),
         "x[1] is NaN where it is passed to the gradient of norm with respect to w", "def norm(w, x):"),
        (log_of_negative, (np.array([[1.0, 2.0], [-1.0, 2.0]]),),
         f"y[1, 0] is NaN {FORWARD} log_of_negative with respect to x", "y = np.log(x)"),
        (in_a_loop, (np.array([1.0, -1.0]),), f"t is NaN {BACKWARD} in_a_loop with respect to x", "t = np.sqrt(x[i])"),
        (written, (np.array([2.0, 1.0, 1.0]),),
         f"y[1] is NaN {FORWARD} written with respect to x", "y[1] = np.arcsin(x[0])"),
        (in_a_branch, (np.array([0.0, 0.0]) + 1.0,),
         f"y[0] is NaN {FORWARD} in_a_branch with respect to x", "y = (y - 1.0) / (y - y[0])"),
        (recursive, (0.6, 3), f"root is NaN {FORWARD} recursive with respect to x", "root = np.sqrt(a - 0.5)"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_the_first_nan(fun: Any, args: tuple, message: str, line: str) -> None:
    with pytest.raises(NanError) as caught:
        grad(fun, debug="nan")(*args)
    assert (caught.value.msg, caught.value.help) == (message, HELP)
    assert caught.value.text is not None and caught.value.text.strip() == line
    assert caught.value.filename == __file__


@pytest.mark.parametrize(
    ("fun", "args"),
    [
        (norm, (np.ones(2), np.ones(3))),
        (in_a_loop, (np.ones(3),)),
        (written, (np.full(3, 0.5),)),
        (recursive, (2.0, 3)),
        (returned, (np.ones(3),)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_without_a_nan_nothing_changes(fun, args):
    for optimize in (True, False):
        assert np.array_equal(grad(fun, debug="nan", optimize=optimize)(*args), grad(fun)(*args))
    for got, expected in zip(value_and_grad(fun, debug="nan")(*args), value_and_grad(fun)(*args), strict=True):
        assert np.array_equal(got, expected)


def test_what_is_returned_is_checked_too():
    with pytest.raises(NanError) as caught:
        value_and_grad(returned, debug="nan")(-np.ones(3))
    message = "a temporary value[0] is NaN in the forward sweep of the value and gradient of returned with respect to x"
    assert caught.value.msg == message


def test_it_shows_in_the_source_and_only_if_asked_for():
    args = (np.ones(2), np.ones(3))
    lines = [line.split("  #")[0].strip() for line in grad(norm, debug="nan").source_for(*args).splitlines()]
    assert lines[lines.index("r = np.sqrt(np.sum(w * w))") + 1].startswith('check_nan(r, "r", line_')
    assert "check_nan" not in grad(norm).source_for(*args)


def test_as_a_decorator_and_for_second_derivatives():
    @grad(debug="nan")
    def root(x):
        return np.sqrt(x) ** 3

    assert np.isclose(root(4.0), 3.0)
    assert np.isclose(grad(root)(4.0), 0.375)
    assert np.isclose(grad(grad(lambda x: np.sqrt(x) ** 3), debug="nan")(4.0), 0.375)
    with pytest.raises(NanError):
        root(-1.0)


@pytest.mark.parametrize("debug", ["inf", "NaN", True, 1, ""])
def test_another_value_is_refused(debug):
    for make in (grad, value_and_grad):
        with pytest.raises(ArgumentError) as caught:
            make(norm, debug=debug)
        assert caught.value.msg == f"debug must be None or 'nan', not {debug!r}"
