"""Statements with lists, dicts, tuples and what the standard library makes of them."""

from __future__ import annotations

from .writer import GiveUp, Writer, construct


def small(w: Writer) -> str:
    return w.pick("0", "1", "-1")


@construct("statement", "lists-of-floats", 2)
def floats(w: Writer) -> bool:
    v = w.fresh("floats", (), w.pick("values", "terms", "items"))
    w.emit(f"{v.name} = [{w.scalar(1)}, {w.scalar(1)}, {w.scalar(1)}]")
    w.bind(v)
    return True


@construct("statement", "list-methods", 2)
def list_methods(w: Writer) -> bool:
    v = w.some("floats")
    w.emit(
        w.pick(
            f"{v.name}.append({w.scalar(1)})",
            f"{v.name}.insert(1, {w.scalar(1)})",
            f"{v.name}.extend([{w.scalar(1)}, 0.5])",
            f"{v.name}.append({v.name}.pop())",
            f"{v.name}.append({v.name}.pop(0) * 0.5)",
            f"{v.name}.reverse()",
        )
    )
    return True


@construct("statement", "list-items-written")
def list_items(w: Writer) -> bool:
    v = w.some("floats")
    w.emit(f"{v.name}[{small(w)}] {w.pick('=', '+=', '*=')} {w.scalar(1)}")
    return True


@construct("statement", "list-items-read")
def list_reads(w: Writer) -> bool:
    v = w.some("floats")
    w.emit(f"{w.some('scalar').name} += {v.name}[{small(w)}] * {w.scalar(1)}")
    return True


@construct("statement", "list-slices-and-sums")
def list_slices(w: Writer) -> bool:
    v = w.some("floats")
    w.emit(
        f"{w.some('scalar').name} += "
        + w.pick(
            f"sum({v.name}[1:])",
            f"sum({v.name})",
            f"max({v.name})",
            f"sum({v.name} + [{w.scalar(2)}])",
            f"len({v.name}) * 0.1",
            f"np.sum({v.name})",
            f"np.mean(np.array({v.name}))",
        )
    )
    return True


