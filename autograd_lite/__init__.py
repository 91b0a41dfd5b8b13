"""autograd_lite: automatic differentiation that can be looked at."""

from autograd_lite.functions import *  # noqa: F403
from autograd_lite.modes import AnomalyError, detect_anomaly, no_grad
from autograd_lite.operation import TABLE, Operation
from autograd_lite.value import Constant, Value

__version__ = "0.1.0"
