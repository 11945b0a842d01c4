"""`grad`, `value_and_grad`, `vjp`, `stop_gradient` and what a GradFunction offers."""

from __future__ import annotations

import ast
import functools
import html
import importlib.util
import inspect
import math
import operator
import pickle
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad import grad, jvp, stop_gradient, value_and_grad, vjp
from srcgrad.errors import UnsupportedError

X = np.array([1.0, 2.0, 3.0, 4.0])
Y = 2.0 * X


def loss(w, x, y):
    """Mean squared error."""
    err = w * x - y
    return np.mean(err**2)


def product(a, b):
    return a * b


def power(x, y=2.0, *, scale=1.0):
    return scale * x**y


def total(first, *rest, **named):
    value = first * first
    for item in rest:
        value = value * item
    return value + named["extra"] if "extra" in named else value


Point = namedtuple("Point", "x y")


@dataclass
class Layer:
    w: Any
    b: Any
    name: str = "layer"


class Spring:
    """An object whose methods are differentiated."""

    def __init__(self, k):
        self.k = k

    def energy(self, x, offset=0.0):
        return 0.5 * self.k * (x - offset) ** 2

    @grad
    def force(self, x):
        return 0.5 * self.k * x**2

    @value_and_grad(argnums=(0, 1))
    def both(self, x, y):
        return self.k * x * y

    @staticmethod
    @grad
    def cube(x):
        return x**3

    def __call__(self, x):
        return self.k * x**3


# ---------------------------------------------------------------------------------------------- grad


def test_tutorial_numbers():
    assert grad(loss)(0.0, X, Y) == -30.0
    assert value_and_grad(loss)(0.0, X, Y) == (30.0, -30.0)
    assert loss(0.3, X, Y) == pytest.approx(21.675)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 3.0),
        ({"argnums": 0}, 3.0),
        ({"argnums": 1}, 2.0),
        ({"argnums": -1}, 2.0),
        ({"argnums": -2}, 3.0),
        ({"argnums": np.int64(1)}, 2.0),
        ({"argnums": (0, 1)}, (3.0, 2.0)),
        ({"argnums": (1, 0)}, (2.0, 3.0)),
        ({"argnums": (1,)}, (2.0,)),
        ({"argnums": (-1, 0)}, (2.0, 3.0)),
        ({"argnames": "b"}, 2.0),
        ({"argnames": ("b", "a")}, (2.0, 3.0)),
        ({"argnames": ("a",)}, (3.0,)),
        ({"optimize": False}, 3.0),
    ],
)
def test_which_arguments(options, expected):
    gradient = grad(product, **options)(2.0, 3.0)
    assert gradient == expected
    assert type(gradient) is type(expected) or isinstance(gradient, float)
    assert value_and_grad(product, **options)(2.0, 3.0) == (6.0, expected)


def test_decorators():
    @grad
    def plain(x):
        return x * x

    @grad(argnums=(0, 1))
    def with_options(x, y):
        return x * y

    @value_and_grad
    def both(x):
        return x * x

    assert (plain(3.0), plain.fun(3.0), plain.__wrapped__(3.0)) == (6.0, 9.0, 9.0)
    assert with_options(2.0, 5.0) == (5.0, 2.0)
    assert both(3.0) == (9.0, 6.0)


def test_keyword_arguments_and_defaults():
    assert grad(power)(3.0) == 6.0
    assert grad(power)(x=3.0) == 6.0
    assert grad(power)(3.0, scale=10.0) == 60.0
    assert grad(power)(3.0, 3.0) == 27.0
    assert grad(power, argnames="scale")(3.0) == 9.0
    assert grad(power, argnames="scale")(3.0, scale=2.0) == 9.0
    assert grad(power, argnums=1)(1.0) == 0.0
    assert grad(power, argnums=2)(3.0) == 9.0
    assert grad(product)(b=3.0, a=2.0) == 3.0


