"""Optimisers, schedules of the learning rate, and clipping of gradients, on scalar and on array parameters.

>>> from autograd_lite import Value, optim
>>> w, b = Value(0.0), Value(0.0)
>>> optimizer = optim.Adam([w, b], lr=0.1)
>>> for _ in range(200):
...     loss = sum((w * x + b - (2 * x + 1)) ** 2 for x in (0.0, 1.0, 2.0))
...     optimizer.zero_grad()
...     loss.backward()
...     optimizer.step()
>>> print(f"{w:.2f} {b:.2f}")
2.00 1.00
"""

from autograd_lite.optim.algorithms import SGD, Adagrad, Adam, AdamW, RMSprop
from autograd_lite.optim.clipping import clip_grad_norm, clip_grad_value
from autograd_lite.optim.optimizer import Optimizer
from autograd_lite.optim.schedules import Schedule, cosine, exponential, linear, step_decay, warm_up

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "clip_grad_norm",
    "clip_grad_value",
    "cosine",
    "exponential",
    "linear",
    "step_decay",
    "warm_up",
]
