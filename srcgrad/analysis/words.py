"""Words for values that the user's program does not name: what a value is, from the operation that makes it."""

from __future__ import annotations

import builtins
import keyword
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from srcgrad.ir.nodes import Call, Const, Exit, For, If, Invoke, Loop, Region, Value, leaves
from srcgrad.ir.types import Array, List, PyScalar, Tuple, is_scalar

LONGEST = 16
_NONE: dict[Value, str] = {}
_OPERATIONS: dict[Callable, str] = {
    operator.mul: "product",
    operator.matmul: "product",
    operator.add: "total",
    operator.sub: "difference",
    operator.truediv: "ratio",
    operator.floordiv: "quotient",
    operator.mod: "remainder",
    operator.pow: "power",
    operator.neg: "negated",
}
_COMPARISONS: dict[Callable, str] = {
    operator.lt: "below",
    operator.le: "at_most",
    operator.gt: "above",
    operator.ge: "at_least",
    operator.eq: "is",
    operator.ne: "is_not",
    operator.is_: "is",
    operator.is_not: "is_not",
}
EXITS: dict[Any, str] = {Exit.BREAK: "broke", Exit.RETURN: "returned"}
_PREFIXES = {"negative": "neg", "absolute": "abs", "amax": "max", "amin": "min", "fabs": "abs", "neg": "neg"}
_SUFFIXES = {
    "transpose": "T",
    "reshape": "reshaped",
    "ravel": "flat",
    "copy": "copy",
    "astype": "cast",
    "expand_dims": "spread",
    "expanded": "spread",
    "broadcast_to": "spread",
    "squeeze": "squeezed",
    "moveaxis": "moved",
    "swapaxes": "swapped",
    "roll": "rolled",
    "flip": "flipped",
    "cumsum": "cumulated",
    "unbroadcast": "reduced",
}
_NOUNS = {
    "sum": "total",
    "max": "largest",
    "amax": "largest",
    "maximum": "larger",
    "min": "smallest",
    "amin": "smallest",
    "minimum": "smaller",
    "abs": "magnitude",
    "absolute": "magnitude",
    "fabs": "magnitude",
    "round": "rounded",
    "dot": "product",
    "einsum": "contraction",
    "tensordot": "contraction",
    "multiply": "product",
    "matmul": "product",
    "masked_product": "product",
    "add": "total",
    "subtract": "difference",
    "divide": "ratio",
    "true_divide": "ratio",
    "power": "power",
    "pow": "power",
    "square": "square",
    "where": "chosen",
    "concatenate": "joined",
    "hstack": "joined",
    "vstack": "joined",
    "stack": "stacked",
    "solve": "solution",
    "zeros_like": "zeros",
    "ones_like": "ones",
    "array": "array",
    "logical_not": "mask",
    "list": "items",
    "tuple": "items",
    "float": "number",
    "pop": "popped",
}
_PASSED_ON = frozenset(["expanded", "unbroadcast", "broadcast_to"])
_STEPS: dict[Callable, str] = {operator.add: "next", operator.sub: "prev"}
_POWERS = {2: "squared", 3: "cubed"}


def identifier(text: str) -> str:
    """A valid Python name that resembles the text."""
    name = re.sub(r"\W", "_", text)
    if not name or name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def word(value: Value, hints: Mapping[Value, str] = _NONE) -> str | None:
    """A short name that says what a value is, None where there is nothing to say.

    It holds for the value as it is made: not for an array that is changed afterwards.

    Args:
        value: a value; its own hint, if it has one, is the answer.
        hints: what is known beyond the hints of values.
    """
    known = hints.get(value, value.hint)
    if known is not None:
        return known
    owner = value.owner
    if isinstance(owner, Call):
        return _of_call(owner, value, hints)
    if isinstance(owner, Invoke):
        return _of_invoke(owner, value)
    if isinstance(owner, If):
        return _of_selected(owner, value, hints)
    if isinstance(owner, Loop) and owner.exits and owner.outputs[0] is value:
        return "exited"
    if isinstance(owner, Region) and isinstance(owner.parent, For) and owner.parent.index is value:
        return _of_index(owner.parent)
    return None


