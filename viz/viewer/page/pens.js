/**
 * Two ways to draw the same: on a canvas, and as elements of SVG.
 *
 * @typedef {object} Stroke
 * @property {string} colour
 * @property {number} width
 * @property {number[]} [dash]
 *
 * @typedef {object} Face of a card
 * @property {string} fill
 * @property {string} outline
 * @property {number} width
 * @property {number} radius
 * @property {number[]} dash
 *
 * @typedef {object} Letters
 * @property {number} size
 * @property {string} colour
 * @property {boolean} [bold]
 * @property {"start" | "middle" | "end"} [anchor]
 * @property {string} [ground] a colour behind the text
 */

export const FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif";
const HEAD = 8;
export const SVG = "http://www.w3.org/2000/svg";

/** Rows of numbers are aligned by spaces. @param {Element} svg */
export function keepSpaces(svg) {
  svg.setAttributeNS("http://www.w3.org/XML/1998/namespace", "xml:space", "preserve");
}

/** How wide texts are. */
const measuring = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));

/** @param {string} text @param {number} size @param {boolean} [bold] */
export function textWidth(text, size, bold = false) {
  measuring.font = `${bold ? "bold " : ""}${size}px ${FONT}`;
  return measuring.measureText(text).width;
}

/** Cut a text so that it is no wider than that. */
export function fitted(text, size, width, bold = false) {
  if (text.length * size < width || textWidth(text, size, bold) <= width) return text;
  let [low, high] = [0, Math.min(text.length, Math.ceil((width / size) * 5))];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (textWidth(`${text.slice(0, middle)}…`, size, bold) <= width) low = middle;
    else high = middle - 1;
  }
  return `${text
    .slice(0, low)
    .replace(/[\ud800-\udbff]$/, "")
    .trimEnd()}…`;
}

/** Where an arrow's line ends: inside its head. @returns {[number, number]} */
function beforeTip(p) {
  const [x0, y0, x1, y1] = p.slice(-4);
  return [(x0 + x1) / 2, (y0 + y1) / 2];
}

/** The three corners of an arrow's head. @param {number[]} p the arrow's points */
function head(p, width) {
  const n = p.length;
  const [x, y] = [p[n - 2], p[n - 1]];
  const angle = Math.atan2(y - p[n - 3], x - p[n - 4]);
  const [long, wide] = [HEAD + width, 0.36 * HEAD + width * 0.75];
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return [x, y, x - long * c - wide * s, y - long * s + wide * c, x - long * c + wide * s, y - long * s - wide * c];
}

export class CanvasPen {
  /** @param {CanvasRenderingContext2D} context */
  constructor(context) {
    this.context = context;
  }

  /** Draw what follows fainter. */
  fade(alpha) {
    this.context.globalAlpha = alpha;
  }

  group() {}

  end() {}

  /** @param {number[]} p @param {Stroke} stroke */
  arrow(p, { colour, width, dash = [] }, withHead = true) {
    const { context } = this;
    const n = p.length;
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(p[0], p[1]);
    for (let k = 2; k + 5 < n; k += 6) context.bezierCurveTo(p[k], p[k + 1], p[k + 2], p[k + 3], p[k + 4], p[k + 5]);
    if (withHead) context.lineTo(...beforeTip(p));
    context.stroke();
    if (!withHead) return;
    const [x0, y0, x1, y1, x2, y2] = head(p, width);
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.lineTo(x2, y2);
    context.fill();
  }

  /** Straight lines, four numbers for each. @param {number[]} ends @param {Stroke} stroke */
  lines(ends, { colour, width, dash = [] }) {
    const { context } = this;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    for (let k = 0; k < ends.length;) {
      context.beginPath();
      for (const stop = Math.min(ends.length, k + 400); k < stop; k += 4) {
        context.moveTo(ends[k], ends[k + 1]);
        context.lineTo(ends[k + 2], ends[k + 3]);
      }
      context.stroke();
    }
  }

