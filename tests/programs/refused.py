"""Programs that have no gradient, or none that can be found: an error, never a number."""

from __future__ import annotations

import collections
import contextlib
import functools

import numpy as np

from . import program, rand


@program(lambda: (rand(4),), tags=("no rule",), supported=False)
def function_without_a_rule(x):
    return np.sum(np.trim_zeros(x) ** 2)


@program(lambda: (0.7,), tags=("text",), supported=False)
def derivative_lost_in_a_string(x):
    return float(str(x)) * x


@program(lambda: (0.7,), tags=("text",), supported=False)
def derivative_lost_in_an_f_string(x):
    return float(f"{x:.12f}") ** 2


@program(lambda: (0.7,), tags=("eval",), supported=False)
def evaluates_text(x):
    return eval("x * x") + x


@program(lambda: (0.7,), tags=("text",), supported=False)
def derivative_lost_in_text_that_is_changed(x):
    return float(f"{x:.12f}".strip().replace("a", "b")) * x


@program(lambda: (rand(4),), tags=("bytes",), supported=False)
def derivative_lost_in_bytes(x):
    return np.sum(np.frombuffer(x.tobytes()))


@program(lambda: (np.arange(4),), tags=("int",), supported=False)
def gradient_for_integers(k):
    return np.sum(k * 0.5)


@program(lambda: (("a", 3, None),), tags=("tree",), supported=False)
def gradient_for_a_tree_without_floats(t):
    return 0.5 * t[1]


@program(lambda: (rand(4),), tags=("not scalar",), supported=False)
def gradient_of_an_array(x):
    return x * x


@program(lambda: (0.7,), tags=("not scalar",), supported=False)
def gradient_of_nothing(x):
    x * x


@program(lambda: (rand(4),), argnums=3, tags=("argnums",), supported=False)
def gradient_for_a_missing_argument(x):
    return np.sum(x)


def overlapping():
    base = rand(5)
    return base[:4], base[1:]


@program(overlapping, argnums=(0, 1), tags=("alias",), supported=False)
def gradients_for_overlapping_written_arguments(x, y):
    x[1] = x[0] * y[2]
    return np.sum(x * y)


@program(lambda: (rand(4),), tags=("match",), supported=False)
def match_captures_by_an_alternative_that_depends_on_the_run(x):
    match (int(4 * x[0]), x[1], x[2]):
        case (0, y, _) | (_, _, y):
            return y * y


@program(lambda: (rand(4), 0.5), tags=("list",), output="array", supported=False)
def list_made_at_run_time_is_returned(x, s):
    values = []
    for value in x:
        values.append(value * s)
    return values, s


class Found(Exception):
    def __init__(self, value):
        super().__init__("found")
        self.value = value


@program(lambda: (rand(3),), tags=("try",), supported=False)
def function_called_in_try_raises_with_a_number(x):
    def check(v):
        if v > 0.0:
            raise StopIteration(v * v)
        return v

    try:
        y = check(x[0])
    except StopIteration as stop:
        y = stop.value * 3.0
    return y * x[1]


@program(lambda: (rand(3), 0), tags=("try",), supported=False)
def exceptions_chosen_by_an_argument(x, k):
    kinds = [IndexError, KeyError]
    try:
        return x[k + 7]
    except kinds[k]:
        return x[0]


@program(lambda: (rand(3),), tags=("with",), supported=False)
def context_of_a_library_that_may_swallow(x):
    with contextlib.ExitStack():
        return x[0] * x[1]


@program(lambda: (rand(3), rand(2)), argnums=1, tags=("list",), supported=False)
def list_of_numbers_and_of_an_array_that_is_written(x, s):
    s = s * 1.0
    s += 0.7
    items = [2, np.dot(x, x), 2]
    for _ in range(3):
        items.append(s)
    total = 0.0
    for k in range(len(items)):
        total = total + (k + 1) * items[k]
    return np.sum(total)


def dig(x, y, n):
    y[0] *= x[n]
    dig(x, y, n + 1)


@program(lambda: (rand(4),), tags=("try", "recursion"), supported=False)
def recursive_function_writes_before_it_raises(x):
    y = np.ones(1)
    try:
        dig(x, y, 0)
    except IndexError:
        y[0] *= 2.0
    return y[0]


history = [1.0]


@program(lambda: (rand(4),), tags=("global", "list"), supported=False)
def list_outside_is_added_to_and_read(x):
    history.append(x[0])
    return history[-1] ** 2


@program(lambda: (rand(4), 2), tags=("recursion", "nonlocal", "try"), supported=False)
def recursive_function_assigns_to_a_name_outside_in_try(x, n):
    total = 0.0

    def go(k):
        nonlocal total
        total += x[k]
        if k == n:
            raise ValueError("end")
        go(k + 1)

    try:
        go(0)
    except ValueError:
        total *= 2.0
    return total


@program(lambda: (rand(4),), tags=("nditer",), supported=False)
def elements_written_by_nditer(x):
    y = x * 1.0
    for r in np.nditer(y, op_flags=["readwrite"]):
        r *= 2.0
    return y.sum()


@program(lambda: (rand(1, 3),), tags=("max",), supported=False)
def built_in_max_of_rows(m):
    return np.sum(max(m))


@functools.singledispatch
def doubled(x):
    return x * 2.0


@doubled.register
def _(x: list):
    return sum(x)


@program(lambda: (0.7,), tags=("dispatch",))
def function_chosen_by_a_class(x):
    return doubled(x) + doubled([x])


QUADRATIC = np.poly1d([1.0, 2.0, 3.0])


@program(lambda: (0.7,), tags=("poly1d",), supported=False)
def calls_what_has_no_hash(x):
    return QUADRATIC(x)


