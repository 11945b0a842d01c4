"""`sparse_hessian`: the Jacobian of the gradient, of which half is known from the other half."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad.api import grad
from srcgrad.errors import InternalError
from srcgrad.sparse.colouring import colour_symmetric
from srcgrad.sparse.jacobian import Seeds, check_pattern, filled, forward_sweeps, given_pattern, is_same
from srcgrad.sparse.leaves import Vector, positions, require_scipy
from srcgrad.sparse.pattern import JacobianPattern


@dataclass(frozen=True, slots=True)
class SymmetricPlan:
    """What is computed for a symmetric pattern, and where its elements are found in that.

    Attributes:
        pattern: a sparse matrix of booleans in the format CSR.
        colours: the colour of each column.
        places: for each element, its place in what the sweeps gave, one in each row.
        seeds: what the sweeps start with.
    """

    pattern: Any
    colours: np.ndarray
    places: np.ndarray
    seeds: Seeds

    @property
    def sweeps(self) -> int:
        """How many sweeps it takes."""
        return int(self.colours.max(initial=-1)) + 1

    def values(self, products: np.ndarray) -> np.ndarray:
        """The elements of the matrix in its order, from the products, one in each row."""
        return np.take(products, self.places)


def make_plan(pattern: Any) -> SymmetricPlan:
    """Colours a symmetric pattern, and finds where each element shows alone: in its own row, or in that of its twin."""
    colours = colour_symmetric(pattern)
    count = int(colours.max(initial=-1)) + 1
    columns = pattern.indices.astype(np.int64)
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    # Of an element and its twin the one above the diagonal decides, so that the result is symmetric to the last bit.
    low, high = np.minimum(rows, columns), np.maximum(rows, columns)
    seen = np.bincount(rows * count + colours[columns], minlength=pattern.shape[0] * count)
    alone = seen[low * count + colours[high]] == 1
    row, column = np.where(alone, low, high), np.where(alone, high, low)
    if np.any(seen[row * count + colours[column]] != 1):
        raise InternalError("a colouring of a Hessian does not show all of its elements")
    return SymmetricPlan(pattern, colours, colours[column] * pattern.shape[0] + row, Seeds(colours))


class SparseHessian:
    """The Hessian of a function as a sparse matrix. Made by `sparse_hessian`.

    Attributes:
        fun: the function.
        plan: how the last Hessian was computed: `plan.sweeps` says in how many sweeps.
    """

    def __init__(self, fun: Callable[..., Any], argnums: int | tuple[int, ...], pattern: Any = None):
        self.fun = fun
        self.argnums = argnums
        self.plan: SymmetricPlan | None = None
        self._given = pattern
        self._gradient = grad(fun, argnums)
        self._pattern = JacobianPattern(self._gradient, argnums)
        self._found: tuple[Any, Any] = (None, None)

    def pattern(self, *args: Any) -> Any:
        """The pattern of the Hessian at these arguments, a symmetric `scipy.sparse.csr_array` of booleans."""
        return self._kept(args).copy()

    def _kept(self, args: tuple) -> Any:
        """The pattern, which is kept for the next call."""
        found = self._pattern.kept(args)
        if found is not self._found[0]:
            self._found = found, _symmetric(found)
        return self._found[1]

    def __call__(self, *args: Any) -> Any:
        """The Hessian at these arguments."""
        require_scipy()
        name = getattr(self.fun, "__name__", None) or repr(self.fun)
        wanted = positions(self.argnums, len(args), name)
        primals = Vector([args[k] for k in wanted], f"an argument of {name}")
        plan = self._plan(args, primals.size)
        products = forward_sweeps(self._gradient, args, wanted, primals, plan.seeds, primals.size)
        matrix = filled(plan.pattern, plan.values(products))
        if self._given is not None:
            check_pattern(self._gradient, args, wanted, primals, matrix)
        if isinstance(self.argnums, int):
            return matrix
        return tuple([tuple([matrix[rows][:, columns] for columns in primals.parts]) for rows in primals.parts])

    def _plan(self, args: tuple, size: int) -> SymmetricPlan:
        pattern = self._kept(args) if self._given is None else self._given
        if self.plan is None or not is_same(self.plan.pattern, pattern):
            if self._given is not None:
                pattern = self._given = _symmetric(given_pattern(pattern, size))
            self.plan = make_plan(pattern)
        return self.plan

    def __repr__(self) -> str:
        return f"<sparse Hessian of {getattr(self.fun, '__name__', self.fun)}>"


def _symmetric(pattern: Any) -> Any:
    from scipy.sparse import csr_array

    found = csr_array(pattern + pattern.T)
    found.sort_indices()
    return found


def sparse_hessian(
    fun: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, pattern: Any = None
) -> SparseHessian:
    """A function that returns the Hessian of a scalar function as a sparse matrix.

    Its pattern is that of the Jacobian of the gradient, found by a run of the generated gradient on index sets. Columns
    are computed together, by forward sweeps over the gradient, as far as the symmetry of the matrix still tells their
    elements apart (Gebremedhin, Manne and Pothen, What color is your Jacobian?, SIAM Review 47, 2005).

    Args:
        fun: a function that `grad` differentiates, with a gradient that is differentiable in turn.
        argnums: which argument, or a tuple of several, to differentiate with respect to.
        pattern: a matrix that is not zero where the Hessian may not be, if it is known: of `scipy.sparse`, or an array;
            it is made symmetric. The result is checked by one more sweep.

    Returns:
        A function of the arguments of `fun` that returns a symmetric `scipy.sparse.csr_array`, with a row and a column
        for each element of the argument, arrays and trees in the order of their elements (C order); for a tuple of
        arguments a tuple of tuples of the blocks. `.pattern(*args)` is the pattern alone. What it has learned of a
        pattern is used again while that stays the same.

    Raises:
        MissingPackageError: if SciPy is not installed.
        NotScalarError: if the function does not return a number.
        ArgumentError: if an argument is complex, or a given pattern does not fit.
        UnsupportedError: if the program draws other random numbers in each sweep, or does something of which the
            pattern is not known.

    Example:
        >>> import numpy as np
        >>> from srcgrad import sparse_hessian
        >>> chain = sparse_hessian(lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2))
        >>> chain(np.array([0.0, 1.0, 2.0])).toarray()
        array([[-4.,  0.,  0.],
               [ 0.,  6., -4.],
               [ 0., -4.,  2.]])
    """
    return SparseHessian(fun, argnums, pattern)
