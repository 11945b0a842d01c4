"""From a call to the compiled code for it: one variant for each combination of kinds, made when it is first needed."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from srcgrad.backend import numba_target
from srcgrad.backend.checks import Check, Facts, Slow, make_call, make_check, never
from srcgrad.backend.compile import load
from srcgrad.backend.compiling import compiling, raised_by_user
from srcgrad.backend.emit import Emitted, emit_module
from srcgrad.backend.forwarding import Forwarding, called_from_python, forwarding, restarting
from srcgrad.backend.guards import Guards, argument_kind, opaque_leaves, python_function
from srcgrad.backend.nan_checks import add_nan_checks
from srcgrad.backend.targets import MISSING, Target
from srcgrad.errors import ArgumentError, InternalError, NotJitableError, SrcgradError, UnsupportedError
from srcgrad.frontend.program import ANY_KIND, Program, lower_program
from srcgrad.frontend.sources import Source
from srcgrad.frontend.values import Reference, Sequence
from srcgrad.ir.nodes import Function, Value
from srcgrad.ir.printer import format_function
from srcgrad.jit.destinations import write_to_destinations
from srcgrad.jit.handover import hand_over_lists
from srcgrad.jit.lengths import may_stretch
from srcgrad.jit.pipeline import jitted, size_tapes_of_pullback
from srcgrad.rules.registry import when_rules_change
from srcgrad.transform import gradient as transform
from srcgrad.transform import jacobian
from srcgrad.transform.costs import COMPILED, INTERPRETED
from srcgrad.transform.dependence import dependence
from srcgrad.transform.gradient import Gradient
from srcgrad.transform.linearization import NotSeparable, linearization
from srcgrad.transform.memory_limit import limit_loops, taped_loops
from srcgrad.transform.protection import leaves_of
from srcgrad.transform.pushforward import pushforward
from srcgrad.tree import attribute_names, flatten

_WHAT = {
    **{"grad": "gradient", "value_and_grad": "value and gradient"},
    **{"vjp": "value and pullback", "jvp": "value and tangent", "deps": "dependence"},
    "linearize": "value and tangent",
    **{"jacfwd": "Jacobian", "jacrev": "Jacobian", "hessian": "Hessian", "elementwise_grad": "elementwise gradient"},
    "hvp": "product of the Hessian with a vector",
}
_NESTING = 20_000
"""Python's recursion limit while compiling: an AST is as deep as the user's expressions, and `ast` recurses."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of a function.

    Attributes:
        mode: `grad`, `value_and_grad`, `vjp`, `jvp`, `jacfwd`, `jacrev`, `hessian` (of a `jacrev`),
            `hvp` (of a `grad`), `elementwise_grad`, or `deps`: what the elements of its result depend on.
        wanted: the parameters to differentiate with respect to; `name[0]` for one item of `*args`. None for all that
            hold floats.
        as_tuple: whether a tuple of gradients is wanted.
        has_aux: whether the function returns a pair `(value, aux)`.
        optimize: whether to simplify the code.
        debug: `nan` for a check after each statement.
        jit: whether Numba compiles the code.
        memory_limit: how many bytes the snapshots of a loop may take; None for tapes.
        into: whether that code writes arrays in the gradient to arrays that it is given.
    """

    mode: str
    wanted: tuple[str, ...] | None
    as_tuple: bool
    has_aux: bool = False
    optimize: bool = True
    debug: str | None = None
    jit: bool = False
    memory_limit: int | None = None
    into: bool = False


@dataclass(slots=True)
class Variant:
    """Compiled code for one combination of kinds.

    Attributes:
        params: the names of the parameters of the entry; for a `jvp` the tangents follow.
        entry: the function to call.
        reverse: for a pullback, the function of the reverse sweep.
        kept: how many values the entry returns for it.
        tangents: the leaves of arguments whose tangents the entry takes: see `Gradient`.
        names: what the gradients are with respect to.
        written: the parameters that are written: whether their arrays are read-only matters.
        inner: the variant of the gradient that this one is a gradient of.
        check: tests whether arguments by position fit.
        check_into: as `check`, with the arrays that the gradient is written to behind the arguments.
        call: makes, of what answers calls in general, what runs this code at once for calls that fit.
        forwarding: what the entry calls, if it does no more.
        destinations: the dtypes of the arrays that the entry takes to write the gradient to, one for each in it.
    """

    params: tuple[str, ...]
    entry: Callable[..., Any]
    reverse: Callable[..., Any] | None
    kept: int
    tangents: tuple[tuple[str, tuple], ...]
    names: tuple[str, ...]
    emitted: Emitted
    functions: list[Function]
    guards: Guards
    captured: list[tuple[Source, Value]]
    opaque: dict[str, list[Any]]
    written: frozenset[str]
    check: Check
    inner: Variant | None
    check_into: Check = never
    destinations: tuple[np.dtype, ...] = ()
    call: Callable[[Slow], Callable[..., Any]] | None = None
    forwarding: Forwarding | None = None

    @property
    def inside(self) -> list[Variant]:
        """Those that it is a gradient of, the innermost first."""
        return [] if self.inner is None else [*self.inner.inside, self.inner]

    @property
    def ir(self) -> str:
        """The graph as text."""
        return "\n\n".join(map(format_function, self.functions))


class Dispatcher:
    """Compiles a function and finds the variant for a call.

    Attributes:
        check: tests whether the variant used last fits a call.
        last: that variant.
        direct: that variant, if it takes the very arguments of a call.
        forgotten: is called when that is not valid any more.
        lock: is held while these change.
    """

    def __init__(self, target: Target, options: Options):
        self.target = target
        self.options = options
        self.check: Check = never
        self.last: Variant | None = None
        self.direct: Variant | None = None
        self.forgotten: Callable[[], None] = _nothing
        self._variants: dict[Any, list[Variant]] = {}
        self._recent: list[Variant] = []
        self._other: Dispatcher | None = None
        self.lock = threading.RLock()
        self._relies = options.mode in ("grad", "value_and_grad")
        when_rules_change(self)

    def forget(self) -> None:
        """Forgets what it has compiled."""
        with self.lock:
            self.check, self.last, self.direct = never, None, None
            self._variants, self._recent = {}, []
            self.forgotten()

    def plain(self) -> Dispatcher:
        """The one that compiles the same for Python: what is differentiated again."""
        return Dispatcher(self.target, replace(self.options, jit=False)) if self.options.jit else self

    def run(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Calls the generated function."""
        if self.target.inner is None:
            variant, values = self.find(args, kwargs)
            return variant.entry(*values)
        with self.held() as own:
            variant, values = own.find(args, kwargs)
            self.last = variant
            return variant.entry(*values)

    @contextlib.contextmanager
    def held(self) -> Iterator[Dispatcher]:
        """What compiles a call, for as long as the call takes."""
        inner = self.target.inner
        if inner is None:
            yield self
            return
        with inner.held() as own:
            yield self if own is inner else self._over(own)

    def _over(self, inner: Dispatcher) -> Dispatcher:
        """What compiles a gradient of a gradient by way of another compiler of that."""
        if self._other is None or self._other.target.inner is not inner:
            t = self.target
            self._other = Dispatcher(Target(t.fn, t.self_object, t.bound, t.args, t.keywords, inner), self.options)
        return self._other

    def find(self, args: tuple, kwargs: dict[str, Any]) -> tuple[Variant, list[Any]]:
        """The variant for a call, made if need be, and the arguments of its entry."""
        if not kwargs:
            for variant in self._recent:
                if variant.check(args) is not None:
                    self.check, self.last, self.direct = variant.check, variant, variant
                    return variant, list(args)
        bound = self.target.bind(args, kwargs)
        given = dict(bound)
        if kwargs:
            names, values = tuple(given), tuple(given.values())
            for variant in self._recent:
                if variant.params == names and variant.check(values) is not None:
                    self.last = self.direct = variant
                    return variant, list(values)
        variant = self.find_bound(bound)
        if self._is_direct(given, bound, variant):
            self._remember(variant, bound)
        self.last = variant
        return variant, [bound[name] for name in variant.params]

    def find_bound(self, bound: dict[str, Any]) -> Variant:
        """The variant for arguments by name; numbers among them that have to be floats become floats."""
        self._prepare(bound)
        inner = self.target.inner.find_bound(bound) if self.target.inner is not None else None
        key = (id(inner), *((name, argument_kind(value, self.options.jit)) for name, value in bound.items()))
        variant = self._valid(key)
        if variant is None:
            with self.lock:
                variant = self._valid(key)
                if variant is None:
                    variant = self._compile(bound, inner)
                    self._variants[key] = [variant, *self._variants.get(key, ())[:7]]
        return variant

    def _valid(self, key: Any) -> Variant | None:
        for variant in self._variants.get(key, ()):
            if variant.guards.hold():
                return variant
        return None

    def _is_direct(self, given: dict[str, Any], bound: dict[str, Any], variant: Variant) -> bool:
        """Whether the entry takes what is given by position; of a Python integer it may take the float."""
        names = tuple(given)
        if self.target.keywords is not None or variant.params != names or self._is_shared():
            return False
        floated = self.options.wanted or ()
        return names == self.target.positional[: len(names)] and all(
            bound[name] is value or (type(value) is int and name in floated) for name, value in given.items()
        )

    def _is_shared(self) -> bool:
        """Whether a gradient inside is compiled by way of a twin, of which the cells may be another one's by now."""
        inner = self.target.inner
        return inner is not None and (type(inner) is not Dispatcher or inner._is_shared())

    def _remember(self, variant: Variant, bound: dict[str, Any]) -> None:
        if variant.check is never:
            facts = Facts(
                names=variant.params,
                kinds={name: argument_kind(bound[name], self.options.jit) for name in variant.params},
                opaque=variant.opaque,
                written=variant.written,
                guards=variant.guards,
                inner=[own.guards for own in variant.inside],
                entry=variant.entry,
                floated=self.options.wanted or (),
                forwarding=variant.forwarding,
            )
            variant.check, variant.call = make_check(facts), make_call(facts)
            if variant.destinations:
                variant.check_into = make_check(facts, variant.destinations)
        self._recent = [variant, *(v for v in self._recent if v is not variant)][:4]
        self.check, self.direct = variant.check, variant

    def _prepare(self, bound: dict[str, Any]) -> None:
        for name in self.options.wanted or ():
            parameter, place = _split(name)
            if parameter not in bound:
                default = self.target.default(parameter)
                if default is MISSING:
                    raise _no_such_argument(name, self.target)
                bound[parameter] = default
            if place is None:
                bound[parameter] = _floated(bound[parameter])
            elif isinstance(place, int):
                items = bound[parameter]
                if place >= len(items):
                    raise _no_such_argument(name, self.target)
                bound[parameter] = (*items[:place], _floated(items[place]), *items[place + 1 :])
            elif place not in bound[parameter]:
                raise _no_such_argument(name, self.target)
            else:
                bound[parameter] = {**bound[parameter], place: _floated(bound[parameter][place])}

    def generic(self) -> Variant:
        """The rank-generic variant, which holds for arguments of any kind."""
        target = self.target
        names = dict.fromkeys([*target.required, *(_split(name)[0] for name in self.options.wanted or ())])
        order = [name for name in target.parameters if name in names]
        bound: dict[str, Any] = {name: ANY_KIND for name in order}
        with self.lock:
            inner = target.inner.generic() if target.inner is not None else None
            return self._compile(bound, inner)

    def _compile(self, bound: dict[str, Any], inner: Variant | None) -> Variant:
        for name, value in bound.items():
            self._check_argument(name, value)
        for name in self.options.wanted or ():
            self._check_wanted(name, item_of(bound, name), bound)
        code = self.target.fn.__code__
        try:
            with compiling(_NESTING):
                try:
                    return self._build(bound, inner)
                except NotJitableError as error:
                    return self._build_by_turns(bound, inner, error)
        except SrcgradError:
            raise
        except Exception as error:
            if raised_by_user(error):
                raise
            place = f"{code.co_filename}:{code.co_firstlineno}"
            message = f"{type(error).__name__} while compiling {self.target.name} ({place}): {error}"
            raise InternalError(message) from error

    def _build_by_turns(self, bound: dict[str, Any], inner: Variant | None, error: NotJitableError) -> Variant:
        """A Jacobian by a sweep for each unit vector, where one sweep for all of them can't be compiled."""
        if self.options.mode not in jacobian.MODES:
            raise error
        try:
            return self._build(bound, inner, at_once=False)
        except NotJitableError:
            raise error from None

    def _build(self, bound: dict[str, Any], inner: Variant | None, at_once: bool = True) -> Variant:
        target, options = self.target, self.options
        program = self._lower(bound, inner)
        names = self._names(bound, program)

        def again() -> Program:
            made = self._lower(bound, inner)
            if options.wanted is not None:
                self._split_items(made)
            return made

        if options.mode in jacobian.MODES:
            asked = jacobian.Asked(names, options.as_tuple, options.has_aux, options.optimize, options.mode)
            gradient, program = jacobian.differentiated(program, asked, again, at_once)
        elif options.mode == "linearize":
            gradient, program = self._linearized(program, list(names), again)
        else:
            gradient = self._differentiate(program, list(names))
        if options.memory_limit is not None:
            gradient, program = self._limited(gradient, program, again, list(names))
        captured = list(program.captured)
        functions = list(gradient.functions)
        entry, kept = functions[-1], gradient.kept
        if gradient.reverse is not None and gradient.reverse not in functions:
            functions.append(gradient.reverse)
        if not entry.doc:
            entry.doc = self._doc(names)
        if options.debug == "nan":
            for function in functions:
                add_nan_checks(function, self._derivative(names, target.name))
        compiled_too: dict[Function, bool] = {}
        destinations: tuple[np.dtype, ...] = ()
        if options.into:
            destinations = write_to_destinations(entry, program, names, self._gradients(entry))
        if options.jit:
            entries = [entry]
            if gradient.reverse is not None:
                kept = hand_over_lists(entry, gradient.reverse, kept)
                entries.append(gradient.reverse)
            compiled_too, outer = jitted(functions, entries, self._relies)
            functions = [*compiled_too, *outer]
        emitted = emit_module(
            functions, decorators={f: numba_target.decorator(bounded) for f, bounded in compiled_too.items()}
        )
        known = {value.hint or "": source.read() for source, value in captured}
        module, hint = target.fn.__module__ or "srcgrad", f"srcgrad {entry.name}"
        if compiled_too:
            loaded = numba_target.load_compiled(emitted, [f.name for f in compiled_too], module, hint, known)
        else:
            loaded = load(emitted, module, hint, known)
        compiled = loaded[entry.name]
        extra = (len(gradient.tangents) if gradient.reverse is None else 0) + len(destinations)
        params = tuple(param.hint or "" for param in entry.params[: len(entry.params) - extra])
        again = self._restart(params) if any(map(may_stretch, compiled_too)) else None
        called = called_from_python(compiled, entry) if compiled_too else compiled
        called = called if again is None else restarting(called, again)
        opaque = {
            name: leaves for name, value in bound.items() if value is not ANY_KIND and (leaves := opaque_leaves(value))
        }
        reached = [f for leaves in opaque.values() for leaf in leaves if (f := python_function(leaf)) is not None]
        sources = [(source, value.hint or "") for source, value in captured]
        scope: dict[str, Any] = getattr(compiled, "py_func", compiled).__globals__  # type: ignore[attr-defined]
        return Variant(
            params=params,
            entry=called,
            reverse=loaded[gradient.reverse.name] if gradient.reverse is not None else None,
            kept=kept,
            tangents=gradient.tangents,
            names=tuple(names),
            emitted=emitted,
            functions=functions,
            guards=Guards(program.guards, sources, scope, [target.fn, *reached]),
            captured=captured,
            opaque=opaque,
            written=frozenset(program.written),
            check=never,
            inner=inner,
            destinations=destinations,
            forwarding=forwarding(entry, params, captured, loaded, again, bound) if compiled_too else None,
        )

    def _restart(self, params: tuple[str, ...]) -> Callable[..., Any]:
        """What answers a call with code that allows for arrays that are stretched, and does so from then on."""

        def again(*values: Any) -> Any:
            with self.lock:
                self._relies = False
                self.forget()
            variant = self.find_bound(dict(zip(params, values[: len(params)], strict=True)))
            own = [values[params.index(name)] for name in variant.params]
            return variant.entry(*own, *values[len(params) :])

        return again

    def _gradients(self, entry: Function) -> Any:
        """What a gradient function returns with respect to each parameter."""
        found: Any = entry.result
        if self.options.mode == "value_and_grad":
            found = found[1]
        elif self.options.has_aux:
            found = found[0]
        return found if self.options.as_tuple else (found,)

    def _lower(self, bound: dict[str, Any], inner: Variant | None) -> Program:
        short = self.options.jit
        if inner is not None:
            own = {name: bound[name] for name in inner.params}
            return lower_program(inner.entry, own, short_axes=short)  # type: ignore[arg-type]
        return lower_program(self.target.fn, bound, self_object=self.target.self_object, short_axes=short)

    def _names(self, bound: dict[str, Any], program: Program) -> tuple[str, ...]:
        return self._split_items(program) if self.options.wanted is not None else _float_parameters(bound, program)

    def _limited(
        self, gradient: Gradient, program: Program, again: Callable[[], Program], names: list[str]
    ) -> tuple[Gradient, Program]:
        """The gradient with snapshots in place of tapes, for the loops where that is possible."""
        limit = self.options.memory_limit
        assert limit is not None
        loops = taped_loops(gradient.functions)
        found, chosen = (gradient, program), []
        together = [loops] if len(loops) > 1 else []
        for wanted in [*together, *[[loop] for loop in loops]]:
            limited = again()
            limit_loops(limited.function, [*chosen, *wanted], limit)
            try:
                found = self._differentiate(limited, names), limited
            except UnsupportedError:
                continue
            chosen += wanted
            if chosen == loops:
                break
        return found

    def _linearized(self, program: Program, names: list[str], again: Callable[[], Program]) -> tuple[Gradient, Program]:
        """Two functions, of which the second alone is run for each tangent; where there are none, that of `jvp`."""
        optimize = self.options.optimize
        try:
            return linearization(program, names, optimize), program
        except NotSeparable:
            program = again()
            return pushforward(program, names, False, optimize), program

    def _split_items(self, program: Program) -> tuple[str, ...]:
        """Makes arguments of their own of those items of `*args` and `**kwargs` that gradients are wanted for."""
        assert self.options.wanted is not None
        parameters = {parameter for parameter, place in map(_split, self.options.wanted) if place is not None}
        for parameter in parameters:
            symbol = program.arguments.pop(parameter)
            if isinstance(symbol, Sequence):
                program.arguments.update({f"{parameter}[{k}]": item for k, item in enumerate(symbol.items)})
            elif isinstance(symbol, Reference):
                entries = program.contents[symbol]
                program.arguments.update({f"{parameter}[{key!r}]": item for key, item in entries})
        return self.options.wanted

    def _differentiate(self, program: Program, names: list[str]) -> Gradient:
        options = self.options
        costs = COMPILED if options.jit else INTERPRETED
        if options.mode == "vjp":
            sized = size_tapes_of_pullback if options.jit else None
            gradient: Gradient = transform.pullback(program, names, options.has_aux, options.optimize, costs, sized)
            return gradient
        if options.mode in ("jvp", "hvp"):
            return pushforward(program, names, options.has_aux, options.optimize, options.mode == "jvp")
        if options.mode == "deps":
            return dependence(program, names, options.optimize)
        with_value = options.mode == "value_and_grad"
        return transform.joint_gradient(
            program, names, options.as_tuple, with_value, options.has_aux, options.optimize, costs
        )

    def _doc(self, names: tuple[str, ...]) -> str:
        code = self.target.fn.__code__
        place = f"{os.path.basename(code.co_filename)}:{code.co_firstlineno}"
        text = self._derivative(names, f"{self.target.name} ({place})").removeprefix("the ")
        return f"{text[0].upper()}{text[1:]}."

    def _derivative(self, names: tuple[str, ...], of: str) -> str:
        return f"the {_WHAT[self.options.mode]} of {of} with respect to {', '.join(names) or 'nothing'}"

    def _check_argument(self, name: str, value: Any) -> None:
        if type(value) in (float, int) or value is ANY_KIND:
            return
        for leaf in _arrays(value):
            if type(leaf) is not np.ndarray:
                raise ArgumentError(
                    f"argument {name!r} of {self.target.name} is a {_class_name(leaf)}, a subclass of np.ndarray",
                    help=_plain_array(name, leaf),
                )

    def _check_wanted(self, name: str, value: Any, bound: dict[str, Any]) -> None:
        what = f"argument {name!r} of {self.target.name}"
        if isinstance(value, np.ndarray):
            if value.dtype.kind in "iub":
                kind = "booleans" if value.dtype.kind == "b" else "integers"
                raise ArgumentError(
                    f"{what} is an array of {kind} ({value.dtype}), which has no gradient",
                    help=f"pass {name}.astype(float), or take the gradient with respect to another argument",
                )
            if value.dtype.kind not in "fc":
                raise ArgumentError(
                    f"{what} is an array of {_array_content(value)} ({value.dtype}), which has no gradient",
                    help=f"pass {name}.astype(float), or take the gradient with respect to another argument",
                )
        elif isinstance(value, np.generic) and value.dtype.kind not in "fc":
            raise ArgumentError(
                f"{what} is of type {type(value).__name__}, which has no gradient", help=f"pass float({name})"
            )
        elif value is None or isinstance(value, (bool, str, bytes)):
            text = "None" if value is None else f"of type {type(value).__name__}"
            raise ArgumentError(
                f"{what} is {text}, which has no gradient", help="take the gradient with respect to another argument"
            )
        elif flatten(value)[1].is_leaf and attribute_names(value) and not isinstance(value, (dict, list, tuple)):
            cls = type(value).__name__
            raise ArgumentError(
                f"{what} is an object of the class {cls}, whose attributes are no tree",
                help=f"make it one: srcgrad.tree.register({cls}), or make {cls} a dataclass",
            )


