"""Names of a function: compared with what Python's own symbol table says, and with small cases."""

import ast
import symtable
import sys
import textwrap
import time

import pytest

from srcgrad.frontend.scope import Scope, assigned_in, comprehension_scope, has_exit, scope_of


def function(text):
    node = ast.parse(textwrap.dedent(text)).body[0]
    return node.value if isinstance(node, ast.Expr) else node


PROGRAMS = [
    """
    def f(a, /, b, *c, d=1, **e):
        x = a
        y: float = 1.0
        z: int
        for i, (j, *k) in x: pass
        with open(b) as fh, g() as (p, q[0]): pass
        try: pass
        except ValueError as err: pass
        import numpy.linalg, os.path as osp
        from math import sin as s, cos
        del x
        return undefined
    """,
    """
    def f(x):
        def g(y=default, *, z=x):
            nonlocal x
            x = y + w + other
        w = 1
        class C(Base):
            u = w
            def m(self): return u + x + super().m()
        return [t for t in g if (last := t) > v], (lambda q: q + hidden)
    """,
    """
    def f(m):
        global total
        total += 1
        match m:
            case [a, *rest]: return a
            case {"k": b, **others}: return b
            case Point(x=c) as whole: return c
        n = 0
        def g():
            def h():
                nonlocal n
                n += 1
            global total
            return total
        return {k: v for k in n for v in k if v in n}
    """,
    """
    def f(xs):
        out = [[x + y for x in row] for row in xs]
        return sum((lambda: row)() for row in out), [lambda: xs for xs in xs]
    """,
    """
    def f(x):
        def g():
            x = 1
            def h():
                nonlocal x
                x = 2
        x += free_name
        return deco
    """,
]


@pytest.mark.parametrize("text", PROGRAMS)
def test_agrees_with_python(text):
    scope = Scope(function(text))
    module = symtable.symtable(textwrap.dedent(text), "<test>", "exec")
    table = next(child for child in module.get_children() if child.get_name() == "f")
    symbols = table.get_symbols()
    binds = ("is_assigned", "is_parameter", "is_annotated", "is_imported")
    own = {s.get_name() for s in symbols if s.is_local() and any(getattr(s, how)() for how in binds)}
    inlined = set()
    if sys.version_info >= (3, 12):
        # Since comprehensions are inlined, Python lists their targets with the names of the function.
        targets = (node.target for node in ast.walk(scope.node) if isinstance(node, ast.comprehension))
        inlined = {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    assert scope.locals | inlined == own | inlined
    assert scope.globals == {s.get_name() for s in symbols if s.is_declared_global()}
    outside = set()
    stack = [table]
    while stack:
        inner = stack.pop()
        stack.extend(inner.get_children())
        outside |= {s.get_name() for s in inner.get_symbols() if s.is_global() and s.is_referenced()}
    assert scope.free == outside - {"float", "int"} | (scope.free & {"__class__"})


def test_parameters():
    scope = Scope(function("def f(a, b=1, /, c=2, *d, e, g=3, **h): pass"))
    assert (scope.posonly, scope.args, scope.vararg, scope.kwonly, scope.kwarg) == (
        ("a", "b"),
        ("c",),
        "d",
        ("e", "g"),
        "h",
    )
    assert scope.parameters == ("a", "b", "c", "d", "e", "g", "h")
    assert {name: ast.literal_eval(node) for name, node in scope.defaults.items()} == {"b": 1, "c": 2, "g": 3}


def test_lambda():
    scope = Scope(function("lambda x, k=2: [(y := x * k), z]"))
    assert scope.locals == {"x", "k", "y"}
    assert scope.free == {"z"}
    assert scope.assigned_in([scope.node.body]) == {"y"}


def test_captured():
    text = """
    def f(a, b, c, d):
        g = lambda: a
        [b for _ in g]
        [lambda: (c, _) for _ in g]
        class K:
            u = d
            def m(self): return u
        e = u = 1
    """
    assert Scope(function(text)).captured == {"a", "c", "d", "u"}


def test_rebound_by_nested():
    text = """
    def f(a, b, c):
        def g():
            nonlocal a
            a = 1
            b = 2
            def h():
                nonlocal a, b, c
                b = 3
                c = 4
        class K:
            nonlocal c
            c = 5
        x = 1
    """
    scope = Scope(function(text))
    assert scope.rebound_by_nested == {"a", "c"}
    last = scope.node.body[-1:]
    assert scope.assigned_in(last) == {"x"}
    assert scope.assigned_in(last, nested=True) == {"x", "a", "c"}
    assert scope.assigned_in(scope.node.body[1:2]) == {"K", "c"}


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("x = y = z", {"x", "y"}),
        ("x[i] = y.a = 1", set()),
        ("x += 1", {"x"}),
        ("x: float = 1", {"x"}),
        ("x: float", set()),
        ("del x, y[0]", {"x"}),
        ("for i in x:\n  j = 1\nelse:\n  k = 1", {"i", "j", "k"}),
        ("while (n := g()):\n  m = 1", {"n", "m"}),
        ("with a as b, c as (d, [*e]): pass", {"b", "d", "e"}),
        ("try:\n  a = 1\nexcept E as e:\n  b = 1\nelse:\n  c = 1\nfinally:\n  d = 1", {"a", "b", "c", "d", "e"}),
        ("try: pass\nexcept* E as e: pass", {"e"}),
        ("import a.b, c.d as e\nfrom f import g as h", {"a", "e", "h"}),
        ("def g(a=(b := 1)):\n  c = 1", {"g", "b"}),
        ("class G((b := K)):\n  c = 1", {"G", "b"}),
        ("h = lambda q=(r := 1): (s := 2)", {"h", "r"}),
        ("v = [(w := t) for t in [(u := 1)]]", {"v", "w", "u"}),
        ("v = [[(w := t) for t in s] for s in r]", {"v", "w"}),
        ("match x:\n  case [a, *b] | {'k': a, **b}: c = 1\n  case K(d) as e: pass", {"a", "b", "c", "d", "e"}),
        ("if a:\n  b = 1\nelif c:\n  d = 1\nelse:\n  e = 1", {"b", "d", "e"}),
        ("g1 = g2 = 1", {"g2"}),
    ],
)
def test_assigned_in(statement, names):
    scope = Scope(function("def f(x):\n global g1\n" + textwrap.indent(statement, " ")))
    assert scope.assigned_in(scope.node.body[1:]) == names
    # Statements that are not part of the function are understood too.
    assert scope.assigned_in(ast.parse(statement).body) == names


