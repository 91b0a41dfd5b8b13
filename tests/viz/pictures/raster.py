"""Pictures as pixels, and the boxes that Graphviz says it drew in them."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import numpy as np
from matplotlib.image import imread
from numpy.typing import NDArray

from viz import Picture

SCALE = 144 / 72  # pixels in a point, as in viz.layout.layout
PAD = 0.15 * 144  # around the drawing, as in viz.pictures.dot

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Raster:
    """A picture's pixels (height, width, 3) and the boxes of its nodes."""

    pixels: Pixels
    boxes: list[Box]

    def near(self, colour: str, within: int = 40) -> NDArray[np.bool_]:
        """Which pixels have about that colour."""
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        return np.abs(self.pixels.astype(int) - wanted).sum(axis=2) <= within

    def outside_boxes(self) -> NDArray[np.bool_]:
        """Which pixels lie in no node's box, two pixels of outline allowed."""
        outside = np.ones(self.pixels.shape[:2], bool)
        for box in self.boxes:
            rows = slice(max(0, int(box.top) - 2), int(box.bottom) + 3)
            columns = slice(max(0, int(box.left) - 2), int(box.right) + 3)
            outside[rows, columns] = False
        return outside

    @property
    def lowest_box(self) -> int:
        """The row of pixels where the last box ends: the legend stands below it."""
        return int(max(box.bottom for box in self.boxes)) + 3


def rasterise(picture: Picture) -> Raster:
    """Draw a picture as a PNG and read it again."""
    pixels = imread(io.BytesIO(picture.pipe("png")), format="png")
    layout = json.loads(picture.pipe("json"))
    height = float(layout["bb"].split(",")[3])
    boxes = []
    for node in layout["objects"]:
        if "pos" not in node:
            continue
        x, y = map(float, node["pos"].split(","))
        w, h = float(node["width"]) * 72, float(node["height"]) * 72
        left, top = (x - w / 2) * SCALE + PAD, (height - y - h / 2) * SCALE + PAD
        boxes.append(Box(left, top, left + w * SCALE, top + h * SCALE))
    return Raster((pixels[..., :3] * 255).round().astype(np.uint8), boxes)
