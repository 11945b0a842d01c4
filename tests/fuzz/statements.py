"""Statements: assignments, branches and loops."""

from __future__ import annotations

from .writer import GiveUp, Var, Writer, construct

# ---------------------------------------------------------------------------------------------- assignments


@construct("statement", "scalar-assignments", 3)
def assign(w: Writer) -> bool:
    if w.vars("scalar") and (w.nested or w.chance(0.4)):
        w.emit(f"{w.some('scalar').name} = {w.scalar()}")
    else:
        w.define("scalar", (), w.scalar())
    return True


@construct("statement", "array-assignments", 4)
def assign_array(w: Writer) -> bool:
    dims = w.dims(w.rng.choice((1, 1, 2)))
    if w.nested or w.chance(0.3):
        w.emit(f"{w.some('array', dims).name} = {w.array(dims)}")
    else:
        w.define("array", dims, w.array(dims))
    return True


@construct("statement", "new-lengths", 2)
def new_lengths(w: Writer) -> bool:
    if w.nested:
        raise GiveUp
    dims = w.rng.choice(
        [("n - 1",), ("n - 2",), ("3",), ("2",), ("n", "n"), ("2", "c"), ("3", "n"), ("c", "r"), ("r", "c"), ("n", "c")]
    )
    if any(d in ("r", "c") for d in dims) and not w.vars("array", ("r", "c")):
        raise GiveUp
    w.define("array", dims, w.array(dims))
    return True


@construct("statement", "augmented-scalars", 3)
def augment(w: Writer) -> bool:
    w.emit(f"{w.some('scalar').name} {w.pick('+=', '-=', '*=', '+=')} {w.scalar(1)}")
    return True


@construct("statement", "divided-in-place")
def augment_divide(w: Writer) -> bool:
    w.emit(f"{w.rng.choice(w.vars('scalar') + w.vars('array')).name} /= 1.3 + {w.scalar(1)} ** 2")
    return True


@construct("statement", "lists-change-arrays")
def augment_by_list(w: Writer) -> bool:
    a = w.some("array", ("n",)).name
    items = f"{w.scalar(1)}, {w.scalar(1)}"
    form = w.rng.choice(
        ["{a}[:2] += [{i}]", "{a}[1:3] *= ({i})", "np.add.at({a}, [1, 1], [{i}])", "{a}[[0, 2]] -= [{i}]"]
    )
    w.emit(form.format(a=a, i=items))
    return True


@construct("statement", "chained-assignments")
def chained(w: Writer) -> bool:
    a, b = w.fresh("scalar"), w.fresh("scalar")
    w.emit(f"{a.name} = {b.name} = {w.scalar()}")
    w.bind(a), w.bind(b)
    return True


@construct("statement", "annotated-assignments")
def annotated(w: Writer) -> bool:
    v = w.fresh("scalar")
    w.emit(f"{v.name}: float = {w.scalar()}")
    w.bind(v)
    return True


@construct("statement", "tuple-unpacking")
def unpack(w: Writer) -> bool:
    a, b = w.fresh("scalar"), w.fresh("scalar")
    w.emit(f"{a.name}, {b.name} = {w.scalar()}, {w.scalar()}")
    w.bind(a), w.bind(b)
    return True


@construct("statement", "nested-and-starred-unpacking")
def unpack_starred(w: Writer) -> bool:
    a, b, c = w.fresh("scalar"), w.fresh("scalar"), w.fresh("scalar")
    if w.chance(0.5):
        w.emit(f"({a.name}, {b.name}), {c.name} = ({w.scalar(1)}, {w.scalar(1)}), {w.scalar(1)}")
    else:
        rest = w.fresh("floats", (), "rest")
        w.emit(f"{a.name}, *{rest.name}, {c.name} = {w.scalar(1)}, {w.scalar(1)}, {w.scalar(1)}, {w.scalar(1)}")
        w.emit(f"{b.name} = sum({rest.name})")
    for v in (a, b, c):
        w.bind(v)
    return True


@construct("statement", "unpacked-arrays")
def unpack_array(w: Writer) -> bool:
    dims = (w.pick("2", "3"),)
    parts = [w.fresh("scalar") for _ in range(int(dims[0]))]
    w.emit(f"{', '.join(v.name for v in parts)} = {w.array(dims, 1)}")
    for v in parts:
        w.bind(v)
    return True


@construct("statement", "swaps", 1.5)
def swap(w: Writer) -> bool:
    kind = w.pick("scalar", "array")
    dims = w.dims() if kind == "array" else ()
    a, b = w.some(kind, dims), w.some(kind, dims)
    w.emit(f"{a.name}, {b.name} = {b.name}, {a.name}{w.pick('', '', ' * 1.1')}")
    return True


