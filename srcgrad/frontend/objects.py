"""Objects of user classes: made, changed, and asked for attributes and operators, all while lowering.

An object that the program makes is a `Reference` to its attributes; one that was there before is a constant. Methods
are looked up on the class, as Python does it, and called like any function.
"""

from __future__ import annotations

import abc
import inspect
import math
import operator
import types
from collections.abc import Callable
from typing import Any, Generic

import numpy as np

from srcgrad.frontend import kinds, pools
from srcgrad.frontend.handlers import BOUND, BUILTINS
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.outside import note_absent, note_class, note_member, outside_attribute
from srcgrad.frontend.sources import AttributeSource, FixedSource, ItemSource
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import CONTAINERS, Bound, Reference, Sequence, Super, Symbol
from srcgrad.ir.nodes import UNDEFINED, Const, Value, leaves
from srcgrad.ir.types import Array, NpScalar, Opaque, Unknown
from srcgrad.rules.custom import Custom

_SYMBOLS = {
    operator.add: "add",
    operator.sub: "sub",
    operator.mul: "mul",
    operator.truediv: "truediv",
    operator.floordiv: "floordiv",
    operator.mod: "mod",
    operator.pow: "pow",
    operator.matmul: "matmul",
    operator.and_: "and",
    operator.or_: "or",
    operator.xor: "xor",
    operator.lshift: "lshift",
    operator.rshift: "rshift",
    operator.lt: "lt",
    operator.le: "le",
    operator.gt: "gt",
    operator.ge: "ge",
    operator.eq: "eq",
    operator.ne: "ne",
    operator.neg: "neg",
    operator.pos: "pos",
    operator.invert: "invert",
}
_MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}
_OPAQUE = ("__getattr__", "__getattribute__", "__setattr__", "__delattr__", "__new__", "__del__")


def class_of_object(symbol: Symbol) -> type | None:
    """The class of an object of a user class; None for anything else."""
    if isinstance(symbol, Reference):
        return None if symbol.cls in CONTAINERS else symbol.cls
    if isinstance(symbol, Sequence):
        return None if symbol.cls is tuple or kinds.own_operators(symbol.cls) is None else symbol.cls
    pool = pools.pool_of(symbol)
    if pool is not None:
        return None if issubclass(pool.cls, dict) else pool.cls
    if not isinstance(symbol, Const):
        return None
    value = symbol.value
    if isinstance(value, (int, float, complex, np.generic)) and kinds.is_derived_number(value):
        return None if kinds.own_operators(type(value)) is None else type(value)
    if isinstance(value, (int, float, complex, str, bytes, np.generic)):
        return None
    if value is UNDEFINED or value is NotImplemented or kinds.is_static(value):
        return None
    return type(value)


