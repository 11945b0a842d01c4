"""Solutions of equations, differentiated by the implicit function theorem."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse.linalg import LinearOperator, gmres

import srcgrad
from srcgrad import check_grads, grad, hessian, hvp, implicit, jacfwd, jacrev, jvp, linearize, value_and_grad, vjp
from srcgrad.errors import ArgumentError, ShapeError, UnsupportedError
from srcgrad.testing import directional_derivative

B = np.array([1.0, 2.0])


def cube_root(a):
    return scipy.optimize.brentq(lambda x: x**3 - a, 0.0, 100.0, xtol=1e-15)


cubic = implicit(cube_root, lambda x, a: x**3 - a)


def equation(x, b, p):
    first = 3.0 * x[0] + np.sin(x[0]) + p["k"] * x[1] - b[0]
    return np.array([first, p["k"] * x[0] + 4.0 * x[1] + x[1] ** 2 - b[1] * p["s"]])


def newton(b, p):
    x = np.zeros(2)
    while True:
        slope = np.array([[3.0 + np.cos(x[0]), p["k"]], [p["k"], 4.0 + 2.0 * x[1]]])
        step = np.linalg.solve(slope, equation(x, b, p))
        x = x - step
        if np.max(np.abs(step)) < 1e-14:
            return x


solution = implicit(newton, equation)


def by_gmres(product, b):
    return gmres(LinearOperator((b.size, b.size), product, dtype=float), b, rtol=1e-13)[0]


WITH_PRODUCTS_ALONE = implicit(newton, equation, linear_solve=by_gmres)


def test_a_root_in_both_modes():
    assert_allclose(grad(cubic)(8.0), 1.0 / 12.0)
    assert_allclose(jvp(cubic, (8.0,), (2.0,)), (2.0, 1.0 / 6.0))
    assert_allclose(value_and_grad(lambda a: cubic(a * a) ** 2)(3.0), (3.0 ** (4 / 3), 4 / 3 * 3.0 ** (1 / 3)))
    assert_allclose(vjp(cubic, 8.0)[1](3.0), (0.25,))
    assert_allclose(linearize(cubic, 8.0)[1](12.0), 1.0)


def test_the_solver_is_called_once():
    calls = []

    def noted(a):
        calls.append(a)
        return cube_root(a)

    root = implicit(noted, lambda x, a: x**3 - a)
    for derivative in (grad(lambda a: root(a) ** 2), lambda a: jvp(root, (a,), (1.0,))):
        derivative(8.0)
        assert calls == [8.0]
        calls.clear()


def test_second_derivatives_in_every_combination_of_modes():
    def fun(a):
        return cubic(a * a) ** 2

    expected = 4.0 / 9.0 * 3.0 ** (-2.0 / 3.0)
    assert_allclose(grad(grad(fun))(3.0), expected)
    assert_allclose(jvp(grad(fun), (3.0,), (1.0,))[1], expected)

    def pushed(a):
        return tangent.entry(a, 1.0)[1]

    push = linearize(fun, 3.0)[1]
    push(1.0)
    tangent = push._variant
    assert_allclose(grad(pushed)(3.0), expected)
    assert_allclose(jvp(pushed, (3.0,), (1.0,))[1], expected)


THIRD = {
    "reverse, reverse, reverse": lambda f, x, d: grad(lambda y: grad(lambda z: grad(f)(z) @ d)(y) @ d)(x) @ d,
    "forward, forward, reverse": lambda f, x, d: jvp(lambda y: jvp(grad(f), (y,), (d,))[1], (x,), (d,))[1] @ d,
    "reverse, forward, reverse": lambda f, x, d: grad(lambda y: hvp(f)(y, d) @ d)(x) @ d,
    "forward, forward, forward": lambda f, x, d: jvp(
        lambda w: jvp(lambda y: jvp(f, (y,), (d,))[1], (w,), (d,))[1], (x,), (d,)
    )[1],
    "reverse, forward, forward": lambda f, x, d: (
        grad(lambda w: jvp(lambda y: jvp(f, (y,), (d,))[1], (w,), (d,))[1])(x) @ d
    ),
    "forward over a Hessian": lambda f, x, d: np.einsum("ijk,i,j,k", jacfwd(hessian(f))(x), d, d, d),
}


def coupled(guess, a):
    u = guess.copy()
    for _ in range(40):
        u = a - 0.3 * np.sin(u) * np.roll(u, 1)
    return u


ROOT = implicit(coupled, lambda u, a: u + 0.3 * np.sin(u) * np.roll(u, 1) - a, initial=0)
LEAST = implicit(
    lambda a, k: a["rest"] / (1.0 + k * a["rest"] ** 2),
    lambda u, a, k: u * (1.0 + k * a["rest"] ** 2) - a["rest"],
    linear_solve=lambda product, b: gmres(LinearOperator((len(b), len(b)), product, dtype=float), b, rtol=1e-13)[0],
)


def of_a_root(x):
    return np.sum(ROOT(np.ones(3), x) ** 2 * x)


def of_a_tree(x):
    return np.sum(LEAST({"rest": x}, x[0]) ** 3)


@pytest.mark.parametrize("fun", [of_a_root, of_a_tree])
@pytest.mark.parametrize("modes", THIRD)
def test_third_derivatives(fun, modes):
    x, d = np.array([0.4, 0.7, 0.5]), np.array([0.3, -0.5, 0.2])
    expected = directional_derivative(lambda y: hvp(fun)(y, d) @ d, (x,), (d,))
    assert_allclose(THIRD[modes](fun, x, d), expected, rtol=1e-6)


def test_fourth_derivatives():
    expected = -80.0 / 81.0 * 8.0 ** (-11.0 / 3.0)
    assert_allclose(grad(grad(grad(grad(cubic))))(8.0), expected)
    along = lambda f: lambda a: jvp(f, (a,), (1.0,))[1]  # noqa: E731
    assert_allclose(along(along(grad(grad(cubic))))(8.0), expected)
    assert_allclose(grad(along(along(grad(cubic))))(8.0), expected)


ROOT_OF_UNKNOWN_KIND = implicit(
    lambda guess, a: scipy.optimize.fsolve(lambda u: u + 0.3 * np.sin(u) * np.roll(u, 1) - a, guess, xtol=1e-13),
    lambda u, a: u + 0.3 * np.sin(u) * np.roll(u, 1) - a,
    initial=0,
)


@pytest.mark.parametrize("modes", THIRD)
def test_third_derivatives_of_solvers_that_do_not_tell_the_kind_of_the_solution(modes):
    x, d = np.array([0.4, 0.7, 0.5]), np.array([0.3, -0.5, 0.2])
    found = THIRD[modes](lambda x: np.sum(ROOT_OF_UNKNOWN_KIND(np.ones(3), x) ** 2 * x), x, d)
    assert_allclose(found, THIRD["forward, forward, forward"](of_a_root, x, d), rtol=1e-8)
    expected = 10.0 / 27.0 * 8.0 ** (-8.0 / 3.0)
    assert_allclose(THIRD[modes](lambda x: cubic(x[0]), np.array([8.0]), np.ones(1)), expected, rtol=1e-10)


@pytest.mark.parametrize("solve", [solution, WITH_PRODUCTS_ALONE], ids=["dense", "products"])
@pytest.mark.parametrize("order", [1, 2])
def test_a_system_with_parameters_in_a_tree(solve, order):
    def loss(b, k, s):
        x = solve(b, {"k": k, "s": s, "name": "springs", "none": None, "count": 3})
        return np.sum(x**2 * np.array([1.0, 2.0])) + k * x[0]

    check_grads(loss, (B, 0.3, 1.5), order=order)
    gradient = grad(lambda b, p: np.sum(solve(b, p) ** 2), argnums=1)(B, {"k": 0.3, "s": 1.5, "name": "springs"})
    assert gradient.keys() == {"k", "s", "name"}
    assert gradient["name"] is None


@pytest.mark.parametrize("order", [1, 2])
def test_a_solution_that_is_a_tree(order):
    root = implicit(
        lambda start, a: {"u": np.sqrt(a[0]), "v": (a[1] ** (1.0 / 3.0), "text")},
        lambda x, a: (x["u"] ** 2 - a[0], x["v"][0] ** 3 - a[1] + 0.0 * x["u"]),
        initial=0,
    )
    check_grads(lambda a, b: root(1.0, (a, b))["u"] * root(None, (a, b))["v"][0], (4.0, 8.0), order=order)


def test_guesses_have_no_derivative():
    root = implicit(lambda a, start: start + (np.sqrt(a) - start), lambda x, a: x * x - a, initial=1)
    assert grad(lambda a, s: root(a, s) * s, argnums=(0, 1))(4.0, 3.0) == (0.75, 2.0)
    assert jvp(root, (4.0, 3.0), (1.0, 1.0))[1] == 0.25
    assert grad(grad(lambda a: root(a, a) ** 3))(4.0) == 0.375
    assert grad(lambda a: root(start=2.0, a=a))(4.0) == 0.25


def test_settings_of_the_solver_that_are_left_alone():
    def solve(a, tolerance=1e-12, *, steps=100):
        return np.sqrt(a) + 0.0 * tolerance * steps

    root = implicit(solve, lambda x, a: x * x - a)
    assert grad(lambda a: root(a))(4.0) == 0.25
    strict = implicit(solve, lambda x, a: x * x - a, initial=1)
    assert grad(lambda a: strict(a, 1e-6))(4.0) == grad(lambda a: strict(tolerance=1e-6, a=a))(4.0) == 0.25
    with pytest.raises(UnsupportedError, match="solve takes 'steps' by keyword alone"):
        grad(lambda a: root(a, steps=3))(4.0)


def test_fixed_points():
    def settle(a):
        x = 0.5
        for _ in range(300):
            x = np.cos(a * x)
        return x

    point = implicit(settle, fixed_point=lambda x, a: np.cos(a * x))
    check_grads(lambda a: point(a) ** 2, (0.7,), order=2)
    pair = implicit(
        lambda a: (np.sqrt(a), [a, {"c": 2.0 * a}]),
        fixed_point=lambda x, a: (0.5 * (x[0] + a / x[0]), [a, {"c": 2 * a}]),
    )
    assert grad(lambda a: pair(a)[0] + pair(a)[1][1]["c"])(4.0) == 2.25


def test_minimisers():
    def ridge(x, y, penalty):
        return scipy.optimize.minimize(lambda w: objective(w, x, y, penalty), np.zeros(2), tol=1e-14).x

    def objective(w, x, y, penalty):
        return np.sum((x @ w - y) ** 2) + penalty * np.sum(w**2)

    def exact(x, y, penalty):
        return np.linalg.solve(x.T @ x + penalty * np.eye(2), x.T @ y)

    rng = np.random.default_rng(0)
    args = rng.normal(size=(6, 2)), rng.normal(size=6), 0.5
    fitted, solved = implicit(ridge, objective=objective), implicit(exact, objective=objective)
    check_grads(lambda x, y, penalty: np.sum(solved(x, y, penalty) ** 2), args)
    found = grad(lambda penalty: np.sum(fitted(*args[:2], penalty) ** 2))(0.5)
    assert_allclose(found, grad(lambda penalty: np.sum(exact(*args[:2], penalty) ** 2))(0.5), rtol=1e-5)


def test_complex_solutions_whether_the_equation_is_holomorphic_or_not():
    root = implicit(np.sqrt, lambda z, a: z * z - a)
    mirrored = implicit(lambda a: 2.0 * np.conj(a), lambda z, a: np.conj(z) - 2.0 * a)
    for solve, plain in ((root, np.sqrt), (mirrored, lambda a: 2.0 * np.conj(a))):
        assert_allclose(
            grad(lambda a, f=solve: np.real(f(a) * (1.0 + 2.0j)) ** 2)(2.0 + 3.0j),
            grad(lambda a, f=plain: np.real(f(a) * (1.0 + 2.0j)) ** 2)(2.0 + 3.0j),
        )
    with pytest.raises(UnsupportedError, match="implicit and complex"):
        grad(grad(lambda x: np.real(root(x * (1.0 + 1.0j)))))(0.5)


def test_single_precision_and_shapes_without_axes():
    root = implicit(lambda a: np.sqrt(a), lambda x, a: x * x - a)
    gradient = grad(lambda a: np.sum(root(a)))(np.array([4.0, 9.0], np.float32))
    assert gradient.dtype == np.float32
    assert_allclose(gradient, [0.25, 1.0 / 6.0], rtol=1e-6)
    gradient = grad(lambda a: root(a) ** 3)(np.array(4.0))
    assert gradient.shape == ()
    assert gradient == 3.0
    assert_array_equal(grad(lambda a: np.sum(root(a)) + np.sum(a))(np.ones((2, 0))), np.ones((2, 0)))


def test_solutions_and_arguments_that_are_written():
    def loss(b, s):
        p = b.copy()
        x = solution(p, {"k": 0.3, "s": s})
        total = np.sum(x)
        p[:] = 0.0
        x *= x
        x[0] += total
        return np.sum(x) + np.sum(p)

    args = B.copy(), 1.5
    check_grads(loss, args)
    assert_array_equal(args[0], B)


def test_a_solver_as_a_method_and_as_a_decorator():
    class Circuit:
        def __init__(self):
            self.gain = 2.0

        def solve(self, v):
            return v / (1.0 + self.gain)

    circuit = Circuit()
    current = implicit(circuit.solve, lambda i, v: i * (1.0 + circuit.gain) - v)
    assert_allclose(grad(lambda v: current(v))(1.0), 1.0 / 3.0)
    circuit.gain = 4.0
    assert_allclose(grad(lambda v: current(v))(1.0), 0.2)

    @implicit(residual=lambda x, a: x**2 - a)
    def root(a):
        """By NumPy."""
        return np.sqrt(a)

    assert root.__name__ == "root"
    assert root.__doc__ == "By NumPy."
    assert repr(root) == "<implicit root>"
    assert grad(root)(4.0) == 0.25
    assert root(4.0) == 2.0


# What is wrong


def test_a_singular_jacobian():
    root = implicit(lambda a: 0.0, lambda x, a: x**2 - 0.0 * a)
    for derivative in (lambda: grad(root)(1.0), lambda: jvp(root, (1.0,), (1.0,))):
        with pytest.raises(np.linalg.LinAlgError) as caught:
            derivative()
        assert "is singular there" in str(caught.value.__notes__)


def test_what_is_no_solution_is_warned_about():
    root = implicit(lambda a: 5.0, lambda x, a: x**2 - a)
    with pytest.warns(RuntimeWarning, match=r"does not solve its equation: .* up to 24, and Newton's .* by 2.4"):
        grad(root)(1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grad(implicit(lambda a: np.sqrt(a) + 1e-4, lambda x, a: x**2 - a))(1.0)


def test_another_number_of_equations():
    with pytest.raises(ShapeError, match=r"the residual of total has 3 numbers, and the solution 1"):
        grad(implicit(total, lambda x, a: x - a))(np.ones(3))
    short = implicit(newton, equation, linear_solve=lambda product, b: b[:1])
    with pytest.raises(ShapeError, match=r"linear_solve of newton returned shape \(1,\), not \(2,\)"):
        grad(lambda b: np.sum(short(b, {"k": 0.3, "s": 1.5})))(B)


def total(a):
    return np.sum(a)


def test_definitions_that_are_refused():
    for arguments in (
        {},
        {"residual": equation, "fixed_point": equation},
        {"residual": 3},
    ):
        with pytest.raises(ArgumentError, match="a residual, a fixed_point or an objective"):
            implicit(newton, **arguments)
    with pytest.raises(ArgumentError, match="needs a solver to call, not a int"):
        implicit(3, equation)
    with pytest.raises(ArgumentError, match="initial: 5 is out of range for newton"):
        implicit(newton, equation, initial=5)


def test_a_solver_that_returns_something_else():
    whole = implicit(lambda a: scipy.optimize.root(lambda x: x - a, 1.0), lambda x, a: x - a)
    with pytest.raises(UnsupportedError, match="returned a OptimizeResult"):
        grad(lambda a: whole(a))(1.0)


def test_generated_code_names_the_solver():
    assert inspect.getsource(grad(lambda a: cubic(a)).fun)
    source = grad(lambda a: cubic(a) ** 2).source_for(8.0)
    assert "cube_root_fwd(a)" in source
    assert "cube_root_rev(residuals, " in source
    assert srcgrad.implicit is implicit


def test_guesses_that_are_left_to_their_defaults():
    root = implicit(
        lambda a, low=0.0, b=1.0, high=9.0: np.sqrt(a * b), lambda x, a, b=1.0: x * x - a * b, initial=(1, 3)
    )
    assert grad(lambda a: root(a))(4.0) == grad(lambda a: root(a, 1.0))(4.0) == 0.25
    assert grad(lambda a, b: root(a, 0.0, b), argnums=(0, 1))(4.0, 1.0) == (0.25, 1.0)
    assert grad(lambda a, b: root(a, b=b, high=3.0), argnums=(0, 1))(4.0, 1.0) == (0.25, 1.0)
    check_grads(lambda a, b: root(a) * root(b, 0.5, a) + root(a, high=3.0), (4.0, 1.5), order=2)


def test_second_order_through_a_solver_whose_kind_is_not_known():
    def distance(w, penalty, y):
        return np.sum((np.array([[2.0, 0.3], [0.3, 1.0]]) @ w - y) ** 2) + penalty * np.sum(np.cosh(w))

    def minimiser(penalty, y):
        found = scipy.optimize.minimize(lambda w: distance(w, penalty, y), np.zeros(2), tol=1e-3).x
        for _ in range(8):
            found = found - np.linalg.solve(hessian(distance)(found, penalty, y), grad(distance)(found, penalty, y))
        return found

    weights = implicit(minimiser, objective=distance)

    def f(p):
        w = weights(p[0], p[1:])
        return np.sum(w**2) + w[0] * p[0] + np.sum(w) * w[1]

    p = np.array([0.5, 1.0, 2.0])
    check_grads(f, (p,), order=1)
    expected = [(grad(f)(p + e) - grad(f)(p - e)) / 2e-4 for e in 1e-4 * np.eye(3)]
    assert_allclose(hessian(f)(p), expected, rtol=1e-6, atol=1e-7)
    assert_allclose(jacrev(grad(f))(p), expected, rtol=1e-6, atol=1e-7)


def closing_over(x, w):
    total = np.sum(x)

    def balance(y, a):
        return y**3 + y * total * w - a * x[0]

    def newton_step(y, a):
        return y - balance(y, a) / (3.0 * y * y + total * w)

    def solve(a):
        y = 1.0
        while abs(balance(y, a)) > 1e-14:
            y = newton_step(y, a)
        return y

    root = implicit(solve, balance)
    return root(w) * root(x[1]) + total


def minimisers_in_a_loop(x, w):
    total = 0.0
    for k in range(3):
        data = {"at": x * (k + 1.0), "turn": k}

        @implicit(objective=lambda y, b: np.sum((y - data["at"]) ** 4 + (y * b) ** 2))
        def minimiser(b):
            at = data["at"]  # noqa: B023
            y = at * 1.0
            for _ in range(60):
                y = y - (4.0 * (y - at) ** 3 + 2.0 * y * b * b) / (12.0 * (y - at) ** 2 + 2.0 * b * b)
            return y

        total = total + np.sum(minimiser(w) * x)
    return total


def in_a_gradient(x, w):
    def inner(y):
        root = implicit(lambda a: np.sqrt(a * x[0]), lambda z, a: z * z - a * x[0])
        return root(y) * y

    return grad(inner)(w) * x[1] + jvp(inner, (x[1],), (w,))[1]


@pytest.mark.parametrize("fun", [closing_over, minimisers_in_a_loop, in_a_gradient])
def test_made_in_a_differentiated_function(fun):
    x = np.array([0.3, 0.5, 0.9])
    check_grads(fun, (x, 1.3))
    assert_allclose(jacfwd(fun)(x, 1.3), grad(fun)(x, 1.3), rtol=1e-9)


def test_second_derivatives_of_what_is_made_in_a_function():
    x = np.array([0.3, 0.5, 0.9])
    slope = grad(closing_over)
    expected = [(slope(x + e, 1.3) - slope(x - e, 1.3)) / 2e-4 for e in 1e-4 * np.eye(3)]
    assert_allclose(hessian(closing_over)(x, 1.3), expected, rtol=1e-6, atol=1e-6)
    assert_allclose(jacrev(slope)(x, 1.3), expected, rtol=1e-6, atol=1e-6)
    assert_allclose(jacfwd(jacfwd(closing_over))(x, 1.3), expected, rtol=1e-6, atol=1e-6)


def roots_in_a_loop(x, w):
    total, k = 0.0, 0
    root = implicit(lambda a: np.cbrt(a + w), lambda y, a: y**3 - a - w)
    while k < 2:
        scale = x[k] * (k + 1.0)
        total = total + root(scale) * np.sin(x[k])
        other = implicit(lambda b: np.sqrt(scale * b), lambda y, b: y * y - scale * b)  # noqa: B023
        total = total * other(x[k] + w)
        k += 1
    return total


def roots_written_out(x, w):
    total = 0.0
    for k in range(2):
        scale = x[k] * (k + 1.0)
        total = (total + np.cbrt(scale + w) * np.sin(x[k])) * np.sqrt(scale * (x[k] + w))
    return total


@pytest.mark.parametrize("modes", THIRD)
def test_third_derivatives_of_what_is_made_in_a_loop(modes):
    x, d = np.array([0.4, 0.7]), np.array([0.3, -0.5])
    found = THIRD[modes](lambda x: roots_in_a_loop(x, 0.9), x, d)
    assert_allclose(found, THIRD["forward, forward, forward"](lambda x: roots_written_out(x, 0.9), x, d), rtol=1e-9)


def test_tangents_of_tangents():
    assert_allclose(jacfwd(jacfwd(cubic))(8.0), grad(grad(cubic))(8.0))

    def f(b, p):
        return np.sum(solution(b * p["s"], p) ** 3)

    p = {"k": 0.5, "s": 1.2}
    assert_allclose(jacfwd(jacfwd(f))(B, p), hessian(f)(B, p), rtol=1e-9)
    assert_allclose(
        jvp(lambda b: jvp(lambda c: f(c, p), (b,), (b,))[1], (B,), (B,))[1],
        grad(f)(B, p) @ B + B @ hessian(f)(B, p) @ B,
    )


def test_solvers_that_change_variables_of_the_program_are_refused():
    def counting(x):
        steps = 0

        def solve(a):
            nonlocal steps
            y = a
            while abs(y * y - a) > 1e-12:
                y, steps = 0.5 * (y + a / y), steps + 1
            return y

        return implicit(solve, lambda y, a: y * y - a)(x) + steps

    def logging(x):
        log = []

        def solve(a):
            log.append(a)
            return np.sqrt(a)

        return implicit(solve, lambda y, a: y * y - a)(x) + len(log)

    for fun, message in ((counting, "assigns 'steps', a variable of this program"), (logging, "changes a container")):
        with pytest.raises(UnsupportedError, match=message):
            grad(fun)(4.0)
