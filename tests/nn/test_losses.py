"""What the losses promise: values and gradients, equal in every form; the edges have their own file."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd_lite import Constant, Value, check_grads, hessian, nn, sigmoid, topological_order
from autograd_lite import sum as total
from autograd_lite.cells import data_of, grad_of, scalars

REDUCTIONS = ("mean", "sum", "none")
M, K = 6, 4
rng = np.random.default_rng(0)

Z = rng.normal(size=(M, K))  # logits, predictions, scores: rows are examples
P = rng.uniform(0.05, 0.95, (M, K))
LABELS = rng.integers(0, 2, (M, K))
SOFT = rng.uniform(0, 1, (M, K))
SIGNS = 2 * LABELS - 1
Y = rng.integers(0, K, M)
ONE_HOT = np.eye(K)[Y]
MIXED = rng.dirichlet(np.ones(K), M)
W = rng.uniform(0.5, 2, K)
WM = rng.uniform(0.5, 2, (M, 1))


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def s(z):
    return 1 / (1 + np.exp(-z))


SMOOTH = 0.9 * ONE_HOT + 0.1 / K
LOG_P = np.log(softmax(Z))

# name, the loss of x and a reduction, x, the losses by hand, the gradient of their sum by hand, the mean's divisor
CASES = [
    ("mse", lambda x, r: nn.mse(x, SOFT, reduction=r), Z, (Z - SOFT) ** 2, 2 * (Z - SOFT), M * K),
    (
        "huber",
        lambda x, r: nn.huber(x, SOFT, reduction=r),
        3 * Z,
        np.where(abs(3 * Z - SOFT) < 1, (3 * Z - SOFT) ** 2 / 2, abs(3 * Z - SOFT) - 0.5),
        np.clip(3 * Z - SOFT, -1, 1),
        M * K,
    ),
    (
        "huber of delta 0.3",
        lambda x, r: nn.huber(x, SOFT, delta=0.3, reduction=r),
        Z,
        np.where(abs(Z - SOFT) < 0.3, (Z - SOFT) ** 2 / 2, 0.3 * (abs(Z - SOFT) - 0.15)),
        np.clip(Z - SOFT, -0.3, 0.3),
        M * K,
    ),
    (
        "hinge",
        lambda x, r: nn.hinge(x, SIGNS, reduction=r),
        Z,
        np.maximum(0, 1 - SIGNS * Z),
        -SIGNS * (SIGNS * Z < 1),
        M * K,
    ),
    *(
        (
            f"{name} of {kind}",
            lambda x, r, f=f, y=y, w=w: f(x, y, w, reduction=r),
            x,
            -(1 if w is None else w) * (y * np.log(p) + (1 - y) * np.log(1 - p)),
            (1 if w is None else w) * slope(y),
            M * K,
        )
        for name, f, x, p, slope in (
            ("bce", nn.bce, P, P, lambda y: (P - y) / (P * (1 - P))),
            ("bce_with_logits", nn.bce_with_logits, Z, s(Z), lambda y: s(Z) - y),
        )
        for kind, y, w in (("labels", LABELS, None), ("probabilities", SOFT, None), ("weighted labels", LABELS, WM))
    ),
    (
        "bce_with_logits, pos_weight",
        lambda x, r: nn.bce_with_logits(x, SOFT, pos_weight=W, reduction=r),
        Z,
        -W * SOFT * np.log(s(Z)) - (1 - SOFT) * np.log(1 - s(Z)),
        -W * SOFT * (1 - s(Z)) + (1 - SOFT) * s(Z),
        M * K,
    ),
    (
        "cross_entropy of class indices",
        lambda x, r: nn.cross_entropy(x, Y, reduction=r),
        Z,
        -LOG_P[np.arange(M), Y],
        softmax(Z) - ONE_HOT,
        M,
    ),
    (
        "cross_entropy of one-hot",
        lambda x, r: nn.cross_entropy(x, ONE_HOT, reduction=r),
        Z,
        -LOG_P[np.arange(M), Y],
        softmax(Z) - ONE_HOT,
        M,
    ),
    (
        "cross_entropy of probabilities",
        lambda x, r: nn.cross_entropy(x, MIXED, reduction=r),
        Z,
        -(MIXED * LOG_P).sum(axis=1),
        softmax(Z) - MIXED,
        M,
    ),
    *(
        (
            f"cross_entropy of {kind}, weighted",
            lambda x, r, y=y: nn.cross_entropy(x, y, W, reduction=r),
            Z,
            -W[Y] * LOG_P[np.arange(M), Y],
            W[Y][:, None] * (softmax(Z) - ONE_HOT),
            W[Y].sum(),
        )
        for kind, y in (("class indices", Y), ("one-hot", ONE_HOT))
    ),
    (
        "cross_entropy of probabilities, weighted",
        lambda x, r: nn.cross_entropy(x, MIXED, W, reduction=r),
        Z,
        -(W * MIXED * LOG_P).sum(axis=1),
        (W * MIXED).sum(axis=1, keepdims=True) * softmax(Z) - W * MIXED,
        (W * MIXED).sum(),
    ),
    *(
        (
            f"cross_entropy of {kind}, smoothed",
            lambda x, r, y=y: nn.cross_entropy(x, y, label_smoothing=0.1, reduction=r),
            Z,
            -(SMOOTH * LOG_P).sum(axis=1),
            softmax(Z) - SMOOTH,
            M,
        )
        for kind, y in (("class indices", Y), ("one-hot", ONE_HOT))
    ),
    (
        "cross_entropy of columns, weighted and smoothed",
        lambda x, r: nn.cross_entropy(x, Y, W, 0, label_smoothing=0.1, reduction=r),
        Z.T,
        -(W * SMOOTH * LOG_P).sum(axis=1),
        ((W * SMOOTH).sum(axis=1, keepdims=True) * softmax(Z) - W * SMOOTH).T,
        W[Y].sum(),
    ),
    (
        "cross_entropy of columns",
        lambda x, r: nn.cross_entropy(x, Y, W, axis=0, reduction=r),
        Z.T,
        -W[Y] * LOG_P[np.arange(M), Y],
        (W[Y][:, None] * (softmax(Z) - ONE_HOT)).T,
        W[Y].sum(),
    ),
    (
        "cross_entropy of columns, one-hot",
        lambda x, r: nn.cross_entropy(x, ONE_HOT.T, W, axis=0, reduction=r),
        Z.T,
        -W[Y] * LOG_P[np.arange(M), Y],
        (W[Y][:, None] * (softmax(Z) - ONE_HOT)).T,
        W[Y].sum(),
    ),
    (
        "cross_entropy along a middle axis",
        lambda x, r: nn.cross_entropy(x, Y.reshape(2, 3), axis=1, reduction=r),
        np.moveaxis(Z.reshape(2, 3, K), -1, 1),
        -LOG_P[np.arange(M), Y].reshape(2, 3),
        np.moveaxis((softmax(Z) - ONE_HOT).reshape(2, 3, K), -1, 1),
        M,
    ),
]
cases = pytest.mark.parametrize(("name", "loss", "x", "each", "slope", "divisor"), CASES, ids=[c[0] for c in CASES])
reductions = pytest.mark.parametrize("reduction", REDUCTIONS)
FORMS = [Value, scalars]


def reduced(each, slope, divisor, reduction):
    """The value and the gradient by hand."""
    if reduction == "none":
        return each, slope
    n = divisor if reduction == "mean" else 1
    return each.sum() / n, slope / n


def value_and_gradient(loss, x, reduction):
    y = loss(x, reduction)
    (y if reduction != "none" else total(y)).backward()
    return data_of(y), grad_of(x)


@cases
@reductions
@pytest.mark.parametrize("form", FORMS)
def test_values_and_gradients_are_those_of_the_formula(name, loss, x, each, slope, divisor, reduction, form):
    y, g = value_and_gradient(loss, form(x), reduction)
    wanted_y, wanted_g = reduced(each, slope, divisor, reduction)
    assert np.shape(y) == np.shape(wanted_y)
    np.testing.assert_allclose(y, wanted_y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(g, wanted_g, rtol=1e-12, atol=1e-12)


@cases
@reductions
def test_plain_numbers_give_plain_numbers(name, loss, x, each, slope, divisor, reduction):
    y = loss(x, reduction)
    assert type(y) is (np.ndarray if reduction == "none" else float)
    np.testing.assert_allclose(y, reduced(each, slope, divisor, reduction)[0], rtol=1e-12, atol=1e-12)


SCALARS = [
    ("mse", lambda x: nn.mse(x, 2.0), 0.5, 2.25, -3.0),
    ("huber", lambda x: nn.huber(x, 2.0), 0.5, 1.0, -1.0),
    ("hinge", lambda x: nn.hinge(x, -1), 0.5, 1.5, 1.0),
    ("bce", lambda x: nn.bce(x, 1), 0.5, math.log(2), -2.0),
    ("bce_with_logits", lambda x: nn.bce_with_logits(x, 1), 0.0, math.log(2), -0.5),
]


@pytest.mark.parametrize(("name", "loss", "x", "y", "slope"), SCALARS, ids=[c[0] for c in SCALARS])
def test_a_scalar_stays_a_graph_of_scalars(name, loss, x, y, slope):
    x = Value(x)
    J = loss(x)
    J.backward()
    assert J.data == pytest.approx(y, rel=1e-12)
    assert x.grad == pytest.approx(slope, rel=1e-12)
    assert all(node.op is None or node.op.is_elementwise for node in topological_order(J))


def test_one_example_of_cross_entropy():
    for x in (Value([0.0, math.log(3.0)]), scalars([0.0, math.log(3.0)])):
        for target in (1, [0, 1], np.int8(1)):
            assert nn.cross_entropy(x, target).data == pytest.approx(math.log(4 / 3), rel=1e-12)
        assert nn.cross_entropy(x, 0, [2.0, 1.0]).data == pytest.approx(math.log(4), rel=1e-12)
        assert nn.cross_entropy(x, 0, [2.0, 1.0], reduction="sum").data == pytest.approx(2 * math.log(4), rel=1e-12)


def test_lists_of_scalar_values():
    xs = [Value(1.0), Value(5.0)]
    J = nn.mse(xs, [2.0, 3.0])
    J.backward()
    assert (J.data, [x.grad for x in xs]) == (2.5, [-1.0, 2.0])
    rows = [[Value(0.0), Value(math.log(3.0))], [Value(0.0), 0.0]]
    assert nn.cross_entropy(rows, [1, 0]).data == pytest.approx((math.log(4 / 3) + math.log(2)) / 2, rel=1e-12)


def test_a_list_of_arrays_is_refused_with_advice():
    with pytest.raises(TypeError, match=r"autograd_lite.stack"):
        nn.mse([Value([1.0, 2.0]), Value([3.0, 4.0])], [[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize("form", FORMS)
def test_targets_get_gradients_too(form):
    target = form(SOFT)
    nn.mse(Z, target, reduction="sum").backward()
    np.testing.assert_allclose(grad_of(target), 2 * (SOFT - Z), rtol=1e-12)
    for loss, x in ((nn.bce, s(Z)), (nn.bce_with_logits, Z)):
        target = form(SOFT)
        loss(x, target, reduction="sum").backward()
        np.testing.assert_allclose(grad_of(target), -Z, rtol=1e-9, atol=1e-12)  # log((1 - p) / p)
    target = form(MIXED)
    nn.cross_entropy(Z, target, reduction="sum").backward()
    np.testing.assert_allclose(grad_of(target), -LOG_P, rtol=1e-12)


def test_constants_as_targets_and_weights():
    x = Value(Z)
    J = nn.bce_with_logits(x, Constant(SOFT), Constant(WM), Constant(W))
    assert J.data == pytest.approx(nn.bce_with_logits(Z, SOFT, WM, W), rel=1e-12)
    assert nn.cross_entropy(x, Constant(ONE_HOT), Constant(W)).data == pytest.approx(nn.cross_entropy(Z, Y, list(W)))


def test_float32_stays_float32():
    x = Value(Z.astype(np.float32))
    for loss in (nn.mse(x, SOFT), nn.bce_with_logits(x, SOFT), nn.cross_entropy(x, Y), nn.cross_entropy(x, MIXED)):
        x.zero_grad()
        loss.backward()
        assert x.grad.dtype == np.float32


# --- the numerical derivative --------------------------------------------------------------------------------------

reals = st.floats(-5, 5).map(lambda x: round(x, 2))
arrays = hnp.array_shapes(min_dims=0, max_dims=3, max_side=3).flatmap(lambda n: hnp.arrays(float, n, elements=reals))
matrices = hnp.array_shapes(min_dims=2, max_dims=2, max_side=4).flatmap(lambda n: hnp.arrays(float, n, elements=reals))


def shares_like(x, seed):
    return np.random.default_rng(seed).uniform(0, 1, np.shape(x))


@given(arrays, st.integers(0, 1000), st.sampled_from(REDUCTIONS))
def test_elementwise_losses_against_the_numerical_derivative(x, seed, reduction):
    y = shares_like(x, seed)
    labels = np.round(y)
    for loss in (
        lambda v: nn.mse(v, y, reduction=reduction),
        lambda v: nn.huber(v, y, 1.5, reduction=reduction),
        lambda v: nn.hinge(v, 2 * labels - 1, reduction=reduction),
        lambda v: nn.bce_with_logits(v, y, weight=1 + y, pos_weight=2.0, reduction=reduction),
        lambda v: nn.bce_with_logits(v, labels, reduction=reduction),
        lambda v: nn.bce(sigmoid(v), y, reduction=reduction),
    ):
        assert check_grads(loss, x)


@given(matrices, st.integers(0, 1000), st.sampled_from(REDUCTIONS), st.sampled_from([0, 1, -1]))
def test_cross_entropy_against_the_numerical_derivative(x, seed, reduction, axis):
    draw = np.random.default_rng(seed)
    classes = x.shape[axis]
    rest = x.size // classes
    indices = draw.integers(0, classes, rest)
    mixed = np.moveaxis(draw.dirichlet(np.ones(classes), rest), -1, axis)
    w = draw.uniform(0.5, 2, classes)
    for loss in (
        lambda v: nn.cross_entropy(v, indices, axis=axis, reduction=reduction),
        lambda v: nn.cross_entropy(v, indices, w, axis, reduction=reduction),
        lambda v: nn.cross_entropy(v, mixed, w, axis, label_smoothing=0.2, reduction=reduction),
    ):
        assert check_grads(loss, x)


def test_the_complex_step_agrees_for_class_indices():
    report = check_grads(lambda v: nn.cross_entropy(v, Y, axis=-1), Z)
    assert report
    assert all(c.complex_step is not None for c in report.checks)


def test_cross_entropy_is_convex_and_squared_error_of_a_sigmoid_is_not():
    def curvatures(loss):
        return [hessian(loss)(z) for z in (-4.0, -1.0, 0.0, 2.0, 6.0)]

    np.testing.assert_allclose(
        curvatures(lambda z: nn.bce_with_logits(z, 1)), [s(z) * s(-z) for z in (-4.0, -1.0, 0.0, 2.0, 6.0)], rtol=1e-12
    )
    assert min(curvatures(lambda z: nn.mse(sigmoid(z), 1.0))) < 0


# --- PyTorch -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="an optional oracle: pip install torch")


def torchs(torch):
    """Each case by torch.nn.functional; its names, arguments and classes' axis, which is always the second."""
    f, t = torch.nn.functional, torch.tensor
    soft, labels, y, w, wm = t(SOFT), t(LABELS * 1.0), t(Y), t(W), t(WM)
    bce, bce_z, ce = f.binary_cross_entropy, f.binary_cross_entropy_with_logits, f.cross_entropy
    return {
        "mse": lambda x, r: f.mse_loss(x, soft, reduction=r),
        "huber": lambda x, r: f.huber_loss(x, soft, reduction=r),
        "huber of delta 0.3": lambda x, r: f.huber_loss(x, soft, delta=0.3, reduction=r),
        "bce of labels": lambda x, r: bce(x, labels, reduction=r),
        "bce of probabilities": lambda x, r: bce(x, soft, reduction=r),
        "bce of weighted labels": lambda x, r: bce(x, labels, wm.expand(M, K), reduction=r),
        "bce_with_logits of labels": lambda x, r: bce_z(x, labels, reduction=r),
        "bce_with_logits of probabilities": lambda x, r: bce_z(x, soft, reduction=r),
        "bce_with_logits of weighted labels": lambda x, r: bce_z(x, labels, wm, reduction=r),
        "bce_with_logits, pos_weight": lambda x, r: bce_z(x, soft, pos_weight=w, reduction=r),
        "cross_entropy of class indices": lambda x, r: ce(x, y, reduction=r),
        "cross_entropy of one-hot": lambda x, r: ce(x, t(ONE_HOT), reduction=r),
        "cross_entropy of probabilities": lambda x, r: ce(x, t(MIXED), reduction=r),
        "cross_entropy of class indices, weighted": lambda x, r: ce(x, y, w, reduction=r),
        "cross_entropy of probabilities, weighted": lambda x, r: ce(x, t(MIXED), w, reduction=r),
        "cross_entropy of class indices, smoothed": lambda x, r: ce(x, y, label_smoothing=0.1, reduction=r),
        "cross_entropy of one-hot, smoothed": lambda x, r: ce(x, t(ONE_HOT), label_smoothing=0.1, reduction=r),
        "cross_entropy of columns, weighted and smoothed": lambda x, r: ce(x.T, y, w, label_smoothing=0.1, reduction=r),
        "cross_entropy of columns": lambda x, r: ce(x.T, y, w, reduction=r),
        "cross_entropy along a middle axis": lambda x, r: ce(x, y.reshape(2, 3), reduction=r),
    }


@cases
@reductions
def test_against_torch(torch, name, loss, x, each, slope, divisor, reduction):
    theirs = torchs(torch).get(name)
    if theirs is None:
        pytest.skip("torch has no such loss, or this is another form of one that is compared")
    if reduction == "mean" and name == "cross_entropy of probabilities, weighted":
        pytest.skip("torch divides by the number of examples, we by the weights, as for class indices")
    ours, leaf = Value(x), torch.tensor(x, requires_grad=True)
    y, g = value_and_gradient(loss, ours, reduction)
    wanted = theirs(leaf, reduction)
    wanted.sum().backward()
    np.testing.assert_allclose(y, wanted.detach().numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(g, leaf.grad.numpy(), rtol=1e-12, atol=1e-12)
