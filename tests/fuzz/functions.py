"""Statements with functions of all kinds; helpers stand before the program or inside of it."""

from __future__ import annotations

from .writer import GiveUp, Var, Writer, construct

PARAMS = (Var("a", "array", ("n",)), Var("b", "array", ("n",)), Var("c", "scalar"))


def outermost(w: Writer) -> None:
    """Helpers write no helpers of their own, and loops define none."""
    if w.helper or w.nested:
        raise GiveUp


def helper(w: Writer, name: str, params: str, body: list[str]) -> None:
    w.module += [f"def {name}({params}):", *body, "", ""]


def body_of(w: Writer, result: str, statements: int = 2) -> list[str]:
    """The lines of a helper with the parameters a, b (of length n) and c; `result` says what it returns."""
    inner = w.child([*PARAMS])
    inner.emit("n = len(a)")
    inner.emit("x, y, s = a, b, c")
    inner.statements(1, statements)
    if result == "array":
        inner.emit(f"return {inner.array(('n',))}")
    elif result == "scalar":
        inner.emit(f"return {inner.scalar()}")
    elif result == "both":
        inner.emit(f"return {inner.array(('n',))}, {inner.scalar()}")
    return inner.lines


def call(w: Writer, name: str) -> str:
    return f"{name}({w.array(('n',), 2)}, {w.array(('n',), 2)}, {w.scalar(2)})"


def named_call(w: Writer, name: str) -> str:
    return f"{name}({w.some('array', ('n',)).name}, {w.some('array', ('n',)).name}, {w.scalar(2)})"


@construct("statement", "helpers", 3)
def plain(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), w.pick("smooth", "energy", "update", "residual")).name
    helper(w, f, "a, b, c", body_of(w, "array"))
    w.define("array", ("n",), call(w, f))
    return True


@construct("statement", "helpers-returning-tuples", 2.5)
def tuples(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "split").name
    helper(w, f, "a, b, c", body_of(w, "both"))
    a, b = w.fresh("array", ("n",)), w.fresh("scalar")
    w.emit(f"{a.name}, {b.name} = {call(w, f)}")
    w.bind(a), w.bind(b)
    return True


@construct("statement", "helpers-that-write-arguments", 2)
def writing(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), w.pick("relax", "apply", "advance")).name
    inner = w.child([*PARAMS])
    inner.emit("n = len(a)")
    inner.emit("x, y, s = a, b, c")
    target = w.pick("a", "b")
    inner.emit(
        w.pick(
            f"{target}[1:-1] += c * ({target}[2:] - {target}[:-2])",
            f"{target} *= c",
            f"{target}[0] = c * {target}[-1]",
            f"for i in range(1, n):\n        {target}[i] = 0.5 * {target}[i - 1] + b[i] * c",
        )
    )
    inner.statements(0, 1)
    helper(w, f, "a, b, c", inner.lines)
    w.emit(named_call(w, f))
    if w.chance(0.4):
        w.emit(named_call(w, f))
    return True


@construct("statement", "helpers-returning-arguments", 2.25)
def returning(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "pick").name
    helper(w, f, "a, b, c", ["    if c > 0.6:", f"        return {w.pick('a', 'a[:]', 'b')}", "    return b"])
    v = w.define("array", ("n",), named_call(w, f))
    w.emit(f"{v.name}[{w.index('n')}] {w.pick('=', '+=', '*=')} {w.scalar(1)}")
    return True


@construct("statement", "early-returns", 3)
def early(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "limit").name
    inner = w.child([*PARAMS])
    inner.emit("n = len(a)")
    inner.emit("x, y, s = a, b, c")
    with inner.block(f"if {inner.condition()}:"):
        inner.emit(f"return {inner.scalar()}")
    with inner.block("for i in range(n):", loop=True):
        inner.bind(Var("i", "int", ("n",)))
        inner.statements(1, 1)
        inner.emit(f"if {inner.condition()}:")
        inner.emit(f"    return {inner.scalar()}")
    inner.emit(f"return {inner.scalar()}")
    helper(w, f, "a, b, c", inner.lines)
    w.define("scalar", (), call(w, f))
    return True


@construct("statement", "defaults-and-keywords", 2)
def keywords(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "mix").name
    helper(
        w,
        f,
        "a, rate=0.7, *, power=2, shift=None",
        ["    if shift is not None:", "        a = a + shift", "    return rate * a ** power"],
    )
    arguments = w.pick(
        f"rate={w.scalar(2)}",
        f"power=3, shift={w.scalar(2)}",
        f"{w.scalar(2)}, shift={w.scalar(2)}",
        "",
        f"**{{'rate': {w.scalar(2)}}}",
    )
    w.define("scalar", (), f"{f}({w.scalar(2)}{', ' if arguments else ''}{arguments})")
    return True


