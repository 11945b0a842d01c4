"""From a finished gradient to what Numba compiles: the pipeline of passes, flat."""

from __future__ import annotations

from srcgrad.analysis.alias import Aliases
from srcgrad.ir.nodes import Function
from srcgrad.jit.bounds import check_bounds
from srcgrad.jit.dialect import adapt
from srcgrad.jit.gathers import gather_sums
from srcgrad.jit.invariants import hoist_places
from srcgrad.jit.kernel import check_compilable, pass_captured, split_entry
from srcgrad.jit.kinds import settle_kinds
from srcgrad.jit.late_checks import postpone_checks
from srcgrad.jit.loops import fuse_loops
from srcgrad.jit.messages import postpone_messages
from srcgrad.jit.order import run_upwards
from srcgrad.jit.retyping import settle_lengths
from srcgrad.jit.shadow_tables import split_tables
from srcgrad.jit.tapes import size_tapes
from srcgrad.jit.vector_functions import use_vector_functions
from srcgrad.transform.effects import has_effects
from srcgrad.transform.split import first_of_reverse


def jitted(functions: list[Function], relies: bool = False) -> tuple[dict[Function, bool], Function | None]:
    """Makes of the functions of a gradient, the entry last, those to be compiled and the entry around them.

    Args:
        functions: they are changed.
        relies: whether the code may raise `Stretched`, and another one be called then.

    Returns:
        The functions to be compiled, the one to be called last, and for each whether Numba has to check the bounds of
        arrays; and the Python function that calls it, if one has to.

    Raises:
        NotJitableError: if there is something in them that Numba can't compile.
    """
    pass_captured(functions)
    split_tables(functions)
    for function in functions:
        settle_kinds(function)
        postpone_messages(function)
    kernel, entry = split_entry(functions[-1])
    compiled = [*functions[:-1], kernel]
    for function in compiled:
        settle_lengths(function)
        hoist_places(function)
    bounded = {function: not check_bounds(function) for function in compiled}
    fuse_loops(compiled, relies and not any(map(has_effects, functions)))
    for function in compiled:
        use_vector_functions(function)
        size_tapes(function)
        run_upwards(function, compiled)
        gather_sums(function, compiled)
    check_compilable(compiled)
    aliases = Aliases(compiled)
    for function in compiled:
        adapt(function, aliases)
        postpone_checks(function)
        if function.backward_from is not None:
            function.backward_from = first_of_reverse(function)
    return bounded, entry
