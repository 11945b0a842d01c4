"""`sparse_jacobian`: a pattern, a colouring of it, and one sweep for each colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad.errors import ArgumentError, NoRuleError, UnsupportedError
from srcgrad.products import Pushforward, jvp, pushing, vjp
from srcgrad.sparse.colouring import NONE, colour_columns
from srcgrad.sparse.leaves import Vector, as_vector, positions, require_scipy
from srcgrad.sparse.pattern import JacobianPattern

_CHECK = 1e-3
"""How far a product with the Jacobian may be from one with the matrix, in parts of what its terms sum up to."""


_MOST_SEEDS = 2**22
"""Vectors of so many numbers in all are kept from one call to the next."""


class Seeds:
    """The sums of the unit vectors of each colour."""

    def __init__(self, colours: np.ndarray):
        self.count = int(colours.max(initial=NONE)) + 1
        self._colours = colours
        self._known: list[np.ndarray] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        if self._known or self.count * len(self._colours) > _MOST_SEEDS:
            return iter(self._known or map(self._of, range(self.count)))
        self._known = list(map(self._of, range(self.count)))
        return iter(self._known)

    def _of(self, colour: int) -> np.ndarray:
        seed: np.ndarray = (self._colours == colour).astype(float)
        return seed


@dataclass(frozen=True, slots=True)
class Plan:
    """What is computed for a pattern, and where its elements are found in that.

    Attributes:
        pattern: a sparse matrix of booleans in the format CSR.
        columns: the colour of each column, for sweeps forward; None if there are none.
        rows: the colour of each row, for sweeps backward; None if there are none.
        by_row: for each element, whether a sweep backward finds it; None if all or none are.
        places: for each element, its place in what the sweeps forward and backward gave.
        seeds: what these sweeps start with.
    """

    pattern: Any
    columns: np.ndarray | None
    rows: np.ndarray | None
    by_row: np.ndarray | None
    places: tuple[np.ndarray, np.ndarray]
    seeds: tuple[Seeds | None, Seeds | None]

    @classmethod
    def of(
        cls, pattern: Any, columns: np.ndarray | None, rows: np.ndarray | None, by_row: np.ndarray | None = None
    ) -> Plan:
        """The plan for colours of columns or of rows, or of both."""
        width, indices = pattern.shape[1], pattern.indices.astype(np.int64)
        owners = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
        nowhere = np.zeros(0, np.int64)
        forward = nowhere if columns is None else np.maximum(columns, 0)[indices] * pattern.shape[0] + owners
        backward = nowhere if rows is None else np.maximum(rows, 0)[owners] * width + indices
        first, second = (None if colours is None else Seeds(colours) for colours in (columns, rows))
        return cls(pattern, columns, rows, by_row, (forward, backward), (first, second))

    @property
    def sweeps(self) -> tuple[int, int]:
        """How many sweeps forward and backward it takes."""
        forward, backward = (0 if c is None else int(c.max(initial=NONE)) + 1 for c in (self.columns, self.rows))
        return forward, backward

    def values(self, forward: np.ndarray | None, backward: np.ndarray | None) -> np.ndarray:
        """The elements of the matrix in its order, from the rows that the sweeps gave: one for each colour."""
        if backward is None:
            assert forward is not None
            return np.take(forward, self.places[0])
        found = np.take(backward, self.places[1])
        if forward is not None and self.by_row is not None:
            found = np.where(self.by_row, found, np.take(forward, self.places[0]))
        return found


def make_plan(pattern: Any, mode: str | None) -> Plan:
    """Sweeps forward, backward, or both, whichever are fewest.

    A few dense rows or columns would each take a sweep for each of their elements; rows are computed backward, one
    sweep each, and the rest forward, or the other way round.
    """
    if mode == "fwd":
        return Plan.of(pattern, colour_columns(pattern), None)
    if mode == "rev":
        return Plan.of(pattern, None, colour_columns(pattern.T.tocsr()))
    transposed = pattern.T.tocsr()
    plans = []
    in_rows, in_columns = np.diff(pattern.indptr), np.diff(transposed.indptr)
    few = min(in_rows.max(initial=0), in_columns.max(initial=0))
    if in_rows.max(initial=0) <= max(2 * few, 64):
        plans.append(Plan.of(pattern, colour_columns(pattern), None))
    if in_columns.max(initial=0) <= max(2 * few, 64):
        plans.append(Plan.of(pattern, None, colour_columns(transposed)))
    best = min(plans, key=lambda plan: sum(plan.sweeps))
    mixed = [_with_dense_rows(pattern, in_rows), _with_dense_columns(pattern, transposed, in_columns)]
    return min([best, *[plan for plan in mixed if plan is not None]], key=lambda plan: sum(plan.sweeps))


def _dense(counts: np.ndarray) -> np.ndarray | None:
    """The rows to leave out so that with a sweep for each as few as possible are needed; None if that gains little."""
    order = np.argsort(-counts, kind="stable")
    cost = np.arange(len(counts)) + counts[order]
    least = int(np.argmin(cost)) if len(cost) else 0
    return order[:least] if least and 2 * cost[least] < cost[0] else None


def _with_dense_rows(pattern: Any, counts: np.ndarray) -> Plan | None:
    dense = _dense(counts)
    if dense is None:
        return None
    rows = np.full(pattern.shape[0], NONE)
    rows[dense] = np.arange(len(dense))
    by_row = np.repeat(rows != NONE, counts)
    return Plan.of(pattern, colour_columns(_only(pattern, ~by_row)), rows, by_row)


def _with_dense_columns(pattern: Any, transposed: Any, counts: np.ndarray) -> Plan | None:
    dense = _dense(counts)
    if dense is None:
        return None
    columns = np.full(pattern.shape[1], NONE)
    columns[dense] = np.arange(len(dense))
    by_row = columns[pattern.indices] == NONE
    return Plan.of(pattern, columns, colour_columns(_only(pattern, by_row).T.tocsr()), by_row)


def _only(pattern: Any, kept: np.ndarray) -> Any:
    """The elements of a pattern that are kept."""
    found = pattern.copy()
    found.data = kept.copy()
    found.eliminate_zeros()
    return found


class SparseJacobian:
    """The Jacobian of a function as a sparse matrix. Made by `sparse_jacobian`.

    Attributes:
        fun: the function.
        pattern: called with arguments, it gives the pattern of the Jacobian there.
        plan: how the last Jacobian was computed: `plan.sweeps` says in how many sweeps.
    """

    def __init__(
        self, fun: Callable[..., Any], argnums: int | tuple[int, ...], pattern: Any = None, mode: str | None = None
    ):
        if mode not in (None, "fwd", "rev"):
            raise ArgumentError(f"mode is {mode!r}", help='"fwd", "rev", or None for whichever takes fewer sweeps')
        self.fun = fun
        self.argnums = argnums
        self.pattern = JacobianPattern(fun, argnums)
        self.plan: Plan | None = None
        self._given = pattern
        self._mode = mode

    def __call__(self, *args: Any) -> Any:
        """The Jacobian at these arguments."""
        require_scipy()
        wanted = positions(self.argnums, len(args), _name(self.fun))
        primals = Vector([args[k] for k in wanted], f"an argument of {_name(self.fun)}")
        plan = self._plan(args, primals.size)
        try:
            matrix = self._filled(plan, args, wanted, primals)
        except (NoRuleError, UnsupportedError):
            # Not everything that has a tangent has a pullback, or the other way round.
            if self._mode is not None:
                raise
            other = "rev" if plan.rows is None else "fwd"
            plan = self.plan = make_plan(plan.pattern, other)
            matrix = self._filled(plan, args, wanted, primals)
        if self._given is not None:
            check_pattern(self.fun, args, wanted, primals, matrix)
        return matrix if isinstance(self.argnums, int) else tuple([matrix[:, part] for part in primals.parts])

    def _filled(self, plan: Plan, args: tuple, wanted: list[int], primals: Vector) -> Any:
        columns = rows = None
        forward, backward = plan.seeds
        if forward is not None:
            columns = forward_sweeps(self.fun, args, wanted, primals, forward, plan.pattern.shape[0])
        if backward is not None:
            rows = _backward_sweeps(self.fun, args, wanted, primals, backward, plan.pattern.shape[0])
        return filled(plan.pattern, plan.values(columns, rows))

    def _plan(self, args: tuple, columns: int) -> Plan:
        pattern = self.pattern.kept(args) if self._given is None else self._given
        if self.plan is None or not is_same(self.plan.pattern, pattern):
            if self._given is not None:
                pattern = self._given = given_pattern(pattern, columns)
            self.plan = make_plan(pattern, self._mode)
        return self.plan

    def __repr__(self) -> str:
        return f"<sparse Jacobian of {_name(self.fun)}>"


def _name(fun: Any) -> str:
    return getattr(fun, "__name__", None) or repr(fun)


def given_pattern(pattern: Any, columns: int) -> Any:
    """A pattern of the user's as a sparse matrix of booleans.

    Raises:
        ArgumentError: if it is no matrix, or has another number of columns.
    """
    from scipy.sparse import csr_array, issparse

    if not issparse(pattern) and np.ndim(pattern) != 2:
        raise ArgumentError("pattern is no matrix", help="pass a matrix of scipy.sparse, or an array of booleans")
    found = csr_array(pattern, copy=True)
    if found.shape[1] != columns:
        raise ArgumentError(f"pattern has {found.shape[1]} columns, but the arguments have {columns} elements")
    found = csr_array((np.ones(len(found.indices), bool), found.indices, found.indptr), shape=found.shape)
    found.sum_duplicates()
    found.sort_indices()
    return found


def is_same(a: Any, b: Any) -> bool:
    """Whether two patterns are the same."""
    if a is b:
        return True
    if getattr(b, "format", None) != "csr" or a.shape != b.shape:
        return False
    return np.array_equal(a.indptr, b.indptr) and np.array_equal(a.indices, b.indices)


def filled(pattern: Any, values: np.ndarray) -> Any:
    """A sparse matrix of a pattern; what is zero in it stays an element of the pattern."""
    from scipy.sparse import csr_array

    return csr_array((values, pattern.indices.copy(), pattern.indptr.copy()), shape=pattern.shape)


# Sweeps. One for each colour: this is where several in one would go.


def forward_sweeps(
    fun: Callable[..., Any], args: tuple, wanted: list[int], primals: Vector, seeds: Seeds, rows: int
) -> np.ndarray:
    """The products of the Jacobian with the sum of the columns of each colour, one in each row."""
    found = np.zeros((seeds.count, rows), primals.dtype)
    push = Pushforward(pushing(fun, [k in wanted for k in range(len(args))], False, "linearize"), args, False)
    for colour, seed in enumerate(seeds):
        product = pushed(push, len(args), wanted, primals, seed)
        if len(product) != rows:
            raise ArgumentError(f"pattern has {rows} rows, but {_name(fun)} returned {len(product)} elements")
        found[colour] = product
    return found


def pushed(push: Callable[..., Any], count: int, wanted: list[int], primals: Vector, vector: np.ndarray) -> np.ndarray:
    """The product of the Jacobian with a vector: what `push` makes of the tangents of so many arguments."""
    tangents: list[Any] = [None] * count
    for k, tree in zip(wanted, primals.trees(vector, lambda leaf, part: part), strict=True):
        tangents[k] = tree
    return as_vector(push(*tangents), primals.dtype)


def _backward_sweeps(
    fun: Callable[..., Any], args: tuple, wanted: list[int], primals: Vector, seeds: Seeds, rows: int
) -> np.ndarray:
    """The products of the sum of the rows of each colour with the Jacobian."""
    out, pull = vjp(fun, *args)
    results = Vector([out], f"what {_name(fun)} returns")
    if results.size != rows:
        raise ArgumentError(f"pattern has {rows} rows, but {_name(fun)} returned {results.size} elements")
    found = np.zeros((seeds.count, primals.size), primals.dtype)
    for colour, seed in enumerate(seeds):
        bars = pull(results.trees(seed, lambda leaf, part: part)[0])
        found[colour] = np.concatenate([as_vector(bars[k], primals.dtype) for k in wanted])
    return found


def check_pattern(fun: Callable[..., Any], args: tuple, wanted: list[int], primals: Vector, matrix: Any) -> None:
    """Compares a product with the Jacobian to one with the matrix that a given pattern led to.

    Raises:
        ArgumentError: if they differ: an element that is not zero is missing in the pattern.
    """
    vector = np.random.default_rng(0).uniform(0.5, 1.0, primals.size)
    ours, theirs = matrix @ vector, pushed(lambda *dots: jvp(fun, args, dots)[1], len(args), wanted, primals, vector)
    sizes = abs(matrix) @ vector + np.abs(theirs)
    wrong = np.flatnonzero(np.isfinite(ours) & np.isfinite(theirs) & (np.abs(ours - theirs) > _CHECK * sizes))
    if len(wrong):
        raise ArgumentError(
            f"pattern lacks elements of the Jacobian of {_name(fun)} that are not zero, some of them in row {wrong[0]}",
            help="leave pattern out, and it is found",
        )


def sparse_jacobian(
    fun: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    pattern: Any = None,
    mode: str | None = None,
) -> SparseJacobian:
    """A function that returns the Jacobian of `fun` as a sparse matrix.

    Its pattern is found by a run of the program on index sets. Columns (or rows) without a row (column) in common are
    computed together, so that a Jacobian costs a few sweeps however large it is (Curtis, Powell and Reid, On the
    estimation of sparse Jacobian matrices, 1974).

    Args:
        fun: a function of numbers, real arrays and trees of them, that returns such.
        argnums: which argument, or a tuple of several, to differentiate with respect to.
        pattern: a matrix that is not zero where the Jacobian may not be, if it is known: of `scipy.sparse`, or an
            array. The result is checked by one more sweep.
        mode: `"fwd"` for sweeps forward, one for each colour of the columns; `"rev"` for sweeps backward, one for each
            colour of the rows; None for whichever are fewer, or for both.

    Returns:
        A function of the arguments of `fun` that returns a `scipy.sparse.csr_array` with a row for each element of the
        output and a column for each element of the argument, arrays and trees in the order of their elements (C
        order); for a tuple of arguments a tuple of them. `.pattern(*args)` is the pattern alone. What it has learned
        of a pattern is used again while that stays the same.

    Raises:
        MissingPackageError: if SciPy is not installed.
        ArgumentError: if an argument is complex, or a given pattern does not fit.
        UnsupportedError: if the program draws other random numbers in each sweep, or does something of which the
            pattern is not known.

    Example:
        >>> import numpy as np
        >>> from srcgrad import sparse_jacobian
        >>> differences = sparse_jacobian(lambda x: x[1:] ** 2 - x[:-1])
        >>> differences(np.array([1.0, 2.0, 3.0])).toarray()
        array([[-1.,  4.,  0.],
               [ 0., -1.,  6.]])
    """
    return SparseJacobian(fun, argnums, pattern, mode)
