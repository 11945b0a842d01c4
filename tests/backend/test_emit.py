"""The emitted text, to the letter."""

from __future__ import annotations

import copy
import gc
import inspect
import linecache
import operator
import textwrap

import numpy as np
import pytest
from graphs import ARRAY, BOOL, BREAK, CONTINUE, INT, LIST, NEXT, RETURN, Block, function, var
from reference import run

from srcgrad import runtime
from srcgrad.backend.compile import load
from srcgrad.backend.emit import emit_module
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Function, Invoke, Raise, Value


def text_of(*functions: Function, comments: bool = False) -> str:
    return emit_module(list(functions), comments=comments).functions


def expect(f: Function, text: str, *inputs: tuple) -> None:
    """The text is as given, and what it computes is what the graph says."""
    assert text_of(f) == textwrap.dedent(text).lstrip("\n")
    compiled = load(emit_module([f]), "generated")[f.name]
    for args in inputs:
        assert compiled(*copy.deepcopy(args)) == run(f, list(copy.deepcopy(args)))


def loss_gradient(filename: str) -> Function:
    w, x, y = var("w"), var("x", ARRAY), var("y", ARRAY)
    b = Block(line=5, filename=filename)
    err = b.call(operator.sub, b.call(operator.mul, w, x, type=ARRAY), y, hint="err", type=ARRAY)
    b.line = 6
    size = b.call(getattr, err, "size", type=INT)
    err_bar = b.call(operator.truediv, b.call(operator.mul, 2.0, err, type=ARRAY), size, hint="err_bar", type=ARRAY)
    b.line = 5
    b.results(b.call(np.sum, b.call(operator.mul, x, err_bar, type=ARRAY), hint="w_bar"))
    doc = "Gradient of loss (model.py:3) with respect to w."
    return function("loss_grad", [w, x, y], b, doc=doc, backward_from=2)


def test_straight_line_gradient(tmp_path):
    user = tmp_path / "model.py"
    user.write_text("\n\ndef loss(w, x, y):\n    # a line\n    err = w * x - y\n    return np.mean(err ** 2)\n")
    emitted = emit_module([loss_gradient(str(user))])
    assert emitted.header == "import numpy as np"
    assert emitted.source == (
        "import numpy as np\n\n\n"
        "def loss_grad(w, x, y):\n"
        '    """Gradient of loss (model.py:3) with respect to w."""\n'
        "    # forward\n"
        "    err = w * x - y                                 # model.py:5\n"
        "    # backward\n"
        "    err_bar = 2.0 * err / err.size                  # model.py:6  return np.mean(err ** 2)\n"
        "    w_bar = np.sum(x * err_bar)                     # model.py:5  err = w * x - y\n"
        "    return w_bar\n"
    )
    x, y = np.arange(3.0), np.ones(3)
    assert load(emitted, "generated")["loss_grad"](2.0, x, y) == np.sum(x * 2 * (2.0 * x - y) / 3)


def test_comments_are_not_repeated_and_lines_stay_short(tmp_path):
    user = tmp_path / "long.py"
    user.write_text("x = " + " + ".join(["something"] * 30) + "\n")
    x = var("x")
    b = Block(line=1, filename=str(user))
    y = b.call(np.sin, x, hint="y")
    z = b.call(np.cos, y, hint="z")
    b.results(b.call(operator.mul, z, y, hint="w"))
    lines = text_of(function("f", [x], b, backward_from=0), comments=True).splitlines()
    assert [line.count("# long.py:1") for line in lines] == [0, 0, 1, 0, 0, 0]
    assert max(map(len, lines)) <= 120


def test_loop_with_a_tape():
    x, n = var("x", ARRAY), var("n", INT)
    b = Block()
    y = b.call(np.ndarray.copy, x, hint="y", type=ARRAY)
    tape = b.call(list, hint="y_tape", type=LIST)
    i, r = var("i", INT), var("r")
    body = Block([i, r])
    old = body.load(y, i, hint="old")
    body.effect(list.append, tape, old)
    left = body.load(y, body.call(operator.sub, i, 1, type=INT))
    body.effect(operator.setitem, y, i, body.call(operator.add, left, body.call(operator.mul, 0.1, old)))
    body.results(body.call(operator.add, r, body.load(y, i), hint="r"))
    (total,) = b.loop(1, n, 1, [0.0], body, ["r"])
    i = var("i", INT)
    back = Block([i])
    old = back.call(list.pop, tape, hint="old")
    back.effect(operator.setitem, y, i, old)
    back.results()
    b.loop(1, n, 1, [], back, [], backwards=True)
    b.results(total)
    expect(
        function("sweep", [x, n], b),
        """
        def sweep(x, n):
            y = x.copy()
            y_tape = []
            r = 0.0
            for i in range(1, n):
                old = y[i]
                y_tape.append(old)
                y[i] = y[i - 1] + 0.1 * old
                r += y[i]
            for i in reversed(range(1, n)):
                old = y_tape.pop()
                y[i] = old
            return r
        """,
        (np.arange(4.0), 4),
    )


