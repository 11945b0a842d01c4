"""The chain rule, step by step: local gradients beside the code srcgrad writes.

x, w -> [ * ] -> y_hat -> [ - y ] -> s -> [ square ] -> loss
"""

from __future__ import annotations

from srcgrad import grad


def loss(w, x, y):
    """Squared error of one prediction."""
    y_hat = w * x
    s = y_hat - y
    return s**2


def main():
    x, y, w = 1.0, 2.0, 1.0

    # Forward: keep every intermediate value.
    y_hat = w * x
    s = y_hat - y
    print(f"forward:  y_hat = {y_hat:.1f}, s = {s:.1f}, loss = {s**2:.1f}")

    # Each operation knows the derivative of its output with respect to its input ...
    dloss_ds = 2.0 * s
    ds_dy_hat = 1.0
    dy_hat_dw = x
    print(f"local:    dloss/ds = {dloss_ds:.1f}, ds/dy_hat = {ds_dy_hat:.1f}, dy_hat/dw = {dy_hat_dw:.1f}")

    # ... and the chain rule multiplies them, from the loss back to the weight.
    s_bar = dloss_ds
    y_hat_bar = s_bar * ds_dy_hat
    w_bar = y_hat_bar * dy_hat_dw
    print(f"backward: s_bar = {s_bar:.1f}, y_hat_bar = {y_hat_bar:.1f}, w_bar = {w_bar:.1f}")

    loss_grad = grad(loss)
    print(f"srcgrad:  loss = {loss_grad.fun(w, x, y):.1f}, gradient = {loss_grad(w, x, y):.1f}")

    print("\nThe same walk, as srcgrad writes it:\n")
    print(loss_grad.source)


if __name__ == "__main__":
    main()