def test_variadic_parameters():
    assert grad(total)(3.0) == 6.0
    assert grad(total)(3.0, 2.0) == 12.0
    assert grad(total, argnums=(0, 2))(3.0, 2.0, 5.0) == (60.0, 18.0)
    assert grad(total, argnames="rest")(3.0, 2.0, 5.0) == (45.0, 18.0)
    assert grad(total, argnames="extra")(3.0, extra=7.0) == 1.0
    assert grad(lambda *xs: xs[0] * xs[1], argnums=1)(2, 3) == 2.0


def test_integers_are_floats_at_every_call():
    def kinds(x, k=1.0):
        return np.sum(np.full_like(x, 0.5)) * x * x * k

    of_kinds = grad(kinds)
    for _ in range(3):
        assert jvp(kinds, (2,), (1.0,)) == (2.0, 2.0)
        assert of_kinds(2) == of_kinds(x=2) == 2.0
        assert of_kinds(2, k=2) == 4.0


def test_integers_where_a_gradient_is_wanted_are_floats():
    gradient = grad(product)(2, 3)
    assert gradient == 3.0
    assert isinstance(gradient, float)
    assert grad(lambda x: x**-1)(2) == -0.25


def test_lambdas_on_one_line():
    first, second = grad(lambda x: x * x), grad(lambda x: x * x * x)
    assert (first(2.0), second(2.0)) == (4.0, 12.0)


def test_has_aux():
    def f(x):
        return x * x, {"half": x / 2, "name": "f"}

    assert grad(f, has_aux=True)(2.0) == (4.0, {"half": 1.0, "name": "f"})
    assert value_and_grad(f, has_aux=True)(2.0) == ((4.0, {"half": 1.0, "name": "f"}), 4.0)


def test_arguments_are_not_written():
    x = np.array([1.0, 2.0, 3.0])

    def f(x):
        x[0] = 3 * x[1]
        return np.sum(x * x)

    np.testing.assert_allclose(grad(f)(x), [0.0, 40.0, 6.0])
    assert x.tolist() == [1.0, 2.0, 3.0]


def test_dtype_and_shape_are_those_of_the_argument():
    x = np.ones((2, 3), np.float32)
    gradient = grad(lambda x: np.sum(x * x))(x)
    assert (gradient.dtype, gradient.shape) == (np.float32, (2, 3))
    assert grad(lambda x: x * x)(np.float32(2)).dtype == np.float32


# ---------------------------------------------------------------------------------------------- trees


@pytest.mark.parametrize(
    ("fun", "argument", "expected"),
    [
        (lambda p: p[0] * p[1], (2.0, 3.0), (3.0, 2.0)),
        (lambda p: p[0] * p[1], [2.0, 3.0], [3.0, 2.0]),
        (lambda p: p["a"] * p["b"], {"a": 2.0, "b": 3.0}, {"a": 3.0, "b": 2.0}),
        (lambda p: p.x * p.y, Point(2.0, 3.0), Point(3.0, 2.0)),
        (lambda p: p.w * p.b, Layer(2.0, 3.0), Layer(3.0, 2.0, None)),
        (lambda p: p["a"][0] * p["a"][1][0], {"a": (2.0, [3.0])}, {"a": (3.0, [2.0])}),
        (lambda p: p[0].w * p[1]["p"].y, [Layer(2.0, 1), {"p": Point(0.0, 5.0)}], None),
        (lambda p: p[0] * p[1], (2.0, 3), (3.0, None)),
        (lambda p: p[0] * p[0], (2.0, "name", None, True), (4.0, None, None, None)),
    ],
    ids=["tuple", "list", "dict", "namedtuple", "dataclass", "nested", "mixed", "int leaf", "passive leaves"],
)
def test_trees(fun, argument, expected):
    if expected is None:
        expected = [Layer(5.0, None, None), {"p": Point(0.0, 2.0)}]
    assert grad(fun)(argument) == expected


def test_a_tree_of_arrays():
    params = {"W": np.arange(6.0).reshape(2, 3), "b": np.ones(2)}

    def f(params, x):
        return np.sum(params["W"] @ x + params["b"])

    gradient = grad(f)(params, np.arange(3.0))
    assert list(gradient) == ["W", "b"]
    np.testing.assert_allclose(gradient["W"], [[0, 1, 2], [0, 1, 2]])
    np.testing.assert_allclose(gradient["b"], [1, 1])


