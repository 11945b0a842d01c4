"""What generated code asks before it goes on: each refuses what the code is not for."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad.errors import AliasError, UnsupportedError, refuses
from srcgrad.tree import attributes_of, is_frozen, is_structured

KNOWN_KINDS = "call it with arguments: code for those is made for their kinds"


@refuses
def check_overlap(written: dict, arrays: dict) -> None:
    """Refuses arguments that share memory with one that the function writes.

    Args:
        written: the name of each argument that is written -> where.
        arrays: the name of each argument -> the argument.

    Raises:
        AliasError: if a written argument overlaps another argument.
    """
    pieces = [(name, array) for name, x in arrays.items() for array in arrays_in(x)]
    for name, where in written.items():
        for k, (own, x) in enumerate(pieces):
            for j, (other, y) in enumerate(pieces):
                if own == name and j != k and np.shares_memory(x, y):
                    same = f"two arrays in {name} share memory" if other == name else f"{name} and {other} share memory"
                    raise AliasError(
                        f"{same}, and {name} is written{f' in {where}' if where else ''}",
                        None,
                        f"pass a copy of one of them: {other}.copy()",
                    )


@refuses
def check_no_container_twice(changed: dict, arguments: dict) -> None:
    """Refuses arguments in which a container is found twice: one place would not see what is changed by the other.

    Args:
        changed: the name of each argument in which the function changes lists, dicts or objects -> where.
        arguments: the name of each argument that holds containers -> the argument.

    Raises:
        AliasError: if there is such a container.
    """
    seen: dict[int, str] = {}
    pending = list(arguments.items())
    while pending:
        name, x = pending.pop()
        if isinstance(x, (list, dict)) or (is_structured(type(x)) and not is_frozen(type(x))):
            if id(x) in seen and (name in changed or seen[id(x)] in changed):
                same = f"a {type(x).__name__} is found twice in {name}"
                if name != seen[id(x)]:
                    same = f"{name} and {seen[id(x)]} have a {type(x).__name__} in common"
                where = changed.get(name) or changed.get(seen[id(x)])
                message = f"{same}, and the function changes what is in there, in {where}"
                raise AliasError(message, None, "pass a copy of one of them")
            if id(x) in seen:
                continue
            seen[id(x)] = name
        if isinstance(x, dict):
            pending += [(name, item) for item in x.values()]
        elif isinstance(x, (list, tuple)):
            pending += [(name, item) for item in x]
        elif is_structured(type(x)):
            pending += [(name, getattr(x, part)) for part in attributes_of(x)]


@refuses
def check_apart(x: Any, values: Any) -> None:
    """Refuses values that share memory with the array they are written to: NumPy reads them while it writes.

    Raises:
        AliasError: if they share memory.
    """
    if isinstance(x, np.ndarray) and isinstance(values, np.ndarray) and np.shares_memory(x, values):
        raise AliasError(
            "values that share memory with an array are written to it one after the other",
            None,
            "write a copy of them: .copy()",
        )


@refuses
def check_array(x: Any) -> None:
    """Refuses a list or dict where an item is replaced."""
    if not isinstance(x, np.ndarray):
        raise UnsupportedError("an item of a list or dict of unknown kind is replaced", None, KNOWN_KINDS)


@refuses
def check_number(x: Any) -> None:
    """Refuses an array without axes where the code is for numbers."""
    if isinstance(x, np.ndarray):
        raise UnsupportedError("an array without axes is updated in place", None, KNOWN_KINDS)


@refuses
def check_container(x: Any) -> None:
    """Refuses a number where the code is for what has other names, which see what an update changes."""
    if not isinstance(x, (np.ndarray, list, dict)) and not is_structured(type(x)):
        what = "None" if x is None else "a number"
        raise UnsupportedError(f"{what} is updated here by a name that stands for arrays", None, KNOWN_KINDS)


@refuses
def check_float(x: Any) -> None:
    """Refuses an integer where NumPy makes all results integers if the first is one."""
    if np.asarray(x).dtype.kind in "iub":
        raise UnsupportedError("the first result is an integer, so that NumPy rounds all others", None, "return 0.0")


@refuses
def check_truncates(x: Any) -> None:
    """Refuses an array of floats where the code is for one of integers, into which nothing is written that counts."""
    if isinstance(x, np.ndarray) and x.dtype.kind not in "iub":
        help = "give it its dtype, or its numbers a point: np.zeros(3, float), np.arange(4) * 2.0 ** n"
        raise UnsupportedError("an array turns out to be of floats where it was taken for one of integers", None, help)


@refuses
def check_floats(x: Any) -> None:
    """Refuses an array of integers where the code writes floats to it."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "iub":
        help = "make it one of floats: np.array(..., float)"
        raise UnsupportedError(
            "this array turns out to be of integers, and NumPy truncates what is written", None, help
        )


@refuses
def check_no_object(x: Any, classes: Any) -> None:
    """Refuses an object in place of a number: the code is for numbers, as no class was known of what is here."""
    if isinstance(x, classes):
        help = "give the name one kind of value on every path"
        raise UnsupportedError(f"a {type(x).__name__} is found where the code is for numbers and arrays", None, help)


def arrays_in(x: Any) -> list[np.ndarray]:
    """The arrays in a container, or the array itself."""
    if isinstance(x, dict):
        x = list(x.values())
    elif is_structured(type(x)):
        x = [getattr(x, name) for name in attributes_of(x)]
    if isinstance(x, (list, tuple)):
        return [array for item in x for array in arrays_in(item)]
    return [x] if isinstance(x, np.ndarray) else []
