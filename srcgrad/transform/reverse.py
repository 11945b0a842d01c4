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
from srcgrad.analysis.memory import IN_PLACE, READ_ONLY_VIEWS, contents_read, copies_perhaps, is_view, written
from srcgrad.analysis.reads import Uses
from srcgrad.errors import NoRuleError, UnsupportedError
from srcgrad.frontend.access import subscript
from srcgrad.frontend.iteration import known_items
from srcgrad.frontend.lowering import Lowering
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
)
from srcgrad.ir.types import (
    F8,
    STR,
    Array,
    Dict,
    List,
    NpScalar,
    Opaque,
    PyScalar,
    Record,
    Tuple,
    Type,
    Unknown,
    is_scalar,
)
from srcgrad.rules.registry import ACCUMULATE, PARTIALS, VJP, Rule, display_name
from srcgrad.transform import cotangents
from srcgrad.transform.ambiguous import accumulate, cotangent, doubtful_values, reverse_read
from srcgrad.transform.control_reversal import reverse_if, reverse_loop
from srcgrad.transform.cotangents import ZERO, fit, full_like, is_fresh, product, zero_of, zeros
from srcgrad.transform.list_reversal import (
    add_to_list,
    refuse_sequences,
    reverse_display,
    reverse_list_copy,
    reverse_list_operator,
    reverse_list_read,
    reverse_tuple_read,
)
from srcgrad.transform.places import COPIES, accumulators, check_real, instances, memory_of, mirror, region_of
from srcgrad.transform.rule_calls import inline_rule
from srcgrad.transform.squares import square_of
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
        self.holders: dict[Value, Value] = {}
        self.in_place: set[Value] = set()
        self.zeros = StrongZeros(aliases)
        self.mirror: Op | None = None
        self.began = 0
        self._accumulators: set[Value] | None = None
        self._instances: set[Value] = set()
        self.uses = Uses([])
        self.parts: set[Value] = set()
        self.doubtful: set[Value] = set()

    # Cotangents of values

    def key(self, value: Value) -> tuple:
        """The key of the cotangent of a value in the store."""
        return ("bar", value)

    def bar(self, value: Value) -> Value | None:
        """The cotangent of a value so far, None while nothing has contributed."""
        if value in self.doubtful:
            return cotangent(self, value)
        if self.is_buffer(value):
            return self.shadow(value)
        if value in self.accumulators:
            return self.shadows.get(value)
        known = self.lo.store.get(self.key(value))
        return None if known is MISSING else known

    def is_buffer(self, value: Value) -> bool:
        """Whether a value has a shadow for the memory it points to."""
        return self.aliases.is_buffer(value) and value not in self.doubtful

    @property
    def accumulators(self) -> set[Value]:
        """The values whose cotangents are collected in place."""
        assert self._accumulators is not None
        return self._accumulators

    def contribute(self, value: Value, contribution: Value) -> None:
        """Adds to the cotangent of a value; the contribution has its shape, or broadcasts to it."""
        if not self.activity.active(value) or cotangents.is_number(contribution, 0):
            return
        if value in self.doubtful:
            accumulate(self, value, contribution)
            return
        if isinstance(value.type, List):
            add_to_list(self, value, contribution)
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
            alone = self._hand_on(contribution, value)
            if self.aliases.is_written(contribution) or (not alone and memory_of(contribution) in self.in_place):
                # Memory of the program, which the sweep may restore to an earlier state, or a shadow that is added to.
                level = self.zeros.of(contribution)
                copy = np.ndarray.copy if isinstance(contribution.type, Array) else runtime.copied
                contribution = self.lo.value(self.lo.emit_typed(copy, (contribution,), {}, contribution.type))
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
            self.holders[total] = value
        self.lo.store.set(self.key(value), self._named(total, value))

    def _hand_on(self, contribution: Value, value: Value) -> bool:
        """Notes that a value holds a cotangent now; whether it is the only one that does.

        `z = x + y` hands the cotangent of `z` to `x` and to `y`: neither may add to it in place from then on.
        """
        memory = memory_of(contribution)
        holder = self.holders.get(memory)
        op = self.mirror
        alone = holder is None or (op is not None and holder in op.outputs)
        if not alone or (op is not None and op.inputs.count(value) > 1):
            self.owned.discard(memory)
            alone = False
        if alone:
            self.in_place.discard(memory)
        self.holders[memory] = value
        return alone

    def _named(self, cotangent: Value, value: Value) -> Value:
        if not isinstance(cotangent, Const) and cotangent.hint is None:
            cotangent.hint = self._shadow_name(value)
            if cotangent.uid > self.began:
                cotangent.primal = cotangent.primal or value
        return cotangent

    def _accumulate(self, value: Value, contribution: Value) -> None:
        shadow = self.shadows.get(value)
        can_become = self._at_home(value) and self._can_become_shadow(contribution, value)
        if shadow is None and can_become and self._hand_on(contribution, value):
            self.in_place.add(contribution)
            self.shadows[value] = contribution
            self._named(contribution, value)
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
        if isinstance(value.type, Array):
            if value.type.shape == ():
                self.lo.effect(runtime.add_item, shadow, Const(Ellipsis), contribution)
            else:
                self.lo.effect(operator.iadd, shadow, contribution)
        else:
            self.lo.effect(runtime.add_into, shadow, contribution)

    def _is_certain(self, value: Value) -> bool:
        """Whether what is emitted now is run, at least once, whenever the value is computed."""
        region, home = self.lo.region.mirror or self.lo.region, region_of(value)
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
        self.shadows[value] = self._named(shadow, value)
        if not self.is_buffer(value):
            self.in_place.add(shadow)
            self.holders[shadow] = value
        return shadow

    def _shadow_name(self, value: Value) -> str | None:
        return f"{value.hint}_bar" if value.hint else None

    def _make_shadow(self, value: Value) -> Value:
        owner = value.owner
        if self.is_buffer(value) and isinstance(owner, Call) and is_view(owner) and owner.fn not in COPIES:
            base = owner.args[0]
            if owner.fn in IN_PLACE:
                return self.shadow(base)
            check_real(owner, base)
            if (
                not isinstance(base.type, (List, Tuple))
                and self.aliases.find(base) is self.aliases.find(value)
                and not copies_perhaps(owner)
                and owner.fn not in READ_ONLY_VIEWS
            ):
                outputs = [Value(o.type, self._shadow_name(o), owner.span) for o in owner.outputs]
                self.lo.append(Call(owner.fn, (self.shadow(base), *owner.args[1:]), owner.kwargs, outputs, owner.span))
                for output, made in zip(owner.outputs, outputs, strict=True):
                    self.shadows[output] = made
                return self.shadows[value]
        if self._is_part(value):
            assert isinstance(owner, Call)
            base, index = owner.args
            self.parts.add(value)
            return self.lo.value(self.lo.emit_typed(operator.getitem, (self.shadow(base), index), {}, value.type))
        if self.is_buffer(value) and self._is_merged(value):
            assert self.shadow_table is not None
            found = Value(value.type, None, self.lo.span)
            self.lo.append_call(runtime.shadow_of, (self.shadow_table, value), [found])
            return found
        return zeros(self.lo, value, self._shadow_name(value))

    def _is_part(self, value: Value) -> bool:
        """Whether a value of unknown kind is an item or a row, so that its shadow is that part of another shadow."""
        owner = value.owner
        if self.is_buffer(value) or not isinstance(value.type, Unknown) or not isinstance(owner, Call):
            return False
        if owner.fn is not operator.getitem or not isinstance(owner.args[0].type, Unknown):
            return False
        index = owner.args[1]
        known = isinstance(index, Value) and (is_scalar(index.type) or index.type == STR)
        return known and self._accumulates(owner.args[0])

    def _is_merged(self, value: Value) -> bool:
        return self.aliases.find(value) in self.aliases.merged

    # The sweep

    def run(self, function: Function, seeds: Iterable[tuple[Value, Value]], inputs: list[Value]) -> list[Value]:
        """Appends the reverse sweep of a function; returns the cotangents of the inputs."""
        body = function.body
        self._accumulators = accumulators(function, self.activity, self.is_buffer)
        self.uses = Uses([function])
        self.doubtful = doubtful_values(function, self.activity, self.aliases)
        self.aliases.merged |= {self.aliases.find(value) for value in self.doubtful}
        self.mirrors[body] = body
        seeds = list(seeds)
        self._instances = instances(body.results, {value for value, _ in seeds})
        function.backward_from = len(body.ops)
        self.began = Value().uid
        forward = list(body.ops)
        with self.lo.into(body):
            if self.shadow_table is None and (self.aliases.needs_table or self.doubtful):
                self.shadow_table = self.lo.value(self.lo.emit_typed(dict, (), {}, Opaque(dict), "shadows"))
            for value, seed in seeds:
                self.contribute(value, seed)
            self.reverse_ops(forward)
            bars = [self._final(value) for value in inputs]
        for op in body.ops[len(forward) :]:
            mirror(op, forward[-1] if forward else op)
        return bars

    def _final(self, value: Value) -> Value:
        known = self.bar(value) if self.activity.active(value) else None
        if isinstance(value.type, Unknown):
            return self._like(known, value)
        if known is None:
            return self._of_kind(zero_of(self.lo, value), value)
        return self._of_kind(cotangents.cast(self.lo, full_like(self.lo, known, value), value), value)

    def _like(self, cotangent: Value | None, value: Value) -> Value:
        """The cotangent of an argument of unknown kind in its structure, shape and dtype."""
        owner = None if cotangent is None else cotangent.owner
        fitted = isinstance(owner, Call) and owner.fn is runtime.unbroadcast and owner.args[1] is value
        if cotangent is not None and fitted:
            return cotangent
        given = ZERO if cotangent is None else cotangent
        return self.lo.value(self.lo.emit_typed(runtime.like, (given, value), {}, value.type))

    def _of_kind(self, cotangent: Value, value: Value) -> Value:
        """The cotangent of a number as a number of its kind: a Python float, a NumPy scalar of its dtype."""
        kind, target = cotangent.type, value.type
        if isinstance(target, Array) and target.shape == () and isinstance(kind, PyScalar) and target.dtype is not None:
            return self.lo.value(self.lo.emit_typed(target.dtype.type, (cotangent,), {}, NpScalar(target.dtype)))
        if isinstance(target, NpScalar) and (
            (isinstance(kind, PyScalar) and target.dtype != F8) or isinstance(kind, Unknown)
        ):
            return self.lo.value(self.lo.emit_typed(target.dtype.type, (cotangent,), {}, target))
        if isinstance(target, PyScalar) and isinstance(kind, Unknown):
            return self.lo.value(self.lo.emit_typed(float, (cotangent,), {}, target))
        if isinstance(target, PyScalar) and isinstance(kind, NpScalar) and kind.dtype != F8 and kind.dtype.kind == "f":
            return self.lo.value(self.lo.emit_typed(float, (cotangent,), {}, target))
        return cotangent

    def full_cotangent(self, g: Value | None, value: Value) -> Value:
        """A cotangent in the full shape of its value; zeros where nothing has contributed."""
        if value in self.doubtful:
            return cotangent(self, value)
        if g is None:
            return ZERO if is_scalar(value.type) else zeros(self.lo, value)
        return full_like(self.lo, g, value)

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
                mirror(made, op)
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
        if blocks(op) or not any(self.activity.active(v) for v in contents_read(op)):
            return
        if any(o in self._instances for o in op.outputs):
            return
        if is_view(op) and all(self.is_buffer(o) for o in op.outputs) and op.fn not in COPIES:
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
        if op.fn is operator.getitem and op.outputs[0] in self.doubtful:
            reverse_read(self, op)
            return
        recorded = op.fn is tuple and isinstance(op.outputs[0].type, Record)
        if op.fn is tuple and op.outputs[0] not in self.shadows and not recorded:
            # Whoever reads a tuple, or takes it out of a list, has handed its cotangents on already.
            return
        gs = [self.cotangent_of_output(o) for o in op.outputs]
        if all(g is None for g in gs):
            return
        if op.fn is list.copy:
            reverse_list_copy(self, op)
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
            refuse_sequences(op)
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
        whole = g if cotangents.reaches_beyond(g.type, z.type) else z
        if op.fn in (operator.mul, np.multiply) and op.args[0] is op.args[1]:
            self._apply_square(op, op.args[0], None, g, whole)
            return
        square = square_of(self, op)
        if square is not None:
            self._apply_square(op, *square, g, whole)
            return
        level = self.zeros_of(z, g)
        result = inline_rule(self.lo, rule, [*[self.symbol(arg) for arg in op.args], z], {})
        partials = result.items if isinstance(result, Sequence) else (result,)
        for x, partial in zip(op.args, partials, strict=True):
            if not isinstance(x, Value) or not self.activity.active(x):
                continue
            if isinstance(partial, Const) and partial.value is None:
                continue
            contribution = self._product(g, self.lo.value(partial), level)
            fitted = fit(self.lo, contribution, x, whole, self._absorbs(x, op))
            level_of_x = after_fit(max(level, zeros_made_by(op)), contribution, fitted)
            self.contribute(x, self.zeros.mark(fitted, level_of_x))

    def _apply_square(self, op: Call, x: Value, c: Value | None, g: Value, whole: Any) -> None:
        """The derivative of `x * x` or `c * x * x`: one product, not two that are summed."""
        level = self.zeros_of(op.outputs[0], g)
        factor = Const(2.0)
        if isinstance(c, Const) and isinstance(c.value, (int, float)):
            factor = Const(2.0 * c.value)
        elif c is not None:
            g = product(self.lo, g, c)
        doubled = self._product(product(self.lo, g, factor), x, level)
        self.contribute(x, self.zeros.mark(fit(self.lo, doubled, x, whole, self._absorbs(x, op)), level))

    def _absorbs(self, x: Value, op: Call) -> bool:
        """Whether an elementwise operation made `x` for `op` alone: the cotangent of `x` may reach beyond its shape."""
        owner = x.owner
        return (
            isinstance(x.type, Unknown)
            and isinstance(owner, Call)
            and owner.parent is op.parent
            and owner.fn in PARTIALS
            and len(owner.outputs) == 1
            and not owner.kwargs
            and self.uses.count(x) == 1
            and not self.aliases.is_buffer(x)
            and x not in self.accumulators
        )

    def zeros_of(self, value: Value, cotangent: Value | None) -> Zeros:
        """What the zeros in the cotangent of a value stand for."""
        if cotangent is not None and (self.is_buffer(value) or value in self.accumulators):
            return self.zeros.of_shadow(value, cotangent)
        return self.zeros.of(cotangent)

    def _product(self, g: Value, partial: Value, level: Zeros) -> Value:
        return (strong_product if self.zeros.matter(level, partial) else product)(self.lo, g, partial)

    def _apply_accumulate(self, op: Call, rule: Rule, g: Value) -> None:
        x = op.args[0]
        self._check_keywords(op, rule)
        if op.outputs[0] in self.parts:
            return
        whole = op.fn is operator.getitem and isinstance(op.outputs[0].type, Unknown)
        if not whole:
            g = full_like(self.lo, g, op.outputs[0])
        fresh = x not in self.shadows
        shadow = self.shadow(x)
        self.zeros.add_part(x, shadow, op, region_of(x), has_mask(op.args[1:]), fresh)
        args = [shadow, g, op.outputs[0], *self._symbols(op.args)]
        region = self.lo.region
        mark = len(region.ops)
        if isinstance(x.type, Unknown) and op.fn is operator.getitem and not self._holds_numbers(op):
            self.lo.effect(runtime.add_to_item, shadow, args[-1], g)
            return
        inline_rule(self.lo, rule, args, self._symbols(op.kwargs))
        if any(made.regions for made in region.ops[mark:]) and not op.kwargs:
            # The kinds do not say which way the rule goes: it decides at run time, as a function.
            del region.ops[mark:]
            self.lo.effect(rule.body, *args)
        for k, other in enumerate(op.args[1:], 1):
            if any(self.activity.active(v) for v in leaves(other)):
                self._no_derivative_in(op, k)

    def _holds_numbers(self, op: Call) -> bool:
        """Whether what was read is a number or an array: all that uses it is arithmetic."""
        value = op.outputs[0]
        users = self.uses.users.get(value, ())
        arithmetic = all(isinstance(user, Call) and (user.fn in PARTIALS or user.fn in _PRODUCTS) for user in users)
        return arithmetic and value not in self.uses.results and not isinstance(op.args[1], slice)

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
        result = inline_rule(self.lo, rule, [g, z, *self._symbols(op.args)], self._symbols(op.kwargs))
        contributions = result.items if isinstance(result, Sequence) else (result,)
        named = dict(zip(rule.parameters, contributions, strict=False))
        arguments = list(zip(rule.parameters, op.args, strict=False))
        if len(op.args) > len(rule.parameters):
            arguments = list(zip([f"*{k}" for k in range(len(op.args))], op.args, strict=True))
            named = dict(zip([f"*{k}" for k in range(len(op.args))], contributions, strict=False))
        arguments += list(op.kwargs.items())
        read = contents_read(op)
        level = zeros_made_by(op)
        if passes_on(op, rule):
            level = max([level, *(self.zeros_of(o, g) for o, g in zip(outputs, gs, strict=True))])
        for k, (name, tree) in enumerate(arguments):
            if not any(self.activity.active(v) and v in read for v in leaves(tree)):
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


_PRODUCTS = frozenset([operator.matmul, np.matmul, np.dot])
