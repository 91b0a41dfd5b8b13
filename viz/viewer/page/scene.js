/**
 * Where everything is in the plane of the graph, in points: cards, the rows on them, and arrows.
 *
 * Each value has a card of its own number; a leaf that is used often has more of them, one at each use.
 */

import { Grid } from "./grid.js";

/**
 * @typedef {object} Arrow
 * @property {number} slot
 * @property {"forward" | "backward"} pass
 * @property {number[]} points where it starts, two control points and an end for each piece, its tip
 */

const ARROW = 8;

export class Scene {
  /** @param {import("./data.js").Graph} graph */
  constructor(graph) {
    const { layout } = graph;
    this.graph = graph;
    this.card = layout.card;
    /** @type {number[]} the slots at which a leaf has one more card */
    const { copies } = layout;
    this.count = graph.size + copies.length;
    /** The value on each card. */
    this.node = Int32Array.from({ length: this.count }, (_, c) =>
      c < graph.size ? c : graph.sources[copies[c - graph.size]],
    );
    /** The card from which each slot's arrow comes. */
    this.from = graph.sources.slice();
    copies.forEach((slot, k) => {
      this.from[slot] = graph.size + k;
    });
    /** @type {Map<number, number[]>} the cards of the leaves that have several */
    this.several = new Map();
    for (let c = graph.size; c < this.count; c++) {
      const i = this.node[c];
      this.several.set(i, [...(this.several.get(i) ?? [i]), c]);
    }
    this.x = Float32Array.from(layout.x.split(","), Number);
    this.y = Float32Array.from(layout.y.split(","), Number);
    this.byDot = layout.layout === "dot";
    [this.forward, this.backward, this.labels] = layout.curves;
    this.isLabelled = Object.keys(this.labels).length > 0 || !graph.sources.length;
    this.measure();
    /** @type {Grid | null} */
    this.cardGrid = null;
    /** @type {Grid | null} */
    this.arrowGrid = null;
  }

  /** Find the cards' sizes, and the bounds of the whole. */
  measure() {
    const { graph, card } = this;
    const { widths } = graph.layout;
    this.w = new Float32Array(this.count);
    this.h = new Float32Array(this.count);
    const bounds = [Infinity, Infinity, -Infinity, -Infinity];
    for (let c = 0; c < this.count; c++) {
      const i = this.node[c];
      const [values, gradients] = this.lineCounts(i);
      this.w[c] = typeof widths === "number" ? widths : widths[c];
      this.h[c] = card.title + (i in graph.shapes ? card.shape : 0) + card.line * (values + gradients) + card.foot;
      const [left, top, right, bottom] = this.box(c);
      bounds[0] = Math.min(bounds[0], left);
      bounds[1] = Math.min(bounds[1], top);
      bounds[2] = Math.max(bounds[2], right);
      bounds[3] = Math.max(bounds[3], bottom);
    }
    for (const points of [...Object.values(this.forward), ...Object.values(this.backward)]) {
      for (let k = 0; k < points.length; k += 2) {
        bounds[1] = Math.min(bounds[1], points[k + 1] - 2);
        bounds[3] = Math.max(bounds[3], points[k + 1] + 2);
      }
    }
    this.bounds = bounds;
  }

  /** The cards of a value. @param {number} i @returns {number[]} */
  cards(i) {
    return this.several.get(i) ?? [i];
  }

  /** The card of a value that is nearest to a point. */
  nearest(i, x, y) {
    const far = (c) => Math.hypot(this.x[c] - x, this.y[c] - y);
    return this.cards(i).reduce((best, c) => (far(c) < far(best) ? c : best));
  }

  /** How many lines a value takes, and its gradient. @returns {[number, number]} */
  lineCounts(i) {
    const array = this.graph.frame.arrays[i];
    const gradients = this.graph.isConstant(i) ? 0 : (array?.gradient?.length ?? 1);
    return [array ? array.value.length : 1, gradients];
  }

