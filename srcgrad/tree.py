"""Trees: tuples, lists, dicts, named tuples, dataclasses and objects of registered classes, nested in any way.

At the ends are the *leaves*.

Anything else is a leaf: numbers, arrays, None, strings, sets, objects. Instances of subclasses of tuple, list and dict
are leaves too (there is no general way to rebuild them), except named tuples, `OrderedDict` and `defaultdict`.
Nothing here recurses: trees may be of any depth.
"""

from __future__ import annotations

import dataclasses
import types
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from srcgrad.errors import ArgumentError


@dataclasses.dataclass(frozen=True, slots=True)
class _Node:
    """One container of a tree.

    Attributes:
        cls: its class.
        keys: what its children are called: the indices of a sequence, the keys of a dict, the names of fields.
        extra: the default factory of a defaultdict.
    """

    cls: type
    keys: tuple[Any, ...]
    extra: Any = None

    @property
    def is_leaf(self) -> bool:
        return self.cls is object


_LEAF = _Node(object, ())
_LEAVES = frozenset([float, int, bool, complex, str, type(None), np.ndarray, np.float64, np.float32])
"""The classes of most leaves: told at once."""
_DICTS = (dict, OrderedDict, defaultdict)


def _is_namedtuple(cls: type) -> bool:
    return issubclass(cls, tuple) and cls is not tuple and hasattr(cls, "_fields") and hasattr(cls, "_make")


def _is_dataclass(cls: type) -> bool:
    # A class with a __new__ written in C (an array, an exception) has state that is in no field.
    return dataclasses.is_dataclass(cls) and (
        cls.__new__ is object.__new__ or isinstance(cls.__new__, types.FunctionType)
    )


_REGISTERED: set[type] = set()


def register(cls: Any) -> Any:
    """Makes trees of the objects of a class, and of the classes derived from it: their attributes are their parts.

    A gradient with respect to such an object is an object of its class, with gradients for attributes; those that carry
    no derivative (strings, functions, integers) are None. It is made without a call of `__init__`.

    Args:
        cls: the class. It is returned, so that `register` is a decorator too.

    Raises:
        ArgumentError: for anything but a class whose objects are made by `object.__new__`, or that is a tree already.

    Example:
        >>> @register
        ... class Line:
        ...     def __init__(self, slope, offset):
        ...         self.slope, self.offset = slope, offset
        >>> flatten(Line(2.0, 1.0))[0]
        [2.0, 1.0]
    """
    if not isinstance(cls, type) or cls.__new__ is not object.__new__ or issubclass(cls, type):
        what = cls.__name__ if isinstance(cls, type) else repr(cls)
        raise ArgumentError(f"objects of {what} can't be made trees", help="a class that is written in Python can")
    if not dataclasses.is_dataclass(cls):
        _REGISTERED.add(cls)
    return cls


def is_structured(cls: type) -> bool:
    """Whether the attributes of the objects of a class are parts of a tree."""
    if dataclasses.is_dataclass(cls):
        return _is_dataclass(cls)
    return any(base in _REGISTERED for base in cls.__mro__)


def is_frozen(cls: type) -> bool:
    """Whether the objects of a class are dataclass instances that can't be changed."""
    parameters = getattr(cls, "__dataclass_params__", None)
    return parameters is not None and bool(parameters.frozen)


def attributes_of(value: Any) -> tuple[str, ...]:
    """The names of the parts of an object whose class is structured: those that are set."""
    cls = type(value)
    if dataclasses.is_dataclass(cls):
        # A field with init=False may never have been set.
        return tuple([field.name for field in dataclasses.fields(cls) if hasattr(value, field.name)])
    return attribute_names(value)


def in_order(cls: type, names: tuple[str, ...]) -> tuple[str, ...]:
    """The attributes of an object of a structured class, in the order in which they are parts of a tree.

    For a dataclass, those that are no fields are left out.
    """
    if dataclasses.is_dataclass(cls):
        return tuple([field.name for field in dataclasses.fields(cls) if field.name in names])
    slots = [name for base in reversed(cls.__mro__) for name in _slots(base) if name in names]
    return (*slots, *[name for name in names if name not in slots])


def attribute_names(value: Any) -> tuple[str, ...]:
    """The names of the attributes that an object itself has, in slots or in its dict."""
    slots = [name for base in reversed(type(value).__mro__) for name in _slots(base) if hasattr(value, name)]
    return (*slots, *getattr(value, "__dict__", ()))


