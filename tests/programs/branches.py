# ruff: noqa: SIM108 (written as users write, not as linters like it)
"""if, elif, else, conditional expressions, and, or, early returns."""

from __future__ import annotations

import numpy as np

from . import program, rand, signed


@program(lambda: (0.7, 1.4), argnums=(0, 1), tags=("if",))
def if_without_else(x, y):
    z = x * y
    if z > 0.5:
        z = z * x
    return z + y


@program(lambda: (-0.7,), tags=("if", "return"))
def leaky_relu(x):
    if x > 0:
        return x
    else:
        return 0.01 * x


@program(lambda: (1.7, 0.3), argnums=(0, 1), tags=("if", "elif"))
def ladder_of_elifs(x, y):
    if x < 0:
        z = -x
    elif x < 1:
        z = x * y
    elif x < 2:
        z = x * x * y
    else:
        z = y
    return z * z


@program(lambda: (0.3, 0.8, -0.5), argnums=(0, 1, 2), tags=("if", "nested"))
def nested_branches(a, b, c):
    r = a
    if a < b:
        r = r * b
        if c < 0:
            r = r - c * a
            if a * b > 1:
                r = r * 100
            else:
                r = r + np.sin(a)
        else:
            r = 0.0
    return r * c


@program(lambda: (0.3, 0.8), argnums=(0, 1), tags=("conditional expression",))
def conditional_expressions(x, y):
    big = x if x > y else y
    small = y if big is x else x * 1.0
    return big**2 * (small if small > 0.1 else -small) + (1.0 if x > 5 else y)


@program(lambda: (0.3, 0.8), argnums=(0, 1), tags=("and", "or"))
def values_of_and_and_or(x, y):
    first = x or y
    both = x and y
    neither = 0.0 or x * y
    default = None or y * y
    return first * 2.0 + both * 3.0 + neither * default


@program(lambda: (0.5, 0.8), argnums=(0, 1), tags=("and", "or"))
def conditions_with_and_or_not(x, y):
    z = x * x
    if x > 0 and y > 0 and not x > y:
        z = z * y
    if x > 1 or (y > 0.5 and x < y):
        z = z + y**3
    if not (x < 0 or y < 0):
        z = np.exp(z)
    return z


@program(lambda: (0.5,), tags=("chained comparison",))
def chained_comparison(x):
    if 0.0 < x <= 0.4:
        return x
    if 0.4 < x < 0.6 < 1.0:
        return x**3
    return x**5


@program(lambda: (0.9, 0.4), argnums=(0, 1), tags=("walrus",))
def walrus_in_a_condition(x, y):
    if (d := x - y) > 0:
        return d * d + y
    return (e := -d) * e * x


@program(lambda: (rand(4),), tags=("walrus",))
def walrus_in_an_expression(x):
    total = (s := np.sum(x)) * s + np.sin(s)
    return total / (n := len(x)) + n * s


@program(lambda: (0.3,), tags=("return",))
def guard_clauses(x):
    if x < -1.0:
        return -1.0 + 0.0 * x
    if x > 1.0:
        return 1.0 + 0.0 * x
    y = 1.5 * x - 0.5 * x**3
    if y > 0.9:
        return y - 0.9
    return y * y


@program(lambda: (1.2, 3), tags=("return", "nested"))
def returns_everywhere(x, mode):
    if mode == 0:
        return x
    elif mode == 1:
        y = x * x
        if y > 2:
            return y
    else:
        y = x * x * x
        if mode > 2:
            if y > 1.0:
                return y + np.cos(x)
            return y
    return x + y


@program(lambda: (0.6, True, False), tags=("if", "bool"))
def boolean_flags(x, square, negate):
    y = x + 1.0
    if square:
        y = y * y
    if negate:
        y = -y
    return y if square or negate else x


@program(lambda: (0.6, "tanh"), tags=("if", "str"))
def activation_by_name(x, kind):
    if kind == "relu":
        y = max(x, 0.0)
    elif kind in ("tanh", "tan"):
        y = np.tanh(x)
    elif kind == "id":
        y = x
    else:
        raise ValueError(f"unknown activation {kind!r}")
    return y * y


@program(lambda: (0.6, None), tags=("if", "None"))
def optional_argument(x, bias):
    y = 3.0 * x
    if bias is not None:
        y = y + bias
    return y * x


@program(lambda: (0.6, 0.2), argnums=(0, 1), tags=("if", "None"))
def none_until_assigned(x, y):
    best = None
    if x > y:
        best = x * y
    if best is None:
        best = x
    return best * best


@program(lambda: (0.6, 0.2), argnums=(0, 1), tags=("if",))
def variable_of_one_branch_only(x, y):
    if x > y:
        t = x - y
        u = t * t
    else:
        u = y
    if x > y:
        u = u * t
    return u


@program(lambda: (0.6, 0.2), argnums=(0, 1), tags=("if", "swap"))
def sorted_by_a_swap(x, y):
    if x > y:
        x, y = y, x
    return x**2 + 3.0 * y


