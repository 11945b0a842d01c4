"""Gradients of numerical Python by source transformation: source in, readable source out."""

from srcgrad import errors, rules
from srcgrad.api import GradFunction, grad, value_and_grad
from srcgrad.products import jvp, linearize, vjp
from srcgrad.rules.intrinsics import checkpoint, checkpointed, stop_gradient
from srcgrad.testing import check_grads

__version__ = "0.1.0"

__all__ = [
    "GradFunction",
    "__version__",
    "check_grads",
    "checkpoint",
    "checkpointed",
    "errors",
    "grad",
    "jvp",
    "linearize",
    "rules",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
