"""The types of what built-in functions, `math`, attributes and container methods return."""

from __future__ import annotations

import bisect
import builtins
import math
import operator
from functools import reduce
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.ir.joins import join
from srcgrad.ir.nodes import Const, Tree
from srcgrad.ir.types import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    STR,
    UNKNOWN,
    Array,
    Dict,
    Dim,
    List,
    NpScalar,
    Opaque,
    PyScalar,
    Tuple,
    Type,
    number_of,
    shape_of,
)
from srcgrad.rules.dims import product
from srcgrad.rules.operands import (
    Site,
    Unsure,
    analytic,
    constant,
    counted,
    integer,
    is_none,
    is_opaque,
    refresh,
    sequence_items,
    type_of,
)

_FIXED: dict[Any, Type] = {
    builtins.isinstance: BOOL,
    builtins.issubclass: BOOL,
    builtins.callable: BOOL,
    builtins.hasattr: BOOL,
    builtins.any: BOOL,
    builtins.all: BOOL,
    builtins.hash: INT,
    builtins.id: INT,
    builtins.str: STR,
    builtins.repr: STR,
    builtins.format: STR,
    builtins.ascii: STR,
    builtins.bin: STR,
    builtins.chr: STR,
    builtins.hex: STR,
    builtins.oct: STR,
    builtins.ord: INT,
    float.is_integer: BOOL,
    float.hex: STR,
    int.bit_count: INT,
    int.bit_length: INT,
    builtins.print: NONE,
    builtins.slice: Opaque(slice),
    builtins.range: Opaque(range),
    builtins.float: FLOAT,
    builtins.bool: BOOL,
    builtins.complex: COMPLEX,
    operator.not_: BOOL,
    operator.truth: BOOL,
    operator.is_: BOOL,
    operator.is_not: BOOL,
    operator.contains: BOOL,
    operator.index: INT,
    operator.setitem: NONE,
    operator.delitem: NONE,
    builtins.setattr: NONE,
    runtime.outside_item: NONE,
    runtime.outside_append: NONE,
    list.append: NONE,
    list.extend: NONE,
    list.insert: NONE,
    list.clear: NONE,
    list.remove: NONE,
    list.reverse: NONE,
    list.sort: NONE,
    bisect.bisect_left: INT,
    bisect.bisect_right: INT,
    list.index: INT,
    list.count: INT,
    dict.update: NONE,
    dict.clear: NONE,
    dict.update: NONE,
    np.ndarray.fill: NONE,
    np.ndarray.sort: NONE,
    np.finfo: Opaque(np.finfo),
    np.iinfo: Opaque(np.iinfo),
    math.modf: Tuple((FLOAT, FLOAT)),
    math.frexp: Tuple((FLOAT, INT)),
}
"""Functions whose result has the same type for all arguments that they accept."""
_MATH: dict[Type, str] = {
    INT: "floor ceil trunc factorial comb perm gcd lcm isqrt",
    BOOL: "isnan isinf isfinite isclose",
    FLOAT: """acos acosh asin asinh atan atan2 atanh cbrt copysign cos cosh degrees dist erf erfc exp exp2 expm1 fabs
        fmod fsum gamma hypot ldexp lgamma log log10 log1p log2 nextafter pow radians remainder sin sinh sqrt tan tanh
        ulp fma""",
}
_FIXED.update({getattr(math, name): t for t, names in _MATH.items() for name in names.split() if hasattr(math, name)})
_TEXT: dict[Type, str] = {
    STR: """capitalize casefold center expandtabs format join ljust lower lstrip removeprefix removesuffix replace rjust
        rstrip strip swapcase title upper zfill""",
    INT: "count find index rfind rindex",
    BOOL: "startswith endswith isalnum isalpha isdecimal isdigit islower isnumeric isspace isupper",
}
_WITH_IS_INTEGER = (int, np.float16, np.float32, np.float64, np.longdouble)
_FIXED.update({cls.is_integer: BOOL for cls in _WITH_IS_INTEGER if hasattr(cls, "is_integer")})
_FIXED.update({getattr(str, name): t for t, names in _TEXT.items() for name in names.split()})


@analytic(*_FIXED)
def fixed(site: Site, fn: Any, *args: Tree) -> Type:
    return _FIXED[fn]


