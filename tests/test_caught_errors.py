"""Programs that may raise: the exception is Python's, and the gradient that of the program with what handles it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcgrad

ON_A_LIST_OR_NONE = """\
t = sum(m)
t = max(m)
t = m[0]
t = m[0:1][0]
t = len(m) * x[0]
t = sum([v for v in m])
t = sum(list(m))
t = sum(m.copy())
t = sum(m + [x[0]])
t = sum([x[0]] + m)
t = sum(m * 2)
t = sum(sorted(m))
m.append(x[0]); t = m[0]
m.extend([x[0]]); t = m[0]
m.extend([]); t = m[0]
m += [x[0]]; t = m[0]
m.reverse(); t = m[0]
m.sort(); t = m[0]
t = m.pop()
m.insert(0, x[0]); t = m[0]
del m[0]; t = x[1]
m[0] = x[1]; t = x[1]
a, *b = m; t = a
t = x[1] * (x[0] in m)
t = x[1] * m.index(x[0] ** 2)
t = x[1] * m.count(x[0])
t = x[1] * (m == [1.0])
t = x[1] if m else x[2]
t = np.sum(np.array(m + [x[0]]))
t = np.stack(m)[0]
t = tuple(m)[0]
t = sum(reversed(m))
t = sum(v for k, v in enumerate(m))
t = sum(map(lambda v: v * v, m))
t = total(*m)
t = np.sum(m + x[0])
t = np.sum(x[0] - m)
t = (m or [x[1] * 2])[0]
t = (m and [x[1] * 2])[0]
t = m.nope
t = sum(copy.copy(m))
t = sum(copy.deepcopy(m))
t = sum([*m, x[1]])
t = sum([a * b for a, b in zip(m, x)])
t = sum(itertools.chain(m, x))
t = functools.reduce(lambda a, b: a * b, m)
t = sum(m) if m is not None and len(m) > 1 else x[1]
""".splitlines()

ON_OTHERS = """\
t = np.sum([x[0], x[1]] + x[0])
t = np.sum(x[0] / (x[0], x[1]))
t = sum([x[0], x[1]] * x[0])
t = sum((x[0], x[1]) * 2)
t = sum(tuple(n) * x[0])
t = sum(n * np.int64(2))
t = [x[0], x[1]] @ x[0]
t = product(*n)
t = product(*n[:2])
t = product(x[0], *n)
t = product(*x)
t = (lambda p, q: p)(*tuple(n))
t = n[0, 1]
t = n[[0, 1]]
t = [x[0], x[1]][0, 1]
n[0, 1] = x[0]; t = x[1]
t = len(x).max()
t = float(x[0]).sum()
t = x[0].sum() * 2
t = x[1] * operator.ge(n, n)
t = x[1] * operator.ne(3, [x[0], x[1]])
t = x[1] * operator.is_(n, True)
t = sum(operator.concat((x[0], x[1]), (x[2],)))
t = sum(operator.iconcat(n, [x[0], x[1]]))
t = sum(operator.iadd([x[0]], [x[1]]))
t = x[1] * operator.countOf([1, 2, 1], 1)
t = x[1] * operator.indexOf([1, 2, 1], 3)
t = operator.call(product, x[0], x[1])
t = x[1] * ({"a": x[0]} == None)
t = x[1] * ([x[0], x[1]] != "ab")
t = x[1] * ([x[0]] in {"a": 1})
t = abs({"a": x[0]})
t = np.sum(np.abs({"a": x[0]}))
t = np.sum(max([x, x * 2]))
t = np.sum(x) if x else x[0]
t = math.dist([x[0], x[1], x[2]], n)
t = pow([x[0]], 2)
t = np.sum(np.exp(x=x))
t = np.sum(np.maximum(x1=x, x2=x[0]))
t = np.sum(np.maximum(x, x2=x[0]))
""".splitlines()

PROGRAM = """\
import copy, functools, itertools, math, operator
import numpy as np

def total(*items):
    return sum(items)

def product(p, q):
    return p * q

def program(x):
    n = [v * v for v in x if v > 0.3]
    m = [v * v for v in x if v > 0.3] if x[1] > 0 else None
    t = 1.0
    try:
        {statement}
        t = t * 2
    except TypeError:
        t = 3 * x[0]
    except AttributeError:
        t = 5 * x[0]
    except ValueError:
        t = 7 * x[0]
    return t * x[2]
"""


def imported(path: Path, text: str) -> Any:
    """The program in a new file with this text."""
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.program


def differences(f: Any, x: np.ndarray) -> np.ndarray:
    steps = 1e-6 * np.eye(x.size)
    return np.array([(f(x + step) - f(x - step)) / 2e-6 for step in steps])


@pytest.mark.parametrize("statement", [*ON_A_LIST_OR_NONE, *ON_OTHERS])
def test_handlers_see_what_python_raises(statement: str, tmp_path: Path) -> None:
    program = imported(tmp_path / "missing.py", PROGRAM.format(statement=statement))
    for x in (np.array([0.7, -0.4, 1.3, 0.9]), np.array([0.7, 0.4, 1.3, 0.9])):
        expected = differences(program, x)
        np.testing.assert_allclose(srcgrad.grad(program)(x), expected, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(srcgrad.jacfwd(program)(x), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("value", ["sum(m)", "sum(m.copy())", "sum(list(m))", "sum(m + [1.0])", "len(m) * x[1]"])
def test_raises_it_to_the_caller(value: str, tmp_path: Path) -> None:
    text = f"def program(x):\n    m = [v for v in x] if x[0] > 0 else None\n    return {value}\n"
    program = imported(tmp_path / "raised.py", text)
    x = np.array([-1.0, 2.0])
    with pytest.raises((TypeError, AttributeError)) as expected:
        program(x)
    with pytest.raises(expected.type):
        srcgrad.grad(program)(x)