# ---------------------------------------------------------------------------------------------- callables


def test_bound_methods():
    spring = Spring(3.0)
    assert grad(spring.energy)(2.0) == 6.0
    assert grad(spring.energy, argnums=1)(2.0, 0.5) == -4.5
    assert grad(spring.energy, argnames="offset")(2.0) == -6.0
    assert grad(spring.energy)(2.0, offset=1.0) == 3.0


def test_decorated_methods():
    soft, stiff = Spring(3.0), Spring(5.0)
    assert (soft.force(2.0), stiff.force(2.0), soft.force(3.0)) == (6.0, 10.0, 9.0)
    assert soft.both(2.0, 4.0) == (24.0, (12.0, 6.0))
    assert soft.force is soft.force
    assert Spring.force.fun(soft, 2.0) == 6.0
    assert Spring.cube(2.0) == soft.cube(2.0) == 12.0


def test_a_method_sees_the_present_attributes():
    spring = Spring(3.0)
    gradient = grad(spring.energy)
    assert (gradient(2.0), spring.force(2.0)) == (6.0, 6.0)
    spring.k = 7.0
    assert (gradient(2.0), spring.force(2.0)) == (14.0, 14.0)
    spring.k = np.array(2.0)
    assert (gradient(2.0), spring.force(2.0)) == (4.0, 4.0)


def test_many_instances_of_a_decorated_method():
    springs = [Spring(float(k)) for k in range(40)]
    assert [spring.force(1.0) for spring in springs] == [float(k) for k in range(40)]
    assert [spring.force(1.0) for spring in springs] == [float(k) for k in range(40)]


def test_callable_objects():
    assert grad(Spring(3.0))(2.0) == 36.0


def test_partial():
    assert grad(functools.partial(product, 5.0))(2.0) == 5.0
    assert grad(functools.partial(power, scale=10.0))(3.0) == 60.0
    assert grad(functools.partial(power, scale=10.0))(3.0, scale=2.0) == 12.0
    assert grad(functools.partial(functools.partial(product, 4.0)), argnames="b")(1.0) == 4.0
    assert grad(functools.partial(Spring(2.0).energy, offset=1.0))(3.0) == 4.0


def test_cached_functions():
    assert grad(functools.lru_cache(lambda x: x * x))(3.0) == 6.0


def test_wrapped_is_not_followed():
    def double(fun):
        @functools.wraps(fun)
        def wrapper(x):
            return 2.0 * fun(x)

        return wrapper

    assert grad(double(lambda x: x * x))(3.0) == 12.0


def test_functions_of_numba(monkeypatch):
    dispatcher = type("CPUDispatcher", (), {"__module__": "numba.core.registry", "__call__": lambda self, *args: 0.0})()
    dispatcher.py_func = product
    assert grad(dispatcher)(2.0, 3.0) == 3.0


def test_the_gradient_of_a_gradient():
    assert grad(grad(lambda x: x**3))(2.0) == 12.0
    assert grad(grad(lambda x, y: x**3 * y), argnums=1)(2.0, 5.0) == 12.0
    assert grad(grad(lambda x, y: x**3 * y), argnums=(0, 1))(2, 5) == (60.0, 12.0)
    assert grad(grad(grad(lambda x: x**4)))(1.0) == 24.0


# ---------------------------------------------------------------------------------------------- GradFunction


def test_names_and_signature():
    g = grad(loss)
    assert g.__name__ == "loss_grad"
    assert g.__qualname__ == "loss_grad"
    assert g.__module__ == __name__
    assert g.__doc__ == "Gradient of loss with respect to w.\n\nMean squared error."
    assert inspect.signature(g) == inspect.signature(loss)
    assert inspect.signature(grad(Spring(1.0).energy)) == inspect.signature(Spring(1.0).energy)
    assert repr(g) == "<grad of loss>"
    assert g.fun is g.__wrapped__ is loss
    assert value_and_grad(loss).__name__ == "loss_value_and_grad"


def test_source_before_any_call():
    source = grad(product).source
    names = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    assert names == ["product_grad"]


