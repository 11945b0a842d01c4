"""Writes that functions of classes make, copies of what is there twice, and writes by other ways than operators."""

from __future__ import annotations

import copy

import numpy as np

from . import program, rand


class Tripled:
    def __init__(self, v):
        self._z = v

    @property
    def z(self):
        return self._z

    @z.setter
    def z(self, v):
        self._z = v * 3.0


@program(lambda: (rand(4),), tags=("objects", "property", "in place"))
def setter_is_called_for_what_changes_in_place(x):
    held = Tripled(x * 1.0)
    held.z += x[1]
    held.z *= x
    return np.sum(held.z * x)


class Counting:
    def __init__(self, rows):
        self.rows, self.n = rows, 1.0

    def __getitem__(self, k):
        return self.rows[k]

    def __setitem__(self, k, v):
        self.n += 1.0
        self.rows[k] = v * 3.0


@program(lambda: (rand(4),), tags=("objects", "subscript", "in place"))
def items_of_an_object_are_set_after_they_change_in_place(x):
    rows = Counting([x * 1.0, x * 2.0])
    rows[1] += x
    rows[0][1] *= x[2]
    return (rows[0] @ rows[1]) * rows.n


@program(lambda: (rand(4),), tags=("copies", "aliases"))
def deep_copies_of_one_array_are_one(x):
    y = x * 1.0
    both = copy.deepcopy([y, y])
    both[0][1] = 100.0 * x[0]
    table = copy.deepcopy({"a": y, "b": [y]})
    table["a"][2] = 10.0 * x[0]
    return both[0][1] * both[1][1] * y[1] + table["b"][0][2] * y[2]


class Doubled:
    def __get__(self, owner, cls=None):
        return self if owner is None else owner.a * 2.0

    def __set__(self, owner, v):
        owner.a = v


class Described:
    z = Doubled()

    def __init__(self, v):
        self.z = v


@program(lambda: (rand(4),), tags=("objects", "descriptor"), supported=False)
def descriptor_is_written(x):
    return np.sum(Described(x).z * x)


@program(lambda: (rand(4),), tags=("in place",), supported=False)
def operator_by_its_method(x):
    y = x * 1.0
    _ = y.__imul__(2.0)
    return y @ y


@program(lambda: (rand(4),), tags=("dicts",), supported=False)
def items_set_by_a_method(x):
    d = {"a": x[0]}
    _ = d.__setitem__("a", x[1])
    return d["a"] * len(d)


@program(lambda: (rand(4),), tags=("views",), supported=False)
def memory_shown_by_strides(x):
    y = x * 1.0
    w = np.lib.stride_tricks.as_strided(y, (2,), (8,))
    w[0] = 3.0
    return y @ y


@program(lambda: (rand(4),), tags=("views",), supported=False)
def memory_shown_by_a_buffer(x):
    y = x * 1.0
    w = np.frombuffer(y)
    w[0] = 3.0
    return y @ y
