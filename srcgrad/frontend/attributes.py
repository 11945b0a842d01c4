"""Attributes of symbols: of objects, of arrays, of what classes and modules have."""

from __future__ import annotations

import inspect
import operator
import types
from typing import Any

import numpy as np

from srcgrad.frontend import kinds, pools
from srcgrad.frontend.access import shape, tuple_items
from srcgrad.frontend.folding import as_symbol
from srcgrad.frontend.handlers import BOUND
from srcgrad.frontend.late_fields import field, has_field, no_attribute
from srcgrad.frontend.list_checks import require_method
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.named_tuples import generated_method
from srcgrad.frontend.objects import bind, super_attribute
from srcgrad.frontend.outside import (
    note_absent,
    note_class,
    note_member,
    object_symbol,
    outside_attribute,
    read_assigned,
)
from srcgrad.frontend.presence import is_list_or_none
from srcgrad.frontend.values import (
    CONTAINERS,
    Bound,
    Closure,
    Conflict,
    Flat,
    Reference,
    Sequence,
    Sink,
    Stepper,
    Super,
    Symbol,
)
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Value
from srcgrad.ir.types import (
    FLOAT,
    INT,
    Array,
    List,
    NpScalar,
    Opaque,
    PyScalar,
    Tuple,
    Type,
    Unknown,
    is_numeric,
)
from srcgrad.rules.late import load_rules
from srcgrad.rules.registry import METHODS, STANDS_FOR, has_rule, hashable


def attribute(lo: Lowering, base: Symbol, name: str) -> Symbol:
    """`base.name`."""
    place = pools.resolved(lo, base)
    if pools.pool_of(place) is not None:
        return _pooled_attribute(lo, place, name, base)
    if isinstance(base, Super):
        return super_attribute(lo, base, name)
    if isinstance(base, Sequence):
        item = base.field(name)
        if item is not None:
            return item
        return _tuple_attribute(lo, base, name)
    if isinstance(base, Reference):
        return _reference_attribute(lo, base, name)
    if isinstance(base, Const):
        return _static_attribute(lo, base, name)
    if isinstance(base, Value):
        return _value_attribute(lo, base, name)
    if isinstance(base, Stepper):
        return _stepper_attribute(lo, base, name)
    if isinstance(base, Sink) and name in ("append", "extend"):
        return Bound(Const(getattr(list, name)), (base,))
    if isinstance(base, slice) and name == "indices":
        return Bound(Const(slice.indices), (base,))
    if isinstance(base, (Closure, Bound)) and name == "__name__":
        return Const(getattr(base, "name", "<bound>"))
    if isinstance(base, Conflict):
        lo.resolve_conflict(base)
    lo.unsupported(f"attribute {name!r} is not supported here")


def _stepper_attribute(lo: Lowering, base: Stepper, name: str) -> Symbol:
    if name == "__next__":
        return Bound(Const(next), (base,))
    if name == "send" and base.send is not None:
        from srcgrad.frontend.stepping import send

        return Bound(Const(send), (base,))
    lo.unsupported(f"the method {name!r} of an iterator is not supported", "loop over it")


def _tuple_attribute(lo: Lowering, base: Sequence, name: str) -> Symbol:
    generated = generated_method(base, base.cls, name)
    if generated is not None:
        return generated
    found = inspect.getattr_static(base.cls, name, None)
    if found is None:
        lo.unsupported(f"{base.cls.__name__} has no attribute {name!r}")
    if isinstance(found, types.MethodDescriptorType):
        return Bound(Const(found), (base,))
    member = bind(lo, base, base.cls, name)
    assert member is not None
    return member


def _reference_attribute(lo: Lowering, base: Reference, name: str) -> Symbol:
    if base.cls in CONTAINERS:
        if not hasattr(base.cls, name):
            message = f"a {base.cls.__name__} has no attribute {name!r}"
            if base.cls is dict and base.site is None:
                lo.unsupported(message, "use d[...]: what a class derived from dict adds to it is not seen")
            lo.raises(AttributeError, message)
        return Bound(Const(getattr(base.cls, name)), (base,))
    if base.cls is types.GeneratorType:
        if name in ("send", "__next__") and base.site is not None:
            lo.marks.stepped.add(base.site)
            raise Restart
        lo.unsupported(f"the method {name!r} of a generator is not supported", "loop over it")
    item = field(lo, base, name)
    if item is not None:
        return item
    return _attribute_of_class(lo, base, base.cls, name)