def test_the_generic_source_is_right_for_all_kinds():
    scope: dict[str, Any] = {}
    exec(grad(loss).source, scope)
    assert scope["loss_grad"](0.0, X, Y) == -30.0
    assert scope["loss_grad"](0.0, 1.0, 2.0) == -4.0


def test_source_after_a_call_is_that_of_the_last_variant():
    g = grad(product)
    g(2.0, 3.0)
    numbers = g.source
    assert "np." not in numbers
    with_array = grad(lambda a, b: np.sum(a * b))
    with_array(2.0, X)
    assert with_array.source.startswith("import numpy as np\n")
    assert g.source == numbers


def test_source_alternates_with_the_calls():
    g = grad(lambda a, b: np.sum(a * b))
    g(2.0, X)
    one = g.source
    g(X, X)
    two = g.source
    assert one != two
    g(2.0, X)
    assert g.source == one


def test_source_for_runs_nothing():
    ran = []

    def f(x):
        return x * x

    g = grad(f)
    assert "def f_grad(x):" in g.source_for(2.0)
    assert g.source_for(2.0) == g.source_for(x=5.0)
    assert ran == []


def test_source_is_compiled_code():
    scope: dict[str, Any] = {}
    exec(grad(loss).source_for(0.0, X, Y), scope)
    assert scope["loss_grad"](0.0, X, Y) == -30.0


def test_source_says_where_it_comes_from():
    line = loss.__code__.co_firstlineno
    source = grad(loss).source_for(0.0, X, Y)
    assert f'"""Gradient of loss (test_api.py:{line}) with respect to w."""' in source
    assert f"# test_api.py:{line + 2}" in source


def test_source_where_generic_code_is_impossible():
    g = grad(lambda *xs: xs[0] * xs[1], argnums=1)
    lines = g.source.splitlines()
    assert lines[0] == "# The code of lambda__grad depends on the kinds of the arguments:"
    assert lines[-1] == "# Call it first, or ask for lambda__grad.source_for(*args)."
    assert all(line.startswith("#") for line in lines)


def test_tracebacks_show_the_generated_line():
    def f(x, k):
        return x[k] * 2.0

    g = grad(f)
    assert g(X, 1).tolist() == [0.0, 2.0, 0.0, 0.0]
    with pytest.raises(IndexError) as caught:
        g(X, 10)
    assert any("srcgrad f_grad" in str(entry.path) for entry in caught.traceback)


def test_show(capsys):
    g = grad(loss)
    g(0.0, X, Y)
    g.show()
    assert capsys.readouterr().out == g.source + "\n"


def test_html():
    g = grad(lambda x: x if x < 3.0 else x * x)
    g(1.0)
    assert g._repr_html_() == f"<pre>{html.escape(g.source)}</pre>"
    assert "&lt;" in g._repr_html_()


def test_ir():
    g = grad(product)
    assert g.ir.startswith("product_grad(%a: ?[()], %b: ?[()]):")
    g(2.0, 3.0)
    assert g.ir.startswith("product_grad(%a: float, %b: float):")


