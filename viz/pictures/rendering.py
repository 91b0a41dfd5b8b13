"""A picture: graphviz' own `Digraph`, rendered by our worker instead of a program that may not be installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import graphviz  # type: ignore[import-untyped,unused-ignore]

from autograd_lite.replacing import replacing
from viz.layout.layout import (
    FILE_SECONDS,
    FORMATS,
    SCREEN_SECONDS,
    LayoutError,
    Rung,
    check_format,
    check_timeout,
    lay_out_within,
)
from viz.pictures.style import MUTED
from viz.words.escape import html_text

if not hasattr(graphviz, "Digraph"):
    raise ImportError(
        f"{graphviz.__file__} is in the way of the graphviz package; rename it", name="graphviz", path=graphviz.__file__
    )

__all__ = ["Picture", "notebook_wants", "write_atomically"]


_LAID_OUT: dict[Rung, str] = {
    "fast": "laid out with less care, for lack of time: give it more with timeout=...",
    "ranks": "laid out by ranks, with straight arrows, for dot took too long: give it more time with timeout=...",
}


class Picture(graphviz.Digraph):  # type: ignore[misc,unused-ignore]
    """A `graphviz.Digraph` that draws without a system Graphviz, within a time limit.

    Attributes
    ----------
    source : str
        The DOT text.
    timeout : float or None
        Seconds that a layout may take; None is 3 on a screen and 10 for a file.
    outline : callable
        Makes the text form, for where pictures cannot be shown.

    Examples
    --------
    >>> picture = Picture()
    >>> picture.edge("a", "b")
    >>> picture.pipe("svg")[:5]
    b'<?xml'
    """

    def __init__(
        self,
        name: str | None = "graph",
        *args: Any,
        format: str | None = "svg",
        timeout: float | None = None,
        outline: Callable[[], str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, *args, format=check_format(format or "svg"), **kwargs)
        self.timeout = None if timeout is None else check_timeout(timeout)
        self.outline = outline

    def _copy_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        """Return what graphviz' copy() and subgraph() hand to a new one."""
        ours = {"format": self.format, "timeout": self.timeout, "outline": self.outline}
        copied: dict[str, Any] = super()._copy_kwargs(**kwargs)
        return copied | ours

    def __repr__(self) -> str:
        return f'<{type(self).__name__}: show() opens it, render("name") writes name.{self.format}>'

    def pipe(self, format: str | None = None, *args: Any, encoding: str | None = None, **kwargs: Any) -> Any:
        """Return the picture as bytes, or as text if an `encoding` is given.

        Raises
        ------
        ValueError
            If the format is unknown.
        LayoutTimeout, LayoutError
            If the graph cannot be drawn, not even with less care.
        """
        _refuse(args, kwargs)
        picture = self._draw(format, FILE_SECONDS)
        return picture if encoding is None else picture.decode(encoding)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *args: Any,
        outfile: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> str:
        """Write the DOT text to `filename` and the picture beside it, and return the picture's path.

        Parameters
        ----------
        filename, directory : path
            As in graphviz: ``render("out", format="png")`` writes ``out`` (the DOT text) and ``out.png``.
        view : bool
            Open the picture with the system's viewer.
        cleanup : bool
            Do not leave the DOT text.
        format : str
            "svg", "png", "pdf" or "json".
        outfile : path
            Where the picture goes; its ending tells the format.

        Raises
        ------
        OSError
            If a file cannot be written; one that was there before is left as it was.
        """
        _refuse(args, kwargs)
        if outfile is not None:
            format = _format_of(Path(outfile), format)
            filename = filename or Path(outfile).with_suffix(".gv")
        format = check_format(format or self.format)
        picture = self._draw(format, FILE_SECONDS)
        if filename is not None:
            self.filename = os.fspath(filename)
        if directory is not None:
            self.directory = os.fspath(directory)
        path = f"{self.filepath}.{format}"
        if outfile is not None:
            path = os.fspath(outfile if directory is not None else Path(self.directory, outfile))
        if os.path.abspath(path) == os.path.abspath(self.filepath):
            raise ValueError(f"the picture and its DOT text cannot both be {path!r}; choose another outfile")
        write_atomically(path, picture)
        if not cleanup:
            self.save()
        if view or kwargs.get("quiet_view"):  # in graphviz, to view it quietly is to view it
            _open(path)
        return path

    def save(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        *,
        skip_existing: bool | None = False,
    ) -> str:
        """Write the DOT text, not the picture, which `render` writes, and return its path."""
        if filename is not None:
            self.filename = os.fspath(filename)
        if directory is not None:
            self.directory = os.fspath(directory)
        if Path(self.filepath).suffix[1:].lower() in FORMATS:
            words = f"{self.filepath!r} will hold DOT text, as save() writes it; render(outfile=...) writes a picture"
            warnings.warn(words, graphviz.FormatSuffixMismatchWarning, stacklevel=2)
        if not (skip_existing and os.path.exists(self.filepath)):
            write_atomically(self.filepath, self.source.encode())
        return str(self.filepath)

    def show(self) -> None:
        """Show the picture: in a notebook as the cell's output, else in the system's viewer."""
        if notebook_wants("image/svg+xml"):
            from IPython.display import display  # type: ignore[import-not-found,unused-ignore]

            display(self)
            return
        picture = self._draw(None, SCREEN_SECONDS)
        handle, path = tempfile.mkstemp(prefix="graph-", suffix=f".{self.format}")
        with open(handle, "wb") as file:
            file.write(picture)
        _open(path)  # the viewer may read the file later, so it stays

    def _draw(self, format: str | None, seconds: float) -> bytes:
        seconds = seconds if self.timeout is None else self.timeout
        return lay_out_within(self.source, format or self.format, seconds, said=self._said)[0]

    def _said(self, rung: Rung) -> str:
        """The picture's label once more, with a line that says how it was laid out."""
        label = self.graph_attr.get("label", "")
        missing = "; frames are left out" if rung == "ranks" and _has_frames(self.body) else ""
        words = f'<FONT POINT-SIZE="10" COLOR="{MUTED}">{_LAID_OUT[rung]}{missing}</FONT>'
        inside = label[1:-1] if label.startswith("<") else html_text(label)
        above = f"<TR><TD>{inside}</TD></TR>" if inside else ""
        return f'graph [label=<<TABLE BORDER="0" CELLBORDER="0">{above}<TR><TD>{words}</TD></TR></TABLE>>]'

    def _repr_image_svg_xml(self) -> str:
        return self._draw("svg", SCREEN_SECONDS).decode()

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, str]:
        """Return the picture for a notebook, and a text for where there are no pictures."""
        text = self.outline() if self.outline else f"<{type(self).__name__} of {len(self.body)} lines of DOT>"
        bundle = {"text/plain": text}
        if notebook_wants("image/svg+xml"):
            try:
                bundle["image/svg+xml"] = self._repr_image_svg_xml()
            except LayoutError as error:  # the notebook would show a traceback instead of the text
                bundle["text/plain"] = f"{error}\n\n{text}"
        wanted, unwanted = set(include or bundle), set(exclude or ())
        return {kind: data for kind, data in bundle.items() if kind in wanted - unwanted}


