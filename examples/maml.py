"""Learning to learn: weights from which one step of gradient descent fits any sine (Finn et al., 2017).

The loss of the outer loop calls `grad` on the loss of a task. Its own gradient goes through that step, so it
holds second derivatives; they are printed with the rest of the generated code.
"""

from __future__ import annotations

import numpy as np

from srcgrad import grad, value_and_grad


def network(w, x):
    """A network with one hidden layer, applied to each of the points."""
    hidden = np.tanh(np.outer(x, w["a"]) + w["b"])
    return hidden @ w["c"]


def loss(w, x, y):
    """The squared error of the network."""
    return np.mean((network(w, x) - y) ** 2)


def adapt(w, x, y, rate):
    """One step of gradient descent on one task."""
    slope = grad(loss)(w, x, y)
    return {name: w[name] - rate * slope[name] for name in w}


def meta_loss(w, tasks, rate):
    """How well the adapted weights do on points that they were not adapted to."""
    total = 0.0
    for x, y, new_x, new_y in tasks:
        total += loss(adapt(w, x, y, rate), new_x, new_y)
    return total / len(tasks)


def sines(rng, count, points=10):
    """Tasks: points on sines of random amplitude and phase, to adapt to, and others, to judge by."""
    made = []
    for _ in range(count):
        amplitude, phase = rng.uniform(0.5, 2.0), rng.uniform(0.0, np.pi)
        x, new_x = rng.uniform(-3.0, 3.0, (2, points))
        made.append((x, amplitude * np.sin(x + phase), new_x, amplitude * np.sin(new_x + phase)))
    return made


def main():
    rng = np.random.default_rng(0)
    w = {"a": rng.normal(size=20), "b": rng.normal(size=20), "c": 0.3 * rng.normal(size=20)}
    rate, test = 0.05, sines(np.random.default_rng(1), 8)
    print(f"before: {meta_loss(w, test, 0.0):.3f} without a step, {meta_loss(w, test, rate):.3f} after one")

    gradient = value_and_grad(meta_loss)
    speed = {name: np.zeros_like(w[name]) for name in w}
    for _ in range(400):
        _, slope = gradient(w, sines(rng, 8), rate)
        for name in w:
            speed[name] = 0.9 * speed[name] - 0.005 * slope[name]
            w[name] = w[name] + speed[name]
    print(f"after:  {meta_loss(w, test, 0.0):.3f} without a step, {meta_loss(w, test, rate):.3f} after one")
    print(f"lines of generated code: {len(gradient.source.splitlines())}")


if __name__ == "__main__":
    main()
