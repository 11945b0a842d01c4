"""One division for both cotangents of a quotient, and none for that of a reciprocal.

    y_bar = g * (-z / y)                     x_bar = g / y
    x_bar = g / y                     ->     y_bar = -(x_bar * z)

Before that, `z = x / y`. If it was `z = 1.0 / y`, then `-z / y` is `-z * z`.
"""

from __future__ import annotations

import operator

import numpy as np

from srcgrad.analysis.alias import Aliases
from srcgrad.ir.nodes import Call, Const, Function, Op, Region, Value, walk
from srcgrad.ir.types import Array, NpScalar, PyScalar, Type

_DIVISIONS = (operator.truediv, np.divide)


def share_quotients(function: Function) -> None:
    """Divides a cotangent once where one quotient of it, and a product of it with another quotient, are computed."""
    aliases = Aliases([function])
    uses: dict[Value, int] = {}
    for op in walk(function.body):
        for value in (*op.inputs, *[v for region in op.regions for v in region.results]):
            uses[value] = uses.get(value, 0) + 1
    for value in function.body.results:
        uses[value] = uses.get(value, 0) + 1
    for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
        _share(region, uses, aliases)


def _share(region: Region, uses: dict[Value, int], aliases: Aliases) -> None:
    quotients: dict[tuple[Value, Value], list[Call]] = {}
    products: list[Call] = []
    for op in region.ops:
        if not isinstance(op, Call) or op.mirror is None or op.kwargs or not _is_plain(op, aliases):
            continue
        if op.fn in _DIVISIONS and not isinstance(op.args[0], Const):
            quotients.setdefault((op.args[0], op.args[1]), []).append(op)
        elif op.fn is operator.mul:
            products.append(op)
    for product in products:
        for g, other in (product.args, product.args[::-1]):
            quotient = other.owner
            alone = isinstance(quotient, Call) and quotient.fn in _DIVISIONS and uses.get(other, 0) == 1
            if not alone or quotient.parent is not region or quotient.mirror is None or isinstance(g, Const):
                continue
            if aliases.is_written(quotient.args[0]):
                continue
            shared = next(iter(quotients.get((g, quotient.args[1]), ())), None)
            if shared is not None and shared is not quotient and shared.outputs[0].type == product.outputs[0].type:
                _move_before(region, shared, product)
                region.ops.remove(quotient)
                # One that is gone can't be shared by a later product, and one that is shared has to stay.
                if quotient in (same := quotients.get(quotient.args, [])):
                    same.remove(quotient)
                uses[shared.outputs[0]] = uses.get(shared.outputs[0], 0) + 1
                _multiply(product, shared.outputs[0], quotient.args[0])
                break


def square_reciprocals(function: Function) -> None:
    """Multiplies a reciprocal by itself where it is divided by the same number once more."""
    aliases = Aliases([function])
    for op in walk(function.body):
        if not isinstance(op, Call) or op.mirror is None or op.kwargs or op.fn not in _DIVISIONS:
            continue
        if not _is_plain(op, aliases):
            continue
        z = op.args[0]
        if isinstance(z.owner, Call) and z.owner.fn is operator.neg:
            z = z.owner.args[0]
        made = z.owner
        if not isinstance(made, Call) or made.fn not in _DIVISIONS or made.kwargs or not _is_plain(made, aliases):
            continue
        one = made.args[0]
        same = made.args[1] is op.args[1] and z.type == op.outputs[0].type
        if same and isinstance(one, Const) and type(one.value) in (int, float) and one.value == 1:
            op.fn = operator.mul if op.fn is operator.truediv else np.multiply
            op.args = (op.args[0], z)


def _multiply(product: Call, shared: Value, factor: Value) -> None:
    """Makes of a product that of two other factors; a sign goes to the front, where it may become a subtraction."""
    negative = factor.owner
    if not isinstance(negative, Call) or negative.fn is not operator.neg or negative.kwargs:
        product.args = (shared, factor)
        return
    region, output = product.parent, product.outputs[0]
    assert region is not None
    inner = Value(output.type, None, product.span)
    made = Call(operator.mul, (shared, negative.args[0]), {}, [inner], product.span)
    made.mirror, made.parent = product.mirror, region
    region.ops.insert(region.ops.index(product), made)
    product.fn, product.args = operator.neg, (inner,)


def _is_plain(op: Call, aliases: Aliases) -> bool:
    """Whether a call is arithmetic with real numbers of one kind, on memory that nobody writes."""
    if len(op.outputs) != 1 or len(op.args) != 2 or not all(isinstance(v, Value) for v in op.args):
        return False
    return all(_is_real(v.type) and not aliases.is_written(v) for v in (*op.args, *op.outputs))


def _is_real(t: Type) -> bool:
    if isinstance(t, PyScalar):
        return t.kind == "f"
    return isinstance(t, (Array, NpScalar)) and t.dtype is not None and t.dtype.kind == "f"


def _move_before(region: Region, op: Op, place: Op) -> None:
    """Moves an operation up, if it comes too late; its operands are those of one that is there already."""
    if region.ops.index(op) > region.ops.index(place):
        region.ops.remove(op)
        region.ops.insert(region.ops.index(place), op)
