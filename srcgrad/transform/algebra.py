"""Algebra as on paper: powers of one, factors of one, shapes of sums, first contributions to a shadow.

Before -> after: `2 * err ** 1` -> `2 * err`; `2.0 * np.expand_dims(0.5 * g, 1)` -> `np.expand_dims(g, 1)`;
`-(1.0 / n * g)` -> `-1.0 / n * g`; `(a / b).shape` -> `np.broadcast_shapes(a.shape, b.shape)`;
`x_bar = np.zeros_like(x); x_bar += e` -> `x_bar = e`; `t = y_bar[1:]; t += g` -> `y_bar[1:] += g`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import has_no_gaps
from srcgrad.ir.nodes import Call, Const, Function, Op, Region, Value, walk
from srcgrad.ir.types import FLOAT, INT, Array, List, NpScalar, PyScalar, Type, rank, same_dtype
from srcgrad.rules.registry import PARTIALS
from srcgrad.transform.cotangents import has_shape_of, is_fresh, is_number, is_plain_sum
from srcgrad.transform.definedness import may_be_missing
from srcgrad.transform.simplify import replace_values


def simplify_algebra(function: Function) -> None:
    """Applies every rewriting until none applies."""
    done: set[Op] = set()
    aliases = Aliases([function])
    # A copy of what can't be written can't be written, but what arithmetic makes can.
    flagged = {
        aliases.find(v)
        for op in walk(function.body)
        if isinstance(op, Call) and op.fn is runtime.protected
        for v in op.inputs
    }
    changed = True
    while changed:
        mapping: dict[Value, Value] = {}
        for op in list(walk(function.body)):
            if isinstance(op, Call) and op.outputs and not op.unpacks and op not in done:
                _rewrite(op, mapping, aliases, flagged)
                if op.outputs[0] in mapping:
                    done.add(op)
        _absorb_factors(function, mapping, aliases)
        replace_values(function.body, mapping)
        changed = bool(mapping)
    _fuse_updates(function, aliases)
    _define_by_first_contribution(function, aliases)


def _rewrite(op: Call, mapping: dict[Value, Value], aliases: Aliases, flagged: set[Any]) -> None:
    rule = _RULES.get(op.fn) if op.fn.__hash__ else None
    if rule is not None and not op.kwargs:
        same = rule(op)
        output = op.outputs[0]
        # A factor of one makes a copy, and a copy that is written is not its original.
        copies = same is not None and any(map(aliases.is_written, (output, same, *op.inputs)))
        copies = copies or aliases.find(output) in flagged
        if same is not None and all(isinstance(v, Const) for v in op.inputs):
            same = _as_float(same, op)
        # What is a Python float stays one, whatever the cotangent that is computed was taken for.
        plain = op.mirror is not None and all(isinstance(v.type, PyScalar) for v in op.inputs)
        plain = plain and same is not None and same.type == FLOAT
        if same is not None and (same.type == output.type or plain) and not copies:
            mapping[op.outputs[0]] = same


def _as_float(value: Value, op: Call) -> Value:
    """A factor or term that stands for the result of arithmetic in which a float takes part."""
    is_float = any(v.type == FLOAT for v in op.inputs)
    return Const(float(value.value)) if is_float and isinstance(value, Const) and value.type == INT else value


def _power(op: Call) -> Value | None:
    return op.args[0] if is_number(op.args[1], 1) else None


def _product(op: Call) -> Value | None:
    a, b = op.args
    if is_number(a, 1) and isinstance(b, Value):
        return b
    if is_number(b, 1) and isinstance(a, Value):
        return a
    return None


def _sum(op: Call) -> Value | None:
    a, b = op.args
    if is_number(a, 0):
        return b
    return a if is_number(b, 0) else None


def _difference(op: Call) -> Value | None:
    a, b = op.args
    return a if is_number(b, 0) else None


def _negation(op: Call) -> Value | None:
    inner = op.args[0].owner
    return inner.args[0] if isinstance(inner, Call) and inner.fn is operator.neg else None


def _transposed(op: Call) -> Value | None:
    """`x.T.T` -> `x`."""
    inner = op.args[0].owner if len(op.args) == 1 else None
    twice = isinstance(inner, Call) and inner.fn is np.transpose and len(inner.args) == 1 and not inner.kwargs
    return inner.args[0] if twice and isinstance(inner, Call) else None


def _metadata(op: Call) -> Value | None:
    """Looks at an operand of the same shape in place of an elementwise result."""
    x = op.args[0]
    if op.fn is getattr and getattr(op.args[1], "value", None) not in ("shape", "size", "ndim"):
        return None
    while isinstance(x, Value) and isinstance(x.owner, Call) and x.owner.fn in PARTIALS and x.owner.mirror is op.mirror:
        operands = [v for v in x.owner.args if isinstance(v, Value)]
        same = next((v for v in operands if has_shape_of(v.type, x.type)), None)
        if same is None:
            break
        x = same
    if isinstance(x, Value):
        same = _operand_of_shape(x)
        if same is not None:
            x = same
        op.args = (x, *op.args[1:])
        _use_attribute(op)
    return None


def _operand_of_shape(x: Value) -> Value | None:
    """An operand, named by the user if possible, that has the shape of an elementwise result."""
    best = None
    while isinstance(x.owner, Call) and x.owner.fn in PARTIALS and not x.hint:
        operands = [v for v in x.owner.args if isinstance(v, Value) and not isinstance(v, Const)]
        x = next((v for v in operands if has_shape_of(v.type, x.type)), x)
        if best is x or x is None:
            break
        best = x
    return best


def _use_attribute(op: Call) -> None:
    x = op.args[0]
    if isinstance(x.type, Array) and op.fn in (np.shape, np.size, np.ndim):
        op.args = (x, Const(op.fn.__name__))
        op.fn = getattr
    if op.fn is not getattr or getattr(op.args[1], "value", None) != "shape":
        return
    owner = x.owner
    if (
        isinstance(owner, Call)
        and owner.fn in PARTIALS
        and x.hint is None
        and len(owner.args) == 2
        and not owner.kwargs
    ):
        a, b = owner.args
        if isinstance(a.type, Array) and isinstance(b.type, Array) and rank(x.type):
            shapes = [Value(op.outputs[0].type, None, op.span) for _ in (a, b)]
            reads = [Call(getattr, (v, Const("shape")), {}, [s], op.span) for v, s in zip((a, b), shapes, strict=True)]
            region = op.parent
            assert region is not None
            place = region.ops.index(op)
            for read in reads:
                read.mirror, read.parent = op.mirror, region
            region.ops[place:place] = reads
            op.fn, op.args = np.broadcast_shapes, tuple(shapes)


def simplify_shapes(function: Function) -> None:
    """Looks at operands in place of results wherever only the shape matters, so that the results need not be saved."""
    for op in walk(function.body):
        if isinstance(op, Call) and op.mirror is not None and op.fn is np.zeros_like and isinstance(op.args[0], Value):
            x = named = op.args[0]
            while same := operands_of_shape(x):
                if x.hint is not None and isinstance(x.owner, Call) and x.owner.parent is function.body:
                    named = x
                x = same[-1]
            # What is made in the main region need not be saved: there the name decides.
            temporary = x.hint is None and isinstance(x.owner, Call) and x.owner.parent is function.body
            op.args = (named if temporary and named.hint is not None else x,)


def operands_of_shape(x: Value) -> list[Value]:
    """The operands of an elementwise operation that have the shape and the dtype of its result."""
    if not isinstance(x.owner, Call) or x.owner.fn not in PARTIALS or x.owner.kwargs:
        return []
    operands = [v for v in x.owner.args if isinstance(v, Value) and not isinstance(v, Const)]
    return [
        v
        for v in operands
        if isinstance(v.type, Array)
        and isinstance(x.type, Array)
        and has_shape_of(v.type, x.type)
        and same_dtype(v.type.dtype, x.type.dtype)
    ]


def _sum_of_negation(op: Call, uses: dict[Value, list[Op]], aliases: Aliases) -> None:
    """`np.sum(-a)` -> `-np.sum(a)`, where `a` is the same by then."""
    inner = op.args[0].owner if op.args and isinstance(op.args[0], Value) else None
    if (
        isinstance(inner, Call)
        and inner.fn is operator.neg
        and len(uses.get(op.args[0], ())) == 1
        and op.mirror is not None
        and not aliases.is_written(inner.args[0])
        and is_plain_sum(op)
    ):
        region, output = op.parent, op.outputs[0]
        assert region is not None
        total = Value(output.type, None, op.span)
        made = Call(np.sum, (inner.args[0], *op.args[1:]), op.kwargs, [total], op.span)
        made.mirror, made.parent = op.mirror, region
        region.ops.insert(region.ops.index(op), made)
        op.fn, op.args, op.kwargs = operator.neg, (total,), {}


_RULES: dict[Callable, Callable[[Call], Value | None]] = {
    operator.pow: _power,
    np.power: _power,
    operator.mul: _product,
    np.multiply: _product,
    operator.add: _sum,
    operator.sub: _difference,
    operator.neg: _negation,
    np.transpose: _transposed,
    np.size: _metadata,
    np.shape: _metadata,
    np.ndim: _metadata,
    getattr: _metadata,
}


def _absorb_factors(function: Function, mapping: dict[Value, Value], aliases: Aliases) -> None:
    """Multiplies a constant factor into one that was applied before, where nobody sees what was in between."""
    uses = _uses(function)
    replaced = {*mapping, *mapping.values()}

    def unseen(value: Value) -> bool:
        return len(uses.get(value, ())) == 1 and value not in replaced and not aliases.is_written(value)

    for op in list(walk(function.body)):
        if not isinstance(op, Call) or op.mirror is None or op.kwargs or op.fn not in (operator.mul, operator.neg):
            continue
        if not op.outputs:
            # Nobody uses the product, but it may raise.
            continue
        factor, inner, output = -1.0, op.args[0], op.outputs[0]
        if op.fn is operator.mul:
            const, inner = op.args if isinstance(op.args[0], Const) else op.args[::-1]
            if not isinstance(const, Const) or type(const.value) is not float:
                continue
            factor = const.value
        if inner.type != output.type or aliases.is_written(output) or output in replaced:
            continue
        if _absorb(inner, factor, unseen):
            mapping[output] = inner
            replaced |= {output, inner}
            assert op.parent is not None
            op.parent.ops.remove(op)


# Products of constants in this range are finite and normal in every precision.
_SMALLEST, _LARGEST = 2.0**-13, 2.0**13


def _absorb(value: Value, factor: float, unseen: Callable[[Value], bool]) -> bool:
    """Multiplies a value by a constant by changing a constant that it is computed with, if there is one."""
    op = value.owner
    if not isinstance(op, Call) or op.mirror is None or not unseen(value) or not _is_real(value.type):
        return False
    if op.fn in (np.expand_dims, np.reshape, np.swapaxes, np.transpose, np.broadcast_to):
        return isinstance(op.args[0], Value) and _absorb(op.args[0], factor, unseen)
    if op.kwargs or op.fn not in (operator.mul, operator.truediv, operator.neg):
        return False
    if op.fn is operator.neg:
        if op.args[0].type != value.type or factor == -1:
            return False
        op.fn, op.args = operator.mul, (op.args[0], Const(-factor))
        return True
    for k, arg in enumerate(op.args):
        if not isinstance(arg, Const) or type(arg.value) not in (int, float):
            continue
        made = arg.value * factor if factor != -1 else -arg.value
        if factor != -1 and not (op.fn is operator.mul and _SMALLEST <= abs(made) <= _LARGEST):
            return False
        if made == -1 and op.fn is operator.mul:
            op.fn, op.args = operator.neg, (op.args[1 - k],)
        else:
            op.args = (*op.args[:k], Const(made), *op.args[k + 1 :])
        return True
    # A sign goes anywhere exactly; another factor might overflow on its way.
    return factor == -1 and any(isinstance(arg, Value) and _absorb(arg, factor, unseen) for arg in op.args)


def _is_real(t: Type) -> bool:
    if isinstance(t, PyScalar):
        return t.kind == "f"
    return isinstance(t, (Array, NpScalar)) and t.dtype is not None and t.dtype.kind == "f"


def _regions(function: Function) -> list[Region]:
    return [function.body, *[r for op in walk(function.body) for r in op.regions]]


def _uses(function: Function) -> dict[Value, list[Op]]:
    found: dict[Value, list[Op]] = {}
    for op in walk(function.body):
        for value in op.inputs:
            found.setdefault(value, []).append(op)
        for region in op.regions:
            for value in region.results:
                found.setdefault(value, []).append(op)
    for value in function.body.results:
        found.setdefault(value, []).append(None)  # type: ignore[arg-type]
    return found


_OPPOSITE: dict[Callable, Callable] = {
    operator.iadd: operator.isub,
    operator.isub: operator.iadd,
    runtime.add_item: runtime.sub_item,
    runtime.sub_item: runtime.add_item,
}


def _subtract(op: Call, uses: dict[Value, list[Op]], aliases: Aliases) -> None:
    """`x_bar += -g` -> `x_bar -= g`."""
    term = op.args[-1]
    owner = term.owner if isinstance(term, Value) else None
    single = isinstance(owner, Call) and owner.fn is operator.neg and len(uses.get(term, ())) == 1
    if single and isinstance(owner, Call) and owner.parent is op.parent and not aliases.is_written(owner.args[0]):
        op.fn, op.args = _OPPOSITE[op.fn], (*op.args[:-1], owner.args[0])
        assert owner.parent is not None
        owner.parent.ops.remove(owner)


def _fuse_updates(function: Function, aliases: Aliases) -> None:
    """`t = x_bar[i]; t += g` -> `x_bar[i] += g`."""
    uses = _uses(function)
    for op in list(walk(function.body)):
        if isinstance(op, Call) and op.fn is np.sum:
            _sum_of_negation(op, uses, aliases)
        if isinstance(op, Call) and op.fn in _OPPOSITE and not op.outputs and op.mirror is not None:
            _subtract(op, uses, aliases)
    for op in list(walk(function.body)):
        if not isinstance(op, Call) or op.fn not in (operator.iadd, operator.isub) or op.outputs:
            continue
        view = op.args[0].owner
        single = len(uses.get(op.args[0], ())) == 1
        if isinstance(view, Call) and view.fn is operator.getitem and single and view.mirror is not None:
            if isinstance(view.args[0].type, List):
                # An update of an item is one of the list: that an array is written, which has other names, was lost.
                continue
            fn = runtime.add_item if op.fn is operator.iadd else runtime.sub_item
            op.fn, op.args = fn, (view.args[0], view.args[1], op.args[1])
            assert view.parent is not None
            view.parent.ops.remove(view)


def _define_by_first_contribution(function: Function, aliases: Aliases) -> None:
    """`x_bar = np.zeros_like(x); x_bar += e` -> `x_bar = e`; `e.copy()` if `e` is not new or something else uses it.

    It is `e.copy()`, too, if views are taken that NumPy gives of arrays without gaps alone.
    """
    uses = _uses(function)
    mapping: dict[Value, Value] = {}
    for region in _regions(function):
        position = {op: k for k, op in enumerate(region.ops)}
        for op in list(region.ops):
            if not (isinstance(op, Call) and _is_shadow(op)):
                continue
            zeros = op.outputs[0]
            users = [u for u in uses.get(zeros, ()) if u is not None]
            first = min((_place(u, region, position) for u in users), default=None)
            if first is None or first >= len(region.ops):
                continue
            update = region.ops[first]
            if not isinstance(update, Call) or update.fn is not operator.iadd or update.args[0] is not zeros:
                continue
            e = update.args[1]
            if (
                not isinstance(e.type, Array)
                or not has_shape_of(e.type, zeros.type)
                or e is zeros
                or e in mapping
                or zeros in mapping
                or may_be_missing(e)
            ):
                continue
            if e.type.dtype != zeros.type.dtype:
                continue
            if _lies_alike(op) and aliases.is_reshaped(zeros):
                # How it lies in memory decides between views and copies.
                continue
            ok = is_fresh(e) and len(uses.get(e, ())) == 1 and isinstance(e.owner, Call) and e.owner.parent is region
            if not ok or aliases.is_reshaped(zeros):
                if e.type.shape:
                    update.fn, update.args, update.outputs = np.ndarray.copy, (e,), [zeros]
                    zeros.owner = update
                    region.ops.remove(op)
                    position = {o: k for k, o in enumerate(region.ops)}
                continue
            mapping[zeros] = e
            e.hint = zeros.hint or e.hint
            region.ops.remove(op)
            region.ops.remove(update)
            position = {o: k for k, o in enumerate(region.ops)}
    replace_values(function.body, mapping)


def _lies_alike(op: Call) -> bool:
    """Whether new zeros lie in memory as another array does, and perhaps not in the order of C."""
    model = op.args[0]
    return (
        op.fn is np.zeros_like and rank(op.outputs[0].type) != 1 and isinstance(model, Value) and not has_no_gaps(model)
    )


def _is_shadow(op: Call) -> bool:
    return op.fn is np.zeros_like or (op.fn is np.zeros and op.mirror is not None)


def _place(op: Op, region: Region, position: dict[Op, int]) -> int:
    current: Op | None = op
    while current is not None and current.parent is not region:
        current = current.parent.parent if current.parent is not None else None
    return position.get(current, len(position)) if current is not None else len(position)
