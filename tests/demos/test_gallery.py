"""The pictures of the README: docs/ holds one for each demo, and tools/gallery.py rebuilds them."""

import io
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demos.__main__ import demos

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "tools" / "gallery.py"
GALLERY = runpy.run_path(str(SCRIPT))
DOCS, LARGEST, NAMES = GALLERY["DOCS"], GALLERY["LARGEST"], GALLERY["NAMES"]
CHEAP = ["value", "logistic"]


def rebuild(*arguments):
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True)


def png(pixels):
    data = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(data, "PNG")
    return data.getvalue()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    (folder / "logistic.svg").write_text("what the demo drew first before")
    (folder / "other.png").write_text("no picture of the gallery")
    ran = rebuild(*CHEAP, "--out", folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def test_a_picture_of_a_demo_replaces_the_one_before(built):
    assert {path.name for path in built.iterdir()} == {"value.svg", "logistic.png", "other.png"}
    assert (built / "other.png").read_text() == "no picture of the gallery"


def test_built_again_they_are_the_same_to_the_byte(built, tmp_path):
    assert rebuild(*CHEAP, "--out", tmp_path).returncode == 0
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (built / path.name).read_bytes()
    assert len(list(tmp_path.iterdir())) == len(CHEAP)


def test_check_tells_what_differs_and_changes_nothing(built, tmp_path):
    value = (built / "value.svg").read_text("utf-8")
    (tmp_path / "value.svg").write_text(value.replace("0.7864", "0.7865"), "utf-8")
    before = (tmp_path / "value.svg").read_bytes()
    ran = rebuild("--check", *CHEAP, "--out", tmp_path)
    assert ran.returncode == 1
    assert re.search(r"^value.svg .* bytes  differs: ", ran.stdout, re.MULTILINE)
    assert re.search(r"^logistic.png .* bytes  is missing$", ran.stdout, re.MULTILINE)
    assert [path.name for path in tmp_path.iterdir()] == ["value.svg"]
    assert (tmp_path / "value.svg").read_bytes() == before


def test_an_unknown_picture_is_refused():
    ran = rebuild("no_such_demo")
    assert ran.returncode == 2
    assert "no picture is called no_such_demo; they are value, logistic, " in ran.stderr


def test_the_difference_is_the_share_of_pixels_that_the_eye_can_tell():
    difference, visible = GALLERY["difference"], GALLERY["VISIBLE"]
    black = np.zeros((10, 20, 3))
    other = black.copy()
    other[0, :3, 1] = visible
    other[1] = visible - 1
    assert difference(png(black), png(black), ".png") == 0
    assert difference(png(black), png(other), ".png") == pytest.approx(3 / 200)
    assert difference(png(black), png(black[1:]), ".png") == 1
    assert difference(b"a\nb\nc", b"a\nb\nd", ".svg") == 0.5


def test_a_smaller_png_looks_the_same():
    ramp = np.arange(256)[:, None, None] * np.ones((1, 40, 3))
    picture = png(np.clip(ramp + np.random.default_rng(0).integers(-8, 8, ramp.shape), 0, 255))
    smaller = GALLERY["smaller"](picture)
    assert len(smaller) < 0.7 * len(picture)
    assert GALLERY["difference"](picture, smaller, ".png") == 0


def test_a_picture_that_is_still_too_large_is_drawn_smaller():
    noise = np.random.default_rng(0).integers(0, 256, (400, 300, 3))
    smaller = GALLERY["smaller"](png(noise))
    assert LARGEST / 2 < len(smaller) <= LARGEST
    width, height = Image.open(io.BytesIO(smaller)).size
    assert width < 300
    assert height / width == pytest.approx(400 / 300, rel=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_docs_hold_a_small_picture_of_it_and_the_readme_shows_it(name):
    (picture,) = DOCS.glob(f"{name}.*")
    assert 2_000 < picture.stat().st_size <= LARGEST
    assert picture.read_bytes().startswith({".png": b"\x89PNG\r\n", ".svg": b"<?xml"}[picture.suffix])
    assert f"docs/{picture.name}" in GALLERY["README"].read_text("utf-8")


def test_the_readme_tells_every_demos_story():
    assert GALLERY["table"]() in GALLERY["README"].read_text("utf-8")


def test_every_demo_is_in_the_gallery():
    assert list(demos()) == NAMES[1:]
