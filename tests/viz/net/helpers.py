"""What the tests of the boxes share: models, and short words for their drawings."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_lite as ag
from autograd_lite import Value, nn
from viz.net.boxes import Drawing
from viz.net.computed import read, run
from viz.net.modules import part_of
from viz.net.plan import plan

ONES = np.ones((4, 2))


class Residual(nn.Module):
    def __init__(self, dim: int) -> None:
        self.body = nn.Sequential(nn.Linear(dim, dim, seed=0), ag.relu)

    def forward(self, x: Any) -> Any:
        return x + self.body(x)


class Loop(nn.Module):
    def __init__(self, cell: Any = nn.RNNCell) -> None:
        self.cell, self.out = cell(3, 4, seed=0), nn.Linear(4, 1, seed=1)

    def forward(self, x: Any) -> Any:
        h = None
        for step in x:
            h = self.cell(step, h)
        return self.out(h[0] if isinstance(h, tuple) else h)


class Block(nn.Module):
    def __init__(self, dim: int) -> None:
        self.norms = [nn.RMSNorm(dim), nn.RMSNorm(dim)]
        self.attention = nn.MultiHeadAttention(dim, 4, causal=True, seed=0)
        self.mlp = nn.MLP(dim, [4 * dim, dim], scalars=False, seed=0)

    def forward(self, x: Any) -> Any:
        x = x + self.attention(self.norms[0](x))
        return x + self.mlp(self.norms[1](x))


class Transformer(nn.Module):
    def __init__(self, blocks: int, dim: int = 16) -> None:
        self.character, self.position = nn.Embedding(29, dim, seed=0), nn.Embedding(31, dim, seed=0)
        self.blocks = [Block(dim) for _ in range(blocks)]
        self.norm, self.logits = nn.RMSNorm(dim), nn.Linear(dim, 29, seed=0)

    def forward(self, x: Any) -> Any:
        h = self.character(x) + self.position(np.arange(x.shape[1]))
        for block in self.blocks:
            h = block(h)
        return self.logits(self.norm(h))


def planned(model: nn.Module, depth: int | None = None, roll: bool = True) -> Drawing:
    return plan(part_of(model), depth, roll)


def ran(model: nn.Module, *inputs: Any, depth: int | None = None, roll: bool = True) -> Drawing:
    return run(model, inputs, {}).drawing(depth, roll)


def rooted(model: nn.Module, root: Value, roll: bool = True) -> Drawing:
    return read([root], model, {}).drawing(None, roll)


def titles(drawing: Drawing) -> list[str]:
    return [f"{box.title}{f' ×{box.times}' if box.times > 1 else ''}".replace("\n", ", ") for box in drawing.every()]


def arrows(drawing: Drawing) -> set[tuple[str, str, str]]:
    return {(a.tail.title.replace("\n", ", "), a.head.title.replace("\n", ", "), a.kind) for a in drawing.arrows}
