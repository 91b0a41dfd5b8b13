"""The graph as text."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Constant, Value
from viz import snapshot, tree
from viz.graphs.rolling import roll
from viz.terminal.table import Screen, cells
from viz.terminal.tree import tree_text


def test_a_small_graph() -> None:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    d = a * b
    e = (d + 10.0).tanh() - a
    e.backward()
    assert str(tree(e)) == (
        "                           value    grad       ±10, log\n"
        "e = v5 - a                 -1.001   1               │━━━━\n"
        "├── v5 = tanh(v4)          0.9993   1               │━━━━   saturated\n"
        "│   └── v4 = d + 10        4        0.001341        │━\n"
        "│       ├── d = a * b      -6       0.001341        │━\n"
        "│       │   ├── a  input   2        -1.004      ━━━━│\n"
        "│       │   └── b  input   -3       0.002682        │━╸\n"
        "│       └── 10  constant   10       -\n"
        "└── a  (see above)"
    )


def test_before_backward_the_gradient_is_not_computed() -> None:
    text = str(tree(Value(2.0, label="a").exp()))
    assert text.count("not computed") == 2
    assert not any(line.endswith(" 0") for line in text.splitlines())


def test_a_repl_shows_it_as_it_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    t = tree(Value(1.0, label="a"))
    assert repr(t) == str(t) == f"{t}"


def test_shared_nodes_are_printed_once() -> None:
    a = Value(1.0, label="a")
    b = a.exp()
    c = b * b
    lines = str(tree(c)).splitlines()
    assert sum("exp(a)" in line for line in lines) == 1
    assert sum("(see above)" in line for line in lines) == 1


def test_it_grows_with_the_graph_not_with_its_paths() -> None:
    x = Value(1.0)
    for _ in range(60):
        x = x + x
    assert len(str(tree(x, max_rows=None)).splitlines()) == 1 + 61 + 60


def test_names_come_from_the_caller_but_not_over_labels() -> None:
    weight = Value(1.0)
    other = Value(2.0, label="labelled")
    text = str(tree(weight * other))
    assert "weight  input" in text
    assert "labelled  input" in text
    assert "other" not in text
    assert "weight" not in str(tree(weight * other, names={}))


def test_roles_are_told() -> None:
    w, k = Value(1.0, label="w"), Constant(2.0, label="k")
    text = str(tree(w * k, params=[w]))
    assert "w  parameter" in text
    assert "k  constant" in text


def test_arrays_are_one_row() -> None:
    w = Value([[1.0, 2.0], [3.0, 4.0]], label="w")
    lines = str(tree(w)).splitlines()
    assert len(lines) == 2
    assert "(2, 2) float64" in lines[1]
    assert "[[1, 2], [3, 4]]" in lines[1]


@pytest.mark.no_cover  # others run the same lines, and coverage takes its time
def test_a_chain_of_100_000_is_cut_and_says_so() -> None:
    x = Value(1.0)
    for _ in range(100_000):
        x = x * 1.0
    lines = str(tree(x, names={}, max_rows=50)).splitlines()
    assert len(lines) == 52
    assert lines[-1] == "… 199,951 more rows are not shown (max_rows=50)"


def test_all_of_a_long_chain_stays_narrow() -> None:
    x = Value(1.0)
    for _ in range(5_000):
        x = x.tanh()
    lines = str(tree(x, names={}, max_rows=None)).splitlines()
    assert len(lines) == 5_002
    assert max(map(len, lines)) < 200
    assert any("depth 4321 " in line for line in lines)


def test_columns_line_up_under_wide_characters() -> None:
    a, b = Value(1.0, label="日本"), Value(2.0, label="ab")
    lines = str(tree([a, b], names={})).splitlines()
    assert lines[1].index("1") + 2 == lines[2].index("2"), "each of the two wide characters takes two cells"


def test_several_roots() -> None:
    a = Value(1.0, label="a")
    lines = str(tree([a.exp(), a.tanh()])).splitlines()
    assert "exp(a)" in lines[1]
    assert "tanh(a)" in lines[3]
    assert "see above" in lines[4]


@pytest.mark.parametrize("rows", [0, -1])
def test_it_shows_at_least_one_row(rows: int) -> None:
    with pytest.raises(ValueError, match="max_rows"):
        tree(Value(1.0), max_rows=rows)


# --- bars and remarks ------------------------------------------------------------------------------------------------


def test_without_gradients_there_are_no_bars() -> None:
    text = str(tree(Value(2.0, label="a").exp()))
    assert "│" not in text.splitlines()[1]
    assert "log" not in text


def test_the_bar_of_an_array_goes_from_its_least_element_to_its_greatest() -> None:
    x = Value(np.array([1.0, -2.0, 0.0]), label="x")
    (x * x).sum().backward()  # the gradient is 2, -4, 0
    *_, row = str(tree(x)).splitlines()
    left, _, right = row.partition("│")
    assert left.endswith("╺━━━━")
    assert right == "━━━━╸"


def test_a_gradient_that_is_no_number_has_a_word() -> None:
    x = Value(0.0, label="x")
    x.sqrt().backward()
    assert "│inf" in str(tree(x))


def test_the_scale_stands_above() -> None:
    a = Value(2.0, label="a")
    (a * 4e-7).backward()
    assert "±1e-06, log" in str(tree(a)).splitlines()[0]


@pytest.mark.parametrize("x", [1.7e308, 5e-324, 1e-310])
def test_gradients_at_the_ends_of_the_floats(x: float) -> None:
    a = Value(2.0, label="a")
    (a * x).backward()
    assert "│━" in str(tree(a))


def test_remarks_stand_at_the_end() -> None:
    y = Value(-2.0, label="a").relu() + Value(9.0, label="b").tanh()
    assert [line.split("   ")[-1] for line in str(tree(y)).splitlines() if "relu" in line or "tanh" in line] == [
        "dead ReLU",
        "saturated",
    ]


# --- large graphs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 2, 5, 9, 10, 13])
def test_what_is_left_out_is_counted(rows: int) -> None:
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    c = a * b + 1.0
    roots = [c * c, c.tanh(), a]
    every = str(tree(roots, max_rows=None)).splitlines()[1:]
    shown = str(tree(roots, max_rows=rows)).splitlines()[1:]
    assert len(every) == 10
    if rows >= len(every):
        assert shown == every
        return
    assert shown[-1] == f"… {len(every) - rows} more rows are not shown (max_rows={rows})"
    names = [line.split("   ")[0] for line in every]
    assert [line.split("   ")[0] for line in shown[:-1]] == names[:rows]


def test_a_rolled_value_says_how_many_it_stands_for() -> None:
    w = Value(2.0, label="w")
    total = sum(((w * float(i)).tanh() for i in range(1_600)), Value(0.0))
    text = str(tree_text(roll(snapshot(total))))
    assert "×1,600" in text
    assert len(text.splitlines()) < 10


# --- the screen ------------------------------------------------------------------------------------------------------


def deep() -> Value:
    x, w = Value(0.5, label="a name that is long"), Value(0.25, label="another name")
    y = x
    for _ in range(12):
        y = (y * w + x).tanh()
    y.backward()
    return y


@pytest.mark.parametrize("width", [50, 60, 80, 100, 200])
def test_it_fits_the_width_and_numbers_stay_whole(width: int) -> None:
    graph = snapshot(deep())
    wide, narrow = (str(tree_text(graph, screen=Screen(limit))) for limit in (None, width))
    assert max(map(cells, narrow.splitlines())) <= width
    for whole, line in zip(wide.splitlines(), narrow.splitlines(), strict=True):
        if "(see above)" not in whole:
            numbers = [part for part in whole.split()[-4:] if part.lstrip("-")[0].isdigit()]
            assert set(numbers) <= set(line.split())


def test_where_room_is_scarce_less_is_said_of_arrays() -> None:
    x = Value(np.linspace(-1.0, 1.0, 12).reshape(4, 3), label="x")
    np.tanh(x).mean().backward()
    graph = snapshot(x)
    assert "mean" in str(tree_text(graph))
    assert "-1 … 1" in str(tree_text(graph, screen=Screen(60)))


def test_a_table_that_fits_is_as_without_a_limit() -> None:
    graph = snapshot((Value(1.0, label="a") * 2.0).tanh())
    assert tree_text(graph, screen=Screen(120)) == tree_text(graph)


def test_ascii() -> None:
    y = (Value(2.0, label="é") * 3.0 - 7.0).tanh()
    y.backward()
    text = str(tree(y, names={}, ascii=True))
    assert text.isascii()
    assert "`-- " in text
    assert "|-- " in text
    assert "\\xe9  input" in text
    assert "|==" in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_what_is_printed_can_be_encoded(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    x = Value(np.ones((3, 4)), label="日本 …")
    y = ag.sum(x.T @ x) ** 2
    y.backward()
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding))
    print(tree(y, names={}))
    print(tree(y, names={}, max_rows=2))
    sys.stdout.flush()
    assert len(buffer.getvalue().splitlines()) > 5


def test_colours_only_on_request() -> None:
    y = Value(2.0, label="a").tanh()
    y.backward()
    assert "\x1b" not in tree(y)
    assert "\x1b[38;5;32m0.964\x1b[0m" in tree(y, color=True)
    assert "\x1b[38;5;167m1\x1b[0m" in tree(y, color=True)


def test_the_same_graph_gives_the_same_text() -> None:
    texts = {str(tree(deep(), names={})) for _ in range(3)}
    assert len(texts) == 1


# --- the user's lines ------------------------------------------------------------------------------------------------


def test_lines_on_request() -> None:
    a = Value(2.0, label="a")
    with ag.record_origins():
        y = a.tanh()
    assert "test_tree.py:" not in tree(y)
    row = next(line for line in str(tree(y, lines=True)).splitlines() if "tanh" in line)
    assert row.split()[-1].startswith("test_tree.py:")