@program(lambda: (0.7, 2), tags=("poly1d",), supported=False)
def calls_what_has_no_hash_with_an_integer(x, n):
    return x * QUADRATIC(n)


@program(lambda: (rand(4),), tags=("raise",), supported=False)
def number_of_an_exception_that_may_be_another(x):
    try:
        if x[0] > 0.1:
            raise ValueError(x[0] * 3)
        return [1.0][int(x[1]) + 1]
    except Exception as e:
        return e.args[0] * 2


@program(lambda: (rand(4),), tags=("raise",), supported=False)
def number_of_an_exception_kept_for_later(x):
    error = None
    try:
        raise ValueError(x[0] * 2)
    except ValueError as e:
        error = e
    return error.args[0] * x[1]


@program(lambda: (rand(4), 3), tags=("functions", "loop"), supported=False)
def functions_that_change_places(x, n):
    f, g = np.sin, np.cos
    for _ in range(n):
        x = f(x)
        f, g = g, f
    return np.sum(x)


@program(lambda: (0.7,), tags=("functions", "recursion"), supported=False)
def recursion_through_function_values(x):
    recurse = lambda f: (lambda g: g(g))(lambda g: f(lambda *a: g(g)(*a)))  # noqa: E731
    return recurse(lambda power: lambda k: 1.0 if k == 0 else x * power(k - 1))(3)


@program(lambda: (1.5,), tags=("strings",), supported=False)
def number_that_travels_in_joined_text(x):
    found = [(x, str(x))]
    for i in range(3):
        found.append((x * i, found[-1][1] + "0"))
    return float(found[2][1]) * found[1][0]


weights = np.array([1.0, 2.0, 3.0])


def weighed(n, x):
    return weights[n] * x[n] + (weighed(n - 1, x) if n > 0 else 0.0)


@program(lambda: (rand(3),), tags=("global", "recursion"), supported=False)
def array_outside_is_written_and_read_by_a_function_that_calls_itself(x):
    weights[1] = x[0] * x[1]
    return weighed(2, x) * x[2]


@program(lambda: (rand(4),), tags=("list",), supported=False)
def list_is_put_among_arrays(x):
    rows = []
    for k in range(3):
        rows.append(x * k)
    rows[0] = [x[0], x[1]]
    return (rows[0] * 2)[-1] + np.sum(rows[1])


@program(lambda: (rand(4),), tags=("list", "tuples"), supported=False)
def list_is_put_among_tuples(x):
    pairs = []
    for k in range(3):
        pairs.append((x[k], x * k))
    pairs[0] = [x[0], x[1]]
    return pairs[0][-1] + pairs[1][0]


@program(lambda: (rand(4),), tags=("list",), supported=False)
def list_is_put_among_numbers_and_arrays(x):
    rows = []
    for k in range(3):
        rows.append(x * 2.0 if k % 2 else x[k])
    rows[0] = [x[0], x[1]]
    return rows[0][1] * np.sum(rows[1])


class Reversed(collections.namedtuple("Reversed", "a b")):
    __slots__ = ()

    def __iter__(self):
        return iter((self[1], self[0]))


@program(lambda: (rand(4),), tags=("namedtuple", "objects"), supported=False)
def dot_of_a_tuple_that_is_looped_over_in_its_own_way(x):
    return np.dot(Reversed(x[0], x[1]), x[2:])


@program(lambda: (rand(4),), tags=("namedtuple", "objects"), supported=False)
def array_of_tuples_that_are_looped_over_in_their_own_way(x):
    return np.sum(np.array([Reversed(x[0], x[1]), Reversed(x[2], x[3])])[:, 0] ** 2)


@program(lambda: (rand(4), -1), tags=("integers", "writes"), supported=False)
def integers_to_a_negative_power_are_written(x, n):
    weights = np.arange(4) * 2**n
    weights[1:] = x[1:]
    return np.sum(weights * x)


class Sequence:
    def __init__(self, a, b):
        self.a, self.b = a, b

    def __len__(self):
        return 2

    def __getitem__(self, k):
        return (self.a, self.b)[k]

    def __rmul__(self, factor):
        return Sequence(self.a * factor + 1.0, self.b * factor)


@program(lambda: (rand(4),), tags=("objects", "operators"), supported=False)
def number_of_numpy_makes_an_array_of_a_sequence(x):
    product = x[0] * Sequence(x[1], x[2])
    return product[0] * product[1]


class AsArray:
    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values)

    def __radd__(self, other):
        return AsArray(self.values + other + 1.0)


@program(lambda: (rand(4),), tags=("objects", "operators"), supported=False)
def number_of_numpy_makes_an_array_of_what_says_how(x):
    return np.sum(np.asarray(np.sum(x) + AsArray(x)))


@program(lambda: (rand(4), 3), tags=("integers", "writes"), supported=False)
def list_of_integers_is_written_as_an_array(x, n):
    items = [1] * n
    if n > 5:
        items[0] = x[0]
    v = np.asarray(items)
    v[0] = x[1] * 3
    return np.sum(v * x[0])


@program(lambda: (rand(4),), tags=("integers", "writes", "loop"), supported=False)
def total_that_stays_an_integer_is_written_as_an_array(x):
    total = 0
    for v in x:
        if v > 5:
            total += v
    both = np.array([total, total])
    for k in range(2):
        both[:][k] += x[k]
    return np.sum(both * x[0])


@program(lambda: (rand(4), 1), tags=("integers", "writes", "dtype"), supported=False)
def dtype_of_the_run_is_of_integers(x, n):
    places = np.linspace(0, 4, 3, dtype=int if n else float)
    places[1] = x[0] * 3
    return np.sum(places * x[1])
