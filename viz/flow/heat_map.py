"""The heat maps of a recorded gradient flow, drawn by matplotlib: layers by steps."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd_lite.training.libraries import optional
from viz.flow.findings import FAST, GROWN, SLOW, Flow
from viz.flow.heat_axes import NOT_FINITE, NUMBER, TEXT_ROW, UNDEFINED, ZERO, Look, Map, bar, fill, label, maps_of
from viz.flow.table import flow_table
from viz.graphs.hints import APART
from viz.pictures.rendering import notebook_wants, write_atomically
from viz.pictures.style import INK, LINE, MUTED
from viz.words.escape import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "HeatMap", "draw_heat_map"]

FORMATS = {"svg": {"Date": None}, "png": {}, "pdf": {"CreationDate": None}}
"""The formats, with what to leave out of their metadata: the same flow gives the same bytes."""

STYLE: Any = {
    "axes.edgecolor": LINE,
    "axes.linewidth": 0.8,
    "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial"],  # the first comes with matplotlib: alike everywhere
    "font.size": 9,
    "hatch.linewidth": 0.8,
    "savefig.dpi": 160,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "autograd_lite",
    "text.color": INK,
    "text.parse_math": False,  # a name may hold $
    "xtick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.major.size": 0,
}

# In inches. A README shows a picture about 900 pixels wide.
WIDTH, MARGIN, HEAD, TITLE, GAP, FOOT, LINE_HEIGHT = 9.0, 0.15, 0.72, 0.36, 0.22, 0.25, 0.19
ROW, LEAST, MOST = 0.27, 1.0, 4.2  # the height of a row, and of a map
NAMES, BAR, BAR_LABELS = 2.4, 0.13, 0.55

_NEEDED = "GradientFlow.draw", "'autograd_lite[demos]'"


class HeatMap:
    """A figure of matplotlib that a notebook shows and that can be saved.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        To add to it.
    text : str
        The text form, for where pictures cannot be shown.
    """

    def __init__(self, figure: Figure, text: str) -> None:
        self.figure = figure
        self.text = text

    def pipe(self, format: str = "svg") -> bytes:
        """Return the picture as bytes.

        Raises
        ------
        ValueError
            If the format is none of "svg", "png" and "pdf".
        """
        if format not in FORMATS:
            raise ValueError(f"unknown format {format!r}; the formats are {', '.join(FORMATS)}")
        data = io.BytesIO()
        with _look():
            self.figure.savefig(data, format=format, metadata=FORMATS[format])
        return data.getvalue()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture; the path's ending says the format: .svg, .png or .pdf. Return the path.

        Raises
        ------
        ValueError
            If the ending is another.
        OSError
            If the file cannot be written; one that was there before is left as it was.
        """
        ending = Path(path).suffix
        if ending[1:].lower() not in FORMATS:
            raise ValueError(f"{os.fspath(path)!r} ends in {ending!r}; the endings are .{', .'.join(FORMATS)}")
        write_atomically(path, self.pipe(ending[1:].lower()))
        return Path(path)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        """Return the picture for a notebook, and a text for where there are no pictures."""
        bundle: dict[str, Any] = {"text/plain": self.text}
        if notebook_wants("image/svg+xml"):
            bundle["image/svg+xml"] = self.pipe("svg").decode()
        elif notebook_wants("image/png"):
            bundle["image/png"] = self.pipe("png")
        wanted, unwanted = set(include or bundle), set(exclude or ())
        return {kind: data for kind, data in bundle.items() if kind in wanted - unwanted}


def draw_heat_map(flow: Flow) -> HeatMap:
    """Draw a recorded flow; see `GradientFlow.draw`."""
    with _look():
        return HeatMap(_drawn(flow), flow_table(flow))


@contextmanager
def _look() -> Iterator[None]:
    """Our look, whatever the user's settings are; no warnings of characters that the font has not."""
    matplotlib = optional("matplotlib", *_NEEDED)
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


