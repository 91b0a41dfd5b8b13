/** Numbers and formulas as text, in the words of the pictures that Python draws. */

/** Four significant digits, as Python's ".4g" writes them. @param {number} x @returns {string} */
export function numberText(x) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (x === 0) return "0"; // no -0
  const [digits, exponent] = scientific(x).split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 4) {
    const sign = power < 0 ? "-" : "+";
    return `${trim(digits)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return trim(Number(`${digits}e${power}`).toFixed(Math.max(0, 3 - power)));
}

/** Ties go to the even digit, which toExponential does not do. */
function scientific(x) {
  const text = x.toExponential(3);
  const exact = Math.abs(x).toExponential(60);
  const rest = exact.slice(5, exact.indexOf("e"));
  if (!/^50*$/.test(rest) || Number(exact[4]) % 2) return text;
  return `${x < 0 ? "-" : ""}${exact.slice(0, 5)}${exact.slice(exact.indexOf("e"))}`;
}

function trim(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** @param {string} text @param {number} limit */
export function shorten(text, limit) {
  if (text.length <= limit) return text;
  const letters = Array.from(text.slice(0, 2 * limit));
  return letters.length <= limit
    ? letters.join("")
    : `${letters
        .slice(0, limit - 1)
        .join("")
        .trimEnd()}…`;
}

/** Text on one line in which nothing is invisible or turns the direction of reading. @param {string} text */
export function oneLine(text) {
  return text
    .replace(
      /[\u202a-\u202e\u2066-\u2069\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      "\ufffd",
    )
    .replace(/\s+/g, " ")
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`) // eslint-disable-line no-control-regex
    .trim();
}

const SIGNS = "\\s\\[\\]+\\-*/·⊗@=<>^,&|%:;";
const PLAIN = new RegExp(`^(?:\\d[\\d.]*e[+-]?\\d+|[^${SIGNS}]*(?:\\[[^\\[\\]]*\\][^${SIGNS}]*)*)$`);
const NUMBER = /^[+-]?(?:\d[\d.]*(?:e[+-]?\d+)?|inf|nan)$/;
const NAME_WIDTH = 24;
const EXPRESSION_WIDTH = 44;
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

function operand(name) {
  return PLAIN.test(name) ? name : `(${name})`;
}

/** What a graph's numbers and formulas read like; Python has written those of all but large graphs. */
export class Words {
  /** @param {import("./data.js").Graph} graph */
  constructor(graph) {
    this.graph = graph;
    /** @type {Map<number, string>} */
    this.short = new Map();
  }

  /** @param {number} i @returns {string} the number of a constant, the name of another node */
  name(i) {
    const { graph } = this;
    if (graph.isConstant(i) && !(i in graph.names)) return this.value(i);
    const known = this.short.get(i);
    if (known !== undefined) return known;
    const made = shorten(oneLine(graph.titleOf(i)), NAME_WIDTH);
    if (i in graph.names) this.short.set(i, made);
    return made;
  }

  /** @returns {string} a node's value in a line */
  value(i) {
    const array = this.graph.frame.arrays[i];
    return array ? oneLine(array.value.join(" ")) : numberText(this.graph.frame.values[i]);
  }

  /** @returns {string} a node's gradient in a line */
  gradient(i) {
    const { frame } = this.graph;
    if (!frame.hasGradient[i]) return this.graph.isConstant(i) ? "none: a constant" : "not computed";
    const array = frame.arrays[i];
    return array?.gradient ? oneLine(array.gradient.join(" ")) : numberText(frame.gradients[i]);
  }

  /** @returns {string} what computed a node, as a * b; "" for a leaf */
  expression(i) {
    const { graph } = this;
    if (graph.expressions) return graph.expressions[i];
    const names = () => this.sources(i).map((source) => this.name(source));
    return graph.op(i) ? (graph.texts[i] ?? shorten(this.compose(i, names()), EXPRESSION_WIDTH)) : "";
  }

  /** @returns {string} the same with numbers, as 2 * -3; "" where that says nothing, for arrays and for leaves */
  arithmetic(i) {
    const { graph } = this;
    const sources = this.sources(i);
    if (!graph.op(i) || i in graph.frame.arrays || sources.some((source) => source in graph.frame.arrays)) return "";
    const numbers = sources.map((source) => numberText(graph.frame.values[source]));
    if (graph.texts[i] !== undefined) return "";
    return this.compose(i, numbers).replace(/([*/] ?)\((-[^\s()]+)\)/g, "$1$2"); // 2 * -3, but 2 - (-3)
  }

  compose(i, operands) {
    const op = /** @type {import("./data.js").Operation} */ (this.graph.op(i));
    if (op.infix && operands.length === 2) {
      const first = NUMBER.test(operands[0]) && op.symbol !== "**" ? operands[0] : operand(operands[0]);
      return `${first} ${op.symbol} ${operand(operands[1])}`;
    }
    if (op.infix && (op.symbol === "-" || op.symbol === "+")) return `${op.symbol}${operand(operands[0])}`;
    return `${op.name}(${operands.join(", ")})`;
  }

  /** @returns {number[]} the nodes in the slots of one */
  sources(i) {
    const { offsets, sources } = this.graph;
    return Array.from(sources.subarray(offsets[i], offsets[i + 1]));
  }

  /** ∂d/∂a, with a number where an operation uses an argument twice. @param {number} slot */
  localName(slot) {
    const { graph } = this;
    const [owner, source] = [graph.owners[slot], graph.sources[slot]];
    const same = [];
    for (const k of this.readingOrder(owner)) if (graph.sources[k] === source) same.push(k);
    const place = same.length > 1 ? String(same.indexOf(slot) + 1).replace(/\d/g, (d) => SUBSCRIPTS[d]) : "";
    return `∂${this.name(owner)}/∂${this.name(source)}${place}`;
  }

  /** The slots in the order in which they are read: a dot product's in pairs. @returns {number[]} */
  readingOrder(i) {
    const { offsets } = this.graph;
    const count = offsets[i + 1] - offsets[i];
    const order = Array.from({ length: count }, (_, k) => k);
    if (this.graph.op(i)?.name === "dot_many") order.sort((a, b) => (a % (count / 2)) - (b % (count / 2)) || a - b);
    return order.map((k) => k + offsets[i]);
  }

  /** @returns {string} a local derivative's number, or that there is none */
  localNumber(slot) {
    const { graph } = this;
    if (graph.frame.hasLocal[slot]) return numberText(graph.frame.locals[slot]);
    return graph.frame.arrayLocals[slot] ?? `VJP of ${graph.op(graph.owners[slot])?.name}`;
  }

  /** The local derivative spelled out: ∂d/∂a = b = -3. @param {number} slot */
  local(slot) {
    const { labels } = this.graph.frame;
    if (labels) return labels[slot];
    const number = this.localNumber(slot);
    return `${this.localName(slot)}${number.startsWith("VJP") ? ":" : " ="} ${number}`;
  }

  /** The formula in it: b; "" if it has none. @param {number} slot */
  localFormula(slot) {
    const parts = this.local(slot).split(" = ");
    return parts.length === 3 ? parts[1] : "";
  }

  /** dL/dx */
  derivative(i) {
    const { root, roots } = this.graph;
    const below = i === roots[0] ? root : this.name(i);
    return `d${root}/d${below.includes(".") ? `(${below})` : operand(below)}`;
  }
}
