"""What Numba lacks or does otherwise: promotion, division, overflow, reductions, memory that is read while written.

Every rewrite here is one from Python's or NumPy's meaning to calls that have the same meaning for Numba: what can't be
said so is left as it is where Numba refuses it, and refused where Numba would answer something else.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import ITEM_UPDATES, copies_perhaps, order_of
from srcgrad.ir.nodes import Call, Const, For, Function, Loop, Op, Region, Value, map_tree
from srcgrad.ir.types import FLOAT, INT, UNKNOWN, Array, List, NpScalar, PyScalar, Type, is_scalar, rank
from srcgrad.jit import helpers
from srcgrad.jit.divisors import is_never_zero
from srcgrad.jit.kernel import not_jitable
from srcgrad.jit.ranges import Magnitudes
from srcgrad.jit.shadow_tables import views_in
from srcgrad.jit.types import kind_of
from srcgrad.rules.registry import hashable
from srcgrad.transform.simplify import replace_values

_PLAIN = {
    operator.add: helpers.added,
    operator.sub: helpers.subtracted,
    operator.mul: helpers.product,
    operator.lshift: helpers.shifted_left,
    operator.rshift: helpers.shifted_right,
    operator.pow: helpers.int_power,
}
_DIVISIONS = {
    operator.truediv: helpers.divided,
    operator.floordiv: helpers.floor_divided,
    operator.mod: helpers.remainder,
}
_ARITHMETIC = frozenset([*_PLAIN, *_DIVISIONS, operator.and_, operator.or_, operator.xor])
_COMPARISONS = frozenset([operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
_AUGMENTED = frozenset(
    [
        *(operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv, operator.imod),
        *(operator.ipow, operator.imatmul),
    ]
)
_SUBSCRIPTED = (operator.getitem, operator.setitem, *ITEM_UPDATES)
_IN_DOMAIN = frozenset(
    [
        *(math.sqrt, math.log, math.log2, math.log10, math.log1p, math.acos, math.asin, math.atanh, math.acosh),
        *(math.sin, math.cos, math.tan, math.lgamma),
    ]
)
_IN_RANGE = frozenset([math.exp, math.exp2, math.expm1, math.cosh, math.sinh, math.gamma, math.pow])
_WHOLE = {math.floor: np.floor, math.ceil: np.ceil, math.trunc: np.trunc}
_AS_EXAMPLE: dict[str, Any] = {"b": True, "i": 1, "f": 1.0, "c": 1j}


def adapt(function: Function, aliases: Aliases, unwritten: set[Op]) -> None:
    """Says what a function does in the dialect that Numba compiles to the same.

    Before -> after: `y = x32 * 2.0` -> `y = x32 * np.float32(2.0)`; `q = a / b` of floats -> `q = divided(a, b)`.

    Args:
        function: it is changed.
        aliases: what may share memory in all functions.
        unwritten: calls of `np.reshape` whose results nobody writes.

    Raises:
        NotJitableError: for what Numba would compile to something else.
    """
    viewed = {aliases.find(v) for v in views_in([function])}
    dialect = _Dialect(Magnitudes(function), aliases, viewed, unwritten)
    dialect.region(function.body)
    replace_values(function.body, dialect.same)
    values = iter(function.body.results)
    function.result = map_tree(lambda _: next(values), function.result)


class _Dialect:
    """Rewrites one function."""

    def __init__(self, magnitudes: Magnitudes, aliases: Aliases, viewed: set[Any], unwritten: set[Op]):
        self.unwritten = unwritten
        self.magnitudes = magnitudes
        self.aliases = aliases
        self.viewed = viewed
        self.merged: set[Value] = set()
        self.same: dict[Value, Value] = {}
        self.ops: list[Op] = []
        self.op: Op | None = None

    def region(self, region: Region) -> None:
        """Rewrites the operations of a region."""
        self.merged |= {v for op in region.ops for inner in op.regions for v in inner.results}
        self.merged |= {v for op in region.ops if isinstance(op, Loop) for v in op.inits}
        outer, self.ops = self.ops, []
        for op in region.ops:
            for inner in op.regions:
                self.region(inner)
            self.op = op
            if isinstance(op, For) and op.backwards:
                self._turn_round(op)
            if isinstance(op, Call):
                self._spell_out(op)
                self._call(op)
            else:
                self.ops.append(op)
        region.ops = self.ops
        for op in region.ops:
            op.parent = region
        self.ops = outer

    def emit(self, fn: Callable[..., Any], args: tuple, t: Type, hint: str | None = None) -> Value:
        """Adds a call before the operation at hand; what it gives."""
        assert self.op is not None
        out = Value(t, hint, self.op.span)
        call = Call(fn, args, {}, [out], self.op.span)
        call.mirror = self.op.mirror
        self.ops.append(call)
        return out

    def _turn_round(self, op: For) -> None:
        """`reversed(range(...))` as a range that counts down."""
        op.backwards = False
        if isinstance(op.step, Const) and op.step.value == 1:
            op.start, op.stop = self._less_one(op.stop), self._less_one(op.start)
            op.step = Const(-1)
            return
        step = op.step
        last = self.emit(helpers.last_of_range, (op.start, op.stop, op.step), INT, "last")
        op.stop = self.emit(operator.sub, (op.start, step), INT)
        op.start = last
        op.step = Const(-step.value) if isinstance(step, Const) else self.emit(operator.neg, (step,), INT)

    def _less_one(self, v: Value) -> Value:
        if isinstance(v, Const):
            return Const(v.value - 1)
        return self.emit(operator.sub, (v, Const(1)), INT)

    def _spell_out(self, op: Call) -> None:
        """`x[...]` as `x[:, :]`, and of an array without axes `x[()] += v`: Numba has no ellipsis alone."""
        if op.fn not in _SUBSCRIPTED or not isinstance(op.args[1], Const) or op.args[1].value is not Ellipsis:
            return
        ndim = rank(op.args[0].type)
        if ndim:
            whole = Const(slice(None))
            op.args = (op.args[0], whole if ndim == 1 else (whole,) * ndim, *op.args[2:])
        elif ndim == 0 and op.fn is not operator.getitem:
            op.args = (op.args[0], (), *op.args[2:])

    def _call(self, op: Call) -> None:
        if hashable(op.fn):
            handler = _HANDLERS.get(op.fn)
            if handler is not None and handler(self, op):
                return
            if op.fn in _ARITHMETIC or op.fn in _COMPARISONS or isinstance(op.fn, np.ufunc):
                self._numbers(op)
                return
            if op.fn in _AUGMENTED or op.fn in ITEM_UPDATES or op.fn is operator.setitem:
                self._update(op)
        self.ops.append(op)

    # Numbers

    def _numbers(self, op: Call) -> None:
        """Arithmetic and comparisons, on numbers and arrays."""
        if all(isinstance(a, Value) and isinstance(a.type, PyScalar) for a in op.args):
            self._python_numbers(op)
            return
        self._strengthen(op)
        if op.fn is operator.pow and isinstance(op.outputs[0].type, (Array, NpScalar)) and self._simple_power(op):
            return
        self._checked_power(op)
        self.ops.append(op)
        self._narrow(op)

    def _strengthen(self, op: Call) -> None:
        """Casts Python numbers that meet NumPy's as NumPy does: to the dtype of what they meet."""
        strong = [kind_of(a.type) for a in op.args if isinstance(a, Value) and not isinstance(a.type, PyScalar)]
        weak = [a.type.kind for a in op.args if isinstance(a, Value) and isinstance(a.type, PyScalar)]
        if any(dtype is None for dtype in strong):
            return
        if len(set(strong)) > 1:
            self._widen(op, np.result_type(*strong))  # type: ignore[arg-type]
        if not strong or not weak:
            return
        common = np.result_type(*strong, *[_AS_EXAMPLE[kind] for kind in weak])  # type: ignore[arg-type]
        if op.fn in _COMPARISONS and common.kind not in "fc":
            return
        args = list(op.args)
        for k, arg in enumerate(args):
            if not isinstance(arg, Value) or not isinstance(arg.type, PyScalar):
                continue
            if op.fn is operator.pow and k == 1 and isinstance(arg, Const) and type(arg.value) is int:
                # Numba multiplies.
                continue
            own = kind_of(arg.type)
            if own is not None and np.result_type(*strong, own) == common:  # type: ignore[arg-type]
                continue
            args[k] = self._cast(arg, common)
        op.args = tuple(args)

    def _widen(self, op: Call, common: np.dtype) -> None:
        """Casts a float of 32 bits that meets integers for which it is too small: for Numba it is not."""
        if common.kind not in "fc" or any(kind_of(a.type) == common for a in op.args if isinstance(a, Value)):
            return
        k = next(k for k, a in enumerate(op.args) if isinstance(a, Value) and not isinstance(a.type, PyScalar))
        value = op.args[k]
        wide: Type = NpScalar(common) if is_scalar(value.type) else Array(common, value.type.shape)
        fn = common.type if is_scalar(value.type) else np.ndarray.astype
        args = (value,) if is_scalar(value.type) else (value, Const(common.type))
        op.args = (*op.args[:k], self.emit(fn, args, wide), *op.args[k + 1 :])

    def _cast(self, value: Value, dtype: np.dtype) -> Value:
        if isinstance(value, Const):
            try:
                return Const(dtype.type(value.value))
            except OverflowError:
                assert self.op is not None
                raise not_jitable(self.op, f"{value.value} does not fit into {dtype}") from None
        return self.emit(dtype.type, (value,), NpScalar(dtype))

    def _narrow(self, op: Call) -> None:
        """Casts what Numba computes of small numbers back to their dtype: it computes in 64 bits."""
        if len(op.outputs) != 1 or not isinstance(op.outputs[0].type, NpScalar):
            return
        out = op.outputs[0]
        assert isinstance(out.type, NpScalar)
        dtype = out.type.dtype
        alike = all(kind_of(a.type) == dtype for a in op.args if isinstance(a, Value))
        if dtype.kind == "b" or (dtype.itemsize == 8 and dtype.kind != "c") or (alike and dtype.kind in "fc"):
            return
        wide = Value(out.type, None, out.span)
        wide.owner = op
        op.outputs = [wide]
        self._after(op, dtype.type, (wide,), out)

    def _simple_power(self, op: Call) -> bool:
        """`x ** 2` and the like, as NumPy computes them: by a product."""
        base, exponent = op.args
        if not isinstance(exponent, Const) or not isinstance(op.outputs[0].type, Array):
            return False
        if exponent.value == 2 and kind_of(base.type) == kind_of(op.outputs[0].type):
            op.fn, op.args = operator.mul, (base, base)
        elif exponent.value == 0.5 and kind_of(base.type) == kind_of(op.outputs[0].type):
            op.fn, op.args = np.sqrt, (base,)
        else:
            return False
        self.ops.append(op)
        return True

    def _checked_power(self, op: Call) -> None:
        """Integers of NumPy raised to a power, which must not be negative."""
        if op.fn not in (operator.pow, np.power) or len(op.args) != 2:
            return
        base, exponent = op.args
        dtypes = [kind_of(v.type) for v in (base, exponent)]
        if any(dtype is None or dtype.kind not in "biu" for dtype in dtypes):
            return
        if isinstance(exponent, Const) and exponent.value >= 0:
            return
        raise not_jitable(op, "integers of NumPy are raised to a power that may be negative")

    def _python_numbers(self, op: Call) -> None:
        """Arithmetic of Python: integers have no end, and division raises."""
        fn = op.fn
        kinds = [a.type.kind for a in op.args]
        if fn in _COMPARISONS or "c" in kinds or fn not in _ARITHMETIC or op.mirror is not None:
            # Derivatives never raise where the function itself did not.
            self.ops.append(op)
        elif fn in _DIVISIONS:
            divisor = op.args[1]
            if (not isinstance(divisor, Const) or divisor.value == 0) and not is_never_zero(divisor):
                op.fn = _DIVISIONS[fn]
            self.ops.append(op)
        elif fn is operator.pow and "f" in kinds:
            self._float_power(op)
        else:
            if fn in _PLAIN and "f" not in kinds and not self.magnitudes.fits(op):
                op.fn = _PLAIN[fn]
            self.ops.append(op)

    def _float_power(self, op: Call) -> None:
        base, exponent = op.args
        if isinstance(exponent, Const) and exponent.value in (1, 2, 3, 4) and base.type == FLOAT:
            op.args = (base, Const(int(exponent.value)))
            self._checked(op, helpers.in_range)
            return
        op.fn = helpers.float_power
        self.ops.append(op)

    def _checked(self, op: Call, check: Callable[..., Any]) -> None:
        """The operation, with a look at what it gave; derivatives never raise where the function itself did not."""
        if op.mirror is not None:
            self.ops.append(op)
            return
        out = op.outputs[0]
        result = Value(out.type, None, out.span)
        result.owner = op
        op.outputs = [result]
        self.ops.append(op)
        self._after(op, check, (result, op.args[0]), out)

    # Memory

    def _update(self, op: Call) -> None:
        """A write to an array: what it reads of that array is copied first, as NumPy does."""
        target, value = op.args[0], op.args[-1]
        if not isinstance(target, Value) or not isinstance(target.type, Array) or not isinstance(value, Value):
            return
        if isinstance(value.type, Array) and self._may_overlap(op, target, value):
            op.args = (*op.args[:-1], self.emit(np.ndarray.copy, (value,), value.type))
        if op.fn is operator.setitem or target.type.dtype is None:
            return
        if isinstance(value.type, PyScalar):
            self._weak_update(op, target.type.dtype, value)
        elif (dtype := kind_of(value.type)) is not None:
            common = np.result_type(target.type.dtype, dtype)
            if not np.can_cast(common, target.type.dtype, "same_kind"):
                raise not_jitable(op, f"{common} is added to an array of {target.type.dtype} in place")

    def _weak_update(self, op: Call, dtype: np.dtype, value: Value) -> None:
        common = np.result_type(dtype, _AS_EXAMPLE[value.type.kind])  # type: ignore[attr-defined]
        if not np.can_cast(common, dtype, "same_kind"):
            raise not_jitable(op, f"{common} is added to an array of {dtype} in place")
        if common != np.result_type(dtype, kind_of(value.type)):  # type: ignore[arg-type]
            op.args = (*op.args[:-1], self._cast(value, common))

    def _may_overlap(self, op: Call, target: Value, value: Value) -> bool:
        """Whether what is written may be elements of what is read, but not each the same one."""
        memory = self.aliases.find(target)
        if memory is not self.aliases.find(value):
            return False
        return op.fn not in _AUGMENTED or (value is not target and memory in self.viewed)

    # Functions

    def mathematics(self, op: Call) -> bool:
        """Functions of `math`: Numba's raise nothing."""
        self._checked(op, helpers.in_domain if op.fn in _IN_DOMAIN else helpers.in_range)
        return True

    def whole(self, op: Call) -> bool:
        """`math.floor` and the like, which give an integer."""
        if kind_of(op.args[0].type) is not None and kind_of(op.args[0].type).kind == "f":  # type: ignore[union-attr]
            op.args = (self.emit(_WHOLE[op.fn], op.args, op.args[0].type),)
            op.fn = helpers.truncated
        return False

    def integer(self, op: Call) -> bool:
        """`int(x)` and `round(x)` of floats."""
        if len(op.args) == 1 and isinstance(op.args[0], Value) and (dtype := kind_of(op.args[0].type)) is not None:
            if isinstance(op.args[0].type, Array):
                raise not_jitable(op, "an array is made an integer")
            if dtype.kind == "f":
                op.fn = helpers.truncated if op.fn is int else helpers.rounded
        return False

    def _reduce_as(self, op: Call) -> None:
        """`np.sum(x, dtype=...)` as the sum of what is cast before."""
        wanted, x = op.kwargs.get("dtype"), op.args[0]
        if not isinstance(wanted, Const) or wanted.value is None or not isinstance(x.type, Array):
            return
        dtype = np.dtype(wanted.value)
        op.kwargs = {key: option for key, option in op.kwargs.items() if key != "dtype"}
        if x.type.dtype != dtype:
            cast = self.emit(np.ndarray.astype, (x, Const(dtype.type)), Array(dtype, x.type.shape))
            op.args = (cast, *op.args[1:])

    def reduction(self, op: Call) -> bool:
        """Sums, means and extremes."""
        self._reduce_as(op)
        if not set(op.kwargs) <= {"axis", "keepdims"} or len(op.args) > 2:
            raise not_jitable(op, f"np.{op.fn.__name__} with these options can't be compiled by Numba")
        x = op.args[0]
        axis = op.args[1] if len(op.args) > 1 else op.kwargs.get("axis", Const(None))
        keepdims = op.kwargs.get("keepdims", Const(False))
        if not isinstance(x, Value) or kind_of(x.type) is None:
            return False
        axes = _axes(axis, rank(x.type) or 0)
        if axes is None or not isinstance(keepdims, Const):
            raise not_jitable(op, f"np.{op.fn.__name__} along an axis that depends on the run can't be compiled")
        dtype = kind_of(op.outputs[0].type)
        if not axes and isinstance(x.type, Array) and x.type.shape and dtype is not None:
            op.fn, op.args, op.kwargs = np.ndarray.astype, (x, Const(dtype.type)), {}
            return False
        self._reduce(op, x, axes, bool(keepdims.value))
        return True

    def _reduce(self, op: Call, x: Value, axes: tuple[int, ...], keepdims: bool) -> None:
        """A reduction: of all elements at once, else axis by axis, from the last one."""
        whole, along = _REDUCTIONS[op.fn]
        out = op.outputs[0]
        ndim = rank(x.type) or 0
        if len(axes) == ndim:
            op.fn, op.args, op.kwargs = whole, (x,), {}
            if keepdims and isinstance(out.type, Array) and out.type.dtype is not None:
                op.outputs = [number := Value(NpScalar(out.type.dtype), None, out.span)]
                number.owner = op
                self.ops.append(op)
                self._after(op, np.full, (tuple([Const(1)] * ndim), number), out)
            else:
                self.ops.append(op)
            return
        for axis in reversed(axes[1:]):
            x = self.emit(along, (x, Const(axis)), _without_axis(out.type, x.type, axis))
        op.fn, op.args, op.kwargs = along, (x, Const(axes[0])), {}
        if not keepdims or not axes:
            self.ops.append(op)
            return
        part = Value(_without_axis(out.type, x.type, axes[0]), None, out.span)
        part.owner = op
        op.outputs = [part]
        self.ops.append(op)
        for axis in axes[:-1]:
            self.op = op
            part = self.emit(np.expand_dims, (part, Const(axis)), Array(kind_of(part.type), (1, *part.type.shape)))
        self._after(op, np.expand_dims, (part, Const(axes[-1])), out)

    def _after(self, op: Call, fn: Callable[..., Any], args: tuple, out: Value) -> None:
        call = Call(fn, args, {}, [out], op.span)
        call.mirror = op.mirror
        self.ops.append(call)

    def matrix_product(self, op: Call) -> bool:
        """Products of matrices: Numba has those of two floats of one dtype, of one or two axes each."""
        a, b = op.args[:2]
        if len(op.args) != 2 or op.kwargs:
            return False
        dtypes = {kind_of(v.type) for v in (a, b)}
        plain = len(dtypes) == 1 and all(d is not None and d.kind in "fc" for d in dtypes)
        if plain and all(rank(v.type) in (1, 2) for v in (a, b)):
            op.fn = np.dot if op.fn is np.dot else operator.matmul
            return False
        if op.fn is np.dot and 0 in (rank(a.type), rank(b.type)):
            op.fn = operator.mul
            return False
        if op.fn is np.dot and max(rank(a.type) or 0, rank(b.type) or 0) > 2:
            return False
        op.fn = helpers.multiplied
        return False

    def reshape(self, op: Call) -> bool:
        """A new shape, for arrays of any layout."""
        kept = op in self.unwritten or not self.aliases.is_written(op.outputs[0])
        if len(op.args) == 2 and not op.kwargs and kept:
            op.fn = helpers.reshaped
        return False

    def ravel(self, op: Call) -> bool:
        """One axis, as a view or a copy: Numba would decide by the layout that it knows, NumPy by the one there is."""
        if copies_perhaps(op) and not order_of(op) and self.aliases.is_written(op.outputs[0]):
            op.fn, op.args = helpers.raveled, op.args[:1]
        return False

    def real_part(self, op: Call) -> bool:
        """`np.real` and conjugates of what is real: the thing itself."""
        dtype = kind_of(op.args[0].type) if isinstance(op.args[0], Value) else None
        if dtype is not None and dtype.kind != "c" and op.fn is np.conjugate and not is_scalar(op.args[0].type):
            op.fn = np.ndarray.copy
        elif dtype is not None and dtype.kind != "c":
            self.same[op.outputs[0]] = op.args[0]
            return True
        return False

    def broadcast(self, op: Call) -> bool:
        """Broadcast arrays are read-only: for Numba all that meets one is, then."""
        out = op.outputs[0]
        if out not in self.merged:
            return False
        view = Value(out.type, None, out.span)
        view.owner = op
        op.outputs = [view]
        self.ops.append(op)
        self._after(op, np.ndarray.copy, (view,), out)
        return True

    def item(self, op: Call) -> bool:
        """A zero in a list of cotangents: compiled lists have items of one kind."""
        shadows, value = op.args[0], op.args[-1]
        if op.mirror is not None and isinstance(getattr(shadows, "type", None), List) and _is_zero(value):
            op.args = (*op.args[:-1], self.emit(helpers.zero_in, (shadows,), UNKNOWN))
        return False

    def diagonal(self, op: Call) -> bool:
        """Diagonals of matrices, which are views."""
        x, *others = op.args
        ndim = rank(x.type)
        given = {**dict(zip(("offset", "axis1", "axis2"), others, strict=False)), **op.kwargs}
        axes = [getattr(given.pop(name, Const(k)), "value", None) for k, name in enumerate(("axis1", "axis2"))]
        if ndim is None or ndim < 2 or None in axes or len(given) > 1:
            return False
        offset = next(iter(given.values()), Const(0))
        op.fn, op.args, op.kwargs = runtime.diagonal_view, (x, offset, *[Const(axis % ndim) for axis in axes]), {}
        return False

    def array(self, op: Call) -> bool:
        """Arrays of lists: where one is filled in a loop, Numba makes it an array from the start, which it is not."""
        items = op.args[0] if op.args else None
        if not isinstance(items, Value) or not isinstance(items.type, List):
            return False
        dtype = kind_of(op.outputs[0].type)
        if is_scalar(items.type.item) and dtype is not None:
            op.fn, op.args, op.kwargs = helpers.packed_numbers, (items, Const(dtype.type)), {}
        elif len(op.args) == 1 and not op.kwargs:
            op.fn = helpers.array_of
        return False

    def magnitude(self, op: Call) -> bool:
        """`abs` of arrays."""
        if len(op.args) == 1 and isinstance(op.args[0].type, Array):
            op.fn = np.abs
        return False

    def random(self, op: Call) -> bool:
        """Numba's random numbers are others than NumPy's."""
        raise not_jitable(op, f"np.random.{op.fn.__name__} draws other numbers in compiled code")


