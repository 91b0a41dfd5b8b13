"""Neural networks: layers, initialisation and losses, on arrays and on scalar Values alike.

Rows are examples, as in most libraries; `Linear`, `Layer` and `MLP` take ``columns=True`` for the course's convention,
and `cross_entropy` then ``axis=0``; the other losses have no axis.

>>> import numpy as np
>>> from autograd_lite import nn, optim
>>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
>>> y = np.array([[0.0], [1.0], [1.0], [0.0]])
>>> model = nn.Sequential(nn.Linear(2, 8, seed=0), nn.Tanh(), nn.Linear(8, 1, seed=1))
>>> optimizer = optim.Adam(model.parameters(), lr=0.05)
>>> for _ in range(200):
...     optimizer.zero_grad()
...     cost = nn.bce_with_logits(model(X), y)
...     cost.backward()
...     optimizer.step()
>>> (model(X).data > 0).ravel().tolist()
[False, True, True, False]
"""

from autograd_lite.functions import (
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from autograd_lite.nn import init
from autograd_lite.nn.activations import (
    ELU,
    GELU,
    Activation,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    activation,
)
from autograd_lite.nn.convolution import Conv2d, MaxPool2d
from autograd_lite.nn.layers import Dropout, Embedding, Flatten, LayerNorm, Linear, RMSNorm, Sequential
from autograd_lite.nn.losses import bce, bce_with_logits, cross_entropy, hinge, huber, mse
from autograd_lite.nn.module import Module
from autograd_lite.nn.neurons import MLP, Layer, Neuron
from autograd_lite.nn.sequence import LSTMCell, MultiHeadAttention, RNNCell

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "Activation",
    "Conv2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "LSTMCell",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "Module",
    "MultiHeadAttention",
    "Neuron",
    "RMSNorm",
    "RNNCell",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "activation",
    "bce",
    "bce_with_logits",
    "cross_entropy",
    "elu",
    "gelu",
    "hinge",
    "huber",
    "init",
    "leaky_relu",
    "log_softmax",
    "mse",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]
