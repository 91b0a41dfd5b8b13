/**
 * What the reader has chosen, in one place; everybody who shows it is told of a change.
 *
 * @typedef {object} Choices
 * @property {"forward" | "backward" | "both"} passes
 * @property {number} step how many steps of the two passes are done
 * @property {number} hovered a node, or -1
 * @property {number} focused a node, or -1
 * @property {number} selected a node, or -1
 * @property {string} query
 * @property {number} least the exponent of the least gradient shown, or -Infinity
 * @property {number} frame which training snapshot is shown
 * @property {"auto" | "light" | "dark"} theme
 */

export class Store {
  /** @param {Choices} choices */
  constructor(choices) {
    /** @type {Choices} */
    this.now = choices;
    /** @type {((now: Choices, changed: Set<string>) => void)[]} */
    this.listeners = [];
  }

  /** @param {Partial<Choices>} choices */
  set(choices) {
    const changed = new Set(Object.keys(choices).filter((key) => !Object.is(this.now[key], choices[key])));
    if (!changed.size) return;
    Object.assign(this.now, choices);
    for (const listener of this.listeners) listener(this.now, changed);
  }

  /** @param {(now: Choices, changed: Set<string>) => void} listener */
  listen(listener) {
    this.listeners.push(listener);
  }
}
