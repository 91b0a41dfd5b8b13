/** The step slider, with play: which step of the two passes is shown. */

import { make, part, unbroken } from "./dom.js";
import { shorten } from "./words.js";

const SLOWEST = 1100;
const FASTEST = 40;
const WHOLE = 60_000; // milliseconds that playing everything may take

export class Player {
  constructor(steps, store, scene, camera) {
    Object.assign(this, { steps, store, scene, camera });
    this.timer = 0;
    part("step").addEventListener("input", () => {
      this.jump(Number(part("step").value));
    });
    part("play").addEventListener("click", () => this.toggle());
    part("step-first").addEventListener("click", () => this.jump(0));
    part("step-before").addEventListener("click", () => this.by(-1));
    part("step-after").addEventListener("click", () => this.by(1));
    part("step-last").addEventListener("click", () => this.jump(this.end));
  }

  /** The last place of the slider: after the last step, where everything is shown. */
  get end() {
    return this.steps.total + 1;
  }

  to(step) {
    const wanted = Math.max(0, Math.min(this.end, step));
    this.store.set({ step: wanted });
    const i = this.steps.nodeOf(wanted);
    if (i >= 0) this.camera.reveal(this.scene.box(this.scene.nearest(i, ...this.camera.middle)));
  }

  jump(step) {
    this.stop();
    this.to(step);
  }

  by(count) {
    this.jump(this.store.now.step + count);
  }

  toggle() {
    if (this.timer) {
      this.stop();
      return;
    }
    if (this.store.now.step >= this.end) this.to(0);
    const pause = Math.max(FASTEST, Math.min(SLOWEST, WHOLE / Math.max(1, this.end)));
    this.timer = window.setInterval(() => {
      this.to(this.store.now.step + 1);
      if (this.store.now.step >= this.end) this.stop();
    }, pause);
    this.render();
  }

  stop() {
    window.clearInterval(this.timer);
    this.timer = 0;
    this.render();
  }

  render() {
    const { steps } = this;
    const { step } = this.store.now;
    const slider = part("step");
    slider.max = String(this.end);
    slider.value = String(step);
    const done = step >= this.end;
    const pass = steps.isForward(step) ? "forward pass" : "backward pass";
    const words = done
      ? "all steps done"
      : step
        ? `step ${step.toLocaleString("en")} of ${steps.total.toLocaleString("en")}, ${pass}`
        : "before the first step";
    slider.setAttribute("aria-valuetext", words);
    part("step-words").textContent = words;
    part("step-words").className = done || !step ? "" : steps.isForward(step) ? "forward" : "backward";
    const button = part("play");
    button.textContent = this.timer ? "❚❚ pause" : "▶ play";
    button.setAttribute("aria-label", this.timer ? "Pause" : "Play the two passes");
    const said = part("arithmetic");
    said.setAttribute("aria-live", this.timer ? "off" : "polite");
    said.replaceChildren(...this.lines(done, step).map((line) => make("div", {}, ...unbroken(shorten(line, 400)))));
  }

  lines(done, step) {
    if (!done) return this.steps.lines(step);
    if (this.steps.hasRun) return ["Both passes are done. Press play to watch them step by step."];
    return this.steps.lines(this.steps.total);
  }
}
