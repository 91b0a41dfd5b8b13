/** What the colours, lines and outlines mean, and what was left out. */

import { ROLES } from "./data.js";
import { make, part } from "./dom.js";
import { CanvasPen } from "./pens.js";
import { numberText } from "./words.js";

/** @param {import("./paint.js").Painter} painter */
export function legend(painter) {
  const { graph, palette } = painter;
  const { passes } = painter.store.now;
  const items = [];
  const has = Array.from(graph.frame.hasGradient).some((one, i) => one && (graph.ops[i] >= 0 || graph.isRoot.has(i)));
  if (passes !== "backward")
    items.push(
      arrow([2, 8, 12, 8, 24, 8, 30, 8, 38, 8], { colour: palette.forward, width: 1.4 }, "forward pass: values"),
    );
  if (passes !== "forward") {
    const words = has ? "backward pass: gradients, × local derivative" : "backward pass: not run yet; call backward()";
    items.push(
      arrow([38, 8, 28, 8, 16, 8, 10, 8, 2, 8], { colour: palette.backward, width: 1.4, dash: [5, 3] }, words),
    );
  }
  if (passes === "backward" && has) {
    const least = numberText(10 ** (painter.top - 4));
    items.push(
      make(
        "span",
        {},
        `width: a decade of |gradient| each, from ${least} to ${numberText(10 ** painter.top)} and more; dotted: 0`,
      ),
    );
  }
  for (const [letter, role] of Object.entries(ROLES)) {
    if (graph.roles.includes(letter)) items.push(sample((pen) => pen.card(2, 2, 36, 12, palette.faces[letter]), role));
  }
  if (graph.size > 2000) {
    if (has && passes !== "forward") {
      items.push(sample((pen) => pen.block(2, 4, 36, 8, palette.positive), "from afar: gradient above 0"));
      items.push(sample((pen) => pen.block(2, 4, 36, 8, palette.negative), "below 0, the stronger the larger"));
    }
    items.push(make("span", {}, "zoom in for numbers; from afar some arrows stand for all"));
  }
  if (!painter.scene.byDot) items.push(make("span", {}, "long arrows are faint"));
  for (const note of graph.notes) items.push(make("span", {}, note));
  part("legend").replaceChildren(...items);
}

function arrow(points, stroke, words) {
  return sample((pen) => pen.arrow(points, stroke), words);
}

function sample(paint, words) {
  const canvas = /** @type {HTMLCanvasElement} */ (
    make("canvas", { width: "80", height: "32", "aria-hidden": "true" })
  );
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(2, 2);
  paint(new CanvasPen(context));
  return make("span", {}, canvas, words);
}
