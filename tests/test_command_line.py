"""`python -m srcgrad`: what it writes, what it finds stale, and what it says about mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import srcgrad
from srcgrad.__main__ import main
from srcgrad.errors import StaleFileError

MODULE = """import numpy as np

from srcgrad import grad

SCALE = 2.0
table = [1.0]


def loss(w, x):
    return SCALE * np.mean((w * x - 1.0) ** 2)


def pair(w, x):
    return np.sum(w * x), x


@grad(argnums=1)
def decorated(w, x):
    return w * np.sum(x * x)


class Model:
    @staticmethod
    def energy(w):
        return w**3


def refused(x):
    return np.sum(np.trim_zeros(x))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch, request):
    """A folder with a module that no other test imports."""
    name = f"mod_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    yield name
    sys.modules.pop(name, None)


def run(file: str) -> dict:
    """What a written file defines."""
    scope: dict = {}
    exec(compile(Path(file).read_text(), file, "exec"), scope)
    return scope


def test_writes_a_module(folder):
    assert main([f"{folder}:loss", "--argnums", "0,1", "--value", "--types", "f8, f8[:]", "-o", "out.py"]) == 0
    value, (w_bar, x_bar) = run("out.py")["loss_grad"](2.0, np.ones(3))
    assert (value, w_bar) == (2.0, 4.0)
    assert np.allclose(x_bar, 8.0 / 3.0)
    assert {*os.listdir("."), "__pycache__"} == {"out.py", f"{folder}.py", "__pycache__"}


def test_prints_where_no_file_is_named(folder, capsys):
    assert main([f"{folder}:loss", "--types", "f8,f8"]) == 0
    assert "def loss_grad(w, x):" in capsys.readouterr().out


def test_without_types_it_holds_for_any_kind(folder):
    assert main([f"{folder}:loss", "-o", "out.py"]) == 0
    loss_grad = run("out.py")["loss_grad"]
    assert loss_grad(2.0, np.ones(3)) == 4.0
    assert loss_grad(2.0, 1.0) == 4.0


@pytest.mark.parametrize(
    ("options", "signature"),
    [
        (["pair", "--has-aux", "--types", "f8[:],f8[:]"], "def pair_grad(w, x):"),
        (["loss", "--argnames", "x", "--types", "f8,f8[:]"], "with respect to x."),
        (["loss", "--argnames", "x,w", "--types", "f8,f8[:]"], "with respect to x, w."),
        (["loss", "--argnums=-1", "--types", "f8,f8[:]"], "with respect to x."),
        (["decorated", "--types", "f8,f8[:]"], "with respect to x."),
        (["decorated", "--argnums", "0", "--types", "f8,f8[:]"], "with respect to w."),
        (["Model.energy", "--types", "f8"], "def energy_grad(w):"),
    ],
    ids=" ".join,
)
def test_options(folder, capsys, options, signature):
    assert main([f"{folder}:{options[0]}", *options[1:]]) == 0
    assert signature in capsys.readouterr().out


def test_check(folder, capsys):
    command = [f"{folder}:loss", "--types", "f8, f8[:]", "-o", "out.py"]
    assert main([*command, "--check"]) == 1
    help = "(write the file again with GradFunction.save, or with python -m srcgrad)"
    assert capsys.readouterr().err == f"srcgrad: out.py does not exist {help}\n"
    assert not os.path.exists("out.py")
    main(command)
    assert main([*command, "--check"]) == 0
    text = Path("out.py").read_text()
    Path("out.py").write_text(text.replace("return w_bar", "return 2 * w_bar"))
    assert main([*command, "--check"]) == 1
    number = 1 + text.splitlines().index("    return w_bar")
    message = (
        f"out.py is not what loss_grad is now: line {number} reads 'return 2 * w_bar', and would be 'return w_bar'"
    )
    assert capsys.readouterr().err == f"srcgrad: {message} {help}\n"
    assert "return 2 * w_bar" in Path("out.py").read_text()