def _slots(cls: type) -> tuple[str, ...]:
    slots = vars(cls).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    private = [f"_{cls.__name__.lstrip('_')}{n}" if n.startswith("__") and not n.endswith("__") else n for n in names]
    return tuple([name for name in private if name not in ("__dict__", "__weakref__")])


def _open(value: Any) -> tuple[_Node, Sequence[Any]]:
    """The node that a value is, and its children."""
    cls = type(value)
    if cls in _LEAVES:
        return _LEAF, ()
    if cls is tuple or cls is list:
        return _Node(cls, tuple(range(len(value)))), value
    if cls in _DICTS:
        extra = value.default_factory if cls is defaultdict else None
        return _Node(cls, tuple(value), extra), list(value.values())
    if _is_namedtuple(cls):
        return _Node(cls, cls._fields), value
    if is_structured(cls):
        names = attributes_of(value)
        return _Node(cls, names), [getattr(value, name) for name in names]
    return _LEAF, ()


def _build(node: _Node, children: list[Any]) -> Any:
    """The container with these children.

    An object is made with `object.__new__` and its fields are set one by one: that works for frozen classes, for
    slots and for `init=False`, and neither `__init__` nor `__post_init__` sees values they would refuse, such as the
    None of a passive leaf. An attribute that is no field (set in `__post_init__`) is not there.
    """
    cls: Any = node.cls
    if cls is tuple or cls is list:
        return cls(children)
    if cls in _DICTS:
        items = dict(zip(node.keys, children, strict=True))
        return defaultdict(node.extra, items) if cls is defaultdict else cls(items)
    if issubclass(cls, tuple):
        return cls._make(children)
    return instance_of(cls, dict(zip(node.keys, children, strict=True)))


def instance_of(cls: type, attributes: dict[str, Any]) -> Any:
    """An object of a class with these attributes, made without a call of `__init__`."""
    value: Any = object.__new__(cls)
    for name, item in attributes.items():
        object.__setattr__(value, name, item)
    return value


def _step(node: _Node, key: Any) -> str:
    """How a child is reached from its parent, as Python writes it."""
    by_key = node.cls is tuple or node.cls is list or node.cls in _DICTS
    return f"[{key!r}]" if by_key else f".{key}"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Structure:
    """A tree without its leaves. Hashable; equal structures have the same containers, keys and order of keys.

    Attributes:
        nodes: the containers and leaves, each before its children.
    """

    nodes: tuple[_Node, ...]

    @property
    def is_leaf(self) -> bool:
        return self.nodes[0].is_leaf

    @property
    def leaf_count(self) -> int:
        return sum(node.is_leaf for node in self.nodes)

    def unflatten(self, leaves: Sequence[Any]) -> Any:
        """The tree of this structure with the given leaves."""
        if len(leaves) != self.leaf_count:
            raise ArgumentError(f"a tree with {self.leaf_count} leaves cannot be made from {len(leaves)}")
        remaining = len(leaves)
        built: list[Any] = []
        for node in reversed(self.nodes):
            if node.is_leaf:
                remaining -= 1
                built.append(leaves[remaining])
            else:
                first = len(built) - len(node.keys)
                children = built[first:][::-1]
                del built[first:]
                built.append(_build(node, children))
        return built[0]

    def flatten(self, tree: Any, name: str = "tree", partly: bool = False) -> list[Any]:
        """The leaves of a tree that must have this structure; dicts may have their keys in another order.

        Args:
            tree: the tree.
            name: what it is called, for messages.
            partly: whether None may stand for a whole part of it, and a leaf for anything.
        """
        if self.nodes == _ONE and type(tree) in _LEAVES:
            return [tree]
        leaves = []
        paths = _Paths(self)
        stack = [tree]
        for position, expected in enumerate(self.nodes):
            value = stack.pop()
            if partly and value is None and not expected.is_leaf:
                stack.extend([None] * len(expected.keys))
                continue
            node, children = _open(value)
            if expected.is_leaf and (node.is_leaf or partly):
                leaves.append(value)
                continue
            if node.cls is not expected.cls or len(node.keys) != len(expected.keys):
                raise _mismatch(name + paths.to(position), expected, node, value)
            if node.keys != expected.keys:
                named = dict(zip(node.keys, children, strict=True))
                if named.keys() != set(expected.keys):
                    raise _mismatch(name + paths.to(position), expected, node, value)
                children = [named[key] for key in expected.keys]
            stack.extend(reversed(children))
        return leaves

    def paths(self, name: str = "params") -> list[str]:
        """What each leaf is called, as Python writes it: `params['W1']`."""
        paths = _Paths(self)
        return [name + paths.to(k) for k, node in enumerate(self.nodes) if node.is_leaf]

    def __repr__(self) -> str:
        return f"Structure({', '.join(self.paths('*'))})"


