"""What all optimisers share: which parameters they take, what a step may touch, what is kept of them."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from autograd_lite import Constant, Value, optim
from autograd_lite.cells import scalars
from tests.optim.reference import SETTINGS

EVERY = pytest.mark.parametrize(("name", "options"), SETTINGS, ids=str)
ALL_NAMES = sorted({name for name, _ in SETTINGS})


def made(name: str, parameters: Iterable[Value], options: dict[str, Any]) -> optim.Optimizer:
    optimizer: optim.Optimizer = getattr(optim, name)(parameters, **options)
    return optimizer


def descend(optimizer: optim.Optimizer, parameters: list[Value], steps: int) -> None:
    """Towards 1, from wherever the parameters are."""
    for _ in range(steps):
        optimizer.zero_grad()
        for p in parameters:
            ((p - 1.0) ** 2).sum().backward()
        optimizer.step()


# --- which parameters ------------------------------------------------------------------------------------------------

w, x = Value(1.0, "w"), Value([1.0, 2.0], "x")


@pytest.mark.parametrize(
    ("parameters", "error", "said"),
    [
        ([], ValueError, r"SGD got no parameters: .*model\.parameters\(\); a generator gives its items once"),
        (iter([]), ValueError, "no parameters"),
        (x, TypeError, r"a list of Values, such as \[w, b\] or .*, not one Value"),
        (print, TypeError, "not one builtin_function_or_method"),
        ([w, 2.0], TypeError, r"parameter 1 of SGD, 2\.0, of type float, is not a Value: wrap numbers in Value\(\)"),
        ([scalars([[1.0]])], TypeError, r"of type ndarray, .*of an array of Values list\(array\.flat\)"),
        ({"w": w}, TypeError, r"parameter 0 of SGD, 'w', .* of a dict give its values\(\)"),
        ([Constant(1.0)], ValueError, r"parameter 0 of SGD, Constant\(1\), takes no gradient: make it a Value"),
        ([w, w * 2], ValueError, r"parameter 1 .*op=mul.*, was computed: give the leaves .*Value\(p\.data\)"),
        ([w, x, w], ValueError, r"parameter 2 of SGD, .*label='w'.*, is parameter 0 again: give it once"),
    ],
)
def test_what_is_no_parameter_is_refused(parameters: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        optim.SGD(parameters, lr=0.1)


def test_parameters_come_in_any_iterable() -> None:
    a, b = Value(1.0), Value(2.0)
    for given in ((a, b), (p for p in (a, b)), {"a": a, "b": b}.values(), scalars([1.0, 2.0])):
        assert len(optim.SGD(given, lr=0.1).parameters) == 2


def test_the_parameters_are_kept_for_good() -> None:
    given = [Value(1.0), Value(2.0)]
    optimizer = optim.Adam(given)
    kept = optimizer.parameters
    assert type(kept) is tuple
    given.append(Value(3.0))
    with pytest.raises(AttributeError, match="the parameters of Adam stay: make a new one to train others"):
        optimizer.parameters = given
    assert optimizer.parameters is kept
    assert kept == tuple(given[:2])


# --- hyper-parameters ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("SGD", {"lr": -0.1}, "lr is -0.1; it must be at least 0 and finite .*usual"),
        ("SGD", {"lr": float("nan")}, "lr is nan"),
        ("SGD", {"lr": float("inf")}, "lr is inf"),
        ("SGD", {"lr": 0.1, "momentum": -0.5}, r"momentum is -0.5; it must be in \[0, 1\); 0.9 is usual"),
        ("SGD", {"lr": 0.1, "momentum": 1.0}, "momentum is 1"),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 1.5}, "dampening is 1.5"),
        ("SGD", {"lr": 0.1, "weight_decay": -1e-4}, "weight_decay is -0.0001"),
        ("SGD", {"lr": 0.1, "nesterov": True}, "nesterov with momentum=0 and dampening=0: .* momentum=0.9 is usual"),
        ("SGD", {"lr": 0.1, "nesterov": True, "momentum": 0.9, "dampening": 0.1}, "dampening=0.1: .* dampening = 0"),
        ("Adagrad", {"lr_decay": -1.0}, "lr_decay is -1"),
        ("Adagrad", {"initial_accumulator_value": -1.0}, "initial_accumulator_value is -1"),
        ("RMSprop", {"alpha": 1.0}, r"alpha is 1; it must be in \[0, 1\)"),
        ("RMSprop", {"eps": 0.0}, "eps is 0; it must be positive .* 0 would be divided by 0"),
        ("Adam", {"betas": (0.9, 1.0)}, r"betas is 1; it must be in \[0, 1\), each"),
        ("Adam", {"betas": (-0.1, 0.9)}, "betas is -0.1"),
        ("Adam", {"betas": (0.9, 0.99, 0.999)}, r"betas is \(0.9, 0.99, 0.999\); it must be two numbers"),
        ("Adam", {"betas": 0.9}, "betas is 0.9; it must be two numbers"),
        ("AdamW", {"lr": "fast"}, "'fast' .* is not a real number"),
        ("AdamW", {"lr": [0.1, 0.2]}, r"lr is \[0.1, 0.2\]; it must be one number"),
    ],
)
def test_bad_hyper_parameters_are_refused_with_their_value_and_advice(
    name: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        made(name, [Value(1.0)], options)


def test_assigned_hyper_parameters_are_checked_too() -> None:
    optimizer = optim.Adam([Value(1.0)])
    optimizer.lr = 0  # an int is a number; nothing moves
    optimizer.betas = (0.5, 0.5)
    assert (optimizer.lr, optimizer.betas) == (0.0, (0.5, 0.5))
    with pytest.raises(ValueError, match="lr is -1"):
        optimizer.lr = -1.0
    with pytest.raises(ValueError, match="betas is 2"):
        optimizer.betas = (0.5, 2.0)
    assert (optimizer.lr, optimizer.betas) == (0.0, (0.5, 0.5))


def test_the_new_learning_rate_counts_from_the_next_step() -> None:
    p = Value(0.0)
    optimizer = optim.SGD([p], lr=1.0)
    for lr, wanted in ((0.5, -0.5), (0.25, -0.75), (0.0, -0.75)):
        p.grad, optimizer.lr = 1.0, lr
        optimizer.step()
        assert p.data == wanted


def test_all_but_the_learning_rate_go_by_name() -> None:
    with pytest.raises(TypeError, match="positional"):
        optim.SGD([Value(1.0)], 0.1, 0.9)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="lr"):
        optim.SGD([Value(1.0)])  # type: ignore[call-arg]  # no learning rate suits all


def test_repr_tells_the_settings_and_the_size() -> None:
    optimizer = optim.SGD([Value(1.0), Value(np.ones((2, 3)))], lr=0.1, momentum=0.9)
    assert repr(optimizer) == (
        "SGD(2 parameters of 7 numbers, lr=0.1, weight_decay=0.0, momentum=0.9, dampening=0.0, nesterov=False)"
    )


# --- a step ----------------------------------------------------------------------------------------------------------


@EVERY
def test_scalars_stay_floats_and_arrays_keep_their_dtype(name: str, options: dict[str, Any]) -> None:
    parameters = [Value(3.0), Value(np.full((2, 2), 3.0, np.float32)), Value([3.0]), Value(np.zeros((0, 2)))]
    descend(optimizer := made(name, parameters, options), parameters, steps=3)
    assert type(parameters[0].data) is float
    assert [p.dtype for p in parameters[1:]] == [np.float32, np.float64, np.float64]
    assert [p.shape for p in parameters] == [(), (2, 2), (1,), (0, 2)]
    np.testing.assert_allclose(parameters[1].data, parameters[0].data, rtol=1e-5)
    np.testing.assert_allclose(parameters[2].data, parameters[0].data, rtol=1e-14)
    kept = {key: a.dtype for key, a in optimizer.state_dict().items() if a.shape == (2, 2)}
    assert set(kept.values()) <= {np.dtype(np.float32)}


@EVERY
def test_a_parameter_without_a_gradient_stays_and_so_does_what_is_remembered(
    name: str, options: dict[str, Any]
) -> None:
    still, alone, moving = Value([3.0, -2.0]), Value(3.0), Value(3.0)
    optimizer = made(name, [still, moving], options)
    descend(optimizer, [moving], steps=2)
    assert still.data.tolist() == [3.0, -2.0]
    assert optimizer.state_dict()["0.t"] == 0
    assert optimizer.state_dict()["1.t"] == 2
    descend(made(name, [alone], options), [alone], steps=2)
    assert moving.data == alone.data != 3.0


@EVERY
def test_a_step_without_any_gradient_is_refused(name: str, options: dict[str, Any]) -> None:
    p, q = Value([3.0, -2.0]), Value(3.0)
    optimizer = made(name, [p, q], options)
    descend(optimizer, [p, q], steps=1)
    before = p.data.tolist(), q.data, str(optimizer.state_dict())
    optimizer.zero_grad()
    with pytest.raises(
        ValueError, match=r"^no parameter has a gradient: call backward\(\) first; after to_scalars\(\)"
    ):
        optimizer.step()
    assert (p.data.tolist(), q.data, str(optimizer.state_dict())) == before
    p.grad = 0  # a gradient of 0 is one
    optimizer.step()


@EVERY
def test_a_step_writes_to_no_array_of_anyone_else(name: str, options: dict[str, Any]) -> None:
    given = np.array([3.0, -2.0])
    p = Value(given)
    optimizer = made(name, [p], options)
    readings, gradients = [p.data], []
    for _ in range(4):
        optimizer.zero_grad()
        ((p - 1.0) ** 2).sum().backward()
        gradients.append((p.grad, p.grad.copy()))
        readings.append(p.data)  # whoever looks at the parameter just before the step
        before = p.data.copy()
        optimizer.step()
        np.testing.assert_array_equal(readings[-1], before)
        assert not np.array_equal(p.data, before)
    assert given.tolist() == readings[0].tolist() == [3.0, -2.0]
    for gradient, copied in gradients:
        np.testing.assert_array_equal(gradient, copied)


@EVERY
def test_read_only_gradients_are_fine(name: str, options: dict[str, Any]) -> None:
    shared = np.array([1.0, -1.0])
    shared.setflags(write=False)
    p, q = Value([3.0, 3.0]), Value([3.0, 3.0])
    optimizer = made(name, [p, q], options)
    for _ in range(3):
        p.grad = q.grad = shared
        optimizer.step()
    assert p.data.tolist() == q.data.tolist() != [3.0, 3.0]


def test_graphs_keep_the_numbers_they_were_computed_with() -> None:
    p = Value([3.0, 4.0])
    y = (p * p).sum()
    p.grad = np.array([1.0, 1.0])
    optim.SGD([p], lr=1.0).step()
    p.zero_grad()
    y.backward()
    assert p.grad.tolist() == [6.0, 8.0]
    assert p.data.tolist() == [2.0, 3.0]


def test_gradients_may_be_assigned_as_numbers_ints_and_other_dtypes() -> None:
    p, q = Value(np.ones((2, 2), np.float32)), Value(1.0)
    optimizer = optim.Adam([p, q], lr=0.5)
    p.grad, q.grad = np.ones((2, 2)), np.float64(1.0)
    optimizer.step()
    assert p.dtype == optimizer.state_dict()["0.m"].dtype == np.float32
    assert type(q.data) is float
    before = p.data, q.data
    p.grad, q.grad = 0, np.array(0)  # micrograd's zero_grad
    optim.SGD([p, q], lr=0.5).step()
    np.testing.assert_array_equal(p.data, before[0])
    assert q.data == before[1]


def test_an_optimiser_of_ones_own_cannot_change_what_a_parameter_is() -> None:
    class Careless(optim.Optimizer):
        def update(self, g: Any, s: Any) -> Any:
            return np.float64(self.lr) * np.sign(g)  # float64, whatever the parameter

    p, q = Value(np.ones((2, 2), np.float32)), Value(1.0)
    p.grad, q.grad = np.ones((2, 2), np.float32), 1.0
    Careless([p, q], lr=0.5).step()
    assert p.data.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert p.dtype == np.float32
    assert type(q.data) is float


def test_a_gradient_of_another_shape_is_refused_before_anything_moves() -> None:
    p, q = Value(1.0), Value([1.0, 2.0], "q")
    optimizer = optim.Adam([p, q])
    p.grad, q.grad = 1.0, np.ones((3, 2))
    with pytest.raises(ValueError, match=r"label='q'.* has shape \(3, 2\), the parameter has shape \(2,\)"):
        optimizer.step()
    assert p.data == 1.0
    assert optimizer.state_dict()["0.t"] == 0


@EVERY
def test_a_nan_is_not_hidden(name: str, options: dict[str, Any]) -> None:
    p, q = Value([1.0, 2.0]), Value(1.0)
    p.grad, q.grad = np.array([float("nan"), 1.0]), float("nan")
    made(name, [p, q], options).step()
    assert np.isnan(p.data).tolist() == [True, False]
    assert np.isnan(q.data)


@pytest.mark.parametrize("p", [Value(3.0), Value([3.0, 3.0])], ids=["scalar", "array"])
def test_a_variance_below_0_by_rounding_is_no_nan(p: Value) -> None:
    """Under a constant gradient the variance tends to 0: at step 54 it is -6e-17 for this one."""
    optimizer = optim.RMSprop([p], lr=0.01, alpha=0.5, centered=True)
    for _ in range(100):
        p.grad = np.full_like(p.data, 0.7)[()]
        optimizer.step()
    assert np.all(np.isfinite(p.data))


def test_zero_grad_forgets_all_gradients() -> None:
    p, q = Value(1.0), Value([1.0])
    p.grad, q.grad = 1.0, np.ones(1)
    optim.SGD([p, q], lr=0.1).zero_grad()
    assert p.grad is q.grad is None


def test_the_base_says_what_it_lacks() -> None:
    optimizer = optim.Optimizer([p := Value(1.0)], lr=0.1)
    p.grad = 1.0
    with pytest.raises(NotImplementedError, match=r"Optimizer has no update\(self, g, s\)"):
        optimizer.step()


# --- what is kept ----------------------------------------------------------------------------------------------------


def through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as saved:
        return dict(saved)


@EVERY
def test_training_goes_on_from_a_saved_state_as_if_never_interrupted(name: str, options: dict[str, Any]) -> None:
    through = [Value([3.0, -2.0]), Value(3.0), Value(np.ones((2, 1), np.float32))]
    optimizer = made(name, through, options)
    descend(optimizer, through, steps=3)
    optimizer.lr = 0.03
    resumed = [Value(p.data) for p in through]
    again = made(name, resumed, options)
    state = optimizer.state_dict()
    again.load_state_dict(through_a_file(state))
    descend(again, resumed, steps=3)
    assert again.lr == 0.03
    descend(optimizer, through, steps=3)
    for p, q in zip(through, resumed, strict=True):
        np.testing.assert_array_equal(p.data, q.data)
        assert p.dtype == q.dtype


def test_a_state_is_a_copy_on_both_ways() -> None:
    p = Value([3.0, -2.0])
    optimizer = optim.Adam([p])
    descend(optimizer, [p], steps=2)
    taken = optimizer.state_dict()
    before = {key: a.copy() for key, a in taken.items()}
    descend(optimizer, [p], steps=1)
    optimizer.load_state_dict(taken)
    descend(optimizer, [p], steps=1)
    assert list(taken) == ["lr", "0.t", "0.m", "0.v", "0.v_max"]
    for key in taken:
        np.testing.assert_array_equal(taken[key], before[key])


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda s: s.pop("1.v"), KeyError, "the state lacks 1.v; it has lr, 0.t, 0.m, 0.v, 0.v_max, 1.t, and 2 more"),
        (lambda s: s.clear(), KeyError, "the state lacks lr, 0.t, .*; it has nothing"),
        (lambda s: s.update({"1.velocity": 0.0}), KeyError, r"Adam has no 1.velocity; it has lr"),
        (lambda s: s.update({"0.m": np.zeros(3)}), ValueError, r"0.m has shape \(3,\), its parameter has shape \(2,\)"),
        (lambda s: s.update({"1.m": np.zeros(2)}), ValueError, r"1.m has shape \(2,\), its parameter has shape \(\)"),
        (lambda s: s.update({"0.m": np.zeros(2, np.float32)}), TypeError, "0.m has dtype float32, its .* float64"),
        (lambda s: s.update({"1.m": "much"}), TypeError, "1.m has dtype <U4, its parameter has float64"),
        (lambda s: s.update({"1.t": 2.5}), ValueError, r"1.t is array\(2.5\); it must be a whole number"),
        (lambda s: s.update({"1.t": -1}), ValueError, r"1.t is array\(-1\); .* of at least 0"),
        (lambda s: s.update(lr=-1.0), ValueError, "lr is -1"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changes(
    change: Any, error: type[Exception], said: str
) -> None:
    parameters = [Value([3.0, -2.0]), Value(1.0)]
    optimizer = optim.Adam(parameters)
    descend(optimizer, parameters, steps=2)
    before = optimizer.state_dict()
    state = {key: a + 1 for key, a in before.items()}
    change(state)
    with pytest.raises(error, match=said):
        optimizer.load_state_dict(state)
    for key, a in optimizer.state_dict().items():
        np.testing.assert_array_equal(a, before[key])


@pytest.mark.parametrize("name", ALL_NAMES)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_and_pickles_with_its_parameters(name: str, copied: Any) -> None:
    p = Value([3.0, -2.0])
    optimizer = made(name, [p], {"lr": 0.1})
    descend(optimizer, [p], steps=2)
    q, twin = copied((p, optimizer))
    descend(optimizer, [p], steps=2)
    assert twin.state_dict()["0.t"] == 2
    descend(twin, [q], steps=2)
    np.testing.assert_array_equal(p.data, q.data)
