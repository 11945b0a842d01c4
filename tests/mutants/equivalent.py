"""Mutants that change nothing that is promised, each with the proof.

A key is what `Mutant.key` gives: the module, the function, the line as it stands, and the change.
"""

from __future__ import annotations

Key = tuple[str, str, str, str]

_SUM = "both derivatives of a sum are the same one: `return 1.0, 1.0`"
_EXCHANGED = "rule: derivatives 0, 1"
_NEITHER = "neither of the two arguments has a derivative: `return ..., ..., slope`"
_AT_IMPORT = "it fills a table while the package is imported; the mutant comes later, when there is nothing left to do"
_ASKED_ONCE = "it is asked once, while the package is imported; the mutant comes later, when the answer is there"

_NO_MEMORY = "what is no pointer has a class that no memory is of, and nobody asks for it"
_COPIED = (
    "more memory counts as overwritten by then: what is read of it is copied or saved, and the copy holds the same"
)
_APART = (
    "what a write itself leaves is told apart from what is read later, up to the next write: two copies of the same"
)
_PARTS = "it only decides whether an array is copied, or the views of it that are needed one by one"
_ZEROS = "a shadow is allocated with zeros then, and not empty: what it is assigned and cleared to is the same"
_EITHER_SIDE = "a shadow may be allocated before or after what is assigned to it is negated"
_VIEW_OR_COPY = (
    "forward mode lets `viewed_alike` decide, the reverse sweep is right with a view and with a copy, since NumPy"
    " decides when it runs, and where a view is certain there is one behind the axis of the seeds, too"
)
_READ_COPIED = "an element that is read is then copied for nothing"

