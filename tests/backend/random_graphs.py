"""Random graphs: branches, loops with carried swaps and every kind of exit, writes in place, operations that raise."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable

from graphs import BOOL, BREAK, CONTINUE, INT, LABEL, LIST, NEXT, RETURN, Block, const, function, var

from srcgrad.ir.nodes import UNDEFINED, Const, Function, Value
from srcgrad.ir.types import UNKNOWN

Results = Callable[[list[Value]], list[Value]]
HINTS = ["a", "b", "c", "t", "i", None, None, None, None]
PURE = [operator.add, operator.sub, operator.xor, operator.add, operator.mul]
COMPARE = [operator.lt, operator.eq, operator.ge, operator.ne]


class Generator:
    """Builds one random function with two numbers and two lists as parameters."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.lists = [var("m", LIST), var("tape", LIST)]
        self.params = [var("a", INT), var("b", INT), *self.lists]
        self.budget = 40
        self.maybe: set[Value] = set()

    def function(self) -> Function:
        block = Block()
        scope = list(self.params[:2])
        if self.random.random() < 0.4:
            count = self.random.randrange(1, 3)
            self.returning(block, scope, 0, lambda inner: [self.pick(inner) for _ in range(count)])
        else:
            self.statements(block, scope, 0)
            block.results(*(self.pick(scope) for _ in range(self.random.randrange(1, 5))))
        return function("f", self.params, block)

    def pick(self, scope: list[Value]) -> Value:
        if self.random.random() < 0.15:
            return const(self.random.randrange(-3, 9))
        defined = [v for v in scope if v not in self.maybe]
        return self.random.choice(defined[-6:] if self.random.random() < 0.7 else defined)

    def carry(self, scope: list[Value], out: Value | None = None) -> Value:
        """Something to hand on, perhaps undefined."""
        if out is not None and self.random.random() < 0.08:
            self.maybe.add(out)
            return Const(UNDEFINED)
        source = self.random.choice(scope) if self.random.random() < 0.6 else self.pick(scope)
        if source in self.maybe:
            if out is None:
                return self.pick(scope)
            self.maybe.add(out)
        return source

    def hint(self) -> str | None:
        return self.random.choice(HINTS)

    def condition(self, block: Block, scope: list[Value]) -> Value:
        return block.call(self.random.choice(COMPARE), self.pick(scope), self.pick(scope), type=BOOL)

    def statements(self, block: Block, scope: list[Value], depth: int) -> None:
        for _ in range(self.random.randrange(1, 6)):
            if self.budget <= 0:
                return
            self.budget -= 1
            r = self.random.random()
            if r < 0.5 or depth > 3:
                self.simple(block, scope)
            elif r < 0.68:
                self.memory(block, scope)
            elif r < 0.84:
                self.branch(block, scope, depth)
            elif r < 0.95:
                self.for_loop(block, scope, depth)
            else:
                self.while_loop(block, scope, depth)

    def simple(self, block: Block, scope: list[Value]) -> None:
        kind = self.random.choice([INT, UNKNOWN])
        if self.random.random() < 0.08:
            scope.append(block.call(operator.floordiv, self.pick(scope), self.pick(scope), hint=self.hint(), type=kind))
            return
        value = block.call(self.random.choice(PURE), self.pick(scope), self.pick(scope), type=kind)
        if self.random.random() < 0.4:
            value = block.call(operator.mod, value, 97, hint=self.hint(), type=kind)
        else:
            value = block.call(operator.and_, value, 127, hint=self.hint(), type=kind)
        scope.append(value)

    def memory(self, block: Block, scope: list[Value]) -> None:
        m, tape = self.lists
        r = self.random.random()
        index = self.random.randrange(3)
        if r < 0.4:
            scope.append(block.call(operator.getitem, m, index, hint=self.hint(), type=INT))
        elif r < 0.65:
            block.effect(operator.setitem, m, const(index), self.pick(scope))
        elif r < 0.8:
            block.effect(list.append, tape, self.pick(scope))
        elif r < 0.95:
            scope.append(block.call(list.pop, tape, hint=self.hint(), type=INT))
        else:
            block.effect(operator.iadd, tape, [self.pick(scope)])

    def branch(self, block: Block, scope: list[Value], depth: int) -> None:
        condition = self.condition(block, scope)
        hints = [self.hint() for _ in range(self.random.randrange(0, 4))]
        sides = []
        for _ in range(2):
            side, inner = Block(), list(scope)
            if self.random.random() < 0.7:
                self.statements(side, inner, depth + 1)
            sides.append((side, inner))
        outputs = block.branch(condition, sides[0][0], sides[1][0], *hints, type=INT)
        for side, inner in sides:
            side.results(*(self.carry(inner, out) for out in outputs))
        if len(outputs) == 1 and self.random.random() < 0.3 and outputs[0] not in self.maybe:
            sides[self.random.randrange(2)][0].results(condition)
        scope += outputs

    def for_loop(self, block: Block, scope: list[Value], depth: int) -> None:
        n = self.random.randrange(1, 4)
        hints = [self.hint() for _ in range(n)]
        exits = self.random.random() < 0.6
        index, carried = var(self.random.choice(["i", None, "a"]), INT), [var(h, INT) for h in hints]
        body, inner = Block([index, *carried]), [*scope, index, *carried]
        inits = [self.carry(scope, arg) for arg in carried]
        self.body(body, inner, depth, carried, exits)
        start, stop, step = self.random.randrange(0, 2), self.random.randrange(0, 5), self.random.choice([1, 1, 2])
        names: list[str | None] = [self.hint() if self.random.random() < 0.4 else h for h in hints]
        outputs = block.loop(
            start,
            stop,
            step,
            inits,
            body,
            [None, *names] if exits else names,
            exits,
            backwards=self.random.random() < 0.3,
        )
        self.after_loop(carried, outputs[int(exits) :], body, exits)
        scope += outputs if self.random.random() < 0.4 else outputs[int(exits) :]

    def while_loop(self, block: Block, scope: list[Value], depth: int) -> None:
        count = var("k", INT)
        carried = [count, *(var(self.hint(), INT) for _ in range(self.random.randrange(0, 3)))]
        test_args = [var(v.hint, INT) for v in carried]
        test = Block(test_args)
        if self.random.random() < 0.3:
            self.statements(test, [*scope, *test_args], 9)
        test.results(test.call(operator.lt, test_args[0], self.random.randrange(0, 4), type=BOOL))
        body, inner = Block(list(carried)), [*scope, *carried]
        exits = self.random.random() < 0.5
        inits = [const(0), *(self.pick(scope) for _ in carried[1:])]
        self.body(body, inner, depth, carried, exits, counted=True)
        outputs = block.while_(inits, test, body, [None] * exits + [v.hint for v in carried], exits)
        self.after_loop(carried, outputs[int(exits) :], body, exits)
        scope += outputs if self.random.random() < 0.4 else outputs[int(exits) :]

    def after_loop(self, carried: list[Value], outputs: list[Value], body: Block, exits: bool) -> None:
        results = body.region.results[int(exits) :]
        for arg, out, result in zip(carried, outputs, results, strict=True):
            if arg in self.maybe or result in self.maybe:
                self.maybe.add(out)

    def body(
        self, body: Block, scope: list[Value], depth: int, carried: list[Value], exits: bool, counted: bool = False
    ) -> None:
        following = body.call(operator.add, carried[0], 1, hint="k", type=INT) if counted else None

        def results(inner: list[Value]) -> list[Value]:
            # An undefined value must not come around the loop into an operand, so only defined ones are carried on.
            out = [self.pick(inner) for _ in carried]
            if self.random.random() < 0.3:
                out = self.random.sample([c if c not in self.maybe else const(1) for c in carried], len(carried))
            if following is not None:
                out[0] = following
            return out

        if not exits:
            self.statements(body, scope, depth + 1)
            body.results(*results(scope))
        elif self.random.random() < 0.2:
            self.statements(body, scope, depth + 1)
            code = body.call(operator.and_, self.pick(scope), 7, type=INT)
            body.results(code, *results(scope))
        else:
            self.jumping(body, scope, depth + 1, results)

    def returning(self, block: Block, scope: list[Value], depth: int, results: Results) -> None:
        """A function's body with early returns: the code is computed, looked at, and dropped."""
        self.jumping(block, scope, depth, results)
        block.results(*block.region.results[1:])

    def jumping(self, block: Block, scope: list[Value], depth: int, results: Results) -> None:
        """Ends a block with results whose first is an exit code."""
        self.statements(block, scope, depth + 1)
        self.budget -= 2
        r = self.random.random()
        if self.budget <= 0 or depth > 4 or r < 0.15:
            block.results(self.random.choice([BREAK, NEXT, CONTINUE, NEXT, LABEL]), *results(scope))
        elif r < 0.55:
            self.tail(block, scope, depth, results)
        else:
            self.threaded(block, scope, depth, results)

    def tail(self, block: Block, scope: list[Value], depth: int, results: Results) -> None:
        condition = self.condition(block, scope)
        sides = []
        for _ in range(2):
            side = Block()
            self.jumping(side, list(scope), depth + 1, results)
            sides.append(side)
        outputs = block.branch(
            condition, *sides, *[self.hint() if k else None for k in range(len(sides[0].region.results))]
        )
        block.results(*outputs)

    def threaded(self, block: Block, scope: list[Value], depth: int, results: Results) -> None:
        condition = self.condition(block, scope)
        count = self.random.randrange(0, 3)
        sides = []
        for code in self.random.sample([BREAK, NEXT, CONTINUE, RETURN, LABEL, NEXT], 2):
            side, inner = Block(), list(scope)
            self.statements(side, inner, depth + 1)
            side.results(code, *(self.pick(inner) for _ in range(count)))
            sides.append(side)
        code, *more = block.branch(condition, *sides, None, *[self.hint() for _ in range(count)], type=INT)
        goes_on = block.call(operator.eq, code, NEXT, type=BOOL)
        after = [*scope, *more]
        rest, through = Block(), Block()
        self.jumping(rest, list(after), depth + 1, results)
        through.results(code, *results(after))
        outputs = block.branch(
            goes_on, rest, through, *[self.hint() if k else None for k in range(len(rest.region.results))]
        )
        block.results(*outputs)
