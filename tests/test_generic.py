"""The code for arguments of any kind: for every program it is refused, or it is right."""

from __future__ import annotations

import pytest
from any_kind import floated, generic, gradients
from golden.programs import GOLDEN
from oracle import judge_structure, numerical, tolerance_for, wanted
from programs import Program, all_programs

import srcgrad
from srcgrad.errors import InternalError, SrcgradError, UnsupportedError
from srcgrad.testing import argument_names, check_close, check_same

SUPPORTED = [p for p in all_programs() if p.supported]
REFUSED = frozenset(
    [
        "applied_along_the_only_axis_is_a_copy",
        "deep_copies_of_one_array_are_one",
        "bodies_moved_in_place",
        "difference_to_rows_written_by_calls_in_a_loop",
        "difference_to_what_a_call_has_written",
        "last_pair_with_array",
        "list_of_the_run_is_repeated_in_place",
        "not_a_number_in_place",
        "number_of_an_array_that_is_made_finite",
        "recursion_reads_an_array_that_a_loop_made",
        "truth_values_pick_copies",
        "twice_the_difference_to_what_a_call_has_written",
        "arrays_of_lists_in_two_lists_are_written_through_one",
        "list_that_grows_and_its_arrays_are_written",
        "layers_grow_and_their_arrays_are_written",
        "product_of_a_list_that_grows_and_is_written",
        "least_of_rows_that_are_written",
        "lists_of_lists_in_tuples_that_are_filled_later",
        "lists_of_numbers_and_of_arrays_are_filled_later",
        "lists_whose_kinds_tell_each_other",
        "lists_that_are_never_filled",
        "matrix_with_its_transpose_if_the_loop_has_run",
        "number_reshaped_to_no_axes_is_updated",
        "several_targets_until_one_raises",
        "starred_rest_of_an_array_is_a_list",
        "starred_items_before_the_array_is_written",
        "row_of_a_repeated_tuple_is_written",
        "list_or_none_grows_in_a_checkpoint",
        "loop_over_none_is_caught",
        "numbers_of_numpy_and_lists",
        "product_of_a_list_and_a_number_is_caught",
        "broadcast_of_what_may_be_a_number",
        "states_written_as_starred_tuples",
        "smoothed_after_recursion",
        "loop_ends_by_what_recursion_gave",
        "log_of_a_control_loop",
        "parts_in_a_list_that_grows",
        "slopes_along_axes_of_the_run",
        "all_slopes_along_axes_of_the_run",
        "parts_in_a_list_of_run_time_length",
        "grid_with_its_step",
        "extremes_and_a_table_at_a_number",
        "filtered_signal",
        "broadcast_view_shows_later_writes",
        "element_made_an_array_is_read_again",
        "function_of_each_row",
        "arrays_as_lists",
        "areas_by_class",
        "function_chosen_by_a_class",
        "items_of_a_list_that_shrinks_meanwhile",
        "row_in_a_list_is_changed_by_another",
        "number_made_of_an_array_without_axes",
        "named_tuple_argument_with_operators",
        "enum_with_an_order_of_its_own",
        "numpy_float_with_a_product_of_its_own",
        "complex_argument_written",
        "both_parts_of_what_was_written",
        "areas_of_many_shapes",
        "sums_by_kind",
        "imaginary_part_of_what_is_written",
        "transposed_view_is_scaled_and_raveled",
        "reversed_views_are_written_in_turns",
        "noise_by_the_number_of_the_turn",
        "views_of_a_dict_that_grows",
        "flattened_lines_of_arithmetic",
        "number_taken_out_of_what_may_be_one",
        "lists_and_tuples_change_arrays",
        "wave_that_begins_with_two_copies_of_one_array",
        "row_of_joined_tuples_is_written",
        "dicts_swapped_in_a_loop",
        "argument_written_by_number",
        "matrix_chain_cost",
        "sine_of_what_recursion_overwrites",
        "sine_of_what_recursion_in_a_loop_overwrites",
        "elements_read_between_recursive_writes",
        "helper_writes_a_dict",
        "emptied_and_filled_again",
        "lists_by_key",
        "items_updated_in_place",
        "dicts_merged",
        "letters_counted",
        "numbers_counted",
        "dict_from_pairs",
        "missing_keys_in_try",
        "items_changed_while_iterating",
        "one_of_two_dicts",
        "loss_of_a_model",
        "loss_of_a_derived_model",
        "model_trained_by_hand",
        "object_with_slots",
        "object_returned_by_a_step",
        "dataclass_that_checks_its_fields",
        "list_argument_that_grows",
        "lists_in_an_argument_that_grow_and_shrink",
        "hasattr_len",
        "min_default",
        "nonlocal_total_of_a_recursive_closure",
        "nonlocal_of_functions_that_call_each_other",
        "snapshot_by_reference_or_by_copy",
        "generator_expressions",
        "sorts_values",
        "missing_attribute",
        "array_in_a_list_made_in_the_body_is_written",
        "element_is_updated_by_what_a_call_returns",
        "generator_raises_in_a_try",
        "loop_over_dict_keys",
        "loop_over_dict_items",
        "loop_over_dict_values",
        "loop_over_indices",
        "takes_any_number_of_arguments",
        "bound_method_given_to_a_recursion",
        "array_that_a_partial_writes_in_a_recursion",
        "point_by_recursion",
        "dict_by_recursion_that_is_changed",
        "one_object_under_two_names",
        "tuple_of_an_object_and_a_number",
        "rays",
        "object_by_recursion_that_is_changed",
        "arrays_that_a_recursion_joins",
        "determinant_by_minors",
        "mul_list",
        "list_mul",
        "mul_active_list",
        "tuple_mul",
        "max_pairs",
        "built_in_extremes_of_arrays",
        "append_pairs_index",
        "append_pairs_write",
        "append_pairs_name",
        "axes_swapped_by_einsum",
        "conjugate_of_real_numbers",
        "written_arrays_in_tuples_of_one",
        "rec_fresh",
        "rec_fresh_twice",
        "rec_dead_fresh",
        "rec_copy_value",
        "rec_of_rec",
        "rec_hidden",
        "rec_inplace",
        # lists of parts, and lists that are repeated, of what may be numbers
        "writes_rows_of_one_of_two_lists",
        "writes_an_item_of_a_repeated_list",
        "one_row_many_times_is_written",
        "parts_are_scaled_in_place",
        "named_tuples",
        "typed_named_tuple",
        "named_tuple_with_a_field_replaced",
        "named_tuple_argument_with_members",
        "dataclass_argument",
        "dataclass_of_dataclasses",
        "methods_of_an_argument",
        "gathers_with_duplicates",
        "match_on_a_dataclass",
        "match_on_many_kinds",
        "match_on_nested_sequences",
        "match_does_not_take_arrays_for_sequences",
        "put_in_a_matrix",
        "put_along_an_axis",
        "list_of_rows_grows_after_it_was_stacked",
        "list_of_rows_is_stacked_as_it_grows",
        "list_of_rows_shrinks_after_it_was_joined",
        "mean_and_product_of_rows_that_go_on",
        "factors_of_a_product_are_written_afterwards",
        "lists_of_rows_in_a_list",
        "one_list_many_times_in_a_list",
        "window_of_arrays_that_are_written",
        "views_saved_in_a_loop_and_stacked",
        "enumerated_elements_are_written",
        "diagonals_filled_with_several_values",
        "diagonal_of_one_of_two",
        "diagonal_of_what_the_loop_writes",
        "diagonal_shows_a_later_write",
        "flat_is_written_from_an_element_of_its_own",
        "list_to_which_an_array_is_added",
        "filled_diagonal",
        "putmask_and_copyto",
        "list_sorted_in_place",
        "arrays_in_what_recursion_returns",
        "arrays_and_numbers_in_tuples",
        "one_array_many_times_in_a_list",
        "stacked_before_and_after_a_write",
        "rows_changed_after_they_are_put",
        "descent_on_a_dict",
        "descent_on_a_list",
        "replaced_and_copied",
        "dataclasses_taken_apart",
        "joined_between_brackets",
        "weighted_order_statistics",
        "pair_of_the_step_before",
        "classes_that_derive",
        "mlp_dict",
        "lstm_dataclass",
        "ctc_loss",
        "nbody",
        "soft_dtw",
        "fluid_sim",
        "slopes_of_an_image",
        "parameters_spread",
        "deep_copy_of_a_tree",
        "stack_of_rows_that_go_on",
        # attributes, items and methods of what may be a list, a dict or an object
        "sorted_arrays_written_after",
        "counter_active",
        "uses_momentum",
        "momentum_class",
        "momentum_class_arg",
        "list_index_of_active",
        "list_remove_runtime",
        "registered_mixed",
        "registered_loop",
        "items_arg_sorted",
        "library_dicts_by_number",
        "dict_in_an_argument_written_by_number",
        "dual_numbers",
        "dual_in_loop",
        "dual_in_run_loop",
        "uses_mlp",
        "momentum",
        "nested_params",
        "dataclass_inherit",
        "namedtuple_model",
        "uses_poly",
        "uses_rpn",
        # a generator that calls itself, as deep as a tree that is not known
        "leaves_of_a_tree",
        # whether what is written in a list is a number or an array
        "arguments_of_a_call_that_raises_may_raise",
        # max, min and sorted of what a generator gives, whose kind is not known
        "extremes_of_nothing",
        "iter_is_a_generator",
        "builtins_consume_generators",
        "generators_from_a_factory",
        # what is summed may raise, as its kind is not known, inside of a try
        "generators_in_recursion",
        # whether a number or an array is put into a list, or handed to a recursive function, is not known
        "square_of_what_a_call_writes_through_a_list",
        "element_put_back_after_a_call_that_writes_it",
        "row_put_back_after_a_call_that_writes_it",
        "lists_that_are_cleared",
        "sorted_in_each_round_until_one_raises",
        "joined_lists_are_new_lists",
        "elements_of_one_precision_or_another",
        "number_from_a_recursive_function_is_compared",
        "pairs_of_indices_before_one_raises",
        # how many axes the array has, along one of which np.diff puts something before and behind
        "differences_with_ends",
        "items_changed_while_they_are_there",
        "one_item_in_two_lists",
        "best_by_key_and_sorted",
        "dicts_in_a_list",
        "dicts_read_by_methods",
        # whether what is written in what is checkpointed is a number or an array, and what it starts from
        "argument_is_written_by_what_is_run_again",
        "trajectory_in_an_array",
        "left_by_break_and_return",
        "slots_by_default_in_a_plain_loop",
        "checkpointed_in_single_precision",
        "checkpointed_with_handlers",
        "list_in_a_kept_tuple_grows",
        "list_in_a_kept_tuple_is_changed",
        "lists_in_kept_tuples_are_changed_later",
        "linked_list",
        "nodes_with_children",
        "tree_changed_by_recursion",
        "best_of_a_loop",
        "a_deque_of_objects",
        "objects_in_a_dict_of_run_time_keys",
        "objects_made_before_the_loop",
        "objects_that_hold_objects",
        "objects_that_share_one",
        "copies_of_objects",
        "objects_chosen_by_a_branch",
        "an_object_of_a_list_is_returned",
        "alias_between_objects",
        "no_items",
        "breaks_and_continue",
        "try_in_it",
        "generator_of_objects",
        "dict_of_arrays_params",
        "nested_dicts",
        "two_classes_nested",
        "list_of_lists_of_objects",
        "het_methods",
        "two_lists_move",
        "extend_and_slices",
        "groups_of_objects",
        "simulation_class",
        "neurons",
        "argument_objects_indexed",
        "changed_before_it_is_merged",
        "changed_while_it_is_merged",
        "arg_dicts_grow",
        "arg_list_grows",
        "arg_arrays_written",
        "objects_of_two_classes_are_taken_apart",
        "late_attributes_that_are_objects_in_a_list",
        "bool_int_fields",
        "dict_of_objects_by_name",
        "exceptions_in_methods",
        "function_returns_none_or_object",
        "list_of_defaultdicts",
        "list_of_dicts_with_keys_of_the_run",
        "pop_and_clear",
        "springs",
        "tuple_pairs_of_objects",
        "tuple_then_none_again",
        "tuples_of_objects_or_none",
        "maml_dict",
        "maml_closure",
        "dataclass_params",
        "namedtuple_params",
        "saddle",
        "through_writes",
        "function_or_none",
        "custom_of_objects",
        "custom_lists_of_any_length",
        "parts_of_rows_at_a_place_that_moves",
        "items_at_a_place_that_moves",
        "matrices_of_columns",
        "averages_with_weights_of_several_axes",
        "fewer_than_none_of_the_smallest",
        "pieces_by_one_condition",
        "previous_row_or_none",
        "slopes_at_coordinates",
        "one_list_or_another_or_none_is_written",
        "rows_exchanged_by_a_list_of_pivots",
        "columns_and_elements_by_lists",
        "copies_of_what_lies_in_columns",
        "turned_tables_are_flattened_and_written",
        "first_of_those_kept_in_a_list_grows",
        "popped_array_is_changed_and_kept_again",
        "oldest_entry_of_a_dict_grows",
        "first_list_of_those_kept_in_a_list_grows",
        "rows_of_a_turn_are_written_and_kept",
        "row_of_a_list_that_a_recursion_made_is_written",
        "view_is_made_between_two_checkpointed_loops",
        "array_and_its_view_are_written_by_what_is_run_again",
        "element_made_an_array_before_all_are_scaled",
        "element_with_an_axis_has_none_again",
    ]
)
"""The programs that code for arguments of any kind cannot carry: `.source` says so."""
REFUSED_AT_RUN_TIME = frozenset(
    [
        "isinstance_kinds",
        "recursion_over_a_nested_list",
        "sum_over_a_tree",
        "writes_a_dict_argument",
        "wave_with_a_number_that_is_an_array",
        "rebound_by_what_is_added",
        "sum_as_an_array_or_a_number_is_added",
        "sum_is_added_to_a_number_or_its_argument",
        "outside_object",
        "list_params",
        "tuple_params",
        "dict_arg_and_captured",
        "custom_trees",
    ]
)
"""The programs whose code for arguments of any kind finds only when it runs that it cannot carry these."""


