"""The graph as Python text: lays out lines, indentation and comments."""

from __future__ import annotations

import ast
import itertools
import linecache
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from srcgrad.analysis.refusals import may_refuse, takes_refusals
from srcgrad.backend.effects import WRITES
from srcgrad.backend.expressions import IN_PLACE, Expressions, target_of, touch
from srcgrad.backend.globals import Globals
from srcgrad.backend.layout import Layout
from srcgrad.backend.names import Namer, unique
from srcgrad.backend.nesting import Plan, is_exit_code
from srcgrad.backend.structure import (
    Branch,
    Break,
    Continue,
    Copy,
    ForLoop,
    Return,
    Simple,
    Stmt,
    Structure,
    TryBlock,
    WhileLoop,
    WithBlock,
    children,
    defined_by,
    expand,
    operands_of,
)
from srcgrad.backend.text import expression_text, quiet, statement_texts
from srcgrad.backend.wrapping import wrapped
from srcgrad.errors import Span, SrcgradError
from srcgrad.ir.nodes import Call, Commit, Const, Enter, Exit, For, Function, Invoke, Op, Raise, Try, Value, walk
from srcgrad.ir.types import Type, is_scalar

_EXITS = {Exit.BREAK: "break", Exit.RETURN: "return"}
COMMENT_COLUMN = 52
MAX_LINE = 120


@dataclass(frozen=True)
class Decorator:
    """What stands above a function.

    Attributes:
        module, name: what it is, to be imported.
        options: its arguments, by name: text, or where something is to be imported from, and its name there.
    """

    module: str
    name: str
    options: tuple[tuple[str, str | tuple[str, str]], ...]

    def text(self, shared: Globals) -> str:
        """The decorator with the names that things have in a module."""
        given = [f"{name}={v if isinstance(v, str) else shared.imported(*v)}" for name, v in self.options]
        return f"{shared.imported(self.module, self.name)}({', '.join(given)})"


@dataclass(frozen=True)
class Emitted:
    """Generated code.

    Attributes:
        header: its import lines; empty if it needs none.
        functions: the text of its functions.
        namespace: what the names in the text stand for, functions of the text and captured names aside.
        spans: for each line of the functions where in the user's source it comes from.
        kinds: for each decorated function the types that each of its names has; a name may have several.
    """

    header: str
    functions: str
    namespace: dict[str, Any] = field(default_factory=dict)
    spans: list[Span | None] = field(default_factory=list)
    kinds: dict[str, dict[str, set[Type]]] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """The whole text."""
        return f"{self.header}\n\n\n{self.functions}" if self.header else self.functions

    @property
    def places(self) -> list[Span | None]:
        """For each line of the whole text where in the user's source it comes from."""
        return [*[None] * (self.source.count("\n") - self.functions.count("\n")), *self.spans]


def emit_module(
    functions: list[Function], *, comments: bool = True, decorators: Mapping[Function, Decorator] | None = None
) -> Emitted:
    """Prints functions of the graph as Python.

    Args:
        functions: what to print, in order; each becomes one `def`.
        comments: whether to say in comments which line of the user's source a statement comes from.
        decorators: what some of them are decorated with.
    """
    _rename_captured(functions)
    plans = [Plan(function) for function in functions]
    reserved = {f.name for f in functions} | {v.hint for f in functions for v in [*f.params, *f.captured] if v.hint}
    shared = Globals(reserved)
    above = {f: f"@{decorator.text(shared)}" for f, decorator in (decorators or {}).items()}
    for function, plan in zip(functions, plans, strict=True):
        collector = Expressions(shared, plan, {})
        for default in function.defaults.values():
            collector.tree(default)
        for op in walk(function.body):
            touch(collector, op)
    local = {p.hint for f in functions for p in f.params} - {v.hint for f in functions for v in f.captured}
    taken = (shared.taken - local) | {f.name for f in functions}
    prepared = [_prepare(f, p, taken, f in above) for f, p in zip(functions, plans, strict=True)]
    for namer, _ in prepared:
        shared.taken.update(namer.names.values())
    with quiet():
        printers = [
            (_Printer(f, p, shared, namer, layout, comments, above.get(f)), block)
            for f, p, (namer, (layout, block)) in zip(functions, plans, prepared, strict=True)
        ]
        texts = [printer.text(block) for printer, block in printers]
    spans = [span for printer, _ in printers for span in (*printer.spans, None, None)]
    kinds = {f.name: _kinds(namer) for f, (namer, _) in zip(functions, prepared, strict=True) if f in above}
    return Emitted(shared.header, "\n\n".join(texts), shared.namespace, spans, kinds)


