"""Expressions: AST -> symbols, appending operations to the current region."""

from __future__ import annotations

import ast
import builtins
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend import pools
from srcgrad.frontend.access import set_dict_item, subscript
from srcgrad.frontend.attributes import attribute
from srcgrad.frontend.compact_dicts import new_dict
from srcgrad.frontend.folding import fold
from srcgrad.frontend.iteration import collected, items_if_known, iterate, known_items
from srcgrad.frontend.list_kinds import new_list
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.merging import select
from srcgrad.frontend.objects import by_special_method, operator_on_objects
from srcgrad.frontend.operators import BINARY, UNARY, binary, check_signs, compare
from srcgrad.frontend.outside import module_of, note_absent, outside, read_assigned
from srcgrad.frontend.sources import CellSource, GlobalSource
from srcgrad.frontend.values import Frame, GivenBack, Iterator, Reference, Sequence, Spread, Symbol
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import BOOL, Dict, List, Opaque, Tuple


class Held(ast.expr):
    """A part of a statement that has been evaluated: what it stands for is in the store, under `key`."""

    key: tuple[str, str]


def _held(lo: Lowering, node: Held, frame: Frame) -> Symbol:
    return lo.store.get(node.key)


def _given_back(lo: Lowering, node: GivenBack, frame: Frame) -> Symbol:
    return lo.runners[frame].given_back(node)


def expression(lo: Lowering, node: ast.expr, frame: Frame) -> Symbol:
    """Lowers one expression."""
    handler = _HANDLERS.get(type(node))
    with lo.at(node, frame):
        if handler is None:
            lo.unsupported(f"{type(node).__name__} expressions are not supported")
        return handler(lo, node, frame)


def _constant(lo: Lowering, node: ast.Constant, frame: Frame) -> Symbol:
    return Const(node.value)


def _name(lo: Lowering, node: ast.Name, frame: Frame) -> Symbol:
    return read_name(lo, node.id, frame)


def read_name(lo: Lowering, name: str, frame: Frame) -> Symbol:
    """What a name stands for: a variable of the frame or of an enclosing one, a closure cell, a global, a built-in."""
    owner: Frame | None = frame
    if name in frame.scope.globals:
        owner = None
    while owner is not None:
        if name in owner.scope.locals:
            return lo.read_bound((owner, name))
        if name in owner.cells:
            if not _is_filled(owner.cells[name]):
                lo.raises(NameError, f"cannot access free variable {name!r}, which has no value")
            return outside(lo, CellSource(owner.cells[name], name))
        owner = owner.parent
    assigned = read_assigned(lo, module_of(frame.globals), name)
    if assigned is not None:
        return assigned
    if name in frame.globals:
        return outside(lo, GlobalSource(frame.globals, name))
    if hasattr(builtins, name):
        note_absent(lo, frame.globals, name)
        return Const(getattr(builtins, name))
    # The helper may be defined later in the file; Python raises NameError when the line runs.
    lo.raises(NameError, f"name {name!r} is not defined")


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 (to read it is the test)
    except ValueError:
        return False
    return True


def _left_spine(node: ast.expr) -> list[ast.expr]:
    spine = [node]
    while isinstance(spine[-1], ast.BinOp):
        spine.append(spine[-1].left)
    return spine


def _binary(lo: Lowering, node: ast.BinOp, frame: Frame) -> Symbol:
    spine = _left_spine(node)
    result = expression(lo, spine.pop(), frame)
    for part in reversed(spine):
        assert isinstance(part, ast.BinOp)
        right = expression(lo, part.right, frame)
        with lo.at(part, frame):
            result = binary(lo, BINARY[type(part.op)], result, right)
    return result


def _unary(lo: Lowering, node: ast.UnaryOp, frame: Frame) -> Symbol:
    if isinstance(node.op, ast.Not):
        truth = lo.truth(tested(lo, node.operand, frame))
        return Const(not truth) if isinstance(truth, bool) else lo.emit(operator.not_, truth)
    fn, operand = UNARY[type(node.op)], expression(lo, node.operand, frame)
    check_signs(lo, fn, operand)
    result = operator_on_objects(lo, fn, operand)
    return lo.call(Const(fn), [operand], {}) if result is None else result


def tested(lo: Lowering, node: ast.expr, frame: Frame) -> Symbol:
    """An expression of which nothing but the truth is asked: `node and node.value` may be a truth value then."""
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.BoolOp):
            lo.tests.add(part)
            pending += part.values
        elif isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not):
            pending.append(part.operand)
    return expression(lo, node, frame)


