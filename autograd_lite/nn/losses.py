"""Losses: how far predictions are from their targets, as one number to descend on, or one for each example.

Predictions and targets may be Values, arrays of scalar Values (of dtype object) or lists of them, scalar Values, and
plain numbers; all forms have equal values and gradients. Every loss takes a `reduction`:

- ``"mean"``: the cost, the mean of the losses (the default);
- ``"sum"``: their sum;
- ``"none"``: the losses themselves.

Shapes must be equal: a prediction of shape (m, 1) and a target of shape (m,) would broadcast to all m * m pairs, and
train a model of the wrong thing. They are refused.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import ArrayLike

from autograd_lite import functions as ag
from autograd_lite.cells import is_cells, operand
from autograd_lite.nn.targets import (
    alike,
    bare,
    check_probabilities,
    class_indices,
    class_weights,
    distribution,
    fitting,
    refuse,
    shape_of,
)
from autograd_lite.operation import TABLE
from autograd_lite.recording import apply
from autograd_lite.value import Value

__all__ = ["bce", "bce_with_logits", "cross_entropy", "hinge", "huber", "mse"]

Operand = Value | ArrayLike


def mse(prediction: Operand, target: Operand, *, reduction: str = "mean") -> Any:
    """Squared error: (prediction - target)², and its mean.

    Parameters
    ----------
    prediction, target : Value or array_like
        Of equal shapes, whatever they are; the mean is over all elements.
    reduction : {"mean", "sum", "none"}
        See the module.

    Raises
    ------
    ValueError
        If the shapes differ, the reduction is none of the three, or the mean would be over nothing.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> prediction = Value([1.0, 5.0])
    >>> J = mse(prediction, [2.0, 3.0])
    >>> J.backward()
    >>> J.data, prediction.grad  # the gradient is 2 (prediction - target) / m
    (2.5, array([-1.,  2.]))
    """
    prediction, target = alike("mse", prediction=prediction, target=target)
    return _reduced("mse", ag.square(ag.sub(prediction, target)), reduction)


def huber(prediction: Operand, target: Operand, delta: float = 1.0, *, reduction: str = "mean") -> Any:
    """Huber's loss: r²/2 for an error r up to `delta`, and delta (|r| - delta/2) beyond, where outliers pull less.

    Parameters
    ----------
    prediction, target : Value or array_like
        Of equal shapes.
    delta : float
        Where the parabola turns into a straight line; positive.
    reduction : {"mean", "sum", "none"}
        See the module.

    Raises
    ------
    ValueError
        If `delta` is not a positive number; as `mse`.

    Notes
    -----
    The gradient is r clipped to [-delta, delta]. P. Huber, "Robust estimation of a location parameter", 1964.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> prediction = Value([0.5, -9.0])
    >>> J = huber(prediction, [0.0, 0.0], reduction="sum")
    >>> J.backward()
    >>> J.data, prediction.grad
    (8.625, array([ 0.5, -1. ]))
    """
    if not 0 < delta < math.inf:
        raise ValueError(f"huber: delta is {delta!r}; it must be a positive number")
    prediction, target = alike("huber", prediction=prediction, target=target)
    r = ag.sub(prediction, target)
    near = ag.clip(r, -delta, delta)  # near (r - near/2) is r²/2 where near is r
    return _reduced("huber", ag.mul(near, ag.sub(r, ag.mul(0.5, near))), reduction)


def hinge(score: Operand, target: Operand, *, reduction: str = "mean") -> Any:
    """Hinge loss of a maximum-margin classifier: max(0, 1 - target * score).

    Parameters
    ----------
    score : Value or array_like
        Of any shape: positive for one class, negative for the other.
    target : array_like
        The labels, -1 or 1, of the same shape.
    reduction : {"mean", "sum", "none"}
        See the module.

    Raises
    ------
    ValueError
        If a target is neither -1 nor 1; as `mse`.

    Notes
    -----
    The gradient is -target where target * score < 1, else 0, at the corner too. C. Cortes, V. Vapnik, "Support-vector
    networks", 1995.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> score = Value([0.5, -3.0, 0.5])
    >>> J = hinge(score, [1, -1, -1], reduction="sum")
    >>> J.backward()
    >>> J.data, score.grad
    (2.0, array([-1.,  0.,  1.]))
    """
    score, target = alike("hinge", score=score, target=target)
    y = bare(target)
    refuse("hinge: target", y, (y != 1) & (y != -1), "it must be -1 or 1; labels y of 0 and 1 are 2 * y - 1")
    return _reduced("hinge", ag.relu(ag.sub(1.0, ag.mul(target, score))), reduction)


def bce(probability: Operand, target: Operand, weight: Operand | None = None, *, reduction: str = "mean") -> Any:
    """Binary cross-entropy: -(y log p + (1 - y) log(1 - p)) for a probability p and a target y.

    Where p comes from a sigmoid take `bce_with_logits`, which stays exact where the sigmoid has rounded to 0 or 1.

    Parameters
    ----------
    probability : Value or array_like
        p, in [0, 1], of any shape.
    target : Value or array_like
        y, in [0, 1], of the same shape: labels 0 and 1, or probabilities.
    weight : array_like, optional
        Multiplies the losses, to whose shape it must broadcast. The mean is still over their number, as in PyTorch.
    reduction : {"mean", "sum", "none"}
        See the module.

    Raises
    ------
    ValueError
        If a probability or a target is outside [0, 1], or the weight has another shape; as `mse`.

    Notes
    -----
    The negative log-likelihood of a Bernoulli variable: C. Bishop, "Pattern Recognition and Machine Learning", 2006,
    equation 4.90. 0 log 0 is 0, so a certain and right p costs 0; a certain and wrong one costs inf.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> p = Value([0.8, 0.5, 0.0])
    >>> J = bce(p, [1, 0, 0], reduction="sum")
    >>> J.backward()
    >>> print(f"{J.data:.4f}", p.grad)  # (p - y) / (p (1 - p))
    0.9163 [-1.25  2.    1.  ]
    """
    p, y = alike("bce", probability=probability, target=target)
    check_probabilities("bce: probability", p, "logits are for bce_with_logits")
    check_probabilities("bce: target", y, "labels y of -1 and 1 are (y + 1) / 2")
    weight = fitting("bce: weight", weight, np.shape(p))
    positive = ag.mul(y, ag.neg(ag.log(_without(p, y, 0.0))))
    negative = ag.mul(ag.sub(1.0, y), ag.neg(ag.log1p(ag.neg(_without(p, y, 1.0)))))
    return _reduced("bce", _weighted(weight, ag.add(positive, negative)), reduction)


def bce_with_logits(
    logits: Operand,
    target: Operand,
    weight: Operand | None = None,
    pos_weight: Operand | None = None,
    *,
    reduction: str = "mean",
) -> Any:
    """Binary cross-entropy of sigmoid(z), from the logits z: y softplus(-z) + (1 - y) softplus(z).

    Parameters
    ----------
    logits : Value or array_like
        z, the log-odds log(p / (1 - p)), of any shape; none is too large.
    target : Value or array_like
        y, in [0, 1], of the same shape: labels 0 and 1, or probabilities.
    weight : array_like, optional
        Multiplies the losses, to whose shape it must broadcast. The mean is still over their number, as in PyTorch.
    pos_weight : array_like, optional
        Multiplies y softplus(-z), the part of the positive examples, where they are rare; broadcasts as `weight`.
    reduction : {"mean", "sum", "none"}
        See the module.

    Raises
    ------
    ValueError
        If a target is outside [0, 1], or a weight has another shape; as `mse`.

    Notes
    -----
    The gradient is sigmoid(z) - y. The two terms are kept apart, for softplus(z) - y z, though equal, cancels: at
    z = 40 and y = 1 the loss is exp(-40), and that difference is 0.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> z = Value([0.0, 1000.0, -40.0])
    >>> J = bce_with_logits(z, [1, 0, 0], reduction="none")
    >>> J.sum().backward()
    >>> with np.printoptions(precision=2):
    ...     print(J.data, z.grad)
    [6.93e-01 1.00e+03 4.25e-18] [-5.00e-01  1.00e+00  4.25e-18]
    """
    z, y = alike("bce_with_logits", logits=logits, target=target)
    check_probabilities("bce_with_logits: target", y, "labels y of -1 and 1 are (y + 1) / 2")
    weight = fitting("bce_with_logits: weight", weight, np.shape(z))
    pos_weight = fitting("bce_with_logits: pos_weight", pos_weight, np.shape(z))
    positive = _weighted(pos_weight, _strong_mul(y, ag.softplus(ag.neg(z))))
    negative = _strong_mul(ag.sub(1.0, y), ag.softplus(z))
    return _reduced("bce_with_logits", _weighted(weight, ag.add(positive, negative)), reduction)


def cross_entropy(
    logits: Operand,
    target: Operand,
    weight: Operand | None = None,
    axis: int = -1,
    *,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Any:
    """Cross-entropy of softmax(logits): -log p[y] for the class y, or -sum(t log p) for probabilities t.

    Parameters
    ----------
    logits : Value or array_like
        Scores of the K classes along `axis`: (m, K) for m examples as rows, (K, m) with ``axis=0`` for columns as in
        the course, (K,) for one example. A class with the logit -inf is excluded: it has probability 0.
    target : array_like
        Class indices 0 ... K - 1, ints of the logits' shape without `axis`; or, of the logits' shape, a one-hot or
        other distribution along `axis`.
    weight : array_like, optional
        A weight for each class, of shape (K,).
    axis : int
        The axis of the classes.
    label_smoothing : float
        The share of each target that is spread evenly over all K classes; in [0, 1].
    reduction : {"mean", "sum", "none"}
        See the module. The losses have the logits' shape without `axis`. With `weight` the mean is the weighted mean,
        divided by the sum of the targets' weights; so class indices and their one-hot form agree.

    Raises
    ------
    ValueError
        If the target has neither shape, a class index is outside 0 ... K - 1, a target is not a distribution, the
        weights have another shape or, for a mean, sum to 0; as `mse`.
    TypeError
        If class indices are not ints: floats, or a Value.

    Notes
    -----
    The gradient is (softmax(logits) - t) / m. C. Bishop, "Pattern Recognition and Machine Learning", 2006, equation
    4.108; label smoothing is that of C. Szegedy et al., "Rethinking the Inception architecture for computer vision",
    2016. All is as in PyTorch but for one thing: there the mean of losses with weights *and* a distribution as target
    is divided by the number of examples.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> logits = Value([[0.0, np.log(3.0)], [1000.0, 0.0]])
    >>> J = cross_entropy(logits, [1, 1])
    >>> J.backward()
    >>> print(f"{J.data:.4f}")  # the mean of log(4/3) and 1000
    500.1438
    >>> logits.grad
    array([[ 0.125, -0.125],
           [ 0.5  , -0.5  ]])
    >>> print(f"{cross_entropy(logits.T, [[0, 0], [1, 1]], axis=0).data:.4f}")  # columns are examples, one-hot
    500.1438
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing is {label_smoothing!r}; it must be in [0, 1]")
    logits, target = operand(logits), operand(target)
    shape = shape_of(logits)
    axis = normalize_axis_index(axis, len(shape))
    classes = shape[axis]
    weight = class_weights(weight, classes)
    by_index = shape_of(target) != shape
    target = class_indices(target, shape, axis) if by_index else distribution(target, axis)
    log_p = ag.log_softmax(logits, axis=axis)
    if by_index and not label_smoothing:
        losses, weights = _at_indices(log_p, target, weight, axis)
    else:
        t = _one_hot(target, classes, axis) if by_index else target
        losses, weights = _over_classes(log_p, t, weight, axis, label_smoothing)
    return _reduced("cross_entropy", losses, reduction, weights)


