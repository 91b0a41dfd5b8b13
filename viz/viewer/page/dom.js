/** Small helpers for the page. Text gets into it as text only. */

/** @param {string} name @param {Record<string, string>} [attributes] @param {...(Node | string)} children @returns {HTMLElement} */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A text whose numbers are not broken between lines, as 1e-07 would be. @param {string} text @returns {(Node | string)[]} */
export function unbroken(text) {
  return text.split(/(\S*\de-\d\S*)/).map((piece, k) => (k % 2 ? make("span", { class: "number" }, piece) : piece));
}

/** The element of the page with an id. @param {string} id @returns {any} */
export function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}
