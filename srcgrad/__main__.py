"""The command line: writes the gradient of a function to a file, or checks that a file still is it.

python -m srcgrad pkg.mod:loss --argnums 0,1 --types "f8[:], f8" -o loss_grad.py
python -m srcgrad pkg.mod:loss --argnums 0,1 --types "f8[:], f8" -o loss_grad.py --check
"""

from __future__ import annotations

import argparse
import functools
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from srcgrad.api import GradFunction, grad, value_and_grad
from srcgrad.backend.export import check_text, write_text
from srcgrad.errors import SrcgradError, StaleFileError

_EPILOG = """\
types: one for each argument, as in "f8, f8[:], f4[1,:]": a dtype and, for an array, its axes, each `:` or `1`.
Without them the code holds for arguments of any kind, and is longer.

exit status: 0 if all is well, 1 if --check finds that the file is stale, 2 for an error.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: those of `sys.argv` if None.

    Returns:
        the exit status: 0, or 1 for a stale file. Errors raise `SystemExit` with status 2, after a message on one line.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.check and given.output is None:
        parser.error("--check needs the file to check: -o FILE")
    try:
        function = _gradient(given)
        text = function.saved_source(given.types)
        if given.check:
            check_text(given.output, text, function.__name__)
        elif given.output is None:
            print(text, end="")
        else:
            write_text(given.output, text)
    except StaleFileError as error:
        print(f"srcgrad: {_one_line(error)}", file=sys.stderr)
        return 1
    except SrcgradError as error:
        _fail(_one_line(error))
    except OSError as error:
        _fail(f"{given.output}: {error.strerror}")
    return 0


class _Parser(argparse.ArgumentParser):
    """Says on one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        _fail(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="srcgrad",
        description="Writes the gradient of a function as Python source.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("function", metavar="MODULE:FUNCTION", help="what to differentiate, as in pkg.mod:loss")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--argnums", type=_numbers, help="the parameters: 0 for one gradient, 0,1 for a tuple")
    which.add_argument("--argnames", type=_names, help="the same by name")
    parser.add_argument("--value", action="store_true", help="return the value, too")
    parser.add_argument("--has-aux", action="store_true", help="the function returns a pair (value, aux)")
    parser.add_argument("--types", help='the types of the arguments, as in "f8[:], f8"')
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write; standard output if left out")
    parser.add_argument("--check", action="store_true", help="write nothing, but fail if FILE is not what would be")
    return parser


def _numbers(text: str) -> int | tuple[int, ...]:
    parts = text.split(",")
    try:
        numbers = tuple([int(part) for part in parts if part.strip()])
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, nor numbers with commas between them") from None
    if not numbers:
        raise argparse.ArgumentTypeError("it is empty")
    return numbers[0] if len(parts) == 1 else numbers


def _names(text: str) -> str | tuple[str, ...]:
    parts = [part.strip() for part in text.split(",")]
    return parts[0] if len(parts) == 1 else tuple(filter(None, parts))


def _gradient(given: argparse.Namespace) -> GradFunction:
    fun = _found(given.function)
    options: dict[str, Any] = {}
    if given.argnums is not None:
        options["argnums"] = given.argnums
    if given.argnames is not None:
        options["argnames"] = given.argnames
    if given.has_aux:
        options["has_aux"] = True
    if isinstance(fun, GradFunction):
        if not options and not given.value:
            return fun
        fun = fun.fun
    if not callable(fun):
        _fail(f"{given.function} is of type {type(fun).__name__}, not a function")
    make = value_and_grad if given.value else grad
    made: GradFunction = make(fun, **options)
    return made


def _found(path: str) -> Any:
    """The object that `pkg.mod:name` means."""
    module_name, colon, names = path.partition(":")
    if not (colon and names and module_name):
        _fail(f"{path!r} is not of the form MODULE:FUNCTION, as in pkg.mod:loss")
    # Also where the command is not started by `python -m`, which puts the folder there.
    sys.path.insert(0, os.getcwd())
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name in _prefixes(module_name):
            _fail(f"there is no module {error.name!r}")
        _fail(f"importing {module_name} raised {type(error).__name__}: {' '.join(str(error).split())}")
    finally:
        sys.path.remove(os.getcwd())
    try:
        return functools.reduce(getattr, names.split("."), module)
    except AttributeError:
        _fail(f"module {module_name!r} has no {names!r}")


def _prefixes(dotted: str) -> list[str]:
    parts = dotted.split(".")
    return [".".join(parts[: k + 1]) for k in range(len(parts))]


def _one_line(error: SrcgradError) -> str:
    place = f"{error.filename}:{error.lineno}: " if error.span is not None else ""
    way_out = f" ({error.help})" if error.help else ""
    return " ".join(f"{place}{error.msg}{way_out}".split())


def _fail(message: str) -> NoReturn:
    print(f"srcgrad: error: {message}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    sys.exit(main())
