"""A small neural network on the handwritten digits, with its parameters in a dict."""

from __future__ import annotations

import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from srcgrad import value_and_grad


def init(rng, n_in, n_hidden, n_out):
    """Random weights, scaled to the width of their layer."""
    return {
        "w1": rng.normal(size=(n_in, n_hidden)) / np.sqrt(n_in),
        "b1": np.zeros(n_hidden),
        "w2": rng.normal(size=(n_hidden, n_out)) / np.sqrt(n_hidden),
        "b2": np.zeros(n_out),
    }


def logits(params, x):
    """One hidden layer."""
    hidden = np.tanh(x @ params["w1"] + params["b1"])
    return hidden @ params["w2"] + params["b2"]


def loss(params, x, label):
    """Softmax cross-entropy; the largest logit is subtracted so that exp can't overflow."""
    z = logits(params, x)
    z = z - np.max(z, axis=1, keepdims=True)
    log_prob = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_prob[np.arange(len(label)), label])


def accuracy(params, x, label):
    """The share of the digits read correctly."""
    return np.mean(np.argmax(logits(params, x), axis=1) == label)


def main():
    pixels, label = load_digits(return_X_y=True)
    x, x_test, label, label_test = train_test_split(pixels / 16.0, label, test_size=0.25, random_state=0)
    rng = np.random.default_rng(0)
    params = init(rng, x.shape[1], 64, 10)
    velocity = {name: np.zeros_like(p) for name, p in params.items()}
    loss_and_grad = value_and_grad(loss)

    start = time.perf_counter()
    for epoch in range(30):
        order = rng.permutation(len(x))
        total = 0.0
        for i in range(0, len(x), 32):
            batch = order[i : i + 32]
            # The gradient is a dict too, with the same names and shapes.
            value, gradient = loss_and_grad(params, x[batch], label[batch])
            total += value * len(batch)
            for name in params:
                velocity[name] = 0.9 * velocity[name] - 0.1 * gradient[name]
                params[name] = params[name] + velocity[name]
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: loss {total / len(x):.4f}")

    print(f"trained in {time.perf_counter() - start:.1f} s")
    print(f"train accuracy {accuracy(params, x, label):.4f}")
    print(f"test accuracy {accuracy(params, x_test, label_test):.4f}")


if __name__ == "__main__":
    main()
