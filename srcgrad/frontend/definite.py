"""Names that only some paths assign: where such a name is read, it is known whether the path taken did."""

from __future__ import annotations

from typing import Any, NoReturn

from srcgrad.frontend.lowering import Lowering, RaisesAlways
from srcgrad.frontend.merging import NEVER, NEXT, Checked, Outcome, bound_key, branch, join_branches
from srcgrad.frontend.store import MISSING
from srcgrad.ir.nodes import Const, Raise, Value
from srcgrad.ir.types import Opaque


def _never_bound(lo: Lowering, name: str, message: str) -> NoReturn:
    if lo.attempts or lo.store.depth:
        raise RaisesAlways(UnboundLocalError, message)
    lo.unsupported(f"{name!r} is read here, but it is not assigned before", "assign it on every path")


def require_bound(lo: Lowering, key: Any) -> None:
    """Lets the program raise where Python does, which finds no value for a name."""
    owner, name = key
    if owner.scope is None or (owner.function is not lo.function and not lo.has_assigned(key)):
        return
    message = f"cannot access local variable {name!r} where it is not associated with a value"
    if lo.store.get(key) is MISSING:
        if lo.loops:
            return
        _never_bound(lo, name, message)
    if lo.unbound_at_first.get(key) == (lo.region, lo.store.get(key)):
        # Every turn of the loop gets here, and so does the first one.
        raise RaisesAlways(UnboundLocalError, message)
    flag = lo.store.get(bound_key(key))
    if isinstance(flag, Const) and flag.value is False and not lo.loops:
        _never_bound(lo, name, message)
    if flag is MISSING or isinstance(flag, Const):
        return

    require(lo, flag, UnboundLocalError, message)
    for other in owner.scope.locals:
        # Names that are bound by the same turns of a loop, say.
        if lo.store.get(bound_key((owner, other))) is flag:
            lo.store.set(bound_key((owner, other)), Checked(flag))


def require(lo: Lowering, condition: Value, cls: type[Exception], message: str) -> None:
    """Lets the program raise unless a condition holds."""

    def fail() -> Outcome:
        error = lo.value(lo.emit_typed(cls, (Const(message),), {}, Opaque(cls)))
        lo.append(Raise(error, None, lo.span))
        return NEVER

    join_branches(lo, condition, branch(lo, lambda: NEXT), branch(lo, fail))
