/** Lists whose items are made anew only when what they show has changed: focus and open menus stay. */

import { flash } from "./dom.js";

const FADE = 350; // as long as .leaving in the style sheet

/**
 * Gives `draw(items, {live})` for the list element `parent`. With `live`, what is new or changed
 * lights up and what is gone fades. `key` names an item, `facts` is all that `make(item)` shows.
 */
export function keyed(parent, { key, facts = (item) => item, make }) {
  let shown = new Map();

  return function draw(items, { live = false } = {}) {
    const next = new Map(items.map((item) => [key(item), entry(item)]));
    for (const [name, { node }] of shown) {
      if (next.get(name)?.node === node) continue;
      if (next.has(name)) node.replaceWith(next.get(name).node);
      else leave(node, live);
    }
    let place = stay(parent.firstElementChild);
    for (const [name, { node }] of next) {
      if (node === place) place = stay(place.nextElementSibling);
      else parent.insertBefore(node, place);
      if (live && shown.get(name)?.node !== node) flash(node);
    }
    shown = next;
  };

  function entry(item) {
    const text = JSON.stringify(facts(item));
    const known = shown.get(key(item));
    return known?.text === text ? known : { text, node: make(item) };
  }
}

/** This element or the next one that is not on its way out. */
function stay(element) {
  while (element?.classList.contains("leaving")) element = element.nextElementSibling;
  return element;
}

function leave(node, live) {
  if (!live) return node.remove();
  node.classList.add("leaving");
  node.removeAttribute("data-testid");
  node.inert = true;
  setTimeout(() => node.remove(), FADE);
}