def _kinds(namer: Namer) -> dict[str, set[Type]]:
    found: dict[str, set[Type]] = {}
    for value, name in namer.names.items():
        found.setdefault(name, set()).add(value.type)
    return found


def _rename_captured(functions: list[Function]) -> None:
    """Lets nothing that is generated hide what is read from outside: that is a global name in the generated module."""
    own = {f.name for f in functions} | {p.hint for f in functions for p in f.params}
    captured = dict.fromkeys(v for f in functions for v in f.captured)
    taken = own | {v.hint for v in captured}
    for value in captured:
        if value.hint in own:
            value.hint = unique(value.hint, taken)
            taken.add(value.hint)


def _prepare(
    function: Function, plan: Plan, taken: set[str], compiled: bool
) -> tuple[Namer, tuple[Layout, list[Stmt]]]:
    block = Structure(function, plan).build()
    reserved = taken - {p.hint for p in function.params if p.hint}
    namer = Namer(function, block, plan, reserved, compiled)
    layout = Layout(plan, namer.names)
    return namer, (layout, layout.run(block))


@dataclass(slots=True)
class _Line:
    """A line to be: `text`, then a statement or an expression if there is one, then `end`."""

    indent: int
    text: str = ""
    node: ast.stmt | None = None
    end: str = ""
    comment: str = ""
    span: Span | None = None


