/** Drawing a graph, or a part of it, with a pen: how cards and arrows look. */

import { ROLES } from "./data.js";
import { fitted, textWidth } from "./pens.js";
import { numberText, oneLine, shorten } from "./words.js";

/** The scales from which on something is drawn; below `boxes` a card is a dot. */
export const LEGIBLE = { boxes: 0.16, text: 0.42, labels: 0.75, far: 0.32 };

const SIZE = 12.5;
const SMALL = 10.5;
const DIM = 0.13;
const DASH = [6, 4];
const WIDTHS = [0.75, 2, 3.25, 4.75, 6];

/** The colours of the page, which depend on the theme. */
export function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const faces = {};
  for (const [letter, role] of Object.entries(ROLES)) {
    faces[letter] = {
      fill: colour(`${role}-fill`),
      outline: colour(`${role}-outline`),
      width: role === "parameter" ? 2 : 1,
      radius: role === "operation" ? 9 : 0,
      dash: role === "constant" ? [5, 3] : [],
    };
  }
  const names = ["ground", "ink", "muted", "line", "forward", "backward", "positive", "negative", "odd", "odd-text", "warn"];
  return { ...Object.fromEntries(names.map((name) => [name, colour(name)])), faces };
}

export class Painter {
  /**
   * @param {import("./scene.js").Scene} scene
   * @param {import("./words.js").Words} words
   * @param {import("./steps.js").Steps} steps
   * @param {import("./emphasis.js").Emphasis} emphasis
   * @param {import("./store.js").Store} store
   */
  constructor(scene, words, steps, emphasis, store) {
    Object.assign(this, { scene, words, steps, emphasis, store });
    this.graph = scene.graph;
    this.palette = readPalette();
    this.rescale();
  }

  /** Find the decade of the largest gradient, for the widths of arrows. */
  rescale() {
    let top = 0;
    const { gradients } = this.graph.frame;
    for (const g of gradients) if (Number.isFinite(g) && Math.abs(g) > top) top = Math.abs(g);
    this.top = top ? decade(top) : 0;
  }

  /** Cards with everything on them, and arrows with labels. */
  paint(pen, cards, slots, scale) {
    const { passes } = this.store.now;
    const labels = scale >= LEGIBLE.labels;
    pen.group({ class: "arrows" });
    for (const slot of slots) {
      pen.fade(1);
      pen.group({ "data-key": `arrow ${slot}` });
      if (passes !== "backward") this.arrow(pen, slot, "forward");
      if (passes !== "forward" && this.graph.carries(slot)) this.arrow(pen, slot, "backward");
      pen.end();
    }
    pen.end();
    if (labels) {
      pen.fade(1);
      pen.group({ class: "labels" });
      for (const slot of slots) {
        pen.fade(1);
        pen.group({ "data-key": `label ${slot}` });
        this.label(pen, slot, passes);
        pen.end();
      }
      pen.end();
    }
    pen.fade(1);
    pen.group({ class: "cards" });
    for (const c of cards) if (this.takesPart(this.scene.node[c])) this.card(pen, c, scale);
    pen.end();
    pen.fade(1);
  }

  /** From afar: dots and lines, each colour in one go. `every` arrow and no other is drawn. */
  sketch(pen, cards, slots, scale, every) {
    const { scene, graph, emphasis } = this;
    const { passes } = this.store.now;
    const [near, far] = [[], []];
    const reversed = passes === "backward";
    for (const slot of slots) {
      const [a, b] = [scene.from[slot], graph.owners[slot]];
      if (reversed && !graph.carries(slot)) continue;
      const lit = emphasis.arrowLit(slot);
      if (slot % every && !(lit && emphasis.lit)) continue; // the same arrows in all tiles, and all that stand out
      const ends = lit ? near : far;
      ends.push(scene.x[a] + scene.w[a] / 2, scene.y[a], scene.x[b] - scene.w[b] / 2, scene.y[b]);
    }
    const colour = reversed ? this.palette.backward : this.palette.forward;
    const width = Math.min(0.7, 0.25 + scale * 3) / scale;
    pen.fade(0.04);
    pen.lines(far, { colour, width });
    pen.fade(every > 1 || near.length > 8000 ? 0.35 : 0.6);
    pen.lines(near, { colour, width: emphasis.lit ? 2 * width : width });
    this.dots(pen, cards, 1.4 / scale);
    pen.fade(1);
  }

