"""What stands in the program where it uses functions and methods of the library: Python that is lowered, and never run.

Names and lines in it mean nothing to the user.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad.checks import KNOWN_KINDS
from srcgrad.errors import UnsupportedError

# Methods of lists whose length depends on the run


def clear(items: list) -> None:
    """`list.clear`."""
    for _ in range(len(items)):
        items.pop()


def repeat(items: list, times: int) -> None:
    """`items *= times`."""
    if times < 1:
        items.clear()
    else:
        items.extend(items * (times - 1))


def remove(items: list, item: Any) -> None:
    """`list.remove`."""
    items.pop(items.index(item))


def delete_item(items: list, k: int) -> None:
    """`del items[k]`."""
    items.pop(k)


def delete_slice(items: list, part: slice) -> None:
    """`del items[part]`."""
    start, stop, step = part.indices(len(items))
    places = range(start, stop, step)
    for k in range(len(places)):
        # From the first place to the last one, which may be those of a range that goes down; k are gone by then.
        place = start + k * step if step > 0 else start + (len(places) - 1 - k) * step
        items.pop(place - k)


def replace_slice(items: list, part: slice, others: list) -> None:
    """`items[part] = others`."""
    start, stop, _ = part.indices(len(items))
    for _ in range(start, stop):
        items.pop(start)
    for k in range(len(others)):
        items.insert(start + k, others[k])


def replace_extended(items: list, part: slice, others: list) -> None:
    """`items[part] = others`, with a step."""
    start, stop, step = part.indices(len(items))
    if len(range(start, stop, step)) != len(others):
        raise ValueError("a sequence is assigned to an extended slice of another size")
    for k in range(len(others)):
        items[start + k * step] = others[k]


def sort(items: list, ordered: list) -> None:
    """`list.sort`, given what it leads to."""
    for k in range(len(ordered)):
        items[k] = ordered[k]


# Functions


def check_number(x: Any) -> None:
    """Refuses a tree where the code was made for arguments of any kind, and a gradient with respect to it is wanted."""
    if isinstance(x, (list, tuple, dict)):
        raise UnsupportedError("a gradient with respect to a list, tuple or dict is taken here", None, KNOWN_KINDS)


def check_shape(x: Any, like: Any, what: str) -> None:
    """Refuses a cotangent or tangent of another shape than that of the value it belongs to."""
    if np.shape(x) != np.shape(like):
        raise ValueError(what + " has another shape than the value it belongs to")


def add_into(shadow: Any, contribution: Any) -> None:
    """`runtime.add_into`, for a shadow of which it is not known what it is."""
    _check_shadow(shadow)
    shadow += contribution


def _check_shadow(shadow: Any) -> None:
    if not isinstance(shadow, np.ndarray):
        message = "the cotangent of a value that is no array, and of unknown kind, is added to here"
        raise UnsupportedError(message, None, KNOWN_KINDS)


def add_unless_view(shadow: Any, i: Any, contribution: Any) -> None:
    """`runtime.add_unless_view`, for a shadow of which it is not known what it is."""
    _check_shadow(shadow)
    if not (isinstance(contribution, np.ndarray) and np.may_share_memory(shadow, contribution)):
        if any([isinstance(part, (list, np.ndarray)) for part in (i if isinstance(i, tuple) else (i,))]):
            np.add.at(shadow, i, contribution)
        else:
            shadow[i] += contribution


def transposed(rows: list) -> list:
    """`zip(*rows)` of tuples whose number depends on the run."""
    return [[row[k] for row in rows] for k in range(shortest(rows))]


def shortest(rows: list) -> int:
    """How many tuples `zip(*rows)` gives."""
    return min([len(row) for row in rows], default=0)


def column(rows: list, k: int) -> list:
    """One of the tuples of `zip(*rows)`."""
    return [row[k] for row in rows]


def item_of(keys: tuple, x: Any) -> Any:
    """`operator.itemgetter(*keys)(x)`."""
    return x[keys[0]] if len(keys) == 1 else tuple([x[key] for key in keys])
