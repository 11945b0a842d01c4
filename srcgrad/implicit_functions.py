"""Functions that are given by an equation: roots, fixed points and minimisers that any solver has found."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from srcgrad.api import grad
from srcgrad.backend.targets import resolve
from srcgrad.custom import given_name, places_of
from srcgrad.derived import Derived, filled, inner, zeros_like
from srcgrad.errors import ArgumentError, ShapeError, UnsupportedError
from srcgrad.products import jvp, vjp_of
from srcgrad.rules.custom import Custom, Like, is_surely
from srcgrad.tree import flatten

LinearSolve = Callable[[Callable[[np.ndarray], np.ndarray], np.ndarray], np.ndarray]

_FAR = 1e-2
"""How far Newton's method may want to move what a solver returned, relative to its size."""


def implicit(
    solver: Callable[..., Any] | None = None,
    residual: Callable[..., Any] | None = None,
    *,
    fixed_point: Callable[..., Any] | None = None,
    objective: Callable[..., Any] | None = None,
    initial: int | Iterable[int] = (),
    linear_solve: LinearSolve | None = None,
) -> Any:
    """A solver whose result is differentiated by the implicit function theorem, in both modes.

    The solver may be anything: it is called at run time, and never differentiated. Where `residual(x, *params)` is zero
    at what `solver(*params)` returns, the derivative of that is the solution of one linear system with the Jacobian of
    the residual (Griewank and Walther, Evaluating Derivatives, section 15.1), whichever way it was found.

    Args:
        solver: returns the solution, a number, an array, or a tree of them. Left out, `implicit` is a decorator.
        residual: takes the solution and the arguments of the solver, but for those left to their defaults, and is zero
            there. It has as many numbers as the solution.
        fixed_point: instead of it, takes the same, and returns the solution.
        objective: instead of it, takes the same, and has a minimum, or any other stationary point, at the solution.
        initial: the positions of arguments of the solver that are guesses to start from: they have no derivative, and
            the residual does not take them.
        linear_solve: solves the linear systems, given a function that multiplies a vector with the matrix, and the
            right-hand side: `scipy.sparse.linalg.gmres` and its like. Without it the matrix is computed, row by row,
            and factorised.

    Raises:
        ArgumentError: if there is not exactly one of `residual`, `fixed_point` and `objective`.
        ShapeError: where it is differentiated, if the residual has not as many numbers as the solution.
        numpy.linalg.LinAlgError: where it is differentiated, if the Jacobian is singular.

    Example:
        >>> from srcgrad import grad, implicit
        >>> def cube_root(a):
        ...     x = 1.0
        ...     while abs(x**3 - a) > 1e-12:
        ...         x = x - (x**3 - a) / (3.0 * x**2)
        ...     return x
        >>> root = implicit(cube_root, lambda x, a: x**3 - a)
        >>> round(grad(root)(8.0), 12)
        0.083333333333
    """
    given = [fn for fn in (residual, fixed_point, objective) if fn is not None]
    if len(given) != 1 or not callable(given[0]):
        raise ArgumentError("implicit needs one function: a residual, a fixed_point or an objective")
    if fixed_point is not None:
        residual = _difference(fixed_point)
    elif objective is not None:
        residual = grad(objective)
    assert residual is not None
    if solver is None:
        return functools.partial(Implicit, residual=residual, initial=initial, linear_solve=linear_solve)
    return Implicit(solver, residual, initial, linear_solve)


def _difference(step: Any) -> Callable[..., Any]:
    def residual(x, *params):  # type: ignore[no-untyped-def]
        return _less(step(x, *params), x)

    return residual


def _less(a, b):  # type: ignore[no-untyped-def]
    """The difference of two trees."""
    if is_surely(a, dict):
        return {key: _less(a[key], b[key]) for key in a}
    if is_surely(a, tuple):
        return tuple([_less(p, q) for p, q in zip(a, b, strict=True)])
    if is_surely(a, list):
        return [_less(p, q) for p, q in zip(a, b, strict=True)]
    return a - b


def _opposite(a):  # type: ignore[no-untyped-def]
    """The numbers of a tree with the other sign; None stays."""
    if is_surely(a, dict):
        return {key: _opposite(a[key]) for key in a}
    if is_surely(a, tuple):
        return tuple([_opposite(part) for part in a])
    if is_surely(a, list):
        return [_opposite(part) for part in a]
    return None if a is None else -a


