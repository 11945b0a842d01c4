"""Gradients of numerical Python by source transformation: source in, readable source out."""

from srcgrad import errors, nested, nested_products, nested_rules, rules  # noqa: F401 (these let programs call what is defined here)
from srcgrad.api import GradFunction, grad, value_and_grad
from srcgrad.custom import custom_jvp, custom_vjp
from srcgrad.implicit_functions import implicit
from srcgrad.jacobians import elementwise_grad, hessian, hvp, jacfwd, jacobian, jacrev
from srcgrad.products import jvp, linearize, vjp
from srcgrad.rules.intrinsics import checkpoint, checkpointed, stop_gradient
from srcgrad.sparse.hessian import sparse_hessian
from srcgrad.sparse.jacobian import sparse_jacobian
from srcgrad.sparse.pattern import jacobian_pattern
from srcgrad.testing import check_grads

__version__ = "0.1.0"

__all__ = [
    "GradFunction",
    "__version__",
    "check_grads",
    "checkpoint",
    "checkpointed",
    "custom_jvp",
    "custom_vjp",
    "elementwise_grad",
    "errors",
    "grad",
    "hessian",
    "hvp",
    "implicit",
    "jacfwd",
    "jacobian",
    "jacobian_pattern",
    "jacrev",
    "jvp",
    "linearize",
    "rules",
    "sparse_hessian",
    "sparse_jacobian",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