def test_stale_error_of_a_shorter_and_a_longer_file(tmp_path):
    from srcgrad.backend.export import check_text

    path = tmp_path / "f.py"
    path.write_text("a\nb\n")
    check_text(path, "a\nb\n", "f_grad")
    for text, rest in [
        ("a\n", "line 2 reads 'b', and would be nothing"),
        ("a\nb\nc\n", "line 3 is missing, and would be 'c'"),
    ]:
        with pytest.raises(StaleFileError) as caught:
            check_text(path, text, "f_grad")
        assert caught.value.msg == f"{path} is not what f_grad is now: {rest}"
    path.write_bytes(b"\xff")
    with pytest.raises(StaleFileError, match="it is not text in UTF-8"):
        check_text(path, "a\n", "f_grad")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["loss"], "'loss' is not of the form MODULE:FUNCTION, as in pkg.mod:loss"),
        (["no_such_module.sub:loss"], "there is no module 'no_such_module'"),
        (["@:nothing"], "module '@' has no 'nothing'"),
        (["@:table"], "@:table is of type list, not a function"),
        (["@:loss", "--argnums", "5"],
         "argnums=5 is out of range: loss has 2 parameters (the parameters of loss are 0: w, 1: x)"),
        (["@:loss", "--argnums", "w"], "argument --argnums: 'w' is not a number, nor numbers with commas between them"),
        (["@:loss", "--argnums", ""], "argument --argnums: it is empty"),
        (["@:loss", "--argnums", "0", "--argnames", "w"], "argument --argnames: not allowed with argument --argnums"),
        (["@:loss", "--types", "f99"],
         "'f99' is not a type (write a dtype and, for an array, its axes: f8, f8[:], f4[:,:], f8[1,:], i8[])"),
        (["@:loss", "--check"], "--check needs the file to check: -o FILE"),
        (["@:loss", "--types", "f8,f8", "-o", "no/such/folder.py"], "no/such/folder.py: No such file or directory"),
        (["@:loss", "--types", "f8[:],f8"],
         "{file}:11: loss returned shape (n,), not a number (reduce it with np.sum, or use srcgrad.vjp)"),
        (["@:refused", "--types", "f8[:]"],
         "{file}:29: no derivative rule for np.trim_zeros "
         "(give it one with {at}srcgrad.rules.vjp(np.trim_zeros), or wrap the argument in srcgrad.stop_gradient)"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_mistakes(folder, capsys, arguments, message):
    if "returned shape" in message:
        Path(f"{folder}.py").write_text(MODULE.replace("return SCALE * np.mean(", "return ("))
        message = message.replace(":11:", ":10:")
    with pytest.raises(SystemExit) as caught:
        main([argument.replace("@", folder) for argument in arguments])
    assert caught.value.code == 2
    expected = message.replace("@", folder).replace("{at}", "@").replace("{file}", os.path.abspath(f"{folder}.py"))
    assert capsys.readouterr() == ("", f"srcgrad: error: {expected}\n")
    assert not any(name.startswith(".srcgrad") for name in os.listdir("."))


def test_a_module_that_raises(folder, capsys):
    Path(f"{folder}.py").write_text("1 / 0\n")
    with pytest.raises(SystemExit) as caught:
        main([f"{folder}:loss"])
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"srcgrad: error: importing {folder} raised ZeroDivisionError: division by zero\n"


def test_as_a_program(folder):
    environment = {**os.environ, "PYTHONPATH": str(Path(srcgrad.__file__).parent.parent)}
    command = [sys.executable, "-m", "srcgrad", f"{folder}:loss", "--types", "f8,f8[:]", "-o", "out.py"]
    for more, status in ([["--check"], 1], [[], 0], [["--check"], 0]):
        done = subprocess.run([*command, *more], env=environment, capture_output=True, text=True, timeout=100)
        assert (done.returncode, done.stdout) == (status, "")
