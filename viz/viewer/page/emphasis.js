/** What is drawn plainly and what is dimmed: by selection, search and size of gradient. */

export class Emphasis {
  /** @param {import("./data.js").Graph} graph @param {import("./store.js").Store} store */
  constructor(graph, store) {
    this.graph = graph;
    this.store = store;
    /** @type {number[]} the nodes that the search has found */
    this.found = [];
    this.ancestors = 0;
    this.descendants = 0;
    this.renew();
  }

  renew() {
    const { graph } = this;
    const { selected, query, least } = this.store.now;
    /** @type {Uint8Array | null} null if everything is drawn plainly */
    this.lit = null;
    if (selected >= 0) this.keep(this.related(selected));
    this.found = query ? this.search(query) : [];
    if (query) {
      const matches = new Uint8Array(graph.size);
      for (const i of this.found) matches[i] = 1;
      this.keep(matches);
    }
    if (least > -Infinity) this.keep(this.large(10 ** least));
    this.shown = this.lit ? this.lit.reduce((sum, one) => sum + one, 0) : graph.size;
  }

  /** @param {Uint8Array} some */
  keep(some) {
    this.lit = this.lit ? this.lit.map((one, i) => one & some[i]) : some;
  }

  related(i) {
    const up = this.graph.reach(i, true);
    const down = this.graph.reach(i, false);
    this.ancestors = up.reduce((sum, one) => sum + one, 0);
    this.descendants = down.reduce((sum, one) => sum + one, 0);
    const all = up.map((one, k) => one | down[k]);
    all[i] = 1;
    return all;
  }

  /** @param {string} query part of a name or an operation @returns {number[]} */
  search(query) {
    const { graph } = this;
    const wanted = query.toLowerCase();
    const ops = graph.table.map((op) => op.name.toLowerCase().includes(wanted) || op.symbol.toLowerCase() === wanted);
    const found = [];
    for (let i = 0; i < graph.size; i++) {
      const path = graph.paths.get(i) ?? "";
      if (ops[graph.ops[i]] || graph.titleOf(i).toLowerCase().includes(wanted) || path.toLowerCase().includes(wanted))
        found.push(i);
    }
    return found;
  }

  /** The nodes whose gradient is at least so large, or no number at all. */
  large(least) {
    const { gradients, hasGradient } = this.graph.frame;
    return Uint8Array.from(gradients, (g, i) => (hasGradient[i] && !(Math.abs(g) < least) ? 1 : 0));
  }

  isLit(i) {
    return this.lit === null || this.lit[i] === 1;
  }

  arrowLit(slot) {
    return this.lit === null || (this.lit[this.graph.sources[slot]] === 1 && this.lit[this.graph.owners[slot]] === 1);
  }
}