@construct("statement", "deleted-names")
def delete(w: Writer) -> bool:
    v = w.fresh("scalar", (), "tmp")
    w.emit(f"{v.name} = {w.scalar()}")
    w.emit(f"{w.some('scalar').name} += {v.name} * 0.5")
    w.emit(f"del {v.name}")
    return True


@construct("statement", "assertions")
def assertion(w: Writer) -> bool:
    w.emit(f"assert {w.scalar(2)} < 1e6" + w.pick("", ', f"too large: {s}"'))
    return True


@construct("statement", "raises-not-taken")
def raises(w: Writer) -> bool:
    with w.block(f"if {w.scalar(2)} > 1e7:"):
        w.emit(f"raise ValueError({w.pick(repr('too large'), 'f' + repr('n is {n}'))})")
    return True


@construct("statement", "strings-and-f-strings")
def strings(w: Writer) -> bool:
    v = w.fresh("other", (), "label")
    w.emit(f"{v.name} = f'{{n}} points, {{s:.3f}}'" if w.chance(0.5) else f"{v.name} = 'model ' + str(n)")
    w.emit(f"{w.some('scalar').name} *= 1 + 0.01 * len({v.name}[:3])")
    return True


@construct("statement", "imports-inside")
def import_inside(w: Writer) -> bool:
    w.emit("from math import cos as cosine")
    w.define("scalar", (), f"cosine({w.scalar(1)})")
    return True


@construct("statement", "comments-and-docstrings")
def comments(w: Writer) -> bool:
    w.emit(w.pick("# what follows is scaled; x_bar = 1", "'a string that stands alone'", "..."))
    return assign(w)


# ---------------------------------------------------------------------------------------------- branches


@construct("statement", "if", 2)
def branch(w: Writer) -> bool:
    deep(w)
    with w.block(f"if {w.condition()}:"):
        w.statements(1, 2)
    return True


@construct("statement", "if-else", 2)
def branch_else(w: Writer) -> bool:
    deep(w)
    with w.block(f"if {w.condition()}:"):
        w.statements(1, 2)
    with w.block("else:"):
        w.statements(1, 2)
    return True


@construct("statement", "elif")
def branch_elif(w: Writer) -> bool:
    deep(w)
    with w.block(f"if {w.condition()}:"):
        w.statements(1, 2)
    with w.block(f"elif {w.condition()}:"):
        w.statements(1, 2)
    if w.chance(0.6):
        with w.block("else:"):
            w.statements(1, 2)
    return True


@construct("statement", "names-bound-in-both-branches")
def both_branches(w: Writer) -> bool:
    deep(w)
    dims = w.dims()
    v = w.fresh("array", dims)
    with w.block(f"if {w.condition()}:"):
        w.emit(f"{v.name} = {w.array(dims)}")
    with w.block("else:"):
        w.emit(f"{v.name} = {w.array(dims)}")
    w.bind(v)
    return True


@construct("statement", "pointers-chosen-by-a-branch")
def chosen_pointer(w: Writer) -> bool:
    dims = w.dims()
    v = w.fresh("array", dims)
    a, b = w.some("array", dims), w.some("array", dims)
    w.emit(f"{v.name} = {a.name} if {w.condition()} else {b.name}")
    w.bind(v)
    if w.chance(0.6):
        w.emit(f"{v.name}[{w.index(dims[0])}] {w.pick('=', '+=', '*=')} {w.scalar(1)}")
    return True


# ---------------------------------------------------------------------------------------------- loops


def deep(w: Writer) -> None:
    if w.nested >= 3:
        raise GiveUp


def body(w: Writer) -> None:
    """The statements of a loop, sometimes with a way out."""
    w.statements(1, 2)
    if w.chance(0.25):
        w.used["jumps-in-loops"] += 1
        with w.block(f"if {w.condition()}:"):
            if w.chance(0.5):
                w.statements(1, 1)
            w.emit(w.pick("break", "continue"))
        w.statements(0, 1)


def loop_variable(w: Writer, dims: tuple[str, ...] = ()) -> Var:
    return w.fresh("int", dims, w.pick("i", "j", "k", "step"))


@construct("statement", "for-over-a-range", 3)
def for_range(w: Writer) -> bool:
    deep(w)
    dims = w.dims() if w.chance(0.6) else ()
    i = loop_variable(w, dims)
    count = dims[0] if dims else w.pick("2", "3", "n // 2")
    if not dims:
        i = Var(i.name, "int", ("counter",))
    with w.block(f"for {i.name} in range({count}):", loop=True):
        w.bind(i)
        body(w)
    return True


