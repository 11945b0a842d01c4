"""Functions of SciPy: when their rules are loaded, which rules win, and what generated code says of them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import fft, linalg, signal, special
from scipy.spatial.distance import cdist

from srcgrad import grad, jvp
from srcgrad.errors import NoRuleError, NotJitableError, SrcgradError, UnsupportedError

X = np.array([0.3, 1.2, 0.8])


def run(text: str, tmp_path) -> str:
    path = tmp_path / "program.py"
    path.write_text(text)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_srcgrad_does_not_import_scipy(tmp_path):
    text = "import sys\nimport srcgrad\nprint(any(m.startswith('scipy') for m in sys.modules))"
    assert run(text, tmp_path) == "False"


RULE_BEFORE = """
import srcgrad
from scipy.special import erf, expit

@srcgrad.rules.{kind}(erf)
def own({parameters}):
    return {value}

def f(x):
    return erf(x) * expit(0.0)

print(srcgrad.grad(f)(0.5))
try:
    print(srcgrad.jvp(f, (0.5,), (1.0,))[1])
except srcgrad.errors.NoRuleError as error:
    print(error.msg)
"""


@pytest.mark.parametrize(
    ("kind", "parameters", "value", "printed"),
    [
        ("partials", "x, y", "7.0", "3.5\n3.5"),
        ("vjp", "g, y, x", "7.0 * g", "3.5\nno rule for the tangent of scipy.special.erf"),
        ("jvp", "x_dot, y, x", "7.0 * x_dot", "3.5\n3.5"),
    ],
)
def test_rules_given_before_any_are_loaded_stay(kind, parameters, value, printed, tmp_path):
    assert run(RULE_BEFORE.format(kind=kind, parameters=parameters, value=value), tmp_path) == printed


RULE_AFTER = """
import srcgrad
from scipy.special import erf

def f(x):
    return erf(x)

before = srcgrad.grad(f)(0.0)

@srcgrad.rules.partials(erf)
def own(x, y):
    return 7.0

print(round(float(before), 3), srcgrad.grad(f)(0.0))
"""


def test_rules_given_later_win(tmp_path):
    assert run(RULE_AFTER, tmp_path) == "1.128 7.0"


LATE_IMPORT = """
import srcgrad

def f(x):
    return x * x

srcgrad.grad(f)(2.0)
from scipy import special
print(round(float(srcgrad.grad(special.erf)(0.0)), 3), round(float(srcgrad.grad(lambda x: special.gammaln(x))(2.0)), 3))
"""


def test_rules_come_with_a_later_import(tmp_path):
    assert run(LATE_IMPORT, tmp_path) == "1.128 0.423"


def errors(x):
    return np.sum(special.erf(x) * special.expit(x)) + special.logsumexp(x)


def test_generated_code_imports_what_it_uses(tmp_path):
    gradient = grad(errors)
    gradient(X)
    assert gradient.source.startswith("import numpy as np\nfrom scipy.special import erf, expit, logsumexp\n")
    path = tmp_path / "saved.py"
    gradient.save(path, "f8[:]")
    space: dict = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    assert_allclose(space["errors_grad"](X), gradient(X))


@pytest.mark.parametrize(
    ("fun", "name"),
    [
        (lambda x: special.jv(x[0], 1.0), "'v'"),
        (lambda x: special.gammainc(x[0], 1.0), "'a'"),
        (lambda x: special.betainc(0.5, x[0], 0.5), "'b'"),
        (lambda x: special.polygamma(x[0], 1.0), "'n'"),
        (lambda x: special.expn(x[0], 1.0), "'n'"),
    ],
)
def test_parameters_without_a_derivative_are_refused(fun, name):
    with pytest.raises(NoRuleError, match=name):
        grad(fun)(X)
    with pytest.raises(NoRuleError, match=name):
        jvp(fun, (X,), (X,))


@pytest.mark.parametrize("fun", [lambda x: np.sum(special.lambertw(x).real), lambda x: special.logsumexp(x, b=x)])
def test_numba_refuses_those_that_it_can_not_call(fun):
    pytest.importorskip("numba")
    with pytest.raises(NotJitableError):
        grad(fun, jit=True)(X)


A = np.array([[2.0, 0.3], [0.3, 1.0]])


@pytest.mark.parametrize(
    ("fun", "cls"),
    [
        (lambda a: np.sum(linalg.inv(a, overwrite_a=True)), UnsupportedError),
        (lambda a: np.sum(linalg.cholesky(a, False, True)), UnsupportedError),
        (lambda a: np.sum(linalg.solve(a, a[0], assume_a="banded")), NoRuleError),
        (lambda a: np.sum(linalg.expm(np.stack([a, a]))), NoRuleError),
        (lambda a: special.logsumexp(a, return_sign=True)[0], NoRuleError),
        (lambda a: np.sum(linalg.eigh(a, np.eye(2))[0]), NoRuleError),
        (lambda a: linalg.eigh(a, eigvals_only=True)[0], SrcgradError),
        (lambda a: np.sum(linalg.qr(a, pivoting=True)[0]), NoRuleError),
        (lambda a: np.sum(signal.lfilter([1.0], [1.0, 0.5], a, -1, np.ones((2, 1)))[0]), NoRuleError),
        (lambda a: np.sum(signal.lfilter(a[0], [1.0], a)), NoRuleError),
        (lambda a: np.sum(cdist(a, a, "cityblock")), NoRuleError),
    ],
)
def test_what_is_not_covered_is_refused(fun, cls):
    with pytest.raises(cls):
        grad(fun)(A)
    with pytest.raises(cls):
        jvp(fun, (A,), (A,))


def test_a_cosine_transform_without_a_transpose_is_refused():
    with pytest.raises(NoRuleError):
        grad(lambda a: np.sum(fft.dct(a, type=4)))(A)


def test_accuracy_far_out():
    assert_allclose(grad(lambda x: special.log_ndtr(x))(-1e8), 1e8, rtol=1e-12)
    assert_allclose(grad(lambda x: special.erfcx(x))(1e8), -1 / (np.sqrt(np.pi) * 1e16), rtol=1e-12)
    assert_allclose(grad(lambda x: special.dawsn(x))(-1e8), -0.5e-16, rtol=1e-12)
    assert_allclose(grad(lambda x: special.logsumexp(x))(np.array([-1e4, 1e4])), [0.0, 1.0])
    assert_allclose(grad(lambda x: special.logsumexp(x))(np.array([-np.inf, 0.0])), [0.0, 1.0])
    assert_allclose(grad(lambda d: special.pseudo_huber(d, 1e-3))(1.0), 1e-12 / 4, rtol=1e-5)
    assert_allclose(grad(lambda m: special.boxcox(2.0, m))(0.0), np.log(2.0) ** 2 / 2, rtol=1e-14)


def test_second_derivatives_at_special_points():
    assert_allclose(grad(grad(lambda x: special.spence(x)))(1.0), 0.5)
    mixed = grad(lambda y: grad(lambda x, y: special.xlogy(x, y))(0.0, y))
    assert_allclose(mixed(0.5), 2.0)
    assert_allclose(grad(grad(lambda x: special.exprel(x)))(0.0), 1 / 3)
    third = grad(grad(grad(grad(lambda x: np.i0(x)))))
    assert_allclose(third(0.0), 3 / 8)
