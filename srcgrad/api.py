"""What users call: `grad` and `value_and_grad`, and the functions that they return."""

from __future__ import annotations

import functools
import html
import inspect
import operator
import sys
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from types import MethodType
from typing import Any, overload

import numpy as np

from srcgrad.backend.arguments import item_of
from srcgrad.backend.building import Options, Variant
from srcgrad.backend.checks import Slow
from srcgrad.backend.dispatch import Dispatcher
from srcgrad.backend.export import parse_types, source_text, write_text
from srcgrad.backend.numba_target import check_installed, type_inside
from srcgrad.backend.targets import Target, resolve
from srcgrad.backend.twins import dispatcher_of
from srcgrad.buffers import fitting, placed
from srcgrad.errors import ArgumentError, NotJitableError, SrcgradError
from srcgrad.ir.nodes import name_in_code
from srcgrad.jit.helpers import Unfit
from srcgrad.tree import flatten

_BOUND = 16
"""For so many instances the gradient of a method is kept."""


NO_OUT: Any = object()
"""Stands for `out` where it is not given."""


class GradFunction:
    """A derivative, which is called as the function itself is. Made by `grad`, `jacobian`, `hessian` and the like.

    Nothing is read or compiled before the first call. Code is then compiled once for each combination of kinds of
    arguments (float or array, dtype, number of axes, structure of a tree), and again when something it relies on was
    rebound: a helper function, a global, a closure variable, a default.

    Attributes:
        fun: the function it is the gradient of.

    Example:
        >>> from srcgrad import grad
        >>> square_grad = grad(lambda x: x * x)
        >>> square_grad(3.0)
        6.0
    """

    # Python looks for what a call runs in the class, and finds a function of each object's own: it checks the arguments
    # of this very kind, and calls the code for them.
    __slots__ = ("__call__", "__dict__", "__weakref__")
    __call__: Callable[..., Any]

    def __init__(self, fun: Callable[..., Any], mode: str, given: dict[str, Any]):
        inner = _INNER.get(mode)
        of = fun if inner is None else GradFunction(fun, inner, {**given, "debug": None, "jit": False})
        target = resolve(of, mode)
        options = _options(target, mode, **given)
        self.fun = fun
        self._given = given
        self._mode = mode
        self._bound: OrderedDict[int, GradFunction] = OrderedDict()
        self.__srcgrad_dispatcher__ = self._dispatcher = dispatcher_of(of, target, options)
        self.__wrapped__ = fun
        self.__name__ = f"{name_in_code(target.name)}_{mode}"
        self.__qualname__ = f"{target.fn.__qualname__}_{mode}"
        self.__module__ = target.fn.__module__
        self.__doc__ = _doc(target, options, mode)
        self._settled: Variant | None = None
        self.__call__ = _in_general(_slow(self))
        # The code that was used is not to be used any more where a rule changes; this object may go before that.
        self._dispatcher.forgotten = functools.partial(_unsettle, weakref.ref(self))
        self._takes_out = "out" in target.parameters or target.var_keyword is not None
        self._single = not options.as_tuple

    def _answer(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        """The derivative, for a call of any kind; the next one of this kind is run at once.

        Args:
            args, kwargs: the arguments of the function, and perhaps `out`: arrays to write the derivative to, in its
                structure; None for a part that is to be new. It belongs to the function if that has a parameter of the
                name.

        Raises:
            ArgumentError: if an array in `out` is of another dtype, read-only, or shares memory with an argument.
            ShapeError: if it has another shape.
        """
        if "out" in kwargs and not self._takes_out:
            out = kwargs.pop("out")
            if out is not None and out is not NO_OUT:
                return self._into(out, args, kwargs)
        if args and isinstance(args[0], type) and self._is_class_method_of(args[0]):
            return self.__get__(args[0])(*args[1:], **kwargs)
        found = self._dispatcher.run(args, kwargs)
        self._settle()
        return found

    def _settle(self) -> None:
        """Has calls run the variant used last at once, where they fit it."""
        dispatcher = self._dispatcher
        if dispatcher.direct is not self._settled:
            with dispatcher.lock:
                variant = self._settled = dispatcher.direct
                slow = _slow(self)
                direct = variant.call if variant is not None else None
                self.__call__ = _in_general(slow) if direct is None else direct(slow)

    def _into(self, out: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        """What a call returns, with arrays that the caller has in the derivative."""
        if args and isinstance(args[0], type) and self._is_class_method_of(args[0]):
            return self.__get__(args[0])(*args[1:], out=out, **kwargs)
        writer = self._writer
        if writer is not None:
            known = writer.last
            buffers = (out,) if self._single else out
            try:
                if known is not None and not kwargs and type(buffers) is tuple:
                    everything = (*args, *buffers)
                    entry = known.check_into(everything)
                    if entry is not None:
                        return entry(*everything)
                with writer.held() as own:
                    variant, values = own.find(args, kwargs)
                    if variant.destinations:
                        return variant.entry(*values, *self._buffers(variant, out, args, values))
            except (Unfit, NotJitableError):
                # Shapes, arrays that are read-only, and whether arrays in one range of memory have elements in common.
                pass
        found = self(*args, **kwargs)
        pair = self._dispatcher.options.has_aux or self._mode == "value_and_grad"
        if not pair:
            return placed(found, out, (args, kwargs))
        place = 1 if self._mode == "value_and_grad" else 0
        return (*found[:place], placed(found[place], out, (args, kwargs)), *found[place + 1 :])

    @functools.cached_property
    def _writer(self) -> Dispatcher | None:
        """What compiles code that writes gradients to arrays that the caller has."""
        options = self._dispatcher.options
        if not options.jit or self._mode not in ("grad", "value_and_grad"):
            return None
        return dispatcher_of(self.fun, resolve(self.fun, self._mode), replace(options, into=True))

    def _buffers(self, variant: Variant, out: Any, args: tuple, values: Sequence[Any]) -> Sequence[Any]:
        """The arrays for the parameters of code that writes gradients to them."""
        options = self._dispatcher.options
        bound = dict(zip(variant.params, values, strict=True))
        wanted = [item_of(bound, name) for name in options.wanted or ()]
        leaves, structure = flatten(tuple(wanted) if options.as_tuple else wanted[0])
        found = fitting(leaves, structure, out, args)
        pairs = zip(leaves, found, strict=True)
        arrays = [(leaf, own) for leaf, own in pairs if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fc"]
        return [np.empty(leaf.shape, leaf.dtype) if own is None else own for leaf, own in arrays]

    def _is_class_method_of(self, cls: type) -> bool:
        """Whether it stands under `@classmethod` in a class: which from Python 3.13 on binds it as a plain function."""
        members = [member for base in cls.__mro__ for member in vars(base).values()]
        return any(isinstance(member, classmethod) and member.__func__ is self for member in members)

    @property
    def __srcgrad_fun__(self) -> Callable[..., Any]:
        return self.fun

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.fun, follow_wrapped=False)

    def __get__(self, instance: Any, owner: type | None = None) -> GradFunction:
        """In a class, the gradient of the method; `argnums` then counts without `self`."""
        if instance is None or type(self.fun) is staticmethod:
            return self
        known = self._bound.get(id(instance))
        if known is None or known.fun.__self__ is not instance:  # type: ignore[attr-defined]
            known = self._bound[id(instance)] = type(self)(MethodType(self.fun, instance), self._mode, self._given)
            if len(self._bound) > _BOUND:
                self._bound.popitem(last=False)
        return known

    @property
    def source(self) -> str:
        """The generated code: of the variant used last; before any call, code that holds for arguments of any kind."""
        variant = self._dispatcher.last
        if variant is not None:
            return variant.emitted.source
        try:
            return self._dispatcher.generic().emitted.source
        except SrcgradError as error:
            return (
                f"# The code of {self.__name__} depends on the kinds of the arguments:\n"
                f"# {error}.\n"
                f"# Call it first, or ask for {self.__name__}.source_for(*args).\n"
            )

    def source_for(self, *args: Any, **kwargs: Any) -> str:
        """The generated code for arguments like these; nothing is run."""
        return self._variant_for(args, kwargs).emitted.source

    @property
    def ir(self) -> str:
        """The graph that `source` is printed from, as text."""
        return (self._dispatcher.last or self._dispatcher.generic()).ir

    def show(self) -> None:
        """Prints the generated code, in colour on a terminal if Pygments is installed."""
        print(_coloured(self.source) if sys.stdout.isatty() else self.source)

    def save(self, path: Any, types: str | None = None) -> None:
        """Writes the generated code to a file; nobody ever sees half of it.

        Args:
            path: where to.
            types: the types of the arguments, such as `"f8, f8[:], f4[:,:]"`. Without it, the variant used last is
                written; before any call, code that holds for arguments of any kind.

        Raises:
            UnsupportedError: if the code uses values that a file can't refer to.
        """
        last = self._dispatcher.last if types is None else None
        write_text(path, source_text(last, self.__name__) if last is not None else self.saved_source(types))

    def saved_source(self, types: str | None = None) -> str:
        """The text of a module with the generated code; it does not depend on which calls were made.

        Args:
            types: the types of the arguments, as for `save`; without them, code that holds for arguments of any kind.

        Raises:
            UnsupportedError: if the code uses values that a file can't refer to.
        """
        dispatcher = self._dispatcher
        if types is None:
            return source_text(dispatcher.generic(), self.__name__)
        names = dispatcher.target.parameters
        return source_text(self._variant_for(parse_types(types, dispatcher.target.name, names), {}), self.__name__)

    def _variant_for(self, args: tuple, kwargs: dict[str, Any]) -> Variant:
        return self._dispatcher.find_bound(self._dispatcher.target.bind(args, kwargs))

    @property
    def _numba_type_(self) -> Any:
        """What Numba sees in its place: with `jit=True` it can be called in compiled functions."""
        return self._inside[0]

    @functools.cached_property
    def _inside(self) -> tuple[Any, Any]:
        # Numba's type refers to what it stands for only weakly.
        return type_inside(self._entry_inside, self.__name__)

    def _entry_inside(self, args: tuple) -> tuple[Any, bool]:
        if not self._dispatcher.options.jit:
            raise ArgumentError(f"{self.__name__} is called in compiled code", help="make it with jit=True")
        variant = self._variant_for(args, {})
        return getattr(variant.entry, "compiled", variant.entry), bool(variant.captured)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.source)}</pre>"

    def __reduce__(self) -> Any:
        # A decorated function is found under its own name; `fun` no longer is.
        path = self._dispatcher.target.fn.__qualname__
        found = functools.reduce(
            lambda owner, name: getattr(owner, name, None), path.split("."), _module(self.__module__)
        )
        return path if found is self else (type(self), (self.fun, self._mode, self._given))

    def __repr__(self) -> str:
        return f"<{self._mode} of {self._dispatcher.target.fn.__qualname__}>"


