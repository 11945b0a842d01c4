"""Clean-up: generators that yield inside of `try`, contexts made by functions, stacks of contexts, files for logs."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from contextlib import ExitStack, closing, contextmanager, nullcontext, redirect_stdout

import numpy as np

from . import program, rand


@contextmanager
def scaled(y, factor):
    y *= factor
    try:
        yield y
    finally:
        y /= factor


class Stepper:
    def __init__(self):
        self.width = 0.1

    @contextmanager
    def wide(self, width):
        before, self.width = self.width, width
        try:
            yield self
        finally:
            self.width = before

    def step(self, x):
        return x + self.width * np.sin(x)


def shift(y, by):
    y += by


@contextmanager
def counted(log):
    try:
        yield log
    except ValueError:
        log.append(2.0)
    else:
        log.append(3.0)
    finally:
        log.append(5.0)


def inverses(values, log):
    for v in values:
        try:
            yield 1.0 / (v - 1.0) if v > 0.5 else [1.0][int(v) + 1]
        except IndexError:
            log.append(2.0)
            yield v * v
    log.append(3.0)


def squares(values, log):
    try:
        for v in values:
            yield v * v
    finally:
        log.append(7.0)


@program(lambda: (rand(4),), tags=("contextmanager", "method"))
def width_changed_by_a_method(x):
    stepper = Stepper()
    x = stepper.step(x)
    with stepper.wide(0.5) as same:
        x = same.step(x)
    return np.sum(stepper.step(x) ** 2)


@program(lambda: (rand(4), True), tags=("contextmanager",))
def context_with_a_name(x, quiet):
    y = x * 1.0
    context = scaled(y, 2.0)
    with context as z, np.errstate(all="ignore") if quiet else nullcontext():
        total = np.sum(z**3)
    return total + np.sum(y)


@program(lambda: (rand(4),), tags=("contextmanager", "exception"))
def exception_swallowed_by_a_generator(x):
    log = []
    total = x[0]
    with counted(log):
        total = total * 2.0
        if x[1] > 0.0:
            raise ValueError("positive")
        total = total * 7.0
    with counted(log):
        total = total * x[2]
    return total * sum(log)


@program(lambda: (rand(4), 4), tags=("contextmanager", "exits"))
def context_left_by_break_and_continue(x, n):
    y = x * 1.0
    total = 0.0
    for k in range(n):
        with scaled(y, 2.0) as z:
            if k == 1:
                continue
            if k == 3:
                break
            total += np.sum(z**2) * (k + 1)
            z += 1.0
    return total + np.sum(y)


@program(lambda: (rand(4), 2), tags=("ExitStack",))
def stack_of_contexts(x, n):
    y = x * 1.0
    log = []
    with ExitStack() as stack:
        stack.callback(log.append, n * 2.0)
        z = stack.enter_context(scaled(y, 2.0))
        w = stack.enter_context(scaled(y, 3.0))
        n = 100
        stack.callback(shift, y, by=x[0])
        total = np.sum(z * w)
    return total * sum(log) + np.sum(y**2)


@program(lambda: (rand(4),), tags=("ExitStack", "exception"))
def stack_that_an_exception_leaves(x):
    y = x * 1.0
    log = []
    try:
        with ExitStack() as stack:
            stack.callback(log.append, 2.0)
            stack.enter_context(scaled(y, 2.0))
            y[0] = y[1] * y[7]
    except IndexError:
        log.append(5.0)
    return np.sum(y**2) * log[0] * log[1]


@program(lambda: (rand(4),), tags=("ExitStack", "return"))
def stack_that_a_return_leaves(x):
    y = x * 1.0
    with ExitStack() as stack:
        z = stack.enter_context(scaled(y, 2.0))
        return np.sum(z**2)


@program(lambda: (rand(4),), tags=("files",))
def log_written_to_files(x):
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "log.txt"), "w") as f:
        total = 0.0
        for k, v in enumerate(x):
            total += v * k
            f.write("%d %g\n" % (k, total))  # noqa: UP031
            print(k, total, file=f)
    with closing(io.StringIO()) as buffer, redirect_stdout(buffer):
        print("sum")
        text = buffer.getvalue()
    return total * len(text)


@program(lambda: (rand(4),), tags=("generator", "try"))
def generator_that_handles_its_own_exceptions(x):
    log = []
    return sum(inverses(x, log)) * sum(log)


@program(lambda: (rand(4),), tags=("generator", "try", "exception"))
def exception_of_the_consumer_passes_the_generator(x):
    log = []
    total = x[0]
    try:
        for v in inverses(x, log):
            total = total * v
            total = total * x[9]
    except IndexError:
        log.append(5.0)
    return total * sum(log)


@program(lambda: (rand(4),), tags=("generator", "finally"))
def generator_that_cleans_up(x):
    log = [1.0]
    total = 0.0
    for k, v in enumerate(squares(x, log)):
        total += v * len(log)
        if k == 1:
            break
    total *= sum(log)
    for v in squares(x, log):
        total += v * sum(log)
    return total * len(log)


@program(lambda: (rand(4),), tags=("generator", "finally", "exception"))
def generator_that_cleans_up_before_the_handler(x):
    log = [1.0]
    total = 1.0
    try:
        for v in squares(x, log):
            total = total * v
            total = total * x[4 - len(log)]
            if v > 0.0:
                log.append(2.0)
                total = total * x[7]
    except IndexError:
        total = total * sum(log)
    return total


@program(lambda: (rand(4),), tags=("generator", "finally", "return"))
def generator_that_cleans_up_at_a_return(x):
    log = [1.0]

    def first_large():
        for v in squares(x, log):
            if v > 0.01:
                return v * len(log)
        return 0.0

    return first_large() * len(log) + sum(squares(x, log)) * len(log)


@program(lambda: (rand(4),), tags=("generator", "with"))
def generator_inside_of_a_file(x):
    def lines():
        with open(os.devnull) as f, np.errstate(all="ignore"):
            for line in f:
                yield float(line)
            yield from x

    return sum(v * v for v in lines())


@program(lambda: (rand(4),), tags=("generator", "finally"), supported=False)
def generator_that_would_clean_up_later(x):
    log = [1.0]
    total = 0.0
    items = squares(x, log)
    for v in items:
        total += v
        if total > 0.0:
            break
    return total * len(log)


@program(lambda: (rand(4),), tags=("generator", "except"), supported=False)
def generator_that_sees_that_it_is_closed(x):
    log = [1.0]

    def items():
        try:
            yield x[0]
            yield x[1]
        except BaseException:
            log.append(2.0)
            raise

    for v in items():
        total = v
        break
    return total * len(log)


@program(lambda: (rand(4), True), tags=("ExitStack",), supported=False)
def stack_of_contexts_under_a_condition(x, quiet):
    with contextlib.ExitStack() as stack:
        if quiet:
            stack.enter_context(np.errstate(all="ignore"))
        return np.sum(x * x)
