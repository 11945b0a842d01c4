"""Statements that write to arrays: elements, slices, masks, views and aliases."""

from __future__ import annotations

from .writer import SLICES, GiveUp, Var, Writer, construct


def operator(w: Writer) -> str:
    return w.pick("=", "=", "+=", "-=", "*=")


@construct("statement", "element-writes", 3)
def element(w: Writer) -> bool:
    v = w.some("array")
    w.emit(f"{v.name}[{', '.join(map(w.index, v.dims))}] {operator(w)} {w.scalar()}")
    return True


@construct("statement", "chained-subscript-writes")
def chained(w: Writer) -> bool:
    v = w.some("array", rank=2)
    w.emit(f"{v.name}[{w.index(v.dims[0])}][{w.index(v.dims[1])}] {operator(w)} {w.scalar()}")
    return True


@construct("statement", "slice-writes", 3)
def slice_write(w: Writer) -> bool:
    v = w.some("array", rank=1)
    cut, left = w.rng.choice(SLICES[v.dims[0]])
    w.emit(f"{v.name}[{cut}] {operator(w)} {w.array((left,), 1) if w.chance(0.7) else w.scalar()}")
    return True


@construct("statement", "overlapping-slices")
def overlapping(w: Writer) -> bool:
    v = w.some("array", rank=1)
    if v.dims[0] not in ("n", "n - 1", "3"):
        raise GiveUp
    w.emit(f"{v.name}[{w.pick('1:', ':-1')}] {operator(w)} {v.name}[{w.pick('1:', ':-1')}]{w.pick('', ' * 0.7')}")
    return True


@construct("statement", "strided-writes")
def strided(w: Writer) -> bool:
    v = w.some("array", rank=1)
    w.emit(f"{v.name}[{w.pick('::2', '1::2', '::-2')}] {operator(w)} {w.scalar()}")
    return True


@construct("statement", "whole-array-writes")
def whole(w: Writer) -> bool:
    v = w.some("array")
    w.emit(f"{v.name}[{w.pick(':', '...')}] = {w.array(v.dims, 1)}")
    return True


@construct("statement", "arrays-in-place", 3)
def in_place(w: Writer) -> bool:
    v = w.some("array")
    w.emit(f"{v.name} {w.pick('+=', '-=', '*=')} {w.array(v.dims, 1) if w.chance(0.7) else w.scalar()}")
    return True


@construct("statement", "mask-writes", 2)
def mask(w: Writer) -> bool:
    v = w.some("array")
    condition = f"{w.rng.choice([v, *w.vars('array', v.dims)]).name} {w.pick('<', '>')} {w.number(0.3, 1.0)}"
    if w.chance(0.3):
        m = w.fresh("other", (), "mask")
        w.emit(f"{m.name} = {condition}")
        w.emit(
            f"{v.name}[{m.name}] = {w.array(v.dims, 2)}[{m.name}]"
            if w.chance(0.5)
            else f"{v.name}[~{m.name}] {operator(w)} {w.scalar(1)}"
        )
    else:
        w.emit(f"{v.name}[{condition}] {operator(w)} {w.scalar(1)}")
    return True


@construct("statement", "index-array-writes", 2)
def index_array(w: Writer) -> bool:
    v = w.some("array", rank=1)
    if v.dims[0] not in ("n", "n - 1", "3"):
        raise GiveUp
    indices = w.pick("[0, 2]", "[1, 1]", "np.array([2, 0])", "[-1, 0]", "[0, 0]")
    value = w.scalar(1) if w.chance(0.4) else f"np.array([{w.scalar(1)}, {w.scalar(1)}])"
    w.emit(f"{v.name}[{indices}] {operator(w)} {value}")
    return True


@construct("statement", "add-at")
def add_at(w: Writer) -> bool:
    v = w.some("array", rank=1)
    if v.dims[0] not in ("n", "n - 1", "3"):
        raise GiveUp
    w.emit(f"np.add.at({v.name}, [0, 2, 0], {w.array(('3',), 1)})")
    return True


@construct("statement", "row-and-column-writes", 2)
def row(w: Writer) -> bool:
    m = w.some("array", rank=2)
    i, j = w.index(m.dims[0]), w.index(m.dims[1])
    if w.chance(0.5):
        w.emit(f"{m.name}[{i}{w.pick('', ', :')}] {operator(w)} {w.array(m.dims[1:], 1)}")
    else:
        w.emit(f"{m.name}[:, {j}] {operator(w)} {w.array(m.dims[:1], 1)}")
    return True


@construct("statement", "copies")
def copies(w: Writer) -> bool:
    v = w.some("array")
    w.define(
        "array",
        v.dims,
        w.pick(
            f"{v.name}.copy()", f"np.copy({v.name})", f"np.array({v.name})", f"{v.name}[:].copy()", f"{v.name} * 1.0"
        ),
    )
    return True


@construct("statement", "aliases", 2)
def alias(w: Writer) -> bool:
    v = w.some("array")
    a = w.define("array", v.dims, v.name)
    if w.chance(0.6):
        w.emit(f"{a.name}[{', '.join(map(w.index, v.dims))}] {operator(w)} {w.scalar(1)}")
    return True