def _slow(gradient: GradFunction) -> Slow:
    """What answers calls of a gradient in general. It does not keep it alive: it is a part of it."""
    known = weakref.ref(gradient)
    cls, fun, mode, given = type(gradient), gradient.fun, gradient._mode, gradient._given

    def slow(args: tuple, kwargs: dict[str, Any]) -> Any:
        own = known()
        return (cls(fun, mode, given) if own is None else own)._answer(args, kwargs)

    return slow


def _in_general(slow: Slow) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return slow(args, kwargs)

    return call


def _unsettle(known: weakref.ref[GradFunction]) -> None:
    gradient = known()
    if gradient is not None:
        gradient._settle()


def _module(name: str | None) -> Any:
    return sys.modules.get(name) if name is not None else None


_INNER = {"hessian": "jacrev", "hvp": "grad"}
"""What second derivatives are derivatives of, in forward mode."""
_WHAT = {
    **{"grad": "Gradient", "value_and_grad": "Value and gradient", "elementwise_grad": "Elementwise gradient"},
    **{"jacfwd": "Jacobian", "jacrev": "Jacobian", "hessian": "Hessian", "hvp": "Product of the Hessian with a vector"},
}


def _doc(target: Target, options: Options, mode: str) -> str:
    first = f"{_WHAT[mode]} of {target.name} with respect to {', '.join(options.wanted or ())}."
    own = inspect.cleandoc(target.fn.__doc__) if target.fn.__doc__ else ""
    return f"{first}\n\n{own}" if own else first


