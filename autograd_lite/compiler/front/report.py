"""What became of a function, in words."""

from __future__ import annotations

import ast

from autograd_lite.compiler.front.versions import Version
from autograd_lite.compiler.rolling.levels import levels_of
from autograd_lite.graph import topological_order
from autograd_lite.value import Value

FEW = 5
"""How many lines of one kind are shown."""


def report_lines(name: str, version: Version, count: int) -> list[str]:
    """The report on one version of a function, of which there are `count` for the same structure."""
    if version.lifted is None or version.program is None:
        lines = [f"{name}: {version.nodes:,} nodes, not rolled; it runs as it is: {version.why_not}"]
    else:
        lines = [f"{name}: {version.nodes:,} scalar nodes -> {_size(version.lifted.root, version.program.source)}"]
        lines += version.lifted.report
    lines += [f"checked at each run, for Python asked: {line}" for line in _few(version.guards)]
    if count > 1:
        lines.append(f"{count} versions for this structure of arguments, by how those questions were answered")
    reads = [f"{kind} {place}" + (f" ({n} times)" if n > 1 else "") for (kind, place), n in version.notes.items()]
    lines += [f"left the graph: {read}; compared with {name} now and then" for read in _few(reads)]
    return lines


def _size(root: Value, source: str) -> str:
    """How much there is to do; the functions of a program by levels do all that its text does not show."""
    nodes = topological_order(root)
    steps = sum(len(levels.steps) for n in nodes if n.op is not None and (levels := levels_of(n.op.forward)))
    if steps:
        return f"{steps:,} steps by levels, forward and backward"
    return " + ".join(str(operations(source, f)) for f in ("forward", "value_and_grad")) + " array operations"


def operations(source: str, name: str) -> int:
    """How many statements of a function of a program compute something.

    Examples
    --------
    >>> operations("def f(x, y): np.add(x, y, out=z); w = x * 2; v = w", "f")
    2
    """
    functions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    body = next((node.body for node in functions if node.name == name), [])
    return sum(_computes(statement) for statement in body)


def _computes(statement: ast.stmt) -> bool:
    if not isinstance(statement, (ast.Expr, ast.Assign, ast.AugAssign)):
        return False
    nodes = list(ast.walk(statement.value))
    calls = [node for node in nodes if isinstance(node, ast.Call) and not isinstance(node.func, ast.Name)]
    return bool(calls) or any(isinstance(node, (ast.BinOp, ast.UnaryOp)) for node in nodes)


def _few(lines: list[str]) -> list[str]:
    more = len(lines) - FEW
    return lines[:FEW] + ([f"and {more} more places"] if more > 0 else [])