@construct("statement", "varargs", 2)
def varargs(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "combine").name
    helper(
        w,
        f,
        "*args, **options",
        [
            "    total = options.get('start', 0.0)",
            "    for k, a in enumerate(args):",
            "        total = total + a * (k + 1)",
            "    return total",
        ],
    )
    w.define(
        "scalar",
        (),
        w.pick(
            f"{f}({w.scalar(2)}, {w.scalar(2)})",
            f"{f}({w.scalar(2)}, start={w.scalar(2)})",
            f"{f}(*[{w.scalar(2)}, {w.scalar(2)}, 0.5])",
        ),
    )
    return True


@construct("statement", "lambdas", 2)
def lambdas(w: Writer) -> bool:
    f = w.fresh("function", (), w.pick("f", "g", "act")).name
    q = w.fresh("scalar", (), "q").name
    w.emit(f"{f} = lambda {q}: {q} * {w.scalar(2)} + np.sin({q})")
    w.emit(f"{w.some('scalar').name} += {f}({w.scalar(1)}) * 0.5")
    return True


@construct("statement", "lambdas-in-lists")
def lambda_list(w: Writer) -> bool:
    f, g = w.fresh("other", (), "functions").name, w.fresh("other", (), "fn").name
    w.emit(f"{f} = [lambda q: q * {w.scalar(2)}, lambda q: np.cos(q), lambda q, k=2: q ** k]")
    if w.nested or w.chance(0.5):
        w.emit(f"{w.some('scalar').name} += {f}[{w.pick('0', '1', '2')}]({w.scalar(2)})")
    else:
        with w.block(f"for {g} in {f}:", loop=True):
            w.emit(f"{w.some('scalar').name} += {g}({w.scalar(2)}) * 0.4")
    return True


@construct("statement", "closures", 2)
def closures(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "inner").name
    captured = w.some("scalar").name
    with w.block(f"def {f}(q):"):
        w.emit(f"return q * {captured} + {w.scalar(2)}")
    if w.chance(0.5):
        w.emit(f"{captured} = {w.scalar(1)}")
    w.define("scalar", (), f"{f}({w.scalar(2)})")
    return True


@construct("statement", "closures-that-write", 1.5)
def closure_writes(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "push").name
    a = w.some("array", ("n",)).name
    with w.block(f"def {f}(k, q):"):
        w.emit(f"{a}[k] {w.pick('=', '+=', '*=')} q * {w.scalar(2)}")
    w.emit(f"{f}({w.index('n')}, {w.scalar(2)})")
    w.emit(f"{f}(0, {w.scalar(2)})")
    return True


@construct("statement", "nonlocal", 2)
def nonlocals(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "count").name
    t = w.define("scalar", (), w.scalar(1)).name
    with w.block(f"def {f}(q):"):
        w.emit(f"nonlocal {t}")
        w.emit(f"{t} = {t} * 0.5 + q")
        w.emit(f"return {t} * q")
    w.emit(f"{w.some('scalar').name} += {f}({w.scalar(2)}) * {f}({w.scalar(2)})")
    return True


@construct("statement", "functions-that-make-functions", 2)
def factories(w: Writer) -> bool:
    outermost(w)
    f, g = w.fresh("function", (), "make").name, w.fresh("function", (), "model").name
    helper(w, f, "rate, shift=0.1", ["    def model(q):", "        return rate * q + shift", "", "    return model"])
    w.emit(f"{g} = {f}({w.scalar(1)})")
    w.define("scalar", (), f"{g}({w.scalar(2)}) * {g}({w.scalar(2)})")
    return True


@construct("statement", "functions-as-arguments", 2)
def higher_order(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "integrate").name
    helper(
        w,
        f,
        "f, low, high, steps=3",
        [
            "    h = (high - low) / steps",
            "    total = 0.0",
            "    for k in range(steps):",
            "        total += f(low + (k + 0.5) * h)",
            "    return total * h",
        ],
    )
    w.define("scalar", (), f"{f}(lambda q: np.sin(q * {w.scalar(2)}) + q, 0.0, {w.scalar(2)})")
    return True


@construct("statement", "functions-chosen-at-run-time")
def chosen(w: Writer) -> bool:
    f = w.fresh("other", (), "activation").name
    w.emit(f"{f} = {w.pick('np.sin', 'math.tanh')} if {w.condition()} else {w.pick('np.cos', 'math.exp')}")
    w.emit(f"{w.some('scalar').name} += {f}({w.scalar(2)} * 0.5)")
    return True


