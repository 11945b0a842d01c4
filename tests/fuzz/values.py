"""Expressions: scalars, arrays and conditions. All stay of magnitude one, so that differences can judge them."""

from __future__ import annotations

from .writer import SLICES, GiveUp, Writer, construct

Dims = tuple[str, ...]

# ---------------------------------------------------------------------------------------------- scalars


@construct("scalar", "arithmetic", 4)
def arithmetic(w: Writer, depth: int) -> str:
    a, b = w.scalar(depth + 1), w.scalar(depth + 1)
    return w.pick(
        f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"0.5 * ({a} + {b})", f"(2 * {a} - {b} / 3)", f"-{a} * {b}"
    )


@construct("scalar", "division")
def division(w: Writer, depth: int) -> str:
    b = w.scalar(depth + 1)
    return f"{w.scalar(depth + 1)} / (1.5 + {b} ** 2)"


@construct("scalar", "numpy-functions-of-scalars", 2)
def numpy_scalar(w: Writer, depth: int) -> str:
    return f"np.{w.pick('sin', 'cos', 'tanh', 'arctan', 'exp', 'sinh')}({w.number(0.2, 0.6)} * {w.scalar(depth + 1)})"


@construct("scalar", "math-functions", 2)
def math_scalar(w: Writer, depth: int) -> str:
    a = w.scalar(depth + 1)
    return w.pick(
        f"math.sin({a})", f"math.cos({a})", f"math.tanh({a})", f"math.atan2({a}, 1.3)", f"math.sqrt(1.1 + {a} ** 2)",
        f"math.log(1.2 + {a} ** 2)", f"math.hypot({a}, 0.8)", f"math.erf({a})",
    )  # fmt: skip


@construct("scalar", "powers")
def powers(w: Writer, depth: int) -> str:
    a, b = w.scalar(depth + 1), w.scalar(depth + 1)
    return w.pick(
        f"{a} ** 2", f"{a} ** 3 * 0.5", f"(1.1 + {a} ** 2) ** 0.5", f"(0.6 + {a} ** 2) ** ({b} * 0.3)", f"pow({a}, 2)"
    )


@construct("scalar", "conditional-expressions")
def ternary(w: Writer, depth: int) -> str:
    return f"({w.scalar(depth + 1)} if {w.condition()} else {w.scalar(depth + 1)})"


@construct("scalar", "builtin-abs-max-min")
def builtin_choices(w: Writer, depth: int) -> str:
    a, b = w.scalar(depth + 1), w.scalar(depth + 1)
    return w.pick(f"abs({a} - 2.7)", f"max({a}, {b})", f"min({a}, {b}, 0.9)", f"max([{a}, {b}])")


@construct("scalar", "element-reads", 2)
def element(w: Writer, depth: int) -> str:
    v = w.some("array")
    return f"{v.name}[{', '.join(map(w.index, v.dims))}]"


@construct("scalar", "chained-subscripts")
def chained_subscript(w: Writer, depth: int) -> str:
    v = w.some("array", rank=2)
    return f"{v.name}[{w.index(v.dims[0])}][{w.index(v.dims[1])}]"


@construct("scalar", "reductions", 2)
def reductions(w: Writer, depth: int) -> str:
    a = w.array(w.dims(w.rng.choice((1, 1, 2))), depth + 1)
    return w.pick(
        f"np.sum({a}) / n", f"np.mean({a})", f"({a}).mean()", f"({a}).sum() * 0.2", f"np.prod(0.6 * np.tanh({a}))",
        f"np.var({a})", f"np.std({a} + np.arange(np.size({a})).reshape(np.shape({a})))", f"np.average({a})",
    )  # fmt: skip


@construct("scalar", "extreme-reductions")
def extremes(w: Writer, depth: int) -> str:
    a = w.array(w.dims(w.rng.choice((1, 1, 2))), depth + 1)
    return w.pick(f"np.max({a})", f"({a}).min()", f"np.max(np.abs({a}))", f"np.ptp({a})", f"np.median({a})")