@analytic(math.isclose, builtins.print, list.sort)
def fixed_with_keywords(
    site: Site,
    fn: Any,
    *args: Tree,
    rel_tol: Tree = None,
    abs_tol: Tree = None,
    sep: Tree = None,
    end: Tree = None,
    key: Tree = None,
    reverse: Tree = None,
) -> Type:
    return _FIXED[fn]


@analytic(np.allclose, np.array_equal)
def comparison_of_all(
    site: Site,
    fn: Any,
    a: Tree,
    b: Tree,
    rtol: Tree = None,
    atol: Tree = None,
    equal_nan: Tree = None,
) -> Type:
    return BOOL


@analytic(builtins.int)
def to_int(site: Site, fn: Any, x: Tree = 0, base: Tree = None) -> Type:
    t = type_of(x)
    return t if isinstance(t, PyScalar) and t.kind == "i" else INT


@analytic(builtins.len)
def len_(site: Site, fn: Any, x: Tree) -> Type:
    items = sequence_items(x)
    if items is not None:
        return counted(len(items))
    t = type_of(x)
    return counted(t.shape[0]) if isinstance(t, Array) and t.shape else INT


@analytic(builtins.round)
def round_(site: Site, fn: Any, x: Tree, ndigits: Tree = None) -> Type:
    t = type_of(x)
    if not isinstance(t, (PyScalar, NpScalar)):
        return UNKNOWN
    if is_none(ndigits):
        return INT
    return INT if isinstance(t, PyScalar) and t.kind in "bi" else t


@analytic(builtins.max, builtins.min)
def extremum(site: Site, fn: Any, *args: Tree) -> Type:
    if len(args) > 1:
        types = [number_of(type_of(item)) for item in args]
    else:
        t, items = type_of(args[0]), sequence_items(args[0])
        if items is None:
            return _element(site, t)
        types = [type_of(item) for item in items]
    return reduce(lambda a, b: join(a, b, site.fresh()), types) if types else UNKNOWN


def _element(site: Site, t: Type) -> Type:
    """The type of what iteration over a value gives."""
    if isinstance(t, List):
        return refresh(site, t.item)
    if isinstance(t, Array) and t.shape and t.dtype is not None:
        return Array(t.dtype, t.shape[1:]) if t.shape[1:] else NpScalar(t.dtype)
    return INT if is_opaque(t, range) else UNKNOWN


@analytic(builtins.list, builtins.sorted)
def to_list(site: Site, fn: Any, x: Tree = ()) -> Type:
    items = sequence_items(x)
    if items is None:
        item = _element(site, type_of(x))
    else:
        types = [type_of(item) for item in items]
        item = reduce(lambda a, b: join(a, b, site.fresh()), types) if types else UNKNOWN
    return List(item)


@analytic(builtins.tuple)
def to_tuple(site: Site, fn: Any, x: Tree = ()) -> Type:
    items = sequence_items(x)
    return UNKNOWN if items is None else Tuple(tuple([type_of(item) for item in items]))


@analytic(list.pop, dict.pop, dict.setdefault)
def pop(site: Site, fn: Any, x: Tree, key: Tree = None, default: Tree = None) -> Type:
    t = type_of(x)
    if not isinstance(t, (List, Dict)):
        return UNKNOWN
    item = refresh(site, t.item)
    return item if default is None else join(item, type_of(default), site.fresh())


@analytic(dict.get)
def get(site: Site, fn: Any, x: Tree, key: Tree, default: Tree = None) -> Type:
    t = type_of(x)
    if not isinstance(t, Dict):
        return UNKNOWN
    return join(refresh(site, t.item), type_of(default), site.fresh())


@analytic(list.copy, dict.copy)
def copy(site: Site, fn: Any, x: Tree) -> Type:
    return type_of(x)


def _named(kinds: str) -> Any:
    return {"b": BOOL, "i": INT, "u": INT, "f": FLOAT, "c": COMPLEX}.get(kinds, UNKNOWN)


@analytic(np.ndarray.item)
def item(site: Site, fn: Any, x: Tree, *index: Tree) -> Type:
    t = type_of(x)
    dtype = t.dtype if isinstance(t, (Array, NpScalar)) else None
    return UNKNOWN if dtype is None or dtype.itemsize > 16 or dtype.char in "gG" else _named(dtype.kind)


