"""Facts about the names of one function, from its AST alone.

Names are as written: private names are not mangled here. Annotations are left out, as they take no part in what a
function computes. Everything is gathered in one walk without recursion, so that a chain of 2000 `elif` is no deeper
than any other code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_FUNCTIONS_AND_LAMBDAS = (ast.Lambda, *_FUNCTIONS)
_SYMBOLS = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)

_COLLECTORS = frozenset(["all", "any", "dict", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple"])
"""What takes all that a generator expression gives before it returns."""

_RETURN, _BREAK, _CONTINUE = 1, 2, 4
_EXITS = {"return": _RETURN, "break": _BREAK, "continue": _CONTINUE}


@dataclass(eq=False, slots=True)
class _Names:
    """The names of one scope: of the function itself, or of a function, class or comprehension inside it.

    Attributes:
        is_lazy: whether it is a generator expression whose items may be asked for later.
    """

    kind: str
    parent: _Names | None
    bound: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    is_lazy: bool = False

    @property
    def locals(self) -> set[str]:
        return self.bound - self.globals - self.nonlocals


_Item = tuple[ast.AST, _Names, ast.AST | None, bool]
"""Something to visit: the node, its scope, the statement it stands in, whether that is a loop and this in its body."""


class Scope:
    """The names of one function. Made once per node: see `scope_of`.

    Attributes:
        node: the function.
        posonly, args, vararg, kwonly, kwarg: the names of its parameters, by kind.
        defaults: parameter name -> the AST of its default.
        locals: its parameters and all names that it binds in any way, in its own scope.
        globals: the names it declares `global`.
        nonlocals: the names it declares `nonlocal`.
        free: names that it or a function inside it uses and that are not its own: captured ones, globals, built-ins.
        captured: its locals that functions and classes inside it use or rebind (those that live in cells).
        rebound_by_nested: its locals that functions inside it declare `nonlocal` and bind.
        is_generator: whether it has a `yield` of its own.
        is_async: whether it is an `async def`.
    """

    def __init__(self, node: FunctionNode):
        self.node = node
        args = node.args
        self.posonly = tuple(arg.arg for arg in args.posonlyargs)
        self.args = tuple(arg.arg for arg in args.args)
        self.vararg = args.vararg.arg if args.vararg else None
        self.kwonly = tuple(arg.arg for arg in args.kwonlyargs)
        self.kwarg = args.kwarg.arg if args.kwarg else None
        self.defaults = _defaults(args)
        self.is_async = isinstance(node, ast.AsyncFunctionDef)
        self._walk = walk = _Walk(_Names("function", None, set(_parameters(args))))
        walk.visit(node.body if isinstance(node.body, list) else [node.body])
        walk.keep_exits()
        self.is_generator = walk.has_yield
        self.locals = frozenset(walk.root.locals)
        self.globals = frozenset(walk.root.globals)
        self.nonlocals = frozenset(walk.root.nonlocals)
        free, inner = walk.free()
        self.free = frozenset(free)
        self.captured = frozenset(inner & self.locals)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of all parameters, in the order of the signature."""
        star = () if self.vararg is None else (self.vararg,)
        star_star = () if self.kwarg is None else (self.kwarg,)
        return (*self.posonly, *self.args, *star, *self.kwonly, *star_star)

    @cached_property
    def rebound_by_nested(self) -> frozenset[str]:
        return frozenset(self._walk.rebound()) & self.locals

    def bound_in(self, nodes: Iterable[ast.AST]) -> set[str]:
        """All names that statements or targets bind or unbind, also those declared `global` or `nonlocal`.

        Functions inside count with their names, not with what happens when they are called.
        """
        mask = 0
        for node in nodes:
            mask |= self._walk.mask_of(node)
        return self._walk.names_in(mask)

    def assigned_in(self, nodes: Iterable[ast.AST], nested: bool = False) -> set[str]:
        """The names of this function's own scope that statements or targets bind or unbind.

        Args:
            nodes: any statements of the function, such as a body or what follows an `if`, or expressions.
            nested: also name what the functions inside this one, wherever they are defined, may rebind when called.

        Example:
            >>> scope = Scope(ast.parse("def f(x):\\n for i in x: y, z[0] = [(k := j) for j in x]").body[0])
            >>> sorted(scope.assigned_in(scope.node.body))
            ['i', 'k', 'y']
        """
        names = self.bound_in(nodes) - self.globals - self.nonlocals
        return names | self.rebound_by_nested if nested else names

    def has_exit(self, statements: Sequence[ast.stmt], in_loop: bool = True) -> set[str]:
        """Which of `break`, `continue` and `return` may leave the statements; those of loops inside do not.

        Args:
            statements: any statements of the function.
            in_loop: whether a loop is around them; without one only `return` can leave them.

        Example:
            >>> scope = Scope(ast.parse("def f(x):\\n for i in x:\\n  if i: break\\n  return i").body[0])
            >>> scope.has_exit(scope.node.body)
            {'return'}
        """
        mask = 0
        for statement in statements:
            mask |= self._walk.exits_of(statement)
        return _named(mask, in_loop)


