/** Which part of the plane is seen, and how large: a point (x, y) of the plane is at (x * scale + left, y * scale + top). */

const MOST = 6;
const MARGIN = 28;

export class Camera {
  /** @param {number[]} bounds of what there is to see */
  constructor(bounds) {
    this.bounds = bounds;
    /** What to do when something else is seen. */
    this.moved = () => {};
    this.scale = 1;
    this.left = 0;
    this.top = 0;
    this.width = 1;
    this.height = 1;
  }

  resize(width, height) {
    this.left += (width - this.width) / 2; // the middle stays in the middle
    this.top += (height - this.height) / 2;
    this.width = width;
    this.height = height;
    this.moved();
  }

  /** The scale at which everything is seen. */
  get whole() {
    const [left, top, right, bottom] = this.bounds;
    const wide = Math.max(40, this.width - 2 * MARGIN) / Math.max(1, right - left);
    const high = Math.max(40, this.height - 2 * MARGIN) / Math.max(1, bottom - top);
    return Math.min(wide, high, 1.6);
  }

  /** See everything. */
  fit() {
    const [left, top, right, bottom] = this.bounds;
    this.scale = this.whole;
    this.centre((left + right) / 2, (top + bottom) / 2);
  }

  /** Bring a point of the plane into the middle. */
  centre(x, y) {
    this.left = this.width / 2 - x * this.scale;
    this.top = this.height / 2 - y * this.scale;
    this.moved();
  }

  pan(dx, dy) {
    this.left += dx;
    this.top += dy;
    this.moved();
  }

  /** Zoom so that the point at (x, y) of the screen stays where it is. */
  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const scale = Math.max(Math.min(this.whole, 1) * 0.5, Math.min(MOST, this.scale * factor));
    const by = scale / this.scale;
    this.left = x - (x - this.left) * by;
    this.top = y - (y - this.top) * by;
    this.scale = scale;
    this.moved();
  }

  /** @returns {[number, number]} the point of the plane in the middle of the screen */
  get middle() {
    return this.plane(this.width / 2, this.height / 2);
  }

  /** @returns {[number, number]} the point of the plane at a point of the screen */
  plane(x, y) {
    return [(x - this.left) / this.scale, (y - this.top) / this.scale];
  }

  /** Move no more than needed to see a box. @param {[number, number, number, number]} box */
  reveal([left, top, right, bottom]) {
    const x = (v) => v * this.scale + this.left;
    const y = (v) => v * this.scale + this.top;
    const dx = x(left) < MARGIN ? MARGIN - x(left) : Math.min(0, this.width - MARGIN - x(right));
    const dy = y(top) < MARGIN ? MARGIN - y(top) : Math.min(0, this.height - MARGIN - y(bottom));
    if (dx || dy) this.pan(dx, dy);
  }
}
