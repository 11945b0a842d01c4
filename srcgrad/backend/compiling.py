"""The state that Python is in while something is compiled, and whose errors come out of that."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import sysconfig
import threading
from collections.abc import Iterator

import numpy as np

_compiling_lock = threading.Lock()
_compiling_users = 0
_before: tuple[int, bool] = (0, False)


@contextlib.contextmanager
def compiling(limit: int) -> Iterator[None]:
    """Raises Python's recursion limit for a while, and lets no garbage be collected.

    A graph is all alive until it is compiled: to look through it for garbage again and again, as it grows, takes as
    long as to build it. Both settings are global: the last thread to leave restores them.
    """
    global _compiling_users, _before
    with _compiling_lock:
        if _compiling_users == 0:
            _before = sys.getrecursionlimit(), gc.isenabled()
            sys.setrecursionlimit(max(_before[0], limit))
            gc.disable()
        _compiling_users += 1
    try:
        yield
    finally:
        with _compiling_lock:
            _compiling_users -= 1
            if _compiling_users == 0:
                sys.setrecursionlimit(_before[0])
                if _before[1]:
                    gc.enable()


_OWN_CODE = tuple(
    os.path.join(os.path.realpath(folder), "")
    for folder in (
        os.path.dirname(os.path.dirname(__file__)),
        os.path.dirname(np.__file__),
        sysconfig.get_path("stdlib"),
    )
)


def raised_by_user(error: BaseException) -> bool:
    """Whether code of the user raised, a property for example that the compiler read."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    filename = trace.tb_frame.f_code.co_filename
    return not filename.startswith("<frozen") and not os.path.realpath(filename).startswith(_OWN_CODE)
