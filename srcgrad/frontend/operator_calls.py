"""Calls of the functions of `operator`, which are what the operators are that they stand for."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from srcgrad.frontend.assignments import IN_PLACE, augment
from srcgrad.frontend.attributes import attribute
from srcgrad.frontend.handlers import Handler, handles
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.operators import BINARY, COMPARE, binary, compare, sequence_class
from srcgrad.frontend.values import Symbol


def _binary(fn: Callable) -> Handler:
    return lambda lo, args, kwargs: binary(lo, fn, *args)


def _compare(op: type[ast.cmpop]) -> Handler:
    return lambda lo, args, kwargs: compare(lo, op(), *args)


def _augment(op: type[ast.operator]) -> Handler:
    return lambda lo, args, kwargs: augment(lo, op, *args)


for _fn in BINARY.values():
    handles(_fn)(_binary(_fn))
for _comparison, _fn in COMPARE.items():
    handles(_fn)(_compare(_comparison))
for _operator, _fn in IN_PLACE.items():
    handles(_fn)(_augment(_operator))


@handles(pow)
def _pow(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    # What has to be given is given by position here.
    given = [*args, *[kwargs[name] for name in ("exp", "mod") if name in kwargs]]
    return binary(lo, operator.pow, *given) if len(given) == 2 else lo.emit(pow, *given)


@handles(operator.contains)
def _contains(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    container, item = args
    return compare(lo, ast.In(), item, container)


@handles(operator.concat)
def _concat(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    _require_sequences(lo, args)
    return binary(lo, operator.add, *args)


@handles(operator.iconcat)
def _extended(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    _require_sequences(lo, args)
    return augment(lo, ast.Add, *args)


def _require_sequences(lo: Lowering, args: list[Symbol]) -> None:
    if None in (sequence_class(lo, arg) for arg in args):
        lo.unsupported("only lists and tuples are joined by this function here", "use +, or np.concatenate")


@handles(operator.countOf)
def _count(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _of_sequence(lo, args, "count")


@handles(operator.indexOf)
def _index(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _of_sequence(lo, args, "index")


def _of_sequence(lo: Lowering, args: list[Symbol], name: str) -> Symbol:
    items, item = args
    if sequence_class(lo, items) is None:
        lo.unsupported("this function takes lists and tuples here", "make it a list: list(...)")
    return lo.call(attribute(lo, items, name), [item], {})


@handles(operator.call)
def _call(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return lo.call(args[0], args[1:], kwargs)
