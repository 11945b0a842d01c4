"""Which values may share memory: unification (Steensgaard 1996), with one class for what a container holds."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from types import BuiltinFunctionType
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.memory import (
    IN_PLACE,
    LIST_WRITERS,
    LOOKUPS,
    MAY_COPY,
    among,
    copies_perhaps,
    is_basic_index,
    is_view,
    passed_on,
    told_apart,
    written,
)
from srcgrad.analysis.reads import Uses, plain_reads
from srcgrad.ir.nodes import Call, Closed, Const, Function, If, Invoke, Loop, Op, Region, Value, leaves, walk, within
from srcgrad.ir.types import Array, Dict, List, Opaque, Parts, Record, Tuple, Type, Unknown, is_scalar, rank
from srcgrad.rules.custom import Step, fitting
from srcgrad.rules.user_rules import RuleCall

_ON_CONTAINERS = (LIST_WRITERS | LOOKUPS) | frozenset(
    [
        list,
        tuple,
        dict,
        set,
        list.copy,
        operator.setitem,
        operator.getitem,
        getattr,
    ]
)
_ARITHMETIC = frozenset(
    getattr(operator, name)
    for name in [
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "neg",
        "pos",
        "gt",
        "ge",
        "lt",
        "le",
        "eq",
        "ne",
    ]
)
_JOINING = frozenset([operator.add, operator.mul])
_POINTERS = frozenset([Array, List, Parts, Dict, Tuple, Record, Unknown])


def is_pointer(t: Type) -> bool:
    """Whether a value of this type may share memory with another."""
    if type(t) is Unknown:
        return not is_scalar(t)
    return type(t) in _POINTERS or (type(t) is Opaque and t.cls in (list, tuple, dict))


def reachable(functions: list[Function]) -> list[Function]:
    """The functions and all that they call."""
    found: dict[Function, None] = {}
    pending = list(functions)
    while pending:
        function = pending.pop()
        if function not in found:
            found[function] = None
            pending += [op.callee for op in walk(function.body) if isinstance(op, Invoke)]
    return list(found)


def calls_itself(function: Function) -> bool:
    """Whether a function calls itself, directly or not."""
    return function in reachable([op.callee for op in walk(function.body) if isinstance(op, Invoke)])


class Aliases:
    """Classes of values that may share memory.

    Args:
        functions: where the values are from.
        reads: whether to look for reads that may be taken for numbers.
        passing: whether what is returned by helpers that may return their argument, and by `np.broadcast_to`, counts
            as that argument.

    Attributes:
        plain: where asked for, the values read from written memory that may be taken for numbers (`reads`).
        written: the classes that some operation writes.
        writers: class -> the operations that write it.
        merged: the classes in which a pointer has several sources: branches, loops, containers, calls.
        members: class -> its values.
        identified: the classes of which it matters which object a value is: a second one like it is another.
    """

    def __init__(self, functions: list[Function], reads: bool = False, passing: bool = True):
        self._passing = passing
        self.plain: set[Value] = set()
        self._parent: dict[Any, Any] = {}
        self._held: dict[Any, Any] = {}
        self._mergers: list[Value] = []
        self._sources: list[Value] = []
        self._shadows: list[Call] = []
        writes: list[tuple[Value, Call]] = []
        compared: list[Value] = []
        joined: list[Call] = []
        self.values: list[Value] = []
        everything = reachable(functions)
        for function in everything:
            for value in (*function.params, *function.captured):
                if is_pointer(value.type):
                    self.values.append(value)
                    self._sources.append(value)
            for op in walk(function.body):
                pointers = [output for output in op.outputs if is_pointer(output.type)]
                if isinstance(op, Call) and makes_new(op.fn):
                    self._sources += pointers
                    if pointers and op.fn in _JOINING and not isinstance(pointers[0].type, Array):
                        joined.append(op)
                elif isinstance(op, Call):
                    target = written(op)
                    if target is not None:
                        writes.append((target, op))
                    compared += told_apart(op)
                    if pointers or on_containers(op):
                        self._visit_call(op)
                else:
                    self._visit(op)
                self.values += pointers
        self._join(joined)
        self._unify_shadows()
        if self._shadows:
            callees = {op.callee for function in everything for op in walk(function.body) if isinstance(op, Invoke)}
            bodies = {function.body for function in functions if function not in callees}
            self._mergers += [op.outputs[0] for op in self._shadows if not _runs_once(op, bodies)]
        self.writers: dict[Any, list[Call]] = {}
        for value, op in writes:
            self.writers.setdefault(self.find(value), []).append(op)
        self.written = set(self.writers)
        self.identified = {self.find(v) for v in compared if is_pointer(v.type)}
        self.members: dict[Any, list[Value]] = {}
        for value in self.values:
            self.members.setdefault(self.find(value), []).append(value)
        self.merged = {self.find(v) for v in self._mergers}
        self._count_sources()
        if reads:
            self._find_plain_reads(functions)

    def _find_plain_reads(self, functions: list[Function]) -> None:
        candidates = [v for v in self.values if isinstance(v.type, Unknown) and self.is_written(v)]
        if not candidates:
            return
        found: dict[Op, set[Any]] = {}

        def writes(op: Op, memory: Any) -> bool:
            if op not in found:
                found[op] = self._written_by(op)
            return memory in found[op]

        self.plain = plain_reads(Uses(reachable(functions)), self.find, writes, candidates)

    def _written_by(self, op: Op) -> set[Any]:
        """The classes that an operation writes, or one in its regions."""
        ops = within([op])
        targets = [target for inner in ops if (target := written(inner)) is not None]
        targets += [v for inner in ops if isinstance(inner, Invoke) for v in inner.args if self.is_written(v)]
        return {self.find(target) for target in targets}

    def _join(self, joined: list[Call]) -> None:
        """What is joined or repeated holds what its operands hold: `xs * n`, and `xs + ys` of tuples."""
        known = -1
        while joined and len(self._parent) != known:
            known = len(self._parent)
            tuples = {self.find(v) for v in self.values if _is_display(v)}
            for op in joined:
                for value in op.inputs:
                    if isinstance(value.type, List) or self.find(value) in tuples:
                        self.unify(self.held(op.outputs[0]), self.held(value))
                        tuples.add(self.find(op.outputs[0]))

    def _unify_shadows(self) -> None:
        """Two shadows in a table share memory if their primals may."""
        settled = False
        while not settled:
            settled = True
            known: dict[tuple[Any, Any], Value] = {}
            for op in self._shadows:
                table, x = op.args
                first = known.setdefault((self.find(table), self.find(x)), op.outputs[0])
                if self.find(first) is not self.find(op.outputs[0]):
                    self.unify(first, op.outputs[0])
                    settled = False
                if self.find(x) in self._held:
                    # The shadow of a container holds the shadows of what the container holds.
                    inner = known.setdefault((self.find(table), self.find(self.held(x))), self.held(op.outputs[0]))
                    if self.find(inner) is not self.find(self.held(op.outputs[0])):
                        self.unify(inner, self.held(op.outputs[0]))
                        settled = False

    def _count_sources(self) -> None:
        seen: dict[Any, Value] = {}
        for value in self._sources:
            root = self.find(value)
            if root in seen and not (seen[root] is value and self._holds_values(value)):
                self.merged.add(root)
            seen[root] = value

    def _holds_values(self, container: Value) -> bool:
        """Whether a list, which comes again with all that is put into it, holds nothing that has a shadow elsewhere."""
        item = container.type.item if type(container.type) is List else None
        if isinstance(item, Array):
            return self.held(container) not in self.written
        return item is not None and is_scalar(item)

    def find(self, value: Any) -> Any:
        """The class of a value."""
        parent = self._parent
        root = value
        while (above := parent.get(root)) is not None:
            root = above
        while value is not root and (above := parent[value]) is not root:
            parent[value], value = root, above
        return root

    def held(self, value: Any) -> Any:
        """The class of what a container holds."""
        root = self.find(value)
        if root not in self._held:
            self._held[root] = ("held by", root)
        return self.find(self._held[root])

    def within(self, value: Any) -> set[Any]:
        """The classes of what a container holds, at any depth."""
        found: set[Any] = set()
        memory = self.find(value)
        while memory in self._held and (memory := self.find(self._held[memory])) not in found:
            found.add(memory)
        return found

    def is_written(self, value: Value) -> bool:
        """Whether the contents behind a pointer change in place anywhere."""
        return is_pointer(value.type) and self.find(value) in self.written

    def is_buffer(self, value: Value) -> bool:
        """Whether a value points to memory that is written, or is a list or tuple made at run time: it has a shadow."""
        if value in self.plain:
            return False
        return is_pointer(value.type) and (self.is_written(value) or isinstance(value.type, (List, Tuple)))

    def is_reshaped(self, value: Value) -> bool:
        """Whether there are views of some memory that NumPy gives of arrays without gaps alone: so must its shadow be.

        What arithmetic makes of arrays in the order of Fortran is in that order too.
        """
        members = self.members.get(self.find(value), ())
        return any(isinstance(v.owner, Call) and among(v.owner.fn, MAY_COPY) for v in members)

    @property
    def needs_table(self) -> bool:
        """Whether a shadow may have to be found at run time: a pointer to a buffer has several sources."""
        return any(root in self.merged and any(map(self.is_buffer, m)) for root, m in self.members.items())

    def holders(self, memory: Any) -> set[Any]:
        """The classes of the containers that hold pointers of a class, or hold what does."""
        found: set[Any] = set()
        pending = [memory]
        while pending:
            inner = pending.pop()
            outer = self._direct_holders(inner) - found
            found |= outer
            pending += outer
        return found

    def is_held(self, memory: Any) -> bool:
        """Whether a container, or anything that may be one, holds pointers of a class."""
        return bool(self._direct_holders(memory) - {memory})

    def _direct_holders(self, memory: Any) -> set[Any]:
        return {self.find(root) for root, held in self._held.items() if self.find(held) is memory}

    def unify(self, a: Any, b: Any) -> None:
        pending = [(a, b)]
        while pending:
            p, q = (self.find(v) for v in pending.pop())
            if p is q:
                continue
            self._parent[q] = p
            if q in self._held:
                if p in self._held:
                    pending.append((self._held[p], self._held[q]))
                else:
                    self._held[p] = self._held[q]

    def _merge(self, target: Value, source: Value) -> None:
        if isinstance(source, Const) or source is target:
            return
        if is_pointer(target.type) or is_pointer(source.type):
            self.unify(target, source)
            self._mergers.append(target)

    def _visit(self, op: Op) -> None:
        for region in op.regions:
            self.values += [arg for arg in region.args if is_pointer(arg.type)]
        if isinstance(op, If):
            for output, a, b in zip(op.outputs, op.then.results, op.orelse.results, strict=True):
                self._merge(output, a)
                self._merge(output, b)
        elif isinstance(op, Loop):
            for output, init, arg, result in zip(
                op.carried_outputs, op.inits, op.carried, op.carried_results, strict=True
            ):
                for source in (init, result):
                    self._merge(arg, source)
                self._merge(output, arg)
            test = getattr(op, "test", None)
            if test is not None:
                for arg, own in zip(op.carried, test.args, strict=True):
                    self._merge(own, arg)
        elif isinstance(op, Invoke):
            for param, arg in zip(op.callee.params, op.args, strict=False):
                self._merge(param, arg)
            for output, result in zip(op.outputs, op.callee.body.results, strict=False):
                self._merge(output, result)

    def _visit_call(self, op: Call) -> None:
        fn = op.fn
        if not on_containers(op):
            self._visit_array_call(op)
        elif fn in LOOKUPS:
            self._shadows.append(op)
            self._sources.append(op.outputs[0])
        elif fn in (list, tuple, dict, set) or (isinstance(fn, type) and issubclass(fn, tuple)):
            self._put(op.outputs[0], leaves(op.args)) if op.outputs else None
        elif fn in LIST_WRITERS and fn is not list.pop:
            self._put(op.args[0], [arg for arg in op.args[1:] if isinstance(arg, Value)])
            for arg in op.args[1:]:
                if isinstance(arg, tuple):
                    self._hold(self.held(op.args[0]), leaves(arg))
        elif fn in (list.copy,):
            self.unify(self.held(op.outputs[0]), self.held(op.args[0]))
        elif fn is list.pop:
            source = self.held(op.args[0]) if op.unpacks else op.args[0]
            for output in op.outputs:
                self._take(output, source)
        elif fn is operator.setitem and not isinstance(op.args[0].type, Array):
            if not isinstance(op.args[0].type, Unknown) or _is_display(op.args[0]):
                # What is of unknown kind is written as an array; the reverse sweep refuses anything else.
                self._put(op.args[0], leaves(op.args[2]))
        elif fn in (operator.getitem, getattr) and not isinstance(op.args[0].type, Array):
            for output in op.outputs:
                if (
                    isinstance(op.args[0].type, List)
                    and isinstance(output.type, List)
                    and isinstance(op.args[1], slice)
                ):
                    self._sources.append(output)
                    self.unify(self.held(output), self.held(op.args[0]))
                    continue
                if isinstance(op.args[0].type, Unknown):
                    self._take_unknown(output, op)
                    continue
                self._take(output, self.held(op.args[0]) if op.unpacks else op.args[0])
        else:
            self._visit_array_call(op)

    def _visit_array_call(self, op: Call) -> None:
        fn = op.fn
        if self._passing:
            for output, given in passed_on(op):
                self.unify(self.held(output) if isinstance(output.type, List) else output, given)
                self._mergers.append(output)
        if fn is operator.getitem and not is_basic_index(op.args[1]) and may_be_basic(op.args[1]):
            for output in op.outputs:
                self._take_unknown(output, op)
        elif among(fn, _PASSING_ON) and op.outputs and is_pointer(op.outputs[0].type):
            given = op.args[0]
            if isinstance(given, Const) or not is_pointer(given.type) or not self._passing:
                self._sources.append(op.outputs[0])
            else:
                self.unify(op.outputs[0], given)
        elif is_view(op) and (self._passing or op.fn is not np.broadcast_to):
            for output in op.outputs:
                if isinstance(output.type, List) and not op.unpacks and fn not in IN_PLACE:
                    # A list of views, as many as the run says.
                    self._sources.append(output)
                    self._hold(output, op.args[:1])
                elif is_pointer(output.type):
                    self.unify(output, op.args[0])
                    if copies_perhaps(op) or (op.fn is np.diag and rank(op.args[0].type) is None):
                        self._mergers.append(output)
                    if op.fn not in IN_PLACE and op.unpacks and isinstance(output.type, List):
                        self._mergers.append(output)
        else:
            self._source_or_unknown(op)

    def _source_or_unknown(self, op: Call) -> None:
        for output in op.outputs:
            if is_pointer(output.type):
                self._sources.append(output)
                if isinstance(output.type, Unknown) and not _fresh(op):
                    for value in op.inputs:
                        if is_pointer(value.type) and not isinstance(value, Const):
                            self.unify(output, value)

    def _put(self, container: Value, items: Any) -> None:
        if is_pointer(container.type) and container.owner is not None and isinstance(container.owner, Call):
            self._sources.append(container) if container in container.owner.outputs and container.owner.fn in (
                list,
                tuple,
                dict,
                set,
            ) else None
        self._hold(container, items)

    def _hold(self, container: Any, items: Iterable[Value]) -> None:
        for item in items:
            if not isinstance(item, Const) and is_pointer(item.type):
                self.unify(self.held(container), item)
                self._mergers.append(item)

    def _take_unknown(self, output: Value, op: Call) -> None:
        """An item, a view or a copy, nobody knows."""
        base = op.args[0]
        if not is_pointer(output.type):
            return
        if not isinstance(base.type, Array):
            self.unify(output, self.held(base))
        self.unify(output, base)
        if op.fn is not operator.getitem or not is_basic_index(op.args[1]):
            self._mergers.append(output)

    def _take(self, output: Value, container: Any) -> None:
        if is_pointer(output.type):
            self.unify(output, self.held(container))
            if not (isinstance(container, Value) and isinstance(container.type, Opaque)):
                self._mergers.append(output)


def makes_new(fn: Any) -> bool:
    """Whether a callable is of the many that return new memory, keep none and write none."""
    return type(fn) is np.ufunc or (type(fn) is BuiltinFunctionType and fn in _ARITHMETIC)


def on_containers(op: Call) -> bool:
    """Whether a call puts something into a container, or takes it out: it looks at nothing that is held."""
    return among(op.fn, _ON_CONTAINERS) or (isinstance(op.fn, type) and issubclass(op.fn, tuple))


_NEW = frozenset(
    [
        *(runtime.copied, runtime.protected, runtime.laid_out_as, runtime.zeros_like, runtime.plain_sum),
        runtime.masked_product,
    ]
)
_PASSING_ON = frozenset(
    [
        *(runtime.unbroadcast, runtime.expanded, runtime.like, runtime.added, runtime.joined, runtime.before_update),
        *(runtime.real_like, fitting),
    ]
)
"""What returns its first argument, or a new object."""


def may_be_basic(tree: Any) -> bool:
    """Whether indexing with this argument tree gives a view if those parts that are of unknown kind are integers."""
    if isinstance(tree, tuple):
        return all(map(may_be_basic, tree))
    return is_basic_index(tree) or (isinstance(tree, Value) and isinstance(tree.type, Unknown))


def _is_display(value: Value) -> bool:
    return isinstance(value.owner, Call) and value.owner.fn in (list, tuple, dict, set)


def _runs_once(op: Op, bodies: set[Region]) -> bool:
    """Whether an operation runs at most once in a run of the program."""
    region = op.parent
    while region is not None and region.parent is not None:
        if isinstance(region.parent, Loop):
            return False
        region = region.parent.parent
    return region in bodies


def _fresh(op: Call) -> bool:
    """Whether a library function makes a new array: all of NumPy's do that are not views, and sums of cotangents do."""
    if isinstance(op.fn, (Step, RuleCall, Closed)) or among(op.fn, _NEW):
        return True
    module = getattr(op.fn, "__module__", None) or ""
    ufunc = getattr(op.fn, "__self__", op.fn)
    return isinstance(ufunc, np.ufunc) or module.split(".")[0] in ("numpy", "_operator", "operator", "math")
