/** The bar above the graph: search, passes, filter, zoom, files; and the slider of training snapshots. */

import { part } from "./dom.js";
import { save, pngBlob, svgText } from "./exports.js";
import { decade } from "./paint.js";

const PASSES = ["forward", "both", "backward"];

export class Controls {
  constructor({ graph, scene, painter, camera, emphasis, store, say }) {
    Object.assign(this, { graph, scene, painter, camera, emphasis, store, say });
    this.found = 0;
    this.passes();
    this.search();
    this.filter();
    this.files();
    this.frames();
    part("fit").addEventListener("click", () => camera.fit());
    part("closer").addEventListener("click", () => camera.zoom(1.3));
    part("farther").addEventListener("click", () => camera.zoom(1 / 1.3));
  }

  passes() {
    for (const pass of PASSES) {
      part(`pass-${pass}`).addEventListener("change", () => this.store.set({ passes: pass }));
    }
  }

  search() {
    const field = part("search");
    field.addEventListener("input", () => {
      this.found = -1;
      this.store.set({ query: field.value.trim() });
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.next(event.shiftKey ? -1 : 1);
    });
  }

  /** Go to the next value that the search has found. */
  next(by) {
    const { found } = this.emphasis;
    if (!found.length) return;
    this.found = this.found < 0 ? (by > 0 ? 0 : found.length - 1) : (this.found + by + found.length) % found.length;
    const i = found[this.found];
    if (this.camera.scale < 0.5) this.camera.scale = 0.9;
    const card = this.scene.nearest(i, ...this.camera.middle);
    this.camera.centre(this.scene.x[card], this.scene.y[card]);
    this.store.set({ focused: i });
    this.renderSearch();
  }

  /** The slider of decades: the left end shows everything. */
  filter() {
    const slider = part("least");
    slider.addEventListener("input", () => {
      const value = Number(slider.value);
      this.store.set({ least: value <= this.lowest ? -Infinity : value });
    });
    this.rescale();
  }

  /** The decades of the gradients that there are. */
  rescale() {
    const sizes = Array.from(this.graph.frame.gradients, Math.abs).filter((g) => g > 0 && Number.isFinite(g));
    const least = sizes.reduce((a, b) => Math.min(a, b), Infinity);
    const most = sizes.reduce((a, b) => Math.max(a, b), 0);
    const slider = part("least");
    slider.disabled = !sizes.length;
    this.lowest = sizes.length ? Math.max(decade(least), decade(most) - 15) : 0;
    slider.min = String(this.lowest);
    slider.max = String(sizes.length ? decade(most) + 1 : 1);
    slider.value = String(Math.max(this.lowest, this.store.now.least));
  }

  files() {
    const name = (ending) => `${this.graph.title.replace(/[^\w.-]+/g, "_").slice(0, 60) || "graph"}.${ending}`;
    part("save-svg").addEventListener("click", () => {
      save(new Blob([svgText(this.painter)], { type: "image/svg+xml" }), name("svg"));
      this.say("The SVG file is saved");
    });
    part("save-png").addEventListener("click", async () => {
      try {
        save(await pngBlob(this.painter), name("png"));
        this.say("The PNG file is saved");
      } catch (error) {
        this.say(String(error));
      }
    });
  }

  frames() {
    const count = this.graph.frames.length;
    part("training").toggleAttribute("hidden", count < 2);
    const slider = part("frame");
    slider.max = String(count - 1);
    slider.value = String(this.graph.at);
    slider.addEventListener("input", () => this.store.set({ frame: Number(slider.value) }));
  }

  render() {
    const { passes, query, least } = this.store.now;
    part(`pass-${passes}`).checked = true;
    const field = part("search");
    if (field.value.trim() !== query) field.value = query;
    const slider = part("least");
    if (least === -Infinity) slider.value = slider.min;
    const words = least === -Infinity ? "all" : `≥ 1e${least}`;
    part("least-words").textContent = words;
    slider.setAttribute("aria-valuetext", least === -Infinity ? "all gradients" : `at least 10 to the ${least}`);
    const { label } = this.graph.frame;
    part("frame").value = String(this.graph.at);
    part("frame-words").textContent = label;
    part("frame").setAttribute("aria-valuetext", label);
    this.renderSearch();
    this.renderCount();
  }

  renderSearch() {
    const { found } = this.emphasis;
    const place = this.found >= 0 ? `${(this.found + 1).toLocaleString("en")} of ` : "";
    part("found").textContent = this.store.now.query ? `${place}${found.length.toLocaleString("en")} found` : "";
  }

  renderCount() {
    const { size } = this.graph;
    const all = `${size.toLocaleString("en")} value${size === 1 ? "" : "s"}`;
    part("count").textContent = this.emphasis.lit ? `${this.emphasis.shown.toLocaleString("en")} of ${all}` : all;
  }
}
