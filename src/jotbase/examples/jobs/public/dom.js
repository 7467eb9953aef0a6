/** Elements from values. Text is always text: no string here ever becomes markup. */

/** Make an element; `on…` attributes are listeners, false and null ones are left out. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value") element.value = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...present(children));
  return element;
}

/** Put these children in the place of what the element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

/** Mark an element as just changed; the style sheet lets it fade. */
export function flash(element) {
  if (!element) return;
  element.classList.remove("flash");
  void element.offsetWidth; // restarts the animation
  element.classList.add("flash");
  setTimeout(() => element.classList.remove("flash"), 3000);
}

/** A select with `[value, label]` options. */
export function select(attributes, options, value = "") {
  const isChosen = (key) => String(key) === String(value ?? "");
  const option = ([key, label]) => h("option", { value: key, selected: isChosen(key) }, label);
  return h("select", attributes, ...options.map(option));
}

/** Ask before something that cannot be undone; gives whether the answer was yes. */
export function ask(question, yes) {
  return new Promise((resolve) => {
    const close = () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    };
    const agree = h("button", { value: "yes", class: "bad", "data-testid": "ask-yes" }, yes);
    const cancel = h("button", { value: "no", autofocus: true, "data-testid": "ask-no" }, "Cancel");
    const form = h("form", { method: "dialog" }, h("p", {}, question), h("p", { class: "actions" }, agree, cancel));
    const dialog = h("dialog", { "data-testid": "ask", "aria-label": question, onclose: close }, form);
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** What stands where nothing is (yet). */
export function empty(title, text, ...actions) {
  return h("div", { class: "empty", "data-testid": "empty" }, h("h2", {}, title), h("p", {}, text), ...actions);
}

/** Grey bars in the shape of what is being loaded. */
export function loading(rows = 4) {
  const bars = Array.from({ length: rows }, () => h("div", { class: "card bar" }));
  return h("div", { class: "list", "aria-busy": "true", "data-testid": "loading" }, h("p", { class: "unseen" }, "Loading…"), ...bars);
}

const present = (children) => children.flat().filter((child) => child !== null && child !== undefined && child !== false);
