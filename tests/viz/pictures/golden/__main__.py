"""Write the kept DOT texts anew."""

from tests.viz.pictures.golden import FOLDER, PICTURES

for name, draw in PICTURES.items():
    (FOLDER / f"{name}.dot").write_text(draw().source, encoding="utf-8")
    print(f"{name}.dot")
