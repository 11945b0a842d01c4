"""Arrays that a kernel returns are made by the function around it, which Python runs, where that is quicker.

Before -> after:

    @njit                                            @njit
    def f_grad(x):                                   def f_grad_kernel(x, x_bar):
        x_bar = np.zeros_like(x)                         ...
        ...                                              x_bar[i] += ...
        x_bar[i] += ...                              @njit
        return x_bar                                 def f_grad(x):
                                                         x_bar = np.zeros(len(x))
                                                         f_grad_kernel(x, x_bar)
                                                         return x_bar

An array that compiled code has made costs a quarter of a microsecond to become one of Python's; one that it is given
costs next to nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad.analysis.words import word
from srcgrad.ir.nodes import Call, Function, Invoke, Op, Region, Value, leaves, map_tree, walk
from srcgrad.ir.types import F8, INT, Array
from srcgrad.jit.kernel import apart
from srcgrad.rules.registry import hashable
from srcgrad.transform.simplify import replace_values

_MAKERS: dict[Any, Any] = {np.empty_like: np.empty, np.zeros_like: np.zeros}


def make_results_outside(kernel: Function, outer: Function | None, functions: list[Function]) -> Function | None:
    """Gives a kernel parameters for the arrays that it would make and return.

    Args:
        kernel: what Numba compiles, as it will be; it is changed.
        outer: the Python function around it; if there is none, the kernel becomes that function.
        functions: all functions that are compiled.

    Returns:
        The kernel, another function if there was none around it; None if there is nothing to do.
    """
    made = [v for v in dict.fromkeys(kernel.body.results) if _is_made_like(v, kernel)]
    if not made or any(isinstance(op, Invoke) and op.callee is kernel for f in functions for op in walk(f.body)):
        return None
    if outer is None:
        kernel, outer = _around(kernel)
    call = next(op for op in outer.body.ops if isinstance(op, Invoke) and op.callee is kernel)
    for value in made:
        _move(value, kernel, outer, call)
    return kernel


def _is_made_like(value: Value, kernel: Function) -> bool:
    """Whether a result is a new array that is as long as a parameter."""
    op = value.owner
    if not isinstance(op, Call) or op.parent is not kernel.body or not hashable(op.fn) or op.fn not in _MAKERS:
        return False
    if kernel.body.results.count(value) > 1:
        return False
    return not op.kwargs and len(op.args) == 1 and op.args[0] in kernel.params and _is_plain(op.args[0], value)


def _is_plain(like: Value, value: Value) -> bool:
    types = (like.type, value.type)
    return all(isinstance(t, Array) and t.dtype == F8 and t.shape is not None and len(t.shape) == 1 for t in types)


def _around(function: Function) -> tuple[Function, Function]:
    """A kernel that does what a function does, and the function, which calls it by now."""
    kernel = Function(f"{function.name}_kernel", function.params, function.body, function.result)
    kernel.backward_from = function.backward_from
    params = [Value(v.type, v.hint, v.span) for v in function.params]
    outputs = {v: Value(v.type, v.hint, v.span) for v in function.body.results}
    for v, output in outputs.items():
        output.primal = v.primal
    function.params, function.body = params, Region(params)
    function.body.append(Invoke(kernel, list(params), [outputs[v] for v in kernel.body.results], None))
    function.result = map_tree(lambda v: outputs[v], function.result)
    function.body.results = list(leaves(function.result))
    function.backward_from = None
    return kernel, function


def _move(value: Value, kernel: Function, outer: Function, call: Invoke) -> None:
    """Has an array made before the call of the kernel."""
    op = value.owner
    assert isinstance(op, Call)
    like = call.args[kernel.params.index(op.args[0])]
    place = kernel.body.results.index(value)
    old = call.outputs.pop(place)
    length, new = Value(INT, None, op.span), Value(old.type, old.hint, old.span)
    new.primal = old.primal
    found: list[Op] = [Call(len, (like,), {}, [length], None), Call(_MAKERS[op.fn], (length,), {}, [new], None)]
    at = outer.body.ops.index(call)
    outer.body.ops[at:at] = found
    for each in found:
        each.parent = outer.body
    replace_values(outer.body, {old: new})
    outer.result = map_tree(lambda v: new if v is old else v, outer.result)
    outer.body.results = list(leaves(outer.result))
    call.args.append(new)
    at = kernel.body.ops.index(op)
    kernel.body.ops.remove(op)
    if kernel.backward_from is not None and at < kernel.backward_from:
        kernel.backward_from -= 1
    value.owner = kernel.body
    names = {op.callee.name for op in walk(kernel.body) if isinstance(op, Invoke)}
    value.hint = apart(value.hint or word(value) or "result", names.union([p.hint for p in kernel.params]))
    value.primal = None
    kernel.params = [*kernel.params, value]
    kernel.body.args = list(kernel.params)
    rest = [v for v in kernel.body.results if v is not value]
    kernel.body.results = rest
    kernel.result = None if not rest else rest[0] if len(rest) == 1 else tuple(rest)
