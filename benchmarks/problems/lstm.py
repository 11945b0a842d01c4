"""The LSTM of ADBench: gates without products of matrices, two layers, a long sequence of short vectors."""

from __future__ import annotations

import math

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size, Unfit
from benchmarks.problems.lstm_wide import adjoint_wide


def loss_loop(main, extra, state, sequence):
    """By loops. `main` has weights and biases of the layers, `extra` those around them, `state` hidden and cell."""
    steps, b = sequence.shape
    layers = main.shape[0] // 2
    state = state.copy()
    x = np.empty(b)
    total = 0.0
    for t in range(steps - 1):
        for q in range(b):
            x[q] = sequence[t, q] * extra[0, q]
        for k in range(layers):
            for q in range(b):
                h = state[2 * k, q]
                forget = 1.0 / (1.0 + math.exp(-(x[q] * main[2 * k, q] + main[2 * k + 1, q])))
                ingate = 1.0 / (1.0 + math.exp(-(h * main[2 * k, b + q] + main[2 * k + 1, b + q])))
                outgate = 1.0 / (1.0 + math.exp(-(x[q] * main[2 * k, 2 * b + q] + main[2 * k + 1, 2 * b + q])))
                change = math.tanh(h * main[2 * k, 3 * b + q] + main[2 * k + 1, 3 * b + q])
                cell = state[2 * k + 1, q] * forget + ingate * change
                state[2 * k + 1, q] = cell
                h = outgate * math.tanh(cell)
                state[2 * k, q] = h
                x[q] = h
        norm = 2.0
        for q in range(b):
            norm += math.exp(x[q] * extra[1, q] + extra[2, q])
        norm = math.log(norm)
        for q in range(b):
            total += sequence[t + 1, q] * (x[q] * extra[1, q] + extra[2, q] - norm)
    return -total / ((steps - 1) * b)


def sigmoid(x):
    """Logistic function."""
    return 1.0 / (1.0 + np.exp(-x))


def cell_step(weights, biases, hidden, cell, x):
    """One layer at one time."""
    b = len(hidden)
    forget = sigmoid(x * weights[:b] + biases[:b])
    ingate = sigmoid(hidden * weights[b : 2 * b] + biases[b : 2 * b])
    outgate = sigmoid(x * weights[2 * b : 3 * b] + biases[2 * b : 3 * b])
    change = np.tanh(hidden * weights[3 * b :] + biases[3 * b :])
    cell = cell * forget + ingate * change
    return outgate * np.tanh(cell), cell


def loss(main, extra, state, sequence):
    """With arrays."""
    steps, b = sequence.shape
    layers = len(main) // 2
    states = [state[k] for k in range(2 * layers)]
    total = 0.0
    for t in range(steps - 1):
        x = sequence[t] * extra[0]
        for k in range(layers):
            x, cell = cell_step(main[2 * k], main[2 * k + 1], states[2 * k], states[2 * k + 1], x)
            states[2 * k] = x
            states[2 * k + 1] = cell
        y = x * extra[1] + extra[2]
        y = y - np.log(np.sum(np.exp(y)) + 2.0)
        total = total + np.sum(sequence[t + 1] * y)
    return -total / ((steps - 1) * b)