def choice() -> Function:
    x, y = var("x"), var("y")
    b, inner, first, second, third = Block(), Block(), Block(), Block(), Block()
    condition = inner.call(operator.lt, x, 1.0, type=BOOL)
    second.results(second.call(operator.mul, x, 2.0, hint="z"))
    third.results(third.call(operator.neg, x, hint="z"))
    inner.results(*inner.branch(condition, second, third, "z"))
    first.results(first.call(operator.sub, x, 1.0, hint="z"))
    (z,) = b.branch(b.call(operator.lt, x, 0.0, type=BOOL), first, inner, "z")
    b.results(b.call(operator.mul, z, y))
    return function("choice", [x, y], b)


def test_elif_chain():
    expect(
        choice(),
        """
        def choice(x, y):
            if x < 0.0:
                z = x - 1.0
            elif x < 1.0:
                z = x * 2.0
            else:
                z = -x
            return z * y
        """,
        *[(v, 3.0) for v in (-1.0, 0.5, 2.0)],
    )


def test_only_the_else_side_has_statements():
    x, y = var("x"), var("y")
    b, side = Block(), Block()
    side.results(side.call(operator.mul, x, 2.0, hint="x"))
    b.results(*b.branch(b.call(operator.is_, y, None, type=BOOL), Block().results(x), side, "x"))
    expect(
        function("f", [x, y], b),
        """
        def f(x, y):
            if y is not None:
                x *= 2.0
            return x
        """,
        (1.0, None),
        (1.0, 2),
    )


def carried(first: str, second: str, make) -> Function:
    a, b, n = var("a"), var("b"), var("n", INT)
    a1, b1 = var("a"), var("b")
    body = Block([var(None, INT), a1, b1])
    body.results(*make(body, a1, b1))
    outer = Block()
    outer.results(*outer.loop(0, n, 1, [a, b], body, ["a", "b"]))
    return function("f", [a, b, n], outer)


def test_swap_in_a_loop():
    text = """
        def f(a, b, n):
            for _ in range(n):
                a, b = b, a
            return a, b
        """
    expect(carried("a", "b", lambda body, a, b: (b, a)), text, (1, 2, 0), (1, 2, 3))


def test_simultaneous_update_in_a_loop():
    text = """
        def f(a, b, n):
            for _ in range(n):
                a, b = b, a + b
            return a, b
        """
    expect(carried("a", "b", lambda body, a, b: (b, body.call(operator.add, a, b, hint="b"))), text, (0, 1, 9))


def test_a_carried_value_that_stays_is_not_copied():
    text = """
        def f(a, b, n):
            for _ in range(n):
                b = a + b
            return a, b
        """
    expect(carried("a", "b", lambda body, a, b: (a, body.call(operator.add, a, b, hint="b"))), text, (3, 1, 9))


def halving(use_code: bool) -> Function:
    x, n, tol = var("x"), var("n", INT), var("tol")
    x1, count = var("x"), var("count", INT)
    body = Block([var("k", INT), count, x1])
    x2 = body.call(operator.mul, x1, 0.5, hint="x")
    more = body.call(operator.add, count, 1, hint="count", type=INT)
    small = body.call(operator.lt, x2, tol, type=BOOL)
    (code,) = body.branch(small, Block().results(BREAK), Block().results(NEXT), None)
    body.results(code, more, x2)
    b = Block()
    code, count, x3 = b.loop(0, n, 1, [0, x], body, [None, "count", "x"], exits=True)
    b.results(count, x3, *([b.call(operator.eq, code, BREAK, type=BOOL)] if use_code else []))
    return function("f", [x, n, tol], b)


INPUTS = [(8.0, 10, 1.5), (8.0, 2, 1.5), (8.0, 0, 1.0)]


def test_break():
    expect(
        halving(False),
        """
        def f(x, n, tol):
            count = 0
            for _ in range(n):
                x *= 0.5
                count += 1
                if x < tol:
                    break
            return count, x
        """,
        *INPUTS,
    )


