/**
 * A large graph on the screen: painted in tiles, as a map is.
 *
 * A tile is painted once; to pan is to copy tiles. New ones are painted for a few milliseconds in each frame, and until
 * they are there, what was painted before shows in their place: the tiles of another scale, and beneath those an
 * overview of the whole.
 */

import { LEGIBLE } from "./paint.js";
import { CanvasPen } from "./pens.js";

const TILE = 384;
const BUDGET = 7; // milliseconds of painting in a frame
const MOST_TILES = 160;
const MOST_ARROWS = 2500; // in a tile from afar; if there are more, some of them stand for all
const SOME_ARROWS = 300; // in a tile from near; if there are more, those that only pass are faint
const SOME_PASSING = 700;
const SETTLED = 120; // milliseconds after which a new scale is painted

/** The tiles of one scale. */
class Layer {
  constructor(scale) {
    this.scale = scale;
    /** @type {Map<string, HTMLCanvasElement>} */
    this.tiles = new Map();
    /** @type {Set<string>} the tiles that are not as they should be any more */
    this.stale = new Set();
  }
}

export class CanvasSurface {
  /** @param {import("./paint.js").Painter} painter @param {import("./camera.js").Camera} camera */
  constructor(painter, camera) {
    this.painter = painter;
    this.camera = camera;
    this.element = document.createElement("canvas");
    this.element.className = "surface";
    this.context = /** @type {CanvasRenderingContext2D} */ (this.element.getContext("2d", { alpha: false }));
    painter.scene.index();
    this.invalidate();
    this.zoomed = 0;
  }

  invalidate() {
    if (this.layer && this.isWhole) this.before = this.layer;
    this.before ??= null;
    this.layer = null;
    this.isWhole = false;
    this.overviewStale = true;
  }

  /** Only these nodes, and the arrows to them, have changed: the tiles with their cards are painted again. @param {number[]} some */
  touch(some) {
    const { layer } = this;
    if (!layer) return;
    const { graph, scene } = this.painter;
    const at = (v) => Math.floor((v * layer.scale) / TILE);
    for (const i of some) {
      for (const near of [i, ...graph.sources.subarray(graph.offsets[i], graph.offsets[i + 1])]) {
        const [left, top, right, bottom] = scene.box(near); // a graph on a canvas has one card for each value
        for (let ty = at(top - 4); ty <= at(bottom + 4); ty++) {
          for (let tx = at(left - 4); tx <= at(right + 4); tx++) layer.stale.add(`${tx},${ty}`);
        }
      }
    }
    this.overviewStale = true;
  }

  /** Draw for a few milliseconds. @returns {boolean} whether there is more to draw */
  draw() {
    const start = performance.now();
    const { camera, context } = this;
    const ratio = window.devicePixelRatio || 1;
    this.resize(ratio);
    const settled = this.settle(start);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = this.painter.palette.ground;
    context.fillRect(0, 0, this.element.width, this.element.height);
    const layer = /** @type {Layer} */ (this.layer);
    const missing = this.missing(layer, ratio);
    const whole = missing.length === 0;
    while (missing.length && performance.now() - start < BUDGET) {
      const [tx, ty] = /** @type {[number, number]} */ (missing.shift());
      layer.tiles.set(`${tx},${ty}`, this.tile(layer.scale, tx, ty, ratio));
      layer.stale.delete(`${tx},${ty}`);
    }
    if (!whole && this.overview) this.copy(this.overview, ratio);
    if (!whole && this.before) this.copy(this.before, ratio);
    this.copy(layer, ratio);
    this.isWhole = !missing.length;
    if (this.isWhole) this.before = null;
    this.forget(layer, ratio);
    const idle = !missing.length && settled;
    if (idle && this.overviewStale) return this.renewOverview(start, ratio);
    return !idle || camera.scale !== layer.scale;
  }

  resize(ratio) {
    const [w, h] = [Math.round(this.camera.width * ratio), Math.round(this.camera.height * ratio)];
    if (this.element.width !== w || this.element.height !== h) {
      this.element.width = w;
      this.element.height = h;
    }
    if (this.ratio !== ratio) {
      this.ratio = ratio;
      this.overview = null;
      this.invalidate();
    }
  }

  /** Begin a layer when the scale has come to rest, or has gone far. @returns {boolean} whether it rests */
  settle(now) {
    const { scale } = this.camera;
    if (scale !== this.lastScale) {
      this.lastScale = scale;
      this.zoomed = now;
    }
    if (!this.layer) this.layer = new Layer(scale);
    if (this.layer.scale === scale) return true;
    const factor = scale / this.layer.scale;
    const rests = now - this.zoomed > SETTLED;
    if (rests || factor < 0.5 || factor > 2.5) {
      this.before = this.layer;
      this.layer = new Layer(scale);
    }
    return rests;
  }

  /** The tiles of a layer that are seen but not painted, from the middle of the screen outwards. */
  missing(layer, ratio) {
    const found = [];
    const [x0, y0, x1, y1] = this.range(layer.scale, ratio);
    for (let ty = y0; ty <= y1; ty++) {
      for (let tx = x0; tx <= x1; tx++) {
        const key = `${tx},${ty}`;
        if (!layer.tiles.has(key) || layer.stale.has(key)) found.push([tx, ty]);
      }
    }
    const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
    return found.sort((a, b) => Math.hypot(a[0] - cx, a[1] - cy) - Math.hypot(b[0] - cx, b[1] - cy));
  }

