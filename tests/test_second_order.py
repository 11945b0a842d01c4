"""The gradients of the generated code for the whole corpus, and third derivatives of some of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracle import judge_forward_over_reverse, judge_over_forward, judge_second_order, judge_third_order
from programs import Program, all_programs, one_in

import srcgrad
from srcgrad.errors import ArgumentError, NoRuleError
from srcgrad.testing import Tolerance, check_close, numerical_gradient

KIND = "whether a name stands for a number or an array is not known in the generated code"
DOUBT = "whether what is kept in a list is a number or a written array is not known in the generated code"
WRITTEN = "whether what recursion hands on is a number or a written array is not known in the generated code"
TUPLES = "a tuple that a user's recursive function returns, or that is in a tuple in a list, is read in generated code"
LIST = "a list whose length depends on the run is returned by the generated code"
IN_TRY = "a tape of the generated code is made in a loop, where a try ends"
NONE = "a name of the generated code is None before the loop that makes it a list or a written array"
SNAPSHOT = "dicts with keys of the run are kept in lists, or returned, by the generated code"
NOT_YET: dict[str, str] = {
    "last_row_of_a_total_becomes_an_array": DOUBT,
    "product_of_a_list_that_grows_and_is_written": DOUBT,
    "row_before_this_one_is_written": DOUBT,
    "paths_on_a_stack": LIST,
    "current_tuple_is_pushed_and_popped": DOUBT,
    "queue_of_tuples_that_are_kept": DOUBT,
    "tuple_of_tuples_or_none_as_an_array": TUPLES,
    "norm_of_a_part_of_a_tuple_or_none": TUPLES,
    "pair_that_may_be_none": TUPLES,
    "starts_and_ends_of_segments": DOUBT,
    "left_in_the_first_turn_or_later": DOUBT,
    "best_so_far": TUPLES,
    "runtime_recursion": TUPLES,
    "laplacian": "an array that is written in place is broadcast to a view in generated code",
    "power_spectrum_by_recursion": LIST,
    "singular_values_of_complex_matrices": "the derivative of singular vectors of complex matrices",
    "arguments_of_a_call_that_raises_may_raise": IN_TRY,
    "test_of_a_loop_may_raise": IN_TRY,
    "generators_in_recursion": TUPLES,
    "global_assigned_by_recursion": TUPLES,
    "items_replaced_at_a_place_that_moves": DOUBT,
    "flattened_in_the_order_of_memory": "the strides of an array decide where elements are added",
    "list_of_pairs_as_a_queue": TUPLES,
    "nested_tuples_in_a_list": TUPLES,
    "nested_tuples_are_popped": TUPLES,
    "first_total_is_the_last": DOUBT,
    "total_less_itself_is_indexed": DOUBT,
    "array_or_sum_is_a_number": DOUBT,
    "product_by_two_names": DOUBT,
    "update_by_its_own_alias": DOUBT,
    "huffman_with_codes": DOUBT,
    "shortest_path": KIND,
    "accumulates_arrays_from_zero": DOUBT,
    "single_number_without_axes_meets_doubles": DOUBT,
    "long_list_of_single_numbers": LIST,
    "long_list_of_numbers_beside_a_single_one": LIST,
    "long_list_of_arrays_of_many_lengths": LIST,
    "lists_of_lists_of_lists": "a list of lists of unknown kind is added to",
    "lbfgs_unrolled": TUPLES,
    "matrix_chain_cost": TUPLES,
    "pairs_sorted_in_place": WRITTEN,
    "determinant_by_minors": "a name stands for None or for a list of tuples",
    "tree_summed_by_recursion": TUPLES,
    "tree_changed_by_recursion": TUPLES,
    "namedtuples_in_a_list": TUPLES,
    "namedtuple_class_with_a_method": TUPLES,
    "mlp_backward_by_hand": NONE,
    "windows_that_overlap": "windows of an array, which may be its memory, are written in generated code",
    "search_tree": DOUBT,
    "tuple_of_a_list_and_a_number": DOUBT,
    "rays": DOUBT,
    "loop_over_what_a_recursion_returns": DOUBT,
    "arrays_that_a_recursion_joins": DOUBT,
    "permutations_and_subsets": TUPLES,
    "best_tuple_in_branch": TUPLES,
    "helper_none_or_tuple": TUPLES,
    "list_of_none_tuples": TUPLES,
    "bracket_in_while": TUPLES,
    "tuple_then_none_again": TUPLES,
    "tuples_of_objects_or_none": TUPLES,
    "list_of_defaultdicts": "dicts that are made in two places are put into one list",
    "any_all_sum_map_filter": KIND,
    "named_tuples_in_tuples_in_a_list": TUPLES,
    "sums_by_key_in_a_checkpointed_loop": SNAPSHOT,
    "table_filled_by_nested_checkpointed_loops": SNAPSHOT,
    "dict_that_a_checkpointed_function_fills": SNAPSHOT,
    "table_2d_tuples": TUPLES,
    "groups_of_rows_in_a_defaultdict": DOUBT,
    "groups_that_an_object_makes": DOUBT,
    "tuples_in_another_list_change_places": DOUBT,
    "custom_function_of_c": "the sweeps of the user's call a function that is written in C",
}
"""What is not differentiated again: the compiler refuses it, or a helper of the run time does, with the cause."""


NOT_AT_THIRD_ORDER = NOT_YET | {
    "epidemic_curve": TUPLES,
}


REFUSED_FORWARD = (
    "current_tuple_is_pushed_and_popped",
    "lists_of_lists_of_lists",
    "nested_tuples_are_popped",
    "nested_tuples_in_a_list",
    "norm_of_a_part_of_a_tuple_or_none",
    "pair_that_may_be_none",
    "starts_and_ends_of_segments",
    "tuple_of_tuples_or_none_as_an_array",
    "tuples_in_another_list_change_places",
    "sums_by_key_in_a_checkpointed_loop",
    "table_filled_by_nested_checkpointed_loops",
    "dict_that_a_checkpointed_function_fills",
    "singular_values_of_complex_matrices",
    "custom_function_of_c",
    "test_of_a_loop_may_raise",
    "generators_in_recursion",
    "best_so_far",
    "shortest_path",
    "runtime_recursion",
    "huffman_with_codes",
    "global_assigned_by_recursion",
    "tree_summed_by_recursion",
    "tree_changed_by_recursion",
    "namedtuples_in_a_list",
    "named_tuples_in_tuples_in_a_list",
    "best_tuple_in_branch",
    "helper_none_or_tuple",
    "list_of_none_tuples",
    "table_2d_tuples",
    "bracket_in_while",
    "tuple_then_none_again",
    "list_of_defaultdicts",
    "tuples_of_objects_or_none",
    "matrix_chain_cost",
    "pairs_sorted_in_place",
    "lbfgs_unrolled",
    "windows_that_overlap",
    "determinant_by_minors",
    "search_tree",
    "permutations_and_subsets",
)
"""What forward over reverse does not take either."""


def marked(program: Program, refused: dict[str, str] = NOT_YET) -> Any:
    reason = refused.get(program.name)
    refusals: tuple = (NotImplementedError, NoRuleError, ArgumentError)
    marks = [pytest.mark.xfail(strict=True, raises=refusals, reason=reason)] if reason else []
    return pytest.param(program, marks=marks, id=program.name)


COARSE = {"factors_beyond_half_precision", "single_array_times_a_number_of_a_mixed_list", "spline_eval"}
"""Where differences of the generated code cannot judge, for want of digits."""
SUPPORTED = [program for program in all_programs() if program.supported and program.name not in COARSE]


@pytest.mark.parametrize("program", [marked(program) for program in one_in(2, SUPPORTED)])
def test_gradient_of_the_gradient(program: Program) -> None:
    judge_second_order(program)


FORWARD = [program for program in SUPPORTED if "reverse mode alone" not in program.tags]
IN_NO_MODE = {name: NOT_YET[name] for name in REFUSED_FORWARD}


@pytest.mark.parametrize("program", [marked(program, IN_NO_MODE) for program in one_in(5, FORWARD)])
def test_tangents_of_the_gradient(program: Program) -> None:
    judge_forward_over_reverse(program)


OUTSIDE = "a function that is differentiated inside of another one changes what is outside of both"
GIVEN = "an inner function is given a list or dict whose structure depends on the run"
NOT_OVER_FORWARD: dict[str, str] = {
    "calls_are_counted_by_an_attribute": OUTSIDE,
    "singular_values_of_complex_matrices": "a factorisation of a complex matrix has no rule at order two",
    "argument_written_by_number": GIVEN,
    "dict_in_an_argument_written_by_number": GIVEN,
    "last_of_a_total_becomes_an_array": "a list became an array that is written",
    "shortest_path": GIVEN,
    "global_counter": OUTSIDE,
    "global_last_value_read_back": OUTSIDE,
    "global_array_written_after_it_was_stored": OUTSIDE,
    "global_total_of_helpers": OUTSIDE,
    "global_flag_set_in_a_branch": OUTSIDE,
    "global_assigned_by_recursion": OUTSIDE,
    "global_read_through_the_module": OUTSIDE,
    "list_outside_is_added_to": OUTSIDE,
    "items_outside_are_assigned": OUTSIDE,
    "arrays_outside_are_written": OUTSIDE,
    "array_outside_is_written_before_it_raises": OUTSIDE,
    "method_that_changes_its_object": OUTSIDE,
    "attributes_of_an_object_outside": OUTSIDE,
    "cells_of_a_closure_are_added_to": OUTSIDE,
    "dict_outside_that_is_in_another": OUTSIDE,
    "arg_list_grows": GIVEN,
    "arg_dicts_grow": GIVEN,
    "arg_arrays_written": GIVEN,
    "table_2d_tuples": GIVEN,
    "list_of_defaultdicts": GIVEN,
    "weighted_order_statistics": GIVEN,
    "list_argument_that_grows": GIVEN,
    "lists_in_an_argument_that_grow_and_shrink": GIVEN,
    "row_of_a_global_table": GIVEN,
    "rows_of_a_global_table_by_a_search": GIVEN,
    "pair_by_a_number_of_the_run": GIVEN,
}
"""What tangents and gradients of tangents do not take."""


@pytest.mark.parametrize("program", [marked(program, NOT_OVER_FORWARD) for program in one_in(12, FORWARD)])
def test_derivatives_of_the_tangents(program: Program) -> None:
    judge_over_forward(program)


def test_what_is_not_done_yet_exists() -> None:
    assert NOT_OVER_FORWARD.keys() <= {program.name for program in FORWARD}
    assert NOT_AT_THIRD_ORDER.keys() <= {program.name for program in SUPPORTED}


# ---------------------------------------------------------------------------------------------- third order

WITH_MEMORY = (
    *("aliases", "containers", "physics", "probability", "recursion", "regressions", "stencils", "traps", "tuples"),
    "writes",
)
"""The parts of the corpus whose generated code holds arrays in lists and tables of shadows, and writes them."""
SINGLE = {"writes_single_precision", "single_precision_differences"}
THIRD = [p for p in SUPPORTED if p.fun.__module__.rpartition(".")[2] in WITH_MEMORY and p.name not in SINGLE]


@pytest.mark.parametrize("program", [marked(program, NOT_AT_THIRD_ORDER) for program in one_in(2, THIRD)])
def test_gradient_of_the_second_gradient(program: Program) -> None:
    judge_third_order(program)


def polynomial(x: float) -> float:
    return x**4 - 2.0 * x**3


def loop_of_sines(x: float) -> float:
    y = x
    for _ in range(3):
        y = np.sin(y) * x
    return y


def writes(x: float) -> float:
    a = np.zeros(3)
    a[0] = x
    for k in range(1, 3):
        a[k] = a[k - 1] * x + np.exp(a[k - 1])
    return np.sum(a * a)


def branches(x: float) -> float:
    y = x * x
    if y > 0.25:
        y = y * np.cos(x)
    return y * x


def recursion(x: float, n: int = 3) -> float:
    return x if n == 0 else recursion(x * x, n - 1) * 0.5 + x


def swapped(x: float) -> float:
    old, new = np.array([x, 2.0 * x]), np.zeros(2)
    for _ in range(3):
        new[0] = old[0] * old[1]
        new[1] = old[0] + x
        old, new = new, old
    return np.sum(old**2)


@pytest.mark.parametrize("fun", [polynomial, loop_of_sines, writes, branches, recursion, swapped])
def test_third_derivative(fun: Any) -> None:
    second = srcgrad.grad(srcgrad.grad(fun))
    third = srcgrad.grad(second)
    (expected,) = numerical_gradient(second, (0.7,), (0,))
    check_close(third(0.7), expected, fun.__name__, "x", Tolerance.of((0.7,), expected))
    assert third(0.7) == third(0.7)