class Implicit(Custom):
    """What `implicit` returns: called as the solver is.

    Attributes:
        fun: the solver.
        residual: what is zero at the solution.
    """

    is_constant_in_passive = True
    fills_defaults = False
    returns_new = True

    def __init__(
        self,
        solver: Callable[..., Any],
        residual: Callable[..., Any],
        initial: int | Iterable[int],
        linear_solve: LinearSolve | None,
    ):
        if not callable(solver):
            raise ArgumentError(f"implicit needs a solver to call, not a {type(solver).__name__}")
        functools.update_wrapper(self, solver, updated=())
        self.fun = solver
        self.__name__ = given_name(solver, "solution")
        self.passive = places_of("initial", solver, initial)
        self.residual = residual
        self.linear_solve = linear_solve
        self.gradient = grad(_weighted(residual), argnums=(1, 2))
        self.pushed = _pushed(residual)
        self._adjoint = _Adjoint(self)
        self._tangent_map = _TangentMap(self)

    def __repr__(self) -> str:
        return f"<implicit {self.__name__}>"

    def adjoint(self) -> Custom:
        return self._adjoint

    def tangent_map(self) -> Custom:
        return self._tangent_map

    def forward(self, args: tuple) -> tuple[Any, Any]:
        x = self.fun(*args)
        return x, (args, x)

    def backward(self, residuals: Any, cotangent: Any) -> Any:
        args, x = residuals
        return self._adjoint.fun(*args, x, cotangent)

    def tangent(self, args: tuple, tangents: tuple) -> tuple[Any, Any]:
        x = self.fun(*args)
        return x, self._tangent_map.fun(*args, x, *tangents)[0]

    def params(self, args: Sequence[Any]) -> tuple:
        """The arguments that the residual takes."""
        return tuple([a for k, a in enumerate(args) if k not in self.passive])

    def placed(self, found: Sequence[Any], count: int) -> tuple:
        """What belongs to these, among so many arguments, with None for guesses."""
        rest = iter(found)
        return tuple([None if k in self.passive else next(rest) for k in range(count)])

    def system(self, x: Any, args: Sequence[Any]) -> System:
        """The equation at a solution."""
        return System(self, x, self.params(args))


def _weighted(residual: Any) -> Callable[..., Any]:
    def weighted(w, x, params):  # type: ignore[no-untyped-def]
        return inner(w, residual(x, *params))

    return weighted


def _pushed(residual: Any) -> Callable[..., Any]:
    def pushed(x, params, x_dot, params_dot):  # type: ignore[no-untyped-def]
        return jvp(residual, (x, *params), (x_dot, *params_dot))[1]

    return pushed


