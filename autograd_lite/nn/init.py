"""Initialisers: how the numbers of a layer's parameters are drawn before training.

An *initialiser* is a function ``(shape, rng, fan_in, fan_out) -> float64 array of that shape``. `rng` is a NumPy
Generator, from which it draws; `fan_in` is the number of inputs that one unit of the layer sums over, `fan_out` the
number of units that one input feeds. The layer knows both, whatever the layout of its weights, so an initialiser serves
rows-are-examples, columns-are-examples and convolutions alike. The functions below make initialisers:

>>> from autograd_lite.nn import init
>>> rng = init.generator(0)
>>> init.constant(0.5)((2, 3), rng, 2, 3)
array([[0.5, 0.5, 0.5],
       [0.5, 0.5, 0.5]])
>>> W = init.he_normal()((1000, 50), rng, 1000, 50)
>>> print(f"{W.std() * 1000**0.5:.1f}")  # the square root of 2, for ReLU
1.4
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from autograd_lite.seeds import Seed, generator

__all__ = [
    "Initialiser",
    "Seed",
    "constant",
    "drawn",
    "fan_uniform",
    "generator",
    "he_normal",
    "he_uniform",
    "normal",
    "orthogonal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

Initialiser = Callable[[tuple[int, ...], Generator, int, int], NDArray[np.float64]]
"""``(shape, rng, fan_in, fan_out) -> array``"""

Fan = Callable[[int, int], float]

SQRT2 = math.sqrt(2)


def drawn(init: Initialiser, shape: tuple[int, ...], seed: Seed, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    """The numbers that a layer's parameter starts from.

    Raises
    ------
    TypeError
        If `init` is not an initialiser, but makes one.

    Examples
    --------
    >>> drawn(constant(2.0), (3,), None, 3, 1)
    array([2., 2., 2.])
    """
    if not callable(init) or getattr(init, "__name__", "") in __all__:
        raise TypeError(f"init is {init!r}; give an initialiser, such as init.he_normal() or init.normal(0.01)")
    return init(shape, generator(seed), fan_in, fan_out)


# --- the fans do not matter ----------------------------------------------------------------------------------------


def zeros() -> Initialiser:
    """All zeros: right for biases; weights of a hidden layer would stay equal to one another for ever.

    Examples
    --------
    >>> zeros()((3,), generator(0), 2, 3)
    array([0., 0., 0.])
    """
    return constant(0.0)


def constant(c: float) -> Initialiser:
    """All equal to `c`.

    Raises
    ------
    ValueError
        If `c` is not a finite number.

    Examples
    --------
    >>> constant(0.1)((2,), generator(0), 2, 2)
    array([0.1, 0.1])
    """
    c = _finite("constant", "c", c)
    return lambda shape, rng, fan_in, fan_out: np.full(shape, c)


def normal(std: float, mean: float = 0.0) -> Initialiser:
    """Draw from the normal distribution N(mean, std²), as in the course's ``0.01 * randn``.

    Raises
    ------
    ValueError
        If `std` is negative, or one of the two is not a finite number.

    Examples
    --------
    >>> W = normal(0.01)((100, 100), generator(0), 100, 100)
    >>> print(f"{W.std():.3f}")
    0.010
    """
    std, mean = _finite("normal", "std", std, least=0.0), _finite("normal", "mean", mean)
    return lambda shape, rng, fan_in, fan_out: rng.normal(mean, std, shape)


def uniform(low: float, high: float) -> Initialiser:
    """Draw from the uniform distribution on ``[low, high)``.

    Raises
    ------
    ValueError
        If `low` is greater than `high`, or one of the two is not a finite number.

    Examples
    --------
    >>> W = uniform(-1.0, 3.0)((100, 100), generator(0), 100, 100)
    >>> print(f"{W.min():.2f} {W.mean():.2f} {W.max():.2f}")
    -1.00 1.00 3.00
    """
    low, high = _finite("uniform", "low", low), _finite("uniform", "high", high)
    if low > high:
        raise ValueError(f"uniform: low is {low:g}, greater than high, {high:g}")
    return lambda shape, rng, fan_in, fan_out: rng.uniform(low, high, shape)


def orthogonal(gain: float = 1.0) -> Initialiser:
    """Draw uniformly among the (semi-)orthogonal matrices, times `gain`: products keep the lengths of vectors.

    The array, flattened to a matrix Q of ``(shape[0], the rest)``, has Q Qᵀ = gain² I if it is wide, QᵀQ = gain² I if
    it is tall, both if it is square. The fans do not matter.

    Raises
    ------
    ValueError
        If `gain` is negative or not a finite number; on drawing, if the shape has fewer than 2 axes.

    Notes
    -----
    A. Saxe, J. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks", 2013. The Q of a normal matrix, its columns turned so that the diagonal of R is positive, is distributed
    uniformly: F. Mezzadri, "How to generate random matrices from the classical compact groups", 2007.

    Examples
    --------
    >>> Q = orthogonal()((3, 5), generator(0), 3, 5)
    >>> bool(np.allclose(Q @ Q.T, np.eye(3)))
    True
    """
    gain = _finite("orthogonal", "gain", gain, least=0.0)

    def draw(shape: tuple[int, ...], rng: Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        if len(shape) < 2:
            raise ValueError(f"orthogonal: shape {shape} has no rows and columns; take another initialiser for biases")
        rows, columns = shape[0], math.prod(shape[1:])
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q *= np.copysign(gain, np.diag(r))
        return np.ascontiguousarray(q if rows >= columns else q.T).reshape(shape)

    return draw


# --- scaled by the fans --------------------------------------------------------------------------------------------


def xavier_uniform(gain: float = 1.0) -> Initialiser:
    """Xavier or Glorot: draw from U(-b, b), b = gain * sqrt(6 / (fan_in + fan_out)).

    The variance, gain² * 2 / (fan_in + fan_out), is the compromise between 1 / fan_in, by which the signal keeps its
    variance on the way forward, and 1 / fan_out, by which the gradient does on the way back; for activations like tanh,
    of slope 1 at 0.

    Raises
    ------
    ValueError
        If `gain` is negative or not a finite number; on drawing, if a fan is less than 1.

    Notes
    -----
    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
    equation 16.

    Examples
    --------
    >>> W = xavier_uniform()((100, 50), generator(0), 100, 50)
    >>> print(f"{abs(W).max():.3f} {(6 / (100 + 50))**0.5:.3f}")
    0.200 0.200
    """
    return _scaled_uniform("xavier_uniform", gain, _mean_fan)


def xavier_normal(gain: float = 1.0) -> Initialiser:
    """Xavier or Glorot: draw from N(0, σ²), σ = gain * sqrt(2 / (fan_in + fan_out)).

    Raises
    ------
    ValueError
        If `gain` is negative or not a finite number; on drawing, if a fan is less than 1.

    Notes
    -----
    The normal distribution of the variance that X. Glorot and Y. Bengio ask for, AISTATS 2010, equation 12; see
    `xavier_uniform`.

    Examples
    --------
    >>> W = xavier_normal()((100, 100), generator(0), 100, 100)
    >>> print(f"{W.std():.3f} {(2 / (100 + 100))**0.5:.3f}")
    0.100 0.100
    """
    return _scaled_normal("xavier_normal", gain, _mean_fan)


def he_uniform(gain: float = SQRT2) -> Initialiser:
    """He or Kaiming: draw from U(-b, b), b = gain * sqrt(3 / fan_in).

    The variance is gain² / fan_in. ReLU halves the mean square of what it is given, and the gain sqrt(2) makes up for
    it; for leaky ReLU take ``sqrt(2 / (1 + slope²))``.

    Raises
    ------
    ValueError
        If `gain` is negative or not a finite number; on drawing, if a fan is less than 1.

    Notes
    -----
    K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers: surpassing human-level performance on ImageNet
    classification", ICCV 2015, equation 10.

    Examples
    --------
    >>> W = he_uniform()((600, 50), generator(0), 600, 50)
    >>> print(f"{abs(W).max():.3f} {(6 / 600)**0.5:.3f}")
    0.100 0.100
    """
    return _scaled_uniform("he_uniform", gain, _fan_in)


def he_normal(gain: float = SQRT2) -> Initialiser:
    """He or Kaiming: draw from N(0, σ²), σ = gain / sqrt(fan_in); the gain sqrt(2) is that of ReLU.

    Raises
    ------
    ValueError
        If `gain` is negative or not a finite number; on drawing, if a fan is less than 1.

    Notes
    -----
    K. He, X. Zhang, S. Ren, J. Sun, ICCV 2015, equation 10; see `he_uniform`.

    Examples
    --------
    >>> W = he_normal()((200, 50), generator(0), 200, 50)
    >>> print(f"{W.std():.2f} {(2 / 200)**0.5:.2f}")
    0.10 0.10
    """
    return _scaled_normal("he_normal", gain, _fan_in)


def fan_uniform() -> Initialiser:
    """Draw from U(-b, b), b = 1 / sqrt(fan_in): what PyTorch's linear layer does with its weights and its biases.

    Raises
    ------
    ValueError
        On drawing, if a fan is less than 1.

    Notes
    -----
    The variance is 1 / (3 fan_in). It was the common heuristic before Xavier: equation 1 of Glorot and Bengio, who show
    what is wrong with it in deep networks.

    Examples
    --------
    >>> W = fan_uniform()((100, 50), generator(0), 100, 50)
    >>> print(f"{abs(W).max():.3f} {1 / 100**0.5:.3f}")
    0.100 0.100
    """
    return _scaled_uniform("fan_uniform", math.sqrt(1 / 3), _fan_in)


def _fan_in(fan_in: int, fan_out: int) -> float:
    return fan_in


def _mean_fan(fan_in: int, fan_out: int) -> float:
    return (fan_in + fan_out) / 2


def _scaled_uniform(name: str, gain: float, fan: Fan) -> Initialiser:
    """Uniform about 0, of the standard deviation ``gain / sqrt(fan)``: its half width is sqrt(3) times that."""
    gain = _finite(name, "gain", gain, least=0.0)

    def draw(shape: tuple[int, ...], rng: Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        _check_fans(name, fan_in, fan_out)
        bound = gain * math.sqrt(3 / fan(fan_in, fan_out))
        return rng.uniform(-bound, bound, shape)

    return draw


def _scaled_normal(name: str, gain: float, fan: Fan) -> Initialiser:
    """Normal about 0, of the standard deviation ``gain / sqrt(fan)``."""
    gain = _finite(name, "gain", gain, least=0.0)

    def draw(shape: tuple[int, ...], rng: Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        _check_fans(name, fan_in, fan_out)
        return rng.normal(0.0, gain / math.sqrt(fan(fan_in, fan_out)), shape)

    return draw


def _check_fans(name: str, fan_in: int, fan_out: int) -> None:
    if fan_in < 1 or fan_out < 1:
        raise ValueError(
            f"{name}: fan_in is {fan_in} and fan_out is {fan_out}; a layer has at least 1 input and 1 output"
        )


def _finite(name: str, what: str, x: Any, least: float = -math.inf) -> float:
    """An argument as a float; refused unless it is a finite number, and at least `least`."""
    if not (isinstance(x, (int, float, np.integer, np.floating)) and math.isfinite(x) and x >= least):
        bound = "" if least == -math.inf else f" of at least {least:g}"
        raise ValueError(f"{name}: {what} is {x!r}; it must be a finite number{bound}")
    return float(x)