@construct("scalar", "norms")
def norms(w: Writer, depth: int) -> str:
    return f"np.linalg.norm({w.array(w.dims(), depth + 1)} + 1.5)"


@construct("scalar", "dot-products", 2)
def dot(w: Writer, depth: int) -> str:
    d = w.dims()
    a, b = w.array(d, depth + 1), w.array(d, depth + 1)
    return w.pick(
        f"np.dot({a}, {b}) / n", f"(({a}) @ ({b}) / n)", f"np.inner({a}, {b}) * 0.2", f"np.vdot({a}, {b}) * 0.2"
    )


@construct("scalar", "einsum-to-scalar")
def einsum_scalar(w: Writer, depth: int) -> str:
    m = w.some("array", rank=2)
    a, b = w.array(m.dims[:1], depth + 1), w.array(m.dims[1:], depth + 1)
    return w.pick(f"np.einsum('i,ij,j', {a}, {m.name}, {b}) * 0.2", f"np.einsum('ij->', {m.name}) * 0.2")


@construct("scalar", "logsumexp")
def logsumexp(w: Writer, depth: int) -> str:
    a = w.array(w.dims(), depth + 1)
    return w.pick(
        f"np.log(np.sum(np.exp({a})))",
        f"np.logaddexp({w.scalar(2)}, {w.scalar(2)})",
        f"np.max({a}) + np.log(np.exp({a} - np.max({a})).sum())",
    )


@construct("scalar", "generator-sums")
def generator_sum(w: Writer, depth: int) -> str:
    d = w.dims()
    a = w.some("array", d).name
    v = w.fresh("scalar", (), w.pick("v", "e", "q")).name
    return w.pick(
        f"sum({v} * {v} for {v} in {a})",
        f"sum({v} * {w.scalar(2)} for {v} in {a} if {v} > 0.55)",
        f"sum([{v} ** 2 for {v} in {a}[1:]])",
    )


@construct("scalar", "sums-over-ranges")
def range_sum(w: Writer, depth: int) -> str:
    d = w.dims()
    a, i = w.some("array", d).name, w.fresh("int", d, w.pick("i", "j", "k")).name
    return w.pick(
        f"sum({a}[{i}] * {i} for {i} in range(len({a}))) / n", f"sum({a}[{i}] * {a}[-{i} - 1] for {i} in range({d[0]}))"
    )


@construct("scalar", "zip-in-generators")
def zip_sum(w: Writer, depth: int) -> str:
    d = w.dims()
    a, b = w.array(d, 2), w.array(d, 2)
    p, q = w.fresh("scalar", (), "p").name, w.fresh("scalar", (), "q").name
    return f"sum({p} * {q} for {p}, {q} in zip({a}, {b}))"


@construct("scalar", "numpy-float-constants")
def numpy_floats(w: Writer, depth: int) -> str:
    return f"np.float64({w.number()}) * {w.scalar(depth + 1)}"


@construct("scalar", "integer-arithmetic")
def integers(w: Writer, depth: int) -> str:
    return w.pick(
        f"{w.scalar(depth + 1)} * (n // 2)", f"{w.scalar(depth + 1)} / (n % 3 + 1)", f"{w.scalar(depth + 1)} * 2 ** -1"
    )


@construct("scalar", "boolean-factors")
def boolean_factor(w: Writer, depth: int) -> str:
    return f"({w.condition()}) * {w.scalar(depth + 1)}"


@construct("scalar", "walrus")
def walrus(w: Writer, depth: int) -> str:
    if w.nested or depth > 1:
        raise GiveUp
    v = w.fresh("scalar")
    return f"({v.name} := {w.scalar(depth + 1)}) * {v.name}"


@construct("scalar", "rounding-and-modulo")
def rounding(w: Writer, depth: int) -> str:
    a = w.scalar(depth + 1)
    return w.pick(
        f"({a} + 0.013) % 5.0",
        f"(np.floor({a} * 0.1 + 0.513) + {a})",
        f"divmod({a} + 7.013, 5.0)[1]",
        f"float(int({a} * 0.01 + 3.2)) * {a}",
    )


