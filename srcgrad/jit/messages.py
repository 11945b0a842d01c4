"""Messages of exceptions that are made of numbers: put together in Python, when compiled code has raised."""

from __future__ import annotations

import builtins
import operator
import string
from typing import Any

from srcgrad.ir.nodes import Call, Const, Function, Op, Raise, Region, Value, walk
from srcgrad.ir.types import STR, is_scalar

_PREFIX = "Formatted"


class _Made(type):
    """The class of classes whose call makes an exception of another class, of a format and what to put into it."""

    raised: type[BaseException]

    def __call__(cls, *args: Any) -> Any:
        # Python calls the class of an exception once more where it is not the class that was raised.
        if len(args) == 1 and isinstance(args[0], BaseException):
            return args[0]
        return cls.raised(args[0].format(*args[1:]))


_made: dict[type[BaseException], Any] = {}


def formatted(cls: type[BaseException]) -> Any:
    """What compiled code raises for an exception of a class, with a format and the numbers in it.

    Example:
        >>> formatted(ValueError)("{} is too large", 3)
        ValueError('3 is too large')
    """
    if cls not in _made:
        name = f"{_PREFIX}{cls.__name__}"
        module = __name__ if getattr(builtins, cls.__name__, None) is cls else cls.__module__
        _made[cls] = _Made(name, (cls,), {"raised": cls, "__module__": module})
    return _made[cls]


def __getattr__(name: str) -> Any:
    """`FormattedValueError` and the like, for all exceptions that Python itself has."""
    cls = getattr(builtins, name.removeprefix(_PREFIX), None)
    if name.startswith(_PREFIX) and isinstance(cls, type) and issubclass(cls, BaseException):
        return formatted(cls)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def postpone_messages(function: Function) -> None:
    """Leaves it to Python to put messages together: Numba formats no floats.

    Before -> after: `raise ValueError(f"{x} is negative")` -> `raise FormattedValueError("{} is negative", x)`.
    """
    changed = False
    for op in walk(function.body):
        made = op.exception.owner if isinstance(op, Raise) and op.exception is not None else None
        if not isinstance(made, Call) or len(made.args) != 1 or made.kwargs:
            continue
        if not isinstance(made.fn, type) or not issubclass(made.fn, BaseException):
            continue
        parts = _parts(made.args[0])
        if parts is None or isinstance(made.args[0], Const):
            continue
        text, values = parts
        made.fn, made.args = formatted(made.fn), (Const(text), *values)
        changed = True
    if changed:
        _drop_texts(function.body)


def _parts(value: Any) -> tuple[str, list[Value]] | None:
    """A format and what to put into it, that make a text; None for texts that are made in another way."""
    if isinstance(value, Const):
        return (value.value.replace("{", "{{").replace("}", "}}"), []) if isinstance(value.value, str) else None
    op = value.owner if isinstance(value, Value) else None
    if not isinstance(op, Call) or op.kwargs:
        return None
    if op.fn is operator.add:
        left, right = map(_parts, op.args)
        return None if left is None or right is None else (left[0] + right[0], left[1] + right[1])
    if op.fn is str and len(op.args) == 1 and _is_number(op.args[0]):
        return "{}", [op.args[0]]
    if op.fn is str.format and isinstance(op.args[0], Const) and all(map(_is_number, op.args[1:])):
        text = op.args[0].value
        if all(field in ("", None) for _, field, _, _ in string.Formatter().parse(text)):
            return text, list(op.args[1:])
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, Value) and (is_scalar(value.type) or isinstance(value, Const))


def _drop_texts(body: Region) -> None:
    """Removes what made the texts that nobody uses any more."""
    while True:
        used = {v for op in walk(body) for v in op.inputs} | set(body.results)
        used |= {v for op in walk(body) for region in op.regions for v in region.results}
        regions = [body, *[region for op in walk(body) for region in op.regions]]
        dropped = False
        for region in regions:
            kept = [op for op in region.ops if not _is_idle_text(op, used)]
            dropped = dropped or len(kept) < len(region.ops)
            region.ops = kept
        if not dropped:
            return


def _is_idle_text(op: Op, used: set[Value]) -> bool:
    if not isinstance(op, Call) or len(op.outputs) != 1 or op.outputs[0] in used:
        return False
    return op.outputs[0].type == STR and op.fn in (str, str.format, operator.add)
