"""A small transformer reads the names of places, character by character, and makes up new ones.

In microgpt's manner: one layer, 16 dimensions, 4 heads. Rows are names. Each character, and the mark at the name's end,
is to be predicted from those before it; the cost J is the mean of -log p over them, in nats. The baseline is to count
what follows each character (bigrams). The names are few enough to be learned by heart, which dropout hinders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite import nn, optim
from autograd_lite.training import split
from demos._shared import BLUE, MUTED, RED, figure, progress

CHARACTERS = " -abcdefghijklmnopqrstuvwxyz."  # the dot marks a name's end
COUNT, NOTHING = len(CHARACTERS), -1  # NOTHING follows the end mark
LONGEST, DIM, HEADS, DROPOUT, ALPHA = 30, 16, 4, 0.2, 0.01  # ALPHA is the learning rate at first
Numbers = NDArray[np.intp]


def load(seed: int) -> tuple[list[str], list[str]]:
    """Return the names to learn from, and a fifth that is held out."""
    lines = Path(__file__).with_name("places.txt").read_text("ascii").splitlines()
    (learn,), (held_out,) = split([line for line in lines if not line.startswith("#")], held_out=0.2, seed=seed)
    return learn.tolist(), held_out.tolist()


def encode(names: Sequence[str]) -> tuple[Numbers, Numbers]:
    """Return x (m, T), an end mark and the name's characters, and y (m, T), what follows each; both filled up."""
    T = max(map(len, names)) + 1
    x = [[CHARACTERS.index(c) for c in ("." + name).ljust(T, ".")] for name in names]
    y = [[CHARACTERS.find(c) for c in (name + ".").ljust(T, "_")] for name in names]  # "_" is none: find gives NOTHING
    return np.array(x), np.array(y)


class Transformer(nn.Module):
    """From x (m, T) to logits (m, T, 29) for what follows; no position sees a later one."""

    def __init__(self, dropout: float, rng: np.random.Generator) -> None:
        small: Any = {"init": nn.init.normal(0.08), "seed": rng}
        self.character, self.position = nn.Embedding(COUNT, DIM, **small), nn.Embedding(LONGEST + 1, DIM, **small)
        self.norms = [nn.RMSNorm(DIM) for _ in range(3)]
        self.attention = nn.MultiHeadAttention(DIM, HEADS, causal=True, bias=False, **small)
        self.mlp = nn.MLP(DIM, [4 * DIM, DIM], scalars=False, **small)
        self.logits = nn.Linear(DIM, COUNT, **small)
        self.dropout = nn.Dropout(dropout, seed=rng)

    def forward(self, x: Numbers) -> Any:
        """Each position looks at those before it, then thinks for itself; both add to what it knows."""
        h = self.dropout(self.norms[0](self.character(x) + self.position(np.arange(x.shape[1]))))
        h = h + self.dropout(self.attention(self.norms[1](h)))
        h = h + self.dropout(self.mlp(self.norms[2](h)))
        return self.logits(h)


def cost(model: Callable[[Numbers], Any], names: Sequence[str]) -> Any:
    """J, the mean of -log p of what follows, wherever something does."""
    x, y = encode(names)
    return nn.cross_entropy(model(x)[y != NOTHING], y[y != NOTHING])


def bigram(names: list[str]) -> Callable[[Numbers], Any]:
    """Return the model that has counted what follows each character, starting from 1: from x to log p."""
    x, y = encode(names)
    counts = np.ones((COUNT, COUNT))
    np.add.at(counts, (x[y != NOTHING], y[y != NOTHING]), 1)
    log_p = np.log(counts / counts.sum(axis=1, keepdims=True))
    return lambda x: log_p[x]


def train(learn: list[str], held_out: list[str], dropout: float, steps: int, seed: int) -> tuple[Transformer, Any]:
    """Train by Adam, on 32 names at a step; also return rows of the step and J on both lists, without dropout."""
    rng = np.random.default_rng(seed)
    model = Transformer(dropout, rng)
    optimizer, history = optim.Adam(model.parameters(), lr=ALPHA), []
    for step in progress(steps + 1, f"training with dropout {dropout}"):
        if step % 20 == 0:
            history.append([step, *(cost(model.eval(), names).item() for names in (learn, held_out))])
        optimizer.zero_grad()
        cost(model.train(), rng.choice(learn, 32, replace=False).tolist()).backward()
        optimizer.lr = ALPHA * (1 - step / steps)  # 0 in the end, so that the last costs are those of the model
        optimizer.step()
    return model.eval(), np.array(history)


def sample(model: Transformer, rng: np.random.Generator, temperature: float = 0.6) -> str:
    """Draw a name, character by character; the lower the temperature, the likelier ones."""
    name = ""
    while not name.endswith(".") and len(name) < LONGEST:
        logits = model(encode([name])[0]).data[0, -1]
        name += rng.choice([*CHARACTERS], p=nn.softmax(logits / temperature))
    return name.removesuffix(".")


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Train without dropout and with it, compare both with bigrams, and make up names."""
    learn, held_out = load(seed)
    steps = 100 if quick else 600
    _, by_heart = train(learn, held_out, 0.0, steps, seed)
    model, history = train(learn, held_out, DROPOUT, steps, seed)
    even, pairs = [np.log(COUNT)] * 2, [cost(bigram(learn), names) for names in (learn, held_out)]
    rows = {"guessing evenly": even, "bigrams": pairs, "no dropout": by_heart[-1, 1:], "dropout": history[-1, 1:]}
    print(f"A transformer of {model.parameter_count:,} parameters learns from {len(learn)} names.")
    print("J is the mean of -log p of the next character, in nats.")
    print(f"After {steps} steps, J on these, and on {len(held_out)} held out:")
    for name, (ours, theirs) in rows.items():
        print(f"{ours:8.3f} {theirs:8.3f}  {name}")
    if history[-1, 2] < pairs[1] < by_heart[-1, 2]:
        print(
            "Without dropout it learns the names by heart, and knows new ones less well than bigrams; with it, better."
        )
    rng = np.random.default_rng(seed)
    new = {sample(model, rng) for _ in range(12)} - {*learn, *held_out, ""}
    print(f"Made up: {', '.join(sorted(new))}.")

    title = f"A character of a held-out name costs {history[-1, 2]:.2f} nats, by bigrams {pairs[1]:.2f}"
    with figure(out / "names.png", title, "step", "J, nats per character") as axes:
        axes.axhline(pairs[1], color=MUTED, linewidth=1, label=f"held out, bigrams: {pairs[1]:.2f}")
        for run, style, how in ((by_heart, "--", ", no dropout"), (history, "-", "")):
            for line, color, where in zip(run.T[1:], (BLUE, RED), ("learned", "held out"), strict=True):
                axes.plot(run.T[0], line, style, color=color, label=f"{where}{how}: {line[-1]:.2f}")
        axes.legend(loc=(0.6, 0.56), frameon=False, labelcolor="linecolor")
    return [out / "names.png"]
