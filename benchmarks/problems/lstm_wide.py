"""The best known gradient of the LSTM: layer after layer, and all that has no recurrence at once."""

from __future__ import annotations

import numpy as np

from benchmarks.compiled import compiled
from benchmarks.vector_math import exp


@compiled(fastmath=True, error_model="numpy")
def adjoint_wide(main, extra, state, sequence):
    """Gradient of `main` and `extra`. A layer's gates on its input need no recurrence.

    tanh(z) is 2 sigmoid(2 z) - 1: exact to about 1e-16, absolutely.
    """
    steps, b = sequence.shape
    layers = main.shape[0] // 2
    times = steps - 1
    inputs = np.empty((layers + 1, times, b))
    hidden = np.empty((layers, times + 1, b))
    cells = np.empty((layers, times + 1, b))
    gates = np.empty((layers, 5, times, b))
    for t in range(times):
        for q in range(b):
            inputs[0, t, q] = sequence[t, q] * extra[0, q]
    for k in range(layers):
        weights, biases = main[2 * k].reshape(4, b), main[2 * k + 1].reshape(4, b)
        _gates_on_input(inputs[k], weights, biases, gates[k, 0], gates[k, 2])
        for q in range(b):
            hidden[k, 0, q] = state[2 * k, q]
            cells[k, 0, q] = state[2 * k + 1, q]
        _recurrence(weights, biases, gates[k], hidden[k], cells[k])
        for t in range(times):
            for q in range(b):
                inputs[k + 1, t, q] = hidden[k, t + 1, q]
    extra_bar = np.zeros_like(extra)
    x_bar = np.empty((times, b))
    _output(inputs[layers], extra, sequence, extra_bar, x_bar)
    main_bar = np.zeros_like(main)
    for k in range(layers - 1, -1, -1):
        weights = main[2 * k].reshape(4, b)
        weights_bar, biases_bar = main_bar[2 * k].reshape(4, b), main_bar[2 * k + 1].reshape(4, b)
        _backward(weights, gates[k], inputs[k], hidden[k], cells[k], x_bar, weights_bar, biases_bar)
    for t in range(times):
        for q in range(b):
            extra_bar[0, q] += x_bar[t, q] * sequence[t, q]
    return main_bar, extra_bar


@compiled(fastmath=True, error_model="numpy")
def _gates_on_input(x, weights, biases, forget, outgate):
    times, b = x.shape
    for t in range(times):
        for q in range(b):
            forget[t, q] = -(x[t, q] * weights[0, q] + biases[0, q])
            outgate[t, q] = -(x[t, q] * weights[2, q] + biases[2, q])
    flat_forget, flat_outgate = forget.reshape(-1), outgate.reshape(-1)
    for i in range(times * b):
        flat_forget[i] = 1.0 / (1.0 + exp(flat_forget[i]))
        flat_outgate[i] = 1.0 / (1.0 + exp(flat_outgate[i]))


@compiled(fastmath=True, error_model="numpy")
def _recurrence(weights, biases, gates, hidden, cells):
    times, b = gates.shape[1:]
    for t in range(times):
        for q in range(b):
            h = hidden[t, q]
            ingate = 1.0 / (1.0 + exp(-(h * weights[1, q] + biases[1, q])))
            change = 2.0 / (1.0 + exp(-2.0 * (h * weights[3, q] + biases[3, q]))) - 1.0
            cell = cells[t, q] * gates[0, t, q] + ingate * change
            tanh_cell = 2.0 / (1.0 + exp(-2.0 * cell)) - 1.0
            gates[1, t, q] = ingate
            gates[3, t, q] = change
            gates[4, t, q] = tanh_cell
            cells[t + 1, q] = cell
            hidden[t + 1, q] = gates[2, t, q] * tanh_cell


@compiled(fastmath=True, error_model="numpy")
def _output(x, extra, sequence, extra_bar, x_bar):
    times, b = x.shape
    for t in range(times):
        for q in range(b):
            x_bar[t, q] = x[t, q] * extra[1, q] + extra[2, q]
    flat = x_bar.reshape(-1)
    for i in range(times * b):
        flat[i] = exp(flat[i])
    scale = -1.0 / (times * b)
    for t in range(times):
        norm = 2.0
        wanted = 0.0
        for q in range(b):
            norm += x_bar[t, q]
            wanted += sequence[t + 1, q]
        ratio = wanted / norm
        for q in range(b):
            y_bar = scale * (sequence[t + 1, q] - ratio * x_bar[t, q])
            extra_bar[2, q] += y_bar
            extra_bar[1, q] += y_bar * x[t, q]
            x_bar[t, q] = y_bar * extra[1, q]


@compiled(fastmath=True, error_model="numpy")
def _backward(weights, gates, x, hidden, cells, x_bar, weights_bar, biases_bar):
    """One layer; `x_bar` is the cotangent of what it puts out, and becomes that of its input."""
    times, b = x.shape
    h_next, c_next = np.zeros(b), np.zeros(b)
    for t in range(times - 1, -1, -1):
        for q in range(b):
            forget, ingate, outgate = gates[0, t, q], gates[1, t, q], gates[2, t, q]
            change, tanh_cell = gates[3, t, q], gates[4, t, q]
            h_bar = h_next[q] + x_bar[t, q]
            out_bar = h_bar * tanh_cell * outgate * (1.0 - outgate)
            c_bar = c_next[q] + h_bar * outgate * (1.0 - tanh_cell * tanh_cell)
            forget_bar = c_bar * cells[t, q] * forget * (1.0 - forget)
            in_bar = c_bar * change * ingate * (1.0 - ingate)
            change_bar = c_bar * ingate * (1.0 - change * change)
            c_next[q] = c_bar * forget
            h_next[q] = in_bar * weights[1, q] + change_bar * weights[3, q]
            biases_bar[0, q] += forget_bar
            biases_bar[1, q] += in_bar
            biases_bar[2, q] += out_bar
            biases_bar[3, q] += change_bar
            weights_bar[0, q] += forget_bar * x[t, q]
            weights_bar[1, q] += in_bar * hidden[t, q]
            weights_bar[2, q] += out_bar * x[t, q]
            weights_bar[3, q] += change_bar * hidden[t, q]
            x_bar[t, q] = forget_bar * weights[0, q] + out_bar * weights[2, q]
