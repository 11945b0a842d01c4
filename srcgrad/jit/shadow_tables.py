"""Tables of shadows for compiled code: one list for each kind of array, in which arrays are found by their memory.

A table of the run time finds shadows by the identity of what owns the memory. In compiled code arrays have no identity,
but those that are no views have memory of their own.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import is_view
from srcgrad.ir.nodes import Call, Const, Function, Invoke, Op, Value, walk
from srcgrad.ir.types import UNKNOWN, Array, List, Opaque, Tuple, is_scalar
from srcgrad.jit import helpers
from srcgrad.jit.kernel import not_jitable
from srcgrad.jit.types import kind_of
from srcgrad.rules.registry import hashable

Kind = tuple[np.dtype, int | None]
"""A dtype and a number of axes; None for a list of numbers."""
TABLE = Opaque(dict)


def split_tables(functions: list[Function]) -> None:
    """Makes of each table of shadows a list for each kind of array in it.

    Before -> after: `shadows = {}; u_bar = shadow_of(shadows, u)` -> `shadows = []; u_bar = shadow_in(shadows, u)`.

    Args:
        functions: they are changed.

    Raises:
        NotJitableError: for a shadow of what may be a view, or is no array.
    """
    if not any(isinstance(op, Call) and op.fn is runtime.shadow_of for f in functions for op in walk(f.body)):
        return
    aliases = Aliases(functions)
    viewed = {aliases.find(v) for v in _kept_views(functions)}
    views = views_in(functions)
    viewed |= {aliases.find(v) for v in _looked_up(functions) if v in views}
    viewed |= {aliases.held(v) for v in _made_of_arrays(functions)}
    kinds = _kinds(functions)
    for function in functions:
        _Splitter(function, kinds, aliases, viewed).run()


def _kinds(functions: Iterable[Function]) -> dict[Value, dict[Kind, None]]:
    """The kinds of arrays that are looked up in each table, those looked up by callees included."""
    found: dict[Value, dict[Kind, None]] = {}
    functions = list(functions)
    for function in functions:
        for op in walk(function.body):
            if isinstance(op, Call) and op.fn is runtime.shadow_of:
                found.setdefault(op.args[0], {})[_kind(op)] = None
    changed = True
    while changed:
        changed = False
        for function in functions:
            for op in walk(function.body):
                if not isinstance(op, Invoke):
                    continue
                for arg, param in zip(op.args, op.callee.params, strict=True):
                    if arg.type != TABLE:
                        continue
                    own = found.setdefault(arg, {})
                    new = [kind for kind in found.setdefault(param, {}) if kind not in own]
                    own.update(dict.fromkeys(new))
                    changed = changed or bool(new)
    return found


def _kind(op: Call) -> Kind:
    t = op.args[1].type
    if isinstance(t, Array) and t.dtype is not None and t.shape is not None:
        return t.dtype, len(t.shape)
    item = kind_of(t.item) if isinstance(t, List) and is_scalar(t.item) else None
    if item is None or item.kind == "c":
        raise not_jitable(op, "the shadow of a list of arrays or lists is looked up, which can't be compiled")
    return item, None


class _Splitter:
    """Splits the tables of one function."""

    def __init__(self, function: Function, kinds: dict[Value, dict[Kind, None]], aliases: Aliases, viewed: set):
        self.function = function
        self.kinds = kinds
        self.aliases = aliases
        self.viewed = viewed
        self.lists: dict[tuple[Value, Kind], Value] = {}

    def run(self) -> None:
        """Replaces the tables."""
        function = self.function
        params: list[Value] = []
        for param in function.params:
            made = self._split(param) if param in self.kinds else [param]
            for value in made:
                value.owner = function.body
            params += made
        function.params = params
        function.body.args = list(params)
        for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
            region.ops = [new for op in region.ops for new in self._rewritten(op)]
            for op in region.ops:
                op.parent = region

    def _split(self, table: Value) -> list[Value]:
        made = []
        for dtype, ndim in self.kinds.get(table, ()):
            what = "list" if ndim is None else f"{ndim}d"
            hint = "shadows" if len(self.kinds[table]) == 1 else f"shadows_{dtype.kind}{dtype.itemsize}_{what}"
            value = Value(List(UNKNOWN), hint, table.span)
            self.lists[table, (dtype, ndim)] = value
            made.append(value)
        return made

    def _rewritten(self, op: Op) -> list[Op]:
        if isinstance(op, Call) and op.fn is dict and len(op.outputs) == 1 and op.outputs[0] in self.kinds:
            kinds = [(Const(dtype.type), Const(ndim)) for dtype, ndim in self.kinds[op.outputs[0]]]
            lists = self._split(op.outputs[0])
            made: list[Op] = [
                Call(helpers.no_shadows, kind, {}, [value], op.span) for kind, value in zip(kinds, lists, strict=True)
            ]
            for new in made:
                new.mirror = op.mirror
            return made
        if isinstance(op, Call) and op.fn is runtime.shadow_of:
            if self.aliases.find(op.args[1]) in self.viewed:
                raise not_jitable(op, "an array is perhaps a view of another one here, whose shadow can't be found")
            op.fn = helpers.shadow_in
            op.args = (self.lists[op.args[0], _kind(op)], op.args[1])
        if isinstance(op, Invoke) and any(arg.type == TABLE for arg in op.args):
            op.args = [new for arg in op.args for new in self._lists_of(arg)]
        return [op]

    def _lists_of(self, arg: Value) -> list[Value]:
        if arg.type != TABLE:
            return [arg]
        return [self.lists[arg, kind] for kind in self.kinds.get(arg, ())]


def views_in(functions: Iterable[Function]) -> set[Value]:
    """The outputs of all operations that give views of arrays."""
    return {
        v
        for f in functions
        for op in walk(f.body)
        if isinstance(op, Call) and is_view(op) and any(isinstance(a.type, Array) for a in op.inputs)
        for v in op.outputs
        if isinstance(v.type, Array) and not is_scalar(v.type)
    }


def _looked_up(functions: Iterable[Function]) -> list[Value]:
    """What has its shadow looked up in a table."""
    ops = [op for f in functions for op in walk(f.body)]
    return [op.args[1] for op in ops if isinstance(op, Call) and op.fn is runtime.shadow_of]


def _kept_views(functions: Iterable[Function]) -> set[Value]:
    """The views that live on: in a loop, behind a branch, in a container or in another function."""
    functions = list(functions)
    views = views_in(functions)
    kept: set[Value] = set()
    for function in functions:
        kept.update(v for v in function.body.results if v in views)
        for op in walk(function.body):
            stores = not isinstance(op, Call) or (hashable(op.fn) and op.fn in _STORES)
            kept.update(v for v in op.inputs if stores and v in views)
            kept.update(v for region in op.regions for v in region.results if v in views)
    return kept


def _made_of_arrays(functions: Iterable[Function]) -> set[Value]:
    """Containers that something else than a display makes of arrays, as `np.split` does: of views of them, perhaps."""
    return {
        v
        for f in functions
        for op in walk(f.body)
        if isinstance(op, Call) and not (hashable(op.fn) and op.fn in _STORES)
        for v in op.outputs
        if isinstance(v.type, (List, Tuple)) and any(isinstance(a.type, Array) for a in op.inputs)
    }


_STORES = frozenset([list, tuple, dict, list.append, list.insert, list.extend, operator.setitem])
