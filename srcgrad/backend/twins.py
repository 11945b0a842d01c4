"""Functions that are made again and again of the same code, as those inside of other functions are: compiled once.

`grad(lambda w: loss(w, data))` in a loop makes a new function in each turn. From the second one on, what is compiled is
a twin of it: a function of the same code with cells of its own, into which what the function captures is put before
each call. The guards of the compiled code look at these cells. Of one function, `grad(loss)` compiles once, too.
"""

from __future__ import annotations

import contextlib
import dis
import functools
import threading
from collections import OrderedDict
from collections.abc import Iterator
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

from srcgrad.backend.building import Options, Variant
from srcgrad.backend.checks import never
from srcgrad.backend.dispatch import Dispatcher
from srcgrad.backend.targets import Target, resolve
from srcgrad.rules.registry import when_rules_change

_MOST = 64
"""Of so many functions the twins are kept."""

_pools: OrderedDict[tuple, Twins | None] = OrderedDict()
_shared: OrderedDict[tuple, tuple[Any, dict]] = OrderedDict()


def dispatcher_of(fun: Any, target: Target, options: Options) -> Dispatcher:
    """What compiles a function, which shares its code with others that compile the same."""
    if type(fun) is FunctionType and _has_twin(fun):
        # Two threads may call two functions of one code at the same time.
        key = (threading.get_ident(), fun.__code__, id(fun.__globals__), options)
        is_first = key not in _pools
        twins = _pools.pop(key, None)
        _pools[key] = twins = None if is_first else twins or Twins(fun)
        _forget(_pools)
        return Dispatcher(target, options) if twins is None else Following(fun, twins, options)
    dispatcher = Dispatcher(target, options)
    parts = _parts(fun)
    if parts is not None:
        key = (options, *map(id, parts))
        # The parts are kept, so that no other object gets their ids.
        _shared[key] = known = _shared.pop(key, (parts, dispatcher._variants))
        dispatcher._variants = known[1]
        _forget(_shared)
    return dispatcher


def _parts(fun: Any) -> tuple | None:
    """What a callable is made of that is the same in another one that does the same."""
    if type(fun) is FunctionType:
        return (fun,)
    if type(fun) is MethodType:
        return (fun.__func__, fun.__self__)
    inner = getattr(fun, "__srcgrad_dispatcher__", None)
    return None if inner is None else (inner._variants,)


class _Sharing:
    """What has been compiled and nobody holds any more is still handed on: until there are new rules."""

    def forget(self) -> None:
        _shared.clear()


_sharing = _Sharing()
when_rules_change(_sharing)


def _forget(known: OrderedDict) -> None:
    while len(known) > _MOST:
        known.popitem(last=False)


class Twins:
    """The twins of a function and of those that it captures.

    Attributes:
        main: that of the function itself.
        variants: the code compiled for it.
        busy: whether it runs.
    """

    def __init__(self, fun: FunctionType):
        self._by_code: dict[CodeType, list[FunctionType]] = {}
        self.variants: dict[Any, list[Variant]] = {}
        self.busy = False
        self.main = self.follow(fun)

    def follow(self, fun: FunctionType) -> FunctionType:
        """Lets the twins capture what a function, and those that it captures, capture now."""
        found: dict[int, FunctionType] = {}
        used: dict[CodeType, int] = {}
        pending: list[tuple[FunctionType, FunctionType]] = []

        def twin_of(other: FunctionType) -> FunctionType:
            twin = found.get(id(other))
            if twin is None:
                # Several functions of the same code have a twin each, in the order in which they are found.
                twins = self._by_code.setdefault(other.__code__, [])
                k = used[other.__code__] = used.get(other.__code__, -1) + 1
                if k == len(twins):
                    twins.append(_twin(other))
                twin = found[id(other)] = twins[k]
                pending.append((other, twin))
            return twin

        main = twin_of(fun)
        while pending:
            original, twin = pending.pop()
            twin.__defaults__, twin.__kwdefaults__ = original.__defaults__, original.__kwdefaults__
            for cell, own in zip(original.__closure__ or (), twin.__closure__ or (), strict=True):
                contents = _contents(cell)
                if contents is _EMPTY:
                    own.__init__()  # type: ignore[misc]
                else:
                    is_twinned = type(contents) is FunctionType and _has_twin(contents)
                    own.cell_contents = twin_of(contents) if is_twinned else contents
        return main


class Following(Dispatcher):
    """Compiles a function by way of its twin."""

    def __init__(self, fun: FunctionType, twins: Twins, options: Options):
        super().__init__(resolve(twins.main, options.mode), options)
        self._fun = fun
        self._twins = twins
        self._variants = twins.variants
        self._thread = threading.get_ident()
        self._alone = Dispatcher(resolve(fun, options.mode), options)

    def run(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Calls the generated function."""
        with self.held() as own:
            variant, values = own.find(args, kwargs)
            return variant.entry(*values)

    def _is_followed(self) -> bool:
        """Whether the twin does what the function does, in this thread: the code of a function may be swapped."""
        return threading.get_ident() == self._thread and self._fun.__code__ is self._twins.main.__code__

    @contextlib.contextmanager
    def held(self) -> Iterator[Dispatcher]:
        """What compiles a call, for as long as the call takes: no other one may use the cells of the twin then."""
        if self._twins.busy or not self._is_followed():
            yield self._alone
            return
        self._twins.busy = True
        try:
            yield self
        finally:
            self._twins.busy = False

    def find(self, args: tuple, kwargs: dict[str, Any]) -> tuple[Variant, list[Any]]:
        """The variant for a call; which one holds is to be looked up each time."""
        self._twins.follow(self._fun)
        found = super().find(args, kwargs)
        self.check, self.direct = never, None
        return found

    def find_bound(self, bound: dict[str, Any]) -> Variant:
        """The variant for arguments by name."""
        if not self._is_followed():
            return self._alone.find_bound(bound)
        self._twins.follow(self._fun)
        return super().find_bound(bound)


class _Empty:
    """Stands for what is in a cell that has no contents."""


_EMPTY = _Empty()


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


def _twin(fun: FunctionType) -> FunctionType:
    cells = tuple([CellType() for _ in fun.__closure__ or ()]) or None
    twin = FunctionType(fun.__code__, fun.__globals__, fun.__name__, fun.__defaults__, cells)
    twin.__qualname__, twin.__module__, twin.__doc__ = fun.__qualname__, fun.__module__, fun.__doc__
    twin.__kwdefaults__ = fun.__kwdefaults__
    return twin


def _has_twin(fun: FunctionType) -> bool:
    """Whether a function is made inside of another one, and a copy of it does the same."""
    return "<locals>" in fun.__qualname__ and not fun.__dict__ and not _assigns_captured(fun.__code__)


@functools.lru_cache(maxsize=1024)
def _assigns_captured(code: CodeType) -> bool:
    pending = [code]
    while pending:
        inner = pending.pop()
        for op in dis.get_instructions(inner):
            if op.opname in ("STORE_DEREF", "DELETE_DEREF") and op.argval in inner.co_freevars:
                return True
        pending.extend(const for const in inner.co_consts if isinstance(const, CodeType))
    return False
