"""Names outside that are those of parameters, or of what is generated: each stands for what it stands for."""

from __future__ import annotations

import numpy as np

from . import program

x = np.array([1.2, 0.7])
y = np.array([1.1, 0.4])
n = 1.3
x_bar = np.array([0.6])
x_dot = np.array([1.4])
out_bar = np.array([0.8])
tape = np.array([1.3])
shadows = np.array([1.5])
residuals = 1.7
value = 1.2
total = 0.9
powers_rev = np.array([0.9])
array_named_like_a_parameter_grad = np.array([1.4])


def point() -> tuple[np.ndarray]:
    return (np.array([0.3, 0.8]),)


def number() -> tuple[float]:
    return (0.4,)


def outside() -> float:
    return x[0] * x_dot[0] + y[1]


def curve(z):  # type: ignore[no-untyped-def]
    return z * z * y[0] * x_bar[0] * x_dot[0] * out_bar[0] * tape[0] * shadows[0] * residuals * value * total * n


def powers(x, n):  # type: ignore[no-untyped-def]
    if n == 0:
        return x
    return curve(np.sin(powers(x, n - 1) * x)) * y[0] * powers_rev[0]


@program(point)
def array_named_like_a_parameter(x: np.ndarray) -> float:
    return np.sum(x * outside()) * array_named_like_a_parameter_grad[0]


@program(number)
def number_named_like_an_array_outside(x: float) -> float:
    return x * x * outside() * n


@program(number)
def local_named_like_an_array_that_a_helper_reads(x: float) -> float:
    y = np.sin(x)
    return curve(y) * y * outside()


@program(number)
def recursion_with_names_of_the_generated_code(x: float) -> float:
    return powers(x, 2) * outside()


@program(number)
def loop_with_names_of_the_generated_code(x: float) -> float:
    total = 0.1 * x
    tape = [x]
    for n in range(3):
        total = np.sin(curve(total)) + x
        tape.append(curve(tape[-1]) * outside())
        if total > 0.5:
            total = total * x + n
    return total + sum(tape)


@program(point)
def writes_beside_names_of_the_generated_code(x: np.ndarray) -> float:
    y = np.zeros(4)
    for k in range(4):
        y[k] = x[k % 2] * outside()
        y[k] *= curve(x[0]) + y[k - 1]
    return np.sum(y)


@program(point)
def captured_by_a_function_with_a_parameter_of_that_name(x: np.ndarray) -> float:
    def inner(y):  # type: ignore[no-untyped-def]
        def deeper(x):  # type: ignore[no-untyped-def]
            return x * outside() + n

        return deeper(y) * x[0]

    return inner(x[1]) * inner(x[0])
