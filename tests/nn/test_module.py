"""`Module`: what it finds, saves, loads, turns into scalars, and shows."""

import copy
import pickle

import numpy as np
import pytest

from autograd_lite import Constant, Value, nn
from autograd_lite.cells import is_cells


class Nested(nn.Module):
    def __init__(self):
        self.scale = Value(2.0)
        self.parts = {"first": nn.Linear(2, 3, seed=0), "others": [nn.Tanh(), nn.Linear(3, 1, seed=1)]}
        self.loose = [Value(1.0), Value([1.0, 2.0])]
        self.pair = (nn.Linear(1, 1, seed=2),)
        self.fixed = Constant(3.0)
        self.computed = self.scale * 2.0
        self.plain = np.ones(3)

    def forward(self, x):
        for module in (self.parts["first"], *self.parts["others"], *self.pair):
            x = module(x)
        return x * self.scale + self.loose[0] + self.loose[1]


NAMES = [
    *("scale", "parts.first.weight", "parts.first.bias", "parts.others.1.weight", "parts.others.1.bias"),
    *("loose.0", "loose.1", "pair.0.weight", "pair.0.bias"),
]


def test_parameters_are_found_in_attributes_lists_tuples_and_dicts():
    model = Nested()
    assert [name for name, _ in model.named_parameters()] == NAMES
    assert model.parameters()[0] is model.scale
    assert len(list(model.modules())) == 5


def test_a_parameter_or_module_used_twice_counts_once_and_stays_one():
    class Tied(nn.Module):
        def __init__(self):
            self.embedding = nn.Embedding(4, 3, seed=0)
            self.output = nn.Linear(4, 3, bias=False, seed=0)
            self.output.weight = self.embedding.weight
            self.again = self.embedding

    model = Tied()
    assert [name for name, _ in model.named_parameters()] == ["embedding.weight"]
    assert len(list(model.modules())) == 3
    model.to_scalars()
    assert model.output.weight is model.embedding.weight
    assert len(model.parameters()) == 12
    model.load_state_dict({name: numbers + 1 for name, numbers in model.to_arrays().state_dict().items()})
    assert model.output.weight is model.embedding.weight


def test_a_circle_of_modules_ends():
    model = nn.Linear(1, 1, seed=0)
    model.me = model
    assert len(model.parameters()) == 2
    model.zero_grad()


def test_the_state_is_a_copy_and_comes_back():
    model, other = Nested(), Nested()
    state = model.state_dict()
    assert list(state) == NAMES
    for array in state.values():
        array += 1.0
    assert model.scale.data == 2.0
    assert not np.shares_memory(state["parts.first.weight"], model.parts["first"].weight._data)
    assert model.parts["first"].bias.data.tolist() == [0.0] * 3
    other.load_state_dict(state)
    for numbers, array in zip(other.state_dict().values(), state.values(), strict=True):
        np.testing.assert_array_equal(numbers, array)
    state["parts.first.weight"][:] = 0
    assert other.parts["first"].weight.data.any()