def _coloured(text: str) -> str:
    try:
        pygments, formatters, lexers = map(import_module, ("pygments", "pygments.formatters", "pygments.lexers"))
    except ImportError:
        return text
    coloured: str = pygments.highlight(text, lexers.PythonLexer(), formatters.TerminalFormatter())
    return coloured


# ---------------------------------------------------------------------------------------------- options


def _options(
    target: Target,
    mode: str,
    argnums: Any,
    argnames: Any,
    has_aux: bool,
    optimize: bool,
    debug: str | None,
    jit: bool,
    memory_limit: int | None = None,
    parallel: bool = False,
) -> Options:
    if debug not in (None, "nan"):
        raise ArgumentError(f"debug must be None or 'nan', not {debug!r}")
    if jit:
        check_installed()
    if jit and debug is not None:
        raise ArgumentError("debug='nan' looks at each value, which compiled code has not", help="leave out jit=True")
    if memory_limit is not None and (type(memory_limit) is not int or memory_limit < 1):
        raise ArgumentError(f"memory_limit is a number of bytes, not {memory_limit!r}")
    if parallel and not jit:
        raise ArgumentError("parallel=True is about loops that Numba compiles", help="give jit=True, too")
    if argnames is not None:
        if argnums != 0:
            raise _bad("give argnums or argnames, not both", target)
        single = isinstance(argnames, str)
        names = (argnames,) if single else argnames
        if not isinstance(names, (tuple, list)) or not all(isinstance(name, str) for name in names):
            raise _bad(f"argnames must be a name or a tuple of names, not {argnames!r}", target)
        wanted = tuple([_by_name(name, target) for name in names])
    else:
        single = not isinstance(argnums, (tuple, list))
        numbers = (argnums,) if single else argnums
        wanted = tuple([_by_number(number, argnums, target) for number in numbers])
    if not wanted:
        raise _bad(f"{'argnums' if argnames is None else 'argnames'} is empty", target)
    for k, name in enumerate(wanted):
        if name in wanted[:k]:
            raise _bad(f"the parameter {name!r} is named twice", target)
    return Options(mode, wanted, not single, bool(has_aux), bool(optimize), debug, jit, memory_limit, bool(parallel))