@analytic(builtins.getattr)
def attribute(site: Site, fn: Any, x: Tree, name: Tree, *default: Tree) -> Type:
    try:
        key = constant(name)
    except Unsure:
        return UNKNOWN
    t = type_of(x)
    if isinstance(t, PyScalar):
        return _part(t, key) if key in ("real", "imag") else UNKNOWN
    if not isinstance(t, (Array, NpScalar)):
        return UNKNOWN
    shape = shape_of(t)
    if key in ("real", "imag"):
        return _part(t, key)
    if key == "dtype":
        return Opaque(np.dtype)
    if key in ("itemsize", "nbytes"):
        return INT
    if key == "flat":
        return Opaque(np.flatiter) if isinstance(t, Array) else UNKNOWN
    if shape is None:
        return {"size": INT, "ndim": INT, "T": t}.get(key, UNKNOWN)
    return _of_shape(t, shape, key)


def _of_shape(t: Array | NpScalar, shape: tuple[int | Dim, ...], key: str) -> Type:
    if key == "shape":
        return Tuple(tuple([counted(axis) for axis in shape]))
    if key == "strides":
        return Tuple((INT,) * len(shape))
    if key == "ndim":
        return counted(len(shape))
    if key == "size":
        return counted(product(shape))
    if key == "T" or (key == "mT" and len(shape) == 2):
        return Array(t.dtype, shape[::-1]) if isinstance(t, Array) else t
    if key == "mT" and len(shape) > 2:
        return Array(t.dtype, (*shape[:-2], shape[-1], shape[-2]))
    return UNKNOWN


def _part(t: Type, key: str) -> Type:
    """The type of the real or imaginary part."""
    if isinstance(t, PyScalar):
        if t.kind == "b":
            return INT
        return FLOAT if t.kind == "c" else t if key == "real" else PyScalar(t.kind)
    assert isinstance(t, (Array, NpScalar))
    dtype = t.dtype if t.dtype is None else np.zeros(0, t.dtype).real.dtype
    if isinstance(t, Array):
        return Array(dtype, t.shape)
    return NpScalar(dtype) if dtype is not None else UNKNOWN


@analytic(operator.concat)
def concat(site: Site, fn: Any, a: Tree, b: Tree) -> Type:
    s, t = type_of(a), type_of(b)
    if isinstance(s, Tuple) and isinstance(t, Tuple):
        return Tuple(s.items + t.items)
    if isinstance(s, List) and isinstance(t, List):
        known = [u.item for u, tree in ((s, a), (t, b)) if not (isinstance(tree, list) and not tree)]
        return List(reduce(lambda p, q: join(p, q, site.fresh()), known) if known else UNKNOWN)
    return STR if is_opaque(s, str) and is_opaque(t, str) else UNKNOWN


def repeated(site: Site, a: Tree, b: Tree) -> Type:
    """The type of a sequence times a number of times."""
    s, t = type_of(a), type_of(b)
    if not isinstance(s, (Tuple, List)) and not is_opaque(s, str):
        a, b, s, t = b, a, t, s
    if not (isinstance(t, PyScalar) and t.kind in "ib"):
        return UNKNOWN
    if isinstance(s, Tuple):
        times = integer(b)
        return Tuple(s.items * times) if isinstance(times, int) and times * len(s.items) < 1000 else UNKNOWN
    return s if isinstance(s, List) else STR if is_opaque(s, str) else UNKNOWN


@analytic(builtins.sum)
def sum_(site: Site, fn: Any, x: Tree, start: Tree = Const(0)) -> Type:  # noqa: B008 - a constant is never changed
    from srcgrad.rules.result_types import apply

    items = sequence_items(x)
    t = type_of(x)
    if items is None:
        element = _element(site, t)
        nonempty = (
            isinstance(t, Array) and t.shape and (t.shape[0] if isinstance(t.shape[0], int) else t.shape[0].offset > 0)
        )
        added = apply(site, operator.add, (type_of(start), element), {})
        # The sum of nothing is the start, a Python integer.
        return added if nonempty or added == join(type_of(start), added, "") else UNKNOWN
    total = type_of(start)
    for each in items:
        total = apply(site, operator.add, (total, type_of(each)), {})
    return total
