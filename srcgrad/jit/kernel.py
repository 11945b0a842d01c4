"""The entry of a gradient in two: a thin Python function that takes trees apart, and a kernel on what is in them."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from types import FunctionType

import numpy as np

from srcgrad import checks, runtime
from srcgrad.analysis.words import word
from srcgrad.errors import NotJitableError, Span
from srcgrad.ir.nodes import (
    Call,
    Closed,
    Const,
    Enter,
    Function,
    If,
    Invoke,
    Leave,
    Loop,
    Op,
    Region,
    Try,
    Value,
    leaves,
    map_tree,
    walk,
    within,
)
from srcgrad.ir.types import NpScalar, Type
from srcgrad.jit.types import is_compilable
from srcgrad.rules.custom import Step
from srcgrad.rules.registry import display_name, hashable
from srcgrad.transform.simplify import replace_values

_WRITERS = (setattr, runtime.outside_item, runtime.outside_append)
"""They change what was there before the call."""
_AT_HOME = frozenset(
    [
        *(getattr, operator.getitem, len, isinstance, type, list, tuple, dict, list.copy),
        *(checks.check_overlap, checks.check_no_container_twice, runtime.instance, runtime.protected),
        *_WRITERS,
    ]
)
"""What may be left to Python: it takes arguments apart, checks them, and puts results together."""


def apart(name: str, taken: set[str | None]) -> str:
    """A name like this that is not taken."""
    found, k = name, 0
    while found in taken:
        k += 1
        found = f"{name}_{k}"
    return found


def pass_captured(functions: list[Function], entries: list[Function]) -> None:
    """Makes parameters of what the functions that others call use from outside: compiled code would freeze it.

    Args:
        functions: all of them.
        entries: those among them that Python calls, which go on to read what they use from outside.
    """
    others = [function for function in functions if function not in entries]
    needed = {f: dict.fromkeys(f.captured) for f in functions}
    changed = True
    while changed:
        changed = False
        for function in functions:
            for callee in _callees(function):
                new = [v for v in needed.get(callee, ()) if v not in needed[function]]
                needed[function].update(dict.fromkeys(new))
                changed = changed or bool(new)
    more: dict[Function, list[Value]] = {f: list(needed[f]) for f in others}
    for function in functions:
        given: dict[Value, Value] = {}
        if function not in entries:
            given = {v: Value(v.type, v.hint, v.span) for v in more[function]}
            replace_values(function.body, given)
            for param in given.values():
                taken = {*[p.hint for p in function.params], *[f.name for f in functions]}
                param.hint = apart(param.hint or "outside", taken)
                param.owner = function.body
                function.body.args = [*function.body.args, param]
                function.params = [*function.params, param]
            function.captured = []
        else:
            function.captured = list(needed[function])
        for op in walk(function.body):
            callee = _callee(op)
            if callee is None or not more.get(callee):
                continue
            added = [given.get(v, v) for v in more[callee]]
            if isinstance(op, Invoke):
                op.args = [*op.args, *added]
            else:
                assert isinstance(op, Call)
                op.args = (*op.args, *added)


def _callee(op: Op) -> Function | None:
    if isinstance(op, Invoke):
        return op.callee
    return op.fn.function if isinstance(op, Call) and isinstance(op.fn, Closed) else None


def _callees(function: Function) -> list[Function]:
    return list(dict.fromkeys(f for op in walk(function.body) if (f := _callee(op)) is not None))


def split_entry(function: Function) -> tuple[Function, Function | None]:
    """A function as a kernel that Numba compiles, and the Python function around it, None if none is needed.

    Before -> after: `def f_grad(p): w, b = p; ...; return (w_bar, b_bar)` ->
    `def f_grad_kernel(w, b): ...; return w_bar, b_bar` and
    `def f_grad(p): w, b = p; w_bar, b_bar = f_grad_kernel(w, b); return (w_bar, b_bar)`.

    Raises:
        NotJitableError: if there is something in the midst of it that only Python can do.
    """
    stages = _stages(function)
    if _is_kernel(function, stages):
        return function, None
    before = [op for op in function.body.ops if stages[op] == 0]
    inner = [op for op in function.body.ops if stages[op] == 1]
    after = [op for op in function.body.ops if stages[op] == 2]
    kernel = Function(f"{function.name}_kernel", [], Region(), None)
    made = {v for op in inner for v in op.outputs}
    used = _used(inner)
    given = [v for v in (*function.params, *function.captured, *_outputs(before)) if v in used]
    shown = dict.fromkeys([*_used(after), *leaves(function.result)])
    returned = [v for v in shown if v in made]
    mapping = {v: _fresh(v) for v in given}
    _fill(kernel, inner, list(mapping.values()), returned)
    replace_values(kernel.body, mapping)
    backward = set(function.body.ops[function.backward_from :]) if function.backward_from is not None else set()
    kernel.backward_from = next((k for k, op in enumerate(inner) if op in backward), None)
    kernel.result = map_tree(lambda v: v, tuple(kernel.body.results) if len(returned) != 1 else kernel.body.results[0])
    outputs = {v: _fresh(v) for v in returned}
    call = Invoke(kernel, list(given), list(outputs.values()), None)
    results = {v: out for v, out in outputs.items()}
    classed: list[Op] = []
    for v, out in outputs.items():
        if isinstance(v.type, NpScalar):
            number = Value(v.type, v.hint, v.span)
            classed.append(Call(v.type.dtype.type, (out,), {}, [number]))
            results[v] = number
            out.hint = v.hint
    body = function.body
    body.ops = [*before, call, *classed, *after]
    for op in body.ops:
        op.parent = body
    for op in after:
        op.replace_inputs(lambda v: results.get(v, v))
    function.result = map_tree(lambda v: results.get(v, v), function.result)
    body.results = list(leaves(function.result))
    function.backward_from = None
    return kernel, function


def _fresh(v: Value) -> Value:
    return Value(v.type, v.hint, v.span)


def _fill(kernel: Function, ops: list[Op], params: list[Value], results: list[Value]) -> None:
    names = {op.callee.name for op in within(ops) if isinstance(op, Invoke)}
    for param in params:
        stem, k = param.hint or word(param) or "value", 1
        while param.hint is None or param.hint in names:
            param.hint, k = (f"{stem}_{k}" if stem in names else stem), k + 1
        names.add(param.hint)
    kernel.params = list(params)
    kernel.body.args = list(params)
    for param in params:
        param.owner = kernel.body
    kernel.body.ops = list(ops)
    for op in ops:
        op.parent = kernel.body
    kernel.body.results = list(results)


def _outputs(ops: Iterable[Op]) -> list[Value]:
    return [v for op in ops for v in op.outputs]


def _used(ops: Iterable[Op]) -> set[Value]:
    """The values that operations use, those in their regions included."""
    found: set[Value] = set()
    for op in within(ops):
        found.update(op.inputs)
        for region in op.regions:
            found.update(region.results)
    return found


def _is_kernel(function: Function, stages: dict[Op, int]) -> bool:
    """Whether Numba compiles all of a function, and what it returns comes back as what it is."""
    tree = function.result
    flat = isinstance(tree, Value) or (type(tree) is tuple and all(isinstance(v, Value) for v in tree))
    return (
        flat
        and not function.captured
        and not function.keyword_only
        and not function.defaults
        and all(stage == 1 for stage in stages.values())
        and all(is_compilable(param.type) for param in function.params)
        and all(not isinstance(v, Const) and not isinstance(v.type, NpScalar) for v in leaves(tree))
        and all(not isinstance(v.owner, Region) for v in leaves(tree))
    )


def _stages(function: Function) -> dict[Op, int]:
    """For each operation whether it comes before the kernel (0), is part of it (1), or comes after it (2)."""
    stages: dict[Op, int] = {}
    has_begun = False
    late: list[Call] = []
    for op in function.body.ops:
        needed = [stages[v.owner] for v in _used([op]) if v.owner in stages]
        if _is_python(op):
            if not _may_stay(op):
                raise not_jitable(op)
            assert isinstance(op, Call)
            writes = op.fn in _WRITERS
            # The kernel may raise: what would come after that must not be written before.
            stages[op] = 2 if any(needed) or (writes and has_begun) or any(_may_see(op, w) for w in late) else 0
            late += [op] if writes and stages[op] == 2 else []
        elif 2 in needed:
            raise not_jitable(op)
        else:
            stages[op], has_begun = 1, True
    return stages


def _may_see(op: Call, writer: Call) -> bool:
    """Whether an operation may read or write what `writer` writes."""
    of_attributes = [call.fn in (getattr, setattr) for call in (op, writer)]
    if all(of_attributes):
        names = [call.args[1] for call in (op, writer)]
        return not all(isinstance(name, Const) for name in names) or names[0].value == names[1].value
    return not any(of_attributes) and op.fn in (operator.getitem, len, list, tuple, dict, list.copy, *_WRITERS)


def _is_python(op: Op) -> bool:
    """Whether only Python can do an operation."""
    if not isinstance(op, Call):
        return False
    if hashable(op.fn) and op.fn in (*_CHECKS, *_WRITERS, runtime.instance):
        return True
    if isinstance(op.fn, type) and not issubclass(op.fn, _COMPILED_CLASSES):
        return True
    return not all(is_compilable(v.type) for v in (*op.inputs, *op.outputs) if not isinstance(v, Const))


_COMPILED_CLASSES = (np.generic, bool, int, float, complex, tuple, list, range, BaseException)
_CHECKS = (checks.check_overlap, checks.check_no_container_twice, runtime.protected)


def _may_stay(op: Op) -> bool:
    assert isinstance(op, Call)
    return (hashable(op.fn) and op.fn in _AT_HOME) or isinstance(op.fn, type)


def not_jitable(op: Op, why: str | None = None) -> NotJitableError:
    """The error for an operation that Numba can't do."""
    if why is not None:
        return NotJitableError(why, place_of(op))
    what = display_name(op.fn) if isinstance(op, Call) else type(op).__name__.lower()
    unknown = next((v for v in (*op.outputs, *op.inputs) if not is_compilable(v.type)), None)
    if unknown is None:
        return NotJitableError(f"{what} can't be compiled by Numba", place_of(op))
    meeting = _meeting_before(op) if _is_of_no_kind(unknown.type) else None
    if meeting is None:
        return NotJitableError(f"{what} can't be compiled by Numba: {_described(unknown)}", place_of(op))
    met, name = meeting
    way = "branch" if isinstance(met, If) else "loop"
    return NotJitableError(
        f"{name!r} is not of one kind: what it is, a number or an array and of which dtype, depends on this {way}",
        place_of(met),
        f"let it be an array from the beginning, such as {name} = np.zeros(...)",
    )