def _is_zero(value: Any) -> bool:
    return isinstance(value, Const) and type(value.value) is float and value.value == 0


_RANDOM = [fn for name in np.random.__all__ if isinstance(fn := getattr(np.random, name), type(np.random.rand))]


def _axes(axis: Any, ndim: int) -> tuple[int, ...] | None:
    """The axes of a reduction, counted from the start; None if they are not constants."""
    if isinstance(axis, Const):
        axis = axis.value
    if axis is None:
        return tuple(range(ndim))
    items = axis if isinstance(axis, (tuple, list)) else (axis,)
    found = [i.value if isinstance(i, Const) else i for i in items]
    if not all(isinstance(i, int) for i in found):
        return None
    return tuple(sorted(i % ndim if ndim else i for i in found))


def _without_axis(result: Type, t: Type, axis: int) -> Array:
    """The type of a reduction along one axis of several."""
    assert isinstance(t, Array) and t.shape is not None
    return Array(kind_of(result), (*t.shape[:axis], *t.shape[axis + 1 :]))


_REDUCTIONS: dict[Any, tuple[Any, Any]] = {
    np.sum: (helpers.total, helpers.total_along),
    np.mean: (helpers.average, helpers.average_along),
    np.max: (np.max, helpers.largest_along),
    np.min: (np.min, helpers.smallest_along),
}
_HANDLERS: dict[Any, Callable[[_Dialect, Call], bool]] = {
    **dict.fromkeys([*_IN_DOMAIN, *_IN_RANGE], _Dialect.mathematics),
    **dict.fromkeys(_WHOLE, _Dialect.whole),
    **dict.fromkeys([int, round], _Dialect.integer),
    **dict.fromkeys(_REDUCTIONS, _Dialect.reduction),
    **dict.fromkeys([operator.matmul, np.matmul, np.dot], _Dialect.matrix_product),
    np.reshape: _Dialect.reshape,
    np.ravel: _Dialect.ravel,
    **dict.fromkeys([np.real, np.conjugate], _Dialect.real_part),
    **dict.fromkeys([np.array, np.asarray], _Dialect.array),
    abs: _Dialect.magnitude,
    **dict.fromkeys([np.broadcast_to, runtime.expanded], _Dialect.broadcast),
    **dict.fromkeys([np.diag, np.diagonal, runtime.diagonal_view], _Dialect.diagonal),
    **dict.fromkeys([operator.setitem, list.append, list.insert], _Dialect.item),
    **dict.fromkeys(_RANDOM, _Dialect.random),
}
