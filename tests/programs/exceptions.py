"""`try` and `with`: handlers, what was done before the exception, `else`, `finally`, contexts of every kind."""

from __future__ import annotations

import contextlib
import threading
import time
import warnings
from dataclasses import dataclass

import numpy as np

from . import program, rand, signed


class Diverged(Exception):
    """Raised by programs below."""


class TooLarge(Diverged):
    pass


@program(lambda: (np.eye(3) * 2.0 + 0.1 * rand(3, 3), rand(3)), (0, 1), tags=("try", "linalg"))
def solves_or_falls_back(a, b):
    try:
        x = np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        x = b / np.trace(a)
    return np.sum(x * x)


@program(lambda: (np.array([[1.0, 2.0], [2.0, 4.0]]) * 0.25, rand(2)), 1, tags=("try", "linalg"))
def falls_back_from_a_singular_matrix(a, b):
    try:
        x = np.linalg.solve(a, b)
        status = 0
    except np.linalg.LinAlgError as error:
        print(f"singular: {error}")
        x = b * (1.0 + np.trace(a))
        status = 1
    return np.sum(x * x) * (1 + status)


@program(lambda: (1.7, 0), 0, tags=("try",))
def division_by_zero_is_handled(x, n):
    try:
        z = x * (1 / n)
    except ZeroDivisionError:
        z = x * x
    return z * x


@program(lambda: (rand(4),), tags=("try", "loop", "continue"))
def handler_continues(x):
    total = 0.0
    for k in range(6):
        try:
            v = x[k] * x[k]
            total += v
        except IndexError:
            total *= 1.5
            continue
        total += np.sin(v)
    return total


@program(lambda: (rand(4),), tags=("try", "loop", "break"))
def handler_breaks(x):
    total = 1.0
    k = 0
    while True:
        try:
            total = total * x[k]
        except IndexError:
            break
        k += 1
    return total * k


@program(lambda: (rand(3),), tags=("try", "return"))
def returns_from_body_and_handler(x):
    try:
        return np.log(x[0]) * x[7]
    except IndexError:
        return x[0] * x[1]


@program(lambda: (rand(3),), tags=("try", "return"))
def returns_from_the_handler_only(x):
    try:
        y = x[0] * x[2]
    except IndexError:
        return x[0]
    z = y * x[1]
    return z + y


@program(lambda: (rand(3),), tags=("try", "return"))
def goes_on_behind_the_handler(x):
    scale = 2.0
    try:
        return x[5] * scale
    except (IndexError, KeyError):
        scale = 3.0
    y = x * scale
    return np.sum(y * y)


@program(lambda: (rand(3),), tags=("try", "else"))
def has_an_else_clause(x):
    try:
        y = x[1] * 2.0
    except IndexError:
        y = x[0]
    else:
        y = y * x[0]
    return y**2


@program(lambda: (rand(3),), tags=("try", "else", "return"))
def else_after_a_body_that_may_return(x):
    try:
        if x[0] > 5.0:
            return x[1]
        y = x[2] ** 2
    except ValueError:
        y = x[0]
    else:
        y = y + x[1]
    return y * x[0]


@program(lambda: (rand(3),), tags=("try", "raise"))
def several_handlers(x):
    total = 0.0
    for k in range(4):
        try:
            if k == 1:
                raise TooLarge("one")
            if k == 2:
                raise Diverged("two")
            if k == 3:
                raise ValueError("three")
            y = x[0] * x[1]
        except TooLarge:
            y = x[1] ** 2
        except (Diverged, KeyError):
            y = x[2] ** 3
        except Exception as error:
            y = x[0] * len(str(error))
        total += y
    return total


def checked(v):
    if v > 1.0:
        raise TooLarge(f"{v} is too large")
    return v * v


@program(lambda: (rand(3) + 0.3,), tags=("try", "raise", "helper"))
def helper_raises(x):
    total = 0.0
    for v in x:
        try:
            total += checked(v)
        except Diverged:
            total += checked(v / 2.0) * 3.0
    return total


@program(lambda: (np.array([0.9, 0.5, 0.7]),), tags=("try", "raise", "helper", "writes"))
def helper_writes_before_it_raises(x):
    def step(u):
        u[0] = u[0] * 1.5
        if u[0] > 2.0:
            raise Diverged("too large")
        u[1] = u[1] + u[0] * u[2]

    u = x * 1.0
    n = 0
    try:
        for _ in range(10):
            step(u)
            n += 1
    except Diverged:
        u[2] = u[0] * n
    return np.sum(u * u)


