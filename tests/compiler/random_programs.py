"""Random programs of scalars and loops, as text that a person could have written.

`programs()` is a Hypothesis strategy. What it draws is a `Program`: the source of a function ``cost(X, y, picks, c)``
of inputs, an array, a list of floats, a list of ints and a number, over parameters that it finds in its closure:
scalar Values in lists and arrays, and array Values. All numbers stay tame: what may grow passes through tanh or a
quotient, logarithms and roots are of what is positive.

A failing example prints as its source.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import event
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from tests.compiler.random_expressions import ONE_ARGUMENT, Scope, Table, expression, index

INDENT = "    "


@dataclass(frozen=True)
class Sizes:
    """How many examples, features and hidden units."""

    n: int
    d: int
    h: int


@dataclass(frozen=True)
class Program:
    """A drawn program: its source and the sizes of what it works on."""

    source: str
    sizes: Sizes

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How Hypothesis prints a failing example."""
        printer.text(f"{self.sizes}\n{self.source}")

    def parameters(self, seed: int) -> dict[str, Any]:
        """The parameters by name, with random numbers."""
        rng, (n, d, h) = np.random.default_rng(seed), (self.sizes.n, self.sizes.d, self.sizes.h)

        def vector(size: int) -> list[Value]:
            return [Value(x) for x in rng.normal(size=size).tolist()]

        return {
            "W": [vector(d) for _ in range(h)],
            "U": [vector(h) for _ in range(h)],
            "b": vector(h),
            "v": vector(d),
            "s": vector(1)[0],
            "unused": vector(1)[0],
            "P": ag.scalars(rng.normal(size=(h, d))),
            "M": Value(rng.normal(size=(h, d))),
            "q": Value(rng.normal(size=n)),
        }

    def arguments(self, seed: int) -> tuple[Any, ...]:
        """The inputs X, y, picks and c."""
        rng = np.random.default_rng([seed, 1])
        X = rng.normal(size=(self.sizes.n, self.sizes.d))
        y, picks = rng.normal(size=self.sizes.n), rng.integers(0, self.sizes.d, size=self.sizes.n)
        return X, y.tolist(), picks.tolist(), float(rng.uniform(0.5, 1.5))

    def function(self, parameters: dict[str, Any]) -> Callable[..., Any]:
        """The function, over these parameters."""
        filename = f"<random program {hash(self.source)}>"
        linecache.cache[filename] = (len(self.source), None, self.source.splitlines(keepends=True), filename)
        scope = {"ag": ag, "np": np, **parameters}
        exec(compile(self.source, filename, "exec"), scope)
        return scope["cost"]  # type: ignore[no-any-return]


def leaves(parameters: dict[str, Any]) -> list[Value]:
    """Every Value among the parameters, row by row."""
    found: list[Value] = []
    stack = list(parameters.values())[::-1]
    while stack:
        x = stack.pop()
        if isinstance(x, Value):
            found.append(x)
        else:
            stack.extend(reversed(x.ravel().tolist() if isinstance(x, np.ndarray) else x))
    return found


# --- statements ----------------------------------------------------------------------------------------------------


@st.composite
def table_of(draw: st.DrawFn, scope: Scope, sizes: Sizes) -> list[str]:
    """A list, or a list of lists, by comprehension: a layer, a residual, a product of matrices."""
    shape = tuple(draw(st.lists(st.sampled_from([sizes.n, sizes.h, sizes.d]), min_size=1, max_size=2)))
    loops = [scope.loop(size) for size in shape]
    body = draw(expression(scope.inside(*loops), 3))
    if draw(st.integers(0, 2)):
        body = draw(st.sampled_from(ONE_ARGUMENT)).format(body)
    text = body
    for loop in reversed(loops):
        text = f"[{text} for {loop.name} in range({loop.size})]"
    name = scope.name("z")
    scope.tables.append(Table(name, shape))
    event(f"a table of {len(shape)} axes")
    return [f"{name} = {text}"]


@st.composite
def recurrence(draw: st.DrawFn, scope: Scope, sizes: Sizes) -> list[str]:
    """States that are computed from those before them."""
    name, step, unit = scope.name("h"), scope.loop(sizes.n), scope.loop(sizes.h)
    state = Table(name, (sizes.h,))
    inner = Scope([*scope.tables, state, state], scope.loops, scope.functions, scope.names).inside(step, unit)
    body = draw(expression(inner, 2))
    mixed = f"sum(U[{unit.name}][k] * {name}[k] for k in range({sizes.h}))"
    start = draw(st.sampled_from([f"[0.0] * {sizes.h}", "b", "[1.0 * x for x in b]"]))
    scope.tables += [Table(f"all_{name}", (sizes.n, sizes.h)), state]
    event("a recurrence")
    return [
        f"{name} = {start}",
        f"all_{name} = []",
        f"for {step.name} in range({sizes.n}):",
        f"{INDENT}{name} = [ag.tanh({mixed} + {body}) for {unit.name} in range({sizes.h})]",
        f"{INDENT}all_{name}.append({name})",
    ]


@st.composite
def accumulation(draw: st.DrawFn, scope: Scope, sizes: Sizes) -> list[str]:
    """A number that loops add to."""
    name = scope.name("a")
    outer, inner = scope.loop(sizes.n), scope.loop(draw(st.sampled_from([sizes.d, sizes.h])))
    body = draw(expression(scope.inside(outer, inner), 2))
    operator = draw(st.sampled_from(["+", "-"]))
    start = draw(st.sampled_from(["0.0", "s", "b[0]"]))
    extent = draw(st.sampled_from([str(inner.size), f"min({outer.name} + 1, {inner.size})"]))
    scope.tables.append(Table(f"[{name}]", (1,)))
    event("an accumulation")
    return [
        f"{name} = {start}",
        f"for {outer.name} in range({outer.size}):",
        f"{INDENT}for {inner.name} in range({extent}):",
        f"{INDENT * 2}{name} = {name} {operator} {body}",
    ]


