"""Write the figures that the tests of the optimisers compare with: tests/data/optim_torch.json.

python tools/optim_reference.py    # needs torch
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.optim.reference import FIGURES, KEPT, RUNS, torch_figures

ABOUT = (
    f"Written by tools/optim_reference.py with torch {torch.__version__}, in float64. After the steps {KEPT} of each "
    "run: the six weights, the bias, and the next learning rate or the norm before clipping where there is one."
)


def main() -> None:
    """Run every run with torch, one line of the file for each."""
    lines = [f"{json.dumps(str(run))}: {json.dumps(torch_figures(run), separators=(',', ':'))}" for run in RUNS]
    text = f'{{"about": {json.dumps(ABOUT)},\n"runs": {{\n' + ",\n".join(lines) + "\n}}\n"
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(text, encoding="utf-8")
    print(f"{FIGURES}: {len(RUNS)} runs, {len(text) / 1024:.0f} kB")


if __name__ == "__main__":
    main()
