"""Array operations on arrays of scalar Values: spelled out in scalars, they give what the array operation gives."""

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value
from autograd_lite.cells import data_of, grad_of, operand, scalars
from autograd_lite.graph import local_derivatives, raw_inputs
from autograd_lite.recording import apply
from tests.tables import ARRAY_TRIALS, trial_inputs, trial_name

INNER = {"scatter", "fold"}  # gradients need them, no user calls them
TRIALS = [(row, trial) for row, trial in ARRAY_TRIALS if row.name not in INNER and any(trial.shapes)]


def both_forms(numbers):
    return [Value(x) for x in numbers], [scalars(x) if np.ndim(x) else Value(x) for x in numbers]


def weighted(y, g):
    return ag.sum([ag.mul(a, b) for a, b in zip(np.asarray(y, dtype=object).flat, np.ravel(g), strict=True)])


@pytest.mark.parametrize(("row", "trial"), TRIALS, ids=trial_name)
def test_scalars_give_the_values_and_gradients_of_the_array_operation(row, trial):
    arrays, scalars = both_forms(trial_inputs(row, trial, seed=1))
    y = apply(row, tuple(arrays), **trial.parameters)
    z = apply(row, tuple(scalars), **trial.parameters)
    assert np.shape(z) == y.shape
    np.testing.assert_allclose(data_of(z), y.data, rtol=1e-12, atol=1e-12)
    if y.size:
        g = np.random.default_rng(2).normal(size=y.shape)
        y.backward(g)
        weighted(z, g).backward()
        for a, s in zip(arrays, scalars, strict=True):
            np.testing.assert_allclose(grad_of(s), a.grad, rtol=1e-12, atol=1e-12)


def test_sums_products_and_maxima_are_one_node_each():
    a = scalars(np.arange(6.0).reshape(2, 3))
    for y, name in (
        (ag.sum(a, axis=1), "sum_many"),
        (ag.matmul(a, np.ones(3)), "dot_many"),
        (ag.max(a, 1), "max_many"),
    ):
        assert [v.op.name for v in y] == [name, name]


@pytest.mark.parametrize(("values", "share"), [([2.0, 2.0, 1.0], [0.5, 0.5, 0.0]), ([2.0, 2.0, 2.0], [1 / 3] * 3)])
def test_equal_greatest_elements_share_evenly(values, share):
    a = scalars(values)
    ag.max(a).backward()
    assert grad_of(a).tolist() == share
    b = scalars(np.negative(values))
    ag.min(b).backward()
    assert grad_of(b).tolist() == share


def test_nan_propagates_through_max():
    assert np.isnan(ag.max([Value(1.0), Value(np.nan)]).data)


@pytest.mark.parametrize("x", [[1000.0, -1000.0], [-np.inf, 0.0, 1.0]])
@pytest.mark.parametrize("f", [ag.softmax, ag.log_softmax, ag.logsumexp])
def test_softmax_and_its_relatives_are_stable(f, x):
    a, v = scalars(x), Value(x)
    y, z = f(a), f(v)
    np.testing.assert_allclose(data_of(y), z.data, rtol=1e-12)
    (z if not z.shape else z[1]).backward()
    (y if isinstance(y, Value) else y[1]).backward()
    np.testing.assert_allclose(grad_of(a), v.grad, rtol=1e-12)


def test_logsumexp_of_nothing_but_minus_infinity():
    assert ag.logsumexp(scalars([-np.inf, -np.inf])) == -np.inf


def test_norm_and_std_at_their_tips():
    for f, x in ((ag.norm, [0.0, 0.0]), (ag.std, [3.0, 3.0, 3.0])):
        a = scalars(x)
        f(a).backward()
        assert grad_of(a).tolist() == [0.0] * len(x)


def test_numbers_and_constants_may_stand_among_the_values():
    a = scalars([1.0, 2.0])
    y = ag.softmax(ag.where([True, True, False], np.append(a, 0.0), -np.inf))
    np.testing.assert_allclose(data_of(y), [*ag.softmax(np.array([1.0, 2.0])), 0.0])
    assert ag.sum(np.array([Constant(1.0), a[0]], dtype=object)).data == 2.0


@pytest.mark.parametrize("row", ["add", "sub", "mul", "div", "pow"])
@pytest.mark.parametrize("first", [1.5, 3, Constant(2.0)], ids=["float", "int", "constant"])
def test_in_front_of_the_values_too(row, first):
    v = Value(0.0)
    (y,), single = getattr(ag, row)(first, np.array([v], dtype=object)), getattr(ag, row)(first, v)
    assert (y.op, y.inputs[1], y.inputs[0].data) == (single.op, v, single.inputs[0].data)
    assert (y.data, raw_inputs(y)[1:], local_derivatives(y)) == (single.data, (v,), local_derivatives(single))