def each(programs: list[Program]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("program", programs, ids=[p.name for p in programs])


@each([p for p in SUPPORTED if p.name in REFUSED])
def test_is_refused(program: Program) -> None:
    with pytest.raises(SrcgradError) as caught:
        generic(program)
    assert not isinstance(caught.value, InternalError)


@each([p for p in SUPPORTED if p.name in REFUSED_AT_RUN_TIME])
def test_is_refused_when_it_runs(program: Program) -> None:
    with pytest.raises(UnsupportedError) as caught:
        gradients(program, floated(program))
    assert caught.value.span is not None and caught.value.span.filename == program.fun.__code__.co_filename


@each([p for p in SUPPORTED if p.name not in REFUSED | REFUSED_AT_RUN_TIME])
def test_gradient(program: Program) -> None:
    out, _, expected = numerical(program)
    args = floated(program)
    names = argument_names(program.fun, args)
    got = gradients(program, args)
    for k, argnum in enumerate(wanted(program)):
        check_close(got[k], expected[k], program.name, names[argnum], tolerance_for(program, out))
        judge_structure(program, args[argnum], got[k], names[argnum])
    check_same(args, floated(program), f"the code for any kind changes an argument of {program.name}")


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_program(name: str) -> None:
    program = GOLDEN[name]
    if program.mode == "vjp":
        pytest.skip("a pullback has no source before a call")
    gradient = getattr(srcgrad, program.mode)(program.fun, **program.options)
    try:
        variant = gradient._dispatcher.generic()
    except SrcgradError:
        assert gradient.source.startswith("# The code of")
        return
    bound = gradient._dispatcher.target.bind(program.args(), {})
    got = variant.entry(*[bound[name] for name in variant.params])
    check_same(got, gradient(*program.args()), f"the generic code for {name} has another value", exact=False)


def test_most_programs_have_generic_code() -> None:
    assert {p.name for p in all_programs()} >= REFUSED | REFUSED_AT_RUN_TIME
    assert len(REFUSED | REFUSED_AT_RUN_TIME) <= 0.14 * len(SUPPORTED)
