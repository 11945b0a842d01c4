"""The cotangents and shadows that the reverse sweep has collected so far, and how a contribution joins them.

Values that are never written in place have SSA cotangents; what is written, or read element by element, has a shadow.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.activity import Activity
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.complexness import Complexness, is_complex
from srcgrad.analysis.memory import READ_ONLY_VIEWS, copies_perhaps, is_view
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Sequence
from srcgrad.ir.flow import has_turns
from srcgrad.ir.nodes import Call, Const, Function, Loop, Op, Region, Value
from srcgrad.ir.types import STR, Array, List, Tuple, Type, Unknown, extent_of, is_scalar
from srcgrad.rules.registry import IN_PLACE
from srcgrad.transform import cotangents
from srcgrad.transform.ambiguous import accumulate, cotangent, doubtful_values
from srcgrad.transform.cotangents import ZERO, copier, full_like, is_fresh, zeros
from srcgrad.transform.definedness import define_everywhere
from srcgrad.transform.growing import grown_shape, has_grown_to
from srcgrad.transform.list_reversal import add_to_list
from srcgrad.transform.places import accumulators, check_real, memory_of, region_of
from srcgrad.transform.strong_zeros import StrongZeros, Zeros


class CotangentStore:
    """What the reverse sweep has collected so far, for each value of the forward sweep.

    Attributes:
        lo: emits the operations of the reverse sweep.
        activity, aliases, complexness: the facts it relies on.
        mirror: the operation of the forward sweep that is being reversed.
        mirrors: for each region of the forward sweep, its reverse.
        shadows: the shadows that exist already.
        owned: cotangents that nothing else holds, so that they can be added to in place.
        holders: which value a cotangent belongs to.
        in_place: the shadows that contributions are added to in place.
        parts: values whose shadow is a part of another shadow.
        doubtful: values of which only the run says whether they are written memory.
    """

    def __init__(self, lo: Lowering, activity: Activity, aliases: Aliases, complexness: Complexness):
        self.lo = lo
        self.activity = activity
        self.aliases = aliases
        self.complexness = complexness
        self.zeros = StrongZeros(aliases)
        self.mirror: Op | None = None
        self.mirrors: dict[Region, Region] = {}
        self.shadows: dict[Value, Value] = {}
        self.shadow_table: Value | None = None
        self.owned: set[Value] = set()
        self.holders: dict[Value, Value] = {}
        self.in_place: set[Value] = set()
        self.parts: set[Value] = set()
        self.doubtful: set[Value] = set()
        self._began = 0
        self._accumulators: set[Value] | None = None

    def begin(self, function: Function) -> None:
        """Decides how the cotangent of each value of a function is collected."""
        self._accumulators = accumulators(function, self.activity, self.is_buffer)
        self.doubtful = doubtful_values(function, self.activity, self.aliases)
        self.aliases.merged |= {self.aliases.find(value) for value in self.doubtful}
        self.mirrors[function.body] = function.body
        self._began = Value().uid

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
        if is_scalar(value.type) and cotangents.may_be_memory(contribution):
            contribution = self._number(contribution)
        if self._is_half_complex(value, contribution):
            contribution = self._real(contribution, value)
        if value in self.doubtful:
            accumulate(self, value, contribution)
            return
        if isinstance(value.type, List):
            add_to_list(self, value, contribution)
            return
        if self.is_buffer(value):
            fresh = value not in self.shadows
            shadow = self.shadow(value)
            self.zeros.add_all(value, shadow, contribution, self._is_certain(value), fresh)
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
                contribution = self.lo.value(
                    self.lo.emit_typed(copier(contribution), (contribution,), {}, contribution.type)
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
            self.holders[total] = value
        self.lo.store.set(self.key(value), self._named(total, value))

    def _is_half_complex(self, value: Value, contribution: Value) -> bool:
        """Whether a contribution to a real number or array may have an imaginary part."""
        op = self.mirror
        if op is None or extent_of(value.type) is None or is_complex(contribution.type) is False:
            return False
        meets = any(map(self.complexness.perhaps, op.outputs)) or any(map(self.complexness.perhaps, op.inputs))
        return meets and not self.complexness.perhaps(value)

    def _real(self, contribution: Value, value: Value) -> Value:
        level = self.zeros.of(contribution)
        if is_complex(value.type) is False:
            real = self.lo.value(self.lo.emit(np.real, contribution))
        else:
            # Arguments of any kind may be complex.
            real = self.lo.value(self.lo.emit_typed(runtime.real_like, (contribution, value), {}, contribution.type))
        self.zeros.mark(real, level)
        return real

    def _number(self, contribution: Value) -> Value:
        """The number that an array without axes holds: what a number's cotangent is must not be memory."""
        level = self.zeros.of(contribution)
        if isinstance(contribution.type, Array):
            number = self.lo.value(self.lo.emit(operator.getitem, contribution, Sequence(())))
        else:
            number = self.lo.value(self.lo.emit(np.sum, contribution))
        self.zeros.mark(number, level)
        return number

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
            if cotangent.uid > self._began:
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
            and not self.aliases.is_reshaped(value)
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
        region: Region | None = self.lo.region.mirror or self.lo.region
        home = region_of(value)
        while region is not None and region is not home:
            if not isinstance(region.parent, Loop) or not has_turns(region.parent):
                return False
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
        shares = self.is_buffer(value) and isinstance(owner, Call) and is_view(owner)
        if shares and owner.args[0] not in self.doubtful:
            base = owner.args[0]
            if owner.fn in IN_PLACE:
                return self.shadow(base)
            check_real(owner, base)
            if (
                not isinstance(base.type, (List, Tuple))
                and self.aliases.find(base) is self.aliases.find(value)
                and not copies_perhaps(owner)
            ):
                outputs = [Value(o.type, self._shadow_name(o), owner.span) for o in owner.outputs]
                fn, args, kwargs = _view_of_shadow(owner)
                self.lo.append(Call(fn, (self.shadow(base), *args), kwargs, outputs, owner.span, owner.unpacks))
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
            define_everywhere(value)
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
        return known and self.accumulates(owner.args[0])

    def _is_merged(self, value: Value) -> bool:
        return self.aliases.find(value) in self.aliases.merged

    def cotangent_of_output(self, value: Value) -> Value | None:
        """The cotangent of what an operation returned, complete by the time the operation is reversed."""
        return self.bar(value) if self.activity.active(value) else None

    def accumulates(self, value: Value) -> bool:
        """Whether the cotangent of an active value is collected in place: in a shadow that can be added to."""
        return self.activity.active(value) and (self.is_buffer(value) or value in self.accumulators)

    def zeros_of(self, value: Value, cotangent: Value | None) -> Zeros:
        """What the zeros in the cotangent of a value stand for; of a list, those of its items."""
        if cotangent is not None and isinstance(value.type, List):
            return self.zeros.of_items(value)
        if cotangent is not None and (self.is_buffer(value) or value in self.accumulators):
            return self.zeros.of_shadow(value, cotangent)
        return self.zeros.of(cotangent)

    def full_cotangent(self, g: Value | None, value: Value) -> Value:
        """A cotangent in the full shape of its value; zeros where nothing has contributed."""
        if value in self.doubtful:
            return cotangent(self, value)
        if g is None:
            return ZERO if is_scalar(value.type) else zeros(self.lo, value)
        if isinstance(value.type, Unknown) and grown_shape(self.activity, value) is not None:
            if has_grown_to(self.activity, g, value):
                return g
            # Where it still is the number that it starts from, its cotangent is of no use, and may be an array.
            return self.lo.value(self.lo.emit_typed(runtime.unbroadcast, (g, value), {}, value.type))
        return full_like(self.lo, g, value)

    def accumulated(self, value: Value) -> bool:
        """Whether the cotangent of a value is collected in place though nothing writes to the value."""
        return not self.is_buffer(value) and value in self.accumulators


def _view_of_shadow(op: Call) -> tuple[Any, tuple, dict[str, Any]]:
    """What makes of a shadow the part that belongs to a view: function, further arguments, keywords."""
    if op.fn not in READ_ONLY_VIEWS:
        return op.fn, op.args[1:], op.kwargs
    kwargs = {"offset" if name == "k" else name: value for name, value in op.kwargs.items()}
    if op.fn is np.linalg.diagonal:
        kwargs |= {"axis1": Const(-2), "axis2": Const(-1)}
    return runtime.diagonal_view, op.args[1:], kwargs
