"""A program by levels as text: its steps as statements, in the words of NumPy, JAX or PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_lite.compiler.programs.backward_pass import own_rule
from autograd_lite.compiler.programs.constants import Constants
from autograd_lite.compiler.programs.naming import Names
from autograd_lite.compiler.programs.record import Recorded, unwrapped
from autograd_lite.compiler.programs.steps import FLOAT, Step, Steps, is_uniform
from autograd_lite.compiler.rolling.levels import Elementary, Greatest, Levels, Selected, Sums, Terms


@dataclass(frozen=True, slots=True)
class Words:
    """How a library says what levels need."""

    zeros: str
    write: str
    add: str
    totals: str
    greatest: str
    position: str
    number: str
    copy: str


NUMPY = Words(
    zeros="np.zeros({n})",
    write="{v}[{place}] = {x}",
    add="np.add.at({v}, {places}, {x})",
    totals="np.bincount({segments}, {x}, {n})",
    greatest="np.maximum.reduceat({x}, {starts})",
    position="{x}.astype(np.intp)",
    number="{x}.astype(float)",
    copy="{x}.copy()",
)
JAX = Words(
    zeros="jnp.zeros({n})",
    write="{v} = {v}.at[{place}].set({x})",
    add="{v} = {v}.at[{places}].add({x})",
    totals="jnp.zeros({n}).at[{segments}].add({x})",
    greatest="jnp.full({n}, -inf).at[{segments}].max({x})",
    position="{x}.astype(int)",
    number="{x}.astype(float)",
    copy="{x}",
)
TORCH = Words(
    zeros="torch.zeros({n}, dtype=torch.float64)",
    write="{v}[{place}] = {x}",
    add="{v}.index_add_(0, {places}, {x})",
    totals="torch.zeros({n}, dtype=torch.float64).index_add(0, {segments}, {x})",
    greatest="torch.full(({n},), -inf, dtype=torch.float64).scatter_reduce(0, {segments}, {x}, 'amax')",
    position="{x}.to(torch.int64)",
    number="{x}.to(torch.float64)",
    copy="{x}.clone()",
)


class LevelText:
    """The statements of one program by levels.

    Parameters
    ----------
    levels : Levels
        The steps.
    words : Words
        The library's.
    names, constants : Names, Constants
        Those of the text that the statements are a part of.
    operand, expression : callables
        How that text writes an operand, and the call of an elementwise step.
    """

    def __init__(
        self,
        levels: Levels,
        words: Words,
        names: Names,
        constants: Constants,
        operand: Callable[[Any], str],
        expression: Callable[[Step], str],
    ) -> None:
        self.levels, self.words, self.names, self.constants = levels, words, names, constants
        self._operand, self._expression = operand, expression
        self.lines: list[str] = []

    def forward(self, v: str, leaves: str) -> list[str]:
        """All numbers, in a vector called `v`."""
        one = self.levels.one
        self.lines = [f"{v} = {self.words.zeros.format(n=self.levels.size)}"]
        self._write(v, f":{one}", leaves)
        self._write(v, str(one), "1.0")
        for step in self.levels.steps:
            writer = getattr(self, f"_{type(step).__name__.lower()}")
            self._write(v, f"{step.out.start}:{step.out.stop}", writer(step, v))
        return self.lines

    def backward(self, d: str, g: str, v: str) -> list[str]:
        """The gradient of all numbers, in a vector called `d`."""
        self.lines = [f"{d} = {self.words.copy.format(x=g)}"]
        for step in reversed(self.levels.steps):
            place = f"{d}[{step.out.start}:{step.out.stop}]"  # no view: PyTorch adds none of a tensor to itself
            received = self._assign(self.words.copy.format(x=place))
            getattr(self, f"_{type(step).__name__.lower()}_backward")(step, v, d, received)
        return self.lines

    # --- kinds of steps ---

    def _elementary(self, step: Elementary, v: str) -> str:
        steps, (inputs, _, _) = self._recorded(step, v)
        return self._written(steps, own_rule(step.row, "forward")(*inputs))

    def _elementary_backward(self, step: Elementary, v: str, d: str, received: str) -> None:
        steps, (inputs, y, g) = self._recorded(step, v, received)
        sent = [own_rule(step.row, "vjp", slot)(g, y, *inputs) for slot in range(len(inputs))]
        texts = [self._written(steps, x) for x in sent]
        for x, places, text in zip(sent, step.operands, texts, strict=True):
            if isinstance(x, Recorded):  # else the gradient is 0
                self._add(d, places, text)

    def _recorded(self, step: Elementary, v: str, received: str = "") -> tuple[Steps, Any]:
        """What the rules of the table get, written down before."""
        steps, n = Steps(), step.out.stop - step.out.start
        count = len(step.operands)
        made = [Recorded(steps, steps.make("input", (), (n,), FLOAT, index=k)) for k in range(count + 2)]
        for x, places in zip(made, step.operands, strict=False):
            self.lines.append(f"{self.names.of(x.step)} = {self._read(v, places)}")
        if received:
            self.lines.append(f"{self.names.of(made[-2].step)} = {v}[{step.out.start}:{step.out.stop}]")
            self.lines.append(f"{self.names.of(made[-1].step)} = {received}")
        return steps, (made[:-2], made[-2], made[-1])

    def _written(self, steps: Steps, result: Any) -> str:
        """The statements of the steps that are new, and the name of the result."""
        for step in steps.made:
            if step.call != "input" and not step.label:
                step.label = self.names.free()
                self.lines.append(f"{self.names.of(step)} = {self._expression(step)}")
        return self._operand(unwrapped(result))

    def _sums(self, step: Sums, v: str) -> str:
        products = self._scaled(self._factor(v, step.terms.left, step.right), step.coefficients)
        total = self._totals(step.terms, products)
        return total if not step.constants.any() else f"{total} + {self._number(step.constants)}"

    def _sums_backward(self, step: Sums, v: str, d: str, received: str) -> None:
        scaled = self._assign(self._scaled(self._repeated(step.terms, received), step.coefficients))
        has_products = bool((step.right != self.levels.one).any())
        self._add(d, step.terms.left, f"{scaled} * {self._read(v, step.right)}" if has_products else scaled)
        if has_products:
            self._add(d, step.right, f"{scaled} * {self._read(v, step.terms.left)}")

    def _greatest(self, step: Greatest, v: str) -> str:
        terms = step.terms
        words = {"segments": self._segments(terms), "starts": self.constants.text(terms.starts)}
        return self.words.greatest.format(x=self._read(v, terms.left), n=len(terms.starts), **words)

    def _greatest_backward(self, step: Greatest, v: str, d: str, received: str) -> None:
        y = f"{v}[{step.out.start}:{step.out.stop}]"
        equal = f"({self._read(v, step.terms.left)} == {self._repeated(step.terms, y)})"
        chosen = self._assign(self.words.number.format(x=equal))
        share = self._assign(f"{received} / {self._totals(step.terms, chosen)}")
        self._add(d, step.terms.left, f"{chosen} * {self._repeated(step.terms, share)}")

    def _selected(self, step: Selected, v: str) -> str:
        return f"{v}[{self._chosen(step, v)}]"

    def _selected_backward(self, step: Selected, v: str, d: str, received: str) -> None:
        self.lines.append(self.words.add.format(v=d, places=self._assign(self._chosen(step, v)), x=received))

    def _chosen(self, step: Selected, v: str) -> str:
        """Where the selected numbers are: a row for each node, of all positions; outside its bounds no place at all."""
        counts, most = step.terms.counts, int(step.terms.counts.max())
        table = np.full((len(counts), 2 * most + 2), self.levels.size)
        rows = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(len(rows)) - step.terms.starts[rows]
        for column in (within, within - counts[rows]):  # from the front, and from the back
            table[rows, column + most + 1] = step.terms.left
        which = self.words.position.format(x=self._read(v, step.which))
        columns = f"({which} + {most + 1}).clip(0, {2 * most + 1})"
        return f"{self.constants.text(table)}[{self.constants.text(np.arange(len(counts)))}, {columns}]"

    # --- their parts ---

    def _write(self, v: str, place: str, x: str) -> None:
        self.lines.append(self.words.write.format(v=v, place=place, x=x))

    def _add(self, d: str, places: Any, x: str) -> None:
        self.lines.append(self.words.add.format(v=d, places=self.constants.text(places), x=x))

    def _assign(self, expression: str) -> str:
        name = self.names.free()
        self.lines.append(f"{name} = {expression}")
        return name

    def _read(self, v: str, places: Any) -> str:
        return f"{v}[{self.constants.text(places)}]"

    def _number(self, x: Any) -> str:
        return self.constants.text(x.flat[0] if is_uniform(x) else x)

    def _factor(self, v: str, left: Any, right: Any) -> str:
        read = self._read(v, left)
        return read if (right == self.levels.one).all() else f"{read} * {self._read(v, right)}"

    def _scaled(self, x: str, coefficients: Any) -> str:
        return x if (coefficients == 1.0).all() else f"{x} * {self._number(coefficients)}"

    def _segments(self, terms: Terms) -> str:
        return self.constants.text(np.repeat(np.arange(len(terms.counts)), terms.counts))

    def _totals(self, terms: Terms, x: str) -> str:
        if (terms.counts == 1).all():
            return x
        return self.words.totals.format(segments=self._segments(terms), x=x, n=len(terms.counts))

    def _repeated(self, terms: Terms, x: str) -> str:
        return x if (terms.counts == 1).all() else f"{x}[{self._segments(terms)}]"
