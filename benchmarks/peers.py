"""Other tools, each imported when it is asked for: functions of the arguments that return one of no arguments.

A tool that is not installed raises ImportError; the command says so. What is prepared once (compiling, placing arrays
on the device, building a graph) is done before the function is returned.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

Gradient = Callable[[], Any]
MODULES = {"enzyme": "enzyme_ad.jax"}
"""Of peers that are not called what their module is."""


def imported(name: str) -> None:
    """Import a peer, so that its first gradient is not blamed for that."""
    import_module(MODULES.get(name, name))


def rebound(fun: Callable[..., Any], **names: Any) -> Callable[..., Any]:
    """The same code with other globals, so that `np` is what a peer has in its place; helpers come along."""
    scope = {**fun.__globals__, **names}
    for name in fun.__code__.co_names:
        helper = fun.__globals__.get(name)
        if isinstance(helper, types.FunctionType) and helper.__module__ == fun.__module__:
            scope[name] = rebound(helper, **names)
    return types.FunctionType(fun.__code__, scope, fun.__name__, fun.__defaults__, fun.__closure__)


def by_autograd(fun: Callable[..., Any], args: Sequence[Any], argnums: int | tuple[int, ...] = 0) -> Gradient:
    """HIPS autograd; `fun` is written with `np`."""
    autograd = import_module("autograd")
    gradient = autograd.grad(rebound(fun, np=autograd.numpy), argnums)
    return lambda: gradient(*args)


def jax_numpy() -> tuple[Any, Any]:
    """`jax`, `jax.numpy`, in double precision."""
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    return jax, jax.numpy


def by_jax(fun: Callable[..., Any], args: Sequence[Any], argnums: int | tuple[int, ...] = 0) -> Gradient:
    """JAX, `jit(grad(fun))`; integers among the arguments are static."""
    jax, jnp = jax_numpy()
    static = tuple(k for k, arg in enumerate(args) if isinstance(arg, int))
    gradient = jax.jit(jax.grad(fun, argnums), static_argnums=static)
    placed = [arg if isinstance(arg, int) else jax.tree.map(jnp.asarray, arg) for arg in args]
    return lambda: jax.block_until_ready(gradient(*placed))


def array_form_by_jax(fun: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Gradient]:
    """The user's own array code with `jax.numpy` as its `np`."""
    return lambda *args: by_jax(rebound(fun, np=jax_numpy()[1]), args, argnums)


def array_form_by_autograd(fun: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Gradient]:
    """The user's own array code with `autograd.numpy` as its `np`."""
    return lambda *args: by_autograd(fun, args, argnums)


def torch_module() -> Any:
    """`torch`, in double precision."""
    torch = import_module("torch")
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    return torch


def by_torch(fun: Callable[..., Any], args: Sequence[Any], argnums: int | tuple[int, ...] = 0) -> Gradient:
    """PyTorch, eager; `fun` is written with `torch`."""
    torch = torch_module()
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    placed = [
        torch.tensor(arg, requires_grad=k in numbers) if isinstance(arg, (float, np.ndarray)) else arg
        for k, arg in enumerate(args)
    ]
    leaves = [placed[k] for k in numbers]

    def gradient() -> Any:
        found = torch.autograd.grad(fun(*placed), leaves)
        return found[0] if isinstance(argnums, int) else found

    return gradient


def by_enzyme(source: str, args: Sequence[Any], argnums: int | tuple[int, ...] = 0) -> Gradient:
    """Enzyme on C++ through enzyme-ad and JAX; `source` defines `fun(out, *args)` on tensors, `out` of one element."""
    jax, jnp = jax_numpy()
    cpp_call = import_module("enzyme_ad.jax").cpp_call

    def fun(*placed: Any) -> Any:
        shape = [jax.core.ShapedArray([1], jnp.float64)]
        return cpp_call(*placed, out_shapes=shape, source=source, fn="fun", argv=("-O3",))[0][0]

    return by_jax(fun, args, argnums)


def pytensor_modules() -> tuple[Any, Any]:
    """`pytensor`, `pytensor.tensor`."""
    return import_module("pytensor"), import_module("pytensor.tensor")


def by_pytensor(out: Any, inputs: Sequence[Any], args: Sequence[Any], single: bool = True) -> Gradient:
    """pytensor: the gradient of a symbolic number with respect to symbolic inputs, compiled."""
    pytensor, _ = pytensor_modules()
    gradient = pytensor.function(list(inputs), pytensor.grad(out, inputs[0] if single else list(inputs)))
    gradient.trust_input = True
    placed = [np.asarray(arg) for arg in args]
    return lambda: gradient(*placed)


def casadi_module() -> Any:
    """`casadi`."""
    return import_module("casadi")


def warp_module() -> Any:
    """`warp`, quiet."""
    warp = import_module("warp")
    warp.config.quiet = True
    warp.init()
    return warp


def by_warp(launch: Callable[[Any], None], inputs: Sequence[Any], out: Any, others: Sequence[Any] = ()) -> Gradient:
    """Warp: `launch` starts the kernels that end in `out`, an array of one element.

    Args:
        launch: starts the kernels.
        inputs: the arrays whose gradients are wanted.
        out: where the last kernel adds up the result.
        others: the arrays between, whose gradients are set to zero, too.
    """
    warp = warp_module()

    def gradient() -> Any:
        for array in (*inputs, *others):
            array.grad.zero_()
        out.zero_()
        tape = warp.Tape()
        with tape:
            launch(warp)
        out.grad.fill_(1.0)
        tape.backward()
        found = tuple(array.grad.numpy().copy() for array in inputs)
        return found if len(found) > 1 else found[0]

    return gradient


def in_jax(make: Callable[..., Callable[..., Any]], argnums: int | tuple[int, ...] = 0) -> Callable[..., Gradient]:
    """A function of `jax` and `jax.numpy` that returns the function to differentiate."""
    return lambda *args: by_jax(make(*jax_numpy()), args, argnums)
