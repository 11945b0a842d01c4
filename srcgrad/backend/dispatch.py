"""From a call to the compiled code for it: one variant for each combination of kinds, made when it is first needed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from srcgrad.backend.arguments import check_argument, check_wanted, floated, item_of, no_such_argument, split_name
from srcgrad.backend.building import Builder, Options, Variant
from srcgrad.backend.checks import Check, Facts, make_call, make_check, never
from srcgrad.backend.compiling import compiling, raised_by_user
from srcgrad.backend.guards import argument_kind
from srcgrad.backend.targets import MISSING, Target
from srcgrad.errors import InternalError, SrcgradError
from srcgrad.frontend.program import ANY_KIND
from srcgrad.rules.registry import when_rules_change

_NESTING = 20_000
"""Python's recursion limit while compiling: an AST is as deep as the user's expressions, and `ast` recurses."""


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
                    return variant, self._floated(variant, args)
        bound = self.target.bind(args, kwargs)
        given = dict(bound)
        if kwargs:
            names, values = tuple(given), tuple(given.values())
            for variant in self._recent:
                if variant.params == names and variant.check(values) is not None:
                    self.last = self.direct = variant
                    return variant, self._floated(variant, values)
        variant = self.find_bound(bound)
        if self._is_direct(given, bound, variant):
            self._remember(variant, bound)
        self.last = variant
        return variant, [bound[name] for name in variant.params]

    def _floated(self, variant: Variant, values: tuple) -> list[Any]:
        """What the entry takes, of what the check of a variant has accepted."""
        wanted = self.options.wanted or ()
        return [floated(v) if name in wanted else v for name, v in zip(variant.params, values, strict=True)]

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
            parameter, place = split_name(name)
            if parameter not in bound:
                default = self.target.default(parameter)
                if default is MISSING:
                    raise no_such_argument(name, self.target)
                bound[parameter] = default
            if place is None:
                bound[parameter] = floated(bound[parameter])
            elif isinstance(place, int):
                items = bound[parameter]
                if place >= len(items):
                    raise no_such_argument(name, self.target)
                bound[parameter] = (*items[:place], floated(items[place]), *items[place + 1 :])
            elif place not in bound[parameter]:
                raise no_such_argument(name, self.target)
            else:
                bound[parameter] = {**bound[parameter], place: floated(bound[parameter][place])}

    def generic(self) -> Variant:
        """The rank-generic variant, which holds for arguments of any kind."""
        target = self.target
        names = dict.fromkeys([*target.required, *(split_name(name)[0] for name in self.options.wanted or ())])
        order = [name for name in target.parameters if name in names]
        bound: dict[str, Any] = {name: ANY_KIND for name in order}
        with self.lock:
            inner = target.inner.generic() if target.inner is not None else None
            return self._compile(bound, inner)

    def _compile(self, bound: dict[str, Any], inner: Variant | None) -> Variant:
        for name, value in bound.items():
            check_argument(self.target, name, value)
        for name in self.options.wanted or ():
            check_wanted(self.target, name, item_of(bound, name))
        code = self.target.fn.__code__
        try:
            with compiling(_NESTING):
                return Builder(self.target, self.options, self._relies, self._restart).build(bound, inner)
        except SrcgradError:
            raise
        except Exception as error:
            if raised_by_user(error):
                raise
            place = f"{code.co_filename}:{code.co_firstlineno}"
            message = f"{type(error).__name__} while compiling {self.target.name} ({place}): {error}"
            raise InternalError(message) from error

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


def _nothing() -> None:
    """What is called where nobody listens."""