@construct("statement", "for-over-a-stepped-range")
def for_stepped(w: Writer) -> bool:
    deep(w)
    i = loop_variable(w, ("n",))
    head = w.pick(
        "range(1, n - 1)",
        "range(n - 1, 0, -1)",
        "range(0, n, 2)",
        "range(n - 2, -1, -2)",
        "reversed(range(n))",
        "range(1, n)",
    )
    with w.block(f"for {i.name} in {head}:", loop=True):
        w.bind(i)
        if head in ("range(1, n - 1)", "range(1, n)", "range(n - 1, 0, -1)") and w.vars("array", ("n",)):
            a, b = w.some("array", ("n",)).name, w.some("array", ("n",)).name
            w.emit(f"{a}[{i.name}] {w.pick('=', '+=')} 0.5 * {b}[{i.name} - 1] {w.pick('+', '-', '*')} {w.scalar(2)}")
        body(w)
    return True


@construct("statement", "for-over-an-array", 2)
def for_array(w: Writer) -> bool:
    deep(w)
    a = w.some("array", rank=1)
    v = w.fresh("scalar", (), w.pick("v", "value", "element"))
    with w.block(f"for {v.name} in {a.name}{w.pick('', '', '[1:]', '[::-1]')}:", loop=True):
        w.bind(v)
        body(w)
    return True


@construct("statement", "for-over-rows")
def for_rows(w: Writer) -> bool:
    deep(w)
    m = w.some("array", rank=2)
    row = w.fresh("array", m.dims[1:], "row")
    with w.block(f"for {row.name} in {m.name}:", loop=True):
        w.bind(row)
        body(w)
    return True


@construct("statement", "for-with-enumerate")
def for_enumerate(w: Writer) -> bool:
    deep(w)
    a = w.some("array", rank=1)
    i, v = loop_variable(w, a.dims), w.fresh("scalar", (), "value")
    with w.block(f"for {i.name}, {v.name} in enumerate({a.name}):", loop=True):
        w.bind(i), w.bind(v)
        body(w)
    return True


@construct("statement", "for-with-zip")
def for_zip(w: Writer) -> bool:
    deep(w)
    a, b = w.some("array", rank=1), w.some("array", rank=1)
    p, q = w.fresh("scalar", (), "p"), w.fresh("scalar", (), "q")
    with w.block(f"for {p.name}, {q.name} in zip({a.name}, {b.name}{w.pick('', '[::-1]')}):", loop=True):
        w.bind(p), w.bind(q)
        body(w)
    return True


@construct("statement", "for-over-a-tuple")
def for_tuple(w: Writer) -> bool:
    deep(w)
    v = w.fresh("scalar", (), "factor")
    with w.block(f"for {v.name} in ({w.scalar(2)}, {w.scalar(2)}, {w.number()}):", loop=True):
        w.bind(v)
        body(w)
    return True


@construct("statement", "for-over-itertools")
def for_itertools(w: Writer) -> bool:
    deep(w)
    i, j = loop_variable(w), loop_variable(w)
    a = w.some("array", rank=1)
    if w.chance(0.5):
        with w.block(f"for {i.name}, {j.name} in itertools.product(range(2), range(2)):", loop=True):
            w.emit(f"{w.some('scalar').name} += {a.name}[{i.name}] * {a.name}[{j.name}] * 0.3")
    else:
        with w.block(f"for {i.name}, {j.name} in itertools.pairwise({a.name}):", loop=True):
            w.emit(f"{w.some('scalar').name} += {i.name} * {j.name} * 0.3")
    return True


@construct("statement", "while-with-counter")
def while_counter(w: Writer) -> bool:
    deep(w)
    i = loop_variable(w, ("counter",))
    w.emit(f"{i.name} = 0")
    with w.block(f"while {i.name} < {w.pick('3', 'n // 2', '4')}{w.pick('', f' and {w.scalar(2)} < 50')}:", loop=True):
        w.emit(f"{i.name} += 1")
        w.bind(i)
        body(w)
    return True


@construct("statement", "while-true-with-break")
def while_true(w: Writer) -> bool:
    deep(w)
    i = loop_variable(w, ("counter",))
    w.emit(f"{i.name} = 0")
    with w.block("while True:", loop=True):
        w.emit(f"{i.name} += 1")
        with w.block(f"if {i.name} > 3{w.pick('', f' or {w.scalar(2)} > 2.03')}:"):
            w.emit("break")
        w.bind(i)
        body(w)
    return True


