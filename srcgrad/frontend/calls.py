"""Calls: the callee decides whether it is inlined, becomes an operation, or only changes what the compiler knows."""

from __future__ import annotations

import ast
import collections
import dataclasses
import functools
import inspect
import math
import operator
import types
from collections.abc import MutableMapping, MutableSequence, MutableSet
from typing import Any, TypeGuard

import numpy as np

from srcgrad.frontend import (  # noqa: F401
    array_writes,
    checkpoint_calls,
    container_calls,
    copies,
    custom_calls,
    custom_steps,
    helper_calls,
    itertools_calls,
    kinds,
    library_calls,
    operator_calls,
    ordering,
    pools,
    view_calls,
)
from srcgrad.frontend.access import subscript, tuple_items
from srcgrad.frontend.arity import by_position, check_arguments
from srcgrad.frontend.attributes import attribute, class_of_values
from srcgrad.frontend.builtin_calls import collect
from srcgrad.frontend.expressions import display_items, expression, read_name
from srcgrad.frontend.folding import as_symbol
from srcgrad.frontend.functions import applied, call_closure, call_function, spread
from srcgrad.frontend.handlers import BUILTINS, CALLED
from srcgrad.frontend.hidden_writes import refuse_overwriting
from srcgrad.frontend.list_checks import require_number
from srcgrad.frontend.list_kinds import new_list
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import select
from srcgrad.frontend.objects import (
    by_special_method,
    class_of_object,
    make_exception,
    make_object,
    mapping_as_dict,
    member,
    special,
)
from srcgrad.frontend.outside import note_class, note_member, object_symbol
from srcgrad.frontend.reductions import FOLDS, fold_call
from srcgrad.frontend.stand_in_classes import STAND_INS, Deque
from srcgrad.frontend.values import (
    Bound,
    Closure,
    Conflict,
    Frame,
    Iterator,
    Reference,
    Sequence,
    Spread,
    Super,
    Symbol,
    constant,
)
from srcgrad.ir.nodes import UNDEFINED, Const, Value
from srcgrad.ir.types import Array, List, Tuple, holds_itself, is_scalar, shape_of
from srcgrad.rules.by_example import LISTING
from srcgrad.rules.custom import Custom, Step
from srcgrad.rules.late import load_rules
from srcgrad.rules.registry import PARTIALS, STANDS_FOR, VJP, display_name, has_rule, hashable
from srcgrad.rules.shape import array_of_rows
from srcgrad.rules.user_rules import RuleCall

_LIBRARIES = frozenset(
    [
        *("numpy", "math", "cmath", "operator", "builtins", "scipy", "random", "itertools", "functools", "_operator"),
        *(
            "time",
            "datetime",
            "warnings",
            "logging",
            "os",
            "posixpath",
            "ntpath",
            "sys",
            "io",
            "_io",
            "json",
            "threading",
        ),
    ]
)


def call_node(lo: Lowering, node: ast.Call, frame: Frame) -> Symbol:
    """Lowers a call."""
    whole = lo.whole
    fn = expression(lo, node.func, frame)
    if isinstance(fn, Const) and hashable(fn.value) and fn.value in FOLDS and len(node.args) == 1 and not node.keywords:
        argument = node.args[0]
        # `any` and `all` ask a generator expression for no more than they need.
        if isinstance(argument, ast.ListComp) or (isinstance(argument, ast.GeneratorExp) and fn.value is sum):
            return fold_call(lo, fn.value, argument, frame)
    if isinstance(fn, Const) and _is_numpy(fn.value) and any(isinstance(a, ast.GeneratorExp) for a in node.args):
        lo.unsupported("NumPy makes no array of a generator", "give it a list: [... for ...]")
    if isinstance(fn, Const) and fn.value is super:
        return _super(lo, node, frame)
    args = display_items(lo, node.args, frame, spreads=True, collects=_collects(fn))
    kwargs: dict[str, Symbol] = {}
    for keyword in node.keywords:
        symbol = expression(lo, keyword.value, frame)
        if keyword.arg is not None:
            kwargs[keyword.arg] = symbol
            continue
        symbol = mapping_as_dict(lo, symbol)
        if isinstance(symbol, Reference) and symbol.cls is dict:
            kwargs.update({str(key): item for key, item in lo.contents(symbol)})
        else:
            lo.unsupported("only dicts of known keys can be spread with **")
    lo.escape = whole[1] if whole is not None and whole[0] is node and is_user_function(fn) else None
    return call(lo, fn, args, kwargs)


