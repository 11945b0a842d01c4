"""A change in the world outside of a function, and in the file it stands in, is seen at the next call."""

from __future__ import annotations

import collections
import enum
import functools
import importlib
import os
import sys
import textwrap
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import grad
from srcgrad.errors import ArgumentError, SourceChangedError, UnsupportedError


class Changes:
    """Compares a gradient with the slope of the function itself after each change; all functions here are linear."""

    def __init__(self, fun: Callable[..., Any], *others: Any):
        self.fun = fun
        self.others = others
        self.gradient = grad(fun)

    def check(self) -> float:
        expected = self.fun(1.0, *self.others) - self.fun(0.0, *self.others)
        for _ in range(2):
            assert self.gradient(1.0, *self.others) == pytest.approx(expected)
        return float(expected)


class Model:
    """Something with attributes, methods and special methods to change."""

    scale = 2.0

    def __init__(self, k: float = 1.0):
        self.k = k

    def apply(self, x, factor=(1.0, [1.0]), *, more=None):
        return self.k * x * factor[1][0]

    @property
    def twice(self):
        return 2.0 * self.k

    @classmethod
    def of_class(cls, x):
        return cls.scale * x

    @staticmethod
    def fixed(x):
        return 3.0 * x

    def __call__(self, x):
        return 5.0 * self.k * x

    def __getitem__(self, i):
        return self.k + i

    def __len__(self):
        return 2

    def __mul__(self, other):
        return self.k * other

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


@pytest.fixture
def model_class():
    """A class of its own for each test, so that it may be changed."""
    return type("Model", (Model,), dict(vars(Model)))


# ---------------------------------------------------------------------------------------------- classes and objects


def test_methods_of_a_class(model_class):
    model = model_class(2.0)

    def loss(x):
        return model.apply(x) + model.twice * x + model.of_class(x) + model.fixed(x)

    changes = Changes(loss)
    assert changes.check() == 2.0 + 4.0 + 2.0 + 3.0
    model_class.apply = lambda self, x: 10.0 * x
    assert changes.check() == 10.0 + 4.0 + 2.0 + 3.0
    model_class.twice = property(lambda self: 20.0)
    assert changes.check() == 10.0 + 20.0 + 2.0 + 3.0
    model_class.of_class = classmethod(lambda cls, x: 30.0 * x)
    assert changes.check() == 10.0 + 20.0 + 30.0 + 3.0
    model_class.fixed = staticmethod(lambda x: 40.0 * x)
    assert changes.check() == 10.0 + 20.0 + 30.0 + 40.0


def test_an_attribute_of_an_object_hides_a_method_of_its_class(model_class):
    model = model_class(2.0)
    changes = Changes(lambda x: model.apply(x))
    assert changes.check() == 2.0
    model.apply = lambda x: 7.0 * x
    assert changes.check() == 7.0
    del model.apply
    assert changes.check() == 2.0
    hidden_from_the_start = model_class(1.0)
    hidden_from_the_start.apply = lambda x: 9.0 * x
    assert Changes(lambda x: hidden_from_the_start.apply(x)).check() == 9.0


@pytest.mark.parametrize(
    ("name", "use", "changed"),
    [
        ("__call__", lambda m, x: m(x), lambda self, x: 70.0 * x),
        ("__getitem__", lambda m, x: m[1] * x, lambda self, i: 70.0),
        ("__len__", lambda m, x: len(m) * x, lambda self: 70),
        ("__len__", lambda m, x: 2.0 * x if m else 3.0 * x, lambda self: 0),
        ("__mul__", lambda m, x: m * x, lambda self, other: 70.0 * other),
    ],
)
def test_special_methods(model_class, name, use, changed):
    model = model_class(2.0)
    changes = Changes(lambda x: use(model, x))
    before = changes.check()
    setattr(model_class, name, changed)
    assert changes.check() != before


def test_a_context_of_a_class_that_changes(model_class):
    model = model_class(2.0)

    def loss(x):
        with model as entered:
            return entered.k * x

    changes = Changes(loss)
    assert changes.check() == 2.0
    other = model_class(9.0)
    model_class.__enter__ = lambda self: other
    assert changes.check() == 9.0


def test_base_classes_and_the_class_of_an_object():
    class Two:
        def apply(self, x):
            return 2.0 * x

    class Three:
        def apply(self, x):
            return 3.0 * x

    class Child(Two):
        pass

    class Other(Three):
        pass

    child = Child()
    changes = Changes(lambda x: child.apply(x) if isinstance(child, Two) else 10.0 * child.apply(x))
    assert changes.check() == 2.0
    Child.__bases__ = (Three,)
    assert changes.check() == 30.0
    child.__class__ = Other
    assert changes.check() == 30.0
    Three.apply = Two.apply
    assert changes.check() == 20.0


