"""Rules of `scipy.spatial.distance`: the distances between all points of two sets."""

from __future__ import annotations

import numpy as np
from scipy.spatial import distance

from srcgrad.rules.by_example import pure
from srcgrad.rules.registry import jvp, vjp
from srcgrad.rules.tangents import less

pure(distance.cdist)


def _refuse_other_metrics(metric):
    if metric not in ("euclidean", "sqeuclidean"):
        raise NotImplementedError("scipy.spatial.distance.cdist but for euclidean and sqeuclidean distances")


def _weights(z, metric):
    """The slope in half the square of a distance; zero where points are the same, as that of a norm."""
    return 2.0 if metric == "sqeuclidean" else np.where(z == 0, 0.0, 1.0 / np.where(z == 0, 1.0, z))


@vjp(distance.cdist)
def cdist(g, z, XA, XB, metric="euclidean"):
    _refuse_other_metrics(metric)
    w = g * _weights(z, metric)
    XA_bar = np.expand_dims(np.sum(w, 1), 1) * XA - w @ XB
    return XA_bar, np.expand_dims(np.sum(w, 0), 1) * XB - np.transpose(w) @ XA


@jvp(distance.cdist)
def cdist_jvp(XA_dot, XB_dot, z, XA, XB, metric="euclidean"):
    _refuse_other_metrics(metric)
    apart = np.expand_dims(XA, 1) - XB
    moved = less(None if XA_dot is None else np.expand_dims(XA_dot, 1), XB_dot)
    return _weights(z, metric) * np.sum(apart * moved, -1)