def test_assigned_in_targets_and_function_form():
    scope = Scope(function("def f(x):\n nonlocal n\n for i, x[j := 0] in x: n = 1\n def g():\n  nonlocal x\n  x = 1"))
    loop = scope.node.body[1]
    assert scope.assigned_in([loop.target]) == {"i", "j"}
    assert scope.assigned_in(loop.body) == set()
    assert assigned_in(loop.body, scope) == {"n", "x"}


@pytest.mark.parametrize(
    ("statement", "exits"),
    [
        ("return 1", {"return"}),
        ("break", {"break"}),
        ("if a: continue\nelse: return", {"continue", "return"}),
        ("for j in x:\n  if j: break\n  continue", set()),
        ("for j in x:\n  return\nelse:\n  break", {"return", "break"}),
        ("while a:\n  for j in x: break\n  else: continue", set()),
        ("while a: pass\nelse: continue", {"continue"}),
        ("try: return\nexcept E: break\nfinally: x = 1", {"return", "break"}),
        ("with a:\n  match x:\n    case 1: continue", {"continue"}),
        ("def g(): return 1\nclass C:\n  def m(self): return 2\nh = lambda: 3", set()),
    ],
)
def test_has_exit(statement, exits):
    node = function("def f(x):\n for i in x:\n" + textwrap.indent(statement, "  "))
    body = node.body[0].body
    scope = Scope(node)
    for _ in range(2):
        assert scope.has_exit(body) == has_exit(body) == exits
        assert scope.has_exit(body, in_loop=False) == has_exit(body, in_loop=False) == exits & {"return"}
    assert scope.has_exit(node.body) == exits - {"break", "continue"}


@pytest.mark.parametrize(
    ("text", "generator", "is_async"),
    [
        ("def f(): yield 1", True, False),
        ("def f(): x = [(yield from g)]", True, False),
        ("lambda: (yield)", True, False),
        ("def f():\n def g(): yield 1\n return lambda: (yield)", False, False),
        ("async def f(): await g()", False, True),
        ("def f():\n async def g(): yield 1", False, False),
    ],
)
def test_generators_and_coroutines(text, generator, is_async):
    scope = Scope(function(text))
    assert (scope.is_generator, scope.is_async) == (generator, is_async)


def test_comprehension_scope():
    outer = Scope(function("def f(x):\n global g\n return [(g := (w := t)) + u for t, (s, *r) in x if (v := t)]"))
    scope = comprehension_scope(outer.node.body[1].value, outer)
    assert scope.locals == {"t", "s", "r"}
    assert scope.nonlocals == {"w", "v"}
    assert scope.globals == {"g"}
    assert outer.locals == {"x", "w", "v"}


def test_scope_is_made_once():
    node = function("def f(x): pass")
    assert scope_of(node) is scope_of(node)
    assert scope_of(node).node is node


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are new in Python 3.12")
def test_type_parameters():
    scope = Scope(function("def f(x):\n def g[T](y): return T\n type A = int\n return g"))
    assert scope.locals == {"x", "g", "A"}
    assert "T" not in scope.free


def test_long_chains():
    n = 2000
    chain = "def f(x):\n if x == 0: y0 = 0\n" + "".join(f" elif x == {k}: y{k} = {k}\n" for k in range(1, n))
    node = ast.parse(chain + " else: return 1").body[0]
    start = time.perf_counter()
    scope = Scope(node)
    statement, k = node.body[0], 0
    while isinstance(statement, ast.If):
        if k % 100 == 0:
            assert scope.assigned_in([statement]) == {f"y{j}" for j in range(k, n)}
        assert has_exit([statement]) == {"return"}
        statement, k = statement.orelse[0], k + 1
    assert k == n
    assert time.perf_counter() - start < 10.0


def test_long_sums():
    names = {f"x{k}" for k in range(900)}
    assert Scope(function(f"lambda: {' + '.join(sorted(names))}")).free == names
