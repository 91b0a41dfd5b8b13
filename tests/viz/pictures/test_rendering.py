"""The picture as an object: a graphviz.Digraph, its files, its forms for a notebook."""

from __future__ import annotations

import os
import types
from pathlib import Path

import graphviz  # type: ignore[import-untyped,unused-ignore]
import pytest

import viz.pictures.rendering
from autograd_lite import Value
from viz import LayoutTimeout, Picture, draw_dot

MAGIC = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "json": b"{"}


@pytest.fixture
def picture() -> Picture:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a * b
    c.backward()
    return draw_dot(c)


def test_it_is_a_digraph_and_can_be_added_to(picture: Picture) -> None:
    assert isinstance(picture, graphviz.Digraph)
    picture.node("mine", label="added")
    picture.edge("mine", "n0")
    with picture.subgraph(name="cluster_x") as part:
        part.node("inside")
    svg = picture.pipe("svg", encoding="utf-8")
    assert "added" in svg
    assert "inside" in svg


def test_a_copy_is_independent(picture: Picture) -> None:
    picture.timeout = 7.0
    twin = picture.copy()
    twin.node("mine")
    assert twin.timeout == 7.0
    assert "mine" in twin.source
    assert "mine" not in picture.source


@pytest.mark.parametrize("format", MAGIC)
def test_pipe_gives_each_format(picture: Picture, format: str) -> None:
    assert picture.pipe(format).startswith(MAGIC[format])


@pytest.mark.parametrize("format", MAGIC)
def test_render_writes_dot_and_picture(picture: Picture, tmp_path: Path, format: str) -> None:
    path = picture.render(tmp_path / "out", format=format)
    assert path == str(tmp_path / f"out.{format}")
    assert Path(path).read_bytes().startswith(MAGIC[format])
    assert (tmp_path / "out").read_text() == picture.source
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", f"out.{format}"]


def test_render_with_cleanup_leaves_the_picture_alone(picture: Picture, tmp_path: Path) -> None:
    picture.render("out", directory=tmp_path / "new", cleanup=True)
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["out.svg"]


def test_render_to_outfile(picture: Picture, tmp_path: Path) -> None:
    assert Path(picture.render(outfile=tmp_path / "p.pdf", cleanup=True)).read_bytes().startswith(b"%PDF")


def test_save_writes_the_text(picture: Picture, tmp_path: Path) -> None:
    assert Path(picture.save(tmp_path / "g.gv")).read_text() == picture.source


@pytest.mark.parametrize("format", ["bmp", "", "exe"])
def test_an_unknown_format_is_named_with_the_known_ones(picture: Picture, tmp_path: Path, format: str) -> None:
    for call in (lambda: picture.pipe(format or "x"), lambda: picture.render(tmp_path / "o", format=format or "x")):
        with pytest.raises(ValueError, match=f"'{format or 'x'}'; the formats are svg, png, pdf, json"):
            call()
    assert not list(tmp_path.iterdir())


def test_other_programs_of_graphviz_are_refused(picture: Picture, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="engine"):
        picture.render(tmp_path / "o", engine="neato")


