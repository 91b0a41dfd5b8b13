"""Refresh the listings and pictures of docs/vectorize.md, and docs/scalars.svg, which README.md shows.

python tools/passes.py                # all of them
python tools/passes.py --check        # change nothing, and fail if a listing is not what the code gives

A listing is the block of code after a line ``<!-- listing: NAME -->``.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
from gallery import DOCS  # beside this script; it also puts the project's folder on the path

from autograd_lite import Value, log, mean, sigmoid, topological_order, vectorize
from autograd_lite.compiler.idioms.idioms import idioms
from autograd_lite.compiler.rolling.classes import Class, Group, classes
from autograd_lite.compiler.rolling.layout import Slot, lay_out, row_numbers
from autograd_lite.compiler.rolling.lifting import lift
from autograd_lite.compiler.rolling.scalars import CONSTANTS, MAX, SUM, THETA, Scalars, normal_form
from autograd_lite.compiler.tracing.tracing import Trace, trace
from demos import reroll
from viz import draw_dot
from viz.graphs.snapshot import snapshot
from viz.pictures.rendering import write_atomically
from viz.words.escape import shorten
from viz.words.expression import expression

PAGE, FOLDER = DOCS / "vectorize.md", DOCS / "vectorize"
LISTING = re.compile(r"(<!-- listing: (\w+) -->\n+```(\w*)\n)(.*?)(```\n)", re.DOTALL)
MIDDLE, BEGIN, END = "# --- backward pass ---", "# --- forward pass ---", "\n\n@np.errstate"

X = np.array([[1.0, 0.5], [-0.5, 1.0], [0.0, -1.0], [2.0, 0.0]])
Y = np.array([1.0, -1.0, 1.0, -1.0])
W1 = [
    [Value(w, f"W1[{i},{j}]") for j, w in enumerate(row)] for i, row in enumerate([[0.5, -1.0, 1.0], [1.0, 0.5, -0.5]])
]
b1 = [Value(b, f"b1[{j}]") for j, b in enumerate([0.0, 0.5, 0.0])]
W2, b2 = [Value(w, f"W2[{j}]") for j, w in enumerate([1.0, -0.5, 0.5])], Value(0.25, "b2")


def score(x):  # type: ignore[no-untyped-def]
    """2 inputs, 3 ReLU neurons, 1 output."""
    hidden = []
    for j in range(3):
        z = b1[j]
        for i in range(2):
            z = z + x[i] * W1[i][j]
        hidden.append(z.relu())
    z = b2
    for j in range(3):
        z = z + hidden[j] * W2[j]
    return z


def cost(X, y):  # type: ignore[no-untyped-def]
    """The hinge loss, and a penalty."""
    losses = [(1 - y[k] * score(X[k])).relu() for k in range(len(y))]
    parameters = [*W1[0], *W1[1], *b1, *W2, b2]
    return sum(losses) / len(losses) + 1e-4 * sum(p * p for p in parameters)


@cache
def traced() -> Trace:
    """The example's trace."""
    return trace(cost, (X, Y))


@cache
def rolled() -> Any:
    """The example vectorised, after its first call."""
    vectorised = vectorize(cost)
    vectorised(X, Y)
    return vectorised


@cache
def of_many() -> Any:
    """The same function vectorised on 100 points."""
    rng, vectorised = np.random.default_rng(0), vectorize(cost)
    vectorised(rng.normal(size=(100, 2)), rng.choice([-1.0, 1.0], 100))
    return vectorised


# --- listings, one for each pass ---


def example() -> str:
    """The function."""
    parts = [inspect.getsource(f) for f in (score, cost)]
    return "\n\n\n".join(part.replace("  # type: ignore[no-untyped-def]", "").rstrip() for part in parts)


def nodes() -> str:
    """The trace of the first example's first neuron, and how many nodes of each kind there are."""
    found = traced()
    graph = snapshot(found.root)
    written = [f"{node.title} = {expression(graph, node)}" for node in graph if node.op]
    counts = Counter(node.op.name for node in found.inner if node.op)
    told = ", ".join(f"{n} {name}" for name, n in counts.most_common())
    leaves = f"inputs: {', '.join(f'{x.name} {x.shape}' for x in found.inputs)}; {len(found.parameters)} parameters"
    return "\n".join([*written[:9], "...", written[-1], "", f"{len(found.inner)} nodes: {told}", leaves])