def scope_of(node: FunctionNode) -> Scope:
    """The scope of a function, made at the first call and kept on the node."""
    scope = getattr(node, "_srcgrad_scope", None)
    if scope is None or scope.node is not node:
        scope = Scope(node)
        node._srcgrad_scope = scope  # type: ignore[union-attr]
    return scope


@dataclass(frozen=True, slots=True)
class ComprehensionScope:
    """The names of a comprehension: see `comprehension_scope`."""

    locals: frozenset[str]
    globals: frozenset[str]
    nonlocals: frozenset[str]


def comprehension_scope(node: ast.expr, outer: Scope | ComprehensionScope) -> ComprehensionScope:
    """The scope of a comprehension or generator expression.

    Its targets are its locals; what `:=` binds in it belongs to the function around it, and so is `nonlocal` here.

    Example:
        >>> function = ast.parse("lambda xs: [(y := x) for x in xs]", mode="eval").body
        >>> names = comprehension_scope(function.body, Scope(function))
        >>> sorted(names.locals), sorted(names.nonlocals)
        (['x'], ['y'])
    """
    walk = _Walk(_Names("function", None))
    mask = walk.mask_of(node)
    targets = frozenset(walk.scopes[1].bound)
    walrus = frozenset(walk.names_in(mask))
    return ComprehensionScope(targets, outer.globals - targets, walrus - outer.globals)


def assigned_in(nodes: Iterable[ast.AST], scope: Scope) -> set[str]:
    """Every variable that may have changed after the statements: bound by them, or by a nested function they may call.

    Names declared `global` or `nonlocal` are among them, under the names they have here.
    """
    return scope.bound_in(nodes) | scope.rebound_by_nested


def has_exit(statements: Sequence[ast.stmt], in_loop: bool = True) -> set[str]:
    """Which of `break`, `continue` and `return` may leave the statements: `Scope.has_exit` without a scope.

    The answer is kept on the statements.
    """
    mask = 0
    for statement in statements:
        known = getattr(statement, "_srcgrad_exits", None)
        if known is None:
            walk = _Walk(_Names("function", None))
            known = walk.exits_of(statement)
            walk.keep_exits()
        mask |= known
    return _named(mask, in_loop)


def _named(exits: int, in_loop: bool) -> set[str]:
    return {name for name, bit in _EXITS.items() if exits & bit and (in_loop or name == "return")}


def _parameters(args: ast.arguments) -> Iterator[str]:
    for arg in (*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg):
        if arg is not None:
            yield arg.arg


def _defaults(args: ast.arguments) -> dict[str, ast.expr]:
    positional = [*args.posonlyargs, *args.args]
    with_default = positional[len(positional) - len(args.defaults) :]
    defaults = {arg.arg: default for arg, default in zip(with_default, args.defaults, strict=True)}
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if default is not None:
            defaults[arg.arg] = default
    return defaults


