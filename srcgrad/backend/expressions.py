"""Calls and values as Python syntax trees."""

from __future__ import annotations

import ast
import math
import operator
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.memory import item_update
from srcgrad.backend.globals import Globals
from srcgrad.backend.lookup import numpy_names
from srcgrad.backend.nesting import Plan
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Exit, For, If, Invoke, Op, Value
from srcgrad.ir.types import Array, List, NpScalar, PyScalar, Type, is_array

_ARITHMETIC: dict[str, type[ast.operator]] = {
    "add": ast.Add,
    "sub": ast.Sub,
    "mul": ast.Mult,
    "truediv": ast.Div,
    "floordiv": ast.FloorDiv,
    "mod": ast.Mod,
    "pow": ast.Pow,
    "matmul": ast.MatMult,
    "lshift": ast.LShift,
    "rshift": ast.RShift,
    "and_": ast.BitAnd,
    "or_": ast.BitOr,
    "xor": ast.BitXor,
}
BINARY = {getattr(operator, name): node for name, node in _ARITHMETIC.items()}
IN_PLACE = {getattr(operator, f"i{name.rstrip('_')}"): node for name, node in _ARITHMETIC.items()}
UNARY: dict[Any, type[ast.unaryop]] = {
    operator.neg: ast.USub, operator.pos: ast.UAdd, operator.invert: ast.Invert, operator.not_: ast.Not,
}  # fmt: skip
COMPARE: dict[Any, type[ast.cmpop]] = {
    operator.lt: ast.Lt,
    operator.le: ast.LtE,
    operator.eq: ast.Eq,
    operator.ne: ast.NotEq,
    operator.gt: ast.Gt,
    operator.ge: ast.GtE,
    operator.is_: ast.Is,
    operator.is_not: ast.IsNot,
}
_AS_BUILTIN: dict[Any, Any] = {operator.abs: abs, operator.truth: bool, operator.index: int, operator.length_hint: len}
_OPPOSITE_ORDER: dict[type, type[ast.cmpop]] = {ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt}
_OPPOSITE: dict[type, type[ast.cmpop]] = {
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
_LITERALS = (int, str, bytes, bool, type(None), type(Ellipsis))


_AS_METHOD: dict[Any, int] = {np.reshape: 2, np.ravel: 1}


def as_attribute(op: Call) -> str | None:
    """The method or attribute by which a function of NumPy is written if its first argument surely is an array."""
    if op.kwargs or not op.args or type(op.fn).__hash__ is None:
        return None
    x = op.args[0]
    if not isinstance(x, Value) or isinstance(x, Const) or not isinstance(x.type, Array):
        return None
    if not x.type.shape and isinstance(x.owner, Call) and x.owner.fn is runtime.expanded:
        # What is expanded to no axes may be a number.
        return None
    if op.fn is np.transpose and len(op.args) == 1:
        return "T"
    return op.fn.__name__ if _AS_METHOD.get(op.fn) == len(op.args) else None


_GENERATORS = (np.random.Generator, np.random.RandomState)
"""Classes whose methods do not say that they are theirs."""


def is_method(fn: Any) -> bool:
    """Whether a callable is a method of a class, to be written as `x.method()`."""
    if getattr(fn, "__name__", None) is None or hasattr(fn, "__self__"):
        return False
    return hasattr(fn, "__objclass__") or any(vars(cls).get(fn.__name__) is fn for cls in _GENERATORS)


_OF_LISTS = (list.copy, runtime.zeros_like)


def _gives_none_of_none(op: Call) -> bool:
    """Whether a list that may be None is copied or shadowed by a transform; a copy that the program makes raises."""
    return op.fn in _OF_LISTS and type(op.outputs[0].type) is List and op.outputs[0].type.or_none


class Expressions:
    """Builds the syntax trees of one function.

    Attributes:
        names: value -> its name; empty while the names in use are collected.
    """

    def __init__(self, module: Globals, plan: Plan, names: dict[Value, str]):
        self.globals = module
        self.plan = plan
        self.names = names

    def value(self, v: Value, inlined: set[Value] | frozenset = frozenset()) -> ast.expr:
        """A value: its expression if it nests, else its name."""
        v = self.plan.resolve(v)
        if isinstance(v, Const):
            return self.constant(v.value)
        if (v in self.plan.nested or v in inlined) and isinstance(v.owner, Op):
            return self.operation(v.owner)
        return ast.Name(self.names[v], ast.Load())

    def operation(self, op: Op) -> ast.expr:
        """An operation with one output, or with all of its outputs as a tuple, as an expression."""
        if isinstance(op, If):
            return self._conditional(op)
        if isinstance(op, Invoke):
            return ast.Call(ast.Name(op.callee.name, ast.Load()), [self.value(a) for a in op.args], [])
        assert isinstance(op, Call)
        if op.unpacks and len(op.outputs) == 1:
            return ast.Subscript(self.call(op), ast.Constant(0), ast.Load())
        return self.call(op)

    def _conditional(self, op: If) -> ast.expr:
        kind = self.plan.conditionals[op]
        yes, no = op.then.results[0], op.orelse.results[0]
        if kind == "if":
            return ast.IfExp(self.value(op.condition), self.value(yes), self.value(no))
        parts = [self.value(op.condition), self.value(yes if kind == "and" else no)]
        node = ast.And if kind == "and" else ast.Or
        flat = [
            p
            for part in parts
            for p in (part.values if isinstance(part, ast.BoolOp) and isinstance(part.op, node) else [part])
        ]
        return ast.BoolOp(node(), flat)

    def negation(self, v: Value) -> ast.expr:
        """`not v`, in the form a person writes."""
        node = self.value(v)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return node.operand
        op = v.owner
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITE_ORDER:
            # A number that is no number is neither below another one nor not.
            if isinstance(op, Call) and all(isinstance(a.type, PyScalar) and a.type.kind in "bi" for a in op.inputs):
                return ast.Compare(node.left, [_OPPOSITE_ORDER[type(node.ops[0])]()], node.comparators)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITE:
            exact = not isinstance(node.ops[0], (ast.Eq, ast.NotEq)) or (
                isinstance(op, Call) and all(isinstance(a, Const) or isinstance(a.type, PyScalar) for a in op.inputs)
            )
            if exact:
                return ast.Compare(node.left, [_OPPOSITE[type(node.ops[0])]()], node.comparators)
        return ast.UnaryOp(ast.Not(), node)

    def call(self, op: Call) -> ast.expr:
        """A call, with operators and attributes in their own notation."""
        fn, args = op.fn, op.args
        attribute = as_attribute(op)
        if attribute is not None:
            node = ast.Attribute(self.tree(args[0]), attribute, ast.Load())
            return node if attribute == "T" else ast.Call(node, [self.tree(a) for a in args[1:]], [])
        fn = _AS_BUILTIN.get(fn, fn) if not op.kwargs and type(fn).__hash__ is not None else fn
        if not op.kwargs and type(fn).__hash__ is not None:
            node = self._operator(fn, args)
            if node is not None:
                return node
        keywords = [ast.keyword(key, self.tree(v)) for key, v in op.kwargs.items()]
        if is_method(fn) and args:
            method = ast.Attribute(self.tree(args[0]), fn.__name__, ast.Load())
            node = ast.Call(method, [self.tree(a) for a in args[1:]], keywords)
        else:
            node = ast.Call(self.globals.reference(fn), [self.tree(a) for a in args], keywords)
        return self._unless_none(args[0], node) if _gives_none_of_none(op) else node

    def _unless_none(self, x: Value, node: ast.expr) -> ast.expr:
        """`node if x is not None else None`."""
        there = ast.Compare(self.value(x), [ast.IsNot()], [ast.Constant(None)])
        return ast.IfExp(there, node, ast.Constant(None))

    def _operator(self, fn: Any, args: tuple) -> ast.expr | None:
        if len(args) == 2 and fn in BINARY:
            return ast.BinOp(self.tree(args[0]), *self._operand(BINARY[fn], *args))
        if len(args) == 2 and fn in COMPARE:
            return ast.Compare(self.tree(args[0]), [COMPARE[fn]()], [self.tree(args[1])])
        if fn is operator.contains and len(args) == 2:
            return ast.Compare(self.tree(args[1]), [ast.In()], [self.tree(args[0])])
        if len(args) == 1 and fn is operator.not_ and isinstance(args[0], Value):
            node = self.negation(args[0])
            if isinstance(node, ast.Compare):
                return node
        if len(args) == 1 and fn in UNARY:
            return ast.UnaryOp(UNARY[fn](), self.tree(args[0]))
        if fn is operator.getitem and len(args) == 2:
            return self.subscript(args[0], args[1])
        if fn is getattr and len(args) == 2 and isinstance(args[1], Const) and str(args[1].value).isidentifier():
            return ast.Attribute(self.tree(args[0]), args[1].value, ast.Load())
        if fn in (list, tuple, dict) and not args:
            return self.tree(fn())
        if fn in (list, tuple) and len(args) == 1 and isinstance(args[0], (list, tuple)):
            return self.tree(fn(args[0]))
        if fn is dict and len(args) == 1 and isinstance(args[0], dict):
            return self.tree(args[0])
        return None

    def _operand(self, node: type[ast.operator], left: Any, right: Any) -> tuple[ast.operator, ast.expr]:
        """The operator and the second operand: `- b * c` for `+ -b * c`, the same number to the last bit."""
        if node in (ast.Add, ast.Sub) and isinstance(left, Value) and not _wraps(left.type):
            positive = self._without_sign(right)
            if positive is not None:
                return (ast.Sub() if node is ast.Add else ast.Add()), positive
        return node(), self.tree(right)

    def _without_sign(self, v: Any) -> ast.expr | None:
        """What an expression with a sign in front is without it."""
        if isinstance(v, Const):
            number = v.value
            return self.constant(-number) if type(number) in (int, float) and number < 0 else None
        op = v.owner if isinstance(v, Value) and v in self.plan.nested else None
        if not isinstance(op, Call) or op.kwargs or _wraps(op.outputs[0].type):
            return None
        if op.fn is operator.neg:
            return self.tree(op.args[0])
        if op.fn in (operator.mul, operator.truediv):
            left = self._without_sign(op.args[0]) if not isinstance(op.args[0], Const) else None
            return None if left is None else ast.BinOp(left, BINARY[op.fn](), self.tree(op.args[1]))
        return None

    def subscript(self, x: Any, index: Any) -> ast.Subscript:
        """`x[index]`, to be read."""
        return ast.Subscript(self.tree(x), self._index(index), ast.Load())

    def _index(self, index: Any) -> ast.expr:
        if isinstance(index, tuple) and index:
            return ast.Tuple([self._index_item(i) for i in index], ast.Load())
        return self._index_item(index)

    def _index_item(self, index: Any) -> ast.expr:
        if isinstance(index, Const) and isinstance(index.value, slice):
            index = index.value
        if not isinstance(index, slice):
            return self.tree(index)
        parts = [None if _is_none(p) else self.tree(p) for p in (index.start, index.stop, index.step)]
        return ast.Slice(*parts)

    def tree(self, tree: Any) -> ast.expr:
        """An argument tree."""
        if isinstance(tree, Value):
            return self.value(tree)
        if isinstance(tree, tuple) and type(tree) is tuple:
            return ast.Tuple([self.tree(t) for t in tree], ast.Load())
        if isinstance(tree, list):
            return ast.List([self.tree(t) for t in tree], ast.Load())
        if isinstance(tree, dict):
            return ast.Dict([self.constant(k) for k in tree], [self.tree(t) for t in tree.values()])
        if isinstance(tree, slice):
            parts = [self.tree(p) for p in (tree.start, tree.stop, tree.step)]
            return ast.Call(self.globals.builtin("slice"), parts, [])
        if isinstance(tree, tuple):
            return ast.Call(self.globals.reference(type(tree)), [self.tree(t) for t in tree], [])
        return self.constant(tree)

    def constant(self, value: Any) -> ast.expr:
        """A constant: a literal where there is one, else a name."""
        cls = type(value)
        if cls is Exit:
            return ast.Constant(int(value))
        if cls is int and value < 0:
            return ast.UnaryOp(ast.USub(), ast.Constant(-value))
        if cls in _LITERALS:
            return ast.Constant(value)
        if cls is float:
            return self._float(value)
        if cls is complex:
            return self._complex(value)
        if cls is tuple or cls is slice:
            return self.tree(value)
        if isinstance(value, np.dtype) and value == np.dtype(value.type) and value.isnative and value.itemsize:
            return (
                self.globals.reference(value.type) if id(value.type) in numpy_names() else self.globals.reference(value)
            )
        if (
            isinstance(value, (np.number, np.bool_))
            and id(cls) in numpy_names()
            and not isinstance(value, np.longdouble)
        ):
            # The number that is written shortest, if it is this one.
            number = float(str(value)) if cls is np.float32 else value.item()
            return ast.Call(self.globals.reference(cls), [self.constant(number)], [])
        if value is UNDEFINED:
            return ast.Constant(None)
        return self.globals.reference(value)

    def _float(self, value: float) -> ast.expr:
        if math.isnan(value):
            return self.globals.attribute("np.nan")
        if math.copysign(1.0, value) < 0:
            return ast.UnaryOp(ast.USub(), self._float(-value))
        if math.isinf(value):
            return self.globals.attribute("np.inf")
        return self.globals.attribute("np.pi") if value == math.pi else ast.Constant(value)

    def _complex(self, value: complex) -> ast.expr:
        if (
            value.real == 0
            and math.copysign(1.0, value.real) > 0
            and math.isfinite(value.imag)
            and math.copysign(1.0, value.imag) > 0
        ):
            return ast.Constant(value)
        return ast.Call(self.globals.builtin("complex"), [self._float(value.real), self._float(value.imag)], [])

    def statement(self, op: Op) -> list[ast.stmt] | None:
        """An operation that has a statement of its own in Python (`x[i] = v`, `del`, `+=`), None if it has not."""
        if not isinstance(op, Call) or op.kwargs or type(op.fn).__hash__ is None:
            return None
        fn, args = op.fn, op.args
        if op.outputs:
            return self._update_with_result(op)
        if fn is runtime.outside_append:
            method = ast.Attribute(self.tree(args[0]), "append", ast.Load())
            return [ast.Expr(ast.Call(method, [self.tree(args[1])], []))]
        if fn in (operator.setitem, runtime.outside_item) and len(args) == 3:
            return [ast.Assign([_stored(self.subscript(args[0], args[1]))], self.tree(args[2]))]
        if fn is operator.delitem and len(args) == 2:
            target = self.subscript(args[0], args[1])
            target.ctx = ast.Del()
            return [ast.Delete([target])]
        if fn is setattr and len(args) == 3 and isinstance(args[1], Const):
            return [ast.Assign([ast.Attribute(self.tree(args[0]), args[1].value, ast.Store())], self.tree(args[2]))]
        update = item_update(fn)
        if update is not None and len(args) == 3:
            target = _stored(self.subscript(args[0], args[1]))
            return [ast.AugAssign(target, *self._operand(_ARITHMETIC[update], args[0], args[2]))]
        if fn in IN_PLACE and len(args) == 2 and self.may_rebind(args[0]):
            return [self._update(op)]
        return None

    def _update(self, op: Call) -> ast.AugAssign:
        name = ast.Name(self.names[self.plan.resolve(op.args[0])], ast.Store())
        return ast.AugAssign(name, *self._operand(IN_PLACE[op.fn], *op.args))

    def _update_with_result(self, op: Call) -> list[ast.stmt] | None:
        """`x += v; y = x` where the result of an augmented assignment to an array has another name."""
        if not updates_array(op) or not self.may_rebind(op.args[0]):
            return None
        update, output = self._update(op), op.outputs[0]
        assert isinstance(update.target, ast.Name)
        if output not in self.names or self.names[output] == update.target.id:
            return [update]
        return [update, ast.Assign([ast.Name(self.names[output], ast.Store())], ast.Name(update.target.id, ast.Load()))]

    def may_rebind(self, target: Any) -> bool:
        """Whether `target += v` may be written."""
        # `x += v` makes `x` a local name of the function, which a name of the user's module must not become.
        if not isinstance(target, Value) or isinstance(target, Const):
            return False
        return target not in self.plan.captured


def _wraps(t: Type) -> bool:
    """Whether the negative of a value of a type may be another number in disguise, as `-np.uint8(1)` is."""
    kind = t.kind if isinstance(t, PyScalar) else t.dtype.kind if isinstance(t, (Array, NpScalar)) and t.dtype else "O"
    return kind not in ("ifc" if isinstance(t, PyScalar) else "fc")


def updates_array(op: Call) -> bool:
    """Whether an augmented assignment that has a result changes an array, so that the result is that array."""
    return op.fn in IN_PLACE and len(op.args) == 2 and isinstance(op.args[0], Value) and is_array(op.args[0].type)


def _stored(node: ast.Subscript) -> ast.Subscript:
    node.ctx = ast.Store()
    return node


def _is_none(part: Any) -> bool:
    return part is None or (isinstance(part, Const) and part.value is None)


def target_of(tree: Any, names: dict[Value, str], unused: str) -> ast.expr:
    """What a call of a function that returns `tree` is assigned to."""
    if isinstance(tree, Value):
        return ast.Name(names.get(tree, unused), ast.Store())
    return ast.Tuple([target_of(t, names, unused) for t in tree], ast.Store())


_STATEMENTS = frozenset([operator.setitem, operator.delitem, runtime.outside_item, runtime.outside_append])
"""What a statement of its own stands for."""


def touch(expressions: Expressions, op: Op) -> None:
    """Reserves the global names that an operation needs, before variables get theirs."""
    for v in op.inputs:
        if isinstance(v, Const) and v.value is not UNDEFINED:
            expressions.constant(v.value)
    if isinstance(op, For):
        expressions.globals.builtin("range")
        if op.backwards:
            expressions.globals.builtin("reversed")
    if isinstance(op, Call):
        _touch_call(expressions, op)


def _touch_call(expressions: Expressions, op: Call) -> None:
    fn = op.fn
    if as_attribute(op) is not None:
        return
    if type(fn).__hash__ is not None:
        fn = _AS_BUILTIN.get(fn, fn)
        syntax = fn in BINARY or fn in COMPARE or fn in UNARY or fn in (operator.contains, operator.getitem)
        in_place = not op.outputs and (fn in _STATEMENTS or item_update(fn) is not None)
        if fn in IN_PLACE and (not op.outputs or updates_array(op)) and op.args and expressions.may_rebind(op.args[0]):
            return
        if syntax or in_place or (fn in (getattr, setattr) and len(op.args) > 1 and isinstance(op.args[1], Const)):
            return
        if fn in (list, tuple, dict) and (not op.args or isinstance(op.args[0], (list, tuple, dict))):
            return
    if not is_method(fn):
        expressions.globals.reference(fn)