def names_of(columns: Scalars) -> list[str]:
    """What each id is called: a parameter, a place in an input, a number, or n1, n2, ..."""
    inputs = dict(enumerate(traced().inputs, start=2))
    names, count = [], 0
    for source, place in zip(columns.source, columns.place, strict=True):
        if source == THETA:
            names.append(columns.parameters[place].label)
        elif source == CONSTANTS:
            names.append(f"{columns.numbers[place]:g}")
        elif source in inputs:
            where = ",".join(map(str, np.unravel_index(place, inputs[source].shape)))
            names.append(f"{inputs[source].name}[{where}]")
        else:
            count += 1
            names.append(f"n{count}")
    return names


def written_sum(terms: Iterator[tuple[float, int, int]], constant: float, names: list[str]) -> str:
    """A sum of products."""
    parts = [f"{constant:g}"] if constant else []
    for coefficient, a, b in terms:
        factor = {1.0: "", -1.0: "-"}.get(coefficient, f"{coefficient:g} ")
        parts.append(factor + names[a] + (f" {names[b]}" if b >= 0 else ""))
    return " + ".join(parts).replace("+ -", "- ")


def sums() -> str:
    """The normal form: of the first example, and of the end."""
    columns = normal_form(traced())
    names, ends = names_of(columns), [*columns.starts, len(columns.left)]
    spans = iter(zip(columns.constants, pairwise(ends), strict=True))
    lines = []
    for i, row, operands in zip(columns.ids, columns.rows, columns.operands, strict=True):
        if row in (SUM, MAX):
            constant, (start, end) = next(spans)
            terms = zip(*(x[start:end] for x in (columns.coefficients, columns.left, columns.right)), strict=True)
            text = written_sum(terms, constant, names)
        else:
            text = f"{row.name}({', '.join(names[k] for k in operands)})"
        lines.append(shorten(f"{names[i]} = {text}", 70))
    first = next(k for k, line in enumerate(lines) if "X[1," in line)
    return "\n".join([*lines[:first], "...", *lines[-3:], "", f"{len(lines)} nodes"])


def kinds() -> str:
    """The classes."""
    columns = normal_form(traced())
    names, found = names_of(columns), classes(columns)
    letter = {i: chr(ord("A") + k) for k, c in enumerate(found) for i in c.ids.tolist()}
    sources = {THETA: "theta", CONSTANTS: "number", **{k: x.name for k, x in enumerate(traced().inputs, start=2)}}

    def kind(i: int) -> str:
        return letter.get(i) or sources[columns.source[i]]

    def of(c: Class) -> str:
        if not c.groups:
            return f"{c.row.name}({', '.join(kind(i) for i in c.operands[0].tolist())})"
        return "sum of " + ", ".join(map(group_text, c.groups))

    def group_text(group: Group) -> str:
        n, pair = group.left.shape[1], [group.left, *([] if group.right is None else [group.right])]
        return f"{n} {' '.join(kind(int(ids[0, 0])) for ids in pair)}"

    return "\n".join(
        f"{letter[int(c.ids[0])]}  level {c.level}  {len(c.ids):>2} times  {of(c):<32}"
        f"{' '.join(names[i] for i in c.ids.tolist()[:4])}{' ...' if len(c.ids) > 4 else ''}"
        for c in found
    )


def axes() -> str:
    """The layout of the first class: what its members read, and where they lie."""
    columns = normal_form(traced())
    names, first = names_of(columns), classes(columns)[0]
    pairs = next((g.right, g.left) for g in first.groups if g.right is not None)
    slots, rows = [], []
    for ids in pairs:
        source, places = columns.source[int(ids[0, 0])], np.array(columns.place)[ids]
        slots.append(Slot(places, columns.sizes[source]))
        rows.append(row_numbers(places))
    grid = lay_out(slots, len(first.ids))
    (u, many_u), (v, many_v) = rows
    lines = ["member   reads of X        reads of theta       u  v  place"]
    for k, i in enumerate(first.ids.tolist()):
        one, two = (" ".join(names[j] for j in ids[k].tolist()) for ids in pairs)
        where = np.unravel_index(int(grid.place[k]), grid.shape)
        lines.append(f"{names[i]:<8} {one:<17} {two:<19}  {u[k]}  {v[k]}  {tuple(map(int, where))}")
    lines += [
        "",
        f"u: {many_u} different rows, v: {many_v}; {many_u} x {many_v} = {len(first.ids)} members: {grid.shape}",
    ]
    theta = lift(traced()).parameters[0][1]
    return "\n".join([*lines, "theta: " + " ".join(p.label for p in theta)])


