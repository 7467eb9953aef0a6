/** The API reference: reads the OpenAPI document as a caller of choice, and draws it. */

import { asCurl, asSupabase, callAsCurl, callAsSupabase } from "./examples.js";
import { columnFacts, columnType, componentOf, resolve, tableFacts } from "./schemas.js";

const DOCUMENT = "/rest/v1/";
const METHODS = ["get", "post", "put", "patch", "delete"];
const $ = (id) => document.getElementById(id);

/** Make an element. Text is always text: nothing of the document ever becomes markup. */
function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Text in which `…` is code, as descriptions have it. */
function words(text) {
  return text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? h("code", {}, part) : part));
}

/* Reading */

let publicKey = "";

async function readPublicKey() {
  try {
    const response = await fetch("/config.json");
    if (response.ok) publicKey = (await response.json()).publishable_key ?? "";
  } catch {
    publicKey = "";
  }
}

/** The headers of a caller: a token has three parts, everything else is a key. */
function credentials(given) {
  if (!given) return publicKey ? { apikey: publicKey } : {};
  if (given.split(".").length !== 3) return { apikey: given };
  return { authorization: `Bearer ${given}`, ...(publicKey ? { apikey: publicKey } : {}) };
}

let newest = 0;

async function read() {
  const number = ++newest;
  tell("Reading the document…");
  try {
    const response = await fetch(DOCUMENT, {
      headers: { accept: "application/openapi+json", ...credentials($("key").value.trim()) },
      cache: "no-store",
    });
    const body = await response.json();
    if (number !== newest) return;
    if (!response.ok) return refuse(body.message ?? `The server answered ${response.status}.`, body.hint);
    draw(body);
  } catch {
    if (number === newest) refuse("The document could not be read.", "Is the server running?");
  }
}

function refuse(message, hint) {
  $("reference").replaceChildren();
  $("tables").replaceChildren();
  tell(hint ? `${message} ${hint}` : message, true);
}

function tell(text, bad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}

/* Drawing */

function draw(api) {
  const paths = Object.entries(api.paths).filter(([path]) => path !== "/");
  const isCall = ([path]) => path.startsWith("/rpc/");
  const tables = paths.filter((one) => !isCall(one)).map(([path, item]) => tableOf(api, path, item));
  const calls = paths.filter(isCall).map(([path, item]) => callOf(path, item));
  $("tables").replaceChildren(...tables.map(entry), ...calls.map(callEntry));
  $("reference").replaceChildren(
    ...tables.map((table) => section(api, table)),
    ...calls.map((call) => callSection(api, call)),
    operators(api),
    errors(api),
    start(api),
  );
  const count = tables.length === 1 ? "1 table" : `${tables.length} tables`;
  tell(tables.length ? `${count} that this caller may use.` : "There is no table that this caller may use.");
  find();
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

function tableOf(api, path, item) {
  const operations = METHODS.filter((method) => item[method]).map((method) => [method, item[method]]);
  const name = operations[0][1].tags[0];
  const called = componentOf(item);
  const schema = api.components.schemas[called];
  const tag = api.tags.find((one) => one.name === name);
  return { name, path, called, schema, operations, id: `table-${called}`, description: tag?.description };
}

function entry(table) {
  const names = Object.keys(table.schema.properties ?? {});
  const found = [table.name, ...names].join("\n").toLowerCase();
  return h("li", { "data-words": found }, h("a", { href: `#${table.id}` }, table.name));
}

function section(api, table) {
  const facts = tableFacts(table.schema);
  return h(
    "section",
    { id: table.id, "aria-labelledby": `${table.id}-name` },
    h("h2", { id: `${table.id}-name` }, table.name),
    table.description ? h("p", { class: "about" }, words(table.description)) : null,
    facts.length ? h("ul", { class: "facts" }, facts.map((fact) => h("li", {}, words(fact)))) : null,
    columns(api, table),
    rules(table),
    h("h3", {}, "Operations"),
    table.operations.map(([method, operation]) => operationOf(api, table, method, operation)),
    schemaOf(table),
  );
}

function columns(api, table) {
  const row = api.components.schemas[`${table.called}.insert`];
  const needed = new Set(row?.required ?? []);
  const rows = Object.entries(table.schema.properties ?? {}).map(([name, own]) => {
    const schema = resolve(api, own);
    const need = needed.has(name) ? h("span", { class: "need" }, " required") : null;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, h("code", {}, name), need),
      h("td", {}, h("code", {}, columnType(api, own))),
      h("td", {}, facts(columnFacts(table, name, schema))),
      h("td", {}, schema.description ? words(schema.description) : null),
    );
  });
  return listed(`Columns of ${table.name}`, ["Column", "Type", "Constraints", "Description"], rows);
}

function facts(texts) {
  return texts.length ? h("ul", {}, texts.map((text) => h("li", {}, words(text)))) : null;
}

function listed(caption, headings, rows) {
  const heads = headings.map((text) => h("th", { scope: "col" }, text));
  const head = h("thead", {}, h("tr", {}, heads));
  const table = h("table", {}, h("caption", { class: "unseen" }, caption), head, h("tbody", {}, rows));
  return h("div", { class: "wide", role: "region", "aria-label": caption, tabindex: 0 }, table);
}

function rules(table) {
  const rows = Object.entries(table.schema.access ?? {}).map(([action, rule]) =>
    h("tr", {}, h("th", { scope: "row" }, action), h("td", {}, h("code", {}, rule))),
  );
  if (!rows.length) return null;
  return h("div", {}, h("h3", {}, "Access rules"), listed(`Rules of ${table.name}`, ["Action", "Rule"], rows));
}

