"""Decisions that a mutant answers on the safe side: the numbers are the same, and take more time or memory to get.

What a decision allows is an improvement of generated code: something need not be saved, checked, fitted or looked up.
The code without it is right, too, and is what other programs get. A mutant that asks for it always is none of these.
"""

from __future__ import annotations

from .mutation import Mutant

_COPIED = "more memory counts as overwritten: what is read of it is copied or saved, and the copy holds the same"
_SAVED = "what is needed is saved, where it could have been found or made again"
_COST = "it only weighs what is saved, copied, undone or computed again against each other: each of these is right"
_CHECKED = "what is known to hold is checked, or is not assumed"
_LOOKED_UP = "shadows are looked up in a table, which finds the same"
_VARIED = "what depends on no input counts as varied: its cotangent goes nowhere"
_FITTED = "a cotangent that has the right shape is fitted to it, which leaves it as it is"
_ADDED = "a cotangent is added to zeros, in place of becoming the shadow"
_PART = "a part of a shadow is copied before the shadow changes"
_PLAIN = "a special form of the code for this case is not found: the general one computes the same"
_KEPT = "code that does nothing is not removed"
_MASKED = "products with zeros are masked where no factor can be infinite"

_FALSE, _TRUE, _NONE, _SKIPPED = (
    "answered: return False",
    "answered: return True",
    "nothing: return None",
    "skipped: return",
)
_EMPTY, _SET, _UNIT = "nothing: return []", "nothing: return set()", "nothing: return ()"

