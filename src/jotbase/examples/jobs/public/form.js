/** Forms that let the server judge: its JSON Schema is the one truth, its faults go to their fields. */

import { fill, h } from "./dom.js";

const BROKEN_SCHEMA = "23514";

let serial = 0;

/**
 * A labelled control; `name` is the column, so that a fault's JSON pointer finds its field.
 * `saying` has friendlier words for some JSON Schema keywords.
 */
export function field(name, label, control, { hint, optional, saying = {} } = {}) {
  const id = `f${++serial}-${name}`;
  control.id = id;
  control.name = name;
  const error = h("p", { class: "fault", id: `${id}-fault`, "data-testid": `fault-${name}` });
  const note = hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null;
  control.setAttribute("aria-describedby", note ? `${note.id} ${error.id}` : error.id);
  const text = [label, optional ? h("span", { class: "optional" }, " optional") : null];
  const isBox = control.type === "checkbox";
  const node = isBox
    ? h("div", { class: "field box" }, control, h("label", { for: id }, text), note, error)
    : h("div", { class: "field" }, h("label", { for: id }, text), control, note, error);
  return { name, control, error, node, saying };
}

/**
 * A form that sends itself once and shows what the server refuses.
 * `act` is given the controls' values by name; `saying` has friendlier words for some error codes.
 */
export function form({ testid, fields, submit, act, saying = {} }) {
  const summary = h("div", { class: "summary", role: "alert", "data-testid": "form-error" });
  const button = h("button", { class: "primary", type: "submit", "data-testid": `${testid}-submit` }, submit);
  const node = h(
    "form",
    { class: "form", novalidate: true, "data-testid": testid },
    summary,
    fields.flat().map(({ node: inner }) => inner),
    h("div", { class: "actions" }, button),
  );
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    clear(summary, fields.flat());
    button.disabled = true;
    try {
      await act(values(fields.flat()));
    } catch (error) {
      show(error, summary, fields.flat(), saying);
    } finally {
      button.disabled = false;
    }
  });
  return node;
}

/** Text that is not there is null, not "". */
export const orNull = (text) => text.trim() || null;

/** A number, null where nothing is written; what is no number goes to the server as it stands. */
export function number(text) {
  const trimmed = text.trim();
  return trimmed === "" || Number.isNaN(Number(trimmed)) ? orNull(text) : Number(trimmed);
}

function values(fields) {
  return Object.fromEntries(
    fields.map(({ name, control }) => [name, control.type === "checkbox" ? control.checked : control.value]),
  );
}

function clear(summary, fields) {
  fill(summary);
  for (const { control, error } of fields) {
    control.removeAttribute("aria-invalid");
    fill(error);
  }
}

function show(error, summary, fields, saying) {
  if (error.status === undefined) console.error(error); // a mistake of this page, not an answer
  const rest = [];
  for (const { name, keyword, message } of faults(error)) {
    const target = fields.find((candidate) => candidate.name === name);
    if (target) mark(target, target.saying[keyword] ?? message);
    else rest.push(message);
  }
  fill(
    summary,
    h("p", {}, saying[error.code] ?? (error.code === BROKEN_SCHEMA ? "Please look at the marked fields." : error.message)),
    rest.length ? h("ul", {}, rest.map((message) => h("li", {}, message))) : null,
  );
  const first = fields.find(({ control }) => control.getAttribute("aria-invalid"));
  first?.control.focus();
}

function mark({ control, error }, message) {
  control.setAttribute("aria-invalid", "true");
  const isBlank = control.type !== "checkbox" && !control.value.trim();
  error.append(h("span", {}, isBlank ? `Please fill this in (${message}).` : sentence(message)));
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

/** The fields an error is about, with what is wrong with each. */
function faults(error) {
  if (Array.isArray(error.details)) return error.details.map(schemaFault);
  const key = /^Key \(([^)]+)\)/.exec(error.details ?? "")?.[1].split(", ").at(-1);
  if (key) return [{ name: key, message: error.details }];
  const column = /column "(\w+)"/.exec(error.message)?.[1];
  if (column) return [{ name: column, message: error.message }];
  if (error.weak) return [{ name: "password", message: error.message }];
  return [];
}

function schemaFault({ pointer, keyword, message }) {
  const missing = /required$/i.test(keyword) ? /"(\w+)"|'(\w+)'/.exec(message) : null;
  return { name: missing?.[1] ?? missing?.[2] ?? pointer.split("/")[1] ?? "", keyword, message };
}
