"""Mutants that change nothing that is promised, each with the proof.

A key is what `Mutant.key` gives: the module, the function, the line as it stands, and the change.
"""

from __future__ import annotations

Key = tuple[str, str, str, str]

_SUM = "both derivatives of a sum are the same one: `return 1.0, 1.0`"
_EXCHANGED = "rule: derivatives 0, 1"

EQUIVALENT: dict[Key, str] = {
    ("rules/elementwise", "add", "partials of _operator.add", _EXCHANGED): _SUM,
    ("rules/elementwise", "add", "partials of np.add", _EXCHANGED): _SUM,
    ("rules/helpers", "plain_sum", "partials of srcgrad.runtime.plain_sum", _EXCHANGED): _SUM,
    (
        "analysis/alias",
        "Aliases._visit_call",
        "if not on_containers(op):",
        "never: not on_containers(op) -> False",
    ): "the branches in between are for calls on containers alone, and the last one does the same for all others",
    (
        "transform/gradient",
        "name_apart",
        'name, k = (f"{stem}_{k}_{suffix}" if suffix in ("fwd", "rev") and stem else f"{function.name}_{k}"), k + 1',
        'never: suffix in ("fwd", "rev") and stem -> False',
    ): "both names are tried with growing numbers until one is free, so that only what functions are called differs",
    (
        "transform/final_cotangents",
        "_what_decides",
        "if (hashable(owner.fn) and owner.fn in _CASTS) or"
        " (isinstance(owner.fn, type) and issubclass(owner.fn, np.generic)):",
        "never: (hashable(owner.fn) and owner.fn in _CASTS) or"
        " (isinstance(owner.fn, type) and issubclass(owner.fn, np.generic)) -> False",
    ): "what decides the dtype then counts as unknown, and the cast to the argument's dtype that it already has stays",
    (
        "transform/undo",
        "Contents._view_of_copy",
        "if key not in self._views:",
        "always: key not in self._views -> True",
    ): "a second view of the same part of the same copy is made, which nothing writes: it shows the same numbers",
    (
        "analysis/invariance",
        "_chosen",
        "if op.fn is np.where:",
        "always: op.fn is np.where -> True",
    ): "a function without a condition then has no form, and what it computes is differentiated like anything else",
    (
        "transform/final_cotangents",
        "_like",
        "if cotangent is not None and fitted:",
        "operand: without cotangent is not None",
    ): "what is fitted has an owner, which only a cotangent that exists has; the test is for the type checker",
    (
        "transform/undo",
        "HARMLESS",
        "HARMLESS[srcgrad.runtime.add_if_copied]",
        "entry: without srcgrad.runtime.add_if_copied",
    ): "what it is given of the forward sweep is in `_LIKENESSES`, too, and the helper itself refuses a list there",
}