  /** The tiles that are seen and hold something: the first and last in each direction. */
  range(scale) {
    const { camera } = this;
    const [left, top, right, bottom] = camera.bounds;
    const [x0, y0] = camera.plane(0, 0);
    const [x1, y1] = camera.plane(camera.width, camera.height);
    const at = (v) => Math.floor((v * scale) / TILE);
    const pad = 40;
    return [
      at(Math.max(x0, left - pad)),
      at(Math.max(y0, top - pad)),
      at(Math.min(x1, right + pad)),
      at(Math.min(y1, bottom + pad)),
    ];
  }

  /** The arrows that begin or end in an area, or a little beside it; if there are many, without the faintest. */
  ending(slots, [left, top, right, bottom], beside) {
    const { graph, scene } = this.painter;
    const inside = (i) =>
      scene.x[i] > left - beside &&
      scene.x[i] < right + beside &&
      scene.y[i] > top - beside &&
      scene.y[i] < bottom + beside;
    const found = slots.filter((slot) => inside(graph.sources[slot]) || inside(graph.owners[slot]));
    if (found.length <= SOME_ARROWS) return found;
    const plain = found.filter((slot) => this.painter.emphasis.arrowLit(slot) && this.painter.faint(slot) > 0.2);
    return plain.filter((slot) => slot % Math.ceil(plain.length / (2 * SOME_ARROWS)) === 0);
  }

  /** How many arrows one stands for, so that a tile of average density has no more than it may. */
  share(scale) {
    const [left, top, right, bottom] = this.camera.bounds;
    const tiles = Math.max(1, ((right - left) * scale) / TILE) * Math.max(1, ((bottom - top) * scale) / TILE);
    return Math.ceil(this.painter.graph.sources.length / tiles / MOST_ARROWS);
  }

  /** Paint a tile. */
  tile(scale, tx, ty, ratio) {
    const { painter } = this;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.ceil(TILE * ratio);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    context.fillStyle = painter.palette.ground;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(scale * ratio, 0, 0, scale * ratio, -tx * TILE * ratio, -ty * TILE * ratio);
    const pad = 12;
    const area = [
      (tx * TILE) / scale - pad,
      (ty * TILE) / scale - pad,
      ((tx + 1) * TILE) / scale + pad,
      ((ty + 1) * TILE) / scale + pad,
    ];
    const { cardGrid, arrowGrid } = painter.scene;
    const [left, top, right, bottom] = area;
    const slots = arrowGrid.find(left, top, right, bottom);
    const cards = cardGrid.find(left, top, right, bottom);
    const pen = new CanvasPen(context);
    if (scale < LEGIBLE.boxes) {
      const every = Math.max(this.share(scale), Math.ceil(slots.length / (4 * MOST_ARROWS)));
      painter.sketch(pen, cards, slots, scale, every);
      return canvas;
    }
    if (scale < LEGIBLE.text || slots.length > SOME_ARROWS) {
      painter.passing(pen, slots, Math.ceil(slots.length / SOME_PASSING));
      painter.paint(pen, cards, scale < LEGIBLE.text ? [] : this.ending(slots, area, TILE / scale / 2), scale);
    } else painter.paint(pen, cards, slots, scale);
    return canvas;
  }

  /** Copy a layer's tiles to the screen. */
  copy(layer, ratio) {
    const { camera, context } = this;
    const by = camera.scale / layer.scale;
    const [x0, y0, x1, y1] = this.range(layer.scale);
    const edge = (t, offset) => Math.round((t * TILE * by + offset) * ratio);
    context.imageSmoothingEnabled = by !== 1;
    for (let ty = y0; ty <= y1; ty++) {
      for (let tx = x0; tx <= x1; tx++) {
        const tile = layer.tiles.get(`${tx},${ty}`);
        if (!tile) continue;
        const [left, top] = [edge(tx, camera.left), edge(ty, camera.top)];
        if (by === 1) context.drawImage(tile, left, top);
        else context.drawImage(tile, left, top, edge(tx + 1, camera.left) - left, edge(ty + 1, camera.top) - top);
      }
    }
  }

  /** Paint the overview anew, when nothing else is to do. @returns {boolean} whether there is more to paint */
  renewOverview(start, ratio) {
    const scale = Math.min(this.camera.whole, 1);
    this.coming ??= new Layer(scale);
    const [left, top, right, bottom] = this.camera.bounds;
    const at = (v) => Math.floor((v * scale) / TILE);
    for (let ty = at(top); ty <= at(bottom); ty++) {
      for (let tx = at(left); tx <= at(right); tx++) {
        const key = `${tx},${ty}`;
        if (this.coming.tiles.has(key)) continue;
        if (performance.now() - start > BUDGET) return true;
        this.coming.tiles.set(key, this.tile(scale, tx, ty, ratio));
      }
    }
    this.overview = this.coming;
    this.coming = undefined;
    this.overviewStale = false;
    return false;
  }

  /** Forget the tiles that are farthest from what is seen, if there are many. */
  forget(layer) {
    if (layer.tiles.size <= MOST_TILES) return;
    const [x0, y0, x1, y1] = this.range(layer.scale);
    const far = (key) => {
      const [x, y] = key.split(",").map(Number);
      return Math.hypot(x - (x0 + x1) / 2, y - (y0 + y1) / 2);
    };
    const keys = [...layer.tiles.keys()].sort((a, b) => far(b) - far(a));
    for (const key of keys.slice(0, layer.tiles.size - MOST_TILES)) layer.tiles.delete(key);
  }
}
