"""Where in the user's source the operations come from that are emitted inside of a `with`."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Protocol

from srcgrad.errors import Span, SrcgradError


class _HasSpan(Protocol):
    span: Span | None


class Place:
    """Sets the span of a lowering for a while.

    Entered for every expression, it is no generator, which would take longer.
    """

    __slots__ = ("lo", "outer", "span")

    def __init__(self, lo: _HasSpan, span: Span):
        self.lo = lo
        self.span = span
        self.outer: Span | None = None

    def __enter__(self) -> None:
        self.outer, self.lo.span = self.lo.span, self.span

    def __exit__(self, _: object, error: BaseException | None, *__: object) -> None:
        if isinstance(error, SrcgradError):
            # What joins types does not know where that is.
            error.locate(self.lo.span)
        self.lo.span = self.outer


SAME_PLACE = nullcontext()
"""Leaves the span what it is."""
