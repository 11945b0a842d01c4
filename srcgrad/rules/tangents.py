"""Arithmetic of tangents in rules, where None is the tangent of what has none."""

from __future__ import annotations

import numpy as np


def total(p, q):
    """The sum of two tangents.

    Example:
        >>> total(None, 2.0), total(1.0, 2.0)
        (2.0, 3.0)
    """
    if p is None:
        return q
    return p if q is None else p + q


def times(x_dot, slope):
    """A tangent times a slope."""
    return None if x_dot is None else x_dot * slope


def chosen(x_dot, tied, won):
    """The tangent of what was chosen among others, half of it at a tie; what was not chosen may be infinite."""
    return None if x_dot is None else np.where(tied, 0.5 * x_dot, np.where(won, x_dot, 0.0))


def filled(x_dot, x):
    """A tangent, or zeros."""
    return np.zeros(np.shape(x)) if x_dot is None else x_dot


def as_array(x_dot):
    """The tangent of an array that may be given as a sequence, as one array."""
    if isinstance(x_dot, (list, tuple)):
        return np.array([0.0 if dot is None else dot for dot in x_dot])
    return x_dot


def less(p, q):
    """The difference of two tangents."""
    if q is None:
        return p
    return -q if p is None else p - q
