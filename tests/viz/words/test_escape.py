"""Labels of any characters: the DOT stays valid, and the picture shows them."""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings

from autograd_lite import Value
from tests.viz.examples import any_text
from viz import draw_dot, lay_out, tree
from viz.words.escape import one_line, visible


def svg_texts(svg: bytes) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]


def drawn(label: str, other: str = "b") -> bytes:
    """Draw with labels everywhere they go: titles, expressions, arrows, tooltips. Complaints of Graphviz raise."""
    a, b = Value(2.0, label=label), Value(3.0, label=other)
    y = a - b
    y.label = label
    y.backward()
    return draw_dot(y, names={}).pipe("svg")  # type: ignore[no-any-return]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_text, any_text)
def test_any_label_gives_a_valid_picture(label: str, other: str) -> None:
    ElementTree.fromstring(drawn(label, other))


def test_any_character_of_the_first_planes_alone() -> None:
    """Each of the 65,536 in some label; a hundred at a time, for a label is cut after some forty characters."""
    points = [chr(code) for code in range(0x3100)] + [chr(code) for code in range(0xD7F0, 0x10000)]
    dot = ["digraph {"]
    for start in range(0, len(points), 30):
        value = Value(1.0, label="x" + "".join(points[start : start + 30]))
        source = draw_dot(value, names={}).source
        dot += [line.replace("n0", f"n{start}") for line in source.splitlines() if line.strip().startswith("n0")]
        dot += ["]"] if not dot[-1].rstrip().endswith("]") else []
    ElementTree.fromstring(lay_out("\n".join([*dot, "}"]), timeout=30))


@pytest.mark.parametrize(
    "label",
    [
        "<b>x</b>",
        '"',
        "a|b",
        "{x}",
        "&amp;",
        "&",
        "x < y & z",
        "\\N",
        "\\",
        "\\\\G",
        "\\n",
        "a\\",
        "]]>",
        "😀",
        "'",
        "<",
    ],
)
def test_it_shows_exactly_the_label(label: str) -> None:
    texts = svg_texts(drawn(label))
    assert label in texts, texts


def test_newlines_are_lines() -> None:
    texts = svg_texts(drawn("layer 1\nweights"))
    assert "layer 1" in texts
    assert "weights" in texts


@pytest.mark.parametrize("label", ["\x00", "\ud800", "\ufffe", "\x1b[2J"])
def test_what_cannot_be_shown_is_replaced(label: str) -> None:
    shown = visible(label)
    assert shown.isprintable()
    assert shown in svg_texts(drawn(label))


def test_tooltips_hold_the_label() -> None:
    svg = drawn('\\N "x" &lt;').decode()
    tooltips = {html.unescape(t) for t in re.findall(r'xlink:title="([^"]*)"', svg)}
    assert '\\N "x" &lt;, input' in tooltips, tooltips


def test_tooltips_keep_lines_apart() -> None:
    assert "1st line&#10;2nd line, input" in drawn("1st line\n2nd line").decode()


def test_very_long_labels_are_cut_in_the_picture_and_whole_in_the_tooltip() -> None:
    label = "x" * 10_000
    svg = drawn(label).decode()
    assert max(map(len, svg_texts(svg.encode()))) < 100
    assert label in svg


def test_blank_labels_count_as_none() -> None:
    for blank in (" \n\t", "\ufeff", "\u200b"):
        assert "v0" in svg_texts(drawn(blank))


@given(any_text)
def test_a_tree_row_stays_one_line(label: str) -> None:
    y = Value(1.0, label=label).exp()
    assert len(tree(y, names={}).splitlines()) == 3
    assert "\x1b" not in tree(y, names={})


@given(any_text)
def test_one_line_is_printable_to_any_terminal(text: str) -> None:
    line = one_line(text)
    assert "\n" not in line
    line.encode("utf-8")