def _attribute_of_class(lo: Lowering, base: Symbol, cls: type, name: str) -> Symbol:
    """`base.name` where the object has nothing of that name itself."""
    if name == "__class__":
        return Const(cls)
    found = bind(lo, base, cls, name)
    return no_attribute(lo, cls, name) if found is None else found


def _pooled_attribute(lo: Lowering, place: Value, name: str, base: Symbol) -> Symbol:
    """`base.name` for an object that lives in a pool."""
    pool = place.type.pool
    if issubclass(pool.cls, dict):
        return _reference_attribute(lo, pools.opened(lo, place), name)
    classes = [base.cls] if isinstance(base, Reference) and base.cls in pool.owned else pool.classes
    having = [cls for cls in classes if name in pool.owned[cls]]
    if len(having) == len(classes) or (having and not any(hasattr(cls, name) for cls in classes)):
        return pools.read(lo, place, name)
    if len(classes) == 1:
        return _attribute_of_class(lo, base, classes[0], name)
    return pools.by_class(lo, place, lambda view: attribute(lo, view, name))


def _static_attribute(lo: Lowering, base: Const, name: str) -> Symbol:
    obj = base.value
    if obj is UNDEFINED:
        return base
    if isinstance(obj, (str, bytes, float, int, complex)):
        found = lo.known(getattr, obj, name)
        return Bound(Const(getattr(type(obj), name)), (base,)) if callable(found) else Const(found)
    generated = generated_method(base, obj, name)
    if generated is not None:
        return generated
    assigned = read_assigned(lo, obj, name)
    if assigned is not None:
        return assigned
    if not hasattr(obj, name):
        lo.raises(AttributeError, f"{getattr(obj, '__name__', type(obj).__name__)!r} has no attribute {name!r}")
    if kinds.is_static(obj) and _is_library(obj):
        member = getattr(obj, name)
        if kinds.is_static(member) or isinstance(member, (int, float, complex)):
            return Const(member)
    own = {} if kinds.is_static(obj) else getattr(obj, "__dict__", {})
    member = inspect.getattr_static(type(obj), name, None)
    if isinstance(member, property) and not kinds.is_static(obj) and member.fget is not None:
        _note_member(lo, obj, name)
        return lo.call(Const(member.fget), [base], {})
    if name not in own and isinstance(member, (staticmethod, classmethod)):
        _note_member(lo, obj, name)
        if isinstance(member, staticmethod):
            return Const(member.__func__)
        return Bound(Const(member.__func__), (Const(type(obj)),))
    if name not in own and type(member) in BOUND:
        _note_member(lo, obj, name)
        return BOUND[type(member)](lo, member, base)
    if name not in own and not kinds.is_static(obj) and callable(member) and hasattr(member, "__get__"):
        _note_member(lo, obj, name)
        load_rules()
        method = getattr(obj, name)
        if hashable(method) and (has_rule(method) or method in STANDS_FOR):
            return Const(method)
        return Bound(Const(member), (base,))
    outside = outside_attribute(lo, obj, name)
    if outside is not None:
        return outside
    value = getattr(obj, name)
    number = as_symbol(value)
    return number if number is not None else object_symbol(lo, value)


def has_attribute(lo: Lowering, base: Symbol, name: str) -> Value | bool:
    """Whether an object of the program's own has an attribute, or its class."""
    place = pools.resolved(lo, base)
    pool = pools.pool_of(place)
    if pool is not None:
        if pool.lacks(name) and name in pool.fields:
            lo.unsupported(f"which of these objects have an attribute {name!r} depends on the run")
        return name in pool.fields or all(hasattr(cls, name) for cls in pool.classes)
    assert isinstance(base, Reference)
    return hasattr(base.cls, name) or has_field(lo, base, name)


def _note_member(lo: Lowering, obj: Any, name: str) -> None:
    """Records that an object has what its class has under a name, and nothing of its own."""
    note_class(lo, obj)
    note_member(lo, type(obj), name)
    if isinstance(getattr(obj, "__dict__", None), dict):
        note_absent(lo, vars(obj), name)


def _is_library(obj: Any) -> bool:
    name = getattr(obj, "__name__", "") if not isinstance(obj, type) else obj.__module__
    return str(name).split(".")[0] in ("numpy", "math", "operator", "builtins", "functools", "itertools", "cmath")


_ABOUT_EXCEPTIONS = frozenset(["__class__", "__cause__", "__context__", "__traceback__", "__notes__"])
"""What an exception has besides what it was made of."""


