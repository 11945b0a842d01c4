"""The verifier rejects broken graphs, and finds nothing wrong with what the passes make of the corpus."""

from __future__ import annotations

import doctest
import importlib
import operator
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from programs import Program, all_programs, one_in
from verified import verified

import srcgrad
from srcgrad import products
from srcgrad.backend import twins
from srcgrad.errors import InternalError, SrcgradError
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Exit, For, Function, If, Invoke, Raise, Region, Value, While
from srcgrad.ir.types import BOOL, FLOAT, INT
from srcgrad.ir.verify import verify
from srcgrad.transform import gradient

EVERY_THIRD = one_in(3, [p for p in all_programs() if p.supported])

each = pytest.mark.parametrize("program", EVERY_THIRD, ids=[p.name for p in EVERY_THIRD])


@pytest.fixture
def verifications() -> Iterator[Counter[str]]:
    # What another test has compiled in this process would not go through the passes again.
    for compiled_before in (products._dispatchers, twins._pools, twins._shared):
        compiled_before.clear()
    with verified() as counts:
        yield counts


def compiled(compile_it: Callable[[], object]) -> bool:
    """Whether something compiles; it may be refused, but not with an internal error."""
    try:
        compile_it()
    except InternalError:
        raise
    except SrcgradError:
        return False
    return True


# The passes, on the corpus


@each
def test_every_pass_of_a_gradient(program: Program, verifications: Counter[str]) -> None:
    if program.output == "scalar":
        function = srcgrad.grad(program.fun, argnums=program.argnums)
        if compiled(lambda: function(*program.args())):
            assert verifications["joint_gradient"] and verifications["Reverse.run"] and verifications["Tape.run"]
    if compiled(lambda: srcgrad.vjp(program.fun, *program.args())):
        assert verifications["pullback"] and verifications["Contents.run"] and verifications["simplify_algebra"]


@each
def test_every_pass_of_a_gradient_for_arguments_of_any_kind(program: Program, verifications: Counter[str]) -> None:
    if compiled(lambda: srcgrad.grad(program.fun, argnums=program.argnums).ir):
        assert verifications["joint_gradient"]


def test_most_of_the_corpus_compiles(verifications: Counter[str]) -> None:
    done = [compiled(lambda p=p: srcgrad.vjp(p.fun, *p.args())) for p in EVERY_THIRD]
    assert len(done) >= 110 and sum(done) > 0.9 * len(done)


SCALES = np.array([1.0, 2.0])


def test_recursion_that_reads_a_global(verifications: Counter[str]) -> None:
    def power(x: np.ndarray, n: int) -> float:
        if n == 0:
            return np.sum(x * SCALES)
        return power(x * 2.0, n - 1)

    np.testing.assert_allclose(srcgrad.grad(power)(np.ones(2), 2), 4.0 * SCALES)


def test_arrays_made_of_arguments_of_any_kind(verifications: Counter[str]) -> None:
    def display(x: float) -> float:
        return np.sum(np.array([x, 2.0]))

    assert "None" not in srcgrad.grad(display).source


@pytest.mark.parametrize("stage", ["Tape", "Contents"])
def test_a_broken_pass_is_found(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object) -> None:
        body = self.function.body  # type: ignore[attr-defined]
        body.ops = body.ops[1:]

    def power(x: float, n: int) -> float:
        y = x
        for _ in range(n):
            y = y * np.sin(y)
        return y

    assert np.isfinite(srcgrad.grad(power)(0.5, 3))
    monkeypatch.setattr(getattr(gradient, stage), "run", broken)
    with verified(), pytest.raises(AssertionError, match=f"^after {stage}.run: power: .* is used"):
        srcgrad.grad(power, optimize=False)(0.5, 3)


# Broken graphs


def test_the_example_of_the_docstring() -> None:
    result = doctest.testmod(importlib.import_module("srcgrad.ir.verify"))
    assert result.attempted > 5 and result.failed == 0


class Graph:
    """`f(x)` with `y = x * 2` and, if asked for, more; it is well-formed until a test breaks it."""

    def __init__(self) -> None:
        self.x, self.y = Value(FLOAT, "x"), Value(FLOAT, "y")
        self.body = Region([self.x])
        self.mul = Call(operator.mul, (self.x, Const(2.0)), {}, [self.y])
        self.body.append(self.mul)
        self.function = Function("f", [self.x], self.body, result=self.y)
        self.returns(self.y)

    def returns(self, value: Value) -> None:
        self.body.results = [value]
        self.function.result = value

    def add_if(self) -> If:
        """`if x: z = -x else: z = x`, returned."""
        then, orelse = Region(), Region()
        a, z = Value(FLOAT, "a"), Value(FLOAT, "z")
        then.append(Call(operator.neg, (self.x,), {}, [a]))
        then.results, orelse.results = [a], [self.x]
        op = If(self.x, then, orelse, [z])
        self.body.append(op)
        self.returns(z)
        return op

    def add_for(self, exits: bool = False) -> For:
        """`for i in range(3): w = w * i`, starting at y."""
        i, w, inner, after = Value(INT, "i"), Value(FLOAT, "w"), Value(FLOAT, "w"), Value(FLOAT, "w")
        body = Region([i, w])
        body.append(Call(operator.mul, (w, i), {}, [inner]))
        code = [Const(int(Exit.BREAK))] if exits else []
        body.results = [*code, inner]
        outputs = [*([Value(INT, "code")] if exits else []), after]
        op = For(Const(0), Const(3), Const(1), [self.y], body, exits, outputs)
        self.body.append(op)
        self.returns(after)
        return op

    def add_while(self) -> While:
        """`while w < 9: w = w + w`, starting at y."""
        own, w, more, inner, after = (Value(FLOAT, "w") for _ in range(5))
        more.type = BOOL
        test, body = Region([own]), Region([w])
        test.append(Call(operator.lt, (own, Const(9.0)), {}, [more]))
        test.results = [more]
        body.append(Call(operator.add, (w, w), {}, [inner]))
        body.results = [inner]
        op = While([self.y], test, body, False, [after])
        self.body.append(op)
        self.returns(after)
        return op


