"""Statements with classes of the user's own and their objects; the classes stand before the program."""

from __future__ import annotations

from .functions import outermost
from .writer import Writer, construct


@construct("statement", "methods-and-attributes", 8)
def methods(w: Writer) -> bool:
    outermost(w)
    cls, obj = w.fresh("other", (), "Model").name, w.fresh("other", (), "model").name
    w.module += f"""\
class {cls}:
    power = {w.pick("2", "3")}

    def __init__(self, rate):
        self.rate = rate
        self.table = [0.5, 1.5]

    def apply(self, q):
        return self.rate * q ** self.power + self.table[{w.pick("0", "1")}] * self.half(q)

    def half(self, q):
        return 0.5 * np.sin(q)

    @property
    def double(self):
        return 2 * self.rate

    @staticmethod
    def square(q):
        return q * q

    @classmethod
    def cube(cls, q):
        return q ** cls.power * 0.5

    def __call__(self, q):
        return self.apply(q) * 0.3


{obj} = {cls}({w.number()})

""".splitlines()
    q = w.scalar(2)
    w.define(
        "scalar",
        (),
        w.pick(f"{obj}.apply({q})", f"{obj}({q})", f"{obj}.double * {q}", f"{cls}.square({q})", f"{obj}.cube({q})"),
    )
    return True


@construct("statement", "inheritance", 3)
def inheritance(w: Writer) -> bool:
    outermost(w)
    base, sub = w.fresh("other", (), "Base").name, w.fresh("other", (), "Special").name
    obj = w.fresh("other", (), "special").name
    w.module += f"""\
class {base}:
    def value(self, q):
        return q * self.factor()

    def factor(self):
        return 1.5


class {sub}({base}):
    def factor(self):
        return {w.pick("0.7", "super().factor() * 0.5")}


{obj} = {sub}()

""".splitlines()
    w.define("scalar", (), f"{obj}.value({w.scalar(2)})")
    return True


@construct("statement", "named-tuples", 2)
def namedtuples(w: Writer) -> bool:
    outermost(w)
    cls, v = w.fresh("other", (), "Point").name, w.fresh("other", (), "point").name
    w.module += [f"{cls} = collections.namedtuple('{cls}', 'u v')", ""]
    w.emit(f"{v} = {cls}({w.scalar(2)}, v={w.scalar(2)})")
    w.emit(f"{w.some('scalar').name} += {v}.u * {v}[1]")
    if w.chance(0.4):
        w.emit(f"{v} = {v}._replace(u={w.scalar(2)})")
        w.emit(f"{w.some('scalar').name} += {v}.u * 0.5")
    return True


@construct("statement", "dataclasses", 2)
def dataclasses(w: Writer) -> bool:
    outermost(w)
    cls, v = w.fresh("other", (), "State").name, w.fresh("other", (), "state").name
    w.module += [
        "@dataclasses.dataclass",
        f"class {cls}:",
        "    u: float",
        "    v: float = 0.5",
        "",
        "    def norm(self):",
        "        return self.u ** 2 + self.v ** 2",
        "",
        "",
    ]
    w.emit(f"{v} = {cls}({w.scalar(2)}{w.pick('', f', v={w.scalar(2)}')})")
    w.emit(f"{w.some('scalar').name} += {v}.norm() * {v}.u * 0.3")
    return True


@construct("statement", "attributes-written", 2.5)
def attributes(w: Writer) -> bool:
    outermost(w)
    cls, v = w.fresh("other", (), "Counter").name, w.fresh("other", (), "counter").name
    w.module += [
        f"class {cls}:",
        "    def __init__(self, start):",
        "        self.total = start",
        "",
        "    def add(self, q):",
        "        self.total += q",
        "        return self",
        "",
        "",
    ]
    w.emit(f"{v} = {cls}({w.scalar(2)})")
    w.emit(f"{v}.add({w.scalar(2)})")
    w.emit(f"{w.some('scalar').name} += {v}.total * {w.scalar(2)}")
    return True


@construct("statement", "operators-of-classes", 3)
def operators(w: Writer) -> bool:
    outermost(w)
    cls, v = w.fresh("other", (), "Vec").name, w.fresh("other", (), "vec").name
    w.module += [
        f"class {cls}:", "    def __init__(self, u, v):", "        self.u, self.v = u, v", "",
        "    def __add__(self, other):", f"        return {cls}(self.u + other.u, self.v + other.v)", "",
        "    def __mul__(self, k):", f"        return {cls}(self.u * k, self.v * k)", "",
        "    def dot(self, other):", "        return self.u * other.u + self.v * other.v", "", "",
    ]  # fmt: skip
    w.emit(f"{v} = {cls}({w.scalar(2)}, {w.scalar(2)}) + {cls}({w.scalar(2)}, 0.5) * ({w.scalar(2)})")
    w.emit(f"{w.some('scalar').name} += {v}.dot({v}) * 0.3")
    return True