def _value_attribute(lo: Lowering, base: Value, name: str) -> Symbol:
    base_type = base.type
    if isinstance(base_type, Tuple) and base_type.cls is not tuple:
        return attribute(lo, Sequence(tuple_items(lo, base), base_type.cls), name)
    if base in lo.exception_parts:
        held = dict(lo.contents(lo.exception_parts[base]))
        if name in held:
            return held[name]
    if isinstance(base_type, PyScalar) and not (lo.fixed_span or (lo.span and lo.span.generated)):
        # What NumPy's numbers have, and Python's do not.
        cls = class_of_values(base_type)
        if not hasattr(cls, name):
            lo.raises(AttributeError, f"{getattr(cls, '__name__', 'number')!r} object has no attribute {name!r}")
    if isinstance(base_type, (Array, Unknown)) or is_numeric(base_type):
        if name == "shape":
            return shape(lo, base)
        if name == "ndim":
            return lo.emit(np.ndim, base)
        if name == "size":
            return lo.emit(np.size, base)
        if name == "flat":
            return Flat(base)
        if name in ("data", "base", "ctypes"):
            lo.unsupported(f".{name} is not supported", "use ravel() and reshape()")
        if name == "dtype" and getattr(base_type, "dtype", None) is not None:
            return Const(base_type.dtype)
        if name in ("T", "mT"):
            return lo.emit(METHODS[name], base)
        if name in ("real", "imag"):
            if name == "imag" and _holds_fractional_power(base):
                lo.unsupported(
                    "a negative float raised to a fraction is complex in Python, and counts as real here",
                    "raise a complex number: complex(x) ** y",
                )
            dtype = base_type.dtype if isinstance(base_type, Array) else None
            if name == "imag" and dtype is not None and dtype.kind != "c":
                # Zeros that nobody can write, and that nothing that is written later shows in.
                return lo.emit(np.broadcast_to, Const(dtype.type(0)), lo.emit(np.shape, base))
            return lo.emit(getattr(np, name), base)
        if name in METHODS:
            return Bound(Const(METHODS[name]), (base,))
        if isinstance(base_type, Array) and callable(getattr(np.ndarray, name, None)):
            return Bound(Const(getattr(np.ndarray, name)), (base,))
        if isinstance(base_type, Unknown) and name in ("append", "pop", "extend", "items", "keys", "values", "get"):
            lo.unsupported(f"whether .{name} belongs to a list or a dict is not known here", "pass a concrete argument")
    if isinstance(base_type, List) and callable(getattr(list, name, None)):
        require_method(lo, base, name)
        return Bound(Const(getattr(list, name)), (base,))
    if isinstance(base_type, Opaque) and callable(getattr(base_type.cls, name, None)):
        return Bound(Const(getattr(base_type.cls, name)), (base,))
    if is_list_or_none(base) and not hasattr(list, name) and not hasattr(None, name):
        lo.raises(AttributeError, f"'list' object has no attribute {name!r}")
    cls = class_of_values(base_type)
    if is_numeric(base_type) and cls is not None and isinstance(getattr(cls, name, None), types.MethodDescriptorType):
        return Bound(Const(getattr(cls, name)), (base,))
    error = isinstance(base_type, Unknown) or (
        isinstance(base_type, Opaque) and issubclass(base_type.cls, (BaseException, type(None)))
    )
    if error and name not in _ABOUT_EXCEPTIONS:
        lo.exception_read = lo.span
    if cls is not None and not hasattr(cls, name):
        lo.raises(AttributeError, f"{cls.__name__!r} object has no attribute {name!r}")
    return lo.emit(getattr, base, Const(name))


def _holds_fractional_power(value: Value) -> bool:
    """Whether a float of Python's is computed, by arithmetic, from a power that may be complex."""
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        op = current.owner
        if current in seen or current.type != FLOAT or not isinstance(op, Call):
            continue
        seen.add(current)
        if op.fn in (operator.pow, pow):
            exponent = op.args[1]
            whole = exponent.type == INT or (isinstance(exponent, Const) and float(exponent.value).is_integer())
            if not whole:
                return True
        pending += op.inputs
    return False


def class_of_values(t: Type) -> type | None:
    """The class that values of a type are of, where that is known."""
    if isinstance(t, Array):
        return np.ndarray
    if isinstance(t, NpScalar):
        return t.dtype.type
    if isinstance(t, PyScalar):
        return {"b": bool, "i": int, "f": float, "c": complex}[t.kind]
    return list if type(t) is List and not t.or_none else None
