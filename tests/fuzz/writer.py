"""The state of a random program while it is written: its lines, its scope, and what has been used of the language."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

NAMES = [
    "total", "rate", "shift", "scale", "err", "flux", "state", "level", "gain", "drift", "weight", "force",
    "speed", "cost", "score", "mean_x", "spread", "decay", "angle", "width", "height", "phase", "load", "power",
    "field", "trend", "signal", "noise", "slope", "bias", "mass", "heat", "price", "share", "ratio", "yield_",
    "step_size", "offset",
]  # fmt: skip

SLICES = {
    "n": [
        ("1:", "n - 1"),
        (":-1", "n - 1"),
        ("1:-1", "n - 2"),
        ("2:", "n - 2"),
        (":-2", "n - 2"),
        ("::-1", "n"),
        (":3", "3"),
    ],
    "n - 1": [("1:", "n - 2"), (":-1", "n - 2"), ("::-1", "n - 1"), (":3", "3")],
    "n - 2": [("::-1", "n - 2"), (":2", "2")],
    "3": [("1:", "2"), (":-1", "2"), ("::-1", "3")],
    "2": [("::-1", "2")],
    "r": [("::-1", "r")],
    "c": [("::-1", "c")],
}
"""What a basic slice makes of each length; every sample point has n >= 4 and r, c >= 2."""


@dataclass(frozen=True)
class Var:
    """A name of the program, what it holds, and, of an array, the text of its lengths."""

    name: str
    kind: str  # scalar, array, int, floats, arrays, pairs, dict, function, object
    dims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Construct:
    """One way to write something: `make` gives its text, or writes its lines, or gives None if nothing fits."""

    tag: str
    category: str  # scalar, array, condition, statement
    make: Callable[..., str | bool | None]
    weight: float


CONSTRUCTS: dict[str, Construct] = {}


def construct(category: str, tag: str, weight: float = 1.0) -> Callable[[Callable], Callable]:
    """Registers a construct under its tag."""

    def register(make: Callable) -> Callable:
        if tag in CONSTRUCTS:
            raise ValueError(f"two constructs are tagged {tag}")
        CONSTRUCTS[tag] = Construct(tag, category, make, weight)
        return make

    return register


MAKERS = {"floats": "lists-of-floats", "arrays": "lists-of-arrays", "dict": "dicts"}
"""The constructs that make containers of each kind."""


class GiveUp(Exception):
    """No construct fits here."""


@dataclass
class Writer:
    """A function that is being written.

    Attributes:
        rng: the source of all choices.
        module: lines that stand before the function.
        focus: the tags that this program has more of than others, so that rare constructs meet each other often.
        budget: the statements that are still to be written.
    """

    rng: random.Random
    module: list[str] = field(default_factory=list)
    focus: frozenset[str] = frozenset()
    used: Counter[str] = field(default_factory=Counter)
    taken: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)
    scope: list[Var] = field(default_factory=list)
    indent: int = 1
    budget: int = 12
    loops: int = 0
    nested: int = 0
    helper: bool = False

    # ---- text

    def emit(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    @contextmanager
    def block(self, head: str, loop: bool = False) -> Iterator[None]:
        """Lines one level deeper, and names that are gone after them."""
        self.emit(head)
        scope, start = list(self.scope), len(self.lines)
        self.indent, self.nested, self.loops = self.indent + 1, self.nested + 1, self.loops + loop
        yield
        if len(self.lines) == start:
            self.emit("pass")
        self.indent, self.nested, self.loops = self.indent - 1, self.nested - 1, self.loops - loop
        self.scope = scope

    def child(self, params: Sequence[Var], budget: int = 3) -> Writer:
        """A writer for a helper, which shares names and choices, but not the scope."""
        other = Writer(self.rng, self.module, self.focus, self.used, self.taken, budget=budget, helper=True)
        other.scope = list(params)
        return other

    # ---- choices

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def pick(self, *options: str) -> str:
        return self.rng.choice(options)

    def number(self, low: float = 0.3, high: float = 1.7) -> str:
        return f"{self.rng.uniform(low, high):.2f}"

    def fresh(self, kind: str, dims: Sequence[str] = (), hint: str = "") -> Var:
        """A new name; it is in scope as soon as `bind` says so."""
        base = hint or self.rng.choice(NAMES)
        name, k = base, 1
        while name in self.taken:
            k += 1
            name = f"{base.rstrip('_')}{k}"
        self.taken.add(name)
        return Var(name, kind, tuple(dims))

    def bind(self, var: Var) -> Var:
        self.scope.append(var)
        return var

    def define(self, kind: str, dims: Sequence[str], text: str) -> Var:
        """Writes an assignment to a new name."""
        var = self.fresh(kind, dims)
        self.emit(f"{var.name} = {text}")
        return self.bind(var)

    def vars(self, kind: str, dims: Sequence[str] | None = None, rank: int | None = None) -> list[Var]:
        """The names in scope that hold values of a kind."""
        return [
            v
            for v in self.scope
            if v.kind == kind and (dims is None or v.dims == tuple(dims)) and (rank is None or len(v.dims) == rank)
        ]

    def some(self, kind: str, dims: Sequence[str] | None = None, rank: int | None = None) -> Var:
        """A name that holds a value of a kind; a container is made if there is none.

        Raises:
            GiveUp: there is none.
        """
        found = self.vars(kind, dims, rank)
        if not found and kind in MAKERS and dims is None:
            CONSTRUCTS[MAKERS[kind]].make(self)
            self.used[MAKERS[kind]] += 1
            found = self.vars(kind)
        if not found:
            raise GiveUp
        # Late names more often, so that values flow on.
        return found[max(self.rng.randrange(len(found)), self.rng.randrange(len(found)))]

    def dims(self, rank: int = 1) -> tuple[str, ...]:
        """The lengths of some array in scope."""
        return self.some("array", rank=rank).dims

    def index(self, dim: str) -> str:
        """An index that is in bounds for an axis of this length."""
        options = ["0", "1", "-1", "-2"]
        if dim == "n":
            options += ["2", "n // 2", "n - 1", "-3"]
        if dim in ("n", "n - 1", "3"):
            options.append("2")
        loops = [v.name for v in self.vars("int", (dim,))]
        options += loops * 3
        return self.rng.choice(options)

    # ---- constructs

    def build(self, category: str, *args: object) -> str:
        """Some construct of a category that fits.

        Raises:
            GiveUp: none of those tried fits.
        """
        options = [c for c in CONSTRUCTS.values() if c.category == category]
        weights = [c.weight * (8.0 if c.tag in self.focus else 1.0) for c in options]
        for _ in range(12):
            chosen = self.rng.choices(options, weights)[0]
            state = len(self.lines), len(self.module), list(self.scope), self.indent, self.loops, self.nested
            used = self.used.copy()
            try:
                made = chosen.make(self, *args)
            except GiveUp:
                made = None
            if made is None:
                del self.lines[state[0] :], self.module[state[1] :]
                self.scope, self.indent, self.loops, self.nested = state[2:]
                self.used.clear()
                self.used.update(used)
                continue
            self.used[chosen.tag] += 1
            return made if isinstance(made, str) else ""
        raise GiveUp

    def scalar(self, depth: int = 0) -> str:
        """A scalar expression, of magnitude around one and smooth where it is."""
        if depth >= 3 or self.chance(0.25 + 0.2 * depth):
            return self.leaf()
        try:
            return self.build("scalar", depth)
        except GiveUp:
            return self.leaf()

    def leaf(self) -> str:
        """A scalar that needs no operation."""
        options = [v.name for v in self.vars("scalar")] * 2
        options += [f"{v.name}[{', '.join(map(self.index, v.dims))}]" for v in self.vars("array") if v.dims]
        return self.rng.choice(options) if options else self.number()

    def array(self, dims: Sequence[str], depth: int = 0) -> str:
        """An expression for an array of these lengths."""
        same = self.vars("array", dims)
        if same and (depth >= 3 or self.chance(0.3 + 0.2 * depth)):
            return self.rng.choice(same).name
        if depth < 3:
            try:
                return self.build("array", tuple(dims), depth)
            except GiveUp:
                pass
        if same:
            return self.rng.choice(same).name
        shape = dims[0] if len(dims) == 1 else f"({', '.join(dims)})"
        return f"np.full({shape}, {self.leaf()})"

    def condition(self) -> str:
        """A condition, mostly one that depends on the data."""
        return self.build("condition")

    def statement(self) -> None:
        """Some statement."""
        self.budget -= 1
        try:
            self.build("statement")
        except GiveUp:
            self.define("scalar", (), self.scalar())

    def statements(self, low: int = 1, high: int = 3) -> None:
        """A few statements."""
        for _ in range(self.rng.randint(low, high)):
            if self.budget > -6:
                self.statement()
