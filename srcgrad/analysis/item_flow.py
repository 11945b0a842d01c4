"""Which values depend on the inputs, where tuples are told apart by their items.

Activity knows one fact for all that a tape holds. After `tape.append((x, p))`, where `x` depends on the inputs and `p`
does not, what is popped is `x`, which does, and `p`, which does not.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

from srcgrad.analysis.activity import Activity, blocks, flows, in_and_out, smooth_outputs, spread, stored
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import contents_read, written
from srcgrad.ir.nodes import Call, Const, Function, Op, Value, walk
from srcgrad.ir.types import List, Tuple

_Path = tuple[int, ...]
"""Which item of which item of a tuple; of a list, of any of its items. What is in there is meant as a whole."""
_WHOLE: _Path = ()
_DEEPEST, _MOST = 4, 24
"""How deep parts are told apart, and how many of one value: lists that hold themselves have no end of them."""


def unvaried_items(
    functions: list[Function], aliases: Aliases, inputs: Iterable[Value], activity: Activity
) -> set[Value]:
    """The values, never written, that count as varied, though they don't depend on the inputs."""
    ops = [op for function in functions for op in walk(function.body)]
    if not any(isinstance(op, Call) and _takes_apart(op) and any(map(activity.varied, op.outputs)) for op in ops):
        return set()
    flow = _ItemFlow(functions, aliases, inputs)
    values = [v for op in ops for v in (*op.outputs, *(arg for region in op.regions for arg in region.args))]
    return {v for v in values if activity.varied(v) and not aliases.is_written(v) and not flow.depends(v)}


class _ItemFlow:
    """What depends on some inputs.

    Args:
        functions, aliases: the functions, and which of their values share memory.
        inputs: the inputs.
    """

    def __init__(self, functions: list[Function], aliases: Aliases, inputs: Iterable[Value]):
        self._aliases = aliases
        self._found: set[tuple[Any, _Path]] = set()
        self._paths: dict[Any, set[_Path]] = {}
        for value in inputs:
            self._mark(value, {_WHOLE})
        spread(self._found, [op for function in functions for op in in_and_out(function.body)], self._spread)

    def depends(self, value: Value) -> bool:
        """Whether a value, or something in it, may depend on the inputs."""
        return bool(self._of(value))

    def _of(self, tree: Any) -> set[_Path]:
        """The parts of a value, or of a display of values, that depend on the inputs."""
        if isinstance(tree, Value):
            return set() if isinstance(tree, Const) else self._paths.get(self._key(tree), set())
        if not isinstance(tree, (tuple, list)):
            return set()
        return {(k, *path) for k, item in enumerate(tree) for path in self._of(item)}

    def _key(self, value: Value) -> Any:
        return self._aliases.find(value) if self._aliases.is_written(value) else value

    def _mark(self, value: Value, paths: Iterable[_Path]) -> None:
        if isinstance(value, Const) or not value.type.differentiable:
            return
        key = self._key(value)
        known = self._paths.setdefault(key, set())
        if _WHOLE in known:
            return
        new = {path[:_DEEPEST] for path in paths} - known
        if _WHOLE in new or len(known) + len(new) > _MOST:
            new = {_WHOLE}
            known.clear()
        known |= new
        self._found |= {(key, path) for path in new}

    def _spread(self, op: Op) -> None:
        if not isinstance(op, Call):
            for target, source in flows(op):
                self._mark(target, self._of(source))
        elif op.fn is tuple and isinstance(op.args[0], (tuple, list)):
            self._give(op, self._of(op.args[0]))
        elif _is_item_of_tuple(op):
            place = op.args[1].value % len(op.args[0].type.items)
            self._give(op, _within(self._of(op.args[0]), place))
        elif op.fn is list.append and isinstance(op.args[0].type, List):
            self._mark(op.args[0], self._of(op.args[1]))
        elif op.fn in (list.pop, list.copy) and isinstance(op.args[0].type, List):
            self._give(op, self._of(op.args[0]))
        else:
            self._spread_as_a_whole(op)

    def _give(self, op: Call, paths: set[_Path]) -> None:
        """Notes what depends on the inputs in what a call returns."""
        for k, output in enumerate(op.outputs):
            self._mark(output, _within(paths, k) if op.unpacks else paths)

    def _spread_as_a_whole(self, op: Call) -> None:
        target = written(op)
        if target is not None:
            if any(map(self._of, stored(op))):
                self._mark(target, {_WHOLE})
            if self._of(target):
                for output in op.outputs:
                    self._mark(output, {_WHOLE})
        elif not blocks(op) and any(map(self._of, contents_read(op))):
            for output in smooth_outputs(op):
                self._mark(output, {_WHOLE})


def _takes_apart(op: Call) -> bool:
    return _is_item_of_tuple(op) or (op.fn is list.pop and op.unpacks)


def _is_item_of_tuple(op: Call) -> bool:
    if op.fn is not operator.getitem or not isinstance(op.args[0].type, Tuple) or not isinstance(op.args[1], Const):
        return False
    place, count = op.args[1].value, len(op.args[0].type.items)
    return type(place) is int and -count <= place < count


def _within(paths: set[_Path], place: int) -> set[_Path]:
    """Of the parts of a tuple that depend on something those in one of its items."""
    return {path[1:] for path in paths if path[:1] == (place,)} | ({_WHOLE} & paths)