def test_an_unwritable_path_is_named(picture: Picture, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(OSError, match="cannot write the file") as raised:
        picture.render(file / "out")
    assert str(file / "out.svg") in str(raised.value)


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(
    picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "out.svg"
    old.write_text("old")

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(viz.pictures.rendering.os, "replace", full)
    with pytest.raises(OSError, match="No space left") as raised:
        picture.render(tmp_path / "out")
    assert raised.value.filename == str(old)
    assert old.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.svg"]


def test_a_link_stays_a_link(picture: Picture, tmp_path: Path) -> None:
    (tmp_path / "out.svg").symlink_to(tmp_path / "real.svg")
    picture.render(tmp_path / "out", cleanup=True)
    assert (tmp_path / "out.svg").is_symlink()
    assert (tmp_path / "real.svg").read_bytes().startswith(b"<?xml")


def test_files_have_ordinary_permissions(picture: Picture, tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        path = Path(picture.render(tmp_path / "out"))
        assert path.stat().st_mode & 0o777 == 0o644
        path.chmod(0o600)
        picture.render(tmp_path / "out")
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(mask)


def test_a_notebook_gets_svg_and_text(picture: Picture) -> None:
    bundle = picture._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<?xml")
    assert "a * b" in bundle["text/plain"]
    assert set(picture._repr_mimebundle_(include=["image/svg+xml"])) == {"image/svg+xml"}
    assert set(picture._repr_mimebundle_(exclude=["image/svg+xml"])) == {"text/plain"}


def test_a_notebook_gets_the_reason_and_the_text_when_time_is_up(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, **__: object) -> tuple[bytes, str]:
        raise LayoutTimeout("took too long")

    monkeypatch.setattr(viz.pictures.rendering, "lay_out_within", slow)
    bundle = picture._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert bundle["text/plain"].startswith("took too long")
    assert "a * b" in bundle["text/plain"]


def test_screens_wait_three_seconds_and_files_ten(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def note(source: str, format: str, timeout: float, said: object) -> tuple[bytes, str]:
        waits.append(timeout)
        return b"x", "dot"

    monkeypatch.setattr(viz.pictures.rendering, "lay_out_within", note)
    picture._repr_mimebundle_()
    picture.pipe()
    picture.timeout = 60.0
    picture.pipe()
    assert waits == [3.0, 10.0, 60.0]


def test_a_picture_that_was_laid_out_with_less_care_says_so(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    run = viz.layout.layout._run

    def slow(dot: str, format: str, seconds: float, program: str = "dot", *more: object) -> bytes:
        if program == "dot":
            raise LayoutTimeout("took too long")
        return run(dot, format, seconds, program, *more)

    monkeypatch.setattr(viz.layout.layout, "_run", slow)
    drawn = picture.pipe("svg", encoding="utf-8")
    assert "laid out by ranks, with straight arrows" in drawn
    assert "forward pass: values" in drawn, "the legend is still there"


@pytest.mark.parametrize("frames", [True, False])
def test_where_frames_are_left_out_the_picture_says_so(frames: bool) -> None:
    picture = Picture()
    with picture.subgraph(name="cluster_x" if frames else "x") as part:
        part.node("inside", label="subgraph cluster_y")
    assert ("frames are left out" in picture._said("ranks")) == frames
    assert "frames" not in picture._said("fast"), "dot draws them"


def fake_ipython(*active: str) -> types.SimpleNamespace:
    shell = types.SimpleNamespace(display_formatter=types.SimpleNamespace(active_types=list(active)))
    return types.SimpleNamespace(get_ipython=lambda: shell)


def test_a_terminal_gets_no_picture(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(viz.pictures.rendering.sys.modules, "IPython", fake_ipython("text/plain"))
    assert set(picture._repr_mimebundle_()) == {"text/plain"}
    monkeypatch.setitem(viz.pictures.rendering.sys.modules, "IPython", fake_ipython("text/plain", "image/svg+xml"))
    assert "image/svg+xml" in picture._repr_mimebundle_()


def test_show_opens_a_file_with_the_picture(picture: Picture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr(viz.pictures.rendering, "_open", opened.append)
    monkeypatch.setattr(viz.pictures.rendering.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(viz.pictures.rendering, "notebook_wants", lambda kind: False)
    picture.show()
    assert Path(opened[0]).read_bytes().startswith(b"<?xml")


def test_dot_text_under_a_pictures_name_is_worth_a_warning(picture: Picture, tmp_path: Path) -> None:
    with pytest.warns(graphviz.FormatSuffixMismatchWarning, match="will hold DOT text"):
        picture.save(tmp_path / "y.svg")
    picture.save(tmp_path / "y.gv")


def test_a_repl_says_what_to_do_with_a_picture(picture: Picture) -> None:
    assert repr(picture) == '<Picture: show() opens it, render("name") writes name.svg>'
