"""The program as source for JAX and PyTorch: the same steps as pure functions, in float64."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd_lite.compiler.programs.backward_pass import Recording
from autograd_lite.compiler.programs.buffers import live
from autograd_lite.compiler.programs.constants import Constants
from autograd_lite.compiler.programs.movement import fold_places
from autograd_lite.compiler.programs.naming import Names
from autograd_lite.compiler.programs.source import INFIX
from autograd_lite.compiler.programs.steps import Step, shape_of
from autograd_lite.compiler.programs.templates import JAX, TORCH
from autograd_lite.compiler.rolling import level_text
from autograd_lite.compiler.rolling.levels import Levels, levels_of

TORCH_NAMES = {"power": "pow", "absolute": "abs", "equal": "eq", "not_equal": "ne", "invert": "bitwise_not"}
REDUCTIONS = {
    "add.reduce": ("sum", "sum"),
    "maximum.reduce": ("max", "amax"),
    "minimum.reduce": ("min", "amin"),
    "multiply.reduce": ("prod", "prod"),
    "logical_and.reduce": ("all", "all"),
    "logical_or.reduce": ("any", "any"),
}


def source_for(recording: Recording, target: str) -> str:
    """The text of a module for "jax" or "torch".

    Raises
    ------
    ValueError
        If there is no such target, or if the program calls Python functions of the user's own.
    """
    writers = {"jax": _Jax, "torch": _Torch}
    if target not in writers:
        raise ValueError(f"target is {target!r}; it must be 'jax' or 'torch'")
    return writers[target](recording).text


def level_functions(functions: Mapping[str, Any], source: str) -> tuple[list[str], dict[str, Any]]:
    """The functions of a NumPy program that run by levels, as text, and the long constants of that text.

    Parameters
    ----------
    functions : dict of callables
        All of them methods of `Levels`.
    source : str
        The program's text, whose names are taken.
    """
    if not functions:
        return [], {}
    writer = _Numpy(re.findall(r"\w+", source))
    texts = [writer.function(name, function) for name, function in functions.items()]
    return [writer.head(), *texts], writer.long


class _Target:
    """What both targets have in common."""

    module = ""
    template = ""
    words: level_text.Words

    def __init__(self, recording: Recording) -> None:
        self.names = Names([self.module, "jax"])
        self._definitions: list[str] = []
        self._constants = Constants(self.names, self._definitions, self.array, None)
        shapes = recording.shapes(self.names)
        self._lines = [f"checked({name!r}, {name}, {shape})" for name, shape in shapes.items()]
        guards = [side for _, left, right, _ in recording.guards for side in (left, right)]
        needed = live([recording.value, recording.gradient, *guards])
        for p in recording.parameters:
            if p in needed:
                self._parameter(p)
        for step in recording.steps.made:
            if step in needed and step.call not in ("parameter", "input"):
                self._lines.append(f"{self.names.of(step)} = {self._expression(step)}")
        value, gradient = self._guarded(recording, self.operand(recording.value), self.operand(recording.gradient))
        self.text = self.template.format(
            constants="\n".join([*self._definitions, ""]),
            arguments=", ".join(shapes),
            lines="\n".join("    " + line for line in self._lines),
            value=value,
            gradient=gradient,
        )

    @property
    def array(self) -> str:
        """The function that makes an array."""
        raise NotImplementedError

    def _parameter(self, p: Step) -> None:
        start = p.options["start"]
        place = f"{start}:{start + p.size}" if p.ndim else str(start)
        reshaped = f".reshape({p.shape})" if p.ndim > 1 else ""
        self._lines.append(f"{self.names.of(p)} = theta[{place}]{reshaped}")

    def _guarded(self, recording: Recording, value: str, gradient: str) -> tuple[str, str]:
        """No exception can leave a compiled function: where a guard is broken the result is nan."""
        conditions = []
        for op, left, right, outcome in recording.guards:
            a, b = self.operand(left), self.operand(right)
            asked = f"{a} {op} {b}" if op in ("<", "<=", ">", ">=", "!=", "==") else a
            asked = f"{a} != 0.0" if op == "bool" else asked
            conditions.append(f"({self.module}.asarray({asked}) == {self.operand(np.asarray(outcome))}).all()")
        if not conditions:
            return value, gradient
        self._lines.append("# where control flow on values would have gone another way, the result is nan")
        self._lines.append(f"holds = {' & '.join(conditions)}")
        return f"{self.module}.where(holds, {value}, nan)", f"{self.module}.where(holds, {gradient}, nan)"

    # --- one step ---

    def operand(self, x: Any) -> str:
        """A step's name, or a constant."""
        return self.names.of(x) if isinstance(x, Step) else self._constants.text(x)

    def _expression(self, step: Step) -> str:
        args = [self.operand(x) for x in step.args]
        call = step.call
        if call in INFIX:
            return f"{args[0]} {INFIX[call]} {args[1]}"
        if call in REDUCTIONS:
            return self._reduction(step, args[0])
        maker: Callable[[Step, list[str]], str] | None = getattr(self, "_" + call.replace(".", "_"), None)
        return maker(step, args) if maker is not None else f"{self.module}.{call}({', '.join(args)})"

    def _reduction(self, step: Step, a: str) -> str:
        raise NotImplementedError

    def _dot(self, step: Step, args: list[str]) -> str:
        return f"{args[0]} @ {args[1]}"

    _matmul = _dot

    def _where(self, step: Step, args: list[str]) -> str:
        return f"{self.module}.where({', '.join(args)})"

    def _einsum(self, step: Step, args: list[str]) -> str:
        return f"{self.module}.einsum({step.options['subscripts']!r}, {', '.join(args)})"

    def _reshape(self, step: Step, args: list[str]) -> str:
        return f"{args[0]}.reshape({step.shape})"

    def _broadcast_to(self, step: Step, args: list[str]) -> str:
        return f"{self.module}.broadcast_to({args[0]}, {step.shape})"

    def _getitem(self, step: Step, args: list[str]) -> str:
        return f"{args[0]}[{self._constants.index(step.options['index'])}]"

    def _pick(self, step: Step, args: list[str]) -> str:
        return f"{args[0]}[{self._picked(step, args[1:])}]"

    def _picked(self, step: Step, indices: list[str]) -> str:
        places, index = step.options.get("places", ()), step.options["index"]
        if not places:
            return self._constants.index(index)
        return ", ".join(
            indices[places.index(k)] if k in places else self._constants.index(i) for k, i in enumerate(index)
        )

    def _whole(self, step: Step, args: list[str]) -> str:
        levels = levels_of(step.options["function"])
        if levels is not None:
            return self._by_levels(levels, args)
        raise ValueError(
            f"{step.options['name']} is a function of your own, which JAX and PyTorch do not know: write it with "
            "autograd_lite's operations"
        )

    def _by_levels(self, levels: Levels, args: list[str]) -> str:
        text = level_text.LevelText(levels, self.words, self.names, self._constants, self.operand, self._expression)
        name = self.names.free("levels")
        if len(args) == 1:
            self._lines += text.forward(name, *args)
            return name
        gradient, v, _ = args
        self._lines += text.backward(name, gradient, v)
        return f"{name}[:{levels.one}]"


