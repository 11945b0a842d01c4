"""The compiled code for a call: from the lowered program to what Python calls."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from srcgrad import checks
from srcgrad.analysis.alias import calls_itself
from srcgrad.analysis.memory import among
from srcgrad.backend import numba_target
from srcgrad.backend.arguments import split_name
from srcgrad.backend.checks import Check, Slow, never
from srcgrad.backend.compile import load
from srcgrad.backend.emit import Emitted, emit_module
from srcgrad.backend.forwarding import Forwarding, called_from_python, forwarding, restarting
from srcgrad.backend.guards import Guards, opaque_leaves, python_function
from srcgrad.backend.nan_checks import add_nan_checks
from srcgrad.backend.targets import Target
from srcgrad.errors import NotJitableError, UnsupportedError
from srcgrad.frontend.marks import Marks
from srcgrad.frontend.program import ANY_KIND, Program, lower_program
from srcgrad.frontend.sources import Source
from srcgrad.frontend.values import Reference, Sequence
from srcgrad.ir.nodes import Call, Function, Value
from srcgrad.ir.printer import format_function
from srcgrad.jit.destinations import write_to_destinations
from srcgrad.jit.handover import hand_over_lists
from srcgrad.jit.lengths import may_stretch
from srcgrad.jit.pipeline import jitted, size_tapes_of_pullback
from srcgrad.rules.custom import TRANSPOSED
from srcgrad.transform import gradient as transform
from srcgrad.transform import jacobian
from srcgrad.transform.costs import COMPILED, INTERPRETED
from srcgrad.transform.dependence import dependence
from srcgrad.transform.gradient import Gradient
from srcgrad.transform.linearization import NotSeparable, linearization
from srcgrad.transform.memory_limit import limit_loops, taped_loops
from srcgrad.transform.missing_kinds import keep_kinds
from srcgrad.transform.protection import leaves_of
from srcgrad.transform.pushforward import pushforward
from srcgrad.transform.transposition import by_bodies, lower_transposed

_WHAT = {
    **{"grad": "gradient", "value_and_grad": "value and gradient"},
    **{"vjp": "value and pullback", "jvp": "value and tangent", "deps": "dependence"},
    "linearize": "value and tangent",
    **{"jacfwd": "Jacobian", "jacrev": "Jacobian", "hessian": "Hessian", "elementwise_grad": "elementwise gradient"},
    "hvp": "product of the Hessian with a vector",
}


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
        parallel: whether loops of what Numba compiles may run on all cores.
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
    parallel: bool = False
    into: bool = False


_ALIAS_CHECKS = frozenset([checks.check_overlap, checks.check_no_container_twice])


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
        is_repeatable: for a `jvp`, whether the entry does the same in each run.
        alias_checks: what the entry does first to find arguments that share memory or containers.
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
    is_repeatable: bool = True
    alias_checks: list[Call] = field(init=False)

    def __post_init__(self) -> None:
        first = [op for function in self.functions for op in function.body.ops]
        self.alias_checks = [op for op in first if isinstance(op, Call) and among(op.fn, _ALIAS_CHECKS)]

    @property
    def inside(self) -> list[Variant]:
        """Those that it is a gradient of, the innermost first."""
        return [] if self.inner is None else [*self.inner.inside, self.inner]

    @property
    def ir(self) -> str:
        """The graph as text."""
        return "\n\n".join(map(format_function, self.functions))


@dataclass(frozen=True, slots=True)
class Way:
    """A way to make the code.

    Attributes:
        one_kind: whether loops that give a variable another kind have their first turn in front of them.
        at_once: whether a Jacobian takes one sweep for all unit vectors.
    """

    one_kind: bool = False
    at_once: bool = True


class _NothingToPeel(Exception):
    """No loop gives a variable another kind: there is no other way."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes the variants of a function.

    Attributes:
        target: the function.
        options: what is asked of it.
        relies: whether compiled code may rely on it that no array is stretched, and is made again if one is.
        restart: what then answers the call, from the names of its arguments.
    """

    target: Target
    options: Options
    relies: bool
    restart: Callable[[tuple[str, ...]], Callable[..., Any]]

    def build(self, bound: dict[str, Any], inner: Variant | None) -> Variant:
        """The variant for arguments by name, and for that of the gradient inside.

        What can't be compiled is tried again with the first turns in front of loops whose variables get another kind in
        there. A Jacobian takes a sweep for each unit vector, where one sweep for all of them can't be compiled.
        """
        ways = [Way(), Way(one_kind=True)]
        if self.options.mode in jacobian.MODES:
            ways += [replace(way, at_once=False) for way in ways]
        first: NotJitableError | None = None
        for way in ways:
            try:
                return self._build(bound, inner, way)
            except _NothingToPeel:
                continue
            except NotJitableError as error:
                first = first or error
        assert first is not None
        raise first

    def _build(self, bound: dict[str, Any], inner: Variant | None, way: Way) -> Variant:
        target, options = self.target, self.options
        marks = Marks(one_kind=way.one_kind)
        program = self._lower(bound, inner, marks)
        if way.one_kind and not marks.peels:
            raise _NothingToPeel
        names = self._names(bound, program)
        is_repeatable = options.mode not in ("jvp", "linearize") or jacobian.can_be_repeated(program)

        def again() -> Program:
            made = self._lower(bound, inner, Marks(one_kind=way.one_kind))
            if options.wanted is not None:
                self._split_items(made)
            return made

        if options.mode in jacobian.MODES:
            asked = jacobian.Asked(names, options.as_tuple, options.has_aux, options.optimize, options.mode)
            gradient, program = jacobian.differentiated(program, asked, again, way.at_once)
        elif options.mode == "linearize":
            gradient, program = self._linearized(program, list(names), again)
        else:
            with by_bodies(program.by_body):
                gradient = self._differentiate(program, list(names))
        if options.memory_limit is not None:
            gradient, program = self._limited(gradient, program, again, list(names))
        captured = list(program.captured)
        functions = list(gradient.functions)
        entry, kept = functions[-1], gradient.kept
        if gradient.reverse is not None and gradient.reverse not in functions:
            functions.append(gradient.reverse)
        for function in functions:
            keep_kinds(function)
        if not entry.doc:
            entry.doc = self._doc(names)
            if options.jit and program.has_prange and not options.parallel:
                entry.doc += " Loops over prange run one turn after the other."
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
            compiled_too, outer = jitted(functions, entries, self.relies, options.parallel)
            functions = [*compiled_too, *outer]
        emitted = emit_module(
            functions, decorators={f: numba_target.decorator(f, bounded) for f, bounded in compiled_too.items()}
        )
        known = {value.hint or "": source.read() for source, value in captured}
        module, hint = target.fn.__module__ or "srcgrad", f"srcgrad {entry.name}"
        if compiled_too:
            # Numba's machine code of recursive functions can't be read back (numba/numba#6061).
            cached = not any(map(calls_itself, compiled_too))
            loaded = numba_target.load_compiled(emitted, [f.name for f in compiled_too], module, hint, known, cached)
        else:
            loaded = load(emitted, module, hint, known)
        compiled = loaded[entry.name]
        extra = (len(gradient.tangents) if gradient.reverse is None else 0) + len(destinations)
        params = tuple(param.hint or "" for param in entry.params[: len(entry.params) - extra])
        again = self.restart(params) if any(map(may_stretch, compiled_too)) else None
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
            written=frozenset(program.arguments if program.writes_inside else program.written),
            check=never,
            inner=inner,
            destinations=destinations,
            forwarding=forwarding(entry, params, captured, loaded, again, bound) if compiled_too else None,
            is_repeatable=is_repeatable,
        )

    def _gradients(self, entry: Function) -> Any:
        """What a gradient function returns with respect to each parameter."""
        found: Any = entry.result
        if self.options.mode == "value_and_grad":
            found = found[1]
        elif self.options.has_aux:
            found = found[0]
        return found if self.options.as_tuple else (found,)

    def _lower(self, bound: dict[str, Any], inner: Variant | None, marks: Marks) -> Program:
        short = self.options.jit
        if inner is not None:
            own = {name: bound[name] for name in inner.params}
            return lower_program(inner.entry, own, short_axes=short, marks=marks)  # type: ignore[arg-type]
        fn = self.target.fn
        transposed = vars(fn).get(TRANSPOSED)
        if transposed is not None and self.options.wanted == (transposed.parameter,):

            def lower(marks: Marks) -> Program:
                return lower_program(fn, bound, marks=marks, short_axes=short)

            return lower_transposed(lower, transposed, marks)
        return lower_program(fn, bound, self_object=self.target.self_object, short_axes=short, marks=marks)

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
        parameters = {parameter for parameter, place in map(split_name, self.options.wanted) if place is not None}
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


def _float_parameters(bound: dict[str, Any], program: Program) -> tuple[str, ...]:
    """The arguments that hold a float: those a pullback has cotangents for."""
    return tuple(
        name
        for name in program.arguments
        if any(leaf.type.differentiable for leaf in leaves_of(program, program.arguments[name]))
    )
