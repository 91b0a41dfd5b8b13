"""A run as Markdown, between marks in a file such as README.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.compared import PEERS, Ratio, Run, compared
from benchmarks.report import Report, seconds

BEGIN, END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"
_PLACE = re.compile(f"(<!-- benchmarks(?:: (.*?))? -->)(.*?)({re.escape(END)})", re.DOTALL)
MATTERS = 1.25
"""By what factor the collector has to change a ratio to be mentioned."""

HOW = (
    "Each figure is the peer's time (for `step-memory`, its memory) divided by ours, the median over the rounds: above "
    "1 it takes more than we do; **in bold it takes less**. Python's cycle collector is on, as users have it; in "
    f"parentheses, where it matters by a factor of {MATTERS} or more, the same with the collector off, which walks "
    "over the cycles that micrograd's closures make. A peer that has several forms is shown with its fastest; - did "
    "not take part."
)
SPREAD = "Over the rounds the quartiles of a figure are apart by"
"""How far, as a part of the figure: the figures' median, and their maximum."""


def check_marks(path: Path) -> None:
    """Raise ValueError unless the file has a place to fill, and each that begins ends."""
    text = path.read_text()
    places = len(_PLACE.findall(text))
    if not places or text.count(END) != places or text.count("<!-- benchmarks") != places:
        raise ValueError(
            f"{path} must have a line {BEGIN} and, below, a line {END}: an overview goes between them; "
            "<!-- benchmarks: NAME --> takes one workload's tables, <!-- benchmarks: everything --> all"
        )


def put_in(path: Path, run: Run) -> None:
    """Fill the places between marks: with the overview, with everything, or with one workload's tables.

    The places of workloads that were not run stay as they are.
    """
    check_marks(path)
    contents = {r.workload: tables(r) for r in run.reports} | {"": overview(run), "everything": everything(run)}

    def filled(place: re.Match[str]) -> str:
        begin, name, old, end = place.groups(default="")
        return f"{begin}\n{contents[name]}\n{end}" if name in contents else f"{begin}{old}{end}"

    path.write_text(_PLACE.sub(filled, path.read_text()))


def overview(run: Run) -> str:
    """The table of ratios, under which conditions they arose, and the targets."""
    rows = list(compared(run))
    peers = [p for p in PEERS if any(p in found for _, found in rows)]
    lines = [[r.workload, ours(r), *(cell(found.get(p)) for p in peers)] for r, found in rows]
    values = [ratio.value for _, found in rows for ratio in found.values()]
    behind = sum(x < 1 for x in values)
    spreads = [ratio.spread for _, found in rows for ratio in found.values()]
    parts = [
        table(["workload", "ours", *peers], lines),
        f"{HOW} Of {len(values)} comparisons we are ahead in {len(values) - behind} and behind in {behind}.",
        spreads and f"{SPREAD} {median(spreads):.0%} of it (median of all figures), at most {max(spreads):.0%}.",
        conditions(run),
        folded(
            "What we set out to reach, and what became of it", "\n".join(f"- {verdict}" for verdict in run.verdicts)
        ),
    ]
    return "\n\n".join(filter(None, parts))


def everything(run: Run) -> str:
    """Every workload, its tables and remarks, in the order of the run."""
    parts = [
        "\n\n".join([f"## {r.workload}", r.doc[:1].upper() + r.doc[1:] + ".", tables(r), *r.notes]) for r in run.reports
    ]
    return "\n\n".join([conditions(run), *parts])


def conditions(run: Run) -> str:
    """What a reader must know to judge the numbers, as a list."""
    return "\n".join(f"- {name}: {text}" for name, text in run.conditions.items())


def ours(report: Report) -> str:
    """Our median, and that of our other forms."""
    forms = [name for name in report.samples if name.startswith(report.ours.partition(",")[0])]
    forms.sort(key=lambda name: name != report.ours)
    return ", ".join(
        f"{figure(report, name)} {name.partition(', ')[2]}".rstrip() for name in forms if report.samples[name]
    )


def figure(report: Report, name: str) -> str:
    """A median with its unit."""
    middle = median(report.samples[name][report.condition])
    return f"{middle / 2**20:.1f} MiB" if "bytes" in report.condition else seconds(middle)


def cell(ratio: Ratio | None) -> str:
    """A ratio, in bold if the peer is ahead."""
    if ratio is None:
        return "-"
    value, off = ratio.value, ratio.without_collector
    shown = f"**{digits(value)}**" if value < 1 else digits(value)
    changed = off is not None and not 1 / MATTERS < off / value < MATTERS
    return f"{shown} ({digits(off)})" if changed and off is not None else shown


def digits(x: float) -> str:
    """Two digits at least, and never 1 for what is not."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}" if x >= 0.1 else f"{x:.2g}"


def tables(report: Report) -> str:
    """A workload's tables, as they are printed."""
    return "\n\n".join(table(t.columns, t.rows) for t in report.tables)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, figures to the right."""
    rules = ["---", *(["---:"] * (len(columns) - 1))]
    return "\n".join("| " + " | ".join(line) + " |" for line in [columns, rules, *rows])


def folded(title: str, content: str) -> str:
    """What a click unfolds; nothing if there is nothing."""
    return content and f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"