class _Paths:
    """Where the nodes of a structure are; nothing is computed before it is asked for."""

    def __init__(self, structure: Structure):
        self.nodes = structure.nodes
        self.parents: list[tuple[int, Any]] | None = None

    def to(self, position: int) -> str:
        if self.parents is None:
            self.parents = list(self._parents())
        steps: list[str] = []
        while position:
            position, key = self.parents[position]
            steps.append(_step(self.nodes[position], key))
        return "".join(reversed(steps))

    def _parents(self) -> Iterator[tuple[int, Any]]:
        """For each node, the position of its parent and the key it has there."""
        pending: list[tuple[int, Any]] = [(0, None)]
        for position, node in enumerate(self.nodes):
            yield pending.pop()
            pending.extend((position, key) for key in reversed(node.keys))


def _mismatch(path: str, expected: _Node, found: _Node, value: Any) -> ArgumentError:
    def describe(node: _Node, leaf: str) -> str:
        if node.is_leaf:
            return leaf
        if issubclass(node.cls, (tuple, list)) and not _is_namedtuple(node.cls):
            return f"a {node.cls.__name__} of length {len(node.keys)}"
        return f"a {node.cls.__name__} with {', '.join(map(str, node.keys)) or 'nothing in it'}"

    wanted = describe(expected, "a leaf")
    got = describe(found, f"a leaf of type {type(value).__name__}")
    return ArgumentError(f"trees of different structure: {path} is {got}, but should be {wanted}")


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of a tree from left to right, and its structure.

    Example:
        >>> leaves, structure = flatten({"W": 1.0, "b": (2.0, None)})
        >>> leaves
        [1.0, 2.0, None]
        >>> structure.unflatten(["x", "y", "z"])
        {'W': 'x', 'b': ('y', 'z')}

    Raises:
        ArgumentError: if a container contains itself.
    """
    node, children = _open(tree)
    if node.is_leaf:
        return [tree], _ONE_LEAF
    leaves: list[Any] = []
    nodes = [node]
    path = [(tree, iter(children))]
    inside = {id(tree)}
    while path:
        for child in path[-1][1]:
            node, children = _open(child)
            nodes.append(node)
            if node.is_leaf:
                leaves.append(child)
                continue
            if id(child) in inside and node.keys:
                raise ArgumentError(
                    f"a {node.cls.__name__} that contains itself has no gradient",
                    help="pass the parts that the function needs as arguments of their own",
                )
            inside.add(id(child))
            path.append((child, iter(children)))
            break
        else:
            inside.discard(id(path.pop()[0]))
    return leaves, Structure(tuple(nodes))


_ONE = (_LEAF,)
_ONE_LEAF = Structure(_ONE)


def map_leaves(f: Callable[..., Any], tree: Any, *rest: Any) -> Any:
    """The tree of what `f` returns for each leaf of `tree` and the leaves at the same place in `rest`.

    Example:
        >>> map_leaves(lambda x, g: x - 0.1 * g, {"w": 2.0}, {"w": 10.0})
        {'w': 1.0}

    Raises:
        ArgumentError: if one of `rest` has another structure; the message says where.
    """
    if not rest and type(tree) in _LEAVES:
        return f(tree)
    leaves, structure = flatten(tree)
    others = [structure.flatten(other) for other in rest]
    return structure.unflatten([f(*group) for group in zip(leaves, *others, strict=True)])


def paths(tree: Any, name: str = "params") -> list[str]:
    """What each leaf of a tree is called, for messages.

    Example:
        >>> paths({"W": 1.0, "b": (2.0, None)})
        ["params['W']", "params['b'][0]", "params['b'][1]"]
    """
    return flatten(tree)[1].paths(name)
