"""Constructs with numbers and arrays of other kinds: integers, booleans, 0-d, empty, complex, and other layouts."""

from __future__ import annotations

from .memory import operator
from .writer import GiveUp, Writer, construct

Dims = tuple[str, ...]

# ---------------------------------------------------------------------------------------------- expressions


@construct("scalar", "empty-arrays", 2)
def empty(w: Writer, depth: int) -> str:
    a = w.some("array", ("n",)).name
    none = w.pick(f"{a}[n:]", f"{a}[:0]", f"{a}[2:1]", f"{a}[{a} > 99]", f"({a}[:0] * {w.scalar(2)})", "np.zeros(0)")
    return w.pick(
        f"(np.sum({none}) + {w.scalar(depth + 1)})",
        f"np.prod({none}) * {w.scalar(depth + 1)}",
        f"(sum({none}) + {w.scalar(depth + 1)})",
        f"np.sum(np.concatenate([{none}, {a}])) / n",
        f"(np.dot({none}, {none}) + {w.scalar(depth + 1)})",
        f"(len({none}) + {w.scalar(depth + 1)})",
        f"max({none}, default={w.scalar(depth + 1)})",
    )


@construct("scalar", "zero-dim-arrays", 2)
def zero_dim(w: Writer, depth: int) -> str:
    q = w.scalar(depth + 1)
    return w.pick(
        f"np.array({q}) * {w.scalar(2)}",
        f"np.asarray({q})[()]",
        f"float(np.array({q}))",
        f"np.array([{q}]).reshape(()) * 0.5",
        f"np.array({q}).item()",
        f"np.squeeze(np.array([[{q}]])) + 0.1",
        f"np.sum(np.array({q}), keepdims=True)",
        f"np.atleast_1d({q})[0]",
    )


@construct("scalar", "complex-inside")
def complex_inside(w: Writer, depth: int) -> str:
    a, b = w.scalar(depth + 1), w.scalar(depth + 1)
    return w.pick(
        f"abs({a} + 1.3j)",
        f"np.real(np.exp(1j * {a}) * ({b} + 0.5j))",
        f"(({a} + 2j) * ({b} - 1j)).imag * 0.5",
        f"np.abs(np.fft.fft({w.array(w.dims(), 2)}))[1] * 0.2",
        f"np.angle({a} + 2.5j)",
    )


@construct("scalar", "places-of-extremes")
def arg_extremes(w: Writer, depth: int) -> str:
    d = w.dims()
    a, b = w.array(d, depth + 1), w.some("array", d).name
    return w.pick(
        f"{b}[np.argmax({a})]",
        f"{b}[int(np.argmin({a}))]",
        f"{b}[({a}).argmax()] * {w.scalar(2)}",
        f"max({a})",
        f"min(list({b}))",
    )


@construct("scalar", "interpolation")
def interpolation(w: Writer, depth: int) -> str:
    a = w.array(("n",), depth + 1)
    return f"np.interp({w.scalar(depth + 1)} + 0.0137, np.arange(n) * 0.5, {a})"


@construct("scalar", "integer-arguments", 2)
def integer_arguments(w: Writer, depth: int) -> str:
    order, a = w.some("ints").name, w.some("array", ("n",)).name
    k = w.pick("0", "1", "-1")
    return w.pick(
        f"{a}[{order}[{k}]]",
        f"{a}[{order}][{k}]",
        f"{order}[{k}] * {w.scalar(depth + 1)}",
        f"np.sum({order} * {a}) / n",
        f"{w.scalar(depth + 1)} ** {order}[{k}]",
        f"sum({a}[k] for k in {order})",
    )


@construct("scalar", "boolean-arguments", 2)
def boolean_arguments(w: Writer, depth: int) -> str:
    flags, a = w.some("bools").name, w.some("array", ("n",)).name
    return w.pick(
        f"np.sum({a}[{flags}]) / n",
        f"np.where({flags}, {a}, {w.scalar(2)})[{w.index('n')}]",
        f"({w.scalar(depth + 1)} if {flags}[{w.pick('0', '1')}] else {w.scalar(depth + 1)})",
        f"np.sum({a} * {flags}) / n",
        f"np.sum({a}, where={flags}) / n",
        f"sum(v for v, f in zip({a}, {flags}) if f)",
        f"np.count_nonzero({flags}) * {w.scalar(depth + 1)}",
    )


