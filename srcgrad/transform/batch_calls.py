"""The batched forms of calls: elementwise ones, those with a batch rule, reads and writes of elements, lists.

Before -> after, for `x_dot` with an axis of seeds in front: `x_dot[i] += w * y_dot` -> `x_dot[:, i] += w * y_dot`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.memory import (
    IN_PLACE,
    ITEM_UPDATES,
    MAY_COPY,
    contents_read,
    copies_perhaps,
    has_no_gaps,
    only_metadata,
    written,
)
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.access import shape
from srcgrad.frontend.values import Sequence, Symbol
from srcgrad.ir.nodes import (
    Call,
    Const,
    Op,
    Value,
    leaves,
    map_tree,
    within,
)
from srcgrad.ir.types import F8, Array, List, NpScalar, PyScalar, Tuple, is_scalar, rank, shape_of
from srcgrad.rules.extents import is_elementwise
from srcgrad.rules.index import scatter
from srcgrad.rules.registry import BATCH, Rule, batched_parameters, hashable
from srcgrad.rules.result_types import result_type
from srcgrad.transform.cotangents import cast, is_fresh
from srcgrad.transform.rule_calls import inline_rule
from srcgrad.transform.writes import BINARY

if TYPE_CHECKING:
    from srcgrad.transform.batch import Batch


class NotBatched(Exception):
    """Something has no batched form."""


# Calls


def batch_call(batch: Batch, op: Call) -> None:
    if not hashable(op.fn):
        raise NotBatched("a callable of the user's")
    if written(op) is not None:
        _write(batch, op)
    elif op.fn in (tuple, operator.getitem) and _is_container(op.args[0]) and op.outputs:
        _take_apart(batch, op)
    elif len(op.outputs) != 1 or op.unpacks:
        raise NotBatched(f"{op.fn!r}, which returns several values")
    elif _copies_perhaps(op) and batch.aliases.is_written(op.outputs[0]) and _matters(batch, op):
        raise NotBatched(f"{op.fn!r}, which may give a view or a copy of what is written")
    elif not any(map(batch.is_batched, contents_read(op))) or reads_outside(op):
        _make(batch, op)
    elif any(_is_container(v) for v in (*op.outputs, *filter(batch.is_batched, op.inputs))):
        _on_list(batch, op)
    else:
        batch.note(op.outputs[0], batch.lo.value(_result(batch, op)))


def _copies_perhaps(op: Call) -> bool:
    return op.fn in MAY_COPY and op.fn is not runtime.viewed_alike


def _make(batch: Batch, op: Call) -> None:
    """A new array that batched values are written to, or what is known of the shape of a batched one."""
    lo, output = batch.lo, op.outputs[0]
    if op.fn is list and not op.args:
        lo.append_call(list, (), [batch.new(output, None)])
        batch.found[output].owner = lo.region.ops[-1]
        return
    if not batch.is_batched(output) or any(map(batch.is_batched, op.inputs)):
        _outside(batch, op)
        return
    t = batch.type_of(output.type)
    if not isinstance(t, Array):
        raise NotBatched("a container")
    for value in op.inputs:
        batch.check_defined(value)
    if op.fn in (np.zeros_like, np.empty_like, runtime.zeros_like):
        made = lo.emit(np.zeros, batch.with_count(shape(lo, model_of(op.args[0]))), **dtype_option(t))
        made = _laid_out(batch, made, op.args[0], output)
    elif op.fn in (np.zeros, np.empty) and len(op.args) == 1 and op.kwargs.keys() <= {"dtype"}:
        lengths = lo.symbol(op.args[0])
        if isinstance(lengths, Value) and is_scalar(lengths.type):
            lengths = Sequence((lengths,))
        made = lo.emit(op.fn, batch.with_count(lengths), **dtype_option(t))
    elif not is_fresh(output):
        raise NotBatched(f"{op.fn!r}, which may return memory that is known elsewhere")
    else:
        lo.region.append(op)
        single = Value(output.type, output.hint, output.span)
        single.owner = op
        op.outputs = [single]
        made = lo.emit(np.broadcast_to, single, batch.with_count(shape(lo, single)))
        made = lo.emit_typed(np.ndarray.copy, (lo.value(made),), {}, lo.value(made).type)
    batch.note(output, lo.value(made))


def _laid_out(batch: Batch, made: Symbol, like: Value, output: Value) -> Symbol:
    """New zeros, as another array lies in memory where that decides between views and copies."""
    if not batch.is_viewed(output) or rank(output.type) == 1 or has_no_gaps(like):
        return made
    zeros = batch.lo.value(made)
    return batch.lo.emit_typed(runtime.laid_out_as, (zeros, like), {}, zeros.type)


def model_of(value: Value) -> Value:
    """An array of the same shape as another that is made like it."""
    while isinstance(value.owner, Call) and hashable(value.owner.fn) and value.owner.fn in LIKENESSES:
        value = value.owner.args[0]
    return value


LIKENESSES = frozenset([np.zeros_like, np.empty_like, np.ones_like, np.ndarray.copy, runtime.zeros_like])
"""What makes an array like its first argument."""


def _outside(batch: Batch, op: Call) -> None:
    """What is asked of the outside of a batched array."""
    lo, output = batch.lo, op.outputs[0]
    if batch.is_batched(output) and op.fn in (np.zeros_like, np.empty_like, runtime.zeros_like):
        x = batch.get(op.args[0])
        made = lo.emit(np.zeros, shape(lo, x), **dtype_option(batch.type_of(output.type)))
        batch.note(output, lo.value(_laid_out(batch, made, x, output)))
    elif op.fn in (np.zeros_like, np.ones_like) and isinstance(output.type, Array) and len(op.inputs) == 1:
        lengths = Value(Tuple(tuple([PyScalar("i", axis) for axis in output.type.shape or ()])))
        whole = lo.value(shape(lo, batch.get(op.args[0])))
        lo.append_call(operator.getitem, (whole, slice(Const(1), None, None)), [lengths])
        made = np.zeros if op.fn is np.zeros_like else np.ones
        options = {name: lo.tree(v) for name, v in dtype_option(output.type).items()}
        lo.append(Call(made, (lengths,), options, op.outputs, op.span))
    elif op.fn is len and isinstance(op.args[0].type, List):
        lo.append(Call(len, (batch.get(op.args[0]),), {}, op.outputs, op.span))
    elif rank(op.args[0].type) is not None and not batch.is_batched(output):
        _metadata(batch, op)
    else:
        raise NotBatched(f"{op.fn!r} of a batched value")


def _metadata(batch: Batch, op: Call) -> None:
    """What is known of the shape and dtype of each of the arrays that a batched one consists of."""
    lo, x = batch.lo, batch.get(op.args[0])
    asked = getattr(op.args[1], "value", None) if op.fn is getattr else _ASKED.get(op.fn)
    if asked == "shape":
        whole = lo.value(shape(lo, x))
        lo.append(Call(operator.getitem, (whole, slice(Const(1), None, None)), {}, op.outputs, op.span))
    elif asked == "len":
        lo.append(Call(operator.getitem, (lo.value(shape(lo, x)), Const(1)), {}, op.outputs, op.span))
    elif asked == "size" and rank(op.args[0].type):
        lengths = [lo.value(lo.emit(operator.getitem, shape(lo, x), Const(k))) for k in range(1, rank(x.type) or 1)]
        total = lengths[0]
        for length in lengths[1:-1]:
            total = lo.value(lo.emit(operator.mul, total, length))
        last = lengths[-1] if len(lengths) > 1 else Const(1)
        lo.append(Call(operator.mul, (total, last), {}, op.outputs, op.span))
    elif asked == "ndim":
        lo.append(Call(operator.sub, (lo.value(lo.emit(np.ndim, x)), Const(1)), {}, op.outputs, op.span))
    elif asked == "dtype":
        lo.append(Call(getattr, (x, Const("dtype")), {}, op.outputs, op.span))
    else:
        raise NotBatched(f"{op.fn!r} of a batched value")


_ASKED = {np.shape: "shape", len: "len", np.ndim: "ndim", np.size: "size"}


def _is_container(tree: Any) -> bool:
    return isinstance(tree, Value) and isinstance(tree.type, (List, Tuple))


def _take_apart(batch: Batch, op: Call) -> None:
    """What takes an item out of a list or tuple, or all of them: the item keeps its place."""
    if any(map(batch.is_batched, leaves(op.args[1:]))) or not batch.is_batched(op.args[0]):
        raise NotBatched("an item at a batched place")
    outputs = [Value(batch.type_of(output.type), output.hint, output.span) for output in op.outputs]
    batch.lo.append(Call(op.fn, (batch.get(op.args[0]), *op.args[1:]), {}, outputs, op.span, op.unpacks))
    batch.found.update(zip(op.outputs, outputs, strict=True))


def _on_list(batch: Batch, op: Call) -> None:
    """What makes a list, or takes items out of one."""
    lo, output = batch.lo, op.outputs[0]
    if op.fn in (np.array, np.asarray, sum) and not op.kwargs and _is_list_of_numbers(op.args[0]):
        batch.note(output, lo.value(_of_numbers(batch, op)))
    elif op.fn in (list.copy, list, tuple) and not op.kwargs:
        made = batch.found[output] = Value(batch.type_of(output.type), output.hint, output.span)
        lo.append_call(op.fn, map_tree(batch.lifted, op.args), [made])
    else:
        batch.note(output, lo.value(_by_rule(batch, op)))


def _of_numbers(batch: Batch, op: Call) -> Symbol:
    """The array, or the sum, of the numbers in a list; it may be empty."""
    lo, items = batch.lo, batch.get(op.args[0])
    if op.fn is sum:
        start = op.args[1] if len(op.args) > 1 else Const(0.0)
        return lo.emit(sum, items, batch.lifted(start))
    if len(op.args) > 1:
        raise NotBatched(f"{op.fn!r} with these arguments")
    rows = lo.emit(np.reshape, lo.emit(np.array, items), Sequence((lo.emit(len, items), batch.count)))
    return lo.emit(np.transpose, rows)


def _result(batch: Batch, op: Call) -> Symbol:
    lo, fn = batch.lo, op.fn
    if fn is operator.getitem:
        return _read(batch, op)
    if fn in _UNARY and not any(map(batch.is_batched, leaves((op.args[1:], op.kwargs)))):
        args = [lo.symbol(map_tree(batch.get, arg)) for arg in op.args]
        return lo.emit(fn, *args, **{name: lo.symbol(arg) for name, arg in op.kwargs.items()})
    is_number = fn in (float, complex) or (isinstance(fn, type) and issubclass(fn, np.generic))
    if is_number and len(op.args) == 1 and not op.kwargs:
        return _converted(batch, op)
    if is_elementwise(fn) and not op.kwargs and not (isinstance(fn, np.ufunc) and len(op.args) > fn.nin):
        return _elementwise(batch, op)
    if fn is np.einsum:
        return _einsum(batch, op)
    if fn is np.reshape:
        return _reshaped(batch, op)
    if fn is np.squeeze and len(op.args) == 1 and not op.kwargs:
        return _squeezed(batch, op)
    if fn is scatter:
        lengths = lo.tree(batch.with_count(lo.symbol(op.args[2])))
        index = lo.tree(_index(batch, op.args[1]))
        return lo.emit_typed(scatter, (batch.get(op.args[0]), index, lengths), {}, batch.type_of(op.outputs[0].type))
    if fn is runtime.viewed_alike and not any(map(batch.is_batched, op.args[2:])):
        args = (*map(batch.get, op.args[:2]), *op.args[2:])
        return lo.emit_typed(fn, args, {}, batch.type_of(op.outputs[0].type))
    if fn is runtime.laid_out_as and batch.is_batched(op.args[0]):
        like = batch.get(op.args[1]) if batch.is_batched(op.args[1]) else op.args[1]
        return lo.emit_typed(fn, (batch.get(op.args[0]), like), {}, batch.type_of(op.outputs[0].type))
    if fn is runtime.last_written and batch.is_batched(op.args[0]):
        index = lo.tree(_index(batch, op.args[1]))
        return lo.emit_typed(fn, (batch.get(op.args[0]), index), {}, batch.type_of(op.outputs[0].type))
    if fn in (runtime.unbroadcast, runtime.expanded) and not batch.is_batched(op.args[1]):
        return _fitted(batch, op)
    return _by_rule(batch, op)


def _converted(batch: Batch, op: Call) -> Symbol:
    """`float(x)`, `np.float32(x)`: the dtype follows from the type of the output."""
    x = batch.get(op.args[0])
    t = batch.type_of(op.outputs[0].type)
    known = isinstance(t, Array) and t.dtype is not None and t.dtype.kind in "fc"
    if not known or not isinstance(x.type, Array) or x.type.dtype is None or x.type.dtype.kind not in "fc":
        raise NotBatched(f"a conversion by {op.fn!r}")
    if x.type.dtype.kind == "c" and t.dtype.kind == "f":  # type: ignore[attr-defined]
        raise NotBatched("a complex number as a real one")
    found = cast(batch.lo, x, Value(t))
    # Of an array without axes, a number is no view.
    return found if is_scalar(op.args[0].type) else batch.lo.emit(np.ndarray.copy, found)


def _elementwise(batch: Batch, op: Call) -> Symbol:
    whole = rank(op.outputs[0].type)
    if whole is None:
        raise NotBatched(f"{op.fn!r} of unknown rank")
    args = [_padded(batch, arg, whole) for arg in op.args]
    return batch.lo.emit(op.fn, *args)


def _padded(batch: Batch, arg: Any, whole: int) -> Value:
    """An operand with axes of length 1 behind that of the seeds, so that it broadcasts as it did."""
    if not isinstance(arg, Value):
        raise NotBatched("a sequence as an operand")
    if not batch.is_batched(arg):
        if rank(arg.type) is None and not isinstance(arg, Const):
            raise NotBatched("an operand of unknown rank")
        return arg
    own = rank(arg.type)
    if own is None or own > whole:
        raise NotBatched("an operand of unknown rank")
    x = batch.get(arg)
    if own == whole:
        return x
    index = Sequence((slice(None, None, None), *[Const(None)] * (whole - own)))
    return batch.lo.value(batch.lo.emit(operator.getitem, x, index))


def _fitted(batch: Batch, op: Call) -> Symbol:
    """What sums over broadcast axes, or broadcasts, to the shape of something that is not batched."""
    lo, (g, x) = batch.lo, op.args
    own, target = rank(g.type), rank(x.type)
    if own is None or target is None:
        raise NotBatched("a value of unknown rank")
    c = batch.get(g)
    if own > target:
        axes = tuple(range(1, 1 + own - target))
        c = lo.value(lo.emit(np.sum, c, axis=Const(axes[0]) if len(axes) == 1 else lo.symbol(_constants(axes))))
    elif own < target:
        c = _padded(batch, g, target)
    if target == 0:
        return c
    like = lo.value(lo.emit(np.broadcast_to, x, batch.with_count(shape(lo, x))))
    return lo.emit_typed(op.fn, (c, like), {}, batch.type_of(op.outputs[0].type))


def _squeezed(batch: Batch, op: Call) -> Symbol:
    """What squeezes all axes of length 1, those that are known to have it."""
    axes = [k + 1 for k, axis in enumerate(shape_of(op.args[0].type) or ()) if axis == 1]
    if not axes or rank(op.outputs[0].type) != (rank(op.args[0].type) or 0) - len(axes):
        raise NotBatched("np.squeeze of axes of unknown length")
    return batch.lo.emit(np.squeeze, batch.get(op.args[0]), Sequence(_constants(axes)))


def _reshaped(batch: Batch, op: Call) -> Symbol:
    lo, x = batch.lo, op.args[0]
    order = op.args[2] if len(op.args) > 2 else op.kwargs.get("order", Const("C"))
    plain = isinstance(order, Const) and order.value == "C" and op.kwargs.keys() <= {"order"}
    if len(op.args) < 2 or not plain or not batch.is_batched(x):
        raise NotBatched("np.reshape with these arguments")
    lengths = lo.symbol(op.args[1])
    if isinstance(lengths, Const) and isinstance(lengths.value, tuple):
        lengths = Sequence(_constants(lengths.value))
    if isinstance(lengths, Value) and is_scalar(lengths.type):
        lengths = Sequence((lengths,))
    whole = batch.with_count(lengths)
    items = whole.items if isinstance(whole, Sequence) else ()
    if any(isinstance(n, Const) and n.value == -1 for n in items):
        # Without any seeds NumPy could not tell what -1 stands for.
        rest = _remaining(batch, batch.get(x), [n for n in items[1:] if not (isinstance(n, Const) and n.value == -1)])
        whole = Sequence(tuple([rest if isinstance(n, Const) and n.value == -1 else n for n in items]))
    return lo.emit(np.reshape, batch.get(x), whole)


def _remaining(batch: Batch, x: Value, lengths: list[Symbol]) -> Symbol:
    """The length that -1 stands for beside others in a shape."""
    lo = batch.lo
    rest: Symbol = Const(1)
    for k in range(1, rank(x.type) or 1):
        own = lo.emit(operator.getitem, shape(lo, x), Const(k))
        rest = own if k == 1 else lo.emit(operator.mul, rest, own)
    for n in lengths:
        if not (isinstance(n, Const) and n.value == 1):
            rest = lo.emit(operator.floordiv, rest, n)
    return rest


def _einsum(batch: Batch, op: Call) -> Symbol:
    lo, subscripts = batch.lo, getattr(op.args[0], "value", None)
    allowed = op.kwargs.keys() <= {"optimize"}
    if not isinstance(subscripts, str) or "..." in subscripts or not allowed:
        raise NotBatched("np.einsum with these arguments")
    given, arrow, result = subscripts.replace(" ", "").partition("->")
    if not arrow:
        result = "".join(sorted(c for c in set(given) if c != "," and given.count(c) == 1))
    letter = next(c for c in "nsbkzZNSBKyYxX" if c not in subscripts)
    terms = given.split(",")
    flags = [isinstance(v, Value) and batch.is_batched(v) for v in op.args[1:]]
    named = [letter + term if flag else term for term, flag in zip(terms, flags, strict=True)]
    text = Const(f"{','.join(named)}->{letter}{result}")
    operands = [lo.symbol(map_tree(batch.get, v)) for v in op.args[1:]]
    return lo.emit(np.einsum, text, *operands, **{name: lo.symbol(v) for name, v in op.kwargs.items()})


def _by_rule(batch: Batch, op: Call) -> Symbol:
    lo, rules = batch.lo, BATCH.get(op.fn, {})
    named = {k: arg for k, arg in enumerate(op.args)} | op.kwargs
    places = [key for key, arg in named.items() if any(map(batch.is_batched, leaves(arg)))]
    body = next(
        (body for body in rules.values() if [_parameter(body, key) for key in places] == [_over(rules, body)]), None
    )
    if body is None or not set(op.kwargs) <= set(batched_parameters(body)):
        raise NotBatched(f"{op.fn!r}, which has no batch rule")
    if len(op.args) > len(batched_parameters(body)):
        raise NotBatched(f"{op.fn!r} with so many arguments")

    def symbol(key: Any, arg: Any) -> Symbol:
        whole = isinstance(arg, Value)
        return lo.symbol(map_tree(batch.get if whole else batch.lifted, arg) if key in places else arg)

    args = [symbol(k, arg) for k, arg in enumerate(op.args)]
    kwargs = {name: symbol(name, arg) for name, arg in op.kwargs.items()}
    try:
        result = inline_rule(lo, Rule("batch", body, batched_parameters(body)), args, kwargs)
    except UnsupportedError as error:
        raise NotBatched(f"{op.fn!r} with these arguments") from error
    if not isinstance(result, Value) or isinstance(result, Const):
        raise NotBatched(f"{op.fn!r} with these arguments")
    return result


# Reading and writing


def _index(batch: Batch, tree: Any) -> Symbol:
    """An index that does the same to the axes behind that of the seeds."""
    if isinstance(tree, Const) and isinstance(tree.value, tuple):
        tree = tuple([Const(part) for part in tree.value])
    parts = tree if isinstance(tree, tuple) else (tree,)
    kinds = [_index_kind(batch, part) for part in parts]
    if "array" in kinds:
        places = [k for k, kind in enumerate(kinds) if kind != "slice"]
        if places != list(range(places[0], places[-1] + 1)):
            # NumPy puts what they select in front of the other axes.
            raise NotBatched("arrays as indices, with slices in between")
    return Sequence((slice(None, None, None), *[batch.lo.symbol(part) for part in parts]))


def _index_kind(batch: Batch, part: Any) -> str:
    if isinstance(part, (list, tuple, Value)) and any(map(batch.is_batched, leaves(part))):
        raise NotBatched("a batched index")
    if isinstance(part, slice):
        return "slice"
    if isinstance(part, list):
        return "array"
    if isinstance(part, Const):
        if part.value is None or part.value is Ellipsis or isinstance(part.value, slice):
            return "slice"
        if type(part.value) is int or isinstance(part.value, np.integer):
            return "number"
    elif isinstance(part, Value):
        t = part.type
        if (isinstance(t, PyScalar) and t.kind == "i") or (isinstance(t, NpScalar) and t.dtype.kind in "iu"):
            return "number"
        if isinstance(t, Array) and t.dtype is not None and t.dtype.kind in "iub" and rank(t):
            return "array"
    raise NotBatched(f"an index {part!r}")


def _read(batch: Batch, op: Call) -> Symbol:
    base, index = op.args
    if not batch.is_batched(base) or rank(base.type) is None:
        raise NotBatched("a batched index")
    item = batch.lo.emit(operator.getitem, batch.get(base), _index(batch, index))
    if is_scalar(op.outputs[0].type) and batch.aliases.is_written(base) and not _is_used_up(batch, op):
        # The number that was read stays what it was: the elements that stand for it must not be a view.
        item = batch.lo.emit(np.ndarray.copy, item)
    return item


def _is_used_up(batch: Batch, op: Call) -> bool:
    """Whether all that reads what a read gives are computations that come before the next write to the memory."""
    memory = batch.aliases.find(op.args[0])
    users = set(batch.users.get(op.outputs[0], ()))
    for other in batch.rest:
        if other in users:
            users.remove(other)
            if not isinstance(other, Call) or not _computes(other):
                return False
        if not users:
            return True
        if _writes(batch, other, memory):
            return False
    return not users


def _write(batch: Batch, op: Call) -> None:
    lo, fn, target = batch.lo, op.fn, op.args[0]
    if fn is list.append:
        lo.append(Call(fn, (batch.get(target), map_tree(batch.lifted, op.args[1])), {}, [], op.span))
    elif fn is operator.setitem and isinstance(target.type, List) and _is_plain_number(batch, op.args[1]):
        lo.append(Call(fn, (batch.get(target), op.args[1], batch.lifted(op.args[2])), {}, [], op.span))
    elif fn is list.pop and op.outputs:
        _take_apart(batch, op)
    elif isinstance(target.type, List):
        raise NotBatched("a list that is written")
    elif fn in IN_PLACE:
        _update(batch, op)
    elif fn is operator.setitem or fn in ITEM_UPDATES or fn == np.add.at:
        if fn is runtime.matmul_item:
            raise NotBatched("@=")
        selected = result_type(operator.getitem, op.args[:2], {}, lo.fresh("n"))
        whole = rank(selected)
        if whole is None or op.outputs:
            raise NotBatched("a write of unknown rank")
        lo.effect(fn, batch.get(target), _index(batch, op.args[1]), _padded(batch, op.args[2], whole))
    elif fn in (np.ndarray.fill, np.copyto) and len(op.args) == 2 and not op.kwargs:
        whole = rank(target.type)
        if whole is None:
            raise NotBatched("a write of unknown rank")
        lo.effect(operator.setitem, batch.get(target), Const(Ellipsis), _padded(batch, op.args[1], whole))
    else:
        raise NotBatched(f"{fn!r}, which writes")


def _update(batch: Batch, op: Call) -> None:
    """`x += v` of an array; of a number, which is no memory, the plain operation."""
    lo, (x, v) = batch.lo, op.args
    whole = rank(x.type)
    if whole is None or op.fn is operator.imatmul:
        raise NotBatched("an update of unknown rank")
    if is_scalar(x.type):
        if op.fn not in BINARY or len(op.outputs) != 1:
            raise NotBatched("an update of a number")
        whole = rank(op.outputs[0].type) or 0
        args = [_padded(batch, arg, whole) for arg in (x, v)]
        batch.note(op.outputs[0], lo.value(lo.emit(BINARY[op.fn], *args)))
        return
    buffer, value = batch.get(x), _padded(batch, v, whole)
    lo.append(Call(op.fn, (buffer, value), {}, [], op.span))
    for output in op.outputs:
        batch.found[output] = buffer


def _is_plain_number(batch: Batch, tree: Any) -> bool:
    return isinstance(tree, Value) and is_scalar(tree.type) and not batch.is_batched(tree)


def _is_list_of_numbers(tree: Any) -> bool:
    return isinstance(tree, Value) and isinstance(tree.type, List) and is_scalar(tree.type.item)


def is_laid_out(value: Value) -> bool:
    """Whether an array was surely made without gaps in the order of C, or as another one lies in memory."""
    owner = value.owner
    return isinstance(owner, Call) and hashable(owner.fn) and owner.fn in _LAID_OUT


_LAID_OUT = frozenset([np.ndarray.copy, np.zeros, np.empty, np.ascontiguousarray, runtime.laid_out_as])


def _matters(batch: Batch, op: Call) -> bool:
    """Whether it matters that what is reshaped may be a view or a copy, with an axis of seeds in front or without."""
    x = op.args[0]
    owner = x.owner
    users = batch.users.get(op.outputs[0], ())
    if all(isinstance(user, Call) and user.fn is runtime.viewed_alike for user in users):
        # That makes one of the other.
        return False
    is_outermost = batch.lo.region.parent is None
    if is_outermost and not any(_writes(batch, later, batch.aliases.find(x)) for later in batch.rest):
        return False
    if isinstance(owner, Call) and owner.fn in (np.zeros_like, np.empty_like) and rank(x.type) == 1:
        return False
    return copies_perhaps(op) or not isinstance(owner, Call) or owner.fn is np.ravel


def _writes(batch: Batch, op: Op, memory: Any) -> bool:
    """Whether an operation, or one in its regions, writes to some memory."""
    targets = [target for inner in within([op]) if (target := written(inner)) is not None]
    return any(batch.aliases.find(target) is memory for target in targets)


def _computes(op: Call) -> bool:
    """Whether a call computes something new from a number, or writes it somewhere, and does not hand it on."""
    if not hashable(op.fn):
        return False
    return op.fn is operator.setitem or op.fn in ITEM_UPDATES or (is_elementwise(op.fn) and op.fn is not operator.pos)


def _parameter(body: Any, key: int | str) -> str | None:
    names = batched_parameters(body)
    return key if isinstance(key, str) else names[key] if key < len(names) else None


def _over(rules: dict[str, Any], body: Any) -> str:
    return next(name for name, rule in rules.items() if rule is body)


def _constants(values: Iterable[int]) -> tuple[Const, ...]:
    return tuple([Const(v) for v in values])


def dtype_option(t: Array) -> dict[str, Symbol]:
    if t.dtype is None:
        raise NotBatched("an array of unknown dtype")
    return {} if t.dtype == F8 else {"dtype": Const(t.dtype.type)}


def reads_outside(op: Call) -> bool:
    """Whether a call looks only at shapes and lengths."""
    return only_metadata(op) or (op.fn is len and isinstance(op.args[0].type, List))


_UNARY = frozenset([np.real, np.imag, np.ndarray.copy, np.ndarray.astype, np.copy, runtime.copied, operator.pos])
"""What treats each element of its first argument by itself, and keeps its shape."""
