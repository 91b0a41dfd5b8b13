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
from demos._shared import AMOUNT, BLUE, MUTED, RED, figure, name_line, panels, progress

CHARACTERS = " -abcdefghijklmnopqrstuvwxyz"
END, NOTHING = len(CHARACTERS), -1  # the number of the end mark; what follows an end mark
LONGEST, DIM, HEADS, DROPOUT, ALPHA = 30, 16, 4, 0.2, 0.01  # ALPHA is the learning rate at first
Numbers = NDArray[np.intp]


def load(seed: int) -> tuple[list[str], list[str]]:
    """Return the names to learn from, and a fifth that is held out."""
    lines = Path(__file__).with_name("places.txt").read_text("ascii").splitlines()
    (learn,), (held_out,) = split([line for line in lines if not line.startswith("#")], held_out=0.2, seed=seed)
    return learn.tolist(), held_out.tolist()


def encode(names: Sequence[str]) -> tuple[Numbers, Numbers]:
    """Return x (m, T), an end mark and the name's characters, and y (m, T), what follows each; both filled up."""
    x = np.full((len(names), max(map(len, names)) + 1), END)
    y = np.full_like(x, NOTHING)
    for i, name in enumerate(names):
        y[i, : len(name) + 1] = [*map(CHARACTERS.index, name), END]
        x[i, 1 : len(name) + 1] = y[i, : len(name)]
    return x, y


class Transformer(nn.Module):
    """From x (m, T) to logits (m, T, 29) for what follows; no position sees a later one."""

    def __init__(self, dropout: float, rng: np.random.Generator) -> None:
        small: Any = {"init": nn.init.normal(0.08), "seed": rng}
        linear: Any = {"bias": False, **small}
        self.character, self.position = nn.Embedding(END + 1, DIM, **small), nn.Embedding(LONGEST + 1, DIM, **small)
        self.norms = [nn.RMSNorm(DIM) for _ in range(3)]
        self.attention = nn.MultiHeadAttention(DIM, HEADS, causal=True, bias=False, seed=rng)
        self.mlp = nn.Sequential(nn.Linear(DIM, 4 * DIM, **linear), nn.ReLU(), nn.Linear(4 * DIM, DIM, **linear))
        self.logits = nn.Linear(DIM, END + 1, **linear)
        self.dropout = nn.Dropout(dropout, seed=rng)

    def embed(self, x: Numbers) -> Any:
        """Return a vector for each position: its character's plus its own."""
        return self.norms[0](self.character(x) + self.position(np.arange(x.shape[1])))

    def forward(self, x: Numbers) -> Any:
        """Each position looks at those before it, then thinks for itself; both add to what it knows."""
        h = self.dropout(self.embed(x))
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
    counts = np.ones((END + 1, END + 1))
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
    name, number = "", NOTHING
    while number != END and len(name) < LONGEST:
        logits = model(encode([name])[0]).data[0, -1]
        number = rng.choice(END + 1, p=nn.softmax(logits / temperature))
        name += CHARACTERS[number : number + 1]  # nothing for the end mark
    return name


def main(out: Path, seed: int, quick: bool) -> list[Path]:
    """Train without dropout and with it, compare both with bigrams, and make up names."""
    learn, held_out = load(seed)
    steps = 100 if quick else 600
    (_, by_heart), (model, history) = (train(learn, held_out, p, steps, seed) for p in (0.0, DROPOUT))
    pairs = [cost(bigram(learn), names) for names in (learn, held_out)]
    rows: dict[str, Any] = {"guessing evenly": [np.log(END + 1)] * 2, "bigrams": pairs, "untrained": history[0]}
    rows |= {f"{steps} steps, no dropout": by_heart[-1], f"{steps} steps, dropout {DROPOUT}": history[-1]}
    size = sum(p.size for p in model.parameters())
    print(f"A transformer of {size:,} parameters. J on {len(learn)} names to learn from, on {len(held_out)} held out:")
    for name, (*_, ours, theirs) in rows.items():
        print(f"{ours:8.3f} {theirs:8.3f}  {name}")

    rng, new = np.random.default_rng(seed), set[str]()
    while len(new) < 10:
        new |= {sample(model, rng)} - {*learn, *held_out, ""}
    print(f"Made up: {', '.join(sorted(new))}.")

    title = f"A character of a held-out name costs {history[-1, 2]:.2f} nats, by bigrams {pairs[1]:.2f}"
    with figure(out / "names.png", title, "step", "J, nats per character") as axes:
        for J, name in ((np.log(END + 1), "guessing evenly"), (pairs[1], "held out, bigrams")):
            axes.axhline(J, color=MUTED, linewidth=1)
            name_line(axes, steps / 2, J, f"{name}: {J:.2f}", MUTED)
        for run, style, how in ((by_heart, "--", ", no dropout"), (history, "-", "")):
            for line, color, where in zip(run.T[1:], (BLUE, RED), ("learned", "held out"), strict=True):
                axes.plot(run.T[0], line, style, color=color, label=f"{where}{how}: {line[-1]:.2f}")
        axes.legend(loc=(0.64, 0.56), frameon=False, labelcolor="linecolor")
    draw_attention(out / "attention.png", model, max((name for name in held_out if " " in name), key=len))
    return [out / "names.png", out / "attention.png"]


def draw_attention(path: Path, model: Transformer, name: str) -> None:
    """Draw how much each character of a name (row) looks at each (column), head by head; a dot is the end mark."""
    weights = model.attention.weights(model.norms[1](model.embed(encode([name])[0]))).data[0]
    marks, space = ["·", *name.replace(" ", "␣")], name.index(" ") + 1
    back = weights[:, space + 1 :, space].mean(axis=1)
    title = f"Behind the space, head {back.argmax() + 1} looks back at it with {back.max():.0%} of its attention"
    with panels(path, title, *[(f"head {k + 1}", "", "") for k in range(HEADS)], columns=2) as axes:
        for head, cell in zip(weights, axes, strict=True):
            cell.imshow(head, AMOUNT, zorder=2)  # above the grid
            cell.set(xticks=(ticks := range(len(marks))), xticklabels=marks, yticks=ticks, yticklabels=marks)