CAUTIOUS: dict[tuple[str, str, str], str] = {
    ("analysis/activity", "Activity.is_passive", _FALSE): "tangents that no result depends on are computed",
    ("analysis/alias", "Aliases._holds_values", _FALSE): _LOOKED_UP,
    ("analysis/alias", "_runs_once", _FALSE): _LOOKED_UP,
    ("analysis/elements", "Turns._never_equal", _FALSE): _SAVED,
    ("analysis/elements", "_is_number", _FALSE): _SAVED,
    ("analysis/finite", "_is_guarded", _FALSE): _MASKED,
    ("analysis/item_flow", "unvaried_items", _SET): _VARIED,
    ("analysis/item_flow", "_takes_apart", _FALSE): _VARIED,
    ("analysis/item_flow", "_is_item_of_tuple", _FALSE): _VARIED,
    ("analysis/item_flow", "_takes_apart", _TRUE): "the flow is right of all values; it is asked for where it pays",
    ("analysis/memory", "has_no_gaps", _FALSE): "what is a view counts as one perhaps, which is decided when it is run",
    ("analysis/memory", "shape_operand", _NONE): _SAVED,
    ("analysis/ranges", "_at_most", _FALSE): _CHECKED,
    ("analysis/ranges", "is_in_axis", _FALSE): _CHECKED,
    ("analysis/refusals", "_refuses", _TRUE): "handlers let refusals pass, also where none can come",
    ("analysis/refusals", "may_refuse", _TRUE): "handlers let refusals pass, also where none can come",
    ("analysis/versions", "Versions._is_local", _FALSE): _COPIED,
    ("analysis/versions", "Versions._is_made_in", _FALSE): _COPIED,
    ("analysis/versions", "Versions._writes_new", _FALSE): _COPIED,
    ("analysis/versions", "_is_looked_up", _TRUE): _COPIED,
    ("analysis/versions", "Versions.overwritten_at", _FALSE): "a read that does not find the same later is saved, too",
    ("analysis/versions", "Versions.written_between", _TRUE): _COPIED,
    ("transform/algebra", "_lies_alike", _TRUE): _KEPT,
    ("transform/control_reversal", "_counts_from_zero", _FALSE): _PLAIN,
    ("transform/control_reversal", "_worth_reversing", _TRUE): _KEPT,
    ("transform/cotangent_store", "CotangentStore._at_home", _FALSE): _ADDED,
    ("transform/cotangent_store", "CotangentStore._can_become_shadow", _FALSE): _ADDED,
    ("transform/cotangent_store", "CotangentStore.accumulated", _FALSE): _PART,
    ("transform/cotangents", "surely_fits", _FALSE): _FITTED,
    ("transform/final_cotangents", "_is_complex_number", _FALSE): "what is a complex number is made one",
    ("transform/forward_work", "ForwardWork._mark", _EMPTY): _COST,
    ("transform/forward_work", "ForwardWork._run", _EMPTY): _COST,
    ("transform/forward_work", "_carried", _EMPTY): _COST,
    ("transform/forward", "Forward.is_buffer", _TRUE): "of what nothing writes no write is found either",
    ("transform/growing", "_added_shape", _NONE): _FITTED,
    ("transform/growing", "_handed_on", _EMPTY): _FITTED,
    ("transform/growing", "_is_same", _FALSE): _FITTED,
    ("transform/growing", "grown_shape", _NONE): _FITTED,
    ("transform/growing", "has_grown_to", _FALSE): _FITTED,
    ("transform/growing", "keeps_shape", _FALSE): _FITTED,
    ("transform/lengths", "_apply", _SKIPPED): _FITTED,
    ("transform/lengths", "_learn", _SKIPPED): _FITTED,
    ("transform/lengths", "_of_broadcast", _NONE): _FITTED,
    ("transform/lengths", "refine_lengths", _SKIPPED): _FITTED,
    ("transform/narrowing", "_spans", _FALSE): _FITTED,
    ("transform/plan", "Plan._copy", _NONE): _COST,
    ("transform/plan", "Plan._is_restored", _TRUE): _COST,
    ("transform/read_back", "ReadBack.finish", _SKIPPED): "the tape saves what is read right after it was stored",
    ("transform/reuse", "_Finder._is_known_view", _FALSE): "a temporary array is not used again",
    ("transform/sameness", "_define", _UNIT): "functions that do the same are found to be different",
    ("transform/separation", "_remove_checks", _SKIPPED): _CHECKED,
    ("transform/shadows", "_can_go_before", _FALSE): _KEPT,
    ("transform/shadows", "_is_whole", _FALSE): _KEPT,
    ("transform/shadows", "_touches", _TRUE): _KEPT,
    ("transform/shadows", "_was_taken", _FALSE): _KEPT,
    ("transform/shape_checks", "_axes", _EMPTY): _CHECKED,
    ("transform/shape_checks", "_written_operands", _UNIT): _CHECKED,
    ("transform/simplify", "_counts_items", _FALSE): _CHECKED,
    ("transform/simplify", "_equal", _FALSE): _KEPT,
    ("transform/simplify", "_is_place", _FALSE): _CHECKED,
    ("transform/simplify", "_may_shorten", _TRUE): _CHECKED,
    ("transform/simplify", "_prune_if", _SKIPPED): _KEPT,
    ("transform/simplify", "_write_may_raise", _TRUE): _KEPT,
    ("transform/slots", "_prune", _FALSE): _KEPT,
    ("transform/slots", "prune_slots", _FALSE): _KEPT,
    ("transform/squares", "square_of", _NONE): _PLAIN,
    ("transform/strong_zeros", "passes_on", _FALSE): _MASKED,
    ("transform/tape", "Tape._allocate_by_lengths", _SKIPPED): _SAVED,
    ("transform/tape", "Tape._choose_shape", _SKIPPED): _SAVED,
    ("transform/tape", "Tape._kept_alike", _NONE): _SAVED,
    ("transform/tape", "_has_axes", _FALSE): _SAVED,
    ("transform/tape", "_Level.place", _NONE): _SAVED,
    ("transform/undo", "Contents._count_views", _SKIPPED): "a state is copied, and not what one view shows of it",
    ("transform/undo", "Contents._decide", _SKIPPED): _COST,
    ("transform/undo", "Contents._is_better_copied", _FALSE): _COST,
    ("transform/undo", "Contents._is_better_copied", _TRUE): _COST,
    ("transform/undo", "Contents._is_its_own_index", _TRUE): _COST,
    ("transform/undo", "Contents._loads", _EMPTY): _COST,
    ("transform/undo", "Contents._readers", _EMPTY): _COST,
    ("transform/undo", "Contents._remove_unused_reads", _SKIPPED): _KEPT,
    ("transform/undo", "_is_computed", _FALSE): _COST,
    ("transform/undo", "_is_computed", _TRUE): _COST,
    ("transform/undo", "_is_element", _FALSE): _COST,
    ("transform/undo", "_is_element", _TRUE): _COST,
    ("transform/undo", "_is_near", _FALSE): _COST,
    ("transform/undo", "_is_near", _TRUE): _COST,
    ("transform/undo", "_is_unit", _FALSE): _COST,
    ("transform/undo", "_is_unit", _TRUE): _COST,
    ("transform/undo", "_same_tree", _FALSE): _PLAIN,
    ("transform/undo", "shows_most", _FALSE): _COST,
    ("transform/undo", "shows_most", _TRUE): _COST,
    ("transform/writes", "_is_consumed_next", _FALSE): _PART,
}
"""Module, function and mutant -> why the numbers stay the same."""


def is_cautious(mutant: Mutant) -> bool:
    """Whether a mutant answers on the safe side."""
    return (mutant.module, mutant.function, f"{mutant.kind}: {mutant.change}") in CAUTIOUS