def _bad(message: str, target: Target) -> ArgumentError:
    return ArgumentError.of_parameters(message, target.name, target.parameters)


def _by_name(name: str, target: Target) -> str:
    if name in target.positional or name in target.keyword_only or name == target.var_positional:
        return name
    if target.var_keyword is None or not name.isidentifier() or name == target.var_keyword:
        raise _bad(f"argnames={name!r} names no parameter of {target.name}", target)
    return f"{target.var_keyword}[{name!r}]"


def _by_number(number: Any, argnums: Any, target: Target) -> str:
    if isinstance(number, bool) or not hasattr(type(number), "__index__"):
        raise _bad(f"argnums must be an integer or a tuple of integers, not {argnums!r}", target)
    index = operator.index(number)
    names = target.positional
    if 0 <= index < len(names):
        return names[index]
    if target.var_positional is not None and index >= 0:
        return f"{target.var_positional}[{index - len(names) + target.bound_in_star}]"
    names = (*names, *target.keyword_only) if target.var_positional is None else names
    if not -len(names) <= index < len(names):
        raise _bad(f"argnums={argnums!r} is out of range: {target.name} has {_count(len(names))}", target)
    return names[index]


def _count(n: int) -> str:
    return "no parameters" if n == 0 else f"{n} parameter{'s' if n > 1 else ''}"


def make(fun: Any, mode: str, jit: bool, given: dict[str, Any], cls: type[GradFunction] = GradFunction) -> Any:
    """The derivative of a function; without a function, the decorator that makes it."""
    if fun is None:
        return functools.partial(make, mode=mode, jit=jit, given=given, cls=cls)
    return cls(fun, mode, {**given, "jit": bool(jit)})