  /** Arrows that only pass, faint beneath the others. */
  passing(pen, slots, every) {
    const { passes } = this.store.now;
    const pass = passes === "backward" ? "backward" : "forward";
    const stroke = { colour: this.palette[pass], width: 1.6 };
    for (const slot of slots) {
      if (slot % every || (pass === "backward" && !this.graph.carries(slot))) continue;
      pen.fade(Math.max(0.16, this.faint(slot)) * (this.emphasis.arrowLit(slot) ? 0.8 : DIM));
      pen.arrow(this.scene.points(slot, pass), stroke, false);
    }
  }

  /** Cards without texts: their colour is the sign of the gradient, their strength its decade. */
  dots(pen, cards, least) {
    const { scene, emphasis } = this;
    /** @type {Map<string, number[]>} */
    const kinds = new Map();
    for (const c of cards) {
      const i = scene.node[c];
      if (!this.takesPart(i)) continue;
      const kind = `${emphasis.isLit(i) ? 1 : DIM} ${this.dot(i)}`;
      const same = kinds.get(kind);
      if (same) same.push(c);
      else kinds.set(kind, [c]);
    }
    for (const [kind, some] of [...kinds].sort()) {
      const [lit, strength, colour] = kind.split(" ");
      pen.fade(Number(lit) * Number(strength));
      const fill = this.palette[colour] ?? this.palette.faces[colour].outline;
      for (const c of some) {
        const [w, h] = [Math.max(scene.w[c], least), Math.max(scene.h[c], least)];
        pen.block(scene.x[c] - w / 2, scene.y[c] - h / 2, w, h, fill);
      }
    }
  }

  /** How strong a dot is, and its colour. */
  dot(i) {
    const { graph } = this;
    const { step, passes } = this.store.now;
    if (passes === "forward" || !graph.frame.hasGradient[i])
      return `${this.steps.hasValue(i, step) ? 0.8 : 0.2} ${graph.roles[i]}`;
    const g = this.steps.gradientAt(i, step);
    if (g === null) return `${this.steps.hasValue(i, step) ? 0.5 : 0.2} line`;
    if (!Number.isFinite(g)) return "1 odd";
    if (g === 0) return "0.4 line";
    const strength = 0.36 + 0.16 * Math.max(0, Math.min(4, 4 - this.top + decade(Math.abs(g))));
    const sign = graph.frame.arrays[i]?.sign ?? Math.sign(g);
    return `${strength.toFixed(2)} ${sign > 0 ? "positive" : sign < 0 ? "negative" : "muted"}`;
  }

  /** Constants take no part in the backward pass. */
  takesPart(i) {
    return this.store.now.passes !== "backward" || !this.graph.isConstant(i) || this.graph.isRoot.has(i);
  }

  // --- arrows

  /** How an arrow looks. @returns {import("./pens.js").Stroke} */
  stroke(slot, pass) {
    const now = this.isNow(slot, pass);
    if (pass === "forward") return { colour: this.palette.forward, width: now ? 3 : 1.2 };
    const flow = this.store.now.passes === "backward" ? this.flow(slot) : null;
    if (flow === 0) return { colour: this.palette.line, width: 0.9, dash: [1, 3] };
    const width = flow === null ? 1.2 : this.width(flow);
    return {
      colour: flow === null || Number.isFinite(flow) ? this.palette.backward : this.palette.odd,
      width: now ? Math.max(3, width) : width,
      dash: DASH.map((d) => d * Math.max(1, width / 2)),
    };
  }

  /** The size of what an arrow of the backward pass brings, where that is a number; else of what it starts from. */
  flow(slot) {
    const { frame, owners } = this.graph;
    return Math.abs(frame.hasLocal[slot] ? this.steps.product(slot) : frame.gradients[owners[slot]]);
  }

  /** A width for each decade. */
  width(flow) {
    return Number.isFinite(flow) ? WIDTHS[Math.max(0, Math.min(4, 4 - this.top + decade(flow)))] : 6;
  }

