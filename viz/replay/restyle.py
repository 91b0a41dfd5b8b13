"""A drawing of the whole graph, restyled so that it shows what is known at one step. Nothing in it is moved."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from viz.pictures.style import BACKWARD, FORWARD
from viz.words.numbers import array_lines, number_text

__all__ = ["COLOURS", "SVG", "XLINK", "State", "parsed", "restyle_arrow", "restyle_value", "size_of"]

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
COLOURS = {"forward": FORWARD, "backward": BACKWARD}

_TINTS = {"forward": "#DCEBFA", "backward": "#FBE3E4"}
_NOT_YET, _PAST = "0.25", "0.4"  # opacities
_LETTER = 6.7  # the mean width of a character
_DIGITS = re.compile(r"[\s\d.e+-]*")


@dataclass(frozen=True, slots=True)
class State:
    """What is known at a step.

    Attributes
    ----------
    pass_, node : str, int
        The step's pass, and its node.
    computed : int
        The values up to this id are known.
    sent : int or None
        The nodes from this id on have sent their gradient to their inputs; None before the backward pass.
    gradients : dict
        The gradients by id, as far as they are known.
    news : set of int
        The ids of what is new in this step: a value, or gradients.
    """

    pass_: str
    node: int
    computed: int
    sent: int | None
    gradients: Mapping[int, Any]
    news: frozenset[int]


def parsed(svg: bytes) -> ET.Element:
    """Read Graphviz' SVG, with names as they are written: ElementTree would invent prefixes."""
    root = ET.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{SVG}}}")
        for name in list(element.attrib):
            if name.startswith("{"):
                space, _, bare = name[1:].partition("}")
                element.set(f"{'xlink' if space == XLINK else 'xml'}:{bare}", element.attrib.pop(name))
    for group in root.iter("g"):
        group[:] = [child for child in group if child.tag != "title"]  # names such as n3: a browser would show them
    return root


def size_of(drawing: ET.Element) -> tuple[float, float]:
    """Return the width and height of a drawing."""
    _, _, width, height = map(float, drawing.attrib["viewBox"].split())
    return width, height


def restyle_value(group: ET.Element, i: int, state: State) -> None:
    """Show of a value what is known: value and gradient appear when they are computed."""
    if i > state.computed:
        group.set("opacity", _NOT_YET)
    if i == state.node:
        for shape in _shapes(group):
            _stand_out(shape, state.pass_)
    value, gradient = _cells_of(group)
    if i > state.computed:
        _hide(value[1:])
    elif state.pass_ == "forward" and i in state.news:
        _embolden(value[1:], FORWARD)
    if i not in state.gradients:
        _hide(gradient[1:])
        for label in gradient[:1]:
            label.set("opacity", _NOT_YET)
        return
    _write_number(gradient[1:], state.gradients[i], _right_edge(group))
    if i in state.news:
        _embolden(gradient[1:], BACKWARD)


def _cells_of(group: ET.Element) -> tuple[list[ET.Element], list[ET.Element]]:
    """Return the texts of the value's cell and of the gradient's: each begins with its word, in its pass' colour."""
    found: dict[str, list[ET.Element]] = {"": [], FORWARD: [], BACKWARD: []}
    cell = ""
    for text in group.iter("text"):
        colour = text.get("fill", "").upper()
        is_missing = text.get("font-style") == "italic"  # "grad not computed"
        cell = BACKWARD if is_missing else colour if colour in found else cell
        found[cell].append(text)
    return found[FORWARD], found[BACKWARD]


def _shapes(group: ET.Element) -> list[ET.Element]:
    return [element for element in group.iter() if element.tag in ("polygon", "path", "polyline", "ellipse")]


def _stand_out(shape: ET.Element, pass_: str) -> None:
    if shape.get("fill") == "none":
        shape.set("stroke", COLOURS[pass_])
        shape.set("stroke-width", "3")
    else:
        shape.set("fill", _TINTS[pass_])


def _hide(texts: Iterable[ET.Element]) -> None:
    for text in texts:
        text.set("visibility", "hidden")


def _embolden(texts: Iterable[ET.Element], colour: str) -> None:
    for text in texts:
        text.set("fill", colour)
        if _DIGITS.fullmatch(text.text or ""):  # bold digits are as wide as others, bold letters would not fit
            text.set("font-weight", "bold")


def _right_edge(group: ET.Element) -> float:
    outline = _shapes(group)[-1]
    numbers = re.findall(r"-?[\d.]+(?=,)", outline.get("points", "") + outline.get("d", ""))
    return max(map(float, numbers))


def _write_number(texts: list[ET.Element], number: Any, right: float) -> None:
    """Write a gradient, or the sum so far, where the final one stands; what is longer is set narrower."""
    lines = array_lines(number) if isinstance(number, np.ndarray) else [number_text(number)]
    if len(lines) == 1 and len(texts) > 1:
        lines = lines[0].split("   ")  # least, mean and greatest below each other
    if len(lines) != len(texts):
        _hide(texts)
        return
    for text, line in zip(texts, lines, strict=True):
        old = text.text or ""
        if old.strip() == line.strip():
            continue
        text.text = ("\xa0\xa0" if len(lines) == 1 else "") + line.replace(" ", "\xa0")
        room = right - float(text.attrib["x"]) - 3
        if len(text.text) * _LETTER > room:
            text.set("textLength", f"{room:.2f}")
            text.set("lengthAdjust", "spacingAndGlyphs")


def restyle_arrow(group: ET.Element, kind: str, head: int, state: State) -> None:
    """Show an arrow as it is at a step: to come, in use, or of the past."""
    done = head <= state.computed if kind == "forward" else state.sent is not None and head >= state.sent
    if not done:
        group.set("opacity" if kind == "forward" else "visibility", _NOT_YET if kind == "forward" else "hidden")
    elif head == state.node and kind == state.pass_:
        for shape in _shapes(group):
            if shape.get("stroke") != "none":
                shape.set("stroke-width", "2.5")
    elif kind == "forward" and state.pass_ == "backward":
        group.set("opacity", _PAST)