def make_object(lo: Lowering, cls: type, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """`cls(*args)` for a class written in Python."""
    foreign = next((base for base in cls.__mro__[:-1] if not _is_plain(base)), None)
    abstract = getattr(cls, "__abstractmethods__", ())
    if foreign is not None or type(cls) not in (type, abc.ABCMeta) or abstract:
        lo.unsupported(
            f"making a {cls.__name__} inside of a differentiated function is not supported",
            "its class is made in a way that the compiler does not follow: make it outside, or use a dataclass",
        )
    made = lo.new_reference(cls, (), (*lo.site("object"), cls, lo.span))
    initializer = member(lo, cls, "__init__")
    if isinstance(initializer, Const) and initializer.value is object.__init__:
        if args or kwargs:
            lo.unsupported(f"{cls.__name__}() takes no arguments")
    else:
        lo.call(initializer, [made, *args], kwargs)
    return pools.settled(lo, made)


def make_exception(lo: Lowering, cls: type, args: list[Symbol], kwargs: dict[str, Symbol]) -> Value:
    """An exception that the program makes; if the numbers in it are asked for, they are known as those of an object."""
    trees = tuple([lo.tree(arg) for arg in args])
    keywords = {name: lo.tree(arg) for name, arg in kwargs.items()}
    with lo.trusted():
        error = lo.value(lo.emit_typed(cls, trees, keywords, Opaque(cls)))
    if any(v.type.differentiable and not isinstance(v, Const) for v in leaves((trees, keywords))):
        lo.floats_raised = True
    if lo.marks.numbers_raised:
        parts = lo.new_reference(cls, (("args", Sequence(tuple(args))),), None)
        initializer = inspect.getattr_static(cls, "__init__")
        if isinstance(initializer, types.FunctionType):
            before = len(lo.region.ops)
            lo.call(Const(initializer), [parts, *args], kwargs)
            if any(not op.outputs for op in lo.region.ops[before:]):
                lo.unsupported(
                    f"making a {cls.__name__} has effects, and its attributes are read", "assign them to names"
                )
        lo.exception_parts[error] = parts
    return error


def _initialize_exception(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """`Exception.__init__`, which keeps the arguments."""
    made, *rest = args
    assert isinstance(made, Reference)
    lo.store.set(made, tuple({**dict(lo.contents(made)), "args": Sequence(tuple(rest))}.items()))
    return Const(None)


def _is_plain(cls: type) -> bool:
    if cls in (abc.ABC, Generic):
        return True
    return (
        cls.__module__ not in ("builtins", "abc")
        and not any(name in vars(cls) for name in _OPAQUE)
        and isinstance(vars(cls).get("__init__", object.__init__), (types.FunctionType, types.WrapperDescriptorType))
    )


def open_argument(lo: Lowering, obj: Any) -> None:
    """Starts again with an argument, or what is reached from it, as an object of the program's own.

    The program may write its attributes then, and sees what it wrote; the caller's object stays as it is.
    """
    source = lo.object_sources.get(id(obj))
    root = source
    while isinstance(root, (AttributeSource, ItemSource)):
        root = root.owner
    cls = type(obj)
    plain = type(cls) in (type, abc.ABCMeta) and all(_is_plain(base) for base in cls.__mro__[:-1])
    if (
        lo.handover is not None
        or source is None
        or not isinstance(root, FixedSource)
        or kinds.is_static(root.value)
        or not plain
    ):
        return
    lo.marks.opened[id(obj)] = source
    raise Restart


def open_owner(lo: Lowering, source: Any) -> None:
    """As `open_argument`, for the object that a container is an attribute of, or in one."""
    while isinstance(source, ItemSource):
        source = source.owner
    if isinstance(source, AttributeSource):
        open_argument(lo, source.owner.read())


def member(lo: Lowering, cls: type, name: str) -> Symbol:
    """What a class has under a name, as a function or a value of its own, read so that a change is noticed."""
    known = outside_attribute(lo, cls, name)
    return Const(getattr(cls, name)) if known is None else known


def bind(lo: Lowering, owner: Symbol, cls: type, name: str) -> Symbol | None:
    """`owner.name` where the class, not the object, has that name; None if it has none."""
    found = inspect.getattr_static(cls, name, MISSING)
    if found is MISSING:
        return None
    note_member(lo, cls, name)
    if isinstance(found, property):
        if found.fget is None:
            lo.unsupported(f"property {name!r} of {cls.__name__} can't be read")
        return lo.call(Const(found.fget), [owner], {})
    if isinstance(found, staticmethod):
        return member(lo, cls, name)
    if isinstance(found, classmethod):
        return Bound(Const(found.__func__), (Const(cls),))
    if isinstance(found, (types.FunctionType, Custom)):
        return Bound(member(lo, cls, name), (owner,))
    if type(found) in BOUND:
        return BOUND[type(found)](lo, found, owner)
    if hasattr(found, "__get__") and not isinstance(found, type):
        if isinstance(found, (types.WrapperDescriptorType, types.MethodDescriptorType)):
            lo.unsupported(f"{name!r} of {cls.__name__} is not written in Python")
        lo.unsupported(f"{name!r} of {cls.__name__} is a descriptor, which is not supported")
    return member(lo, cls, name)


def write(lo: Lowering, owner: Reference | Value, name: str, symbol: Symbol) -> None:
    """`owner.name = symbol`."""
    cls = class_of_object(owner)
    assert cls is not None
    pool = pools.pool_of(owner)
    several = pool.classes if pool is not None and cls not in pool.owned else []
    if any(isinstance(inspect.getattr_static(known, name, None), property) or _is_frozen(known) for known in several):
        lo.unsupported(f"what {name!r} means depends on the class of this object")
    found = inspect.getattr_static(cls, name, MISSING)
    if isinstance(found, property):
        if found.fset is None:
            lo.unsupported(f"property {name!r} of {cls.__name__} has no setter")
        lo.call(Const(found.fset), [owner, symbol], {})
        return
    if hasattr(type(found), "__set__") and not isinstance(found, types.MemberDescriptorType):
        lo.unsupported(f"what is written to {name!r} of {cls.__name__} goes to a descriptor", "make it a property")
    if _is_frozen(cls):
        lo.unsupported(f"{cls.__name__} is frozen: its attribute {name!r} can't be written")
    place = pools.resolved(lo, owner)
    if isinstance(place, Value):
        return pools.write(lo, place, name, symbol, cls)
    from srcgrad.frontend.late_fields import with_field

    lo.change(owner, with_field(lo.contents(owner), name, symbol))


def sets_itself(owner: Symbol, name: str) -> bool:
    """Whether an assignment to an attribute, also of what it holds, is a call of a function of its class."""
    cls = class_of_object(owner)
    pool = pools.pool_of(owner)
    classes = [*(pool.classes if pool is not None else []), *([cls] if cls is not None else [])]
    return any(isinstance(inspect.getattr_static(known, name, None), property) for known in classes)


def _is_frozen(cls: type) -> bool:
    parameters = getattr(cls, "__dataclass_params__", None)
    return parameters is not None and parameters.frozen


def special(lo: Lowering, symbol: Symbol, name: str, *args: Symbol) -> Symbol | None:
    """A call of a special method such as `__len__`; None if the object's class does not define it in Python."""
    cls, pool = class_of_object(symbol), pools.pool_of(symbol)
    if pool is not None and len(pool.classes) > 1:
        defined = [isinstance(inspect.getattr_static(known, name, None), types.FunctionType) for known in pool.classes]
        return pools.by_class(lo, symbol, lambda view: special(lo, view, name, *args)) if all(defined) else None
    if cls is None or not isinstance(inspect.getattr_static(cls, name, None), types.FunctionType):
        return None
    if isinstance(symbol, Const):
        note_class(lo, symbol.value)
    return lo.call(member(lo, cls, name), [symbol, *args], {})


def by_special_method(lo: Lowering, fn: Callable, args: list[Symbol]) -> Symbol | None:
    """A built-in function that leaves an object of a user class to a method of it; None for anything else."""
    if not args or (class_of_object(args[0]) is None and (len(args) < 2 or class_of_object(args[1]) is None)):
        return None
    of_operator = operator_on_objects(lo, fn, *args) if fn in _SYMBOLS and len(args) < 3 else None
    if of_operator is not None:
        return of_operator
    for name in _SPECIAL.get(fn, ()):
        found = special(lo, args[0], name, *args[1:])
        if found is not None:
            return found
    return None


_SPECIAL: dict[Any, tuple[str, ...]] = {
    abs: ("__abs__",),
    operator.abs: ("__abs__",),
    float: ("__float__",),
    int: ("__int__", "__index__"),
    complex: ("__complex__",),
    round: ("__round__",),
    hash: ("__hash__",),
    str: ("__str__", "__repr__"),
    repr: ("__repr__",),
    bool: ("__bool__", "__len__"),
    divmod: ("__divmod__",),
    pow: ("__pow__",),
    math.floor: ("__floor__",),
    math.ceil: ("__ceil__",),
    math.trunc: ("__trunc__",),
    operator.getitem: ("__getitem__",),
    operator.contains: ("__contains__",),
}


def mapping_as_dict(lo: Lowering, symbol: Symbol) -> Symbol:
    """An object with keys and items as a dict, as `dict(...)` and `**` take it; anything else as it is."""
    cls = class_of_object(symbol)
    if cls is None or not isinstance(symbol, Reference) or not (hasattr(cls, "keys") and hasattr(cls, "__getitem__")):
        return symbol
    keys = lo.call(Const(list), [lo.call(member(lo, cls, "keys"), [symbol], {})], {})
    if not isinstance(keys, Reference):
        lo.unsupported("the keys of this mapping depend on the run")
    pairs = [Sequence((key, special(lo, symbol, "__getitem__", key))) for key in lo.contents(keys)]  # type: ignore
    return lo.call(Const(dict), [Sequence(tuple(pairs))], {})


def truth_of_object(lo: Lowering, symbol: Value | Reference | Sequence) -> Value | bool:
    """Whether an object counts as true: what its class says, and true if it says nothing."""
    pool = pools.pool_of(symbol)
    or_none = pool is not None and symbol.type.or_none
    for name in ("__bool__", "__len__"):
        said = None if or_none and any(hasattr(cls, name) for cls in pool.classes) else special(lo, symbol, name)
        if said is not None:
            return lo.truth(said)
    if isinstance(symbol, Sequence):
        return bool(symbol.items)
    if or_none and any(hasattr(cls, name) for cls in pool.classes for name in ("__bool__", "__len__")):
        lo.unsupported("whether this is true depends on what it is, and whether it is None", "test: ... is not None")
    if or_none:
        return lo.value(lo.emit(operator.is_not, symbol, Const(None)))
    return bool(symbol.value) if isinstance(symbol, Const) else True


def operator_on_objects(lo: Lowering, fn: Callable, *operands: Symbol) -> Symbol | None:
    """An operator where an operand is an object of a user class; None where none is, or for `==` by identity.

    The rules are Python's: the method of the left operand first, then the reflected one of the right operand.
    """
    if fn not in _SYMBOLS or not any(class_of_object(side) for side in operands):
        return None
    name = _SYMBOLS[fn]
    if len(operands) == 1:
        result = special(lo, operands[0], f"__{name}__")
    else:
        left, right = operands
        if _is_tuple_or_number(right) and isinstance(left, Value) and not isinstance(left, Const):
            if isinstance(left.type, Unknown):
                lo.unsupported("whose operator this is depends on the run", "make the left side a float, or an array")
            if isinstance(left.type, (Array, NpScalar)) and not _comes_first(left.type, class_of_object(right)):
                # NumPy sees the plain numbers in them.
                return None
        if isinstance(left, Value) and not isinstance(left, Const):
            _check_left(lo, left, class_of_object(right))
        result = special(lo, left, f"__{name}__", right)
        if result is None or _is_not_implemented(result):
            reflected = f"__{_MIRRORED[name]}__" if name in _MIRRORED else f"__r{name}__"
            result = special(lo, right, reflected, left)
    if (result is None or _is_not_implemented(result)) and any(map(_is_tuple_or_number, operands)):
        # What their classes do not define, tuples and numbers do.
        return None
    if result is None and name in ("eq", "ne"):
        return _identity(lo, name, *operands)
    if result is None or _is_not_implemented(result):
        known = [cls for cls in map(class_of_object, operands) if cls is not None]
        if any(issubclass(cls, np.ndarray) for cls in known):
            lo.unsupported(
                "arrays of objects, and arrays of classes derived from np.ndarray, are not supported",
                "make it a plain array of floats: np.asarray(x, float)",
            )
        classes = [cls.__name__ for cls in known]
        lo.unsupported(f"this operator is not defined for {' and '.join(classes)}")
    return result


def _comes_first(left: Array | NpScalar, cls: type | None) -> bool:
    """Whether Python, or NumPy, asks an object for an operator before a number or array on its left."""
    if hasattr(cls, "__array_ufunc__"):
        return True
    return isinstance(left, NpScalar) and isinstance(cls, type) and issubclass(cls, left.dtype.type)


def _is_tuple_or_number(symbol: Symbol) -> bool:
    """Whether a symbol is of a class that is derived from tuples or numbers."""
    return isinstance(symbol, Sequence) or (isinstance(symbol, Const) and kinds.is_derived_number(symbol.value))


def _identity(lo: Lowering, name: str, left: Symbol, right: Symbol) -> Symbol | None:
    for side in (left, right):
        cls = class_of_object(side)
        if cls is not None and cls.__eq__ is not object.__eq__:
            lo.unsupported(f"comparing objects of {cls.__name__} is not supported", "compare their attributes")
    for side in (left, right):
        if isinstance(side, Value) and not isinstance(side, Const) and isinstance(side.type, (Opaque, Unknown)):
            return lo.emit(operator.is_ if name == "eq" else operator.is_not, left, right)
    of_places = pools.same_place(lo, left, right)
    if of_places is not None:
        return of_places if name == "eq" else lo.emit(operator.not_, of_places)
    lo.check_identity(left, right)
    same = left is right or (isinstance(left, Const) and isinstance(right, Const) and left.value is right.value)
    return Const(same == (name == "eq"))


def _check_left(lo: Lowering, left: Value, cls: type | None) -> None:
    """Refuses an operator that NumPy would take to itself, before the object on the right is asked."""
    if cls is None or getattr(cls, "__array_ufunc__", MISSING) is None:
        return
    if hasattr(left.type, "shape"):
        lo.unsupported("an array on the left of an object of a user class is not supported", "turn them round")
    # What its metaclass has, as that of an enumeration, its objects have not.
    names = {name for base in cls.__mro__ for name in vars(base)}
    becomes_array = "__array__" in names or {"__len__", "__getitem__"} <= names
    if isinstance(left.type, (NpScalar, Unknown)) and becomes_array and "__array_priority__" not in names:
        lo.unsupported(
            f"NumPy makes an array of the {cls.__name__} on the right here, and does not ask its class",
            "make the left side a float, or turn them round",
        )


def _is_not_implemented(symbol: Symbol) -> bool:
    return isinstance(symbol, Const) and symbol.value is NotImplemented


def super_attribute(lo: Lowering, proxy: Super, name: str) -> Symbol:
    """`super().name`: what the classes after the method's own have under that name."""
    cls = class_of_object(proxy.instance)
    if cls is None or proxy.after not in cls.__mro__:
        lo.unsupported("super() is supported in methods of objects only")
    following = cls.__mro__[cls.__mro__.index(proxy.after) + 1 :]
    for base in following:
        if name not in vars(base):
            note_absent(lo, vars(base), name)
            continue
        if (
            issubclass(base, BaseException)
            and name == "__init__"
            and not isinstance(vars(base)[name], types.FunctionType)
        ):
            return Bound(Const(_initialize), (proxy.instance,))
        if base is object:
            return Bound(Const(_do_nothing), ()) if name == "__init__" else Const(getattr(object, name))
        found = bind(lo, proxy.instance, base, name)
        assert found is not None
        return found
    lo.unsupported(f"super() has no attribute {name!r}")


def _do_nothing() -> None:
    """What `object.__init__` does."""


def _initialize(error: BaseException, *args: object) -> None:
    """What `Exception.__init__` does: its handler lowers it."""


BUILTINS[_initialize] = _initialize_exception
