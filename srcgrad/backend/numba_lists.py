"""Lists and checkpoints for Numba: places in lists, shadows that are looked up, schedules of snapshots."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numba import types
from numba.core.errors import TypingError
from numba.core.imputils import impl_ret_borrowed
from numba.cpython.listobj import ListInstance
from numba.cpython.unsafe.tuple import tuple_setitem
from numba.extending import intrinsic, overload, register_jitable
from numba.typed import Dict

from srcgrad import runtime, schedule
from srcgrad.backend.numba_helpers import own_dtype, shadow_kind
from srcgrad.errors import ArgumentError
from srcgrad.jit import helpers


def _compiled(fn: Any, **options: Any) -> Any:
    """Declares what Numba compiles for a helper; the functions in here have annotations, which Numba would compare."""
    return overload(fn, strict=False, **options)


# Lists


@_compiled(helpers.no_shadows, prefer_literal=True)
def _no_shadows(dtype: Any, ndim: Any) -> Any:
    shape = (0,) * ndim.literal_value

    def run(dtype: Any, ndim: Any) -> Any:
        empty = np.empty(shape, dtype)
        return [(np.lib.stride_tricks.as_strided(empty, empty.shape, empty.strides), empty)][:0]

    return run


@_compiled(helpers.of_any_layout)
def _of_any_layout(x: Any) -> Any:
    return lambda x: np.lib.stride_tricks.as_strided(x, x.shape, x.strides)


@_compiled(helpers.no_items, prefer_literal=True)
def _no_items(dtype: Any, ndim: Any, listed: Any) -> Any:
    if listed.literal_value:
        return lambda dtype, ndim, listed: [[dtype(0)]][:0]
    if isinstance(ndim, types.NoneType):
        return lambda dtype, ndim, listed: [dtype(0)][:0]
    shape = (0,) * ndim.literal_value
    return lambda dtype, ndim, listed: [helpers.of_any_layout(np.empty(shape, dtype))][:0]


_OF_ANY_KIND = types.MemInfoPointer(types.voidptr)
"""The memory of a list, which lives on with it, whatever it holds: in a table there are lists of all kinds."""


@intrinsic
def _memory(typingctx: Any, x: Any) -> Any:
    """What tells a list from every other that lives."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        found = ListInstance(context, builder, signature.args[0], args[0])
        return impl_ret_borrowed(context, builder, signature.return_type, found.meminfo)

    return _OF_ANY_KIND(x), codegen


