"""The source of every kind of function is found, at its place in the file, and only if it is what runs."""

import ast
import doctest
import functools
import importlib
import importlib.util
import inspect
import linecache
import math
import sys
import textwrap
import time
import types
import zipfile

import numpy as np
import pytest

from srcgrad.errors import SourceChangedError, SourceNotFoundError, UnsupportedError
from srcgrad.frontend.samecode import same_code
from srcgrad.frontend.scope import Scope
from srcgrad.frontend.source import code_source, function_source


def register(text, name, flags=0):
    """Runs a text that `linecache` knows, as notebooks and generated code are run."""
    filename = f"<{name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    namespace = {"__name__": name, "np": np}
    exec(compile(text, filename, "exec", flags, dont_inherit=True), namespace)
    return namespace


def load(path, name):
    """Imports a module from a file, past any cache."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_module(tmp_path, text, name="mod"):
    path = tmp_path / f"{name}.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path, load(path, name)


def check(fn):
    """The text at the node's place, compiled, must be the function."""
    source = function_source(fn)
    text = source.text_of(source.node)
    if isinstance(source.node, ast.Lambda):
        node = ast.parse(f"({text})", mode="eval").body
    else:
        node = ast.parse("if 1:\n" + " " * (source.node.col_offset or 1) + text).body[0].body[0]
        node.decorator_list = source.node.decorator_list
    assert ast.dump(node) == ast.dump(source.node)
    assert source.filename == fn.__code__.co_filename
    assert (source.name, source.qualname) == (fn.__code__.co_name, fn.__code__.co_qualname)
    return source


def keep(*values):
    return values


def plain(x, y=(lambda: 0), *args: float, z: int = 3, **more) -> float:
    """A docstring."""
    text = """
  less indented than the function
"""
    # a comment at the end of the block

    return x + len(text)  # trailing

    # the last comment


def with_dead_code(x):
    return x
    y = """
still here"""
    return (x, y)


@functools.cache
def cached(x):
    return x


def doubled(fn):
    @functools.wraps(fn)
    def wrapper(*args):
        return 2 * fn(*args)

    return wrapper


@doubled
@keep
def not_a_function_any_more(x):
    return x


@(lambda fn: fn)
@(lambda fn: doubled(fn))
def twice(x): return x  # fmt: skip


class Model:
    __scale = 3.0

    def __init__(self, w):
        self.w = w

    def loss(self, x):
        return self.__scale * self.w * x

    @property
    def value(self):
        return super().__repr__()

    @staticmethod
    def helper(x, __k=1):
        return lambda y: x * y + __k

    class Inner:
        def method(self):
            return __class__, self.__hidden

    key = lambda self: self.__scale  # noqa: E731


def outer(a):
    b = 2

    def middle(x):
        nonlocal b
        b += 1

        def inner(y):
            return a + b + x + y

        class Local:
            def method(self):
                return a, self.__private, __class__

        return inner, Local().method, lambda q: (a, q)

    return middle


async def coroutine(x):
    async for item in x:
        yield await item


def generator(n):
    yield from (k for k in range(n))
    with open(n) as f, f:
        pass
    try:
        return {*()}
    except* ValueError:
        raise


def constants():
    return 0.0, -0.0, 1, True, {1, 2} == {1}, 1 in {1, 2}, "ab", b"c", ..., 1j, -0.0j, math.inf, (1, (1.0, (True,)))


# fmt: off
LAMBDAS = keep(lambda x: x, lambda x: x + 1, lambda x: x + 1.0, lambda y: y)
NESTED = lambda x: (lambda y: (lambda z: x + y + z))  # noqa: E731
LINES = keep(
    lambda x: x,
    lambda x: (x +
               1),
    (lambda
        x:
        x
        * 2), lambda *a, k=(lambda: 3), **m: (a, k, m),
)
WIDE = keep("äöü€😀", lambda x: "é" + x, lambda x: "e" + x); PLAIN = lambda: 0  # noqa: E702, E731
DEFAULT = lambda f=lambda: 0: f  # noqa: E731
IN_COMPREHENSION = [lambda x, k=k: x * k for k in range(2)]
if keep(lambda x: x - 1): SEMICOLON = 1; IN_BLOCK = lambda: 5  # noqa: E701, E702, E731
TRANSFORMED = [f(lambda x: x / 2) for f in [keep]][0][0]  # noqa: RUF015
# fmt: on