def test_methods_of_objects_that_the_function_makes():
    class Base:
        def value(self):
            return self.x

    class Made(Base):
        factor = 1.0

        def __init__(self, x):
            self.x = x

        def value(self):
            return 2.0 * super().value() * self.factor

    changes = Changes(lambda x: Made(x).value())
    assert changes.check() == 2.0
    Base.value = lambda self: 7.0 * self.x
    assert changes.check() == 14.0
    Made.factor = 3.0
    assert changes.check() == 42.0

    def other_init(self, x):
        self.x = 10.0 * x

    Made.__init__ = other_init
    assert changes.check() == 420.0


class Decibel(float):
    def __radd__(self, other):
        return 2.0 * float(self) * other


class Mode(enum.IntEnum):
    SLOW = 1
    FAST = 2


def test_numbers_of_derived_classes():
    gradient = grad(lambda x, y: x * y)
    assert [gradient(1.0, Mode.SLOW), gradient(1.0, Mode.FAST), gradient(1.0, Decibel(3.0))] == [1.0, 2.0, 3.0]
    in_lists = grad(lambda x, y: x * y[0])
    assert [in_lists(1.0, [Decibel(3.0)]), in_lists(1.0, [Decibel(4.0)]), in_lists(1.0, [5.0])] == [3.0, 4.0, 5.0]
    reflected = grad(lambda x, y: x + y)
    assert [reflected(1.0, Decibel(3.0)), reflected(1.0, Decibel(4.0)), reflected(1.0, 3.0)] == [6.0, 8.0, 1.0]
    assert reflected(np.float64(1.0), Decibel(3.0)) == 1.0


def test_attributes_that_appear():
    thing = types.SimpleNamespace()
    changes = Changes(lambda x: 2.0 * x if hasattr(thing, "k") else getattr(thing, "other", 5.0) * x)
    assert changes.check() == 5.0
    thing.other = 6.0
    assert changes.check() == 6.0
    thing.k = None
    assert changes.check() == 2.0


def test_hasattr_of_objects_that_the_function_makes():
    class Made:
        def __init__(self, x):
            self.x = x

    def loss(x):
        made = Made(x)
        first = made.x if hasattr(made, "x") else 0.0
        return first + getattr(made, "y", 3.0) * x + (100.0 * x if hasattr(made, "y") else 0.0)

    assert Changes(loss).check() == 4.0


def test_bound_methods_and_objects_in_containers():
    first, second = Model(2.0), Model(3.0)
    functions = {"f": first.apply, "g": second}
    changes = Changes(lambda x: functions["f"](x) + functions["g"](x))
    assert changes.check() == 17.0
    first.k = 4.0
    assert changes.check() == 19.0
    second.k = 1.0
    assert changes.check() == 9.0
    functions["g"] = lambda x: x
    assert changes.check() == 5.0


def test_a_method_of_an_argument(model_class):
    model = model_class(2.0)
    changes = Changes(lambda x, m: m.apply(x), model)
    assert changes.check() == 2.0
    model.apply = lambda x: 9.0 * x
    assert changes.check() == 9.0
    model_class.apply = lambda self, x: 4.0 * x
    assert changes.check() == 9.0
    del model.apply
    assert changes.check() == 4.0


# ---------------------------------------------------------------------------------------------- functions


def test_defaults_of_a_method_at_any_depth(model_class):
    model = model_class(2.0)
    changes = Changes(lambda x: model.apply(x))
    assert changes.check() == 2.0
    model_class.apply.__defaults__[0][1][0] = 5.0
    try:
        assert changes.check() == 10.0
    finally:
        model_class.apply.__defaults__[0][1][0] = 1.0
    assert changes.check() == 2.0


def test_keywords_of_a_partial_application():
    def scaled(x, k, m=1.0):
        return k * x * m

    applied = functools.partial(scaled, k=3.0)
    used = Changes(lambda x: applied(x))
    itself = Changes(applied)
    assert (used.check(), itself.check()) == (3.0, 3.0)
    applied.keywords["k"] = 4.0
    assert (used.check(), itself.check()) == (4.0, 4.0)
    applied.keywords["m"] = 2.0
    assert (used.check(), itself.check()) == (8.0, 8.0)
    empty = functools.partial(lambda x, k=1.0: k * x)
    changes = Changes(empty)
    assert changes.check() == 1.0
    empty.keywords["k"] = 6.0
    assert changes.check() == 6.0


