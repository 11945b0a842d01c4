"""What the tests of compiled code share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jit import plain


@pytest.fixture
def without_numba() -> Iterator[None]:
    """What is made for Numba runs as plain Python."""
    with plain.without_numba():
        yield