# ---------------------------------------------------------------------------------------------- grad


@overload
def grad(
    fun: None = None,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    optimize: bool = True,
    jit: bool = False,
    debug: str | None = None,
    memory_limit: int | None = None,
    parallel: bool = False,
) -> Callable[[Callable[..., Any]], GradFunction]: ...


@overload
def grad(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    optimize: bool = True,
    jit: bool = False,
    debug: str | None = None,
    memory_limit: int | None = None,
    parallel: bool = False,
) -> GradFunction: ...


def grad(
    fun: Callable[..., Any] | None = None,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    optimize: bool = True,
    jit: bool = False,
    debug: str | None = None,
    memory_limit: int | None = None,
    parallel: bool = False,
) -> Any:
    """The gradient of a function that returns one number.

    Usable as a function, `grad(f)`, and as a decorator, `@grad` or `@grad(argnums=(0, 1))`.

    Args:
        fun: the function.
        argnums: the parameters to differentiate with respect to: a number for a bare gradient, a tuple of numbers for a
            tuple of gradients. Negative numbers count from the end; `self` of a method does not count.
        argnames: the same by name, instead of `argnums`: a name or a tuple of names.
        has_aux: whether the function returns a pair `(value, aux)`; the gradient then comes as `(gradient, aux)`.
        optimize: whether to simplify the code before and after differentiation.
        jit: whether Numba compiles the code.
        debug: "nan" for code that checks what each of its statements computes, and raises where a NaN comes up first.
        memory_limit: how many bytes snapshots of the state of a loop may take: `for` loops that would need a tape are
            then run again from snapshots, as if they were `checkpointed`. Loops that can't be run again keep their
            tapes.
        parallel: with `jit=True`, whether loops whose turns need nothing of each other run on all cores: for arrays of
            many thousands of elements.

    Returns:
        a function with the parameters of `fun`. A gradient has the structure, the shapes and the dtypes of its
        argument; leaves that carry no derivative (integers, strings, None) have None in their place.

    Raises:
        ArgumentError: if there is no such parameter, or its argument has no gradient.
        NanError: with `debug="nan"`, if there is a NaN: which says in what, and whose line it is.

    Example:
        >>> from srcgrad import grad
        >>> def loss(w, x, y):
        ...     err = w * x - y
        ...     return err * err
        >>> grad(loss)(1.0, 1.0, 2.0)
        -2.0
        >>> grad(loss, argnums=(0, 2))(1.0, 1.0, 2.0)
        (-2.0, 2.0)
    """
    given = {"argnums": argnums, "argnames": argnames, "has_aux": has_aux, "optimize": optimize, "debug": debug}
    given |= {"memory_limit": memory_limit, "parallel": parallel}
    return make(fun, "grad", jit, given)


@overload
def value_and_grad(
    fun: None = None,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    optimize: bool = True,
    jit: bool = False,
    debug: str | None = None,
    memory_limit: int | None = None,
    parallel: bool = False,
) -> Callable[[Callable[..., Any]], GradFunction]: ...


@overload
def value_and_grad(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    optimize: bool = True,
    jit: bool = False,
    debug: str | None = None,
    memory_limit: int | None = None,
    parallel: bool = False,
) -> GradFunction: ...


def value_and_grad(
    fun: Callable[..., Any] | None = None,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    optimize: bool = True,
    jit: bool = False,
    debug: str | None = None,
    memory_limit: int | None = None,
    parallel: bool = False,
) -> Any:
    """As `grad`, but returns `(value, gradient)`; with `has_aux` it returns `((value, aux), gradient)`.

    Example:
        >>> from srcgrad import value_and_grad
        >>> value_and_grad(lambda x: x * x)(3.0)
        (9.0, 6.0)
    """
    given = {"argnums": argnums, "argnames": argnames, "has_aux": has_aux, "optimize": optimize, "debug": debug}
    given |= {"memory_limit": memory_limit, "parallel": parallel}
    return make(fun, "value_and_grad", jit, given)
