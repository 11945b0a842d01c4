"""Trees are taken apart and put together again, and mismatches are named."""

import dataclasses
import pickle
from collections import OrderedDict, defaultdict, namedtuple
from typing import Any, ClassVar

import numpy as np
import pytest

from srcgrad.errors import ArgumentError
from srcgrad.tree import flatten, map_leaves, paths

Point = namedtuple("Point", "x y")


@dataclasses.dataclass
class Model:
    w: Any
    b: Any = 0.0
    kind: ClassVar[str] = "linear"


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    w: Any
    norm: Any = dataclasses.field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "norm", self.w * 2)


@dataclasses.dataclass
class Checked:
    w: float
    seed: dataclasses.InitVar[int] = 0
    late: float = dataclasses.field(init=False)

    def __post_init__(self, seed):
        if self.w is None:
            raise ValueError("w is needed")


class Tagged(list):
    pass


@dataclasses.dataclass
class Buffer(np.ndarray):
    tag: str = ""


TREES = [
    1.5,
    None,
    (),
    [],
    {},
    (1.0, [2.0, {"a": 3.0, 4: (5.0,)}], None, True, "s"),
    Point(1.0, Point(2.0, [3.0])),
    Model(1.0, (2.0, 3.0)),
    Frozen(2.0),
    {"z": 1.0, "a": 2.0},
    OrderedDict(b=1.0, a=2.0),
    defaultdict(list, k=[1.0]),
    defaultdict(None, k=1.0),
    [(), [], {}, ()],
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_round_trip(tree):
    leaves, structure = flatten(tree)
    again = structure.unflatten(leaves)
    assert again == tree
    assert type(again) is type(tree)
    assert structure.leaf_count == len(leaves)
    other = flatten(tree)[1]
    assert other == structure and hash(other) == hash(structure)
    assert len(paths(tree)) == len(leaves)
    stored = pickle.loads(pickle.dumps(structure))
    assert stored == structure and stored.unflatten(leaves) == tree


def test_structures_differ():
    structures = [flatten(tree)[1] for tree in TREES]
    for k, structure in enumerate(structures):
        same = [j for j, other in enumerate(structures) if other == structure]
        assert same == ([0, 1] if k < 2 else [k])


def test_order_of_keys_is_kept():
    leaves, structure = flatten({"z": 1.0, "a": 2.0})
    assert leaves == [1.0, 2.0]
    assert list(structure.unflatten(leaves)) == ["z", "a"]
    assert flatten({"a": 2.0, "z": 1.0})[1] != structure


def test_default_factory_is_kept():
    again = map_leaves(lambda x: x, defaultdict(list, k=[1.0]))
    assert again["new"] == []


def test_dataclasses_are_not_initialised_again():
    assert map_leaves(lambda x: None, Frozen(2.0)).norm is None
    checked = Checked(1.0)
    again = map_leaves(lambda x: None, checked)
    assert again.w is None and not hasattr(again, "late")
    checked.late = 3.0
    assert flatten(checked)[0] == [1.0, 3.0]


@pytest.mark.parametrize("leaf", [Tagged([1.0]), np.zeros(2), {1, 2}, Model, Point, np.zeros(2).view(Buffer)], ids=type)
def test_leaves(leaf):
    leaves, structure = flatten([leaf])
    assert leaves[0] is leaf
    assert structure.leaf_count == 1


def test_shared_parts_are_not_cycles():
    part = [1.0]
    assert flatten([part, part, (part,)])[0] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("make", [list, dict, lambda: Model(0.0)])
def test_cycle(make):
    tree = make()
    if isinstance(tree, list):
        tree.append((tree,))
    elif isinstance(tree, dict):
        tree["k"] = [tree]
    else:
        tree.w = tree
    with pytest.raises(ArgumentError, match="contains itself"):
        flatten(tree)


def test_deep_trees():
    tree = 1.0
    for _ in range(100_000):
        tree = (tree,)
    leaves, structure = flatten(tree)
    assert leaves == [1.0]
    assert hash(structure) == hash(flatten(tree)[1])
    inner = structure.unflatten([2.0])
    while isinstance(inner, tuple):
        inner = inner[0]
    assert inner == 2.0


def test_map():
    params = {"w": 2.0, "b": [1.0, (3.0,)]}
    grads = {"b": [10.0, (30.0,)], "w": 20.0}
    assert map_leaves(lambda p, g: (p, g), params, grads) == {"w": (2.0, 20.0), "b": [(1.0, 10.0), ((3.0, 30.0),)]}


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            [1.0, (2.0,), {"a": 1.0}, Point(1.0, 2.0)],
            r"tree\[1\] is a tuple of length 1, but should be a list of length 2",
        ),
        ([1.0, [2.0], {"a": 1.0}, Point(1.0, 2.0)], r"tree\[1\] is a list of length 1"),
        ([1.0, [2.0, 3.0], {"b": 1.0}, Point(1.0, 2.0)], r"tree\[2\] is a dict with b, but should be a dict with a"),
        ([1.0, [2.0, 3.0], {"a": [1.0]}, Point(1.0, 2.0)], r"tree\[2\]\['a'\] is a list of length 1, but .* a leaf"),
        (
            [1.0, [2.0, 3.0], {"a": 1.0}, (1.0, 2.0)],
            r"tree\[3\] is a tuple of length 2, but should be a Point with x, y",
        ),
        ([1.0, [2.0, 3.0], 4.0, Point(1.0, 2.0)], r"tree\[2\] is a leaf of type float"),
        ([1.0, [2.0, 3.0], {"a": 1.0}, Point(1.0, None)], None),
    ],
)
def test_mismatch_is_named(other, message):
    tree = [0.0, [0.0, 0.0], {"a": 0.0}, Point(0.0, 0.0)]
    if message is None:
        assert map_leaves(lambda a, b: b, tree, other) == other
        return
    with pytest.raises(ArgumentError, match=message):
        map_leaves(lambda a, b: a, tree, other)


def test_wrong_number_of_leaves():
    with pytest.raises(ArgumentError, match="2 leaves"):
        flatten((1.0, 2.0))[1].unflatten([1.0])


def test_paths():
    tree = {"W1": 1.0, 3: [Point(1.0, 2.0), Model(1.0, {"k": ()})]}
    assert paths(tree) == ["params['W1']", "params[3][0].x", "params[3][0].y", "params[3][1].w"]
    assert paths(1.0, "x") == ["x"]
    assert repr(flatten((1.0, {"a": 2.0}))[1]) == "Structure(*[0], *[1]['a'])"
