/** All values as a table, a page at a time: for screen readers, and for who wants the numbers. */

import { ROLES } from "./data.js";
import { make, part } from "./dom.js";
import { oneLine, shorten } from "./words.js";

const ROWS = 100;

export class Table {
  constructor(graph, words, emphasis, choose) {
    Object.assign(this, { graph, words, emphasis, choose });
    this.page = 0;
    part("table-before").addEventListener("click", () => this.turn(-1));
    part("table-after").addEventListener("click", () => this.turn(1));
    part("table-panel").addEventListener("toggle", () => this.render());
  }

  turn(by) {
    this.page += by;
    this.render();
    part("table-scroll").scrollTop = 0;
  }

  /** The rows to show: all, or those that search and filter leave. */
  rows() {
    const { lit } = this.emphasis;
    if (!lit) return null;
    const some = [];
    lit.forEach((one, i) => {
      if (one) some.push(i);
    });
    return some;
  }

  render() {
    if (!part("table-panel").open) return;
    const some = this.rows();
    const count = some ? some.length : this.graph.size;
    const pages = Math.max(1, Math.ceil(count / ROWS));
    this.page = Math.min(Math.max(0, this.page), pages - 1);
    const [first, end] = [this.page * ROWS, Math.min(count, (this.page + 1) * ROWS)];
    const body = part("table-body");
    body.replaceChildren();
    for (let k = first; k < end; k++) body.append(this.row(some ? some[k] : k));
    part("table-caption").textContent = count
      ? `Values ${(first + 1).toLocaleString("en")} to ${end.toLocaleString("en")} of ${count.toLocaleString("en")}`
      : "No value is left by the search and the filter";
    part("table-turn").toggleAttribute("hidden", pages === 1);
    part("table-before").disabled = this.page === 0;
    part("table-after").disabled = this.page === pages - 1;
  }

  row(i) {
    const { graph, words } = this;
    const button = make("button", { type: "button" }, shorten(oneLine(graph.titleOf(i)), 60));
    button.addEventListener("click", () => this.choose(i));
    const cells = [words.expression(i) || ROLES[graph.roles[i]], words.value(i), words.gradient(i)];
    return make("tr", {}, make("th", { scope: "row" }, button), ...cells.map((text) => make("td", {}, text)));
  }
}
