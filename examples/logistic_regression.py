"""Logistic regression on the Wisconsin breast cancer data, fitted by SciPy with an exact gradient."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from srcgrad import check_grads, value_and_grad


def loss(theta, x, sign, decay):
    """Mean log loss for labels -1 and +1; ``theta`` holds the weights and, last, the bias."""
    score = x @ theta[:-1] + theta[-1]
    return np.mean(np.logaddexp(0.0, -sign * score)) + decay * np.sum(theta[:-1] ** 2)


def accuracy(theta, x, sign):
    """The share of the rows on the right side of the plane."""
    return np.mean((x @ theta[:-1] + theta[-1] > 0.0) == (sign > 0.0))


def load():
    """The data, standardised with the training half's mean and scale."""
    x, label = load_breast_cancer(return_X_y=True)
    train, test, s_train, s_test = train_test_split(x, 2.0 * label - 1.0, test_size=0.3, random_state=0)
    mean, scale = train.mean(axis=0), train.std(axis=0)
    return (train - mean) / scale, (test - mean) / scale, s_train, s_test


def main():
    train, test, s_train, s_test = load()
    theta = np.zeros(train.shape[1] + 1)
    decay = 1e-3

    # Against finite differences, before anything relies on it.
    check_grads(loss, (theta + 0.1, train, s_train, decay), modes=("rev",))

    # SciPy wants the value and the gradient from one call: that is what value_and_grad returns.
    loss_and_grad = value_and_grad(loss)
    fit = minimize(loss_and_grad, theta, args=(train, s_train, decay), jac=True, method="L-BFGS-B")

    print(f"{fit.nit} iterations, loss {loss(theta, train, s_train, decay):.4f} -> {fit.fun:.4f}")
    print(f"largest gradient entry at the end: {np.max(np.abs(fit.jac)):.1e}")
    print(f"train accuracy {accuracy(fit.x, train, s_train):.4f}")
    print(f"test accuracy {accuracy(fit.x, test, s_test):.4f}")
    print()
    print(loss_and_grad.source)


if __name__ == "__main__":
    main()