@construct("statement", "while-on-data", 1.5)
def while_data(w: Writer) -> bool:
    deep(w)
    v = w.define("scalar", (), f"2.5 + {w.scalar(2)}")
    i = loop_variable(w)
    w.emit(f"{i.name} = 0")
    with w.block(f"while abs({v.name}) > 0.317 and {i.name} < 12:", loop=True):
        w.emit(f"{v.name} = {v.name} * {w.number(0.4, 0.7)} + 0.01 * {w.scalar(2)}")
        w.emit(f"{i.name} += 1")
    w.emit(f"{v.name} *= 1 + 0.1 * {i.name}")
    return True


@construct("statement", "loop-else")
def loop_else(w: Writer) -> bool:
    deep(w)
    i = loop_variable(w, ("counter",))
    with w.block(f"for {i.name} in range(3):", loop=True):
        w.bind(i)
        w.statements(1, 1)
        with w.block(f"if {w.condition()}:"):
            w.emit("break")
    with w.block("else:"):
        w.statements(1, 1)
    return True


@construct("statement", "nested-loops")
def nested(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    i, j = loop_variable(w, ("n",)), loop_variable(w, ("n",))
    a, b = w.some("array", ("n",)).name, w.some("array", ("n",)).name
    with w.block(f"for {i.name} in range(n):", loop=True):
        w.bind(i)
        with w.block(f"for {j.name} in range({w.pick('n', i.name, i.name + ', n')}):", loop=True):
            w.bind(j)
            w.emit(f"{a}[{i.name}] += 0.1 * {b}[{j.name}] * {w.scalar(2)}")
            if w.chance(0.4):
                w.statements(1, 1)
    return True


@construct("statement", "loop-variable-used-after")
def after_loop(w: Writer) -> bool:
    a = w.some("array", rank=1)
    v = w.fresh("scalar", (), "last")
    w.emit(f"for {v.name} in {a.name}:")
    w.emit(f"    {w.some('scalar').name} += {v.name} * {w.scalar(2)}")
    w.bind(v)
    return True


@construct("statement", "names-bound-in-inner-loops", 1.5)
def inner_names(w: Writer) -> bool:
    deep(w)
    i, j = loop_variable(w, ("n",)), loop_variable(w, ("n",))
    a = w.some("array", ("n",)).name
    v = w.fresh("scalar", (), "inner")
    with w.block(f"for {i.name} in range(n):", loop=True):
        w.bind(i)
        with w.block(f"for {j.name} in range({w.pick(i.name + ' + 1, n', '2 - ' + i.name)}):", loop=True):
            w.bind(j)
            w.emit(f"{v.name} = {a}[{i.name}] * {a}[{j.name}] + {w.scalar(2)}")
    w.bind(v)
    return True


@construct("statement", "rotating-buffers")
def rotating(w: Writer) -> bool:
    deep(w)
    i = loop_variable(w)
    new = w.fresh("array", ("n",), "fresh")
    a = w.some("array", ("n",)).name
    w.emit(f"{new.name} = {w.pick('np.zeros(n)', 'np.empty_like(' + a + ')', a + '.copy()')}")
    with w.block(f"for {i.name} in range({w.pick('2', '3')}):", loop=True):
        w.emit(f"{new.name}[1:-1] = 0.5 * ({a}[2:] + {a}[:-2]) * {w.scalar(2)}")
        w.emit(f"{new.name}[0], {new.name}[-1] = {a}[0], {w.scalar(2)}")
        w.emit(f"{a}, {new.name} = {new.name}, {a}")
    w.bind(new)
    return True


@construct("statement", "kinds-that-change-in-a-loop")
def changing_kind(w: Writer) -> bool:
    deep(w)
    v = w.fresh("scalar")
    i = loop_variable(w, ("counter",))
    w.emit(f"{v.name} = {w.pick('0', '1', 'True', 's')}")
    with w.block(f"for {i.name} in range(3):", loop=True):
        w.bind(i)
        w.emit(f"{v.name} = {v.name} {w.pick('+', '*')} {w.scalar(1)}")
    w.bind(v)
    return True


@construct("statement", "totals-that-start-at-zero", 1.5)
def total(w: Writer) -> bool:
    deep(w)
    m = w.some("array", rank=2)
    v, row = w.fresh("array", m.dims[1:], "total"), w.fresh("array", m.dims[1:], "row")
    w.emit(f"{v.name} = 0")
    with w.block(f"for {row.name} in {m.name}:", loop=True):
        w.bind(row)
        w.emit(f"{v.name} {w.pick('+=', '= ' + v.name + ' +')} {w.array(m.dims[1:], 2)} * {row.name}")
    w.bind(v)
    return True
