r"""An explanation as LaTeX: lines of an ``aligned``, as a textbook writes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from viz.chain_rule.text import EXACT, MAX_TERMS, defined, ends
from viz.words.latex import derivative_latex, in_product, latex_expression, node_latex, slope_latex
from viz.words.tex import Tex, name_latex, number_latex

if TYPE_CHECKING:
    from viz.chain_rule.explain import Explanation, Path

__all__ = ["explanation_latex"]

MAX_FACTORS = 6

_GENERAL = r"\sum_{\text{paths}} \; \prod_{u \to v} \frac{\partial v}{\partial u}"


def explanation_latex(e: Explanation) -> str:
    """Write an explanation as LaTeX; see `viz.explain`."""
    blocks = (" \\\\\n".join(block) for block in _blocks(e))
    return "\\begin{aligned}\n" + " \\\\[1ex]\n".join(blocks) + "\n\\end{aligned}"


def _blocks(e: Explanation) -> Iterator[Iterable[str]]:
    name = _derivative(e)
    if e.end is None or e.end == e.graph.roots[0]:
        yield [f"{name} &= {number_latex(e.total).text}"]
        return
    shown = [_ends(path) for path in e.paths]
    yield _definitions(e, shown)
    if e.count == 1:
        yield _path(e.paths[0], *shown[0], name)
        return
    yield [f"{name} &= {_GENERAL}"]
    for number, (path, (head, tail)) in enumerate(zip(e.paths, shown, strict=True), 1):
        yield _path(path, head, tail, rf"\text{{path {number}}}")
    yield _sum(e, name)


def _derivative(e: Explanation) -> str:
    root = e.graph.nodes[e.graph.roots[0]]
    above = rf"\sum {node_latex(root).text}" if root.shape else node_latex(root).text
    below = name_latex(e.wrt) if e.end is None else node_latex(e.graph.nodes[e.end]).text
    above, below = (rf"\, {x}" if x.startswith("\\") else x for x in (above, below))
    return rf"\frac{{\mathrm{{d}} {above}}}{{\mathrm{{d}} {below}}}"


def _definitions(e: Explanation, shown: list[tuple[int, int]]) -> Iterator[str]:
    nodes, more = defined(e, shown)
    for i, node in enumerate(nodes):
        if more and i == len(nodes) // 2:
            yield rf"& \vdots \quad \text{{({more:,} more)}}"
        made = latex_expression(e.graph, node)
        yield f"{node_latex(node).text} &= " + " = ".join(x for x in (made, number_latex(node.value).text) if x)


def _ends(path: Path) -> tuple[int, int]:
    return (len(path), 0) if len(path) <= MAX_FACTORS + 1 else (MAX_FACTORS // 2, MAX_FACTORS // 2)


def _path(path: Path, head: int, tail: int, name: str) -> Iterator[str]:
    """Write the local derivatives, their formulas and their numbers, and the product."""
    graph, steps = path.graph, [(path.graph.nodes[path.nodes[k]], path.slots[k]) for k in ends(path, head, tail)]
    middle = path.part(head, len(path) - tail)
    left_out = len(path) - head - tail
    names = [Tex(derivative_latex(graph, node, k)) for node, k in steps]
    formulas = [slope_latex(graph, node, k) for node, k in steps]
    numbers = [Tex(r"\text{VJP}") if x is None else number_latex(x) for x in (node.slots[k].local for node, k in steps)]
    if left_out:
        names.insert(head, Tex(rf"\ldots \text{{ {left_out:,} more }} \ldots"))
        formulas.insert(head, Tex(r"\ldots"))
        numbers.insert(head, Tex(r"\ldots") if middle is None else number_latex(middle))
    rows = [_multiplied(factors) for factors in (names, formulas, numbers)]
    product = number_latex(path.product).text
    yield f"{name} &= {rows[0]}"
    if rows[1] not in (rows[2], product):
        yield f"&= {rows[1]}"
    yield f"&= {product}" if rows[2] == product else f"&= {rows[2]} = {product}"


def _multiplied(factors: list[Tex]) -> str:
    if len(factors) == 1:
        return factors[0].text
    return r" \cdot ".join(in_product(factor, first=not i) for i, factor in enumerate(factors))


def _sum(e: Explanation, name: str) -> Iterator[str]:
    shown, others = len(e.paths), e.count - len(e.paths)
    titles = [rf"\text{{path {i + 1}}}" for i in range(shown)]
    terms = [number_latex(path.product) for path in e.paths]
    if shown > MAX_TERMS:
        titles[MAX_TERMS - 2 : -1] = [r"\cdots"]
        terms[MAX_TERMS - 2 : -1] = [Tex(r"\cdots")]
    if others:
        titles.append(_others(others))
        terms.append(Tex(r"\cdots") if e.unlisted is None else number_latex(e.unlisted))
    yield f"{name} &= {' + '.join(titles)}"
    yield f"&= {terms[0].text}{''.join(map(_added, terms[1:]))} = {number_latex(e.total).text}"


def _added(term: Tex) -> str:
    return f" - {term.text[1:]}" if term.text.startswith("-") and r"\text" not in term.text else f" + {term.text}"


def _others(count: int) -> str:
    if count == 1:
        return r"\text{the other path}"
    if count < EXACT:
        return rf"\text{{the other {count:,} paths}}"
    return rf"\text{{about }} 10^{{{round(math.log10(count))}}} \text{{ other paths}}"
