/** The keyboard on the graph: along arrows to inputs and uses, across to the next value. */

import { part } from "./dom.js";

export class Keyboard {
  constructor(element, graph, scene, words, camera, store, player) {
    Object.assign(this, { element, graph, scene, words, camera, store, player });
    element.addEventListener("keydown", (event) => this.press(event));
    element.addEventListener("focus", () => {
      if (this.store.now.focused < 0 && element.matches(":focus-visible"))
        this.go(this.store.now.selected >= 0 ? this.store.now.selected : graph.roots[0]);
    });
    element.addEventListener("blur", () => this.store.set({ focused: -1 }));
    document.addEventListener("keydown", (event) => this.anywhere(event));
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { camera } = this;
    const act = {
      ArrowLeft: () => this.go(this.input()),
      ArrowRight: () => this.go(this.use()),
      ArrowUp: () => this.go(this.across(-1)),
      ArrowDown: () => this.go(this.across(1)),
      Home: () => this.go(0),
      End: () => this.go(this.graph.roots[0]),
      Enter: () => this.choose(),
      " ": () => this.player.toggle(),
      ".": () => this.player.by(1),
      ",": () => this.player.by(-1),
      "+": () => camera.zoom(1.25),
      "=": () => camera.zoom(1.25),
      "-": () => camera.zoom(0.8),
      0: () => camera.fit(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  anywhere(event) {
    if (event.key === "Escape") {
      this.store.set({ selected: -1, query: "", least: -Infinity, hovered: -1 });
    } else if (event.key === "/" && !event.target.closest("input")) {
      event.preventDefault();
      part("search").focus();
    }
  }

  get at() {
    const { focused, selected } = this.store.now;
    return focused >= 0 ? focused : selected >= 0 ? selected : this.graph.roots[0];
  }

  go(i) {
    if (i < 0 || i >= this.graph.size) return;
    const { scene } = this;
    const card = scene.nearest(i, scene.x[this.at], scene.y[this.at]);
    this.store.set({ focused: i });
    this.camera.reveal(scene.box(card));
    const { words } = this;
    const made = words.expression(i);
    part("spoken").textContent =
      `${words.name(i)}${made ? ` = ${made}` : ""}, value ${words.value(i)}, gradient ${words.gradient(i)}`;
  }

  choose() {
    const i = this.at;
    this.store.set({ selected: this.store.now.selected === i ? -1 : i });
  }

  input() {
    const { offsets, sources } = this.graph;
    return offsets[this.at] < offsets[this.at + 1] ? sources[offsets[this.at]] : -1;
  }

  use() {
    const { useOffsets, uses, owners } = this.graph;
    return useOffsets[this.at] < useOffsets[this.at + 1] ? owners[uses[useOffsets[this.at]]] : -1;
  }

  /** The other inputs of what uses this value; if there are none, the next value. */
  across(by) {
    const { at } = this;
    const use = this.use();
    if (use >= 0) {
      const some = [...new Set(this.words.readingOrder(use).map((slot) => this.graph.sources[slot]))];
      const next = some[some.indexOf(at) + by];
      if (next !== undefined) return next;
    }
    return at + by;
  }
}