def write_somewhere(w: Writer, v: Var) -> None:
    w.emit(
        f"{v.name}[{', '.join(map(w.index, v.dims))}] {operator(w)} {w.scalar(1)}"
        if w.chance(0.5)
        else f"{v.name} {w.pick('+=', '*=')} {w.scalar(1)}"
    )


@construct("statement", "broadcasts-subtracted-later", 2)
def subtracted_later(w: Writer) -> bool:
    v = w.some("array")
    y = w.define("array", v.dims, f"{w.scalar(2)} {w.pick('+', '-')} 0.3 * np.ones_like({v.name})")
    write_somewhere(w, v)
    w.emit(f"{v.name} {w.pick('-=', '-=', '+=', '*=')} {y.name}")
    return True


@construct("statement", "views-of-slices", 2)
def view(w: Writer) -> bool:
    v = w.some("array", rank=1)
    cut, left = w.rng.choice(SLICES[v.dims[0]])
    a = w.define("array", (left,), f"{v.name}[{cut}]")
    write_somewhere(w, w.rng.choice([a, v]))
    if w.chance(0.4):
        write_somewhere(w, w.rng.choice([a, v]))
    return True


@construct("statement", "views-of-rows")
def view_row(w: Writer) -> bool:
    m = w.some("array", rank=2)
    if w.chance(0.5):
        a = w.define("array", m.dims[1:], f"{m.name}[{w.index(m.dims[0])}]")
    else:
        a = w.define("array", m.dims[:1], f"{m.name}[:, {w.index(m.dims[1])}]")
    write_somewhere(w, w.rng.choice([a, m]))
    return True


@construct("statement", "views-by-transpose-and-reshape")
def view_reshape(w: Writer) -> bool:
    m = w.some("array", rank=2)
    if w.chance(0.5):
        a = w.define("array", m.dims[::-1], f"{m.name}.T")
        write_somewhere(w, w.rng.choice([a, m]))
    else:
        flat = w.fresh("other", (), "flat")
        w.emit(f"{flat.name} = {m.name}.{w.pick('reshape(-1)', 'ravel()', 'flatten()')}")
        w.emit(f"{flat.name}[{w.pick('0', '1', '-1', '::2')}] {operator(w)} {w.scalar(1)}")
        w.emit(f"{w.some('scalar').name} += {flat.name}[-1] * {flat.name}[0]")
    return True


@construct("statement", "writes-seen-through-the-base")
def base_write(w: Writer) -> bool:
    v = w.some("array", ("n",))
    a = w.define("array", ("n - 2",), f"{v.name}[1:-1]")
    w.emit(f"{w.some('scalar').name} += {a.name}[0] * {a.name}[-1]")
    w.emit(f"{v.name} {w.pick('+=', '*=')} {w.array(('n',), 1)}")
    w.emit(f"{a.name} {w.pick('+=', '*=')} {w.array(('n - 2',), 1)}")
    return True


@construct("statement", "fill-and-copyto")
def fill(w: Writer) -> bool:
    v = w.some("array")
    # NumPy takes a copy of an array to itself for none.
    w.emit(w.pick(f"{v.name}.fill({w.scalar(1)})", f"np.copyto({v.name}, {w.array(v.dims, 1)} * 1.0)"))
    return True


@construct("statement", "sorted-in-place")
def sort(w: Writer) -> bool:
    v = w.some("array", rank=1)
    w.emit(f"{v.name} += 0.37 * np.arange(len({v.name}))[::-1]")
    w.emit(f"{v.name}.sort()")
    return True


@construct("statement", "filled-diagonals-and-flat")
def diagonal(w: Writer) -> bool:
    m = w.some("array", rank=2)
    w.emit(w.pick(f"np.fill_diagonal({m.name}, {w.scalar(1)})", f"{m.name}.flat[{w.pick('0', '-1')}] = {w.scalar(1)}"))
    return True


@construct("statement", "put")
def put(w: Writer) -> bool:
    v = w.some("array", ("n",))
    w.emit(f"np.put({v.name}, [0, 2], [{w.scalar(1)}, {w.scalar(1)}])")
    return True


@construct("statement", "out-arguments")
def out(w: Writer) -> bool:
    v = w.some("array")
    w.emit(f"np.{w.pick('multiply', 'add')}({w.array(v.dims, 1)}, {w.array(v.dims, 1)}, out={v.name})")
    return True


@construct("statement", "filled-element-by-element", 2)
def filled(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    v, i = w.fresh("array", ("n",)), w.fresh("int", ("n",), w.pick("i", "k"))
    a = w.some("array", ("n",)).name
    w.emit(f"{v.name} = np.{w.pick('zeros', 'empty')}(n)")
    w.emit(f"{v.name}[0] = {w.scalar(1)}")
    with w.block(f"for {i.name} in range(1, n):", loop=True):
        w.bind(i)
        w.emit(f"{v.name}[{i.name}] = {w.number(0.3, 0.8)} * {v.name}[{i.name} - 1] + {a}[{i.name}] * {w.scalar(2)}")
    w.bind(v)
    return True