def numpy_adjoint(main, extra, state, sequence):
    """Gradient of `main` and `extra`: what does not run from step to step is done for all steps at once."""
    steps, b = sequence.shape
    layers, times = len(main) // 2, steps - 1
    inputs = np.empty((layers + 1, times, b))
    hidden = np.empty((layers, times + 1, b))
    cells = np.empty((layers, times + 1, b))
    gates = np.empty((layers, times, 4, b))
    tanh_cells = np.empty((layers, times, b))
    hidden[:, 0], cells[:, 0] = state[0::2], state[1::2]
    np.multiply(sequence[:-1], extra[0], out=inputs[0])
    weights, biases = main[0::2].reshape(layers, 4, b), main[1::2].reshape(layers, 4, b)
    for k in range(layers):
        # A layer's gates on its input are known for all times, those on its own state are not.
        for gate in (0, 2):
            gates[k, :, gate] = sigmoid(inputs[k] * weights[k, gate] + biases[k, gate])
        for t in range(times):
            gate = gates[k, t]
            at = hidden[k, t]
            gate[1] = sigmoid(at * weights[k, 1] + biases[k, 1])
            np.tanh(at * weights[k, 3] + biases[k, 3], out=gate[3])
            cell = np.multiply(cells[k, t], gate[0], out=cells[k, t + 1])
            cell += gate[1] * gate[3]
            np.tanh(cell, out=tanh_cells[k, t])
            np.multiply(gate[2], tanh_cells[k, t], out=hidden[k, t + 1])
        inputs[k + 1] = hidden[k, 1:]
    y = np.exp(inputs[layers] * extra[1] + extra[2])
    wanted = sequence[1:]
    y *= (np.sum(wanted, axis=1) / (np.sum(y, axis=1) + 2.0))[:, None]
    y_bar = (wanted - y) * (-1.0 / (times * b))
    extra_bar = np.empty_like(extra)
    extra_bar[2] = np.sum(y_bar, axis=0)
    extra_bar[1] = np.sum(y_bar * inputs[layers], axis=0)
    main_bar = np.empty_like(main)
    input_bar = y_bar * extra[1]
    for k in range(layers - 1, -1, -1):
        forget, ingate, outgate, change = (gates[k, :, gate] for gate in range(4))
        # Local derivatives, for all times at once.
        of_out = tanh_cells[k] * outgate * (1.0 - outgate)
        of_cell = outgate * (1.0 - tanh_cells[k] * tanh_cells[k])
        of_forget = cells[k, :-1] * forget * (1.0 - forget)
        of_in = change * ingate * (1.0 - ingate)
        of_change = ingate * (1.0 - change * change)
        to_hidden = of_in * weights[k, 1] + of_change * weights[k, 3]
        h_bar, c_bar = np.empty((times, b)), np.empty((times, b))
        h_next, c_next = np.zeros(b), np.zeros(b)
        for t in range(times - 1, -1, -1):
            np.add(input_bar[t], h_next, out=h_bar[t])
            at = np.multiply(h_bar[t], of_cell[t], out=c_bar[t])
            at += c_next
            np.multiply(at, forget[t], out=c_next)
            np.multiply(at, to_hidden[t], out=h_next)
        bars = (c_bar * of_forget, c_bar * of_in, h_bar * of_out, c_bar * of_change)
        sources = (inputs[k], hidden[k, :-1], inputs[k], hidden[k, :-1])
        for gate, (bar, source) in enumerate(zip(bars, sources, strict=True)):
            main_bar[2 * k, gate * b : (gate + 1) * b] = np.sum(bar * source, axis=0)
            main_bar[2 * k + 1, gate * b : (gate + 1) * b] = np.sum(bar, axis=0)
        input_bar = bars[0] * weights[k, 0] + bars[2] * weights[k, 2]
    extra_bar[0] = np.sum(input_bar * sequence[:-1], axis=0)
    return main_bar, extra_bar


