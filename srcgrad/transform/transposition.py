"""Tangent rules that are to be transposed: a function that its own rule calls on a tangent is differentiated itself.

The transpose of a tangent rule is the derivative of what the rule computes with respect to the tangents. Where the rule
calls its own function on one, as that of a linear solver does, the rule would be needed for its own transpose, without
end. There the function is linear, and its body says what its transpose is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from srcgrad.analysis.tangent_flow import TangentFlow
from srcgrad.errors import Span, SrcgradError, UnsupportedError
from srcgrad.frontend.marks import Marks
from srcgrad.frontend.program import Program
from srcgrad.ir.nodes import Call, Op
from srcgrad.rules.custom import Transposed
from srcgrad.transform.linear_rules import check_linear
from srcgrad.transform.protection import leaves_of


def lower_transposed(lower: Callable[[Marks], Program], transposed: Transposed, marks: Marks) -> Program:
    """Lowers a program again and again, until it is known which calls are made on tangents.

    Args:
        lower: lowers it.
        transposed: what it is the tangent of.
        marks: what is known of it before.
    """
    marks.transposed = transposed.functions
    while True:
        with by_bodies(marks.by_body):
            program = lower(marks)
        tangents = [v for v in leaves_of(program, program.arguments[transposed.parameter]) if v.type.differentiable]
        flow = TangentFlow([*program.functions, program.function], tangents)
        on_tangents = [op for op in program.transposed_calls if any(map(flow.depends, op.inputs))]
        if not on_tangents:
            with by_bodies(marks.by_body):
                check_linear(program, flow, tangents)
            return program
        marks.by_body |= {program.transposed_calls[op]: (_name(op), op.span) for op in on_tangents}


@contextmanager
def by_bodies(calls: dict[Any, tuple[str, Span | None]]) -> Iterator[None]:
    """Says of what can't be differentiated inside why it has to be.

    Raises:
        UnsupportedError: if something inside is refused, and there are such calls.
    """
    try:
        yield
    except SrcgradError as error:
        if not calls:
            raise
        name, span = next(iter(calls.values()))
        own = error.span
        place = "" if own is None else f" ({own.filename}:{own.line})"
        raise UnsupportedError(
            f"the rule of {name} calls {name} on a tangent, which in reverse mode takes the derivative of its body, "
            f"and that can't be had: {error.msg}{place}",
            span,
            f"make {name} a srcgrad.custom_vjp, or let the rule do without {name} of a tangent",
        ) from error


def _name(op: Op) -> str:
    assert isinstance(op, Call)
    return getattr(op.fn, "__name__", None) or type(op.fn).__name__
