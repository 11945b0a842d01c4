"""Statements that leave the straight path: exceptions, contexts, `match`, and exits of nested loops."""

from __future__ import annotations

from .functions import helper, outermost
from .writer import GiveUp, Writer, construct


@construct("statement", "try-except", 2)
def try_except(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    with w.block("try:"):
        w.statements(1, 2)
        if w.chance(0.5):
            w.emit(
                w.pick(
                    f"if {w.condition()}:\n{'    ' * (w.indent + 1)}raise ValueError('too large')",
                    f"{w.some('scalar').name} += [1.0, {w.scalar(2)}][{w.pick('0', '1', '2', 'n - 3')}]",
                )
            )
        w.statements(0, 1)
    with w.block(w.pick("except (ValueError, IndexError):", "except Exception as error:")):
        w.statements(1, 1)
    if w.chance(0.2):
        with w.block("else:"):
            w.statements(1, 1)
    if w.chance(0.2):
        with w.block("finally:"):
            w.statements(1, 1)
    return True


@construct("statement", "with", 1.5)
def with_block(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    with w.block(w.pick("with np.errstate(divide='ignore', invalid='ignore'):", "with contextlib.nullcontext():")):
        w.statements(1, 2)
    return True


@construct("statement", "match")
def match(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    with w.block(f"match {w.pick('n % 3', 'n') if w.helper else 'mode'}:"):
        with w.block(f"case {w.pick('0', '1 | 2', repr('fast'))}:"):
            w.statements(1, 1)
        with w.block("case _:"):
            w.statements(1, 1)
    return True


@construct("statement", "memoised-recursion", 1.5)
def memoised(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "factorial").name
    w.module += [
        "@functools.lru_cache(maxsize=None)",
        f"def {f}(k):",
        f"    return 1 if k <= 1 else k * {f}(k - 1)",
        "",
        "",
    ]
    w.emit(f"{w.some('scalar').name} *= 1 + 1 / {f}({w.pick('4', 'n')})")
    return True


@construct("statement", "stop-gradient")
def stop(w: Writer) -> bool:
    # Differences cannot see through stop_gradient, so that only what is constant goes in.
    w.emit(f"{w.some('scalar').name} *= stop_gradient({w.pick('2.0', 'n * 0.3')})")
    return True


@construct("statement", "try-in-loops", 2)
def try_in_loop(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    a, total = w.some("array", ("n",)).name, w.some("scalar").name
    i = w.fresh("int", ("n",), w.pick("i", "k"))
    with w.block(f"for {i.name} in range({w.pick('n', 'n - 1', '3')}):", loop=True):
        w.bind(i)
        with w.block("try:"):
            before = w.pick(f"{a}[{i.name}] *= {w.number()}", f"{total} = {total} * 0.7 + {a}[{i.name}]", "")
            if before:
                w.emit(before)
            w.emit(
                w.pick(
                    f"{total} += {a}[{i.name} + {w.pick('1', '2', '3')}] * {w.scalar(2)}",
                    f"if {w.condition()}:\n{'    ' * (w.indent + 1)}raise ValueError({i.name})",
                    f"{total} += 1 / (n // 2 - {i.name}) * {w.scalar(2)}",
                    f"if {w.condition()}:\n{'    ' * (w.indent + 1)}{w.pick('continue', 'break')}",
                )
            )
            w.statements(0, 1)
        with w.block(w.pick("except (IndexError, ValueError, ZeroDivisionError):", "except Exception:")):
            w.emit(f"{w.pick(total, f'{a}[0]')} *= {w.number()}")
            w.emit(w.pick("break", "continue", "pass", f"{a}[-1] = {w.scalar(2)}"))
        if w.chance(0.3):
            with w.block("finally:"):
                w.emit(w.pick(f"{total} += 0.1 * {a}[0]", f"{a}[1] *= {w.number()}"))
    return True


@construct("statement", "writes-taken-back-by-a-handler", 2)
def taken_back(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    v = w.some("array")
    saved = w.fresh("array", v.dims, "saved")
    w.emit(f"{saved.name} = {v.name}.copy()")
    with w.block("try:"):
        w.emit(f"{v.name}[{', '.join(map(w.index, v.dims))}] = {w.scalar(1)}")
        w.statements(0, 1)
        w.emit(f"if {w.condition()}:")
        w.emit("    raise ValueError('not this far')")
        w.emit(f"{v.name} *= {w.scalar(2)}")
    with w.block("except ValueError:"):
        w.emit(w.pick(f"{v.name}[...] = {saved.name}", f"{v.name} = {saved.name}", f"{v.name} += 0.5 * {saved.name}"))
    return True


@construct("statement", "returns-in-try", 2.5)
def returns_in_try(w: Writer) -> bool:
    outermost(w)
    f = w.fresh("function", (), "attempt").name
    lines = ["    try:"]
    lines += w.pick(
        f"        if c > {w.number()}:|            return c * a[0]",
        "        a[0] *= c|        c = c * a[len(a) - 1]",
        f"        for k in range(9):|            c = c + a[k] * {w.number()}",
        "        while c > 0.4:|            c = c * 0.7|            if c < a[0]:|                raise ValueError(c)",
    ).split("|")
    lines += [f"        if a[1] > {w.number()}:", f"            {w.pick('raise IndexError', 'return c')}"]
    lines += ["    except (IndexError, ValueError):", f"        {w.pick('return c * 0.5', 'c = c * 0.8', 'a[1] = c')}"]
    if w.chance(0.3):
        lines += ["    else:", "        return c * c"]
    if w.chance(0.4):
        lines += ["    finally:", f"        {w.pick('a[-1] *= 0.5', 'c = 2.0 * c')}"]
    helper(w, f, "a, c", [*lines, "    return c * a[1]"])
    w.define("scalar", (), f"{f}({w.array(('n',), 1)}, {w.scalar(2)})")
    return True


@construct("statement", "exceptions-of-your-own", 1.5)
def own_exception(w: Writer) -> bool:
    outermost(w)
    cls, f = w.fresh("other", (), "Diverged").name, w.fresh("function", (), "advance").name
    w.module += [f"class {cls}(Exception):", "    pass", "", ""]
    lines = [
        f"    if a[0] * c > {w.number()}:",
        f"        raise {cls}{w.pick('', '(f' + repr('{c} is too large') + ')')}",
    ]
    helper(w, f, "a, c", [*lines, "    a[1] += c", "    return a[1] * c"])
    total = w.some("scalar").name
    with w.block("try:"):
        w.emit(f"{total} += {f}({w.some('array', ('n',)).name}, {w.scalar(2)})")
        w.statements(0, 1)
    with w.block(f"except {w.pick(cls, f'({cls}, ValueError)')}:"):
        w.emit(f"{total} *= {w.scalar(2)}")
    return True


@construct("statement", "contexts-of-your-own", 2)
def own_context(w: Writer) -> bool:
    outermost(w)
    name, total = w.fresh("other", (), "scaled").name, w.some("scalar").name
    a = w.some("array", ("n",)).name
    if w.chance(0.5):
        w.module += f"""\
@contextlib.contextmanager
def {name}(a, c):
    a *= c
    yield a[0] * c
    a {w.pick("/= c", "+= 0.1")}


""".splitlines()
    else:
        w.module += f"""\
class {name}:
    def __init__(self, a, c):
        self.a, self.c = a, c

    def __enter__(self):
        self.a[0] += self.c
        return self.c * {w.number()}

    def __exit__(self, kind, error, trace):
        self.a[1] *= {w.number()}
        return {w.pick("False", "kind is ValueError")}


""".splitlines()
    with w.block(f"with {name}({a}, 1.2 + {w.scalar(2)} ** 2) as factor:"):
        w.emit(f"{total} += factor * {a}[{w.index('n')}]")
        w.statements(0, 1)
    return True


@construct("statement", "suppressed-exceptions")
def suppressed(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    a = w.some("array", ("n",)).name
    with w.block("with contextlib.suppress(IndexError):"):
        w.statements(0, 1)
        w.emit(f"{w.some('scalar').name} += {a}[{w.pick('2', 'n', '4', 'n - 1')}] * {w.scalar(2)}")
        w.emit(f"{a}[0] = {w.scalar(1)}")
    return True


@construct("statement", "match-on-structures", 2)
def match_structures(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    total = w.some("scalar").name
    q, r = w.fresh("scalar", (), "q"), w.fresh("scalar", (), "q")
    subject = w.pick(
        f"(n % 2, {w.scalar(2)})", f"[{w.scalar(2)}, {w.scalar(2)}]", f"{{'kind': 1, 'rate': {w.scalar(2)}}}"
    )
    with w.block(f"match {subject}:"):
        with w.block(f"case (0, {q.name}):"):
            w.bind(q)
            w.emit(f"{total} += {q.name} * {w.scalar(2)}")
            w.statements(0, 1)
        with w.block(f"case ({r.name}, {q.name}){w.pick('', f' if {r.name} > {w.number()}')}:"):
            w.emit(f"{total} += {q.name} * {r.name}")
        with w.block(f"case {{'kind': {w.pick('1', '2')}, 'rate': {q.name}}}:"):
            w.emit(f"{total} *= {q.name}")
        with w.block("case _:"):
            w.statements(1, 1)
    return True


@construct("statement", "exits-of-nested-loops", 2)
def nested_exits(w: Writer) -> bool:
    if w.nested >= 1:
        raise GiveUp
    i, j = w.fresh("int", ("n",), "i"), w.fresh("int", ("counter",), "j")
    a, total = w.some("array", ("n",)).name, w.some("scalar").name
    with w.block(f"for {i.name} in range(n):", loop=True):
        w.bind(i)
        with w.block(f"for {j.name} in range({w.pick('3', i.name)}):", loop=True):
            w.bind(j)
            w.emit(f"{a}[{i.name}] {w.pick('+=', '*=')} {w.scalar(2)}")
            w.emit(f"if {w.condition()}:")
            w.emit(f"    {w.pick('break', 'break', 'continue')}")
            w.statements(0, 1)
        if w.chance(0.6):
            with w.block("else:"):
                w.emit(f"{total} += {a}[{i.name}] * 0.3")
                w.emit("continue")
        w.emit(f"if {w.condition()}:")
        w.emit("    break")
        w.statements(0, 1)
    return True


@construct("statement", "searches", 1.5)
def search(w: Writer) -> bool:
    found, i = w.fresh("int", ("n",), "found"), w.fresh("int", ("n",), "i")
    a = w.some("array", ("n",)).name
    w.emit(f"{found.name} = {w.pick('0', '-1', 'n - 1')}")
    with w.block(f"for {i.name} in range({w.pick('n', '1, n')}):", loop=True):
        w.emit(f"if {a}[{i.name}] {w.pick('<', '>')} {w.number()}:")
        w.emit(f"    {found.name} = {i.name}")
        w.emit(f"    {w.pick('break', f'{a}[{i.name}] *= 0.9', 'continue')}")
    w.bind(found)
    w.emit(f"{a}[{found.name}] {w.pick('=', '+=', '*=')} {w.scalar(1)}")
    return True


@construct("statement", "loops-until-convergence", 1.5)
def convergence(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    old, new, i = w.fresh("array", ("n",), "old"), w.fresh("array", ("n",), "new"), w.fresh("int", ("counter",), "k")
    a = w.some("array", ("n",)).name
    w.emit(f"{old.name} = {w.pick(a, f'{a}.copy()', 'np.zeros(n)')}")
    with w.block(f"for {i.name} in range({w.pick('4', '9')}):", loop=True):
        w.bind(old), w.bind(i)
        w.emit(f"{new.name} = {w.number(0.2, 0.6)} * {old.name} + 0.3 * {w.array(('n',), 2)}")
        w.bind(new)
        measure = w.pick(f"np.abs({new.name} - {old.name}).max()", f"np.linalg.norm({new.name} - {old.name})")
        w.emit(f"if {measure} < {w.pick('0.073', '0.37')}:")
        w.emit("    break")
        w.statements(0, 1)
        w.emit(
            w.pick(
                f"{old.name} = {new.name}",
                f"{old.name}[:] = {new.name}" if w.chance(0.5) else f"{old.name} = {new.name}",
            )
        )
    w.bind(old)
    return True


@construct("statement", "generators-in-try", 2.5)
def generators_in_try(w: Writer) -> bool:
    outermost(w)
    f, item = w.fresh("function", (), "readings").name, w.fresh("scalar", (), "item")
    lines = ["    for k in range(len(a)):", f"        if a[k] * c > {w.number(0.8, 1.4)}:"]
    lines += [f"            {w.pick('raise ValueError(k)', 'return', 'continue')}", "        yield a[k] * c"]
    lines += [w.pick("        a[k] *= 0.8", "        c = c * 0.9", "        pass")]
    helper(w, f, "a, c", lines)
    total = w.some("scalar").name
    readings = f"{f}({w.some('array', ('n',)).name}, {w.scalar(2)})"
    with w.block("try:"), w.block(f"for {item.name} in {readings}:", loop=True):
        w.bind(item)
        w.emit(f"{total} = 0.6 * {total} + {item.name}")
        w.statements(0, 1)
        if w.chance(0.5):
            w.emit(f"if {w.condition()}:")
            w.emit(f"    {w.pick('break', 'continue', 'raise ValueError')}")
    with w.block("except ValueError:"):
        w.emit(f"{total} *= {w.scalar(2)}")
    return True
