"""Mutants of the rules of the registry, and of the tables of functions that the compiler decides by."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from srcgrad.rules import registry
from srcgrad.rules.registry import ACCUMULATE, JVP, LINEAR, PARTIALS, VJP, Linear, Rule

from .installing import replaced
from .mutation import Mutant, digest_of, dotted, modules, path_of

_LARGEST = 400
_NOT_DECISIONS = frozenset(["PARTIALS", "VJP", "JVP", "ACCUMULATE", "ACCUMULATING", "_SOURCES", "__all__"])


@dataclass(frozen=True, slots=True)
class Table:
    """A set or a dict at the top level of a module.

    Attributes:
        module: where it is made.
        name: its name there.
        line: the line of the assignment.
        value: itself.
    """

    module: str
    name: str
    line: int
    value: Any

    def probe(self, key: Any) -> str:
        return f"{self.module}:{self.name}[{label(key)}]"

    def recorded(self, hit: Callable[[str], None]) -> Any:
        """The same, but it reports what is looked up."""
        probe = functools.cache(self.probe)
        return _recorded(type(self.value))(self.value, lambda key: hit(probe(key)))

    def without(self, key: Any) -> Callable[[], None]:
        def install() -> None:
            if isinstance(self.value, frozenset):
                replaced(self.value, self.value - {key})
            elif isinstance(self.value, dict):
                del self.value[key]
            else:
                self.value.discard(key)

        return install


def label(key: Any) -> str:
    """The name of an element of a table; the same in every run."""
    if isinstance(key, tuple):
        return f"({', '.join(map(label, key))})"
    if callable(key):
        return registry.display_name(key)
    return repr(key)


def tables() -> list[Table]:
    """The tables of all modules that are loaded."""
    found: list[Table] = []
    for module in modules():
        loaded = sys.modules.get(dotted(module))
        if loaded is None:
            continue
        for node in ast.parse(path_of(module).read_bytes()).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(target, ast.Name):
                    value = vars(loaded).get(target.id)
                    known = target.id in _NOT_DECISIONS or any(t.value is value for t in found)
                    if type(value) in (set, frozenset, dict) and 0 < len(value) <= _LARGEST and not known:
                        found.append(Table(module, target.id, node.lineno, value))
    return found


def mutants_of_tables() -> Iterator[Mutant]:
    """Each table without one of its elements."""
    for table in tables():
        for key in sorted(table.value, key=label):
            reach = frozenset([table.probe(key)])
            text = f"{table.name}[{label(key)}]"
            change = f"without {label(key)}"
            install = table.without(key)
            yield Mutant(table.module, table.name, table.line, text, "entry", change, reach, None, install, digest=text)


# Rules


def mutants_of_rules() -> Iterator[Mutant]:
    """Each derivative of each rule: doubled, of the other sign, dropped, and exchanged with the next one.

    Of a rule that takes tangents, so is what it makes of each of them. Only what is doubled or exchanged is a decision:
    what notices an error as large as a derivative notices that it is dropped, and that its sign is another one.
    """
    for table in (PARTIALS, VJP, ACCUMULATE, JVP):
        for fn, rule in sorted(table.items(), key=lambda item: (item[1].body.__module__, label(item[0]))):
            if rule.body.__module__.startswith("srcgrad."):
                yield from _mutants_of_rule(table, fn, rule)
    for fn, linear in sorted(LINEAR.items(), key=lambda item: label(item[0])):
        for argument in linear.arguments if len(linear.arguments) > 1 else ():
            yield _without_argument(fn, linear, argument)


def _without_argument(fn: Any, linear: Linear, argument: str) -> Mutant:
    """A function that is linear in several arguments, but said not to be in one of them."""
    rest = Linear(tuple(name for name in linear.arguments if name != argument), linear.jointly)

    def install() -> None:
        LINEAR[fn] = rest

    reach, text = frozenset([f"rule:{label(fn)}"]), f"linear of {label(fn)}"
    change = f"without {argument}"
    return Mutant("rules/registry", "LINEAR", 0, text, "rule", change, reach, None, install, digest=str(linear))


def _mutants_of_rule(table: dict[Any, Rule], fn: Any, rule: Rule) -> Iterator[Mutant]:
    module = rule.body.__module__.removeprefix("srcgrad.").replace(".", "/")
    line = rule.body.__code__.co_firstlineno
    counts = _entries(rule)
    changes: list[tuple[str, Callable[[Any], Any] | None, int]] = []
    for k in range(counts):
        changes += [("doubled", lambda g: 2.0 * g, k), ("negated", lambda g: -g, k), ("zero", lambda g: 0.0 * g, k)]
    changes += [(f"{k}, {k + 1}", None, k) for k in range(counts - 1 if rule.kind != "jvp" else 0)]
    reach = frozenset([f"rule:{label(fn)}"])
    text = f"{rule.kind} of {label(fn)}"
    digest = digest_of(inspect.getsource(rule.body))
    for name, change, k in changes:
        what = f"derivatives {name}" if change is None else f"derivative {k} {name}"
        install = _installs(table, fn, rule, change, k)
        decides = name not in ("negated", "zero")
        yield Mutant(module, rule.body.__name__, line, text, "rule", what, reach, None, install, decides, digest)


def _entries(rule: Rule) -> int:
    """How many derivatives a rule returns, or tangents it takes."""
    if rule.kind in ("accumulate", "jvp"):
        return max(len(rule.tangents), 1)
    tree = ast.parse(textwrap.dedent(inspect.getsource(rule.body)))
    returned = [n.value for n in ast.walk(tree) if isinstance(n, ast.Return) and n.value is not None]
    sizes = [
        sum(not (isinstance(e, ast.Constant) and e.value is None) for e in v.elts) if isinstance(v, ast.Tuple) else 1
        for v in returned
    ]
    return max(sizes, default=1)


def _installs(
    table: dict[Any, Rule], fn: Any, rule: Rule, change: Callable[[Any], Any] | None, k: int
) -> Callable[[], None]:
    @functools.wraps(rule.body)
    def body(*args: Any, **kwargs: Any) -> Any:
        if rule.kind == "accumulate":
            shadow, g, *rest = args
            assert change is not None
            return rule.body(shadow, _mapped(change, g), *rest, **kwargs)
        if rule.kind == "jvp":
            assert change is not None
            return rule.body(*args[:k], _mapped(change, args[k]), *args[k + 1 :], **kwargs)
        result = rule.body(*args, **kwargs)
        entries = list(result) if isinstance(result, tuple) else [result]
        there = [i for i, entry in enumerate(entries) if entry is not None]
        if change is not None and k < len(there):
            entries[there[k]] = _mapped(change, entries[there[k]])
        elif change is None and k + 1 < len(there):
            i, j = there[k], there[k + 1]
            entries[i], entries[j] = entries[j], entries[i]
        return tuple(entries) if isinstance(result, tuple) else entries[0]

    def install() -> None:
        table[fn] = Rule(rule.kind, body, rule.parameters, rule.tangents)

    return install


def _mapped(change: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, (list, tuple)):
        return type(tree)([_mapped(change, item) for item in tree])
    return None if tree is None else change(tree)


# Tables that report


def _recorded(kind: type) -> type:
    class Recorded(kind):  # type: ignore[valid-type, misc]
        """A table that reports what is found in it."""

        def __new__(cls, value: Any, hit: Callable[[Any], None]) -> Any:
            return kind.__new__(cls, value) if kind is frozenset else kind.__new__(cls)

        def __init__(self, value: Any, hit: Callable[[Any], None]) -> None:
            if kind is not frozenset:
                super().__init__(value)
            self.hit = hit

        def __contains__(self, key: Any) -> bool:
            found: bool = super().__contains__(key)
            if found:
                self.hit(key)
            return found

        def __iter__(self) -> Any:
            for key in super().__iter__():
                self.hit(key)
                yield key

    def get(self: Any, key: Any, default: Any = None) -> Any:
        if key in self:
            return kind.__getitem__(self, key)  # type: ignore[attr-defined]
        return default

    def getitem(self: Any, key: Any) -> Any:
        self.hit(key)
        return kind.__getitem__(self, key)  # type: ignore[attr-defined]

    if kind is dict:
        Recorded.get = get  # type: ignore[attr-defined]
        Recorded.__getitem__ = getitem  # type: ignore[attr-defined]
    return Recorded
