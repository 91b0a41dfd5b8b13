/** The two passes, one node at a time: forward in topological order, then backward in the reverse order. */

import { ROLES } from "./data.js";
import { numberText } from "./words.js";

const TERMS_SHOWN = 12;
const ROUNDING = 1e-5; // numbers have seven digits here

export class Steps {
  /** @param {import("./data.js").Graph} graph @param {import("./words.js").Words} words */
  constructor(graph, words) {
    this.graph = graph;
    this.words = words;
    this.renew();
  }

  /** Find the steps; a training snapshot may have gradients where another has none. */
  renew() {
    const { graph } = this;
    const root = graph.roots[0];
    const forward = [];
    for (let i = 0; i < graph.size; i++) if (i === root || !graph.isConstant(i) || i in graph.names) forward.push(i);
    const backward = [];
    if (graph.frame.hasGradient[root]) {
      backward.push(root); // the seed
      for (let i = root; i >= 0; i--) if (this.passesOn(i)) backward.push(i);
    }
    this.forward = Int32Array.from(forward);
    this.backward = Int32Array.from(backward);
    this.total = forward.length + backward.length;
    this.forwardPlace = new Int32Array(graph.size);
    forward.forEach((i, k) => {
      this.forwardPlace[i] = k + 1;
    });
    this.backwardPlace = new Int32Array(graph.size).fill(this.total);
    backward.forEach((i, k) => {
      if (k) this.backwardPlace[i] = forward.length + k + 1;
    });
  }

  passesOn(i) {
    const { offsets } = this.graph;
    for (let slot = offsets[i]; slot < offsets[i + 1]; slot++) if (this.graph.carries(slot)) return true;
    return false;
  }

  /** @param {number} step @returns {number} the node of a step, or -1 before the first */
  nodeOf(step) {
    if (step < 1 || step > this.total) return -1;
    const count = this.forward.length;
    return step <= count ? this.forward[step - 1] : this.backward[step - count - 1];
  }

  isForward(step) {
    return step <= this.forward.length;
  }

  /** Whether a node has its value after so many steps. */
  hasValue(i, step) {
    return this.forwardPlace[i] <= step;
  }

  /** The gradient after so many steps: what the uses so far have added. @returns {number | null} null for none yet */
  gradientAt(i, step) {
    const { graph } = this;
    const { frame } = graph;
    if (!frame.hasGradient[i]) return null;
    if (step >= this.total) return frame.gradients[i];
    if (i === graph.roots[0]) return step > this.forward.length ? frame.gradients[i] : null;
    let sum = 0;
    let [done, all] = [0, 0];
    for (const slot of this.usesInOrder(i)) {
      all++;
      if (this.backwardPlace[graph.owners[slot]] > step) continue;
      done++;
      sum += this.product(slot);
    }
    if (done === all) return all || step > this.forward.length ? frame.gradients[i] : null;
    const before = this.before(i);
    return done || before ? before + sum : null;
  }

  /** The slots from which a node receives its gradient, in the order of the backward pass. @returns {number[]} */
  usesInOrder(i) {
    const { graph } = this;
    const found = [];
    for (let k = graph.useOffsets[i + 1] - 1; k >= graph.useOffsets[i]; k--)
      if (graph.carries(graph.uses[k])) found.push(graph.uses[k]);
    const { owners } = graph;
    return found.sort((a, b) => owners[b] - owners[a] || a - b);
  }

  /** What a leaf's gradient was before this pass: what it has beyond the sum over its uses. @returns {number} */
  before(i) {
    const { graph } = this;
    const held = graph.frame.gradients[i];
    if (graph.ops[i] >= 0 || i in graph.frame.arrays) return 0;
    let [sum, size] = [0, Math.abs(held)];
    for (const slot of this.usesInOrder(i)) {
      sum += this.product(slot);
      size += Math.abs(this.product(slot));
    }
    return Math.abs(held - sum) > ROUNDING * size ? held - sum : 0;
  }

  /** What one use adds to a gradient; a gradient of 0 sends 0, whatever the local derivative is. */
  product(slot) {
    const { frame, owners } = this.graph;
    const [g, local] = [frame.gradients[owners[slot]], frame.locals[slot]];
    return g === 0 || (local === 0 && this.graph.op(owners[slot])?.selects) ? 0 : g * local;
  }

  /** What happens in a step. @param {number} step @returns {string[]} a line for each thing */
  lines(step) {
    const { words } = this;
    const i = this.nodeOf(step);
    if (i < 0) return ["Before the forward pass: nothing has been computed."];
    if (this.isForward(step)) return [this.forwardLine(i)];
    if (step === this.forward.length + 1) return [this.seedLine(i)];
    const slots = words.readingOrder(i).filter((slot) => this.graph.carries(slot));
    const shown = slots.slice(0, TERMS_SHOWN).map((slot) => this.backwardLine(i, slot));
    if (slots.length > TERMS_SHOWN) shown.push(`… and ${slots.length - TERMS_SHOWN} more inputs`);
    return shown;
  }