def test_break_with_its_code_used_afterwards():
    expect(
        halving(True),
        """
        def f(x, n, tol):
            count = 0
            broke = False
            for _ in range(n):
                x *= 0.5
                count += 1
                if x < tol:
                    broke = True
                    break
            return count, x, broke
        """,
        *INPUTS,
    )


def test_jumps_out_of_the_middle_of_a_body():
    x, y, n, k, s = var("x", LIST), var("y"), var("n", INT), var("k", INT), var("s")
    body, other, rest = Block([k, s]), Block(), Block()
    other.results(
        *other.branch(other.call(operator.gt, s, y, type=BOOL), Block().results(BREAK), Block().results(NEXT), None)
    )
    negative = body.call(operator.lt, body.load(x, k), 0.0, type=BOOL)
    (code,) = body.branch(negative, Block().results(CONTINUE), other, None)
    goes_on = body.call(operator.eq, code, NEXT, type=BOOL)
    rest.results(NEXT, rest.call(operator.add, s, rest.load(x, k), hint="s"))
    body.results(*body.branch(goes_on, rest, Block().results(code, s), None, "s"))
    b = Block()
    b.results(b.loop(0, n, 1, [0.0], body, [None, "s"], exits=True)[1])
    expect(
        function("f", [x, y, n], b),
        """
        def f(x, y, n):
            s = 0.0
            for k in range(n):
                if x[k] < 0.0:
                    continue
                if s > y:
                    break
                s += x[k]
            return s
        """,
        ([1.0, -2.0, 3.0, 4.0], 3.5, 4),
        ([1.0, -2.0, 3.0, 4.0], 9.5, 4),
    )


def test_an_exit_code_that_is_computed():
    x, c = var("x", LIST), var("c", INT)
    body = Block([var("k", INT), c])
    code = body.call(operator.getitem, x, c, type=INT)
    body.results(code, body.call(operator.add, c, 1, hint="c", type=INT))
    b = Block()
    b.results(b.loop(0, 4, 1, [0], body, [None, "c"], exits=True)[1])
    expect(
        function("f", [x], b),
        """
        def f(x):
            c = 0
            for _ in range(4):
                x_c = x[c]
                c += 1
                if x_c not in (0, 2):
                    break
            return c
        """,
        ([0, 2, 3, 0],),
        ([0, 2, 2, 0],),
    )


def test_while():
    x, a, t = var("x"), var("x"), var("x")
    test, body, b = Block([t]), Block([a]), Block()
    test.results(test.call(operator.gt, t, 1.0, type=BOOL))
    body.results(body.call(operator.mul, a, 0.5, hint="x"))
    b.results(*b.while_([x], test, body, ["x"]))
    text = """
        def f(x):
            while x > 1.0:
                x *= 0.5
            return x
        """
    expect(function("f", [x], b), text, (9.0,), (0.5,))


def test_while_with_statements_in_its_test():
    x, a, t = var("x"), var("x"), var("x")
    test, body, b = Block([t]), Block([a]), Block()
    half = test.call(operator.mul, t, 0.5, hint="half")
    test.results(test.call(operator.gt, half, 1.0, type=BOOL))
    body.results(body.call(operator.sub, a, 1.0, hint="x"))
    b.results(*b.while_([x], test, body, ["x"]))
    text = """
        def f(x):
            while True:
                half = x * 0.5
                if not half > 1.0:
                    break
                x -= 1.0
            return x
        """
    expect(function("f", [x], b), text, (9.0,), (0.5,))


EARLY = """
    def f(x):
        if x < 0.0:
            return -x
        root = x * 2.0
        return root + 1.0
    """


def root_plus_one(block: Block, x: Value) -> Value:
    return block.call(operator.add, block.call(operator.mul, x, 2.0, hint="root"), 1.0)


def test_early_return():
    x, b, first, second = var("x"), Block(), Block(), Block()
    first.results(first.call(operator.neg, x))
    second.results(root_plus_one(second, x))
    b.results(*b.branch(b.call(operator.lt, x, 0.0, type=BOOL), first, second, None))
    expect(function("f", [x], b), EARLY, (-1.0,), (2.0,))


def test_early_return_by_exit_code():
    x, b, first, rest = var("x"), Block(), Block(), Block()
    first.results(RETURN, first.call(operator.neg, x))
    negative = b.call(operator.lt, x, 0.0, type=BOOL)
    code, early = b.branch(negative, first, Block().results(NEXT, Const(UNDEFINED)), None, None)
    rest.results(root_plus_one(rest, x))
    b.results(*b.branch(b.call(operator.eq, code, NEXT, type=BOOL), rest, Block().results(early), None))
    expect(function("f", [x], b), EARLY, (-1.0,), (2.0,))