@pytest.fixture
def graph() -> Graph:
    return Graph()


def rejected(graph: Graph, message: str, **options: bool) -> None:
    with pytest.raises(AssertionError, match=f"^f: .*{message}"):
        verify(graph.function, **options)


def test_accepts_what_is_well_formed() -> None:
    for build in (Graph.add_if, Graph.add_for, Graph.add_while, lambda g: g.add_for(exits=True)):
        graph = Graph()
        verify(graph.function)
        build(graph)
        verify(graph.function)


def test_rejects_a_use_before_the_definition(graph: Graph) -> None:
    z = Value(FLOAT, "z")
    graph.body.append(Call(operator.neg, (graph.y,), {}, [z]))
    verify(graph.function)
    graph.body.ops.reverse()
    rejected(graph, r"%y is used but defined nowhere before\n  in %z: float = neg\(%y\)")


def test_rejects_a_use_of_what_is_defined_nowhere(graph: Graph) -> None:
    stray = Value(FLOAT, "stray")
    graph.mul.args = (stray, Const(2.0))
    rejected(graph, "%stray is used but defined nowhere")
    verify(graph.function, free=[stray])
    graph.function.captured = [stray]
    verify(graph.function)


def test_rejects_a_use_outside_of_the_region(graph: Graph) -> None:
    branch = graph.add_if()
    graph.returns(branch.then.results[0])
    rejected(graph, "%a is used outside of the region")


def test_rejects_a_use_in_the_other_branch(graph: Graph) -> None:
    branch = graph.add_if()
    branch.orelse.results = list(branch.then.results)
    rejected(graph, "%a is used outside of the region")


def test_rejects_a_use_of_the_body_in_the_test_of_a_loop(graph: Graph) -> None:
    loop = graph.add_while()
    loop.test.results = list(loop.body.args)
    rejected(graph, "%w is used but defined nowhere before")


def test_rejects_cross_references_unless_told_otherwise(graph: Graph) -> None:
    loop = graph.add_for()
    bar = Region()
    made = Call(operator.neg, (loop.body.args[1],), {}, [Value(FLOAT, "bar")])
    bar.append(made)
    reverse = If(graph.x, bar, Region(), [])
    graph.body.append(reverse)
    rejected(graph, "%w is used outside of the region")
    rejected(graph, "%w is used outside of the region", allow_cross_references=True)
    reverse.mirror = loop
    rejected(graph, "%w is used outside of the region")
    verify(graph.function, allow_cross_references=True)


def test_rejects_cross_references_to_the_reverse_sweep(graph: Graph) -> None:
    first, second = graph.add_if(), graph.add_if()
    first.mirror = second.mirror = graph.mul
    second.orelse.results = [first.then.results[0]]
    rejected(graph, "%a is used outside of the region", allow_cross_references=True)


def test_rejects_a_second_definition(graph: Graph) -> None:
    again = Call(operator.neg, (graph.x,), {}, [graph.y])
    graph.body.append(again)
    graph.y.owner = graph.mul
    rejected(graph, "%y is defined twice")


def test_rejects_a_wrong_owner(graph: Graph) -> None:
    graph.y.owner = graph.body
    rejected(graph, "%y has the wrong owner")
    graph.y.owner = graph.mul
    graph.x.owner = None
    rejected(graph, "%x has the wrong owner")


def test_rejects_parameters_that_are_not_the_arguments_of_the_body(graph: Graph) -> None:
    graph.function.params = []
    rejected(graph, "the parameters .* are not the arguments")


def test_rejects_captured_values_that_are_defined_here(graph: Graph) -> None:
    graph.function.captured = [graph.y]
    rejected(graph, "the captured value .* has an owner")


def test_rejects_a_wrong_parent(graph: Graph) -> None:
    loop = graph.add_for()
    loop.body.ops[0].parent = graph.body
    rejected(graph, "the operation has the wrong parent")
    loop.body.ops[0].parent = loop.body
    loop.body.parent = None
    rejected(graph, "a region of the operation has the wrong parent")
    loop.body.parent = loop
    graph.body.parent = loop
    rejected(graph, "the body of the function stands in an operation")


