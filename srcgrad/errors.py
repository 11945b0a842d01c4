"""One class per mistake; its docstring is its documentation."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FrameType
from typing import Any, ClassVar, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Span:
    """Where in the user's source something comes from (1-based lines, 0-based columns, in characters).

    Attributes:
        generated: for what was read from generated code, where it stands there.
    """

    filename: str
    line: int
    column: int
    end_line: int
    end_column: int
    generated: tuple[str, int, int] | None = None


PLACES: dict[str, list[Span | None]] = {}
"""Generated file -> for each of its lines where in the user's source it comes from, if it comes from anywhere."""


_HELPERS = ("srcgrad.checks", "srcgrad.errors", "srcgrad.rules", "srcgrad.runtime")
"""The modules of what generated code calls."""


def _running_place() -> Span | None:
    """Where in the user's source the line comes from that calls the helper which raises; None if none does."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__")).startswith(_HELPERS):
        frame = frame.f_back
    places = [] if frame is None else PLACES.get(frame.f_code.co_filename, [])
    line = 0 if frame is None else frame.f_lineno or 0
    return places[line - 1] if 0 < line <= len(places) else None


REFUSING: set[Callable[..., Any]] = set()
"""What generated code calls and what may refuse to go on, with a `SrcgradError`, which no handler may take."""


def refuses(fn: F) -> F:
    """Notes that a helper of generated code may refuse to go on."""
    REFUSING.add(fn)
    return fn


class SrcgradError(SyntaxError):
    """Base of all errors that srcgrad raises on purpose.

    It is a `SyntaxError`, so that Python's own traceback shows the user's file and line and underlines the expression.
    A span over several lines underlines its first line. One that a helper of generated code raises without a span has
    that of the line the helper is called in.

    Attributes:
        span: where in the user's source the mistake is, if it is anywhere.
        help: the way out; tracebacks show it below the message.
    """

    default_help: ClassVar[str | None] = None
    """The help of an error that is raised without one."""

    def __init__(self, message: str, span: Span | None = None, help: str | None = None):
        super().__init__(message)
        span = _running_place() if span is None else span
        self.span = span
        self.help = self.default_help if help is None else help
        if span is not None:
            self._point_at(span)
        if self.help is not None:
            self.add_note(f"help: {self.help}")

    def _point_at(self, span: Span) -> None:
        self.filename = span.filename
        self.lineno = self.end_lineno = span.line
        self.text = linecache.getline(span.filename, span.line) or None
        self.offset = span.column + 1
        if span.end_line == span.line:
            self.end_offset = span.end_column + 1
        else:
            self.end_offset = max(len((self.text or "").rstrip()), span.column + 1) + 1

    def locate(self, span: Span | None) -> None:
        """Points at a place, if the error does not point at one yet."""
        if self.span is None and span is not None:
            self.span = span
            self._point_at(span)

    def __str__(self) -> str:
        return self.msg

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.msg, self.span, self.help), self.__dict__.copy()

    def render(self) -> str:
        """The error as text: class and message, file and line, the line underlined, the way out.

        Example:
            >>> print(UnsupportedError("`del` is not supported", help="leave it out").render())
            srcgrad.errors.UnsupportedError: `del` is not supported
              help: leave it out
        """
        lines = [f"{type(self).__module__}.{type(self).__qualname__}: {self.msg}"]
        if self.span is not None:
            lines.append(f'  File "{self.filename}", line {self.lineno}')
            lines.extend(self._underlined())
        for note in getattr(self, "__notes__", ()):
            lines.extend("  " + line for line in note.splitlines())
        return "\n".join(lines)

    def _underlined(self) -> list[str]:
        if not self.text or self.offset is None or self.end_offset is None:
            return []
        line = self.text.rstrip()
        code = line.lstrip(" \f")
        start = max(self.offset - 1 - (len(line) - len(code)), 0)
        stop = max(self.end_offset - 1 - (len(line) - len(code)), start + 1)
        # Tabs stay tabs, so that the carets stand below what they mean.
        margin = "".join(c if c.isspace() else " " for c in code[:start])
        return [f"    {code}", f"    {margin}{'^' * (stop - start)}"]


class NoRuleError(SrcgradError, NotImplementedError):
    """A function without a derivative rule is applied to something the gradient depends on.

    srcgrad never takes a missing derivative for zero. Give the function a rule (`srcgrad.rules.vjp`), or say that no
    derivative should flow through it (`srcgrad.stop_gradient` on its argument).
    """


class NotScalarError(SrcgradError, TypeError):
    """`grad` was asked for the gradient of something that is not a single number.

    Only a scalar has a gradient. Reduce the result to a number, or ask for the derivative of all of its elements
    (`srcgrad.jacobian`) or for a product with it (`srcgrad.vjp`).
    """

    default_help = "reduce it to a number, for example with np.sum, or use srcgrad.jacobian or srcgrad.vjp"

    @classmethod
    def of(cls, name: str, shape: tuple[int, ...], span: Span | None = None) -> NotScalarError:
        """The error for a function of this name that returned an array of this shape."""
        return cls(f"{name} returned shape {shape}, but only a scalar has a gradient", span)


class UnsupportedError(SrcgradError, NotImplementedError):
    """A statement or expression that srcgrad cannot differentiate.

    The message names it, the help says how to write it instead. Code that carries no derivative may also move
    into a function of its own, called on `srcgrad.stop_gradient` of its arguments.
    """


class SourceNotFoundError(SrcgradError):
    """There is no Python source to differentiate.

    srcgrad compiles source text. A function written in C has none, and neither has one that was made with `exec` or
    typed at a prompt that keeps no record of it. Put the function in a file, register its text in `linecache`, or give
    it a derivative by hand (`srcgrad.custom_vjp`).
    """


class SourceChangedError(SrcgradError):
    """The source on disk is not the code that runs.

    The file was edited after it was imported (or an import hook rewrote the code), so that a gradient of the text would
    be the gradient of another function. Import the module again.
    """

    default_help = "reload the module or restart Python, so that the code that runs is the code in the file"


class ArgumentError(SrcgradError, TypeError):
    """`argnums` or `argnames` names no parameter, or the argument it names cannot have a gradient.

    A gradient is taken with respect to floats, arrays of floats, and trees of them (tuples, lists, dicts, named tuples,
    dataclasses). Integer arrays, arrays of objects and trees without a single float have none: convert them, or take
    the gradient with respect to another argument.
    """

    @classmethod
    def of_parameters(
        cls, message: str, name: str, parameters: Iterable[str], span: Span | None = None
    ) -> ArgumentError:
        """The error whose help shows the parameters of the function `name` with their numbers."""
        listed = ", ".join(f"{k}: {parameter}" for k, parameter in enumerate(parameters))
        return cls(message, span, f"the parameters of {name} are {listed}" if listed else f"{name} has no parameters")


class ShapeError(SrcgradError, ValueError):
    """Two shapes that have to agree do not: a cotangent and its output, a tangent and its primal.

    The message names both. Nothing is broadcast here, as that would hide a mistake.
    """


class AliasError(SrcgradError, ValueError):
    """Arguments that share memory are written, and separate gradients for them are wanted.

    A write through one of them changes the others, so there is no such thing as the derivative with respect to one
    alone. Pass copies, or differentiate with respect to the array they are views of.
    """

    default_help = "pass copies, or differentiate with respect to the array that they are views of"


class NanError(SrcgradError, FloatingPointError):
    """A NaN appeared in a derivative, and `debug="nan"` asked to be told.

    The message says which derivative and of which value, and the line is the one whose derivative it is. Usual causes
    are the derivative of `sqrt` or of a norm at 0, and `0 * inf`: keep the point out with `np.where` on the *argument*.
    """

    default_help = "keep such points out with np.where on the argument of the function that is singular there"


class StaleFileError(SrcgradError):
    """A gradient that was saved to a file no longer belongs to the function it was made from.

    The function, or the version of srcgrad, has changed since. Save it again.
    """

    default_help = "write the file again with GradFunction.save, or with python -m srcgrad"


class NotJitableError(SrcgradError):
    """Something in the function cannot be compiled by Numba.

    The message says what, the line says where. Use `jit=False`, or write that part with what Numba supports.
    """

    default_help = "leave out jit=True, or write this part with what Numba supports"


class MissingPackageError(SrcgradError):
    """A package that srcgrad does not need by itself is needed for what was asked of it.

    The message says which, and how it is installed. Its cause is the `ImportError`.
    """


class InternalError(SrcgradError, RuntimeError):
    """srcgrad itself is wrong: this is a bug, and not in your code.

    Please report it with the source of the function and the types of its arguments.
    """

    default_help = "this is a bug in srcgrad; please report it, with the source of the function and this message"
