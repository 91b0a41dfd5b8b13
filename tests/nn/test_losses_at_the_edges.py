"""Losses where textbooks stop: certain probabilities, huge and infinite logits; and what their errors say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograd_lite import Constant, Value, detect_anomaly
from autograd_lite.cells import grad_of, scalars
from autograd_lite.nn import bce, bce_with_logits, cross_entropy, hinge, huber, mse

inf, nan = math.inf, math.nan
Z = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 2, 1, 2])
ONE_HOT = np.eye(3)[Y]
FORMS = [Value, scalars]

# --- where textbooks stop ------------------------------------------------------------------------------------------

# the loss, x, the target, the value, the gradient
EXTREMES = [
    ("certain and right: 0", bce, 0.0, 0, 0.0, 1.0),
    ("certain and right: 1", bce, 1.0, 1, 0.0, -1.0),
    ("certain and wrong: 0", bce, 0.0, 1, inf, -inf),
    ("certain and wrong: 1", bce, 1.0, 0, inf, inf),
    ("certain, y a half", bce, 0.0, 0.5, inf, -inf),
    ("nearly 0", bce, 1e-20, 0, 1e-20, 1.0),
    ("the least number", bce, 5e-324, 0, 5e-324, 1.0),
    ("nan", bce, nan, 0, nan, nan),
    ("1000, right", bce_with_logits, 1000.0, 1, 0.0, 0.0),
    ("1000, wrong", bce_with_logits, 1000.0, 0, 1000.0, 1.0),
    ("-1000, wrong", bce_with_logits, -1000.0, 1, 1000.0, -1.0),
    ("-1000, right", bce_with_logits, -1000.0, 0, 0.0, 0.0),
    ("1000, y a quarter", bce_with_logits, 1000.0, 0.25, 750.0, 0.75),
    ("infinite, right", bce_with_logits, inf, 1, 0.0, 0.0),
    ("-infinite, right", bce_with_logits, -inf, 0, 0.0, 0.0),
    ("infinite, wrong", bce_with_logits, inf, 0, inf, 1.0),
    ("-infinite, wrong", bce_with_logits, -inf, 1, inf, -1.0),
    ("infinite, y a quarter", bce_with_logits, inf, 0.25, inf, 0.75),
    ("-infinite, y a quarter", bce_with_logits, -inf, 0.25, inf, -0.25),
    ("40, right: nothing cancels", bce_with_logits, 40.0, 1, math.exp(-40), -math.exp(-40)),
    ("-40, right: nothing cancels", bce_with_logits, -40.0, 0, math.exp(-40), math.exp(-40)),
    ("infinite, of weight 0", lambda z, y: bce_with_logits(z, y, weight=0.0), inf, 0, 0.0, 0.0),
    ("the corner", hinge, 1.0, 1, 0.0, 0.0),
    ("far and right", hinge, -1e300, -1, 0.0, 0.0),
    ("infinite", hinge, inf, -1, inf, 1.0),
    ("no error", huber, 0.0, 0.0, 0.0, 0.0),
    ("delta", lambda x, y: huber(x, y, 2.0), 2.0, 0.0, 2.0, 2.0),
    ("-delta", lambda x, y: huber(x, y, 2.0), -2.0, 0.0, 2.0, -2.0),
    ("far out", huber, 1e200, 0.0, 1e200, 1.0),
    ("infinite", huber, -inf, 0.0, inf, -1.0),
]


@pytest.mark.parametrize(("name", "loss", "x", "target", "value", "slope"), EXTREMES)
def test_extreme_numbers(name, loss, x, target, value, slope):
    for leaf, y in ((Value(x), target), (Value([x]), [target]), (scalars([x]), [target])):
        J = loss(leaf, y)
        J.backward()
        assert J.data == pytest.approx(value, rel=1e-12, abs=0, nan_ok=True)
        assert np.ravel(grad_of(leaf))[0] == pytest.approx(slope, rel=1e-12, abs=0, nan_ok=True)


CLASSES = [
    ("far apart, right", [1000.0, -1000.0], 0, 0.0, [0.0, 0.0]),
    ("far apart, wrong", [1000.0, -1000.0], 1, 2000.0, [1.0, -1.0]),
    ("large and equal", [1000.0, 1000.0], 1, math.log(2), [0.5, -0.5]),
    ("small and equal", [-1000.0, -1000.0], 1, math.log(2), [0.5, -0.5]),
    ("a class excluded", [-inf, 0.0, 0.0], 1, math.log(2), [0.0, -0.5, 0.5]),
    ("all others excluded", [-inf, 3.0, -inf], 1, 0.0, [0.0, 0.0, 0.0]),
    ("excluded, with 1000", [-inf, 0.0, 1000.0], 1, 1000.0, [0.0, -1.0, 1.0]),
    ("the target itself excluded", [-inf, 0.0], 0, inf, [-1.0, 1.0]),
]


@pytest.mark.parametrize(("name", "z", "y", "value", "slope"), CLASSES, ids=[c[0] for c in CLASSES])
@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_extreme_logits(name, z, y, value, slope, one_hot, columns, form):
    z, t = np.array([z, np.zeros(len(z))]), np.array([y, 0])
    if one_hot:
        t = np.eye(z.shape[1])[t]
    x = form(z.T if columns else z)
    each = cross_entropy(x, t.T if columns else t, axis=0 if columns else -1, reduction="none")
    each[0].backward()
    assert each[0].data == pytest.approx(value, rel=1e-12)
    g = grad_of(x).T if columns else grad_of(x)
    np.testing.assert_allclose(g, [slope, np.zeros(len(slope))], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("t", [1, [0.0, 1.0, 0.0]])
def test_an_excluded_class_is_no_anomaly(t):
    with detect_anomaly():
        x = Value([-inf, 0.0, 0.0])
        cross_entropy(x, t).backward()
    assert x.grad.tolist() == [0.0, -0.5, 0.5]


def test_a_class_of_weight_0_may_be_excluded():
    for t in ([0, 1], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]):
        x = Value([[-inf, 0.0, 0.0], [0.0, 0.0, 0.0]])
        J = cross_entropy(x, t, [0.0, 1.0, 1.0])
        J.backward()
        assert J.data == pytest.approx(math.log(3))
        np.testing.assert_allclose(x.grad, [[0, 0, 0], [1 / 3, -2 / 3, 1 / 3]], rtol=1e-12)


# --- errors --------------------------------------------------------------------------------------------------------

PAIRED = [mse, huber, hinge, bce, bce_with_logits]


@pytest.mark.parametrize("loss", PAIRED)
@pytest.mark.parametrize("form", [Value, scalars, np.array])
def test_shapes_that_differ_are_refused(loss, form):
    with pytest.raises(ValueError, match=r"has shape \(3, 1\) and target \(3,\); .*as target.reshape\(3, 1\)"):
        loss(form(np.ones((3, 1))), np.ones(3))
    with pytest.raises(ValueError, match=r"has shape \(3,\) and target \(\); they must be equal, .*together$"):
        loss(form(np.ones(3)), 1.0)


@pytest.mark.parametrize("loss", PAIRED)
def test_an_unknown_reduction(loss):
    with pytest.raises(ValueError, match=r"reduction is 'avg'; it must be 'mean', 'sum' or 'none'"):
        loss(Value([1.0]), [1.0], reduction="avg")
    with pytest.raises(ValueError, match=r"cross_entropy: reduction is None"):
        cross_entropy(Value([1.0]), 0, reduction=None)


@pytest.mark.parametrize("loss", PAIRED)
def test_the_mean_of_nothing(loss):
    nothing = Value(np.ones((0, 2)))
    assert loss(nothing, np.ones((0, 2)), reduction="sum").data == 0
    assert loss(nothing, np.ones((0, 2)), reduction="none").shape == (0, 2)
    with pytest.raises(ValueError, match=r"the mean of no losses, of shape \(0, 2\)"):
        loss(nothing, np.ones((0, 2)))


ERRORS = [
    (lambda: huber([1.0], [1.0], 0.0), ValueError, r"huber: delta is 0.0; it must be a positive number"),
    (lambda: huber([1.0], [1.0], nan), ValueError, r"huber: delta is nan"),
    (lambda: huber([1.0], [1.0], inf), ValueError, r"huber: delta is inf"),
    (lambda: hinge([1.0, 2.0], [1, 0]), ValueError, r"hinge: target is 0 at \[1\]; .* -1 or 1; .* 2 \* y - 1"),
    (lambda: hinge(1.0, 2), ValueError, r"hinge: target is 2; it must"),
    (lambda: bce([0.5, 1.5], [0, 1]), ValueError, r"bce: probability is 1.5 at \[1\]; .*bce_with_logits"),
    (lambda: bce(scalars([[0.5, -1.5]]), [[0, 1]]), ValueError, r"bce: probability is -1.5 at \[0, 1\]"),
    (lambda: bce([0.5], [-1]), ValueError, r"bce: target is -1 at \[0\]; it must be in \[0, 1\]; .*\(y \+ 1\) / 2"),
    (lambda: bce_with_logits([0.5], [1.01]), ValueError, r"bce_with_logits: target is 1.01 at \[0\]"),
    (lambda: bce([0.5], [1], [1, 2]), ValueError, r"bce: weight has shape \(2,\), .* losses' \(1,\)"),
    (lambda: bce([[0.5], [0.5]], [[1], [1]], [1, 2]), ValueError, r"bce: weight has shape \(2,\), .* \(2, 1\)"),
    (lambda: bce([0.5] * 2, [1] * 2, [1] * 3), ValueError, r"bce: weight has shape \(3,\)"),
    (
        lambda: bce_with_logits([0.5], [1], pos_weight=[1, 2]),
        ValueError,
        r"bce_with_logits: pos_weight has shape \(2,\)",
    ),
    (lambda: mse(None, 1.0), TypeError, r"prediction is None; it must be numbers or Values"),
    (lambda: mse(["a"], ["b"]), TypeError, r"not an array of real numbers"),
    (
        lambda: cross_entropy(Z, Y[:, None]),
        ValueError,
        r"logits have shape \(4, 3\) and target \(4, 1\); .* along axis 1 it must be \(4,\) .*or \(4, 3\)",
    ),
    (lambda: cross_entropy(Z.T, ONE_HOT, axis=0), ValueError, r"axis 0 it must be \(4,\) .* or \(3, 4\)"),
    (lambda: cross_entropy(Z, Y + 1), ValueError, r"class index is 3 at \[1\]; there are 3 classes"),
    (lambda: cross_entropy(Z, Y - 2), ValueError, r"class index is -2 at \[0\]"),
    (lambda: cross_entropy([0.0, 0.0], 2), ValueError, r"class index is 2; there are 2 classes"),
    (lambda: cross_entropy(Z, Y + 0.5), TypeError, r"class indices are float64, as 0.5; .*y.astype\(int\)"),
    (lambda: cross_entropy(Z, Y > 1), TypeError, r"class indices are bool, as False"),
    (lambda: cross_entropy(Z, Value(Y)), TypeError, r"class indices as a Value; they have no gradient"),
    (lambda: cross_entropy(Z, Constant(Y)), TypeError, r"class indices as a Value"),
    (lambda: cross_entropy(Z, scalars(Y)), TypeError, r"class indices as a Value"),
    (lambda: cross_entropy(Z, -ONE_HOT), ValueError, r"target is -1 at \[0, 0\]; a probability is at least 0"),
    (
        lambda: cross_entropy(np.eye(3), np.eye(3)[[0, 0, 1]], axis=0),
        ValueError,
        r"sum of a target's probabilities is 2 at \[0\]; it must be 1; the classes are along axis 0",
    ),
    (lambda: cross_entropy(Z, Y, [1.0, 2.0]), ValueError, r"weight has shape \(2,\); for 3 classes it is \(3,\)"),
    (lambda: cross_entropy(Z, Y, np.zeros(3)), ValueError, r"weights of all targets are 0"),
    (lambda: cross_entropy(Z, Y, axis=2), ValueError, r"axis 2 is out of bounds"),
    (lambda: cross_entropy(1.0, 0), ValueError, r"axis -1 is out of bounds"),
    (lambda: cross_entropy(Z, Y, label_smoothing=1.1), ValueError, r"label_smoothing is 1.1; .* \[0, 1\]"),
    (lambda: cross_entropy(np.ones((0, 3)), np.array([], int)), ValueError, r"mean of no losses, of shape \(0,\)"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_probabilities_may_be_off_by_float32():
    t = np.random.default_rng(0).dirichlet(np.ones(1000), 50).astype(np.float32)
    assert np.isfinite(cross_entropy(np.zeros((50, 1000)), t))


def test_a_certain_and_right_probability_is_no_anomaly():
    for form in FORMS:
        p = form([0.0, 1.0, 0.5])
        with detect_anomaly():
            J = bce(p, [0.0, 1.0, 1.0], reduction="sum")
            J.backward()
        assert J.data == pytest.approx(math.log(2))
        assert grad_of(p).tolist() == [1.0, -1.0, -2.0]
