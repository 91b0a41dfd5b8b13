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
    this.hasRun = graph.frame.hasGradient[root] === 1;
    const backward = [root]; // the seed, or that there is none
    if (this.hasRun) for (let i = root; i >= 0; i--) if (graph.ops[i] >= 0) backward.push(i);
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
    if (graph.ops[i] >= 0 || i in graph.frame.arrays) return 0;
    const { sum, differs } = this.received(i);
    return differs ? graph.frame.gradients[i] - sum : 0;
  }

  /** The sum over a node's uses, and whether its gradient is another. @returns {{ sum: number, differs: boolean }} */
  received(i) {
    const held = this.graph.frame.gradients[i];
    let [sum, size] = [0, Math.abs(held)];
    for (const slot of this.usesInOrder(i)) {
      sum += this.product(slot);
      size += Math.abs(this.product(slot));
    }
    return { sum, differs: Math.abs(held - sum) > ROUNDING * size };
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
    const { steps } = this.graph.frame;
    if (steps) return steps[step - 1].split("\n");
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
    const { root } = this.graph;
    if (!this.hasRun) return `the backward pass has not run: call backward() of ${words.name(i)}`;
    return `${words.derivative(i)} = ${words.gradient(i)} (the seed${root === words.name(i) ? "" : `; ${root} is ${words.name(i)}`})`;
  }

  /** dL/da += dL/dd * ∂d/∂a = 1 * -3 = -3, now 2 */
  backwardLine(i, slot) {
    const { graph, words } = this;
    const source = graph.sources[slot];
    const [target, from] = [words.derivative(source), words.derivative(i)];
    const number = words.localNumber(slot);
    if (number.startsWith("VJP")) return `${target} += ${number} with ${from}`;
    const start = `${target} += ${from} * ${words.localName(slot)}`;
    if (!this.isNumber(slot)) return `${start}, ${graph.eachOne}`;
    return `${start} = ${words.gradient(i)} * ${number} = ${numberText(this.product(slot))}${this.soFar(source, slot)}`;
  }

  /** The sum to which a use has brought a gradient, unless it is the first. */
  soFar(source, slot) {
    const earlier = this.inReadingOrder(this.usesInOrder(source), slot);
    const before = this.before(source);
    if (!earlier.length && !before) return "";
    const sum = earlier.reduce((total, other) => total + this.product(other), before) + this.product(slot);
    return `, now ${numberText(sum)}${earlier.length ? "" : ` (was ${numberText(before)} before this pass)`}`;
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
    const slots = Array.from(graph.uses.subarray(graph.useOffsets[i], graph.useOffsets[i + 1])).filter((slot) =>
      graph.carries(slot),
    );
    const lines = slots.slice(0, TERMS_SHOWN).map((slot) => this.useLine(slot));
    if (slots.length > TERMS_SHOWN) lines.push(`… and ${(slots.length - TERMS_SHOWN).toLocaleString("en")} more uses`);
    const count = slots.length > 1 ? `the sum of ${slots.length.toLocaleString("en")} uses = ` : "";
    const said = slots.every((slot) => this.isNumber(slot)) ? this.sumOf(i) : words.gradient(i);
    return { lines, sum: count || said.includes(";") ? `${words.derivative(i)} = ${count}${said}` : "" };
  }

  /** Whether what goes through a slot is one number. */
  isNumber(slot) {
    const { frame, owners } = this.graph;
    return frame.hasLocal[slot] === 1 && !(owners[slot] in frame.arrays);
  }

  /** What a node has received, and why its gradient is another. */
  sumOf(i) {
    const { words } = this;
    const { sum, differs } = this.received(i);
    if (!differs) return words.gradient(i);
    const before = this.before(i);
    const why = before
      ? `it was ${numberText(before)} before this pass, and is ${words.gradient(i)}`
      : `its gradient is ${words.gradient(i)} now: another backward pass has changed it since`;
    return `${numberText(sum)}; ${why}`;
  }

  useLine(slot) {
    const { graph, words } = this;
    const owner = graph.owners[slot];
    const number = words.localNumber(slot);
    const start = `${words.derivative(owner)} · ${words.localName(slot)}`;
    if (number.startsWith("VJP")) return `${words.derivative(owner)} through ${number} (vector-Jacobian product)`;
    if (!this.isNumber(slot)) return `${start} = gradient of ${words.name(owner)} · ${number}, ${graph.eachOne}`;
    const formula = words.localFormula(slot);
    const why = formula && `, where ${words.localName(slot)} = ${formula}`;
    return `${start} = ${words.gradient(owner)} · ${number} = ${numberText(this.product(slot))}${why}`;
  }

  /** The product along the way, while every value on it is used once; and where that way begins. @returns {string[]} */
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
      if (!graph.carries(slot) || !this.isNumber(slot)) return [];
      factors.unshift(words.localName(slot));
      numbers.unshift(words.localNumber(slot));
      at = graph.owners[slot];
    }
    if (factors.length < 2) return [];
    if (!(graph.isRoot.has(at) && graph.frame.gradients[at] === 1)) {
      factors.unshift(words.derivative(at));
      numbers.unshift(words.gradient(at));
    }
    return [words.name(at), `${words.derivative(i)} = ${factors.join(" · ")} = ${numbers.join(" · ")} = ${this.sumOf(i)}`];
  }
}
