"""What is given to a generated function: is it what a gradient can be taken of?"""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad.backend.targets import Target
from srcgrad.errors import ArgumentError, UnsupportedError
from srcgrad.frontend.program import ANY_KIND
from srcgrad.tree import attribute_names, flatten


def check_argument(target: Target, name: str, value: Any) -> None:
    """Refuses arrays that are not NumPy's own."""
    if type(value) in (float, int) or value is ANY_KIND:
        return
    for leaf in _arrays(value):
        if type(leaf) is not np.ndarray:
            raise ArgumentError(
                f"argument {name!r} of {target.name} is a {_class_name(leaf)}, a subclass of np.ndarray",
                help=_plain_array(name, leaf),
            )


def check_wanted(target: Target, name: str, value: Any) -> None:
    """Refuses what has no gradient."""
    what = f"argument {name!r} of {target.name}"
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "iub":
            kind = "booleans" if value.dtype.kind == "b" else "integers"
            raise ArgumentError(
                f"{what} is an array of {kind} ({value.dtype}), which has no gradient",
                help=f"pass {name}.astype(float), or take the gradient with respect to another argument",
            )
        if value.dtype.kind not in "fc":
            raise ArgumentError(
                f"{what} is an array of {_array_content(value)} ({value.dtype}), which has no gradient",
                help=f"pass {name}.astype(float), or take the gradient with respect to another argument",
            )
    elif isinstance(value, np.generic) and value.dtype.kind not in "fc":
        raise ArgumentError(
            f"{what} is of type {type(value).__name__}, which has no gradient", help=f"pass float({name})"
        )
    elif value is None or isinstance(value, (bool, str, bytes)):
        text = "None" if value is None else f"of type {type(value).__name__}"
        raise ArgumentError(
            f"{what} is {text}, which has no gradient", help="take the gradient with respect to another argument"
        )
    elif flatten(value)[1].is_leaf and attribute_names(value) and not isinstance(value, (dict, list, tuple)):
        cls = type(value).__name__
        raise ArgumentError(
            f"{what} is an object of the class {cls}, whose attributes are no tree",
            help=f"make it one: srcgrad.tree.register({cls}), or make {cls} a dataclass",
        )


def _arrays(value: Any) -> list[np.ndarray]:
    return [leaf for leaf in flatten(value)[0] if isinstance(leaf, np.ndarray)]


def floated(value: Any) -> Any:
    """A Python integer that a gradient is wanted for is taken as a float."""
    return float(value) if type(value) is int else value


def split_name(name: str) -> tuple[str, Any]:
    """The parameter and the item of it that a name such as `xs[0]` or `options['tol']` means."""
    parameter, bracket, rest = name.partition("[")
    if not bracket:
        return parameter, None
    text = rest[:-1]
    return parameter, int(text) if text.isdigit() else text[1:-1]


def item_of(bound: dict[str, Any], name: str) -> Any:
    parameter, place = split_name(name)
    value = bound[parameter]
    if place is None:
        return value
    if value is ANY_KIND:
        raise UnsupportedError(f"the code depends on how many arguments are passed as {parameter!r}")
    return value[place]


def no_such_argument(name: str, target: Target) -> ArgumentError:
    message = f"a gradient with respect to {name!r} is wanted, but {target.name} was called without it"
    return ArgumentError.of_parameters(message, target.name, target.parameters)


def _array_content(value: np.ndarray) -> str:
    return {"O": "objects", "U": "strings", "S": "bytes", "M": "dates", "m": "time spans", "V": "records"}[
        value.dtype.kind
    ]


def _class_name(value: Any) -> str:
    return f"{type(value).__module__.partition('.')[0]}.{type(value).__qualname__}"


def _plain_array(name: str, value: np.ndarray) -> str:
    if isinstance(value, np.ma.MaskedArray):
        return f"pass {name}.filled(0.0) and the mask as arguments of their own"
    return f"pass np.asarray({name})"