EQUIVALENT: dict[Key, str] = {
    (
        "analysis/versions",
        "Versions._register",
        "if target is not None:",
        "always: target is not None -> True",
    ): _NO_MEMORY,
    (
        "analysis/versions",
        "Versions._written_by",
        "if known is None:",
        "always: known is None -> True",
    ): "what is known is computed again, and is the same",
    (
        "analysis/versions",
        "Versions.stale",
        "if any(memory in self._writes[later] for later in self._ops[region][self._position[op] + 1 :]):",
        "term: self._position[op] + 1 -> self._position[op]",
    ): _COPIED,
    (
        "analysis/versions",
        "Versions.stale",
        "if isinstance(parent, Loop) and self.writes(parent, memory) and not self._is_local(memory, parent):",
        "always: isinstance(parent, Loop) and self.writes(parent, memory)"
        " and not self._is_local(memory, parent) -> True",
    ): _COPIED,
    (
        "analysis/versions",
        "Versions.next_write",
        "start = self._position[op] + (0 if itself else 1)",
        "always: itself -> True",
    ): _APART,
    (
        "analysis/versions",
        "Versions.next_write",
        "start = self._position[op] + (0 if itself else 1)",
        "term: self._position[op] + (0 if itself else 1) -> self._position[op]",
    ): _APART,
    (
        "analysis/versions",
        "Versions.written_between",
        "between = self._ops[first.parent][self._position[first] + 1 : self._position[last] + 1]",
        "term: self._position[first] + 1 -> self._position[first]",
    ): _COPIED,
    (
        "transform/undo",
        "Contents.__init__",
        "self._kept = {aliases.find(v) for v in kept if is_pointer(v.type)}",
        "always: is_pointer(v.type) -> True",
    ): _NO_MEMORY,
    (
        "transform/undo",
        "Contents.__init__",
        "self._kept |= {aliases.held(v) for v in kept if is_pointer(v.type)}",
        "always: is_pointer(v.type) -> True",
    ): _NO_MEMORY,
    (
        "transform/undo",
        "Contents.__init__",
        "if is_pointer(value.type):",
        "always: is_pointer(value.type) -> True",
    ): _NO_MEMORY,
    (
        "transform/undo",
        "Contents.__init__",
        "if is_pointer(value.type):",
        "never: is_pointer(value.type) -> False",
    ): "arguments and arrays from outside that are written have become copies before; in a callee all is kept anyway",
    (
        "transform/undo",
        "Contents.run",
        "latest, undone = self.undone - undone, set(self.undone)",
        "term: self.undone - undone -> self.undone",
    ): "indices that are known to be needed are found once more, and get the same copies",
    (
        "transform/undo",
        "Contents.run",
        "self._decide(indices)",
        "dropped: self._decide(indices) -> pass",
    ): "the memory that indices are read from is not undone for them then, but copied, which is as right",
    (
        "transform/undo",
        "Contents._count_views",
        "base = pointer if after else self._base(pointer, mirror)",
        "never: after -> False",
    ): _PARTS,
    (
        "transform/undo",
        "Contents._count_views",
        "self._single = {state for state, paths in shown.items() if len(paths) == 1 and state not in readers}",
        "always: len(paths) == 1 and state not in readers -> True",
    ): _PARTS,
    (
        "transform/undo",
        "Contents._needs_of_undoing",
        "if self.aliases.find(op.mirror.args[0]) not in classes:",
        "never: self.aliases.find(op.mirror.args[0]) not in classes -> False",
    ): "the indices of writes that are not undone are copied for nothing",
    (
        "transform/undo",
        "Contents._is_its_own_index",
        "if write.fn in IN_PLACE or len(write.args) < 2:",
        "never: write.fn in IN_PLACE or len(write.args) < 2 -> False",
    ): "an array that is combined with a part of itself is then copied and not undone, which is as right",
    (
        "transform/undo",
        "HARMLESS",
        "HARMLESS[srcgrad.runtime.before_update]",
        "entry: without srcgrad.runtime.before_update",
    ): "what it is given then counts as read, and is copied for nothing",
    (
        "transform/gradient",
        "sink_shadows",
        "(j for j in range(k + 1, len(region.ops)) if op.outputs[0] in references(region.ops[j])), None",
        "term: k + 1 -> 1",
    ): "nothing before an allocation refers to its result",
    (
        "transform/gradient",
        "sink_shadows",
        "and k >= (function.backward_from or 0 if region is function.body else 0)",
        "always: region is function.body -> True",
    ): "the allocation then stays where it is, which is before its first use, too",
    (
        "transform/control_reversal",
        "_bind_index",
        "reverse.indices[op.index] = reverse.lo.value(reverse.lo.emit(operator.add, op.start, scaled,"
        " hint=op.index.hint))",
        "dropped: reverse.indices[op.index] = reverse.lo.value(reverse.lo.emit(operator.add, op.start, scaled,"
        " hint=op.index.hint)) -> pass",
    ): "an index that is not computed in the reversed loop is saved on the tape, as any value of the loop is",
    (
        "analysis/finite",
        "_is_not_negative",
        "return isinstance(op.args[1], Const) and op.args[1].value == 2",
        "returned: isinstance(op.args[1], Const) and op.args[1].value == 2 -> False",
    ): "a square then counts as perhaps negative, and a strong zero is kept where a plain one would do",
    (
        "transform/strong_zeros",
        "StrongZeros.mark",
        "if level and not isinstance(cotangent, Const):",
        "always: level and not isinstance(cotangent, Const) -> True",
    ): "what is not marked is of the level NONE already, and a constant that is marked is kept from NaN for nothing",
    (
        "analysis/activity",
        "Activity._spread_varied",
        "if op.outputs and self.key(target) in self._varied:",
        "always: op.outputs and self.key(target) in self._varied -> True",
    ): "what counts as varied and does not vary gets a cotangent that goes nowhere",
    ("rules/elementwise", "add", "partials of operator.add", _EXCHANGED): _SUM,
    ("rules/elementwise", "add", "partials of np.add", _EXCHANGED): _SUM,
    ("rules/helpers", "plain_sum", "partials of srcgrad.runtime.plain_sum", _EXCHANGED): _SUM,
    ("rules/of_scipy/special", "betainc", "partials of scipy.special.betainc", "rule: derivatives 0, 1"): _NEITHER,
    (
        "rules/of_scipy/special",
        "betaincinv",
        "partials of scipy.special.betaincinv",
        "rule: derivatives 0, 1",
    ): _NEITHER,
    ("rules/of_scipy/special", "hyp1f1", "partials of scipy.special.hyp1f1", "rule: derivatives 0, 1"): _NEITHER,
    ("rules/of_scipy/special", "hyp2f1", "partials of scipy.special.hyp2f1", "rule: derivatives 0, 1"): _NEITHER,
    ("rules/of_scipy/special", "hyp2f1", "partials of scipy.special.hyp2f1", "rule: derivatives 1, 2"): _NEITHER,
    ("rules/of_scipy/special", "hyperu", "partials of scipy.special.hyperu", "rule: derivatives 0, 1"): _NEITHER,
    (
        "rules/registry",
        "steps",
        "def steps(k: int, *fns: Callable) -> None:",
        "skipped: return",
    ): _AT_IMPORT,
    (
        "rules/registry",
        "views",
        "def views(*fns: Callable) -> None:",
        "skipped: return",
    ): _AT_IMPORT,
    (
        "rules/registry",
        "methods",
        "def methods(**table: Callable) -> None:",
        "skipped: return",
    ): _AT_IMPORT,
    (
        "transform/protection",
        "_add_at_heeds",
        "def _add_at_heeds() -> bool:",
        "answered: return True",
    ): _ASKED_ONCE,
    (
        "transform/protection",
        "_add_at_heeds",
        "def _add_at_heeds() -> bool:",
        "answered: return False",
    ): _ASKED_ONCE,
    (
        "analysis/alias",
        "Aliases._visit_call",
        "if not on_containers(op):",
        "never: not on_containers(op) -> False",
    ): "the branches in between are for calls on containers alone, and the last one does the same for all others",
    (
        "transform/function_names",
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
    (
        "transform/call_reversal",
        "_PRODUCTS",
        "_PRODUCTS[np.dot]",
        "entry: without np.dot",
    ): "what was read is then added to by the helper, which finds out at run time whether it is a number: the same sum",
    (
        "transform/cotangents",
        "product",
        "if isinstance(owner, Call) and owner.fn is operator.neg and isinstance(g, Const)"
        " and isinstance(g.value, float):",
        "never: isinstance(owner, Call) and owner.fn is operator.neg and isinstance(g, Const)"
        " and isinstance(g.value, float) -> False",
    ): "a negative is then multiplied by the constant, not what was negated by the negative constant: the same number",
    (
        "transform/cotangents",
        "_fit_extents",
        "if is_number(c, 0):",
        "never: is_number(c, 0) -> False",
    ): "zeros are then summed to the shape of what they are added to, and are zeros",
    (
        "transform/rebinding",
        "_check_number",
        "if isinstance(owner, Region) and owner is not function.body:",
        "never: isinstance(owner, Region) and owner is not function.body -> False",
    ): "what a loop carries has been checked where it was made: a second check finds the same",
    (
        "transform/separation",
        "_Finder._copy_broadcast",
        "if len(copying) < len(users) or z in self.uses.results:",
        "always: len(copying) < len(users) or z in self.uses.results -> True",
    ): "a copy that nobody looks at is dead code, which goes",
    (
        "transform/list_reversal",
        "reverse_list_read",
        "if isinstance(index, slice) and holds_buffers(reverse, container):",
        "never: isinstance(index, slice) and holds_buffers(reverse, container) -> False",
    ): "the arrays in such a list have shadows of their own: those of the two lists hold zeros, which are added",
    (
        "transform/shadows",
        "_complement",
        "cut = [k for k, part in enumerate(parts) if not _is_whole(part)]",
        "always: not _is_whole(part) -> True",
    ): _ZEROS,
    (
        "transform/shadows",
        "_is_whole",
        "return _is_none(part.start) and _is_none(part.stop) and (_is_none(part.step) or is_number(part.step, 1))",
        "returned: _is_none(part.start) and _is_none(part.stop) and (_is_none(part.step)"
        " or is_number(part.step, 1)) -> False",
    ): _ZEROS,
    (
        "transform/shadows",
        "_start_of",
        "before = region.ops[place - 1] if place else None",
        "never: place -> False",
    ): _EITHER_SIDE,
    (
        "transform/shadows",
        "_start_of",
        "before = region.ops[place - 1] if place else None",
        "always: place -> True",
    ): "the last operation of a region makes nothing that is used before it",
    (
        "transform/shadows",
        "_start_of",
        "before = region.ops[place - 1] if place else None",
        "term: place - 1 -> place",
    ): _EITHER_SIDE,
    (
        "transform/shadows",
        "_start_of",
        "return place - 1 if before is not None and value in before.outputs else place",
        "never: before is not None and value in before.outputs -> False",
    ): _EITHER_SIDE,
    (
        "transform/shadows",
        "_start_of",
        "return place - 1 if before is not None and value in before.outputs else place",
        "term: place - 1 -> place",
    ): _EITHER_SIDE,
    (
        "analysis/invariance",
        "_RULES",
        "_RULES[np.matmul]",
        "entry: without np.matmul",
    ): "a function without a form counts as one that matters, and is differentiated like anything else",
    (
        "analysis/finite",
        "_OWN",
        "_OWN['math']",
        "entry: without 'math'",
    ): "what the module computes then counts as perhaps infinite, and a strong zero stands where a plain one would do",
    (
        "analysis/memory",
        "_CONTIGUOUS",
        "_CONTIGUOUS[np.ones]",
        "entry: without np.ones",
    ): "whether a reshape of it is a view then counts as unknown, and is found out when the program runs",
    (
        "transform/batch_calls",
        "_copies_perhaps",
        "def _copies_perhaps(op: Call) -> bool:",
        "answered: return False",
    ): _VIEW_OR_COPY,
    (
        "transform/batch_calls",
        "_matters",
        "def _matters(batch: Batch, op: Call) -> bool:",
        "answered: return False",
    ): _VIEW_OR_COPY,
    (
        "transform/batch_calls",
        "_is_used_up",
        "def _is_used_up(batch: Batch, op: Call) -> bool:",
        "answered: return False",
    ): _READ_COPIED,
    (
        "transform/batch_calls",
        "_computes",
        "def _computes(op: Call) -> bool:",
        "answered: return False",
    ): _READ_COPIED,
    (
        "transform/batch_calls",
        "_is_list_of_numbers",
        "def _is_list_of_numbers(tree: Any) -> bool:",
        "answered: return True",
    ): "of a list of arrays an array has another rank than `_of_numbers` makes, so that `note` raises `NotBatched`, and"
    " the sum is a loop by then",
    (
        "transform/batch_calls",
        "_is_plain_number",
        "def _is_plain_number(batch: Batch, tree: Any) -> bool:",
        "answered: return True",
    ): "no index depends on seeds, and what a slice is set to has a batched form only as a list: the same write does",
    (
        "transform/batch_calls",
        "is_laid_out",
        "def is_laid_out(value: Value) -> bool:",
        "answered: return False",
    ): "what copies and allocates has no gaps already, and `np.ascontiguousarray` hands it on as it is",
    (
        "transform/closing",
        "is_checkpointed",
        "def is_checkpointed(functions: list[Function]) -> bool:",
        "answered: return True",
    ): "where there are no marks nothing is cut out, and dead code goes a few passes earlier",
    (
        "transform/closing",
        "_Closer._is_observed",
        "def _is_observed(self, value: Value, after: set[Value]) -> bool:",
        "answered: return True",
    ): "memory that nobody looks at later is then written for nothing",
    (
        "transform/closing",
        "_refuse_crossing",
        "def _refuse_crossing(ops: list[Op]) -> None:",
        "skipped: return",
    ): "the marks stand around a call, which leaves what it enters; no generator is cut within a `with` or `try`",
    (
        "transform/simplify",
        "_is_plain_number",
        "def _is_plain_number(value: Value) -> bool:",
        "answered: return True",
    ): "what a loop carries and never changes is what it was before the loop, whatever kinds it might have had",
}