class System:
    """The linearised equation at a solution: `A x_dot + B params_dot = 0`.

    Attributes:
        space: the solutions, as vectors.
        image: the residuals, as vectors.
    """

    def __init__(self, owner: Implicit, x: Any, params: tuple):
        self.x, self.params = x, params
        self.owner = owner
        self.value, self._pull = vjp_of(owner.residual, (x, *params), None)
        self.space, self.image = _Space(x), _Space(self.value)
        if self.space.size != self.image.size:
            raise ShapeError(
                f"the residual of {owner.__name__} has {self.image.size} numbers, and the solution {self.space.size}",
                help="for each unknown there has to be one equation",
            )

    def pull(self, w: np.ndarray) -> tuple[np.ndarray, tuple]:
        """The products of a covector with `A` and with `B`."""
        of_x, *of_params = self._pull(self.image.tree(w, conjugate=True))
        return self.space.vector(of_x, conjugate=True), tuple(of_params)

    @functools.cached_property
    def _pull_of_x(self) -> Callable[[Any], tuple]:
        """As the pullback of the residual, for the solution alone."""
        names = resolve(self.owner.residual).positional
        return vjp_of(self.owner.residual, (self.x, *self.params), names[:1])[1] if names else self._pull

    def row(self, w: np.ndarray) -> np.ndarray:
        """The product of a covector with `A`."""
        return self.space.vector(self._pull_of_x(self.image.tree(w, conjugate=True))[0], conjugate=True)

    def push(self, x_dot: Any, params_dot: Sequence[Any]) -> np.ndarray:
        """The tangent of the residual."""
        found = jvp(self.owner.residual, (self.x, *self.params), (x_dot, *map(_or_none, params_dot)))[1]
        return self.image.vector(found)

    def solve(self, b: np.ndarray) -> np.ndarray:
        """`A v = b`."""
        nothing = [None] * len(self.params)
        return self._solved(lambda v: self.push(self.space.tree(v), nothing), b, transposed=False)

    def solve_transposed(self, b: np.ndarray) -> np.ndarray:
        """`A.T w = b`."""
        return self._solved(self.row, b, transposed=True)

    def _solved(self, product: Callable[[np.ndarray], np.ndarray], b: np.ndarray, transposed: bool) -> np.ndarray:
        if self.owner.linear_solve is not None:
            found = np.asarray(self.owner.linear_solve(product, b), dtype=float)
            if found.shape != b.shape:
                raise ShapeError(f"linear_solve of {self.owner.__name__} returned shape {found.shape}, not {b.shape}")
            return found
        matrix = self._matrix
        try:
            return np.linalg.solve(matrix.T if transposed else matrix, b)
        except np.linalg.LinAlgError as error:
            error.add_note(
                f"the Jacobian of the residual of {self.owner.__name__} with respect to the solution is singular there"
            )
            raise

    @functools.cached_property
    def _matrix(self) -> np.ndarray:
        rows = [self.row(row) for row in np.eye(self.image.size)]
        matrix = np.reshape(rows, (self.image.size, self.space.size))
        self._warn(matrix)
        return matrix

    def _warn(self, matrix: np.ndarray) -> None:
        """Warns if what the solver returned is no solution."""
        away = self.image.vector(self.value)
        try:
            step = np.max(np.abs(np.linalg.solve(matrix, away)), initial=0.0)
        except np.linalg.LinAlgError:
            return
        if step > _FAR * (1.0 + np.max(np.abs(self.space.vector(self.x)), initial=0.0)):
            warnings.warn(
                f"what {self.owner.__name__} returned does not solve its equation: the residual is up to "
                f"{np.max(np.abs(away)):.3g}, and Newton's method would go on by {step:.3g}",
                RuntimeWarning,
                stacklevel=2,
            )


def _or_none(tangent: Any) -> Any:
    """A tangent of an argument, None if no part of it has one."""
    return tangent if any(leaf is not None for leaf in flatten(tangent)[0]) else None


class _Space:
    """Trees of one structure as vectors of real numbers: a complex number is two of them."""

    def __init__(self, tree: Any):
        leaves, self._structure = flatten(tree)
        self._likes = [Like.of(leaf) for leaf in leaves]
        self.size = sum([self._count(like) for like in self._likes])
        self.is_complex = any(like is not None and like.dtype.kind == "c" for like in self._likes)

    @staticmethod
    def _count(like: Like | None) -> int:
        if like is None:
            return 0
        return int(np.prod(like.shape, dtype=int)) * (2 if like.dtype.kind == "c" else 1)

    def vector(self, tree: Any, conjugate: bool = False) -> np.ndarray:
        """The numbers of a tree; None stands for zeros. Cotangents of complex numbers are conjugate covectors."""
        leaves = self._structure.flatten(tree, partly=True)
        parts = [np.zeros(0)]
        for like, leaf in zip(self._likes, leaves, strict=True):
            if like is None:
                continue
            flat = np.ravel(like.fitted(leaf, "the derivative of a residual"))
            if like.dtype.kind == "c":
                parts += [flat.real, -flat.imag if conjugate else flat.imag]
            else:
                parts.append(flat)
        return np.concatenate(parts).astype(float)

    def tree(self, vector: np.ndarray, conjugate: bool = False) -> Any:
        """The tree with these numbers."""
        leaves: list[Any] = []
        at = 0
        for like in self._likes:
            part = vector[at : at + self._count(like)]
            at += self._count(like)
            if like is None:
                leaves.append(None)
                continue
            if like.dtype.kind == "c":
                real, imag = np.split(part, 2)
                part = real - 1j * imag if conjugate else real + 1j * imag
            leaves.append(like.fitted(np.reshape(part, like.shape), "a solution"))
        return self._structure.unflatten(leaves)


