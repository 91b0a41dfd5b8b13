"""A small network learns XOR, and is seen from every side: its graph, its gradients, its training.

An example x = (x1, x2) has the label y = 1 if one of x1 and x2 is 1, and y = -1 if both or none are. The network has 2
inputs, 3 tanh neurons and 1 output z, the score; log(1 + e^(-y z)) is the loss of an example. Weights are named as
NumPy indexes them: W1[0,2] goes from input 0 to hidden neuron 2. Two networks of seven layers, one of sigmoid and one
of tanh neurons, then show how gradients vanish on their way back, or do not.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np

from autograd_lite import Value, nn, optim, softplus
from autograd_lite import sum as total
from autograd_lite.training import fit
from demos._shared import progress
from viz import (
    GradientFlow,
    Snapshot,
    Steps,
    draw_diff,
    draw_dot,
    draw_flow,
    draw_net,
    explain,
    save_html,
    snapshot,
    steps,
)

X = list(product([0.0, 1.0], repeat=2))
Y = [-1.0, 1.0, 1.0, -1.0]
ONE = 2  # the example that is looked at: x = (1, 0), y = 1
RATE = 0.1  # of the one step on this example
MOMENTS = (0, 10, 25, 50, 100, 200, 400)  # the steps of the training that the viewer shows


def network(seed: int) -> nn.MLP:
    """Return the network on scalars: each of its 13 weights and biases is a Value with a name."""
    model = nn.MLP(2, [3, 1], activation="tanh", seed=seed)
    for k, layer in enumerate(model.layers, start=1):
        for (i, j), weight in np.ndenumerate(layer.linear.weight):
            weight.label = f"W{k}[{i},{j}]"
        for j, bias in enumerate(layer.linear.bias):
            bias.label = f"b{k}[{j}]"
    return model


def loss_of(model: nn.MLP, example: int) -> Value:
    """The forward pass."""
    z = model([Value(x, f"x{i}") for i, x in enumerate(X[example], start=1)])
    loss: Value = softplus(-Y[example] * z)  # log(1 + e^(-y z))
    z.label, loss.label = "z", "loss"
    return loss


def both_passes(model: nn.MLP) -> Value:
    """The loss of the one example, after both passes."""
    model.zero_grad()
    loss = loss_of(model, ONE)
    loss.backward()
    return loss


def one_step(model: nn.MLP) -> tuple[Snapshot, Snapshot]:
    """Descend one step on the one example's loss; return its graph before and after."""
    before = snapshot(both_passes(model), params=model)
    optim.SGD(model.parameters(), lr=RATE).step()
    return before, snapshot(both_passes(model), params=model)


def train(model: nn.MLP, last: int) -> tuple[list[float], dict[str, Snapshot]]:
    """Descend on the mean loss of all examples; return it step by step, and the one example's graph at some steps."""
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    costs, seen = [], {}
    for step in progress(last + 1, "gradient descent"):
        if step in MOMENTS or step == last:
            seen[f"step {step}"] = snapshot(both_passes(model), params=model)
        J = total([loss_of(model, example) for example in range(4)]) / 4
        costs.append(J.item())
        if step < last:
            optimizer.zero_grad()
            J.backward()
            optimizer.step()
    return costs, seen


def deep(activation: type[nn.Module], epochs: int, seed: int) -> GradientFlow:
    """Train seven layers to tell whether x1 x2 > 0, in batches of 16, and record the gradients of each layer."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(128, 2))
    labels = (inputs[:, :1] * inputs[:, 1:] > 0).astype(float)
    layers = [(nn.Linear(n, 8, seed=rng), activation()) for n in (2, 8, 8, 8, 8, 8)]
    model = nn.Sequential(*(part for layer in layers for part in layer), nn.Linear(8, 1, seed=rng))
    sgd, flow = optim.SGD(model.parameters(), lr=0.5), GradientFlow(model)
    fit(model, inputs, labels, nn.bce_with_logits, sgd, epochs=epochs, batch_size=16, seed=rng, callbacks=[flow])
    return flow


def turn(passes: Steps) -> Steps:
    """The last two steps of the forward pass and the first three of the backward pass."""
    first = next(i for i, step in enumerate(passes) if step.pass_ == "backward")
    return passes[first - 2 : first + 3]


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Look at one example's two passes, at one step of descent, at the training, and at two deep networks."""
    model = network(seed)
    loss, weight = both_passes(model), model.layers[0].linear.weight[0, 1]
    print(f"{len(model.parameters())} weights and biases. For x = (1, 0), with y = 1, the loss is {loss.data:.4f}.")
    some = turn(steps(loss, params=model))
    print("Forward ends and backward begins, one node at a time:", some, sep="\n")
    print(f"\nHow much the loss changes with {weight.label}:", explain(loss, weight, params=model), sep="\n")
    draw_dot(loss, params=model).render(outfile=out / "graph.svg", cleanup=True)
    draw_flow(loss, params=model).render(outfile=out / "flow.svg", cleanup=True)
    frames = [Path(path) for path in some.save(out)]

    slope = sum(p.grad**2 for p in model.parameters())
    before, after = one_step(model)
    old, new = before.nodes[-1].value, after.nodes[-1].value
    print(f"\nA step of {RATE} times the gradient g takes the loss from {old:.4f} to {new:.4f}: down {old - new:.4f}.")
    print(f"Its slope foretold {RATE} |g|² = {RATE * slope:.4f}.")
    draw_diff(before, after).render(outfile=out / "change.svg", cleanup=True)

    draw_net(model, X[ONE]).render(outfile=out / "before.svg", cleanup=True)
    costs, seen = train(model, 50 if quick else 400)
    draw_net(model, X[ONE]).render(outfile=out / "after.svg", cleanup=True)
    scores = ", ".join(f"{model(list(x)).data:+.2f}" for x in X)
    print(f"\nThen {len(costs) - 1} steps on all four examples: the cost falls from {costs[0]:.3f} to {costs[-1]:.3f}.")
    print(f"The scores of (0, 0), (0, 1), (1, 0), (1, 1) are now {scores}.")
    save_html(loss, out / "viewer.html", snapshots=seen, params=model, title="One example's loss, while XOR is learnt")

    print("\nSeven layers, gradient descent in batches:")
    for activation in (nn.Sigmoid, nn.Tanh):
        name = activation.__name__.lower()
        flow = deep(activation, 3 if quick else 20, seed)
        print(f"{name}: {flow.finding}")
        flow.draw().save(out / f"{name}.png")
    names = ["after.svg", "before.svg", "graph.svg", "flow.svg", "change.svg", "viewer.html", "sigmoid.png", "tanh.png"]
    return [*(out / name for name in names), *frames]
