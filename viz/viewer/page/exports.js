/** The picture as a file: the whole graph, as it is drawn now. */

import { LEGIBLE } from "./paint.js";
import { CanvasPen, FONT, SVG, SvgPen, keepSpaces } from "./pens.js";

const BORDER = 20;
const DETAILED_UP_TO = 10_000; // cards; an SVG file of more shows them as they are seen from afar
const LARGEST = 8192; // pixels: browsers draw no larger canvas everywhere

/** @param {import("./paint.js").Painter} painter @returns {string} */
export function svgText(painter) {
  const { left, top, width, height } = frame(painter);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  svg.setAttribute("font-family", FONT);
  keepSpaces(svg);
  const pen = new SvgPen(svg);
  pen.block(left, top, width, height, painter.palette.ground);
  const [cards, slots] = [all(painter.scene.count), all(painter.graph.sources.length)];
  if (cards.length > DETAILED_UP_TO) painter.sketch(pen, cards, slots, LEGIBLE.boxes / 2, 1);
  else painter.paint(pen, cards, slots, 1);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(svg)}\n`;
}

/** @param {import("./paint.js").Painter} painter @returns {Promise<Blob>} */
export function pngBlob(painter) {
  const { left, top, width, height } = frame(painter);
  const scale = Math.min(2, LARGEST / width, LARGEST / height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.ceil(width * scale));
  canvas.height = Math.max(1, Math.ceil(height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = painter.palette.ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
  const pen = new CanvasPen(context);
  const [cards, slots] = [all(painter.scene.count), all(painter.graph.sources.length)];
  if (scale < LEGIBLE.boxes) painter.sketch(pen, cards, slots, scale, 1);
  else painter.paint(pen, cards, slots, scale);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large for this browser"))),
      "image/png",
    );
  });
}

/** Hand a file to the reader. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function frame({ scene }) {
  const [left, top, right, bottom] = scene.bounds;
  return {
    left: left - BORDER,
    top: top - BORDER,
    width: right - left + 2 * BORDER,
    height: bottom - top + 2 * BORDER,
  };
}

function all(count) {
  return Array.from({ length: count }, (_, i) => i);
}