@construct("array", "integer-arrays", 2)
def integer_arrays(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 1:
        raise GiveUp
    a, ints = w.array(dims, depth + 1), f"np.arange({dims[0]})"
    return w.pick(
        f"{a} * ({ints} % 2)",
        f"{a} / ({ints} + 1)",
        f"{a} ** ({ints} % 3)",
        f"({a} + {ints} // 2) * 0.5",
        f"np.ones({dims[0]}, dtype=int) * {a}",
        f"np.cumsum(np.ones({dims[0]}, dtype=int)) * {w.scalar(2)} / n",
    )


@construct("array", "casts")
def casts(w: Writer, dims: Dims, depth: int) -> str:
    a = w.array(dims, depth + 1)
    return w.pick(
        f"({a}).astype(float)",
        f"np.asarray({a}, dtype=np.float64)",
        f"np.array({a}, dtype=float, copy=True)",
        f"({a} > 0.513).astype(float) * {w.scalar(2)}",
        f"({a}).astype(float, copy=False)",
        f"np.float64(1.5) * ({a})",
    )


@construct("array", "memory-layouts", 2)
def layouts(w: Writer, dims: Dims, depth: int) -> str:
    a = w.array(dims, depth + 1)
    options = [f"np.ascontiguousarray({a})", f"({a}).copy(order='F')", f"np.flip({a}).copy()", f"({a})[..., ::-1]"]
    if len(dims) == 2:
        options += [
            f"np.asfortranarray({a})",
            f"({a}).T.copy().T",
            f"({a})[::-1, ::-1]",
            f"({a}).ravel(order='F').reshape(({', '.join(dims)}), order='F')",
            f"({a}).reshape(-1).reshape({', '.join(dims)})",
        ]
    return w.rng.choice(options)


@construct("array", "sorted-by-arguments")
def argsort(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 1:
        raise GiveUp
    a, b = w.array(dims, depth + 1), w.some("array", dims).name
    return w.pick(
        f"{b}[np.argsort({a})]", f"np.take({b}, ({a}).argsort()[::-1])", f"np.array(sorted({b}))", f"np.sort({a})[::-1]"
    )


@construct("array", "new-axes")
def new_axes(w: Writer, dims: Dims, depth: int) -> str:
    a = w.array(dims, depth + 1)
    return w.pick(
        f"({a})[None][0]",
        f"np.squeeze(({a})[..., None])",
        f"np.expand_dims({a}, 0).sum(axis=0)",
        f"({a})[np.newaxis, ...].mean(0)",
    )


@construct("array", "where-guards-bad-values", 2)
def nan_guard(w: Writer, dims: Dims, depth: int) -> str:
    a, b = w.array(dims, depth + 1), w.array(dims, 2)
    c = w.number()
    return w.pick(
        f"np.where({a} > {c}, np.log(1e-3 + np.abs({a} - {c})), {b})",
        f"np.where({a} - {c} > 0.1, np.sqrt({a} - {c}), {b})",
        f"np.where({a} > 99, {b} / ({a} - {a}), {b})",
        f"np.where(({a} > {c}) & ({b} > -9), np.log(np.where({a} > {c}, {a}, 1.0)), 0.5)",
        f"np.where(np.isnan({a} / 1.0), 0.0, {b})",
        f"np.where({b} < 99, {b}, np.arccosh({a} * 0))",
        f"np.nan_to_num(np.where({a} > 99, np.nan, {b}))",
    )


# ---------------------------------------------------------------------------------------------- statements


@construct("statement", "loops-that-do-not-run")
def no_rounds(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    a, v = w.some("array", ("n",)).name, w.fresh("scalar", (), "v")
    with w.block(
        f"for {v.name} in {w.pick(f'{a}[n:]', f'{a}[:0]', f'{a}[{a} > 99]', 'range(0)', 'range(n, 2)', '[]')}:",
        loop=True,
    ):
        w.bind(v)
        w.statements(1, 2)
    return True


@construct("statement", "zero-dim-arrays-written", 2)
def zero_dim_written(w: Writer) -> bool:
    z = w.fresh("other", (), "z").name
    w.emit(
        f"{z} = {w.pick(f'np.array({w.scalar(1)})', 'np.zeros(())', f'np.asarray({w.scalar(1)}, dtype=float).copy()')}"
    )
    w.emit(
        w.pick(
            f"{z} += {w.scalar(1)}", f"{z}[...] = {w.scalar(1)}", f"{z}[()] += {w.scalar(1)}", f"{z} *= {w.scalar(1)}"
        )
    )
    if w.chance(0.4):
        w.emit(f"{w.pick('other_z', 'same_z')} = {z}")
        w.emit(f"{z} += {w.scalar(2)}")
    w.emit(f"{w.some('scalar').name} += {z} * {w.scalar(2)}")
    return True


@construct("statement", "integer-counters")
def integer_counts(w: Writer) -> bool:
    c, i = w.fresh("other", (), "counts").name, w.fresh("int", ("n",), "i")
    a = w.some("array", ("n",)).name
    w.emit(f"{c} = np.zeros(n, dtype=int)")
    with w.block(f"for {i.name} in range(n):", loop=True):
        w.bind(i)
        w.emit(f"if {a}[{i.name}] > {w.number()}:")
        w.emit(f"    {c}[{i.name}{w.pick('', ' // 2')}] += {w.pick('1', '2')}")
    w.emit(f"{w.some('scalar').name} += np.sum({c} * {a}) / n")
    return True


@construct("statement", "writes-by-integer-arguments", 2)
def integer_writes(w: Writer) -> bool:
    order, a, k = w.some("ints").name, w.some("array", ("n",)).name, w.fresh("other", (), "k").name
    if w.chance(0.5):
        w.emit(f"{a}[{order}{w.pick('', '[:2]', '[0]')}] {operator(w)} {w.scalar(1)}")
    else:
        with w.block(f"for {k} in {order}:", loop=True):
            w.emit(f"{a}[{k}] {operator(w)} {w.scalar(1)}")
            w.statements(0, 1)
    return True


@construct("statement", "writes-by-boolean-arguments", 2)
def boolean_writes(w: Writer) -> bool:
    flags, v = w.some("bools").name, w.some("array", ("n",)).name
    w.emit(
        w.pick(
            f"{v}[{flags}] {operator(w)} {w.scalar(1)}",
            f"{v}[~{flags}] = {w.array(('n',), 2)}[~{flags}]",
            f"{v}[{flags} & ({v} > {w.number()})] *= {w.scalar(2)}",
            f"np.copyto({v}, {w.array(('n',), 2)}, where={flags})",
            f"np.multiply({v}, {w.scalar(2)}, out={v}, where={flags})",
            f"{v}[np.nonzero({flags})] += {w.scalar(2)}",
            f"{v}[np.flatnonzero({flags})[0]] = {w.scalar(2)}",
        )
    )
    return True


@construct("statement", "windows-that-move", 2)
def windows(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    (a, b), i = (w.some("array", ("n",)).name, w.some("array", ("n",)).name), w.fresh("int", ("n",), "i")
    with w.block(f"for {i.name} in range({w.pick('n', '1, n - 1')}):", loop=True):
        w.bind(i)
        cut = w.pick(f"max(0, {i.name} - 1):{i.name} + 2", f"{i.name}:", f":{i.name} + 1", f"{i.name}:{i.name} + 2")
        w.emit(
            w.pick(
                f"{w.some('scalar').name} += np.sum({a}[{cut}]) * 0.1",
                f"{a}[{cut}] {w.pick('*=', '+=')} {w.scalar(2)}",
                f"{a}[{i.name}] = np.mean({b}[{cut}])",
                f"{w.some('scalar').name} += np.max({a}[{cut}]) * 0.1",
            )
        )
        if w.chance(0.3):
            w.emit(f"if {w.condition()}:")
            w.emit(f"    {w.pick('break', 'continue')}")
    return True


@construct("statement", "numbered-elements")
def ndenumerate(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    m, total = w.some("array", rank=2), w.some("scalar").name
    i, j = w.fresh("int", m.dims[:1], "i"), w.fresh("int", m.dims[1:], "j")
    head = w.pick(f"np.ndindex({m.name}.shape)", f"itertools.product(range({m.dims[0]}), range({m.dims[1]}))")
    with w.block(f"for {i.name}, {j.name} in {head}:", loop=True):
        w.bind(i), w.bind(j)
        w.emit(
            w.pick(
                f"{total} += {m.name}[{i.name}, {j.name}] * {w.scalar(2)} * 0.2",
                f"{m.name}[{i.name}, {j.name}] {operator(w)} {w.scalar(2)}",
            )
        )
        if w.chance(0.3):
            w.emit(f"if {w.condition()}:")
            w.emit(f"    {w.pick('break', 'continue')}")
    return True