# ---------------------------------------------------------------------------------------------- arrays


@construct("array", "array-arithmetic", 4)
def array_arithmetic(w: Writer, dims: Dims, depth: int) -> str:
    a, b = w.array(dims, depth + 1), w.array(dims, depth + 1)
    return w.pick(
        f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"{a} / (1.4 + {b} ** 2)", f"(0.5 * {a} + 0.25 * {b})", f"-{a}"
    )


@construct("array", "array-with-scalar", 3)
def array_scalar(w: Writer, dims: Dims, depth: int) -> str:
    a, b = w.array(dims, depth + 1), w.scalar(depth + 1)
    return w.pick(
        f"({a} + {b})", f"({b} - {a})", f"{b} * {a}", f"{a} / (1.4 + {b} ** 2)", f"{a} ** 2", f"(1 + {a} ** 2) ** 0.5"
    )


@construct("array", "ufuncs", 3)
def ufuncs(w: Writer, dims: Dims, depth: int) -> str:
    a = w.array(dims, depth + 1)
    return w.pick(
        f"np.sin({a})",
        f"np.cos({a})",
        f"np.tanh({a})",
        f"np.exp(-{a} ** 2)",
        f"np.sqrt(1.1 + {a} ** 2)",
        f"np.log(1.3 + {a} ** 2)",
        f"np.log1p({a} ** 2)",
        f"1 / (1 + np.exp(-{a}))",
        f"np.arctan({a})",
        f"np.square({a})",
        f"np.hypot({a}, 0.7)",
        f"np.logaddexp({a}, 0.2)",
    )


@construct("array", "where")
def where(w: Writer, dims: Dims, depth: int) -> str:
    a, b, c = w.array(dims, depth + 1), w.array(dims, depth + 1), w.array(dims, 2)
    return w.pick(f"np.where({c} > 0.52, {a}, {b})", f"np.where({c} < {w.scalar(2)}, {w.scalar(2)}, {a})")


@construct("array", "clip-and-maximum")
def clip(w: Writer, dims: Dims, depth: int) -> str:
    a, b = w.array(dims, depth + 1), w.array(dims, depth + 1)
    return w.pick(
        f"np.clip({a}, 0.21, 0.93)",
        f"np.maximum({a}, {b})",
        f"np.minimum({a}, 0.77)",
        f"np.abs({a} - 0.513)",
        f"np.maximum({a} - 0.4, 0)",
    )


