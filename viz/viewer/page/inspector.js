/** The panel about one value: its number, its gradient, and where that comes from. */

import { ROLES } from "./data.js";
import { make, part, unbroken } from "./dom.js";
import { oneLine, shorten } from "./words.js";

export class Inspector {
  constructor(graph, words, steps, emphasis, store) {
    Object.assign(this, { graph, words, steps, emphasis, store });
    this.shown = -2;
  }

  /** The value to tell about: what the pointer is on, else what has the focus or is selected, else the step's. */
  subject() {
    const { hovered, focused, selected, step } = this.store.now;
    const candidates = [hovered, focused, selected, this.steps.nodeOf(step)];
    return candidates.find((i) => i >= 0) ?? this.graph.roots[0];
  }

  render() {
    const i = this.subject();
    const panel = part("inspector");
    panel.replaceChildren(...this.content(i));
  }

  content(i) {
    const { graph, words } = this;
    const op = graph.op(i);
    const made = op ? ` = ${words.expression(i)}` : "";
    const facts = make("dl", {});
    const fact = (name, text, kind = "") =>
      facts.append(make("dt", kind ? { class: kind } : {}, name), make("dd", {}, text));
    fact("value", this.number(i, "value"), "forward");
    fact("gradient", this.number(i, "gradient"), "backward");
    if (i in graph.shapes) fact("shape", graph.shapes[i]);
    fact(op ? "operation" : "role", op ? op.name : ROLES[graph.roles[i]]);
    if (graph.paths.has(i)) fact("module", shorten(oneLine(graph.paths.get(i) ?? ""), 200));
    if (graph.lines.has(i)) fact("line", shorten(oneLine(graph.lines.get(i) ?? ""), 200));
    const parts = [make("h2", {}, shorten(oneLine(graph.titleOf(i)), 200), make("span", {}, made)), facts];
    for (const [word, sentence] of graph.hints[i] ?? [])
      parts.push(make("p", { class: "hint" }, make("b", {}, word), ` ${sentence}`));
    parts.push(...this.chain(i));
    if (this.store.now.selected === i) {
      const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
      parts.push(
        make(
          "p",
          { class: "note" },
          `${count(this.emphasis.ancestors, "value")} before it, ${count(this.emphasis.descendants, "value")} after it`,
        ),
      );
    }
    return parts;
  }

  number(i, what) {
    const array = this.graph.frame.arrays[i]?.[what];
    return array ? array.join("\n") : what === "value" ? this.words.value(i) : this.words.gradient(i);
  }

  /** Where the gradient comes from. */
  chain(i) {
    const { graph, words, steps } = this;
    if (graph.isConstant(i)) return [];
    if (!graph.frame.hasGradient[i])
      return [make("p", { class: "note" }, "No backward pass has reached it: call backward() first.")];
    const { lines, sum } = steps.uses(i);
    if (!lines.length) {
      const start = graph.isRoot.has(i)
        ? `The backward pass starts here: ${words.derivative(i)} = ${words.gradient(i)}`
        : "Nothing that has a gradient uses it.";
      return [make("h3", {}, "Chain rule"), make("p", { class: "note" }, start)];
    }
    const list = make("ul", { class: "sum" }, ...lines.map((line) => make("li", {}, ...unbroken(line))));
    const parts = [
      make(
        "h3",
        {},
        lines.length > 1 ? `${words.derivative(i)}: the sum over its uses` : `${words.derivative(i)}: the chain rule`,
      ),
      list,
    ];
    if (sum) parts.push(make("p", { class: "total" }, ...unbroken(sum)));
    const [from, product] = steps.wholeProduct(i);
    if (product) parts.push(make("h3", {}, `All the way from ${from}`), make("p", {}, ...unbroken(product)));
    return parts;
  }
}
