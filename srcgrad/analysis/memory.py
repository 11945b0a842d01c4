"""Which memory an operation writes, and which operations only look at an array's outside."""

from __future__ import annotations

import operator
from collections.abc import Callable, Container
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from srcgrad import checks, runtime
from srcgrad.ir.nodes import Call, Closed, Const, Op, Value, leaves
from srcgrad.ir.types import Array, List, NpScalar, PyScalar, Tuple, Type, Unknown, is_scalar, rank
from srcgrad.rules.custom import Primal, fitting
from srcgrad.rules.index_sets import all_of_all, no_sets, shadow_sets, union_at
from srcgrad.rules.registry import ACCUMULATING, IN_PLACE, VIEWS, hashable
from srcgrad.rules.shape import array_of_rows

ITEM_UPDATES = frozenset(
    getattr(runtime, f"{name}_item") for name in ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"]
)
LIST_WRITERS = frozenset(
    [list.append, list.pop, list.insert, list.extend, list.clear, list.reverse, list.sort, list.remove]
)
DICT_WRITERS = frozenset([dict.clear, dict.pop, dict.popitem, dict.update])
WRITERS = (
    frozenset([operator.setitem, operator.delitem, np.add.at, np.copyto, np.fill_diagonal, np.ndarray.fill])
    | DICT_WRITERS
    | IN_PLACE
    | ITEM_UPDATES
    | LIST_WRITERS
    | frozenset(
        [
            runtime.add_each,
            runtime.add_each_plain,
            runtime.add_slice,
            runtime.add_to_item,
            runtime.take_item,
            runtime.added,
            runtime.before_update,
            runtime.add_unless_view,
            runtime.add_into,
            runtime.add_part,
            runtime.add_repeats,
            runtime.add_if_copied,
            union_at,
        ]
    )
)
_METADATA_FUNCTIONS = frozenset(
    [len, np.shape, np.ndim, np.size, np.zeros_like, np.empty_like, np.ones_like, isinstance, type, no_sets]
)
_METADATA_ATTRIBUTES = frozenset(["shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides"])


def among(fn: Any, table: Container[Any]) -> bool:
    """Whether a table holds a callable; one without a hash is in none."""
    try:
        return fn in table
    except TypeError:
        return False


def written(op: Op) -> Value | None:
    """The container an operation writes to, None if it writes to none."""
    if not isinstance(op, Call) or not op.args:
        return None
    fn = op.fn
    try:
        writes = fn in WRITERS or fn in ACCUMULATING
    except TypeError:
        # A callable without a hash is none of these.
        return None
    return op.args[0] if writes and isinstance(op.args[0], Value) else None


def only_metadata(op: Op) -> bool:
    """Whether an operation looks only at shape, dtype and length of its arguments, never at their contents."""
    if not isinstance(op, Call):
        return False
    if op.fn is getattr:
        return getattr(op.args[1], "value", None) in _METADATA_ATTRIBUTES
    if op.fn in (len, no_sets) and not all(isinstance(v.type, (Array, Tuple)) for v in op.inputs):
        # The length of a list is part of its contents.
        return False
    return among(op.fn, _METADATA_FUNCTIONS)


def shape_operand(op: Op) -> int | None:
    """The position of an argument of which an operation only looks at the shape, None if there is none."""
    if isinstance(op, Call) and hashable(op.fn):
        if op.fn in (runtime.unbroadcast, runtime.expanded):
            return 1
        if op.args and only_metadata(op):
            return 0
    return None


_LIKENESSES: dict[Any, tuple[int, ...]] = {
    **{np.full_like: (0,), all_of_all: (0,)},
    **{runtime.unbroadcast: (1,), runtime.expanded: (1,), runtime.like: (1,), runtime.real_like: (1,), fitting: (1,)},
    **{runtime.add_if_copied: (2, 3), runtime.through_copy: (1, 2), checks.check_apart: (0, 1)},
    **{runtime.viewed_alike: (1, 2, 3), runtime.laid_out_as: (1,)},
}
"""Functions -> the arguments of which they look only at shape, kind and place."""


def is_likeness(op: Call, k: int) -> bool:
    """Whether an argument is there for its shape and kind alone: nothing depends on the numbers in it."""
    return hashable(op.fn) and k in _LIKENESSES.get(op.fn, ())


def contents_read(op: Op) -> list[Value]:
    """The inputs of an operation less those of which it looks only at the outside."""
    outside = _LIKENESSES.get(op.fn, ()) if isinstance(op, Call) and hashable(op.fn) else ()
    if not outside or not isinstance(op, Call):
        return op.inputs
    kept = [arg for k, arg in enumerate(op.args) if k not in outside or isinstance(getattr(arg, "type", None), List)]
    return list(leaves((*kept, op.kwargs)))


def reads_contents(op: Op, value: Value) -> bool:
    """Whether an operation that uses a value looks at its contents, and not at its shape alone."""
    return not only_metadata(op) and any(v is value for v in contents_read(op))


