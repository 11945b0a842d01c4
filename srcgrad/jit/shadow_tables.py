"""Tables of shadows for compiled code: one list for each kind of array, in which arrays are found by their memory.

A table of the run time finds shadows by the identity of what owns the memory. In compiled code arrays have no identity,
but those that are no views have memory of their own. Lists have one: those of all kinds are in one table.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases, reachable
from srcgrad.analysis.memory import among, copies_perhaps, is_view, order_of
from srcgrad.ir.nodes import Call, Const, Function, Invoke, Op, Value, walk
from srcgrad.ir.types import UNKNOWN, Array, List, Opaque, Tuple, is_scalar
from srcgrad.jit import helpers
from srcgrad.jit.kernel import not_jitable
from srcgrad.rules.registry import hashable

Kind = tuple[np.dtype, int]
"""The dtype and the number of axes of arrays; None in place of both stands for lists."""
TABLE = Opaque(dict)


def split_tables(functions: list[Function]) -> None:
    """Makes of each table of shadows a list for each kind of array in it.

    Before -> after: `shadows = {}; u_bar = shadow_of(shadows, u)` -> `shadows = []; u_bar = shadow_in(shadows, u)`.

    Args:
        functions: they are changed.

    Raises:
        NotJitableError: for a shadow of what may be a view, or is no array.
    """
    if not any(_looks_up(op) for f in functions for op in walk(f.body)):
        return
    aliases = Aliases(functions)
    viewed = _viewed(functions, aliases)
    kinds = _kinds(functions)
    params = {function: list(function.params) for function in functions}
    for function in functions:
        _Splitter(function, kinds, aliases, viewed, params).run()


def refuse_kept_views(function: Function) -> None:
    """Refuses what is cut in two where the second part looks up the shadow of a view: there it is an array like others.

    Raises:
        NotJitableError: for such a shadow.
    """
    lookups = [op for op in walk(function.body) if _looks_up(op)]
    if not lookups:
        return
    functions = reachable([function])
    views = views_in(functions)
    aliases = Aliases(functions)
    viewed = _viewed(functions, aliases)
    for op in lookups:
        if op.args[1] in views or aliases.find(op.args[1]) in viewed:
            raise not_jitable(op, "an array is a view of another one here, whose shadow can't be found by a pullback")


def _viewed(functions: list[Function], aliases: Aliases) -> set:
    """The memory of arrays that may be views of others where their shadows are looked up."""
    looked_up = [op.args[1] for f in functions for op in walk(f.body) if _looks_up(op)]
    views = views_in(functions)
    viewed = {aliases.find(v) for x in looked_up for v in _with_bases(x)[-1:] if v in views}
    viewed |= {aliases.find(v) for v in _kept_views(functions)}
    return viewed | {aliases.held(v) for v in _made_of_arrays(functions)}


def _kinds(functions: Iterable[Function]) -> dict[Value, dict[Kind | None, None]]:
    """The kinds of arrays that are looked up in each table, those looked up by callees included."""
    found: dict[Value, dict[Kind | None, None]] = {}
    functions = list(functions)
    for function in functions:
        for op in walk(function.body):
            if isinstance(op, Call) and op.fn is runtime.shadow_of:
                own = found.setdefault(op.args[0], {})
                own.update(dict.fromkeys(_kind(op, x) for x in _with_bases(op.args[1])))
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


def _looks_up(op: Op) -> bool:
    return isinstance(op, Call) and op.fn is runtime.shadow_of


def _with_bases(x: Value) -> list[Value]:
    """An array, and all that it is a view of, one of another."""
    found = [x]
    while (owner := viewing(found[-1])) is not None:
        found.append(owner.args[0])
    return found


def viewing(x: Value) -> Call | None:
    """The operation that makes an array as a view that can be made of its shadow too; None if it is made otherwise."""
    owner = x.owner
    if not isinstance(owner, Call) or not is_view(owner) or not isinstance(owner.args[0].type, Array):
        return None
    alike = among(owner.fn, _VIEWED_ALIKE) and not (copies_perhaps(owner) and (owner.kwargs or order_of(owner)))
    return owner if alike and len(owner.outputs) == 1 and not owner.unpacks else None


_VIEWED_ALIKE = frozenset(
    [operator.getitem, np.reshape, np.ravel, np.transpose, np.swapaxes, np.expand_dims, np.squeeze, np.flip]
)


def _kind(op: Call, x: Value) -> Kind | None:
    t = x.type
    if isinstance(t, Array) and t.dtype is not None and t.shape is not None:
        return t.dtype, len(t.shape)
    if not isinstance(t, List):
        raise not_jitable(op, "the shadow of a tuple, a dict or a value of unknown kind is looked up here")
    return None


class _Splitter:
    """Splits the tables of one function.

    Attributes:
        params: the parameters of each function before it is split.
    """

    def __init__(
        self,
        function: Function,
        kinds: dict[Value, dict[Kind | None, None]],
        aliases: Aliases,
        viewed: set,
        params: dict[Function, list[Value]],
    ):
        self.function = function
        self.params = params
        self.kinds = kinds
        self.aliases = aliases
        self.viewed = viewed
        self.lists: dict[tuple[Value, Kind | None], Value] = {}
        self.made: list[Op] = []

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
        for kind in self.kinds.get(table, ()):
            what = "lists" if kind is None else f"{kind[0].kind}{kind[0].itemsize}_{kind[1]}d"
            hint = "shadows" if len(self.kinds[table]) == 1 else f"shadows_{what}"
            value = Value(List(UNKNOWN), hint, table.span)
            self.lists[table, kind] = value
            made.append(value)
        return made

    def _rewritten(self, op: Op) -> list[Op]:
        if isinstance(op, Call) and op.fn is dict and len(op.outputs) == 1 and op.outputs[0] in self.kinds:
            made: list[Op] = []
            for value, kind in zip(self._split(op.outputs[0]), self.kinds[op.outputs[0]], strict=True):
                fn = helpers.no_list_shadows if kind is None else helpers.no_shadows
                args = () if kind is None else (Const(kind[0].type), Const(kind[1]))
                made.append(Call(fn, args, {}, [value], op.span))
            for new in made:
                new.mirror = op.mirror
            return made
        if isinstance(op, Call) and _looks_up(op):
            if self.aliases.find(op.args[1]) in self.viewed:
                raise not_jitable(op, "an array is perhaps a view of another one here, whose shadow can't be found")
            self.made = []
            self._shadow(op, *op.args, op.outputs[0])
            return self.made
        if isinstance(op, Invoke) and any(arg.type == TABLE for arg in op.args):
            pairs = zip(op.args, self.params[op.callee], strict=True)
            op.args = [new for arg, param in pairs for new in self._handed_on(arg, param)]
        return [op]

    def _shadow(self, op: Call, table: Value, x: Value, found: Value | None = None) -> Value:
        """Finds the shadow of an array, or of what it is a view of, and the same view of that."""
        if found is None:
            found = Value(x.type, None, op.span)
        owner = viewing(x)
        if owner is None:
            self._add(op, helpers.shadow_in, (self.lists[table, _kind(op, x)], x), {}, found)
        elif copies_perhaps(owner):
            base = owner.args[0]
            args = (self.lists[table, _kind(op, x)], self._shadow(op, table, base), base, x)
            self._add(op, helpers.shadow_through, args, {}, found)
        else:
            args = (self._shadow(op, table, owner.args[0]), *owner.args[1:])
            self._add(op, owner.fn, args, owner.kwargs, found)
        return found

    def _add(self, op: Call, fn: Any, args: tuple, kwargs: dict[str, Any], output: Value) -> None:
        new = Call(fn, args, dict(kwargs), [output], op.span)
        new.mirror = op.mirror
        self.made.append(new)

    def _handed_on(self, arg: Value, param: Value) -> list[Value]:
        """What a callee is given for an argument: of a table, the lists of what is looked up there."""
        return [self.lists[arg, kind] for kind in self.kinds[param]] if arg.type == TABLE else [arg]


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


def _kept_views(functions: Iterable[Function]) -> set[Value]:
    """The views that live on: in a loop, behind a branch, in a container or in another function."""
    functions = list(functions)
    views = views_in(functions)
    kept: set[Value] = set()
    for function in functions:
        kept.update(v for v in function.body.results if v in views)
        for op in walk(function.body):
            kept.update(v for v in _stored(op) if v in views)
            kept.update(v for region in op.regions for v in region.results if v in views)
    return kept


def _stored(op: Op) -> list[Value]:
    """The inputs of an operation that live on in what it makes, or in a container."""
    if not isinstance(op, Call):
        return op.inputs
    into_array = op.fn is operator.setitem and isinstance(op.args[0].type, Array)
    return [] if into_array or not (hashable(op.fn) and op.fn in _STORES) else op.inputs


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