inner, method, local_lambda = outer(1)(2)

DEFS = [
    plain,
    with_dead_code,
    doubled,
    twice,
    Model.__init__,
    Model.loss,
    Model.value.fget,
    Model.helper,
    Model.helper(1),
    Model.Inner.method,
    Model.key,
    outer,
    outer(1),
    inner,
    method.__func__,
    local_lambda,
    coroutine,
    generator,
    constants,
    plain.__defaults__[0],
]


@pytest.mark.parametrize("fn", DEFS, ids=lambda fn: fn.__qualname__)
def test_functions(fn):
    source = check(fn)
    assert source.node.lineno >= fn.__code__.co_firstlineno
    assert source.text_of(source.node).startswith(("def ", "async def ", "lambda"))


def test_the_whole_block_is_found():
    assert len(function_source(with_dead_code).node.body) == 3
    assert "less indented" in function_source(plain).text_of(function_source(plain).node)


LAMBDA_TEXTS = [
    (LAMBDAS[0], "lambda x: x"),
    (LAMBDAS[1], "lambda x: x + 1"),
    (LAMBDAS[2], "lambda x: x + 1.0"),
    (LAMBDAS[3], "lambda y: y"),
    (NESTED, "lambda x: (lambda y: (lambda z: x + y + z))"),
    (NESTED(1), "lambda y: (lambda z: x + y + z)"),
    (NESTED(1)(2), "lambda z: x + y + z"),
    (LINES[0], "lambda x: x"),
    (LINES[1], "lambda x: (x +\n               1)"),
    (LINES[2], "lambda\n        x:\n        x\n        * 2"),
    (LINES[3], "lambda *a, k=(lambda: 3), **m: (a, k, m)"),
    (LINES[3].__kwdefaults__["k"], "lambda: 3"),
    (WIDE[1], 'lambda x: "é" + x'),
    (WIDE[2], 'lambda x: "e" + x'),
    (PLAIN, "lambda: 0"),
    (DEFAULT, "lambda f=lambda: 0: f"),
    (DEFAULT(), "lambda: 0"),
    (IN_COMPREHENSION[1], "lambda x, k=k: x * k"),
    (IN_BLOCK, "lambda: 5"),
    (TRANSFORMED, "lambda x: x / 2"),
]


@pytest.mark.parametrize(("fn", "text"), LAMBDA_TEXTS, ids=[text for _, text in LAMBDA_TEXTS])
def test_lambdas(fn, text):
    source = check(fn)
    assert source.text_of(source.node) == text


def test_equal_lambdas_are_told_apart_by_place():
    same = keep(lambda x: x, lambda x: x)
    columns = [function_source(fn).node.col_offset for fn in same]
    assert columns == sorted(set(columns))


def test_lambda_in_an_assertion():
    # pytest compiles other code for assertions than is in the file.
    assert check(keep(lambda x: x * 3)[0]).node.col_offset == 22


def test_a_function_with_assertions():
    def f(x, *, k):
        assert x > k
        return x

    assert len(check(f).node.body) == 2


def test_wrapped_is_not_followed():
    assert function_source(twice).name == "wrapper"
    with pytest.raises(SourceNotFoundError, match="lru_cache_wrapper"):
        function_source(cached)
    assert function_source(cached.__wrapped__).node.decorator_list


def test_methods_are_unwrapped():
    assert function_source(Model(1.0).loss).node is not None


