"""What the compiler says about a program that it cannot differentiate: message, line, underlined text and way out."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
from scipy.special import ber, zeta

from srcgrad import grad, jvp, vjp
from srcgrad.errors import AliasError, NoRuleError, NotScalarError, SourceChangedError, SrcgradError, UnsupportedError


def no_rule(x):
    inner = np.trim_zeros(x)
    return np.sum(inner)


def no_rule_of_another_library(x):
    return np.sum(zeta(x, 1.0))


def no_rule_of_a_foreign_ufunc(x):
    return np.sum(ber(x))


def unknown_to_the_rule(x):
    return np.sum(np.clip(x, 0.0, 1.0, dtype=float))


def unknown_to_the_rule_of_a_quantile(x):
    return np.quantile(x, 0.3, method="nearest")


def not_a_number(x):
    return x * 2.0


def several_axes(x):
    return x.reshape(3, 2)


def unsupported(x):
    class Scale:
        factor = 2.0

    return np.sum(x) * Scale.factor


@pytest.mark.parametrize(
    ("fun", "cls", "rendered"),
    [
        (
            no_rule,
            NoRuleError,
            """\
no derivative rule for np.trim_zeros
    inner = np.trim_zeros(x)
            ^^^^^^^^^^^^^^^^
  help: give it one with @srcgrad.rules.vjp(np.trim_zeros), or wrap the argument in srcgrad.stop_gradient""",
        ),
        (
            no_rule_of_another_library,
            NoRuleError,
            """\
no derivative rule for scipy.special.zeta
    return np.sum(zeta(x, 1.0))
                  ^^^^^^^^^^^^
  help: give it one with @srcgrad.rules.vjp(scipy.special.zeta), or wrap the argument in srcgrad.stop_gradient""",
        ),
        (
            unknown_to_the_rule,
            NoRuleError,
            """\
the derivative rule of clip does not know the argument 'dtype'
    return np.sum(np.clip(x, 0.0, 1.0, dtype=float))
                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  help: leave the argument out, or write what it does with other functions""",
        ),
        (
            unknown_to_the_rule_of_a_quantile,
            NoRuleError,
            """\
the derivative rule of quantile does not know the argument 'method'
    return np.quantile(x, 0.3, method="nearest")
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  help: leave the argument out, or write what it does with other functions""",
        ),
        (
            no_rule_of_a_foreign_ufunc,
            NoRuleError,
            """\
no derivative rule for scipy.special.ber
    return np.sum(ber(x))
                  ^^^^^^
  help: give it one with @srcgrad.rules.vjp(scipy.special.ber), or wrap the argument in srcgrad.stop_gradient""",
        ),
        (
            not_a_number,
            NotScalarError,
            """\
not_a_number returned shape (n,), not a number
    return x * 2.0
           ^^^^^^^
  help: reduce it with np.sum, or use srcgrad.vjp""",
        ),
        (
            several_axes,
            NotScalarError,
            """\
several_axes returned shape (3, 2), not a number
    return x.reshape(3, 2)
           ^^^^^^^^^^^^^^^
  help: reduce it with np.sum, or use srcgrad.vjp""",
        ),
        (
            unsupported,
            UnsupportedError,
            """\