def test_rejects_what_stands_in_two_places(graph: Graph) -> None:
    graph.mul.outputs = []
    graph.returns(graph.x)
    graph.body.ops.append(graph.mul)
    rejected(graph, "an operation stands in two places")
    graph.body.ops.pop()
    branch = graph.add_if()
    branch.orelse = branch.then
    rejected(graph, "a region stands in two places")


def test_rejects_constants_that_are_defined(graph: Graph) -> None:
    constant = Const(2.0)
    graph.mul.args = (graph.x, constant)
    constant.owner = graph.mul
    rejected(graph, "the constant 2.0 has an owner")
    graph.mul.outputs = [constant]
    graph.mul.args = (graph.x, graph.x)
    graph.returns(graph.x)
    rejected(graph, "the constant 2.0 is defined")


def test_rejects_an_undefined_operand(graph: Graph) -> None:
    graph.mul.args = (graph.x, [Const(UNDEFINED)])
    rejected(graph, r"an undefined value is used\n  in %y: float = mul\(%x, \[undefined\]\)")


def test_rejects_an_undefined_condition_bound_or_result(graph: Graph) -> None:
    graph.add_if().condition = Const(UNDEFINED)
    rejected(graph, "an undefined value is used")
    graph = Graph()
    graph.add_for().stop = Const(UNDEFINED)
    rejected(graph, "an undefined value is used")
    graph = Graph()
    graph.returns(Const(UNDEFINED))
    rejected(graph, "the function returns an undefined value")


def test_accepts_undefined_results_of_branches_and_initial_values(graph: Graph) -> None:
    graph.add_for().inits = [Const(UNDEFINED)]
    graph.add_if().orelse.results = [Const(UNDEFINED)]
    verify(graph.function)


def test_rejects_branches_that_do_not_match(graph: Graph) -> None:
    branch = graph.add_if()
    branch.orelse.results.append(graph.x)
    rejected(graph, "there are 2 results of a branch for 1 outputs")
    branch.orelse.results.pop()
    stray = Value(FLOAT, "stray")
    stray.owner = branch.then
    branch.then.args = [stray]
    rejected(graph, "a branch has arguments")


@pytest.mark.parametrize("exits", [False, True])
def test_rejects_loops_that_do_not_match(exits: bool) -> None:
    graph = Graph()
    graph.add_for(exits).inits.append(graph.x)
    rejected(graph, "there are 1 carried arguments for 2 initial values")
    graph = Graph()
    graph.add_for(exits).body.results.append(graph.x)
    rejected(graph, "there are 2 results of the body for 1 initial values")
    graph = Graph()
    loop = graph.add_for(exits)
    loop.exits = not exits
    rejected(graph, "initial values|exit code")
    graph = Graph()
    loop = graph.add_for(exits)
    loop.outputs.insert(0, Value(INT))
    rejected(graph, "outputs, without an exit code, for 1 initial values")


def test_rejects_tests_of_loops_that_do_not_match(graph: Graph) -> None:
    loop = graph.add_while()
    loop.test.results.append(loop.test.args[0])
    rejected(graph, "the test of a loop has not one result")
    loop.test.results.pop()
    loop.test.args = []
    rejected(graph, "there are 0 arguments of the test for 1 initial values")


def test_rejects_exit_codes_that_are_no_integers(graph: Graph) -> None:
    loop = graph.add_for(exits=True)
    loop.body.results[0] = Const(1.0)
    rejected(graph, "the exit code 1.0 is of type float")
    loop.body.results[0] = Const(-7)
    rejected(graph, "the exit code -7 is of type int")
    loop.body.results[0] = Const(int(Exit.NEXT))
    loop.outputs[0].type = FLOAT
    rejected(graph, "the exit code .* is of type float")


def test_rejects_an_index_that_is_no_integer(graph: Graph) -> None:
    graph.add_for().index.type = FLOAT
    rejected(graph, "the index of a loop is of type float")


def test_rejects_a_raise_with_outputs(graph: Graph) -> None:
    op = Raise(graph.x)
    graph.body.append(op)
    verify(graph.function)
    op.outputs = [Value()]
    rejected(graph, "a raise has outputs")


def test_rejects_calls_that_do_not_match_what_they_call(graph: Graph) -> None:
    callee = Graph().function
    z = Value(FLOAT, "z")
    op = Invoke(callee, [graph.x], [z])
    graph.body.append(op)
    verify(graph.function)
    op.args = [graph.x, graph.y]
    rejected(graph, "there are 2 arguments for 1 parameters of f")
    verify(graph.function, complete=False)
    op.args, op.outputs = [graph.x], []
    rejected(graph, "there are 0 outputs for 1 results of f")


def test_rejects_a_result_that_the_body_does_not_return(graph: Graph) -> None:
    graph.function.result = (graph.x, graph.y)
    rejected(graph, "the result is over .*, but the body returns")
    verify(graph.function, complete=False)


def test_visits_deep_nests_without_recursion() -> None:
    graph = Graph()
    region = graph.body
    for _ in range(3000):
        inner = Region()
        region.append(If(graph.x, inner, Region(), []))
        region = inner
    verify(graph.function)