def test_private_names():
    source = function_source(Model.loss)
    assert source.class_name == "Model"
    assert source.mangle("__scale") == "_Model__scale"
    assert function_source(Model.helper(1)).class_name == "Model"
    assert function_source(Model.Inner.method).class_name == "Inner"
    assert function_source(method.__func__).class_name == "Local"
    assert function_source(inner).class_name is None
    assert function_source(inner).mangle("__x") == "__x"


def test_positions_are_those_of_the_file():
    source = function_source(Model.loss)
    lines = linecache.getlines(__file__)
    node = source.node.body[0].value
    span = source.span_of(node)
    assert lines[span.line - 1][span.column : span.end_column] == "self.__scale * self.w * x"
    assert source.span_of(source.node.args).line == source.node.lineno


def test_spans_count_characters():
    source = function_source(WIDE[1])
    span = source.span_of(source.node.body)
    assert source.node.body.col_offset > span.column
    assert linecache.getline(__file__, span.line)[span.column : span.end_column] == '"é" + x'


def test_positions_of_parts_without_one():
    node = ast.parse("def f(x): return [y for y in x]").body[0]
    space = register("def f(x): return [y for y in x]\n", "parts")
    source = function_source(space["f"])
    assert source.span_of(source.node.body[0].value.generators[0]).column == 24
    assert source.span_of(ast.Load()).line == node.lineno


@pytest.mark.parametrize(
    "fn", [math.sin, np.sum, np.add, functools.partial(plain), Model, len, "text"], ids=lambda f: type(f).__name__
)
def test_no_python_function(fn):
    with pytest.raises(SourceNotFoundError, match="not written in Python") as caught:
        function_source(fn)
    assert "custom_vjp" in caught.value.help


@pytest.mark.parametrize(
    ("filename", "help"), [("<stdin>", "prompt"), ("<string>", "linecache"), ("/nowhere/gone.py", "readable")]
)
def test_no_text(filename, help):
    namespace = {}
    exec(compile("def f(x): return x", filename, "exec"), namespace)
    with pytest.raises(SourceNotFoundError, match="no source for f") as caught:
        function_source(namespace["f"])
    assert help in caught.value.help


def test_not_a_function():
    code = next(c for c in outer(1).__code__.co_consts if isinstance(c, types.CodeType) and c.co_name == "Local")
    with pytest.raises(SourceChangedError):
        code_source(code)
    module = compile("x = 1", "<string>", "exec")
    with pytest.raises(SourceNotFoundError, match="not a function"):
        code_source(module)


def test_code_of_a_nested_function():
    code = next(c for c in outer.__code__.co_consts if isinstance(c, types.CodeType))
    assert code_source(code, globals()).node.name == "middle"


def test_registered_text():
    space = register("\n\nf = lambda x: x\ndef g(x):\n\treturn x\nif 1:\n\tif 1:\n\t\tdef h(): return 1", "cell")
    assert function_source(space["f"]).node.lineno == 3
    assert function_source(space["g"]).node.lineno == 4
    assert function_source(space["h"]).node.lineno == 8


def test_doctest():
    text = """
    >>> from srcgrad.frontend.source import function_source
    >>> def f(x):
    ...     return x + 1
    >>> function_source(f).node.body[0].lineno
    2
    """
    test = doctest.DocTestParser().get_doctest(text, {}, "name", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


def test_zip_file(tmp_path):
    archive = tmp_path / "lib.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped.py", "def f(x):\n    return x\n")
    sys.path.insert(0, str(archive))
    try:
        import zipped

        assert function_source(zipped.f).node.lineno == 1
    finally:
        sys.path.remove(str(archive))
        sys.modules.pop("zipped", None)