@construct("array", "slices", 2)
def slices(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 1:
        raise GiveUp
    options = [
        f"{v.name}[{cut}]" for v in w.vars("array", rank=1) for cut, left in SLICES[v.dims[0]] if left == dims[0]
    ]
    if not options:
        raise GiveUp
    return w.rng.choice(options)


@construct("array", "differences-of-slices", 10)
def stencil(w: Writer, dims: Dims, depth: int) -> str:
    wider = {"n - 1": "n", "n - 2": "n - 1"}
    if len(dims) != 1 or dims[0] not in wider:
        raise GiveUp
    a = w.some("array", (wider[dims[0]],)).name
    return w.pick(f"({a}[1:] - {a}[:-1])", f"0.5 * ({a}[:-1] + {a}[1:])", f"np.diff({a})", f"{a}[1:] * {a}[:-1]")


@construct("array", "index-arrays")
def fancy(w: Writer, dims: Dims, depth: int) -> str:
    if dims == ("3",):
        return (
            f"{w.some('array', ('n',)).name}[{w.pick('[0, 2, 1]', '[1, 1, 0]', 'np.array([0, -1, 2])', '[3, 0, 0]')}]"
        )
    if dims == ("n",):
        indices = w.pick("np.arange(n)[::-1]", "np.arange(n) % 3", "(np.arange(n) + 1) % n")
        return f"{w.some('array', ('n',)).name}[{indices}]"
    raise GiveUp


@construct("array", "rows-and-columns", 2)
def rows(w: Writer, dims: Dims, depth: int) -> str:
    options = []
    for m in w.vars("array", rank=2):
        if m.dims[1] == dims[0]:
            options += [f"{m.name}[{w.index(m.dims[0])}]", f"{m.name}[{w.index(m.dims[0])}, :]"]
        if m.dims[0] == dims[0]:
            options += [f"{m.name}[:, {w.index(m.dims[1])}]", f"{m.name}.T[{w.index(m.dims[1])}]"]
    if len(dims) != 1 or not options:
        raise GiveUp
    return w.rng.choice(options)


@construct("array", "axis-reductions", 3)
def axis_reductions(w: Writer, dims: Dims, depth: int) -> str:
    options = []
    how = w.pick("sum", "mean", "max", "min", "var")
    for m in w.vars("array", rank=2):
        if m.dims[1] == dims[0]:
            options += [f"np.{how}({m.name}, axis=0)", f"{m.name}.{how}(axis=0)"]
        if m.dims[0] == dims[0]:
            options += [f"np.{how}({m.name}, axis=1)", f"{m.name}.{how}(-1)"]
    if len(dims) != 1 or not options:
        raise GiveUp
    return w.rng.choice(options)


@construct("array", "matrix-products", 3)
def matmul(w: Writer, dims: Dims, depth: int) -> str:
    options = []
    for m in w.vars("array", rank=2):
        (rows, cols) = m.dims
        if len(dims) == 1 and rows == dims[0]:
            options.append(f"({m.name} @ {w.array((cols,), depth + 1)}) / n")
        if len(dims) == 1 and cols == dims[0]:
            options.append(f"np.dot({w.array((rows,), depth + 1)}, {m.name}) / n")
        if len(dims) == 2 and dims[0] == dims[1] == rows:
            options.append(f"{m.name} @ {m.name}.T / n")
    if not options:
        raise GiveUp
    return w.rng.choice(options)


@construct("array", "cumulative-functions")
def cumulative(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 1:
        raise GiveUp
    a = w.array(dims, depth + 1)
    return w.pick(f"np.cumsum({a}) / n", f"np.cumprod(np.tanh({a}))", f"({a}).cumsum() * 0.2")


@construct("array", "roll-flip-sort")
def arrange(w: Writer, dims: Dims, depth: int) -> str:
    a = w.array(dims, depth + 1)
    return w.pick(
        f"np.roll({a}, 1)",
        f"np.flip({a})",
        f"np.sort({a} + 0.1 * np.arange(np.size({a})).reshape(np.shape({a})))",
        f"np.roll({a}, -1, axis=0)",
    )


@construct("array", "outer-products", 7)
def outer(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 2:
        raise GiveUp
    return f"np.outer({w.array(dims[:1], depth + 1)}, {w.array(dims[1:], depth + 1)})"


@construct("array", "broadcasting", 5)
def broadcasting(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 2:
        raise GiveUp
    a, b, m = w.array(dims[:1], depth + 1), w.array(dims[1:], depth + 1), w.array(dims, depth + 1)
    return w.pick(
        f"({a})[:, None] * ({b})", f"({m} - {b})", f"{m} * ({a})[:, np.newaxis]", f"({a}).reshape(-1, 1) + {m}"
    )


@construct("array", "keepdims", 6)
def keepdims(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 2:
        raise GiveUp
    m = w.array(dims, depth + 1)
    return w.pick(f"({m} - np.mean({m}, axis=0, keepdims=True))", f"{m} / np.sum(1 + {m} ** 2, axis=1, keepdims=True)")


@construct("array", "transposes", 5)
def transposes(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 2:
        raise GiveUp
    m = w.array(dims[::-1], 2)
    return w.pick(f"({m}).T", f"np.transpose({m})", f"({m}).swapaxes(0, 1)", f"np.moveaxis({m}, 0, 1)")


@construct("array", "joined-arrays")
def joined(w: Writer, dims: Dims, depth: int) -> str:
    if dims == ("n",):
        a = w.array(("n - 1",), depth + 1)
        return w.pick(
            f"np.concatenate([{a}, [{w.scalar(2)}]])",
            f"np.append({a}, {w.scalar(2)})",
            f"np.pad({a}, (1, 0))",
            f"np.hstack([[{w.scalar(2)}], {a}])",
        )
    if len(dims) == 2 and dims[0] in ("2", "3"):
        parts = ", ".join(w.array(dims[1:], 2) for _ in range(int(dims[0])))
        return f"np.{w.pick('stack', 'vstack', 'array')}([{parts}])"
    raise GiveUp


@construct("array", "array-displays", 3)
def display(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 1 or dims[0] not in ("2", "3"):
        raise GiveUp
    return f"np.array([{', '.join(w.scalar(depth + 1) for _ in range(int(dims[0])))}])"


@construct("array", "arrays-of-comprehensions")
def comprehension(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 1:
        raise GiveUp
    i = w.fresh("int", dims, w.pick("i", "j", "k")).name
    a = w.some("array", dims).name
    return w.pick(
        f"np.array([{a}[{i}] * {w.scalar(2)} for {i} in range({dims[0]})])", f"np.array([np.sin({i}) for {i} in {a}])"
    )


@construct("array", "constructors")
def constructors(w: Writer, dims: Dims, depth: int) -> str:
    shape = dims[0] if len(dims) == 1 else f"({', '.join(dims)})"
    same = w.some("array", dims).name
    options = [
        f"np.full({shape}, {w.scalar(2)})",
        f"np.ones({shape}) * {w.scalar(2)}",
        f"(np.zeros_like({same}) + {w.scalar(2)})",
    ]
    if len(dims) == 1:
        options += [f"np.linspace({w.scalar(2)}, 1.3, {dims[0]})", f"{w.scalar(2)} * np.arange({dims[0]}) / n"]
    return w.rng.choice(options)


@construct("array", "solve-and-inverse")
def solve(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 1:
        raise GiveUp
    (d,) = dims
    a, b = w.array(dims, depth + 1), w.array(dims, depth + 1)
    return w.pick(
        f"np.linalg.solve(3 * np.eye({d}) + 0.1 * np.outer({a}, {b}), {a})",
        f"np.linalg.inv(np.diag(2 + {a} ** 2)) @ ({b})",
    )


@construct("array", "take-and-repeat")
def take(w: Writer, dims: Dims, depth: int) -> str:
    if len(dims) != 1:
        raise GiveUp
    a = w.array(dims, depth + 1)
    return w.pick(
        f"np.take({a}, np.arange({dims[0]})[::-1])",
        f"np.repeat({a}, 2)[::2]",
        f"np.tile({a}, 2)[:{dims[0]}]",
        f"np.diag(np.diag({a}))",
    )


# ---------------------------------------------------------------------------------------------- conditions


@construct("condition", "comparisons", 3)
def comparison(w: Writer) -> str:
    return f"{w.scalar(2)} {w.pick('<', '>', '<=', '>=')} {w.number(0.2, 1.3)}"


@construct("condition", "chained-comparisons")
def chained_comparison(w: Writer) -> str:
    return f"{w.number(0.1, 0.5)} < {w.scalar(2)} <= {w.number(0.7, 1.5)}"


@construct("condition", "boolean-operators")
def boolean(w: Writer) -> str:
    return f"{comparison(w)} {w.pick('and', 'or')} {w.pick('', 'not ')}({comparison(w)})"


@construct("condition", "any-and-all")
def any_all(w: Writer) -> str:
    a = w.array(w.dims(), 2)
    return w.pick(f"np.any({a} > 1.02)", f"np.all({a} < 1.31)", f"({a} > 0.33).all()", f"any(v > 0.97 for v in {a})")


@construct("condition", "passive-conditions")
def passive(w: Writer) -> str:
    options = ["n > 4", "n % 2 == 0", "x.ndim == 1", "np.ndim(s) == 0", "len(y) >= 5", "x is not None"]
    loops = [v.name for v in w.vars("int")]
    options += [f"{i} % 2 == 0" for i in loops] * 3 + [f"{i} > 0" for i in loops] * 2
    return w.rng.choice(options)
