"""Sparse Jacobians and Hessians: what they cost, in times of the function, of one pullback, of the gradient.

    python -m benchmarks.sparse [--rounds N]

One thread; CPU time of this process, of the fastest of the rounds. "first" is the first call on arguments of this size,
with the pattern and its colouring; "again" is a call for other numbers, for which both are known already. Compiling
is counted nowhere.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.machine import keep_heap
from srcgrad import grad, sparse_hessian, sparse_jacobian, vjp


def rotate(points, vectors):
    """Each point by its rotation vector (Rodrigues)."""
    angle = np.sqrt(np.sum(vectors**2, axis=1))[:, None]
    axis = vectors / angle
    dot = np.sum(points * axis, axis=1)[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    return cos * points + sin * np.cross(axis, points) + dot * (1.0 - cos) * axis


def reprojection(cameras, points, which_camera, which_point, observed):
    """Residuals of bundle adjustment: 9 parameters of each camera, 3 of each point, 2 numbers of each observation."""
    camera = cameras[which_camera]
    seen = rotate(points[which_point], camera[:, :3]) + camera[:, 3:6]
    plane = -seen[:, :2] / seen[:, 2:]
    r2 = np.sum(plane**2, axis=1)
    scale = camera[:, 6] * (1.0 + camera[:, 7] * r2 + camera[:, 8] * r2**2)
    return (plane * scale[:, None] - observed).ravel()


def bundle(observations: int, seed: int = 0) -> tuple:
    """A scene: a camera for each 600 observations, a point for each 3."""
    rng = np.random.default_rng(seed)
    n_cameras, n_points = observations // 600, observations // 3
    cameras = np.concatenate([rng.normal(0.0, 0.1, (n_cameras, 3)), rng.normal(0.0, 1.0, (n_cameras, 2))], axis=1)
    rest = np.tile([-20.0, 500.0, 1e-3, 1e-5], (n_cameras, 1))
    points = rng.normal(0.0, 2.0, (n_points, 3))
    which_camera = rng.integers(n_cameras, size=observations)
    observed = rng.normal(0.0, 50.0, (observations, 2))
    return np.hstack([cameras, rest]), points, which_camera, rng.integers(n_points, size=observations), observed


def rosenbrock(x):
    """The chained Rosenbrock function."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_by_loop(x):
    """The same, element by element."""
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def fastest(rounds: int, call: Callable[[], Any]) -> float:
    """The seconds of the fastest of some calls."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def shown(seconds: float, unit: float, name: str) -> str:
    return f"{1e3 * seconds:8.1f} ms {seconds / unit:6.1f} x {name}"


def jacobian(rounds: int) -> None:
    """Bundle adjustment."""
    args, small = bundle(30_000), bundle(1_200)
    sparse_jacobian(reprojection, (0, 1))(*small)
    out, pull = vjp(reprojection, *args)
    primal = fastest(rounds, lambda: reprojection(*args))
    back = fastest(rounds, lambda: pull(out))
    find = sparse_jacobian(reprojection, (0, 1))
    first = fastest(1, lambda: find(*args))
    again = fastest(rounds, lambda: find(args[0] + 1e-3, *args[1:]))
    blocks = find(*args)
    stored = sum(block.nnz for block in blocks)
    print(f"bundle adjustment, Jacobian of {out.size} x {sum(b.shape[1] for b in blocks)} with {stored} elements")
    assert find.plan is not None
    print(f"  sweeps {find.plan.sweeps}")
    for name, seconds in (("function", primal), ("one pullback", back), ("first", first), ("again", again)):
        print(f"  {name:14}{shown(seconds, primal, 'function')}{seconds / back:8.1f} x pullback")


def hessian(fun: Callable, rounds: int) -> None:
    """A Hessian of 10^5 rows and columns."""
    x = np.linspace(-1.0, 1.0, 100_000)
    gradient, find = grad(fun), sparse_hessian(fun)
    find(x[:10])
    find = sparse_hessian(fun)
    gradient(x)
    unit = fastest(rounds, lambda: gradient(x))
    first = fastest(1, lambda: find(x))
    again = fastest(rounds, lambda: find(x + 1e-3))
    assert find.plan is not None
    print(f"{fun.__name__}, Hessian of {len(x)} x {len(x)}, {find.plan.sweeps} sweeps")
    for name, seconds in (("gradient", unit), ("first", first), ("again", again)):
        print(f"  {name:14}{shown(seconds, unit, 'gradient')}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured")
    rounds = parser.parse_args().rounds
    keep_heap()
    jacobian(rounds)
    hessian(rosenbrock, rounds)
    hessian(rosenbrock_by_loop, max(rounds // 3, 1))


if __name__ == "__main__":
    main()
