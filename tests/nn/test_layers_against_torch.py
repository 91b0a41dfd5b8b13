"""Layers beside PyTorch's of the same name, with the same numbers: outputs and gradients. Needs torch; else skipped."""

import numpy as np
import pytest

from autograd_lite import Value, nn

torch = pytest.importorskip("torch")
rng = np.random.default_rng(3)


def tensor(a):
    return torch.tensor(np.array(a), dtype=torch.float64)


def linear(theirs, ours, prefix=""):
    """Give a torch layer, whose weight is (n_out, n_in), our numbers."""
    with torch.no_grad():
        theirs.weight.copy_(tensor(ours.weight.data.T))
        theirs.bias.copy_(tensor(ours.bias.data))
    return theirs


def same_numbers(theirs, ours):
    for name, p in theirs.named_parameters():
        with torch.no_grad():
            p.copy_(tensor(getattr(ours, name).data))
    return theirs


def recurrent(theirs, ours):
    with torch.no_grad():
        theirs.weight_ih.copy_(tensor(ours.input.weight.data.T))
        theirs.weight_hh.copy_(tensor(ours.hidden.weight.data.T))
        theirs.bias_ih.copy_(tensor(ours.input.bias.data))
        theirs.bias_hh.zero_()
    return theirs


def attention(theirs, ours):
    with torch.no_grad():
        parts = (ours.query, ours.key, ours.value)
        theirs.in_proj_weight.copy_(tensor(np.concatenate([p.weight.data.T for p in parts])))
        theirs.in_proj_bias.copy_(tensor(np.concatenate([p.bias.data for p in parts])))
    linear(theirs.out_proj, ours.output)
    return theirs


def biased(layer):
    """Biases and scales away from their starting values, so that a mistake in them shows."""
    for parameter in layer.parameters():
        parameter.data = parameter.data + rng.normal(scale=0.1, size=parameter.shape)
    return layer


F64 = torch.float64
CASES = {
    "Linear": (nn.Linear(3, 2, seed=0), lambda o: linear(torch.nn.Linear(3, 2, dtype=F64), o), (4, 3)),
    "Conv2d": (
        nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 2), seed=0),
        lambda o: same_numbers(torch.nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 2), dtype=F64), o),
        (2, 2, 5, 4),
    ),
    "MaxPool2d": (nn.MaxPool2d(2, stride=1), lambda o: torch.nn.MaxPool2d(2, stride=1), (2, 3, 4, 5)),
    "LayerNorm": (nn.LayerNorm(5), lambda o: same_numbers(torch.nn.LayerNorm(5, dtype=F64), o), (3, 5)),
    "RMSNorm": (nn.RMSNorm(5), lambda o: same_numbers(torch.nn.RMSNorm(5, eps=1e-5, dtype=F64), o), (3, 5)),
    "RNNCell": (nn.RNNCell(3, 4, seed=0), lambda o: recurrent(torch.nn.RNNCell(3, 4, dtype=F64), o), (2, 3)),
    "LSTMCell": (nn.LSTMCell(3, 4, seed=0), lambda o: recurrent(torch.nn.LSTMCell(3, 4, dtype=F64), o), (2, 3)),
    "MultiHeadAttention": (
        nn.MultiHeadAttention(6, 3, seed=0),
        lambda o: attention(torch.nn.MultiheadAttention(6, 3, batch_first=True, dtype=F64), o),
        (2, 4, 6),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_gradients_are_those_of_torch(name):
    ours, make, shape = CASES[name]
    theirs = make(biased(ours))
    X = rng.normal(size=shape)
    x, t = Value(X), tensor(X).requires_grad_()
    y = ours(x)
    z = theirs(t, t, t) if name == "MultiHeadAttention" else theirs(t)
    y, z = (r[0] if isinstance(r, tuple) else r for r in (y, z))
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-11, atol=1e-13)
    seed = rng.normal(size=y.shape)
    y.backward(seed)
    z.backward(tensor(seed))
    np.testing.assert_allclose(x.grad, t.grad.numpy(), rtol=1e-10, atol=1e-13)
    summed = sum(float(p.grad.sum()) for n, p in theirs.named_parameters() if n != "bias_hh")
    assert sum(float(np.sum(p.grad)) for p in ours.parameters()) == pytest.approx(summed, rel=1e-9, abs=1e-11)