@program(lambda: (rand(3),), tags=("try", "writes"))
def writes_before_the_raise(x):
    y = np.zeros(3)
    try:
        y[0] = x[0] * 2.0
        y[1] = x[1] * y[0]
        y[2] = x[7]
    except IndexError:
        y[2] = y[1] * x[2]
    return np.sum(y**2)


@program(lambda: (rand(3),), tags=("try", "writes", "argument"))
def writes_its_argument_before_the_raise(x):
    try:
        x[0] = x[0] * x[1]
        x[1] = np.sin(x[9])
    except IndexError:
        x *= x[0]
    return np.sum(x * x[2])


@program(lambda: (rand(3),), tags=("try", "loop"))
def variable_of_the_interrupted_loop(x):
    s = 1.0
    try:
        for i in range(10):
            s = s * x[i]
    except IndexError:
        s = s + x[0]
    return s * s


@program(lambda: (rand(5),), tags=("try", "loop", "writes", "undo"))
def loop_inside_is_interrupted_in_an_outer_loop(x):
    y = x * 1.0
    total = 0.0
    for n in range(3, 8):
        try:
            for k in range(n):
                y[k] = y[k] * y[k] + 0.1 * n
            total += y[0] * y[n - 1]
        except IndexError:
            total += np.sum(y * y) * 0.1
    return total


@program(lambda: (rand(5),), tags=("try", "loop", "tape"))
def pure_loop_inside_is_interrupted_in_an_outer_loop(x):
    total = 0.0
    for n in range(3, 8):
        try:
            p = 1.0
            for k in range(n):
                p = p * np.sin(x[k] * p)
            total += p * p
        except IndexError:
            total += np.sum(x * x) * total
    return total


@program(lambda: (rand(4),), tags=("try", "finally"))
def finally_runs_on_every_way(x):
    n = 0
    total = 0.0
    for k in range(6):
        try:
            total += x[k] ** 2
        except IndexError:
            total *= 1.1
            if k == 5:
                break
        finally:
            n += 1
    return total * n


@program(lambda: (rand(4),), tags=("try", "finally", "return"))
def finally_after_return(x):
    y = x * 1.0
    try:
        z = y[0] * y[1]
        return z * y[2]
    finally:
        y[0] = 100.0


@program(lambda: (rand(4),), tags=("try", "finally", "return", "aliases"))
def finally_writes_what_is_returned(x):
    y = x * 1.0
    try:
        return np.sum(y) * y[1]
    finally:
        print("done")
        y[1] = 0.0


@program(lambda: (rand(4),), output="array", tags=("try", "finally", "return", "aliases"))
def finally_writes_the_array_returned(x):
    y = x * x
    try:
        return y
    finally:
        y[1] = x[0] * x[3]


@program(lambda: (rand(4),), tags=("try", "finally", "return"))
def finally_returns_itself(x):
    for k in range(3):
        try:
            if k == 1:
                return x[0]
        finally:
            if k == 1:
                return x[1] * x[2]  # noqa: B012
    return x[3]


@program(lambda: (rand(3),), tags=("try", "nested"))
def nested_with_finally(x):
    y = x * 1.0
    try:
        try:
            y[0] = y[0] * 3
            y[1] = x[5]
        except KeyError:
            y[0] = 0.0
        finally:
            y[2] = y[2] * y[0]
    except IndexError:
        y[1] = y[2] ** 2
    return y.sum()


@program(lambda: (rand(3),), tags=("try", "nested", "raise"))
def raises_again(x):
    y = x[0] * x[1]
    try:
        try:
            y = y * x[8]
        except IndexError:
            y = y + x[2]
            raise
    except LookupError:
        y = y * 2.0
    return y * y


@program(lambda: (rand(3),), tags=("try", "nested", "raise"))
def raises_another_from_the_first(x):
    y = x[0]
    try:
        try:
            y = y * x[8]
        except IndexError as error:
            raise Diverged("outside") from error
    except Diverged as error:
        if error.__cause__ is not None:
            y = y * x[1]
    return y


@program(lambda: (rand(3),), tags=("try", "loop"))
def tries_smaller_steps(x):
    scale = 8.0
    for _ in range(6):
        try:
            y = x[0] * scale
            if y > 2.0:
                raise ValueError(f"{y} is too large")
            return y * y * x[1]
        except ValueError:
            scale = scale / 2
    return x[0]


@program(lambda: (rand(4) - 0.6,), tags=("try", "lists"))
def appends_in_body_and_handler(x):
    out = []
    for v in x:
        try:
            out.append(1.0 / float(v > 0.0) * v)
        except ZeroDivisionError:
            out.append(v * v)
    return sum(out)