class _Walk:
    """The one walk over a function, and what it gathers.

    Sets of names per statement are bit masks: in a chain of n `elif` every statement contains all that follow, and n
    sets of up to n names each would be too many.
    """

    def __init__(self, root: _Names):
        self.root = root
        self.scopes = [root]
        self.has_yield = False
        self._bits: dict[str, int] = {}
        self._masks: dict[ast.AST, int] = {}
        self._exits: dict[ast.AST, int] = {}
        self._stack: list[_Item] = []
        self._collected: set[ast.AST] = set()

    def mask_of(self, node: ast.AST) -> int:
        if node not in self._masks:
            self.visit([node])
        return self._masks[node]

    def exits_of(self, statement: ast.stmt) -> int:
        if statement not in self._exits:
            self.visit([statement])
        return self._exits[statement]

    def keep_exits(self) -> None:
        for node, exits in self._exits.items():
            node._srcgrad_exits = exits  # type: ignore[attr-defined]

    def names_in(self, mask: int) -> set[str]:
        """The names whose bits are set."""
        # From the low bits up: a mask mostly holds few names, and all of them may be many.
        names = list(self._bits)
        found = set()
        while mask:
            low = mask & -mask
            found.add(names[low.bit_length() - 1])
            mask ^= low
        return found

    def visit(self, nodes: Sequence[ast.AST]) -> None:
        """Gathers the facts about statements or expressions of the root scope."""
        order: list[tuple[ast.AST, ast.AST | None, bool]] = []
        self._push(nodes, self.root, None)
        while self._stack:
            node, names, owner, in_loop = self._stack.pop()
            if names is self.root and (owner is None or isinstance(node, ast.stmt)):
                order.append((node, owner, in_loop))
                self._masks[node] = self._exits[node] = 0
                owner = node
            self._visit(node, names, owner)
        for statement, owner, in_loop in reversed(order):
            if owner is not None:
                self._masks[owner] |= self._masks[statement]
                exits = self._exits[statement]
                self._exits[owner] |= exits & _RETURN if in_loop else exits

    def _push(self, nodes: Sequence[ast.AST], names: _Names, owner: ast.AST | None, in_loop: bool = False) -> None:
        # In source order, so that `global` and `nonlocal` are seen before what they apply to.
        self._stack.extend((node, names, owner, in_loop) for node in reversed(nodes))

    def _visit(self, node: ast.AST, names: _Names, owner: ast.AST | None) -> None:
        """Notes what a node itself says, and puts its parts on the stack, each with its scope."""
        if isinstance(node, ast.Name):
            self._name(node, names, owner)
        elif isinstance(node, _FUNCTIONS_AND_LAMBDAS):
            self._function(node, names, owner)
        elif isinstance(node, ast.ClassDef):
            self._bind(node.name, names, owner)
            self._push(node.body, self._open("class", names), owner)
            self._push([*node.decorator_list, *node.bases, *node.keywords], names, owner)
        elif isinstance(node, _COMPREHENSIONS):
            self._comprehension(node, names, owner)
        elif isinstance(node, ast.NamedExpr):
            target = names
            while target.kind == "comprehension" and target.parent is not None:
                target = target.parent
            self._bind(node.target.id, target, owner)
            self._push([node.value], names, owner)
        elif isinstance(node, _LOOPS):
            self._push(node.orelse, names, owner)
            self._push(node.body, names, owner, in_loop=True)
            self._push([node.test] if isinstance(node, ast.While) else [node.iter, node.target], names, owner)
        elif isinstance(node, ast.AnnAssign):
            self._annotated(node, names, owner)
        else:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _COLLECTORS:
                self._collected.update(node.args)
            self._simple(node, names, owner)
            self._push([n for n in ast.iter_child_nodes(node) if not isinstance(n, _SYMBOLS)], names, owner)

    def _simple(self, node: ast.AST, names: _Names, owner: ast.AST | None) -> None:
        """Nodes whose parts need no special care."""
        if isinstance(node, ast.Global):
            names.globals.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            names.nonlocals.update(node.names)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                self._bind(alias.asname or alias.name.split(".")[0], names, owner)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            if node.name is not None:
                self._bind(node.name, names, owner)
        elif isinstance(node, ast.MatchMapping):
            if node.rest is not None:
                self._bind(node.rest, names, owner)
        elif isinstance(node, ast.AugAssign):
            if isinstance(node.target, ast.Name):
                names.used.add(node.target.id)
        elif names is self.root:
            if isinstance(node, (ast.Yield, ast.YieldFrom)):
                self.has_yield = True
            elif isinstance(node, (ast.Return, ast.Break, ast.Continue)):
                self._exits[node] |= _EXITS[type(node).__name__.lower()]

    def _name(self, node: ast.Name, names: _Names, owner: ast.AST | None) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._bind(node.id, names, owner)
            return
        names.used.add(node.id)
        if node.id == "super" and names.kind == "function":
            # Without arguments it reads the cell that holds the class.
            names.used.add("__class__")

    def _bind(self, name: str, names: _Names, owner: ast.AST | None) -> None:
        names.bound.add(name)
        # The body of a class runs in place, and binds what it declares nonlocal right here.
        while names.kind == "class" and name in names.nonlocals and names.parent is not None:
            names = names.parent
        if names is self.root and owner is not None:
            self._masks[owner] |= 1 << self._bits.setdefault(name, len(self._bits))

    def _open(self, kind: str, parent: _Names, bound: Iterable[str] = ()) -> _Names:
        names = _Names(kind, parent, set(bound))
        self.scopes.append(names)
        return names

    def _function(self, node: FunctionNode, names: _Names, owner: ast.AST | None) -> None:
        outside: list[ast.AST] = [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
        inner = self._open("function", names, _parameters(node.args))
        if isinstance(node, ast.Lambda):
            self._push([node.body], inner, owner)
        else:
            self._bind(node.name, names, owner)
            inner.bound.update(parameter.name for parameter in getattr(node, "type_params", ()))
            self._push(node.body, inner, owner)
            outside = [*node.decorator_list, *outside]
        self._push(outside, names, owner)

    def _comprehension(self, node: ast.AST, names: _Names, owner: ast.AST | None) -> None:
        """Its targets are its own; its first iterable is evaluated outside."""
        assert isinstance(node, _COMPREHENSIONS)
        inner = self._open("comprehension", names)
        inner.is_lazy = isinstance(node, ast.GeneratorExp) and node not in self._collected
        elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._push(elements, inner, owner)
        for generator in reversed(node.generators):
            self._push(generator.ifs, inner, owner)
            self._push([generator.target], inner, owner)
            self._push([generator.iter], names if generator is node.generators[0] else inner, owner)

    def _annotated(self, node: ast.AnnAssign, names: _Names, owner: ast.AST | None) -> None:
        if node.value is None and isinstance(node.target, ast.Name):
            # `x: float` makes x a local name and binds nothing.
            names.bound.add(node.target.id)
            return
        self._push([node.target] if node.value is None else [node.value, node.target], names, owner)

    def free(self) -> tuple[set[str], set[str]]:
        """The names that are resolved outside the function, and those that what is inside it needs from it."""
        outside: set[str] = set()
        # What each scope needs from the scopes around it, as far as its children say, ...
        needed: dict[_Names, set[str]] = {scope: set() for scope in self.scopes}
        # ... and of that, what functions, classes and generators need: any other comprehension runs in place.
        captured: dict[_Names, set[str]] = {scope: set() for scope in self.scopes}
        # Every scope comes after the one it stands in.
        for scope in reversed(self.scopes):
            own = scope.used | scope.nonlocals
            if scope.kind == "class":
                # What a class binds the functions inside it do not see, except for the class itself.
                own -= scope.locals
                hidden = {"__class__"}
            else:
                hidden = scope.locals
            outside |= (own | needed[scope]) & scope.globals
            hidden |= scope.globals
            everything = own - scope.globals | needed[scope] - hidden
            if scope.kind != "class":
                everything -= hidden
            inner = captured[scope] - hidden
            if scope.parent is not None:
                needed[scope.parent] |= everything
                in_place = scope.kind == "comprehension" and not scope.is_lazy
                captured[scope.parent] |= inner if in_place else everything
        return outside | everything, captured[self.root]

    def rebound(self) -> set[str]:
        """The names of the function that functions inside it declare `nonlocal` and bind."""
        found = set()
        for scope in self.scopes:
            for name in scope.nonlocals & scope.bound:
                owner = scope.parent
                while (
                    owner is not None
                    and owner is not self.root
                    and not (owner.kind == "function" and name in owner.locals)
                ):
                    owner = owner.parent
                if owner is self.root:
                    found.add(name)
        return found