def _of_index(loop: For) -> str:
    """The name of the index of a loop that has none: `i`, and `j` or `k` where such a loop is in such a loop."""
    depth, region = 0, loop.parent
    while region is not None and region.parent is not None:
        outer = region.parent
        depth += isinstance(outer, For) and outer.index.hint is None
        region = outer.parent
    return "ijk"[min(depth, 2)]


def adjoint(name: str) -> str:
    """The name of the cotangent of what has this name."""
    return f"{name}_bar"


def _of_selected(op: If, value: Value, hints: Mapping[Value, str]) -> str:
    """What is meant on both sides of a branch, if that is one and the same."""
    if isinstance(value.type, PyScalar) and value.type.kind == "b":
        return "condition"
    if value not in op.outputs:
        # Nobody needs it any more, but its cotangent is named after it.
        return "selected"
    k = op.outputs.index(value)
    sides = [side.results[k] for side in op.regions if not isinstance(side.results[k], Const)]
    found = {word(side, hints) for side in sides}
    return (found.pop() if len(found) == 1 else None) or "selected"


def _of_invoke(op: Invoke, value: Value) -> str | None:
    inner = op.callee.body.results[op.outputs.index(value)]
    stem, _, kind = op.callee.name.rpartition("_")
    if kind == "rev" and inner.hint:
        return inner.hint
    return f"{stem or op.callee.name}_value"


def _of_call(op: Call, value: Value, hints: Mapping[Value, str]) -> str | None:
    fn: Any = op.fn
    if type(fn).__hash__ is None:
        return None
    first = op.args[0] if op.args else None
    if op.unpacks:
        if fn is operator.getitem:
            return "item"
        return "length" if fn is np.shape or (fn is getattr and op.args[1].value == "shape") else None
    if getattr(fn, "__name__", "") in _PASSED_ON and isinstance(first, Value) and _is_cotangent(first, hints):
        return hints.get(first, first.hint) or adjoint(word(first.primal, hints) or "value")  # type: ignore[arg-type]
    subject = _subject(first, hints)
    if fn in _COMPARISONS or fn is operator.not_:
        return _of_comparison(op, value, hints)
    if fn is operator.getitem and len(op.args) == 2:
        return _of_item(value, first, op.args[1], subject, hints)
    if fn is operator.pow and subject and isinstance(op.args[1], Const) and op.args[1].value in _POWERS:
        return _joined("power", subject, _POWERS[op.args[1].value])
    if fn is operator.neg:
        return _joined("negated", "neg", subject)
    if fn in _OPERATIONS:
        return _OPERATIONS[fn]
    if fn is getattr and len(op.args) == 2 and isinstance(op.args[1], Const):
        return _joined(identifier(str(op.args[1].value)), subject, str(op.args[1].value))
    if fn is len:
        return _joined("length", "n", subject)
    if fn in (operator.invert, operator.and_, operator.or_, operator.xor):
        return "mask" if isinstance(value.type, Array) else None
    single = isinstance(first, Value) and sum(not isinstance(v, Const) for v in op.inputs) == 1
    return _of_function(str(getattr(fn, "__name__", "")), subject if single else None)


def _is_cotangent(value: Value, hints: Mapping[Value, str]) -> bool:
    known = hints.get(value, value.hint)
    return value.primal is not None if known is None else known.endswith("_bar")


def _of_function(name: str, subject: str | None) -> str | None:
    if name == "copy" and subject is not None and subject.endswith("_bar"):
        return subject
    if name in _SUFFIXES:
        return _joined(_SUFFIXES[name] if len(_SUFFIXES[name]) > 1 else "transposed", subject, _SUFFIXES[name])
    noun = _NOUNS.get(name, name.strip("_"))
    if subject is not None and len(name) < 8 and name not in ("array", "list", "tuple", "float", "where"):
        noun = noun if noun != name or hasattr(builtins, name) else name
        return _joined(noun, _PREFIXES.get(name, name), subject)
    if not noun.isidentifier() or hasattr(builtins, noun) or keyword.iskeyword(noun) or len(noun) > LONGEST:
        return None
    return noun.lower() or None