def _meeting_before(op: Op) -> tuple[Op, str] | None:
    """The first branch or loop of a function in which a variable becomes one of no known kind."""
    region = op.parent
    while region is not None and region.parent is not None:
        region = region.parent.parent
    for before in walk(region) if region is not None else ():
        if isinstance(before, (If, Loop)) and before.mirror is None:
            values = [*before.outputs, *(before.carried if isinstance(before, Loop) else ())]
            for value in values:
                if value.hint and value.primal is None and _is_of_no_kind(value.type):
                    return before, value.hint
    return None


def _described(value: Value) -> str:
    name = f"{value.hint!r}" if value.hint else "what it computes"
    if _is_of_no_kind(value.type):
        return f"{name} is a value of a kind that is not known when it is compiled"
    return f"{name} is of the kind {value.type}"


def _is_of_no_kind(t: Type) -> bool:
    return "?" in str(t)


def place_of(op: Op) -> Span | None:
    """Where in the user's source an operation comes from."""
    if op.span is not None:
        return op.span
    return op.mirror.span if op.mirror is not None else None


def check_compilable(functions: Iterable[Function]) -> None:
    """Refuses what Numba can't compile.

    Args:
        functions: those to be compiled.

    Raises:
        NotJitableError: at the first such operation.
    """
    for function in functions:
        for op in walk(function.body):
            if isinstance(op, (Try, Enter, Leave)):
                raise not_jitable(op, _NO_BLOCKS[type(op)])
            if isinstance(op, Call) and isinstance(op.fn, FunctionType) and not _is_library(op.fn):
                if op.fn.__module__.startswith("scipy."):
                    raise not_jitable(op, f"Numba has no {display_name(op.fn)}")
                # It has a rule: others are read.
                raise not_jitable(op, f"{op.fn.__name__} has a rule and is not compiled; decorate it with numba.njit")
            if isinstance(op, Call) and hashable(op.fn) and op.fn in _WRITERS:
                raise not_jitable(op, "an object, list or dict from outside is changed in a loop or a branch here")
            if isinstance(op, Call) and isinstance(op.fn, Step):
                raise not_jitable(op, f"{op.fn.custom.__name__} has a derivative of its own, which is not compiled")
            if any(not is_compilable(v.type) for v in (*op.inputs, *op.outputs) if not isinstance(v, Const)):
                raise not_jitable(op)


def _is_library(fn: FunctionType) -> bool:
    return (fn.__module__ or "").partition(".")[0] in ("srcgrad", "numpy")


_NO_BLOCKS: dict[type[Op], str] = {
    Try: "Numba can't compile handlers of exceptions",
    Enter: "Numba can't compile `with` blocks",
    Leave: "Numba can't compile `with` blocks",
}
