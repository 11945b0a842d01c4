"""What one attempt at lowering a program tells the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from srcgrad.ir.types import Record, Type


@dataclass
class Marks:
    """What earlier attempts at lowering this program have found out.

    Attributes:
        dynamic: sites whose lists have no structure known at compile time -> the type of their items.
        inner: sites of lists -> the sites whose lists are put into them.
        unrolled: loops over a constant range that index containers of mixed content.
        outlined: code objects that are called, not inlined, because they are recursive.
        boxed: code objects of recursive functions that return tuples made at run time: the whole one or those in it.
        records: where tuples are made at run time -> their kind.
        float_errors: whether the program makes NumPy raise for overflows and the like.
        lazy: sites of generator expressions that loop over generators.
        split: `try` statements whose body is protected statement by statement.
        keyed: sites of dicts whose keys depend on the run -> the type of the keys.
        alike: sites of which a name stands for one or the other -> another one of the same kind.
        settled: whether nothing more is going to be put into lists and dicts of which nothing is known.
        tables: sites of dicts that are tables of shadows, filled at run time.
        opened: objects among the arguments whose attributes are written, by identity -> where they are read.
    """

    dynamic: dict[Any, Type | None] = field(default_factory=dict)
    inner: dict[Any, dict[Any, None]] = field(default_factory=dict)
    unrolled: set[Any] = field(default_factory=set)
    outlined: set[Any] = field(default_factory=set)
    boxed: dict[Any, str] = field(default_factory=dict)
    records: dict[Any, Record] = field(default_factory=dict)
    float_errors: bool = False
    lazy: set[Any] = field(default_factory=set)
    split: set[Any] = field(default_factory=set)
    keyed: dict[Any, Type | None] = field(default_factory=dict)
    alike: dict[Any, Any] = field(default_factory=dict)
    settled: bool = False
    tables: set[Any] = field(default_factory=set)
    opened: dict[int, Any] = field(default_factory=dict)