class _Adjoint(Derived):
    """The map from the cotangent of a solution to those of the parameters.

    It takes the arguments, the solution `x` and its cotangent, and returns `-B.T w` with `A.T w = x_bar`. Its own
    derivatives are those of `G(w, x, p) = grad(<w, r(x, p)>)`, which is `(A.T w, B.T w)`.
    """

    is_constant_in_passive = True
    returns_new = True

    def __init__(self, owner: Implicit):
        self.owner = owner
        self.fun = self._apply
        self.__name__ = owner.names[1]
        self.__module__ = getattr(owner, "__module__", None) or "builtins"

    @functools.cached_property
    def formula(self) -> Callable[..., Any]:
        return _adjoint_by_formula(self.owner)

    def is_passive(self, place: int, count: int) -> bool:
        return place < count - 2 and place in self.owner.passive

    def outputs_like(self, count: int) -> Sequence[int]:
        return range(count - 2)

    def _apply(self, *given: Any) -> tuple:
        *args, x, x_bar = given
        system = self.owner.system(x, args)
        w = system.solve_transposed(system.space.vector(x_bar, conjugate=True))
        return self.owner.placed(system.pull(-w)[1], len(args))

    def forward(self, args: tuple) -> tuple[Any, Any]:
        return self._apply(*args), args

    def _start(self, given: Sequence[Any]) -> tuple[System, Any]:
        """The equation, and `w`."""
        *args, x, x_bar = given
        system = _real_system(self.owner, x, args)
        return system, system.solve_transposed(system.space.vector(x_bar))

    def backward(self, residuals: Any, cotangent: Any) -> Any:
        system, w = self._start(residuals)
        q = tuple([filled(c, p) for c, p in zip(self.owner.params(cotangent), system.params, strict=True)])
        _, pull = vjp_of(self.owner.gradient, (system.image.tree(w), system.x, system.params), None)
        of_w, x_bar, of_params = pull((zeros_like(system.x), _negated(q)))
        u = system.solve(system.image.vector(of_w))
        _, more_x, more_params = pull((system.space.tree(-u), zeros_like(system.params)))
        total = [_sum(p, a, b) for p, a, b in zip(system.params, of_params, more_params, strict=True)]
        count = len(residuals) - 2
        return (*self.owner.placed(total, count), _sum(system.x, x_bar, more_x), system.space.tree(u))

    def tangent(self, args: tuple, tangents: tuple) -> tuple[Any, Any]:
        *dots, x_dot, x_bar_dot = tangents
        system, w = self._start(args)
        (_, of_params), (of_x_dot, of_params_dot) = jvp(
            self.owner.gradient,
            (system.image.tree(w), system.x, system.params),
            (None, x_dot, self.owner.params(dots)),
        )
        w_dot = system.solve_transposed(system.space.vector(x_bar_dot) - system.space.vector(of_x_dot))
        more = system.pull(w_dot)[1]
        total = [_sum(p, a, b) for p, a, b in zip(system.params, of_params_dot, more, strict=True)]
        placed = self.owner.placed
        return placed(_negated(of_params), len(dots)), placed(_negated(total), len(dots))