ORIGINAL = """
    def f(x):
        '''Doc.'''
        y = x + 1
        return y

    g = lambda x: x * 2
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("y = x + 1", "y = x + 2"),
        ("y = x + 1", "y = x + 1.0"),
        ("y = x + 1", "y = x - 1"),
        ("y = x + 1", "z = x + 1"),
        ("def f(x)", "def f(x, y=0)"),
        ("def f(x)", "def h(x)"),
        ("return y", "return y and ("),
        (ORIGINAL.strip(), ""),
    ],
)
def test_edited_after_import(tmp_path, old, new):
    path, module = write_module(tmp_path, ORIGINAL)
    text = textwrap.dedent(ORIGINAL)
    path.write_text(text.replace(old, new) if old in text else "pass\n")
    linecache.checkcache()
    with pytest.raises(SourceChangedError, match="edited after its import") as caught:
        function_source(module.f)
    assert caught.value.filename == str(path)
    assert "reload" in caught.value.render()


def test_edited_lambda(tmp_path):
    path, module = write_module(tmp_path, ORIGINAL)
    path.write_text(path.read_text().replace("x * 2", "x * 3"))
    with pytest.raises(SourceChangedError):
        function_source(module.g)
    assert function_source(module.f).node.name == "f"


def test_edited_elsewhere(tmp_path):
    # What runs is still in the file, some lines below.
    path, module = write_module(tmp_path, ORIGINAL)
    path.write_text("import math\n\n\ndef other(x):\n    return x\n\n" + path.read_text().replace("Doc", "Another"))
    assert function_source(module.f).node.lineno == 8
    assert function_source(module.g).node.lineno == 13


def test_reloaded(tmp_path):
    path, module = write_module(tmp_path, ORIGINAL)
    assert function_source(module.f).node.body[1].value.right.value == 1
    path.write_text(path.read_text().replace("x + 1", "x + 1000"))
    again = load(path, "mod")
    assert function_source(again.f).node.body[1].value.right.value == 1000


def test_same_constants_only():
    texts = ["1", "1.0", "True", "0.0", "-0.0", "(1,)", "(True,)", "x in {1}", "x in {1.0}", "lambda: 1", "lambda: 1.0"]
    fns = [eval(f"lambda x: {text}") for text in texts]
    again = [eval(f"(\n\nlambda  x : {text})") for text in texts]
    for j, f in enumerate(fns):
        assert [same_code(f.__code__, g.__code__) for g in again] == [j == k for k in range(len(texts))]


def test_future_annotations():
    import __future__

    text = "from __future__ import annotations\ndef f(x: undefined) -> nowhere:\n    y: gone = x\n    return y\n"
    space = register(text, "future", __future__.annotations.compiler_flag)
    assert function_source(space["f"]).node.lineno == 2


@pytest.mark.parametrize("optimize", [0, 1, 2])
def test_levels_of_optimisation(optimize):
    text = "def f(x):\n    'Doc.'\n    assert x > 0\n    if __debug__: x = 1\n    return x\n"
    filename = f"<optimised {optimize}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    space = {}
    exec(compile(text, filename, "exec", optimize=optimize), space)
    assert len(function_source(space["f"]).node.body) == 4


def test_traced_function():
    def traced(x):
        return x + 1

    previous = sys.gettrace()
    sys.settrace(lambda frame, event, arg: None)
    try:
        for _ in range(100):
            traced(1.0)
        assert function_source(traced).name == "traced"
    finally:
        sys.settrace(previous)


def test_class_inside_a_function():
    text = """
def f(x):
    class P:
        zeta: int = 1
        def set(self): self.c = self.b = self.a = self.__d = x
    return P
"""
    check(register(text, "inside")["f"])


def test_warnings_are_not_repeated(recwarn):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        space = register('def f(x):\n    return "\\d", x is 1\n', "warns")
    function_source(space["f"])
    assert not recwarn.list


def test_names_bound_by_the_module_around():
    # How Python compiles these depends on imports and on uses of `super` elsewhere in the module.
    text = """
import numpy as np
from math import (
    floor,
    sin as wave)
try:
    import scipy
except ImportError:
    scipy = None
