/** Mouse, pen and fingers on the graph: pan, zoom, point and choose. */

const CLICK = 5; // pixels that a click may move
const REACH = 6; // pixels beside a card that still point at it

export class Pointer {
  /** @param {HTMLElement} element */
  constructor(element, camera, scene, store) {
    Object.assign(this, { element, camera, scene, store });
    /** @type {Map<number, { x: number, y: number }>} */
    this.down = new Map();
    this.travelled = 0;
    element.addEventListener("pointerdown", (event) => this.press(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    element.addEventListener("pointerup", (event) => this.release(event));
    element.addEventListener("pointercancel", (event) => this.down.delete(event.pointerId));
    element.addEventListener("pointerleave", () => this.store.set({ hovered: -1 }));
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    element.addEventListener("dblclick", (event) => this.camera.zoom(1.6, ...this.place(event)));
  }

  /** @returns {[number, number]} */
  place(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  under(event) {
    const [x, y] = this.camera.plane(...this.place(event));
    return this.scene.hit(x, y, REACH / this.camera.scale);
  }

  press(event) {
    if (event.button !== 0) return;
    const [x, y] = this.place(event);
    this.down.set(event.pointerId, { x, y });
    this.travelled = 0;
    this.element.setPointerCapture(event.pointerId);
  }

  move(event) {
    const before = this.down.get(event.pointerId);
    if (!before) {
      this.store.set({ hovered: this.under(event) });
      return;
    }
    const [x, y] = this.place(event);
    this.travelled += Math.hypot(x - before.x, y - before.y);
    if (this.down.size === 2) this.pinch(event.pointerId, before, x, y);
    else this.camera.pan(x - before.x, y - before.y);
    this.down.set(event.pointerId, { x, y });
  }

  pinch(id, before, x, y) {
    for (const [other, at] of this.down) {
      if (other === id) continue;
      const factor = Math.hypot(x - at.x, y - at.y) / Math.max(1, Math.hypot(before.x - at.x, before.y - at.y));
      this.camera.zoom(factor, (x + at.x) / 2, (y + at.y) / 2);
    }
  }

  release(event) {
    if (!this.down.delete(event.pointerId) || this.travelled > CLICK) return;
    const i = this.under(event);
    const { selected } = this.store.now;
    this.store.set({ selected: i === selected ? -1 : i, focused: i });
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey) this.camera.pan(-(event.deltaX || event.deltaY) * lines, 0);
    else this.camera.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0018)), ...this.place(event));
  }
}
