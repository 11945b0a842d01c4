"""Shorthand for writing graphs in tests."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from srcgrad.errors import Span
from srcgrad.ir.nodes import Call, Const, Exit, For, Function, If, Region, Value, While
from srcgrad.ir.types import BOOL, FLOAT, INT, UNKNOWN, Array, List, Type

ARRAY = Array(None, None)
LIST = List(UNKNOWN)
BREAK, NEXT, CONTINUE, RETURN = Const(Exit.BREAK), Const(Exit.NEXT), Const(Exit.CONTINUE), Const(Exit.RETURN)
LABEL = Const(Exit.RETURN + 1)


def const(value: Any) -> Value:
    return value if isinstance(value, Value) else Const(value)


class Block:
    """Appends operations to a region. Plain numbers among the operands become constants."""

    def __init__(self, args: list[Value] | None = None, line: int | None = None, filename: str = "model.py"):
        self.region = Region(args)
        self.line = line
        self.filename = filename

    def span(self) -> Span | None:
        return None if self.line is None else Span(self.filename, self.line, 0, self.line, 1)

    def call(self, fn: Callable, *args: Any, hint: str | None = None, type: Type = FLOAT, **kwargs: Any) -> Value:
        out = Value(type, hint)
        wrapped = tuple(a if isinstance(a, (tuple, list, dict, slice)) else const(a) for a in args)
        self.region.append(Call(fn, wrapped, {k: const(v) for k, v in kwargs.items()}, [out], self.span()))
        return out

    def effect(self, fn: Callable, *args: Any) -> None:
        wrapped = tuple(a if isinstance(a, (tuple, list, dict, slice)) else const(a) for a in args)
        self.region.append(Call(fn, wrapped, {}, [], self.span()))

    def load(self, x: Value, i: Any, hint: str | None = None) -> Value:
        return self.call(operator.getitem, x, i, hint=hint)

    def branch(
        self, condition: Value, then: Block, orelse: Block, *hints: str | None, type: Type = FLOAT
    ) -> list[Value]:
        outputs = [Value(type, h) for h in hints]
        self.region.append(If(condition, then.region, orelse.region, outputs, self.span()))
        return outputs

    def loop(
        self,
        start: Any,
        stop: Any,
        step: Any,
        inits: list[Any],
        body: Block,
        hints: list[str | None],
        exits: bool = False,
        **options: Any,
    ) -> list[Value]:
        outputs = [Value(UNKNOWN, h) for h in hints]
        wrapped = [const(v) for v in inits]
        self.region.append(
            For(const(start), const(stop), const(step), wrapped, body.region, exits, outputs, self.span(), **options)
        )
        return outputs

    def while_(
        self, inits: list[Any], test: Block, body: Block, hints: list[str | None], exits: bool = False
    ) -> list[Value]:
        outputs = [Value(UNKNOWN, h) for h in hints]
        self.region.append(While([const(v) for v in inits], test.region, body.region, exits, outputs, self.span()))
        return outputs

    def results(self, *values: Any) -> Block:
        self.region.results = [const(v) for v in values]
        return self


def var(hint: str | None, type: Type = FLOAT) -> Value:
    return Value(type, hint)


def function(name: str, params: list[Value], block: Block, result: Any = "default", **options: Any) -> Function:
    block.region.args = params
    if isinstance(result, str):
        results = block.region.results
        result = results[0] if len(results) == 1 else tuple(results) if results else None
    return Function(name, params, block.region, result, **options)


__all__ = [
    "ARRAY",
    "BOOL",
    "BREAK",
    "CONTINUE",
    "FLOAT",
    "INT",
    "LABEL",
    "LIST",
    "NEXT",
    "RETURN",
    "Block",
    "const",
    "function",
    "var",
]
