"""From a finished gradient to what Numba compiles: the pipeline of passes, flat."""

from __future__ import annotations

from srcgrad.analysis.alias import Aliases
from srcgrad.ir.nodes import Function
from srcgrad.jit.bounds import check_bounds
from srcgrad.jit.contexts import drop_warning_contexts
from srcgrad.jit.defined_calls import define_calls
from srcgrad.jit.depth import limit_depth
from srcgrad.jit.dialect import adapt
from srcgrad.jit.dicts import type_dicts
from srcgrad.jit.dtypes import name_dtypes
from srcgrad.jit.gathers import gather_sums
from srcgrad.jit.invariants import hoist_places
from srcgrad.jit.kernel import check_compilable, pass_captured, split_entry
from srcgrad.jit.kinds import settle_kinds
from srcgrad.jit.known_dtypes import drop_dtype_checks
from srcgrad.jit.lanes import run_in_lanes
from srcgrad.jit.late_checks import postpone_checks
from srcgrad.jit.layouts import check_layouts
from srcgrad.jit.list_items import cast_items, type_empty_lists
from srcgrad.jit.loops import fuse_loops
from srcgrad.jit.messages import postpone_messages
from srcgrad.jit.neighbours import join_neighbours
from srcgrad.jit.order import run_upwards
from srcgrad.jit.outer_arrays import make_results_outside
from srcgrad.jit.parallel import run_in_parallel
from srcgrad.jit.powers import use_square_roots
from srcgrad.jit.read_only import raise_at_writes
from srcgrad.jit.refills import refill
from srcgrad.jit.removals import close_gaps
from srcgrad.jit.reshapes import unwritten_reshapes
from srcgrad.jit.retyping import settle_lengths
from srcgrad.jit.shadow_tables import refuse_kept_views, split_tables
from srcgrad.jit.stacks import take_any_layout, use_stacks
from srcgrad.jit.steady_lengths import assume_lengths, check_assumed
from srcgrad.jit.tapes import size_tapes
from srcgrad.jit.tuple_shadows import read_parts
from srcgrad.jit.vector_functions import use_vector_functions
from srcgrad.transform.effects import has_effects
from srcgrad.transform.split import first_of_reverse


def jitted(
    functions: list[Function], entries: list[Function], relies: bool = False, parallel: bool = False
) -> tuple[dict[Function, bool], list[Function]]:
    """Makes of the functions of a derivative those to be compiled and the entries around them.

    Args:
        functions: they are changed.
        entries: those among them that Python calls: that of a gradient, or the two sweeps of a pullback.
        relies: whether the code may raise `Stretched`, and another one be called then.
        parallel: whether loops may run on all cores.

    Returns:
        The functions to be compiled, those that Python calls last, and for each whether Numba has to check the bounds
        of arrays; and the Python functions around them, where one is needed.

    Raises:
        NotJitableError: if there is something in them that Numba can't compile.
    """
    check_layouts(functions, entries)
    cast_items(functions)
    for function in functions:
        name_dtypes(function)
        define_calls(function)
    pass_captured(functions, entries)
    for function in functions:
        drop_warning_contexts(function)
        drop_dtype_checks(function)
        raise_at_writes(function)
    type_dicts(functions)
    split_tables(functions)
    stacks, reverse = use_stacks(functions, entries)
    for function in functions:
        settle_kinds(function)
        read_parts(function)
        postpone_messages(function)
    halves = [split_entry(entry) for entry in entries]
    compiled = [*[f for f in functions if f not in entries], *[kernel for kernel, _ in halves]]
    relies = relies and not any(map(has_effects, functions))
    assumed = {}
    for function in compiled:
        settle_lengths(function)
        assumed[function] = assume_lengths(function) if relies else []
        hoist_places(function)
    bounded = {function: not check_bounds(function) for function in compiled}
    unwritten = unwritten_reshapes(compiled)
    fuse_loops(compiled, relies)
    for function in compiled:
        check_assumed(function, assumed[function])
        use_vector_functions(function)
        size_tapes(function)
        type_empty_lists(function)
        refill(function, compiled)
        run_upwards(function, compiled)
        if not parallel:
            join_neighbours(function, compiled)
        gather_sums(function, compiled, parallel)
        use_square_roots(function)
    check_compilable(compiled)
    aliases = Aliases(compiled)
    for function in compiled:
        adapt(function, aliases, unwritten)
    take_any_layout(compiled, stacks)
    for function in compiled:
        run_in_lanes(function, compiled)
        postpone_checks(function)
        if parallel and not bounded[function]:
            run_in_parallel(function, compiled)
        if function.backward_from is not None:
            function.backward_from = first_of_reverse(function)
    for function in compiled:
        close_gaps(function)
    limit_depth(compiled, reverse)
    if len(halves) == 1:
        ((kernel, outer),) = halves
        inner = make_results_outside(kernel, outer, compiled)
        if inner is not None and inner is not kernel:
            # What Python calls can be called in compiled code, too, as before.
            bounded = {**{inner if f is kernel else f: checked for f, checked in bounded.items()}, kernel: False}
    return bounded, [outer for _, outer in halves if outer is not None]


def size_tapes_of_pullback(function: Function) -> None:
    """Sizes the tapes of a function with both sweeps that is cut in two after that: the cut passes arrays on."""
    refuse_kept_views(function)
    settle_kinds(function)
    settle_lengths(function)
    size_tapes(function)
