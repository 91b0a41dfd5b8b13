/**
 * Which boxes lie in a part of the plane: found without a look at all of them.
 *
 * A box is kept at the level whose cells are about its size, in the cell of its middle; it may reach into the next
 * cell, so a search looks one cell around.
 */

const LEAST_CELL = 256;
const ROW = 2 ** 26;

export class Grid {
  /** @param {number} count @param {(i: number) => [number, number, number, number]} box left, top, right, bottom */
  constructor(count, box) {
    /** @type {Map<number, number[]>[]} for each level the boxes in each cell */
    this.levels = [];
    for (let i = 0; i < count; i++) {
      const [left, top, right, bottom] = box(i);
      const level = Math.max(0, Math.ceil(Math.log2(Math.max(right - left, bottom - top) / LEAST_CELL)));
      while (this.levels.length <= level) this.levels.push(new Map());
      const cells = this.levels[level];
      const size = LEAST_CELL * 2 ** level;
      const key = Math.floor((top + bottom) / 2 / size) * ROW + Math.floor((left + right) / 2 / size);
      const cell = cells.get(key);
      if (cell) cell.push(i);
      else cells.set(key, [i]);
    }
  }

  /** @returns {number[]} the boxes that may lie in a rectangle, in order */
  find(left, top, right, bottom) {
    /** @type {number[]} */
    const found = [];
    this.levels.forEach((cells, level) => {
      const size = LEAST_CELL * 2 ** level;
      const [x0, x1] = [Math.floor(left / size) - 1, Math.floor(right / size) + 1];
      const [y0, y1] = [Math.floor(top / size) - 1, Math.floor(bottom / size) + 1];
      if ((x1 - x0 + 1) * (y1 - y0 + 1) > cells.size) {
        for (const [key, cell] of cells) {
          const y = Math.round(key / ROW);
          const x = key - y * ROW;
          if (x >= x0 && x <= x1 && y >= y0 && y <= y1) append(found, cell);
        }
        return;
      }
      for (let y = y0; y <= y1; y++) {
        for (let x = x0; x <= x1; x++) {
          const cell = cells.get(y * ROW + x);
          if (cell) append(found, cell);
        }
      }
    });
    return found.sort((a, b) => a - b);
  }
}

function append(found, cell) {
  for (const i of cell) found.push(i);
}
