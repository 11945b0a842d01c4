"""Statements with generators: functions with `yield`, in loops and in what consumes them otherwise."""

from __future__ import annotations

from .functions import helper, outermost
from .writer import GiveUp, Writer, construct


def finite(w: Writer) -> str:
    """Writes a generator with the parameters a (of length n) and c that ends; its name."""
    name = w.fresh("function", (), w.pick("produce", "walk", "steps")).name
    kind = w.pick("loop", "loop", "straight", "branches", "from", "writes", "while", "nested")
    if kind == "loop":
        skip = w.pick("if k % 2: continue", "c = c * 0.9", f"if a[k] > {w.number()}: return", "pass")
        lines = ["    for k in range(len(a) - 1):", f"        {skip}", "        yield a[k] * a[k + 1] * c"]
    elif kind == "straight":
        lines = ["    yield c", "    c = c * a[0]", "    yield c * a[1]", f"    if c > {w.number()}:"]
        lines += [w.pick("        return", "        yield c * c"), "    yield a[-1]"]
    elif kind == "branches":
        lines = ["    for k, v in enumerate(a):", f"        if v > {w.number()}:", "            yield v * c"]
        lines += [
            "        elif k % 3 == 0:",
            "            c = c + v * 0.1",
            "            yield c",
            "        c = c * 0.9",
        ]
    elif kind == "from":
        inner = finite(w)
        lines = [f"    yield from {w.pick('a[1:]', '(c, a[0])', f'{inner}(a, c * 0.5)')}", "    c = c * 0.7"]
        lines += [f"    yield from {inner}(a, c)", "    yield c"]
    elif kind == "writes":
        lines = ["    for k in range(1, len(a)):", "        a[k] = a[k] * 0.8 + a[k - 1] * c * 0.1"]
        lines += ["        yield a[k]", w.pick("        c = c + a[k] * 0.1", "        a[k] *= c", "        pass")]
    elif kind == "while":
        lines = ["    k = 0", "    while k < len(a):", "        yield c + a[k]", "        c = c * 0.8 + a[k] * 0.1"]
        lines += [f"        if c < {w.number(0.1, 0.5)}:", "            break", "        k += 1"]
    else:
        lines = ["    for k in range(2):", "        for v in a[k:3]:", f"            if v < {w.number()}:"]
        lines += [
            w.pick("                break", "                continue"),
            "            yield v * c",
            "        c = c * v",
        ]
    helper(w, name, "a, c", lines)
    return name


def endless(w: Writer) -> str:
    """Writes a generator with the parameters a and c that does not end; its name."""
    name = w.fresh("function", (), "forever").name
    body = w.pick(
        "        c = c * 0.7", "        c = 0.2 + c * 0.5\n        a[0] = a[0] * 0.9", "        c = c / (1 + c)"
    )
    helper(w, name, "a, c", ["    while True:", "        yield c * a[0]", body])
    return name


def call(w: Writer, name: str) -> str:
    return f"{name}({w.some('array', ('n',)).name}, {w.scalar(2)})"


@construct("statement", "generators", 2)
def loops(w: Writer) -> bool:
    outermost(w)
    item = w.fresh("scalar", (), "item")
    stops = w.chance(0.3)
    source = call(w, endless(w) if stops else finite(w))
    if stops:
        source = w.pick(f"itertools.islice({source}, {w.pick('0', '3', 'n')})", f"zip(x, {source})", source)
    target = item.name if not source.startswith("zip") else f"_, {item.name}"
    total = w.some("scalar").name
    w.emit(f"count = {total}")
    with w.block(f"for {target} in {source}:", loop=True):
        w.bind(item)
        if not stops and w.chance(0.3):
            w.emit(f"if {w.condition()}:\n{'    ' * (w.indent + 1)}continue")
        w.emit(f"{total} = {total} * 0.5 + {item.name} * {w.scalar(2)}")
        w.statements(0, 1)
        if stops or w.chance(0.4):
            w.emit(f"count += {w.number()}")
            with w.block(f"if {w.pick('count > 4', f'{item.name} > 0.9 or count > 3')}:"):
                w.emit(w.pick("break", "break", f"{total} *= 0.5; break"))
    if w.chance(0.2):
        with w.block("else:"):
            w.emit(f"{total} *= 0.9")
    return True