class _Jax(_Target):
    module = "jnp"
    template = JAX
    words = level_text.JAX

    @property
    def array(self) -> str:
        return "jnp.array"

    def _reduction(self, step: Step, a: str) -> str:
        return f"jnp.{REDUCTIONS[step.call][0]}({a}, axis={step.options['axis']})"

    def _add_accumulate(self, step: Step, args: list[str]) -> str:
        return f"jnp.cumsum({args[0]}, axis={step.options['axis']})"

    def _transpose(self, step: Step, args: list[str]) -> str:
        return f"jnp.transpose({args[0]}, {step.options['axes']})"

    def _astype(self, step: Step, args: list[str]) -> str:
        return f"{args[0]}.astype(float)"

    def _cast(self, step: Step, args: list[str]) -> str:
        return f"{self.module}.asarray({args[0]}).astype({'bool' if step.dtype.kind == 'b' else 'int'})"

    def _erf(self, step: Step, args: list[str]) -> str:
        return f"jax.scipy.special.erf({args[0]})"

    def _assemble(self, step: Step, args: list[str]) -> str:
        places = zip(step.options["places"], args, strict=True)
        return f"jnp.zeros({step.shape})" + "".join(
            f".at[{self._constants.index(place)}].set({part})" for place, part in places
        )

    def _bincount(self, step: Step, args: list[str]) -> str:
        positions = self._constants.text(step.options["positions"])
        flat = f"jnp.zeros({step.size}).at[{positions}].add(jnp.ravel({args[0]}))"
        return f"{flat}.reshape({step.shape})"

    def _scatter(self, step: Step, args: list[str]) -> str:
        return f"jnp.zeros({step.shape}).at[{self._picked(step, args[1:])}].add({args[0]})"

    def _windows(self, step: Step, args: list[str]) -> str:
        text = args[0]
        for axis, size in zip(step.options["axes"], step.options["size"], strict=True):
            n = step.args[0].shape[axis] - size + 1
            places = self._constants.text(np.arange(n)[:, None] + np.arange(size))
            text = f"jnp.moveaxis(jnp.take({text}, {places}, axis={axis}), {axis + 1}, -1)"
        return text

    def _fold(self, step: Step, args: list[str]) -> str:
        text = f"jnp.zeros({step.shape})"
        for place, offset in fold_places(step):
            index = self._constants.index
            text += f".at[{index(place)}].add({args[0]}[{index(offset)}])"
        return text


