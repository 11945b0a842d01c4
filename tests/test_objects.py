"""Objects as arguments: trees of registered classes, objects that are written, and errors that say what to do."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import srcgrad
from srcgrad.checks import check_no_object
from srcgrad.errors import AliasError, ArgumentError, InternalError, SrcgradError, UnsupportedError


class Meter:
    def __init__(self):
        self.way, self.steps, self.log, self.last = 0.5, 0, [], None

    def move(self, q):
        self.way = self.way + q * q
        self.steps += 1
        self.log.append(q)
        self.last = q
        return self

    def cost(self, x):
        for v in x:
            self.move(v)
        return self.way * self.steps + self.log[-1] * (0.0 if self.last is None else self.last)


class Pair:
    def __init__(self):
        self.first = Meter()
        self.second = self.first
        self.limit = 2.0

    def cost(self, x):
        self.first.move(x[0]).move(x[1])
        if x[0] > 0:
            self.second.way = self.second.way * x[2]
        self.cached = getattr(self, "cached", 1.0) * x[0]
        return self.first.way * self.second.steps + sum(self.first.log) + self.limit * self.cached


class Plain:
    def __init__(self, w):
        self.w = w

    def cost(self, x):
        return np.sum(self.w * x)


POINT = np.array([0.5, 0.7, 0.9])


def differences(fun, x):
    steps = 1e-6 * np.eye(len(x))
    return np.array([(fun(x + h) - fun(x - h)) / 2e-6 for h in steps])


def cost_with(x, meter):
    return meter.cost(x)


def test_an_object_that_is_an_argument_stays_as_it_was():
    meter = Meter()
    before = copy.deepcopy(vars(meter))
    wanted = differences(lambda x: cost_with(x, Meter()), POINT)
    gradient = srcgrad.grad(cost_with)
    for _ in range(2):
        assert np.allclose(gradient(POINT, meter), wanted, atol=1e-6)
        assert vars(meter) == before


def test_the_object_of_a_bound_method_stays_as_it_was():
    pair = Pair()
    gradient = srcgrad.grad(pair.cost)
    for change in (
        lambda: None,
        lambda: setattr(pair.first, "way", 3.0),
        lambda: pair.first.log.append(4.0),
        lambda: setattr(pair.first, "steps", 7),
        lambda: setattr(pair, "second", Meter()),
        lambda: setattr(pair, "cached", 0.3),
    ):
        change()
        before = copy.deepcopy(pair)
        assert np.allclose(gradient(POINT), differences(lambda x: copy.deepcopy(pair).cost(x), POINT), atol=1e-6)
        assert vars(pair.first) == vars(before.first) and pair.limit == before.limit


METER = Meter()


def cost_of_both_names(x, meter):
    meter.way = meter.way * x[0]
    return METER.way + meter.way


def test_an_object_that_is_also_a_global_is_one_object():
    assert np.allclose(srcgrad.grad(cost_of_both_names)(POINT, METER), [1.0, 0.0, 0.0])
    assert METER.way == 0.5
    assert np.allclose(srcgrad.grad(cost_of_both_names)(POINT, Meter()), [0.5, 0.0, 0.0])


def writes_a_global(x):
    METER.move(x[0])
    return METER.way


def test_a_global_object_is_changed_as_python_changes_it():
    expected = copy.deepcopy(METER)
    for steps in (1, 2):
        expected.move(POINT[0])
        assert np.allclose(srcgrad.grad(writes_a_global)(POINT), [2 * POINT[0], 0.0, 0.0])
        assert vars(METER) == vars(expected) and METER.steps == steps
    vars(METER).update(vars(Meter()))


TABLE, ROWS = {"a": 1.0}, [1.0, 2.0]


def changes_an_argument(x, table):
    table["a"] = x[0] * x[1]
    return TABLE["a"] * x[0]


def changes_a_global(x, table):
    TABLE["a"] = x[0] * x[1]
    return table["a"] * x[0]


def adds_to_a_global(x, rows):
    ROWS.append(x[0] * x[1])
    return rows[-1] * x[0]


@pytest.mark.parametrize(
    ("fun", "shared", "other"),
    [
        (changes_an_argument, TABLE, {"a": 1.0}),
        (changes_a_global, TABLE, {"a": 1.0}),
        (adds_to_a_global, ROWS, [1.0, 2.0]),
    ],
)
def test_a_container_that_is_changed_is_no_argument_and_global_at_once(fun, shared, other):
    before = copy.deepcopy(shared)
    gradient = srcgrad.grad(fun)
    for _ in range(2):
        with pytest.raises(AliasError, match="in common"):
            gradient(POINT, shared)
        assert shared == before
        assert np.allclose(gradient(POINT, copy.deepcopy(other)), [before["a"] if shared is TABLE else 2.0, 0.0, 0.0])
        shared.clear() if shared is TABLE else shared.__delitem__(slice(None))
        shared.update(before) if shared is TABLE else shared.extend(before)


FIRST = SECOND = {"a": 1.0}


def changes_one_of_two_names(x):
    FIRST["a"] = x[0] * 3.0
    return SECOND["a"] * x[0]


def test_two_names_of_one_container_may_part(monkeypatch):
    gradient = srcgrad.grad(changes_one_of_two_names)
    assert np.allclose(gradient(POINT), [6 * POINT[0], 0.0, 0.0])
    monkeypatch.setitem(globals(), "SECOND", {"a": 5.0})
    assert np.allclose(gradient(POINT), [5.0, 0.0, 0.0])
    monkeypatch.setitem(globals(), "SECOND", FIRST)
    assert np.allclose(gradient(POINT), [6 * POINT[0], 0.0, 0.0])


class Layer:
    def __init__(self):
        self.w = np.array([1.0, 2.0, 3.0])

    def step(self, x):
        self.w[0] = x[0] * x[1]
        self.w += x
        return np.sum(self.w**2)


def test_arrays_of_an_argument_are_written_for_the_call_alone():
    layer = Layer()
    wanted = differences(lambda x: Layer().step(x), POINT)
    for fun, args in ((layer.step, ()), (lambda x, layer: layer.step(x), (layer,))):
        for _ in range(2):
            assert np.allclose(srcgrad.grad(fun)(POINT, *args), wanted, atol=1e-6)
            assert np.array_equal(layer.w, [1.0, 2.0, 3.0])


def test_an_object_is_a_tree_once_its_class_is_registered():
    class Line(Plain):
        pass

    with pytest.raises(ArgumentError, match="whose attributes are no tree") as caught:
        srcgrad.grad(Plain.cost)(Line(POINT), POINT)
    assert "srcgrad.tree.register(Line)" in str(caught.value.__notes__)
    srcgrad.tree.register(Line)
    x = POINT.copy()
    value, gradient = srcgrad.value_and_grad(Plain.cost)(Line(2 * POINT), x)
    assert type(gradient) is Line and np.allclose(gradient.w, POINT)
    assert np.isclose(value, 2 * POINT @ POINT)
    gradient.w[:] = 0.0
    assert np.array_equal(x, POINT)


def test_what_can_not_be_registered():
    for cls in (int, np.ndarray, 5):
        with pytest.raises(ArgumentError, match="can't be made trees"):
            srcgrad.tree.register(cls)


def changes_one_of_two(x, first, others):
    first["a"] = first["a"] * x[0]
    return first["a"] + others[0]["a"] + others[1]["a"]


def changes_one_in_a_list(x, others):
    others[0]["a"] = others[0]["a"] * x[0]
    return others[1]["a"]


def test_a_container_that_is_changed_is_in_the_arguments_once():
    gradient = srcgrad.grad(changes_one_of_two)
    one, two = {"a": 2.0}, {"a": 3.0}
    assert np.allclose(gradient(POINT, {"a": 2.0}, [one, two]), [2.0, 0.0, 0.0])
    with pytest.raises(AliasError, match="have a dict in common"):
        gradient(POINT, one, [two, one])
    with pytest.raises(AliasError, match="found twice in others"):
        srcgrad.grad(changes_one_in_a_list)(POINT, [one, one])


def named(x):
    return {"name": f"{x[0]:.1f}", "value": x * 2, "kind": "a", "none": None}


def test_strings_beside_arrays_in_a_result():
    out, pull = srcgrad.vjp(named, POINT)
    assert out["name"] == "0.5" and out["kind"] == "a"
    bars = pull({"name": None, "value": np.ones(3), "kind": None, "none": None})
    assert np.array_equal(bars[0], [2.0, 2.0, 2.0])


WRONG = {
    "[x[0]].pop(5)": IndexError,
    "xs.pop(10)": IndexError,
    "rt.pop(10)": IndexError,
    "[].pop()": IndexError,
    "len(5)": TypeError,
    "len(x[0])": TypeError,
    "xs.append()": TypeError,
    "xs.insert(1)": TypeError,
    "xs.reverse(1)": TypeError,
    "xs.nothing": AttributeError,
    "d['missing']": KeyError,
    "d.nothing()": AttributeError,
    "d.update([1])": TypeError,
    "{}.popitem()": KeyError,
    "'abc'.foo": AttributeError,
    "xs + 5": TypeError,
    "xs + (1,)": TypeError,
    "xs - xs": TypeError,
    "-xs": TypeError,
    "abs(xs)": TypeError,
    "{[1]}": TypeError,
    "{1} + {2}": TypeError,
    "d < d": TypeError,
    "max([])": ValueError,
    "max(1, 'a')": TypeError,
    "sorted([1, 'a'])": TypeError,
    "sorted(xs, bad=True)": TypeError,
    "range(x[0])": TypeError,
    "range(1, 2, 0)": ValueError,
    "range('a')": TypeError,
    "isinstance(x, 5)": TypeError,
    "functools.reduce(max, [])": TypeError,
    "xs['a':]": TypeError,
    "x[::0]": ValueError,
    "dict([(1, 2, 3)])": ValueError,
    "Meter(1)": TypeError,
    "next(iter([]))": StopIteration,
    "sum()": TypeError,
    "operator.add(1)": TypeError,
    "np.sin(x, x, x, x)": TypeError,
}
TEMPLATE = """
def handled(x, n):
    xs = [x[0], x[1], 2.0]
    rt = []
    for k in range(n):
        rt.append(x[k])
    d = {{"a": x[0]}}
    try:
        r = {text}
    except {error}:
        return x[0] * 3.0
    return x[0] * 2.0