@intrinsic
def _list_in(typingctx: Any, memory: Any, kind: Any) -> Any:
    """The list of a kind whose memory this is."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        found = ListInstance.from_meminfo(context, builder, signature.return_type, args[0])
        return impl_ret_borrowed(context, builder, signature.return_type, found.value)

    return kind.instance_type(memory, kind), codegen


@intrinsic
def _is_one(typingctx: Any, a: Any, b: Any) -> Any:
    """Whether two pieces of memory are one."""
    return types.boolean(a, b), lambda context, builder, signature, args: builder.icmp_unsigned("==", *args)


@_compiled(helpers.no_list_shadows)
def _no_list_shadows() -> Any:
    return lambda: [(_memory([0.0]), _memory([0.0]))][:0]


def _shadow_in_lists(x: Any) -> Any:
    kind = shadow_kind(x)

    def run(shadows: Any, x: Any) -> Any:
        memory = _memory(x)
        for k in range(len(shadows) - 1, -1, -1):
            known, shadow = shadows[k]
            if _is_one(known, memory):
                return _list_in(shadow, kind)
        made = runtime.zeros_like(x)
        shadows.append((memory, _memory(made)))
        return made

    return run


@_compiled(helpers.shadow_in)
def _shadow_in(shadows: Any, x: Any) -> Any:
    if isinstance(x, types.List):
        return _shadow_in_lists(x)
    dtype = own_dtype(x.dtype)

    def run(shadows: Any, x: Any) -> Any:
        for k in range(len(shadows) - 1, -1, -1):
            known, shadow = shadows[k]
            if known.ctypes.data == x.ctypes.data and known.shape == x.shape:
                return shadow
        # As a view of any layout, so that arrays of all layouts fit into one list; it keeps the memory.
        made = np.zeros(x.shape, dtype)
        shadows.append((np.lib.stride_tricks.as_strided(x, x.shape, x.strides), made))
        return made

    return run


@_compiled(helpers.shadow_through)
def _shadow_through(shadows: Any, x_bar: Any, x: Any, z: Any) -> Any:
    def run(shadows: Any, x_bar: Any, x: Any, z: Any) -> Any:
        return x_bar.reshape(z.shape) if x.ctypes.data == z.ctypes.data else helpers.shadow_in(shadows, z)

    return run


@_compiled(runtime.add_if_copied)
def _add_if_copied(x_bar: Any, z_bar: Any, x: Any, z: Any) -> Any:
    def run(x_bar: Any, z_bar: Any, x: Any, z: Any) -> None:
        if x.ctypes.data != z.ctypes.data:
            x_bar += helpers.reshaped(z_bar, x_bar.shape)

    return run


def _summed(a: Any, b: Any) -> Any:
    """The sum of two cotangents of one structure."""
    if isinstance(a, (list, tuple)):
        return type(a)([_summed(p, q) for p, q in zip(a, b, strict=True)])
    return a + b


@_compiled(_summed)
def _compiled_sum(a: Any, b: Any) -> Any:
    if isinstance(a, types.List) and isinstance(b, types.List):
        return lambda a, b: [_summed(a[k], b[k]) for k in range(len(a))]
    if isinstance(a, types.BaseTuple) and len(a) == 1:
        return lambda a, b: (_summed(a[0], b[0]),)
    if isinstance(a, types.BaseTuple):
        return lambda a, b: (_summed(a[0], b[0]), *_summed(a[1:], b[1:]))
    return lambda a, b: a + b


@_compiled(runtime.add_each)
def _add_each(shadow: Any, contributions: Any) -> Any:
    def run(shadow: Any, contributions: Any) -> None:
        for k, contribution in enumerate(contributions):
            shadow[k] = _summed(shadow[k], contribution)

    return run


@_compiled(operator.not_)
def _is_empty(x: Any) -> Any:
    return (lambda x: len(x) == 0) if isinstance(x, types.List) else None


@_compiled(helpers.part, prefer_literal=True)
def _part(shadow: Any, k: Any) -> Any:
    if isinstance(shadow, types.List):
        return lambda shadow, k: shadow[k]
    place = k.literal_value
    return lambda shadow, k: shadow[place][0]


@_compiled(helpers.clear_item)
def _clear_item(shadow: Any, k: Any) -> Any:
    def run(shadow: Any, k: Any) -> Any:
        shadow[k] = _blank(shadow[k])

    return run


def _blank(x: Any) -> Any:
    """Zeros that anything can be added to which has as many axes as what is there."""
    if isinstance(x, (list, tuple)):
        return type(x)([_blank(item) for item in x])
    return np.zeros((1,) * x.ndim) if isinstance(x, np.ndarray) else 0.0


@_compiled(_blank)
def _compiled_blank(x: Any) -> Any:
    if isinstance(x, types.Array):
        shape, dtype = (1,) * x.ndim, own_dtype(x.dtype)
        return lambda x: np.zeros(shape, dtype)
    if isinstance(x, types.List):
        return lambda x: [_blank(item) for item in x]
    if isinstance(x, types.BaseTuple) and len(x) == 1:
        return lambda x: (_blank(x[0]),)
    if isinstance(x, types.BaseTuple):
        return lambda x: (_blank(x[0]), *_blank(x[1:]))
    return lambda x: 0.0


@_compiled(runtime.add_part, prefer_literal=True)
def _add_part(shadow: Any, k: Any, contribution: Any) -> Any:
    if isinstance(shadow, types.List):

        def run(shadow: Any, k: Any, contribution: Any) -> Any:
            shadow[k] = shadow[k] + contribution

        return run
    place = k.literal_value

    def run_at_place(shadow: Any, k: Any, contribution: Any) -> Any:
        shadow[place][0] = shadow[place][0] + contribution

    return run_at_place


@_compiled(runtime.add_repeats)
def _add_repeats(shadow: Any, contributions: Any) -> Any:
    def run(shadow: Any, contributions: Any) -> Any:
        for k in range(len(contributions)):
            shadow[k % len(shadow)] = _summed(shadow[k % len(shadow)], contributions[k])

    return run


@_compiled(runtime.add_slice)
def _add_slice(shadow: Any, i: Any, contributions: Any) -> Any:
    def run(shadow: Any, i: Any, contributions: Any) -> None:
        start, stop, step = i.indices(len(shadow))
        for n, k in enumerate(range(start, stop, step)):
            shadow[k] = _summed(shadow[k], contributions[n])

    return run


@_compiled(helpers.unpacked_arrays, prefer_literal=True)
def _unpacked_arrays(numbers: Any, shapes: Any, dtype: Any, ndim: Any) -> Any:
    ones = (1,) * ndim.literal_value

    def run(numbers: Any, shapes: Any, dtype: Any, ndim: Any) -> Any:
        found = []
        place = 0
        for k in range(len(shapes)):
            shape, size = ones, 1
            for axis in range(len(ones)):
                shape = tuple_setitem(shape, axis, shapes[k, axis])
                size *= shapes[k, axis]
            found.append(numbers[place : place + size].copy().reshape(shape))
            place += size
        return found

    return run


@_compiled(helpers.empty_dict)
def _empty_dict(key: Any, item: Any) -> Any:
    key_type, item_type = types.unliteral(key), types.unliteral(item)
    return lambda key, item: Dict.empty(key_type, item_type)


@_compiled(helpers.array_of)
def _array_of(items: Any) -> Any:
    return lambda items: np.array(items)


for _fn in (runtime.popped_place, runtime.inserted_place):
    register_jitable(_fn)


@_compiled(runtime.order_of)
def _order_of(keys: Any, reverse: Any = False) -> Any:
    def run(keys: Any, reverse: Any = False) -> Any:
        n = len(keys)
        for k in range(n):
            if keys[k] != keys[k]:
                raise ArgumentError("what is sorted holds NaN, whose place compiled code can't tell")
        # The sort of `sorted` by merging: of equal items the one that stood first comes first.
        places, merged = [k for k in range(n)], [k for k in range(n)]
        width = 1
        while width < n:
            for begin in range(0, n, 2 * width):
                middle, end = min(begin + width, n), min(begin + 2 * width, n)
                left, right = begin, middle
                for k in range(begin, end):
                    takes_right = left >= middle
                    if not takes_right and right < end:
                        a, b = keys[places[left]], keys[places[right]]
                        takes_right = a < b if reverse else b < a
                    if takes_right:
                        merged[k] = places[right]
                        right += 1
                    else:
                        merged[k] = places[left]
                        left += 1
            places, merged = merged, places
            width *= 2
        return places

    return run


@_compiled(helpers.zero_in)
def _zero_in(shadows: Any) -> Any:
    item = shadows.dtype
    if isinstance(item, types.Array):
        shape, dtype = (1,) * item.ndim, own_dtype(item.dtype)
        return lambda shadows: np.zeros(shape, dtype)
    if isinstance(item, types.Number):
        dtype = own_dtype(item)
        return lambda shadows: dtype(0)
    raise TypingError("a zero among cotangents that are neither numbers nor arrays")


# Checkpoints


@_compiled(schedule.number_of_slots)
def _number_of_slots(slots: Any, turns: Any) -> Any:
    def by_default(slots: Any, turns: Any) -> Any:
        bits, left = 0, max(turns, 1)
        while left > 0:
            bits += 1
            left >>= 1
        return max(1, 2 * bits)

    def as_asked(slots: Any, turns: Any) -> Any:
        if slots < 1:
            raise ArgumentError("a checkpointed loop needs at least one slot")
        return slots

    return by_default if isinstance(slots, types.NoneType) else as_asked


register_jitable(schedule.slots_within)


@_compiled(schedule.size_of)
def _size_of(value: Any) -> Any:
    if isinstance(value, types.Array):
        return lambda value: value.nbytes
    if isinstance(value, types.List):
        return lambda value: len(value) * 8
    return lambda value: 8


_MANY = 2**62


@register_jitable
def _binomial(n: int, k: int) -> int:
    """How many subsets of `k` things there are of `n`, at most a number that is larger than any of turns."""
    found = 1
    for i in range(k):
        if found > _MANY // (n - i):
            return _MANY
        found = found * (n - i) // (i + 1)
    return found


@_compiled(schedule.next_snapshot)
def _next_snapshot(begin: Any, end: Any, free: Any) -> Any:
    def run(begin: Any, end: Any, free: Any) -> Any:
        if free <= 0:
            return end
        turns, slots = end - begin + 1, free + 1
        repeats = 1
        while _binomial(slots + repeats, slots) < turns:
            repeats += 1
        least = _binomial(slots + repeats - 2, slots) if repeats > 1 else 1
        return begin + max(least, turns - _binomial(slots - 1 + repeats, slots - 1), 1)

    return run