@construct("statement", "recursion", 2)
def recursion(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "descend").name
    a = w.pick("a * 0.7 + b", "np.sin(a)", "a * b", "a[::-1] * c")
    last = w.pick("return result", "return result * a", "return result + b[0]", "return c * result")
    step = w.pick("", f"    a = {a}\n", "    a[k] = a[0] * b[k]\n", "    b[0] += c * a[k]\n")
    lines = ["    if k == 0:", f"        return {w.pick('a * c', 'np.tanh(a)', 'a + b')}"]
    lines += step.splitlines()
    lines += [f"    result = {f}({w.pick('a', a)}, {w.pick('b', 'np.cos(b)')}, c * 0.8, k - 1)", f"    {last}"]
    helper(w, f, "a, b, c, k", lines)
    w.define(
        "array", ("n",), f"{f}({w.array(('n',), 2)}, {w.array(('n',), 2)}, {w.scalar(2)}, {w.pick('1', '2', '3')})"
    )
    return True


@construct("statement", "recursion-that-writes", 2)
def recursion_that_writes(w: Writer) -> bool:
    outermost(w)
    v = w.some("array", rank=1)
    f = w.fresh("function", (), "consume").name
    step = w.pick("a[0] = a[0] * a[-1] * 0.7", "a *= 0.8", "a[-1] -= a[0] * 0.3", "a[1:] += 0.2 * a[:-1]")
    lines = [
        "    if k == 0:",
        "        return a[0] * a[-1]",
        f"    {step}",
        f"    return {f}(a, k - 1) * 0.9 + 0.1 * a[0]",
    ]
    helper(w, f, "a, k", lines)
    q = w.define("scalar", (), f"{v.name}[0]{w.pick('', f' * {w.scalar(2)}')}")
    y = w.define("array", v.dims, w.array(v.dims, 2))
    w.define("scalar", (), f"{f}({v.name}, {w.pick('1', '2')})")
    w.emit(w.pick(f"{v.name}[0] = {q.name}", f"{v.name} -= {y.name}", f"{v.name}[-1] -= {q.name} * {v.name}[0]"))
    return True


@construct("statement", "recursion-on-halves", 2)
def halves(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "tree_sum").name
    helper(
        w,
        f,
        "a, c",
        [
            "    if len(a) <= 1:",
            "        return a[0] * c",
            "    half = len(a) // 2",
            f"    return {f}(a[:half], c) {w.pick('+', '*')} {f}(a[half:], c * 0.9)",
        ],
    )
    w.define("scalar", (), f"{f}({w.array(('n',), 2)}, {w.scalar(2)})")
    return True


@construct("statement", "mutual-recursion", 2)
def mutual(w: Writer) -> bool:
    outermost(w)
    f, g = w.fresh("function", (), "even").name, w.fresh("function", (), "odd").name
    helper(w, f, "q, k", ["    if k == 0:", "        return q", f"    return {g}(np.sin(q), k - 1) + 0.1 * q"])
    helper(w, g, "q, k", ["    if k == 0:", "        return q * 0.5", f"    return {f}(q * q, k - 1) - q"])
    w.define("scalar", (), f"{f}({w.scalar(2)}, {w.pick('2', '3')})")
    return True


@construct("statement", "decorated-helpers", 2)
def decorated(w: Writer) -> bool:
    outermost(w)
    d, f = w.fresh("function", (), "scaled").name, w.fresh("function", (), "base").name
    helper(
        w,
        d,
        "f",
        [
            "    @functools.wraps(f)",
            "    def wrapper(*args, **kwargs):",
            f"        return {w.number()} * f(*args, **kwargs)",
            "",
            "    return wrapper",
        ],
    )
    w.module += [f"@{d}", f"def {f}(q, r=0.5):", "    return np.sin(q) + r * q", "", ""]
    w.define("scalar", (), f"{f}({w.scalar(2)}{w.pick('', f', r={w.scalar(2)}')})")
    return True


@construct("statement", "partial", 2)
def partials(w: Writer) -> bool:
    outermost(w)
    f, g = w.fresh("function", (), "affine").name, w.fresh("function", (), "fixed").name
    helper(w, f, "k, q, shift=0.0", ["    return k * q + shift"])
    w.emit(f"{g} = functools.partial({f}, {w.scalar(2)}{w.pick('', f', shift={w.scalar(2)}')})")
    w.define("scalar", (), f"{g}({w.scalar(2)})")
    return True


@construct("statement", "globals-read")
def global_read(w: Writer) -> bool:
    g = w.fresh("other", (), w.pick("GRAVITY", "RATE", "WEIGHTS")).name
    if w.chance(0.5):
        w.module += [f"{g} = {w.number()}", ""]
        w.emit(f"{w.some('scalar').name} *= {g}")
    else:
        w.module += [f"{g} = np.array([{w.number()}, {w.number()}, {w.number()}])", ""]
        w.emit(f"{w.some('scalar').name} += np.sum({g} * {w.array(('3',), 2)})")
    return True
