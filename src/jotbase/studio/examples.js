/** Examples of every operation, ready to be run: one line of curl, one of supabase-js. */

import { resolve } from "./schemas.js";

const SAMPLES = {
  "date-time": "2026-01-31T12:00:00Z",
  date: "2026-01-31",
  time: "12:00:00",
  uuid: "7f0c35a4-6a3f-4b2e-9b8f-2d4c1a0e5d11",
  email: "ada@example.com",
  uri: "https://example.com",
  decimal: 9.9,
};

/** A value that fits a schema well enough to show where it goes. */
function sample(api, own) {
  const schema = resolve(api, own);
  if (schema.examples?.length) return schema.examples[0];
  if ("const" in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.default !== undefined && schema.default !== null) return schema.default;
  if (schema.anyOf) return sample(api, schema.anyOf[0]);
  if (schema.format in SAMPLES) return SAMPLES[schema.format];
  const type = [schema.type ?? "string"].flat().find((one) => one !== "null");
  const plain = { integer: 1, number: 1.5, boolean: true, array: [], object: {} };
  if (type === "integer" || type === "number") return schema.minimum ?? plain[type];
  return type in plain ? plain[type] : "text".padEnd(Math.min(schema.minLength ?? 0, 60), "-text");
}

/** A row to insert, or one change: the columns that must be given, else the first. */
function body(api, table, form) {
  const schema = api.components.schemas[`${table.called}.${form}`] ?? {};
  const names = Object.keys(schema.properties ?? {});
  const chosen = form === "insert" && schema.required?.length ? schema.required : writable(table, names).slice(0, 1);
  return Object.fromEntries(chosen.map((name) => [name, sample(api, schema.properties[name])]));
}

function writable(table, names) {
  const plain = names.filter((name) => !table.schema.primaryKey?.includes(name));
  return plain.length ? plain : names;
}

/** The columns and values that name one row: the primary key, else the first column. */
function key(api, table) {
  const properties = table.schema.properties ?? {};
  const names = table.schema.primaryKey?.length ? table.schema.primaryKey : Object.keys(properties).slice(0, 1);
  return names.map((name) => [name, sample(api, properties[name])]);
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** One operation as a command line; `$KEY` is the reader's own. */
export function asCurl(api, table, method) {
  const named = key(api, table).map(([name, value]) => `${encodeURIComponent(name)}=eq.${encodeURIComponent(value)}`);
  const query = { get: "?select=*&limit=10", post: "" }[method] ?? `?${named.join("&")}`;
  const lines = [`curl ${quoted(api.servers[0].url + table.path + query)}`, '-H "apikey: $KEY"'];
  if (method !== "get") lines.splice(1, 0, `-X ${method.toUpperCase()}`);
  if (method !== "get" && method !== "delete") {
    const form = method === "patch" ? "update" : "insert";
    const given = method === "put" ? { ...Object.fromEntries(key(api, table)), ...body(api, table, form) } : body(api, table, form);
    lines.push("-H 'Content-Type: application/json'", "-H 'Prefer: return=representation'", `-d ${quoted(JSON.stringify(given))}`);
  }
  return lines.join(" \\\n  ");
}

/** One operation in JavaScript. */
export function asSupabase(api, table, method) {
  const from = `await supabase.from(${JSON.stringify(table.name)})`;
  const named = key(api, table).map(([name, value]) => `.eq(${JSON.stringify(name)}, ${JSON.stringify(value)})`);
  const chosen = named.join("");
  const given = (form) => JSON.stringify(body(api, table, form));
  switch (method) {
    case "get":
      return `const { data, error } = ${from}.select("*").limit(10);`;
    case "post":
      return `const { data, error } = ${from}.insert(${given("insert")}).select();`;
    case "put":
      return `const { data, error } = ${from}.upsert(${given("insert")}).select();`;
    case "patch":
      return `const { data, error } = ${from}.update(${given("update")})${chosen}.select();`;
    default:
      return `const { error } = ${from}.delete()${chosen};`;
  }
}

/** A call's arguments: those that must be given. */
function passed(api, call) {
  const [form] = call.forms;
  return Object.fromEntries((form.required ?? []).map((name) => [name, sample(api, form.properties[name])]));
}

/** A call as a command line. */
export function callAsCurl(api, call) {
  const lines = [
    `curl ${quoted(api.servers[0].url + call.path)}`,
    '-H "apikey: $KEY"',
    "-H 'Content-Type: application/json'",
    `-d ${quoted(JSON.stringify(passed(api, call)))}`,
  ];
  return lines.join(" \\\n  ");
}

/** A call in JavaScript. */
export function callAsSupabase(api, call) {
  const given = passed(api, call);
  const tail = Object.keys(given).length ? `, ${JSON.stringify(given)}` : "";
  return `const { data, error } = await supabase.rpc(${JSON.stringify(call.name)}${tail});`;
}
