"""Whether two code objects are the same program, and what Python makes of names inside a class."""

from __future__ import annotations

import ast
import inspect
import sys
import types
from typing import Any

# Flags that change what a function does; the others say where it stands and under which options it was compiled, and
# `types.coroutine` sets one later.
_FLAGS = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)


def same_code(a: types.CodeType, b: types.CodeType) -> bool:
    """Whether two codes do the same: equal instructions, names and constants. Lines, files and docstrings may differ.

    Example:
        >>> f, g, h = (lambda x: x + 1), (lambda x: x + 1), (lambda x: x + 1.0)
        >>> same_code(f.__code__, g.__code__), same_code(f.__code__, h.__code__)
        (True, False)
    """
    stack = [(a, b)]
    while stack:
        a, b = stack.pop()
        if _outline(a) != _outline(b):
            return False
        constants_a, constants_b = _constants(a), _constants(b)
        if len(constants_a) != len(constants_b):
            return False
        for p, q in zip(constants_a, constants_b, strict=True):
            if isinstance(p, types.CodeType) and isinstance(q, types.CodeType):
                stack.append((p, q))
            elif _constant_key(p) != _constant_key(q):
                return False
    return True


def _outline(code: types.CodeType) -> tuple[Any, ...]:
    return (
        code.co_code,
        code.co_name,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_flags & _FLAGS,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_exceptiontable,
    )


def _constants(code: types.CodeType) -> tuple[Any, ...]:
    constants = code.co_consts
    if _has_docstring(code):
        return ("", *constants[1:])
    if not code.co_flags & inspect.CO_OPTIMIZED and "__qualname__" in code.co_names:
        return tuple(_of_class_body(constant, code) for constant in constants)
    return constants


def _has_docstring(code: types.CodeType) -> bool:
    """Whether the first constant is a docstring. Before Python 3.14, a def without one starts with None."""
    if not code.co_flags & inspect.CO_OPTIMIZED or code.co_name.startswith("<"):
        return False
    if sys.version_info >= (3, 14):
        return bool(code.co_flags & 0x4000000)
    return bool(code.co_consts) and isinstance(code.co_consts[0], str)


def _of_class_body(constant: Any, code: types.CodeType) -> Any:
    """A constant of the body of a class, without where the class stands and in which order Python listed a set."""
    if constant == code.co_qualname:
        return "qualname"
    if type(constant) is tuple and all(type(item) is str for item in constant):
        return tuple(sorted(constant))
    return "line" if type(constant) is int and constant == code.co_firstlineno else constant


def _constant_key(constant: Any) -> Any:
    """Equal for equal constants only: 1, 1.0 and True are not, and neither are 0.0 and -0.0."""
    kind = type(constant)
    if kind is tuple:
        return kind, tuple(map(_constant_key, constant))
    if kind is frozenset:
        return kind, frozenset(map(_constant_key, constant))
    return kind, repr(constant) if kind in (float, complex, slice) else constant


def same_signature(code: types.CodeType, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> bool:
    """Whether a node has the parameters of a code: what is left to compare where a tool has rewritten the code."""
    args = node.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    names += [arg.arg for arg in (args.vararg, args.kwarg) if arg is not None]
    counts = (len(args.posonlyargs), len(args.posonlyargs) + len(args.args), len(args.kwonlyargs))
    return (
        counts == (code.co_posonlyargcount, code.co_argcount, code.co_kwonlyargcount)
        and tuple(mangled(name, innermost_class(code)) for name in names) == code.co_varnames[: len(names)]
        and bool(code.co_flags & inspect.CO_VARARGS) == (args.vararg is not None)
        and bool(code.co_flags & inspect.CO_VARKEYWORDS) == (args.kwarg is not None)
    )


def innermost_class(code: types.CodeType) -> str | None:
    """The name of the class that a function stands in, directly or inside its methods; None if there is none.

    Example:
        >>> class Model:
        ...     def loss(self):
        ...         return lambda x: x
        >>> innermost_class(Model().loss().__code__)
        'Model'
    """
    parts = code.co_qualname.split(".")[:-1]
    # In `f.<locals>.C.m.<locals>.<listcomp>.g` a function is followed by <locals>, a class is not.
    while parts:
        if not parts[-1].startswith("<"):
            return parts[-1]
        del parts[-2 if parts[-1] == "<locals>" else -1 :]
    return None


def mangled(name: str, class_name: str | None) -> str:
    """The name that Python uses for `name` inside a class.

    Example:
        >>> mangled("__x", "_Model"), mangled("__init__", "Model"), mangled("__x", None)
        ('_Model__x', '__init__', '__x')
    """
    owner = (class_name or "").lstrip("_")
    if not owner or not name.startswith("__") or name.endswith("__") or "." in name:
        return name
    return f"_{owner}{name}"