@program(lambda: (0.6, 0.2, 0.9), argnums=(0, 1, 2), tags=("max", "min"))
def builtin_max_min_abs(x, y, z):
    top = max(x, y, z)
    low = min(x, y * 2, z)
    return top * low + abs(x - z) * max([y, z]) ** 2


@program(lambda: (signed(5),), tags=("if", "array"))
def branch_on_a_reduction(x):
    if np.sum(x) > 0 and x.max() > 0.1:
        return np.sum(x * x)
    if np.any(x > 0.9):
        return np.sum(x**3)
    return np.sum(np.exp(x))


@program(lambda: (rand(3), rand(3, seed=1)), argnums=(0, 1), tags=("if", "array"))
def arrays_chosen_by_a_branch(x, y):
    if x[0] < y[0]:
        a, b = x, y
    else:
        a, b = y, x
    return np.sum(a * a) - np.sum(b) * a[1]


@program(lambda: (rand(3),), tags=("if", "type"))
def a_number_or_an_array(x):
    scale = 2.0
    if x[0] > 0.1:
        scale = x
    return np.sum(scale * x * x)


@program(lambda: (rand(3),), tags=("if", "shape"))
def branches_on_the_shape(x):
    if x.ndim == 2:
        x = x[0]
    if len(x) > 2 and x.shape[0] != 4:
        x = x[:2]
    return np.sum(x * x * x) if x.size else 0.0


@program(lambda: (0.5, 0.1), argnums=(0, 1), tags=("if", "unused"))
def branch_with_an_unused_result(x, y):
    if x > y:
        waste = np.exp(x * y)
        z = x
    else:
        waste = x
        z = y
    del waste
    return z * z * x


@program(lambda: (0.25,), tags=("if", "smooth"))
def huber_loss(r, delta=1.0):
    a = abs(r)
    return 0.5 * r * r if a <= delta else delta * (a - 0.5 * delta)


@program(lambda: (2.25, 0.5), argnums=(0, 1), tags=("if", "smooth"))
def huber_loss_outside(r, delta):
    a = abs(r)
    return 0.5 * r * r if a <= delta else delta * (a - 0.5 * delta)


@program(lambda: (0.7,), tags=("if",))
def smoothstep(x):
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    return x * x * (3.0 - 2.0 * x)


@program(lambda: (0.1, 0.7), argnums=(0, 1), tags=("if", "pass"))
def pass_and_empty_branches(x, y):
    if x > y:
        pass
    else:
        y = y * x
    if y > 10:
        y = 0.0
    elif y > 5:
        pass
    return x + y


@program(lambda: (0.4, 2), tags=("match",))
def structural_match(x, kind):
    match kind:
        case 0:
            y = x
        case 1 | 2:
            y = np.sin(x) * x
        case _:
            y = 1.0
    return y * y


@program(lambda: (-0.8, 0.3), argnums=(0, 1), tags=("conditional expression", "nested"))
def nested_conditional_expressions(x, y):
    sign = 1.0 if x > 0 else -1.0 if x < 0 else 0.0
    z = (x if y > 0 else -x) if sign < 0 else (y if x > 0 else x * y)
    return sign * z * z + y * z


@program(lambda: (0.5, 1.5), argnums=(0, 1), tags=("if", "dispatch"))
def condition_kept_in_a_variable(x, y):
    ahead = x < y
    z = x * y
    if ahead:
        z = z + x
    x = x + 10.0
    if ahead:
        z = z * x
    return z if ahead else x


@program(lambda: (rand(3), False), tags=("if", "undefined"))
def assigned_and_used_under_the_same_condition(x, extended):
    if extended:
        d = x * 2.0
    y = x * 1.0
    if extended:
        y = y + d * d
    return np.sum(y * x)


@program(lambda: (rand(3), 0), tags=("if", "undefined", "writes"))
def one_of_two_arrays_exists(x, c):
    if c > 1:
        d = x * 2.0
    elif c > 0:
        e = x * x
    y = x * 1.0
    if c > 1:
        y = y + d * d
    elif c > 0:
        y = y + e
        e[0] = 2.0
        y = y * e
    return np.sum(y * x)


@program(lambda: (rand(3), 1), tags=("if", "undefined", "writes"))
def the_other_of_two_arrays_exists(x, c):
    if c > 1:
        d = x * 2.0
        d[1] = x[0]
    elif c > 0:
        e = x * x
    y = x * 1.0
    for k in range(2):
        if c > 1:
            y = y + d * d
            d[k] *= x[2]
        elif c > 0:
            y = y + e
            e[k] = 2.0 * x[k]
            y = y * e
    return np.sum(y * x)


@program(lambda: (0.7, 0, 1), tags=("if", "unbound"))
def name_that_one_branch_has_at_times(x, n, m):
    if n > 0:
        if m > 0:
            y = x * x
    else:
        y = 2 * x
    return y * x


@program(lambda: (0.7, 4, 1), tags=("for", "try", "unbound"))
def name_that_was_assigned_before_something_raised(x, n, m):
    total = 0.0
    for i in range(n):
        try:
            if m > i:
                w = x * (i + 1)
            if i == m:
                raise ValueError
            total = total + w * x
        except ValueError:
            total = total + x * 5
    return total