def test_conditional_and_lazy_expressions():
    x, y = var("x"), var("y")
    b, side = Block(), Block()
    side.results(side.call(operator.mul, x, 2.0))
    positive = b.call(operator.gt, x, 0.0, type=BOOL)
    (z,) = b.branch(positive, side, Block().results(y), "z")
    low, high = b.call(operator.lt, z, 5.0, type=BOOL), Block()
    high.results(high.call(operator.gt, z, 1.0, type=BOOL))
    (both,) = b.branch(low, high, Block().results(low), "both")
    zero, other = b.call(operator.eq, x, 0.0, type=BOOL), Block()
    other.results(other.call(operator.eq, y, 0.0, type=BOOL))
    (either,) = b.branch(zero, Block().results(zero), other, "either")
    b.results(z, both, either)
    expect(
        function("f", [x, y], b),
        """
        def f(x, y):
            z = x * 2.0 if x > 0.0 else y
            both = z < 5.0 and z > 1.0
            either = x == 0.0 or y == 0.0
            return z, both, either
        """,
        (1.0, 2.0),
        (-1.0, 0.0),
        (4.0, 1.0),
        (0.0, 0.5),
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-2, "-2"),
        (-0.0, "-0.0"),
        (float("nan"), "np.nan"),
        (float("-inf"), "-np.inf"),
        (np.dtype("f4"), "np.float32"),
        (np.float64, "np.float64"),
        (np.float32(1.5), "np.float32(1.5)"),
        (2j, "2.0j"),
        (2 - 1j, "complex(2.0, -1.0)"),
        ("it's\n", '"it\'s\\n"'),
        ((1, None, ...), "(1, None, ...)"),
        (float, "float"),
        (True, "True"),
    ],
)
def test_constants(value, text):
    b = Block().results(Const(value))
    source = text_of(function("f", [], b))
    assert source.splitlines()[1].removeprefix("    return ").strip("()") == text.strip("()")
    returned = load(emit_module([function("f", [], b)]), "generated")["f"]()
    assert repr(returned) == repr(value) or np.dtype(returned) == value


def test_negative_powers():
    x, b = var("x"), Block()
    b.results(
        b.call(operator.pow, -2, x), b.call(operator.pow, b.call(operator.neg, x), 2), b.call(operator.pow, x, -2)
    )
    text = """
        def f(x):
            return (-2) ** x, (-x) ** 2, x ** -2
        """
    expect(function("f", [x], b), text, (3.0,))


def test_names_that_collide():
    np_param, total, lam = var("np", ARRAY), var("sum"), var("lambda_")
    b = Block()
    a = b.call(np.sin, np_param, hint="lambda", type=ARRAY)
    c = b.call(sum, [a, total], hint="f")
    d = b.call(operator.mul, c, lam, hint="sum")
    b.results(b.call(operator.add, d, total), a, lam)
    emitted = emit_module([function("f", [np_param, total, lam], b)])
    compiled = load(emitted, "generated")["f"]
    assert compiled(0.5, 2.0, 3.0) == run(function("f", [np_param, total, lam], b), [0.5, 2.0, 3.0])
    assert emitted.header == "import numpy as np_1\nfrom builtins import sum as sum_1"
    assert emitted.functions == textwrap.dedent("""\
        def f(np, sum, lambda_):
            lambda__1 = np_1.sin(np)
            f_1 = sum_1([lambda__1, sum])
            sum_2 = f_1 * lambda_
            return sum_2 + sum, lambda__1, lambda_
        """)


def test_the_same_hint_twice_at_once():
    x, b = var("x"), Block()
    y = b.call(operator.mul, x, 2.0, hint="y")
    y_too = b.call(operator.mul, y, 3.0, hint="y")
    y_again = b.call(operator.add, y, y_too, hint="y")
    b.results(y_again)
    text = """
        def f(x):
            y = x * 2.0
            y_1 = y * 3.0
            y += y_1
            return y
        """
    expect(function("f", [x], b), text, (2.0,))


def test_captured_names_are_free_and_nobody_takes_them():
    x, scale, b = var("x", ARRAY), var("scale", ARRAY), Block()
    y = b.call(operator.mul, x, scale, hint="scale")
    b.effect(operator.iadd, scale, y)
    b.effect(operator.setitem, scale, Const(0), Const(9.0))
    b.results(y)
    f = function("f", [x], b, captured=[scale])
    emitted = emit_module([f])
    assert "scale" not in emitted.namespace
    assert emitted.functions == textwrap.dedent("""\
        def f(x):
            scale_1 = x * scale
            iadd(scale, scale_1)
            scale[0] = 9.0
            return scale_1
        """)
    kept = np.ones(2)
    load(emitted, "generated", captured={"scale": kept})["f"](np.array([3.0, 4.0]))
    assert kept.tolist() == [9.0, 5.0]