class _TangentMap(Derived):
    """The map from the tangents of the parameters to that of a solution.

    It takes the arguments, the solution and the tangents of the arguments, and returns `x_dot` with
    `A x_dot = -B p_dot`, as a tuple of one.
    """

    is_constant_in_passive = True
    returns_new = True

    def __init__(self, owner: Implicit):
        self.owner = owner
        self.fun = self._apply
        self.__name__ = owner.names[2]
        self.__module__ = getattr(owner, "__module__", None) or "builtins"

    @functools.cached_property
    def formula(self) -> Callable[..., Any]:
        return _tangent_by_formula(self.owner)

    def outputs_like(self, count: int) -> Sequence[int]:
        return ((count - 1) // 2,)

    def _split(self, given: Sequence[Any]) -> tuple[list[Any], Any, tuple]:
        count = (len(given) - 1) // 2
        return list(given[:count]), given[count], self.owner.params(given[count + 1 :])

    def _apply(self, *given: Any) -> tuple:
        args, x, dots = self._split(given)
        system = self.owner.system(x, args)
        if all(dot is None for dot in map(_or_none, dots)):
            return (system.space.tree(np.zeros(system.space.size)),)
        return (system.space.tree(system.solve(-system.push(None, dots))),)

    def forward(self, args: tuple) -> tuple[Any, Any]:
        found = self._apply(*args)
        return found, (args, found[0])

    def backward(self, residuals: Any, cotangent: Any) -> Any:
        given, x_dot = residuals
        args, x, dots = self._split(given)
        system = _real_system(self.owner, x, args)
        u = system.solve_transposed(system.space.vector(cotangent[0]))
        of_dots = system.pull(-u)[1]
        at = (system.image.tree(u), x, system.params)
        of_x, of_params = jvp(self.owner.gradient, at, (None, x_dot, dots))[1]
        placed = self.owner.placed
        return (*placed(_negated(of_params), len(args)), _negated(of_x), *placed(of_dots, len(args)))

    def tangent(self, args: tuple, tangents: tuple) -> tuple[Any, Any]:
        given, x, dots = self._split(args)
        given_dots, x_moved, dots_moved = self._split(tangents)
        system = _real_system(self.owner, x, given)
        x_dot = self._apply(*args)
        params_dot = tuple([filled(dot, p) for dot, p in zip(dots, system.params, strict=True)])
        moved = (x_moved, self.owner.params(given_dots), None, dots_moved)
        change = jvp(self.owner.pushed, (x, system.params, x_dot[0], params_dot), moved)[1]
        return x_dot, (system.space.tree(system.solve(-system.image.vector(change))),)


class _LikeFirst(Implicit):
    """The solution of a linear equation, as a tuple of one, of the kind of its first argument."""

    def outputs_like(self, count: int) -> Sequence[int]:
        return (0,)


def _adjoint_by_formula(owner: Implicit) -> Callable[..., Any]:
    """The map from the cotangent of a solution to those of the parameters, as a function that can be read.

    The covector `w` with `A.T w = x_bar` is the solution of an equation in turn.
    """
    passive, residual, weighted = owner.passive, owner.residual, _weighted(owner.residual)

    def solve(value: Any, x: Any, params: tuple, x_bar: Any) -> tuple:
        system = System(owner, x, params)
        return (system.image.tree(system.solve_transposed(system.space.vector(x_bar))),)

    def equation(covector, value, x, params, x_bar):  # type: ignore[no-untyped-def]
        return _less(grad(weighted, argnums=1)(covector[0], x, params), x_bar)

    covector = _LikeFirst(solve, equation, (), owner.linear_solve)

    def adjoint(*given):  # type: ignore[no-untyped-def]
        *args, x, x_bar = given
        params = tuple([a for k, a in enumerate(args) if k not in passive])
        (w,) = covector(residual(x, *params), x, params, x_bar)
        found = iter(grad(weighted, argnums=2)(w, x, params))
        return tuple([None if k in passive else _opposite(next(found)) for k in range(len(args))])

    return adjoint


def _tangent_by_formula(owner: Implicit) -> Callable[..., Any]:
    """The map from the tangents of the parameters to that of a solution, as a function that can be read.

    The tangent is the solution of an equation in turn.
    """
    passive, residual = owner.passive, owner.residual

    def solve(like: Any, x: Any, params: tuple, dots: tuple) -> tuple:
        system = System(owner, x, params)
        return (system.space.tree(system.solve(-system.push(None, dots))),)

    def equation(moved, like, x, params, dots):  # type: ignore[no-untyped-def]
        return jvp(residual, (x, *params), (moved[0], *dots))[1]

    moved = _LikeFirst(solve, equation, (), owner.linear_solve)

    def tangent(*given):  # type: ignore[no-untyped-def]
        count = (len(given) - 1) // 2
        params = tuple([given[k] for k in range(count) if k not in passive])
        dots = tuple([given[count + 1 + k] for k in range(count) if k not in passive])
        return moved(given[count], given[count], params, dots)

    return tangent


def _real_system(owner: Implicit, x: Any, args: Sequence[Any]) -> System:
    system = owner.system(x, args)
    if system.space.is_complex or system.image.is_complex:
        raise UnsupportedError(
            f"a second derivative of {owner.__name__}, which is implicit and complex, is asked for",
            help="let the unknowns be the real and imaginary parts",
        )
    return system


def _negated(tree: Any) -> Any:
    leaves, structure = flatten(tree)
    return structure.unflatten([None if leaf is None else -leaf for leaf in leaves])


def _sum(like: Any, a: Any, b: Any) -> Any:
    """The sum of two trees, in which None may stand for zeros."""
    structure = flatten(like)[1]
    pairs = zip(structure.flatten(a, partly=True), structure.flatten(b, partly=True), strict=True)
    return structure.unflatten([q if p is None else p if q is None else p + q for p, q in pairs])