LOOKUPS = frozenset([runtime.shadow_of, runtime.cotangent_of, shadow_sets])
"""What finds the shadow of its second argument in a table of them, its first."""
_BY_IDENTITY: dict[Any, tuple[int, ...]] = {
    **dict.fromkeys(LOOKUPS, (1,)),
    runtime.add_if_copied: (2, 3),
    runtime.through_copy: (1, 2),
    runtime.viewed_alike: (1, 2, 3),
    **dict.fromkeys([operator.is_, operator.is_not, np.shares_memory, np.may_share_memory, checks.check_apart], (0, 1)),
}
"""What tells objects apart, however equal they are -> the arguments that it does so with."""


def item_update(fn: Any) -> str | None:
    """The operator's name if `fn` is a helper that stands for `x[i] += v` and its like."""
    return fn.__name__.removesuffix("_item") if among(fn, ITEM_UPDATES) else None


def told_apart(op: Call) -> list[Value]:
    """The arguments of a call for which it matters which object they are, and not only what it holds."""
    if op.fn is checks.check_overlap:
        return [v for v in leaves(op.args) if not isinstance(v, Const)]
    if isinstance(op.fn, Closed):
        body = op.fn.function.body
        asks = any(isinstance(inner, Call) and inner.fn is checks.check_overlap for inner in body.ops)
        return [v for v in op.args if asks and not isinstance(v, Const)]
    places = _BY_IDENTITY[op.fn] if among(op.fn, _BY_IDENTITY) else ()
    return [v for v in op.args[places[0] : places[-1] + 1] if isinstance(v, Value)] if places else []


def is_basic_index(tree: Any) -> bool:
    """Whether indexing with this argument tree gives a view: no array, and no truth value, among its parts."""
    if isinstance(tree, (tuple, list)):
        return not isinstance(tree, list) and all(is_basic_index(part) for part in tree)
    if isinstance(tree, Const) and isinstance(tree.value, (bool, np.bool_)):
        return False
    if isinstance(tree, Value):
        # Of what an array without axes picks, or a truth value, NumPy makes a copy.
        return (
            not isinstance(tree.type, Array)
            and not _is_truth_value(tree.type)
            and (rank(tree.type) == 0 or (not isinstance(tree.type, Unknown) and not hasattr(tree.type, "item")))
        )
    return True


def _is_truth_value(t: Type) -> bool:
    return (isinstance(t, PyScalar) and t.kind == "b") or (isinstance(t, NpScalar) and t.dtype.kind == "b")


def is_view(op: Call) -> bool:
    """Whether the result of a call may share memory with its first argument."""
    if not op.args or not isinstance(op.args[0], Value) or isinstance(op.args[0].type, List):
        return False
    if is_scalar(op.args[0].type):
        # What is made of a number is new memory.
        return False
    if op.fn is operator.getitem:
        return is_basic_index(op.args[1]) and any(not is_scalar(v.type) for v in op.outputs)
    if op.fn is np.diag and rank(op.args[0].type) == 1:
        return False
    shares = among(op.fn, VIEWS) or among(op.fn, IN_PLACE)
    return shares and any(not is_scalar(v.type) for v in op.outputs)


def base_of(value: Any) -> Any:
    """What a value is a view of, of a view, and so on."""
    while isinstance(value, Value) and isinstance(value.owner, Call) and is_view(value.owner):
        value = value.owner.args[0]
    return value


MAY_COPY = frozenset(
    [np.reshape, np.ravel, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, runtime.viewed_alike]
)
READ_ONLY_VIEWS = frozenset([np.diagonal, np.diag, np.linalg.diagonal])
_CONTIGUOUS: dict[Any, int] = {
    **{np.ndarray.copy: 1, np.zeros: 2, np.ones: 2, np.empty: 2, np.full: 3},
    **{np.arange: 4, np.eye: 4, np.ravel: 2},
}
"""What makes arrays without gaps, in the order of C -> how many arguments it has before that order can be another."""


def copies_perhaps(op: Call) -> bool:
    """Whether NumPy decides at run time between a view of the first argument and a copy of it."""
    if not among(op.fn, MAY_COPY):
        return False
    if op.fn not in (np.reshape, np.ravel) or op.kwargs or not op.args or not isinstance(op.args[0], Value):
        return True
    # With one axis there are no gaps that a shape could not follow; `ravel` closes them.
    never = op.fn is np.reshape and rank(op.args[0].type) == 1
    return not (never or (not order_of(op) and has_no_gaps(op.args[0])))


def has_no_gaps(value: Value) -> bool:
    """Whether an array was surely made without gaps, in the order of C."""
    owner = value.owner
    if not isinstance(owner, Call):
        return False
    if among(owner.fn, _CONTIGUOUS):
        return len(owner.args) <= _CONTIGUOUS[owner.fn] and owner.kwargs.keys() <= {"dtype"}
    return rank(value.type) == 1 and isinstance(value.type, Array) and is_computed(owner)


