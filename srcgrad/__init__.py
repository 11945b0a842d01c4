"""Gradients of numerical Python by source transformation: source in, readable source out."""

from srcgrad import errors, rules
from srcgrad.api import GradFunction, grad, value_and_grad
from srcgrad.products import jvp, linearize, vjp
from srcgrad.rules.intrinsics import stop_gradient
from srcgrad.sparse.hessian import sparse_hessian
from srcgrad.sparse.jacobian import sparse_jacobian
from srcgrad.sparse.pattern import jacobian_pattern
from srcgrad.testing import check_grads

__version__ = "0.1.0"

__all__ = [
    "GradFunction",
    "__version__",
    "check_grads",
    "errors",
    "grad",
    "jacobian_pattern",
    "jvp",
    "linearize",
    "rules",
    "sparse_hessian",
    "sparse_jacobian",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