  /** The tops of the rows of a card: its value, its gradient. */
  rows(c) {
    const i = this.node[c];
    const [values] = this.lineCounts(i);
    const top = this.y[c] - this.h[c] / 2;
    const value = top + this.card.title + (i in this.graph.shapes ? this.card.shape : 0);
    return { value, gradient: value + values * this.card.line };
  }

  /** Where arrows leave and enter a card. */
  port(c, pass) {
    const [values, gradients] = this.lineCounts(this.node[c]);
    const { value, gradient } = this.rows(c);
    const { line } = this.card;
    return pass === "forward" ? value + (values * line) / 2 : gradient + (Math.max(1, gradients) * line) / 2;
  }

  /** @param {number} slot @param {"forward" | "backward"} pass @returns {number[]} */
  points(slot, pass) {
    const known = (pass === "forward" ? this.forward : this.backward)[slot];
    if (known) return known;
    const { owners, offsets } = this.graph;
    const [source, owner] = [this.from[slot], owners[slot]];
    const among = offsets[owner + 1] - offsets[owner];
    const spread = among > 1 ? ((slot - offsets[owner]) / (among - 1) - 0.5) * Math.min(10, 3 * among) : 0;
    const [x0, y0] = [this.x[source] + this.w[source] / 2, this.port(source, pass)];
    const [x1, y1] = [this.x[owner] - this.w[owner] / 2, this.port(owner, pass) + spread];
    const reach = Math.max(24, Math.min(160, Math.abs(x1 - x0) * 0.45));
    if (pass === "forward") return [x0, y0, x0 + reach, y0, x1 - ARROW - reach, y1, x1 - ARROW, y1, x1, y1];
    return [x1, y1, x1 - reach, y1, x0 + ARROW + reach, y0, x0 + ARROW, y0, x0, y0];
  }

  /** Whether dot has made room for a label. */
  hasRoom(slot, pass) {
    return `${pass[0]}${slot}` in this.labels;
  }

  /** The middle of an arrow's label. @returns {[number, number]} */
  labelPlace(slot, pass) {
    const known = this.labels[pass[0] + slot];
    if (known) return known;
    const p = this.points(slot, pass);
    const k = 6 * Math.floor((p.length - 4) / 12);
    const along = (d) => (p[k + d] + 3 * p[k + 2 + d] + 3 * p[k + 4 + d] + p[k + 6 + d]) / 8;
    return [along(0), along(1)];
  }

  /** Build what finds cards and arrows in a part of the plane; only large graphs need it for drawing. */
  index() {
    if (this.cardGrid) return;
    const { owners } = this.graph;
    this.cardGrid = new Grid(this.count, (c) => this.box(c));
    this.arrowGrid = new Grid(owners.length, (slot) => {
      const [a, b] = [this.from[slot], owners[slot]];
      const [xa, xb] = [this.x[a] + this.w[a] / 2, this.x[b] - this.w[b] / 2];
      return [
        Math.min(xa, xb - 24),
        Math.min(this.y[a], this.y[b]) - 30,
        Math.max(xb, xa + 24),
        Math.max(this.y[a], this.y[b]) + 30,
      ];
    });
  }

  /** @returns {[number, number, number, number]} */
  box(c) {
    const [w, h] = [this.w[c] / 2, this.h[c] / 2];
    return [this.x[c] - w, this.y[c] - h, this.x[c] + w, this.y[c] + h];
  }

  /** The value at a point of the plane, or -1. @param {number} margin how far beside a card still counts */
  hit(x, y, margin) {
    this.index();
    const near = /** @type {Grid} */ (this.cardGrid).find(x - margin, y - margin, x + margin, y + margin);
    let best = -1;
    let least = Infinity;
    for (const c of near) {
      const dx = Math.max(0, Math.abs(x - this.x[c]) - this.w[c] / 2);
      const dy = Math.max(0, Math.abs(y - this.y[c]) - this.h[c] / 2);
      const far = Math.max(dx, dy);
      if (far <= margin && far < least) [best, least] = [this.node[c], far];
    }
    return best;
  }
}