@compiled
def adjoint(main, extra, state, sequence):
    """Keeps eight numbers for each cell and step."""
    steps, b = sequence.shape
    layers = main.shape[0] // 2
    times = steps - 1
    state = state.copy()
    x = np.empty(b)
    kept = np.empty((times, layers, 8, b))
    kept_exp = np.empty((times, b))
    kept_out = np.empty((times, b))
    kept_norm = np.empty(times)
    for t in range(times):
        for q in range(b):
            x[q] = sequence[t, q] * extra[0, q]
        for k in range(layers):
            for q in range(b):
                h = state[2 * k, q]
                old = state[2 * k + 1, q]
                forget = 1.0 / (1.0 + math.exp(-(x[q] * main[2 * k, q] + main[2 * k + 1, q])))
                ingate = 1.0 / (1.0 + math.exp(-(h * main[2 * k, b + q] + main[2 * k + 1, b + q])))
                outgate = 1.0 / (1.0 + math.exp(-(x[q] * main[2 * k, 2 * b + q] + main[2 * k + 1, 2 * b + q])))
                change = math.tanh(h * main[2 * k, 3 * b + q] + main[2 * k + 1, 3 * b + q])
                cell = old * forget + ingate * change
                tanh_cell = math.tanh(cell)
                kept[t, k, 0, q] = x[q]
                kept[t, k, 1, q] = h
                kept[t, k, 2, q] = old
                kept[t, k, 3, q] = forget
                kept[t, k, 4, q] = ingate
                kept[t, k, 5, q] = outgate
                kept[t, k, 6, q] = change
                kept[t, k, 7, q] = tanh_cell
                state[2 * k + 1, q] = cell
                h = outgate * tanh_cell
                state[2 * k, q] = h
                x[q] = h
        norm = 2.0
        for q in range(b):
            kept_out[t, q] = x[q]
            e = math.exp(x[q] * extra[1, q] + extra[2, q])
            kept_exp[t, q] = e
            norm += e
        kept_norm[t] = norm
    main_bar = np.zeros_like(main)
    extra_bar = np.zeros_like(extra)
    hidden_bar = np.zeros((layers, b))
    cell_bar = np.zeros((layers, b))
    x_bar = np.empty(b)
    scale = -1.0 / (times * b)
    for t in range(times - 1, -1, -1):
        wanted = 0.0
        for q in range(b):
            wanted += sequence[t + 1, q]
        for q in range(b):
            y_bar = scale * (sequence[t + 1, q] - wanted * kept_exp[t, q] / kept_norm[t])
            extra_bar[2, q] += y_bar
            extra_bar[1, q] += y_bar * kept_out[t, q]
            x_bar[q] = y_bar * extra[1, q]
        for k in range(layers - 1, -1, -1):
            for q in range(b):
                x_in = kept[t, k, 0, q]
                h = kept[t, k, 1, q]
                old = kept[t, k, 2, q]
                forget = kept[t, k, 3, q]
                ingate = kept[t, k, 4, q]
                outgate = kept[t, k, 5, q]
                change = kept[t, k, 6, q]
                tanh_cell = kept[t, k, 7, q]
                h_bar = hidden_bar[k, q] + x_bar[q]
                out_bar = h_bar * tanh_cell * outgate * (1 - outgate)
                c_bar = cell_bar[k, q] + h_bar * outgate * (1 - tanh_cell * tanh_cell)
                forget_bar = c_bar * old * forget * (1 - forget)
                in_bar = c_bar * change * ingate * (1 - ingate)
                change_bar = c_bar * ingate * (1 - change * change)
                cell_bar[k, q] = c_bar * forget
                main_bar[2 * k + 1, q] += forget_bar
                main_bar[2 * k, q] += forget_bar * x_in
                main_bar[2 * k + 1, b + q] += in_bar
                main_bar[2 * k, b + q] += in_bar * h
                main_bar[2 * k + 1, 2 * b + q] += out_bar
                main_bar[2 * k, 2 * b + q] += out_bar * x_in
                main_bar[2 * k + 1, 3 * b + q] += change_bar
                main_bar[2 * k, 3 * b + q] += change_bar * h
                x_bar[q] = forget_bar * main[2 * k, q] + out_bar * main[2 * k, 2 * b + q]
                hidden_bar[k, q] = in_bar * main[2 * k, b + q] + change_bar * main[2 * k, 3 * b + q]
        for q in range(b):
            extra_bar[0, q] += x_bar[q] * sequence[t, q]
    return main_bar, extra_bar


def with_autograd(main, extra, state, sequence):
    """Traces every step."""
    if len(sequence) > 100:
        raise Unfit("seconds: traces every step")
    return peers.by_autograd(loss, (main, extra, state, sequence), (0, 1))


def with_jax(main, extra, state, sequence):
    """`scan`."""
    jax, jnp = peers.jax_numpy()
    one_cell = peers.rebound(cell_step, np=jnp)
    steps, b = sequence.shape
    layers = len(main) // 2

    def fun(main, extra, state, sequence):
        def step(states, now):
            x = now[0] * extra[0]
            new = []
            for k in range(layers):
                x, cell = one_cell(main[2 * k], main[2 * k + 1], states[2 * k], states[2 * k + 1], x)
                new += [x, cell]
            y = x * extra[1] + extra[2]
            y = y - jnp.log(jnp.sum(jnp.exp(y)) + 2.0)
            return jnp.stack(new), jnp.sum(now[1] * y)

        _, totals = jax.lax.scan(step, state, (sequence[:-1], sequence[1:]))
        return -jnp.sum(totals) / ((steps - 1) * b)

    return peers.by_jax(fun, (main, extra, state, sequence), (0, 1))


