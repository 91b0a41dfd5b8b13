"""A run as Markdown, between two marks in a file such as README.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.compared import PEERS, Ratio, Run, compared
from benchmarks.report import Report, seconds

BEGIN, END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"
MATTERS = 1.25
"""By what factor the collector has to change a ratio to be mentioned."""

HOW = (
    "Each figure is the peer's time (for `step-memory`, its memory) divided by ours: above 1 it takes more than we do; "
    "**in bold it takes less**. In "
    "parentheses, where it matters, the same with Python's cycle collector off, which walks over the cycles that "
    "micrograd's closures make. A peer that has several forms is shown with its fastest; - did not take part."
)


def check_markers(path: Path) -> None:
    """Raise ValueError unless each mark stands in the file once, in order."""
    text = path.read_text()
    if not (text.count(BEGIN) == text.count(END) == 1 and text.index(BEGIN) < text.index(END)):
        raise ValueError(f"{path} must have one line {BEGIN} and, below, one line {END}: the tables go between them")


def put_in(path: Path, content: str) -> None:
    """Replace what stands between the marks."""
    check_markers(path)
    text = path.read_text()
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    path.write_text(f"{before}\n{content}\n{after}")


def markdown(run: Run) -> str:
    """The tables, under which conditions they arose, and the targets."""
    rows = list(compared(run))
    peers = [p for p in PEERS if any(p in found for _, found in rows)]
    lines = [[r.workload, ours(r), *(cell(found.get(p)) for p in peers)] for r, found in rows]
    values = [ratio.value for _, found in rows for ratio in found.values()]
    behind = sum(x < 1 for x in values)
    return "\n\n".join(
        [
            table(["workload", "ours", *peers], lines),
            f"{HOW} Of {len(values)} comparisons we are ahead in {len(values) - behind} and behind in {behind}.",
            "\n".join(f"- {name}: {text}" for name, text in run.conditions.items()),
            folded("What the workloads are", "\n".join(f"- `{r.workload}`: {r.doc}" for r in run.reports)),
            folded("Who did not take part, and other remarks", "\n".join(remarks(run))),
            folded("Growth, memory, drawing", others(run)),
            folded("Targets", "\n".join(f"- {verdict}" for verdict in run.verdicts)),
        ]
    )


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
    value, off = ratio
    shown = f"**{digits(value)}**" if value < 1 else digits(value)
    changed = off is not None and not 1 / MATTERS < off / value < MATTERS
    return f"{shown} ({digits(off)})" if changed and off is not None else shown


def digits(x: float) -> str:
    """Two digits at least, and never 1 for what is not."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}" if x >= 0.1 else f"{x:.2g}"


def remarks(run: Run) -> list[str]:
    """What the reports note: who is missing, was refused or failed."""
    return [f"- `{r.workload}`: {note}" for r in run.reports if r.ours for note in r.notes]


def others(run: Run) -> str:
    """The tables of the workloads that compare something else than ratios."""
    return "\n\n".join(
        "\n\n".join([f"`{r.workload}`", *(table(t.columns, t.rows) for t in r.tables), *r.notes])
        for r in run.reports
        if not r.ours
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, figures to the right."""
    rules = ["---", *(["---:"] * (len(columns) - 1))]
    return "\n".join("| " + " | ".join(line) + " |" for line in [columns, rules, *rows])


def folded(title: str, content: str) -> str:
    """What a click unfolds."""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"