base = super
def f(types, floor, scipy):
    import types
    return np.sin(1.0), wave.x(), floor.y(), types.z(), scipy.t(), lambda: np.cos(0.0)
class P:
    def method(self):
        def inner(x):
            return P, self.__q, x, super().method()
        return inner, super().method, [lambda: P for _ in self]
    def plain(self):
        return lambda: (P, self)
"""
    space = register(text, "around")
    check(space["f"])
    check(space["P"].method)
    check(space["P"]().plain())
    inner = next(c for c in space["P"].method.__code__.co_consts if isinstance(c, types.CodeType))
    assert code_source(inner).class_name == "P"


def test_generator_based_coroutine():
    @types.coroutine
    def f():
        yield

    check(f)


def functions_of(code):
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            if inner.co_flags & inspect.CO_OPTIMIZED and not inner.co_name.startswith("<"):
                yield inner
            yield from functions_of(inner)


@pytest.mark.parametrize("name", ["fractions", "functools", "statistics", "unittest.mock", "asyncio.base_events"])
def test_every_function_of_a_module(name):
    module = importlib.import_module(name)
    with open(module.__file__, encoding="utf-8") as file:
        code = compile(file.read(), module.__file__, "exec", dont_inherit=True)
    found = 0
    for inner in functions_of(code):
        source = code_source(inner, vars(module))
        scope = Scope(source.node)
        assert {source.mangle(name) for name in scope.locals} <= {*inner.co_varnames, *inner.co_cellvars}
        outside = {source.mangle(name) for name in scope.free | scope.nonlocals}
        assert set(inner.co_freevars) <= outside
        assert {source.mangle(name) for name in scope.captured} <= set(inner.co_cellvars)
        found += 1
    assert found > 20


def test_same_name_twice():
    text = "if 0:\n  def f(x): return x\nelse:\n  def f(x): return -x\ndef g():\n  def f(x): return x\n  return f\n"
    space = register(text, "twice")
    assert function_source(space["f"]).node.lineno == 4
    assert function_source(space["g"]()).node.lineno == 6


def test_long_chain():
    n = 2000
    chain = "".join(f"    elif x == {k}:\n        y = {k}\n" for k in range(1, n))
    space = register(f"def f(x):\n    if x == 0:\n        y = 0\n{chain}    return y\n", "chain")
    assert function_source(space["f"]).node.end_lineno == 2 * n + 2


def test_long_sum():
    space = register(f"def f(x):\n    return {' + '.join(['x'] * 1000)}\n", "sum")
    assert function_source(space["f"]).node.lineno == 1


@pytest.mark.parametrize("expression", ["-" * 100_000 + "x", "+".join(["x"] * 100_000)], ids=["minus", "plus"])
def test_too_deep_for_the_parser(expression):
    space = register("def f(x):\n    return x\n", "deep")
    text = f"def f(x):\n    return {expression}\n"
    linecache.cache["<deep>"] = (len(text), None, text.splitlines(True), "<deep>")
    with pytest.raises(UnsupportedError, match="too deeply"):
        function_source(space["f"])


def test_cost():
    block = "def f{k}(a, b):\n" + "    a = a * b + np.sin(a) - abs(b)\n" * 49
    space = register("".join(block.replace("{k}", str(k)) for k in range(100)), "large")
    function_source(space["f50"])
    best = math.inf
    for k in range(100):
        start = time.perf_counter()
        function_source(space[f"f{k}"])
        best = min(best, time.perf_counter() - start)
    # Parsing all of the 5000 lines takes far longer.
    assert best < 0.01


if sys.version_info >= (3, 12):

    def test_type_parameters():
        text = (
            "class C[T]:\n    def m[S](self, x: S) -> T:\n        return T, S, x\n"
            "def f[T: int](x: T = 1): return lambda: T\n"
        )
        space = register(text, "generic")
        check(space["C"].m)
        check(space["f"])
        check(space["f"]())
