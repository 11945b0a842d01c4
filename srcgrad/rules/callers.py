"""Python functions that call what has none of its own: they have source that can be read, and nothing else in it."""

from __future__ import annotations

import inspect
import itertools
import linecache
import types
from collections.abc import Callable
from typing import Any

from srcgrad.rules.late import load_rules
from srcgrad.rules.registry import STANDS_FOR, display_name, has_rule, hashable

_STARS = {inspect.Parameter.VAR_POSITIONAL: "*{0}", inspect.Parameter.VAR_KEYWORD: "**{0}"}
_numbers = itertools.count()
_callers: dict[Any, types.FunctionType] = {}


def caller_of(fun: Any) -> types.FunctionType | None:
    """A function that calls one with a rule, such as `np.tanh`, with what it has to be given; None without a rule.

    What another function stands for in the program, such as `scipy.stats.norm.pdf`, is called in the same way.
    """
    load_rules()
    if not (callable(fun) and hashable(fun) and (has_rule(fun) or fun in STANDS_FOR)):
        return None
    known = _callers.get(fun)
    if known is None:
        needed = [p for p in _parameters(fun) if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]
        name = display_name(fun).rpartition(".")[2]
        known = _callers[fun] = function_that_calls(fun, needed, name, fun.__doc__, getattr(fun, "__module__", None))
    return known


def _parameters(fun: Callable) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
        nin = getattr(fun, "nin", None)
        if nin is not None:
            return [inspect.Parameter(f"x{k + 1}", inspect.Parameter.POSITIONAL_ONLY) for k in range(nin)]
        return [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]


def function_that_calls(
    fun: Any, parameters: list[inspect.Parameter], name: str, doc: str | None, module: str | None
) -> types.FunctionType:
    """A function with these parameters and of this name that hands them on."""
    name = name if name.isidentifier() else "function"
    while any(p.name == name for p in parameters):
        name += "_"
    header = inspect.Signature([p.replace(annotation=p.empty, default=p.empty) for p in parameters])
    given = [_STARS.get(p.kind, "{0}={0}" if p.kind is p.KEYWORD_ONLY else "{0}").format(p.name) for p in parameters]
    text = f"def {name}{header}:\n    return {name}({', '.join(given)})\n"
    filename = f"<{name}-{next(_numbers)}>"
    scope: dict[str, Any] = {"__name__": module or "builtins"}
    exec(compile(text, filename, "exec", dont_inherit=True), scope)
    function = scope[name]
    assert isinstance(function, types.FunctionType)
    scope[name] = fun
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    positional = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
    function.__defaults__ = tuple([p.default for p in positional if p.default is not p.empty]) or None
    keywords = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is not p.empty]
    function.__kwdefaults__ = {p.name: p.default for p in keywords} or None
    function.__doc__ = doc
    return function