@construct("statement", "generators-consumed", 3)
def consumers(w: Writer) -> bool:
    outermost(w)
    one, forever = call(w, finite(w)), call(w, endless(w))
    text = w.pick(
        f"sum({one}) / n",
        f"max({one}, default=0.5)",
        f"sum(list({one})[:2])",
        f"np.sum(np.array(list({one}))) / n",
        f"sum(e * e for e in {one})",
        f"sum([e * k for k, e in enumerate({one})])",
        f"sum(e * k for e, k in zip({one}, y))",
        f"sum(k * e for k, e in zip(x, {forever}))",
        f"sum(itertools.islice({forever}, 4))",
        f"sum(itertools.takewhile(lambda e: e > 0.3, {one}))",
        f"next({forever}) * next({one}, 0.5)",
        f"next((e for e in {one} if e > {w.number()}), 0.5)",
        f"(0.5 if any(e > {w.number()} for e in {one}) else 1.5)",
        f"sum(map(lambda e: e * 0.5, {one}))",
        f"sum(itertools.chain({one}, x[:2])) / n",
        f"functools.reduce(lambda p, e: p * 0.5 + e, {one}, 0.0)",
    )
    w.emit(f"{w.some('scalar').name} += {text}")
    return True


@construct("statement", "iterators-asked-late", 3)
def asked_late(w: Writer) -> bool:
    """An iterator that is made before what it goes over changes, and consumed after that."""
    if w.nested >= 2:
        raise GiveUp
    is_list = w.chance(0.4)
    values = w.define("array", ("n",), f"{w.array(('n',))} * 1.0").name
    if is_list:
        base = w.fresh("other", (), "entries").name
        w.emit(f"{base} = [e for e in {values}]")
    else:
        base = values
    factor = w.define("scalar", (), w.scalar(2)).name
    it = w.fresh("other", (), "late").name
    test = f"e > {w.number()}"
    source = w.pick(
        f"(e * {factor} for e in {base})",
        f"(e * {factor} for e in {base} if {test})",
        f"(e * f for e in {base} for f in ({factor}, 0.5))",
        f"map(lambda e: e * {factor}, {base})",
        f"filter(lambda e: {test}, {base})",
        f"itertools.chain({base}, x[:2])",
        f"itertools.chain(x[:2], (e * {factor} for e in {base}))",
        f"itertools.accumulate({base}, lambda e, f: e * 0.5 + f * {factor})",
        f"itertools.islice({base}, 1, {w.pick('None', '3')})",
        f"(e * f for e, f in zip({base}, {base}[1:]))",
        f"(e * k for k, e in enumerate({base}))",
        f"(e * f for e, f in itertools.product({base}[:2], {base}))",
        f"itertools.takewhile(lambda e: e < {w.number(0.6, 2.0)}, {base})",
        f"reversed({base})",
        f"iter({base})",
    )
    w.emit(f"{it} = {source}")
    total = w.some("scalar").name
    if w.chance(0.4) and "product" not in source and "chain(x" not in source:
        w.emit(f"{total} += next({it}, 0.5)")
    changes = [f"{base}[{w.pick('0', '1', '-1')}] = {w.scalar(2)}", f"{factor} = {w.scalar(2)}"]
    changes.append(f"{base}.append({w.scalar(2)})" if is_list else f"{base} *= 0.9")
    for _ in range(w.rng.randint(1, 2)):
        w.emit(w.pick(*changes))
    how = w.pick("sum", "sum", "loop", "loop", "any", "pairs", "list")
    if how == "loop":
        with w.block(f"for item in {it}:", loop=True):
            w.emit(f"{total} = {total} * 0.5 + item * {w.number()}")
            w.emit(w.pick(f"{base}[1] = {total}", f"{factor} = {total}", f"if {total} > 0.9: break"))
    elif how == "pairs":
        with w.block(f"for e, f in zip(x, {it}):", loop=True):
            w.emit(f"{total} = {total} * 0.5 + e * f")
            w.emit(f"{base}[1] = {total}")
    else:
        text = {"sum": f"sum({it}) / n", "any": f"(0.5 if any({test} for e in {it}) else 1.2)"}
        w.emit(f"{total} += {text.get(how, f'sum(list({it})[:2])')}")
    return True
