"""The reverse transform: appends to a function the sweep that computes its cotangents.

The reverse sweep refers to values of the forward sweep wherever they were defined, in loop bodies too; `tape` makes
that legal afterwards. Values that are never written in place have SSA cotangents; what is written, or read element by
element, has a shadow.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any, NoReturn

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.activity import Activity, blocks
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import READ_ONLY_VIEWS, copies_perhaps, is_view, written
from srcgrad.errors import NoRuleError, UnsupportedError
from srcgrad.frontend.access import subscript
from srcgrad.frontend.iteration import known_items
from srcgrad.frontend.lowering import Lowering, Restart
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Sequence, Symbol
from srcgrad.ir.nodes import (
    Call,
    Const,
    Function,
    If,
    Invoke,
    Loop,
    Op,
    Raise,
    Region,
    Value,
    leaves,
    walk,
)
from srcgrad.ir.types import (
    F8,
    Array,
    Dict,
    List,
    NpScalar,
    Opaque,
    PyScalar,
    Tuple,
    Type,
    Unknown,
)
from srcgrad.rules.registry import ACCUMULATE, PARTIALS, VJP, Rule, display_name
from srcgrad.transform import cotangents
from srcgrad.transform.control_reversal import reverse_if, reverse_loop
from srcgrad.transform.cotangents import fit, full_like, is_fresh, product, zero_of, zeros
from srcgrad.transform.list_reversal import (
    reverse_display,
    reverse_list_operator,
    reverse_list_read,
    reverse_tuple_read,
)
from srcgrad.transform.strong_zeros import StrongZeros, Zeros, after_fit, passes_on, strong_product, zeros_made_by
from srcgrad.transform.writes import has_mask, reverse_write


class Reverse:
    """Builds the reverse sweep of one function.

    Attributes:
        lo: emits the operations of the reverse sweep and inlines derivative rules.
        activity, aliases: the facts it relies on.
        undo_points: for each write of the forward sweep, the operation that would undo it.
    """

    def __init__(self, activity: Activity, aliases: Aliases, pairs: Any):
        self.activity = activity
        self.aliases = aliases
        self.pairs = pairs
        self.lo = Lowering()
        self.lo.fixed_span = True
        self.lo.fresh_prefix = "b"
        self.mirrors: dict[Region, Region] = {}
        self.indices: dict[Value, Value] = {}
        self.shadows: dict[Value, Value] = {}
        self.shadow_table: Value | None = None
        self.owned: set[Value] = set()
        self.zeros = StrongZeros(aliases)
        self.mirror: Op | None = None
        self._accumulators: set[Value] | None = None

    # Cotangents of values

    def key(self, value: Value) -> tuple:
        """The key of the cotangent of a value in the store."""
        return ("bar", value)

    def bar(self, value: Value) -> Value | None:
        """The cotangent of a value so far, None while nothing has contributed."""
        if self.is_buffer(value):
            return self.shadow(value)
        if value in self.accumulators:
            return self.shadows.get(value)
        known = self.lo.store.get(self.key(value))
        return None if known is MISSING else known

    def is_buffer(self, value: Value) -> bool:
        """Whether a value has a shadow for the memory it points to."""
        return self.aliases.is_buffer(value)

    @property
    def accumulators(self) -> set[Value]:
        """The values whose cotangents are collected in place."""
        assert self._accumulators is not None
        return self._accumulators

    def contribute(self, value: Value, contribution: Value) -> None:
        """Adds to the cotangent of a value; the contribution has its shape, or broadcasts to it."""
        if not self.activity.active(value) or cotangents.is_number(contribution, 0):
            return
        if self.is_buffer(value):
            shadow = self.shadow(value)
            self.zeros.add_all(value, shadow, contribution, self._is_certain(value))
            self._add_to_shadow(shadow, contribution, value)
            return
        if value in self.accumulators:
            self._accumulate(value, contribution)
            return
        known = self.lo.store.get(self.key(value))
        if known is MISSING:
            if self.aliases.is_written(contribution):
                # The program's own memory, which the sweep may restore to an earlier state before this is read.
                level = self.zeros.of(contribution)
                contribution = self.lo.value(
                    self.lo.emit_typed(np.ndarray.copy, (contribution,), {}, contribution.type)
                )
                self.zeros.mark(contribution, level)
            self.lo.store.set(self.key(value), self._named(contribution, value))
            return
        if known in self.owned and isinstance(known.type, Array) and cotangents.has_shape_of(known.type, value.type):
            self.lo.effect(operator.iadd, known, contribution)
            self.zeros.add_to(known, contribution)
            return
        total = cotangents.add(self.lo, known, contribution)
        self.zeros.add(total, known, contribution)
        if is_fresh(total):
            self.owned.add(total)
        self.lo.store.set(self.key(value), self._named(total, value))

    def _named(self, cotangent: Value, value: Value) -> Value:
        if not isinstance(cotangent, Const) and cotangent.hint is None and value.hint is not None:
            cotangent.hint = f"{value.hint}_bar"
        return cotangent

    def _accumulate(self, value: Value, contribution: Value) -> None:
        shadow = self.shadows.get(value)
        if shadow is None and self._at_home(value) and self._can_become_shadow(contribution, value):
            self.shadows[value] = contribution
            contribution.hint = contribution.hint or self._shadow_name(value)
            self.owned.add(contribution)
            self.zeros.add_all(value, contribution, contribution, True)
            return
        shadow = self.shadow(value)
        self.zeros.add_all(value, shadow, contribution, self._is_certain(value))
        self._add_to_shadow(shadow, contribution, value)

    def _can_become_shadow(self, contribution: Value, value: Value) -> bool:
        return (
            is_fresh(contribution)
            and contribution.hint is None
            and contribution.owner is not None
            and contribution.owner.parent is self.lo.region
            and contribution.owner.mirror is None
            and contribution not in self.owned
            and self._dtype(contribution.type) == self._dtype(value.type)
            and cotangents.has_shape_of(contribution.type, value.type)
        )

    def _dtype(self, t: Type) -> Any:
        return t.dtype if isinstance(t, Array) else t

    def _at_home(self, value: Value) -> bool:
        return self.mirrors.get(region_of(value)) is self.lo.region

    def _add_to_shadow(self, shadow: Value, contribution: Value, value: Value) -> None:
        if isinstance(value.type, List):
            self.lo.effect(runtime.add_each, shadow, contribution)
        elif isinstance(value.type, Array):
            if value.type.shape == ():
                self.lo.effect(runtime.add_item, shadow, Const(Ellipsis), contribution)
            else:
                self.lo.effect(operator.iadd, shadow, contribution)
        else:
            self.lo.effect(runtime.add_into, shadow, contribution)

    def _is_certain(self, value: Value) -> bool:
        """Whether what is emitted now is run, at least once, whenever the value is computed."""
        region: Region | None = self.lo.region.mirror or self.lo.region
        home = region_of(value)
        while region is not None and region is not home and isinstance(region.parent, Loop):
            region = region.parent.parent
        return region is home

    # Shadows

    def shadow(self, value: Value) -> Value:
        """The shadow of a pointer, allocated at the start of the reverse of the region it is defined in."""
        known = self.shadows.get(value)
        if known is not None:
            return known
        home = self.mirrors[region_of(value)]
        with self.lo.into(home):
            shadow = self._make_shadow(value)
        shadow.hint = shadow.hint or self._shadow_name(value)
        self.shadows[value] = shadow
        return shadow

    def _shadow_name(self, value: Value) -> str | None:
        return f"{value.hint}_bar" if value.hint else None

    def _make_shadow(self, value: Value) -> Value:
        owner = value.owner
        if self.is_buffer(value) and isinstance(owner, Call) and is_view(owner) and owner.fn not in _COPIES:
            base = owner.args[0]
            if (
                self.aliases.find(base) is self.aliases.find(value)
                and not copies_perhaps(owner)
                and owner.fn not in READ_ONLY_VIEWS
            ):
                outputs = [Value(o.type, self._shadow_name(o), owner.span) for o in owner.outputs]
                self.lo.append(Call(owner.fn, (self.shadow(base), *owner.args[1:]), owner.kwargs, outputs, owner.span))
                for output, made in zip(owner.outputs, outputs, strict=True):
                    self.shadows[output] = made
                return self.shadows[value]
        if self.is_buffer(value) and self._is_merged(value):
            assert self.shadow_table is not None
            return self.lo.value(self.lo.emit_typed(runtime.shadow_of, (self.shadow_table, value), {}, value.type))
        return zeros(self.lo, value, self._shadow_name(value))

    def _is_merged(self, value: Value) -> bool:
        return self.aliases.find(value) in self.aliases.merged

    # The sweep

    def run(self, function: Function, seeds: Iterable[tuple[Value, Value]], inputs: list[Value]) -> list[Value]:
        """Appends the reverse sweep of a function; returns the cotangents of the inputs."""
        body = function.body
        self._accumulators = accumulators(function, self.activity, self.is_buffer)
        self.mirrors[body] = body
        function.backward_from = len(body.ops)
        forward = list(body.ops)
        with self.lo.into(body):
            if self.shadow_table is None and any(
                root in self.aliases.merged and self.is_buffer(m[0]) for root, m in self.aliases.members.items()
            ):
                self.shadow_table = self.lo.value(self.lo.emit_typed(dict, (), {}, Unknown(), "shadows"))
            for value, seed in seeds:
                self.contribute(value, seed)
            self.reverse_ops(forward)
            bars = [self._final(value) for value in inputs]
        for op in body.ops[len(forward) :]:
            if op.mirror is None:
                op.mirror = forward[-1] if forward else op
        return bars

    def _final(self, value: Value) -> Value:
        if not self.activity.active(value):
            return zero_of(self.lo, value)
        known = self.bar(value)
        if known is None:
            return zero_of(self.lo, value)
        return self._of_kind(full_like(self.lo, known, value), value)

    def _of_kind(self, cotangent: Value, value: Value) -> Value:
        """The cotangent of a number as a number of its kind: a Python float, a NumPy scalar of its dtype."""
        kind, target = cotangent.type, value.type
        if isinstance(target, NpScalar) and isinstance(kind, PyScalar) and target.dtype != F8:
            return self.lo.value(self.lo.emit_typed(target.dtype.type, (cotangent,), {}, target))
        if isinstance(target, PyScalar) and isinstance(kind, NpScalar) and kind.dtype != F8 and kind.dtype.kind == "f":
            return self.lo.value(self.lo.emit_typed(float, (cotangent,), {}, target))
        return cotangent

    def full_cotangent(self, g: Value | None, value: Value) -> Value:
        """A cotangent in the full shape of its value; zeros where nothing has contributed."""
        return zero_of(self.lo, value) if g is None else full_like(self.lo, g, value)

    def accumulated(self, value: Value) -> bool:
        """Whether the cotangent of a value is collected in place though nothing writes to the value."""
        return not self.is_buffer(value) and value in self.accumulators

    def reverse_ops(self, ops: list[Op]) -> None:
        """Emits the reverse of operations, the last one first."""
        for op in reversed(ops):
            outer, self.mirror, self.lo.span = self.mirror, op, op.span
            mark = len(self.lo.region.ops)
            region = self.lo.region
            self.lo.newest = Value().uid
            self._reverse(op)
            for made in region.ops[mark:]:
                _mirror(made, op)
            self.mirror = outer

    def _reverse(self, op: Op) -> None:
        if isinstance(op, Call):
            if written(op) is not None:
                reverse_write(self, op)
            else:
                self._reverse_call(op)
        elif isinstance(op, If):
            reverse_if(self, op)
        elif isinstance(op, Loop):
            reverse_loop(self, op)
        elif isinstance(op, Invoke):
            self._reverse_invoke(op)
        else:
            assert isinstance(op, Raise)

    # Calls

    def _reverse_call(self, op: Call) -> None:
        if blocks(op) or not any(self.activity.active(v) for v in op.inputs):
            return
        if is_view(op) and all(self.is_buffer(o) for o in op.outputs) and op.fn not in _COPIES:
            if op.fn in (np.broadcast_to, np.broadcast_arrays) and self.activity.active(op.outputs[0]):
                raise UnsupportedError(
                    "an array that is written in place is broadcast to a view here", op.span, "copy it before: x.copy()"
                )
            if copies_perhaps(op) and self.activity.active(op.outputs[0]):
                x, z = op.args[0], op.outputs[0]
                self.lo.effect(runtime.add_if_copied, self.shadow(x), self.shadow(z), x, z)
            return
        if not any(self.activity.active(o) for o in op.outputs):
            return
        if op.fn is tuple and op.outputs[0] not in self.shadows:
            # Whoever reads a tuple, or takes it out of a list, has handed its cotangents on already.
            return
        gs = [self.cotangent_of_output(o) for o in op.outputs]
        if all(g is None for g in gs):
            return
        if op.fn is list.copy:
            self.lo.effect(runtime.add_each, self.shadow(op.args[0]), self.shadow(op.outputs[0]))
            return
        if op.fn in (list, tuple) and op.outputs and isinstance(op.outputs[0].type, (List, Tuple)):
            reverse_display(self, op, gs[0])
            return
        if op.fn is operator.getitem and isinstance(op.args[0].type, (List, Tuple)):
            if len(op.outputs) == 1:
                reverse_list_read(self, op, gs[0])
            else:
                reverse_tuple_read(self, op, gs)
            return
        holds = any(isinstance(v.type, (List, Tuple, Dict, Opaque)) for v in op.inputs if self.activity.active(v))
        if holds and reverse_list_operator(self, op):
            return
        rule = PARTIALS.get(op.fn)
        if rule is not None and len(op.outputs) == 1 and not op.kwargs:
            self._apply_partials(op, rule, gs[0])
            return
        accumulate = ACCUMULATE.get(op.fn)
        if accumulate is not None and isinstance(op.args[0], Value) and self._accumulates(op.args[0]):
            self._apply_accumulate(op, accumulate, gs[0])
            return
        rule = VJP.get(op.fn)
        if rule is None:
            self.refuse(op)
        self._apply_vjp(op, rule, gs)

    def cotangent_of_output(self, value: Value) -> Value | None:
        """The cotangent of what an operation returned, complete by the time the operation is reversed."""
        return self.bar(value) if self.activity.active(value) else None

    def _accumulates(self, value: Value) -> bool:
        return self.activity.active(value) and (self.is_buffer(value) or value in self.accumulators)

    def refuse(self, op: Call) -> NoReturn:
        """Reports that an operation has no derivative rule."""
        name = display_name(op.fn)
        raise NoRuleError(
            f"no derivative rule for {name}",
            op.span,
            f"give it one with @srcgrad.rules.vjp({name}), or wrap the argument in srcgrad.stop_gradient",
        )

    def _apply_partials(self, op: Call, rule: Rule, g: Value) -> None:
        z = op.outputs[0]
        if op.fn in (operator.mul, np.multiply) and op.args[0] is op.args[1]:
            x = op.args[0]
            level = self.zeros_of(z, g)
            doubled = self._product(product(self.lo, g, Const(2.0)), x, level)
            self.contribute(x, self.zeros.mark(fit(self.lo, doubled, x, z), level))
            return
        level = self.zeros_of(z, g)
        result = self._inline(rule, [*[self.symbol(arg) for arg in op.args], z], {})
        partials = result.items if isinstance(result, Sequence) else (result,)
        for x, partial in zip(op.args, partials, strict=True):
            if not isinstance(x, Value) or not self.activity.active(x):
                continue
            if isinstance(partial, Const) and partial.value is None:
                continue
            contribution = self._product(g, self.lo.value(partial), level)
            fitted = fit(self.lo, contribution, x, z)
            level_of_x = after_fit(max(level, zeros_made_by(op)), contribution, fitted)
            self.contribute(x, self.zeros.mark(fitted, level_of_x))

    def zeros_of(self, value: Value, cotangent: Value | None) -> Zeros:
        """What the zeros in the cotangent of a value stand for."""
        if cotangent is not None and (self.is_buffer(value) or value in self.accumulators):
            return self.zeros.of_shadow(value, cotangent)
        return self.zeros.of(cotangent)

    def _product(self, g: Value, partial: Value, level: Zeros) -> Value:
        return (strong_product if self.zeros.matter(level, partial) else product)(self.lo, g, partial)

    def _inline(self, rule: Rule, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        """The body of a rule, lowered in place; again if a list in it turns out to vary in structure."""
        region = self.lo.region
        mark = len(region.ops)
        while True:
            try:
                return self.lo.call(Const(rule.body), args, kwargs)
            except Restart:
                del region.ops[mark:]

    def _apply_accumulate(self, op: Call, rule: Rule, g: Value) -> None:
        x = op.args[0]
        self._check_keywords(op, rule)
        g = full_like(self.lo, g, op.outputs[0])
        fresh = x not in self.shadows
        shadow = self.shadow(x)
        self.zeros.add_part(x, shadow, op, region_of(x), has_mask(op.args[1:]), fresh)
        args = [shadow, g, op.outputs[0], *self._symbols(op.args)]
        region = self.lo.region
        mark = len(region.ops)
        self._inline(rule, args, self._symbols(op.kwargs))
        if any(made.regions for made in region.ops[mark:]) and not op.kwargs:
            # The kinds do not say which way the rule goes: it decides at run time, as a function.
            del region.ops[mark:]
            self.lo.effect(rule.body, *args)
        for k, other in enumerate(op.args[1:], 1):
            if any(self.activity.active(v) for v in leaves(other)):
                self._no_derivative_in(op, k)

    def symbol(self, tree: Any) -> Symbol:
        """The symbol of an argument tree of the forward sweep."""
        return self.lo.symbol(tree)

    def _symbols(self, tree: Any) -> Any:
        if isinstance(tree, dict):
            return {name: self.symbol(item) for name, item in tree.items()}
        return [self.symbol(item) for item in tree]

    def _apply_vjp(self, op: Call, rule: Rule, gs: list[Value | None]) -> None:
        self._check_keywords(op, rule)
        outputs = op.outputs
        filled: list[Symbol] = [
            Const(None) if g is None else full_like(self.lo, g, o) for g, o in zip(gs, outputs, strict=True)
        ]
        single = len(outputs) == 1
        g: Symbol = filled[0] if single else Sequence(tuple(filled))
        z: Symbol = outputs[0] if single else Sequence(tuple(outputs))
        result = self._inline(rule, [g, z, *self._symbols(op.args)], self._symbols(op.kwargs))
        contributions = result.items if isinstance(result, Sequence) else (result,)
        named = dict(zip(rule.parameters, contributions, strict=False))
        arguments = list(zip(rule.parameters, op.args, strict=False))
        if len(op.args) > len(rule.parameters):
            arguments = list(zip([f"*{k}" for k in range(len(op.args))], op.args, strict=True))
            named = dict(zip([f"*{k}" for k in range(len(op.args))], contributions, strict=False))
        arguments += list(op.kwargs.items())
        level = zeros_made_by(op)
        if passes_on(op, rule):
            level = max([level, *(self.zeros_of(o, g) for o, g in zip(outputs, gs, strict=True))])
        for k, (name, tree) in enumerate(arguments):
            if not any(self.activity.active(v) for v in leaves(tree)):
                continue
            contribution = named.get(name)
            if contribution is None or (isinstance(contribution, Const) and contribution.value is None):
                self._no_derivative_in(op, k)
            self._distribute(tree, contribution, level)

    def _distribute(self, tree: Any, contribution: Symbol, level: Zeros) -> None:
        if isinstance(tree, Value):
            if isinstance(tree.type, List):
                self.contribute(tree, self.lo.value(contribution))
                return
            if not self.activity.active(tree):
                return
            fitted = fit(self.lo, self.lo.value(contribution), tree, None)
            self.contribute(tree, self.zeros.mark(fitted, level))
            return
        items = tree.values() if isinstance(tree, dict) else tree
        if isinstance(contribution, Value):
            parts: Iterable[Symbol] = [subscript(self.lo, contribution, Const(k)) for k in range(len(tree))]
        else:
            parts = known_items(self.lo, contribution)
        for item, part in zip(items, parts, strict=True):
            if any(self.activity.active(v) for v in leaves(item)):
                self._distribute(item, part, level)

    def _check_keywords(self, op: Call, rule: Rule) -> None:
        for name in op.kwargs:
            if name not in rule.parameters and not any(p in ("kw", "kwargs") for p in rule.parameters):
                raise NoRuleError(
                    f"the derivative rule of {getattr(op.fn, '__name__', op.fn)} does not know the argument {name!r}",
                    op.span,
                    "leave the argument out, or write what it does with other functions",
                )

    def _no_derivative_in(self, op: Call, k: int) -> None:
        raise NoRuleError(
            f"{getattr(op.fn, '__name__', op.fn)} has no derivative with respect to its argument {k + 1}",
            op.span,
            "wrap that argument in srcgrad.stop_gradient, or give the function a rule",
        )

    # Calls of other functions of the graph

    def _reverse_invoke(self, op: Invoke) -> None:
        self.pairs.reverse_invoke(self, op)


_COPIES = frozenset([np.ndarray.copy, list.copy])


def region_of(value: Value) -> Region:
    """The region a value is defined in."""
    owner = value.owner
    if isinstance(owner, Region):
        return owner
    assert isinstance(owner, Op) and owner.parent is not None, f"{value} is defined nowhere"
    return owner.parent


def _mirror(made: Op, op: Op) -> None:
    if made.mirror is None:
        made.mirror = op
    if made.span is None:
        made.span = op.span


def accumulators(function: Function, activity: Activity, is_buffer: Any) -> set[Value]:
    """Arrays whose cotangents are collected in place: read by element, or used in loops inside of their region."""
    found: set[Value] = set()
    for op in walk(function.body):
        values = list(op.inputs)
        for region in op.regions:
            values += region.results
        if isinstance(op, Call) and op.fn in ACCUMULATE and op.args and isinstance(op.args[0], Value):
            base = op.args[0]
            if isinstance(base.type, (Array, Unknown)) and activity.active(base) and not is_buffer(base):
                found.add(base)
        for value in values:
            if not isinstance(value.type, Array) or not activity.active(value) or is_buffer(value):
                continue
            if isinstance(value, Const) or value.owner is None:
                continue
            if _crosses_loop(op, region_of(value)):
                found.add(value)
    return found


def _crosses_loop(op: Op, home: Region) -> bool:
    """Whether there is a loop between an operation and a region around it."""
    region = op.parent
    while region is not None and region is not home:
        parent = region.parent
        if isinstance(parent, Loop):
            return True
        region = parent.parent if parent is not None else None
    return False
