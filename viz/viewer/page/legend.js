/** What the colours, lines and outlines mean, and what was left out. */

import { ROLES } from "./data.js";
import { make, part } from "./dom.js";
import { CanvasPen } from "./pens.js";
import { SVG_UP_TO } from "./view.js";
import { numberText } from "./words.js";

const FEW = 30; // cards, whose numbers can be read

/** @param {import("./paint.js").Painter} painter */
export function legend(painter) {
  const { graph, palette, scene } = painter;
  const { passes } = painter.store.now;
  const roles = Object.entries(ROLES).filter(([letter]) => graph.roles.includes(letter));
  part("legend").replaceChildren(
    ...(passes === "backward" ? [] : [forward(painter)]),
    ...(passes === "forward" ? [] : backward(painter)),
    ...roles.map(([letter, role]) => sample((pen) => pen.card(2, 2, 36, 12, palette.faces[letter]), role)),
    ...(scene.count > FEW ? fromAfar(painter) : []),
    ...(scene.isLabelled ? [] : [words("what is written on the arrows of a smaller graph: point at a value")]),
    ...(scene.byDot ? [] : [words("long arrows are faint")]),
    ...graph.notes.map(words),
  );
}

function forward({ palette }) {
  return arrow([2, 8, 12, 8, 24, 8, 30, 8, 38, 8], { colour: palette.forward, width: 1.4 }, "forward pass: values");
}

function backward({ graph, palette, store, top }) {
  const stroke = { colour: palette.backward, width: 1.4, dash: [5, 3] };
  const points = [38, 8, 28, 8, 16, 8, 10, 8, 2, 8];
  if (!hasRun(graph)) return [arrow(points, stroke, "backward pass: not run yet; call backward()")];
  const items = [arrow(points, stroke, "backward pass: gradients, × local derivative")];
  const { hasLocal, arrayLocals } = graph.frame;
  const isProduct = (slot) => graph.carries(slot) && !hasLocal[slot] && !(slot in arrayLocals);
  if (graph.owners.some((_, slot) => isProduct(slot))) items.push(words("VJP: vector-Jacobian product"));
  if (store.now.passes === "backward") {
    const [least, most] = [numberText(10 ** (top - 4)), numberText(10 ** top)];
    items.push(words(`width: a decade of |gradient| each, from ${least} to ${most} and more; dotted: 0`));
  }
  return items;
}

function fromAfar({ graph, palette, store }) {
  const items = [];
  if (hasRun(graph) && store.now.passes !== "forward") {
    items.push(sample((pen) => pen.block(2, 4, 36, 8, palette.positive), "from afar: gradient above 0"));
    items.push(sample((pen) => pen.block(2, 4, 36, 8, palette.negative), "below 0, the stronger the larger"));
  }
  const arrows = graph.size > SVG_UP_TO ? "; from afar some arrows stand for all" : "";
  return [...items, words(`zoom in for numbers${arrows}`)];
}

/** Whether a backward pass has reached an operation, or a root. */
function hasRun({ frame, ops, isRoot }) {
  return frame.hasGradient.some((one, i) => one && (ops[i] >= 0 || isRoot.has(i)));
}

function words(text) {
  return make("span", {}, text);
}

function arrow(points, stroke, text) {
  return sample((pen) => pen.arrow(points, stroke), text);
}

function sample(paint, text) {
  const canvas = /** @type {HTMLCanvasElement} */ (
    make("canvas", { width: "80", height: "32", "aria-hidden": "true" })
  );
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(2, 2);
  paint(new CanvasPen(context));
  return make("span", {}, canvas, text);
}
