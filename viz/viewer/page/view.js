/** The graph on the screen: draws when something has changed, and marks what the reader points at. */

import { part } from "./dom.js";
import { CanvasSurface } from "./surface_canvas.js";
import { SvgSurface } from "./surface_svg.js";

/** Values up to which the screen shows elements of SVG. */
export const SVG_UP_TO = 2000;

const GAP = 4; // between a card and its mark

export class View {
  constructor(painter, camera, steps, store) {
    Object.assign(this, { painter, camera, steps, store });
    const small = painter.graph.size <= SVG_UP_TO;
    this.surface = small ? new SvgSurface(painter, camera) : new CanvasSurface(painter, camera);
    part("graph").prepend(this.surface.element);
    this.rings = { hovered: part("ring-hovered"), focused: part("ring-focused"), now: part("ring-now") };
    this.waiting = false;
    this.lastStep = store.now.step;
  }

  /** Draw in the next frame. */
  soon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      const more = this.surface.draw();
      this.mark();
      if (more) this.soon();
    });
  }

  /** What is drawn has changed. */
  renew() {
    this.surface.invalidate();
    this.soon();
  }

  /** The slider has moved by one step: little has changed. */
  stepped() {
    const { step } = this.store.now;
    const { forward } = this.steps;
    const [low, high] = [Math.min(step, this.lastStep), Math.max(step, this.lastStep)];
    this.lastStep = step;
    if (high - low > 1 || (low <= forward.length && high > forward.length)) {
      this.renew();
      return;
    }
    this.surface.touch([low, high].map((at) => this.steps.nodeOf(at)).filter((i) => i >= 0));
    this.soon();
  }

  mark() {
    const { hovered, focused, selected, step } = this.store.now;
    const now = this.steps.nodeOf(step);
    this.ring(this.rings.hovered, hovered);
    this.ring(this.rings.focused, focused >= 0 ? focused : selected);
    this.ring(this.rings.now, now);
    this.rings.now.classList.toggle("back", now >= 0 && !this.steps.isForward(step));
  }

  /** Mark all cards of a value. */
  ring(element, i) {
    element.toggleAttribute("hidden", i < 0);
    if (i < 0) return;
    const { scene } = this.painter;
    element.setAttribute("d", scene.cards(i).map((c) => this.around(scene.box(c))).join(""));
  }

  /** The outline around a box, as a path. */
  around([x0, y0, x1, y1]) {
    const { scale, left, top } = this.camera;
    const [w, h] = [(x1 - x0) * scale + 2 * GAP, (y1 - y0) * scale + 2 * GAP];
    const r = Math.min(12, w / 2, h / 2);
    const side = (letter, length, dx, dy) => `${letter}${length}a${r} ${r} 0 0 1 ${dx} ${dy}`;
    return (
      `M${x0 * scale + left - GAP + r} ${y0 * scale + top - GAP}${side("h", w - 2 * r, r, r)}` +
      `${side("v", h - 2 * r, -r, r)}${side("h", 2 * r - w, -r, -r)}${side("v", 2 * r - h, r, -r)}z`
    );
  }
}