@program(lambda: (rand(3),), tags=("try", "lists"))
def appends_before_the_raise(x):
    out = []
    for k in range(5):
        try:
            out.append(x[0] * k)
            out.append(x[k] ** 2)
        except IndexError:
            out.append(x[1] * x[2])
    return sum(out)


@program(lambda: (rand(3),), tags=("try", "counter"))
def counter_is_advanced_before_the_raise(x):
    k = 0
    total = 0.0
    for i in range(5):
        try:
            k += 1
            total += x[i] * k
        except IndexError:
            total += x[0] * 10
    return total * k


@program(lambda: (rand(3),), tags=("try", "assert"))
def assertion_is_caught(x):
    try:
        assert x[0] > 10.0, "small"
        y = x[0]
    except AssertionError:
        y = x[1] * x[2]
    return y * x[0]


@program(lambda: ({"a": rand(2), "b": 0.7},), tags=("try", "dict"))
def missing_key(p):
    try:
        w = p["c"]
    except KeyError:
        w = p["b"] ** 2
    return np.sum(p["a"]) * w


@program(lambda: (rand(3),), tags=("try", "attribute"))
def missing_attribute(x):
    try:
        scale = x.scale
    except AttributeError:
        scale = 3.0
    return np.sum(x) * scale


@program(lambda: (1.3,), tags=("try", "math"))
def overflow_is_caught(x):
    import math

    try:
        y = math.exp(x * 1000.0)
    except OverflowError:
        y = math.exp(x) * 2.0
    return y * x


@program(lambda: (-0.7, 2.0), (0, 1), tags=("try", "math"))
def domain_error_is_caught(x, y):
    import math

    try:
        z = math.sqrt(x) * y
    except ValueError:
        z = math.sqrt(-x) * y * y
    return z


@program(lambda: (signed(3),), tags=("try", "with", "errstate"))
def floating_point_error_is_caught(x):
    try:
        with np.errstate(invalid="raise"):
            y = np.sqrt(x)
    except FloatingPointError:
        y = np.sqrt(np.abs(x)) * 2.0
    return np.sum(y)


@program(lambda: (rand(3),), tags=("try", "generic"))
def handler_does_nothing(x):
    y = x * 2.0
    try:  # noqa: SIM105
        y = y * x[3]
    except IndexError:
        pass
    return np.sum(y * x)


def halved(x, n):
    if n == 0:
        raise Diverged("no more")
    if x[0] > 0.1:
        return halved(x / 2.0, n - 1)
    return np.sum(x * x)


@program(lambda: (rand(3),), tags=("try", "recursion"))
def recursion_in_a_body(x):
    try:
        y = halved(x, 2)
    except Diverged:
        y = halved(x, 10) * 7.0
    return y * x[0]


def descend(x, n):
    try:
        y = x[n] * descend(x, n + 1)
    except IndexError:
        y = x[0]
    return y


@program(lambda: (rand(3),), tags=("try", "recursion"))
def handler_ends_a_recursion(x):
    return descend(x, 0) ** 2


@program(lambda: (rand(3),), tags=("try", "closure", "nonlocal"))
def closure_counts_and_raises(x):
    calls = 0

    def f(v):
        nonlocal calls
        calls += 1
        if calls > 2:
            raise StopIteration
        return v * v

    total = 0.0
    for v in x:
        try:
            total += f(v)
        except StopIteration:
            total += v * calls
    return total


# Contexts


