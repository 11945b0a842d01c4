"""The folder in which generated code for Numba lies, so that what Numba makes of it is found by the next process.

Files are named by a hash of their contents and of all that the machine code depends on: nothing in there is ever
stale. The folder belongs to the user, and nobody else may write to it. Whatever is wrong with it means that there is
no cache, never an error. `SRCGRAD_CACHE_DIR` names another folder; if it is empty, nothing is kept.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_COMPILED_TOO = (
    *("jit/helpers.py", "jit/vector_functions.py", "runtime.py", "schedule.py"),
    *("backend/numba_helpers.py", "backend/numba_lists.py", "backend/numba_products.py"),
    *("backend/numba_target.py", "backend/vector_math.py", "backend/special_math.py"),
)
"""What becomes part of the machine code, or decides how it is made."""


def stored(text: str, name: str) -> Path | None:
    """A file in the cache that holds a text, None if it can't be kept.

    Args:
        text: a module of generated code.
        name: part of the name of the file.
    """
    folder = _folder()
    if folder is None:
        return None
    scipy = str(getattr(sys.modules.get("scipy"), "__version__", None))
    digest = hashlib.sha256("\0".join([text, scipy, _surroundings()]).encode()).hexdigest()[:32]
    path = folder / f"srcgrad_{name}_{digest}.py"
    try:
        if not _holds(path, text):
            _write(path, text)
    except OSError:
        return None
    return path


def _holds(path: Path, text: str) -> bool:
    """Whether a file is there and is what was written: never one that somebody has put in its place."""
    if not path.is_file() or path.is_symlink():
        return False
    return path.read_text(encoding="utf-8") == text


def _write(path: Path, text: str) -> None:
    """Writes a file in one step."""
    handle, temporary = tempfile.mkstemp(prefix=".srcgrad-", suffix=".py", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


@functools.cache
def _surroundings() -> str:
    """What the machine code depends on besides the text."""
    numba, numpy = import_module("numba"), import_module("numpy")
    sources = [(_PACKAGE / name).read_text(encoding="utf-8") for name in _COMPILED_TOO]
    vectors = str(import_module("srcgrad.backend.vector_math").is_available())
    return "\0".join([sys.version, str(numba.__version__), str(numpy.__version__), vectors, *sources])


def _folder() -> Path | None:
    """The folder, made if need be; None if there is none, or not the user's own."""
    given = os.environ.get("SRCGRAD_CACHE_DIR")
    if given == "":
        return None
    try:
        folder = Path(given) if given is not None else _home() / "srcgrad"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except (OSError, RuntimeError):
        return None
    if folder.is_symlink() or not os.access(folder, os.W_OK):
        return None
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        return None
    return folder


def _home() -> Path:
    """Where caches lie on this system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
