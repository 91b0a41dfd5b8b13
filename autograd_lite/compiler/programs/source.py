"""The text of a program: which memory every step writes to, and the statement that does it.

Everything that stays the same from call to call is made once: buffers for results, views of buffers, constants. The two
functions that remain make NumPy calls and nothing else. Numbers without axes are NumPy's scalars, for which Python's
own operators are fastest; arrays are written to buffers with ``out=``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_lite.compiler.programs.backward_pass import Recording
from autograd_lite.compiler.programs.buffers import Plan, behind, live
from autograd_lite.compiler.programs.constants import Constants
from autograd_lite.compiler.programs.movement import fold_places
from autograd_lite.compiler.programs.naming import Names, is_labelled
from autograd_lite.compiler.programs.steps import FLOAT, VIEWS, Step, shape_of
from autograd_lite.compiler.programs.templates import BACKWARD, FORWARD, MEMORY
from autograd_lite.compiler.rolling.levels import levels_of

INFIX = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
    "bitwise_and": "&",
    "bitwise_or": "|",
}


class Source:
    """The text of a recording, and the constants and functions that it needs beside NumPy.

    Attributes
    ----------
    text : str
        The module.
    functions : dict of callables
        Rows that are called as a whole, by name.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.names = Names()
        self.functions: dict[str, Any] = {}
        self._static: list[str] = []
        self._lines: list[str] = []
        self._expressions: dict[Step, str] = {}
        self._constants = Constants(self.names, self._static)
        self._needs_erf = False
        self.text = self._module()

    @property
    def constants(self) -> dict[str, Any]:
        """Arrays too long to be written in the text, by name."""
        return self._constants.long

    # --- the module ---

    def _module(self) -> str:
        r = self.recording
        size = sum(p.size for p in r.parameters)
        self.shapes = r.shapes(self.names)
        guard_roots = [side for _, left, right, _ in r.guards for side in (left, right)]
        first = live([r.value, *guard_roots])
        later = live([r.value, r.gradient, *guard_roots])
        order = [s for s in r.steps.made if s in first] + [s for s in r.steps.made if s in later and s not in first]
        self.plan = Plan(order, [r.value, r.gradient, *guard_roots])
        if any(p.ndim for p in r.parameters):
            self._static.append(f"THETA = np.empty({size})")
            self._lines.append("THETA[:] = theta")
        for x in r.inputs:
            if not x.ndim:
                self._lines.append(f"{self.names.of(x)} = np.float64({self.names.of(x)})")
            self._expressions[x] = self.names.of(x)
        for p in r.parameters:
            self._parameter(p, p in (later if p.ndim else first))
        for step in r.steps.made:
            if step in first:
                self._emit(step)
        self._guards()
        value = self._scalar(r.value)
        forward, self._lines = self._lines, []
        for p in r.parameters:
            if not p.ndim and p not in first:
                self._parameter(p, p in later)
        for step in r.steps.made:
            if step in later and step not in first:
                self._emit(step)
        gradient = self._result(r.gradient) if r.gradient is not None else ""
        handed = self._handed(first, later)
        body = {
            "title": "Value and gradient, as straight-line NumPy. Made by autograd_lite.",
            "imports": self._imports(),
            "memory": MEMORY,
            "static": "\n".join(self._static),
            "arguments": ", ".join(self.shapes),
            "given": ", ".join(self.shapes),
            "forward": _indented(forward),
            "result": ", ".join([value, *handed]),
            "first": "[0]" if handed else "",
        }
        text = FORWARD.format(**body)
        if r.gradient is None:
            return text
        names = ", ".join(["cost", *handed])
        return text + BACKWARD.format(
            **body | {"result": names, "value": "float(cost)", "backward": _indented(self._lines), "gradient": gradient}
        )

    def _handed(self, first: set[Step], later: set[Step]) -> list[str]:
        """The results of the forward pass that are new objects at every call and that the backward pass needs."""
        needed = {x for step in later - first for x in step.args if isinstance(x, Step)}
        needed |= {self.recording.gradient} if isinstance(self.recording.gradient, Step) else set()
        fresh = [
            s
            for s in self.recording.steps.made
            if s in needed and s not in self.plan.memory and (s in first or s.call == "input")
        ]
        return list(dict.fromkeys(self._expressions[s] for s in fresh if s.call != "input" or not s.ndim))

    def _imports(self) -> str:
        """What the text needs beside NumPy."""
        lines = ["import math"] if self._needs_erf else []
        lines += ["from math import inf, nan"] if self._constants.has_odd_numbers else []
        lines += ["", "import numpy as np"] if lines else ["import numpy as np"]
        lines += ["", "erf = np.vectorize(math.erf, otypes=[float])"] if self._needs_erf else []
        return "\n".join([*lines, ""])

    def _parameter(self, p: Step, needed: bool) -> None:
        name = self.names.of(p)
        start = p.options["start"]
        self._expressions[p] = name
        if p.ndim:
            if needed:
                reshaped = "" if p.ndim == 1 else f".reshape({_numbers(p.shape)})"
                self._static.append(f"{name} = THETA[{start}:{start + p.size}]{reshaped}")
        elif needed:
            self._lines.append(f"{name} = theta[{start}]")

    def _guards(self) -> None:
        for k, (op, left, right, outcome) in enumerate(self.recording.guards):
            left, right = self.operand(left), self.operand(right)
            asked = f"{left} {op} {right}" if op in INFIX.values() else left if op == "index" else f"{left} != 0.0"
            self._lines.append(f"if {self._is_otherwise(asked, outcome, op == 'index')}:")
            self._lines.append(f'    raise GuardBroken("{asked} came out otherwise than when it was traced", {k})')

    def _is_otherwise(self, asked: str, outcome: Any, is_index: bool) -> str:
        """Whether an answer, or any of several, differs from the outcome."""
        outcome = np.asarray(outcome)
        if not outcome.ndim:
            return f"{asked} != {float(outcome)}" if is_index else f"not {asked}" if outcome else asked
        if is_index:
            return f"np.count_nonzero({asked} != {self.operand(outcome)})"
        if not outcome.any():
            return f"np.count_nonzero({asked})"
        if outcome.all():
            return f"np.count_nonzero({asked}) != {outcome.size}"
        return f"np.count_nonzero(({asked}) != {self.operand(outcome)})"

    def _scalar(self, x: Any) -> str:
        """The program's result."""
        if shape_of(x) == ():
            return self.operand(x)
        return f"{self.operand(x)}.copy()" if isinstance(x, Step) else self.operand(x)

    def _result(self, gradient: Any) -> str:
        if not isinstance(gradient, Step):
            return f"{self.operand(gradient)}.copy()" if np.ndim(gradient) else "np.zeros(0)"
        return f"{self.operand(gradient)}.copy()"

    # --- operands ---

    def operand(self, x: Any) -> str:
        """A step's name, or a constant's text."""
        if isinstance(x, Step):
            if x not in self._expressions:
                self._declare_view(x)
            return self._expressions[x]
        return self._constants.text(x)

    # --- steps ---

    def _emit(self, step: Step) -> None:
        if step.call in ("parameter", "input"):
            return
        if step.call in VIEWS:
            self._view(step)
        elif step.shape == ():
            self._assign(step, self._number(step))
        else:
            writer = getattr(self, "_write_" + step.call.replace(".", "_"), self._write_ufunc)
            writer(step)

    def _assign(self, step: Step, expression: str) -> None:
        """A result that is a new object at every call."""
        name = self._expressions[step] = self.names.of(step)
        self._lines.append(f"{name} = {expression}")

    def _buffer(self, step: Step) -> str:
        """The name of the memory for a step's result, which is declared where it is met first."""
        if step in self._expressions:
            return self._expressions[step]
        sharing = [step]
        while sharing[-1] in self.plan.over:
            sharing.append(self.plan.over[sharing[-1]])
        named = [s for s in sharing if is_labelled(s)]
        name = self.names.of(named[0] if named else step)
        self._static.append(f"{name} = {self._memory_text(step, sharing[-1])}")
        owner, is_past = named[0] if named else step, False
        for s in sharing:  # a step with a name keeps it for itself: what is written over it is called otherwise
            is_past = is_past or s is owner
            if is_past and s is not owner and (is_labelled(s) or is_labelled(owner)):
                self._static.append(f"{self.names.of(s)} = {name}  # the same memory")
                name, owner = self.names.of(s), s
            self._expressions[s] = name
        return self._expressions[step]

    def _memory_text(self, step: Step, last: Step) -> str:
        """The expression that makes the memory; `last` is the last step that is written there."""
        if last in self.plan.within:
            whole, place, views = self.plan.within[last]
            text = f"{self._buffer(whole)}[{self._constants.index(place)}]"
            return text + "".join(f".{call}({_numbers(numbers)})" for call, numbers in views)
        dtype = "" if step.dtype == FLOAT else f", {step.dtype.name}"
        empty = "zeros" if step.call == "assemble" else "empty"
        return f"np.{empty}({_numbers(step.shape) if step.ndim == 1 else step.shape}{dtype})"

    def _number(self, step: Step) -> str:
        args = [self.operand(x) for x in step.args]
        call, options = step.call, step.options
        if call in INFIX:
            return f"{args[0]} {INFIX[call]} {args[1]}"
        if call == "negative":
            return f"-{args[0]}"
        if call == "where":
            return f"{args[1]} if {args[0]} else {args[2]}"
        if call == "astype":
            return f"np.float64({args[0]})"
        if call == "cast":
            return f"{'bool' if step.dtype.kind == 'b' else 'int'}({args[0]})"
        if call == "erf":
            self._needs_erf = True
            return f"erf({args[0]})[()]"
        if call.endswith(".reduce"):
            return f"np.{call}({args[0]}, axis={options['axis']})"
        return self._fresh(step)

    def _fresh(self, step: Step) -> str:
        """An expression that makes a new array."""
        args = [self.operand(x) for x in step.args]
        call, options = step.call, step.options
        if call == "pick":
            return f"{args[0]}[{self._picked(step, args[1:])}]"
        if call in ("bincount", "scatter"):
            if call == "bincount":
                positions = self._constants.text(options["positions"])
            else:
                every = np.arange(step.size).reshape(step.shape)
                positions = f"{self._constants.text(every)}[{self._picked(step, args[1:])}].ravel()"
            weights = args[0] if shape_of(step.args[0]) else f"[{args[0]}]"
            flat = "" if len(shape_of(step.args[0])) <= 1 else ".ravel()"
            shaped = "" if step.ndim == 1 else f".reshape({_numbers(step.shape)})"
            if call == "scatter" and len(shape_of(step.args[0])) == 0:
                return f"np.bincount(np.ravel({positions.removesuffix('.ravel()')}), {weights}, {step.size}){shaped}"
            return f"np.bincount({positions}, {weights}{flat}, {step.size}){shaped}"
        if call == "whole":
            return self._whole(step, args)
        if call == "einsum":
            return f"np.einsum({options['subscripts']!r}, {', '.join(args)})"
        if call == "cast":
            return f"{args[0]} != 0.0" if step.dtype.kind == "b" else f"{args[0]}.astype(np.intp)"
        return f"np.{call}({', '.join(args)})"

    def _picked(self, step: Step, indices: list[str]) -> str:
        """The index of a pick or scatter, inputs of the program in their places."""
        places = step.options.get("places", ())
        index = step.options["index"]
        if not places:
            return self._constants.index(index)
        return ", ".join(
            indices[places.index(k)] if k in places else self._constants.index(i) for k, i in enumerate(index)
        )

    def _whole(self, step: Step, args: list[str]) -> str:
        name = step.options["name"]
        while self.functions.setdefault(name, step.options["function"]) is not step.options["function"]:
            name += "_"
        given = "".join(f", {k}={self._constants.parameter(v)}" for k, v in step.options["parameters"].items())
        called = f"{name}({', '.join(args)}{given})"
        if levels_of(step.options["function"]) is not None:  # in shape as it is
            return called
        return f"fitted({called}, {step.shape})"

    # --- views ---

    def _view(self, step: Step) -> None:
        (base,) = step.args
        if step in self.plan.memory:
            return  # it is made once, when it is first asked for
        if step.call == "broadcast_to" and not base.ndim:
            self._assign(step, f"np.full({step.shape}, {self.operand(base)})")
        elif not step.ndim and step.call == "reshape":
            self._assign(step, f"{self.operand(base)}[{', '.join('0' * base.ndim)}]")
        else:
            self._assign(step, self._view_text(step))

    def _declare_view(self, step: Step) -> None:
        """A view of memory that is made once, together with the views that it is a view of."""
        unknown = [step]
        while unknown[-1].args[0] not in self._expressions:
            unknown.append(unknown[-1].args[0])
        for view in reversed(unknown):
            text = self._view_text(view)
            name = self._expressions[view] = self._view_name(view, view.args[0])
            self._static.append(f"{name} = {text}")

    def _view_name(self, step: Step, base: Step) -> str:
        if step.call == "transpose" and not step.label and step.ndim == 2:
            return self.names.free(f"{self._expressions[base]}_T")
        return self.names.of(step)

    def _view_text(self, step: Step) -> str:
        base, options = self.operand(step.args[0]), step.options
        if step.call == "reshape":
            return f"{base}.reshape({_numbers(step.shape)})"
        if step.call == "transpose":
            return f"{base}.T" if options["axes"] == (1, 0) else f"{base}.transpose({_numbers(options['axes'])})"
        if step.call == "getitem":
            return f"{base}[{self._constants.index(options['index'])}]"
        if step.call == "windows":
            return f"np.lib.stride_tricks.sliding_window_view({base}, {options['size']}, {options['axes']})"
        return f"np.broadcast_to({base}, {step.shape})"

    # --- steps that write to a buffer ---

    def _write_ufunc(self, step: Step) -> None:
        args = ", ".join(map(self.operand, step.args))
        name = self._buffer(step)
        axis = f", axis={step.options['axis']}" if "axis" in step.options else ""
        self._lines.append(f"np.{step.call}({args}{axis}, out={name})")

    def _write_astype(self, step: Step) -> None:
        arg = self.operand(step.args[0])
        self._lines.append(f"np.copyto({self._buffer(step)}, {arg})")

    def _write_einsum(self, step: Step) -> None:
        args = ", ".join(map(self.operand, step.args))
        name = self._buffer(step)
        self._lines.append(f"np.einsum({step.options['subscripts']!r}, {args}, out={name})")

    def _write_erf(self, step: Step) -> None:
        self._needs_erf = True
        self._assign(step, f"erf({self.operand(step.args[0])})")

    def _write_fresh(self, step: Step) -> None:
        self._assign(step, self._fresh(step))

    _write_where = _write_pick = _write_bincount = _write_scatter = _write_whole = _write_cast = _write_fresh

    def _write_assemble(self, step: Step) -> None:
        name = self._buffer(step)
        for place, part in zip(step.options["places"], step.args, strict=True):
            if not isinstance(part, Step) or not self._is_in_place(step, place, part):
                lines = self._lines if isinstance(part, Step) else self._static
                text = self.operand(part)
                lines.append(f"{name}[{self._constants.index(place)}] = {text}")

    def _is_in_place(self, whole: Step, place: Any, part: Step) -> bool:
        """Whether the part was computed right into its place; the same part may have another place besides."""
        part, _ = behind(part)
        while part in self.plan.over:
            part = self.plan.over[part]
        within, there, _ = self.plan.within.get(part, (None, None, None))
        return within is whole and there is place

    def _write_fold(self, step: Step) -> None:
        arg, index = self.operand(step.args[0]), self._constants.index
        name = self._buffer(step)
        self._lines.append(f"{name}.fill(0.0)")
        for place, offset in fold_places(step):
            self._lines.append(f"{name}[{index(place)}] += {arg}[{index(offset)}]")


def _indented(lines: list[str]) -> str:
    return "\n".join("    " + line for line in lines) or "    pass"


def _numbers(shape: Any) -> str:
    return ", ".join(map(str, shape))
