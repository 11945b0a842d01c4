"""Arguments of library functions that are given by keyword: the gradient is that of the same call by position."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from harness import Row, leaves
from test_registry import SMOOTH

import srcgrad
from srcgrad.rules.registry import display_name

EITHER = inspect.Parameter.POSITIONAL_OR_KEYWORD

TEXT = """\
import numpy as np

def weighted(made):
    if isinstance(made, (list, tuple)):
        total = 0.0
        for part in made:
            total = total + weighted(part)
        return total
    return np.sum(np.real(made) * np.cos(np.arange(np.size(made))).reshape(np.shape(made)))

def by_position({names}):
    return weighted(FUNCTION({positional}))

def by_keyword({names}):
    return weighted(FUNCTION({keywords}))
"""


def parameters_by_keyword(row: Row) -> list[str] | None:
    """How each argument of a row is written if it is given by keyword where that is possible; None if it is nowhere."""
    try:
        parameters = list(inspect.signature(row.fn).parameters.values())[: len(row.args)]
    except (TypeError, ValueError):
        return None
    if len(parameters) < len(row.args) or all(p.kind is not EITHER for p in parameters):
        return None
    if any(p.kind not in (EITHER, p.POSITIONAL_ONLY) for p in parameters):
        return None
    return [f"{p.name}=a{k}" if p.kind is EITHER else f"a{k}" for k, p in enumerate(parameters)]


def one_row_each() -> list[Row]:
    found: dict[Any, Row] = {}
    for row in SMOOTH:
        public = not display_name(row.fn).startswith("srcgrad.")
        real = not any(np.iscomplexobj(leaf) for arg in row.args for leaf in leaves(arg))
        if public and real and parameters_by_keyword(row) is not None:
            found.setdefault(row.fn, row)
    return list(found.values())


def loaded(path: Path, row: Row) -> ModuleType:
    names = [f"a{k}" for k in range(len(row.args))]
    passive = [f"{name}=KEYWORDS[{name!r}]" for name in row.kwargs]
    keywords = parameters_by_keyword(row)
    assert keywords is not None
    path.write_text(
        TEXT.format(
            names=", ".join(names), positional=", ".join([*names, *passive]), keywords=", ".join([*keywords, *passive])
        )
    )
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    module.FUNCTION, module.KEYWORDS = row.fn, row.kwargs  # type: ignore[attr-defined]
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("row", one_row_each(), ids=lambda row: row.id)
def test_keywords_change_nothing(row: Row, tmp_path: Path) -> None:
    module = loaded(tmp_path / "called.py", row)
    for k in row.argnums:
        args = [float(a) if j == k and type(a) is int else a for j, a in enumerate(row.args)]
        try:
            expected = srcgrad.grad(module.by_position, argnums=k)(*args)
        except srcgrad.errors.SrcgradError:
            pytest.skip("this call is refused")
        found = srcgrad.grad(module.by_keyword, argnums=k)(*args)
        for got, want in zip(leaves(found), leaves(expected), strict=True):
            np.testing.assert_array_equal(got, want)


def test_most_functions_are_called() -> None:
    assert len(one_row_each()) > 150