def test_what_a_partial_application_holds():
    model, items = Model(2.0), [1.0, 2.0]
    first = functools.partial(lambda m, x: m.k * x, model)
    second = functools.partial(lambda values, x: sum(values) * x, items)
    changes = Changes(lambda x: first(x) + second(x))
    assert changes.check() == 5.0
    model.k = 6.0
    items.append(4.0)
    assert changes.check() == 13.0


def test_a_global_that_hides_a_built_in():
    module = types.ModuleType("hiding")
    text = "def loss(x):\n    return abs(2.0 * x)\n"
    source = "<hiding>"
    sys.modules["linecache"].cache[source] = (len(text), None, text.splitlines(True), source)
    exec(compile(text, source, "exec"), vars(module))
    changes = Changes(module.loss)
    assert changes.check() == 2.0
    module.abs = lambda x: 3.0 * x
    assert changes.check() == 6.0
    del module.abs
    assert changes.check() == 2.0


def test_a_cell_without_a_value():
    def make():
        k = 2.0

        def loss(x):
            return k * x

        def forget():
            nonlocal k
            del k

        return loss, forget

    loss, forget = make()
    g = grad(loss)
    assert g(1.0) == 2.0
    forget()
    with pytest.raises(UnsupportedError, match="free variable 'k', which has no value"):
        g(1.0)


# ---------------------------------------------------------------------------------------------- containers


class Items(list):
    """A list of a class of its own."""


@pytest.mark.parametrize("make", [dict, collections.OrderedDict, lambda d: collections.defaultdict(float, d)])
def test_keys_of_a_dict(make):
    table = make({"a": 1.0, "b": 2.0})
    outside = Changes(lambda x: sum([table[key] * x for key in table]))
    argument = Changes(lambda x, t: sum([t[key] * x for key in t]), table)
    assert (outside.check(), argument.check()) == (3.0, 3.0)
    table["c"] = 5.0
    assert (outside.check(), argument.check()) == (8.0, 8.0)
    del table["a"]
    assert (outside.check(), argument.check()) == (7.0, 7.0)


@pytest.mark.parametrize("make", [list, Items])
def test_items_of_a_list(make):
    items = make([1.0, 2.0])

    def total(x, values):
        s = 0.0
        for v in values:
            s = s + v * x
        return s

    outside = Changes(lambda x: total(x, items))
    argument = Changes(total, items)
    for change in (lambda: items.append(5.0), items.clear, lambda: items.extend([1.0] * 20), lambda: items.pop()):
        change()
        assert outside.check() == argument.check() == sum(items)


def test_members_of_a_set():
    members = {1, 2}
    outside = Changes(lambda x: 2.0 * x if 1 in members else 3.0 * x)
    argument = Changes(lambda x, n, s: 2.0 * x if n in s else 3.0 * x, 1, members)
    assert (outside.check(), argument.check()) == (2.0, 2.0)
    members.discard(1)
    assert (outside.check(), argument.check()) == (3.0, 3.0)
    members.add(1)
    assert (outside.check(), argument.check()) == (2.0, 2.0)


# ---------------------------------------------------------------------------------------------- files


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module and imports it; called again it writes another text to its file, and does not import that."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made: list[Any] = []

    def write(text: str | bytes) -> Any:
        data = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
        name = f"srcgrad_module_{abs(hash(tmp_path))}"
        path = tmp_path / f"{name}.py"
        path.write_bytes(data)
        if made:
            later = path.stat().st_mtime + 10.0 * len(made)
            os.utime(path, (later, later))
            made.append(None)
        else:
            importlib.invalidate_caches()
            made.append(importlib.import_module(name))
            monkeypatch.delitem(sys.modules, name)
            sys.modules[name] = made[0]
        return made[0]

    return write


BEFORE = "def helper(x):\n    return 2.0 * x\n\n\ndef loss(x):\n    'Old.'\n    return helper(x) * x\n"