@construct("statement", "lists-filled-in-loops", 2)
def filled(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    v, i = w.fresh("floats", (), "history"), w.fresh("int", ("n",), "i")
    w.emit(f"{v.name} = []")
    with w.block(f"for {i.name} in range(n):", loop=True):
        w.bind(i)
        w.statements(0, 1)
        guard = w.chance(0.3)
        if guard:
            w.emit(f"if {i.name} > 2 and {w.condition()}:")
            w.emit("    continue")
        w.emit(f"{v.name}.append({w.scalar(1)})")
    w.bind(v)
    return True


@construct("statement", "sorted-lists")
def sorted_list(w: Writer) -> bool:
    v = w.some("floats")
    how = w.pick("", "", ", reverse=True", ", key=lambda e: -e", ", key=abs, reverse=True")
    w.emit(f"{w.some('scalar').name} += sorted({v.name}{how})[{small(w)}] * {w.scalar(2)}")
    return True


@construct("statement", "list-sort")
def list_sort(w: Writer) -> bool:
    w.emit(f"{w.some('floats').name}.sort({w.pick('', 'reverse=True', 'key=lambda e: -e')})")
    return True


@construct("statement", "lists-of-arrays", 2)
def arrays(w: Writer) -> bool:
    v = w.fresh("arrays", ("n",), w.pick("layers", "parts", "states"))
    w.emit(f"{v.name} = [{w.array(('n',), 1)}, {w.array(('n',), 1)}]")
    w.bind(v)
    return True


@construct("statement", "lists-of-arrays-changed")
def arrays_changed(w: Writer) -> bool:
    v = w.some("arrays")
    w.emit(
        w.pick(
            f"{v.name}.append({w.array(('n',), 1)})",
            f"{v.name}[{small(w)}][{w.index('n')}] {w.pick('=', '+=', '*=')} {w.scalar(1)}",
            f"{v.name}[{small(w)}] {w.pick('+=', '*=', '=')} {w.array(('n',), 1)}",
            f"{v.name}[0], {v.name}[1] = {v.name}[1], {v.name}[0]",
        )
    )
    return True


@construct("statement", "stacked-lists")
def stacked(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    v, i, state = (
        w.fresh("arrays", ("n",), "states"),
        w.fresh("int", ("counter",), "i"),
        w.fresh("array", ("n",), "state"),
    )
    w.emit(f"{v.name} = []")
    w.emit(f"{state.name} = {w.array(('n',), 1)}")
    with w.block(f"for {i.name} in range(3):", loop=True):
        w.bind(i), w.bind(state)
        w.emit(f"{state.name} = {w.array(('n',), 1)}")
        w.emit(f"{v.name}.append({state.name})")
    w.define("array", ("3", "n"), f"np.{w.pick('stack', 'array', 'vstack')}({v.name})")
    return True


@construct("statement", "loops-over-lists")
def loop_list(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    v = w.some(w.pick("floats", "arrays"))
    item = w.fresh("scalar" if v.kind == "floats" else "array", v.dims, "item")
    with w.block(f"for {item.name} in {v.name}:", loop=True):
        w.bind(item)
        # A list that grows while it is read makes an endless loop.
        w.scope = [other for other in w.scope if other.kind != v.kind]
        w.statements(1, 2)
    return True


@construct("statement", "nested-lists")
def nested(w: Writer) -> bool:
    v = w.fresh("other", (), "grid")
    w.emit(f"{v.name} = [[{w.scalar(1)}, {w.scalar(1)}], [{w.scalar(1)}, {w.scalar(1)}]]")
    w.emit(f"{v.name}[{small(w)}][{small(w)}] {w.pick('=', '+=', '*=')} {w.scalar(1)}")
    w.emit(f"{w.some('scalar').name} += {v.name}[0][{small(w)}] * {v.name}[1][{small(w)}]")
    return True


@construct("statement", "lists-filled-later", 1.3)
def filled_later(w: Writer) -> bool:
    """Lists that are put into another one, perhaps in tuples, before they hold anything."""
    if w.nested >= 1:
        raise GiveUp
    groups, group = w.fresh("other", (), "groups"), w.fresh("other", (), w.pick("group", "members"))
    i, weight, item = w.fresh("int", ("counter",), "i"), w.fresh("scalar", (), "weight"), w.fresh("other", (), "item")
    pattern, made = w.rng.choice(
        [
            (f"{group.name}", group.name),
            (f"{group.name}, {weight.name}", f"({group.name}, {w.scalar(1)})"),
            (f"{weight.name}, {group.name}", f"({w.scalar(1)}, {group.name})"),
            (f"({group.name}, _), {weight.name}", f"(({group.name}, {i.name}), {w.scalar(1)})"),
        ]
    )
    array = w.array(("n",), 1)
    kept, use = w.rng.choice(
        [
            (w.scalar(1), item.name),
            (f"[{w.scalar(1)}]", f"{item.name}[0]"),
            (f"({w.scalar(1)}, {i.name})", f"{item.name}[0] * {item.name}[1]"),
            (array, f"np.mean({item.name})"),
            (f"[{array}]", f"np.mean({item.name}[0])"),
            (f"({w.scalar(1)}, [{w.scalar(1)}])", f"{item.name}[0] * {item.name}[1][0]"),
            (f"[({array}, {w.scalar(1)})]", f"np.mean({item.name}[0][0]) * {item.name}[0][1]"),
        ]
    )
    total = w.some("scalar").name
    w.emit(f"{groups.name} = []")
    with w.block(f"for {i.name} in range(3):", loop=True):
        w.bind(i)
        w.emit(f"{group.name} = []")
        w.emit(f"{groups.name}.append({made})")
        w.emit(f"{group.name}.append({kept})")
        if w.chance(0.5):
            w.emit(f"if {w.condition()}:")
            w.emit(f"    {group.name}.append({kept})")
    all_of = w.pick(groups.name, f"{groups.name}[1:]", f"reversed({groups.name})", f"{groups.name} + {groups.name}[:1]")
    with w.block(f"for {pattern} in {all_of}:", loop=True):
        factor = "" if weight.name not in pattern else f"0.2 * {weight.name} * "
        with w.block(f"for {item.name} in {group.name}:", loop=True):
            w.emit(f"{total} += {factor}0.3 * {use}")
    return True


@construct("statement", "arrays-found-again-in-lists")
def found_again(w: Writer) -> bool:
    """A loop that puts arrays into a list, and writes one that an earlier turn has put there."""
    if w.nested >= 1:
        raise GiveUp
    rows, row = w.fresh("other", (), "rows"), w.fresh("array", ("n",), "row")
    i, total = w.fresh("int", ("counter",), "i"), w.some("scalar").name
    w.emit(f"{rows.name} = []")
    with w.block(f"for {i.name} in range(4):", loop=True):
        w.bind(i)
        w.emit(f"{rows.name}.append({w.array(('n',), 1)} + 0.0)")
        w.emit(f"{row.name} = {rows.name}[{w.pick('0', '-1', f'{i.name} // 2', f'{i.name} // 2 - 1')}]")
        w.emit(f"{total} += 0.1 * np.mean(np.sin({row.name}))")
        w.emit(
            w.pick(
                f"{row.name} *= {w.scalar(1)}",
                f"{row.name}[{w.index('n')}] = {w.scalar(1)}",
                f"{row.name} += 0.2 * {w.array(('n',), 1)}",
            )
        )
        w.emit(f"{total} += 0.1 * np.mean({row.name} ** 2)")
        if w.chance(0.4):
            w.emit(f"if len({rows.name}) > 2:")
            w.emit(f"    {rows.name}.pop({w.pick('', '0', '1')})")
    w.emit(f"{total} += 0.1 * np.mean(sum({rows.name}))")
    return True


@construct("statement", "list-comprehensions", 2)
def comprehension(w: Writer) -> bool:
    v, e = w.fresh("floats", (), "values"), w.fresh("scalar", (), "e")
    a = w.some("array", rank=1).name
    w.emit(f"{v.name} = [{e.name} * {w.scalar(2)} for {e.name} in {a}{w.pick('', f' if {e.name} > -9')}]")
    w.bind(v)
    return True


@construct("statement", "nested-comprehensions")
def nested_comprehension(w: Writer) -> bool:
    m = w.some("array", rank=2)
    i, j, v = w.fresh("int", (), "i").name, w.fresh("int", (), "j").name, w.fresh("floats", (), "values")
    w.emit(
        f"{v.name} = [{m.name}[{i}, {j}] * {w.scalar(2)} for {i} in range({m.dims[0]}) for {j} in range({m.dims[1]})]"
    )
    w.bind(v)
    return True


@construct("statement", "none-before-a-list")
def list_or_none(w: Writer) -> bool:
    """A name or an item that stands for None before a loop that makes it a list."""
    if w.nested >= 2:
        raise GiveUp
    holder, i = w.fresh("other", (), w.pick("best", "cache")), w.fresh("int", ("n",), "i")
    name, start = w.rng.choice([(holder.name, "None"), (f"{holder.name}['v']", "{'v': None}")])
    w.emit(f"{holder.name} = {start}")
    with w.block(f"for {i.name} in range(n):", loop=True):
        w.bind(i)
        w.statements(0, 1)
        items = f"[{w.scalar(1)}, {w.scalar(1)}]"
        w.emit(
            w.pick(
                f"{name} = {items}",
                f"{name} = {items} if {name} is None or {w.condition()} else {name} + [{w.scalar(1)}]",
                f"{name} = [{w.scalar(1)} for _ in range(2)] if {name} is None else {name}.copy()",
                f"{name} = ({name} or {items})[:3]",
            )
        )
        if w.chance(0.5):
            w.emit(f"if {name} is not None and {w.condition()}:")
            w.emit("    " + w.pick(f"{name}.append({w.scalar(1)})", f"{name}[{small(w)}] *= {w.scalar(1)}"))
    v = w.fresh("floats", (), "chosen")
    w.emit(f"{v.name} = " + w.pick(name, f"{name} * 2", f"list({name})", f"{name} or [0.5, 0.7]"))
    w.bind(v)
    return True


@construct("statement", "dicts", 2)
def dicts(w: Writer) -> bool:
    v = w.fresh("dict", (), w.pick("params", "config", "store"))
    w.emit(f"{v.name} = {{'a': {w.array(('n',), 1)}, 'b': {w.scalar(1)}}}")
    w.bind(v)
    return True


@construct("statement", "dicts-changed")
def dicts_changed(w: Writer) -> bool:
    v = w.some("dict").name
    w.emit(
        w.pick(
            f"{v}['b'] {w.pick('=', '+=', '*=')} {w.scalar(1)}",
            f"{v}['a'] {w.pick('=', '+=', '*=')} {w.array(('n',), 1)}",
            f"{v}['a'][{w.index('n')}] {w.pick('=', '+=', '*=')} {w.scalar(1)}",
            f"{v}.update(b={w.scalar(1)})",
            f"{v}['c'] = {w.scalar(1)}",
            f"{v} = {{**{v}, 'b': {w.scalar(1)}}}",
        )
    )
    return True


@construct("statement", "dicts-read", 1.5)
def dicts_read(w: Writer) -> bool:
    v = w.some("dict").name
    w.emit(
        f"{w.some('scalar').name} += "
        + w.pick(
            f"{v}['b'] * {w.scalar(2)}",
            f"{v}['a'][{w.index('n')}]",
            f"{v}.get('b', 1.0)",
            f"{v}.get('z', 0.3)",
            f"sum(np.sum(e) for e in {v}.values()) / n",
        )
    )
    return True


@construct("statement", "loops-over-dicts")
def loop_dict(w: Writer) -> bool:
    if w.nested >= 2:
        raise GiveUp
    v = w.some("dict").name
    key, value = w.fresh("other", (), "key").name, w.fresh("other", (), "value").name
    with w.block(f"for {key}, {value} in {v}.items():", loop=True):
        w.emit(f"if {key} == 'b' or {key} == 'c':")
        w.emit(f"    {w.some('scalar').name} += {value} * {w.scalar(2)}")
        w.emit("else:")
        w.emit(f"    {w.some('scalar').name} += np.sum({value} * {w.array(('n',), 2)}) / n")
    return True


@construct("statement", "dict-comprehensions")
def dict_comprehension(w: Writer) -> bool:
    v, k = w.fresh("other", (), "table"), w.fresh("other", (), "k")
    w.emit(f"{v.name} = {{{k.name}: {w.scalar(1)} * {k.name} for {k.name} in (1, 2, 3)}}")
    w.emit(f"{w.some('scalar').name} += {v.name}[2] * {v.name}[{w.pick('1', '3')}]")
    return True


@construct("statement", "sets-and-membership")
def sets(w: Writer) -> bool:
    v = w.fresh("other", (), "chosen")
    w.emit(f"{v.name} = {{0, 2, 3}}")
    i = w.fresh("int", ("n",), "i")
    with w.block(f"for {i.name} in range(n):", loop=True):
        w.bind(i)
        w.emit(f"if {i.name} in {v.name}:")
        w.emit(f"    {w.some('scalar').name} += {w.some('array', ('n',)).name}[{i.name}] * 0.5")
    return True


@construct("statement", "tuples-of-arrays")
def tuples(w: Writer) -> bool:
    v, a, b = w.fresh("other", (), "pair"), w.fresh("array", ("n",)), w.fresh("scalar")
    w.emit(f"{v.name} = ({w.array(('n',), 1)}, {w.scalar(1)})")
    w.emit(f"{a.name}, {b.name} = {v.name}")
    w.bind(a), w.bind(b)
    w.emit(f"{a.name}[{w.index('n')}] {w.pick('=', '+=')} {v.name}[1] * {w.scalar(1)}")
    return True


@construct("statement", "zip-star")
def zip_star(w: Writer) -> bool:
    a, b = w.fresh("other", (), "first"), w.fresh("other", (), "second")
    w.emit(f"{a.name}, {b.name} = zip(*[({w.scalar(1)}, {w.scalar(1)}), ({w.scalar(1)}, {w.scalar(1)})])")
    w.emit(f"{w.some('scalar').name} += sum({a.name}) * {b.name}[0]")
    return True


@construct("statement", "map-and-reduce")
def map_reduce(w: Writer) -> bool:
    a = w.some("array", rank=1).name
    w.emit(
        f"{w.some('scalar').name} += "
        + w.pick(
            f"sum(map(lambda e: e * e * 0.3, {a}))",
            f"functools.reduce(lambda p, q: p * 0.5 + q, {a})",
            f"functools.reduce(operator.add, [{w.scalar(2)}, {w.scalar(2)}])",
            f"sum(map(math.sin, {a}))",
        )
    )
    return True


@construct("statement", "accumulate-and-chain")
def accumulate(w: Writer) -> bool:
    a, b = w.some("array", rank=1).name, w.some("array", rank=1).name
    w.emit(
        f"{w.some('scalar').name} += "
        + w.pick(
            f"sum(itertools.accumulate({a})) / n",
            f"sum(q * q for q in itertools.chain({a}, {b})) / n",
            f"list(itertools.accumulate({a}, operator.mul))[-1]",
        )
    )
    return True


@construct("statement", "unpacked-displays")
def unpacked(w: Writer) -> bool:
    v = w.some("floats")
    w.emit(f"{v.name} = [*{v.name}, {w.scalar(1)}]" if w.chance(0.5) else f"{v.name} = {v.name} + [{w.scalar(1)}]")
    return True


@construct("statement", "list-aliases")
def list_alias(w: Writer) -> bool:
    v = w.some("floats")
    other = w.define("floats", (), v.name)
    w.emit(f"{other.name}.append({w.scalar(1)})" if w.chance(0.5) else f"{other.name}[0] = {w.scalar(1)}")
    return True