def _one_hot(indices: Any, classes: int, axis: int) -> Any:
    rows = ag.take(np.eye(classes), indices, axis=0)
    order = list(range(np.ndim(indices)))
    order.insert(axis, np.ndim(indices))
    return ag.transpose(rows, tuple(order))


def _at_indices(log_p: Any, indices: Any, weight: Any, axis: int) -> tuple[Any, Any]:
    """The losses of class indices, and the weights of their classes."""
    if isinstance(indices, Value) and is_cells(log_p):  # NumPy's array of Values knows no Value as an index
        log_p = ag.reshape(ag.stack(list(log_p.flat)), log_p.shape)
    place: list[Any] = list(np.indices(indices.shape, sparse=True))
    place.insert(axis, indices)
    losses = ag.neg(log_p[tuple(place)])
    weights = None if weight is None else ag.take(weight, indices, axis=0)
    return _weighted(weights, losses), weights


def _over_classes(log_p: Any, target: Any, weight: Any, axis: int, smoothing: float) -> tuple[Any, Any]:
    """The losses of distributions, and the weights of their classes."""
    if weight is not None:
        weight = ag.reshape(weight, tuple(-1 if i == axis else 1 for i in range(np.ndim(log_p))))
    smooth = ag.add(ag.mul(1 - smoothing, target), smoothing / np.shape(log_p)[axis]) if smoothing else target
    losses = ag.neg(ag.sum(_weighted(weight, _strong_mul(smooth, log_p)), axis=axis))
    return losses, None if weight is None else ag.sum(ag.mul(weight, target), axis=axis)


