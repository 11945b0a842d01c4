"""Statements in which aliases meet containers, closures, objects and loops."""

from __future__ import annotations

from .functions import helper, outermost
from .memory import operator
from .writer import GiveUp, Writer, construct


def some_names(w: Writer) -> tuple[str, str]:
    """Two names of arrays of length n, perhaps the same."""
    return w.some("array", ("n",)).name, w.some("array", ("n",)).name


def change(w: Writer, name: str) -> str:
    """A statement that writes to an array of length n, or of any length but 0."""
    return w.pick(
        f"{name} *= {w.scalar(2)}",
        f"{name} += {w.scalar(2)}",
        f"{name}[0] {operator(w)} {w.scalar(2)}",
        f"{name}[-1] {operator(w)} {w.scalar(2)}",
        f"{name}[:] = {name}[::-1]",
    )


# ---------------------------------------------------------------------------------------------- containers of aliases


@construct("statement", "names-of-arrays-in-lists", 2)
def list_of_names(w: Writer) -> bool:
    (a, b), v = some_names(w), w.fresh("arrays", ("n",), "fields")
    w.emit(f"{v.name} = [{a}, {w.pick(a, b, b, f'{b}[::-1]', f'{b} * 0.5')}]")
    w.emit(change(w, f"{v.name}[{w.pick('0', '1', '-1')}]"))
    w.emit(change(w, w.pick(a, b, f"{v.name}[1]")))
    w.bind(v)
    return True


@construct("statement", "written-items-of-lists", 2)
def loop_writes(w: Writer) -> bool:
    (a, b), item = some_names(w), w.fresh("array", ("n",), "field")
    items = w.pick(f"[{a}, {b}]", f"({a}, {a})", f"[{a}, {b}, {a}]")
    with w.block(f"for {item.name} in {items}:", loop=True):
        w.bind(item)
        w.emit(change(w, item.name))
        if w.chance(0.3):
            w.emit(f"if {w.condition()}:")
            w.emit(f"    {w.pick('break', 'continue')}")
        w.statements(0, 1)
    return True