def with_torch(main, extra, state, sequence):
    """Eager."""
    if len(sequence) > 100:
        raise Unfit("seconds: traces every step")
    torch = peers.torch_module()
    return peers.by_torch(peers.rebound(loss, np=torch), (main, extra, state, sequence), (0, 1))


ENZYME = """
extern "C" double exp(double);
extern "C" double log(double);
extern "C" double tanh(double);
void fun(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, %(rows)d, %(wide)d>& main_,
         const enzyme::tensor<double, 3, %(b)d>& extra, const enzyme::tensor<double, %(rows)d, %(b)d>& start,
         const enzyme::tensor<double, %(c)d, %(b)d>& sequence) {
  const long c = %(c)d, b = %(b)d, rows = %(rows)d;
  double state[rows][b], x[b], total = 0;
  for (long k = 0; k < rows; k++) for (long q = 0; q < b; q++) state[k][q] = start[k][q];
  for (long t = 0; t < c - 1; t++) {
    for (long q = 0; q < b; q++) x[q] = sequence[t][q] * extra[0][q];
    for (long k = 0; k < rows / 2; k++) for (long q = 0; q < b; q++) {
      double h = state[2*k][q];
      double f = 1.0 / (1.0 + exp(-(x[q] * main_[2*k][q] + main_[2*k+1][q])));
      double i = 1.0 / (1.0 + exp(-(h * main_[2*k][b+q] + main_[2*k+1][b+q])));
      double o = 1.0 / (1.0 + exp(-(x[q] * main_[2*k][2*b+q] + main_[2*k+1][2*b+q])));
      double g = tanh(h * main_[2*k][3*b+q] + main_[2*k+1][3*b+q]);
      double cell = state[2*k+1][q] * f + i * g;
      state[2*k+1][q] = cell;
      h = o * tanh(cell);
      state[2*k][q] = h;
      x[q] = h;
    }
    double norm = 2.0;
    for (long q = 0; q < b; q++) norm += exp(x[q] * extra[1][q] + extra[2][q]);
    norm = log(norm);
    for (long q = 0; q < b; q++) total += sequence[t+1][q] * (x[q] * extra[1][q] + extra[2][q] - norm);
  }
  out[0] = -total / ((c - 1) * b);
}
"""


def with_enzyme(*args):
    """C++."""
    rows, wide = args[0].shape
    c, b = args[3].shape
    return peers.by_enzyme(ENZYME % {"rows": rows, "wide": wide, "b": b, "c": c}, args, (0, 1))


def with_pytensor(main, extra, state, sequence):
    """`scan`."""
    pytensor, pt = peers.pytensor_modules()
    steps, b = sequence.shape
    layers = len(main) // 2
    main_in, extra_in = pt.dmatrix("main"), pt.dmatrix("extra")

    def gate(at, row, x, k):
        return x * main_in[2 * k, row * b : (row + 1) * b] + main_in[2 * k + 1, row * b : (row + 1) * b]

    def step(x, wanted, *states):
        x = x * extra_in[0]
        new = []
        for k in range(layers):
            hidden, cell = states[2 * k], states[2 * k + 1]
            forget, ingate = pt.sigmoid(gate(0, 0, x, k)), pt.sigmoid(gate(0, 1, hidden, k))
            outgate, change = pt.sigmoid(gate(0, 2, x, k)), pt.tanh(gate(0, 3, hidden, k))
            cell = cell * forget + ingate * change
            x = outgate * pt.tanh(cell)
            new += [x, cell]
        y = x * extra_in[1] + extra_in[2]
        y = y - pt.log(pt.sum(pt.exp(y)) + 2.0)
        return [*new, pt.sum(wanted * y)]

    start = [pt.as_tensor(row) for row in state]
    sequences = [pt.as_tensor(sequence[:-1]), pt.as_tensor(sequence[1:])]
    found = pytensor.scan(step, sequences=sequences, outputs_info=[*start, None], return_updates=False)
    out = -pt.sum(found[-1]) / ((steps - 1) * b)
    return peers.by_pytensor(out, [main_in, extra_in], [main, extra], single=False)