def _boolean(lo: Lowering, node: ast.BoolOp, frame: Frame) -> Symbol:
    def rest(k: int) -> Symbol:
        first = expression(lo, node.values[k], frame)
        if node in lo.tests and _is_no_number(first):
            truth = lo.truth(first)
            if isinstance(truth, bool):
                first = Const(truth)
            else:
                first = truth if truth.type == BOOL else lo.call(Const(bool), [truth], {})
        if k == len(node.values) - 1:
            return first
        if isinstance(node.op, ast.And):
            return select(lo, first, lambda: rest(k + 1), lambda: first)
        return select(lo, first, lambda: first, lambda: rest(k + 1))

    return rest(0)


def _is_no_number(symbol: Symbol) -> bool:
    if pools.pool_of(symbol) is not None or isinstance(symbol, (Reference, Sequence)):
        return True
    return isinstance(symbol, Value) and isinstance(symbol.type, (List, Dict, Tuple))


def _compare(lo: Lowering, node: ast.Compare, frame: Frame) -> Symbol:
    def rest(left: Symbol, k: int) -> Symbol:
        right = expression(lo, node.comparators[k], frame)
        result = compare(lo, node.ops[k], left, right)
        if k == len(node.ops) - 1:
            return result
        return select(lo, result, lambda: rest(right, k + 1), lambda: result)

    return rest(expression(lo, node.left, frame), 0)


def _conditional(lo: Lowering, node: ast.IfExp, frame: Frame) -> Symbol:
    condition = tested(lo, node.test, frame)
    return select(lo, condition, lambda: expression(lo, node.body, frame), lambda: expression(lo, node.orelse, frame))


def _walrus(lo: Lowering, node: ast.NamedExpr, frame: Frame) -> Symbol:
    from srcgrad.frontend.assignments import assign

    symbol = expression(lo, node.value, frame)
    assign(lo, node.target, symbol, frame)
    return symbol


def _tuple(lo: Lowering, node: ast.Tuple, frame: Frame) -> Symbol:
    if any(isinstance(item, ast.Starred) for item in node.elts):
        return lo.call(Const(tuple), [_spread_list(lo, node, frame, lo.site(node))], {})
    return Sequence(tuple(display_items(lo, node.elts, frame)))


def _list(lo: Lowering, node: ast.List, frame: Frame) -> Symbol:
    site = lo.site(node)
    if any(isinstance(item, ast.Starred) for item in node.elts):
        return _spread_list(lo, node, frame, site)
    return new_list(lo, tuple(display_items(lo, node.elts, frame)), site)


def _spread_list(lo: Lowering, node: ast.List | ast.Tuple, frame: Frame, site: Any) -> Symbol:
    """A display with stars as a list: of known structure if what is spread has known length."""
    parts = []
    for item in node.elts:
        starred = isinstance(item, ast.Starred)
        parts.append((starred, expression(lo, item.value if isinstance(item, ast.Starred) else item, frame)))
    if any(starred and iterate(lo, symbol).items is None for starred, symbol in parts):
        lo.marks.dynamic.setdefault(site, None)
    result = new_list(lo, (), site)
    for starred, symbol in parts:
        lo.call(Const(list.extend if starred else list.append), [result, symbol], {})
    return result


def display_items(
    lo: Lowering, nodes: list[ast.expr], frame: Frame, spreads: bool = False, collects: bool = False
) -> list[Symbol]:
    """The items of a display or of the positional arguments of a call, stars spread.

    Args:
        lo, nodes, frame: as everywhere.
        spreads: whether the last item may stand for a number of items that depends on the run.
        collects: whether whoever gets them takes all that a generator expression gives, and does nothing before.
    """
    items: list[Symbol] = []
    for node in nodes:
        if isinstance(node, ast.GeneratorExp) and collects:
            items.append(_comprehension(lo, node, frame))
            continue
        if not isinstance(node, ast.Starred):
            item = expression(lo, node, frame)
            items.append(_consumable(lo, item) if isinstance(item, Iterator) and not spreads else item)
            continue
        symbol = collected(lo, expression(lo, node.value, frame))
        if spreads and node is nodes[-1] and items_if_known(lo, symbol) is None:
            items.append(Spread(symbol))
        else:
            items.extend(known_items(lo, symbol))
    return items


def _set(lo: Lowering, node: ast.Set, frame: Frame) -> Symbol:
    return lo.call(Const(set), [Sequence(tuple(display_items(lo, node.elts, frame)))], {})


def _dict(lo: Lowering, node: ast.Dict, frame: Frame) -> Symbol:
    site = lo.site(node)
    if site in lo.marks.tables:
        return lo.emit_typed(dict, (), {}, Opaque(dict), "shadows")
    made = new_dict(lo, site)
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            lo.call(Const(dict.update), [made, expression(lo, value, frame)], {})
        else:
            set_dict_item(lo, made, expression(lo, key, frame), expression(lo, value, frame))
    return pools.settled(lo, made)