@pytest.mark.parametrize(
    "after",
    [
        "# a comment\n\nimport os\n# another\n" + BEFORE,
        BEFORE.replace("return helper(x) * x", "# why\n\n    return (helper(x)  # so\n            * x)"),
        BEFORE.replace("Old.", "New.").replace("\n\n\n", "\n" * 9),
        "def loss(x):\n    'Old.'\n    return helper(x) * x\n\n\ndef helper(x):\n    return 2.0 * x\n",
        "\n\n\n\n# the line where the function was holds a comment now\n" + BEFORE,
        "def loss(x):\n    return 99.0\n\n\n" + BEFORE,
    ],
)
def test_lines_that_are_shifted_do_no_harm(module, after):
    imported = module(BEFORE)
    module(after)
    assert grad(imported.loss)(3.0) == 12.0


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("2.0", "3.0"),
        BEFORE.replace("2.0", "2"),
        BEFORE.replace("helper(x) * x", "helper(x) + x"),
        BEFORE.replace("helper(x) * x", "other(x) * x"),
        BEFORE.replace("def loss", "def cost"),
        BEFORE.replace("def loss(x)", "def loss(x, k=1.0)"),
        BEFORE.replace("* x\n", "* (x\n"),
        "# nothing is left\n",
    ],
)
def test_a_function_that_was_edited_is_refused(module, after):
    imported = module(BEFORE)
    module(after)
    with pytest.raises(SourceChangedError, match="edited after its import"):
        grad(imported.loss)(3.0)


def test_functions_inside_of_an_edited_function(module):
    before = "def loss(x):\n    def inner(y):\n        return (lambda z: 2.0 * z)(y)\n    return inner(x)\n"
    imported = module(before)
    module(before.replace("2.0", "3.0"))
    with pytest.raises(SourceChangedError):
        grad(imported.loss)(3.0)


def test_an_edit_after_the_first_call_is_no_harm(module):
    imported = module(BEFORE)
    g = grad(imported.loss)
    assert g(3.0) == 12.0
    module(BEFORE.replace("2.0", "3.0"))
    assert g(3.0) == g(np.float32(3.0)) == grad(imported.loss)(3.0) == 12.0


def test_reloading(module):
    imported = module(BEFORE)
    through_the_module = grad(lambda x: imported.loss(x))
    old = grad(imported.loss)
    assert (through_the_module(3.0), old(3.0)) == (12.0, 12.0)
    module("# moved\n" + BEFORE.replace("2.0", "5.0"))
    importlib.reload(imported)
    assert through_the_module(3.0) == grad(imported.loss)(3.0) == 30.0
    # The old function sees the new helper, as in Python.
    assert old(3.0) == 30.0


@pytest.mark.parametrize(
    "text",
    [
        b"\x0cdef loss(x):\n    y = 2 * x\n    return y\n",
        b"\x0c\ndef loss(x):\n\x0c    y = 2 * x\n    return y\n",
        b"if 1:\n \x0c    def loss(x):\n        return 2 * x\n",
        b"def other():\r\n\tpass\r\ndef loss(x):\r\n\ty = 2 * x\r\n\treturn y\r\n",
        "# -*- coding: latin-1 -*-\ndef loss(x):\n    é = 2 * x  # ü\n    return é\n".encode("latin-1"),
        b"\xef\xbb\xbfdef loss(x): \\\n  return 2 * x",
        b"class A:\n  class B:\n    @staticmethod\n    def loss(x):\n      return 2 * x\nloss = A.B.loss\n",
        b"k = 1; loss = lambda x: 2 * x; other = lambda x: 3 * x\n",
    ],
)
def test_ways_to_write_a_file(module, text):
    assert grad(module(text).loss)(3.0) == 2.0


# ---------------------------------------------------------------------------------------------- methods


def test_gradients_of_static_and_class_methods():
    class Owner:
        @grad
        @staticmethod
        def above(x):
            return x * x

        @staticmethod
        @grad
        def below(x):
            return x * x

        @classmethod
        @grad
        def of_class(cls, x):
            return x * x

    for owner in (Owner, Owner()):
        assert owner.above(3.0) == owner.below(3.0) == owner.of_class(3.0) == 6.0
    with pytest.raises(ArgumentError, match="put @classmethod above @grad"):
        grad(classmethod(lambda cls, x: x))


def test_a_call_that_no_longer_works_is_an_error_and_then_works_again():
    holder = types.SimpleNamespace(k=2.0)
    g = grad(lambda x: holder.k * x)
    assert g(1.0) == 2.0
    del holder.k
    with pytest.raises(UnsupportedError, match="has no attribute 'k'"):
        g(1.0)
    holder.k = 3.0
    assert g(1.0) == 3.0


def test_class_registered_later() -> None:
    class Item:
        def __init__(self, value: float) -> None:
            self.value = value

    @functools.singledispatch
    def doubled(item: object) -> float:
        return item.value * 2.0  # type: ignore[attr-defined]

    gradient = grad(lambda x: doubled(Item(x)))
    assert gradient(3.0) == 2.0

    doubled.register(Item)(lambda item: item.value * 5.0)

    assert gradient(3.0) == 5.0
