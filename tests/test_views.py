"""What library functions return shares memory with their arguments only where the analysis knows of it.

Every function of the registry is called in many forms. Where NumPy's answer is memory of an argument, the analysis of a
program that makes the same call must say that it may be.
"""

from __future__ import annotations

import linecache
import operator
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from srcgrad import rules, runtime
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.errors import SrcgradError
from srcgrad.frontend.program import lower_program
from srcgrad.ir.nodes import Const, Value, leaves
from srcgrad.rules.registry import ACCUMULATE, METHODS, NONDIFFERENTIABLE, PARTIALS, VIEWS, VJP

SAMPLES = {
    "matrix": np.arange(12.0).reshape(3, 4),
    "square": np.arange(9.0).reshape(3, 3),
    "vector": np.arange(4.0),
    "tensor": np.arange(8.0).reshape(2, 2, 2),
    "row": np.ones((1, 4)),
    "strided": np.arange(24.0).reshape(6, 4)[::2, ::2],
    "columns": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "complex": np.arange(9.0).reshape(3, 3) * (1 + 1j),
    "integers": np.arange(4),
}
FORMS = [
    *("F(a)", "F(a, 0)", "F(a, 1)", "F(a, -1)", "F(a, 2)", "F(a, 0, 1)", "F(a, 1, 0)", "F(a, (1, 0))", "F(a, (-1,))"),
    *("F(a, 'F')", "F(a, 'A')", "F(a, 'K')", "F(a, (-1,), 'F')", "F(a, None)", "F(a, [1, 2])", "F(a, float)"),
    *("F('ij->ji', a)", "F('ij->ij', a)", "F('ij', a)", "F('ji', a)", "F('ii->i', a)", "F('i->i', a)", "F('...', a)"),
    *("F(a, copy=False)", "F(a, copy=None)", "F(a, float, copy=False)", "F(a, order='F')", "F(a, dtype=float)"),
    *("F(a, b)", "F(b, a)", "F(a, b, copy=False)", "F([a])", "F([a, b])", "F((a, b))", "F(a, axis=0)", "F(a, axis=())"),
    *("F(a, n=0)", "F(a, n=1)", "F(a, n)", "F(True, a, b)", "F([True], [a])", "F(0, [a, b])", "F(a, a.shape)"),
]
NOT_CALLED = frozenset(
    [operator.setitem, operator.delitem, operator.getitem, print, runtime.shadow_of, runtime.add_part, runtime.add_each]
)


def functions() -> list[Callable[..., Any]]:
    found = {*PARTIALS, *VJP, *ACCUMULATE, *NONDIFFERENTIABLE, *VIEWS, *METHODS.values()}
    others = [np.array, np.float64, np.ndarray.copy, np.require, np.trim_zeros, np.real_if_close, np.meshgrid]
    found |= {*others, *(getattr(np, name) for name in ("astype", "unstack") if hasattr(np, name))}
    # The rules of ufuncs are pure arithmetic: they make new arrays, unless they are told where to.
    found = {fn for fn in found if fn not in NOT_CALLED and not isinstance(fn, np.ufunc)}
    # SciPy's cho_factor returns its flag as it was given, and an array is given for it here.
    found = {fn for fn in found if getattr(fn, "__name__", "") != "cho_factor"}
    return sorted(found, key=lambda fn: (getattr(fn, "__module__", None) or "", getattr(fn, "__qualname__", "")))


def arrays_in(tree: Any) -> Iterator[np.ndarray]:
    if isinstance(tree, np.ndarray):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for item in tree:
            yield from arrays_in(item)


def program_of(fn: Callable[..., Any], form: str) -> Any:
    text = f"def program(a, b, n):\n    return {form}\n"
    name = f"<view {fn!r} {form}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope = {"F": fn, "__name__": "views"}
    exec(compile(text, name, "exec", dont_inherit=True), scope)
    return scope["program"]


def copies(args: tuple) -> tuple:
    return tuple(runtime.copied(arg) for arg in args)


@pytest.mark.parametrize("fn", [pytest.param(fn, id=getattr(fn, "__qualname__", repr(fn))) for fn in functions()])
def test_what_shares_memory_is_known_to(fn: Callable[..., Any]) -> None:
    for name, sample in SAMPLES.items():
        for form in FORMS:
            program = program_of(fn, form)
            args = copies((sample, sample, 1))
            if form == "F(a, n)" and fn is np.diff:
                args = (*args[:2], 0)
            shared = [k for k in range(2) if gives_memory_of(program, args, k)]
            if shared:
                known = known_to_share(program, args)
                assert known is None or set(shared) <= known, f"{form} of {name} is memory of arguments {shared}"


def gives_memory_of(program: Callable[..., Any], args: tuple, k: int) -> bool:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            out = program(*copies(args[:k]), args[k], *copies(args[k + 1 :]))
        except Exception:  # what NumPy refuses is no view
            return False
    return any(np.shares_memory(array, args[k]) for array in arrays_in(out) if array.size)


def known_to_share(program: Any, args: tuple) -> set[int] | None:
    """The arguments that the result may be memory of, as far as the analysis knows; None if the call is refused."""
    try:
        lowered = lower_program(program, dict(zip("abn", args, strict=True)))
    except (SrcgradError, NotImplementedError):
        return None
    aliases = Aliases([*lowered.functions, lowered.function])
    results = [v for v in leaves(lowered.function.result) if not isinstance(v, Const) and is_pointer(v.type)]
    memory = set().union(*({aliases.find(v), aliases.held(v), *aliases.within(v)} for v in results))
    given = [lowered.arguments["a"], lowered.arguments["b"]]
    return {k for k, v in enumerate(given) if isinstance(v, Value) and aliases.find(v) in memory}


def test_the_registry_is_walked() -> None:
    assert rules is not None
    assert len(functions()) > 150
