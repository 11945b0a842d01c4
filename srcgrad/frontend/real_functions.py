"""Functions that a program defines, as functions of Python's: for those who are called at run time, and call them."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Iterator
from typing import Any

from srcgrad.frontend.functions import source_of
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Bound, Closure, Frame
from srcgrad.ir.nodes import Const


def real_function(lo: Lowering, symbol: Closure | Bound, taker: str) -> Any:
    """A function of Python's that does what a function of the program does.

    Args:
        lo: where what cannot be done is refused.
        symbol: the function; it may use global names and cells of closures, but no variables of the program.
        taker: who it is for.
    """
    if isinstance(symbol, Bound):
        given = [*symbol.args, *symbol.keywords.values()]
        inner = real_function(lo, symbol.fn, taker) if isinstance(symbol.fn, (Closure, Bound)) else symbol.fn.value
        if not all(isinstance(item, Const) for item in given):
            _refuse(lo, taker, "what is bound to it")
        args = [item.value for item in symbol.args if isinstance(item, Const)]
        if len(args) == 1 and not symbol.keywords and isinstance(inner, types.FunctionType):
            return types.MethodType(inner, args[0])
        keywords = {name: item.value for name, item in symbol.keywords.items() if isinstance(item, Const)}
        return functools.partial(inner, *args, **keywords)
    code = code_of(lo, symbol, taker)
    cells = [_cell(lo, symbol.frame, name, taker) for name in code.co_freevars]
    made = types.FunctionType(code, symbol.frame.globals, symbol.name, None, tuple(cells))
    add_defaults(lo, made, symbol, taker)
    # Generated code that names it is the same at the next attempt if it is the same object.
    return lo.marks.functions.setdefault(origin_of(made, map(id, cells)), made)


def origin_of(made: types.FunctionType, outside: Iterable[int]) -> tuple:
    """Equal for functions that are made of the same code, and of the same things from outside, which are given."""
    defaults = [*(made.__defaults__ or ()), *(made.__kwdefaults__ or {}).items()]
    return made.__code__, id(made.__globals__), *outside, *map(constant_key, defaults)


def code_of(lo: Lowering, closure: Closure, taker: str) -> types.CodeType:
    """What Python runs when it calls a function of the program."""
    frame, node = closure.frame, closure.node
    for code in _codes(frame.source.code):
        if code.co_name != closure.name:
            continue
        cells = tuple([types.CellType() for _ in code.co_freevars])
        found = source_of(types.FunctionType(code, frame.globals, closure.name, None, cells)).node
        if (found.lineno, found.col_offset) == (node.lineno, node.col_offset):
            return code
    lo.unsupported(f"a function of this program is passed to {taker}, which is called at run time", "define it outside")


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield const
            yield from _codes(const)


def _cell(lo: Lowering, frame: Frame, name: str, taker: str) -> types.CellType:
    """The cell of a name that a function uses, if it was there before the program."""
    owner: Frame | None = frame
    while owner is not None and name not in owner.scope.locals:
        if name in owner.cells:
            cell = owner.cells[name]
            assert isinstance(cell, types.CellType)
            return cell
        owner = owner.parent
    _refuse(lo, taker, repr(name))


def constant_key(value: Any) -> Any:
    """Equal for constants that are the same; of something else that may change, only the thing itself is the same."""
    if type(value) is tuple:
        return tuple(map(constant_key, value))
    plain = value is None or isinstance(value, (bool, int, float, complex, str))
    return (type(value), repr(value)) if plain else id(value)


def add_defaults(lo: Lowering, made: types.FunctionType, closure: Closure, taker: str) -> None:
    """Gives a function the defaults that it has in the program."""
    if not all(isinstance(item, Const) for item in closure.defaults.values()):
        _refuse(lo, taker, "its defaults")
    values = {name: item.value for name, item in closure.defaults.items() if isinstance(item, Const)}
    code = made.__code__
    positional = code.co_varnames[: code.co_argcount]
    made.__defaults__ = tuple([values[name] for name in positional if name in values]) or None
    made.__kwdefaults__ = {name: value for name, value in values.items() if name not in positional} or None


def _refuse(lo: Lowering, taker: str, what: str) -> Any:
    lo.unsupported(
        f"a function that uses variables of this program, {what}, is passed to {taker}, which is called at run time",
        f"let it take them as arguments, and pass these to {taker}",
    )