@program(lambda: (rand(3),), tags=("with", "errstate"))
def ignores_warnings(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(x > 0.5, np.log(x), 0.0)
        z = y * x
    return np.sum(z)


@program(lambda: (rand(3),), tags=("with", "return"))
def returns_inside_of_a_context(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if x[0] > 5.0:
            return x[0]
        return x[1] * x[2]


@program(lambda: (rand(4),), tags=("with", "loop", "break"))
def leaves_a_context_by_break(x):
    total = 0.0
    for v in x:
        with np.errstate(over="ignore"):
            total += v * v
            if total > 1.0:
                break
            total += v
    return total


LOCK = threading.Lock()


@program(lambda: (rand(3),), tags=("with", "lock"))
def holds_a_lock(x):
    y = x * 1.0
    with LOCK:
        y[0] = y[0] * y[1]
    return np.sum(y * y)


@program(lambda: (rand(3),), tags=("with", "contextlib"))
def suppresses(x):
    y = x[0]
    with contextlib.suppress(ZeroDivisionError, IndexError):
        y = y * x[11]
    return y * x[1]


@program(lambda: (rand(3),), tags=("with", "contextlib"))
def several_contexts(x):
    with contextlib.nullcontext(3.0) as scale, np.printoptions(precision=3):
        y = np.sum(x) * scale
    return y * y


class Timer:
    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.elapsed = time.perf_counter() - self.start


@program(lambda: (rand(3),), tags=("with", "objects"))
def timer_of_the_user(x):
    with Timer() as timer:
        y = np.sum(np.exp(x))
    if timer.elapsed < 0.0:
        y = y * 0.0
    return y * y


@dataclass
class Scaled:
    array: np.ndarray
    factor: float

    def __enter__(self):
        self.array *= self.factor
        return self.array

    def __exit__(self, kind, error, trace):
        self.array /= self.factor
        return kind is not None and issubclass(kind, IndexError)


@program(lambda: (rand(3), 1.7), (0, 1), tags=("with", "objects", "writes"))
def context_that_writes_and_swallows(x, c):
    y = x * x
    total = 0.0
    with Scaled(y, c) as z:
        total += np.sum(np.sin(z))
    with Scaled(y, c + 1.0) as z:
        total += z[0] * z[1]
        total += z[5]
    return total * np.sum(y)


@program(lambda: (rand(3).astype(np.float32),), tags=("try", "float32"))
def keeps_single_precision(x):
    try:
        y = x[4] * 2
    except IndexError:
        y = x[0] * x[1]
    return y * y


@program(lambda: (rand(3),), output="array", tags=("try", "aliases", "views"))
def handler_returns_a_view(x):
    y = x * 2.0
    try:
        z = y[1:]
        z[5] = 1.0
    except IndexError:
        z = y[:2]
    z[0] = x[2] * x[0]
    return y


@program(lambda: (rand(4),), tags=("try", "aliases", "buffers"))
def buffers_are_chosen_by_the_exception(x):
    a = x * 1.0
    b = x * x
    for k in range(3):
        try:
            if k == 1:
                raise ValueError
            target = a
        except ValueError:
            target = b
        target[k] = target[k] * x[3] + a[0]
    return np.sum(a) * np.sum(b)


@contextlib.contextmanager
def scaled(array, factor):
    array *= factor
    try:
        yield array[1:]
    finally:
        array /= factor + 0.5


@program(lambda: (rand(4), 1.7), (0, 1), tags=("with", "generator", "writes"))
def context_written_as_a_generator(x, c):
    y = x * x
    with scaled(y, c) as z:
        total = np.sum(np.sin(z))
    return total * np.sum(y * x)


@program(lambda: (rand(4), 1.7), (0, 1), tags=("with", "generator", "return"))
def returns_from_a_context_written_as_a_generator(x, c):
    y = x * x
    total = 0.0
    for k in range(3):
        with scaled(y, c) as z:
            total += z[0] * z[k]
            if k == 1:
                return total * np.sum(y)
    return total


@contextlib.contextmanager
def forgiving(counter):
    counter[0] += 1.0
    try:
        yield
    except IndexError:
        counter[0] *= 3.0


@program(lambda: (rand(3),), tags=("with", "generator", "try"))
def context_that_swallows_written_as_a_generator(x):
    counter = x[:1] * 1.0
    total = 0.0
    for k in range(5):
        with forgiving(counter):
            total += x[k] * counter[0]
            if k > 3:
                break
    return total * counter[0]


@program(lambda: (rand(3),), tags=("try", "raise"))
def handler_only_translates_the_exception(x):
    total = 0.0
    for k in range(3):
        try:
            y = x[k] * x[0]
        except IndexError as error:
            raise Diverged("out of range") from error
        total += y * y
    return total


def doubled_first(y):
    y[0] *= 2.0
    return y[0]


def squared_if_positive(v):
    if v < 0.0:
        raise ValueError("negative")
    return v * v


@program(lambda: (signed(4),), tags=("try", "helper", "writes", "order"))
def item_is_read_before_a_call_that_writes_it(x):
    y = x.copy()
    try:
        t = y[0] + doubled_first(y)
        a, b = y[0], doubled_first(y)
    except ValueError:
        t = a = b = 0.0
    return t * a * b


@program(lambda: (np.array([0.7, 1.3, -0.4]),), tags=("try", "walrus", "order"))
def name_is_bound_before_the_call_raises(x):
    u = 5.0
    try:
        t = (u := x[1]) + squared_if_positive(x[2])
    except ValueError:
        t = u * u
    return t


@program(lambda: (rand(3),), tags=("try", "finally", "break"))
def finally_that_leaves_drops_the_exception(x):
    t = x[0]
    for _ in range(3):
        try:
            t = t * x[5]
        finally:
            break  # noqa: B012
    return t * x[1]


@program(lambda: (rand(3),), tags=("writes", "helper", "order"))
def element_is_updated_by_what_a_call_returns(x):
    y = x.copy()
    y[0] += doubled_first(y)
    return y[0] * y[1]


@program(lambda: (rand(3),), tags=("try", "lists", "aliases", "writes"))
def array_in_a_list_made_in_the_body_is_written(x):
    y = x * 1.0
    try:
        held = []
        for _ in range(2):
            held.append(y)
        held[1][0] = x[1] * 3.0
        y = y * x[7]
    except IndexError:
        y[1] = y[0] * 2.0
    return np.sum(y)


@program(lambda: (rand(3),), tags=("try", "views", "writes", "loop"))
def views_are_written_until_one_raises(x):
    y = x * 1.0
    try:
        for row in [y[:2], y[1:]]:
            row[0] = row[1] * x[0]
            row *= x[2]
            if row[0] > -10.0:
                raise KeyError(1)
    except KeyError:
        y[2] = y[0]
    return np.sum(y * x)


@program(lambda: (rand(3),), tags=("try", "generator", "writes"))
def generator_writes_until_it_raises(x):
    def doubled(u):
        for k in range(5):
            u[k % 3] *= 2.0
            yield u[k]

    y = x * 1.0
    total = 0.0
    try:
        for v in doubled(y):
            total += v * x[0]
    except IndexError:
        total = total * y[1]
    return total


def falls_until_it_raises(a, c):
    for k in range(len(a)):
        if a[k] * c > 0.9:
            raise ValueError(k)
        yield a[k] * c
        c = c * 1.2


@program(lambda: (rand(5), rand(5, seed=1)), (0, 1), tags=("try", "generator", "loop"))
def loop_over_what_may_raise(x, y):
    total = x[0] * 1.0
    for j in range(3):
        try:
            for k, item in enumerate(falls_until_it_raises(x, y[j])):
                total = 0.6 * total + item * y[k]
                y[k] = total
                if item < 0.2:
                    break
            total = total + 0.1
        except ValueError:
            total *= y[j]
    return total + np.sum(y)


@program(lambda: (rand(5), rand(5, seed=1)), (0, 1), tags=("try", "loop", "writes"))
def test_of_a_loop_may_raise(x, y):
    total, k = x[1] + 0.3, 0
    try:
        while total * x[k] < 3 and k < 20:
            y[0] *= 1.1
            total = total + x[k] * y[k] + 0.2
            k += 1
            if total > 7:
                break
    except IndexError:
        total = total * 2 + y[0]
    return total + np.sum(y)


@program(lambda: (rand(5), rand(5, seed=1)), (0, 1), tags=("try", "loop", "writes"))
def steps_of_two_arrays_until_one_ends(x, y):
    total = 1.0
    lines = []
    try:
        for a, b in zip(x[1:], y[2:], strict=False):
            x[0] = total * 0.3
            lines.append(total)
            total = total + a * b
        total = total * x[len(lines) + 2] * lines[1]
    except IndexError:
        total = 2 * total
    return total + np.sum(x) * np.sum(y)


def advanced(items, q, *more, k=1.0):
    items.append(q)
    if q > 0.8:
        raise Diverged
    items[0] *= k
    for e in more:
        items[-1] += e
    return items[0] + items[-1]


@program(lambda: (rand(5), rand(5, seed=1), 0.4), (0, 1, 2), tags=("try", "calls", "writes"))
def arguments_of_a_call_that_raises_may_raise(x, y, s):
    total, items = s, [s]
    try:
        for e in x:
            total += advanced(items, e * y[int(5 * e)], *[y[1], x[0] * s], k=max(x[1], x[2], advanced([y[0]], s)))
            items.append(items.pop() * y[len(items)])
    except (Diverged, IndexError):
        total *= y[0]
    return total * np.sum(y) * sum(items)


@program(lambda: (rand(5), rand(6, seed=1), 0.7), (0, 1, 2), tags=("try", "unpacking", "writes"))
def several_targets_until_one_raises(x, y, s):
    total = s
    try:
        for i in range(9):
            a = y[i] = x[i] * total
            x[i], (y[i + 1], total), z = total * x[i], (y[0] * a, total * 0.7), s
            y[i + 1], x[i + 2] = x[i : i + 2] * z
            x[0], *rest = y
            total = total * rest[i]
    except (IndexError, ValueError):
        total = total * 2
    return total * np.sum(x) * np.sum(y)