@st.composite
def windows(draw: st.DrawFn, scope: Scope, sizes: Sizes) -> list[str]:
    """A kernel that slides over a table of one axis."""
    rows = [t for t in scope.tables if len(t.shape) == 1 and t.shape[0] > 1]
    if not rows:
        return draw(table_of(scope, sizes))
    row = draw(st.sampled_from(rows))
    size = draw(st.integers(1, min(row.shape[0], 3)))
    count = row.shape[0] - size + 1
    kernel = draw(st.sampled_from([t.name for t in scope.tables if len(t.shape) == 1 and t.shape[0] >= size]))
    name, i, k = scope.name("w"), scope.loop(count).name, scope.loop(size).name
    scope.tables.append(Table(name, (count,)))
    event("a sliding window")
    inside = f"sum({kernel}[{k}] * {row.name}[{i} + {k}] for {k} in range({size}))"
    return [f"{name} = [{inside} for {i} in range({count})]"]


@st.composite
def array_code(draw: st.DrawFn, scope: Scope, sizes: Sizes) -> list[str]:
    """Arrays among the scalars: a stack of them, products with array parameters and inputs."""
    name = scope.name("A")
    event("array code")
    how = draw(st.integers(0, 4))
    if how == 0:
        loop = scope.loop(sizes.d)
        body = draw(expression(scope.inside(loop), 2))
        scope.tables.append(Table(name, (sizes.h,)))
        return [f"{name} = ag.tanh(M @ ag.stack([{body} + v[{loop.name}] for {loop.name} in range({sizes.d})]))"]
    if how == 1:
        scope.tables.append(Table(name, (sizes.n, sizes.h), comma=True))
        return [f"{name} = X @ M.T + ag.stack(b)"]
    if how == 2:
        scope.tables.append(Table(name, (sizes.n, sizes.d), comma=True))
        return [f"{name} = ag.softmax(X * q[:, None], axis=1)"]
    if how == 3:
        scope.tables.append(Table(name, (sizes.h,)))
        return [f"{name} = [ag.dot(P[j], X[{draw(index(scope, sizes.n))}]) for j in range({sizes.h})]"]
    scope.tables.append(Table(f"[{name}]", (1,)))
    return [f"{name} = (q * y).sum() + (M * M).mean()"]


@st.composite
def closure(draw: st.DrawFn, scope: Scope, sizes: Sizes) -> list[str]:
    """A function of two scalars, which may be called anywhere; it takes numbers from its closure."""
    name = scope.name("f")
    one, two = Table("[x]", (1,)), Table("[z]", (1,))
    body = draw(expression(Scope([*scope.tables, one, two, one, two], (), scope.functions, scope.names), 2))
    scope.functions.append(name)
    event("a function")
    return [f"def {name}(x, z):", f"{INDENT}return {body}"]


STATEMENTS = [table_of, table_of, table_of, recurrence, accumulation, windows, array_code, closure]


@st.composite
def result(draw: st.DrawFn, scope: Scope) -> str:
    """The cost: sums over tables, regularisation, a parameter as it is."""
    made = [t for t in scope.tables if t.name not in ("X", "y")]
    terms = []
    for table in draw(st.lists(st.sampled_from(made[::-1]), min_size=1, max_size=2)):
        loops = [scope.loop(size) for size in table.shape]
        where = "".join(f"[{loop.name}]" for loop in loops)
        each = " ".join(f"for {loop.name} in range({loop.size})" for loop in loops)
        body = draw(
            st.sampled_from(["{0}", "({0} - 0.5) ** 2", "ag.relu(1 - {0})", "ag.log(1.1 + ag.tanh({0}))", "{0} * {1}"])
        )
        term = body.format(table.name + where, draw(expression(scope.inside(*loops), 1)))
        divisor = draw(st.sampled_from(["", " / len(y)", " / 7"]))
        terms.append(f"sum({term} {each}){divisor}")
    more = ["s", "1e-2 * sum(p * p for row in W for p in row)", "v[0] * b[0]", "ag.sum(M)", "0.1 * sum(b)"]
    terms += draw(st.lists(st.sampled_from(more), max_size=2))
    terms.append(draw(expression(scope, 3)))
    return " + ".join(terms)


@st.composite
def programs(draw: st.DrawFn, most: int = 4) -> Program:
    """A program with up to `most` statements before the result."""
    sizes = Sizes(draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    n, d, h = sizes.n, sizes.d, sizes.h
    scope = Scope(
        [
            Table("X", (n, d), comma=True),
            Table("y", (n,)),
            Table("W", (h, d)),
            Table("U", (h, h)),
            Table("b", (h,)),
            Table("v", (d,)),
            Table("P", (h, d), comma=True),
            Table("M", (h, d), comma=True),
            Table("q", (n,)),
        ]
    )
    lines: list[str] = []
    for _ in range(draw(st.integers(0, most))):
        lines += draw(draw(st.sampled_from(STATEMENTS))(scope, sizes))
    lines.append(f"return {draw(result(scope))}")
    source = "def cost(X, y, picks, c):\n" + "".join(f"{INDENT}{line}\n" for line in lines)
    return Program(source, sizes)