class _Printer:
    """Prints one function."""

    def __init__(
        self,
        function: Function,
        plan: Plan,
        shared: Globals,
        namer: Namer,
        layout: Layout,
        comments: bool,
        decorator: str | None = None,
    ):
        self.function = function
        self.plan = plan
        self.names = namer.names
        self.unused = namer.unused
        self.layout = layout
        self.comments = comments
        self.decorator = decorator
        self.expressions = Expressions(shared, plan, namer.names)
        self.lines: list[_Line] = []
        self.spans: list[Span | None] = []
        self.last_place: tuple[str, int] | None = None
        self.in_backward = False

    def text(self, block: list[Stmt]) -> str:
        """The whole `def`."""
        function = self.function
        if self.decorator is not None:
            self.lines.append(_Line(0, self.decorator))
        self.lines.append(_Line(0, f"def {function.name}({self._signature()}):"))
        if function.doc:
            plain = "\\" not in function.doc and '"' not in function.doc and "\n" not in function.doc
            self.lines.append(_Line(1, f'"""{function.doc}"""' if plain else repr(function.doc)))
        self._body(block)
        if self.lines[-1].text.startswith("def "):
            self.lines.append(_Line(1, "pass"))
        printed = iter(statement_texts([line.node for line in self.lines if line.node is not None]))
        for line in self.lines:
            if line.node is not None:
                line.text += next(printed) + line.end
        finished = [(text, line.span) for line in self.lines for text in self._finished(line)]
        for _, span in finished:
            self.spans.append(span or (self.spans[-1] if self.spans else None))
        return "".join(f"{text}\n" for text, _ in finished)

    def _finished(self, line: _Line) -> list[str]:
        """A line with its comment, on as many lines as it takes."""
        indent = "    " * line.indent
        first, *rest = wrapped(line.text, MAX_LINE - len(indent))
        below = [f"{indent}{text}" for text in rest]
        text = f"{indent}{first}"
        if not line.comment:
            return [text, *below]
        padded = text.ljust(COMMENT_COLUMN) if len(text) < COMMENT_COLUMN - 1 else f"{text}  "
        full = f"{padded}{line.comment}"
        if len(full) <= MAX_LINE:
            return [full, *below]
        place = line.comment.split("  ")[0]
        room = MAX_LINE - len(padded)
        if room < len(place):
            return [f"{indent}{line.comment}", text, *below]
        if room > len(place) + 24:
            return [f"{padded}{line.comment[: room - 4].rstrip()} ...", *below]
        return [f"{padded}{place}", *below]

    def _signature(self) -> str:
        function = self.function
        first_keyword = len(function.params) - function.keyword_only
        parts: list[str] = []
        for k, param in enumerate(function.params):
            if k == first_keyword and function.keyword_only:
                parts.append("*")
            name = self.names[param]
            default = function.defaults.get(param.hint or name, _NO_DEFAULT)
            parts.append(
                name if default is _NO_DEFAULT else f"{name}={expression_text(self.expressions.tree(default))}"
            )
        return ", ".join(parts)

    def _body(self, block: list[Stmt]) -> None:
        start = self.function.backward_from
        backward = set() if start is None else set(self.function.body.ops[start:])
        marked = start is not None and self.comments
        if marked and block and block[0].op not in backward:
            self.lines.append(_Line(1, "# forward"))
        for stmt in block:
            if not self.in_backward and stmt.op in backward:
                self.in_backward = True
                self.last_place = None
                if marked:
                    self.lines.append(_Line(1, "# backward"))
            self._statement(stmt, 1)

    def _text(self, indent: int, text: str, op: Op | None) -> None:
        self.lines.append(_Line(indent, text, comment=self._comment(op), span=_span(op)))

    def _line(self, indent: int, node: ast.stmt, op: Op | None) -> None:
        self.lines.append(_Line(indent, "", node, "", self._comment(op), _span(op)))

    def _header(self, indent: int, text: str, node: ast.expr, end: str, op: Op | None) -> None:
        """A line that holds an expression: `if test:`."""
        self.lines.append(_Line(indent, text, ast.Expr(node), end, self._comment(op), _span(op)))

    def _comment(self, op: Op | None) -> str:
        """Where a statement comes from, unless the one before it comes from there too."""
        span = _span(op)
        if not self.comments or span is None:
            return ""
        place = (span.filename, span.line)
        if place == self.last_place:
            return ""
        self.last_place = place
        comment = f"# {os.path.basename(span.filename)}:{span.line}"
        if self.in_backward:
            source = " ".join(linecache.getline(span.filename, span.line).split())
            comment = f"{comment}  {source}" if source else comment
        return comment

    def _note(self, text: str) -> None:
        """Adds to the comment of the last line."""
        if self.comments:
            line = self.lines[-1]
            line.comment = f"{line.comment}  {text}" if line.comment else f"# {text}"

    def _block(self, block: list[Stmt], indent: int) -> None:
        before = len(self.lines)
        for stmt in block:
            self._statement(stmt, indent)
        if len(self.lines) == before:
            self.lines.append(_Line(indent, "pass"))

    def _statement(self, stmt: Stmt, indent: int) -> None:
        if isinstance(stmt, Simple):
            self._simple(stmt, indent)
        elif isinstance(stmt, Copy):
            self._copy(stmt, indent)
        elif isinstance(stmt, TryBlock):
            self._try(stmt, indent)
        elif isinstance(stmt, Branch):
            self._branch(stmt, indent, "if")
        elif isinstance(stmt, WithBlock):
            self._with(stmt, indent)
        elif isinstance(stmt, ForLoop):
            text, bounds = self._for_header(stmt)
            self._header(indent, text, bounds, ":", stmt.op)
            self._block(stmt.body, indent + 1)
        elif isinstance(stmt, WhileLoop):
            test = self._always() if stmt.test is None else self.expressions.value(stmt.test)
            self._header(indent, "while ", test, ":", stmt.op)
            self._block(stmt.body, indent + 1)
        elif isinstance(stmt, Return):
            self._return(stmt, indent)
        else:
            assert isinstance(stmt, (Break, Continue))
            self.lines.append(_Line(indent, "break" if isinstance(stmt, Break) else "continue"))

    def _always(self) -> ast.expr:
        """The test of a loop that is left by `break` alone.

        Numba takes what stands in front of the only `break` of a `while True` for code behind the loop, gives the
        variables that are assigned there other names, and uses those in what follows in the loop. A test that it can't
        decide is another way out.
        """
        if self.decorator is None:
            return ast.Constant(True)
        return ast.Compare(ast.Constant(1), [ast.Eq()], [ast.Constant(1)])

    def _return(self, stmt: Return, indent: int) -> None:
        if stmt.tree is None:
            self._text(indent, "return", stmt.op)
            return
        expressions = self.expressions
        if stmt.inlined:
            expressions = Expressions(expressions.globals, _also_nested(self.plan, stmt.inlined), self.names)
        self._line(indent, ast.Return(expressions.tree(stmt.tree)), stmt.op)

    def _simple(self, stmt: Simple, indent: int) -> None:
        op = stmt.op
        assert op is not None
        if isinstance(op, Raise):
            exception, cause = (None if v is None else self.expressions.value(v) for v in (op.exception, op.cause))
            self._line(indent, ast.Raise(exception, cause), op)
            return
        own = self.expressions.statement(op)
        if own is None:
            own = self._assignment(op)
        for node in own:
            self._line(indent, node, op)
        if op.outputs and not defined_by(op, self.plan) and not self.plan.flags[op] & WRITES:
            self._note("may raise")

    def _assignment(self, op: Op) -> list[ast.stmt]:
        named = defined_by(op, self.plan)
        expression = self.expressions.operation(op)
        if not named:
            return [ast.Expr(expression)]
        names = {out: self.names[out] for out in named}
        if isinstance(op, Call) and op.fn in IN_PLACE and len(op.outputs) == 1:
            return self._updated(op, names[op.outputs[0]], expression)
        if isinstance(op, Invoke):
            position = dict(zip(op.callee.body.results, op.outputs, strict=True))
            inner = {r: names[out] for r, out in position.items() if out in names}
            if _has_dict(op.callee.result):
                return self._unpack_deep(expression, op.callee.result, inner)
            return [ast.Assign([target_of(op.callee.result, inner, self.unused)], expression)]
        augmented = self._augmented(op, expression)
        if augmented is not None:
            return [augmented]
        tree = op.outputs[0] if len(op.outputs) == 1 else tuple(op.outputs)
        return [ast.Assign([target_of(tree, names, self.unused)], expression)]

    def _updated(self, op: Call, name: str, expression: ast.expr) -> list[ast.stmt]:
        """`z = x; z += e` for what is an update of an array and a new number."""
        old, right = (self.expressions.tree(arg) for arg in op.args)
        kept = isinstance(old, ast.Name) and old.id == name
        if not kept and any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(right)):
            return [ast.Assign([ast.Name(name, ast.Store())], expression)]
        update = ast.AugAssign(ast.Name(name, ast.Store()), IN_PLACE[op.fn](), right)
        return [update] if kept else [ast.Assign([ast.Name(name, ast.Store())], old), update]

    def _augmented(self, op: Op, expression: ast.expr) -> ast.stmt | None:
        """`x += e` for `x = x + e`, where `x` is a number, so that nothing else can see the difference."""
        if len(op.outputs) != 1 or not isinstance(expression, ast.BinOp) or not is_scalar(op.outputs[0].type):
            return None
        name = self.names[op.outputs[0]]
        if not isinstance(expression.left, ast.Name) or expression.left.id != name:
            return None
        if isinstance(op, Call) and not all(is_scalar(v.type) for v in op.inputs):
            return None
        return ast.AugAssign(ast.Name(name, ast.Store()), expression.op, expression.right)

    def _unpack_deep(self, expression: ast.expr, tree: Any, names: dict[Value, str]) -> list[ast.stmt]:
        """A result with dicts in it is taken apart by subscripts."""
        whole = ast.Name(self.unused, ast.Load())
        out: list[ast.stmt] = [ast.Assign([ast.Name(self.unused, ast.Store())], expression)]
        stack: list[tuple[Any, ast.expr]] = [(tree, whole)]
        while stack:
            item, place = stack.pop(0)
            if isinstance(item, Value):
                if item in names:
                    out.append(ast.Assign([ast.Name(names[item], ast.Store())], place))
                continue
            for key, inner in item.items() if isinstance(item, dict) else enumerate(item):
                stack.append((inner, ast.Subscript(place, self.expressions.constant(key), ast.Load())))
        return out

    def _copy(self, stmt: Copy, indent: int) -> None:
        op = stmt.op if isinstance(stmt.op, Op) and (stmt.inlined or not stmt.op.regions) else None
        for step in self.layout.steps(stmt):
            targets: list[ast.expr] = [ast.Name(self.names[self.plan.resolve(dst)], ast.Store()) for dst, _ in step]
            values = [self.expressions.value(src, stmt.inlined) for _, src in step]
            if len(step) == 1:
                node = ast.Assign([targets[0]], values[0])
            else:
                node = ast.Assign([ast.Tuple(targets, ast.Store())], ast.Tuple(values, ast.Load()))
            self._line(indent, node, op)
            for dst, src in step:
                if (
                    isinstance(src, Const)
                    and is_exit_code(dst)
                    and dst not in self.plan.exit_flags
                    and src.value in _EXITS
                ):
                    self._note(_EXITS[src.value])

    def _branch(self, stmt: Branch, indent: int, word: str) -> None:
        if not stmt.then and not stmt.orelse:
            self._line(indent, ast.Expr(self.expressions.value(stmt.test)), stmt.op)
            return
        if stmt.leaves_loop:
            self._header(indent, f"{word} ", self.expressions.value(stmt.test), " not in (0, 2):", stmt.op)
        else:
            test = self.expressions.negation(stmt.test) if stmt.negated else self.expressions.value(stmt.test)
            self._header(indent, f"{word} ", test, ":", stmt.op)
        self._block(stmt.then, indent + 1)
        if len(stmt.orelse) == 1 and type(stmt.orelse[0]) is Branch and (stmt.orelse[0].then or stmt.orelse[0].orelse):
            self._branch(stmt.orelse[0], indent, "elif")
        elif stmt.orelse:
            self.lines.append(_Line(indent, "else:"))
            self._block(stmt.orelse, indent + 1)

    def _try(self, stmt: TryBlock, indent: int) -> None:
        assert isinstance(stmt.op, Try)
        commit = next((k for k, inner in enumerate(stmt.then) if isinstance(inner.op, Commit)), len(stmt.then))
        self._text(indent, "try:", stmt.op)
        self._block(stmt.then[:commit], indent + 1)
        if takes_refusals(stmt.test) and not _lets_refusals_pass(stmt) and may_refuse(_protected(stmt.op)):
            refusal = self.expressions.globals.imported(SrcgradError.__module__, SrcgradError.__name__)
            self.lines.append(_Line(indent, f"except {refusal}:"))
            self.lines.append(_Line(indent + 1, "raise"))
        self._handlers(stmt.op, stmt.test, stmt.orelse, indent)
        if stmt.then[commit + 1 :]:
            self.lines.append(_Line(indent, "else:"))
            self._block(stmt.then[commit + 1 :], indent + 1)

    def _handlers(self, op: Try, catches: Value, block: list[Stmt], indent: int) -> None:
        """The handlers: one for each class that the block asks for one after the other."""
        while len(block) == 1 and type(test := block[0]) is Branch and (cls := _class_asked_for(op, test)):
            inner = test.orelse if test.negated else test.then
            self._handler(op, cls, inner, indent)
            block = test.then if test.negated else test.orelse
            rest = _without(catches, cls)
            catches = catches if rest is None else rest
        self._handler(op, catches, block, indent)

    def _handler(self, op: Try, catches: Value, block: list[Stmt], indent: int) -> None:
        error = self.names.get(op.error) if _mentions(block, op.error, self.plan) else None
        several = isinstance(catches, Const) and isinstance(catches.value, tuple)
        start, end = ("except (", ")") if several else ("except ", "")
        end += ":" if error is None else f" as {error}:"
        self.lines.append(_Line(indent, start, ast.Expr(self.expressions.value(catches)), end))
        self._block(block, indent + 1)

    def _with(self, stmt: WithBlock, indent: int) -> None:
        assert isinstance(stmt.op, Enter)
        named = defined_by(stmt.op, self.plan)
        end = f" as {self.names[named[0]]}:" if named else ":"
        self._header(indent, "with ", self.expressions.value(stmt.op.context), end, stmt.op)
        self._block(stmt.body, indent + 1)

    def _for_header(self, stmt: ForLoop) -> tuple[str, ast.expr]:
        op = stmt.op
        assert isinstance(op, For)
        bounds = [op.start, op.stop, op.step]
        if isinstance(op.step, Const) and op.step.value == 1:
            bounds.pop()
            if isinstance(op.start, Const) and op.start.value == 0:
                bounds.pop(0)
        expressions = self.expressions
        shared = expressions.globals
        made_by = ast.Name(shared.imported("numba", "prange")) if op.parallel else shared.builtin("range")
        node: ast.expr = ast.Call(made_by, [expressions.value(v) for v in bounds], [])
        if op.backwards:
            node = ast.Call(expressions.globals.builtin("reversed"), [node], [])
        index = self.names[op.index] if self.plan.uses.get(op.index) else self.unused
        return f"for {index} in ", node