def _subscript(lo: Lowering, node: ast.Subscript, frame: Frame) -> Symbol:
    base = expression(lo, node.value, frame)
    return subscript(lo, base, index(lo, node.slice, frame))


def index(lo: Lowering, node: ast.expr, frame: Frame) -> Symbol:
    """What stands between brackets."""
    if isinstance(node, ast.Slice):
        parts = [None if p is None else expression(lo, p, frame) for p in (node.lower, node.upper, node.step)]
        return slice(*parts)
    if isinstance(node, ast.Tuple):
        items = []
        for item in node.elts:
            if isinstance(item, ast.Starred):
                items.extend(known_items(lo, expression(lo, item.value, frame)))
            else:
                items.append(index(lo, item, frame))
        return Sequence(tuple(items))
    key = expression(lo, node, frame)
    if isinstance(key, Iterator) and key.bounds is not None and not key.backwards:
        return lo.emit(np.arange, *key.bounds)
    return key


def _attribute(lo: Lowering, node: ast.Attribute, frame: Frame) -> Symbol:
    return attribute(lo, expression(lo, node.value, frame), frame.source.mangle(node.attr))


def _lambda(lo: Lowering, node: ast.Lambda, frame: Frame) -> Symbol:
    from srcgrad.frontend.functions import make_closure

    return make_closure(lo, node, frame)


def _call(lo: Lowering, node: ast.Call, frame: Frame) -> Symbol:
    from srcgrad.frontend.calls import call_node

    return call_node(lo, node, frame)


def _comprehension(lo: Lowering, node: Any, frame: Frame) -> Symbol:
    from srcgrad.frontend.comprehensions import comprehension

    return comprehension(lo, node, frame)


def _generator_expression(lo: Lowering, node: ast.GeneratorExp, frame: Frame) -> Symbol:
    from srcgrad.frontend.comprehensions import generator_expression

    return generator_expression(lo, node, frame)


def _consumable(lo: Lowering, iterator: Iterator) -> Symbol:
    """An iterator that is consumed once."""
    from srcgrad.frontend.stepping import once

    return once(lo, iterator)


def _format(lo: Lowering, node: ast.JoinedStr, frame: Frame) -> Symbol:
    values: list[Symbol] = []
    template = _template(lo, node, frame, values)
    if not values:
        return Const(template.replace("{{", "{").replace("}}", "}"))
    known = fold(str.format, (Const(template), *values), {})
    if known is not None:
        return known
    return lo.emit_typed(str.format, (Const(template), *[lo.tree(v) for v in values]), {}, Opaque(str))


def _template(lo: Lowering, node: ast.JoinedStr, frame: Frame, values: list[Symbol]) -> str:
    """An f-string, or a format specification in one, as `str.format` takes it; `values` gets what it fills in."""
    template = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            template += str(part.value).replace("{", "{{").replace("}", "}}")
            continue
        assert isinstance(part, ast.FormattedValue)
        value = expression(lo, part.value, frame)
        text = by_special_method(lo, repr if part.conversion == ord("r") else str, [value])
        values.append(value if text is None else text)
        conversion = f"!{chr(part.conversion)}" if part.conversion > 0 else ""
        assert part.format_spec is None or isinstance(part.format_spec, ast.JoinedStr)
        spec = ":" + _template(lo, part.format_spec, frame, values) if part.format_spec is not None else ""
        template += "{" + conversion + spec + "}"
    return template


def _starred(lo: Lowering, node: ast.Starred, frame: Frame) -> Symbol:
    lo.unsupported("a starred expression is not supported here")


def _yield(lo: Lowering, node: ast.expr, frame: Frame) -> Symbol:
    if frame.site is not None and frame.site not in lo.marks.stepped:
        lo.marks.stepped.add(frame.site)
        raise Restart
    lo.unsupported("a yield stands inside of an expression here", "assign what it gives back to a name")


_HANDLERS: dict[type, Callable[[Lowering, Any, Frame], Symbol]] = {
    Held: _held,
    GivenBack: _given_back,
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.NamedExpr: _walrus,
    ast.Tuple: _tuple,
    ast.List: _list,
    ast.Set: _set,
    ast.Dict: _dict,
    ast.Subscript: _subscript,
    ast.Attribute: _attribute,
    ast.Lambda: _lambda,
    ast.Call: _call,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _generator_expression,
    ast.JoinedStr: _format,
    ast.Starred: _starred,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
}