_COLLECTORS = frozenset(
    [
        list,
        tuple,
        set,
        frozenset,
        dict,
        sum,
        sorted,
        min,
        max,
        math.prod,
        math.fsum,
        np.fromiter,
        collections.deque,
        collections.Counter,
        list.extend,
        set.update,
        dict.update,
        str.join,
    ]
)


def _collects(fn: Symbol) -> bool:
    """Whether a function takes all items of an iterator before it does anything else."""
    fn = fn.fn if isinstance(fn, Bound) else fn
    return isinstance(fn, Const) and hashable(fn.value) and fn.value in _COLLECTORS


def _is_numpy(fn: Any) -> bool:
    """Whether it is a function of NumPy that takes arrays, and no generators."""
    of_numpy = isinstance(fn, np.ufunc) or (getattr(fn, "__module__", None) or "").partition(".")[0] == "numpy"
    return of_numpy and hashable(fn) and fn is not np.fromiter


def is_user_function(fn: Symbol) -> bool:
    """Whether a call runs nothing but the body of one function written in Python."""
    while isinstance(fn, Bound):
        fn = fn.fn
    return isinstance(fn, Closure) or (isinstance(fn, Const) and isinstance(fn.value, types.FunctionType))


def _super(lo: Lowering, node: ast.Call, frame: Frame) -> Symbol:
    """`super()` in a method: the cell that holds the class, and the first parameter."""
    if node.args:
        after, instance = (expression(lo, arg, frame) for arg in node.args)
    else:
        method = frame
        while method.parent is not None and "__class__" not in method.cells:
            method = method.parent
        parameters = [*method.source.node.args.posonlyargs, *method.source.node.args.args]
        if "__class__" not in method.cells or not parameters:
            lo.unsupported("super() is supported in methods only")
        after = read_name(lo, "__class__", method)
        instance = read_name(lo, parameters[0].arg, method)
    if not isinstance(after, Const) or not isinstance(after.value, type):
        lo.unsupported("the class that super() starts from is not known here")
    return Super(after.value, instance)