def test_statements_of_their_own():
    x, v, b = var("x", ARRAY), var("v"), Block()
    b.effect(operator.setitem, x, (slice(Const(1), None), Const(...), Const(None)), v)
    b.effect(runtime.add_item, x, slice(None, Const(-1)), v)
    b.effect(operator.imul, x, Const(2.0))
    b.effect(operator.delitem, x, Const(0))
    b.effect(setattr, x, Const("shape"), (Const(2), Const(2)))
    b.results(b.call(operator.contains, x, v, type=BOOL), b.call(np.ndarray.sum, x, axis=0))
    assert text_of(function("f", [x, v], b)) == textwrap.dedent("""\
        def f(x, v):
            x[1:, ..., None] = v
            x[:-1] += v
            x *= 2.0
            del x[0]
            x.shape = 2, 2
            return v in x, x.sum(axis=0)
        """)


def test_a_read_does_not_cross_a_write():
    x, b = var("x", LIST), Block()
    before = b.load(x, 0)
    b.effect(operator.setitem, x, Const(0), Const(5))
    b.results(b.call(operator.add, before, 1))
    text = """
        def f(x):
            x_0 = x[0]
            x[0] = 5
            return x_0 + 1
        """
    expect(function("f", [x], b), text, ([1],))


def test_calls_of_other_functions():
    p, q = var("p"), var("q")
    inner = Block()
    product = inner.call(operator.mul, p, q)
    inner.results(product, p)
    pair = function("pair", [p, q], inner)
    x, b = var("x"), Block()
    outs = [var("y"), var("z")]
    b.region.append(Invoke(pair, [x, Const(3.0)], outs))
    b.results(outs[0])
    assert text_of(pair, function("f", [x], b)) == textwrap.dedent("""\
        def pair(p, q):
            return p * q, p


        def f(x):
            y, _ = pair(x, 3.0)
            return y
        """)


def test_several_outputs_and_results_in_a_dict():
    x, b = var("x"), Block()
    whole, part = var("whole"), var("part")
    b.region.append(Call(divmod, (x, Const(2)), {}, [whole, part]))
    b.results(whole, part)
    text = """
        def f(x):
            whole, part = divmod(x, 2)
            return {"whole": whole, "parts": [part]}
        """
    expect(function("f", [x], b, result={"whole": whole, "parts": [part]}), text, (7,))


def test_signature():
    x, y, z = var("x"), var("y"), var("z")
    f = function("f", [x, y, z], Block().results(x), defaults={"y": -1.0, "z": None}, keyword_only=1, doc='Says "x".')
    assert text_of(f) == "def f(x, y=-1.0, *, z=None):\n    'Says \"x\".'\n    return x\n"


def test_raise_ends_its_branch():
    x, b, side = var("x"), Block(), Block()
    side.region.append(Raise(side.call(ValueError, "negative")))
    side.results(Const(UNDEFINED))
    other = Block()
    other.results(other.call(operator.mul, x, 2.0, hint="y"))
    (y,) = b.branch(b.call(operator.lt, x, 0.0, type=BOOL), side, other, "y")
    b.results(y)
    text = """
        def f(x):
            if x < 0.0:
                raise ValueError("negative")
            y = x * 2.0
            return y
        """
    expect(function("f", [x], b), text, (1.0,))
    with pytest.raises(ValueError, match="negative"):
        load(emit_module([function("f", [x], b)]), "generated")["f"](-1.0)


def test_a_long_chain_nests_eight_deep():
    x, b = var("x"), Block()
    v = x
    for _ in range(1000):
        v = b.call(operator.add, v, 1.0)
    b.results(v)
    f = function("f", [x], b)
    assert max(line.count("+") for line in text_of(f).splitlines()) == 8
    assert load(emit_module([f]), "generated")["f"](0.0) == 1000.0


def test_the_text_is_where_tools_look_for_it():
    emitted = emit_module([halving(False)])
    f = load(emitted, "generated", "halving")["f"]
    linecache.checkcache()
    assert inspect.getsource(f) == emitted.functions
    filename = f.__code__.co_filename
    del f
    gc.collect()
    assert filename not in linecache.cache