def _has_frames(body: Iterable[str]) -> bool:
    """Whether there are clusters, around which dot draws frames."""
    return any(re.match(r'\s*subgraph "?cluster', line) for line in body)


def notebook_wants(kind: str) -> bool:
    """Whether what displays values here shows such data: a notebook shows pictures, IPython in a terminal does not."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    formatter = getattr(shell, "display_formatter", None)
    return formatter is None or kind in formatter.active_types


def _refuse(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Graphviz' further arguments choose other programs and renderers; nobody's are silently ignored."""
    given = {
        name for name, value in kwargs.items() if value not in (None, False) and (name, value) != ("engine", "dot")
    }
    if any(arg is not None for arg in args) or given - {"quiet", "quiet_view", "overwrite_source"}:
        raise TypeError(f"not supported here: {', '.join(sorted(given)) or args}; dot draws, in its own format")


def _format_of(outfile: Path, format: str | None) -> str:
    """Return the format that the file's ending tells, unless another one is asked for: that is worth a warning."""
    ending = outfile.suffix[1:].lower()
    if format is not None and format.lower() != ending:
        words = f"the outfile {os.fspath(outfile)!r} will hold {format}, which its ending does not tell"
        warnings.warn(words, graphviz.FormatSuffixMismatchWarning, stacklevel=3)
    return check_format(ending if format is None else format)


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file beside its place and move it there, so that the old one is whole until the new one is.

    Raises
    ------
    OSError
        If it cannot be written, with the path; nothing has changed then.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise type(error)(error.errno, f"cannot write the file: {reason}", os.fspath(path)) from error


def _open(path: str) -> None:
    """Open a file in the system's viewer."""
    if sys.platform == "win32":
        os.startfile(path)
        return
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    try:
        subprocess.run([opener, path], check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise OSError(f"no viewer opened {path} ({error}); open it yourself") from error