function operationOf(api, table, method, operation) {
  const summary = h(
    "summary",
    {},
    h("span", { class: `method ${method}` }, method.toUpperCase()),
    h("code", {}, table.path),
    h("span", { class: "quiet" }, operation.summary),
  );
  const inside = h(
    "div",
    { class: "inside" },
    operation.description ? h("p", {}, words(operation.description)) : null,
    example("curl", asCurl(api, table, method)),
    example("supabase-js", asSupabase(api, table, method)),
    h("p", { class: "quiet" }, answers(operation)),
  );
  return h("details", {}, summary, inside);
}

function answers(operation) {
  const statuses = Object.keys(operation.responses);
  const good = statuses.filter((status) => status.startsWith("2")).join(", ");
  return `Answers ${good}; refuses with ${statuses.filter((one) => !one.startsWith("2")).join(", ")}.`;
}

function example(title, text) {
  const copy = h("button", { type: "button", "aria-label": `Copy the ${title} example` }, "Copy");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Not allowed";
    }
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  return h("figure", {}, h("figcaption", {}, title), copy, h("pre", { tabindex: 0 }, text));
}

/* Functions */

function callOf(path, item) {
  const name = decodeURIComponent(path.slice("/rpc/".length));
  const { schema } = item.post.requestBody.content["application/json"];
  return { name, path, item, forms: schema.anyOf ?? [schema], id: `function-${name}` };
}

function callEntry(call) {
  const names = call.forms.flatMap((form) => Object.keys(form.properties ?? {}));
  const found = [call.name, ...names].join("\n").toLowerCase();
  return h("li", { "data-words": found }, h("a", { href: `#${call.id}` }, `${call.name}()`));
}

function callSection(api, call) {
  const { description } = call.item.post;
  return h(
    "section",
    { id: call.id, "aria-labelledby": `${call.id}-name` },
    h("h2", { id: `${call.id}-name` }, `${call.name}()`),
    description ? h("p", { class: "about" }, words(description)) : null,
    call.forms.map((form) => argumentsOf(api, call, form)),
    example("curl", callAsCurl(api, call)),
    example("supabase-js", callAsSupabase(api, call)),
    h("p", { class: "quiet" }, call.item.get ? "It only reads: GET calls it as well." : "It is called by POST."),
  );
}

function argumentsOf(api, call, form) {
  const rows = Object.entries(form.properties ?? {}).map(([name, schema]) => {
    const need = form.required?.includes(name) ? h("span", { class: "need" }, " required") : null;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, h("code", {}, name), need),
      h("td", {}, h("code", {}, columnType(api, schema))),
      h("td", {}, schema.description ? words(schema.description) : null),
    );
  });
  if (!rows.length) return null;
  return listed(`Arguments of ${call.name}`, ["Argument", "Type", "Description"], rows);
}

function schemaOf(table) {
  const text = JSON.stringify(table.schema, null, 2);
  const summary = h("summary", {}, "JSON Schema");
  return h("details", {}, summary, h("div", { class: "inside" }, example("schema", text)));
}

function operators(api) {
  const rows = (api["x-operators"] ?? []).map((one) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("code", {}, one.name)),
      h("td", {}, words(one.description)),
      h("td", { class: "quiet" }, one.types.length > 10 ? "all types" : one.types.join(", ")),
    ),
  );
  return h(
    "section",
    { id: "operators", "aria-labelledby": "operators-name" },
    h("h2", { id: "operators-name" }, "Operators"),
    h("p", { class: "about" }, words("A filter is `column=operator.value`; `not.` before it is its opposite.")),
    listed("Operators", ["Operator", "The value", "Types"], rows),
  );
}

function errors(api) {
  const rows = Object.entries(api.components.responses).flatMap(([name, response]) =>
    [...response.description.matchAll(/^- `([^`]+)` (.*)$/gm)].map(([, code, meaning]) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, h("code", {}, code)),
        h("td", {}, name.replace("error", "")),
        h("td", {}, words(meaning)),
      ),
    ),
  );
  return h(
    "section",
    { id: "errors", "aria-labelledby": "errors-name" },
    h("h2", { id: "errors-name" }, "Errors"),
    h("p", { class: "about" }, words("An error is an object of `code`, `message`, `details` and `hint`.")),
    listed("Errors", ["Code", "Status", "Meaning"], rows),
  );
}

function start(api) {
  const origin = api.servers[0].url.replace(/\/rest\/v1$/, "");
  const lines = [
    'import { createClient } from "@supabase/supabase-js";',
    "",
    `const supabase = createClient(${JSON.stringify(origin)}, key);`,
  ];
  return h(
    "section",
    { id: "start", "aria-labelledby": "start-name" },
    h("h2", { id: "start-name" }, "Getting started"),
    h("p", { class: "about" }, words("`jotbase keys` shows the keys. The examples above go on from here.")),
    example("supabase-js", lines.join("\n")),
    example("curl", `export KEY=…   # jotbase keys\ncurl '${api.servers[0].url}/' -H "apikey: $KEY"`),
  );
}

/* Finding */

function find() {
  const wanted = $("find").value.trim().toLowerCase();
  for (const item of $("tables").children) item.hidden = !item.dataset.words.includes(wanted);
}

$("find").addEventListener("input", find);
$("caller").addEventListener("submit", (event) => {
  event.preventDefault();
  read();
});

await readPublicKey();
await read();