def _arrays(value: Any) -> list[np.ndarray]:
    return [leaf for leaf in flatten(value)[0] if isinstance(leaf, np.ndarray)]


def _nothing() -> None:
    """What is called where nobody listens."""


def _floated(value: Any) -> Any:
    """A Python integer that a gradient is wanted for is taken as a float."""
    return float(value) if type(value) is int else value


def _split(name: str) -> tuple[str, Any]:
    """The parameter and the item of it that a name such as `xs[0]` or `options['tol']` means."""
    parameter, bracket, rest = name.partition("[")
    if not bracket:
        return parameter, None
    text = rest[:-1]
    return parameter, int(text) if text.isdigit() else text[1:-1]


def item_of(bound: dict[str, Any], name: str) -> Any:
    parameter, place = _split(name)
    value = bound[parameter]
    if place is None:
        return value
    if value is ANY_KIND:
        raise UnsupportedError(f"the code depends on how many arguments are passed as {parameter!r}")
    return value[place]


def _no_such_argument(name: str, target: Target) -> ArgumentError:
    message = f"a gradient with respect to {name!r} is wanted, but {target.name} was called without it"
    return ArgumentError.of_parameters(message, target.name, target.parameters)


def _float_parameters(bound: dict[str, Any], program: Program) -> tuple[str, ...]:
    """The arguments that hold a float: those a pullback has cotangents for."""
    return tuple(
        name
        for name in program.arguments
        if any(leaf.type.differentiable for leaf in leaves_of(program, program.arguments[name]))
    )


def _array_content(value: np.ndarray) -> str:
    return {"O": "objects", "U": "strings", "S": "bytes", "M": "dates", "m": "time spans", "V": "records"}[
        value.dtype.kind
    ]


def _class_name(value: Any) -> str:
    return f"{type(value).__module__.partition('.')[0]}.{type(value).__qualname__}"


def _plain_array(name: str, value: np.ndarray) -> str:
    if isinstance(value, np.ma.MaskedArray):
        return f"pass {name}.filled(0.0) and the mask as arguments of their own"
    return f"pass np.asarray({name})"
