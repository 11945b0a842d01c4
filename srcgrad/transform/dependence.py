"""From a lowered program to the function that computes which elements of its inputs its outputs depend on.

It is the forward transform once more: a set stands beside each element, and lives where its primal lives. What moves
elements does the same to their sets, arithmetic makes unions, and a function of which nothing is known makes all
depend on all. The sets that a run finds hold for that run: for its branches, its counts of iterations and its indices.

Then the arithmetic of the program is dead code, but for what control flow, indices and shapes are made of.

The pattern of a Hessian is that of the Jacobian of the gradient, whose code is a program as any other. The classical
way, to propagate the pairs of elements that interact (Walther, Computing sparse Hessians with automatic
differentiation, ACM TOMS 34, 2008), needs a second set of rules, and finds the same where both are sharp.

Before -> after: `y[i] = x[i] * x[i + 1]` -> `y_deps[i] = union(x_deps[i], x_deps[i + 1])`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.activity import blocks
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import (
    LIST_WRITERS,
    LOOKUPS,
    among,
    contents_read,
    copies_perhaps,
    is_likeness,
    is_view,
    only_metadata,
    written,
)
from srcgrad.analysis.reads import Uses
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.program import Program
from srcgrad.ir.nodes import Call, Const, Function, Op, Try, Value, leaves, map_tree, walk
from srcgrad.ir.types import Array, List, NpScalar, PyScalar, Type, Unknown, is_scalar
from srcgrad.rules.dependence import (
    DEPENDENCE,
    DTYPE_PLACES,
    ELEMENTWISE,
    MOVES,
    PRODUCTS,
    union_change,
)
from srcgrad.rules.extents import is_elementwise
from srcgrad.rules.index_sets import all_of_all, no_list, no_sets, shadow_sets, union, union_at
from srcgrad.rules.registry import (
    IN_PLACE,
    JVP,
    LINEAR,
    NONDIFFERENTIABLE,
    PARTIALS,
    VJP,
    display_name,
    hashable,
)
from srcgrad.rules.result_types import result_type
from srcgrad.transform.call_tangents import (
    check_view,
    data_of,
    dots_of,
    handles_containers,
    has_tangent,
    look_up,
    mirror_call,
    named,
    settled,
    zero_of,
)
from srcgrad.transform.closed import add_parameters
from srcgrad.transform.effects import advances, repeated_draws
from srcgrad.transform.forward import Forward
from srcgrad.transform.gradient import (
    Gradient,
    activity_of,
    differentiable_leaves,
    finish,
    is_text,
    prepare,
    without_reverse,
)
from srcgrad.transform.pushforward import inputs_of, places_of
from srcgrad.transform.simplify import remove_dead_code
from srcgrad.transform.write_tangents import MIRRORED_WRITES, beside
from srcgrad.transform.writes import BINARY

_PADDING_BY_MOVES = ("constant", "edge", "wrap", "reflect", "symmetric", "empty")
_ELEMENTWISE_IN: dict[Any, tuple[str, ...]] = {np.interp: ("x",), np.polyval: ("x",)}
"""Functions that are elementwise in these arguments alone."""
_MOVING_WRITES = MIRRORED_WRITES.keys() & {
    *(operator.setitem, operator.delitem, np.ndarray.fill, np.copyto, np.fill_diagonal, runtime.take_item),
    *LIST_WRITERS,
}
"""Writes that put sets where they put numbers; the others add to what is there."""
_SELECTING = frozenset([np.extract, np.compress, np.ndarray.compress])
"""Functions that return as many elements as others are not zero."""
_CROSS = frozenset([np.cross, np.linalg.cross])


class Dependence(Forward):
    """Builds the sets of the functions of one program."""

    suffix = "deps"
    mode = "deps"
    zero = Const(0)
    lookup = staticmethod(shadow_sets)

    def zeros(self, value: Value) -> Value:
        return self.lo.value(self.lo.emit_typed(no_sets, (value,), {}, value.type, self.name_of(value)))

    def push_call(self, op: Call) -> None:
        self.lo.region.append(op)
        if among(op.fn, LOOKUPS):
            look_up(self, op)
            return
        if blocks(op) or not any(map(self.active, op.outputs)):
            return
        if handles_containers(op):
            mirror_call(self, op, set(data_of(op)), lambda v: zero_of(self, v))
            return
        if not any(has_tangent(self, v) for v in contents_read(op)):
            return
        if is_view(op) and any(map(self.aliases.is_written, op.outputs)):
            _refuse_complex_parts(op)
            _push_move(self, op, {0})
            if copies_perhaps(op):
                check_view(self, op)
            return
        _push_rule(self, op)

    def push_write(self, op: Call) -> None:
        if not self.active(op.args[0]):
            self.lo.region.append(op)
        elif op.fn in BINARY:
            _push_update(self, op)
        elif op.fn == np.add.at:
            with beside(self, op):
                if any(has_tangent(self, v) for v in leaves(op.args[2])):
                    dots = [dots_of(self, arg, lambda v: self.zero) for arg in op.args[::2]]
                    self.lo.append(Call(union_at, (dots[0], op.args[1], dots[1]), {}, [], op.span))
        elif op.fn in _MOVING_WRITES:
            holds = isinstance(op.args[0].type, List)
            with beside(self, op):
                absent = (lambda v: zero_of(self, v)) if holds else (lambda v: self.zero)
                mirror_call(self, op, MIRRORED_WRITES[op.fn], absent)
        else:
            raise UnsupportedError(
                f"{display_name(op.fn)} writes in place, and what depends on what then is not known",
                op.span,
                "pass the pattern: pattern=",
            )


def _refuse_complex_parts(op: Call) -> None:
    """Both parts of a complex number have one set."""
    if op.fn in (np.real, np.imag):
        t = op.args[0].type
        known = isinstance(t, Array) and t.dtype is not None and t.dtype.kind != "c"
        if not known:
            raise UnsupportedError("a part of a complex array is written", op.span, "pass the pattern: pattern=")


# Writes


def _push_update(deps: Dependence, op: Call) -> None:
    """`x op= v` or `x[i] op= v`."""
    lo, binary = deps.lo, BINARY[op.fn]
    in_place = op.fn in IN_PLACE
    x, value = op.args[0], op.args[1] if in_place else op.args[2]
    place: tuple = () if in_place else (op.args[1],)
    x_deps = deps.tangent(x)
    v_deps = deps.dots.get(value) if isinstance(value, Value) and not isinstance(value, Const) else None
    found = [x_deps] * len(op.outputs)
    if op.outputs and not isinstance(x.type, Array):
        # What may be a number is rebound where it is one, and written where it is an array.
        if v_deps is not None:
            found = [deps.like(o) for o in op.outputs]
            change = lo.value(lo.emit_typed(union_change, (x_deps, v_deps), {}, x.type))
            with beside(deps, op):
                lo.append(Call(operator.iadd, (x_deps, change), {}, found, op.span))
        else:
            lo.region.append(op)
    else:
        index = [lo.symbol(place[0])] if place else []
        new: Value | None = None
        if binary in NONDIFFERENTIABLE:
            new = deps.zero
        elif binary is operator.matmul:
            new = lo.value(lo.emit_typed(all_of_all, (x, x_deps, *([] if v_deps is None else [v_deps])), {}, x.type))
        elif v_deps is not None:
            old = lo.value(lo.emit(operator.getitem, x_deps, *index)) if place else x_deps
            new = _union(deps, [old, v_deps])
        with beside(deps, op):
            if new is not None:
                lo.effect(operator.setitem, x_deps, *(index or [Const(Ellipsis)]), new)
    for output, dot in zip(op.outputs, found, strict=True):
        deps.dots[output] = dot


# Calls


def _push_rule(deps: Dependence, op: Call) -> None:
    places = _data_places(op)
    mine = {key for key, tree in _arguments(op) if any(has_tangent(deps, v) for v in leaves(tree))}
    fn = op.fn
    if _is_elementwise(op, mine):
        _define(deps, op, [_union(deps, _direct_dots(deps, op))] * len(op.outputs))
    elif not mine <= places:
        _push_dense(deps, op)
    elif among(fn, MOVES):
        _push_move(deps, op, places)
    elif fn is np.full_like:
        _push_move(deps, op, places, dtype=Const(np.int64))
    elif fn is np.pad and _pads_by_moves(op, mine):
        _push_move(deps, Call(fn, op.args, _without(op.kwargs, "constant_values")), {0}, of=op)
    elif among(fn, DEPENDENCE) and not op.unpacks and not _is_special(op, mine):
        helper = DEPENDENCE[fn]
        _push_helper(deps, op, helper, places, helper in PRODUCTS)
    else:
        _push_dense(deps, op)


def _arguments(op: Call) -> Iterator[tuple[int | str, Any]]:
    """The arguments of a call but for those that are there for their shape alone."""
    yield from ((k, arg) for k, arg in enumerate(op.args) if not is_likeness(op, k))
    yield from op.kwargs.items()


def _data_places(op: Call) -> set[int | str]:
    """The places of the arguments that a function is differentiated with respect to."""
    if op.fn in LINEAR and op.fn in VJP:
        return set(named(op, LINEAR[op.fn]))
    rule = JVP.get(op.fn)
    if rule is None:
        return {0}
    found: set[int | str] = {k for k in range(len(op.args)) if rule.parameter(k) in rule.tangents}
    return found | {name for name in op.kwargs if name in rule.tangents}


def _is_elementwise(op: Call, mine: set[int | str]) -> bool:
    if among(op.fn, _ELEMENTWISE_IN):
        rule = JVP[op.fn]
        names = {rule.parameter(key) if isinstance(key, int) else key for key in mine}
        return names <= set(_ELEMENTWISE_IN[op.fn])
    if op.fn is np.where or (op.unpacks and not among(op.fn, ELEMENTWISE)):
        return False
    return among(op.fn, PARTIALS) or among(op.fn, ELEMENTWISE) or is_elementwise(op.fn)


def _direct_dots(deps: Dependence, op: Call) -> list[Value]:
    """The sets of all that a call is given; `+` and `*` of what turns out to be lists are refused when it runs."""
    values = dict.fromkeys(v for v in leaves([tree for _, tree in _arguments(op)]) if has_tangent(deps, v))
    may_join = among(op.fn, (operator.add, operator.mul))
    found: dict[Value, None] = {}
    for value in values:
        dot = deps.dots[value]
        if may_join and isinstance(value.type, Unknown) and not is_scalar(value.type):
            dot = deps.lo.value(deps.lo.emit_typed(no_list, (dot,), {}, dot.type))
        found[dot] = None
    return list(found)


def _union(deps: Dependence, sets: list[Value]) -> Value:
    """The unions of sets, which are broadcast."""
    lo, found = deps.lo, sets[0]
    for other in sets[1:]:
        result = result_type(operator.add, (found, other), {}, lo.fresh("n"))
        found = lo.value(lo.emit_typed(union, (found, other), {}, result))
    return found


def _define(deps: Dependence, op: Call, dots: list[Value]) -> None:
    for output, dot in zip(op.outputs, dots, strict=True):
        if deps.active(output):
            if is_scalar(output.type) and isinstance(dot.type, Array) and dot.type.shape == ():
                dot = deps.lo.value(deps.lo.emit(operator.getitem, dot, deps.lo.symbol(())))
            deps.define(output, settled(deps, op, dot, output))


def _push_dense(deps: Dependence, op: Call) -> None:
    """Each output depends on everything."""
    lo, sets = deps.lo, _direct_dots(deps, op)
    found = []
    for output in op.outputs:
        like = Const(0.0) if is_scalar(output.type) else output
        found.append(lo.value(lo.emit_typed(all_of_all, (like, *sets), {}, output.type)))
    _define(deps, op, found)


def _push_helper(deps: Dependence, op: Call, helper: Any, places: set[int | str], product: bool) -> None:
    """A helper on the sets of what is differentiated."""
    lo, output = deps.lo, op.outputs[0]

    def argument(key: int | str, tree: Any) -> Any:
        if key not in places:
            return tree
        if any(has_tangent(deps, v) for v in leaves(tree)):
            return dots_of(deps, tree, lambda v: zero_of(deps, v))
        if product:
            return lo.value(lo.emit(np.not_equal, lo.symbol(tree), Const(0)))
        return map_tree(lambda v: zero_of(deps, v), tree)

    args = tuple([argument(k, arg) for k, arg in enumerate(op.args)])
    kwargs = {name: argument(name, arg) for name, arg in op.kwargs.items()}
    _define(deps, op, [lo.value(lo.emit_typed(helper, args, kwargs, output.type))])


def _push_move(deps: Dependence, op: Call, places: set[int | str], dtype: Any = None, of: Call | None = None) -> None:
    """The same function on sets."""
    source = of or op
    absent = (lambda v: deps.zero) if op.fn is np.where else (lambda v: zero_of(deps, v))

    def argument(key: int | str, tree: Any) -> Any:
        return dots_of(deps, tree, absent) if key in places else tree

    args = [argument(k, arg) for k, arg in enumerate(op.args)]
    kwargs = {name: argument(name, arg) for name, arg in _without(op.kwargs, "dtype").items()}
    cast = len(kwargs) < len(op.kwargs)
    k = DTYPE_PLACES.get(op.fn) if hashable(op.fn) else None
    if k is not None and len(args) > k:
        args[k], cast = Const(None), True
    if dtype is not None:
        kwargs["dtype"] = dtype
    outputs = [deps.like(o) for o in source.outputs]
    deps.lo.append(Call(op.fn, tuple(args), kwargs, outputs, source.span, source.unpacks))
    if cast and not any(map(deps.aliases.is_written, source.outputs)):
        # A cast may have made a copy, where sets are taken as they are.
        _define(deps, source, list(outputs))
        return
    for output, dot in zip(source.outputs, outputs, strict=True):
        if deps.active(output):
            deps.dots[output] = dot


def _without(kwargs: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if key != name}


def _pads_by_moves(op: Call, mine: set[int | str]) -> bool:
    mode = op.args[2] if len(op.args) > 2 else op.kwargs.get("mode", Const("constant"))
    known = isinstance(mode, Const) and mode.value in _PADDING_BY_MOVES
    return known and mine == {0} and "reflect_type" not in op.kwargs


def _is_special(op: Call, mine: set[int | str]) -> bool:
    """Whether a call has arguments that the helper does not know."""
    if op.fn is np.gradient:
        return mine != {0}
    if op.fn is np.einsum:
        return not (isinstance(op.args[0], Const) and isinstance(op.args[0].value, str))
    return among(op.fn, _CROSS) and (len(op.args) > 2 or bool(op.kwargs))


# The whole function


def dependence(program: Program, names: list[str], optimize: bool = True) -> Gradient:
    """The function that takes the sets of the float leaves of some arguments after the arguments, and returns sets.

    It returns them in the structure of what the program returns, with None for what carries no derivative.
    """
    function = program.function
    prepare(program, optimize, checkpoints=False)
    inputs = differentiable_leaves(program, names)
    functions = [*program.functions, function]
    for other in functions:
        _refuse_what_differs(other)
    aliases = Aliases(functions, reads=True)
    floats = [v for v in leaves(function.result) if v.type.differentiable and not is_text(v)]
    for value in (*inputs, *floats):
        _refuse_complex(value)
    activity = activity_of(functions, aliases, inputs, floats, optimize)
    sets = inputs_of(inputs, function, "deps")
    deps = Dependence(functions, activity, aliases)
    found = dict(zip(floats, deps.run(function, sets, floats), strict=True))
    add_parameters(function, list(sets.values()))
    result = map_tree(lambda v: found.get(v, Const(None)), function.result)
    function.result = result
    function.body.results = list(leaves(result))
    _remove_arithmetic(functions)
    finish(function, result, f"{function.name}_deps", optimize)
    return Gradient(without_reverse(program), tangents=tuple(places_of(program, names, inputs)))


def _remove_arithmetic(functions: list[Function]) -> None:
    """Removes what no set depends on, also where it may raise: then it does so in the sweeps that compute numbers.

    Where an exception may lead to a handler, sets depend on it.
    """
    ops = [op for function in functions for op in walk(function.body)]
    if any(isinstance(op, Try) for op in ops):
        return
    own = [op for op in ops if op.mirror is None and isinstance(op, Call)]
    for op in own:
        op.mirror = op
    remove_dead_code(functions, settle=False)
    for op in own:
        op.mirror = None


def _refuse_what_differs(function: Function) -> None:
    """Refuses what is not the same in each of several sweeps."""
    uses = Uses([function])
    repeated = repeated_draws(function.body.ops)
    for op in walk(function.body):
        if advances(op) and op not in repeated:
            raise UnsupportedError(
                "random numbers are drawn here, other ones in each sweep",
                op.span,
                "draw them before, and pass them as an argument, or from a generator that is made here from a number",
            )
        if isinstance(op, Call) and _changes_what_is_read(op, uses):
            raise UnsupportedError(
                "what is outside of the function is changed here, in each sweep again",
                op.span,
                "return it, or pass it as an argument",
            )


def _changes_what_is_read(op: Call, uses: Uses) -> bool:
    """Whether a call leaves something outside of the function that its next run may find there."""
    if op.fn is runtime.outside_append:
        return any(
            user.fn is not runtime.outside_append for user in uses.users.get(op.args[0], ()) if isinstance(user, Call)
        )
    return among(op.fn, (setattr, runtime.outside_item))


def _refuse_complex(value: Value) -> None:
    t = value.type
    dtype = t.dtype if isinstance(t, (Array, NpScalar)) else None
    if (dtype is not None and dtype.kind == "c") or (isinstance(t, PyScalar) and t.kind == "c"):
        raise UnsupportedError(
            f"{value.hint or 'a result'} is complex, and a sparse Jacobian is real", value.span, "split it into parts"
        )


def contents_that_matter(functions: list[Function], params: list[Value]) -> set[Value]:
    """The parameters and captured values whose contents, and not only their shapes, have an influence on the sets."""
    found: set[Value] = set()
    for function in functions:
        ops = list(walk(function.body))
        found.update(function.body.results)
        for op in ops:
            for region in op.regions:
                found.update(region.results)
        for op in reversed(ops):
            found.update(_contents_used(op, found))
    return found.intersection([*params, *functions[-1].captured])


def _contents_used(op: Op, found: set[Value]) -> Iterable[Value]:
    """The inputs whose contents decide about those of the outputs, if these matter, or else about their shape."""
    if only_metadata(op):
        return ()
    if not isinstance(op, Call):
        return op.inputs
    if op.outputs and written(op) is None and found.isdisjoint(op.outputs) and _has_shape_of_shapes(op):
        return [v for v in op.inputs if not _is_float(v.type)]
    return contents_read(op)


def _is_float(t: Type) -> bool:
    if isinstance(t, PyScalar):
        return t.kind == "f"
    return isinstance(t, (Array, NpScalar)) and t.dtype is not None and t.dtype.kind == "f"


def _has_shape_of_shapes(op: Call) -> bool:
    """Whether no float that a call is given has an influence on the shape of what it returns."""
    if among(op.fn, _SELECTING):
        return False
    return among(op.fn, PARTIALS) or is_elementwise(op.fn) or among(op.fn, MOVES) or among(op.fn, DEPENDENCE)