def load_file(path):
    spec = importlib.util.spec_from_file_location("saved", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("types", ["f8, f8[:], f8[:]", "float,f8[ : ],f8[:]"])
def test_save_for_types(tmp_path, types):
    g = grad(loss)
    g.save(tmp_path / "loss_grad.py", types)
    assert load_file(tmp_path / "loss_grad.py").loss_grad(0.0, X, Y) == -30.0
    assert (tmp_path / "loss_grad.py").read_text() == g.source_for(0.0, X, Y)
    assert [path.name for path in tmp_path.iterdir()] == ["loss_grad.py"]


def test_save_what_was_called(tmp_path):
    g = grad(loss)
    g(0.0, X, Y)
    g.save(str(tmp_path / "g.py"))
    assert (tmp_path / "g.py").read_text() == g.source


def test_save_does_not_depend_on_history(tmp_path):
    called, fresh = grad(loss), grad(loss)
    called(X, X, X)
    called.save(tmp_path / "a.py", "f8, f8[:], f8[:]")
    fresh.save(tmp_path / "b.py", "f8, f8[:], f8[:]")
    assert (tmp_path / "a.py").read_text() == (tmp_path / "b.py").read_text()


RATE = 0.5


def test_save_imports_or_writes_what_the_code_uses(tmp_path):
    grad(lambda x: RATE * x).save(tmp_path / "g.py", "f8")
    assert f"from {__name__} import RATE" in (tmp_path / "g.py").read_text()
    rate = 0.25
    grad(lambda x: rate * x).save(tmp_path / "h.py", "f8")
    assert "rate = 0.25" in (tmp_path / "h.py").read_text()
    assert load_file(tmp_path / "h.py").lambda__grad(1.0) == 0.25


def test_save_refuses_what_a_file_cannot_refer_to(tmp_path):
    weights = np.ones(3)
    with pytest.raises(UnsupportedError) as caught:
        grad(lambda x: np.sum(weights * x)).save(tmp_path / "g.py", "f8[:]")
    assert str(caught.value) == "lambda__grad can't be saved: it uses weights, which a file can't import"
    assert list(tmp_path.iterdir()) == []


@grad
def decorated(x):
    return x * x


def test_a_grad_function_can_be_pickled():
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert pickle.loads(pickle.dumps(grad(product)))(2.0, 3.0) == 3.0


# ---------------------------------------------------------------------------------------------- vjp


def test_vjp():
    out, pull = vjp(lambda x, y: x * y, X, Y)
    np.testing.assert_allclose(out, X * Y)
    x_bar, y_bar = pull(np.ones(4))
    np.testing.assert_allclose(x_bar, Y)
    np.testing.assert_allclose(y_bar, X)


def test_vjp_of_numbers():
    out, pull = vjp(product, 2.0, 3.0)
    assert (out, pull(1.0), pull(2), pull(np.float64(10))) == (6.0, (3.0, 2.0), (6.0, 4.0), (30.0, 20.0))


def test_vjp_passive_primals_and_zero_cotangents():
    out, pull = vjp(lambda x, k, name: x * k, 2.0, 3, "name")
    assert (out, pull(1.0), pull(None)) == (6.0, (3.0, None, None), (0.0, None, None))


def test_vjp_without_any_float():
    out, pull = vjp(lambda k: k * 2, 3)
    assert (out, pull(None)) == (6, (None,))


def test_vjp_with_aux():
    out, pull, aux = vjp(lambda x: (x * x, {"half": x / 2}), 4.0, has_aux=True)
    assert (out, pull(1.0), aux) == (16.0, (8.0,), {"half": 2.0})


def test_vjp_of_trees():
    def f(p):
        return {"sum": p[0] + p[1], "parts": (p[0] * p[1], 7)}

    out, pull = vjp(f, (2.0, 3.0))
    assert out == {"sum": 5.0, "parts": (6.0, 7)}
    assert pull({"sum": 1.0, "parts": (10.0, None)}) == ((31.0, 21.0),)
    assert pull({"sum": None, "parts": (1.0, None)}) == ((3.0, 2.0),)
    assert pull({"parts": (1.0, None), "sum": 1.0}) == ((4.0, 3.0),)


def test_vjp_of_a_decomposition_that_is_returned():
    x = np.array([[2.0, 0.5], [0.5, 3.0]])
    out, pull = vjp(lambda x: np.linalg.eigh(x), x)
    assert type(out) is type(np.linalg.eigh(x))
    assert np.allclose(pull(type(out)(np.ones(2), None))[0], np.eye(2))


def test_vjp_of_variadic_primals():
    _, pull = vjp(total, 3.0, 2.0, 5.0)
    assert pull(1.0) == (60.0, 45.0, 18.0)


def writes_and_returns(x):
    x[0] = 3 * x[1]
    y = x
    y[1] = y[1] * y[0] * y[2]
    return y


def test_pullbacks_never_write_their_tape():
    x = np.array([1.0, 2.0, 3.0])
    out, pull = vjp(writes_and_returns, x)
    value = out.copy()
    other_out, other = vjp(writes_and_returns, 2.0 * x)
    seed = np.array([1.0, 10.0, 100.0])
    first, of_other = pull(seed)[0], other(seed)[0]
    np.testing.assert_array_equal(pull(seed)[0], first)
    np.testing.assert_array_equal(other(seed)[0], of_other)
    np.testing.assert_array_equal(pull(2.0 * seed)[0], 2.0 * first)
    np.testing.assert_array_equal(out, value)
    np.testing.assert_array_equal(x, [1.0, 2.0, 3.0])
    np.testing.assert_allclose(first, [0.0, 3.0 + 10.0 * 36.0, 100.0 + 10.0 * 12.0])
    assert not np.shares_memory(out, other_out)


@pytest.mark.parametrize("write", ["primal", "output", "cotangent", "gradient"])
def test_pullbacks_do_not_see_later_writes(write):
    x = np.array([1.0, 2.0, 3.0])
    out, pull = vjp(lambda x: x * np.exp(x), x)
    seed = np.ones(3)
    first = pull(seed)[0].copy()
    if write == "primal":
        x[:] = 7.0
    elif write == "output":
        out[:] = 7.0
    elif write == "cotangent":
        kept = pull(seed)[0]
        seed[:] = 7.0
        np.testing.assert_array_equal(kept, first)
        seed[:] = 1.0
    else:
        pull(seed)[0][:] = 7.0
    np.testing.assert_array_equal(pull(seed)[0], first)


def test_pullbacks_do_not_see_later_writes_to_a_tree():
    params = {"w": np.ones(2), "scale": [2.0]}
    _, pull = vjp(lambda p, x: np.sum(p["w"] * x * p["scale"][0]), params, np.arange(2.0))
    params["w"][:] = 9.0
    params["scale"][0] = 9.0
    np.testing.assert_array_equal(pull(1.0)[0]["w"], [0.0, 2.0])
    assert pull(1.0)[0]["scale"] == [1.0]


def test_the_output_of_an_identity_is_a_copy():
    x = np.ones(3)
    out, pull = vjp(lambda x: x, x)
    assert not np.shares_memory(out, x)
    seed = np.arange(3.0)
    np.testing.assert_array_equal(pull(seed)[0], seed)
    assert not np.shares_memory(pull(seed)[0], seed)


def test_cotangents_are_converted_to_the_dtype_of_the_output():
    _, pull = vjp(lambda x: x * x, np.ones(2, np.float32))
    assert pull(np.array([1, 2]))[0].dtype == np.float32
    assert pull(np.array([1.0, 2.0]))[0].tolist() == [2.0, 4.0]


def test_vjp_of_a_method_a_gradient_and_a_closure():
    assert vjp(Spring(3.0).energy, 2.0)[1](1.0) == (6.0,)
    assert vjp(grad(lambda x: x**3), 2.0)[1](1.0) == (12.0,)
    for k in (2.0, 3.0):
        assert vjp(lambda x, k=k: k * x, 1.0)[1](1.0)[0] == k


# ---------------------------------------------------------------------------------------------- stop_gradient


def test_stop_gradient():
    assert grad(lambda x: x * stop_gradient(x))(3.0) == 3.0
    np.testing.assert_array_equal(grad(lambda x: np.sum(x * stop_gradient(x**2)))(X), X**2)
    assert "stop_gradient(x)" in grad(lambda x: x * stop_gradient(x)).source_for(2.0)


def test_stop_gradient_of_trees():
    tree = OrderedDict(a=X, b=(1.0, None, "s"))
    copy = stop_gradient(tree)
    assert type(copy) is OrderedDict
    assert copy["b"] == (1.0, None, "s")
    np.testing.assert_array_equal(copy["a"], X)
    assert grad(lambda p: p[0] * stop_gradient(p)[1])((2.0, 3.0)) == (3.0, 0.0)


@dataclass
class Body:
    at: np.ndarray
    mass: float


def test_stop_gradient_of_what_the_function_makes():
    def fun(x):
        body, kept, named = Body(x * x, x[0]), [x[0], None, "s", x], {"scale": x[1], "rest": (x, 2)}
        still, held, still_named = stop_gradient(body), stop_gradient(kept), stop_gradient(named)
        kept[3], named["scale"] = x * 2, 0.0
        of_body = np.sum(still.at * x) * still.mass * body.mass
        return of_body + held[0] * np.sum(held[3] * kept[3]) + still_named["scale"] * np.sum(still_named["rest"][0] * x)

    expected = X[0] ** 2 * X**2 + 2.0 * X[0] * X + X[1] * X
    expected[0] += np.sum(X**3) * X[0]
    np.testing.assert_allclose(grad(fun)(X), expected)


@pytest.mark.parametrize(
    ("fun", "args", "expected"),
    [
        (np.sin, (1.0,), np.cos(1.0)),
        (math.hypot, (3.0, 4.0), 0.6),
        (operator.mul, (2.0, 3.0), 3.0),
        (np.prod, (np.array([2.0, 3.0]),), np.array([3.0, 2.0])),
        (np.linalg.det, (np.diag([2.0, 3.0]),), np.diag([3.0, 2.0])),
        (functools.partial(np.dot, np.array([2.0, 3.0])), (np.array([5.0, 7.0]),), np.array([2.0, 3.0])),
    ],
    ids=["ufunc", "any number of arguments", "operator", "with options", "linalg", "partial"],
)
def test_functions_with_a_rule_need_no_source(fun, args, expected):
    np.testing.assert_allclose(grad(fun)(*args), expected, rtol=1e-15)


def test_functions_with_a_rule_are_differentiated_again():
    assert grad(grad(np.sin))(1.0) == pytest.approx(-np.sin(1.0), rel=1e-15)
    assert grad(np.sin).source_for(1.0).startswith("import numpy as np\n\n\ndef sin_grad(")
    with pytest.raises(TypeError, match="unexpected keyword argument 'axis'"):
        grad(np.prod)(X, axis=0)


def test_stop_gradient_does_not_share_memory():
    def f(x):
        y = x * 1.0
        fixed = stop_gradient(y)
        y[0] = 7.0
        return np.sum(fixed * y)

    np.testing.assert_array_equal(grad(f)(np.array([1.0, 2.0, 3.0])), [0.0, 2.0, 3.0])


def test_public_names():
    functions = ["check_grads", "grad", "jvp", "linearize", "stop_gradient", "value_and_grad", "vjp"]
    functions += ["custom_jvp", "custom_vjp", "implicit"]
    functions += ["checkpoint", "checkpointed", "jacobian_pattern", "sparse_hessian", "sparse_jacobian"]
    functions += ["elementwise_grad", "hessian", "hvp", "jacfwd", "jacobian", "jacrev"]
    assert sorted(srcgrad.__all__) == sorted([*functions, "GradFunction", "__version__", "errors", "rules"])
    assert all(hasattr(srcgrad, name) for name in srcgrad.__all__)
    assert srcgrad.__version__ == "0.1.0"


def test_check_grads():
    srcgrad.check_grads(loss, (0.5, X, Y))


def test_a_pullback_does_not_see_later_writes_to_primals_that_overlap():
    base = np.ones(4)
    _, pull = vjp(lambda a, b: a * b, base[:3], base[1:])
    base[:] = 0.0
    assert np.array_equal(pull(np.ones(3)), [np.ones(3), np.ones(3)])


ROWS = np.ones((2, 3))


def test_a_pullback_does_not_see_later_writes_to_rows_that_it_read():
    def rows(x, y):
        for i in range(2):
            x = x * ROWS[i] * y[i]
        return x

    before = ROWS.copy()
    both = np.ones((3, 3))
    _, pull = vjp(rows, both[2], both)
    expected = pull(np.ones(3))
    ROWS[:] = 7.0
    both[:] = 5.0
    again = pull(np.ones(3))
    ROWS[:] = before
    assert all(np.array_equal(p, q) for p, q in zip(expected, again, strict=True))


class Scaled:
    __scale = 3.0

    def inner(self):
        def apply(x):
            return x * self.__scale

        return apply

    def lambda_in_a_comprehension(self):
        return [lambda x: sum([x * self.__scale for _ in range(2)])][0]


def test_private_names_in_functions_that_methods_make():
    assert grad(Scaled().inner())(2.0) == 3.0
    assert grad(Scaled().lambda_in_a_comprehension())(2.0) == 6.0
