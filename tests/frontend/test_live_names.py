"""Which names a loop has to carry."""

from __future__ import annotations

import ast
from textwrap import indent

import pytest

from srcgrad.frontend.live_names import live_at

CASES = {
    "bound first in each iteration": ("for v in x:\n t = v\n y += t\nreturn y", "x y"),
    "bound on one path only": ("for v in x:\n if v: t = v\n y += t\nreturn y", "t x y"),
    "read after the loop": ("for v in x: t = v\nreturn t", "t"),
    "read after a break only": ("for v in x:\n t = v\n if t: break\nelse:\n t = 0\nreturn t", "t"),
    "read in the next iteration": ("for v in x:\n y += t\n t = v\nreturn y", "t x y"),
    "read by the test of a while": ("while t: t = y\nreturn 0", "t y"),
    "bound by the loop itself": ("for t in x: y = t\nreturn 0", ""),
    "read behind a continue": ("for v in x:\n if v: continue\n t = v\n y += t\nreturn y + t", "t y"),
    "read in an inner loop": ("for v in x:\n t = v\n for w in v: y += t\nreturn y", "x y"),
    "read by the inner loop of the next iteration": ("for v in x:\n for w in v: y += t\n t = v\nreturn y", "t y"),
    "an item is written": ("for v in x:\n t[0] = v\nreturn 0", "t"),
    "unbound again": ("for v in x:\n t = v\n del t\nreturn 0", ""),
    "read by a handler": ("for v in x:\n try:\n  t = v\n except E:\n  y = t\nreturn y", "t y"),
    "read by a handler around the loop": ("try:\n for v in x:\n  t = v\nexcept E:\n y = t\nreturn 0", "t"),
    "bound first in a context": ("for v in x:\n with v:\n  t = v\n  y += t\nreturn y", "y"),
    "read after a context that may swallow": ("for v in x:\n with v:\n  w()\n  t = v\n y += t\nreturn y", "t y"),
    "bound first in a try": ("for v in x:\n try:\n  t = v\n  y += t\n except E:\n  pass\nreturn y", "y"),
    "read by its finally": ("for v in x:\n try:\n  t = v\n finally:\n  y = t\nreturn y", "t y"),
    "bound by its else": ("for v in x:\n try:\n  w()\n except E:\n  continue\n else:\n  t = v\n y += t\nreturn y", "y"),
    "bound first in a case": ("for v in x:\n match v:\n  case 1:\n   t = v\n   y += t\nreturn y", "y"),
    "read by a guard": ("for v in x:\n match v:\n  case 1 if t:\n   t = v\nreturn y", "t y"),
    "bound in a case": ("for v in x:\n match v:\n  case [t]: y += t\nreturn y", "t y"),
    "a comprehension reads it": ("for v in x:\n t = v\n y = [t * w for w in v]\nreturn y", "y"),
    "a walrus may not bind it": ("for v in x:\n if v and (t := v): y += 1\n y += t\nreturn y", "t y"),
}


@pytest.mark.parametrize("text, expected", CASES.values(), ids=list(CASES))
def test_names_that_are_live(text: str, expected: str) -> None:
    function = ast.parse("def f(x, y, t, v=0, w=0, E=0):\n" + indent(text, " ")).body[0]
    assert isinstance(function, ast.FunctionDef)
    loop = next(node for node in ast.walk(function) if isinstance(node, (ast.For, ast.While)))
    assert live_at(loop, function) & {"t", "y"} == set(expected.split()) & {"t", "y"}


def test_a_long_chain_of_branches() -> None:
    chain = "if x == 0: t = 0\n" + "".join(f"elif x == {k}: t = {k}\n" for k in range(1, 800)) + "else: y = t\n"
    function = ast.parse("def f(x, y, t):\n for v in x:\n" + indent(chain, "  ") + " return y").body[0]
    assert isinstance(function, ast.FunctionDef)
    loop = function.body[0]
    assert isinstance(loop, ast.For)
    assert live_at(loop, function) == {"x", "y", "t"}


def test_a_loop_of_another_function_keeps_everything() -> None:
    function, other = (ast.parse("def f(x):\n for v in x: t = v").body[0] for _ in range(2))
    assert isinstance(function, ast.FunctionDef) and isinstance(other, ast.FunctionDef)
    loop = other.body[0]
    assert isinstance(loop, ast.For)
    assert live_at(loop, function) == {"x", "v", "t"}
