"""What an error shows, and what it can be caught as."""

import copy
import linecache
import pickle
import traceback

import pytest

from srcgrad import errors
from srcgrad.errors import ArgumentError, InternalError, NoRuleError, NotScalarError, Span, SrcgradError

TEXT = "def f(angles):\n    phase = np.unwrap(angles)\n\tz = g(x)\n    return foo(\n        phase)\n"
CLASSES = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, SrcgradError)]


@pytest.fixture
def filename():
    name = "<errors-test>"
    linecache.cache[name] = (len(TEXT), None, TEXT.splitlines(True), name)
    yield name
    del linecache.cache[name]


def test_render_names_place_and_way_out(filename):
    error = NoRuleError("no derivative rule for np.unwrap", Span(filename, 2, 12, 2, 29), help="give it one")
    assert error.render() == (
        "srcgrad.errors.NoRuleError: no derivative rule for np.unwrap\n"
        '  File "<errors-test>", line 2\n'
        "    phase = np.unwrap(angles)\n"
        "            ^^^^^^^^^^^^^^^^^\n"
        "  help: give it one"
    )


def test_traceback_underlines_and_helps(filename):
    error = NoRuleError("no rule", Span(filename, 2, 12, 2, 29), help="give it one")
    shown = "".join(traceback.format_exception_only(error))
    assert f'File "{filename}", line 2\n    phase = np.unwrap(angles)\n            {"^" * 17}\n' in shown
    assert shown.endswith("srcgrad.errors.NoRuleError: no rule\nhelp: give it one\n")


@pytest.mark.parametrize(
    ("span", "code", "carets"),
    [
        ((4, 11, 5, 14), "return foo(", "       ^^^^"),
        ((3, 5, 3, 9), "\tz = g(x)", "\t    ^^^^"),
        ((4, 4, 4, 4), "return foo(", "^"),
    ],
    ids=["several lines", "tab", "empty"],
)
def test_underlined(filename, span, code, carets):
    error = SrcgradError("m", Span(filename, *span))
    assert error.render().splitlines()[2:] == [f"    {code}", f"    {carets}"]
    assert f"    {code}\n    {carets}\n" in "".join(traceback.format_exception_only(error))


def test_without_span_or_text():
    assert SrcgradError("m").render() == "srcgrad.errors.SrcgradError: m"
    lost = SrcgradError("m", Span("<nowhere>", 7, 0, 7, 3))
    assert lost.render().splitlines() == ["srcgrad.errors.SrcgradError: m", '  File "<nowhere>", line 7']
    assert "line 7" in "".join(traceback.format_exception_only(lost))


def test_str_is_the_message_alone(filename):
    assert str(NoRuleError("no rule", Span(filename, 2, 12, 2, 29), "help")) == "no rule"


@pytest.mark.parametrize("cls", CLASSES)
def test_every_class(cls, filename):
    assert cls.__doc__ and cls.__doc__ != SyntaxError.__doc__
    error = cls("m", Span(filename, 2, 12, 2, 29))
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is cls
        assert twin.render() == error.render()
        assert twin.span == error.span


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("NoRuleError", NotImplementedError),
        ("UnsupportedError", NotImplementedError),
        ("NotScalarError", TypeError),
        ("ArgumentError", TypeError),
        ("ShapeError", ValueError),
        ("AliasError", ValueError),
        ("NanError", FloatingPointError),
        ("InternalError", RuntimeError),
    ],
)
def test_caught_as_what_a_user_expects(name, base):
    with pytest.raises(base):
        raise getattr(errors, name)("m")


def test_helps():
    assert "np.sum" in NotScalarError("m").render()
    assert "returned shape (3, 2)" in str(NotScalarError.of("loss", (3, 2)))
    assert "report" in InternalError("m").render()
    assert "0: w, 1: x" in ArgumentError.of_parameters("m", "loss", ["w", "x"]).render()
    assert "no parameters" in ArgumentError.of_parameters("m", "loss", []).render()
    assert NotScalarError("m", help="another way").help == "another way"
