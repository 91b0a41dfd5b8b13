"""A perceptron of three layers in each library's functions, without its loss, which a workload adds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import methodcaller
from typing import Any

from benchmarks.engines import Loss
from benchmarks.peers import jax, peer

Head = Callable[[Any, Any, list[Any]], Any]
"""A loss: of the outputs, the targets and the parameters."""


def perceptron(relu: Callable[[Any], Any], affine: Callable[..., Any] = lambda x, W, b: x @ W + b) -> Any:
    """The outputs for parameters W1, b1, W2, b2, W3, b3, weights by columns, and inputs by rows."""

    def outputs(ps: list[Any], x: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = ps
        h = relu(affine(x, W1, b1))
        h = relu(affine(h, W2, b2))
        return affine(h, W3, b3)

    return outputs


def ours() -> Any:
    peer("autograd_lite")
    return perceptron(methodcaller("relu"))


def torch() -> Any:
    return perceptron(peer("torch").relu)


def torch_fused() -> Any:
    addmm = peer("torch").addmm
    return perceptron(peer("torch").relu, lambda x, W, b: addmm(b, x, W))


def in_jax() -> Any:
    return perceptron(jax().nn.relu)


def hips() -> Any:
    anp = peer("autograd.numpy")
    return perceptron(lambda h: anp.maximum(h, 0.0), lambda x, W, b: anp.dot(x, W) + b)


def mygrad() -> Any:
    return perceptron(peer("mygrad.nnet").relu)


def tinygrad() -> Any:
    return perceptron(methodcaller("relu"))


NETWORKS: dict[str, Callable[[], Any]] = {
    "autograd_lite": ours,
    "torch": torch,
    "torch, fused": torch_fused,
    "torch, compiled": torch_fused,
    "jax": in_jax,
    "autograd": hips,
    "mygrad": mygrad,
    "mygrad, guard off": mygrad,
    "tinygrad": tinygrad,
}
"""By the names that engines.py knows."""


def losses(heads: dict[str, Callable[[], Head]]) -> dict[str, Callable[[], Loss]]:
    """For each library that has a head, what makes its loss of parameters, inputs and targets."""

    def made(name: str) -> Loss:
        outputs, head = NETWORKS[name](), heads[name]()
        return lambda ps, x, targets: head(outputs(ps, x), targets, ps)

    return {name: partial(made, name) for name in heads}
