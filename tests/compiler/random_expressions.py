"""Random scalar expressions, as text: elements of tables, elementary functions, sums and other loops, branches.

The strategies draw from a `Scope`: the tables and loop variables that are there to be used.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from hypothesis import event
from hypothesis import strategies as st

# --- what is in scope while a program is drawn ----------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """Something with elements: its name, its shape, and whether it may be indexed ``[i, j]``, as arrays may."""

    name: str
    shape: tuple[int, ...]
    comma: bool = False


@dataclass(frozen=True)
class Loop:
    """A loop variable, which runs from 0 to below `size`."""

    name: str
    size: int


@dataclass
class Scope:
    """The tables and loop variables that an expression may use, and a supply of new names."""

    tables: list[Table]
    loops: tuple[Loop, ...] = ()
    functions: list[str] = field(default_factory=list)
    names: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def inside(self, *loops: Loop) -> Scope:
        return Scope(self.tables, self.loops + loops, self.functions, self.names)

    def loop(self, size: int) -> Loop:
        return Loop(f"i{next(self.names)}", size)

    def name(self, what: str) -> str:
        return f"{what}{next(self.names)}"


ONE_ARGUMENT = [
    "ag.tanh({})",
    "ag.relu({})",
    "ag.sigmoid({})",
    "ag.exp(ag.tanh({}))",
    "ag.exp(-({}) ** 2)",
    "ag.log({} ** 2 + 0.5)",
    "ag.sqrt(({}) ** 2 + 0.25)",
    "ag.leaky_relu({})",
    "ag.leaky_relu({}, 0.2)",
    "ag.clip({}, -0.7, 0.9)",
    "ag.softplus({})",
    "ag.sin({})",
    "ag.abs({})",
    "ag.tanh({}) ** 3",
    "({}) ** 2",
    "-({})",
    "ag.reciprocal(1.5 + ag.tanh({}))",
    "(1.5 + ag.tanh({})) ** -0.5",
    "2.0 ** ag.tanh({})",
    "0.5 * ({})",
    "({}) / 3",
    "1 - {}",
]
TWO_ARGUMENTS = [
    "({} + {})",
    "({} - {})",
    "({}) * ({})",
    "ag.tanh({}) * ({})",
    "({}) / (1.5 + ag.tanh({}))",
    "ag.maximum({}, {})",
    "ag.minimum({}, {})",
    "(1.5 + ag.tanh({})) ** ag.tanh({})",
    "ag.hypot(1.0 + ({}) ** 2, {})",
    "(0.3 * ({}) - 0.7 * ({}))",
]


BRANCHES = [
    "({0} if ({0} := {1}) > 0 else -{0})",
    "(2 * {0} if ({0} := {1}) > 0.1 else 0.5 * {0})",
    "({0} if ({0} := {1}) < s else s)",
]


@st.composite
def index(draw: st.DrawFn, scope: Scope, size: int) -> str:
    """A position on an axis of `size`: a loop variable, near it, counted from the end, an input, or a number."""
    if scope.loops and draw(st.integers(0, 9)) < 8:
        loop = draw(st.sampled_from(scope.loops[::-1]))
        fits = loop.size <= size
        how = draw(st.integers(0, 7))
        if how <= 4:
            return loop.name if fits else f"{loop.name} % {size}"
        if how == 5:
            return f"({loop.name} + {draw(st.integers(1, 2))}) % {size}"
        return f"{size - 1} - {loop.name}" if fits else f"-1 - {loop.name} % {size}"
    return str(draw(st.integers(0, size - 1)))


@st.composite
def element(draw: st.DrawFn, scope: Scope) -> str:
    """An element of a table."""
    table = draw(st.sampled_from(scope.tables))
    where = [draw(index(scope, size)) for size in table.shape]
    if table.comma and draw(st.booleans()):
        return f"{table.name}[{', '.join(where)}]"
    return table.name + "".join(f"[{i}]" for i in where)


@st.composite
def number(draw: st.DrawFn, scope: Scope) -> str:
    """A number: plain, the input c, one for each iteration, regular or not."""
    how = draw(st.integers(0, 4)) if scope.loops else draw(st.integers(0, 1))
    if how == 0:
        return str(draw(st.sampled_from([1.0, 0.5, -2.0, 0.0, 3])))
    if how == 1:
        return "c"
    loop = draw(st.sampled_from(scope.loops[::-1]))
    if how == 2:
        return f"0.3 * {loop.name}"
    if how == 3:
        values = [draw(st.sampled_from([-1.0, 0.0, 0.2, 0.7, 1.0])) for _ in range(loop.size)]
        return f"{values}[{loop.name}]"
    return f"({loop.name} + 1) ** -0.5"


@st.composite
def expression(draw: st.DrawFn, scope: Scope, depth: int) -> str:
    """A scalar."""
    kind = draw(st.integers(0, 19)) if depth > 0 else draw(st.integers(0, 5))
    if kind <= 3:
        return draw(element(scope))
    if kind == 4:
        return draw(st.sampled_from(["s", "ag.exp(0.1 * s)"]))
    if kind == 5:
        return draw(number(scope))
    if kind <= 8:
        return draw(st.sampled_from(ONE_ARGUMENT)).format(draw(expression(scope, depth - 1)))
    if kind <= 12:
        template = draw(st.sampled_from(TWO_ARGUMENTS))
        return template.format(draw(expression(scope, depth - 1)), draw(expression(scope, depth - 1)))
    if kind <= 16:
        return draw(reduction(scope, depth))
    if kind == 17:
        name = scope.name("t")
        first = draw(expression(scope, depth - 1))
        shape = draw(st.sampled_from(BRANCHES))
        event("a branch")
        return shape.format(name, first)
    if kind == 18:
        return draw(twice(scope, depth))
    if scope.functions:
        event("a function called")
        called = draw(st.sampled_from(scope.functions))
        return f"{called}({draw(expression(scope, depth - 1))}, {draw(expression(scope, depth - 1))})"
    return draw(picked(scope))


@st.composite
def twice(draw: st.DrawFn, scope: Scope, depth: int) -> str:
    """An expression that is used twice: as one node, or written again."""
    first = draw(expression(scope, depth - 1))
    template = draw(st.sampled_from(TWO_ARGUMENTS[:5]))
    if draw(st.booleans()):
        event("a duplicate")
        return template.format(first, f"ag.sigmoid({first})")
    event("a shared node")
    name = scope.name("t")
    return "(" + template.format(f"({name} := {first})", f"ag.tanh({name})") + ")"


@st.composite
def picked(draw: st.DrawFn, scope: Scope) -> str:
    """An element at a position that is an input."""
    event("an input as index")
    place = f"picks[{draw(index(scope, scope.tables[0].shape[0]))}]"
    return draw(st.sampled_from(["v[{}]", "W[0][{}]", "ag.take(M, {}, axis=1)[0]", "X[0][{}]"])).format(place)


@st.composite
def reduction(draw: st.DrawFn, scope: Scope, depth: int) -> str:
    """A sum, a dot product or an extreme over a new loop."""
    how = draw(st.integers(0, 11))
    sizes = sorted({size for table in scope.tables for size in table.shape})
    if how <= 2:
        rows = [t for t in scope.tables if len(t.shape) == 2]
        first = draw(st.sampled_from(rows))
        second = draw(st.sampled_from([t for t in rows if t.shape[1] == first.shape[1]]))
        a, b = (f"{t.name}[{draw(index(scope, t.shape[0]))}]" for t in (first, second))
        k, m = scope.name("p"), scope.name("p")
        event("a dot product by zip")
        products = f"{k} * {m} for {k}, {m} in zip({a}, {b})"
        return draw(st.sampled_from([f"sum({products})", f"sum(({products}), b[0])"]))
    loop = scope.loop(draw(st.sampled_from(sizes)))
    extent = str(loop.size)
    if scope.loops and draw(st.integers(0, 3)) == 0:
        outer = draw(st.sampled_from(scope.loops))
        loop, extent = Loop(loop.name, outer.size), f"{outer.name} + 1"
        event("a ragged loop")
    inner = scope.inside(loop)
    body = draw(expression(inner, depth - 1))
    each = f"for {loop.name} in range({extent})"
    if how == 3:
        event("ag.dot")
        return f"ag.dot([{body} {each}], [{draw(expression(inner, 0))} {each}])"
    if how == 4:
        event("ag.max")
        return f"ag.max([{body} {each}])"
    if how == 5:
        event("max of values")
        return f"max([{body} {each}])"
    if how == 6:
        event("a softmax")
        e = scope.name("e")
        return f"({e} := [ag.exp(ag.tanh({body})) {each}])[0] / sum({e})"
    if how == 7:
        event("pairs")
        second_loop = scope.loop(loop.size)
        more = draw(expression(inner.inside(second_loop), depth - 1))
        return f"sum({more} {each} for {second_loop.name} in range({loop.name} + 1))"
    if how == 8:
        return f"ag.sum([{body} {each}])"
    if how == 9:
        return f"sum([{body} {each} if {loop.name} != 1])"
    event("a sum")
    return f"sum({body} {each})"