def test_a_list_of_scalars_is_a_row_of_them():
    a, b = Value(1.0), Constant(2.0)
    for given in ([a, 2.0, 3], (a, b, True)):
        row = operand(given)
        assert row.dtype == object
        assert all(x is y for x, y in zip(row, given, strict=True))


@pytest.mark.parametrize("other", [[2.0], np.ones(2), Value([2.0])], ids=["list", "array", "value"])
def test_a_list_of_scalars_and_others_is_refused(other):
    with pytest.raises(TypeError, match="stack"):
        operand([Value(1.0), other])


KINDS = {
    "variables": lambda: [Value(2.0), Value(-3.0)],
    "floats": lambda: [5.0, 7.0],
    "ints": lambda: [5, 7],
    "constants": lambda: [Constant(5.0), Constant(7.0)],
    "mixed": lambda: [11.0, Value(13.0)],
}


@pytest.mark.parametrize("right", KINDS)
@pytest.mark.parametrize("left", KINDS)
def test_a_dot_product_of_any_kinds_is_the_sum_of_products(left, right):
    a, b = KINDS[left](), KINDS[right]()
    y, expected = ag.dot(a, b), a[0] * b[0] + a[1] * b[1]
    assert data_of(y) == data_of(expected)
    variables = [x for x in a + b if type(x) is Value]
    assert (type(y) is Value) == bool(variables)
    if variables:
        assert data_of(np.array(y.inputs, dtype=object)).tolist() == data_of(np.array(a + b, dtype=object)).tolist()
        (y + expected).backward()
        assert [x.grad for x in variables] == [2 * data_of((b + a)[(a + b).index(x)]) for x in variables]


@pytest.mark.parametrize("other", [[Value(3.0), None], [Value(3.0), Value([2.0])]], ids=["None", "an array"])
def test_a_row_and_a_list_that_holds_no_scalars_names_the_list(other):
    row = Value([1.0, 2.0])
    for pair in ((row, other), (other, row)):
        with pytest.raises(TypeError, match=r"not an array of numbers: \[Value\(3\), "):
            ag.dot(*pair)


def test_a_row_times_an_array_of_one_value_and_no_axes():
    one = np.array(Value(2.0), dtype=object)
    assert data_of(ag.dot(Value([1.0, 2.0]), one)).tolist() == [2.0, 4.0]


def test_a_dot_product_of_nothing_is_a_number():
    assert repr(ag.dot([], [])) == "0.0"


def test_a_product_looks_at_each_list_once(monkeypatch):
    from autograd_lite import many

    looked = []
    look = many.looked_at
    monkeypatch.setattr(many, "looked_at", lambda elements: looked.append(elements) or look(elements))
    y = ag.matmul(scalars(np.ones((5, 3))), scalars(np.ones((3, 4))))
    assert y.shape == (5, 4)
    assert len(looked) == 5 + 4  # not twice for each of the 20


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"2.*3"):
        ag.matmul(scalars(np.ones((2, 2))), np.ones(3))
    with pytest.raises(ValueError, match="scalar"):
        ag.matmul(scalars(np.ones((2, 2))), 3.0)


def test_gradients_of_cells_without_a_backward_pass():
    assert grad_of(scalars([1.0])) is None
    assert scalars([[1.0]], "W")[0, 0].label == "W[0,0]"


def test_windows_that_do_not_fit_are_refused():
    for shape in ((3,), (1, 5)):
        with pytest.raises(ValueError, match=r"windows of size \(2, 2\) do not fit"):
            ag.unfold(np.ones(shape), (2, 2))


def test_what_the_array_operation_refuses_is_refused():
    a = scalars(np.ones((2, 2)))
    for f in (lambda: ag.sum(a, axis=5), lambda: ag.softmax(a, axis=2), lambda: ag.norm(a, ord=1)):
        with pytest.raises(ValueError, match=r"axis|ord=1"):
            f()


@pytest.mark.parametrize("axis", [None, (0, 1), (1, 0), 0, -1])
@pytest.mark.parametrize("f", [ag.softmax, ag.log_softmax])
def test_softmax_over_any_axes(f, axis):
    a = np.random.default_rng(0).normal(size=(2, 3, 2))
    np.testing.assert_allclose(data_of(f(scalars(a), axis=axis)), f(a, axis=axis), rtol=1e-12)


def test_degrees_of_freedom():
    a = np.array([1.0, 2.0, 4.0])
    for f in (ag.var, ag.std):
        assert f(scalars(a), ddof=1).data == pytest.approx(f(a, ddof=1), rel=1e-14)


def test_softmax_of_an_infinite_number_is_nan_in_both_forms():
    for x in ([np.inf, 0.0], [np.nan, 0.0]):
        np.testing.assert_array_equal(data_of(ag.softmax(scalars(x))), ag.softmax(np.array(x)))


def test_nan_shows_in_the_gradient_of_logsumexp():
    for form in (Value, scalars):
        v = form([np.nan, 0.0])
        ag.logsumexp(v).backward()
        assert np.isnan(grad_of(v)).all()
