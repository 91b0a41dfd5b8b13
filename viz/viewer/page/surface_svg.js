/** A graph of up to some thousand values on the screen: as elements of SVG, crisp and printed as they are. */

import { LEGIBLE } from "./paint.js";
import { FONT, SVG, SvgPen, keepSpaces } from "./pens.js";

export class SvgSurface {
  /** @param {import("./paint.js").Painter} painter @param {import("./camera.js").Camera} camera */
  constructor(painter, camera) {
    this.painter = painter;
    this.camera = camera;
    this.element = document.createElementNS(SVG, "svg");
    this.element.classList.add("surface");
    this.element.setAttribute("font-family", FONT);
    keepSpaces(this.element);
    this.stale = true;
    const { graph } = painter;
    this.cards = Array.from(painter.scene.node.keys());
    this.slots = Array.from(graph.sources.keys());
  }

  /** What is drawn has changed. */
  invalidate() {
    this.stale = true;
  }

  /** Only these nodes, and the arrows to them, have changed. @param {number[]} some */
  touch(some) {
    if (this.stale) return;
    const { graph, scene } = this.painter;
    const slots = some.flatMap((i) => this.slots.slice(graph.offsets[i], graph.offsets[i + 1]));
    const nodes = new Set([...some, ...slots.map((slot) => graph.sources[slot])]);
    const cards = [...nodes].flatMap((i) => scene.cards(i));
    const drawn = document.createElementNS(SVG, "g");
    this.painter.paint(new SvgPen(drawn, true), cards, slots, 1);
    for (const element of drawn.querySelectorAll("[data-key]")) this.keep(element);
  }

  keep(element) {
    const key = element.getAttribute("data-key");
    this.parts.get(key)?.replaceWith(element);
    this.parts.set(key, element);
  }

  /** Draw. @returns {boolean} whether there is more to draw */
  draw() {
    const { camera } = this;
    if (this.stale) {
      const drawn = document.createElementNS(SVG, "g");
      this.painter.paint(new SvgPen(drawn, true), this.cards, this.slots, 1);
      this.element.replaceChildren(drawn);
      /** @type {Map<string | null, Element>} */
      this.parts = new Map();
      for (const element of drawn.querySelectorAll("[data-key]"))
        this.parts.set(element.getAttribute("data-key"), element);
      this.stale = false;
    }
    const plane = /** @type {SVGElement} */ (this.element.firstElementChild);
    plane.setAttribute("transform", `translate(${camera.left} ${camera.top}) scale(${camera.scale})`);
    plane.classList.toggle("unlabelled", camera.scale < LEGIBLE.labels * 0.6);
    plane.classList.toggle("far", camera.scale < LEGIBLE.far);
    return false;
  }
}