@construct("statement", "views-in-lists", 2)
def list_of_views(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    a, v, piece = w.some("array", ("n",)).name, w.fresh("other", (), "pieces").name, w.fresh("other", (), "piece").name
    w.emit(
        f"{v} = {w.pick(f'[{a}[:2], {a}[2:]]', f'[{a}[1:], {a}[:-1]]', f'[{a}[::2], {a}[1::2]]', f'[{a}, {a}[:3]]')}"
    )
    with w.block(f"for {piece} in {v}:", loop=True):
        w.emit(change(w, piece))
    w.emit(f"{w.some('scalar').name} += {v}[0][-1] * {v}[1][0]")
    return True


@construct("statement", "rows-in-lists")
def list_of_rows(w: Writer) -> bool:
    m, v = w.some("array", rank=2), w.fresh("other", (), "rows").name
    i = w.fresh("other", (), "i").name
    items = w.pick(f"[{m.name}[{i}] for {i} in range({m.dims[0]})]", f"list({m.name})", f"[row for row in {m.name}]")
    w.emit(f"{v} = {items}")
    w.emit(change(w, f"{v}[{w.pick('0', '1', '-1')}]"))
    w.emit(change(w, w.pick(f"{m.name}[0]", f"{v}[0]", f"{m.name}[:, 1]")))
    w.emit(f"{w.some('scalar').name} += {v}[0][1] * {v}[-1][0]")
    return True


@construct("statement", "histories-of-states", 2)
def history(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    v, state, i = (
        w.fresh("arrays", ("n",), "history"),
        w.fresh("array", ("n",), "state"),
        w.fresh("int", ("counter",), "k"),
    )
    w.emit(f"{state.name} = {w.pick(w.some('array', ('n',)).name, w.array(('n',), 1))}")
    w.emit(f"{v.name} = [{state.name}{w.pick('', '.copy()')}]")
    with w.block(f"for {i.name} in range({w.pick('2', '3')}):", loop=True):
        w.bind(i), w.bind(state)
        update = w.pick(
            f"{state.name} = {w.array(('n',), 1)}",
            f"{state.name} = {state.name} * {w.scalar(2)}",
            change(w, state.name),
        )
        w.emit(update)
        w.emit(f"{v.name}.append({state.name}{w.pick('', '.copy()', '[::-1]')})")
        if w.chance(0.4):
            w.emit(f"if {w.condition()}:")
            w.emit(f"    {w.pick('break', 'continue')}")
            w.statements(0, 1)
    w.emit(f"{w.some('scalar').name} += {v.name}[-1][0] * {v.name}[{w.pick('0', '1')}][1]")
    w.bind(state)
    return True


@construct("statement", "dicts-of-names", 2)
def dict_of_names(w: Writer) -> bool:
    (a, b), v = some_names(w), w.fresh("dict", (), "fields")
    w.emit(
        f"{v.name} = dict(a={a}, b={w.scalar(1)})" if w.chance(0.5) else f"{v.name} = {{'b': {w.scalar(1)}, 'a': {a}}}"
    )
    w.emit(change(w, w.pick(f"{v.name}['a']", a)))
    if w.chance(0.4):
        w.emit(f"{v.name}['a'] = {b}")
    w.emit(change(w, w.pick(f"{v.name}['a']", a, b)))
    w.bind(v)
    return True


@construct("statement", "containers-of-containers", 2)
def nested_containers(w: Writer) -> bool:
    (a, b), v = some_names(w), w.fresh("other", (), "model").name
    total = w.some("scalar").name
    if w.chance(0.5):
        w.emit(f"{v} = {{'u': [{a}, {w.scalar(2)}], 'v': ({w.scalar(2)}, {b})}}")
        w.emit(w.pick(change(w, f"{v}['u'][0]"), change(w, a), f"{v}['v'][1][0] {operator(w)} {w.scalar(2)}"))
        w.emit(f"{v}['u'][1] {operator(w)} {w.scalar(2)}")
        w.emit(f"{total} += {v}['u'][1] * {v}['v'][1][{w.index('n')}] * {v}['v'][0]")
    else:
        w.emit(f"{v} = [{{'w': {a}, 'b': {w.scalar(2)}}}, {{'w': {b} * 0.5, 'b': 0.3}}]")
        layer = w.fresh("other", (), "layer").name
        with w.block(f"for {layer} in {v}:", loop=True):
            w.emit(w.pick(change(w, f"{layer}['w']"), f"{layer}['b'] {operator(w)} {w.scalar(2)}"))
            w.emit(f"{total} += np.sum({layer}['w'] * {w.array(('n',), 2)}) * {layer}['b'] / n")
    return True


@construct("statement", "lists-as-stacks", 2)
def stacks(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    v, q, k = w.fresh("other", (), "stack").name, w.fresh("scalar", (), "q"), w.fresh("other", (), "k").name
    total = w.some("scalar").name
    w.emit(f"{v} = [{w.scalar(1)}, {w.scalar(1)}]")
    w.emit(f"{k} = 0")
    with w.block(f"while {v}:", loop=True):
        w.emit(f"{q.name} = {v}.pop({w.pick('', '', '0')})")
        w.emit(f"{k} += 1")
        w.emit(f"{total} = 0.7 * {total} + {q.name} * {w.scalar(2)}")
        w.emit(f"if {k} < 4 and {q.name} > {w.number()}:")
        w.emit(f"    {v}.append({w.pick(f'{q.name} * 0.8', f'{q.name} * {total} * 0.3')})")
    return True


@construct("statement", "lists-of-tuples")
def pairs(w: Writer) -> bool:
    v, a, b = w.fresh("other", (), "pairs").name, *some_names(w)
    p, q = w.fresh("scalar", (), "p"), w.fresh("scalar", (), "q")
    total, i = w.some("scalar").name, w.fresh("other", (), "i").name
    items = w.pick(f"[({a}[{i}], {b}[-{i} - 1]) for {i} in range(n)]", f"list(zip({a}, {b}))", f"[({a}[0], {b}[1])]")
    w.emit(f"{v} = {items}")
    if w.chance(0.5):
        w.emit(f"{v}.append(({w.scalar(2)}, {w.scalar(2)}))")
    with w.block(f"for {p.name}, {q.name} in {v}:", loop=True):
        w.bind(p), w.bind(q)
        w.emit(f"{total} = {total} * 0.6 + {p.name} * {q.name}")
        w.statements(0, 1)
    w.emit(f"{total} += {v}[-1][0] * {v}[0][1]")
    return True


@construct("statement", "tuples-in-tuples")
def segments(w: Writer) -> bool:
    """A list of tuples of tuples or lists, read one by one, as an array, and taken apart into other lists."""
    if w.nested >= 2:
        raise GiveUp
    v, kept, total = w.fresh("other", (), "segments").name, w.fresh("other", (), "ends").name, w.some("scalar").name
    i, a = w.fresh("int", ("n",), "i"), w.some("array", ("n",)).name
    w.emit(f"{v}, {kept} = [], []")
    with w.block(f"for {i.name} in range(n):", loop=True):
        w.bind(i)
        w.statements(0, 1)
        first, second = f"{a}[{i.name}], {w.scalar(1)}", f"{w.scalar(1)}, {a}[-{i.name} - 1] * {w.scalar(1)}"
        item = w.pick(f"(({first}), ({second}))", f"([{first}], [{second}])", f"(({first}), [{second}])")
        # Tuples beside lists in one list: refused, and written seldom.
        mixed = item.startswith("((") and item.endswith("])") and not w.chance(0.1)
        if w.chance(0.3):
            w.emit(f"if {w.condition()}:")
            w.emit(f"    {v}.append({item})")
        else:
            w.emit(f"{v}.append({item})")
    if w.chance(0.6):
        with w.block(f"for p, q in {v}:", loop=True):
            w.emit(f"{kept}.append({w.pick('q', 'p')})")
            if w.chance(0.4):
                w.emit(f"{total} = {total} * 0.7 + p[0] * q[1]")
        w.emit(f"{total} += sum([t[0] * t[1] for t in {kept}]) * 0.3")
    elif w.chance(0.5):
        w.emit(f"{kept} = [q for p, q in {v}] + [{'q' if mixed else 'p'} for p, q in {v}]")
        w.emit(f"{total} -= sum([t[0] * (k + 0.5) for k, t in enumerate({kept})]) * 0.2")
    for name in [v, kept]:
        if w.chance(0.6):
            w.emit(f"{total} = 0.5 * {total} + np.sum(np.array({name}) ** 2) * 0.1")
    return True


@construct("statement", "lists-of-one-number")
def repeated(w: Writer) -> bool:
    v, i = w.fresh("floats", (), "values"), w.fresh("int", ("3",), "i")
    w.emit(f"{v.name} = [{w.pick('0.0', w.scalar(1))}] * 3")
    with w.block(f"for {i.name} in range(3):", loop=True):
        w.bind(i)
        w.emit(f"{v.name}[{i.name}] {w.pick('=', '+=', '*=')} {w.scalar(1)}")
    w.bind(v)
    return True


@construct("statement", "tables-of-lists", 2)
def table(w: Writer) -> bool:
    if w.nested >= 1:
        raise GiveUp
    v, i, j = w.fresh("other", (), "table").name, w.fresh("int", ("n",), "i"), w.fresh("int", ("n",), "j")
    (a, b), size = some_names(w), w.pick("3", "n")
    w.emit(f"{v} = [[0.0] * {size} for _ in range({size})]")
    with w.block(f"for {i.name} in range(1, {size}):", loop=True):
        w.bind(i)
        with w.block(f"for {j.name} in range(1, {size}):", loop=True):
            w.bind(j)
            best = w.pick(
                f"max({v}[{i.name} - 1][{j.name}], {v}[{i.name}][{j.name} - 1] + 0.07)",
                f"0.5 * {v}[{i.name} - 1][{j.name} - 1]",
            )
            w.emit(f"{v}[{i.name}][{j.name}] = {a}[{i.name}] * {b}[{j.name}] + {best}")
    w.emit(f"{w.some('scalar').name} += {v}[-1][-1] * 0.2")
    return True


@construct("statement", "list-slices-written")
def list_slices(w: Writer) -> bool:
    v = w.some("floats").name
    w.emit(
        w.pick(
            f"{v}[1:2] = [{w.scalar(1)}, {w.scalar(1)}]",
            f"{v}[:1] = [{w.scalar(1)}]",
            f"{v} = {v}[::-1]",
            f"{v} = {v}[1:] + {v}[:1]",
            f"{v} = {v}[:] + [{w.scalar(1)}]; del {v}[0]",
        )
    )
    return True


@construct("statement", "helpers-that-change-containers", 2)
def changing_helper(w: Writer) -> bool:
    outermost(w)
    f, total = w.fresh("function", (), w.pick("record", "push")).name, w.some("scalar").name
    if w.chance(0.6):
        v = w.some("floats").name
        line = w.pick(
            "items.append(q)", "items[0] *= q", "items[-1] = q", "items.insert(0, q)", "items.extend([q, q * q])"
        )
        helper(w, f, "items, q", [f"    {line}", f"    return {w.pick('items[0]', 'q * len(items)', 'sum(items)')}"])
        w.emit(f"{total} += {f}({v}, {w.scalar(2)}) * 0.3")
        w.emit(f"{total} += {f}({v}, {w.scalar(2)}) * 0.3")
    else:
        v = w.some("dict").name
        line = w.pick("table['b'] = table['b'] * q", "table['a'][0] += q", "table['a'] = table['a'] * q")
        helper(w, f, "table, q", [f"    {line}", "    return table['b'] * q"])
        w.emit(f"{total} += {f}({v}, {w.scalar(2)})")
    return True


# ---------------------------------------------------------------------------------------------- pointers


@construct("statement", "pointers-in-loops", 2)
def pointers(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    (a, b), p, i = some_names(w), w.fresh("array", ("n",), "best"), w.fresh("int", ("n",), "i")
    w.emit(f"{p.name} = {a}")
    with w.block(f"for {i.name} in range({w.pick('n', '3')}):", loop=True):
        w.bind(p), w.bind(i)
        if w.chance(0.5):
            w.emit(change(w, p.name))
        with w.block(f"if {w.condition()}:"):
            w.emit(f"{p.name} = {w.pick(b, b, f'{b}[::-1]', f'{b} * 0.5')}")
            if w.chance(0.3):
                w.emit("break")
        w.emit(f"{p.name}[{i.name}] {operator(w)} {w.scalar(2)}")
    w.bind(p)
    return True


@construct("statement", "buffers-swapped-until-a-break", 1.5)
def swapped(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    (a, b), i = some_names(w), w.fresh("int", ("counter",), "k")
    p, q = w.fresh("array", ("n",), "now"), w.fresh("array", ("n",), "then")
    w.emit(f"{p.name}, {q.name} = {a}, {w.pick(b, f'{a}.copy()', 'np.zeros(n)')}")
    with w.block(f"for {i.name} in range({w.pick('3', '4')}):", loop=True):
        w.bind(p), w.bind(q), w.bind(i)
        w.emit(f"{q.name}[1:] = {w.number(0.3, 0.8)} * {p.name}[:-1] + 0.1 * {w.scalar(2)}")
        w.statements(0, 1)
        if w.chance(0.7):
            w.emit(f"if {w.condition()}:")
            w.emit(f"    {w.pick('break', 'continue')}")
        w.emit(f"{p.name}, {q.name} = {q.name}, {p.name}")
    w.bind(p), w.bind(q)
    return True


@construct("statement", "helpers-returning-views", 2)
def view_helper(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "inside").name
    helper(w, f, "a", [f"    return {w.pick('a[1:-1]', 'a[::-1][2:]', 'a[2:]')}"])
    v = w.define("array", ("n - 2",), f"{f}({w.some('array', ('n',)).name})")
    w.emit(change(w, v.name))
    return True


@construct("statement", "one-array-as-two-arguments", 2)
def two_arguments(w: Writer) -> bool:
    outermost(w)
    f, a = w.fresh("function", (), "blend").name, w.some("array", ("n",)).name
    lines = [
        f"    a[{w.pick('0', '1:', ':-1')}] = {w.pick('c * b[-1]', 'c * b[1]')}",
        f"    b *= {w.pick('c', 'a[0]')}",
    ]
    helper(w, f, "a, b, c", [*lines, f"    return {w.pick('a', 'b', 'a * b', 'a[0] * b')}"])
    v = w.define("array", ("n",), f"{f}({a}, {w.pick(a, f'{a}[::-1]', w.some('array', ('n',)).name)}, {w.scalar(2)})")
    w.emit(change(w, w.pick(a, v.name)))
    return True


# ---------------------------------------------------------------------------------------------- closures


@construct("statement", "closures-made-in-loops", 2)
def loop_closures(w: Writer) -> bool:
    outermost(w)
    v, f, i = w.fresh("other", (), "terms").name, w.fresh("other", (), "term").name, w.fresh("other", (), "k").name
    a, total = w.some("array", ("n",)).name, w.some("scalar").name
    if w.chance(0.5):
        w.emit(f"{v} = [lambda q{w.pick('', f', {i}={i}')}: q * {a}[{i}] + {i} for {i} in range(3)]")
    else:
        w.emit(f"{v} = []")
        with w.block(f"for {i} in range(3):", loop=True):
            w.emit(f"{v}.append(lambda q{w.pick('', f', {i}={i}')}: q * {i} + {total})")
    if w.chance(0.5):
        w.emit(f"{a}[1] = {w.scalar(2)}")
    w.emit(f"{total} += sum({f}({w.scalar(2)}) for {f} in {v}) * 0.3")
    return True


@construct("statement", "closures-over-arrays", 2)
def array_closures(w: Writer) -> bool:
    outermost(w)
    f, a = w.fresh("function", (), "field_at").name, w.some("array", ("n",)).name
    with w.block(f"def {f}(k, q=0.5):"):
        w.emit(f"return {w.pick(f'{a}[k] * q', f'np.sum({a}) * q / n', f'{a}[k] * {a}[0] + q')}")
    w.emit(f"{w.some('scalar').name} += {f}(1, {w.scalar(2)})")
    w.emit(w.pick(change(w, a), f"{a} = {w.array(('n',), 1)}"))
    w.define("scalar", (), f"{f}({w.index('n')}, {w.scalar(2)}) * {f}(0)")
    return True


@construct("statement", "closures-returning-views", 2)
def view_closures(w: Writer) -> bool:
    outermost(w)
    f, a = w.fresh("function", (), "window").name, w.some("array", ("n",)).name
    with w.block(f"def {f}(k):"):
        w.emit(f"return {a}[k:k + 2]")
    v = w.define("array", ("2",), f"{f}({w.pick('0', '1', '2')})")
    w.emit(change(w, v.name))
    w.emit(f"{f}(1)[{w.pick('0', '1', ':')}] {operator(w)} {w.scalar(2)}")
    return True


@construct("statement", "closures-that-count", 2.5)
def counters(w: Writer) -> bool:
    outermost(w)
    f, make = w.fresh("function", (), "tick").name, w.fresh("function", (), "make_counter").name
    lines = ["    total = start", "", "    def step(q):", "        nonlocal total"]
    lines += [f"        total = {w.pick('total + q', 'total * 0.5 + q', 'total * q')}", "        return total", ""]
    helper(w, make, "start", [*lines, "    return step"])
    i = w.fresh("int", ("n",), "i")
    w.emit(f"{f} = {make}({w.scalar(2)})")
    with w.block(f"for {i.name} in range({w.pick('3', 'n')}):", loop=True):
        w.bind(i)
        w.emit(f"{w.some('scalar').name} += {f}({w.scalar(2)}) * 0.2")
        if w.chance(0.3):
            w.emit(f"if {w.condition()}:")
            w.emit("    break")
    return True


# ---------------------------------------------------------------------------------------------- objects


@construct("statement", "objects-that-hold-arrays", 8)
def holders(w: Writer) -> bool:
    outermost(w)
    cls, v = w.fresh("other", (), "Buffer").name, w.fresh("other", (), "buffer").name
    w.module += f"""\
class {cls}:
    def __init__(self, data, rate):
        self.data = data{w.pick("", "", ".copy()")}
        self.rate = rate
        self.log = []

    def push(self, k, q):
        self.data[k] {w.pick("=", "+=", "*=")} q * self.rate
        self.log.append(q)
        return self

    def step(self):
        {w.pick("self.data *= self.rate", "self.data = self.data * self.rate", "self.data[1:] = self.data[:-1].copy()")}
        self.rate = self.rate * 0.9

    def total(self):
        return np.sum(self.data) / len(self.data) + sum(self.log)


""".splitlines()
    a, total = w.some("array", ("n",)).name, w.some("scalar").name
    w.emit(f"{v} = {cls}({a}, {w.scalar(2)})")
    w.emit(f"{v}.push({w.index('n')}, {w.scalar(2)}){w.pick('', f'.push(0, {w.scalar(2)})')}")
    with w.block(f"{w.pick('for _ in range(2)', f'if {w.condition()}')}:"):
        w.emit(f"{v}.step()")
    w.emit(change(w, w.pick(a, f"{v}.data")))
    w.emit(f"{total} += {v}.total() * 0.3")
    return True


@construct("statement", "objects-in-lists", 4.5)
def particles(w: Writer) -> bool:
    outermost(w)
    cls, v, p = (
        w.fresh("other", (), "Particle").name,
        w.fresh("other", (), "bodies").name,
        w.fresh("other", (), "body").name,
    )
    w.module += f"""\
class {cls}:
    def __init__(self, pos, vel):
        self.pos, self.vel = pos, vel

    def move(self, dt):
        self.vel = self.vel - {w.number()} * self.pos * dt
        self.pos = self.pos + self.vel * dt

    def energy(self):
        return 0.5 * self.vel ** 2 + self.pos ** 2


""".splitlines()
    total = w.some("scalar").name
    w.emit(f"{v} = [{cls}({w.scalar(2)}, {w.scalar(2)}), {cls}({w.scalar(2)}, 0.5)]")
    with w.block("for _ in range(2):", loop=True), w.block(f"for {p} in {v}:", loop=True):
        w.emit(f"{p}.move({w.pick('0.1', w.scalar(2))})")
        if w.chance(0.3):
            w.emit(f"if {p}.pos > {w.number()}:")
            w.emit(f"    {w.pick('break', f'{p}.vel *= -0.5')}")
    w.emit(f"{total} += sum({p}.energy() for {p} in {v}) * 0.3")
    return True