  /** @param {Face} face */
  card(x, y, w, h, { fill, outline, width, radius, dash }) {
    const { context } = this;
    context.fillStyle = fill;
    context.strokeStyle = outline;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.beginPath();
    if (radius) context.roundRect(x, y, w, h, radius);
    else context.rect(x, y, w, h);
    context.fill();
    context.stroke();
  }

  /** A part of the plane in one colour. */
  block(x, y, w, h, fill) {
    this.context.fillStyle = fill;
    this.context.fillRect(x, y, w, h);
  }

  /** @param {string} text @param {Letters} letters */
  text(text, x, y, { size, colour, bold = false, anchor = "start", ground }) {
    const { context } = this;
    context.font = `${bold ? "bold " : ""}${size}px ${FONT}`;
    context.textAlign = anchor === "middle" ? "center" : anchor;
    if (ground) {
      const w = context.measureText(text).width + 4;
      this.block(anchor === "middle" ? x - w / 2 : x - 2, y - size, w, size * 1.3, ground);
    }
    context.fillStyle = colour;
    context.fillText(text, x, y);
  }
}

export class SvgPen {
  /** @param {Element} parent */
  constructor(parent, isLive = false) {
    this.parent = parent;
    this.alpha = 1;
    /** Whether it draws for the screen, where the style sheet hides what is too small. */
    this.isLive = isLive;
  }

  fade(alpha) {
    this.alpha = alpha;
  }

  /** @param {string} name @param {Record<string, string | number>} attributes */
  add(name, attributes) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) {
      element.setAttribute(key, typeof value === "number" ? String(Math.round(value * 100) / 100) : value);
    }
    if (this.alpha !== 1) element.setAttribute("opacity", String(this.alpha));
    this.parent.append(element);
    return element;
  }

  /** Put what follows together. @param {Record<string, string | number>} attributes */
  group(attributes) {
    this.parent = this.add("g", attributes);
    this.alpha = 1;
  }

  end() {
    this.parent = /** @type {Element} */ (this.parent.parentElement);
  }

  arrow(p, { colour, width, dash = [] }, withHead = true) {
    const n = p.length;
    let d = `M${p[0]} ${p[1]}`;
    for (let k = 2; k + 5 < n; k += 6)
      d += `C${p
        .slice(k, k + 6)
        .map((x) => Math.round(x * 10) / 10)
        .join(" ")}`;
    if (withHead)
      d += `L${beforeTip(p)
        .map((x) => Math.round(x * 10) / 10)
        .join(" ")}`;
    const line = { d, fill: "none", stroke: colour, "stroke-width": width };
    this.add("path", dash.length ? { ...line, "stroke-dasharray": dash.join(" ") } : line);
    if (!withHead) return;
    const corners = head(p, width).map((x) => Math.round(x * 10) / 10);
    this.add("polygon", { points: corners.join(" "), fill: colour });
  }

  lines(ends, { colour, width }) {
    let d = "";
    for (let k = 0; k < ends.length; k += 4) d += `M${ends[k]} ${ends[k + 1]}L${ends[k + 2]} ${ends[k + 3]}`;
    this.add("path", { d, fill: "none", stroke: colour, "stroke-width": width });
  }

  card(x, y, w, h, { fill, outline, width, radius, dash }) {
    const face = { x, y, width: w, height: h, rx: radius, fill, stroke: outline, "stroke-width": width };
    this.add("rect", dash.length ? { ...face, "stroke-dasharray": dash.join(" ") } : face);
  }

  block(x, y, w, h, fill) {
    this.add("rect", { x, y, width: w, height: h, fill });
  }

  text(text, x, y, { size, colour, bold = false, anchor = "start", ground }) {
    if (ground) {
      const w = textWidth(text, size, bold) + 4;
      this.block(anchor === "middle" ? x - w / 2 : x - 2, y - size, w, size * 1.3, ground);
    }
    const element = this.add("text", { x, y, "font-size": size, fill: colour, "text-anchor": anchor });
    if (bold) element.setAttribute("font-weight", "bold");
    element.textContent = text;
  }
}
