"""Rebuild the pictures that README.md shows, docs/value.svg and every demo's first picture, and its table of demos.

python tools/gallery.py                   # all of them: every demo runs in full, which takes some minutes
python tools/gallery.py value loops       # these
python tools/gallery.py --check           # none: build them elsewhere and tell which are not those in docs/
"""

from __future__ import annotations

import argparse
import html
import importlib
import io
import itertools
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from autograd_lite import Value  # noqa: E402
from demos import _shared  # noqa: E402
from demos.__main__ import demos  # noqa: E402
from viz import draw_dot  # noqa: E402
from viz.pictures.rendering import write_atomically  # noqa: E402

DOCS, README = ROOT / "docs", ROOT / "README.md"
NAMES = ["value", *demos()]
DPI = 120  # a figure of 8 inches is 960 pixels wide: sharp at half that on any screen
LARGEST = 60_000  # bytes: the README loads all of them
TOLERANCE = "the share of a picture that may differ; 0.02 lets another Matplotlib draw letters its way; default: 0"
VISIBLE = 32  # a pixel differs if one of its colours is this far off, of 255


def draw_value(path: Path) -> Path:
    """Draw the graph of one small expression, with its values and gradients: the README's first picture."""
    a, b, c = Value(2.0), Value(-3.0), Value(6.5)
    y = (a * b + c).tanh()
    y.backward()
    draw_dot(y, names={"a": a, "b": b, "c": c, "y": y}).render(outfile=path, cleanup=True)
    return path


def draw(name: str, folder: Path) -> Path:
    """Make one picture of the gallery in `folder`, as the demo leaves it."""
    if name == "value":
        return draw_value(folder / "value.svg")
    with redirect_stdout(io.StringIO()):
        pictures: list[Path] = importlib.import_module(f"demos.{name}").main(folder, seed=0, quick=False)
    return pictures[0]


def smaller(png: bytes) -> bytes:
    """Return a PNG of few colours, chosen for it, which looks the same; what is too large even so is drawn smaller."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for tenths, colours in itertools.product(range(10, 0, -1), (256, 128)):
        packed = io.BytesIO()
        scaled = image.resize((image.width * tenths // 10, image.height * tenths // 10), Image.Resampling.LANCZOS)
        scaled.quantize(colours, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
        if packed.tell() <= LARGEST:
            break
    return packed.getvalue()


def build(name: str) -> tuple[str, bytes]:
    """Return a picture's file name and content."""
    with tempfile.TemporaryDirectory() as folder:
        picture = draw(name, Path(folder))
        data = picture.read_bytes()
    return f"{name}{picture.suffix}", smaller(data) if picture.suffix == ".png" else data


def difference(old: bytes, new: bytes, suffix: str) -> float:
    """Return the share of a picture's pixels that differ visibly; of an SVG's lines."""
    if old == new:
        return 0.0
    if suffix == ".svg":
        lines, others = set(old.splitlines()), set(new.splitlines())
        return len(lines ^ others) / len(lines | others)
    before, after = (Image.open(io.BytesIO(data)).convert("RGB") for data in (old, new))
    if before.size != after.size:
        return 1.0
    return float(np.mean(np.asarray(ImageChops.difference(before, after)).max(axis=2) >= VISIBLE))


def replace(old: Path, data: bytes) -> None:
    """Put a picture into the gallery, also in place of one of another format."""
    write_atomically(old, data)
    for other in {".png", ".svg"} - {old.suffix}:
        old.with_suffix(other).unlink(missing_ok=True)


def faults(old: Path, data: bytes, tolerance: float) -> list[str]:
    """Return what is wrong with a picture of the gallery, which should be `data`."""
    if not old.exists():
        return ["is missing"]
    share = difference(old.read_bytes(), data, old.suffix)
    return [f"differs: {share:.2%} of it"] if share > tolerance else []


def table() -> str:
    """Return the README's table: two demos a row, each with its story and its picture."""
    cells = [
        f'<td width="50%" valign="top"><code>{name}</code>: {html.escape(story, quote=False)}<br>'
        f'<img src="docs/{picture.name}" alt="{name}"></td>'
        for name, story in demos().items()
        for picture in DOCS.glob(f"{name}.*")
    ]
    rows = ("\n".join(cells[i : i + 2]) for i in range(0, len(cells), 2))
    return "<table>\n<tr>\n" + "\n</tr>\n<tr>\n".join(rows) + "\n</tr>\n</table>"


def tell_readme() -> None:
    """Put the table where README.md has one."""
    text = README.read_text("utf-8")
    start, end = text.index("<table>"), text.index("</table>") + len("</table>")
    write_atomically(README, (text[:start] + table() + text[end:]).encode())


def main() -> int:
    """Build the pictures; return 1 if one is too large or, with --check, not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; default: all")
    parser.add_argument("--check", action="store_true", help="change nothing, and fail if a picture differs")
    parser.add_argument("--out", type=Path, default=DOCS, metavar="DIR", help="the gallery's folder; default: docs")
    parser.add_argument("--tolerance", type=float, default=0, metavar="SHARE", help=TOLERANCE)
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no picture is called {' or '.join(sorted(unknown))}; they are {', '.join(NAMES)}")
    _shared.STYLE["savefig.dpi"] = DPI
    failed = False
    for name in options.names or NAMES:
        file, data = build(name)
        wrong = [f"is over {LARGEST:,} bytes"] if len(data) > LARGEST else []
        if options.check:
            wrong += faults(options.out / file, data, options.tolerance)
        else:
            replace(options.out / file, data)
        print(f"{file:<20}{len(data):>7,} bytes  {', '.join(wrong) or 'fine'}", flush=True)
        failed = failed or bool(wrong)
    if not options.check and options.out == DOCS:
        tell_readme()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
