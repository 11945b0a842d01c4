"""Statements as text: printed together they read as printed one by one, and they mean what their trees say."""

from __future__ import annotations

import ast

import pytest

from srcgrad.backend import text
from srcgrad.backend.text import quiet, same_tree, statement_text, statement_texts

STATEMENTS = """
x = (a + b) * c
x = (a + b) * (c + d)
x = (a, (b))
x = ()
x = (a,)
x = (a)(b)
x = f(a)[0]()
x, y = (y, x)
x = (lambda: 0)()
x[i, 1:] += (a if c else b)
x = ')' + (s)
x = ('(')
x = "it's (" + f(")")
(a < b)
f((a, b), *c, k=(d))
x = -(a ** -b) ** 2
x = (not a)
x = 1.0 if (a or b) and not (c) else -0.0
raise ValueError('no (')
del x[i]
return (a + b) / (c - d)
return (a, b)
return ()
return (yield)
x = 1e300 * 1j
x = (1).real
""".strip().splitlines()


def trees() -> list[ast.stmt]:
    return [ast.parse(line).body[0] for line in STATEMENTS]


def test_together_they_read_as_one_by_one() -> None:
    with quiet():
        assert statement_texts(trees()) == [statement_text(tree) for tree in trees()]


@pytest.mark.parametrize("line", STATEMENTS)
def test_the_text_parses_to_the_tree(line: str) -> None:
    tree = ast.parse(line).body[0]
    with quiet():
        found = ast.parse(statement_texts([tree])[0]).body[0]
    assert ast.dump(found) == ast.dump(tree)


def test_one_statement_that_is_printed_wrongly_does_not_spoil_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    right = text._astor
    monkeypatch.setattr(text, "_astor", lambda node: right(node).replace("1.25", "1.5"))
    nodes = ast.parse("x = a + 1.25\ny = (a + b) * 2").body
    with quiet():
        assert statement_texts(nodes) == ["x = a + 1.25", "y = (a + b) * 2"]
    monkeypatch.setattr(text, "_astor", lambda node: right(node).replace("1.25", ")"))
    with quiet():
        assert statement_texts(nodes) == ["x = a + 1.25", "y = (a + b) * 2"]


@pytest.mark.parametrize(
    ("a", "b"),
    [("1", "1.0"), ("1", "True"), ("0.0", "-0.0"), ("x", "y"), ("f(x)", "f(x, x)"), ("'1'", "1"), ("-1", "+1")],
)
def test_different_trees_are_told_apart(a: str, b: str) -> None:
    first, second = ast.parse(a), ast.parse(b)
    assert same_tree(first, ast.parse(a)) and not same_tree(first, second) and not same_tree(second, first)