def call(lo: Lowering, fn: Symbol, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A call of any symbol."""
    if isinstance(fn, Closure):
        return call_closure(lo, fn, args, kwargs)
    if isinstance(fn, Conflict) and fn.callable:
        return select(
            lo, fn.condition, lambda: call(lo, fn.first, args, kwargs), lambda: call(lo, fn.second, args, kwargs)
        )
    if isinstance(fn, Bound):
        return call(lo, fn.fn, [*fn.args, *args], {**fn.keywords, **kwargs})
    if isinstance(fn, Reference) or pools.pool_of(fn) is not None:
        result = special(lo, fn, "__call__", *args) if not kwargs else None
        if result is None:
            lo.unsupported(f"a {getattr(class_of_object(fn), '__name__', 'dict')} can't be called like this")
        return result
    cls = class_of_values(fn.type) if isinstance(fn, Value) else None
    if cls is not None:
        lo.raises(TypeError, f"{cls.__name__!r} object is not callable")
    if not isinstance(fn, Const):
        lo.unsupported(
            "which function is called here depends on the run", "choose between calls, not between functions"
        )
    return call_object(lo, fn.value, args, kwargs)


def make_context(lo: Lowering, obj: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol | None:
    """As `contexts.make_context`."""
    from srcgrad.frontend import contexts

    return contexts.make_context(lo, obj, args, kwargs)


def _read_by_body(lo: Lowering, obj: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A call of a function without source, as if it had no rule."""
    if obj not in STANDS_FOR:
        lo.unsupported(f"{getattr(obj, '__name__', type(obj).__name__)} has no source to differentiate")
    return call(lo, Const(STANDS_FOR[obj]), args, kwargs)


def call_object(lo: Lowering, obj: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A call of a Python object known at compile time."""
    if obj is UNDEFINED:
        return Const(UNDEFINED)
    takes_star = len(args) == 1 and any(obj is fn for fn in (zip, max, min))
    if args and isinstance(args[-1], Spread) and not _binds(obj) and not takes_star:
        args = _fields_spread(lo, obj, args, kwargs)
    args = [pools.opened_dict(lo, arg) for arg in args]
    if isinstance(obj, Custom):
        return custom_calls.call_custom(lo, obj, args, kwargs)
    if isinstance(obj, Step):
        return custom_steps.call_step(lo, obj, args)
    if isinstance(obj, RuleCall):
        return custom_steps.call_rule(lo, obj, args, kwargs)
    if hashable(obj):
        load_rules()
        module = getattr(obj, "__module__", None) or "builtins"
        if is_library(obj) or (obj in BUILTINS and module.partition(".")[0] != "srcgrad"):
            check_arguments(lo, obj, args, kwargs)
            args, kwargs = by_position(lo, obj, args, kwargs)
        handler = BUILTINS.get(obj)
        if handler is not None:
            return handler(lo, args, kwargs)
        readable = isinstance(obj, types.FunctionType) or _is_numba(obj)
        if has_rule(obj) and readable and not is_library(obj) and not _is_own(obj):
            given, named = custom_calls.with_defaults(lo, obj, args, kwargs)
            return custom_calls.call_by_rule(
                lo,
                obj,
                lambda: custom_calls.call_with_rule(lo, obj, given, named, primitive),
                lambda: call_function(lo, getattr(obj, "py_func", obj), args, kwargs),
            )
        if has_rule(obj):
            return custom_calls.call_by_rule(
                lo, obj, lambda: primitive(lo, obj, args, kwargs), lambda: _read_by_body(lo, obj, args, kwargs)
            )
        if obj in STANDS_FOR:
            return call(lo, Const(STANDS_FOR[obj]), args, kwargs)
    if type(obj) in CALLED:
        return CALLED[type(obj)](lo, [Const(obj), *args], kwargs)
    if not callable(obj):
        lo.raises(TypeError, f"{type(obj).__name__!r} object is not callable")
    if isinstance(obj, type) and obj.__module__ == "numba.misc.special" and obj.__name__ == "prange":
        # In Python it is the same; that its turns may run at the same time is no part of what they compute.
        lo.has_prange = True
        return call(lo, Const(range), args, kwargs)
    if isinstance(obj, type):
        context = make_context(lo, obj, args, kwargs)
        return _construct(lo, obj, args, kwargs) if context is None else context
    if isinstance(obj, types.MethodType) and not is_library(obj):
        return call(lo, Const(obj.__func__), [object_symbol(lo, obj.__self__), *args], kwargs)
    if type(obj) is functools.partial:
        given, named = applied(lo, obj)
        return call(lo, Const(obj.func), [*given, *args], {**named, **kwargs})
    _check_changes_nothing(lo, obj, args)
    context = make_context(lo, obj, args, kwargs)
    if context is not None:
        return context
    if helper_calls.is_inlined(obj):
        return helper_calls.inline(lo, obj, args, kwargs)
    if is_library(obj) or getattr(obj, "__module__", None) in helper_calls.HELPERS:
        return primitive(lo, obj, args, kwargs)
    if _is_numba(obj):
        return call(lo, Const(obj.py_func), args, kwargs)
    if type(obj).__name__ == "_lru_cache_wrapper":
        return call(lo, Const(obj.__wrapped__), args, kwargs)
    if getattr(obj, "__module__", None) in ("srcgrad.api", "srcgrad.jacobians", "srcgrad.products", "srcgrad.testing"):
        lo.unsupported(f"calling srcgrad.{obj.__name__} inside of a differentiated function is not supported yet")
    if isinstance(obj, types.FunctionType) and obj.__code__ is library_calls.SINGLE_DISPATCH:
        return library_calls.dispatch(lo, obj, args, kwargs)
    if isinstance(obj, types.FunctionType):
        return call_function(lo, obj, args, kwargs)
    member = getattr(type(obj), "__call__", None)  # noqa: B004 (the method itself is wanted)
    if isinstance(member, types.FunctionType):
        note_class(lo, obj)
        note_member(lo, type(obj), "__call__")
        return call(lo, Const(member), [Const(obj), *args], kwargs)
    return primitive(lo, obj, args, kwargs)


def _is_numba(fn: Any) -> bool:
    """Whether a function is one that Numba compiles."""
    return type(fn).__module__.startswith("numba") and hasattr(fn, "py_func")


def _is_own(fn: Any) -> bool:
    """Whether a function is one of this library's."""
    return (fn.__module__ or "").partition(".")[0] == "srcgrad"


_READING = frozenset(
    [
        *("__contains__", "__eq__", "__getitem__", "__iter__", "__len__", "__ne__", "copy", "count", "decode"),
        *(
            "difference",
            "elements",
            "endswith",
            "find",
            "get",
            "hex",
            "index",
            "intersection",
            "isdisjoint",
            "issubset",
        ),
        *("issuperset", "items", "keys", "most_common", "startswith", "tobytes", "tolist", "total", "union", "values"),
    ]
)
"""Methods of containers that leave them as they are."""


def _check_changes_nothing(lo: Lowering, fn: Any, args: list[Symbol]) -> None:
    """Refuses methods that change a container from outside which is not known by what it holds: a deque, a set."""
    if not isinstance(fn, (types.MethodDescriptorType, types.WrapperDescriptorType)) or fn.__name__ in _READING:
        return
    owner = args[0].value if args and isinstance(args[0], Const) else None
    if isinstance(owner, (MutableSequence, MutableMapping, MutableSet)):
        lo.unsupported(
            f"a {type(owner).__name__} that comes from outside is changed here", "use a list or a dict, or a copy"
        )


def _binds(obj: Any) -> bool:
    """Whether a call binds its arguments to the parameters of a function written in Python."""
    if isinstance(obj, type):
        return not issubclass(obj, tuple) and not dataclasses.is_dataclass(obj) and not is_library(obj)
    if hashable(obj) and (obj in BUILTINS or has_rule(obj)):
        return False
    return not is_library(obj)


def _fields_spread(lo: Lowering, obj: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> list[Symbol]:
    """The arguments of a named tuple or dataclass of which the last ones are spread: as many as it needs."""
    fields: tuple[str, ...] | None = getattr(obj, "_fields", None)
    optional = set(getattr(obj, "_field_defaults", ()))
    if isinstance(obj, type) and dataclasses.is_dataclass(obj):
        fields = tuple([f.name for f in dataclasses.fields(obj) if f.init])
        optional = {f.name for f in dataclasses.fields(obj) if f.default is not dataclasses.MISSING}
    missing = None if fields is None else [name for name in fields[len(args) - 1 :] if name not in kwargs]
    count = None if missing is None or optional.intersection(missing) else len(missing)
    return spread(lo, args, count, display_name(obj))


def is_library(obj: Any) -> bool:
    """Whether a callable belongs to a library whose functions are primitives, never inlined."""
    module = getattr(obj, "__module__", None) or ""
    if isinstance(obj, (np.ufunc, types.BuiltinFunctionType, types.MethodDescriptorType)):
        return True
    return module.split(".")[0] in _LIBRARIES


def _construct(lo: Lowering, cls: type, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """An instance of a class."""
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        check_arguments(lo, cls, args, kwargs)
        values = dict(zip(cls._fields, args, strict=False)) | kwargs
        defaults = getattr(cls, "_field_defaults", {})
        return Sequence(tuple(values[f] if f in values else Const(defaults[f]) for f in cls._fields), cls)
    if dataclasses.is_dataclass(cls):
        return _construct_dataclass(lo, cls, args, kwargs)
    if issubclass(cls, BaseException):
        return make_exception(lo, cls, args, kwargs)
    if (issubclass(cls, np.generic) and kinds.own_operators(cls) is None) or is_library(cls):
        return primitive(lo, cls, args, kwargs)
    return make_object(lo, STAND_INS.get(cls, cls), args, kwargs)


def _construct_dataclass(lo: Lowering, cls: type, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if not cls.__dataclass_params__.init:  # type: ignore[attr-defined]
        lo.unsupported(f"{cls.__name__} has an __init__ of its own, which is not supported yet")
    check_arguments(lo, cls, args, kwargs)
    known = {f.name for f in dataclasses.fields(cls)}
    # Also those that are for __post_init__ alone.
    every = [f for f in cls.__dataclass_fields__.values() if f._field_type.name != "_FIELD_CLASSVAR"]  # type: ignore
    values = dict(zip([f.name for f in every if f.init and not f.kw_only], args, strict=False)) | kwargs
    for f in every:
        if f.name in values:
            continue
        if f.default is not dataclasses.MISSING:
            default = as_symbol(f.default) if not isinstance(f.default, list) else None
            values[f.name] = Const(f.default) if default is None else default
        elif f.default_factory is not dataclasses.MISSING:
            values[f.name] = call(lo, Const(f.default_factory), [], {})
        elif f.init:
            lo.raises(TypeError, f"{cls.__name__}() is missing the argument {f.name!r}")
    contents = tuple([(f.name, values[f.name]) for f in every if f.name in known & set(values)])
    made = lo.new_reference(cls, contents, (*lo.site("object"), cls, lo.span))
    if hasattr(cls, "__post_init__"):
        given = [values[f.name] for f in every if f.name not in known]
        call(lo, member(lo, cls, "__post_init__"), [made, *given], {})
    return pools.settled(lo, made)


def _makes_derived_array(fn: Any) -> bool:
    """Whether a call makes matrices, masked arrays and the like, on which operators mean something else."""
    if isinstance(fn, type):
        return fn is not np.ndarray and issubclass(fn, np.ndarray)
    return fn in (np.asmatrix, np.bmat) or (getattr(fn, "__module__", None) or "").startswith("numpy.ma.")


def primitive(lo: Lowering, fn: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A call that becomes one operation."""
    if not hashable(fn):
        lo.unsupported(
            f"a call of a {type(fn).__name__}, which has no hash, is not supported",
            "call a function with its contents: np.polyval(p.coeffs, x) for an np.poly1d; "
            "a function of C that is called through ctypes can be a srcgrad.custom_vjp",
        )
    of_objects = by_special_method(lo, fn, args)
    if of_objects is not None:
        return of_objects
    if _makes_derived_array(fn):
        lo.unsupported(
            f"{display_name(fn)} makes an array of a class derived from np.ndarray, whose operators may be its own",
            "use plain arrays: np.asarray(x), and for masks np.where, or x[mask]",
        )
    if fn is operator.getitem and len(args) == 2:
        return subscript(lo, args[0], args[1])
    if isinstance(fn, np.ufunc) and fn.nout > 1 and len(args) > fn.nin:
        missing = (Const(None),) * (fn.nin + fn.nout - len(args))
        args, kwargs = args[: fn.nin], {**kwargs, "out": Sequence((*args[fn.nin :], *missing))}
    refuse_overwriting(lo, fn, args, kwargs)
    names = _names_from_out(fn) if "out" not in kwargs else ()
    if names:
        first = names[0][0]
        kwargs = {**{name: args[place] for place, name in names if place < len(args)}, **kwargs}
        args = args[:first]
    if "out" in kwargs:
        return array_writes.write_out(lo, fn, args, dict(kwargs))
    if fn in (np.reshape, np.transpose) and len(args) > 2 and not isinstance(constant(args[2]), str):
        args = [args[0], Sequence(tuple(args[1:]))]
    reshapes = fn is np.reshape and lo.fixed_span and len(args) == 2
    if reshapes and isinstance(args[0], Value) and constant(args[1]) == shape_of(args[0].type):
        return args[0]
    if fn in (np.array, np.asarray) and not lo.fixed_span and _is_table(args, kwargs):
        # The same, but for an empty list, of which the rows would have no axis: that is refused.
        fn = array_of_rows
    if lo.fixed_span and kwargs:
        # Rules hand on what they were given, and most of that is what goes without saying.
        kwargs = {name: item for name, item in kwargs.items() if not _is_default(fn, name, item)}
    if is_library(fn):
        args = [items_of_tuple(lo, arg, _is_numpy(fn)) for arg in args]
    args = _as_arrays(lo, fn, [_items_of_deque(lo, arg) for arg in args])
    takes_iterators = lo.fixed_span or not _is_numpy(fn)
    if not takes_iterators or getattr(fn, "__module__", None) == "math":
        _refuse_dicts(lo, args)
    args = [_data(lo, arg, takes_iterators) for arg in args]
    kwargs = {name: _data(lo, arg, takes_iterators) for name, arg in kwargs.items()}
    result = lo.emit(fn, *args, **kwargs)
    if fn in LISTING and isinstance(result, Sequence):
        return new_list(lo, result.items, (*lo.site("list"), lo.span))
    return result


def _items_of_deque(lo: Lowering, symbol: Symbol) -> Symbol:
    """What a library function takes for a deque: the list of its items."""
    return attribute(lo, symbol, "items") if isinstance(symbol, Reference) and symbol.cls is Deque else symbol


def items_of_tuple(lo: Lowering, symbol: Symbol, takes_named: bool) -> Symbol:
    """What a library function takes for a tuple of the run: its items; a list is as good if their number is unknown.

    Args:
        lo: the state of lowering.
        symbol: an argument.
        takes_named: whether a named tuple is no more than its items to the function.
    """
    items = lo.tuple_items.get(symbol) if isinstance(symbol, Value) else None
    if items is not None:
        return items if items.type.differentiable else symbol
    if isinstance(symbol, Sequence) and (symbol.cls is tuple or takes_named):
        _check_items(lo, symbol.cls)
        return Sequence(tuple([items_of_tuple(lo, item, takes_named) for item in symbol.items]))
    if isinstance(symbol, Reference) and symbol.cls is list:
        contents = lo.contents(symbol)
        if any(_is_tuple_of_run(item) or (takes_named and isinstance(item, Sequence)) for item in contents):
            return Sequence(tuple([items_of_tuple(lo, item, takes_named) for item in contents]))
    if _is_tuple_of_run(symbol):
        return items_of_tuple(lo, Sequence(tuple_items(lo, symbol)), takes_named)
    return symbol


def _check_items(lo: Lowering, cls: type) -> None:
    """Refuses a tuple whose class says itself what NumPy takes it for."""
    own = [name for name in ("__iter__", "__len__", "__getitem__") if getattr(cls, name) is not getattr(tuple, name)]
    own += [name for name in ("__array__", "__array_interface__", "__array_ufunc__") if hasattr(cls, name)]
    if own:
        lo.unsupported(f"a {cls.__name__} is given to NumPy here, and has a {own[0]} of its own", "give it the items")


def _is_tuple_of_run(symbol: Symbol) -> TypeGuard[Value]:
    if not isinstance(symbol, Value) or isinstance(symbol, Const) or not isinstance(symbol.type, Tuple):
        return False
    return symbol.type.differentiable and not holds_itself(symbol.type)


@functools.cache
def _names_from_out(fn: Any) -> tuple[tuple[int, str], ...]:
    """The positional parameters of a library function from `out` on, each with its place."""
    if not is_library(fn) or (isinstance(fn, np.ufunc) and fn.nout > 1):
        return ()
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return ((fn.nin, "out"),) if isinstance(fn, np.ufunc) else ()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    first = names.index("out") if "out" in names else len(names)
    return tuple(list(enumerate(names))[first:])


_TAKES_SEQUENCES = frozenset(
    [
        *(np.array, np.asarray, np.asanyarray, np.copy, np.ascontiguousarray, np.asfortranarray),
        *(np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.block, np.append),
        *(np.linalg.multi_dot, np.select),
    ]
)


def _as_arrays(lo: Lowering, fn: Any, args: list[Symbol]) -> list[Symbol]:
    """Sequences where NumPy wants arrays, made into arrays."""
    if not hashable(fn) or fn in _TAKES_SEQUENCES or not is_library(fn):
        return args
    if fn in PARTIALS and any(isinstance(arg, Reference) and issubclass(arg.cls, dict) for arg in args):
        lo.raises(TypeError, f"{display_name(fn)} takes no dicts")
    if fn in PARTIALS and getattr(fn, "__module__", None) in ("builtins", "math", "_operator") and not lo.fixed_span:
        if any(map(_is_sequence, args)):
            lo.raises(TypeError, f"{display_name(fn)} takes numbers, not a list or tuple", "make it an array")
    elif fn in PARTIALS:
        return [_as_array(lo, arg) for arg in args]
    numpy_function = fn in VJP and (getattr(fn, "__module__", None) or "numpy").startswith("numpy")
    count = 2 if fn in _TAKES_TWO else 1
    if numpy_function and VJP[fn].parameters[:1] not in (("shape",), ("subscripts",)):
        return [*[_as_array(lo, arg) for arg in args[:count]], *args[count:]]
    return args


def _as_array(lo: Lowering, symbol: Symbol) -> Symbol:
    if not _is_sequence(symbol):
        return symbol
    require_number(lo, symbol)
    return lo.emit(np.array, symbol)


_TAKES_TWO = frozenset(
    [
        np.dot,
        np.inner,
        np.outer,
        np.vdot,
        np.cross,
        np.kron,
        np.tensordot,
        np.convolve,
        np.linalg.solve,
        np.linalg.lstsq,
    ]
)
"""Functions whose first two arguments are arrays."""


def _is_default(fn: Any, name: str, symbol: Symbol) -> bool:
    """Whether an argument is what a function of NumPy would take anyway."""
    if not isinstance(symbol, Const) or not hashable(fn):
        return False
    default = _defaults(fn).get(name, UNDEFINED)
    return type(default) is type(symbol.value) and bool(default == symbol.value)


@functools.cache
def _defaults(fn: Any) -> dict[str, Any]:
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return {}
    found = {p.name: p.default for p in parameters if isinstance(p.default, (int, float, str, type(None)))}
    # Where an array of a class of its own may decide on `keepdims`, its default says no more than that.
    return found | {p.name: False for p in parameters if p.name == "keepdims" and p.default is np._NoValue}


def _is_table(args: list[Symbol], kwargs: dict[str, Symbol]) -> bool:
    """Whether these are the arguments for an array of a run-time list of arrays, or of lists of numbers."""
    rows = args[0] if len(args) == 1 else None
    if not isinstance(rows, Value) or type(rows.type) is not List:
        return False
    if not kwargs.keys() <= {"dtype"} or constant(kwargs.get("dtype", Const(float))) not in (float, np.float64):
        return False
    row = rows.type.item
    return is_scalar(row.item) if type(row) is List else isinstance(row, Array) and bool(row.shape)


def _is_sequence(symbol: Symbol) -> bool:
    if isinstance(symbol, Value):
        return isinstance(symbol.type, List)
    return (isinstance(symbol, Sequence) and symbol.cls is tuple) or (
        isinstance(symbol, Reference) and symbol.cls is list
    )


def _refuse_dicts(lo: Lowering, args: list[Symbol]) -> None:
    if any(isinstance(arg, Reference) and issubclass(arg.cls, dict) for arg in args):
        lo.unsupported("a function of numbers is given a dict here", "give it a list: list(d), list(d.values())")


def _data(lo: Lowering, symbol: Symbol, takes_iterators: bool) -> Symbol:
    """An argument of a primitive: an iterator is collected first."""
    if isinstance(symbol, Iterator):
        if not takes_iterators and (symbol.bounds is None or symbol.backwards):
            lo.unsupported("NumPy makes no array of an iterator", "make it a list: list(...)")
        return collect(lo, symbol)
    if isinstance(symbol, Closure):
        lo.unsupported(
            "a function of this program is passed to a library function",
            "what a solver finds is differentiated without it: srcgrad.implicit(solver, residual)",
        )
    return symbol