def plain(x, n):
    xs = [x[0], x[1], 2.0]
    rt = []
    for k in range(n):
        rt.append(x[k])
    d = {{"a": x[0]}}
    r = {text}
    return x[0] * 2.0
"""


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_program_raises_what_python_raises(text, tmp_path):
    from importlib.util import module_from_spec, spec_from_file_location

    path = tmp_path / "wrong.py"
    header = "import functools, operator\nimport numpy as np\n"
    path.write_text(header + TEMPLATE.format(text=text, error=WRONG[text].__name__))
    spec = spec_from_file_location("wrong", path)
    module = module_from_spec(spec)
    module.Meter = Meter
    spec.loader.exec_module(module)
    module.Meter = Meter
    with pytest.raises(WRONG[text]):
        module.plain(POINT, 3)
    try:
        assert np.allclose(srcgrad.grad(module.handled)(POINT, 3), [3.0, 0.0, 0.0])
    except UnsupportedError as refused:
        assert refused.lineno == 11
    with pytest.raises((WRONG[text], SrcgradError)) as caught:
        srcgrad.grad(module.plain)(POINT, 3)
    assert not isinstance(caught.value, InternalError)


def test_an_object_is_never_taken_for_a_number() -> None:
    class Point:
        pass

    check_no_object(1.0, Point)
    check_no_object(None, Point)
    with pytest.raises(UnsupportedError, match="a Point is found where the code is for numbers"):
        check_no_object(Point(), Point)