def test_the_state_is_the_same_in_both_forms():
    arrays = nn.MLP(2, [3, 1], scalars=False, seed=0)
    scalars = copy.deepcopy(arrays).to_scalars()
    for (name, a), (same, b) in zip(arrays.state_dict().items(), scalars.state_dict().items(), strict=True):
        assert name == same
        np.testing.assert_array_equal(a, b)
    state = {name: numbers * 2 for name, numbers in arrays.state_dict().items()}
    values = scalars.parameters()
    scalars.load_state_dict(state)
    assert scalars.parameters() == values  # the same Values, so that an optimiser goes on
    arrays.load_state_dict(state)
    X = np.ones((2, 2))
    np.testing.assert_allclose([v.data for v in scalars(X)[:, 0]], arrays(X).data[:, 0], rtol=1e-14)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("bias"), KeyError, "lacks bias; it has weight"),
        (lambda s: s.update(extra=np.ones(1)), KeyError, "Linear has no extra; it has weight, bias"),
        (
            lambda s: s.update(weight=np.ones((2, 3))),
            ValueError,
            r"weight has shape \(3, 2\), the state's has \(2, 3\)",
        ),
        (lambda s: s.update(bias=np.ones(2, np.float32)), TypeError, "bias has dtype float64, the state's has float32"),
        (lambda s: s.update(bias=np.array(["a", "b"])), TypeError, "bias has dtype float64, the state's has <U1"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    model = nn.Linear(3, 2, seed=0)
    before, state = model.state_dict(), {name: a + 1 for name, a in model.state_dict().items()}
    change(state)
    with pytest.raises(error, match=message):
        model.load_state_dict(state)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_weight_can_be_frozen_or_cut_in_scalar_form():
    model = nn.Linear(3, 1, seed=0).to_scalars()
    model.weight[0, 0], model.weight[1, 0] = Constant(0.5), 0.25
    assert [name for name, _ in model.named_parameters()] == ["weight[2,0]", "bias[0]"]
    assert model.state_dict()["weight"][:2, 0].tolist() == [0.5, 0.25]
    model.load_state_dict({"weight": np.array([[1.0], [2.0], [3.0]]), "bias": np.array([4.0])})
    assert model.state_dict()["weight"][:, 0].tolist() == [1.0, 2.0, 3.0]
    assert isinstance(model.weight[0, 0], Constant)


def test_gradients_come_along_and_a_tuple_changes_nothing():
    model = nn.Linear(2, 1, seed=0)
    model(np.ones((3, 2))).sum().backward()
    model.to_scalars()
    assert [v.grad for v in model.parameters()] == [3.0, 3.0, 3.0]
    assert model.to_arrays().weight.grad.tolist() == [[3.0], [3.0]]
    model.pair = (Value([1.0]),)
    with pytest.raises(TypeError, match=r"pair\.0 is kept in a tuple"):
        model.to_scalars()
    assert isinstance(model.weight, Value)


def test_a_float32_state_fits_scalars():
    model = nn.Linear(2, 1, seed=0)
    state = {name: array.astype(np.float32) for name, array in model.state_dict().items()}
    model.to_scalars().load_state_dict(state)
    assert model.weight[0, 0].data == float(state["weight"][0, 0])
    with pytest.raises(TypeError, match="int64"):
        model.load_state_dict({name: array.astype(int) for name, array in state.items()})


def test_float32_parameters_stay_float32():
    model = nn.Linear(2, 1, seed=0)
    for parameter in model.parameters():
        parameter.data = parameter.data.astype(np.float32)
    model.load_state_dict(model.state_dict())
    assert model(np.ones((1, 2), np.float32)).dtype == np.float32


def test_there_and_back_again():
    model = nn.Sequential(nn.Linear(2, 3, seed=0), nn.ReLU(), nn.Linear(3, 1, seed=1))
    before = model.state_dict()
    assert all(is_cells(p) for p in (model.to_scalars()[0].weight, model[2].bias))
    assert [v.label for v in model[2].weight[:, 0]] == ["weight[0,0]", "weight[1,0]", "weight[2,0]"]
    assert model.to_scalars().to_arrays()[0].weight.label == "weight"
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_zero_grad_forgets():
    model = nn.Linear(2, 1, seed=0)
    model(np.ones((1, 2))).sum().backward()
    assert model.bias.grad is not None
    model.zero_grad()
    assert model.bias.grad is None


def test_training_and_evaluation_reach_every_module():
    model = Nested()
    assert all(module.training for module in model.modules())
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    assert model.train().parts["others"][1].training


def test_the_architecture_shows():
    assert repr(Nested()) == (
        "Nested(\n"
        "  (parts.first): Linear(2, 3)  # 9 parameters\n"
        "  (parts.others.0): Tanh()\n"
        "  (parts.others.1): Linear(3, 1)  # 4 parameters\n"
        "  (pair.0): Linear(1, 1)  # 2 parameters\n"
        ")  # 19 parameters"
    )
    assert repr(nn.LeakyReLU(slope=0.1)) == "LeakyReLU(slope=0.1)"
    assert repr(nn.Conv2d(1, 2, 3, stride=2, bias=False)) == (
        "Conv2d(1, 2, (3, 3), stride=(2, 2), bias=False)  # 18 parameters"
    )


@pytest.mark.parametrize("form", ["to_arrays", "to_scalars"])
def test_models_copy_and_pickle(form):
    model = getattr(nn.MLP(2, [3, 1], scalars=False, seed=0), form)()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert repr(twin) == repr(model)
        for name, numbers in twin.state_dict().items():
            np.testing.assert_array_equal(numbers, model.state_dict()[name])
        assert not set(twin.parameters()) & set(model.parameters())
