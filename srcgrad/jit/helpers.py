"""What compiled code calls where Numba and Python, or Numba and NumPy, do not agree.

Each helper is plain Python, does what Python or NumPy do, and so can be run and tested without Numba. Those in
`COMPILED_AS_THEY_ARE` are compiled from this very source; the others have a form of their own for Numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad import runtime

PRANGE_ONLY = {
    **dict.fromkeys(["comprehension", "reduction", "inplace_binop", "setitem", "numpy", "stencil", "fusion"], False),
    "prange": True,
}
"""What Numba is to run on all cores: loops over `prange`, and nothing else that it might find."""


def divided(a: Any, b: Any) -> Any:
    """`a / b` of Python numbers."""
    if b == 0:
        raise ZeroDivisionError("division by zero")
    return a / b


def floor_divided(a: Any, b: Any) -> Any:
    """`a // b` of Python numbers."""
    if b == 0:
        raise ZeroDivisionError("integer division or modulo by zero")
    return a // b


def remainder(a: Any, b: Any) -> Any:
    """`a % b` of Python numbers."""
    if b == 0:
        raise ZeroDivisionError("integer division or modulo by zero")
    return a % b


def float_power(a: Any, b: Any) -> Any:
    """`a ** b` of Python floats."""
    if a == 0 and b < 0 and not np.isinf(b):
        raise ZeroDivisionError("0.0 cannot be raised to a negative power")
    if a < 0 and b != np.floor(b):
        raise ValueError("a negative number raised to a fraction is complex, which compiled code can't carry")
    result = float(a) ** b
    if np.isinf(result) and np.isfinite(a) and np.isfinite(b):
        raise OverflowError("(34, 'Numerical result out of range')")
    return result


def half_power(x: Any, n: Any) -> Any:
    """`x ** (n / 2)` of a NumPy float, where n is odd and at most 7; also of zeros and infinities with a sign."""
    base = x + 0.0
    result = np.sqrt(base)
    if abs(n) > 2:
        result *= base
    if abs(n) > 4:
        result *= base
    if abs(n) > 6:
        result *= base
    result = np.inf if x == -np.inf else result
    return 1.0 / result if n < 0 else result


def int_power(a: Any, b: Any) -> Any:
    """`a ** b` of Python integers, b not negative."""
    if b < 0 and a == 0:
        raise ZeroDivisionError("0.0 cannot be raised to a negative power")
    if b < 0:
        raise ValueError("an integer raised to a negative power is a float, which compiled code does not expect")
    result, base = 1, a
    while b > 0:
        if b & 1:
            result = product(result, base)
        b >>= 1
        if b > 0:
            base = product(base, base)
    return result


def added(a: Any, b: Any) -> Any:
    """`a + b` of Python integers; in compiled code they have 64 bits, and it raises where that is too few."""
    return a + b


def subtracted(a: Any, b: Any) -> Any:
    """`a - b` of Python integers."""
    return a - b


def product(a: Any, b: Any) -> Any:
    """`a * b` of Python integers."""
    return a * b


def shifted_left(a: Any, b: Any) -> Any:
    """`a << b` of Python integers."""
    if b < 0:
        raise ValueError("negative shift count")
    if b > 62:
        if a == 0:
            return 0
        raise OverflowError("an integer has more than the 64 bits of compiled code")
    return product(a, 1 << b)


def shifted_right(a: Any, b: Any) -> Any:
    """`a >> b` of Python integers."""
    if b < 0:
        raise ValueError("negative shift count")
    return a >> min(b, 63)


def truncated(x: Any) -> Any:
    """`int(x)` of a float."""
    if np.isnan(x):
        raise ValueError("cannot convert float NaN to integer")
    if np.isinf(x):
        raise OverflowError("cannot convert float infinity to integer")
    if abs(x) >= 9.2e18:
        raise OverflowError("an integer has more than the 64 bits of compiled code")
    return int(x)


def rounded(x: Any) -> Any:
    """`round(x)` of a float."""
    return truncated(np.rint(x))


def in_domain(y: Any, x: Any) -> Any:
    """What a function of `math` gave for `x`, where it is a number that `math` gives."""
    if (np.isnan(y) and not np.isnan(x)) or (np.isinf(y) and not np.isinf(x)):
        raise ValueError("math domain error")
    return y


def in_range(y: Any, x: Any) -> Any:
    """What a function of `math` that grows beyond all numbers gave for `x`, where it is not too large."""
    if np.isnan(y) and not np.isnan(x):
        raise ValueError("math domain error")
    if np.isinf(y) and not np.isinf(x):
        raise OverflowError("math range error")
    return y


def is_beyond_range(y: Any, x: Any) -> Any:
    """Whether `in_range` raises for a function that gives no NaN of a number."""
    return np.isinf(y) & (not np.isinf(x))


def is_outside_domain(y: Any, x: Any) -> Any:
    """Whether `in_domain` raises."""
    return (np.isnan(y) & (not np.isnan(x))) | (np.isinf(y) & (not np.isinf(x)))


def not_negative(index: int) -> int:
    """An index that is known not to be negative: compiled code need not ask whether it counts from the end."""
    return index


def noted(failure: int, failed: Any, number: int) -> Any:
    """What a lane notes of its failures: the first one."""
    return number if failed and failure == 0 else failure


def raise_noted(failures: Any, count: int) -> None:
    """Raises what the first lane has noted that has failed.

    Raises:
        OverflowError, ValueError, ZeroDivisionError: if one has.
    """
    for k in range(count):
        if failures[k] == 1:
            raise OverflowError("math range error")
        if failures[k] == 2:
            raise ValueError("math domain error")
        if failures[k] == 3:
            raise ZeroDivisionError("division by zero")


def plus(a: Any, b: Any) -> Any:
    """`a + b` of floats in a sum of few numbers: compiled code makes several such sums at a time, and adds them up."""
    return a + b


def total(x: Any) -> Any:
    """The sum of all elements of an array, as accurate as that of NumPy: pairwise, in blocks of eight lanes."""
    return np.sum(x)


def total_along(x: Any, axis: int) -> Any:
    """The sum of an array along an axis."""
    return np.sum(x, axis=axis)


def average(x: Any) -> Any:
    """The mean of all elements of an array."""
    return np.mean(x)


def average_along(x: Any, axis: int) -> Any:
    """The mean of an array along an axis."""
    return np.mean(x, axis=axis)


def largest_along(x: Any, axis: int) -> Any:
    """The largest elements of an array along an axis."""
    return np.max(x, axis=axis)


def smallest_along(x: Any, axis: int) -> Any:
    """The smallest elements of an array along an axis."""
    return np.min(x, axis=axis)


def reshaped(x: Any, shape: Any) -> Any:
    """`x.reshape(shape)` of an array that is not written."""
    return np.reshape(x, shape)


def multiplied(a: Any, b: Any) -> Any:
    """`a @ b` of arrays of any rank and dtype."""
    return a @ b


def raveled(x: Any) -> Any:
    """`x.ravel()` of an array that is written: a view if it has no gaps."""
    return np.ravel(x)


def in_rows(x: Any) -> bool:
    """Whether the elements of an array lie one behind the other, in the order of C."""
    return x.flags.c_contiguous


def no_shadows(dtype: Any, ndim: int) -> list:
    """A table for the shadows of arrays of a dtype and a number of axes."""
    return []


def no_list_shadows() -> list:
    """A table for the shadows of lists of all kinds."""
    return []


def no_items(dtype: Any, ndim: int | None, listed: bool) -> list:
    """A list for numbers of a dtype, for arrays of so many axes, or for lists of numbers."""
    return []


def of_any_layout(x: Any) -> Any:
    """An array itself; in compiled code a view of it whose type does not say how it lies in memory."""
    return x


def check_depth(depth: Any) -> None:
    """Refuses to go on where the stack of machine code might end."""
    if depth > 2000:
        raise RecursionError("compiled code does not go deeper than 2000 calls")


def part(shadow: Any, k: int) -> Any:
    """One part of the shadow of a tuple."""
    return shadow[k]


def clear_item(shadow: list, k: int) -> None:
    """Makes the shadow of a tuple in a list that of another one, to whose parts nothing has been added."""
    shadow[k] = [0.0 for _ in shadow[k]]


def zero_in(shadows: list) -> Any:
    """The zero that stands for any cotangent in a list of them; in compiled code it has as many axes as the others."""
    return 0.0


def shadow_in(shadows: list, x: Any) -> Any:
    """The shadow of an array that is no view, or of a list, made where there is none yet.

    Args:
        shadows: the arrays or lists that have one, each with it.
        x: the array or list; None on a path that has left it undefined.
    """
    if x is None:
        return None
    for k in range(len(shadows) - 1, -1, -1):
        if _is_same(shadows[k][0], x):
            return shadows[k][1]
    shadow = runtime.zeros_like(x)
    shadows.append((x, shadow))
    return shadow


def _is_same(a: Any, b: Any) -> bool:
    """Whether two arrays are one piece of memory, as a row that is taken out of a tape twice is; or one list."""
    if a is b or isinstance(a, list):
        return a is b
    return a.shape == b.shape and a.size > 0 and a.ctypes.data == b.ctypes.data


def shadow_through(shadows: list, x_bar: Any, x: Any, z: Any) -> Any:
    """The shadow of `z = x.reshape(...)` and its like: a view of `x_bar` if `z` is one of `x`; else of its own.

    Args:
        shadows: as in `shadow_in`, for arrays with as many axes as `z`.
        x_bar: the shadow of `x`, without gaps.
        x, z: what was reshaped, and what it gave.
    """
    return x_bar.reshape(z.shape) if np.may_share_memory(x, z) else shadow_in(shadows, z)


def packed_numbers(items: list, dtype: Any) -> Any:
    """The numbers in a list as an array; none on a path that has left the list undefined."""
    if items is None:
        return np.empty(0, dtype)
    found = np.empty(len(items), dtype)
    for k in range(len(items)):
        found[k] = items[k]
    return found


def unpacked_numbers(numbers: Any, dtype: Any) -> list:
    """The list that `packed_numbers` made an array of."""
    return [dtype(number) for number in numbers]


def packed_lists(items: list, dtype: Any) -> tuple[Any, Any]:
    """The numbers in lists in a list, and how many each of them has."""
    lengths = np.empty(len(items), np.int64)
    total = 0
    for k in range(len(items)):
        lengths[k] = len(items[k])
        total += len(items[k])
    found = np.empty(total, dtype)
    place = 0
    for item in items:
        for number in item:
            found[place] = number
            place += 1
    return found, lengths


def unpacked_lists(numbers: Any, lengths: Any, dtype: Any) -> list:
    """The lists that `packed_lists` made arrays of."""
    found = []
    place = 0
    for length in lengths:
        found.append([dtype(numbers[k]) for k in range(place, place + length)])
        place += length
    return found


def packed_arrays(items: list, dtype: Any, ndim: int) -> tuple[Any, Any]:
    """The elements of arrays in a list, and the shape of each of them."""
    shapes = np.empty((len(items), ndim), np.int64)
    total = 0
    for k in range(len(items)):
        for axis in range(ndim):
            shapes[k, axis] = items[k].shape[axis]
        total += items[k].size
    found = np.empty(total, dtype)
    place = 0
    for item in items:
        for number in item.flat:
            found[place] = number
            place += 1
    return found, shapes


def unpacked_arrays(numbers: Any, shapes: Any, dtype: Any, ndim: int) -> list:
    """The arrays that `packed_arrays` took apart."""
    found = []
    place = 0
    for k in range(len(shapes)):
        size = int(np.prod(shapes[k]))
        found.append(numbers[place : place + size].reshape(tuple(shapes[k])).copy())
        place += size
    return found


def array_of(items: list) -> Any:
    """A list as an array."""
    return np.array(items)


def empty_dict(key: Any, item: Any) -> dict:
    """A dict for keys and values of the kinds of these."""
    return {}


def refuse_write(x: Any) -> None:
    """Stands for a write to an array that is read-only.

    Raises:
        ValueError: whatever the array is.
    """
    if x.ndim >= 0:
        raise ValueError("assignment destination is read-only")


class Unfit(Exception):
    """An array that is to be written has another shape, or shares memory with one that is read."""


def check_destination(out: Any, x: Any) -> None:
    """Checks that an array which is to be written has the shape of the one that it belongs to.

    Raises:
        Unfit: if not.
    """
    if out.shape != x.shape:
        raise Unfit


def check_apart(a: Any, b: Any) -> None:
    """Checks that two arrays lie in different ranges of memory.

    Raises:
        Unfit: if not.
    """
    if a.size == 0 or b.size == 0:
        return
    a_first = a_last = a.ctypes.data
    for k in range(a.ndim):
        if a.strides[k] < 0:
            a_first += a.strides[k] * (a.shape[k] - 1)
        else:
            a_last += a.strides[k] * (a.shape[k] - 1)
    b_first = b_last = b.ctypes.data
    for k in range(b.ndim):
        if b.strides[k] < 0:
            b_first += b.strides[k] * (b.shape[k] - 1)
        else:
            b_last += b.strides[k] * (b.shape[k] - 1)
    if a_first < b_last + b.itemsize and b_first < a_last + a.itemsize:
        raise Unfit


def index_in(index: int, length: int) -> int:
    """An index of an axis, from its start.

    Raises:
        IndexError: if it is none.
    """
    if index < -length or index >= length:
        raise IndexError("index is out of bounds")
    return index + length if index < 0 else index


def check_indices(start: int, stop: int, low: int, high: int, length: int) -> None:
    """Checks the indices `k + low` to `k + high`, for all `k` of a range, of an axis.

    Raises:
        IndexError: if one of them is none.
    """
    if start < stop and (start + low < -length or stop + high > length):
        raise IndexError("index is out of bounds")


def last_of_range(start: int, stop: int, step: int) -> int:
    """The last number of a range, `start - step` if it is empty."""
    return start + (len(range(start, stop, step)) - 1) * step


def taken_out(items: list, index: int) -> Any:
    """`items.pop(index)`, where the items are no numbers.

    Raises:
        IndexError: if there is no such item.
    """
    n = len(items)
    if n == 0:
        raise IndexError("pop from empty list")
    place = index + n if index < 0 else index
    if place < 0 or place >= n:
        raise IndexError("pop index out of range")
    found = items[place]
    for k in range(place, n - 1):
        items[k] = items[k + 1]
    items.pop()
    return found


COMPILED_AS_THEY_ARE = (
    *(divided, floor_divided, remainder, float_power, half_power, int_power, shifted_left),
    *(shifted_right, truncated, rounded),
    *(index_in, check_indices, last_of_range, in_domain, in_range),
    *(is_beyond_range, is_outside_domain, noted, raise_noted),
    *(check_destination, check_apart, refuse_write, check_depth),
    *(packed_numbers, unpacked_numbers, packed_lists, unpacked_lists, packed_arrays),
    taken_out,
)
"""Those that are right in compiled code as they stand."""