def written_graph(root: Value) -> str:
    """An array graph in lines."""
    graph = snapshot(root)
    lines = [(node.title, expression(graph, node, 60), node.shape) for node in graph if not node.is_constant]
    return "\n".join(f"{name:<6}{'= ' + text if text else '(leaf)':<36}{shape}" for name, text, shape in lines)


def cross_entropy() -> Value:
    """A sigmoid and its cross-entropy on arrays, as the notes write them."""
    inputs, labels = Value(X, "X"), Value((Y + 1) / 2, "y")
    a = sigmoid(inputs @ Value(np.array([0.5, -0.5]), "w") + Value(0.1, "b"))
    loss: Value = -mean(labels * log(a) + (1 - labels) * log(1 - a))
    return loss


def simplified() -> str:
    """The idioms' pass on cross-entropy: before, after, and its report."""
    before = cross_entropy()
    after, report = idioms(before)
    return "\n".join([written_graph(before), "", "becomes", "", written_graph(after), "", *report])


def part(start: str, end: str) -> Callable[[], str]:
    """A part of the program's text."""
    return lambda: start + dedent(rolled().source.partition(start)[2].partition(end)[0].rstrip())


def layers() -> str:
    """Of the program for many points the lines in which a bias has a part."""
    return "\n".join(line.strip() for line in of_many().source.splitlines() if re.search(r"_ones\b|_b\d\b", line))


LISTINGS: dict[str, Callable[[], str]] = {
    "example": example,
    "trace": nodes,
    "normal_form": sums,
    "classes": kinds,
    "layout": axes,
    "lifted": lambda: "\n".join(lift(traced()).report),
    "graph": lambda: written_graph(rolled().graph),
    "idioms": simplified,
    "forward": part(BEGIN, END),
    "backward": part(MIDDLE, "\0"),
    "memory": part("# --- constants", BEGIN),
    "many": layers,
    "report": lambda: rolled().report(),
}


def refreshed(page: str) -> str:
    """The page with its listings as the code gives them now.

    Raises
    ------
    KeyError
        If it asks for a listing that there is not.
    """
    return LISTING.sub(lambda found: f"{found[1]}{LISTINGS[found[2]]()}\n{found[5]}", page)


def pictures() -> Iterator[Path]:
    """Draw one example's scalar graph, the array graph with both passes, and README's scalar graph."""
    FOLDER.mkdir(exist_ok=True)
    leaves = [*W1[0], *W1[1], *b1, *W2, b2]
    root = rolled().graph
    root.backward()
    theta = [v for v in topological_order(root) if v.label == "theta"]
    one = score(X[0].tolist())
    for name, graph, parameters in (("scalars", one, leaves), ("arrays", root, theta)):
        path = FOLDER / f"{name}.svg"
        passes = "forward" if graph is one else "both"
        draw_dot(graph, names={"J": root, "score": one}, params=parameters, passes=passes, rankdir="TB").render(
            outfile=path, cleanup=True
        )
        yield path
    yield reroll.draw(
        reroll.two_loops([0.5, -0.25], 0.1)(reroll.FEW_X.tolist(), reroll.FEW_Y.tolist()), DOCS / "scalars.svg"
    )


def main() -> int:
    """Refresh the page and its pictures; with --check return 1 if a listing is out of date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, and fail if a listing is out of date")
    options = parser.parse_args()
    before = PAGE.read_text("utf-8")
    after = refreshed(before)
    if options.check:
        print("fine" if before == after else f"{PAGE} is out of date: run python tools/passes.py")
        return int(before != after)
    write_atomically(PAGE, after.encode())
    for path in pictures():
        print(f"{path.name:<20}{path.stat().st_size:>7,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
