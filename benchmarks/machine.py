"""What every measurement wants of the machine: one thread, one core, a heap that keeps what it has."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "TORCHINDUCTOR_COMPILE_THREADS"),
)
_CACHE = "SRCGRAD_CACHE_DIR"
_FLAGS = {
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def use_one_thread() -> None:
    """Tell NumPy's BLAS and all peers to use one thread: too late for a library that is imported already."""
    for name in _THREADS:
        os.environ[name] = "1"
    for name, value in _FLAGS.items():
        os.environ.setdefault(name, value)


def use_one_core() -> None:
    """Stay on one core, where the system lets a process choose."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def keep_heap() -> None:
    """Tell glibc's malloc to keep freed memory; other C libraries are left alone.

    glibc gives freed megabytes back to the system at once, and whether two temporaries more or less trigger that
    decides over a factor of 2 to 5 in array code. With a heap that keeps what it has, work is compared, not that luck.
    """
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3
    _mallopt({trim_threshold: 1 << 30, top_pad: 1 << 26, mmap_threshold: 1 << 25})


def return_memory() -> None:
    """The opposite, for measurements of memory: what is freed goes back to the system at once."""
    trim_threshold, mmap_threshold = -1, -3
    _mallopt({trim_threshold: 0, mmap_threshold: 1 << 16})


@contextmanager
def empty_cache() -> Iterator[None]:
    """Compiled gradients are looked for where there are none, so that first calls compile."""
    before = os.environ.get(_CACHE)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[_CACHE] = folder
        try:
            yield
        finally:
            del os.environ[_CACHE]
            if before is not None:
                os.environ[_CACHE] = before


def _mallopt(settings: dict[int, int]) -> None:
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    for parameter, size in settings.items():
        if not mallopt(parameter, size):
            raise SystemExit(f"mallopt({parameter}, {size}) failed; use --default-heap")
