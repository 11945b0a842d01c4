"""What is said to somebody who calls the API in a wrong way, word by word."""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np
import pytest

from srcgrad import grad, jacfwd, jacobian, value_and_grad, vjp
from srcgrad.backend import building
from srcgrad.errors import (
    ArgumentError,
    InternalError,
    MissingPackageError,
    NoRuleError,
    NotScalarError,
    ShapeError,
    SourceNotFoundError,
    SrcgradError,
    UnsupportedError,
)


def loss(w, x, y=1.0):
    return np.sum(w * x - y)


PARAMETERS = "the parameters of loss are 0: w, 1: x, 2: y"


def refused(call, cls: type[SrcgradError]) -> tuple[str, str | None]:
    """The message and the help of the error that a call raises."""
    with pytest.raises(cls) as caught:
        call()
    assert type(caught.value) is cls
    return caught.value.msg, caught.value.help


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"argnums": 3}, "argnums=3 is out of range: loss has 3 parameters"),
        ({"argnums": -4}, "argnums=-4 is out of range: loss has 3 parameters"),
        ({"argnums": (0, 5)}, "argnums=(0, 5) is out of range: loss has 3 parameters"),
        ({"argnums": "w"}, "argnums must be an integer or a tuple of integers, not 'w'"),
        ({"argnums": 1.0}, "argnums must be an integer or a tuple of integers, not 1.0"),
        ({"argnums": True}, "argnums must be an integer or a tuple of integers, not True"),
        ({"argnums": None}, "argnums must be an integer or a tuple of integers, not None"),
        ({"argnums": ()}, "argnums is empty"),
        ({"argnums": (0, -3)}, "the parameter 'w' is named twice"),
        ({"argnames": "z"}, "argnames='z' names no parameter of loss"),
        ({"argnames": ("w", "z")}, "argnames='z' names no parameter of loss"),
        ({"argnames": 1}, "argnames must be a name or a tuple of names, not 1"),
        ({"argnames": (1,)}, "argnames must be a name or a tuple of names, not (1,)"),
        ({"argnames": ()}, "argnames is empty"),
        ({"argnames": ("w", "w")}, "the parameter 'w' is named twice"),
        ({"argnums": 1, "argnames": "w"}, "give argnums or argnames, not both"),
    ],
    ids=str,
)
@pytest.mark.parametrize("make", [grad, value_and_grad])
def test_bad_argnums(make, options, message):
    assert refused(lambda: make(loss, **options), ArgumentError) == (message, PARAMETERS)
    assert refused(lambda: make(**options)(loss), ArgumentError) == (message, PARAMETERS)


def test_a_function_without_parameters():
    message = ("argnums=0 is out of range: <lambda> has no parameters", "<lambda> has no parameters")
    assert refused(lambda: grad(lambda: 1.0), ArgumentError) == message


def test_an_argument_of_the_rest_that_is_not_passed():
    g = grad(lambda x, *rest: x, argnums=2)
    message = "a gradient with respect to 'rest[1]' is wanted, but <lambda> was called without it"
    help = "the parameters of <lambda> are 0: x, 1: rest"
    assert refused(lambda: g(1.0, 2.0), ArgumentError) == (message, help)
    assert refused(lambda: g(1.0), ArgumentError) == (message, help)
    named = grad(lambda x, **options: x, argnames="k")
    message = "a gradient with respect to \"options['k']\" is wanted, but <lambda> was called without it"
    assert refused(lambda: named(1.0, j=2.0), ArgumentError)[0] == message


OTHER = "take the gradient with respect to another argument"
AS_FLOAT = f"pass w.astype(float), or {OTHER}"


