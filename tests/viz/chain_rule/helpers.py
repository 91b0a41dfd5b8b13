"""What the tests of the chain rule share."""

from __future__ import annotations

import re
from typing import Any

from matplotlib.mathtext import MathTextParser

from viz.chain_rule.explain import Explanation

PARSER: Any = MathTextParser("path")


def lines_of(e: Explanation) -> list[str]:
    assert e.latex.startswith("\\begin{aligned}\n")
    assert e.latex.endswith("\n\\end{aligned}")
    return re.split(r" \\\\(?:\[1ex\])?\n", e.latex[len("\\begin{aligned}\n") : -len("\n\\end{aligned}")])


def parse(line: str) -> None:
    """Let Matplotlib read a line; it knows no alignment, and not all commands."""
    line = re.sub(r"(?<!\\)&", "", line).replace(r"\lt", "<").replace(r"\vdots", ":").replace(r"\&", "+")
    PARSER.parse(f"${line}$")
