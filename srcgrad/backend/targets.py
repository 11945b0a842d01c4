"""What users ask the derivative of: functions, bound methods, partial applications; and how their calls are bound."""

from __future__ import annotations

import functools
import inspect
import types
from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any

from srcgrad.errors import ArgumentError, SourceNotFoundError
from srcgrad.rules.callers import caller_of
from srcgrad.rules.custom import Custom


class _Missing:
    """Stands for an argument that is not passed, so that the function's own default is used."""

    def __repr__(self) -> str:
        return "..."


MISSING = _Missing()


class Target:
    """A function to differentiate, as the user gave it.

    Attributes:
        fn: the Python function.
        self_object: what its first parameter is bound to, for a method; else None.
        bound: whether it is a method.
        args, keywords: what `functools.partial` bound. Its keywords may change: these are the very ones; None if it
            is none.
        inner: what compiles `fn`, if that is itself made by srcgrad: the gradient of a gradient.
    """

    def __init__(
        self,
        fn: types.FunctionType,
        self_object: Any = None,
        bound: bool = False,
        args: tuple = (),
        keywords: Mapping[str, Any] | None = None,
        inner: Any = None,
    ):
        self.fn = fn
        self.self_object = self_object
        self.bound = bound
        self.args = args
        self.keywords = keywords
        self.inner = inner
        self._made_for: tuple = ()
        self._binder: Callable[..., tuple] = tuple

    @property
    def name(self) -> str:
        return self.fn.__name__

    @property
    def positional(self) -> tuple[str, ...]:
        """The parameters that can be passed by position and are not bound yet."""
        code = self.fn.__code__
        return code.co_varnames[self.bound + len(self.args) : code.co_argcount]

    @property
    def bound_in_star(self) -> int:
        """How many of the arguments that are bound are in `*args`."""
        return max(self.bound + len(self.args) - self.fn.__code__.co_argcount, 0)

    @property
    def keyword_only(self) -> tuple[str, ...]:
        code = self.fn.__code__
        return code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]

    @property
    def var_positional(self) -> str | None:
        """The name of `*args`."""
        code = self.fn.__code__
        has = code.co_flags & 0x04
        return code.co_varnames[code.co_argcount + code.co_kwonlyargcount] if has else None

    @property
    def var_keyword(self) -> str | None:
        """The name of `**kwargs`."""
        code = self.fn.__code__
        place = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 0x04)
        return code.co_varnames[place] if code.co_flags & 0x08 else None

    @property
    def parameters(self) -> tuple[str, ...]:
        """All parameters that are not bound, in the order of the signature."""
        star = (self.var_positional,) if self.var_positional else ()
        stars = (self.var_keyword,) if self.var_keyword else ()
        return (*self.positional, *star, *self.keyword_only, *stars)

    @property
    def required(self) -> tuple[str, ...]:
        """The parameters that have no default and are not bound."""
        code = self.fn.__code__
        first = code.co_argcount - len(self.fn.__defaults__ or ())
        named = (*(self.fn.__kwdefaults__ or ()), *(self.keywords or ()))
        optional = {*code.co_varnames[first : code.co_argcount], *named}
        return tuple(name for name in (*self.positional, *self.keyword_only) if name not in optional)

    def default(self, name: str) -> Any:
        """The default of a parameter, `MISSING` if it has none."""
        code = self.fn.__code__
        defaults = self.fn.__defaults__ or ()
        names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
        return {**dict(zip(names, defaults, strict=True)), **(self.fn.__kwdefaults__ or {})}.get(name, MISSING)

    def bind(self, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Parameter name -> value, in the order of the signature; without parameters that are left to their defaults.

        Raises:
            TypeError: if the function can't be called like this; it is the error that the function itself would raise.
        """
        fn = self.fn
        made_for = (fn.__code__, len(fn.__defaults__ or ()), tuple(fn.__kwdefaults__ or ()))
        if self._made_for != made_for:
            self._binder = _make_binder(fn)
            self._made_for = made_for
        if self.bound:
            args = (self.self_object, *self.args, *args)
        elif self.args:
            args = (*self.args, *args)
        values = self._binder(*args, **({**self.keywords, **kwargs} if self.keywords else kwargs))
        names = _parameters(fn.__code__)
        given = {name: value for name, value in zip(names, values, strict=True) if value is not MISSING}
        if self.bound:
            given.pop(names[0], None)
        for star, empty in ((self.var_positional, ()), (self.var_keyword, {})):
            if star is not None and given[star] == empty:
                del given[star]
        return given


def _parameters(code: types.CodeType) -> tuple[str, ...]:
    """All parameters in the order of the signature: `*args` before the keyword-only ones."""
    names, first, last = code.co_varnames, code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    has_args, has_kwargs = bool(code.co_flags & 0x04), bool(code.co_flags & 0x08)
    stars = names[last : last + has_args + has_kwargs]
    return (*names[:first], *stars[:has_args], *names[first:last], *stars[has_args:])


def _make_binder(fn: types.FunctionType) -> Callable[..., tuple]:
    """A function with the signature of `fn` that returns its arguments as they were bound.

    Python itself binds them, so that a wrong call is refused in Python's own words.
    """
    code = fn.__code__
    names = list(code.co_varnames[: code.co_argcount])
    parts = [*names]
    if code.co_posonlyargcount:
        parts.insert(code.co_posonlyargcount, "/")
    keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    order = _parameters(code)
    if code.co_flags & 0x04:
        parts.append("*" + order[code.co_argcount])
    elif keyword_only:
        parts.append("*")
    parts += keyword_only
    if code.co_flags & 0x08:
        parts.append("**" + order[-1])
    text = f"def bind({', '.join(parts)}):\n    return ({''.join(name + ', ' for name in order)})"
    scope: dict[str, Any] = {}
    exec(compile(text, "<srcgrad bind>", "exec", dont_inherit=True), scope)
    bind = scope["bind"]
    assert isinstance(bind, types.FunctionType)
    bind.__defaults__ = (MISSING,) * len(fn.__defaults__ or ()) or None
    bind.__kwdefaults__ = dict.fromkeys(fn.__kwdefaults__ or (), MISSING) or None
    bind.__name__, bind.__qualname__ = fn.__name__, fn.__qualname__
    return bind


def resolve(fun: Any, asked: str = "grad") -> Target:
    """The Python function behind a callable, and what is bound to it; never that behind a Python function.

    What is not written in Python and has a rule, such as `np.tanh`, gets a function that calls it.

    Raises:
        ArgumentError: if it is not callable.
        SourceNotFoundError: if it is not written in Python, and has no rule.
    """
    if type(fun) is types.FunctionType:
        return Target(fun)
    if isinstance(fun, Custom):
        return Target(fun.as_function())
    inner = getattr(fun, "__srcgrad_dispatcher__", None)
    if inner is not None and inner.options.mode == "hvp":
        raise ArgumentError(f"{fun!r} can't be differentiated", help="differentiate a Hessian: jacfwd(hessian(fun))")
    if inner is not None:
        known = inner.target
        return Target(known.fn, known.self_object, known.bound, known.args, known.keywords, inner.plain())
    if type(fun) is types.MethodType:
        caller = caller_of(fun)
        if caller is not None:
            return Target(caller)
        if type(fun.__func__) is types.FunctionType and fun.__func__.__code__.co_argcount:
            return Target(fun.__func__, fun.__self__, True)
        return _applied(resolve(fun.__func__, asked), (fun.__self__,), None)
    if type(fun) is functools.partial:
        return _applied(resolve(fun.func, asked), fun.args, fun.keywords)
    if type(fun) is staticmethod:
        return resolve(fun.__func__, asked)
    if type(fun) is functools._lru_cache_wrapper:
        return resolve(fun.__wrapped__, asked)
    if type(fun).__module__.partition(".")[0] == "numba" and isinstance(
        getattr(fun, "py_func", None), types.FunctionType
    ):
        return Target(fun.py_func)
    call = inspect.getattr_static(type(fun), "__call__", None)
    if isinstance(call, types.FunctionType) and not isinstance(fun, type):
        return Target(call, fun, True)
    if not callable(fun):
        way_out = f"put @classmethod above @{asked}" if isinstance(fun, classmethod) else None
        raise ArgumentError(f"{asked} needs a function, not {_described(fun)}", help=way_out)
    if isinstance(fun, type):
        raise ArgumentError(f"{asked} needs a function, not the class {fun.__qualname__}")
    caller = caller_of(fun)
    if caller is not None:
        return Target(caller)
    name = getattr(fun, "__name__", None) or type(fun).__name__
    raise SourceNotFoundError(
        f"{name} is not written in Python (it is a {type(fun).__name__}), so that it has no source",
        help=f"write a Python function that calls it: {asked}(lambda x: {name}(x))",
    )


def _applied(target: Target, args: tuple, keywords: Mapping[str, Any] | None) -> Target:
    both = [mapping for mapping in (keywords, target.keywords) if mapping is not None]
    merged = ChainMap(*both) if len(both) > 1 else next(iter(both), None)  # type: ignore[arg-type]
    return Target(target.fn, target.self_object, target.bound, (*target.args, *args), merged, target.inner)


def _described(value: Any) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