def with_casadi(main, extra, state, sequence):
    """`mapaccum`."""
    ca = peers.casadi_module()
    steps, b = sequence.shape
    rows = len(main)
    main_in, extra_in = ca.SX.sym("main", main.size), ca.SX.sym("extra", extra.size)
    old, now, wanted = ca.SX.sym("state", rows * b), ca.SX.sym("x", b), ca.SX.sym("wanted", b)
    part = {k: main_in[k * 4 * b : (k + 1) * 4 * b] for k in range(rows)}
    around = [extra_in[k * b : (k + 1) * b] for k in range(3)]
    x, new = now * around[0], []
    for k in range(rows // 2):
        w, bias = part[2 * k], part[2 * k + 1]
        hidden, cell = old[2 * k * b : (2 * k + 1) * b], old[(2 * k + 1) * b : (2 * k + 2) * b]
        forget, outgate = (1 / (1 + ca.exp(-(x * w[s * b : (s + 1) * b] + bias[s * b : (s + 1) * b]))) for s in (0, 2))
        ingate = 1 / (1 + ca.exp(-(hidden * w[b : 2 * b] + bias[b : 2 * b])))
        cell = cell * forget + ingate * ca.tanh(hidden * w[3 * b :] + bias[3 * b :])
        x = outgate * ca.tanh(cell)
        new += [x, cell]
    y = x * around[1] + around[2]
    y = y - ca.log(ca.sum1(ca.exp(y)) + 2)
    step = ca.Function("step", [old, now, wanted, main_in, extra_in], [ca.vertcat(*new), ca.dot(wanted, y)])
    whole, rest = ca.MX.sym("main", main.size), ca.MX.sym("extra", extra.size)
    times = steps - 1
    repeated = ca.repmat(whole, 1, times), ca.repmat(rest, 1, times)
    _, totals = step.mapaccum(times)(state.ravel(), sequence[:-1].T, sequence[1:].T, *repeated)
    out = -ca.sum2(totals) / (times * b)
    gradient = ca.Function("gradient", [whole, rest], [ca.gradient(out, whole), ca.gradient(out, rest)])

    def run():
        main_bar, extra_bar = gradient(main.ravel(), extra.ravel())
        return np.array(main_bar).reshape(main.shape), np.array(extra_bar).reshape(extra.shape)

    return run


def arguments(layers, steps, b):
    """Parameters, a start and bits."""
    rng = np.random.default_rng(0)
    main, extra = 0.5 * rng.standard_normal((2 * layers, 4 * b)), 0.5 * rng.standard_normal((3, b))
    state = 0.5 * rng.standard_normal((2 * layers, b))
    return main, extra, state, (rng.random((steps, b)) > 0.5).astype(float)


PROBLEM = Problem(
    name="lstm",
    title="LSTM",
    forms={"loop": loss_loop, "array": loss},
    sizes=(
        Size("2 layers, 1024 steps, 14 bits", lambda: arguments(2, 1024, 14), plain=("array",)),
        Size("2 layers, 50 steps, 14 bits", lambda: arguments(2, 50, 14), plain=("loop", "array"), jit=False),
    ),
    tiny=lambda: arguments(2, 5, 3),
    argnums=(0, 1),
    numpy_adjoint=numpy_adjoint,
    frozen_adjoint=adjoint,
    best={"layer by layer, wide, vector math": adjoint_wide},
    peers={
        "autograd": with_autograd,
        "jax": with_jax,
        "torch": with_torch,
        "enzyme": with_enzyme,
        "casadi": with_casadi,
        "pytensor": with_pytensor,
    },
    no_peers={"warp": "its gradient of a loop inside of a kernel is wrong, and a launch for each cell costs more"},
)