  /** Whether an arrow belongs to the step that is shown. */
  isNow(slot, pass) {
    const { steps } = this;
    const { step } = this.store.now;
    return steps.nodeOf(step) === this.graph.owners[slot] && steps.isForward(step) === (pass === "forward");
  }

  /** Where dot has not led them around the cards, long arrows are faint: there are many, and they cross everything. */
  faint(slot) {
    const { scene, graph, emphasis } = this;
    if (scene.byDot || emphasis.lit) return 1;
    const [a, b] = [scene.from[slot], graph.owners[slot]];
    return Math.max(0.08, Math.min(1, 320 / Math.hypot(scene.x[b] - scene.x[a], scene.y[b] - scene.y[a])));
  }

  /** Whether the pass has come so far. */
  isDone(slot, pass) {
    const { step } = this.store.now;
    const owner = this.graph.owners[slot];
    return (pass === "forward" ? this.steps.forwardPlace : this.steps.backwardPlace)[owner] <= step;
  }

  arrow(pen, slot, pass) {
    const alpha = !this.emphasis.arrowLit(slot) ? DIM : this.isDone(slot, pass) ? 1 : 0.22;
    pen.fade(this.isNow(slot, pass) ? 1 : alpha * this.faint(slot));
    pen.arrow(this.scene.points(slot, pass), this.stroke(slot, pass));
  }

  label(pen, slot, passes) {
    const { graph, scene, palette } = this;
    const owner = graph.owners[slot];
    const alpha = this.emphasis.arrowLit(slot) ? 1 : DIM;
    const write = (text, pass, colour) => {
      const [x, y] = scene.labelPlace(slot, pass);
      pen.fade(this.isDone(slot, pass) ? alpha : Math.min(alpha, 0.22));
      const room = scene.hasRoom(slot, pass) ? Infinity : this.roomFor(slot);
      if (room > 30)
        pen.text(fitted(text, SMALL, room), x, y + 4, {
          size: SMALL,
          colour,
          anchor: "middle",
          ground: palette.ground,
        });
    };
    const named = graph.slotNames[`${graph.op(owner)?.name} ${graph.offsets[owner + 1] - graph.offsets[owner]}`];
    if (named && passes !== "backward") write(named[slot - graph.offsets[owner]], "forward", palette.forward);
    if (passes !== "forward" && graph.carries(slot)) write(this.words.local(slot), "backward", palette.backward);
  }

  /** How wide a label may be between two cards. */
  roomFor(slot) {
    const { x, w, from } = this.scene;
    const [a, b] = [from[slot], this.graph.owners[slot]];
    return x[b] - w[b] / 2 - x[a] - w[a] / 2 - 20;
  }

  // --- cards

  card(pen, c, scale) {
    const { scene, palette, graph } = this;
    const i = scene.node[c];
    const [left, top] = scene.box(c);
    pen.fade(this.emphasis.isLit(i) ? 1 : DIM);
    pen.group({ class: "card", "data-id": String(i), "data-key": `card ${c}` });
    pen.card(left, top, scene.w[c], scene.h[c], palette.faces[graph.roles[i]]);
    if (scale >= LEGIBLE.text) this.texts(pen, c);
    if (scale < LEGIBLE.text || pen.isLive) this.bar(pen, c);
    if (graph.hints[i]) this.badge(pen, c, scale);
    pen.end();
  }

  /** What stands for the numbers when they are too small to read: the gradient's sign and decade as a colour. */
  bar(pen, c) {
    const { scene } = this;
    const i = scene.node[c];
    const [strength, colour] = this.dot(i).split(" ");
    const [left, top] = scene.box(c);
    const [w, h] = [scene.w[c], scene.h[c]];
    pen.fade(Number(strength) * (pen.isLive || this.emphasis.isLit(i) ? 1 : DIM)); // live, the card is dim as a whole
    pen.group({ class: "bar" });
    pen.block(left + 0.15 * w, top + 0.3 * h, 0.7 * w, 0.4 * h, this.palette[colour] ?? this.palette.line);
    pen.end();
    pen.fade(pen.isLive || this.emphasis.isLit(i) ? 1 : DIM);
  }

