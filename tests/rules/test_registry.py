"""Every rule of the registry, at every row of the tables beside this file."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from types import FunctionType

import numpy as np
import pytest
from harness import (
    Row,
    check_against_differences,
    check_against_expected,
    check_single_precision,
    has_derivative,
)

import srcgrad.rules  # noqa: F401  (fills the registry)
from srcgrad.rules.late import load_rules
from srcgrad.rules.registry import ACCUMULATE, JVP, LINEAR, PARTIALS, VJP, display_name, has_rule, is_of_user

TABLES = (
    "rows_elementwise",
    "rows_math",
    "rows_reduce",
    "rows_cumulative",
    "rows_shape",
    "rows_index",
    "rows_linalg",
    "rows_eigen",
    "rows_helpers",
    "rows_fft",
    "rows_polynomial",
    "rows_special",
    "rows_scipy_special",
    "rows_scipy_linalg",
    "rows_scipy_arrays",
)
ROWS: list[Row] = [
    row for table in TABLES if importlib.util.find_spec(table) for row in importlib.import_module(table).ROWS
]
load_rules()
SMOOTH = [row for row in ROWS if row.expected is None]
STATED = [row for row in ROWS if row.expected is not None]


@pytest.mark.parametrize("row", SMOOTH, ids=lambda row: row.id)
def test_rule_agrees_with_differences(row: Row) -> None:
    assert has_derivative(row.fn), "the function has no rule"
    check_against_differences(row)


@pytest.mark.parametrize("row", STATED, ids=lambda row: row.id)
def test_rule_gives_the_stated_cotangents(row: Row) -> None:
    assert has_derivative(row.fn), "the function has no rule"
    check_against_expected(row)


@pytest.mark.parametrize("row", SMOOTH, ids=lambda row: row.id)
def test_rule_holds_in_single_precision(row: Row) -> None:
    check_single_precision(row)


@pytest.mark.parametrize("table", [PARTIALS, VJP, ACCUMULATE, JVP], ids=["partials", "vjp", "accumulate", "jvp"])
def test_every_rule_has_a_row(table: dict) -> None:
    tested = {row.fn for row in ROWS}
    own = {fn: rule for fn, rule in table.items() if rule.body.__module__.startswith("srcgrad.")}
    missing = [
        f"{rule.body.__module__}.{rule.body.__name__} for {fn!r}" for fn, rule in own.items() if fn not in tested
    ]
    assert not missing, "rules without a row: " + ", ".join(missing)


def test_every_rule_has_its_forward_half() -> None:
    rules = {**PARTIALS, **VJP, **ACCUMULATE}
    missing = [fn for fn, r in rules.items() if not (is_of_user(r.body) or fn in PARTIALS or fn in LINEAR or fn in JVP)]
    assert not missing, "no rule for the tangent of " + ", ".join(map(display_name, missing))


def test_both_halves_name_the_same_arguments() -> None:
    for fn, rule in JVP.items():
        if is_of_user(rule.body):
            continue
        backward = VJP[fn] if fn in VJP else PARTIALS[fn]
        assert rule.parameters == backward.parameters, display_name(fn)
        assert rule.tangents and set(rule.tangents) <= set(rule.parameters), display_name(fn)
    for fn, linear in LINEAR.items():
        assert linear.arguments and set(linear.arguments) <= set(VJP[fn].parameters), display_name(fn)


def _calls(body: FunctionType) -> Iterator[tuple[str, object]]:
    """The functions of libraries that a rule or one of its helpers calls: their text, and themselves."""
    for node in ast.walk(ast.parse(inspect.getsource(body))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            text = ast.unparse(node.func)
            if text.partition(".")[0] in ("np", "math", "operator", "special", "linalg", "signal", "fft", "integrate"):
                yield text, eval(text, body.__globals__)


def test_rules_can_be_differentiated_again() -> None:
    """Second derivatives come from the source of the rules, so all that they call needs a rule itself."""
    in_place = {np.add.at}
    modules = {rule.body.__module__ for table in (PARTIALS, VJP, ACCUMULATE, JVP) for rule in table.values()}
    bodies = [
        body
        for name in sorted(modules)
        if name.startswith("srcgrad.")
        for body in vars(sys.modules[name]).values()
        if isinstance(body, FunctionType) and body.__module__ == name
    ]
    missing = {
        f"{b.__module__}.{b.__name__}: {text}"
        for b in bodies
        for text, fn in _calls(b)
        if not (fn in in_place or has_rule(fn))
    }
    assert bodies and not missing, f"no rule for what rules call: {sorted(missing)}"


def test_methods_of_ufuncs_are_named_with_them() -> None:
    assert display_name(np.add.reduceat) == "np.add.reduceat"
    assert display_name(np.unwrap) == "np.unwrap"
