"""Lists, dicts and tuples in each other to any depth: made, shared, changed, taken apart and read in any order."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from .writer import GiveUp, Writer, construct

KEYS = ("a", "b", "c")
HINTS = {"list": "group", "dict": "table", "tuple": "pair", "array": "row", "object": "node", "scalar": "value"}


@dataclass(frozen=True)
class Shape:
    """What a place in a structure holds: a number, an array of length n, or a container of such things.

    Attributes:
        form: scalar, array, list, dict, tuple or object.
        parts: what is in it, of lists and dicts in all places.
        cls: the class of an object, which has the attributes `p` and `q`.
    """

    form: str
    parts: tuple[Shape, ...] = ()
    cls: str = ""

    @property
    def item(self) -> Shape:
        return self.parts[0]


SCALAR, ARRAY = Shape("scalar"), Shape("array")


def random_shape(w: Writer, depth: int) -> Shape:
    """A shape that is a container if `depth` is that of the outermost."""
    if depth <= 0 or (depth < 3 and w.chance(0.3)):
        return SCALAR if w.chance(0.5) else ARRAY
    form = w.pick("list", "list", "list", "dict", "tuple", "tuple", "object")
    if form in ("list", "dict"):
        return Shape(form, (random_shape(w, depth - 1),))
    return Shape(
        form, (random_shape(w, depth - 1), random_shape(w, depth - 1)), class_of(w) if form == "object" else ""
    )


def class_of(w: Writer) -> str:
    """The name of a new class with two attributes."""
    name = w.fresh("other", (), w.pick("Part", "Node", "Body")).name
    if w.chance(0.5):
        w.module += ["@dataclasses.dataclass", f"class {name}:", "    p: object", "    q: object", ""]
    else:
        w.module += [f"class {name}:", "    def __init__(self, p, q):", "        self.p, self.q = p, q", ""]
    return name


@dataclass
class Structures:
    """The names of structures in a program that is being written.

    Attributes:
        w: the writer.
        total: the name of the number that everything read goes into.
        names: the names, and what they hold.
        frozen: the shapes of the lists that loops go over, which must not get longer meanwhile.
        helpers: functions that change a structure: their names, and the shapes of what they take and return.
    """

    w: Writer
    total: str
    names: list[tuple[str, Shape]]
    frozen: tuple[Shape, ...] = ()
    helpers: list[tuple[str, Shape, Shape | None]] = field(default_factory=list)

    # ---- expressions

    def made(self, shape: Shape) -> str:
        """An expression for a structure: an old one, or a new one that may hold old ones."""
        w = self.w
        if shape.form != "scalar" and w.chance(0.4):
            found = self.places(shape)
            if found:
                return w.rng.choice(found)
        if shape.form == "scalar":
            return w.scalar(2)
        if shape.form == "array":
            return w.pick(w.some("array", ("n",)).name, f"{w.array(('n',), 2)} * 1.0")
        if shape.form == "dict":
            return "{" + ", ".join(f"'{key}': {self.made(shape.item)}" for key in KEYS[:2]) + "}"
        if shape.form == "tuple":
            return "(" + ", ".join(map(self.made, shape.parts)) + ")"
        if shape.form == "object":
            return f"{shape.cls}({', '.join(map(self.made, shape.parts))})"
        items = [self.made(shape.item) for _ in range(w.rng.randint(1, 2))]
        return f"[{', '.join(items)}]"

    def places(self, shape: Shape) -> list[str]:
        """The expressions that read something of a shape."""
        return [place for name, whole in self.names for place, there in self._inside(name, whole) if there == shape]

    def place(self, *forms: str) -> tuple[str, Shape]:
        """An expression that reads a structure of one of these forms.

        Raises:
            GiveUp: there is none.
        """
        found = [(place, s) for name, whole in self.names for place, s in self._inside(name, whole) if s.form in forms]
        if not found:
            raise GiveUp
        return self.w.rng.choice(found)

    def _inside(self, place: str, shape: Shape) -> list[tuple[str, Shape]]:
        found = [(place, shape)]
        if shape.form == "list":
            found += self._inside(f"{place}[{self.w.pick('0', '-1')}]", shape.item)
        elif shape.form == "dict":
            found += self._inside(f"{place}['{self.w.pick('a', 'b')}']", shape.item)
        elif shape.form == "tuple":
            for k, part in enumerate(shape.parts):
                found += self._inside(f"{place}[{k}]", part)
        elif shape.form == "object":
            for attribute, part in zip("pq", shape.parts, strict=True):
                found += self._inside(f"{place}.{attribute}", part)
        return found

    def named(self, shape: Shape, hint: str = "") -> str:
        name = self.w.fresh("other", (), hint or HINTS[shape.form]).name
        self.names.append((name, shape))
        return name

    # ---- statements

    def begun(self, shape: Shape) -> None:
        """A structure: as it is written, or a list or dict that a loop fills, perhaps not in every turn."""
        w = self.w
        if shape.form not in ("list", "dict") or w.chance(0.4):
            text = self.made(shape)
            w.emit(f"{self.named(shape)} = {text}")
            return
        text = self.made(shape) if w.chance(0.4) else "[]" if shape.form == "list" else "{}"
        i, item = w.fresh("int", ("counter",), "i"), Structures(w, self.total, list(self.names))
        name = w.fresh("other", (), "group" if shape.form == "list" else "table").name
        w.emit(f"{name} = {text}")
        with w.block(f"for {i.name} in range(3):", loop=True):
            w.bind(i)
            if shape.form == "list" and text != "[]" and w.chance(0.5):
                w.emit(f"if {w.condition()}:")
                w.emit("    continue")
            item.frozen, item.helpers = self.frozen, self.helpers
            if self.names and w.chance(0.5):
                item.statement(1)
            made = item.made(shape.item)
            w.emit(f"{name}.append({made})" if shape.form == "list" else f"{name}['ab'[{i.name} % 2]] = {made}")
            item.names.append((name, shape))
            for _ in range(w.rng.randint(0, 2)):
                item.statement(1)
        self.names.append((name, shape))

    def statement(self, depth: int = 0) -> None:
        """Some statement."""
        steps: list[tuple[Callable[[], None], float]] = [
            (self.grow, 4), (self.write, 4), (self.name_a_part, 3), (self.read, 3), (self.copy_of, 2), (self.swap, 1),
            (self.shorten, 1.5), (self.pick_apart, 1), (self.filled_later, 1.5),
        ]  # fmt: skip
        if self.helpers:
            steps.append((self.call, 2))
        if depth < 2:
            steps += [(lambda: self.loop(depth), 3), (lambda: self.branch(depth), 2), (lambda: self.best(depth), 0.7)]
        chosen, weights = zip(*steps, strict=True)
        for _ in range(6):
            lines = len(self.w.lines)
            try:
                self.w.rng.choices(chosen, weights)[0]()
                return
            except GiveUp:
                del self.w.lines[lines:]

    def may_grow(self, shape: Shape) -> bool:
        return shape not in self.frozen

    def grow(self) -> None:
        place, shape = self.place("list", "dict")
        if not self.may_grow(shape):
            raise GiveUp
        item = self.made(shape.item)
        if shape.form == "dict":
            self.w.emit(f"{place}['{self.w.pick(*KEYS)}'] = {item}")
        else:
            how = f"{place}.append({item})", f"{place}.append({item})", f"{place}.insert(0, {item})"
            self.w.emit(
                self.w.pick(*how, f"{place} += [{item}]" if place.isidentifier() else f"{place}.extend([{item}])")
            )

    def write(self) -> None:
        """Writes an item of a list or dict, or an array, in place."""
        w = self.w
        place, shape = self.place("list", "dict", "object", "array")
        if shape.form == "object":
            attribute, part = w.rng.choice(list(zip("pq", shape.parts, strict=True)))
            update = part.form in ("scalar", "array") and w.chance(0.6)
            new = f"{w.pick('*=', '+=', '-=')} {w.scalar(2)}" if update else f"= {self.made(part)}"
            w.emit(f"{place}.{attribute} {new}")
            return
        if shape.form == "array":
            target = f"{place}[{w.pick('0', '-1', ':')}]"
            w.emit(
                w.pick(f"{target} = {w.scalar(2)}", f"{target} *= {w.scalar(2)}", f"{target} += 0.3 * {w.scalar(2)}")
            )
            return
        target = f"{place}[{w.pick('0', '-1')}]" if shape.form == "list" else f"{place}['{w.pick('a', 'b')}']"
        if shape.item.form in ("scalar", "array") and w.chance(0.6):
            w.emit(f"{target} {w.pick('*=', '+=', '-=')} {w.scalar(2)}")
        else:
            w.emit(f"{target} = {self.made(shape.item)}")

    def name_a_part(self) -> None:
        place, shape = self.place("list", "dict", "tuple", "object", "array")
        w = self.w
        if w.chance(0.3):
            # A name that stands for something else of the same kind from here on.
            same = [name for name, known in self.names if known == shape and name != place]
            if same and not self.frozen:
                w.emit(f"{w.rng.choice(same)} = {place}")
                return
        if shape.form == "tuple" and w.chance(0.5):
            w.emit(f"{self.pattern(shape, False)} = {place}")
        else:
            w.emit(f"{self.named(shape)} = {place}")

    def read(self) -> None:
        place, shape = self.place("scalar", "array", "list")
        value = place if shape.form == "scalar" else f"np.mean({place})"
        if shape.form == "list":
            value = f"len({place})"
            if shape.item.form == "scalar":
                value = self.w.pick(f"sum({place})", f"max({place})", f"np.mean({place})")
            elif shape.item.form == "array":
                value = self.w.pick(
                    f"np.mean(sum({place}))", f"np.mean(np.stack({place}))", f"np.mean(np.array({place}))"
                )
        self.w.emit(f"{self.total} = 0.7 * {self.total} + 0.3 * {value} * {self.w.scalar(2)}")

    def copy_of(self) -> None:
        place, shape = self.place("list", "dict")
        how = f"dict({place})", f"{place}.copy()"
        if shape.form == "list":
            how = f"list({place})", f"{place}[:]", f"[*{place}]", f"{place} + {place}[:1]", f"{place}[::-1]"
        self.w.emit(f"{self.named(shape)} = {self.w.pick(*how)}")

    def swap(self) -> None:
        place, shape = self.place("list", "dict")
        first, last = (f"{place}[0]", f"{place}[-1]") if shape.form == "list" else (f"{place}['a']", f"{place}['b']")
        self.w.emit(f"{first}, {last} = {last}, {first}")

    def shorten(self) -> None:
        place, shape = self.place("list")
        if not self.may_grow(shape):
            raise GiveUp
        self.w.emit(f"if len({place}) > 1:")
        how = (
            f"{place}.pop()",
            f"{place}.pop(0)",
            f"del {place}[0]",
            f"{place}.append({place}.pop(0))",
            f"{place}.reverse()",
        )
        self.w.emit(f"    {self.w.pick(*how)}")

    def pick_apart(self) -> None:
        """A list made of the parts of the items of another one."""
        place, shape = self.place("list")
        if shape.item.form != "tuple":
            raise GiveUp
        k = self.w.rng.randrange(2)
        self.w.emit(f"{self.named(Shape('list', (shape.item.parts[k],)))} = [{'pq'[k]} for p, q in {place}]")

    def filled_later(self) -> None:
        """A list that is put somewhere before there is anything in it."""
        place, shape = self.place("list")
        inner = shape.item
        if not self.may_grow(shape):
            raise GiveUp
        if inner.form == "tuple":
            spot = [k for k, part in enumerate(inner.parts) if part.form == "list"]
            if not spot:
                raise GiveUp
            held = inner.parts[spot[0]]
            name = self.w.fresh("other", (), "members").name
            parts = [name if k == spot[0] else self.made(part) for k, part in enumerate(inner.parts)]
            item = f"({', '.join(parts)})"
        elif inner.form == "list":
            held, name = inner, self.w.fresh("other", (), "members").name
            item = name
        else:
            raise GiveUp
        content = self.made(held.item)
        self.w.emit(f"{name} = []")
        self.w.emit(f"{place}.append({item})")
        self.w.emit(f"{name}.append({content})")
        self.names.append((name, held))

    def helper(self) -> None:
        """A function that changes the structure it is called with, and may return a part of it."""
        shape = self.place("list", "dict", "tuple", "object")[1]
        w = self.w
        name, param = w.fresh("function", (), w.pick("update", "touch", "visit")).name, w.fresh("other", (), "v").name
        inside = Structures(w, "", [(param, shape)])
        returned = None
        with w.block(f"def {name}({param}):"):
            inside.total = w.define("scalar", (), w.scalar(2)).name
            for _ in range(w.rng.randint(1, 3)):
                inside.statement(1)
            if w.chance(0.5):
                part, returned = inside.place("list", "dict", "tuple", "object", "array")
                w.emit(f"return {part}")
        self.helpers.append((name, shape, returned))

    def call(self) -> None:
        name, shape, returned = self.w.rng.choice(self.helpers)
        found = self.places(shape)
        if self.frozen or not found:
            raise GiveUp
        call = f"{name}({self.w.rng.choice(found)})"
        self.w.emit(f"{self.named(returned)} = {call}" if returned else call)

    # ---- statements with others in them

    def inner(self, depth: int, n: int, *frozen: Shape) -> None:
        """Statements inside of another one: names of their own are gone after it."""
        names, before = list(self.names), self.frozen
        self.frozen = (*before, *frozen)
        for _ in range(n):
            self.statement(depth + 1)
        self.names, self.frozen = names, before

    def pattern(self, shape: Shape, nested: bool = True) -> str:
        """Names for what a loop goes over: for the parts of tuples, in brackets where they are in others."""
        if shape.form != "tuple":
            return self.named(shape, "value" if shape.form == "scalar" else "")
        parts = ", ".join(self.pattern(part) for part in shape.parts)
        return f"({parts})" if nested else parts

    def loop(self, depth: int) -> None:
        w, names = self.w, list(self.names)
        place, shape = self.place("list", "list", "dict")
        if w.chance(0.3):
            i = w.fresh("int", ("counter",), "i")
            with w.block(f"for {i.name} in range(3):", loop=True):
                w.bind(i)
                self.inner(depth, w.rng.randint(1, 3))
            return
        if shape.form == "dict":
            head = f"for {self.pattern(shape.item, False)} in {place}.values():"
        else:
            over = w.pick(place, place, f"reversed({place})", f"{place}[:]")
            pattern = self.pattern(shape.item, False)
            k = w.fresh("other", (), "k").name
            counted = w.chance(0.2)
            if counted:
                bracketed = f"({pattern})" if shape.item.form == "tuple" else pattern
                head = f"for {k}, {bracketed} in enumerate({over}):"
            else:
                head = f"for {pattern} in {over}:"
        with w.block(head, loop=True):
            self.inner(depth, w.rng.randint(1, 2), shape)
            for name, held in self.names[len(names) :]:
                if held.form in ("scalar", "array") and w.chance(0.7):
                    w.emit(f"{self.total} += 0.2 * {name if held.form == 'scalar' else f'np.mean({name})'}")
        self.names = names

    def branch(self, depth: int) -> None:
        w = self.w
        with w.block(f"if {w.condition()}:"):
            self.inner(depth, w.rng.randint(1, 2))
        if w.chance(0.5):
            with w.block("else:"):
                self.inner(depth, w.rng.randint(1, 2))

    def best(self, depth: int) -> None:
        """The one item of a list that a loop finds."""
        w = self.w
        place, shape = self.place("list")
        if shape.item.form == "scalar":
            raise GiveUp
        best, item = w.fresh("other", (), "best").name, w.fresh("other", (), "item").name
        w.emit(f"{best} = None")
        with w.block(f"for {item} in {place}:", loop=True), w.block(f"if {best} is None or {w.condition()}:"):
            w.emit(f"{best} = {item}")
        self.names.append((best, shape.item))


@construct("statement", "structures-of-any-depth", 2.5)
def structures(w: Writer) -> bool:
    if w.nested >= 1:
        raise GiveUp
    made = Structures(w, w.some("scalar").name, [])
    for _ in range(w.rng.randint(1, 2)):
        shape = random_shape(w, w.rng.randint(2, 3) if w.chance(0.8) else 1)
        if shape.form not in ("scalar", "array"):
            made.begun(shape)
    if not made.names:
        raise GiveUp
    if w.chance(0.4):
        made.helper()
    for _ in range(w.rng.randint(3, 8)):
        made.statement()
    for _ in range(w.rng.randint(1, 3)):
        with contextlib.suppress(GiveUp):
            made.read()
    return True