def _joined(otherwise: str, first: str | None, second: str | None) -> str | None:
    """Two parts of a name, if there are two and they are not too long together."""
    if first and second and len(first) + len(second) < LONGEST + 2:
        return identifier(f"{first}_{second}")
    return otherwise if otherwise.isidentifier() and not hasattr(builtins, otherwise) else None


def _subject(tree: Any, hints: Mapping[Value, str]) -> str | None:
    if not isinstance(tree, Value) or isinstance(tree, Const):
        return None
    known = hints.get(tree, tree.hint)
    owner = tree.owner
    if known is None and isinstance(owner, Call) and owner.fn in (operator.getitem, getattr):
        base = owner.args[0]
        return word(tree, hints) if isinstance(base, Value) and hints.get(base, base.hint) else None
    return known


def _of_comparison(op: Call, value: Value, hints: Mapping[Value, str]) -> str:
    plain = "condition" if is_scalar(value.type) else "mask"
    if len(op.args) != 2 or plain == "mask" or not all(isinstance(arg, Value) for arg in op.args):
        return plain
    a, b = op.args
    if isinstance(a.owner, Loop) and a.owner.exits and a.owner.outputs[0] is a:
        return EXITS.get(b.value, "left") if op.fn is operator.eq and isinstance(b, Const) else plain
    left, right = _subject(a, hints), _subject(b, hints)
    if isinstance(b, Const) and (b.value is None or (isinstance(b.value, int) and b.value >= 0)):
        right = str(b.value)
    name = f"{left}_{_COMPARISONS[op.fn]}_{right}"
    return identifier(name) if left and right and len(name) < LONGEST + 2 else plain


def _of_item(value: Value, base: Any, index: Any, subject: str | None, hints: Mapping[Value, str]) -> str | None:
    """`x_i` for `x[i]`, `x_ij` for `x[i, j]`, `x_0` for `x[0]`, `x_i_bar` for `x_bar[i]`."""
    whole = isinstance(index, slice) or (
        isinstance(index, tuple) and any(isinstance(part, slice) or part is Ellipsis for part in index)
    )
    whole = whole or any(not is_scalar(v.type) for v in leaves(index) if not isinstance(v, Const))
    if isinstance(index, Const):
        whole = not isinstance(index.value, int)
    if subject is None:
        return "part" if whole else "item"
    parts = "part" if whole else _index_text(index, hints)
    stem, is_bar = (subject[: -len("_bar")], True) if subject.endswith("_bar") else (subject, False)
    if isinstance(base.type, (List, Tuple)) and not whole:
        stem = _singular(stem)
    name = _joined("part" if whole else "item", stem, parts)
    return adjoint(name) if name and is_bar else name


def _singular(word: str) -> str:
    """One of several: `body` of `bodies`, `state` of `states`."""
    if len(word) <= 3 or word.endswith(_SINGULAR) or not word.endswith("s"):
        return word
    return f"{word[:-3]}y" if word.endswith("ies") and len(word) > 4 else word[:-1]


_SINGULAR = ("as", "is", "os", "ss", "us", "series", "species")
"""What words end in that are no plurals: bias, axis, pos, mass, radius."""


def _step_away(tree: Any, hints: Mapping[Value, str]) -> str | None:
    """`next` for `i + 1`, `prev` for `i - 1`."""
    owner = tree.owner if isinstance(tree, Value) else None
    if isinstance(owner, Call) and owner.fn in _STEPS and isinstance(owner.args[1], Const) and owner.args[1].value == 1:
        return _STEPS[owner.fn] if _subject(owner.args[0], hints) else None
    return None


def _index_text(index: Any, hints: Mapping[Value, str]) -> str:
    """The subscripts of one element as a part of a name."""
    parts = index if isinstance(index, tuple) else (index,)
    texts: list[str] = []
    for part in parts:
        if isinstance(part, Const):
            texts.append("last" if part.value == -1 else str(part.value))
        else:
            texts.append(_subject(part, hints) or (len(parts) == 1 and _step_away(part, hints)) or "")
    if not all(text.isalnum() for text in texts):
        return "entry"
    return "".join(texts) if all(len(t) == 1 for t in texts) else "_".join(texts)
