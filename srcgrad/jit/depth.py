"""How deep compiled recursion goes: where Python raises RecursionError, machine code would end the process.

Before -> after: `def power(x, n): ... power(x, n - 1)` ->
`def power(x, n, depth): check_depth(depth); ... power(x, n - 1, depth + 1)`.
"""

from __future__ import annotations

import operator

from srcgrad.analysis.alias import calls_itself
from srcgrad.ir.nodes import Call, Const, Function, Invoke, Value, walk
from srcgrad.ir.types import INT
from srcgrad.jit import helpers
from srcgrad.jit.kernel import apart


def limit_depth(functions: list[Function], reverse: set[Function]) -> None:
    """Makes recursive functions count how deep they are.

    Args:
        functions: all that are compiled; they are changed.
        reverse: those that go as deep as another one has gone before.
    """
    recursive = [function for function in functions if function not in reverse and calls_itself(function)]
    depths: dict[Function, Value] = {}
    for function in recursive:
        taken = {*[p.hint for p in function.params], *[f.name for f in functions]}
        depth = depths[function] = Value(INT, apart("depth", taken))
        depth.owner = function.body
        function.params = [*function.params, depth]
        function.body.args = [*function.body.args, depth]
    for function in functions:
        calls = [op for op in walk(function.body) if isinstance(op, Invoke) and op.callee in depths]
        for call in calls:
            call.args = [*call.args, _below(function, call, depths)]
    for function, depth in depths.items():
        check = Call(helpers.check_depth, (depth,), {}, [])
        check.parent = function.body
        function.body.ops.insert(0, check)


def _below(function: Function, call: Invoke, depths: dict[Function, Value]) -> Value:
    """How deep a function is that is called."""
    if function not in depths:
        return Const(0)
    below = Value(INT, None, call.span)
    count = Call(operator.add, (depths[function], Const(1)), {}, [below], call.span)
    region = call.parent
    assert region is not None
    count.parent, count.mirror = region, call.mirror
    region.ops.insert(region.ops.index(call), count)
    return below