def _without(p: Any, y: Any, certain: float) -> Any:
    """The probabilities, 1/2 in place of `certain` where the target is that too: 0 log 0 is 0 without a log of 0."""
    agree = (bare(p) == certain) & (bare(y) == certain)
    return ag.where(agree, 0.5, p) if np.any(agree) else p


def _strong_mul(a: Any, b: Any) -> Any:
    """The product, and 0 where a is 0 even if b is infinite: what does not count cannot make a nan."""
    return apply(TABLE["strong_mul"], (a, b))


def _weighted(weight: Any, losses: Any) -> Any:
    return losses if weight is None else _strong_mul(weight, losses)


def _reduced(name: str, losses: Any, reduction: str, weights: Any = None) -> Any:
    """The losses, their sum, or their mean: with `weights`, which are in the losses already, a weighted one."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction is {reduction!r}; it must be 'mean', 'sum' or 'none'")
    shape = shape_of(losses)
    if reduction == "none" or (weights is None and not shape):
        return losses
    if reduction == "sum":
        return ag.sum(losses)
    if 0 in shape:
        raise ValueError(f"{name}: the mean of no losses, of shape {shape}, is not defined")
    if weights is None:
        return ag.mean(losses)
    if np.sum(bare(weights)) == 0:
        raise ValueError(f"{name}: the weights of all targets are 0, so that their weighted mean is not defined")
    return ag.div(ag.sum(losses), ag.sum(weights))
