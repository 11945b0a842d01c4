"""Every example runs as a user runs it, and prints the right figures."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from srcgrad import grad

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def run(script: str | Path, timeout: float = 120.0) -> str:
    """The output of an example (or of another script) that ends well and has nothing to complain about."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "OMP_NUM_THREADS": "1"}
    path = ROOT / "examples" / script
    done = subprocess.run(
        [sys.executable, str(path)], env=env, capture_output=True, text=True, timeout=timeout, cwd=path.parent
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def figure(pattern: str, output: str) -> float:
    """The one number that the pattern's group finds in the output."""
    found = re.findall(pattern, output, flags=re.MULTILINE)
    assert len(found) == 1, f"{pattern!r} found {found} in:\n{output}"
    return float(found[0])


def defined_functions(output: str, after: str) -> list[str]:
    """Names of the functions in the source code that an output holds after a line; the code must parse."""
    _, found, rest = output.partition(after)
    assert found, output
    code = re.match(r"(?:.*\n)*?(?=after|\Z)", rest)
    assert code is not None
    tree = ast.parse(code.group())
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def test_linear_regression():
    output = run("linear_regression.py")
    assert "w = 0.0: loss 30.0, gradient -30.0\n" in output
    assert "after 1 step: w = 0.300, loss 21.675\n" in output
    assert figure(r"^after \d\d+ steps: w = (\S+), loss 0.000000$", output) == 2.0
    assert "loss_grad" in defined_functions(output, "gradient -30.0\n")


def test_chain_rule():
    output = run("chain_rule.py")
    assert "forward:  y_hat = 1.0, s = -1.0, loss = 1.0\n" in output
    assert "backward: s_bar = -2.0, y_hat_bar = -2.0, w_bar = -2.0\n" in output
    assert "srcgrad:  loss = 1.0, gradient = -2.0\n" in output
    assert "loss_grad" in defined_functions(output, "as srcgrad writes it:\n")


def test_backward_with_vector():
    output = run("backward_with_vector.py")
    assert "y       = [1024. -512.  256.]\n" in output
    line = re.search(r"^pull\(v\) = \[(.*)\]$", output, flags=re.MULTILINE)
    assert line is not None
    np.testing.assert_allclose([float(x) for x in line.group(1).split()], [102.4, 1024.0, 0.1024], rtol=1e-12)
    assert "v @ J equals pull(v): True\n" in output


def test_newton():
    output = run("newton.py")
    assert figure(r"^after 7 steps of Newton's method: largest error (\S+)$", output) < 1e-12
    assert "the Hessian is symmetric: True\n" in output
    assert "conjugate gradients agree: True\n" in output
    assert "rosenbrock_hessian" in defined_functions(output, "as srcgrad writes it:\n")


def test_detach():
    output = run("detach.py")
    assert "value:    27.0 and detached 27.0\n" in output
    assert "gradient: 27.0 and detached 9.0\n" in output
    assert "temporal difference: [-0.3  -0.15]\n" in output


def test_logistic_regression():
    output = run("logistic_regression.py")
    assert figure(r"^train accuracy (\S+)$", output) > 0.97
    assert figure(r"^test accuracy (\S+)$", output) > 0.95
    assert figure(r"loss 0\.6931 -> (\S+)$", output) < 0.07
    assert figure(r"^largest gradient entry at the end: (\S+)$", output) < 1e-4
    assert len(re.findall(r"^def \w*loss\w*\(theta, x, sign, decay\):$", output, flags=re.MULTILINE)) == 1


def test_digits():
    output = run("digits.py")
    assert figure(r"^test accuracy (\S+)$", output) > 0.95
    assert figure(r"^trained in (\S+) s$", output) < 60.0
    assert figure(r"^epoch 30: loss (\S+)$", output) < 0.02


def test_heat_equation():
    output = run("heat_equation.py")
    assert "guess unchanged: True\n" in output
    assert figure(r"^misfit of the final state: (\S+)", output) < 1e-6
    assert figure(r"^error of the initial state: \S+ -> (\S+)$", output) < 1e-3


def test_sparse_newton():
    output = run("sparse_newton.py")
    assert "299998 elements of a matrix of 100000 x 100000 in 3 sweeps" in output
    assert float(re.findall(r"largest force (\S+)", output)[-1]) < 1e-9


def test_kalman_filter():
    output = run("kalman_filter.py")
    assert figure(r"^acceleration: fitted (\S+),", output) == pytest.approx(0.8, abs=0.05)
    assert figure(r"^measurement: fitted (\S+),", output) == pytest.approx(3.0, abs=0.05)
    before, after = re.search(r"likelihood (\S+) -> (\S+) in", output).groups()
    assert float(after) < float(before)


def test_implicit():
    output = run("implicit.py")
    before, after = re.search(r"^misfit (\S+) -> (\S+) in", output).groups()
    assert float(after) < 1e-3 * float(before)
    assert "stiffness: 4.0 5.0 6.0 7.0 8.0 8.0 7.0 6.0 5.0 4.0\n" in output
    assert "hang_rev(residuals, " in output


def test_maml():
    output = run("maml.py")
    assert figure(r"^before: .*, (\S+) after one$", output) > 0.9
    assert figure(r"^after:  .*, (\S+) after one$", output) < 0.3


DIFFERENTIATED = [
    ("linear_regression", "loss"),
    ("chain_rule", "loss"),
    ("backward_with_vector", "double_until_large"),
    ("detach", "cube"),
    ("detach", "cube_detached"),
    ("detach", "td_error"),
    ("logistic_regression", "loss"),
    ("digits", "loss"),
    ("heat_equation", "loss"),
    ("kalman_filter", "negative_log_likelihood"),
    ("implicit", "misfit"),
]


@pytest.mark.parametrize(("example", "name"), DIFFERENTIATED)
def test_source_is_there_before_any_call(example, name):
    spec = importlib.util.spec_from_file_location(f"example_{example}", ROOT / "examples" / f"{example}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tree = ast.parse(grad(getattr(module, name)).source)
    assert f"{name}_grad" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def marked_block(mark: str, text: str) -> re.Match[str]:
    """The Python block between the two comments of this name; its code is group 1."""
    (found,) = re.finditer(rf"<!-- {mark}:begin -->\n```python\n(.*?)```\n<!-- {mark}:end -->", text, flags=re.DOTALL)
    return found


def test_readme_shows_real_output(tmp_path):
    """With SRCGRAD_UPDATE_README=1 in the environment, writes the real output into the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = tmp_path / "model.py"
    script.write_text(marked_block("example", readme).group(1), encoding="utf-8")
    shown = run(script).rstrip() + "\n"
    assert shown.startswith("-30.0\n")
    generated = marked_block("generated", readme)
    if os.environ.get("SRCGRAD_UPDATE_README") == "1":
        start, end = generated.span(1)
        (ROOT / "README.md").write_text(readme[:start] + shown + readme[end:], encoding="utf-8")
    else:
        assert shown == generated.group(1), "run this test with SRCGRAD_UPDATE_README=1 to refresh the README"


@pytest.mark.parametrize(
    ("file", "name", "text", "args"),
    [
        (
            "model.py",
            "loss",
            "def loss(w, x, y):\n    err = w * x - y\n    return np.mean(err**2)\n",
            (0.0, np.ones(4), np.ones(4)),
        ),
        ("solver.py", "relax", None, (np.ones(4), 1.0)),
    ],
    ids=["loss", "relax"],
)
def test_page_about_generated_code_shows_real_code(file, name, text, args, tmp_path):
    """With SRCGRAD_UPDATE_README=1 in the environment, writes the real code into the page."""
    page = (ROOT / "docs" / "reading-generated-code.md").read_text(encoding="utf-8")
    blocks = {match.group(2): match for match in re.finditer(r"```python\n(def (\w+)\(.*?)```", page, flags=re.DOTALL)}
    path = tmp_path / file
    path.write_text("import numpy as np\n\n\n" + (text or blocks[name].group(1)), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"page_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    code = grad(getattr(module, name)).source_for(*args).removeprefix("import numpy as np\n\n\n")
    start, end = blocks[f"{name}_grad"].span(1)
    if os.environ.get("SRCGRAD_UPDATE_README") == "1":
        (ROOT / "docs" / "reading-generated-code.md").write_text(page[:start] + code + page[end:], encoding="utf-8")
    else:
        assert code == page[start:end], "run this test with SRCGRAD_UPDATE_README=1 to refresh the page"


def test_page_about_performance_shows_real_code(tmp_path):
    """With SRCGRAD_UPDATE_README=1 in the environment, writes the real code into the page."""
    pytest.importorskip("numba")
    place = ROOT / "docs" / "performance.md"
    page = place.read_text(encoding="utf-8")
    source, shown = (
        re.search(rf"<!-- {name}:begin -->\n```python\n(.*?)```\n<!-- {name}:end -->", page, flags=re.DOTALL)
        for name in ("rod", "rod-code")
    )
    path = tmp_path / "rod.py"
    path.write_text("import numpy as np\n\n\n" + source.group(1), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("page_rod", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    code = grad(module.rod, jit=True).source_for(np.ones(5), 0.1, 2)
    start, end = shown.span(1)
    if os.environ.get("SRCGRAD_UPDATE_README") == "1":
        place.write_text(page[:start] + code + page[end:], encoding="utf-8")
    else:
        assert code == page[start:end], "run this test with SRCGRAD_UPDATE_README=1 to refresh the page"


def test_every_example_is_run():
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {path.stem for path in EXAMPLES} <= tested


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_is_short_and_documented(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 80
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert "main" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
