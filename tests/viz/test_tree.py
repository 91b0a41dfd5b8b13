"""The graph as text."""

from __future__ import annotations

import time

import pytest

from autograd_lite import Constant, Value
from viz import tree


def test_a_small_graph() -> None:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    d = a * b
    e = (d + 10.0).tanh() - a
    e.backward()
    assert str(tree(e)) == (
        "                           value    grad\n"
        "e = v5 - a                 -1.001   1\n"
        "├── v5 = tanh(v4)          0.9993   1\n"
        "│   └── v4 = d + 10        4        0.001341\n"
        "│       ├── d = a * b      -6       0.001341\n"
        "│       │   ├── a  input   2        -1.004\n"
        "│       │   └── b  input   -3       0.002682\n"
        "│       └── 10  constant   10       -\n"
        "└── a  (see above)"
    )


def test_before_backward_the_gradient_is_not_computed() -> None:
    text = str(tree(Value(2.0, label="a").exp()))
    assert text.count("not computed") == 2
    assert not any(line.endswith(" 0") for line in text.splitlines())


def test_a_repl_shows_it_as_it_prints() -> None:
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


def test_a_chain_of_100_000_is_cut_and_says_so() -> None:
    x = Value(1.0)
    for _ in range(100_000):
        x = x * 1.0
    start = time.perf_counter()
    lines = str(tree(x, names={}, max_rows=50)).splitlines()
    assert time.perf_counter() - start < 15
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