class _Page:
    """A figure on which places are told in inches from its top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.figure: Figure = optional("matplotlib.figure", *_NEEDED).Figure(figsize=(width, height))
        self.width, self.height = width, height

    def write(self, x: float, y: float, text: str, **look: Any) -> None:
        """Write a text whose top left corner is there."""
        self.figure.text(x / self.width, 1 - y / self.height, text, **{"va": "top", "ha": "left", **look})

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Make axes whose top left corner is there."""
        place = (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(place)

    def swatch(self, x: float, y: float, look: Look) -> None:
        """Draw a sample of a cell."""
        from matplotlib.patches import Rectangle

        place, size = (x / self.width, 1 - (y + 0.14) / self.height), (0.24 / self.width, 0.14 / self.height)
        self.figure.add_artist(Rectangle(place, *size, transform=self.figure.transFigure, linewidth=0, **look))


def _width(text: str, **font: Any) -> float:
    """How wide a text is, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    return float(text_to_path.get_text_width_height_descent(text, FontProperties(**font), ismath=False)[0]) / 72


def _fitting(text: str, width: float, **font: Any) -> str:
    """The text, shortened until it fits."""
    while _width(text, **font) > width:
        text = shorten(text, len(text) - 1)
    return text


def _drawn(flow: Flow) -> Figure:
    maps, rows = maps_of(flow), len(flow.names)
    labels = [_fitting(flow.label(i), NAMES, size=9) for i in range(rows)]
    height = min(max(rows * ROW, LEAST), MOST)
    left = 0.5 + max(_width(text, size=9) for text in labels)
    badges = max(_width(word, size=8) for one in maps for word in one.words)
    right = 0.1 + NUMBER + (badges + 0.2) * (badges > 0) + BAR + BAR_LABELS
    samples, notes = _samples(maps), _notes(flow, height)
    lines = bool(samples) + len(notes)
    said = [line for line in (flow.second_line, flow.kept) if line]
    if _width(" · ".join(said), size=9) < WIDTH - 2 * MARGIN:
        said = [" · ".join(said)]
    top = HEAD + LINE_HEIGHT * (len(said) - 1)
    page = _Page(WIDTH, top + 2 * (TITLE + height) + GAP + FOOT + LINE_HEIGHT * lines + 0.1 * (lines > 0))
    page.write(
        MARGIN, 0.14, _fitting(flow.headline, WIDTH - 2 * MARGIN, size=14, weight="bold"), size=14, weight="bold"
    )
    for k, line in enumerate(said):
        page.write(MARGIN, 0.46 + LINE_HEIGHT * k, line, color=MUTED)
    for one in maps:
        page.write(MARGIN, top + 0.08, one.title, size=11, weight="bold")
        after = MARGIN + _width(one.title, size=11, weight="bold") + 0.2
        page.write(after, top + 0.105, one.meaning, size=9, color=MUTED)
        page.write(WIDTH - right + 7 / 72, top + 0.16, "median", size=8, color=MUTED)
        top += TITLE
        axes = page.axes(left, top, WIDTH - left - right, height)
        fill(axes, one, flow.steps)
        label(axes, one, labels, flow.steps, height)
        axes.tick_params(labelbottom=one is maps[1])
        bar(page.axes(WIDTH - BAR_LABELS - BAR, top, BAR, height), one)
        if rows > 1:
            middle = {"rotation": 270, "va": "center", "ha": "center", "size": 8, "color": MUTED}
            page.write(MARGIN + 0.06, top + height / 2, "input → output", **middle)
        top += height + GAP
    page.write(left - 0.06, top - GAP + 0.07, "step", ha="right")
    top = page.height - 0.06 - LINE_HEIGHT * lines
    _draw_samples(page, MARGIN, top, samples)
    for k, note in enumerate(notes, start=bool(samples)):
        page.write(MARGIN, top + LINE_HEIGHT * k, note, size=8, color=MUTED)
    return page.figure


def _samples(maps: tuple[Map, Map]) -> dict[str, Look]:
    """What cells without a colour of the scale are, and how they look, if there are any."""
    gradient, ratio = maps
    samples = (
        ((gradient.zero | ratio.zero).any(), "exactly 0", ZERO),
        ((gradient.odd | ratio.odd).any(), "nan or inf", NOT_FINITE),
        (gradient.undefined.any(), "gradient not computed", UNDEFINED),
        (ratio.undefined.any(), "no ratio: the data were all 0", UNDEFINED),
    )
    return {words: look for is_there, words, look in samples if is_there}


def _draw_samples(page: _Page, x: float, y: float, samples: dict[str, Look]) -> None:
    for words, look in samples.items():
        page.swatch(x, y, look)
        page.write(x + 0.3, y, words, size=8, color=MUTED)
        x += 0.55 + _width(words, size=8)


def _notes(flow: Flow, height: float) -> list[str]:
    """What the words at the right mean, where there are such."""
    words = " ".join((*flow.gradient_words, *flow.ratio_words))
    notes = []
    if "vanishing" in words or "exploding" in words:
        rows = f"the last {flow.by}'s or the next one's"
        notes.append(f"vanishing, exploding: the median gradient is more than {APART:g} times below or above {rows}")
    if "grows" in words:
        notes.append(f"grows: the last gradient is more than {GROWN:g} times the first")
    if "fast" in words or "slow" in words:
        notes.append(f"fast, slow: the median ratio is above {FAST:g} or below {SLOW:g}")
    if len(flow.names) > height / TEXT_ROW:
        notes.append(f"there are too many {flow.by}s to name them all")
    return notes