def is_computed(op: Call) -> bool:
    """Whether the outputs of a call are surely new memory: of arithmetic, NumPy's functions and index arrays."""
    if op.fn is operator.getitem:
        return not is_basic_index(op.args[1]) and isinstance(op.args[0], Value) and isinstance(op.args[0].type, Array)
    if op.fn in (np.ndarray.copy, np.ndarray.astype):
        return not op.kwargs
    arithmetic = isinstance(op.fn, np.ufunc) or getattr(op.fn, "__module__", None) == "_operator"
    known = arithmetic or among(op.fn, _NEW)
    into_old = not op.kwargs.keys().isdisjoint(["out", "copy"]) or written(op) is not None
    return known and not into_old and not is_view(op)


_NEW = frozenset(
    [
        *(np.where, np.array, np.concatenate, np.stack, np.hstack, np.zeros_like, np.empty_like, np.ones_like),
        *(np.full_like, np.copy, np.linspace, np.sort, np.clip, np.diff, np.dot, np.matmul, np.outer, np.take),
        *(np.sum, np.prod, np.mean, np.max, np.min, np.cumsum, np.cumprod, np.interp, np.roll, np.repeat, np.tile),
        array_of_rows,
    ]
)
"""Functions that never hand on their arguments."""


def is_allocation(op: Call) -> bool:
    """Whether the outputs of a call are new memory, of which no two elements are one place."""
    return among(op.fn, _ALLOCATING) or is_computed(op)


_ALLOCATING = frozenset([np.zeros, np.ones, np.empty, np.full, runtime.copied, runtime.protected, runtime.laid_out_as])


def order_of(op: Call) -> tuple[Any, ...]:
    """The order in which an operation of `MAY_COPY` takes the elements, empty if it is that of C."""
    place = {np.reshape: 2, np.ravel: 1}.get(op.fn)
    if place is None:
        return ()
    order = op.args[place] if len(op.args) > place else op.kwargs.get("order", Const("C"))
    return () if isinstance(order, Const) and order.value == "C" else (order,)


def passed_on(op: Call) -> list[tuple[Value, Value]]:
    """The outputs of a library function that may be memory of its arguments though `VIEWS` does not say so.

    As pairs of output and argument. No shadow follows them: `separation` copies or refuses them where that matters.
    """
    if isinstance(op.fn, Primal):
        given = list(leaves(op.args))
        return [(op.outputs[j], given[k]) for j, k in op.fn.shared]
    if not among(op.fn, _HANDS_ON):
        # Without an argument a type of numbers gives its zero.
        is_type = isinstance(op.fn, type) and issubclass(op.fn, np.generic) and bool(op.args)
        return _pairs(op, op.args[:1]) if is_type and rank(op.args[0].type) != 0 else []
    return _pairs(op, _HANDS_ON[op.fn](op))


def _pairs(op: Call, arguments: tuple) -> list[tuple[Value, Value]]:
    if len(arguments) == 1 or len(op.outputs) == 1:
        rows = [(o, x) for o in op.outputs for x in arguments]
    else:
        rows = list(zip(op.outputs, arguments, strict=False))
    return [(o, x) for o, x in rows if isinstance(x, Value) and not is_scalar(o.type) and not is_scalar(x.type)]


def _unless(position: int, name: str, default: Any, makes_new: Callable[[Any], bool]) -> Callable[[Call], tuple]:
    """The first argument, unless a parameter is known to have a value with which the result is new."""

    def sharing(op: Call) -> tuple:
        given = op.args[position] if len(op.args) > position else op.kwargs.get(name, Const(default))
        return () if isinstance(given, Const) and makes_new(given.value) else op.args[:1]

    return sharing


def _einsum_operand(op: Call) -> tuple:
    """The only operand, unless an axis of it is summed over."""
    text = getattr(op.args[0], "value", None)
    if not isinstance(text, str):
        return op.args[:1] if len(op.args) <= 3 else ()
    given, arrow, result = text.partition("->")
    kept = set(given) <= set(result) if arrow else len(set(given.replace(".", ""))) == len(given.replace(".", ""))
    return op.args[1:] if len(op.args) == 2 and kept else ()


_HANDS_ON: dict[Any, Callable[[Call], tuple]] = {
    np.diff: _unless(1, "n", 1, lambda n: n != 0),
    **dict.fromkeys([np.polyder, np.polyint], _unless(1, "m", 1, lambda m: m != 0)),
    np.linalg.matrix_power: _unless(1, "n", 0, lambda n: n != 1),
    np.meshgrid: lambda op: () if getattr(op.kwargs.get("copy", Const(True)), "value", False) else op.args,
    np.broadcast_arrays: lambda op: op.args if len(op.args) > 1 else (),
    np.ix_: lambda op: op.args,
    np.einsum: _einsum_operand,
    **dict.fromkeys([np.require, np.trim_zeros, np.real_if_close, sliding_window_view], lambda op: op.args[:1]),
}
"""Function -> the arguments that its outputs may be memory of, one each if there are several."""
