"""The graph: structured SSA.

A `Function` has one `Region`; a region has arguments, operations in order, and results. Control flow is an
operation with regions (`If`, `Try`, `For`, `While`), each with one entry and one exit: what `break`, `continue` and
`return` do in Python is here an *exit code* (`Exit`) among the results of a region, so that every pass can walk the
program up and down without a special case. Everything else is a `Call` of a Python callable: `operator.mul`, `np.sin`,
`operator.setitem`.

A value is defined once. Arrays and lists are pointers: an operation that writes through one does not define a new
value.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from srcgrad.errors import Span
from srcgrad.ir.types import BOOL, COMPLEX, FLOAT, INT, NONE, UNKNOWN, Opaque, Type, Undefined

_uids = itertools.count()


class Exit(IntEnum):
    """How control leaves a block of statements: the exit codes.

    The numbers above RETURN are *labels*: like RETURN they leave every loop, up to the place that catches them.
    """

    NEXT = 0
    BREAK = 1
    CONTINUE = 2
    RETURN = 3


def leaves_loop(code: int) -> bool:
    """Whether a loop is left after an iteration with this exit code."""
    return code not in (Exit.NEXT, Exit.CONTINUE)


class Value:
    """Something an operation defines.

    Attributes:
        type: its kind.
        hint: the user's name for it, or the compiler's suggestion (`x_bar`); None for a temporary.
        span: where the user wrote it.
        owner: the `Op` that defines it, or the `Region` whose argument it is (a parameter's is the body); None
            for constants and for what is captured from outside.
        uid: a number that orders values by creation.
        primal: for a cotangent, the value it belongs to: the source of a name where there is no hint.
    """

    __slots__ = ("hint", "owner", "primal", "span", "type", "uid")

    def __init__(self, type: Type = UNKNOWN, hint: str | None = None, span: Span | None = None):
        self.type = type
        self.hint = hint
        self.span = span
        self.owner: Op | Region | None = None
        self.primal: Value | None = None
        self.uid = next(_uids)

    def __repr__(self) -> str:
        return f"%{self.hint or ''}{self.uid}"


class Const(Value):
    """A constant: a Python literal, a NumPy scalar or dtype, or a static object such as a class."""

    __slots__ = ("value",)

    def __init__(self, value: Any):
        super().__init__(type_of_constant(value))
        self.value = value

    def __repr__(self) -> str:
        return "undefined" if self.value is UNDEFINED else repr(self.value)


UNDEFINED = Undefined()
"""The value of a name on a path that never assigns it."""


def type_of_constant(value: Any) -> Type:
    """The type of a Python constant."""
    known = _LITERALS.get(type(value))
    return Opaque(type(value)) if known is None else known


_LITERALS: dict[type, Type] = {type(None): NONE, bool: BOOL, int: INT, float: FLOAT, complex: COMPLEX}


Tree = Any
"""Arguments of a call: a `Value`, or a tuple, list, dict or slice of trees."""


def leaves(tree: Tree) -> Iterator[Value]:
    """The values in an argument tree, in order."""
    found: list[Value] = []
    _collect(tree, found)
    return iter(found)


def _collect(tree: Tree, found: list[Value]) -> None:
    if isinstance(tree, Value):
        found.append(tree)
    elif isinstance(tree, (tuple, list)):
        for item in tree:
            _collect(item, found)
    elif isinstance(tree, dict):
        for item in tree.values():
            _collect(item, found)
    elif isinstance(tree, slice):
        for part in (tree.start, tree.stop, tree.step):
            _collect(part, found)


def map_tree(f: Callable[[Value], Tree], tree: Tree) -> Tree:
    """The same tree with `f` applied to its values."""
    if isinstance(tree, Value):
        return f(tree)
    if isinstance(tree, tuple):
        return tuple([map_tree(f, item) for item in tree])
    if isinstance(tree, list):
        return [map_tree(f, item) for item in tree]
    if isinstance(tree, dict):
        return {key: map_tree(f, item) for key, item in tree.items()}
    if isinstance(tree, slice):
        return slice(map_tree(f, tree.start), map_tree(f, tree.stop), map_tree(f, tree.step))
    return tree


class Op:
    """Base of all operations.

    Attributes:
        outputs: the values it defines.
        span: where the user wrote it.
        mirror: for an operation of the reverse sweep, the operation of the forward sweep it belongs to.
        parent: the region it stands in.
    """

    __slots__ = ("mirror", "outputs", "parent", "span")

    def __init__(self, outputs: list[Value], span: Span | None = None):
        self.outputs = outputs
        self.span = span
        self.mirror: Op | None = None
        self.parent: Region | None = None
        for output in outputs:
            output.owner = self

    @property
    def inputs(self) -> list[Value]:
        """The values it uses itself, not those used inside its regions."""
        return []

    @property
    def regions(self) -> list[Region]:
        return []

    def replace_inputs(self, f: Callable[[Value], Value]) -> None:
        """Applies `f` to every value it uses itself."""


class Call(Op):
    """A call of a Python callable: operators, NumPy functions, built-ins, helpers of the run time.

    Attributes:
        fn: the callable itself, the same object that Python would call.
        args: positional arguments, each an argument tree.
        kwargs: keyword arguments, each an argument tree.
        unpacks: whether it returns a tuple or list of known length, whose items, were there but one, are the outputs.
    """

    __slots__ = ("args", "fn", "kwargs", "unpacks")

    def __init__(
        self,
        fn: Callable,
        args: tuple[Tree, ...],
        kwargs: dict[str, Tree] | None = None,
        outputs: list[Value] | None = None,
        span: Span | None = None,
        unpacks: bool = False,
    ):
        super().__init__([] if outputs is None else outputs, span)
        self.unpacks = unpacks or len(self.outputs) > 1
        self.fn = fn
        self.args = args
        self.kwargs = kwargs or {}

    @property
    def inputs(self) -> list[Value]:
        found: list[Value] = []
        for arg in self.args:
            if isinstance(arg, Value):
                found.append(arg)
            else:
                _collect(arg, found)
        if self.kwargs:
            _collect(self.kwargs, found)
        return found

    def replace_inputs(self, f: Callable[[Value], Value]) -> None:
        self.args = map_tree(f, self.args)
        if self.kwargs:
            self.kwargs = map_tree(f, self.kwargs)


class If(Op):
    """`then` or `orelse`, each without arguments; output k is result k of the region taken."""

    __slots__ = ("condition", "orelse", "then")

    def __init__(self, condition: Value, then: Region, orelse: Region, outputs: list[Value], span: Span | None = None):
        super().__init__(outputs, span)
        self.condition = condition
        self.then = then
        self.orelse = orelse
        then.parent = orelse.parent = self

    @property
    def inputs(self) -> list[Value]:
        return [self.condition]

    @property
    def regions(self) -> list[Region]:
        return [self.then, self.orelse]

    def replace_inputs(self, f: Callable[[Value], Value]) -> None:
        self.condition = f(self.condition)


class Try(If):
    """`then`, as far as it gets; if it raises one of the exceptions in `catches`, `orelse` in its place.

    It is an `If` whose condition is that the protected part of `then` completes: an output that is True if it did. The
    protected part ends with a `Commit`, or with the region. What raises in it has written nothing that anybody sees.
    The one argument of `orelse` is the exception.

    Attributes:
        catches: a class of exceptions, or a tuple of them.
    """

    __slots__ = ("catches",)

    def __init__(self, catches: Value, then: Region, orelse: Region, outputs: list[Value], span: Span | None = None):
        Op.__init__(self, outputs, span)
        self.catches = catches
        self.then = then
        self.orelse = orelse
        then.parent = orelse.parent = self

    @property
    def condition(self) -> Value:
        """The output that says whether the protected part completed; made where there is none yet."""
        for k, output in enumerate(self.outputs):
            sides = self.then.results[k], self.orelse.results[k]
            if [side.value if isinstance(side, Const) else None for side in sides] == [True, False]:
                return output
        made = Value(BOOL, "completed", self.span)
        made.owner = self
        self.outputs.append(made)
        self.then.results.append(Const(True))
        self.orelse.results.append(Const(False))
        return made

    @property
    def error(self) -> Value:
        """The exception that was caught."""
        return self.orelse.args[0]

    @property
    def inputs(self) -> list[Value]:
        return [self.catches]

    def replace_inputs(self, f: Callable[[Value], Value]) -> None:
        self.catches = f(self.catches)


class Commit(Op):
    """Where the protected part of a `Try` ends: what follows in the same region is not protected."""

    __slots__ = ()

    def __init__(self, span: Span | None = None):
        super().__init__([], span)


class Enter(Op):
    """Enters a context, `with context as output`: what follows runs in it, up to the `Leave` of the same region."""

    __slots__ = ("context",)

    def __init__(self, context: Value, outputs: list[Value], span: Span | None = None):
        super().__init__(outputs, span)
        self.context = context

    @property
    def inputs(self) -> list[Value]:
        return [self.context]

    def replace_inputs(self, f: Callable[[Value], Value]) -> None:
        self.context = f(self.context)


class Leave(Op):
    """Leaves the context that was entered last."""

    __slots__ = ()

    def __init__(self, span: Span | None = None):
        super().__init__([], span)


class Loop(Op):
    """What `For` and `While` share.

    The arguments of `body` end with the carried values; its results are the carried values of the next iteration,
    preceded, if `exits`, by the exit code of this one: the loop is left after an iteration whose code is BREAK, RETURN
    or a label. The outputs are the carried values after the loop, preceded, if `exits`, by the exit code of the last
    iteration (NEXT if there was none).
    """

    __slots__ = ("body", "exits", "inits")

    def __init__(self, inits: list[Value], body: Region, exits: bool, outputs: list[Value], span: Span | None):
        super().__init__(outputs, span)
        self.inits = inits
        self.body = body
        self.exits = exits
        body.parent = self

    @property
    def carried(self) -> list[Value]:
        """The arguments of the body that are carried from iteration to iteration."""
        raise NotImplementedError

    @property
    def carried_results(self) -> list[Value]:
        """The results of the body that become the carried arguments of the next iteration."""
        return self.body.results[int(self.exits) :]

    @property
    def carried_outputs(self) -> list[Value]:
        return self.outputs[int(self.exits) :]


class For(Loop):
    """A loop over `range(start, stop, step)`, or over its reverse; the first argument of `body` is the index.

    Attributes:
        slots: for a loop that is to be checkpointed, the number of snapshots, the constant None for as many as fit;
            None for any other loop.
        parallel: whether its turns may run at the same time, on all cores.
    """

    __slots__ = ("backwards", "parallel", "slots", "start", "step", "stop")

    def __init__(
        self,
        start: Value,
        stop: Value,
        step: Value,
        inits: list[Value],
        body: Region,
        exits: bool,
        outputs: list[Value],
        span: Span | None = None,
        backwards: bool = False,
        slots: Value | None = None,
    ):
        super().__init__(inits, body, exits, outputs, span)
        self.start = start
        self.stop = stop
        self.step = step
        self.backwards = backwards
        self.slots = slots
        self.parallel = False

    @property
    def index(self) -> Value:
        return self.body.args[0]

    @property
    def carried(self) -> list[Value]:
        return self.body.args[1:]

    @property
    def inputs(self) -> list[Value]:
        slots = [] if self.slots is None else [self.slots]
        return [self.start, self.stop, self.step, *slots, *self.inits]

    @property
    def regions(self) -> list[Region]:
        return [self.body]

    def replace_inputs(self, f: Callable[[Value], Value]) -> None:
        self.start, self.stop, self.step = f(self.start), f(self.stop), f(self.step)
        self.slots = None if self.slots is None else f(self.slots)
        self.inits = [f(v) for v in self.inits]


class While(Loop):
    """A loop with a test; `test` takes the carried values as its arguments and its one result is the condition."""

    __slots__ = ("test",)

    def __init__(
        self,
        inits: list[Value],
        test: Region,
        body: Region,
        exits: bool,
        outputs: list[Value],
        span: Span | None = None,
    ):
        super().__init__(inits, body, exits, outputs, span)
        self.test = test
        test.parent = self

    @property
    def carried(self) -> list[Value]:
        return self.body.args

    @property
    def inputs(self) -> list[Value]:
        return list(self.inits)

    @property
    def regions(self) -> list[Region]:
        return [self.test, self.body]

    def replace_inputs(self, f: Callable[[Value], Value]) -> None:
        self.inits = [f(v) for v in self.inits]


class Invoke(Op):
    """A call of another `Function` of the graph; its outputs are that function's results."""

    __slots__ = ("args", "callee")

    def __init__(self, callee: Function, args: list[Value], outputs: list[Value], span: Span | None = None):
        super().__init__(outputs, span)
        self.callee = callee
        self.args = args

    @property
    def inputs(self) -> list[Value]:
        return list(self.args)

    def replace_inputs(self, f: Callable[[Value], Value]) -> None:
        self.args = [f(v) for v in self.args]


class Raise(Op):
    """Raises; what follows it in its region is never reached. `exception` and `cause` are argument trees or None."""

    __slots__ = ("cause", "exception")

    def __init__(self, exception: Value | None, cause: Value | None = None, span: Span | None = None):
        super().__init__([], span)
        self.exception = exception
        self.cause = cause

    @property
    def inputs(self) -> list[Value]:
        return [v for v in (self.exception, self.cause) if v is not None]

    def replace_inputs(self, f: Callable[[Value], Value]) -> None:
        self.exception = None if self.exception is None else f(self.exception)
        self.cause = None if self.cause is None else f(self.cause)


class Region:
    """A list of operations with arguments and results.

    Attributes:
        parent: the operation that holds it; None for the body of a function.
        mirror: for a region of the reverse sweep, the region of the forward sweep that it reverses.
    """

    __slots__ = ("args", "mirror", "ops", "parent", "results")

    def __init__(self, args: list[Value] | None = None):
        self.args = args or []
        self.ops: list[Op] = []
        self.results: list[Value] = []
        self.parent: Op | None = None
        self.mirror: Region | None = None
        for arg in self.args:
            arg.owner = self

    def append(self, op: Op) -> Op:
        op.parent = self
        self.ops.append(op)
        return op


LAMBDA = "lambda_"
"""What a function without a name is called in generated code."""


def name_in_code(name: str) -> str:
    """What a function of this name is called in generated code."""
    return name if name.isidentifier() else LAMBDA


@dataclass(eq=False)
class Function:
    """A function of the graph.

    Attributes:
        name: its name in the generated code.
        params: its parameters, in order; each is `body.args[k]`.
        body: its one region; `body.results` are the leaves of what it returns.
        result: what it returns: an argument tree over `body.results` (a single value, or tuples, lists, dicts of them).
        doc: the docstring of the generated function.
        defaults: parameter name -> default, for the parameters that have one.
        keyword_only: how many of the last parameters are keyword-only.
        backward_from: for a gradient function, the index in `body.ops` where the reverse sweep starts.
        span: where the user's function stands that it was read from, if it is known.
    """

    name: str
    params: list[Value]
    body: Region
    result: Tree = None
    doc: str = ""
    defaults: dict[str, Any] = field(default_factory=dict)
    keyword_only: int = 0
    backward_from: int | None = None
    captured: list[Value] = field(default_factory=list)
    span: Span | None = None

    @property
    def shown(self) -> str:
        """What messages call it."""
        return "<lambda>" if self.name == LAMBDA else self.name


@dataclass(eq=False)
class Closed:
    """A function of the graph that is called as one of a library is: by a `Call` of which it is the `fn`.

    It writes nothing that it is given, uses nothing else, and what it returns is new memory.

    Attributes:
        function: what is called.
        layout: whether it matters how its arguments lie in memory.
        unsure: the results that are None on some paths, where an array is expected that nobody looks at.
        drawn: the results that are what random draws returned.
        loop: for a checkpointed loop, how it is made of turns.
        swept: what it calls of functions with derivatives of their own whose reverse sweeps are run.
        made: its results before copies were made of those that others may know.
    """

    function: Function
    layout: bool = False
    unsure: frozenset[int] = frozenset()
    drawn: tuple[int, ...] = ()
    loop: Any = None
    swept: set[Any] = field(default_factory=set)
    made: list[Value] = field(default_factory=list)

    @property
    def __name__(self) -> str:
        return self.function.name

    @property
    def is_pure(self) -> bool:
        """Whether nobody notices if it is not called: it draws nothing, and raises nothing on purpose."""
        return not self.drawn and not any(isinstance(op, Raise) for op in walk(self.function.body))


def references(op: Op) -> list[Value]:
    """The values that an operation uses, those used in its regions included."""
    found: dict[Value, None] = dict.fromkeys(op.inputs)
    pending = list(op.regions)
    while pending:
        region = pending.pop()
        for inner in region.ops:
            for value in inner.inputs:
                found.setdefault(value)
            pending.extend(inner.regions)
        for value in region.results:
            found.setdefault(value)
    return list(found)


def in_loop(region: Region | None) -> bool:
    """Whether a region stands in a loop."""
    while region is not None and not isinstance(region.parent, Loop):
        region = region.parent.parent if region.parent is not None else None
    return region is not None


def walk(region: Region) -> Iterator[Op]:
    """Every operation of a region and of the regions in it, outer ones first, in program order."""
    stack = [iter(region.ops)]
    while stack:
        for op in stack[-1]:
            yield op
            if type(op) is not Call and op.regions:
                stack.append(itertools.chain.from_iterable(inner.ops for inner in op.regions))
                break
        else:
            stack.pop()


def within(ops: Iterable[Op]) -> list[Op]:
    """Some operations, and those in their regions, in program order."""
    return [inner for op in ops for inner in (op, *(i for region in op.regions for i in walk(region)))]