@pytest.mark.parametrize(
    ("value", "message", "help"),
    [
        (np.arange(3), "is an array of integers (int64), which has no gradient", AS_FLOAT),
        (np.array(3), "is an array of integers (int64), which has no gradient", AS_FLOAT),
        (np.ones(3, np.uint8), "is an array of integers (uint8), which has no gradient", AS_FLOAT),
        (np.ones(3, bool), "is an array of booleans (bool), which has no gradient", AS_FLOAT),
        (np.array([1.0, None]), "is an array of objects (object), which has no gradient", AS_FLOAT),
        (np.array(["1"]), "is an array of strings (<U1), which has no gradient", AS_FLOAT),
        (np.int64(3), "is of type int64, which has no gradient", "pass float(w)"),
        (np.True_, "is of type bool, which has no gradient", "pass float(w)"),
        (True, "is of type bool, which has no gradient", OTHER),
        ("1", "is of type str, which has no gradient", OTHER),
        (None, "is None, which has no gradient", OTHER),
        (np.ma.ones(3), "is a numpy.MaskedArray, a subclass of np.ndarray",
         "pass w.filled(0.0) and the mask as arguments of their own"),
        (np.ones((2, 2)).view(np.matrix), "is a numpy.matrix, a subclass of np.ndarray", "pass np.asarray(w)"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_arguments_without_a_gradient(value, message, help):
    assert refused(lambda: grad(loss)(value, 1.0), ArgumentError) == (f"argument 'w' of loss {message}", help)


def test_the_other_arguments_may_be_of_any_kind_but_subclasses_of_arrays():
    assert grad(loss)(1.0, np.arange(3)) == 3.0
    message = "argument 'x' of loss is a numpy.MaskedArray, a subclass of np.ndarray"
    assert refused(lambda: grad(loss)(1.0, np.ma.ones(3)), ArgumentError)[0] == message
    message = "argument 'x' of <lambda> is a numpy.matrix, a subclass of np.ndarray"
    g = grad(lambda w, x: w * x[0])
    assert refused(lambda: g(1.0, [np.ones((2, 2)).view(np.matrix)]), ArgumentError)[0] == message


@pytest.mark.parametrize("argument", [1j, np.complex64(1j), np.ones(2, complex)], ids=str)
def test_complex_results(argument):
    def product(w, x):
        return np.sum(w * x)

    error = refused(lambda: grad(product)(argument, 1.0), NotScalarError)
    help = "return its real part, its imaginary part or abs(...) of it, or use srcgrad.vjp"
    assert error == ("product returned a complex number, and only a real one has a gradient", help)
    _, pull = vjp(product, argument, 1.0)
    assert np.all(pull(1j)[0] == 1j * np.ones(np.shape(argument))) and pull(1)[1] == np.sum(np.real(argument))


def test_a_phase_that_is_arbitrary():
    a = np.array([[1.0, 0.0, 0.0], [0.3 + 0.4j, 2.0, 0.0], [0.2j, 0.1 - 0.3j, 3.0]])
    slope = grad(lambda a: np.sum(np.linalg.eigh(a)[1][:2, 1].imag))
    with pytest.raises(NotImplementedError, match="arbitrary phases of complex eigenvectors"):
        slope(a)


def test_a_rule_that_does_not_cover_a_call():
    error = refused(lambda: grad(lambda x: np.sum(np.pad(x, 1, mode="mean") ** 2))(np.ones(3)), NoRuleError)
    message = "there is no rule for the derivative of np.pad in a mode that computes with the elements"
    assert error == (message, "write it with other functions")


@pytest.mark.parametrize("tree", [(1, 2), {"a": "x"}, [], (None,)], ids=str)
def test_trees_without_a_float(tree):
    message = "argument 'p' of first holds no float to differentiate"

    def first(p, x):
        return x

    assert refused(lambda: grad(first)(tree, 1.0), ArgumentError)[0] == message


@pytest.mark.parametrize(
    "call",
    [
        lambda f: f(),
        lambda f: f(1.0),
        lambda f: f(1.0, 2.0, 3.0, 4.0),
        lambda f: f(1.0, 2.0, z=3.0),
        lambda f: f(1.0, 2.0, w=3.0),
    ],
)
def test_a_wrong_call_is_refused_as_the_function_does(call):
    with pytest.raises(TypeError) as expected:
        call(loss)
    with pytest.raises(TypeError) as caught:
        call(grad(loss))
    assert str(caught.value) == str(expected.value)
    assert type(caught.value) is TypeError
    g = grad(loss)
    g(1.0, 2.0)
    with pytest.raises(TypeError) as again:
        call(g)
    assert str(again.value) == str(expected.value)


class Model:
    def f(self, x, *, k):
        return x * k


def test_a_wrong_call_of_a_method():
    for call in (lambda f: f(), lambda f: f(1.0), lambda f: f(1.0, 2.0), lambda f: f(1.0, k=2.0, j=3.0)):
        with pytest.raises(TypeError) as expected:
            call(Model().f)
        with pytest.raises(TypeError) as caught:
            call(grad(Model().f))
        assert str(caught.value) == str(expected.value)


@pytest.mark.parametrize(
    ("fun", "message"),
    [
        (3, "grad needs a function, not an int"),
        ("loss", "grad needs a function, not a str"),
        (np.ones(3), "grad needs a function, not a ndarray"),
        (Model, "grad needs a function, not the class Model"),
        (float, "grad needs a function, not the class float"),
    ],
    ids=str,
)
def test_what_is_no_function(fun, message):
    assert refused(lambda: grad(fun), ArgumentError) == (message, None)


@pytest.mark.parametrize(
    ("fun", "name", "kind"),
    [
        (np.nextafter, "nextafter", "ufunc"),
        (vars, "vars", "builtin_function_or_method"),
        (functools.partial(vars), "vars", "builtin_function_or_method"),
        ([].append, "append", "builtin_function_or_method"),
    ],
    ids=["ufunc", "builtin", "partial", "method"],
)
def test_functions_without_source(fun, name, kind):
    message = f"{name} is not written in Python (it is a {kind}), so that it has no source"
    help = f"write a Python function that calls it: grad(lambda x: {name}(x))"
    assert refused(lambda: grad(fun), SourceNotFoundError) == (message, help)


def test_vjp_names_itself():
    assert refused(lambda: vjp(3, 1.0), ArgumentError)[0] == "vjp needs a function, not an int"


def test_functions_made_by_exec():
    scope: dict[str, Any] = {}
    exec("def f(x): return x * x", scope)
    g = grad(scope["f"])
    assert refused(lambda: g(1.0), SourceNotFoundError)[0] == "no source for f: nothing to read in '<string>'"


def test_compiling_takes_numba(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    message = ("jit=True needs Numba, which is not installed", "pip install 'srcgrad[jit]'")
    assert refused(lambda: grad(loss, jit=True), MissingPackageError) == message
    assert refused(lambda: value_and_grad(jit=True)(loss), MissingPackageError) == message


def test_an_output_that_is_no_number():
    message, _ = refused(lambda: grad(lambda x: x * 2.0)(np.ones(3)), NotScalarError)
    assert "returned shape" in message


# ---------------------------------------------------------------------------------------------- vjp


def test_cotangents_of_another_shape():
    _, pull = vjp(lambda x: {"a": x * 2.0, "b": (x[0], x[1:])}, np.ones(3))
    good = {"a": np.ones(3), "b": (1.0, np.ones(2))}
    assert pull(good)[0].shape == (3,)
    message = "cotangent['a'] has shape (2,), but <lambda> returned shape (3,) there"
    assert refused(lambda: pull({**good, "a": np.ones(2)}), ShapeError)[0] == message
    message = "cotangent['b'][1] has shape (), but <lambda> returned shape (2,) there"
    assert refused(lambda: pull({**good, "b": (1.0, 1.0)}), ShapeError)[0] == message


def test_cotangents_of_another_structure():
    _, pull = vjp(lambda x: (x, x), 1.0)
    message = "trees of different structure: cotangent is a leaf of type float, but should be a tuple of length 2"
    assert refused(lambda: pull(1.0), ArgumentError)[0] == message


@pytest.mark.parametrize(("cotangent", "cls"), [("1", "str"), (1j, "complex"), (np.array([1j]), "ndarray")], ids=str)
def test_cotangents_that_are_no_numbers(cotangent, cls):
    _, pull = vjp(loss, 1.0, np.ones(3))
    message = f"cotangent is of type {cls}, but loss returned a float64 there"
    assert refused(lambda: pull(cotangent), ArgumentError)[0] == message


# ---------------------------------------------------------------------------------------------- save


@pytest.mark.parametrize("types", ["f8[", "x8", "f8[2]", "f8[:;:]", "O", "f8(:)", ""])
def test_bad_types(tmp_path, types):
    g = grad(lambda x: x * x)
    if not types:
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
            g.save(tmp_path / "g.py", types)
    else:
        message = f"{types!r} is not a type"
        help = "write a dtype and, for an array, its axes: f8, f8[:], f4[:,:], f8[1,:], i8[]"
        assert refused(lambda: g.save(tmp_path / "g.py", types), ArgumentError) == (message, help)


def test_too_many_types(tmp_path):
    message = "types='f8, f8, f8, f8' names 4 types, but loss takes 3 arguments"
    assert refused(lambda: grad(loss).save(tmp_path / "g.py", "f8, f8, f8, f8"), ArgumentError) == (message, PARAMETERS)


# ---------------------------------------------------------------------------------------------- inside


def test_mistakes_of_the_compiler_are_told_from_those_of_the_user(monkeypatch):
    def misfit(w, x):
        return w * x

    monkeypatch.setattr(building.transform, "joint_gradient", dict)
    line = misfit.__code__.co_firstlineno
    message, help = refused(lambda: grad(misfit)(1.0, 2.0), InternalError)
    assert message == f"TypeError while compiling misfit ({__file__}:{line}): dict expected at most 1 argument, got 7"
    assert help == "this is a bug in srcgrad; please report it, with the source of the function and this message"


def test_errors_of_a_property_pass_unchanged():
    class Broken:
        @property
        def k(self):
            raise ZeroDivisionError("no k")

    model = Broken()
    with pytest.raises(ZeroDivisionError, match="no k"):
        grad(lambda x: model.k * x)(1.0)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: jacobian(lambda x: np.array([1, 2]))(np.ones(2)),
        lambda: jacfwd(lambda x: "text")(np.ones(2)),
        lambda: grad(lambda x: None)(np.ones(2)),
        lambda: grad(lambda x: [x])(np.ones(2)),
    ],
)
def test_what_returns_no_number_is_named_and_found(attempt):
    with pytest.raises((NotScalarError, UnsupportedError)) as raised:
        attempt()
    assert raised.value.msg.startswith("<lambda> return")
    assert (raised.value.filename, raised.value.lineno) == (__file__, attempt.__code__.co_firstlineno)
