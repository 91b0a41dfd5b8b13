/**
 * The graph as the page knows it: columns of numbers, unpacked from the text that the page holds.
 *
 * @typedef {object} Operation
 * @property {string} name
 * @property {string} symbol
 * @property {boolean} selects a local derivative of 0 passes nothing, not even of an infinite gradient
 * @property {boolean} infix
 *
 * @typedef {object} ArrayText
 * @property {string[]} value
 * @property {string[]} [gradient]
 * @property {string} [size] the largest magnitude in the gradient
 * @property {number} [sign]
 *
 * @typedef {object} Frame the numbers of one moment
 * @property {string} label
 * @property {Float64Array} values
 * @property {Float64Array} gradients of an array: the largest magnitude in it
 * @property {Uint8Array} hasGradient
 * @property {Float64Array} locals
 * @property {Uint8Array} hasLocal
 * @property {Record<string, ArrayText>} arrays
 * @property {Record<string, string>} arrayLocals
 * @property {string[]} [labels] what is written on each backward arrow; missing in a large graph
 * @property {string[]} [steps] what happens in each step; missing in a large graph
 */

/** What a letter of the roles stands for. */
export const ROLES = { i: "input", p: "parameter", o: "operation", c: "constant" };

/** @param {string} text a base64 of a zlib stream @returns {Promise<any>} */
export async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

/** @param {string} text @returns {Int32Array} */
function integers(text) {
  return text ? Int32Array.from(text.split(","), Number) : new Int32Array(0);
}

/** @param {string} text @returns {[Float64Array, Uint8Array]} the numbers, and which of them there are */
function numbers(text, count) {
  const found = new Float64Array(count).fill(NaN);
  const there = new Uint8Array(count);
  if (count) {
    text.split(",").forEach((part, i) => {
      if (part === "") return;
      there[i] = 1;
      found[i] = part === "inf" ? Infinity : part === "-inf" ? -Infinity : Number(part);
    });
  }
  return [found, there];
}

/** For each node the text that it shares with others, or "". @returns {Map<number, string>} */
function shared(column) {
  const found = new Map();
  const which = integers(column.which);
  let node = 0;
  integers(column.nodes).forEach((step, k) => {
    node += step;
    found.set(node, column.texts[which[k]]);
  });
  return found;
}

export class Graph {
  /** @param {any} data what Python wrote */
  constructor(data) {
    const roles = data.roles;
    this.size = roles.length;
    /** @type {string} */
    this.title = data.title;
    /** @type {string[]} */
    this.notes = data.notes;
    /** @type {number[]} */
    this.roots = data.roots;
    this.isRoot = new Set(this.roots);
    /** @type {string} what gradients are gradients of */
    this.root = data.root;
    /** @type {string} a letter for each node: input, parameter, constant, operation */
    this.roles = roles;
    /** @type {Operation[]} */
    this.table = data.table;
    this.ops = Int32Array.from(data.ops.split(","), (part) => (part === "" ? -1 : Number(part)));
    const arity = integers(data.arity);
    this.offsets = new Int32Array(this.size + 1);
    for (let i = 0; i < this.size; i++) this.offsets[i + 1] = this.offsets[i] + arity[i];
    this.sources = integers(data.sources);
    this.owners = new Int32Array(this.sources.length);
    for (let i = 0; i < this.size; i++) {
      for (let k = this.offsets[i]; k < this.offsets[i + 1]; k++) {
        this.owners[k] = i;
        this.sources[k] = i - this.sources[k];
      }
    }
    this.linkUses();
    this.names = data.names;
    this.prefix = data.prefix;
    /** How a product of many numbers is meant. */
    this.eachOne = data.rolled ? "for each of the values" : "element by element";
    this.texts = data.texts;
    /** @type {string[] | null} */
    this.expressions = data.expressions;
    this.slotNames = data.slots;
    this.shapes = data.shapes;
    this.hints = data.hints || {};
    this.paths = shared(data.paths);
    this.lines = shared(data.lines);
    this.frames = data.frames;
    /** @type {(Frame | undefined)[]} */
    this.made = [];
    this.layout = data;
    this.frame = this.show(this.frames.length - 1);
  }

  /** The slots in which each node is used: numbers uses[useOffsets[i]] to uses[useOffsets[i + 1]]. */
  linkUses() {
    const { size, sources } = this;
    this.useOffsets = new Int32Array(size + 1);
    for (const source of sources) this.useOffsets[source + 1]++;
    for (let i = 0; i < size; i++) this.useOffsets[i + 1] += this.useOffsets[i];
    const next = this.useOffsets.slice();
    this.uses = new Int32Array(sources.length);
    sources.forEach((source, slot) => {
      this.uses[next[source]++] = slot;
    });
  }

  /** Show the numbers of another moment. @param {number} k @returns {Frame} */
  show(k) {
    this.at = k;
    this.frame = this.made[k] ??= this.unpackFrame(this.frames[k]);
    return this.frame;
  }

  /** @returns {Frame} */
  unpackFrame(packed) {
    const [values] = numbers(packed.values, this.size);
    const [gradients, hasGradient] = numbers(packed.gradients, this.size);
    const [locals, hasLocal] = numbers(packed.locals, this.sources.length);
    for (const [i, array] of Object.entries(packed.arrays)) {
      if (!array.gradient) continue;
      hasGradient[i] = 1;
      gradients[i] = numbers(array.size, 1)[0][0];
    }
    return {
      label: packed.label,
      values,
      gradients,
      hasGradient,
      locals,
      hasLocal,
      arrays: packed.arrays,
      arrayLocals: packed.arrayLocals,
      labels: packed.labels,
      steps: packed.steps,
    };
  }

  /** @param {number} i @returns {string} what a node is called */
  titleOf(i) {
    return this.names[i] ?? `${this.prefix}${i}`;
  }

  /** @param {number} i @returns {Operation | undefined} */
  op(i) {
    return this.table[this.ops[i]];
  }

  /** @param {number} i */
  isConstant(i) {
    return this.roles[i] === "c";
  }

  /** Whether the backward pass went through a slot. @param {number} slot */
  carries(slot) {
    return this.carriesAt(this.sources[slot], this.owners[slot]);
  }

  carriesAt(source, owner) {
    const has = this.frame.hasGradient;
    return !this.isConstant(source) && has[owner] === 1 && has[source] === 1;
  }

  /** The nodes that one node depends on, or that depend on it. @returns {Uint8Array} 1 for each of them */
  reach(start, upwards) {
    const seen = new Uint8Array(this.size);
    const todo = [start];
    const [offsets, links, ends] = upwards
      ? [this.offsets, null, this.sources]
      : [this.useOffsets, this.uses, this.owners];
    while (todo.length) {
      const i = /** @type {number} */ (todo.pop());
      for (let k = offsets[i]; k < offsets[i + 1]; k++) {
        const j = ends[links ? links[k] : k];
        if (!seen[j]) {
          seen[j] = 1;
          todo.push(j);
        }
      }
    }
    return seen;
  }
}