a class inside of a differentiated function is not supported
    class Scale:
    ^^^^^^^^^^^^
  help: define it outside of the function""",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_rendered(fun, cls: type[SrcgradError], rendered: str):
    with pytest.raises(cls) as caught:
        grad(fun)(np.ones(6))
    error = caught.value
    first, place, *rest = error.render().splitlines()
    line = fun.__code__.co_firstlineno + 1
    assert first == f"srcgrad.errors.{cls.__name__}: {rendered.splitlines()[0]}"
    assert place == f'  File "{__file__}", line {line}'
    assert "\n".join(rest).startswith("\n".join(rendered.splitlines()[1:]))


def test_written_arguments_that_overlap():
    def step(x, y):
        x[0] = y[1]
        return np.sum(x * y)

    x = np.ones(4)
    for call in (lambda: grad(step)(x[:3], x[1:]), lambda: grad(step)(x, x), lambda: vjp(step, x, x)):
        with pytest.raises(AliasError) as caught:
            call()
        line = step.__code__.co_firstlineno + 1
        assert caught.value.msg == f"x and y share memory, and x is written in test_errors_compile.py:{line}"
        assert caught.value.help == "pass a copy of one of them: y.copy()"
    assert np.array_equal(x, np.ones(4))
    grad(step)(x[:2], x[2:])


def test_a_file_that_was_edited_after_its_import(tmp_path):
    path = tmp_path / "edited.py"
    path.write_text("def f(x):\n    return x * x\n")
    spec = importlib.util.spec_from_file_location("edited_after_import", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["edited_after_import"] = module
    spec.loader.exec_module(module)
    path.write_text("def f(x):\n    return x * x * x\n")
    with pytest.raises(SourceChangedError) as caught:
        grad(module.f)(2.0)
    del sys.modules["edited_after_import"]
    assert "edited after its import" in caught.value.msg
    assert caught.value.help == SourceChangedError.default_help


def test_as_many_names_as_values():
    def four(q):
        w, x, y, z = q
        return w * x + y * z

    def some(q):
        a, *b, c = q
        return a * c + np.sum(np.array(b))

    def rows(m):
        total = 0.0
        for a, b in m:
            total += a * b
        return total

    q = np.arange(1.0, 5.0)
    assert np.array_equal(grad(four)(q), [2.0, 1.0, 4.0, 3.0])
    for values in (np.ones(3), np.ones(5), np.ones(0)):
        with pytest.raises(ValueError, match="number of values to unpack is not 4"):
            grad(four)(values)
        with pytest.raises(ValueError, match="number of values to unpack is not 4"):
            vjp(four, values)
    assert np.array_equal(grad(some)(q), [4.0, 1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="fewer values to unpack than 2"):
        grad(some)(q[:1])
    with pytest.raises(ValueError, match="number of values to unpack is not 2"):
        grad(rows)(np.ones((2, 3)))


def test_written_arguments_of_one_name_that_overlap():
    def step(p, q, r):
        p["u"][0] *= 2.0
        return np.sum(p["u"] * q["u"] * r["u"])

    x, y = np.ones(3), np.ones(3)
    for others in ((x, y), (y, x)):
        with pytest.raises(AliasError, match="share memory, and u is written"):
            grad(step)({"u": x}, *[{"u": other} for other in others])
    assert grad(step)({"u": x}, {"u": y}, {"u": y})["u"].tolist() == [2.0, 1.0, 1.0]
    assert np.array_equal(x, np.ones(3))


WEIGHTS = np.array([1.0, 2.0])


def test_updated_arguments_that_overlap_in_code_for_any_kind():
    """There an update that nobody else sees makes a new array: that nobody else sees it is checked as it runs."""

    def with_another(x, y):
        x += y
        return np.sum(x * y)

    def with_a_global(x, y):
        x += y
        return np.sum(x * WEIGHTS)

    for fun, args in ((with_another, (WEIGHTS, WEIGHTS)), (with_a_global, (WEIGHTS, 2.0))):
        entry = grad(fun)._dispatcher.generic().entry
        with pytest.raises(AliasError):
            entry(*args)
        assert np.all(entry(np.array([3.0, 4.0]), args[1]) == WEIGHTS)
        assert WEIGHTS.tolist() == [1.0, 2.0]


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) >= "2.5.0", reason="np.add.at heeds that an array is read-only")
def test_add_at_and_other_writes_to_what_is_read_only():
    def deposited(x, s):
        np.add.at(x, [0, 2, 0], s)
        x[1] = s * x[2]
        return np.sum(x * x)

    x = np.array([0.3, 0.5, 0.7])
    assert np.all(np.isfinite(grad(deposited)(x, 0.4)))
    x.flags.writeable = False
    with pytest.raises(UnsupportedError) as caught:
        grad(deposited)(x, 0.4)
    assert "x is read-only, which np.add.at overlooks before NumPy 2.5" in str(caught.value)


def remainder_of_complex(x):
    _unused = (1j * x) % 5.0
    return x * x


def rest_of_complex(x):
    _unused = divmod(x, 1j * x)
    return x * x


def order_of_complex(x):
    _unused = 1j * x < 5.0
    return x * x


def whole_part_of_complex(x):
    _unused = int(1j * x)
    return x * x


def larger_of_complex(x):
    _unused = max(1j * x, 2.0)
    return x * x


def rounded_complex(x):
    _unused = np.floor(1j * x)
    return x * x


def angle_of_complex(x):
    _unused = np.arctan2(1j * x, x)
    return x * x


def larger_of_unequal_lengths(x):
    _unused = np.maximum(np.array([1.0, x]), np.ones(3))
    return x * x


def bits_of_floats(x):
    _unused = x & 2
    return x * x


def nothing(x):
    pass


def product_with_a_function(x):
    _unused = 1.63 * nothing
    return x * x


def sum_with_none(x):
    _unused = x + None
    return x * x


def sum_with_a_text(x):
    _unused = x + "a"
    return x * x


def product_with_a_module(x):
    _unused = np * x
    return x * x


def negative_function(x):
    _unused = -nothing
    return x * x


def function_in_order(x):
    _unused = x < nothing
    return x * x


def size_of_a_function(x):
    _unused = abs(nothing)
    return x * x


def number_of_a_text(x):
    _unused = int("a")
    return x * x


def sum_of_none(x):
    _unused = sum([x, None])
    return x * x


def sine_of_a_text(x):
    _unused = np.sin("a")
    return x * x


def text_in_place_of_a_number(x):
    _unused = "%d" % "a"  # noqa: UP031
    return x * x


def sorted_powers(x):
    low, high = sorted([(x - 1.0) ** 0.5, x])
    return low * high


@pytest.mark.parametrize(
    "fun",
    [
        *(product_with_a_function, sum_with_none, sum_with_a_text, product_with_a_module, negative_function),
        *(function_in_order, size_of_a_function, number_of_a_text, sum_of_none, sine_of_a_text),
        *(text_in_place_of_a_number, sorted_powers),
        *(remainder_of_complex, rest_of_complex, order_of_complex, whole_part_of_complex, larger_of_complex),
        *(rounded_complex, angle_of_complex, larger_of_unequal_lengths),
        bits_of_floats,
    ],
)
def test_what_nobody_uses_raises_as_in_the_function(fun):
    with pytest.raises(Exception) as expected:
        fun(0.5)
    for derivative in (lambda: grad(fun)(0.5), lambda: vjp(fun, 0.5), lambda: jvp(fun, (0.5,), (1.0,))):
        with pytest.raises(type(expected.value)):
            derivative()


def test_the_imaginary_part_of_a_power_of_a_float_is_refused():
    def lagging(x):
        root = 2.0 * (x - 3.0) ** 0.5
        return root.imag * x

    def of_a_square(x):
        return ((x - 3.0) ** 2).imag + x

    for derivative in (lambda: grad(lagging)(1.0), lambda: jvp(lagging, (1.0,), (1.0,))):
        with pytest.raises(UnsupportedError, match="a negative float raised to a fraction is complex") as caught:
            derivative()
        assert caught.value.help == "raise a complex number: complex(x) ** y"
    assert grad(of_a_square)(1.0) == 1.0


def test_arguments_that_a_rule_has_no_derivative_for_are_refused_with_the_line():
    def mismatched(x):
        return np.sum(np.block([[x[:2], [x[0]]], [np.ones(3)]]))

    with pytest.raises(ValueError):
        mismatched(np.ones(3))
    with pytest.raises(UnsupportedError, match="a derivative rule raises IndexError") as caught:
        grad(mismatched)(np.ones(3))
    assert caught.value.lineno is not None
