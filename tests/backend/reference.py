"""A reference interpreter: runs a function of the graph by walking it, sharing nothing with the code that prints it."""

from __future__ import annotations

from typing import Any

from srcgrad.ir.nodes import (
    UNDEFINED,
    Call,
    Const,
    Exit,
    For,
    Function,
    If,
    Invoke,
    Raise,
    Region,
    Value,
    While,
    map_tree,
)


class Interpreter:
    """Runs regions over an environment from values to what they are."""

    def __init__(self, captured: dict[str, Any]):
        self.env: dict[Value, Any] = {}
        self.captured = captured

    def get(self, v: Value) -> Any:
        if isinstance(v, Const):
            return v.value
        return self.env[v]

    def region(self, region: Region, args: list[Any]) -> list[Any]:
        self.env.update(zip(region.args, args, strict=True))
        for op in region.ops:
            self.operation(op)
        return [self.get(r) for r in region.results]

    def operation(self, op: Any) -> None:
        if isinstance(op, Call):
            result = op.fn(*[map_tree(self.get, a) for a in op.args], **map_tree(self.get, op.kwargs))
            results = [result] if len(op.outputs) == 1 else list(result) if op.outputs else []
        elif isinstance(op, If):
            results = self.region(op.then if self.get(op.condition) else op.orelse, [])
        elif isinstance(op, For):
            results = self.for_loop(op)
        elif isinstance(op, While):
            results = self.while_loop(op)
        elif isinstance(op, Invoke):
            inner = Interpreter(self.captured)
            inner.env.update(bind_captured(op.callee, self.captured))
            results = inner.region(op.callee.body, [self.get(a) for a in op.args])
        else:
            assert isinstance(op, Raise)
            raise self.get(op.exception) from (None if op.cause is None else self.get(op.cause))
        self.env.update(zip(op.outputs, results, strict=True))

    def for_loop(self, op: For) -> list[Any]:
        indices = range(self.get(op.start), self.get(op.stop), self.get(op.step))
        carried, code = [self.get(v) for v in op.inits], Exit.NEXT
        for k in reversed(indices) if op.backwards else indices:
            code, carried = self.iteration(op, [k, *carried])
            if code not in (Exit.NEXT, Exit.CONTINUE):
                break
        return self.after(op, code, carried)

    def while_loop(self, op: While) -> list[Any]:
        carried, code = [self.get(v) for v in op.inits], Exit.NEXT
        while self.region(op.test, carried)[0]:
            code, carried = self.iteration(op, carried)
            if code not in (Exit.NEXT, Exit.CONTINUE):
                break
        return self.after(op, code, carried)

    def iteration(self, op: Any, args: list[Any]) -> tuple[int, list[Any]]:
        results = self.region(op.body, args)
        return (results[0], results[1:]) if op.exits else (Exit.NEXT, results)

    def after(self, op: Any, code: int, carried: list[Any]) -> list[Any]:
        # After the loop only the codes that left it are told apart.
        left = code if code not in (Exit.NEXT, Exit.CONTINUE) else Exit.NEXT
        return [left, *carried] if op.exits else carried


def bind_captured(function: Function, captured: dict[str, Any]) -> dict[Value, Any]:
    return {v: captured[v.hint or ""] for v in function.captured}


def run(function: Function, args: list[Any], captured: dict[str, Any] | None = None) -> Any:
    """What the function returns."""
    interpreter = Interpreter(captured or {})
    interpreter.env.update(bind_captured(function, captured or {}))
    interpreter.region(function.body, list(args))
    if function.result is None:
        return None
    return map_tree(lambda v: None if interpreter.get(v) is UNDEFINED else interpreter.get(v), function.result)
