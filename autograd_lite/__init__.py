"""autograd_lite: automatic differentiation that can be looked at."""

from autograd_lite.checks import check_grads
from autograd_lite.derivatives import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd_lite.functions import *  # noqa: F403
from autograd_lite.graph import CycleError, topological_order
from autograd_lite.modes import AnomalyError, detect_anomaly, no_grad
from autograd_lite.operation import TABLE, Operation, Trial
from autograd_lite.primitive import primitive
from autograd_lite.value import Constant, Value

__version__ = "0.1.0"
