"""Gradients that are written to arrays of the caller.

Before -> after: `x_bar = np.zeros_like(x); ...; return x_bar` ->
`check_destination(x_out, x); x_out[...] = 0.0; ...; return x_out`.

The arrays are written from the start, where the gradient was made of zeros or in one operation, so that they may share
no memory with anything that is read: that is checked first.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import is_pointer
from srcgrad.frontend.program import Program
from srcgrad.frontend.values import Reference, Sequence, Symbol
from srcgrad.ir.nodes import Call, Const, Function, Op, Value, leaves, map_tree
from srcgrad.ir.types import Array, List, Type
from srcgrad.jit import helpers
from srcgrad.jit.types import is_dtype
from srcgrad.rules.registry import IN_PLACE, hashable
from srcgrad.transform.closed import add_parameters
from srcgrad.transform.protection import argument_leaves
from srcgrad.transform.simplify import replace_values

_ZEROS = (np.zeros, np.zeros_like, runtime.zeros_like)
_NEW = (*_ZEROS, np.empty, np.empty_like)


def write_to_destinations(
    function: Function, program: Program, names: tuple[str, ...], gradient: Any
) -> tuple[np.dtype, ...]:
    """Gives a gradient parameters for the arrays that it is to write.

    Args:
        function: the gradient; it is changed.
        program: what it is the gradient of.
        names: what it is with respect to.
        gradient: its result with respect to each.

    Returns:
        The dtypes of the parameters, one for each array in the gradient; none if that is not to be done here.
    """
    pairs: dict[Value, Value] = {}
    for name, tree in zip(names, gradient, strict=True):
        for given, bar in _pairs(program, program.arguments[name], tree):
            if given is None or bar in pairs or isinstance(bar, Const):
                return ()
            pairs[bar] = given
    arrays = [v for v in (*argument_leaves(program), *function.captured, *_taken_out(function)) if is_pointer(v.type)]
    arrays = list(dict.fromkeys(arrays))
    if not pairs or not all(isinstance(v.type, Array) and v.type.shape for v in arrays):
        return ()
    if not all(_is_alike(bar.type, given.type) for bar, given in pairs.items()):
        return ()
    outs = {bar: Value(given.type, f"{given.hint or 'x'}_out", given.span) for bar, given in pairs.items()}
    add_parameters(function, list(outs.values()))
    body = function.body
    # Nothing is written before it is known that nothing else is changed by that.
    place = 1 + max((body.ops.index(v.owner) for v in arrays if isinstance(v.owner, Op)), default=-1)
    for bar, out in outs.items():
        _redirect(function, bar, out, place)
    checks: list[Op] = []
    taken: list[Value] = arrays
    for bar, out in outs.items():
        checks.append(Call(helpers.check_destination, (out, pairs[bar]), {}, []))
        checks += [Call(helpers.check_apart, (out, other), {}, []) for other in taken]
        taken = [*taken, out]
    for op in checks:
        op.parent = body
    body.ops[place:place] = checks
    if function.backward_from is not None:
        function.backward_from += len(checks)
    return tuple([out.type.dtype for out in outs.values()])  # type: ignore[union-attr]


def _is_alike(bar: Type, given: Type) -> bool:
    """Whether both are arrays of one dtype and one number of axes; a gradient has the shape of what it belongs to."""
    if not isinstance(bar, Array) or not isinstance(given, Array) or bar.shape is None or given.shape is None:
        return False
    return bar.dtype == given.dtype and is_dtype(bar.dtype) and len(bar.shape) == len(given.shape)


def _pairs(program: Program, symbol: Symbol, tree: Any) -> Iterator[tuple[Value | None, Any]]:
    """The arrays of an argument, each with its gradient; None for one that is not looked for here."""
    if isinstance(symbol, Value):
        if isinstance(symbol.type, Array) and symbol.type.differentiable:
            yield symbol, tree
        return
    items: list[tuple[Any, Symbol]] = []
    if isinstance(symbol, Sequence):
        items = list(enumerate(symbol.items))
    elif isinstance(symbol, Reference):
        contents = program.contents[symbol]
        items = list(enumerate(contents)) if symbol.cls is list else list(contents)
    for key, item in items:
        if not isinstance(tree, (tuple, list, dict)):
            yield None, tree
        else:
            yield from _pairs(program, item, tree[key])


def _taken_out(function: Function) -> list[Value]:
    """The arrays that are taken out of objects."""
    return [
        v
        for op in function.body.ops
        if isinstance(op, Call) and op.fn in (getattr, operator.getitem) and isinstance(op.args[0], Value)
        for v in op.outputs
        if isinstance(v.type, Array) and not isinstance(op.args[0].type, (Array, List))
    ]


def _redirect(function: Function, bar: Value, out: Value, start: int) -> None:
    """Has a gradient computed in another array, from a place on."""
    body = function.body
    made, root = _made(bar), bar
    if made is not None and made.parent is body and body.ops.index(made) >= start:
        place = body.ops.index(made)
        new: list[Op] = []
        if made.fn in _ZEROS:
            new.append(Call(operator.setitem, (out, Const(Ellipsis), Const(0.0)), {}, [], made.span))
        root = made.outputs[0]
        body.ops[place : place + 1] = new
        replace_values(body, {root: out})
        if function.backward_from is not None and place < function.backward_from:
            function.backward_from += len(new) - 1
        mirror = made.mirror
    else:
        # At the end: it may be updated in place before.
        new = [Call(operator.setitem, (out, Const(Ellipsis), bar), {}, [], bar.span)]
        mirror = next((op.mirror for op in reversed(body.ops) if op.mirror is not None), None)
        body.ops += new
    for op in new:
        op.parent, op.mirror = body, mirror
    function.result = map_tree(lambda v: out if v in (bar, root) else v, function.result)
    body.results = list(leaves(function.result))


def _made(bar: Value) -> Call | None:
    """What makes the array of a gradient that is updated in place after that; None if it is computed."""
    while isinstance(bar.owner, Call) and hashable(bar.owner.fn):
        if bar.owner.fn in _NEW:
            return bar.owner
        if bar.owner.fn not in IN_PLACE:
            return None
        bar = bar.owner.args[0]
    return None