_NO_DEFAULT = object()


def _protected(op: Try) -> Iterable[Op]:
    return itertools.takewhile(lambda inner: not isinstance(inner, Commit), op.then.ops)


def _lets_refusals_pass(stmt: TryBlock) -> bool:
    """Whether the first handler is one that generated code has for what its helpers refuse."""
    test = stmt.orelse[0] if len(stmt.orelse) == 1 else None
    assert isinstance(stmt.op, Try)
    asked = _class_asked_for(stmt.op, test) if type(test) is Branch else None
    return isinstance(asked, Const) and asked.value is SrcgradError


def _class_asked_for(op: Try, stmt: Branch) -> Value | None:
    """The class that a test in a handler asks the exception for, None if it asks for anything else."""
    test = stmt.test.owner
    if isinstance(test, Call) and test.fn is isinstance and test.args[0] is op.error:
        return test.args[1]
    return None


def _without(catches: Value, cls: Value) -> Value | None:
    """The classes that are left when some have been handled; None if that would be none."""
    if not isinstance(catches, Const) or not isinstance(cls, Const) or not isinstance(catches.value, tuple):
        return None
    handled = cls.value if isinstance(cls.value, tuple) else (cls.value,)
    left = tuple(c for c in catches.value if c not in handled)
    return Const(left[0] if len(left) == 1 else left) if left else None


def _mentions(block: list[Stmt], value: Value, plan: Plan) -> bool:
    """Whether statements use a value."""
    for stmt in block:
        values, inlined = operands_of(stmt)
        if value in expand(values, plan, inlined) or any(_mentions(inner, value, plan) for inner in children(stmt)):
            return True
    return False


def _has_dict(tree: Any) -> bool:
    return isinstance(tree, dict) or (isinstance(tree, (tuple, list)) and any(map(_has_dict, tree)))


def _span(op: Op | None) -> Span | None:
    if op is None:
        return None
    if op.span is not None:
        return op.span
    return op.mirror.span if op.mirror is not None else None


def _also_nested(plan: Plan, more: set[Value]) -> Plan:
    other = Plan.__new__(Plan)
    other.__dict__.update(plan.__dict__)
    other.nested = plan.nested | more
    return other