  texts(pen, c) {
    const { scene, graph, palette } = this;
    const i = scene.node[c];
    const [, top] = scene.box(c);
    this.title(pen, c, top + 17);
    if (i in graph.shapes) {
      pen.text(graph.shapes[i], scene.x[c], top + scene.card.title + 8, {
        size: SMALL,
        colour: palette.muted,
        anchor: "middle",
      });
    }
    const { step, passes } = this.store.now;
    const { value, gradient } = scene.rows(c);
    const known = this.steps.hasValue(i, step);
    const lines = graph.frame.arrays[i]?.value ?? [numberText(graph.frame.values[i])];
    this.row(pen, c, value, "value", palette.forward, known ? lines : ["·"]);
    if (passes === "forward" || graph.isConstant(i)) return;
    this.row(pen, c, gradient, "grad", palette.backward, this.gradientLines(i, step));
  }

  gradientLines(i, step) {
    const { frame } = this.graph;
    if (!frame.hasGradient[i]) return null;
    const now = this.steps.gradientAt(i, step);
    if (now === null) return ["·"];
    const array = frame.arrays[i];
    if (!array?.gradient) return [numberText(now)];
    return array.gradient;
  }

  title(pen, c, y) {
    const { graph, palette, words, scene } = this;
    const i = scene.node[c];
    const x = scene.x[c];
    const room = scene.w[c] - 12;
    const named = i in graph.names;
    if (graph.isConstant(i) && !named) {
      pen.text("constant", x, y, { size: SMALL, colour: palette.muted, anchor: "middle" });
      return;
    }
    const op = graph.op(i);
    const tail = op ? ` = ${words.expression(i)}` : `  ${ROLES[graph.roles[i]]}`;
    const look = op ? { size: SIZE, colour: palette.ink } : { size: SMALL, colour: palette.muted };
    const name = fitted(shorten(oneLine(graph.titleOf(i)), 40), SIZE, op ? room * 0.6 : room, named || !op);
    const nameWidth = textWidth(name, SIZE, named || !op);
    const rest = room - nameWidth > 12 ? fitted(tail, look.size, room - nameWidth) : "";
    const start = x - (nameWidth + textWidth(rest, look.size)) / 2;
    pen.text(name, start, y, { size: SIZE, colour: palette.ink, bold: named || !op });
    if (rest) pen.text(rest.trimStart(), start + nameWidth + textWidth(" ", look.size) * (op ? 1 : 2), y, look);
  }

  /** A row of a card: what it is, and its number; null for a gradient that nobody has computed. */
  row(pen, c, top, what, colour, lines) {
    const { scene, palette } = this;
    const y = top + 13;
    const x = scene.x[c];
    if (lines === null) {
      pen.text("grad not computed", x, y, { size: SMALL, colour: palette.muted, anchor: "middle" });
      return;
    }
    const labelled = textWidth(what, SMALL) + 7;
    const room = scene.w[c] - 12 - labelled;
    const widest = Math.max(...lines.map((line) => textWidth(line, SIZE)));
    const start = x - (Math.min(room, widest) + labelled) / 2;
    pen.text(what, start, y, { size: SMALL, colour });
    lines.forEach((line, k) => {
      const odd = /^(nan|-?inf)$/.test(line);
      const look = { size: SIZE, colour: odd ? palette["odd-text"] : palette.ink, bold: odd };
      pen.text(fitted(line, SIZE, room), start + labelled, y + k * scene.card.line, look);
    });
  }

  badge(pen, c, scale) {
    const [, top, right] = this.scene.box(c);
    const word = scale < LEGIBLE.text ? "!" : this.graph.hints[this.scene.node[c]].map(([name]) => name).join(", ");
    const w = textWidth(word, 9.5, true) + 10;
    pen.card(right - w + 8, top - 14, w, 16, {
      fill: this.palette.warn,
      outline: this.palette.ground,
      width: 1.5,
      radius: 8,
      dash: [],
    });
    pen.text(word, right - w / 2 + 8, top - 2.5, {
      size: 9.5,
      colour: this.palette.ground,
      bold: true,
      anchor: "middle",
    });
  }
}

/** The exponent of a number as it is written. */
export function decade(x) {
  return Number(x.toExponential().split("e")[1]);
}