  /** d = a * b = 2 * -3 = -6 */
  forwardLine(i) {
    const { graph, words } = this;
    const value = words.value(i);
    if (graph.ops[i] < 0) return `${words.name(i)} = ${value} (${ROLES[graph.roles[i]]})`;
    if (i in graph.shapes) return `${words.name(i)} = ${words.expression(i)}: ${graph.shapes[i]}, ${value}`;
    const parts = [words.name(i), words.expression(i), words.arithmetic(i), value];
    return parts.filter((part, k) => part && part !== parts[k + 1]).join(" = ");
  }

  /** dL/dL = 1 (the seed) */
  seedLine(i) {
    const { words } = this;
    const odd =
      this.graph.frame.gradients[i] === 1 || i in this.graph.shapes
        ? ""
        : "; not 1: backward was given another one, or ran more than once";
    const root = words.root() === words.name(i) ? "" : `; ${words.root()} is ${words.name(i)}`;
    return `${words.derivative(i)} = ${words.gradient(i)} (the seed${odd}${root})`;
  }

  /** dL/da += dL/dd * b = 1 * -3 = -3, now 2 */
  backwardLine(i, slot) {
    const { graph, words } = this;
    const source = graph.sources[slot];
    const [target, from] = [words.derivative(source), words.derivative(i)];
    const number = words.localNumber(slot);
    if (number.startsWith("VJP")) return `${target} += ${number} with ${from}`;
    const start = `${target} += ${from} * ${words.factor(slot)}`;
    if (i in graph.frame.arrays) return `${start}, element by element`;
    return `${start} = ${words.gradient(i)} * ${number} = ${numberText(this.product(slot))}${this.soFar(source, slot)}`;
  }

  /** The sum to which a use has brought a gradient, unless it is the first; and why the local derivative is so. */
  soFar(source, slot) {
    const uses = this.usesInOrder(source);
    const place = this.inReadingOrder(uses, slot);
    const before = this.before(source);
    const remarks = [this.words.reason(slot)];
    let now = "";
    if (place.length || before)
      now = `, now ${numberText(place.reduce((sum, other) => sum + this.product(other), before) + this.product(slot))}`;
    if (!place.length && before) remarks.push(`was ${numberText(before)} before this pass`);
    const said = remarks.filter(Boolean).join("; ");
    return said ? `${now} (${said})` : now;
  }

  /** The uses before one; those of one operation come in reading order. */
  inReadingOrder(uses, slot) {
    const { owners } = this.graph;
    const order = this.words.readingOrder(owners[slot]);
    return uses.filter(
      (other) =>
        owners[other] > owners[slot] || (owners[other] === owners[slot] && order.indexOf(other) < order.indexOf(slot)),
    );
  }

  /** Where a node's gradient comes from: a line for each use, and their sum. @returns {{ lines: string[], sum: string }} */
  uses(i) {
    const { graph, words } = this;
    const [first, end] = [graph.useOffsets[i], graph.useOffsets[i + 1]];
    const lines = [];
    let sum = 0;
    let count = 0;
    let exact = true;
    for (let k = first; k < end; k++) {
      const slot = graph.uses[k];
      if (!graph.carries(slot)) continue;
      count++;
      if (graph.frame.hasLocal[slot] && !(graph.owners[slot] in graph.frame.arrays)) sum += this.product(slot);
      else exact = false;
      if (lines.length < TERMS_SHOWN) lines.push(this.useLine(slot));
    }
    if (count > lines.length) lines.push(`… and ${(count - lines.length).toLocaleString("en")} more uses`);
    const name = words.derivative(i);
    if (!count) return { lines, sum: "" };
    if (!exact) return { lines, sum: `${name} = ${words.gradient(i)}` };
    return {
      lines,
      sum: `${name} = ${count > 1 ? `sum of ${count.toLocaleString("en")} uses = ` : ""}${numberText(sum)}`,
    };
  }

  useLine(slot) {
    const { graph, words } = this;
    const owner = graph.owners[slot];
    const number = words.localNumber(slot);
    const start = `${words.derivative(owner)} · ${words.localName(slot)}`;
    if (number.startsWith("VJP")) return `${words.derivative(owner)} through ${number} (vector-Jacobian product)`;
    if (owner in graph.frame.arrays)
      return `${start} = gradient of ${words.name(owner)} · ${number}, element by element`;
    return `${start} = ${words.gradient(owner)} · ${number} = ${numberText(this.product(slot))}`;
  }

  /** The product along the way to the root, while every value on it is used once. @returns {string} */
  wholeProduct(i) {
    const { graph, words } = this;
    const factors = [];
    const numbers = [];
    let at = i;
    while (
      !graph.isRoot.has(at) &&
      graph.useOffsets[at + 1] - graph.useOffsets[at] === 1 &&
      factors.length < TERMS_SHOWN
    ) {
      const slot = graph.uses[graph.useOffsets[at]];
      if (!graph.carries(slot) || !graph.frame.hasLocal[slot]) return "";
      factors.unshift(words.localName(slot));
      numbers.unshift(words.localNumber(slot));
      at = graph.owners[slot];
    }
    if (factors.length < 2) return "";
    if (!(graph.isRoot.has(at) && graph.frame.gradients[at] === 1)) {
      factors.unshift(words.derivative(at));
      numbers.unshift(words.gradient(at));
    }
    return `${words.derivative(i)} = ${factors.join(" · ")} = ${numbers.join(" · ")} = ${words.gradient(i)}`;
  }
}
