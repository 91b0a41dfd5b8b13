"""What the tests of the viewer share."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from autograd_lite import Value
from viz.viewer.html import save_html


def beginner() -> Value:
    """tanh(a*b + c), with a used twice."""
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(6.5, label="c")
    d = a * b
    d.label = "d"
    o = (d + c - a / 4.0).tanh()
    o.label = "o"
    o.backward()
    return o


def write_wide(path: Path, rows: int) -> Path:
    """The page of a wide graph, as networks are, of some 500 values a row."""
    row = [Value(x) for x in np.random.default_rng(0).normal(size=250).tolist()]
    for k in range(1, rows):
        row = [x + 0.5 * row[(i + k) % 250] if i % 2 else x - row[(i * k + 1) % 250].tanh() for i, x in enumerate(row)]
    y = sum(row[1:], row[0]) * 1e-9
    y.backward()
    return Path(save_html(y, path, names={}))


def data_of(page: str) -> dict[str, Any]:
    """What the page knows of the graph."""
    found = re.search(r'<script id="data" type="text/plain">([A-Za-z0-9+/=]*)</script>', page)
    assert found is not None
    data: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(found[1])))
    return data


def tanh_of_product() -> Value:
    """tanh(a * b), after its backward pass."""
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    y = (a * b).tanh()
    y.backward()
    return y
