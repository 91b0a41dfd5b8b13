"""autograd_lite: automatic differentiation of scalars and arrays that can be looked at.

>>> from autograd_lite import Value
>>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
>>> loss = (a * b + 10.0).tanh()
>>> loss.backward()
>>> print(f"{loss.data:.4f}, {a.grad:.4f}, {b.grad:.4f}")
0.9993, -0.0040, 0.0027
"""

from autograd_lite import functions
from autograd_lite.cells import data_of, grad_of, scalars
from autograd_lite.checks import check_grads
from autograd_lite.compiler.front.vectorized import Vectorized, VectorizeError, vectorize
from autograd_lite.derivatives import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd_lite.functions import *  # noqa: F403  (a function for every row of the table)
from autograd_lite.graph import CycleError, topological_order
from autograd_lite.modes import AnomalyError, detect_anomaly, no_grad
from autograd_lite.operation import TABLE, Operation, Trial
from autograd_lite.origins import Origin, origin_of, record_origins
from autograd_lite.primitive import primitive
from autograd_lite.value import Constant, Value

__version__ = "0.1.0"

__all__ = [
    "TABLE",
    "AnomalyError",
    "Constant",
    "CycleError",
    "Operation",
    "Origin",
    "Trial",
    "Value",
    "VectorizeError",
    "Vectorized",
    "check_grads",
    "data_of",
    "detect_anomaly",
    "grad",
    "grad_of",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "no_grad",
    "origin_of",
    "primitive",
    "record_origins",
    "scalars",
    "topological_order",
    "value_and_grad",
    "vectorize",
    "vjp",
]
__all__ += functions.__all__
