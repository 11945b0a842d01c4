"""Derivatives of functions of many values, and second derivatives: Jacobians, Hessians and products with them.

How the columns and rows of a Jacobian come from forward and reverse sweeps is in Griewank and Walther, Evaluating
Derivatives (2008), chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from srcgrad.api import NO_OUT, GradFunction, make
from srcgrad.backend.targets import Target
from srcgrad.errors import ArgumentError
from srcgrad.products import run_with_tangents

Names = str | Sequence[str] | None
Numbers = int | Sequence[int]


def jacrev(
    fun: Callable[..., Any] | None = None,
    argnums: Numbers = 0,
    *,
    argnames: Names = None,
    has_aux: bool = False,
    optimize: bool = True,
    jit: bool = False,
    debug: str | None = None,
) -> Any:
    """The Jacobian of a function, row by row: reverse mode, for more arguments than values.

    The function runs once; each element of what it returns then takes one reverse sweep, the cost of a small multiple
    of a run. Usable as a function and as a decorator, as `grad` is.

    Args:
        fun: the function; it may return numbers, arrays and trees of them, which are real.
        argnums: the parameters to differentiate with respect to: a number, or a tuple of numbers for a tuple of
            Jacobians.
        argnames: the same by name, instead of `argnums`.
        has_aux: whether the function returns a pair `(out, aux)`; the Jacobian then comes as `(jacobian, aux)`.
        optimize: whether to simplify the code before and after differentiation.
        jit: whether Numba compiles the code.
        debug: "nan" for code that checks what each of its statements computes.

    Returns:
        a `GradFunction`, called as `fun` is. For an array of shape `s` that comes from an argument of shape `t` it
        returns an array of shape `s + t`. For trees it returns the tree of the value, in which each leaf is replaced by
        a tree of the argument's structure; leaves that carry no derivative have None in their place.

    Raises:
        ArgumentError: if there is no such parameter, or its argument has no derivative.
        UnsupportedError: if the function returns complex numbers.

    Example:
        >>> import numpy as np
        >>> from srcgrad import jacrev
        >>> jacrev(lambda x: x[0] * x)(np.array([1.0, 2.0]))
        array([[2., 0.],
               [2., 1.]])
    """
    return make(fun, "jacrev", jit, _given(argnums, argnames, has_aux, optimize, debug))


jacobian = jacrev


def jacfwd(
    fun: Callable[..., Any] | None = None,
    argnums: Numbers = 0,
    *,
    argnames: Names = None,
    has_aux: bool = False,
    optimize: bool = True,
    jit: bool = False,
    debug: str | None = None,
) -> Any:
    """The Jacobian of a function, column by column: forward mode, for at least as many values as arguments.

    Each element of the arguments takes one forward sweep, the cost of a small multiple of a run, and no memory for a
    tape. A function that draws random numbers or changes something outside runs once all the same: then the sweeps are
    those of `jacrev`.

    Args:
        fun: the function; it may return numbers, arrays and trees of them.
        argnums, argnames, has_aux, optimize, jit, debug: as for `jacrev`.

    Returns:
        what `jacrev` returns.

    Raises:
        ArgumentError: if there is no such parameter, its argument has no derivative, or is complex.

    Example:
        >>> import numpy as np
        >>> from srcgrad import jacfwd
        >>> jacfwd(lambda t: np.array([t, t**2, t**3]))(2.0)
        array([ 1.,  4., 12.])
    """
    return make(fun, "jacfwd", jit, _given(argnums, argnames, has_aux, optimize, debug))


def hessian(
    fun: Callable[..., Any] | None = None,
    argnums: Numbers = 0,
    *,
    argnames: Names = None,
    has_aux: bool = False,
    optimize: bool = True,
    jit: bool = False,
    debug: str | None = None,
) -> Any:
    """The second derivatives of a function: the Jacobian, in forward mode, of its gradient.

    Each element of the argument takes one forward sweep of the gradient.

    Args:
        fun: the function. It may return any real numbers, as for `jacrev`.
        argnums, argnames, has_aux, optimize, jit, debug: as for `jacrev`.

    Returns:
        a `GradFunction`. For a function of an array of shape `t` that returns one number, it returns an array of shape
        `t + t`; in general what `jacfwd(jacrev(fun))` does, so that for a tuple of `argnums` it is a tuple of tuples.

    Example:
        >>> import numpy as np
        >>> from srcgrad import hessian
        >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
        array([[10.,  6.],
               [ 6.,  0.]])
    """
    return make(fun, "hessian", jit, _given(argnums, argnames, has_aux, optimize, debug))


def elementwise_grad(
    fun: Callable[..., Any] | None = None,
    argnums: Numbers = 0,
    *,
    argnames: Names = None,
    has_aux: bool = False,
    optimize: bool = True,
    jit: bool = False,
    debug: str | None = None,
) -> Any:
    """The derivatives of a function that treats each element by itself: of `tanh`, those are `1 - tanh(x) ** 2`.

    It is what the reverse sweep gives for ones, the sum over the rows of the Jacobian: for a function of which every
    element of the value depends on one element of the argument alone, the derivatives of those. That this is so, nobody
    checks.

    Args:
        fun: the function; it may return real numbers, arrays and trees of them.
        argnums, argnames, has_aux, optimize, jit, debug: as for `jacrev`.

    Returns:
        a `GradFunction`; what it returns has the structure, the shapes and the dtypes of the argument.

    Example:
        >>> import numpy as np
        >>> from srcgrad import elementwise_grad
        >>> elementwise_grad(lambda x: x**3)(np.array([1.0, 2.0]))
        array([ 3., 12.])
    """
    return make(fun, "elementwise_grad", jit, _given(argnums, argnames, has_aux, optimize, debug))


def _given(argnums: Any, argnames: Any, has_aux: bool, optimize: bool, debug: str | None) -> dict[str, Any]:
    return {"argnums": argnums, "argnames": argnames, "has_aux": has_aux, "optimize": optimize, "debug": debug}


class HessianProduct(GradFunction):
    """The product of the Hessian of a function with a vector. Made by `hvp`."""

    def __call__(self, /, *args: Any, out: Any = NO_OUT, **kwargs: Any) -> Any:
        """The product.

        Args:
            args: the arguments of the function, and then the vector: of the structure and the shapes of the argument
                that is differentiated with respect to, a tuple of such for several; None, for a leaf, means zero.
            out: as for the gradient.
            kwargs: further arguments of the function.

        Raises:
            ArgumentError: if the vector does not match the argument.
            ShapeError: if a leaf of it has another shape.
        """
        if out is not NO_OUT:
            if self._takes_out:
                kwargs["out"] = out
            elif out is not None:
                return self._into(out, args, kwargs)
        dispatcher = self._dispatcher
        name, wanted = dispatcher.target.name, dispatcher.options.wanted or ()
        if not args:
            raise ArgumentError(f"{self.__name__} takes the arguments of {name} and a vector")
        *primals, vector = args
        if not dispatcher.options.as_tuple:
            vectors: Any = (vector,)
        elif isinstance(vector, (tuple, list)) and len(vector) == len(wanted):
            vectors = vector
        else:
            raise ArgumentError(f"the vector of {self.__name__} must be a tuple: a vector for each of {wanted}")
        try:
            return run_with_tangents(dispatcher, tuple(primals), kwargs, dict(zip(wanted, vectors, strict=True)))[0]
        except TypeError as error:
            if not _takes(dispatcher.target, tuple(primals), kwargs):
                error.add_note(f"help: {self.__name__} takes the arguments of {name}, and behind them the vector")
            raise


def _takes(target: Target, args: tuple, kwargs: dict[str, Any]) -> bool:
    """Whether a function can be called with some arguments."""
    try:
        target.bind(args, kwargs)
    except TypeError:
        return False
    return True


def hvp(
    fun: Callable[..., Any] | None = None,
    argnums: Numbers = 0,
    *,
    argnames: Names = None,
    has_aux: bool = False,
    optimize: bool = True,
    jit: bool = False,
    debug: str | None = None,
) -> Any:
    """The product of the Hessian with a vector, for a small multiple of the cost of a gradient.

    It is the tangent of the gradient, computed in one forward sweep (Griewank and Walther, section 5.4).

    Args:
        fun: a function that returns one number.
        argnums, argnames, has_aux, optimize, jit, debug: as for `grad`.

    Returns:
        a `GradFunction`: `hvp(fun)(*args, v)` has the structure, the shapes and the dtypes of the argument; with aux it
        is `(product, aux)`. For a tuple of `argnums`, `v` is a tuple and a tuple is returned.

    Raises:
        NotScalarError: if the function returns something else than one real number.

    Example:
        >>> import numpy as np
        >>> from srcgrad import hvp
        >>> hvp(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]), np.array([1.0, 0.0]))
        array([10.,  6.])
    """
    return make(fun, "hvp", jit, _given(argnums, argnames, has_aux, optimize, debug), HessianProduct)
