"""The page about higher order is true: each block of code on it runs, and its calls give what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_language import Block, run_block

PAGE = (Path(__file__).parents[1] / "docs" / "higher-order.md").read_text(encoding="utf-8")
BLOCKS = [
    Block("higher-order", PAGE[: found.start(1)].count("\n"), found.group(1))
    for found in re.finditer(r"^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"line {block.line}")
def test_block(block: Block, tmp_path: Path) -> None:
    run_block(block, tmp_path / f"higher_order_{block.line}.py")


def test_there_are_blocks() -> None:
    assert len(BLOCKS) == 3
    assert all("# ->" in block.text for block in BLOCKS)
