"""Derivatives beyond one gradient: a Hessian, and the comparison of a gradient with numerical ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import OURS, Contestant, Workload, ahead
from benchmarks.peers import jax, peer

# --- the Hessian of Rosenbrock's valley ----------------------------------------------------------------------------

DIMENSIONS = 20


def valley(x: Any) -> Any:
    """Rosenbrock's function, in the operators and methods that all the libraries have in common."""
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def point() -> Any:
    """Where the Hessian is taken."""
    return np.random.default_rng(0).normal(size=DIMENSIONS)


def _hessian(run: Callable[[], Any]) -> Contestant:
    def read(found: Any) -> Any:
        H = np.asarray(found)
        return float(np.trace(H)), [H]

    return Contestant(run, read)


def _hessian_ours() -> Contestant:
    return _hessian(partial(peer("autograd_lite").hessian(valley), point()))


def _hessian_hips() -> Contestant:
    anp, hessian = peer("autograd.numpy"), peer("autograd").hessian
    return _hessian(
        partial(hessian(lambda x: anp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)), point())
    )


def _hessian_torch() -> Contestant:
    torch, hessian = peer("torch"), peer("torch.autograd.functional").hessian
    return _hessian(partial(hessian, valley, torch.tensor(point())))


def _hessian_torch_func() -> Contestant:
    return _hessian(partial(peer("torch.func").hessian(valley), peer("torch").tensor(point())))


def _hessian_jax(compiled: bool) -> Contestant:
    library = jax()
    x, hessian, wait = library.numpy.asarray(point()), library.hessian(valley), library.block_until_ready
    hessian = library.jit(hessian) if compiled else hessian
    return _hessian(lambda: wait(hessian(x)))


def _hessian_by_hand() -> Contestant:
    x = point()

    def run() -> Any:
        H = np.zeros((DIMENSIONS, DIMENSIONS))
        diagonal = np.einsum("ii->i", H)
        left, right = x[:-1], x[1:]
        diagonal[:-1] = 1200 * left * left - 400 * right + 2
        diagonal[1:] += 200
        np.einsum("ii->i", H[1:, :-1])[:] = np.einsum("ii->i", H[:-1, 1:])[:] = -400 * left
        return H

    return _hessian(run)


HESSIAN = Workload(
    "hessian",
    f"the Hessian of Rosenbrock's function in {DIMENSIONS} dimensions; float64",
    {
        OURS: _hessian_ours,
        "torch, autograd.functional": _hessian_torch,
        "torch, func": _hessian_torch_func,
        "autograd (HIPS)": _hessian_hips,
        "JAX, eager": partial(_hessian_jax, False),
        "JAX, jit": partial(_hessian_jax, True),
        "NumPy by hand": _hessian_by_hand,
    },
    [ahead("hessian", ["autograd (HIPS)"])],
)


# --- check_grads ---------------------------------------------------------------------------------------------------


def layer(tanh: Callable[[Any], Any], W: Any) -> Callable[[Any], Any]:
    """A function of a matrix, whose gradient is checked."""
    return lambda x: (tanh(x @ W) ** 2).sum()


def weights() -> Any:
    """The other factor, the same for everyone."""
    return np.random.default_rng(1).normal(size=(6, 4))


def matrix() -> Any:
    """Where the gradient is checked: 30 numbers."""
    return np.random.default_rng(0).normal(size=(5, 6))


def _checked(run: Callable[[], Any], answer: Callable[[], Any]) -> Contestant:
    """A check, which must pass; what it checked, the value and the gradient, is compared with ours."""

    def read(passed: Any) -> Any:
        if passed is False:
            raise ValueError("the library finds its own gradient wrong")
        value, gradient = answer()
        return float(value), [np.asarray(gradient)]

    return Contestant(run, read)


def _check_ours() -> Contestant:
    ag, x = peer("autograd_lite"), matrix()
    f = layer(ag.tanh, weights())
    return _checked(lambda: ag.check_grads(f, x).ok, lambda: ag.value_and_grad(f)(x))


def _check_torch(fast: bool) -> Contestant:
    torch = peer("torch")
    x, f = torch.tensor(matrix(), requires_grad=True), layer(torch.tanh, torch.tensor(weights()))

    def answer() -> Any:
        y = f(x)
        return y.item(), torch.autograd.grad(y, x)[0]

    return _checked(lambda: torch.autograd.gradcheck(f, x, fast_mode=fast), answer)


def _check_hips() -> Contestant:
    anp, value_and_grad = peer("autograd.numpy"), peer("autograd").value_and_grad
    check, x, W = peer("autograd.test_util").check_grads, matrix(), weights()

    def f(x: Any) -> Any:
        return anp.sum(anp.tanh(anp.dot(x, W)) ** 2)

    return _checked(lambda: check(f, modes=["rev"], order=1)(x), lambda: value_and_grad(f)(x))


def _check_jax() -> Contestant:
    library, check = jax(), peer("jax.test_util").check_grads
    x, f = library.numpy.asarray(matrix()), layer(library.numpy.tanh, library.numpy.asarray(weights()))
    return _checked(lambda: check(f, (x,), order=1, modes=["rev"]), lambda: library.value_and_grad(f)(x))


TORCH = "torch, gradcheck"

GRADIENT_CHECK = Workload(
    "gradient-check",
    "a gradient of 30 numbers beside numerical ones; HIPS, JAX and torch's fast mode look along random directions "
    "only, the others at each number, and ours for bends, kinks and by complex steps too",
    {
        OURS: _check_ours,
        TORCH: partial(_check_torch, False),
        "torch, gradcheck, fast mode": partial(_check_torch, True),
        "autograd (HIPS)": _check_hips,
        "JAX, eager": _check_jax,
    },
    [ahead("gradient-check", [TORCH])],
)