class _Torch(_Target):
    module = "torch"
    template = TORCH
    words = level_text.TORCH

    @property
    def array(self) -> str:
        return "torch.tensor"

    def operand(self, x: Any) -> str:
        if isinstance(x, Step) or (isinstance(x, np.ndarray) and x.ndim):
            return super().operand(x)
        if isinstance(x, (bool, np.bool_)):
            return f"torch.tensor({bool(x)})"
        return f"torch.tensor({float(x)!r}, dtype=torch.float64)"

    def _expression(self, step: Step) -> str:
        if step.call in TORCH_NAMES:
            return f"torch.{TORCH_NAMES[step.call]}({', '.join(map(self.operand, step.args))})"
        return super()._expression(step)

    def _reduction(self, step: Step, a: str) -> str:
        name, axis = REDUCTIONS[step.call][1], step.options["axis"]
        if not isinstance(axis, tuple) or name not in ("prod", "all", "any"):
            return f"torch.{name}({a})" if axis is None else f"torch.{name}({a}, dim={axis})"
        for i in sorted(axis, reverse=True):
            a = f"torch.{name}({a}, dim={i})"
        return a

    def _add_accumulate(self, step: Step, args: list[str]) -> str:
        return f"torch.cumsum({args[0]}, dim={step.options['axis']})"

    def _transpose(self, step: Step, args: list[str]) -> str:
        return f"{args[0]}.permute({step.options['axes']})"

    def _getitem(self, step: Step, args: list[str]) -> str:
        """PyTorch has no slices that go backwards: the elements that they take are named."""
        (a,), index = args, step.options["index"]
        parts = list(index) if isinstance(index, tuple) else [index]
        if Ellipsis in parts:
            at = parts.index(Ellipsis)
            taken = sum(i is not None for i in parts) - 1
            parts[at : at + 1] = [slice(None)] * (len(shape_of(step.args[0])) - taken)
        axis, forwards = 0, []
        for i in parts:
            if isinstance(i, slice) and (i.step or 1) < 0:
                places = np.arange(step.args[0].shape[axis])[i]
                a = f"{a}.index_select({axis}, {self._constants.text(places)})"
                i = slice(None)
            forwards.append(i)
            axis += i is not None
        return f"{a}[{self._constants.index(tuple(forwards))}]"

    def _astype(self, step: Step, args: list[str]) -> str:
        return f"{args[0]}.to(torch.float64)"

    def _cast(self, step: Step, args: list[str]) -> str:
        return f"torch.as_tensor({args[0]}).to(torch.{'bool' if step.dtype.kind == 'b' else 'int64'})"

    def _assemble(self, step: Step, args: list[str]) -> str:
        name = self.names.of(step)
        self._lines.append(f"{name} = torch.zeros({step.shape}, dtype=torch.float64)")
        for place, part in zip(step.options["places"], args, strict=True):
            self._lines.append(f"{name}[{self._constants.index(place)}] = {part}")
        return name

    def _bincount(self, step: Step, args: list[str]) -> str:
        positions = self._constants.text(step.options["positions"])
        zeros = f"torch.zeros({step.size}, dtype=torch.float64)"
        return f"{zeros}.index_add(0, {positions}, {args[0]}.reshape(-1)).reshape({step.shape})"

    def _scatter(self, step: Step, args: list[str]) -> str:
        every = self._constants.text(np.arange(step.size).reshape(step.shape))
        positions = f"{every}[{self._picked(step, args[1:])}].reshape(-1)"
        zeros = f"torch.zeros({step.size}, dtype=torch.float64)"
        return f"{zeros}.index_add(0, {positions}, {args[0]}.reshape(-1)).reshape({step.shape})"

    def _windows(self, step: Step, args: list[str]) -> str:
        sizes = zip(step.options["axes"], step.options["size"], strict=True)
        return args[0] + "".join(f".unfold({axis}, {size}, 1)" for axis, size in sizes)

    def _fold(self, step: Step, args: list[str]) -> str:
        name, index = self.names.of(step), self._constants.index
        self._lines.append(f"{name} = torch.zeros({step.shape}, dtype=torch.float64)")
        for place, offset in fold_places(step):
            self._lines.append(f"{name}[{index(place)}] += {args[0]}[{index(offset)}]")
        return name


class _Numpy(_Target):
    """Functions that run by levels, beside a program that is NumPy's already."""

    module = "np"
    words = level_text.NUMPY

    def __init__(self, taken: list[str]) -> None:
        self.names = Names(taken)
        self._definitions: list[str] = []
        self._constants = Constants(self.names, self._definitions)
        self._lines: list[str] = []

    @property
    def long(self) -> dict[str, Any]:
        """Constants too long for the text."""
        return self._constants.long

    def function(self, name: str, function: Callable[..., Any]) -> str:
        """The text of a forward or backward pass."""
        levels, self._lines = levels_of(function), []
        assert levels is not None
        arguments = list(inspect.signature(function).parameters)
        result = self._by_levels(levels, arguments)
        lines = "\n    ".join([*self._lines, f"return {result}"])
        return f"def {name}({', '.join(arguments)}):\n    {lines}"

    def head(self) -> str:
        """What the functions need; asked for when all are written."""
        return "\n".join(["import math", "from math import inf, nan", "", *self._definitions])

    def _astype(self, step: Step, args: list[str]) -> str:
        return f"{args[0]}.astype(float)"

    def _erf(self, step: Step, args: list[str]) -> str:
        return f"np.vectorize(math.erf, otypes=[float])({args[0]})"
